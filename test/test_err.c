/* SPDX-License-Identifier: Apache-2.0 */
/* test_err.c - who fills a struct err, and how it reads. */
#include "unit.h"
#include "text.h"

#include <errno.h>

static void test_first_failure_wins(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(&e, ERR_RANGE, "first %d", 1), ERR_RANGE);
	assert_int_equal(err_set(&e, ERR_INPUT, "second"), ERR_INPUT);
	assert_int_equal(err_io(&e, ENOENT, "third", "x"), ERR_IO);
	assert_err(&e, ERR_RANGE, "first 1");
	assert_int_equal(e.errnum, 0);
	err_clear(&e);
	assert_int_equal(e.code, ERR_NONE);
	assert_int_equal(e.off, -1);
	err_set(&e, ERR_INPUT, "second");
	assert_err(&e, ERR_INPUT, "second");
}

static void test_nobody_listens(void **state)
{
	struct pos pos = { "a", 1, 2 };

	(void)state;
	assert_int_equal(err_set(NULL, ERR_FULL, "x"), ERR_FULL);
	assert_int_equal(err_at(NULL, &pos, ERR_KEY, "x"), ERR_KEY);
	assert_int_equal(err_io(NULL, EEXIST, "x", "y"), ERR_EXISTS);
	assert_int_equal(err_nomem(NULL), ERR_NOMEM);
	assert_int_equal(err_place(NULL, &pos), ERR_NONE);
	assert_int_equal(err_context(NULL, "x"), ERR_NONE);
}

static void test_system_errors_by_code(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(err_io(&e, ENOENT, "cannot open", "a b"), ERR_IO);
	assert_err(&e, ERR_IO, "cannot open 'a b': No such file or directory");
	assert_int_equal(e.errnum, ENOENT);
	err_clear(&e);
	assert_int_equal(err_io(&e, EEXIST, "cannot create", "f"), ERR_EXISTS);
	assert_int_equal(e.errnum, EEXIST);
	err_clear(&e);
	assert_int_equal(err_io(&e, ENOMEM, "cannot create", "f"), ERR_NOMEM);
}

static void test_place_is_added_once(void **state)
{
	struct pos inner = { "inner.csv", 3, 4 }, outer = { "outer.csv", 5, 6 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(err_place(&e, &inner), ERR_NONE);
	assert_null(e.pos.file);
	err_set(&e, ERR_INPUT, "bad");
	assert_int_equal(err_place(&e, &inner), ERR_INPUT);
	assert_int_equal(err_place(&e, &outer), ERR_INPUT);
	assert_ptr_equal(e.pos.file, inner.file);
	assert_int_equal(e.pos.line, 3);
	assert_int_equal(e.pos.col, 4);
}

static void test_context_stands_in_front(void **state)
{
	struct err e = ERR_INIT;
	char *filler;

	(void)state;
	assert_int_equal(err_context(&e, "nothing"), ERR_NONE);
	assert_string_equal(e.msg, "");
	err_set(&e, ERR_INPUT, "bad");
	assert_int_equal(err_context(&e, "cell %d", 7), ERR_INPUT);
	err_context(&e, "table");
	assert_string_equal(e.msg, "table: cell 7: bad");

	err_more(&e, "; %s", "so there");
	assert_string_equal(e.msg, "table: cell 7: bad; so there");
	assert_int_equal(err_more(NULL, "x"), ERR_NONE);

	/* What grows too long loses its end, not its beginning, and says so. */
	filler = calloc(1, sizeof(e.msg) + 100);
	assert_non_null(filler);
	memset(filler, 'x', sizeof(e.msg) + 99);
	err_context(&e, "%s", filler);
	assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);
	assert_string_equal(e.msg + sizeof(e.msg) - 5, "x...");
	err_clear(&e);
	err_set(&e, ERR_INPUT, "%s", filler);
	assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);
	assert_string_equal(e.msg + sizeof(e.msg) - 5, "x...");
	free(filler);
}

/*
 * A cell, name or path with a line feed or an escape sequence went into the
 * message as it is, and through it to the terminal.
 */
static void test_bug_control_characters_in_messages(void **state)
{
	struct pos pos = { "a.csv", 1, 1 };
	struct err e = ERR_INIT;

	(void)state;
	err_at(&e, &pos, ERR_INPUT, "key '%s'", "a\nb\x1B[2J\x7F");
	assert_string_equal(e.msg, "key 'a\\x0ab\\x1b[2J\\x7f'");
	err_context(&e, "file '%s'", "c\r\xFF\xC3\xA4\xC2\x9B");
	assert_string_equal(e.msg, "file 'c\\x0d\\xff\xC3\xA4\\xc2\\x9b': key "
			    "'a\\x0ab\\x1b[2J\\x7f'");
	err_clear(&e);
	err_io(&e, ENOENT, "cannot open", "no\nsuch");
	assert_string_equal(e.msg, "cannot open 'no\\x0asuch': No such file or "
			    "directory");
}

/* A message that was too long was cut within a character. */
static void test_bug_long_message_ends_within_a_character(void **state)
{
	struct err e = ERR_INIT;
	char text[3 * sizeof(e.msg) + 2];

	(void)state;
	for (size_t shift = 0; shift < 3; shift++) {
		memset(text, 'x', shift);
		for (size_t i = shift; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\xE2\x82\xAC", 4);
		err_clear(&e);
		err_set(&e, ERR_INPUT, "%s", text);
		assert_true(text_is_utf8(e.msg, strlen(e.msg), NULL));
		assert_string_equal(e.msg + strlen(e.msg) - 3, "...");
	}
}

static void expect_format(const struct err *e, const char *want)
{
	char out[ERR_TEXT_MAX];

	memset(out, (int)SENTINEL, sizeof(out));
	assert_ptr_equal(err_format(e, "error", out, sizeof(out)), out);
	assert_string_equal(out, want);
}

static void test_format(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	err_set(&e, ERR_INPUT, "bad");
	expect_format(&e, "error: bad");
	e.pos = (struct pos){ "a.csv", 0, 0 };
	expect_format(&e, "a.csv: error: bad");
	e.pos.line = 17;
	expect_format(&e, "a.csv:17: error: bad");
	e.pos.col = 9;
	expect_format(&e, "a.csv:17:9: error: bad");
	/* A column without its line says nothing. */
	e.pos.line = 0;
	expect_format(&e, "a.csv: error: bad");
	e.pos = (struct pos){ "a.bin", 0, 0 };
	e.off = 0x3260;
	expect_format(&e, "a.bin:0x3260: error: bad");
	e.pos.file = NULL;
	e.off = 0;
	expect_format(&e, "0x0: error: bad");
}

/* Every size down to 1 gives the beginning, and not a byte more. */
static void test_format_fits_any_room(void **state)
{
	static const char want[] = "a.csv:17:9: warning: bad";
	struct err e = ERR_INIT;
	char out[64];

	(void)state;
	err_set(&e, ERR_INPUT, "bad");
	e.pos = (struct pos){ "a.csv", 17, 9 };
	for (size_t size = 1; size < sizeof(out); size++) {
		size_t n = strlen(want) < size ? strlen(want) : size - 1;

		memset(out, (int)SENTINEL, sizeof(out));
		err_format(&e, "warning", out, size);
		assert_int_equal(strlen(out), n);
		assert_memory_equal(out, want, n);
		assert_all((uint8_t *)out + size, sizeof(out) - size,
			   SENTINEL);
	}
}

/* Mistake by mistake: the first one's code counts, none is told twice. */
static void test_report_goes_on(void **state)
{
	struct reports reports;
	struct err_sink sink = reports_sink(&reports);
	struct err e = ERR_INIT;
	int first = 0;

	(void)state;
	err_report(&e, &sink, &first);
	assert_int_equal(reports.count, 0);
	assert_int_equal(first, 0);
	err_set(&e, ERR_RANGE, "one");
	err_report(&e, &sink, &first);
	assert_int_equal(e.code, ERR_NONE);
	err_report(&e, &sink, &first);
	err_set(&e, ERR_INPUT, "two");
	err_report(&e, &sink, &first);
	assert_int_equal(reports.count, 2);
	assert_int_equal(first, ERR_RANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_failure_wins),
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_system_errors_by_code),
		cmocka_unit_test(test_place_is_added_once),
		cmocka_unit_test(test_context_stands_in_front),
		cmocka_unit_test(test_bug_control_characters_in_messages),
		cmocka_unit_test(test_bug_long_message_ends_within_a_character),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_format_fits_any_room),
		cmocka_unit_test(test_report_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
