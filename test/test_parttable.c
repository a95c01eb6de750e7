/* SPDX-License-Identifier: Apache-2.0 */
/* test_parttable.c - partition tables: rows, places, checks, lookups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "allocations.h"
#include "nvs_format.h"
#include "parttable.h"

static char *test_env(const char *name)
{
	static char row[] = "fctry, data, nvs", size[] = "0x6000";
	static char again[] = "$SIZE";

	return !strcmp(name, "ROW") ? row : !strcmp(name, "SIZE") ? size :
	       !strcmp(name, "AGAIN") ? again : NULL;
}

static const struct parttable_options defaults = {
	.table_offset = PARTTABLE_OFFSET, .env = test_env
};

/* All warnings, a line each. */
struct warnings {
	char text[1024];
};

static void collect(void *ctx, const struct err *e)
{
	struct warnings *w = ctx;
	size_t n = strlen(w->text);

	err_format(e, "warning", w->text + n, sizeof(w->text) - n - 1);
	strcat(w->text, "\n");
}

static int parse(struct parttable *t, const char *text, struct err *err)
{
	return parttable_parse(t, "p.csv", text, strlen(text), &defaults, NULL,
			       err);
}

/* "name offset size type/subtype flags" of each row, a line each. */
static void check_rows(const char *text, const struct parttable_options *o,
		       const char *expect)
{
	struct err err = ERR_INIT;
	struct parttable t;
	char all[2048] = "", message[ERR_TEXT_MAX];
	size_t n = 0;

	if (parttable_parse(&t, "p.csv", text, strlen(text), o, NULL, &err))
		fail_msg("%s", err_format(&err, "error", message,
					  sizeof(message)));
	for (size_t i = 0; i < t.count; i++) {
		const struct partition *p = &t.rows[i];

		n += (size_t)snprintf(all + n, sizeof(all) - n,
				      "%s 0x%x 0x%x %u/%u%s%s\n", p->name,
				      p->offset, p->size, p->type, p->subtype,
				      p->flags & PART_ENCRYPTED ?
				      " encrypted" : "",
				      p->flags & PART_READONLY ?
				      " readonly" : "");
	}
	assert_string_equal(all, expect);
	parttable_release(&t);
}

static void check_error(const char *text, const char *expect)
{
	struct err err = ERR_INIT;
	char message[ERR_TEXT_MAX];
	struct parttable t;

	assert_int_not_equal(parse(&t, text, &err), 0);
	assert_null(t.rows);
	err_format(&err, "error", message, sizeof(message));
	assert_string_equal(message, expect);
}

static const char typical[] =
	"# Name,   Type, SubType, Offset,  Size, Flags\n"
	"nvs,      data, nvs,     ,        0x6000,\n"
	"phy_init, data, phy,     ,        0x1000,\n"
	"factory,  app,  factory, ,        1M,\n"
	"fctry,    data, nvs,     ,        24K,\n";

static void test_typical(void **state)
{
	struct parttable_options moved = defaults;

	(void)state;
	check_rows(typical, &defaults,
		   "nvs 0x9000 0x6000 1/2\n"
		   "phy_init 0xf000 0x1000 1/1\n"
		   "factory 0x10000 0x100000 0/0\n"
		   "fctry 0x110000 0x6000 1/2\n");
	moved.table_offset = 0x10000;
	check_rows(typical, &moved,
		   "nvs 0x11000 0x6000 1/2\n"
		   "phy_init 0x17000 0x1000 1/1\n"
		   "factory 0x20000 0x100000 0/0\n"
		   "fctry 0x120000 0x6000 1/2\n");
}

static void test_two_apps(void **state)
{
	(void)state;
	check_rows("nvs,      data, nvs,      0x9000,  0x4000\n"
		   "otadata,  data, ota,      0xd000,  0x2000\n"
		   "phy_init, data, phy,      0xf000,  0x1000\n"
		   "ota_0,    app,  ota_0,    ,        1700K\n"
		   "ota_1,    app,  ota_1,    ,        1700K\n"
		   "nvs_key,  data, nvs_keys, ,        0x1000, encrypted\n"
		   "fctry,    data, nvs,      ,        0x6000\n", &defaults,
		   "nvs 0x9000 0x4000 1/2\n"
		   "otadata 0xd000 0x2000 1/0\n"
		   "phy_init 0xf000 0x1000 1/1\n"
		   "ota_0 0x10000 0x1a9000 0/16\n"
		   "ota_1 0x1c0000 0x1a9000 0/17\n"
		   "nvs_key 0x369000 0x1000 1/4 encrypted\n"
		   "fctry 0x36a000 0x6000 1/2\n");
}

static void test_small_and_custom(void **state)
{
	(void)state;
	check_rows("nvs_key, data, nvs_keys, , 4K, encrypted:readonly\n"
		   "fctry,   data, nvs,      , 8k, readonly\n"
		   "app0,    app,  ota_0,    , 1M\n"
		   "log,     0x40, 0x01,     , 3000\n"
		   "app1,    app,  ota_1,    , 1m\n"
		   "store,   data, ,         , 64K\n", &defaults,
		   "nvs_key 0x9000 0x1000 1/4 encrypted readonly\n"
		   "fctry 0xa000 0x2000 1/2 readonly\n"
		   "app0 0x10000 0x100000 0/16\n"
		   "log 0x110000 0xbb8 64/1\n"
		   "app1 0x120000 0x100000 0/17\n"
		   "store 0x220000 0x10000 1/6\n");
}

static void test_negative_size(void **state)
{
	(void)state;
	check_rows("nvs,data,nvs,0x10000,0x6000\n"
		   "factory,app,factory,,-0x200000\n"
		   "fctry,data,nvs,0x3f0000,0x6000,readonly\n", &defaults,
		   "nvs 0x10000 0x6000 1/2\n"
		   "factory 0x20000 0x1e0000 0/0\n"
		   "fctry 0x3f0000 0x6000 1/2 readonly\n");
}

static void test_numbers_for_names(void **state)
{
	(void)state;
	check_rows("a, 1, 2, 36864, 24576\n"
		   "b, 0x01, 0x02, , 0x18K\n"
		   "c, data, 0x80, 0x20000, 1M\n"
		   "fctry, DATA, NVS, , 0x3000, encrypted\n", &defaults,
		   "a 0x9000 0x6000 1/2\n"
		   "b 0xf000 0x6000 1/2\n"
		   "c 0x20000 0x100000 1/128\n"
		   "fctry 0x120000 0x3000 1/2 encrypted\n");
}

static void test_comments_and_line_ends(void **state)
{
	static const char expect[] = "fctry 0x3e0000 0x6000 1/2\n";

	(void)state;
	check_rows("# the factory data before everything else\n\n"
		   "   # indented comment\n"
		   "fctry,  data, nvs,     0x3E0000, 0x6000,\n", &defaults,
		   expect);
	check_rows("#a\r\rfctry,data,nvs,0x3E0000,0x6000\r", &defaults,
		   expect);
	check_rows("#a\r\n\r\n\tfctry,data,nvs,0x3E0000,0x6000,,x,y\r\n",
		   &defaults, expect);
	check_rows("\xEF\xBB\xBF" "fctry,data,nvs,0x3E0000,0x6000", &defaults,
		   expect);
	check_rows("", &defaults, "");
}

static void test_wide_encodings(void **state)
{
	static const char text[] =
		"nvs\xC3\xA4\xF0\x9F\x94\x91,data,nvs,,0x3000";
	static const uint16_t units[] = { 'n', 'v', 's', 0xE4, 0xD83D, 0xDD11 };
	static const uint32_t chars[] = { 'n', 'v', 's', 0xE4, 0x1F511 };
	const char *rest = strchr(text, ',');
	uint8_t wide[256];

	(void)state;
	for (int big = 0; big < 2; big++)
		for (size_t width = 2; width <= 4; width += 2) {
			size_t count = width == 2 ? 6 : 5, n = 0;
			struct err err = ERR_INIT;
			struct parttable t;

			for (size_t i = 0; i < 1 + count + strlen(rest); i++) {
				uint32_t c = !i ? 0xFEFF : i > count ?
					(uint8_t)rest[i - 1 - count] :
					width == 2 ? units[i - 1] :
					chars[i - 1];

				for (size_t k = 0; k < width; k++)
					wide[n++] = (uint8_t)(c >> 8 *
						(big ? width - 1 - k : k));
			}
			assert_int_equal(parttable_parse(&t, "p", wide, n,
							 &defaults, NULL,
							 &err), 0);
			assert_int_equal(t.count, 1);
			assert_memory_equal(t.rows[0].name, text, 9);
			assert_int_equal(t.rows[0].offset, 0x9000);
			parttable_release(&t);
			assert_int_equal(parttable_parse(&t, "p", wide, n - 1,
							 &defaults, NULL,
							 &err), ERR_INPUT);
		}
}

static void test_environment(void **state)
{
	(void)state;
	check_rows("$ROW,, ${SIZE}\n", &defaults, "fctry 0x9000 0x6000 1/2\n");
	/* The unset one in a name stays; a value is not expanded again. */
	check_rows("a$UNSET,data,nvs,,$SIZE\n", &defaults,
		   "a$UNSET 0x9000 0x6000 1/2\n");
	check_rows("$5,data,nvs,,0x3000\n", &defaults,
		   "$5 0x9000 0x3000 1/2\n");
	check_error("# fine\n$NVS_ROW\n",
		    "p.csv:2:1: error: the environment variable 'NVS_ROW' is "
		    "not set");
	check_error("a,data,nvs,,$AGAIN\n",
		    "p.csv:1: error: partition 'a': Size '$SIZE' is no number; "
		    "write it like 0x6000, 24K or 1M");
}

static void test_fixed_rows(void **state)
{
	(void)state;
	check_rows("boot, bootloader, primary, 0x1000, N/A\n"
		   "pt, partition_table, primary, N/A, N/A\n"
		   "nvs, data, nvs, , 0x3000\n"
		   "pt2, partition_table, ota, , N/A\n"
		   "boot2, bootloader, ota, , 28K\n"
		   "fctry, data, nvs, , 0x3000\n", &defaults,
		   "boot 0x1000 0x7000 2/0\n"
		   "pt 0x8000 0x1000 3/0\n"
		   "nvs 0x9000 0x3000 1/2\n"
		   "pt2 0xc000 0x1000 3/1\n"
		   "boot2 0xd000 0x7000 2/1\n"
		   "fctry 0x14000 0x3000 1/2\n");
	check_error("b, bootloader, recovery, , N/A\n",
		    "p.csv:1:28: error: partition 'b': Size 'N/A' is no "
		    "number; write it like 0x6000, 24K or 1M");
	check_error("b, bootloader, primary, N/A, N/A\n"
		    "x, data, nvs, 0x8000, 0x3000\n",
		    "p.csv:2:15: error: partition 'x': its offset 0x8000 lies "
		    "before the end of the partition table, which takes 0x8000 "
		    "to 0x9000; use 0x9000 or more");
}

static void test_number_spellings(void **state)
{
	static const struct {
		const char *text;
		enum text_status status;
		int64_t value;
	} cases[] = {
		{ "0", TEXT_OK, 0 }, { "00", TEXT_OK, 0 },
		{ "24576", TEXT_OK, 24576 }, { "0x6K", TEXT_OK, 6144 },
		{ "6kk", TEXT_OK, 6 * 1024 * 1024 },
		{ "1M", TEXT_OK, 1048576 }, { "1m", TEXT_OK, 1048576 },
		{ "0o17", TEXT_OK, 15 }, { "0b101", TEXT_OK, 5 },
		{ "0B1K", TEXT_OK, 1024 }, { "0X1f", TEXT_OK, 31 },
		{ "-0x10", TEXT_OK, -16 }, { "+5", TEXT_OK, 5 },
		{ "1_000", TEXT_OK, 1000 }, { "0x_ff", TEXT_OK, 255 },
		{ " 6 K", TEXT_OK, 6144 },
		{ "9223372036854775807", TEXT_OK, INT64_MAX },
		{ "9223372036854775808", TEXT_OVERFLOW, 0 },
		{ "8796093022208M", TEXT_OVERFLOW, 0 },
		{ "", TEXT_EMPTY, 0 }, { "  ", TEXT_EMPTY, 0 },
		{ "010", TEXT_NOT, 0 }, { "0_1", TEXT_NOT, 0 },
		{ "KB", TEXT_NOT, 0 }, { "6KB", TEXT_NOT, 0 },
		{ "K", TEXT_NOT, 0 }, { "0x", TEXT_NOT, 0 },
		{ "1__0", TEXT_NOT, 0 }, { "_1", TEXT_NOT, 0 },
		{ "1_", TEXT_NOT, 0 }, { "0o8", TEXT_NOT, 0 },
		{ "0b2", TEXT_NOT, 0 }, { "1.5", TEXT_NOT, 0 },
		{ "--1", TEXT_NOT, 0 }, { "1G", TEXT_NOT, 0 },
		{ "0x_", TEXT_NOT, 0 }, { "ff", TEXT_NOT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t n = 0;
		enum text_status st = parttable_number(cases[i].text,
						       strlen(cases[i].text),
						       &n);

		if (st != cases[i].status)
			fail_msg("'%s': status %d", cases[i].text, (int)st);
		if (st == TEXT_OK)
			assert_int_equal(n, cases[i].value);
	}
}

/* What overflows to the smallest number of all has no negative. */
static void test_bug_number_without_a_negative(void **state)
{
	static const char *const texts[] = {
		"-9223372036854775808", "-8589934592M1024",
		"-8589934592KKM", "-0x8000000000000000"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		int64_t n = 1;

		if (parttable_number(texts[i], strlen(texts[i]), &n) == TEXT_OK)
			fail_msg("%s is %lld", texts[i], (long long)n);
	}
}

static void test_invalid_places(void **state)
{
	(void)state;
	check_error("nvs,   data, nvs, 0x9000, 0x6000\n"
		    "fctry, data, nvs, 0xE000, 0x6000\n",
		    "p.csv:2:19: error: partition 'fctry': its offset 0xe000 "
		    "lies before 0xf000, where 'nvs' ends; partitions stand in "
		    "the order of their offsets and do not overlap");
	check_error("x,data,nvs,0x20000,0x6000\ny,data,nvs,0x9000,0x6000\n",
		    "p.csv:2:12: error: partition 'y': its offset 0x9000 lies "
		    "before 0x26000, where 'x' ends; partitions stand in the "
		    "order of their offsets and do not overlap");
	check_error("fctry, data, nvs, 0x8000, 0x6000\n",
		    "p.csv:1:19: error: partition 'fctry': its offset 0x8000 "
		    "lies before the end of the partition table, which takes "
		    "0x8000 to 0x9000; use 0x9000 or more");
	check_error("fctry, data, nvs, 0x9100, 0x6000\n",
		    "p.csv:1:19: error: partition 'fctry': the offset 0x9100 is "
		    "not a multiple of 0x1000");
	check_error("factory, app, factory, 0x18000, 1M\n",
		    "p.csv:1:24: error: partition 'factory': the offset 0x18000 "
		    "is not a multiple of 0x10000");
	check_error("factory, app, factory, 0x10000, 0x1800\n",
		    "p.csv:1:33: error: partition 'factory': the size 0x1800 of "
		    "an app has to be a multiple of 0x1000");
	check_error("f, app, factory, 0x200000, -1M\n",
		    "p.csv:1:28: error: partition 'f' is to end at 0x100000, "
		    "but begins at 0x200000");
	check_error("f, data, nvs, 0xfffff000, 0x3000\n",
		    "p.csv:1:27: error: partition 'f' ends at 0x100002000, "
		    "beyond 32 bits");
}

static void test_invalid_fields(void **state)
{
	(void)state;
	check_error("fctry, data, nvz, , 0x6000\n",
		    "p.csv:1:14: error: partition 'fctry': SubType 'nvz' is "
		    "neither a number nor one of: ota, phy, nvs, coredump, "
		    "nvs_keys, efuse, undefined, esphttpd, fat, spiffs, "
		    "littlefs, tee_ota");
	check_error("\xC3\xA4, dota, nvs, , 0x6000\n",
		    "p.csv:1:4: error: partition '\xC3\xA4': Type 'dota' is "
		    "neither a number nor one of: app, data, bootloader, "
		    "partition_table");
	check_error("fctry, data, nvs\n",
		    "p.csv:1:17: error: partition 'fctry': Size is empty; "
		    "write it like 0x6000, 24K or 1M");
	check_error("fctry\n", "p.csv:1:6: error: partition 'fctry': Type is "
		    "empty; give app, data or a number");
	check_error("a, app, , , 1M\n", "p.csv:1:9: error: partition 'a': "
		    "SubType is empty; an app needs one, such as factory or "
		    "ota_0");
	check_error("a, 256, 0, , 1M\n", "p.csv:1:4: error: partition 'a': "
		    "Type '256' is not within 0 to 255");
	check_error("a, 1, -1, , 1M\n", "p.csv:1:7: error: partition 'a': "
		    "SubType '-1' is not within 0 to 255");
	check_error("a, 0x40, x, , 1M\n", "p.csv:1:10: error: partition 'a': "
		    "SubType 'x' is no number; write it like 0x6000, 24K or "
		    "1M");
	check_error("a, 1, 2, 0x100000000, 1M\n", "p.csv:1:10: error: "
		    "partition 'a': Offset '0x100000000' is not within 32 "
		    "bits");
	check_error("a, 1, 2, 0x9000, 6KB\n", "p.csv:1:18: error: partition "
		    "'a': Size '6KB' is no number; write it like 0x6000, 24K "
		    "or 1M");
}

static void test_invalid_flags(void **state)
{
	static const char hint[] = " holds a flag that is not known; there are "
		"encrypted and readonly, in lower case, joined with ':'";
	static const char *const flags[] = {
		"encryptd", "ENCRYPTED", "encrypted: readonly", "readonlyx"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		char text[80], expect[256];

		snprintf(text, sizeof(text), "f,data,nvs,,0x6000,%s", flags[i]);
		snprintf(expect, sizeof(expect), "p.csv:1:20: error: partition "
			 "'f': Flags '%s'%s", flags[i], hint);
		check_error(text, expect);
	}
	check_rows("f,data,nvs,,0x6000,:readonly::encrypted:", &defaults,
		   "f 0x9000 0x6000 1/2 encrypted readonly\n");
}

static void test_whole_table_checks(void **state)
{
	(void)state;
	check_error("fctry, data, nvs, , 0x2000\n",
		    "p.csv:1:21: error: partition 'fctry': NVS of 0x2000 bytes "
		    "has to be flagged 'readonly'; to be written to it needs "
		    "at least 0x3000");
	check_error("a,data,nvs,,0x3000\nb,data,nvs,,0x3000\n"
		    "a,data,nvs,,0x3000\n",
		    "p.csv:3:1: error: a second partition of the name 'a': "
		    "names have to differ");
	check_error("otadata, data, ota, , 0x1000\n",
		    "p.csv:1:23: error: partition 'otadata': the size of "
		    "data/ota has to be 0x2000, not 0x1000");
	check_error("a, data, ota, , 0x2000\nb, data, ota, , 0x2000\n",
		    "p.csv:2:1: error: partitions 'a' and 'b' are both "
		    "data/ota; there can be only one");
	check_error("a, data, tee_ota, , 0x1000\n",
		    "p.csv:1:21: error: partition 'a': the size of data/tee_ota "
		    "has to be 0x2000, not 0x1000");
	check_error("a, data, ota, , 0x2000, readonly\n",
		    "p.csv:1:25: error: partition 'a': data/ota is always "
		    "written to, it cannot be 'readonly'");
	check_error("a, data, coredump, , 0x2000, readonly\n",
		    "p.csv:1:30: error: partition 'a': data/coredump is always "
		    "written to, it cannot be 'readonly'");
	/* Names are compared before they are cut to 16 bytes. */
	check_rows("0123456789abcdefX,data,nvs,,0x3000\n"
		   "0123456789abcdefY,data,nvs,,0x3000\n"
		   ",data,nvs,,0x3000\n", &defaults,
		   "0123456789abcdefX 0x9000 0x3000 1/2\n"
		   "0123456789abcdefY 0xc000 0x3000 1/2\n"
		   " 0xf000 0x3000 1/2\n");
}

static void test_not_text(void **state)
{
	static const char nul[] = "a,data,nvs,,0x3000\nb\0,data";
	struct err err = ERR_INIT;
	struct parttable t;

	(void)state;
	assert_int_equal(parttable_parse(&t, "p.csv", nul, sizeof(nul) - 1,
					 &defaults, NULL, &err), ERR_INPUT);
	assert_int_equal(err.pos.line, 2);
	check_error("a,data,nvs,,0x3000\n\xE9,data,nvs,,0x3000\n",
		    "p.csv:2:1: error: the byte 0xe9 is not UTF-8: this is no partition table, or "
		    "one in another encoding");
}

static void test_options(void **state)
{
	static const char text[] = "a,app,factory,,0x11000\n";
	struct parttable_options o = defaults;
	struct err err = ERR_INIT;
	struct parttable t;

	(void)state;
	o.flash_size = 0x21000;
	check_rows(text, &o, "a 0x10000 0x11000 0/0\n");
	o.flash_size = 0x20000;
	assert_int_equal(parttable_parse(&t, "p.csv", text, strlen(text), &o,
					 NULL, &err), ERR_RANGE);
	assert_string_equal(err.msg, "partition 'a' ends at 0x21000, the flash "
			    "has 0x20000 bytes");
	o = defaults;
	o.secure_boot_v1 = true;
	err_clear(&err);
	assert_int_equal(parttable_parse(&t, "p.csv", text, strlen(text), &o,
					 NULL, &err), ERR_RANGE);
	assert_string_equal(err.msg, "partition 'a': the size 0x11000 of an "
			    "app has to be a multiple of 0x10000");
}

static void test_row_limit(void **state)
{
	char text[95 * 32];
	struct err err = ERR_INIT;
	struct parttable t;
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; i < 94; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "n%u,data,nvs,,0x3000\n", i);
	assert_int_equal(parse(&t, text, &err), 0);
	assert_int_equal(t.count, 94);
	assert_int_equal(t.rows[93].offset, 0x9000 + 93 * 0x3000);
	parttable_release(&t);
	snprintf(text + n, sizeof(text) - n, "n94,data,nvs,,0x3000\n");
	check_error(text, "p.csv:95:1: error: 95 partitions; a table holds at most "
		    "94");
}

static void test_name_warnings(void **state)
{
	static const char text[] =
		"nvs,data,phy,,0x1000\nphy,data,phy,,0x1000\n"
		"app,data,nvs,,0x3000\nfactory,app,ota_0,,1M\n"
		"data,data,fat,,0x1000\n";
	struct warnings w = { "" };
	struct err_sink sink = { collect, &w };
	struct err err = ERR_INIT;
	struct parttable t;

	(void)state;
	assert_int_equal(parttable_parse(&t, "p.csv", text, strlen(text),
					 &defaults, &sink, &err), 0);
	assert_string_equal(w.text,
		"p.csv:1:1: warning: partition 'nvs' bears the name of a "
		"subtype, but is data/phy\n"
		"p.csv:3:1: warning: partition 'app' bears the name of a type, "
		"but is data/nvs\n"
		"p.csv:4:1: warning: partition 'factory' bears the name of a "
		"subtype, but is app/ota_0\n");
	parttable_release(&t);
}

static void test_find(void **state)
{
	const struct partition *p;
	struct err err = ERR_INIT;
	struct parttable t;

	(void)state;
	assert_int_equal(parse(&t, typical, &err), 0);
	p = parttable_find(&t, "fctry", &err);
	assert_non_null(p);
	assert_int_equal(p->offset, 0x110000);
	assert_int_equal(err.code, ERR_NONE);
	assert_null(parttable_find(&t, "Fctry", &err));
	assert_int_equal(err.code, ERR_INPUT);
	assert_string_equal(err.msg, "no partition 'Fctry'; the table has: "
			    "nvs, phy_init, factory, fctry");
	assert_string_equal(err.pos.file, "p.csv");
	parttable_release(&t);

	err_clear(&err);
	assert_int_equal(parse(&t, "# nothing\n", &err), 0);
	assert_null(parttable_find(&t, "fctry", &err));
	assert_string_equal(err.msg, "no partition 'fctry': the table has no "
			    "rows");
	parttable_release(&t);
}

static void expect_no_nvs(const struct parttable *t, const char *name,
			  unsigned line, const char *message)
{
	struct err err = ERR_INIT;

	assert_null(parttable_find_nvs(t, name, NULL, &err));
	assert_string_equal(err.msg, message);
	assert_int_equal(err.pos.line, line);
}

static void test_find_nvs(void **state)
{
	struct warnings w = { "" };
	struct err_sink sink = { collect, &w };
	struct err err = ERR_INIT;
	struct parttable t;

	(void)state;
	assert_int_equal(parse(&t,
		"plain, 1, 0x02, , 0x6000\n"
		"odd, data, nvs, , 0x6001\n"
		"enc, data, nvs, 0x20000, 0x3000, encrypted\n"
		"small, data, nvs, , 0x1000, readonly\n"
		"empty, data, nvs, , 0, readonly\n"
		"keys, data, nvs_keys, , 0x1000\n"
		"own, 0x40, 7, , 0x1000\n"
		"huge, data, nvs, , 0x8001000\n", &err), 0);
	assert_non_null(parttable_find_nvs(&t, "plain", &sink, &err));
	assert_non_null(parttable_find_nvs(&t, "small", &sink, &err));
	assert_string_equal(w.text, "");
	assert_non_null(parttable_find_nvs(&t, "enc", &sink, &err));
	assert_string_equal(w.text,
		"p.csv:3:1: warning: partition 'enc' is flagged 'encrypted', "
		"which means flash encryption; NVS does not work with it: drop "
		"the flag, and encrypt the image with a key in an nvs_keys "
		"partition instead\n");
	expect_no_nvs(&t, "odd", 2, "partition 'odd' has 0x6001 bytes; NVS "
		      "needs a multiple of 0x1000");
	expect_no_nvs(&t, "empty", 5, "partition 'empty' has 0x0 bytes; NVS "
		      "needs a multiple of 0x1000");
	expect_no_nvs(&t, "keys", 6, "partition 'keys' is data/nvs_keys; one "
		      "of type data/nvs is needed here");
	expect_no_nvs(&t, "own", 7, "partition 'own' is 0x40/0x7; one of type "
		      "data/nvs is needed here");
	expect_no_nvs(&t, "huge", 8, "partition 'huge' has 0x8001000 bytes; at "
		      "most 0x8000000 are possible");
	expect_no_nvs(&t, "none", 0, "no partition 'none'; the table has: "
		      "plain, odd, enc, small, empty, keys, own, huge");
	parttable_release(&t);
}

static void test_keys(void **state)
{
	struct warnings w = { "" };
	struct err_sink sink = { collect, &w };
	struct err err = ERR_INIT;
	struct parttable t;

	(void)state;
	assert_int_equal(parse(&t, "k1, data, nvs_keys, , 0x2000\n"
			       "k2, data, nvs_keys, , 0x1000, encrypted\n",
			       &err), 0);
	parttable_check_keys(&t, &sink);
	assert_string_equal(w.text,
		"p.csv:1:1: warning: key partition 'k1' has 0x2000 bytes; a "
		"key file has 0x1000, and so should the partition\n"
		"p.csv:1:1: warning: key partition 'k1' is not flagged "
		"'encrypted': whoever reads the flash has the keys; add the "
		"flag and enable flash encryption\n");
	w.text[0] = '\0';
	assert_non_null(parttable_find_keys(&t, "k2", &sink, &err));
	assert_string_equal(w.text,
		"p.csv:2:1: warning: the firmware takes its keys from the "
		"first nvs_keys partition, which is 'k1', not 'k2'\n");
	parttable_release(&t);

	w.text[0] = '\0';
	assert_int_equal(parse(&t, "k, data, nvs_keys, , 4K, encrypted", &err),
			 0);
	parttable_check_keys(&t, &sink);
	assert_non_null(parttable_find_keys(&t, "k", &sink, &err));
	assert_string_equal(w.text, "");
	parttable_release(&t);

	assert_int_equal(parse(&t, typical, &err), 0);
	parttable_check_keys(&t, &sink);
	assert_string_equal(w.text,
		"p.csv: warning: the table has no partition of type "
		"data/nvs_keys: the firmware will find no key for encrypted "
		"images\n");
	assert_null(parttable_find_keys(&t, "fctry", &sink, &err));
	assert_string_equal(err.msg, "partition 'fctry' is data/nvs; one of "
			    "type data/nvs_keys is needed here");
	parttable_release(&t);
}

/* ---- The binary form ---- */

static uint8_t *put_row(uint8_t *p, unsigned type, unsigned subtype,
			uint32_t offset, uint32_t size, const char *name,
			uint32_t flags)
{
	memset(p, 0, 32);
	p[0] = 0xAA;
	p[1] = 0x50;
	p[2] = (uint8_t)type;
	p[3] = (uint8_t)subtype;
	le_put32(p + 4, offset);
	le_put32(p + 8, size);
	memcpy(p + 12, name, strlen(name));
	le_put32(p + 28, flags);
	return p + 32;
}

/*
 * Two rows and their MD5, which was computed with the command md5sum over
 * the 64 bytes before it.
 */
static size_t make_binary(uint8_t out[128])
{
	static const uint8_t md5[16] = {
		0xDC, 0x76, 0x17, 0x3D, 0x07, 0x59, 0x00, 0xD4,
		0x08, 0x3F, 0x8D, 0x46, 0xFF, 0xC5, 0x64, 0x8E
	};
	uint8_t *p = out;

	p = put_row(p, 1, 2, 0x9000, 0x6000, "nvs", 0);
	p = put_row(p, 1, 4, 0xf000, 0x1000, "sixteen_bytes_it", 1);
	memset(p, 0xFF, 64);
	p[0] = p[1] = 0xEB;
	memcpy(p + 16, md5, 16);
	return 128;
}

static void test_binary(void **state)
{
	struct err err = ERR_INIT;
	struct parttable t;
	uint8_t raw[128];
	size_t n = make_binary(raw);

	(void)state;
	assert_int_equal(parttable_parse(&t, "p.bin", raw, n, &defaults, NULL,
					 &err), 0);
	assert_int_equal(t.count, 2);
	assert_string_equal(t.rows[0].name, "nvs");
	assert_int_equal(t.rows[0].offset, 0x9000);
	assert_int_equal(t.rows[0].size, 0x6000);
	assert_string_equal(t.rows[1].name, "sixteen_bytes_it");
	assert_int_equal(t.rows[1].subtype, PART_DATA_NVS_KEYS);
	assert_int_equal(t.rows[1].flags, PART_ENCRYPTED);
	parttable_release(&t);

	raw[40] ^= 1; /* a size */
	assert_int_equal(parttable_parse(&t, "p.bin", raw, n, &defaults, NULL,
					 &err), ERR_DAMAGED);
	assert_string_equal(err.msg, "the MD5 of the partition table does not "
			    "match its rows: the file is damaged");
	assert_int_equal(err.off, 64);
}

static void expect_damaged(const uint8_t *raw, size_t n, int64_t off)
{
	struct err err = ERR_INIT;
	struct parttable t;

	assert_int_equal(parttable_parse(&t, "p.bin", raw, n, &defaults, NULL,
					 &err), ERR_DAMAGED);
	assert_int_equal(err.off, off);
	assert_null(t.rows);
}

static void test_binary_damaged(void **state)
{
	uint8_t raw[160];
	size_t n = make_binary(raw);

	(void)state;
	for (size_t cut = 2; cut < n; cut++)
		expect_damaged(raw, cut, (int64_t)(cut / 32 * 32));
	memmove(raw + 128, raw + 96, 32);
	put_row(raw + 96, 1, 2, 0x10000, 0x3000, "late", 0);
	expect_damaged(raw, 160, 96);
	put_row(raw + 64, 1, 2, 0x10000, 0x3000, "x", 0);
	raw[96] = 0;
	expect_damaged(raw, 160, 96);
}

/* Rows of a binary table may stand in any order; they are checked all the
 * same. */
static void test_binary_checks(void **state)
{
	struct warnings w = { "" };
	struct err_sink sink = { collect, &w };
	struct err err = ERR_INIT;
	struct parttable t;
	uint8_t raw[96];

	(void)state;
	memset(raw, 0xFF, sizeof(raw));
	put_row(raw, 1, 2, 0x20000, 0x6000, "b", 0x12);
	put_row(raw + 32, 1, 2, 0x9000, 0x6000, "a", 0);
	assert_int_equal(parttable_parse(&t, "p.bin", raw, sizeof(raw),
					 &defaults, &sink, &err), 0);
	assert_string_equal(w.text, "p.bin:0xc: warning: partition 'b' has flags "
			    "that are not known here: 0x10\n");
	parttable_release(&t);

	put_row(raw + 32, 1, 2, 0x1f000, 0x6000, "a", 0);
	assert_int_equal(parttable_parse(&t, "p.bin", raw, sizeof(raw),
					 &defaults, NULL, &err), ERR_RANGE);
	assert_string_equal(err.msg, "partitions 'b' (0x20000 to 0x26000) and "
			    "'a' (0x1f000 to 0x25000) overlap");
	err_clear(&err);
	put_row(raw + 32, 1, 2, 0x8000, 0x6000, "a", 0);
	assert_int_equal(parttable_parse(&t, "p.bin", raw, sizeof(raw),
					 &defaults, NULL, &err), ERR_RANGE);
	assert_string_equal(err.msg, "partition 'a': its offset 0x8000 lies "
			    "before 0x9000, the end of the partition table");
}

static void test_binary_row_limit(void **state)
{
	static uint8_t raw[97 * 32];
	struct err err = ERR_INIT;
	struct parttable t;

	(void)state;
	for (unsigned i = 0; i < 96; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%u", i);
		put_row(raw + i * 32, 1, 2, 0x9000 + i * 0x3000, 0x3000, name,
			0);
	}
	memset(raw + 95 * 32, 0xFF, 32);
	assert_int_equal(parttable_parse(&t, "p", raw, 96 * 32, &defaults,
					 NULL, &err), 0);
	assert_int_equal(t.count, 95);
	parttable_release(&t);
	put_row(raw + 95 * 32, 1, 2, 0x9000 + 95 * 0x3000, 0x3000, "n95", 0);
	memset(raw + 96 * 32, 0xFF, 32);
	assert_int_equal(parttable_parse(&t, "p", raw, 97 * 32, &defaults,
					 NULL, &err), ERR_RANGE);
	assert_string_equal(err.msg, "96 partitions; a table holds at most 95");
}

static void test_load(void **state)
{
	char path[] = "/tmp/test_parttable.XXXXXX";
	struct err err = ERR_INIT;
	struct parttable t;
	int fd = mkstemp(path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	(void)state;
	assert_non_null(f);
	fputs(typical, f);
	fclose(f);
	assert_int_equal(parttable_load(&t, path, &defaults, NULL, &err), 0);
	assert_int_equal(t.count, 4);
	parttable_release(&t);
	remove(path);
	assert_int_equal(parttable_load(&t, path, &defaults, NULL, &err),
			 ERR_IO);
	assert_null(t.rows);
}

/* ---- Every allocation fails once ---- */

static void test_out_of_memory(void **state)
{
	struct err err = ERR_INIT;
	struct parttable t;
	unsigned n;
	int r = ERR_NOMEM;

	(void)state;
	for (n = 0; r && n < 1000; n++) {
		fail_allocation(n + 1, false);
		err_clear(&err);
		r = parse(&t, typical, &err);
		if (r && (r != ERR_NOMEM || t.rows))
			break;
	}
	assert_false(allocation_failed());
	assert_int_equal(r, 0);
	assert_true(n > 5);
	parttable_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_typical),
		cmocka_unit_test(test_two_apps),
		cmocka_unit_test(test_small_and_custom),
		cmocka_unit_test(test_negative_size),
		cmocka_unit_test(test_numbers_for_names),
		cmocka_unit_test(test_comments_and_line_ends),
		cmocka_unit_test(test_wide_encodings),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_fixed_rows),
		cmocka_unit_test(test_number_spellings),
		cmocka_unit_test(test_bug_number_without_a_negative),
		cmocka_unit_test(test_invalid_places),
		cmocka_unit_test(test_invalid_fields),
		cmocka_unit_test(test_invalid_flags),
		cmocka_unit_test(test_whole_table_checks),
		cmocka_unit_test(test_not_text),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_row_limit),
		cmocka_unit_test(test_name_warnings),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_find_nvs),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_binary),
		cmocka_unit_test(test_binary_damaged),
		cmocka_unit_test(test_binary_checks),
		cmocka_unit_test(test_binary_row_limit),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
