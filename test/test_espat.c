/* SPDX-License-Identifier: Apache-2.0 */
/* test_espat.c - ESP-AT projects: recorded trees, and faulty ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "allocations.h"
#include "espat.h"
#include "file.h"

#define CASES "test/golden-at/"
#define PARTS "components/customized_partitions/"
#define RAW PARTS "raw_data/"
#define DEPENDENCY PARTS "at_customized_config_dependency.txt"
#define TYPES RAW "factory_param/factory_param_type.csv"
#define DATA RAW "factory_param/factory_param_data.csv"
#define GATTS RAW "ble_data/gatts_data.csv"
#define HEAD "key,type,encoding,value\n"

struct warnings {
	char text[2048];
};

static void collect(void *ctx, const struct err *e)
{
	struct warnings *w = ctx;
	size_t n = strlen(w->text);

	err_format(e, "warning", w->text + n, sizeof(w->text) - n - 1);
	strcat(w->text, "\n");
}

/* ---- Recorded trees ---- */

static void expect_file(const struct buf *got, const char *path)
{
	struct buf want = BUF_INIT;
	struct err err = ERR_INIT;

	if (file_read(path, 1 << 20, &want, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(got->len, want.len);
	assert_memory_equal(got->data, want.data, want.len);
	buf_release(&want);
}

static void check_case(const char *name, const char *warning)
{
	struct warnings w = { "" };
	struct err_sink sink = { collect, &w };
	struct buf csv = BUF_INIT, list = BUF_INIT;
	struct err err = ERR_INIT;
	struct espat *e = espat_new(".", &sink, &err);
	char in[64];

	assert_non_null(e);
	snprintf(in, sizeof(in), CASES "%s/in", name);
	assert_int_equal(chdir(in), 0);
	if (espat_load(e, &err) || espat_csv(e, &csv, &err) ||
	    espat_load_partitions(e, "at_customize.csv", &err) ||
	    espat_flash_list(e, "build/customized_partitions", &list, &err))
		fail_msg("%s", err.msg);
	expect_file(&csv, "../expect/mfg_nvs.csv");
	expect_file(&list, "../flash_list.txt");
	assert_int_equal(chdir("../../../.."), 0);
	if (warning)
		assert_non_null(strstr(w.text, warning));
	else
		assert_string_equal(w.text, "");
	buf_release(&csv);
	buf_release(&list);
	espat_free(e);
}

static void test_golden(void **state)
{
	(void)state;
	check_case("c3-full", NULL);
	check_case("s2-legacy", "'./" RAW "https_cert' has no file that ends "
		   "in .crt, .key or .pem");
	check_case("s2-legacy", "2 rows for platform 'PLATFORM_ESP32S2' and "
		   "module 'MINI'; this one, the first, is taken");
}

/* ---- Trees of our own ---- */

static char root[] = "/tmp/test_espat.XXXXXX";

static void put(const char *name, const char *text)
{
	struct err err = ERR_INIT;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	if (file_make_parent(path, &err) ||
	    file_write(path, text, strlen(text), FILE_MODE_PUBLIC,
		       FILE_REPLACE, &err))
		fail_msg("%s", err.msg);
}

static void empty_tree(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s/*", root);
	assert_int_equal(system(command), 0);
}

/* A project with one parameter and no feature. */
static int fresh_tree(void **state)
{
	(void)state;
	empty_tree();
	put("sdkconfig", "CONFIG_A=y\nCONFIG_AT_BLE_COMMAND_SUPPORT=y\n"
	    "# CONFIG_OFF is not set\n");
	put(DEPENDENCY, "# none\n");
	put("build/module_info.json",
	    "{\"platform\": \"PLATFORM_X\", \"module\": \"M\"}");
	put(TYPES, "version,data,i8\n");
	put(DATA, "platform,module_name,version\nPLATFORM_X,M,4\n");
	return 0;
}

#define PARAMS "factory_param,namespace,,\nversion,data,i8,4\n"

/* The CSV and the warnings; ROOT in an expectation stands for the tree. */
static void expand_root(const char *text, char *out, size_t size)
{
	size_t n = 0;

	while (*text && n + sizeof(root) < size) {
		if (!strncmp(text, "ROOT", 4)) {
			n += (size_t)snprintf(out + n, size - n, "%s", root);
			text += 4;
		} else {
			out[n++] = *text++;
		}
	}
	out[n] = '\0';
}

static void expect_csv(const char *csv, const char *warnings)
{
	struct warnings w = { "" };
	struct err_sink sink = { collect, &w };
	struct err err = ERR_INIT;
	struct espat *e = espat_new(root, &sink, &err);
	struct buf out = BUF_INIT;
	char want[4096], text[ERR_TEXT_MAX];

	assert_non_null(e);
	if (espat_load(e, &err) || espat_csv(e, &out, &err))
		fail_msg("%s", err_format(&err, "error", text, sizeof(text)));
	expand_root(csv, want, sizeof(want));
	assert_non_null(buf_str(&out));
	assert_string_equal((char *)out.data, want);
	expand_root(warnings, want, sizeof(want));
	assert_string_equal(w.text, want);
	buf_release(&out);
	espat_free(e);
}

static void expect_error(const char *message)
{
	struct err err = ERR_INIT;
	struct espat *e = espat_new(root, NULL, &err);
	struct buf out = BUF_INIT;
	char want[2048], text[ERR_TEXT_MAX];
	int r;

	assert_non_null(e);
	r = espat_load(e, &err);
	if (!r)
		r = espat_csv(e, &out, &err);
	assert_int_not_equal(r, 0);
	assert_int_equal(out.len, 0);
	expand_root(message, want, sizeof(want));
	assert_string_equal(err_format(&err, "error", text, sizeof(text)),
			    want);
	buf_release(&out);
	espat_free(e);
}

static void test_plain(void **state)
{
	(void)state;
	expect_csv(HEAD PARAMS, "");
}

static void test_gating(void **state)
{
	(void)state;
	put(DEPENDENCY, "\n  # A=y no\r\n\tA=y   one  \r\nOFF=y two\n"
	    "A=y absent\nA=y mfg_nvs\nA=y fs_storage\nB=y two\n");
	put(RAW "one/x.pem", "");
	put(RAW "two/x.pem", "");
	expect_csv(HEAD "one,namespace,,\n"
		   "one,file,binary,ROOT/" RAW "one/x.pem\n" PARAMS,
		   "ROOT/" DEPENDENCY ":5:1: warning: the feature of directory "
		   "'absent' is on, but there is no such directory in "
		   "'ROOT/" PARTS "raw_data'\n");
}

static void test_keys(void **state)
{
	(void)state;
	put(DEPENDENCY, "A=y d\n");
	put(RAW "d/b.key", "");
	put(RAW "d/Z.crt", "");
	put(RAW "d/a.CRT", "");
	put(RAW "d/a.cer", "");
	put(RAW "d/ca_10.pem", "");
	put(RAW "d/ca_2.pem", "");
	expect_csv(HEAD "d,namespace,,\n"
		   "d.0,file,binary,ROOT/" RAW "d/Z.crt\n"
		   "d.1,file,binary,ROOT/" RAW "d/b.key\n"
		   "d.2,file,binary,ROOT/" RAW "d/ca_10.pem\n"
		   "d.3,file,binary,ROOT/" RAW "d/ca_2.pem\n" PARAMS, "");
}

/* Whatever lies beside it, a single used file is then numbered. */
static void test_key_beside_hidden(void **state)
{
	(void)state;
	put(DEPENDENCY, "A=y d\n");
	put(RAW "d/b.key", "");
	put(RAW "d/.hidden", "");
	expect_csv(HEAD "d,namespace,,\n"
		   "d.0,file,binary,ROOT/" RAW "d/b.key\n" PARAMS, "");
}

static void test_legacy_names(void **state)
{
	(void)state;
	put("sdkconfig", "CONFIG_A=y\n"
	    "CONFIG_AT_EAP_LEGACY_NAMESPACE_SUPPORT=y\n");
	put(DEPENDENCY, "A=y wpa_ent_ca\nA=y wpa_ent_cert\nA=y wpa_ent_key\n");
	put(RAW "wpa_ent_ca/x.pem", "");
	put(RAW "wpa_ent_cert/x.pem", "");
	put(RAW "wpa_ent_cert/y.pem", "");
	put(RAW "wpa_ent_key/x.pem", "");
	expect_csv(HEAD "wpa2_ca,namespace,,\n"
		   "wpa2_ca,file,binary,ROOT/" RAW "wpa_ent_ca/x.pem\n"
		   "wpa2_cert,namespace,,\n"
		   "wpa2_cert.0,file,binary,ROOT/" RAW "wpa_ent_cert/x.pem\n"
		   "wpa2_cert.1,file,binary,ROOT/" RAW "wpa_ent_cert/y.pem\n"
		   "wpa2_key,namespace,,\n"
		   "wpa2_key,file,binary,ROOT/" RAW "wpa_ent_key/x.pem\n"
		   PARAMS, "");
}

static void test_quoted_path(void **state)
{
	(void)state;
	put(DEPENDENCY, "A=y d\n");
	put(RAW "d/a, \"b\".pem", "");
	expect_csv(HEAD "d,namespace,,\n"
		   "d,file,binary,\"ROOT/" RAW "d/a, \"\"b\"\".pem\"\n" PARAMS,
		   "");
}

static void test_directory_problems(void **state)
{
	char path[128];

	(void)state;
	put(DEPENDENCY, "A=y d\n");
	snprintf(path, sizeof(path), "%s/" RAW "d", root);
	assert_int_equal(file_make_dirs(path, NULL), 0);
	expect_error("ROOT/" DEPENDENCY ":1:1: error: the feature of directory "
		     "'d' is on, but 'ROOT/" RAW "d' is empty: put a "
		     "certificate or key (.crt, .key, .pem) there, or turn the "
		     "feature off");
	put(RAW "d/README.txt", "");
	expect_csv(HEAD PARAMS, "ROOT/" DEPENDENCY ":1:1: warning: the feature "
		   "of directory 'd' is on, but 'ROOT/" RAW "d' has no file "
		   "that ends in .crt, .key or .pem\n");
	put(DEPENDENCY, "A=y d\n\nA=y d\n");
	put(RAW "d/x.pem", "");
	expect_error("ROOT/" DEPENDENCY ":3:1: error: file 'x.pem' of directory "
		     "'d': key 'd.0' is there already in namespace 'd'");
	put(DEPENDENCY, "A=y d\n");
	put(RAW "d/\r.pem", "");
	expect_error("ROOT/" DEPENDENCY ":1:1: error: file '\\x0d.pem' of "
		     "directory 'd': the name has a carriage return, a CSV "
		     "cannot hold it: rename the file");
	put(DEPENDENCY, "A=y\n");
	expect_error("ROOT/" DEPENDENCY ":1:1: error: an option and the name of "
		     "a directory are needed, such as 'AT_BLE_COMMAND_"
		     "SUPPORT=y ble_data'");
}

static void test_long_names(void **state)
{
	struct err err = ERR_INIT;
	struct espat *e = espat_new(root, NULL, &err);
	struct buf out = BUF_INIT;

	(void)state;
	assert_non_null(e);
	put(DEPENDENCY, "A=y fourteen_bytes\n");
	put(RAW "fourteen_bytes/x.pem", "");
	put(RAW "fourteen_bytes/y.pem", "");
	assert_int_equal(espat_load(e, &err), 0);
	assert_int_equal(espat_csv(e, &out, &err), ERR_RANGE);
	assert_int_equal(err.pos.line, 1);
	assert_non_null(strstr(err.msg, "file 'x.pem' of directory "
			       "'fourteen_bytes'"));
	assert_non_null(strstr(err.msg, "fourteen_bytes.0"));
	espat_free(e);
}

/* ---- Parameters ---- */

static void test_params(void **state)
{
	(void)state;
	put(TYPES, "# a comment\n# with, two, commas\n\nname,data,string\n"
	    "a,b,c,d\nversion,data,i8\nlist,data,binary\nempty,data,string\n");
	put(DATA, "ignored,line\n"
	    "platform,module_name,empty,name,version,list,unused\n"
	    "PLATFORM_Y,M,,n,1,l,x\n\n"
	    "PLATFORM_X,M,,\"7\"\" x, y\",-4,\"1,2\",x\n\n");
	expect_csv(HEAD "factory_param,namespace,,\n"
		   "name,data,string,\"7\"\" x, y\"\n"
		   "version,data,i8,-4\n"
		   "list,data,binary,\"1,2\"\n"
		   "empty,data,string,\"\"\n", "");
	put(TYPES, "");
	expect_csv(HEAD "factory_param,namespace,,\n", "");
}

static void test_param_rows(void **state)
{
	(void)state;
	put(DATA, "platform,module_name,version\nPLATFORM_X,M,1\n"
	    "PLATFORM_X,M,2\n");
	expect_csv(HEAD "factory_param,namespace,,\nversion,data,i8,1\n",
		   "ROOT/" DATA ":2:1: warning: 2 rows for platform "
		   "'PLATFORM_X' and module 'M'; this one, the first, is "
		   "taken\n");
	/* Another case will do where nothing else does. */
	put(DATA, "platform,module_name,version\nPlatform_x,m,1\n");
	expect_csv(HEAD "factory_param,namespace,,\nversion,data,i8,1\n", "");
	put(DATA, "platform,module_name,version\nPlatform_x,m,1\n"
	    "PLATFORM_X,M,2\nplatform_X,m,3\n");
	expect_csv(HEAD "factory_param,namespace,,\nversion,data,i8,2\n", "");
	put(DATA, "platform,module_name,version\nPLATFORM_X,N,1\nP,M,2\n");
	expect_error("ROOT/" DATA ":1:1: error: no row for platform 'PLATFORM_X' "
		     "and module 'M'; there are: PLATFORM_X/N, P/M");
	put(DATA, "PLATFORM_X,M,1\n");
	expect_error("ROOT/" DATA ":1:1: error: the header row, which begins with "
		     "'platform', is missing");
}

static void test_param_columns(void **state)
{
	(void)state;
	put(DATA, "platform,module_name,a,version\nPLATFORM_X,M,1\n");
	expect_error("ROOT/" DATA ":2:1: error: the row has 3 fields; "
		     "'version' is column 4");
	put(DATA, "platform,module_name,a\nPLATFORM_X,M,1\n");
	expect_error("ROOT/" TYPES ":1:1: error: parameter 'version': "
		     "'ROOT/" DATA "' has no column of that name");
	put(DATA, "platform,module_name,version,version\nPLATFORM_X,M,1,2\n");
	expect_error("ROOT/" DATA ":1:30: error: a second column 'version': "
		     "remove one of them, parameter 'version' can have one "
		     "value only");
	put(DATA, "platform,module_name,version\nPLATFORM_X,\"M,1\n");
	expect_error("ROOT/" DATA ":2:12: error: the quote that opens this "
		     "cell is never closed: close it, or remove it");
}

static void test_module_info(void **state)
{
	(void)state;
	put("build/module_info.json", "{\n \"platform\": \"P\",\n oops}");
	expect_error("ROOT/build/module_info.json:3:3: error: this is not "
		     "JSON; an object with the members 'platform' and 'module' "
		     "is needed");
	put("build/module_info.json", "{\"platform\": \"P\", \"module\": 1}");
	expect_error("ROOT/build/module_info.json:1:1: error: the member 'module', "
		     "a string, is missing: it tells which row of the module "
		     "parameters to take");
	put("build/module_info.json", "{\"platform\": \"P\", \"module\": "
	    "\"M\"} x");
	expect_error("ROOT/build/module_info.json:1:34: error: this is not "
		     "JSON; an object with the members 'platform' and 'module' "
		     "is needed");
	put("build/module_info.json", "[]");
	expect_error("ROOT/build/module_info.json:1:1: error: the member "
		     "'platform', a string, is missing: it tells which row of "
		     "the module parameters to take");
}

/* A project whose module could not be read forgot to free its platform. */
static void test_bug_module_read_twice(void **state)
{
	struct err err = ERR_INIT, again = ERR_INIT;
	struct espat *e = espat_new(root, NULL, &err);
	struct buf csv = BUF_INIT;

	(void)state;
	put("build/module_info.json", "{\"platform\": \"P\"}");
	assert_non_null(e);
	assert_int_equal(espat_load(e, &err), 0);
	assert_int_equal(espat_csv(e, &csv, &err), ERR_INPUT);
	assert_int_equal(espat_load_partitions(e, NULL, &again), ERR_INPUT);
	espat_free(e);
	buf_release(&csv);
}

static void test_missing_files(void **state)
{
	static const char *const names[] = {
		"sdkconfig", DEPENDENCY, "build/module_info.json", TYPES,
		DATA, GATTS
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[256], message[400];

		fresh_tree(NULL);
		put(DEPENDENCY, "AT_BLE_COMMAND_SUPPORT=y ble_data\n");
		put(RAW "ble_data/README", "");
		put(GATTS, "0,16\n");
		snprintf(path, sizeof(path), "%s/%s", root, names[i]);
		assert_int_equal(remove(path), 0);
		snprintf(message, sizeof(message), "error: cannot open '%s': "
			 "No such file or directory", path);
		expect_error(message);
	}
}

/* ---- BLE services ---- */

#define BLE_ON "AT_BLE_COMMAND_SUPPORT=y ble_data\n"

static void test_ble(void **state)
{
	(void)state;
	put(DEPENDENCY, BLE_ON);
	put(GATTS, "# index,uuid\n0,\"16,5\", x ,\"a\"\"b\"\n\n\"#1\",2\n"
	    "1,\n");
	expect_csv(HEAD PARAMS "ble_data,namespace,,\n"
		   "cfg0,data,string,\"0,16,5, x ,a\"\"b\"\n"
		   "cfg1,data,string,\"1,\"\n", "");
	put(GATTS, "# nothing\n");
	expect_csv(HEAD PARAMS "ble_data,namespace,,\n", "");
}

/* A namespace that two parts use stands once, all its keys below it. */
static void test_one_namespace(void **state)
{
	(void)state;
	put(DEPENDENCY, BLE_ON "A=y factory_param\n");
	put(GATTS, "0,1\n");
	put(RAW "ble_data/x.pem", "");
	put(RAW "factory_param/y.pem", "");
	expect_csv(HEAD "ble_data,namespace,,\n"
		   "ble_data.0,file,binary,ROOT/" RAW "ble_data/x.pem\n"
		   "cfg0,data,string,\"0,1\"\n"
		   "factory_param,namespace,,\n"
		   "factory_param.0,file,binary,ROOT/" RAW
		   "factory_param/y.pem\nversion,data,i8,4\n", "");
}

/* ---- Sizes ---- */

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t size;
	} cases[] = {
		{ "112K", 0, 114688 }, { "112k", 0, 114688 },
		{ "112KB", 0, 114688 }, { " 112 K ", 0, 114688 },
		{ "4096", 0, 4096 }, { "4096b", 0, 4096 },
		{ "1.5M", 0, 1572864 }, { "0.1K", 0, 102 },
		{ "1e3", 0, 1000 }, { "1E+3", 0, 1000 },
		{ "0x1c000", 0, 0x1c000 }, { "0X1C000", 0, 0x1c000 },
		{ "1G", 0, 1u << 30 }, { "1tb", 0, UINT64_C(1) << 40 },
		{ ".5k", 0, 512 }, { "15e-1K", 0, 1536 }, { "1e-9", 0, 0 },
		{ "112 kb", 0, 114688 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", ERR_RANGE, 0 },
		{ "1e30", ERR_RANGE, 0 }, { "1e999999999999", ERR_RANGE, 0 },
		{ "0x10000000000000000", ERR_RANGE, 0 },
		{ "0.00000000000000000000000000001e30", 0, 10 },
		{ "", ERR_INPUT, 0 }, { "K", ERR_INPUT, 0 },
		{ "abc", ERR_INPUT, 0 }, { "112KiB", ERR_INPUT, 0 },
		{ "1 2K", ERR_INPUT, 0 }, { "0x", ERR_INPUT, 0 },
		{ "-1", ERR_INPUT, 0 }, { ".", ERR_INPUT, 0 },
		{ "1.2.3", ERR_INPUT, 0 }, { "1e", ERR_INPUT, 0 },
		{ "112K B", ERR_INPUT, 0 }, { "112KK", ERR_INPUT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		uint64_t size = 0;
		int r = espat_size(cases[i].text, &size, &err);

		if (r != cases[i].result)
			fail_msg("'%s': %d %s", cases[i].text, r, err.msg);
		if (!r)
			assert_int_equal(size, cases[i].size);
	}
}

/* ---- at_customize.csv ---- */

static struct espat *load(const char *table)
{
	struct err err = ERR_INIT;
	struct espat *e = espat_new(root, NULL, &err);

	assert_non_null(e);
	if (espat_load(e, &err) || espat_load_partitions(e, table, &err))
		fail_msg("%s", err.msg);
	return e;
}

static void test_partitions(void **state)
{
	const struct espat_partition *p;
	struct err err = ERR_INIT;
	struct espat *e;

	(void)state;
	put("build/module_info.json",
	    "{\"platform\": \"PLATFORM_ESP32C3\", \"module\": \"MINI-1\"}");
	put("module_config/module_esp32c3_default/at_customize.csv",
	    "# Name, Type\n mfg_nvs , data, nvs, 0x1f000, 1 24K\r\n\n"
	    "  # x\nshort, data, nvs, 0x1000\n");
	e = load(NULL);
	p = espat_partition(e, "mfg_nvs", &err);
	assert_non_null(p);
	assert_string_equal(p->offset, "0x1f000");
	assert_string_equal(p->size, "124K");
	assert_int_equal(p->line, 2);
	assert_null(espat_partition(e, "short", &err));
	assert_string_equal(err.msg, "partition 'short': its size is missing; "
			    "a row is 'Name, Type, SubType, Offset, Size'");
	assert_int_equal(err.pos.line, 5);
	err_clear(&err);
	assert_null(espat_partition(e, "nvs", &err));
	assert_string_equal(err.msg, "no partition 'nvs'; the table has: "
			    "mfg_nvs, short");
	espat_free(e);

	put("module_config/module_mini-1/at_customize.csv",
	    "mfg_nvs,data,nvs,0x21000,112K\n");
	e = load(NULL);
	p = espat_partition(e, "mfg_nvs", &err);
	assert_non_null(p);
	assert_string_equal(p->size, "112K");
	espat_free(e);
}

static void test_flash_list(void **state)
{
	struct err err = ERR_INIT;
	struct buf list = BUF_INIT;
	struct espat *e;
	char table[64];

	(void)state;
	snprintf(table, sizeof(table), "%s/t.csv", root);
	put(DEPENDENCY, "A=y mfg_nvs\nA=y fs_storage\nOFF=y other\n");
	put("t.csv", "fs_storage,data,fat,0x47000,100K\nother,,,0,0\n"
	    "mfg_nvs,data,nvs,0x1f000,124K\n");
	e = load(table);
	assert_int_equal(espat_flash_list(e, "out", &list, &err), 0);
	assert_non_null(buf_str(&list));
	assert_string_equal((char *)list.data,
			    "0x47000 out/fs_storage.bin 100K\r\n"
			    "0x1f000 out/mfg_nvs.bin 124K\r\n");
	espat_free(e);

	put("t.csv", "mfg_nvs,data,nvs,0x1f000\n");
	e = load(table);
	list.len = 0;
	assert_int_equal(espat_flash_list(e, "out", &list, &err), ERR_INPUT);
	assert_string_equal(err.msg, "a feature of sdkconfig needs the "
			    "partition 'fs_storage', which is not in this "
			    "table");
	espat_free(e);

	err_clear(&err);
	put(DEPENDENCY, "A=y mfg_nvs\n");
	e = load(table);
	assert_int_equal(espat_flash_list(e, "out", &list, &err), ERR_INPUT);
	assert_int_equal(err.pos.line, 1);
	assert_int_equal(list.len, 0);
	espat_free(e);
	buf_release(&list);
}

/* ---- Every allocation fails once ---- */

static int whole_run(struct buf *out, struct err *err)
{
	struct espat *e = espat_new(root, NULL, err);
	int r;

	if (!e)
		return ERR_NOMEM;
	r = espat_load(e, err);
	if (!r)
		r = espat_csv(e, out, err);
	if (!r)
		r = espat_load_partitions(e, NULL, err);
	if (!r)
		r = espat_flash_list(e, "out", out, err);
	espat_free(e);
	return r;
}

/* libcsv gets over some: then the CSV has to be the right one. */
static void test_out_of_memory(void **state)
{
	struct buf out = BUF_INIT, right = BUF_INIT;
	unsigned n = 0;
	bool failed;

	(void)state;
	put(DEPENDENCY, BLE_ON "A=y d\nA=y mfg_nvs\n");
	put(GATTS, "0,1\n");
	put(RAW "d/x.pem", "");
	put("module_config/module_m/at_customize.csv",
	    "mfg_nvs,data,nvs,0x1f000,124K\n");
	assert_int_equal(whole_run(&right, NULL), 0);
	do {
		struct err err = ERR_INIT;
		int r;

		out.len = 0;
		fail_allocation(++n, false);
		r = whole_run(&out, &err);
		failed = allocation_failed();
		assert_int_equal(r, err.code);
		if (r) {
			assert_true(failed);
			assert_int_equal(r, ERR_NOMEM);
		} else {
			assert_int_equal(out.len, right.len);
			assert_memory_equal(out.data, right.data, right.len);
		}
	} while (failed);
	assert_in_range(n, 21, 1000);
	buf_release(&out);
	buf_release(&right);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test_setup(test_plain, fresh_tree),
		cmocka_unit_test_setup(test_gating, fresh_tree),
		cmocka_unit_test_setup(test_keys, fresh_tree),
		cmocka_unit_test_setup(test_key_beside_hidden, fresh_tree),
		cmocka_unit_test_setup(test_legacy_names, fresh_tree),
		cmocka_unit_test_setup(test_quoted_path, fresh_tree),
		cmocka_unit_test_setup(test_directory_problems, fresh_tree),
		cmocka_unit_test_setup(test_long_names, fresh_tree),
		cmocka_unit_test_setup(test_params, fresh_tree),
		cmocka_unit_test_setup(test_param_rows, fresh_tree),
		cmocka_unit_test_setup(test_param_columns, fresh_tree),
		cmocka_unit_test_setup(test_module_info, fresh_tree),
		cmocka_unit_test_setup(test_bug_module_read_twice, fresh_tree),
		cmocka_unit_test_setup(test_missing_files, fresh_tree),
		cmocka_unit_test_setup(test_ble, fresh_tree),
		cmocka_unit_test_setup(test_one_namespace, fresh_tree),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test_setup(test_partitions, fresh_tree),
		cmocka_unit_test_setup(test_flash_list, fresh_tree),
		cmocka_unit_test_setup(test_out_of_memory, fresh_tree),
	};
	int r;

	if (!mkdtemp(root))
		return 1;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	empty_tree();
	rmdir(root);
	return r;
}
