/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CSV reader and writer: from memory and from a file the same rows come;
 * what was read, written again, is read as the same.
 *
 * Option bits: 1 comments, 2 from a file too, 4 with 1 across the end of the
 * buffer (then a byte says where).
 */
#include "fuzz.h"

#include <string.h>

#include "csv_table.h"
#include "text.h"

#define NAME "table.csv"
#define BUFFER 65536u

/* Rows, once with their places and once without, and written again. */
struct rows {
	struct buf places, texts, again;
	size_t count, tapped;
	struct err err;
	int end;
};

static void rows_release(struct rows *r)
{
	buf_release(&r->places);
	buf_release(&r->texts);
	buf_release(&r->again);
}

static void tap(void *ctx, const void *p, size_t n)
{
	struct rows *r = ctx;

	(void)p;
	r->tapped += n;
}

static bool is_blank(const struct csv_cell *c)
{
	for (size_t i = 0; i < c->len; i++)
		if (!text_is_space(c->text[i]))
			return false;
	return true;
}

/* What, at the start of a file, tells that this is no CSV, or is skipped. */
static bool is_magic(const char *s)
{
	return (uint8_t)*s >= 0xEF || !strncmp(s, "PK\3\4", 4);
}

/* What would be taken otherwise if it stood there without quotes. */
static bool needs_quotes(const struct rows *r, const struct csv_row *row)
{
	const struct csv_cell *c = &row->cells[0];

	return (row->count == 1 && is_blank(c)) || c->text[0] == '#' ||
	       (!r->again.len && is_magic(c->text));
}

static void take_row(struct rows *r, const struct csv_row *row)
{
	ENSURE(row->count, "a row without cells");
	ENSURE(row->line == row->cells[0].line, "a row in another line");
	for (size_t i = 0; i < row->count; i++) {
		const struct csv_cell *c = &row->cells[i], *b = c - 1;

		ENSURE(c->text && strlen(c->text) == c->len, "cell length");
		ENSURE(text_is_utf8(c->text, c->len, NULL), "not UTF-8");
		ENSURE(!memchr(c->text, '\r', c->len), "a CR in a cell");
		ENSURE(c->line && c->col, "a cell without a place");
		ENSURE(!i || c->line > b->line ||
		       (c->line == b->line && c->col > b->col),
		       "cells out of order");
		FUZZ_MUST(buf_printf(&r->places, "%u:%u,", c->line - row->line,
				     c->col));
		FUZZ_MUST(buf_append(&r->texts, c->text, c->len + 1));
		FUZZ_MUST(!i && needs_quotes(r, row) ?
			  csv_put_quoted(&r->again, true, c->text, c->len) :
			  csv_put_field(&r->again, !i, c->text, c->len));
	}
	FUZZ_MUST(buf_puts(&r->texts, "\n"));
	FUZZ_MUST(buf_puts(&r->again, "\r\n"));
	r->count++;
}

/* All rows of a table, which is freed. */
static void read_rows(struct rows *r, struct csv_table *t)
{
	struct csv_row row = CSV_ROW_INIT;
	unsigned line = 0;

	*r = (struct rows){ .err = ERR_INIT };
	csv_table_set_tap(t, tap, r);
	while ((r->end = csv_table_next(t, &row, &r->err)) > 0) {
		ENSURE(row.line > line, "rows out of order");
		line = row.line;
		take_row(r, &row);
	}
	if (r->end) {
		fuzz_check_err(&r->err, r->end);
		fuzz_check_place(&r->err, NAME, true);
		ENSURE(r->err.pos.col, "no column: %s", r->err.msg);
		ENSURE(csv_table_next(t, &row, &r->err) == 0,
		       "rows behind an error");
	}
	csv_row_release(&row);
	csv_table_free(t);
}

static void read_memory(struct rows *r, const void *p, size_t n,
			enum csv_comments comments)
{
	struct err err = ERR_INIT;
	struct csv_table *t;

	t = csv_table_new_memory(p, n, NAME, comments, &err);
	ENSURE(t, "no memory");
	read_rows(r, t);
	ENSURE(r->tapped == n, "tapped %zu bytes of %zu", r->tapped, n);
}

static void read_fd(struct rows *r, const void *p, size_t n,
		    enum csv_comments comments)
{
	struct err err = ERR_INIT;
	struct csv_table *t;

	t = csv_table_new(fuzz_fd(p, n), NAME, comments, &err);
	ENSURE(t, "no memory");
	read_rows(r, t);
	ENSURE(r->end < 0 || r->tapped == n, "tapped %zu bytes of %zu",
	       r->tapped, n);
}

static bool same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && (!a->len || !memcmp(a->data, b->data,
							a->len));
}

static void ensure_same(const struct rows *a, const struct rows *b,
			unsigned lines)
{
	ENSURE(same(&a->texts, &b->texts), "other texts from a file");
	ENSURE(same(&a->places, &b->places), "other places from a file");
	ENSURE(a->end == b->end, "%d from memory, %d from a file", a->end,
	       b->end);
	ENSURE(!strcmp(a->err.msg, b->err.msg) &&
	       (!a->end || a->err.pos.line + lines == b->err.pos.line) &&
	       a->err.pos.col == b->err.pos.col, "another error from a file");
}

static void check_file(const struct rows *a, const struct fuzz_in *in,
		       enum csv_comments comments)
{
	struct rows b;

	read_fd(&b, in->p, in->n, comments);
	ensure_same(a, &b, 0);
	rows_release(&b);
}

/* Behind a comment that ends at bytes before the end of the buffer. */
static void check_buffer(const struct rows *a, const struct fuzz_in *in,
			 enum csv_comments comments, size_t at)
{
	static uint8_t long_file[2 * BUFFER];
	size_t before = BUFFER - at;
	char start[5] = "";
	struct rows b;

	memcpy(start, in->p, in->n < 4 ? in->n : 4);
	if (in->n > BUFFER || is_magic(start))
		return;
	memset(long_file, '#', before - 1);
	long_file[before - 1] = '\n';
	if (in->n)
		memcpy(long_file + before, in->p, in->n);
	read_fd(&b, long_file, before + in->n, comments);
	ensure_same(a, &b, 1);
	rows_release(&b);
}

/* What was read, written and read again; the second writing is the first. */
static void check_again(const struct rows *a, enum csv_comments comments)
{
	struct rows b;

	read_memory(&b, a->again.data, a->again.len, comments);
	ENSURE(!b.end, "what was written is refused: %s", b.err.msg);
	ENSURE(same(&a->texts, &b.texts), "what was written reads otherwise");
	ENSURE(same(&a->again, &b.again), "written otherwise again");
	ENSURE(a->count == b.count, "%zu rows became %zu", a->count, b.count);
	rows_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	uint8_t options = fuzz_byte(&in);
	uint8_t at = (options & 5) == 5 ? fuzz_byte(&in) : 0;
	enum csv_comments comments = options & 1 ? CSV_HASH_COMMENTS :
						   CSV_NO_COMMENTS;
	struct rows rows;

	read_memory(&rows, in.p, in.n, comments);
	if (options & 2)
		check_file(&rows, &in, comments);
	if (at)
		check_buffer(&rows, &in, comments, at);
	check_again(&rows, comments);
	rows_release(&rows);
	return 0;
}
