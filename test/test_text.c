/* SPDX-License-Identifier: Apache-2.0 */
/* test_text.c - numbers, hex, base64 and UTF-8, spelled right and wrong. */
#include "unit.h"

#include "text.h"

static void expect_int(const char *s, bool negative, uint64_t magnitude)
{
	struct text_int n = { true, 99 };

	if (text_int(s, strlen(s), &n) != TEXT_OK)
		fail_msg("'%s' is not taken for a number", s);
	assert_int_equal(n.negative, negative);
	assert_true(n.magnitude == magnitude);
}

static void test_int_spellings(void **state)
{
	(void)state;
	expect_int("0", false, 0);
	expect_int("-0", false, 0);
	expect_int("+0", false, 0);
	expect_int("7", false, 7);
	expect_int("+7", false, 7);
	expect_int("-7", true, 7);
	expect_int("007", false, 7);
	expect_int("09", false, 9);
	expect_int("0x7f", false, 127);
	expect_int("0X7F", false, 127);
	expect_int("-0x80", true, 128);
	expect_int(" \t\n\v\f\r42 \t\n\v\f\r", false, 42);
	expect_int("18446744073709551615", false, UINT64_MAX);
	expect_int("-18446744073709551615", true, UINT64_MAX);
	expect_int("0xFFFFFFFFFFFFFFFF", false, UINT64_MAX);
	expect_int("0x00000000000000000000001", false, 1);
}

static void expect_no_int(const char *s, enum text_status status)
{
	struct text_int n;

	if (text_int(s, strlen(s), &n) != status)
		fail_msg("'%s' is not refused as it should be", s);
}

static void test_int_refused(void **state)
{
	static const char *const not[] = {
		"x", "1x", "x1", "1 2", "--1", "+-1", "- 1", "-", "+", "0x",
		"0X", "-0x", "0xg", "0x-1", "1.0", "1e3", "1_000", "0b1", "0o7",
		"a", "ff", "1,0", "\xD9\xA1", "0x1 2", "1\302\2401",
		"\342\200\2131"
	};
	static const char *const over[] = {
		"18446744073709551616", "-18446744073709551616",
		"0x10000000000000000", "99999999999999999999999999999",
		"184467440737095516150"
	};

	(void)state;
	expect_no_int("", TEXT_EMPTY);
	expect_no_int(" \t\r\n", TEXT_EMPTY);
	for (size_t i = 0; i < sizeof(not) / sizeof(*not); i++)
		expect_no_int(not[i], TEXT_NOT);
	for (size_t i = 0; i < sizeof(over) / sizeof(*over); i++)
		expect_no_int(over[i], TEXT_OVERFLOW);
}

static void expect_advice(const char *s, const char *part)
{
	const char *advice = text_int_advice(s, strlen(s));

	if (!advice != !part || (part && !strstr(advice, part)))
		fail_msg("'%s': %s", s, advice ? advice : "no advice");
}

/* What spreadsheets and keyboards make of a number. */
static void test_int_advice(void **state)
{
	(void)state;
	expect_advice("1.0E+05", "rounded");
	expect_advice(" 1,7e9 ", "rounded");
	expect_advice("3E8", "rounded");
	expect_advice("03/04/2024", "date");
	expect_advice("2024-03-04", "date");
	expect_advice("4.3.24", "date");
	expect_advice("Mar-24", "date");
	expect_advice("3-DEC", "date");
	expect_advice("1,234", "digits only");
	expect_advice("1.234.567", "digits only");
	expect_advice("12.0", "digits only");
	expect_advice("1 000", "digits only");
	expect_advice("1'000", "digits only");
	expect_advice("--5", "digits only");
	expect_advice("=\"12\"", "'='");
	expect_advice("=B2+1", "'='");
	expect_advice("'12", "the quote");
	expect_advice("\xE2\x88\x92" "5", "'-' of the keyboard");
	expect_advice("\xE2\x80\x93" "5", "'-' of the keyboard");
	expect_advice("1\xC2\xA0" "234", "can't be seen");
	expect_advice("\xEF\xBB\xBF" "1", "can't be seen");
	expect_advice("1F", "0x");
	expect_advice("2fh", "0x");
	expect_advice("0b11", NULL);
	expect_advice("none", NULL);
	expect_advice("12 mm", NULL);
	expect_advice("x", NULL);
	expect_advice("", NULL);
	expect_advice("-", NULL);
	expect_advice("=", NULL);
	expect_advice("\xC3", NULL);
	expect_advice("Mar-", NULL);
	/* Only the length ends a text. */
	assert_null(text_int_advice("\0" "1", 2));
	assert_null(text_int_advice("x1.5", 1));
}

/* Only the length ends a text: no NUL is looked for, none is passed over. */
static void test_int_length_counts(void **state)
{
	struct text_int n;

	(void)state;
	assert_int_equal(text_int("123456", 3, &n), TEXT_OK);
	assert_int_equal(n.magnitude, 123);
	assert_int_equal(text_int("1\0" "2", 3, &n), TEXT_NOT);
}

static void test_unsigned(void **state)
{
	static const char *const not[] = {
		" 1", "1 ", "+1", "-1", "0x", "x", "1M", "\t"
	};
	uint64_t n;

	(void)state;
	assert_int_equal(text_unsigned("0x3000", &n), TEXT_OK);
	assert_int_equal(n, 0x3000);
	assert_int_equal(text_unsigned("010", &n), TEXT_OK);
	assert_int_equal(n, 10);
	assert_int_equal(text_unsigned("", &n), TEXT_EMPTY);
	assert_int_equal(text_unsigned("18446744073709551616", &n),
			 TEXT_OVERFLOW);
	for (size_t i = 0; i < sizeof(not) / sizeof(*not); i++)
		if (text_unsigned(not[i], &n) != TEXT_NOT)
			fail_msg("'%s' is not refused", not[i]);
}

/* ---- Hex and base64: appended behind what is there ---- */

typedef int decode_fn(const char *, size_t, struct buf *, struct err *);

static void expect_bytes(decode_fn *decode, const char *s, const char *hex)
{
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	must(buf_putc(&out, SENTINEL));
	if (decode(s, strlen(s), &out, &err))
		fail_msg("'%s': %s", s, err.msg);
	assert_int_equal(err.code, ERR_NONE);
	assert_int_equal(out.data[0], SENTINEL);
	assert_hex(out.data + 1, out.len - 1, hex);
	buf_release(&out);
}

static void expect_refused(decode_fn *decode, const char *s, const char *msg)
{
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	must(buf_putc(&out, SENTINEL));
	if (!decode(s, strlen(s), &out, &err))
		fail_msg("'%s' is not refused", s);
	assert_err(&err, ERR_INPUT, msg);
	assert_int_equal(out.len, 1);
	assert_int_equal(out.data[0], SENTINEL);
	buf_release(&out);
}

static void test_hex(void **state)
{
	(void)state;
	expect_bytes(text_hex, "", "");
	expect_bytes(text_hex, " \n", "");
	expect_bytes(text_hex, "00fFaA10", "00ffaa10");
	expect_bytes(text_hex, "\tabCD\r\n", "abcd");
	expect_refused(text_hex, "abc", "an odd number of hex digits (3), two "
		       "are needed for each byte");
	expect_refused(text_hex, "ab cd", "' ' at character 3 is no hex digit: "
		       "leave out what separates the bytes");
	expect_refused(text_hex, "  0x", "'x' at character 4 is no hex digit: "
		       "leave out the 0x");
	expect_refused(text_hex, "ag", "'g' at character 2 is no hex digit");
	/* The bad one is named before the count. */
	expect_refused(text_hex, "abg", "'g' at character 3 is no hex digit");
	expect_refused(text_hex, "\xE2\x82\xAC" "0",
		       "'\xE2\x82\xAC' at character 1 is no hex digit");
	expect_refused(text_hex, "a\x80", "'\\x80' at character 2 is no hex "
		       "digit");
}

static void test_base64(void **state)
{
	(void)state;
	/* RFC 4648, section 10 */
	expect_bytes(text_base64, "", "");
	expect_bytes(text_base64, "Zg==", "66");
	expect_bytes(text_base64, "Zm8=", "666f");
	expect_bytes(text_base64, "Zm9v", "666f6f");
	expect_bytes(text_base64, "Zm9vYg==", "666f6f62");
	expect_bytes(text_base64, "Zm9vYmE=", "666f6f6261");
	expect_bytes(text_base64, "Zm9vYmFy", "666f6f626172");
	expect_bytes(text_base64, "+/+/", "fbffbf");
	expect_bytes(text_base64, " Zm 9v\r\nYg\t= =\n", "666f6f62");
	expect_bytes(text_base64, "\n", "");
}

static void test_base64_refused(void **state)
{
	(void)state;
	expect_refused(text_base64, "Zm9v!", "'!' at character 5 is no base64 "
		       "character");
	expect_refused(text_base64, "Zm9-", "'-' at character 4 is no base64 "
		       "character: it is of the alphabet for web addresses, "
		       "which has '-' and '_' for '+' and '/'");
	expect_refused(text_base64, "Zg==Zg==", "base64 goes on behind its "
		       "padding, at character 5");
	expect_refused(text_base64, "=Zg=", "base64 goes on behind its "
		       "padding, at character 2");
	expect_refused(text_base64, "Zg", "base64 of 2 characters with 0 '=' at "
		       "its end: a multiple of 4 is needed, padded with at most "
		       "two");
	expect_refused(text_base64, "Zg=", "base64 of 3 characters with 1 '=' "
		       "at its end: a multiple of 4 is needed, padded with at "
		       "most two");
	expect_refused(text_base64, "Z===", "base64 of 4 characters with 3 '=' "
		       "at its end: a multiple of 4 is needed, padded with at "
		       "most two");
	expect_refused(text_base64, "====", "base64 of 4 characters with 4 '=' "
		       "at its end: a multiple of 4 is needed, padded with at "
		       "most two");
}

/* Every length from 0 to 300 makes the way there and back. */
static void test_there_and_back(void **state)
{
	uint8_t bytes[300];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 167 + 13);
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		struct buf text = BUF_INIT, back = BUF_INIT;

		must(text_to_base64(bytes, n, &text));
		assert_int_equal(text.len, (n + 2) / 3 * 4);
		must(text_base64((char *)text.data, text.len, &back, NULL));
		assert_int_equal(back.len, n);
		if (n)
			assert_memory_equal(back.data, bytes, n);
		text.len = back.len = 0;
		must(text_to_hex(bytes, n, &text));
		assert_int_equal(text.len, 2 * n);
		must(text_hex((char *)text.data, text.len, &back, NULL));
		assert_int_equal(back.len, n);
		if (n)
			assert_memory_equal(back.data, bytes, n);
		buf_release(&text);
		buf_release(&back);
	}
}

static void test_written_spelling(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	must(buf_putc(&out, ':'));
	must(text_to_hex((const uint8_t *)"\x00\xfe\x1f", 3, &out));
	must(buf_putc(&out, ':'));
	must(text_to_base64((const uint8_t *)"\xfb\xff\xbf\x01", 4, &out));
	assert_buf(&out, ":00fe1f:+/+/AQ==");
	buf_release(&out);
}

/* ---- UTF-8 ---- */

static void test_utf8(void **state)
{
	/* RFC 3629: the edges of what is permitted */
	static const char *const good[] = {
		"", "a", "\x7f", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80",
		"\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF",
		"\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "a\xC3\xA9z"
	};
	/* and the offset of the first byte of what is not */
	static const struct { const char *s; size_t at; } bad[] = {
		{ "\x80", 0 }, { "\xBF", 0 }, { "\xC0\x80", 0 },
		{ "\xC1\xBF", 0 }, { "a\xC2", 1 }, { "ab\xC2z", 2 },
		{ "\xE0\x9F\xBF", 0 }, { "\xED\xA0\x80", 0 },
		{ "\xED\xBF\xBF", 0 }, { "\xE2\x82", 0 }, { "\xE2\x82z", 0 },
		{ "\xF0\x8F\xBF\xBF", 0 }, { "\xF4\x90\x80\x80", 0 },
		{ "\xF5\x80\x80\x80", 0 }, { "\xF0\x9F\x98", 0 },
		{ "\xFE", 0 }, { "\xFF", 0 }, { "\xC3\xA9\xA9", 2 }
	};
	size_t at = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(text_is_utf8(good[i], strlen(good[i]), &at));
	assert_int_equal(at, 77);
	assert_true(text_is_utf8("\0", 1, NULL));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_false(text_is_utf8(bad[i].s, strlen(bad[i].s), &at));
		assert_int_equal(at, bad[i].at);
		assert_false(text_is_utf8(bad[i].s, strlen(bad[i].s), NULL));
	}
}

/* All texts of up to three bytes agree with the definition itself. */
static bool is_utf8_by_value(const uint8_t *p, size_t len)
{
	while (len) {
		unsigned long c = p[0];
		size_t n = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 :
			   c >> 3 == 30 ? 4 : 0;
		static const unsigned long low[] = { 0, 0, 0x80, 0x800,
						     0x10000 };

		if (!n || n > len)
			return false;
		c &= n == 1 ? 0x7F : 0xFFu >> (n + 1);
		for (size_t i = 1; i < n; i++) {
			if (p[i] >> 6 != 2)
				return false;
			c = c << 6 | (p[i] & 0x3F);
		}
		if (c < low[n] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
			return false;
		p += n;
		len -= n;
	}
	return true;
}

static void test_utf8_is_exact(void **state)
{
	uint8_t p[4];

	(void)state;
	for (unsigned i = 0; i < 0x10000; i++) {
		p[0] = (uint8_t)(i >> 8);
		p[1] = (uint8_t)i;
		if (text_is_utf8(p, 2, NULL) != is_utf8_by_value(p, 2))
			fail_msg("%02x %02x", p[0], p[1]);
		/* As the beginning of a longer sequence */
		p[2] = 0x80;
		p[3] = 0xBF;
		if (text_is_utf8(p, 3, NULL) != is_utf8_by_value(p, 3) ||
		    text_is_utf8(p, 4, NULL) != is_utf8_by_value(p, 4))
			fail_msg("%02x %02x 80 bf", p[0], p[1]);
	}
}

/* ---- Words and messages ---- */

static void test_chars(void **state)
{
	(void)state;
	assert_int_equal(text_chars(NULL, 0), 0);
	assert_int_equal(text_chars("abc", 2), 2);
	assert_int_equal(text_chars("\xC3\xA4 \xE2\x82\xAC", 6), 3);
	assert_int_equal(text_chars("\xF0\x9F\x98\x80", 4), 1);
}

static void test_trim(void **state)
{
	static const struct {
		const char *text, *left;
	} cases[] = {
		{ "", "" }, { " \t\v\f\r\n", "" }, { "a", "a" },
		{ "  a b\n", "a b" }, { "a ", "a" }, { "\ta", "a" },
		/* a no-break space, U+0085, and the ideographic space */
		{ "\xC2\xA0" "a\xC2\x85", "a" },
		{ " \xE3\x80\x80 a b\xE3\x80\x80", "a b" },
		{ "\x1C" "a\x7F", "\x1C" "a\x7F" },
		{ "\xE2\x80\x8A" "a\xE2\x80\xA9", "a" },
		{ "\xE2\x80\xAF\xE2\x81\x9F" "a\xE1\x9A\x80", "a" },
		/* neighbours of these that are none, and halves of them */
		{ "\xE2\x80\x8B" "a\xC2\xA1", "\xE2\x80\x8B" "a\xC2\xA1" },
		{ "\xE3\x80\x81", "\xE3\x80\x81" }, { "\xC2", "\xC2" },
		{ "\xE3\x80", "\xE3\x80" }, { "\x80\xA0", "\x80\xA0" },
		{ "\xC3\xA0", "\xC3\xA0" }, { "\xEF\xBB\xBF", "\xEF\xBB\xBF" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *s = cases[i].text;
		size_t len = strlen(s);

		text_trim(&s, &len);
		assert_int_equal(len, strlen(cases[i].left));
		assert_memory_equal(s, cases[i].left, len);
	}
}

/* What Python's int() and strip() leave out, so does this. */
static void test_no_break_space_around_numbers(void **state)
{
	static const char spaced[] = "\xC2\xA0" "-12\xE3\x80\x80";
	static const char digits[] = "\xE2\x80\xA8" "0aFF\xC2\xA0";
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	struct text_int n;

	(void)state;
	assert_int_equal(text_int(spaced, strlen(spaced), &n), TEXT_OK);
	assert_true(n.negative);
	assert_int_equal(n.magnitude, 12);
	must(text_hex(digits, strlen(digits), &out, &err));
	assert_int_equal(out.len, 2);
	assert_memory_equal(out.data, "\x0A\xFF", 2);
	buf_release(&out);
}

static void test_words(void **state)
{
	(void)state;
	assert_true(text_same_word("U8", 2, "u8"));
	assert_true(text_same_word("hEx2BiNxx", 7, "hex2bin"));
	assert_false(text_same_word("u8 ", 3, "u8"));
	assert_false(text_same_word("u", 1, "u8"));
	assert_false(text_same_word("", 0, "u8"));
	assert_true(text_same_word("", 0, ""));
	/* @ and ` differ in the bit that tells cases apart, [ and { too. */
	assert_false(text_same_word("@[", 2, "`{"));
	assert_false(text_same_word("\xC4", 1, "\xE4"));
	for (int c = 0; c < 256; c++)
		assert_int_equal(text_is_space((char)c), c == ' ' ||
				 (c >= 9 && c <= 13));
}

static void expect_shown(size_t size, const char *s, size_t len,
			 const char *want)
{
	char out[64];

	memset(out, (int)SENTINEL, sizeof(out));
	assert_ptr_equal(text_show(out, size, s, len), out);
	assert_string_equal(out, want);
	assert_all((uint8_t *)out + size, sizeof(out) - size, SENTINEL);
}

static void test_show(void **state)
{
	(void)state;
	expect_shown(48, "", 0, "");
	expect_shown(48, "caf\xC3\xA9 ~", 7, "caf\xC3\xA9 ~");
	expect_shown(48, "a\0b\n\x7f\x1b[0m", 9, "a\\x00b\\x0a\\x7f\\x1b[0m");
	expect_shown(48, "\xFF\xC3", 2, "\\xff\\xc3");
	expect_shown(8, "1234567", 7, "1234567");
	expect_shown(8, "12345678", 8, "1234...");
	/* The dots never stand within a character. */
	expect_shown(8, "abc\xC3\xA9" "efgh", 9, "abc...");
	expect_shown(8, "ab\xC3\xA9" "efgh", 8, "ab\xC3\xA9...");
	expect_shown(8, "abc\x01", 4, "abc\\x01");
	expect_shown(8, "abcd\x01", 5, "abcd...");
	expect_shown(8, "\x01\x02", 2, "\\x01...");
	expect_shown(8, "\xF0\x9F\x98\x80\xF0\x9F\x98\x80", 8,
		     "\xF0\x9F\x98\x80...");
	/* What looks like nothing, like a blank, or turns the line around. */
	expect_shown(48, "\xEF\xBB\xBF" "a\xC2\xA0", 6,
		     "\\xef\\xbb\\xbfa\\xc2\\xa0");
	expect_shown(48, "\xC2\x9B" "2J", 4, "\\xc2\\x9b2J");
	expect_shown(48, "\xE2\x80\xAE" "21", 5, "\\xe2\\x80\\xae21");
	expect_shown(48, "\xE2\x80\x93\xC2\xA1", 5,
		     "\xE2\x80\x93\xC2\xA1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_int_spellings),
		cmocka_unit_test(test_int_refused),
		cmocka_unit_test(test_int_advice),
		cmocka_unit_test(test_int_length_counts),
		cmocka_unit_test(test_unsigned),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_base64_refused),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_written_spelling),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_utf8_is_exact),
		cmocka_unit_test(test_chars),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_no_break_space_around_numbers),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
