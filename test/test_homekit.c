/* SPDX-License-Identifier: Apache-2.0 */
/* test_homekit.c - setup codes, ids, payloads, and the CSV made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "allocations.h"
#include "file.h"
#include "homekit.h"

#define CASES "test/golden-homekit/"

static void test_code_rules(void **state)
{
	static const char *const forbidden[] = {
		"00000000", "11111111", "22222222", "33333333", "44444444",
		"55555555", "66666666", "77777777", "88888888", "99999999",
		"12345678", "87654321"
	};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		err_clear(&err);
		assert_int_equal(homekit_code_check(forbidden[i], &err),
				 ERR_RANGE);
		assert_non_null(strstr(err.msg, forbidden[i]));
	}
}

/* Every code whose digits change by the same step, and those beside it. */
static void test_code_rule_is_exact(void **state)
{
	unsigned count = 0;

	(void)state;
	for (int first = 0; first < 10; first++)
		for (int step = 0; step < 10; step++) {
			char code[HOMEKIT_CODE_LEN + 1] = "";

			for (int i = 0; i < 8; i++) {
				int d = (first + i * step) % 10;

				code[i] = (char)('0' + d);
			}
			count += homekit_code_check(code, NULL) != 0;
			for (int i = 0; i < 8; i++) {
				char was = code[i];

				code[i] = was == '5' ? '6' : '5';
				if (homekit_code_check(code, NULL))
					assert_true(!strcmp(code, "55555555") ||
						    !strcmp(code, "12345678") ||
						    !strcmp(code, "87654321"));
				code[i] = was;
			}
		}
	assert_int_equal(count, 12);
	assert_int_equal(homekit_code_check("01234567", NULL), 0);
	assert_int_equal(homekit_code_check("98765432", NULL), 0);
	assert_int_equal(homekit_code_check("23456789", NULL), 0);
	assert_int_equal(homekit_code_check("76543210", NULL), 0);
	assert_int_equal(homekit_code_check("12121212", NULL), 0);
}

static void expect_bad_code(const char *code, const char *message)
{
	struct err err = ERR_INIT;

	assert_int_equal(homekit_code_check(code, &err), ERR_INPUT);
	assert_string_equal(err.msg, message);
}

static void test_code_spelling(void **state)
{
	(void)state;
	expect_bad_code("1112233", "the setup code has 7 digits; 8 without any "
			"'-' are needed, such as 11122333");
	expect_bad_code("111223334", "the setup code has 9 digits; 8 without "
			"any '-' are needed, such as 11122333");
	expect_bad_code("", "the setup code has 0 digits; 8 without any '-' "
			"are needed, such as 11122333");
	expect_bad_code("111-22-333", "the setup code has something other than "
			"a digit at position 4; 8 digits without any '-' are "
			"needed, such as 11122333");
	/* Arabic-Indic digits are digits elsewhere, not here. */
	expect_bad_code("\xD9\xA1" "1122333", "the setup code has something "
			"other than a digit at position 1; 8 digits without "
			"any '-' are needed, such as 11122333");
}

static void test_ids(void **state)
{
	static const char *const bad[] = {
		"", "ES3", "ES321", "es32", "ES,2", "ES 2", "ES3\n",
		"\xC3\x84S3"
	};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(homekit_id_check("ES32", &err), 0);
	assert_int_equal(homekit_id_check("0Z9A", &err), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(homekit_id_check(bad[i], NULL), ERR_INPUT);
	assert_int_equal(homekit_id_check("es32", &err), ERR_INPUT);
	assert_string_equal(err.msg, "the setup id 'es32' is not possible; 4 "
			    "characters out of 0-9 and A-Z are needed, such as "
			    "ES32");
}

static void test_show(void **state)
{
	char shown[HOMEKIT_SHOWN_LEN + 2];

	(void)state;
	memset(shown, '#', sizeof(shown));
	homekit_code_show("01122333", shown);
	assert_string_equal(shown, "011-22-333");
	assert_int_equal(shown[HOMEKIT_SHOWN_LEN + 1], '#');
}

/* A source that gives out recorded bytes and then fails. */
struct script {
	const uint8_t *bytes;
	size_t left;
};

static int play(void *ctx, uint8_t *p, size_t n, struct err *err)
{
	struct script *s = ctx;

	if (s->left < n)
		return err_set(err, ERR_CRYPTO, "the script is over");
	memcpy(p, s->bytes, n);
	s->bytes += n;
	s->left -= n;
	return 0;
}

static void test_random_codes(void **state)
{
	/* 16 a time: eight ones are forbidden, 250 to 255 are unfair. */
	static const uint8_t bytes[48] = {
		1, 11, 21, 31, 41, 51, 61, 71, 9, 9, 9, 9, 9, 9, 9, 9,
		250, 255, 0, 19, 252, 28, 37, 46, 55, 64, 253, 73, 9, 9, 9, 9,
	};
	struct script s = { bytes, 32 };
	struct random_source source = { play, &s };
	char code[HOMEKIT_CODE_LEN + 2] = "#########";
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(homekit_code_random(&source, code, &err), 0);
	assert_string_equal(code, "09876543");
	assert_int_equal(s.left, 0);
	assert_int_equal(homekit_code_random(&source, code, &err), ERR_CRYPTO);
}

static void test_random_ids(void **state)
{
	static const uint8_t bytes[16] = { 252, 0, 255, 251, 10, 45, 1 };
	struct script s = { bytes, 16 };
	struct random_source source = { play, &s };
	char id[HOMEKIT_ID_LEN + 1];
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(homekit_id_random(&source, id, &err), 0);
	assert_string_equal(id, "0ZA9");
}

/* Each byte value but the unfair ones equally often: uniform digits. */
static void test_uniform(void **state)
{
	unsigned seen[128] = { 0 };

	(void)state;
	for (unsigned b = 0; b < 256; b++) {
		uint8_t bytes[32];
		struct script s = { bytes, 16 };
		struct random_source source = { play, &s };
		char id[HOMEKIT_ID_LEN + 1];

		memset(bytes, (int)b, sizeof(bytes));
		if (homekit_id_random(&source, id, NULL))
			continue; /* drawn again, until the script was over */
		seen[(unsigned char)id[0]]++;
	}
	for (const char *c = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"; *c; c++)
		assert_int_equal(seen[(unsigned char)*c], 7);
}

static void test_salt(void **state)
{
	static const uint8_t want[SRP_SALT_SIZE] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0xAB, 0xCD
	};
	uint8_t salt[SRP_SALT_SIZE];
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(homekit_salt_parse("000102030405060708090a0b0c0DaBCd",
					    salt, &err), 0);
	assert_memory_equal(salt, want, sizeof(want));
	assert_int_equal(homekit_salt_parse("0001", salt, &err), ERR_INPUT);
	assert_string_equal(err.msg, "the salt has 4 characters; 32 hex digits "
			    "are needed, for 16 bytes");
	err_clear(&err);
	assert_int_equal(homekit_salt_parse("000102030405060708090a0b0c0d0e0x",
					    salt, &err), ERR_INPUT);
	assert_string_equal(err.msg, "the salt: 'x' at character 32 is no hex "
			    "digit");
	assert_int_equal(homekit_salt_parse(" 00102030405060708090a0b0c0d0e0 ",
					    salt, NULL), ERR_INPUT);
}

/* ---- The CSV ---- */

static void make_setup(struct homekit_setup *s, const char *code,
		       const char *id, const char *hex)
{
	struct err err = ERR_INIT;
	struct srp *srp = srp_new(&err);
	uint8_t salt[SRP_SALT_SIZE];

	assert_non_null(srp);
	assert_int_equal(homekit_salt_parse(hex, salt, &err), 0);
	if (homekit_setup_make(s, srp, code, id, salt, &err))
		fail_msg("%s", err.msg);
	srp_free(srp);
}

static void check_golden(const struct homekit_setup *s, const char *infile,
			 const char *expect)
{
	struct homekit_infile in = HOMEKIT_INFILE_INIT;
	struct buf want = BUF_INIT, csv = BUF_INIT;
	struct err err = ERR_INIT;

	if (infile && homekit_infile_load(&in, infile, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(homekit_csv(s, infile ? &in : NULL, &csv, &err), 0);
	if (file_read(expect, 1 << 20, &want, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(csv.len, want.len);
	assert_memory_equal(csv.data, want.data, want.len);
	buf_release(&want);
	buf_release(&csv);
	homekit_infile_release(&in);
}

static void test_golden_csv(void **state)
{
	struct homekit_setup s;

	(void)state;
	make_setup(&s, "11122333", "ES32", "000102030405060708090a0b0c0d0e0f");
	check_golden(&s, NULL, CASES "plain/expect/fan_factory.csv");
	make_setup(&s, "27182818", "QZ09", "a0b0c0d0e0f0a1b1c1d1e1f1000000ca");
	check_golden(&s, NULL, CASES "encrypted/expect/lock_factory.csv");
	make_setup(&s, "51808582", "7OSX", "263fea64889756a8e25fd53dd5fa1022");
	check_golden(&s, CASES "infile/in/app_data.csv",
		     CASES "infile/expect/outlet_factory.csv");
	make_setup(&s, "46637726", "AB12", "00a1b2c3d4e5f60718293a4b5c6d7e8f");
	check_golden(&s, CASES "infile-reuse/in/sw_auth.csv",
		     CASES "infile-reuse/expect/sensor.csv");
}

static char path[] = "/tmp/test_homekit.XXXXXX";

static void write_infile(const char *text)
{
	struct err err = ERR_INIT;

	if (file_write(path, text, strlen(text), FILE_MODE_SECRET,
		       FILE_REPLACE, &err))
		fail_msg("%s", err.msg);
}

/* The CSV up to the setup lines. */
static void expect_front(const char *infile, const char *front)
{
	struct homekit_setup s = { .id = "ES32" };
	struct homekit_infile in;
	struct buf csv = BUF_INIT;
	struct err err = ERR_INIT;
	char *end;

	write_infile(infile);
	if (homekit_infile_load(&in, path, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(homekit_csv(&s, &in, &csv, &err), 0);
	assert_non_null(buf_str(&csv));
	end = strstr((char *)csv.data,
		     "setup_id,data,binary,ES32\nsetup_salt,");
	assert_non_null(end);
	*end = '\0';
	assert_string_equal((char *)csv.data, front);
	buf_release(&csv);
	homekit_infile_release(&in);
}

#define HEAD "key,type,encoding,value\n"
#define OURS "hap_setup,namespace,,\n"

/*
 * Entries with a column behind the four were accepted, but the setup data had
 * only four cells, so that no image could be made.
 */
static void test_bug_infile_with_more_columns(void **state)
{
	struct homekit_setup s = { .id = "ES32" };
	struct homekit_infile in;
	struct buf csv = BUF_INIT;
	struct err err = ERR_INIT;
	const char *text;

	(void)state;
	write_infile("key,type,encoding,value,note\na,namespace,,,\n"
		     "b,data,u8,1,mine\n");

	if (homekit_infile_load(&in, path, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(homekit_csv(&s, &in, &csv, &err), 0);
	text = buf_str(&csv);
	assert_non_null(strstr(text, "mine\nhap_setup,namespace,,,\n"
			       "setup_id,data,binary,ES32,\n"
			       "setup_salt,data,hex2bin,"));
	assert_non_null(strstr(text, "00,\nsetup_verifier,data,hex2bin,0"));
	assert_string_equal(text + csv.len - 3, "00,");
	buf_release(&csv);
	homekit_infile_release(&in);
}

static void test_infile(void **state)
{
	(void)state;
	/* A missing last line end is added; CRLF and CR become LF. */
	expect_front(HEAD "a,namespace,,\nk,data,u8,1",
		     HEAD "a,namespace,,\nk,data,u8,1\n" OURS);
	expect_front("key,type,encoding,value\r\na,namespace,,\r"
		     "k,data,string,\"x\r\ny\"\r\n",
		     HEAD "a,namespace,,\nk,data,string,\"x\ny\"\n" OURS);
	expect_front(HEAD "a,namespace,,\n" OURS "uuid,data,u8,1\n",
		     HEAD "a,namespace,,\n" OURS "uuid,data,u8,1\n");
	/* No declaration: a comment, text in a cell, a lesser spelling. */
	expect_front(HEAD "#" OURS "a,namespace,,\n",
		     HEAD "#" OURS "a,namespace,,\n" OURS);
	expect_front(HEAD "a,namespace,,\nk,data,string,\"x\n" OURS "\"\n",
		     HEAD "a,namespace,,\nk,data,string,\"x\n" OURS "\"\n"
		     OURS);
	expect_front(HEAD "hap_setup,namespace,, \na,namespace,,\n",
		     HEAD "hap_setup,namespace,, \na,namespace,,\n" OURS);
	expect_front(HEAD "hap_setup,namespace,\n",
		     HEAD "hap_setup,namespace,\n" OURS);
	/* Twice, with another namespace between: the last one counts. */
	expect_front(HEAD OURS OURS, HEAD OURS OURS);
	expect_front("\xEF\xBB\xBF" HEAD, "\xEF\xBB\xBF" HEAD OURS);
}

static void expect_refused(const char *infile, unsigned line,
			   const char *message)
{
	struct homekit_infile in;
	struct err err = ERR_INIT;

	write_infile(infile);
	assert_int_equal(homekit_infile_load(&in, path, &err), ERR_INPUT);
	assert_string_equal(err.msg, message);
	assert_int_equal(err.pos.line, line);
	assert_string_equal(err.pos.file, path);
	assert_null(in.text.data);
}

static void test_infile_refused(void **state)
{
	static const char header[] = "the header line "
		"'key,type,encoding,value' is missing; its columns have to "
		"stand in this order";
	struct homekit_infile in;
	struct err err = ERR_INIT;

	(void)state;
	expect_refused(HEAD "a,namespace,,\n" OURS "k,data,u8,1\n"
		       "b,namespace,,\n", 3,
		       "namespace 'hap_setup' has to be the last one, since "
		       "the setup data is appended to it; move it behind 'b' "
		       "of line 5");
	expect_refused(HEAD OURS "b,namespace,\n", 2,
		       "namespace 'hap_setup' has to be the last one, since "
		       "the setup data is appended to it; move it behind 'b' "
		       "of line 3");
	expect_refused("", 1, header);
	expect_refused("\n\na,namespace,,\n", 3, header);
	expect_refused("type,key,encoding,value\n", 1, header);
	expect_refused("key,type,encoding\n", 1, header);
	expect_refused(HEAD "a,namespace,,\nk,data,string,\"x\n", 3,
		       "the quote that opens this cell is never closed: "
		       "close it, or remove it");
	remove(path);
	assert_int_equal(homekit_infile_load(&in, path, &err), ERR_IO);
}

static void test_setup_refused(void **state)
{
	struct err err = ERR_INIT;
	struct srp *srp = srp_new(&err);
	struct homekit_setup s;
	uint8_t salt[SRP_SALT_SIZE] = { 0 };

	(void)state;
	assert_non_null(srp);
	assert_int_equal(homekit_setup_make(&s, srp, "12345678", "ES32", salt,
					    &err), ERR_RANGE);
	assert_int_equal(homekit_setup_make(&s, srp, "11122333", "es32", salt,
					    NULL), ERR_INPUT);
	srp_free(srp);
}

/* ---- Payloads ---- */

static void test_payloads(void **state)
{
	static const struct {
		struct homekit_product product;
		const char *code, *id, *payload;
	} rows[] = {
		{ { 7, 0xA, NULL }, "51808582", "7OSX",
		  "X-HM://007JNU5AE7OSX" },
		{ { 3, 0xA, NULL }, "11122333", "ES32",
		  "X-HM://003KXDZMLES32" },
		{ { 1, 0xA, NULL }, "03145154", "AB01",
		  "X-HM://001LRIYF6AB01" },
		{ { 255, 0xA, NULL }, "99999998", "ZZZZ",
		  "X-HM://0708AHUYMZZZZ" },
		{ { 2, 0x2, NULL }, "03145154", "7U1H",
		  "X-HM://0023ISYWY7U1H" },
		{ { 8, 0x2, NULL }, "84131633", "3QYT",
		  "X-HM://0081YCYEP3QYT" },
		{ { 7, 0x4, NULL }, "12345678", "1A2B",
		  "X-HM://0075OVT5A1A2B" },
		{ { 7, 0xA, "1122334455667788" }, "51808582", "7OSX",
		  "X-HM://0E8NKO6YU7OSX0CZ067T6WCYA44AY9S" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[HOMEKIT_PAYLOAD_MAX + 2];
		struct err err = ERR_INIT;

		memset(out, '#', sizeof(out));
		assert_int_equal(homekit_product_check(&rows[i].product, &err),
				 0);
		homekit_payload(&rows[i].product, rows[i].code, rows[i].id,
				out);
		assert_string_equal(out, rows[i].payload);
		assert_int_equal(out[sizeof(out) - 1], '#');
	}
}

static void expect_bad_product(unsigned category, unsigned flags,
			       const char *data, const char *message)
{
	struct homekit_product p = { category, flags, data };
	struct err err = ERR_INIT;

	assert_int_not_equal(homekit_product_check(&p, &err), 0);
	assert_string_equal(err.msg, message);
}

static void test_bad_products(void **state)
{
	static const char digits[] = "the product data has to be 16 hex "
		"digits, as the MFi portal gives them";

	(void)state;
	expect_bad_product(0, 2, NULL, "accessory category 0 is not within 1 "
			   "to 255");
	expect_bad_product(256, 2, NULL, "accessory category 256 is not within "
			   "1 to 255");
	expect_bad_product(1, 0, NULL, "the flags 0x0 of the setup payload "
			   "lack both IP (2) and BLE (4); one of them is "
			   "needed");
	expect_bad_product(1, 8, NULL, "the flags 0x8 of the setup payload "
			   "lack both IP (2) and BLE (4); one of them is "
			   "needed");
	expect_bad_product(1, 12, NULL, "the flags 0xc of the setup payload "
			   "hold WAC (8) without IP (2), which it needs");
	expect_bad_product(1, 3, NULL, "the flags 0x3 of the setup payload "
			   "hold others than IP (2), BLE (4) and WAC (8)");
	expect_bad_product(1, 2, "112233445566778", digits);
	expect_bad_product(1, 2, "11223344556677889", digits);
	expect_bad_product(1, 2, "112233445566778g", digits);
}

static void test_categories(void **state)
{
	struct err err = ERR_INIT;
	unsigned n = 0;

	(void)state;
	assert_int_equal(homekit_category("lighting", &n, &err), 0);
	assert_int_equal(n, 5);
	assert_int_equal(homekit_category("Garage-Door", &n, &err), 0);
	assert_int_equal(n, 4);
	assert_int_equal(homekit_category("255", &n, &err), 0);
	assert_int_equal(n, 255);
	assert_int_equal(homekit_category("0", &n, NULL), ERR_RANGE);
	assert_int_equal(homekit_category("256", &n, NULL), ERR_RANGE);
	assert_int_equal(homekit_category("", &n, NULL), ERR_INPUT);
	assert_int_equal(homekit_category("lamp", &n, &err), ERR_INPUT);
	assert_non_null(strstr(err.msg, "no accessory category 'lamp'"));
	assert_non_null(strstr(err.msg, "shower"));
	assert_string_equal(homekit_category_name(30), "shower");
	assert_null(homekit_category_name(17));
}

/* ---- Every allocation fails once ---- */

/* libcsv gets over some: then the CSV has to be the right one. */
static void test_out_of_memory(void **state)
{
	struct homekit_setup s = { .id = "ES32" };
	struct buf csv = BUF_INIT, right = BUF_INIT;
	struct homekit_infile in;
	unsigned n = 0;
	bool failed;

	(void)state;
	write_infile(HEAD "a,namespace,,\n" OURS);
	assert_int_equal(homekit_infile_load(&in, path, NULL), 0);
	assert_int_equal(homekit_csv(&s, &in, &right, NULL), 0);
	do {
		struct err err = ERR_INIT;
		int r;

		homekit_infile_release(&in);
		csv.len = 0;
		fail_allocation(++n, false);
		r = homekit_infile_load(&in, path, &err);
		if (!r)
			r = homekit_csv(&s, &in, &csv, &err);
		failed = allocation_failed();
		assert_int_equal(r, err.code);
		if (r) {
			assert_true(failed);
			assert_int_equal(r, ERR_NOMEM);
		} else {
			assert_int_equal(csv.len, right.len);
			assert_memory_equal(csv.data, right.data, right.len);
		}
	} while (failed);
	assert_in_range(n, 5, 1000);
	buf_release(&csv);
	buf_release(&right);
	homekit_infile_release(&in);
	remove(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_code_rules),
		cmocka_unit_test(test_code_rule_is_exact),
		cmocka_unit_test(test_code_spelling),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_show),
		cmocka_unit_test(test_random_codes),
		cmocka_unit_test(test_random_ids),
		cmocka_unit_test(test_uniform),
		cmocka_unit_test(test_salt),
		cmocka_unit_test(test_golden_csv),
		cmocka_unit_test(test_bug_infile_with_more_columns),
		cmocka_unit_test(test_infile),
		cmocka_unit_test(test_infile_refused),
		cmocka_unit_test(test_setup_refused),
		cmocka_unit_test(test_payloads),
		cmocka_unit_test(test_bad_products),
		cmocka_unit_test(test_categories),
		cmocka_unit_test(test_out_of_memory),
	};
	int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	remove(path);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
