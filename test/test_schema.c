/* SPDX-License-Identifier: Apache-2.0 */
/* test_schema.c - configurations: what they say, and each mistake's place. */
#include "unit.h"

#include "csv_schema.h"

/* A configuration is refused, with these reports. */
static void expect_refused(const char *csv, const char *want)
{
	struct reports reports;
	struct err_sink sink = reports_sink(&reports);
	struct csv_schema s;
	int r = csv_schema_read(&s, "conf.csv", csv, strlen(csv), &sink);

	assert_string_equal(reports.text, want);
	assert_int_equal(r, reports.first);
	assert_int_not_equal(r, 0);
}

static void read_good(struct csv_schema *s, const char *csv)
{
	struct reports reports;
	struct err_sink sink = reports_sink(&reports);

	if (csv_schema_read(s, "conf.csv", csv, strlen(csv), &sink))
		fail_msg("%s", reports.text);
	assert_int_equal(reports.count, 0);
}

static void test_lines(void **state)
{
	struct csv_schema s;

	(void)state;
	read_good(&s, "\n app,namespace,\r\na,data,u8,\n\nb,FILE,Binary,REPEAT\n"
		  "net,namespace,,\na,data,string\n");
	assert_int_equal(s.count, 5);
	assert_int_equal(s.keys, 3);
	assert_true(s.repeats);
	assert_true(s.lines[0].spec.is_namespace);
	assert_string_equal(s.lines[0].spec.name, " app");
	assert_null(s.lines[0].ns);
	assert_buf(&s.lines[0].prefix, " app,namespace,,");
	assert_string_equal(s.lines[1].ns, " app");
	assert_string_equal(s.lines[1].spec.label, " app:a");
	assert_int_equal(s.lines[1].spec.pos.line, 3);
	assert_buf(&s.lines[1].prefix, "a,data,u8,");
	assert_false(s.lines[1].repeat);
	assert_true(s.lines[2].repeat);
	assert_true(s.lines[2].spec.from_file);
	assert_int_equal(s.lines[2].spec.pos.line, 5);
	assert_buf(&s.lines[2].prefix, "b,file,binary,");
	assert_string_equal(s.lines[4].ns, "net");
	csv_schema_release(&s);
	assert_int_equal(s.count, 0);
	csv_schema_release(&s);
}

/* Keys of one name in several namespaces; a namespace that comes again */
static void test_several_namespaces(void **state)
{
	struct csv_schema s;

	(void)state;
	read_good(&s, "a,namespace,\nk,data,u8\nb,namespace,\nk,data,u8\n"
		  "a,namespace,\nl,data,u8\n");
	assert_int_equal(s.keys, 3);
	assert_false(s.repeats);
	assert_string_equal(s.lines[5].ns, "a");
	csv_schema_release(&s);
	expect_refused("a,namespace,\nk,data,u8\nb,namespace,\nk,data,u8\n"
		       "a,namespace,\nk,data,u8\n",
		       "conf.csv:6:1: error: key 'k' in namespace 'a' is there "
		       "twice: the device would lose one of the values\n");
}

static void test_more_lines_than_first_room(void **state)
{
	struct buf csv = BUF_INIT;
	struct csv_schema s;

	(void)state;
	must(buf_puts(&csv, "n,namespace,\n"));
	for (unsigned i = 0; i < 500; i++)
		must(buf_printf(&csv, "key%u,data,u8\n", i));
	read_good(&s, buf_str(&csv));
	assert_int_equal(s.keys, 500);
	assert_string_equal(s.lines[500].spec.name, "key499");
	assert_string_equal(s.lines[500].ns, "n");
	csv_schema_release(&s);
	buf_release(&csv);
}

static void test_empty(void **state)
{
	static const char empty[] = "conf.csv:1:1: error: the configuration is "
		"empty, its first line has to be a namespace\n";

	(void)state;
	expect_refused("", empty);
	expect_refused("\n \n", empty);
	expect_refused("\xEF\xBB\xBF", empty);
	expect_refused("n,namespace,\nm,namespace,\n", "conf.csv:1:1: error: the "
		       "configuration has namespaces but no key\n");
}

static void test_first_line(void **state)
{
	(void)state;
	/* Once is enough: the next keys are not blamed as well. */
	expect_refused("a,data,u8\nb,data,u8\nn,namespace,\nc,data,u8\n",
		       "conf.csv:1:1: error: key 'a' stands before any "
		       "namespace: the first line has to be a namespace\n");
}

static void test_cells(void **state)
{
	(void)state;
	expect_refused("n,namespace,\nk,data\nl,data,u8\n", "conf.csv:2:3: "
		       "error: k: 2 cells, expected 3 (key,type,encoding), or "
		       "4 with the tag REPEAT: one or more are missing\n");
	expect_refused("n,namespace,\nk\nl,data,u8\n", "conf.csv:2:1: "
		       "error: k: 1 cell, expected 3 (key,type,encoding), or "
		       "4 with the tag REPEAT: one or more are missing\n");
	expect_refused("n,namespace,\nk,data,u8,REPEAT,x\n", "conf.csv:2:18: "
		       "error: k: 5 cells, expected 3 (key,type,encoding), or "
		       "4 with the tag REPEAT: a value with a comma in it has "
		       "to be quoted\n");
	expect_refused("n,namespace,,,,\nk,data,u8,,REPEAT\n", "conf.csv:1:15: "
		       "error: n: 6 cells, expected 3 (key,type,encoding), or "
		       "4 with the tag REPEAT: remove the commas at the end of "
		       "the line\nconf.csv:2:12: error: k: 5 cells, expected 3 "
		       "(key,type,encoding), or 4 with the tag REPEAT: the tag "
		       "is the fourth\n");
	expect_refused("n;namespace;\nk;data;u8\n", "conf.csv:1:2: error: the "
		       "first row is one cell with ';' in it: save the table "
		       "with commas between the cells\n");
}

static void test_tag(void **state)
{
	(void)state;
	expect_refused("n,namespace,\nk,data,u8,repeat\n", "conf.csv:2:11: "
		       "error: n:k: 'repeat' where only the tag REPEAT may "
		       "stand: write it in capitals, without blanks\n");
	expect_refused("n,namespace,\nk,data,u8,5\n", "conf.csv:2:11: "
		       "error: n:k: '5' where only the tag REPEAT may stand\n");
	expect_refused("n,namespace,,REPEAT\nk,data,u8\n", "conf.csv:1:14: "
		       "error: n: a namespace can't be tagged REPEAT\n");
}

/* All mistakes come, in order, and the rest is still looked at. */
static void test_all_mistakes(void **state)
{
	(void)state;
	expect_refused("n,namespace,\n"
		       "a,date,u8\n"
		       "b,data,u9\n"
		       "c,data,u8\n"
		       "c,data,u8\n"
		       "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
		       "\xA9\xC3\xA9,data,u8\n"
		       "key_19259,data,u8\n"
		       "\"key_120029\",data,u8\n"
		       "d,file,i64\n"
		       "e,data,blob_fill(4;0x00)\n",
		       "conf.csv:2:3: error: n:a: unknown type 'date', not one "
		       "of data, file, namespace\n"
		       "conf.csv:3:8: error: n:b: unknown encoding 'u9', not "
		       "one of u8, i8, u16, i16, u32, i32, u64, i64, string, "
		       "binary, hex2bin, base64\n"
		       "conf.csv:5:1: error: key 'c' in namespace 'n' is there "
		       "twice: the device would lose one of the values\n"
		       "conf.csv:6:1: error: key '\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
		       "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9' has 16 bytes, NVS "
		       "has room for 15: shorten it\n"
		       "conf.csv:8:1: error: key 'key_120029' in namespace 'n' "
		       "and key 'key_19259' in namespace 'n' have the same "
		       "lookup hash 0x48F2A9: the device would lose one of "
		       "them, rename one\n"
		       "conf.csv:9:8: error: n:d: the encoding 'i64' does not "
		       "go with type file, only string, binary, hex2bin and "
		       "base64 do\n"
		       "conf.csv:10:8: error: n:e: the encoding "
		       "'blob_fill(4;0x00)' is known to nvs_partition_gen "
		       "only\n");
}

static void test_namespace_clash(void **state)
{
	(void)state;
	expect_refused("n,namespace,\nk16214465,data,u8\ncfg,namespace,\n"
		       "k,data,u8\n", "conf.csv:3:1: error: namespace 'cfg' and "
		       "key 'k16214465' in namespace 'n' have the same lookup "
		       "hash 0x6DB262: the device would lose one of them, "
		       "rename one\n");
}

static void test_254_namespaces(void **state)
{
	struct buf csv = BUF_INIT;
	struct csv_schema s;

	(void)state;
	for (unsigned i = 1; i <= 254; i++)
		must(buf_printf(&csv, "ns%u,namespace,\n", i));
	must(buf_puts(&csv, "k,data,u8\n"));
	read_good(&s, buf_str(&csv));
	csv_schema_release(&s);
	must(buf_puts(&csv, "ns255,namespace,\nk,data,u8\n"));
	expect_refused(buf_str(&csv), "conf.csv:256:1: error: namespace "
		       "'ns255' is one too many: an NVS partition has room for "
		       "254\n");
	buf_release(&csv);
}

/* Keys of a namespace that was refused are not blamed, nor anyone's else. */
static void test_refused_namespace_is_reported_once(void **state)
{
	(void)state;
	expect_refused("a,namespace,\nk,data,u8\n1234567890123456,namespace,\n"
		       "k,data,u8\nl,data,u9\nb,namespace,\nk,data,u8\n",
		       "conf.csv:3:1: error: namespace '1234567890123456' has "
		       "16 bytes, NVS has room for 15: shorten it\n"
		       "conf.csv:5:8: error: ?:l: unknown encoding 'u9', not "
		       "one of u8, i8, u16, i16, u32, i32, u64, i64, string, "
		       "binary, hex2bin, base64\n");
}

/* The table's own failures end the reading, with what came before them. */
static void test_bad_table(void **state)
{
	(void)state;
	expect_refused("n,namespace,\nk,date,u8\nl,\"data,u8\n",
		       "conf.csv:2:3: error: n:k: unknown type 'date', not one "
		       "of data, file, namespace\n"
		       "conf.csv:3:3: error: the quote that opens this cell is "
		       "never closed: close it, or remove it\n");
	expect_refused("n\xE9,namespace,\n", "conf.csv:1:2: error: the byte "
		       "0xe9 is not UTF-8: save the file as UTF-8 "
		       "(in a spreadsheet: CSV UTF-8)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_several_namespaces),
		cmocka_unit_test(test_more_lines_than_first_room),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_first_line),
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_tag),
		cmocka_unit_test(test_all_mistakes),
		cmocka_unit_test(test_namespace_clash),
		cmocka_unit_test(test_254_namespaces),
		cmocka_unit_test(test_refused_namespace_is_reported_once),
		cmocka_unit_test(test_bad_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
