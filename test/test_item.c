/* SPDX-License-Identifier: Apache-2.0 */
/* test_item.c - cells as typed items: every encoding, limit and message. */
#include "unit.h"

#include "csv_item.h"
#include "nvs_writer.h"

static uint8_t image[0x4000];
static struct nvs_writer writer;
static struct nvs_item_sink into;
static struct csv_files *files;
static struct csv_decoder decoder;
static struct err err;

static int begin(void **state)
{
	(void)state;
	empty_scratch();
	err = (struct err)ERR_INIT;
	must(nvs_writer_init(&writer, sizeof(image), 2, &err));
	files = csv_decoder_files(&err);
	assert_non_null(files);
	csv_decoder_init(&decoder, files);
	csv_decoder_start(&decoder);
	nvs_writer_start(&writer, image);
	into = nvs_writer_sink(&writer);
	must(nvs_writer_namespace(&writer, "ns", &err));
	return 0;
}

static int end(void **state)
{
	(void)state;
	csv_decoder_release(&decoder);
	csv_files_free(files);
	nvs_writer_release(&writer);
	return 0;
}

static struct csv_cell cell(const char *text, unsigned col)
{
	return (struct csv_cell){ text, strlen(text), 7, col, false };
}

/* Line 7 with the key in column 1, type in 11, encoding in 21, value 31 */
static int parse(struct csv_spec *spec, const char *key, const char *type,
		 const char *encoding, const char *ns,
		 enum csv_dialect dialect)
{
	struct csv_cell k = cell(key, 1), t = cell(type, 11),
			e = cell(encoding, 21);

	err_clear(&err);
	return csv_spec_parse(spec, "f.csv", &k, &t, &e, ns, dialect, &err);
}

static void expect_place(const char *file, unsigned line, unsigned col)
{
	assert_string_equal(err.pos.file, file);
	assert_int_equal(err.pos.line, line);
	assert_int_equal(err.pos.col, col);
}

/* ---- Key, type, encoding ---- */

static void expect_spec_refused(const char *key, const char *type,
				const char *encoding, const char *ns,
				int code, unsigned col, const char *msg)
{
	struct csv_spec spec;

	assert_int_equal(parse(&spec, key, type, encoding, ns, CSV_PLAIN),
			 code);
	assert_err(&err, code, msg);
	expect_place("f.csv", 7, col);
}

static void test_words_in_any_case(void **state)
{
	static const struct { const char *word; enum csv_encoding e; } all[] = {
		{ "u8", CSV_U8 }, { "i8", CSV_I8 }, { "u16", CSV_U16 },
		{ "i16", CSV_I16 }, { "u32", CSV_U32 }, { "i32", CSV_I32 },
		{ "u64", CSV_U64 }, { "i64", CSV_I64 },
		{ "string", CSV_STRING }, { "binary", CSV_BINARY },
		{ "hex2bin", CSV_HEX2BIN }, { "base64", CSV_BASE64 },
		{ "U8", CSV_U8 }, { "String", CSV_STRING },
		{ "HEX2BIN", CSV_HEX2BIN },
	};
	struct csv_spec spec;

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		must(parse(&spec, "k", "DATA", all[i].word, "ns", CSV_PLAIN));
		assert_int_equal(spec.encoding, all[i].e);
		assert_false(spec.is_namespace);
		assert_false(spec.from_file);
		assert_string_equal(spec.name, "k");
		assert_string_equal(spec.label, "ns:k");
		assert_int_equal(spec.pos.line, 7);
		assert_int_equal(spec.pos.col, 1);
		csv_spec_release(&spec);
	}
	must(parse(&spec, "k", "File", "binary", "ns", CSV_PLAIN));
	assert_true(spec.from_file);
	csv_spec_release(&spec);
	must(parse(&spec, "other", "NameSpace", "", "ns", CSV_PLAIN));
	assert_true(spec.is_namespace);
	assert_string_equal(spec.label, "other");
	csv_spec_release(&spec);
}

#define KNOWN "u8, i8, u16, i16, u32, i32, u64, i64, string, binary, " \
	      "hex2bin, base64"

static void test_spec_refused(void **state)
{
	(void)state;
	expect_spec_refused("k", "dat", "u8", "ns", ERR_INPUT, 11,
			    "ns:k: unknown type 'dat', not one of data, file, "
			    "namespace");
	expect_spec_refused("k", "", "u8", "ns", ERR_INPUT, 11,
			    "ns:k: the type is missing, one of data, file, "
			    "namespace");
	expect_spec_refused("k", "data ", "u8", "ns", ERR_INPUT, 11,
			    "ns:k: unknown type 'data ', not one of data, "
			    "file, namespace (blanks are part of a cell: "
			    "remove them)");
	expect_spec_refused("k", "data", "", "ns", ERR_INPUT, 21,
			    "ns:k: the encoding is missing, one of " KNOWN);
	expect_spec_refused("k", "data", "u9", "ns", ERR_INPUT, 21,
			    "ns:k: unknown encoding 'u9', not one of " KNOWN);
	expect_spec_refused("k", "data", "u8 ", "ns", ERR_INPUT, 21,
			    "ns:k: unknown encoding 'u8 ', not one of " KNOWN
			    " (blanks are part of a cell: remove them)");
	expect_spec_refused("k", "data", "u8(4)", "ns", ERR_INPUT, 21,
			    "ns:k: unknown encoding 'u8(4)', not one of "
			    KNOWN);
	expect_spec_refused("k", "data", "blob_fill(4;0x00)", "ns", ERR_INPUT,
			    21, "ns:k: the encoding 'blob_fill(4;0x00)' is "
			    "known to nvs_partition_gen only");
	expect_spec_refused("k", "file", "u8", "ns", ERR_INPUT, 21,
			    "ns:k: the encoding 'u8' does not go with type "
			    "file, only string, binary, hex2bin and base64 do");
	expect_spec_refused("k", "data", "u8", NULL, ERR_INPUT, 1,
			    "key 'k' stands before any namespace: the first "
			    "line has to be a namespace");
	expect_spec_refused("", "data", "u8", "ns", ERR_RANGE, 1,
			    "the key's name is empty");
	expect_spec_refused("1234567890123456", "data", "u8", "ns", ERR_RANGE,
			    1, "key '1234567890123456' has 16 bytes, NVS has "
			    "room for 15: shorten it");
	expect_spec_refused("", "namespace", "", NULL, ERR_RANGE, 1,
			    "the namespace's name is empty");
	expect_spec_refused("1234567890123456", "namespace", "", NULL,
			    ERR_RANGE, 1, "namespace '1234567890123456' has 16 "
			    "bytes, NVS has room for 15: shorten it");
}

static void test_put(void **state)
{
	static const char *const cases[][4] = {
		{ "k", "DATA", "U8", "k,data,u8," },
		{ "k", "File", "Hex2Bin", "k,file,hex2bin," },
		{ "n", "Namespace", "x", "n,namespace,," },
		{ "a,b", "data", "i64", "\"a,b\",data,i64," },
		{ "#k", "data", "u8", "\"#k\",data,u8," },
		{ "#\"", "namespace", "", "\"#\"\"\",namespace,," },
	};
	struct buf out = BUF_INIT;
	struct csv_spec spec;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		must(parse(&spec, cases[i][0], cases[i][1], cases[i][2], "ns",
			   CSV_PLAIN));
		out.len = 0;
		must(csv_spec_put(&spec, &out));
		assert_buf(&out, cases[i][3]);
		csv_spec_release(&spec);
	}
	buf_release(&out);
}

/* ---- Values ---- */

/* Add a value to an image of its own; where its entry stands. */
static const uint8_t *add(const char *type, const char *encoding,
			  const char *value, size_t len, int code)
{
	struct csv_cell v = { value, len, 7, 31, false };
	struct csv_spec spec;
	int r;

	csv_decoder_start(&decoder);
	nvs_writer_start(&writer, image);
	into = nvs_writer_sink(&writer);
	must(nvs_writer_namespace(&writer, "ns", &err));
	must(parse(&spec, "key", type, encoding, "ns", CSV_EXTENDED));
	r = csv_decoder_add(&decoder, &into, &spec, "v.csv", &v, &err);
	csv_spec_release(&spec);
	if (r != code)
		fail_msg("%s %s '%s': %d, %s", type, encoding, value, r,
			 err.msg);
	return image + 64 + 32;
}

static void expect_number(const char *encoding, const char *value,
			  const char *hex)
{
	const uint8_t *e = add("data", encoding, value, strlen(value), 0);

	assert_hex(e + 24, strlen(hex) / 2, hex);
	assert_all(e + 24 + strlen(hex) / 2, 8 - strlen(hex) / 2, 0xFF);
}

/* A value is refused with this message behind "ns:key: ", at the value. */
static void expect_refused(const char *type, const char *encoding,
			   const char *value, int code, const char *msg)
{
	add(type, encoding, value, strlen(value), code);
	assert_int_equal(err.code, code);
	assert_memory_equal(err.msg, "ns:key: ", 8);
	assert_string_equal(err.msg + 8, msg);
	expect_place("v.csv", 7, 31);
	err_clear(&err);
}

static void test_number_limits(void **state)
{
	(void)state;
	expect_number("u8", "0", "00");
	expect_number("u8", "255", "ff");
	expect_number("i8", "-128", "80");
	expect_number("i8", "127", "7f");
	expect_number("u16", "65535", "ffff");
	expect_number("i16", "-32768", "0080");
	expect_number("i16", "32767", "ff7f");
	expect_number("u32", "4294967295", "ffffffff");
	expect_number("i32", "-2147483648", "00000080");
	expect_number("i32", "2147483647", "ffffff7f");
	expect_number("u64", "18446744073709551615", "ffffffffffffffff");
	expect_number("i64", "-9223372036854775808", "0000000000000080");
	expect_number("i64", "9223372036854775807", "ffffffffffffff7f");
}

static void test_number_spellings(void **state)
{
	(void)state;
	expect_number("u8", "0x10", "10");
	expect_number("u8", "0XfF", "ff");
	expect_number("i8", "-0x80", "80");
	expect_number("u16", " 010\n", "0a00");
	expect_number("u8", "+5", "05");
	expect_number("u8", "-0", "00");
	expect_number("i32", "-1", "ffffffff");
}

static void test_numbers_refused(void **state)
{
	static const char *const beyond[][3] = {
		{ "u8", "256", "(0 to 255)" }, { "u8", "-1", "(0 to 255)" },
		{ "i8", "128", "(-128 to 127)" },
		{ "i8", "-129", "(-128 to 127)" },
		{ "u16", "65536", "(0 to 65535)" },
		{ "i16", "32768", "(-32768 to 32767)" },
		{ "i16", "-32769", "(-32768 to 32767)" },
		{ "u32", "4294967296", "(0 to 4294967295)" },
		{ "i32", "2147483648", "(-2147483648 to 2147483647)" },
		{ "i32", "-0x80000001", "(-2147483648 to 2147483647)" },
		{ "u64", "18446744073709551616",
		  "(0 to 18446744073709551615)" },
		{ "u64", "-1", "(0 to 18446744073709551615)" },
		{ "i64", "9223372036854775808",
		  "(-9223372036854775808 to 9223372036854775807)" },
		{ "i64", "-9223372036854775809",
		  "(-9223372036854775808 to 9223372036854775807)" },
		{ "i64", "99999999999999999999",
		  "(-9223372036854775808 to 9223372036854775807)" },
	};
	char msg[256];

	(void)state;
	for (size_t i = 0; i < sizeof(beyond) / sizeof(*beyond); i++) {
		snprintf(msg, sizeof(msg), "'%s' does not fit %s %s",
			 beyond[i][1], beyond[i][0], beyond[i][2]);
		expect_refused("data", beyond[i][0], beyond[i][1], ERR_RANGE,
			       msg);
	}
	expect_refused("data", "u8", "", ERR_RANGE, "the cell is empty where a "
		       "number has to be, of type u8 (0 to 255)");
	expect_refused("data", "u8", "  ", ERR_RANGE, "'  ' is empty where a "
		       "number has to be, of type u8 (0 to 255)");
	expect_refused("data", "u8", "1.5", ERR_RANGE, "'1.5' is no number of "
		       "type u8 (0 to 255): write digits only, without blanks, "
		       "separators or decimals");
	expect_refused("data", "i8", "0b1", ERR_RANGE, "'0b1' is no number of "
		       "type i8 (-128 to 127)");
	/* A long one is cut: the message still has room for what matters. */
	expect_refused("data", "u8", "this is no number and a long one at that, "
		       "longer than what is shown", ERR_RANGE,
		       "'this is no number and a long one at that, lo...' is "
		       "no number of type u8 (0 to 255)");
}

static void expect_data(const char *type, const char *encoding,
			const char *value, size_t len, unsigned nvs_type,
			const char *hex)
{
	uint8_t want[256];
	size_t n = unhex(hex, want, sizeof(want));
	const uint8_t *e = add(type, encoding, value, len, 0);

	assert_int_equal(e[1], nvs_type);
	assert_int_equal(le_get16(e + 24), n);
	assert_hex(e + 32, n, hex);
	assert_all(e + 32 + n, (e[2] - 1u) * 32 - n, 0xFF);
}

static void expect_text(const char *encoding, const char *value,
			unsigned nvs_type, const char *hex)
{
	expect_data("data", encoding, value, strlen(value), nvs_type, hex);
}

static void test_texts(void **state)
{
	(void)state;
	expect_text("string", "", 0x21, "00");
	expect_text("string", "caf\xC3\xA9", 0x21, "636166c3a900");
	expect_text("string", " a\nb ", 0x21, "20610a622000");
	expect_text("binary", "", 0x42, "");
	expect_text("binary", "caf\xC3\xA9", 0x42, "636166c3a9");
	expect_text("hex2bin", "", 0x42, "");
	expect_text("hex2bin", "00fF", 0x42, "00ff");
	expect_text("hex2bin", " aB\n", 0x42, "ab");
	expect_text("base64", "", 0x42, "");
	expect_text("base64", "AP8=", 0x42, "00ff");
	expect_text("base64", "AP\r\n8=", 0x42, "00ff");
}

static void test_texts_refused(void **state)
{
	(void)state;
	expect_refused("data", "hex2bin", "abc", ERR_INPUT, "'abc': an odd "
		       "number of hex digits (3), two are needed for each "
		       "byte");
	expect_refused("data", "hex2bin", "0xab", ERR_INPUT, "'0xab': 'x' at "
		       "character 2 is no hex digit: leave out the 0x");
	expect_refused("data", "base64", "AP8", ERR_INPUT, "'AP8': base64 of 3 "
		       "characters with 0 '=' at its end: a multiple of 4 is "
		       "needed, padded with at most two");
	/* What is long may be a key, and is not repeated. */
	expect_refused("data", "hex2bin", "000102030405060708090a0b0", ERR_INPUT,
		       "an odd number of hex digits (25), two are needed for "
		       "each byte");
	expect_refused("data", "hex2bin", "000102030405060708090a0bx",
		       ERR_INPUT, "'x' at character 25 is no hex digit");
}

static void test_lengths_refused(void **state)
{
	static char text[8002];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[4000] = '\0';
	expect_refused("data", "string", text, ERR_RANGE, "4000 bytes are too "
		       "long for a string in NVS version 2, at most 3999 are "
		       "possible");
	text[3999] = '\0';
	add("data", "string", text, 3999, 0);
}

/* ---- The two for Wi-Fi settings ---- */

static void test_fill(void **state)
{
	(void)state;
	expect_text("blob_fill(4;0xA5)", "ab", 0x42, "6162a5a5");
	expect_text("BLOB_FILL(4;0Xff)", "abcd", 0x42, "61626364");
	expect_text("blob_fill(0x04;0x5)", "", 0x42, "05050505");
	expect_text("blob_fill(;0x00)", "", 0x42, "");
	expect_text("blob_sz_fill(4;0x00)", "ab", 0x42, "0200000061620000");
	expect_text("blob_sz_fill(2;0x00)", "\xC3\xA9", 0x42, "02000000c3a9");
	expect_text("blob_sz_fill(0;0x00)", "", 0x42, "00000000");
	expect_refused("data", "blob_fill(2;0x00)", "abc", ERR_RANGE, "'abc' "
		       "has 3 bytes, blob_fill has room for 2");
	expect_refused("data", "blob_sz_fill(2;0x00)", "abc", ERR_RANGE, "'abc' "
		       "has 3 bytes, blob_sz_fill has room for 2");
}

static void test_fill_malformed(void **state)
{
	static const char *const bad[] = {
		"blob_fill", "blob_fill()", "blob_fill(4)", "blob_fill(4;)",
		"blob_fill(4;0x)", "blob_fill(4;00)", "blob_fill(4;0x000)",
		"blob_fill(4;0xg0)", "blob_fill(x;0x00)", "blob_fill(-1;0x00)",
		"blob_fill(4;0x00", "blob_fill(4;0x00) ", "blob_fill(4,0x00)",
		"blob_fill((4;0x00)", "blob_fill(;)",
		"blob_fill(99999999999999999999;0x00)", "blob_fill(",
		"blob_fill(;", "blob_fill( 4;0x00)"
	};
	struct csv_spec spec;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (parse(&spec, "k", "data", bad[i], "ns", CSV_EXTENDED) !=
		    ERR_INPUT)
			fail_msg("'%s' is not refused", bad[i]);
		assert_non_null(strstr(err.msg, "is malformed, it has to be "
				       "blob_fill(LENGTH;0xNN)"));
		expect_place("f.csv", 7, 21);
	}
	assert_int_equal(parse(&spec, "k", "file", "blob_fill(4;0x00)", "ns",
			       CSV_EXTENDED), ERR_INPUT);
	assert_non_null(strstr(err.msg, "does not go with type file"));
}

/* ---- Files ---- */

static void test_file_values(void **state)
{
	(void)state;
	put_bytes_in("bin", "\0\xFF\n", 3);
	put_text_in("hex", " 00fF\n");
	put_text_in("b64", "AP\n8=\n");
	put_text_in("txt", "caf\xC3\xA9\n");
	put_text_in("empty", "");
	expect_data("file", "binary", "bin", 3, 0x42, "00ff0a");
	expect_data("file", "hex2bin", "hex", 3, 0x42, "00ff");
	expect_data("file", "base64", "b64", 3, 0x42, "00ff");
	expect_data("file", "string", "txt", 3, 0x21, "636166c3a90a00");
	expect_data("file", "binary", "empty", 5, 0x42, "");
	expect_data("file", "string", "empty", 5, 0x21, "00");
	/* One file, each way by itself */
	expect_data("file", "binary", "hex", 3, 0x42, "20303066460a");
	expect_data("file", "hex2bin", "hex", 3, 0x42, "00ff");
}

/* An empty file was counted from where it is not. */
static void test_bug_empty_hex_file_at_null(void **state)
{
	(void)state;
	put_text_in("empty", "");
	put_text_in("ends", "\n\r\n\r");
	expect_data("file", "hex2bin", "empty", 5, 0x42, "");
	expect_data("file", "base64", "empty", 5, 0x42, "");
	expect_data("file", "hex2bin", "ends", 4, 0x42, "");
}

static void test_file_values_refused(void **state)
{
	(void)state;
	must(mkdir("dir", 0777));
	put_bytes_in("latin1", "caf\xE9", 4);
	put_bytes_in("nul", "a\0b", 3);
	put_text_in("odd", "abc");
	put_text_in("bad64", "AP8");
	expect_refused("file", "binary", "", ERR_INPUT, "the name of the file "
		       "is empty");
	expect_refused("file", "binary", "none", ERR_IO, "cannot open 'none': "
		       "No such file or directory; relative paths start in "
		       "the current directory");
	expect_refused("file", "binary", "dir", ERR_INPUT, "'dir' is a "
		       "directory, a file is needed");
	expect_refused("file", "string", "latin1", ERR_INPUT, "'latin1': byte "
		       "4 (0xe9) is not UTF-8, a string has to be");
	expect_refused("file", "string", "nul", ERR_INPUT, "'nul': it holds a "
		       "NUL byte, where a string would end: use binary");
	expect_refused("file", "hex2bin", "odd", ERR_INPUT, "'odd': an odd "
		       "number of hex digits (3), two are needed for each "
		       "byte");
	expect_refused("file", "base64", "bad64", ERR_INPUT, "'bad64': base64 "
		       "of 3 characters with 0 '=' at its end: a multiple of 4 "
		       "is needed, padded with at most two");
	/* As binary both will do. */
	expect_data("file", "binary", "latin1", 6, 0x42, "636166e9");
	expect_data("file", "binary", "nul", 3, 0x42, "610062");
}

/* ---- Places ---- */

/* A key that is there twice is the key's fault, not the value's. */
static void test_whose_fault(void **state)
{
	struct csv_cell v = cell("1", 31);
	struct csv_spec spec;

	(void)state;
	must(parse(&spec, "k", "data", "u8", "ns", CSV_PLAIN));
	must(csv_decoder_add(&decoder, &into, &spec, "v.csv", &v, &err));
	assert_int_equal(csv_decoder_add(&decoder, &into, &spec, "v.csv", &v,
					 &err), ERR_DUPLICATE);
	expect_place("f.csv", 7, 1);
	csv_spec_release(&spec);
}

#define fresh(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		fresh(test_words_in_any_case),
		fresh(test_spec_refused),
		fresh(test_put),
		fresh(test_number_limits),
		fresh(test_number_spellings),
		fresh(test_numbers_refused),
		fresh(test_texts),
		fresh(test_texts_refused),
		fresh(test_lengths_refused),
		fresh(test_fill),
		fresh(test_fill_malformed),
		fresh(test_file_values),
		fresh(test_bug_empty_hex_file_at_null),
		fresh(test_file_values_refused),
		fresh(test_whose_fault),
	};

	return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
