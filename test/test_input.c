/* SPDX-License-Identifier: Apache-2.0 */
/* test_input.c - input CSVs: columns by name, several files, each mistake. */
#include "unit.h"

#include "csv_input.h"

static struct reports reports;
static struct err_sink sink;

static int read_text(struct csv_input *in, const char *file, const char *csv)
{
	return csv_input_read(in, file, csv, strlen(csv), CSV_EXTENDED, &sink);
}

static void expect_refused(const char *csv, const char *want)
{
	struct csv_input in = CSV_INPUT_INIT;
	int r;

	sink = reports_sink(&reports);
	r = read_text(&in, "i.csv", csv);
	assert_string_equal(reports.text, want);
	assert_int_equal(r, reports.first);
	assert_true(r < 0);
	csv_input_release(&in);
}

static uint8_t image[0x3001];

/* Encode; the code of csv_input_encode(). reports has what was reported. */
static int encode(const struct csv_input *in, struct nvs_usage *usage,
		  size_t size, uint8_t *to)
{
	struct csv_files *files = csv_decoder_files(NULL);
	struct csv_decoder d;
	struct nvs_writer w;
	int r;

	assert_non_null(files);
	must(nvs_writer_init(&w, size, 2, NULL));
	csv_decoder_init(&d, files);
	sink = reports_sink(&reports);
	image[size] = SENTINEL;
	r = csv_input_encode(in, &d, &w, to, usage, &sink);
	assert_int_equal(image[size], SENTINEL);
	csv_decoder_release(&d);
	nvs_writer_release(&w);
	csv_files_free(files);
	return r;
}

static void start(struct csv_input *in, const char *csv)
{
	*in = (struct csv_input)CSV_INPUT_INIT;
	sink = reports_sink(&reports);
	if (read_text(in, "i.csv", csv))
		fail_msg("%s", reports.text);
}

#define HEADER "key,type,encoding,value\n"

static void test_worked_example(void **state)
{
	struct nvs_usage usage;
	struct csv_input in;

	(void)state;
	start(&in, HEADER "factory,namespace,,\n"
	      "serial_no,data,string,SN-0001\n");
	must(encode(&in, &usage, 0x3000, image));
	assert_hex(image + 64, 96,
		   "00 01 01 ff 4488f01f 666163746f727900 0000000000000000"
		   "01ffffffffffffff"
		   "01 21 02 ff 13ff2ae6 73657269616c5f6e 6f00000000000000"
		   "0800 ffff 13b16c38"
		   "534e2d3030303100 ffffffffffffffff ffffffffffffffff"
		   "ffffffffffffffff");
	assert_all(image + 160, 0x3000 - 160, 0xFF);
	assert_int_equal(usage.entries, 3);
	csv_input_release(&in);
}

/* Columns in any order, others between them, comments, missing cells */
static void test_columns_by_name(void **state)
{
	struct csv_input in;
	uint8_t want[0x3000];

	(void)state;
	start(&in, HEADER "n,namespace,,\nk,data,u8,5\n");
	must(encode(&in, NULL, 0x3000, image));
	memcpy(want, image, sizeof(want));
	csv_input_release(&in);
	start(&in, "# comment, \"\nvalue,note,encoding,type,key\n#\n"
	      ",,,namespace,n\n5,\"x,y\",u8,data,k\n");
	must(encode(&in, NULL, 0x3000, image));
	assert_memory_equal(image, want, sizeof(want));
	csv_input_release(&in);
	/* A namespace needs no more than its name and type. */
	start(&in, HEADER "n,namespace\nk,data,u8,5\n");
	must(encode(&in, NULL, 0x3000, image));
	assert_memory_equal(image, want, sizeof(want));
	csv_input_release(&in);
	start(&in, HEADER "n,namespace,\nk,data,u8,5\n");
	must(encode(&in, NULL, 0x3000, image));
	assert_memory_equal(image, want, sizeof(want));
	csv_input_release(&in);
}

static void test_several_files(void **state)
{
	struct csv_input in;

	(void)state;
	start(&in, HEADER "n,namespace,,\na,data,u8,1\n");
	/* The namespace goes on; columns are each file's own. */
	must(read_text(&in, "2.csv", "value,key,encoding,type\n2,b,u8,data\n"
		       ",m,,namespace\n"));
	must(read_text(&in, "3.csv", HEADER "c,data,u8,300\n"));
	assert_int_equal(in.count, 5);
	assert_string_equal(in.lines[2].spec.label, "n:b");
	assert_string_equal(in.lines[4].spec.label, "m:c");
	assert_int_equal(encode(&in, NULL, 0x3000, image), ERR_RANGE);
	assert_string_equal(reports.text, "3.csv:2:11: error: m:c: '300' does "
			    "not fit u8 (0 to 255)\n");
	csv_input_release(&in);
}

static void test_header(void **state)
{
	static const char empty[] = "i.csv:1:1: error: there is no header, "
		"a first line that names key,type,encoding,value\n";

	(void)state;
	expect_refused("", empty);
	expect_refused("\n\n", empty);
	expect_refused("# x\n", empty);
	expect_refused("\nn,namespace,,\n", "i.csv:2:1: error: the header has no "
		       "column 'key': the first line has to name "
		       "key,type,encoding,value\n");
	expect_refused("key,type,value\n", "i.csv:1:1: error: the header has no "
		       "column 'encoding': the first line has to name "
		       "key,type,encoding,value\n");
	expect_refused("Key,type,encoding,value\n", "i.csv:1:1: error: the header "
		       "has no column 'key': the first line has to name "
		       "key,type,encoding,value; column 1, 'Key', is spelled "
		       "differently: blanks and capitals count\n");
	expect_refused("key,type,encoding,value,key\n", "i.csv:1:25: error: a "
		       "second column 'key': which one is meant? Rename or "
		       "remove one\n");
	expect_refused("key;type;encoding;value\n", "i.csv:1:4: error: the "
		       "first row is one cell with ';' in it: save the table "
		       "with commas between the cells\n");
	expect_refused("key,type,encoding,\"value\n", "i.csv:1:19: error: the "
		       "quote that opens this cell is never closed: close it, "
		       "or remove it\n");
}

static void test_rows(void **state)
{
	(void)state;
	expect_refused(HEADER "k,data,u8,1\nl,data,u8,1\n",
		       "i.csv:2:1: error: key 'k' stands before any namespace: "
		       "the first line has to be a namespace\n");
	expect_refused(HEADER "n,namespace,,\nk,data,u8\nl,data,u9,1\n"
		       "m,data,u8,1,2\n\"o\",date,u8,1\no\n",
		       "i.csv:3:8: error: k: 3 cells, expected 4 as in the "
		       "header: one or more are missing\n"
		       "i.csv:4:8: error: n:l: unknown encoding 'u9', not one "
		       "of u8, i8, u16, i16, u32, i32, u64, i64, string, "
		       "binary, hex2bin, base64\n"
		       "i.csv:5:13: error: m: 5 cells, expected 4 as in the "
		       "header: a value with a comma in it has to be quoted\n"
		       "i.csv:6:5: error: n:o: unknown type 'date', not one of "
		       "data, file, namespace\n"
		       "i.csv:7:1: error: o: 1 cell, expected 4 as in the "
		       "header: one or more are missing\n");
	/* Too many cells are too many for a namespace as well. */
	expect_refused(HEADER "n,namespace,,,\n", "i.csv:2:15: error: n: 5 "
		       "cells, expected 4 as in the header: remove the commas "
		       "at the end of the line\n");
}

static void test_plain_dialect(void **state)
{
	static const char csv[] = HEADER "n,namespace,,\n"
		"k,data,blob_fill(4;0x00),x\n";
	struct csv_input in = CSV_INPUT_INIT;

	(void)state;
	sink = reports_sink(&reports);
	assert_int_equal(csv_input_read(&in, "i.csv", csv, strlen(csv),
					CSV_PLAIN, &sink), ERR_INPUT);
	assert_int_equal(reports.count, 1);
	csv_input_release(&in);
	start(&in, csv);
	assert_int_equal(in.lines[1].spec.encoding, CSV_BLOB_FILL);
	csv_input_release(&in);
}

static void test_mistakes_of_values(void **state)
{
	struct csv_input in;

	(void)state;
	start(&in, HEADER "n,namespace,,\na,data,u8,300\nb,data,hex2bin,abc\n"
	      "c,data,u8,1\nc,data,u8,2\nm,namespace,,\n"
	      "d,file,binary,none\n");
	assert_int_equal(encode(&in, NULL, 0x3000, image), ERR_RANGE);
	assert_string_equal(reports.text,
		"i.csv:3:11: error: n:a: '300' does not fit u8 (0 to 255)\n"
		"i.csv:4:16: error: n:b: 'abc': an odd number of hex digits "
		"(3), two are needed for each byte\n"
		"i.csv:6:1: error: key 'c' in namespace 'n' is there twice: "
		"the device would lose one of the values\n"
		"i.csv:8:15: error: m:d: cannot open 'none': No such file or "
		"directory; relative paths start in the current directory\n");
	csv_input_release(&in);
}

/* One mistake, one message: what follows is not taken for another's. */
static void test_refused_namespace_is_reported_once(void **state)
{
	struct csv_input in;

	(void)state;
	start(&in, HEADER "n,namespace,,\nk16214465,data,u8,1\nk,data,u8,1\n"
	      "cfg,namespace,,\nk,data,u8,2\nl,data,u8,300\n"
	      "m,namespace,,\nk,data,u8,3\nk,data,u8,4\n");
	assert_int_equal(encode(&in, NULL, 0x3000, image), ERR_DUPLICATE);
	assert_string_equal(reports.text,
		"i.csv:5:1: error: namespace 'cfg' and key 'k16214465' in "
		"namespace 'n' have the same lookup hash 0x6DB262: the device "
		"would lose one of them, rename one\n"
		"i.csv:7:11: error: cfg:l: '300' does not fit u8 (0 to 255)\n"
		"i.csv:10:1: error: key 'k' in namespace 'm' is there twice: "
		"the device would lose one of the values\n");
	csv_input_release(&in);
}

static void test_does_not_fit(void **state)
{
	struct buf csv = BUF_INIT;
	struct nvs_usage usage;
	struct csv_input in;

	(void)state;
	must(buf_puts(&csv, HEADER "n,namespace,,\n"));
	for (unsigned i = 0; i < 130; i++)
		must(buf_printf(&csv, "k%u,data,u8,1\n", i));
	start(&in, buf_str(&csv));
	/* Measured, the end tells; written, each item that is out. */
	assert_int_equal(encode(&in, &usage, 0x1000, NULL), ERR_FULL);
	assert_string_equal(reports.text, "i.csv:128:14: error: the data does not fit "
			    "the partition of 0x1000 bytes, it needs at least "
			    "0x2000 ('k125' is the first that is out)\n");
	assert_int_equal(usage.needed, 0x2000);
	assert_int_equal(encode(&in, &usage, 0x1000, image), ERR_FULL);
	assert_int_equal(reports.count, 5);
	assert_ptr_equal(strstr(reports.text, "i.csv:128:14: error: 'k125' does "
				"not fit: the partition of 0x1000 bytes is "
				"full\ni.csv:129:14: "), reports.text);
	csv_input_release(&in);
	buf_release(&csv);
}

/* A blob for Wi-Fi: the rows are known before the first is added. */
static void test_companions(void **state)
{
	struct csv_input in;

	(void)state;
	start(&in, HEADER "nvs.net80211,namespace,,\n"
	      "sta.ssid,data,blob_sz_fill(4;0x00),ab\n"
	      "sta.pmk,data,binary,mine\n");
	must(encode(&in, NULL, 0x3000, image));
	assert_string_equal((char *)image + 64 + 4 * 32 + 8, "sta.apinfo");
	assert_string_equal((char *)image + 64 + 11 * 32 + 8, "sta.apsw");
	assert_string_equal((char *)image + 64 + 14 * 32 + 8, "sta.pmk");
	assert_hex(image + 64 + 15 * 32, 4, "6d696e65");
	csv_input_release(&in);
}

static void test_no_rows(void **state)
{
	struct csv_input in;

	(void)state;
	start(&in, HEADER);
	assert_int_equal(in.count, 0);
	must(encode(&in, NULL, 0x3000, image));
	assert_hex(image, 4, "feffffff");
	assert_all(image + 32, 0x3000 - 32, 0xFF);
	csv_input_release(&in);
	csv_input_release(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worked_example),
		cmocka_unit_test(test_columns_by_name),
		cmocka_unit_test(test_several_files),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_plain_dialect),
		cmocka_unit_test(test_mistakes_of_values),
		cmocka_unit_test(test_refused_namespace_is_reported_once),
		cmocka_unit_test(test_does_not_fit),
		cmocka_unit_test(test_companions),
		cmocka_unit_test(test_no_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
