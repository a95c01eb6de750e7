/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_table.c - CSV in and out. A table is shown as one line per row,
 *
 *	1:1<a> 1:3<b,c>
 *
 * each cell with its line and column; the error that ended it comes last.
 * Every table is read from memory and once more through a pipe, byte by byte.
 */
#include "unit.h"

#include <pthread.h>

#include "csv_table.h"
#include "file.h"

#define SAVE_AS "save the file as UTF-8 (in a spreadsheet: CSV UTF-8)\n"

static void show_rows(struct csv_table *t, struct buf *out)
{
	struct csv_row row = CSV_ROW_INIT;
	struct err err = ERR_INIT;
	char line[ERR_TEXT_MAX];
	int r;

	while ((r = csv_table_next(t, &row, &err)) > 0) {
		for (size_t i = 0; i < row.count; i++) {
			const struct csv_cell *c = &row.cells[i];

			assert_int_equal(c->text[c->len], '\0');
			must(buf_printf(out, "%s%u:%u<", i ? " " : "", c->line,
					c->col));
			must(buf_append(out, c->text, c->len));
			must(buf_putc(out, '>'));
		}
		assert_int_equal(row.line, row.cells[0].line);
		must(buf_putc(out, '\n'));
	}
	if (r < 0)
		must(buf_printf(out, "%s\n", err_format(&err, "error", line,
							sizeof(line))));
	/* Behind the end or a failure there is nothing more. */
	err_clear(&err);
	assert_int_equal(csv_table_next(t, &row, &err), 0);
	assert_int_equal(err.code, ERR_NONE);
	csv_row_release(&row);
}

struct feed {
	int fd;
	const char *p;
	size_t n, step;
};

static void *feed_pipe(void *arg)
{
	struct feed *f = arg;

	while (f->n) {
		size_t part = f->n < f->step ? f->n : f->step;

		if (file_write_all(f->fd, f->p, part))
			break;
		f->p += part;
		f->n -= part;
	}
	close(f->fd);
	return NULL;
}

static void show_piped(const char *csv, size_t n, size_t step,
		       enum csv_comments comments, struct buf *out)
{
	struct csv_table *t;
	pthread_t thread;
	struct feed f;
	int fd[2];

	must(pipe(fd));
	f = (struct feed){ fd[1], csv, n, step };
	must(pthread_create(&thread, NULL, feed_pipe, &f));
	t = csv_table_new(fd[0], "t.csv", comments, NULL);
	assert_non_null(t);
	show_rows(t, out);
	csv_table_free(t);
	must(pthread_join(thread, NULL));
	close(fd[0]);
}

static void show_memory(const char *csv, size_t n, enum csv_comments comments,
			struct buf *out)
{
	/* A copy of its own: a sanitizer then sees each byte too far. */
	char *copy = malloc(n ? n : 1);
	struct csv_table *t;

	assert_non_null(copy);
	memcpy(copy, csv, n);
	t = csv_table_new_memory(copy, n, "t.csv", comments, NULL);
	assert_non_null(t);
	show_rows(t, out);
	csv_table_free(t);
	free(copy);
}

static void expect_n(const char *csv, size_t n, enum csv_comments comments,
		     const char *want)
{
	struct buf out = BUF_INIT;

	show_memory(csv, n, comments, &out);
	assert_string_equal(buf_str(&out), want);
	out.len = 0;
	show_piped(csv, n, 1, comments, &out);
	assert_string_equal(buf_str(&out), want);
	buf_release(&out);
}

static void expect(const char *csv, const char *want)
{
	expect_n(csv, strlen(csv), CSV_NO_COMMENTS, want);
}

static void expect_commented(const char *csv, const char *want)
{
	expect_n(csv, strlen(csv), CSV_HASH_COMMENTS, want);
}

/* ---- What rows and cells are ---- */

static void test_rows_and_cells(void **state)
{
	(void)state;
	expect("", "");
	expect("a", "1:1<a>\n");
	expect("a\n", "1:1<a>\n");
	expect("a,b\nc,d", "1:1<a> 1:3<b>\n2:1<c> 2:3<d>\n");
	expect(",", "1:1<> 1:2<>\n");
	expect("a,\n,b\n", "1:1<a> 1:3<>\n2:1<> 2:2<b>\n");
	expect("a,,b", "1:1<a> 1:3<> 1:4<b>\n");
	expect("a;b\tc\n", "1:1<a;b\tc>\n");
}

/* Counted from the place of the text even where it has none. */
static void test_bug_no_text_at_null(void **state)
{
	struct csv_row row = CSV_ROW_INIT;
	struct err err = ERR_INIT;
	struct csv_table *t;

	(void)state;
	t = csv_table_new_memory(NULL, 0, "t.csv", CSV_HASH_COMMENTS, &err);
	assert_non_null(t);
	assert_int_equal(csv_table_next(t, &row, &err), 0);
	csv_row_release(&row);
	csv_table_free(t);
}

static void test_line_ends(void **state)
{
	(void)state;
	expect("a\r\nb\r\n", "1:1<a>\n2:1<b>\n");
	expect("a\rb\r", "1:1<a>\n2:1<b>\n");
	expect("a\nb\rc\r\nd", "1:1<a>\n2:1<b>\n3:1<c>\n4:1<d>\n");
	expect("a\n\rb", "1:1<a>\n3:1<b>\n");
	expect("a\r\r\nb", "1:1<a>\n3:1<b>\n");
	expect("\"a\"\r\n\"b\"\r\"c\"\n", "1:1<a>\n2:1<b>\n3:1<c>\n");
}

static void test_blank_lines(void **state)
{
	(void)state;
	expect("\n\na\n\n\nb\n\n", "3:1<a>\n6:1<b>\n");
	expect(" \t \na\n  ", "2:1<a>\n");
	expect("\r\n\r\na", "3:1<a>\n");
	/* A quoted nothing is a cell, and so is one beside a comma. */
	expect("\"\"\na", "1:1<>\n2:1<a>\n");
	expect("\" \"\n", "1:1< >\n");
	expect(" ,\n", "1:1< > 1:3<>\n");
	expect("\n", "");
	expect("   ", "");
}

/* Lines that look blank in an editor: of no-break and ideographic spaces */
static void test_blank_lines_of_unicode_spaces(void **state)
{
	(void)state;
	expect("\xC2\xA0\na\n\xE3\x80\x80 \t\n\xE2\x80\xA8\r\nb\n\xC2\x85",
	       "2:1<a>\n5:1<b>\n");
	expect("\"\xC2\xA0\"\n", "1:1<\xC2\xA0>\n");
	expect("\xC2\xA0,\n", "1:1<\xC2\xA0> 1:3<>\n");
	expect("\xE2\x80\x8B\n", "1:1<\xE2\x80\x8B>\n");
}

static void test_blanks_are_kept(void **state)
{
	(void)state;
	expect(" a , b\t\n", "1:1< a > 1:5< b\t>\n");
	expect("\" a \", b", "1:1< a > 1:7< b>\n");
}

static void test_quotes(void **state)
{
	(void)state;
	expect("\"a,b\",c", "1:1<a,b> 1:7<c>\n");
	expect("\"a\"\"b\",c", "1:1<a\"b> 1:8<c>\n");
	expect("\"\"\"\"", "1:1<\">\n");
	expect("\"\",\"\"", "1:1<> 1:4<>\n");
	/* Within an unquoted cell it is a character like any other. */
	expect("7\" TFT,x\n", "1:1<7\" TFT> 1:8<x>\n");
	expect("a\"\",b\"c\"", "1:1<a\"\"> 1:5<b\"c\">\n");
	expect(" \"a\",b", "1:1< \"a\"> 1:6<b>\n");
}

static void test_quoted_newlines(void **state)
{
	(void)state;
	/* Cells behind one stand in the line where the quote ends. */
	expect("\"a\nb\",c\nd", "1:1<a\nb> 2:4<c>\n3:1<d>\n");
	expect("x,\"\n\n\",y\nz", "1:1<x> 1:3<\n\n> 3:3<y>\n4:1<z>\n");
	/* Each line end becomes LF. */
	expect("\"a\r\nb\rc\nd\"\r\ne", "1:1<a\nb\nc\nd>\n5:1<e>\n");
	expect("\"\r\r\n\"", "1:1<\n\n>\n");
}

static void test_columns_are_characters(void **state)
{
	(void)state;
	expect("\xC3\xA9,\xE2\x82\xAC\xE2\x82\xAC,\xF0\x9F\x98\x80,x",
	       "1:1<\xC3\xA9> 1:3<\xE2\x82\xAC\xE2\x82\xAC> "
	       "1:6<\xF0\x9F\x98\x80> 1:8<x>\n");
	expect("\"\xC3\xA9\n\xC3\xA9\",x", "1:1<\xC3\xA9\n\xC3\xA9> 2:4<x>\n");
}

static void test_byte_order_mark(void **state)
{
	(void)state;
	expect("\xEF\xBB\xBF" "a,b", "1:1<a> 1:3<b>\n");
	expect("\xEF\xBB\xBF\"a\"", "1:1<a>\n");
	expect("\xEF\xBB\xBF", "");
	/* Only at the start; another one is a character. */
	expect("\xEF\xBB\xBF\xEF\xBB\xBF" "a", "1:1<\xEF\xBB\xBF" "a>\n");
	expect("a\n\xEF\xBB\xBF" "b", "1:1<a>\n2:1<\xEF\xBB\xBF" "b>\n");
	expect_commented("\xEF\xBB\xBF#a\nb", "2:1<b>\n");
}

static void test_comments(void **state)
{
	(void)state;
	expect_commented("#a,\"b\nc\n # d\n", "2:1<c>\n3:1< # d>\n");
	expect_commented("#\r\n#x\ra\n#", "3:1<a>\n");
	expect_commented("a,#b\n\"#c\"\n", "1:1<a> 1:3<#b>\n2:1<#c>\n");
	/* Within quotes a line is no comment. */
	expect_commented("\"a\n#b\",c", "1:1<a\n#b> 2:5<c>\n");
	expect("#a\n", "1:1<#a>\n");
	expect_commented("# only", "");
	/* What a comment holds does not matter. */
	expect_n("#\0\xFF\na", 5, CSV_HASH_COMMENTS, "2:1<a>\n");
}

/* ---- Refused ---- */

static void test_nul(void **state)
{
	(void)state;
	expect_n("a,b\nc\0d", 7, CSV_NO_COMMENTS, "1:1<a> 1:3<b>\n"
		 "t.csv:2:2: error: a NUL byte: this is no text "
		 "file, or one in UTF-16: " SAVE_AS);
	expect_n("\0", 1, CSV_NO_COMMENTS,
		 "t.csv:1:1: error: a NUL byte: this is no text "
		 "file, or one in UTF-16: " SAVE_AS);
	expect_n("\"a\n\0\"", 5, CSV_NO_COMMENTS,
		 "t.csv:2:1: error: a NUL byte: this is no text "
		 "file, or one in UTF-16: " SAVE_AS);
}

#define NOT_UTF8 " is not UTF-8: " SAVE_AS

static void test_not_utf8(void **state)
{
	(void)state;
	expect("a,b\nc,caf\xE9\n", "1:1<a> 1:3<b>\n"
	       "t.csv:2:6: error: the byte 0xe9" NOT_UTF8);
	expect("\xC3\xA9,\xC3\xA9\xC3", "t.csv:1:4: error: the byte 0xc3"
	       NOT_UTF8);
	expect("a\xFF\xFE", "t.csv:1:2: error: the byte 0xff" NOT_UTF8);
	/* What a spreadsheet calls Unicode text */
	expect("\xFE\xFF\xFF\xFF", "t.csv:1:1: error: this is no text file: "
	       "it begins like an NVS image\n");
	expect("PK\x03\x04", "t.csv:1:1: error: this is a workbook (or another "
	       "ZIP archive), not a CSV: " SAVE_AS);
	expect("\xFF\xFE" "a", "t.csv:1:1: error: the file is UTF-16: " SAVE_AS);
	expect("\xFE\xFF", "t.csv:1:1: error: the file is UTF-16: " SAVE_AS);
	expect("\"a\nb\xE9\"", "t.csv:2:2: error: the byte 0xe9" NOT_UTF8);
	expect("\"a\n\xE9\"", "t.csv:2:1: error: the byte 0xe9" NOT_UTF8);
	expect("\xED\xA0\x80", "t.csv:1:1: error: the byte 0xed" NOT_UTF8);
}

static void test_column_of_a_bad_byte_within_quotes(void **state)
{
	(void)state;
	expect("\"ab\xE9\"", "t.csv:1:4: error: the byte 0xe9" NOT_UTF8);
	expect("x,\"a\"\"\xE9\"", "t.csv:1:7: error: the byte 0xe9" NOT_UTF8);
	expect("\"a\n\"\"b\xE9\"", "t.csv:2:4: error: the byte 0xe9" NOT_UTF8);
	/* Where no quote opens the cell, one within it is one character. */
	expect("a\"\"\xE9", "t.csv:1:4: error: the byte 0xe9" NOT_UTF8);
}

#define NEVER_CLOSED ": error: the quote that opens this cell is never " \
		     "closed: close it, or remove it\n"

static void test_never_closed(void **state)
{
	(void)state;
	expect("a\nb,\"c\nd\ne", "1:1<a>\nt.csv:2:3" NEVER_CLOSED);
	expect("\"", "t.csv:1:1" NEVER_CLOSED);
	expect("\"a\"\"", "t.csv:1:1" NEVER_CLOSED);
	expect("\"a\n", "t.csv:1:1" NEVER_CLOSED);
}

#define BEHIND ": error: text behind the closing quote of a cell: a quote " \
	       "within a quoted cell is doubled\n"
#define BLANK_BEHIND ": error: a blank behind the closing quote of a cell: " \
		     "remove it\n"

static void test_text_behind_a_quote(void **state)
{
	(void)state;
	expect("\"a\"b", "t.csv:1:4" BEHIND);
	expect("\"a\" ,b", "t.csv:1:4" BLANK_BEHIND);
	expect("\"a\"\t\n", "t.csv:1:4" BLANK_BEHIND);
	expect("\"a\" b,c", "t.csv:1:4" BEHIND);
	expect("\"7\" \"TFT\",c", "t.csv:1:4" BEHIND);
	expect("x\n1,\"a\nb\"c\n", "1:1<x>\nt.csv:3:3" BEHIND);
}

/* ---- Pieces and sizes ---- */

/*
 * Whatever stands at the end of a piece of 64 KiB: a long table, shifted by
 * one byte at a time, so that each of its bytes comes to stand there.
 */
static void test_every_boundary(void **state)
{
	static const char special[] =
		"a,\"q\"\"\r\nq\",\xC3\xA9\r\n#c\"\n\r \n\xE2\x82\xAC\n\n";
	static const char want_tail[] = "2:1<a> 2:3<q\"\nq> 3:4<\xC3\xA9>\n"
		"7:1<\xE2\x82\xAC>\n";
	const size_t chunk = 65536, len = sizeof(special) - 1;
	char *csv = malloc(chunk + len);
	struct buf out = BUF_INIT;

	(void)state;
	assert_non_null(csv);
	for (size_t at = chunk - len; at <= chunk; at++) {
		/* One row of x, then the special ones */
		memset(csv, 'x', at - 1);
		csv[at - 1] = '\n';
		memcpy(csv + at, special, len);
		out.len = 0;
		show_piped(csv, at + len, 10007, CSV_HASH_COMMENTS, &out);
		assert_non_null(buf_str(&out));
		assert_int_equal(out.len, 4 + at - 1 + 2 + strlen(want_tail));
		assert_string_equal((char *)out.data + 4 + at - 1 + 2,
				    want_tail);
	}
	buf_release(&out);
	free(csv);
}

/* A comment, a cell and quotes longer than a piece */
static void test_longer_than_a_piece(void **state)
{
	const size_t len = 200000;
	char *csv = malloc(2 * len + 16);
	struct csv_row row = CSV_ROW_INIT;
	struct csv_table *t;
	FILE *f = tmpfile();

	(void)state;
	assert_non_null(csv);
	assert_non_null(f);
	csv[0] = '#';
	memset(csv + 1, '"', len);
	memcpy(csv + 1 + len, "\na,\"", 4);
	memset(csv + 5 + len, '\n', len);
	memcpy(csv + 5 + 2 * len, "\",b", 3);
	assert_int_equal(fwrite(csv, 1, 2 * len + 8, f), 2 * len + 8);
	rewind(f);
	t = csv_table_new(fileno(f), "t.csv", CSV_HASH_COMMENTS, NULL);
	assert_non_null(t);
	assert_int_equal(csv_table_next(t, &row, NULL), 1);
	assert_int_equal(row.count, 3);
	assert_int_equal(row.cells[1].len, len);
	assert_all((const uint8_t *)row.cells[1].text, len, '\n');
	assert_int_equal(row.cells[2].line, 2 + len);
	assert_int_equal(row.cells[2].col, 3);
	assert_int_equal(csv_table_next(t, &row, NULL), 0);
	csv_table_free(t);
	csv_row_release(&row);
	fclose(f);
	free(csv);
}

static void test_many_cells(void **state)
{
	struct buf csv = BUF_INIT, want = BUF_INIT;
	unsigned col = 1;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		must(buf_printf(&csv, "%s%u", i ? "," : "", i));
		must(buf_printf(&want, "%s1:%u<%u>", i ? " " : "", col, i));
		col += i > 99 ? 4 : i > 9 ? 3 : 2;
	}
	must(buf_putc(&want, '\n'));
	expect(buf_str(&csv), buf_str(&want));
	buf_release(&csv);
	buf_release(&want);
}

/* Two rows can be held at a time. */
static void test_rows_stand_by_themselves(void **state)
{
	struct csv_row a = CSV_ROW_INIT, b = CSV_ROW_INIT;
	struct csv_table *t = csv_table_new_memory("1,2\n3\n4", 7, "t.csv",
						   CSV_NO_COMMENTS, NULL);

	(void)state;
	assert_int_equal(csv_table_next(t, &a, NULL), 1);
	assert_int_equal(csv_table_next(t, &b, NULL), 1);
	assert_string_equal(a.cells[1].text, "2");
	assert_string_equal(b.cells[0].text, "3");
	assert_int_equal(csv_table_next(t, &a, NULL), 1);
	assert_int_equal(a.count, 1);
	csv_table_free(t);
	assert_string_equal(a.cells[0].text, "4");
	csv_row_release(&a);
	csv_row_release(&b);
}

static void tap(void *ctx, const void *p, size_t n)
{
	must(buf_append(ctx, p, n));
}

static void test_tap_sees_all_bytes(void **state)
{
	static const char csv[] = "\xEF\xBB\xBF#x\r\na,b\n\n";
	struct csv_row row = CSV_ROW_INIT;
	struct buf seen = BUF_INIT;
	struct csv_table *t;
	int fd[2];

	(void)state;
	must(pipe(fd));
	must(file_write_all(fd[1], csv, strlen(csv)));
	close(fd[1]);
	t = csv_table_new(fd[0], "t.csv", CSV_HASH_COMMENTS, NULL);
	csv_table_set_tap(t, tap, &seen);
	while (csv_table_next(t, &row, NULL) > 0)
		;
	assert_buf(&seen, csv);
	csv_table_free(t);
	close(fd[0]);
	seen.len = 0;
	t = csv_table_new_memory(csv, strlen(csv), "t.csv", CSV_HASH_COMMENTS,
				 NULL);
	csv_table_set_tap(t, tap, &seen);
	assert_buf(&seen, csv);
	csv_table_free(t);
	csv_table_free(NULL);
	csv_row_release(&row);
	buf_release(&seen);
}

static void test_unreadable(void **state)
{
	struct csv_row row = CSV_ROW_INIT;
	struct err err = ERR_INIT;
	struct csv_table *t;
	int fd = dup(0);

	(void)state;
	must(close(fd)); /* a number that no file has */
	t = csv_table_new(fd, "t.csv", CSV_NO_COMMENTS, NULL);
	assert_int_equal(csv_table_next(t, &row, &err), ERR_IO);
	assert_err(&err, ERR_IO, "cannot read 't.csv': Bad file descriptor");
	assert_int_equal(csv_table_next(t, &row, &err), 0);
	csv_table_free(t);
	csv_row_release(&row);
}

/* ---- Writing ---- */

/* As Python's csv.writer with its default dialect */
static void test_put_field(void **state)
{
	static const struct { const char *text, *want; } cases[] = {
		{ "", "" }, { "a", "a" }, { " a ", " a " }, { "#a", "#a" },
		{ "a,b", "\"a,b\"" }, { "\"", "\"\"\"\"" },
		{ "7\" TFT", "\"7\"\" TFT\"" }, { "a\nb", "\"a\nb\"" },
		{ "a\rb", "\"a\rb\"" }, { "a\r\nb", "\"a\r\nb\"" },
		{ "a'b;c\td", "a'b;c\td" }, { "\xC3\xA9", "\xC3\xA9" }
	};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		out.len = 0;
		must(csv_put_field(&out, true, cases[i].text,
				   strlen(cases[i].text)));
		assert_buf(&out, cases[i].want);
		must(csv_put_field(&out, false, cases[i].text,
				   strlen(cases[i].text)));
		assert_int_equal(out.data[strlen(cases[i].want)], ',');
		assert_int_equal(out.len, 2 * strlen(cases[i].want) + 1);
	}
	out.len = 0;
	must(csv_put_quoted(&out, true, "a\"", 2));
	must(csv_put_quoted(&out, false, "", 0));
	assert_buf(&out, "\"a\"\"\",\"\"");
	buf_release(&out);
}

/* What was written is read as it was, CR aside, which becomes LF. */
static void test_there_and_back(void **state)
{
	static const char *const texts[] = {
		"", "a", " b ", "c,d", "e\"f", "\"", "\n", "g\nh", "\"\"", ",",
		"\xE2\x82\xAC", "#", "'", "\t"
	};
	const size_t count = sizeof(texts) / sizeof(*texts);
	struct csv_row row = CSV_ROW_INIT;
	struct buf out = BUF_INIT;
	struct csv_table *t;

	(void)state;
	for (size_t i = 0; i < count; i++)
		must(csv_put_field(&out, !i, texts[i], strlen(texts[i])));
	must(buf_puts(&out, "\r\n"));
	t = csv_table_new_memory(out.data, out.len, "t.csv", CSV_NO_COMMENTS,
				 NULL);
	assert_int_equal(csv_table_next(t, &row, NULL), 1);
	assert_int_equal(row.count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(row.cells[i].text, texts[i]);
	assert_int_equal(csv_table_next(t, &row, NULL), 0);
	csv_table_free(t);
	csv_row_release(&row);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_and_cells),
		cmocka_unit_test(test_bug_no_text_at_null),
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_blank_lines),
		cmocka_unit_test(test_blank_lines_of_unicode_spaces),
		cmocka_unit_test(test_blanks_are_kept),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_quoted_newlines),
		cmocka_unit_test(test_columns_are_characters),
		cmocka_unit_test(test_byte_order_mark),
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_not_utf8),
		cmocka_unit_test(test_column_of_a_bad_byte_within_quotes),
		cmocka_unit_test(test_never_closed),
		cmocka_unit_test(test_text_behind_a_quote),
		cmocka_unit_test(test_every_boundary),
		cmocka_unit_test(test_longer_than_a_piece),
		cmocka_unit_test(test_many_cells),
		cmocka_unit_test(test_rows_stand_by_themselves),
		cmocka_unit_test(test_tap_sees_all_bytes),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_put_field),
		cmocka_unit_test(test_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
