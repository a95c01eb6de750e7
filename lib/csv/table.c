/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcsv splits the text into fields but tells no positions. So each line is
 * scanned first: where its cells begin is noted, what a quote means at each
 * point tracked, and two mistakes found that libcsv lets pass, a quote that
 * is never closed and text behind a closing one. Then the line goes to
 * libcsv, which calls on_cell() for each cell that was begun.
 */
#include "csv_table.h"

#include <csv.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

/* What to do with a file that is none of ours. */
#define SAVE_AS "save the file as UTF-8 (in a spreadsheet: CSV UTF-8)"

#define READ_SIZE 65536u
/* libcsv enlarges its field buffer by so much at a time. */
#define FIELD_STEP 4096u

enum cell_state {
	CELL_START,  /* nothing of the cell seen yet */
	CELL_PLAIN,  /* in an unquoted cell */
	CELL_QUOTED, /* within quotes */
	CELL_CLOSED  /* behind a quote that closes, or is the first of two */
};

struct csv_table {
	struct csv_parser parser;
	const char *name;
	enum csv_comments comments;
	csv_tap_fn *tap;
	void *tap_ctx;

	int fd;             /* -1: all is in memory */
	uint8_t *buffer;    /* owned; NULL when reading from memory */
	const uint8_t *p;   /* next byte to be scanned */
	const uint8_t *end;
	const uint8_t *fed; /* what is before it went to libcsv; at most p */
	bool at_start;      /* nothing read yet: a byte-order mark may come */
	bool ended;         /* no further rows: end or failure */

	unsigned line, col; /* of the next byte */
	bool after_cr;      /* an LF now belongs to the CR before it */
	enum cell_state state;

	/* while a row is being read */
	struct csv_row *row;
	size_t begun;          /* its cells so far, row->count of them whole */
	bool row_done;
	bool row_blank_so_far; /* one unquoted cell of white space at most */
	bool no_memory;
	bool ascii;            /* all of the row so far */
	struct pos not_utf8;   /* of the row's first bad byte; line 0: none */
	uint8_t bad_byte;
};

/*
 * libcsv's buffer for a field, with its size in front: what it leaves behind
 * can then be wiped.
 */
struct field {
	size_t size;
	unsigned char bytes[];
};

static struct field *field_of(void *bytes)
{
	return (struct field *)((unsigned char *)bytes -
				offsetof(struct field, bytes));
}

static void wipe_field(void *bytes)
{
	struct field *f = bytes ? field_of(bytes) : NULL;

	if (f)
		mem_wipe(f->bytes, f->size);
	mem_free(f);
}

static void *move_field(void *bytes, size_t size)
{
	const struct field *from = bytes ? field_of(bytes) : NULL;
	struct field *to;

	if (size > SIZE_MAX - sizeof(*to))
		return NULL;
	to = mem_alloc(sizeof(*to) + size);
	if (!to)
		return NULL;
	to->size = size;
	if (from)
		memcpy(to->bytes, from->bytes,
		       from->size < size ? from->size : size);
	wipe_field(bytes);
	return to->bytes;
}

void csv_row_release(struct csv_row *row)
{
	mem_free(row->cells);
	buf_wipe(&row->text);
	*row = (struct csv_row)CSV_ROW_INIT;
}

struct pos csv_cell_pos(const char *file, const struct csv_cell *cell)
{
	return (struct pos){ file, cell->line, cell->col };
}

/* Blanks are part of a cell; libcsv would trim them. */
static int no_space(unsigned char c)
{
	(void)c;
	return 0;
}

static struct csv_table *new_table(const char *name,
				   enum csv_comments comments, struct err *err)
{
	struct csv_table *t = mem_array(1, sizeof(*t));

	if (!t || csv_init(&t->parser, CSV_STRICT_FINI | CSV_APPEND_NULL)) {
		mem_free(t);
		err_nomem(err);
		return NULL;
	}
	csv_set_realloc_func(&t->parser, move_field);
	csv_set_free_func(&t->parser, wipe_field);
	csv_set_blk_size(&t->parser, FIELD_STEP);
	csv_set_space_func(&t->parser, no_space);
	t->name = name;
	t->comments = comments;
	t->fd = -1;
	t->at_start = true;
	t->line = 1;
	t->col = 1;
	return t;
}

struct csv_table *csv_table_new(int fd, const char *name,
				enum csv_comments comments, struct err *err)
{
	struct csv_table *t = new_table(name, comments, err);

	if (!t)
		return NULL;
	t->buffer = mem_alloc(READ_SIZE);
	if (!t->buffer) {
		csv_table_free(t);
		err_nomem(err);
		return NULL;
	}
	t->fd = fd;
	t->p = t->end = t->fed = t->buffer;
	return t;
}

struct csv_table *csv_table_new_memory(const void *p, size_t n,
				       const char *name,
				       enum csv_comments comments,
				       struct err *err)
{
	struct csv_table *t = new_table(name, comments, err);

	if (t) {
		/* Nothing may be at NULL, from which nothing may be counted. */
		t->p = t->fed = n ? p : (const void *)"";
		t->end = t->p + n;
	}
	return t;
}

void csv_table_set_tap(struct csv_table *t, csv_tap_fn *tap, void *ctx)
{
	t->tap = tap;
	t->tap_ctx = ctx;
	if (tap && t->fd < 0)
		tap(ctx, t->p, (size_t)(t->end - t->p));
}

void csv_table_free(struct csv_table *t)
{
	if (!t)
		return;
	csv_free(&t->parser);
	if (t->buffer)
		mem_wipe(t->buffer, READ_SIZE);
	mem_free(t->buffer);
	mem_free(t);
}

/* Fill the buffer from the file. Leaves p == end at the end of the file. */
static int refill(struct csv_table *t, struct err *err)
{
	size_t have = 0;

	if (t->fd < 0)
		return 0;
	while (have < READ_SIZE) {
		ssize_t n = read(t->fd, t->buffer + have, READ_SIZE - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_io(err, errno, "cannot read",
				      t->name ? t->name : "the table");
		if (n == 0)
			break;
		have += (size_t)n;
	}
	t->p = t->fed = t->buffer;
	t->end = t->buffer + have;
	if (t->tap)
		t->tap(t->tap_ctx, t->buffer, have);
	return 0;
}

static bool all_blank(const char *s, size_t len)
{
	size_t n;

	for (; len; s += n, len -= n) {
		n = text_space_len(s, len);
		if (!n)
			return false;
	}
	return true;
}

/* Note where a cell has the byte that is not UTF-8, at bytes into it. */
static void note_not_utf8(struct csv_table *t, const struct csv_cell *cell,
			  const char *text, size_t at)
{
	struct pos pos = csv_cell_pos(t->name, cell);

	pos.col += cell->quoted;
	for (size_t n = 0; n < at; n++) {
		if (text[n] == '\n') {
			pos.line++;
			pos.col = 0;
		}
		pos.col += (text[n] & 0xC0) != 0x80;
		/* One that stands in quotes was written as two. */
		pos.col += cell->quoted && text[n] == '"';
	}
	t->not_utf8 = pos;
	t->bad_byte = (uint8_t)text[at];
}

/* Called by libcsv at the end of each field. */
static void on_cell(void *text, size_t len, void *ctx)
{
	struct csv_table *t = ctx;
	struct csv_row *row = t->row;
	struct csv_cell *cell = &row->cells[row->count];
	size_t at;

	/* The text may still move: until the row ends, only lengths count. */
	if (buf_reserve(&row->text, len + 1)) {
		t->no_memory = true;
		return;
	}
	if (len)
		memcpy(row->text.data + row->text.len, text, len);
	row->text.len += len;
	row->text.data[row->text.len++] = '\0';
	if (!t->ascii && !t->not_utf8.line && !text_is_utf8(text, len, &at))
		note_not_utf8(t, cell, text, at);
	t->row_blank_so_far = !row->count && !cell->quoted &&
			      all_blank(text, len);
	cell->len = len;
	row->count++;
}

/* Called by libcsv at the end of each row. */
static void on_row(int c, void *ctx)
{
	struct csv_table *t = ctx;

	(void)c;
	t->row_done = true;
}

static int feed(struct csv_table *t, const void *p, size_t n, struct err *err)
{
	if (csv_parse(&t->parser, p, n, on_cell, on_row, t) != n ||
	    t->no_memory)
		return err_nomem(err);
	return 0;
}

/* Hand over what was scanned and not handed over yet. */
static int feed_scanned(struct csv_table *t, struct err *err)
{
	const uint8_t *from = t->fed;

	t->fed = t->p;
	return from < t->p ? feed(t, from, (size_t)(t->p - from), err) : 0;
}

static int fail_here(const struct csv_table *t, struct err *err,
		     const char *what)
{
	struct pos pos = { t->name, t->line, t->col };

	return err_at(err, &pos, ERR_INPUT, "%s", what);
}

static int more_cells(struct csv_row *row, struct err *err)
{
	struct csv_cell *cells = mem_grow(row->cells, row->cells_cap + 1,
					  &row->cells_cap, sizeof(*cells));

	if (!cells)
		return err_nomem(err);
	row->cells = cells;
	return 0;
}

/* The next byte is the first of a cell. */
static int begin_cell(struct csv_table *t, enum cell_state state,
		      struct err *err)
{
	struct csv_row *row = t->row;

	if (t->begun == row->cells_cap && more_cells(row, err))
		return ERR_NOMEM;
	row->cells[t->begun++] = (struct csv_cell){
		.line = t->line,
		.col = t->col,
		.quoted = state == CELL_QUOTED,
	};
	t->state = state;
	return 0;
}

/* Where the cell begins that is being scanned. */
static struct pos cell_pos(const struct csv_table *t)
{
	return csv_cell_pos(t->name, &t->row->cells[t->begun - 1]);
}

/* Bytes that may change what comes next. All others are ordinary. */
static const bool is_special[UINT8_MAX + 1] = {
	['\0'] = true, [','] = true, ['"'] = true, ['\r'] = true, ['\n'] = true,
};

/* Whether nothing but blanks stands before the cell's end. */
static bool are_blanks(const uint8_t *p, const uint8_t *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p < end && *p != '"' && is_special[*p];
}

/* Ordinary characters, as many as stand there. */
static int scan_run(struct csv_table *t, struct err *err)
{
	const uint8_t *p = t->p;
	uint8_t bits = 0;
	size_t chars;

	if (t->state == CELL_CLOSED)
		return fail_here(t, err, are_blanks(p, t->end) ?
				 "a blank behind the closing quote of a cell: "
				 "remove it" :
				 "text behind the closing quote of a cell: a "
				 "quote within a quoted cell is doubled");
	if (t->state == CELL_START && begin_cell(t, CELL_PLAIN, err))
		return ERR_NOMEM;
	while (p < t->end && !is_special[*p])
		bits |= *p++;
	chars = (size_t)(p - t->p);
	if (bits & 0x80) {
		t->ascii = false;
		chars = text_chars(t->p, chars);
	}
	t->col += (unsigned)chars;
	t->p = p;
	return 0;
}

static int scan_comma(struct csv_table *t, struct err *err)
{
	if (t->state == CELL_START && begin_cell(t, CELL_PLAIN, err))
		return ERR_NOMEM;
	if (t->state != CELL_QUOTED)
		t->state = CELL_START;
	t->col++;
	t->p++;
	return 0;
}

static int scan_quote(struct csv_table *t, struct err *err)
{
	if (t->state == CELL_START) {
		if (begin_cell(t, CELL_QUOTED, err))
			return ERR_NOMEM;
	} else if (t->state == CELL_QUOTED) {
		t->state = CELL_CLOSED;
	} else if (t->state == CELL_CLOSED) {
		t->state = CELL_QUOTED;
	}
	t->col++;
	t->p++;
	return 0;
}

/* CR, LF and CRLF are LF to libcsv, which would keep them in a quoted cell. */
static int scan_line_end(struct csv_table *t, struct err *err)
{
	bool cr = *t->p == '\r', second = !cr && t->after_cr;
	int r = 0;

	t->after_cr = cr;
	if (second) {
		t->fed = ++t->p;
		return 0;
	}
	if (t->state == CELL_START && begin_cell(t, CELL_PLAIN, err))
		return ERR_NOMEM;
	if (cr) {
		r = feed_scanned(t, err);
		t->fed = ++t->p;
		if (!r)
			r = feed(t, "\n", 1, err);
	} else {
		t->p++;
		if (t->state != CELL_QUOTED)
			r = feed_scanned(t, err);
	}
	t->line++;
	t->col = 1;
	if (t->state == CELL_QUOTED)
		return r;
	t->state = CELL_START;
	/* Of a blank line libcsv says nothing: no cell was begun after all. */
	t->begun = t->row->count;
	return r;
}

static bool starts_comment(const struct csv_table *t)
{
	return t->comments == CSV_HASH_COMMENTS && *t->p == '#' &&
	       t->col == 1 && t->state == CELL_START;
}

/* Skip to the line end, which is left to be scanned as a blank line's. */
static int skip_comment(struct csv_table *t, struct err *err)
{
	do {
		while (t->p < t->end && *t->p != '\n' && *t->p != '\r')
			t->p++;
		t->fed = t->p;
		if (t->p < t->end)
			return 0;
		if (refill(t, err))
			return ERR_IO;
	} while (t->p < t->end);
	return 0;
}

static int scan_some(struct csv_table *t, struct err *err)
{
	if (*t->p != '\n')
		t->after_cr = false;
	switch (*t->p) {
	case ',':
		return scan_comma(t, err);
	case '"':
		return scan_quote(t, err);
	case '\n':
	case '\r':
		return scan_line_end(t, err);
	case '\0':
		return fail_here(t, err, "a NUL byte: this is no text file, or "
				 "one in UTF-16: " SAVE_AS);
	default:
		if (starts_comment(t))
			return skip_comment(t, err);
		return scan_run(t, err);
	}
}

/* The file is at its end: so is the last row. */
static int finish(struct csv_table *t, struct err *err)
{
	t->ended = true;
	if (t->state == CELL_QUOTED) {
		struct pos pos = cell_pos(t);

		return err_at(err, &pos, ERR_INPUT, "the quote that opens this "
			      "cell is never closed: close it, or remove it");
	}
	if (t->state == CELL_START && begin_cell(t, CELL_PLAIN, err))
		return ERR_NOMEM;
	if (csv_fini(&t->parser, on_cell, on_row, t) || t->no_memory)
		return err_nomem(err);
	return 0;
}

/* Turn lengths into pointers, and refuse what is not UTF-8. */
static int complete_row(struct csv_table *t, struct err *err)
{
	struct csv_row *row = t->row;
	const char *text = (const char *)row->text.data;

	if (t->not_utf8.line)
		return err_at(err, &t->not_utf8, ERR_INPUT, "the byte 0x%02x is "
			      "not UTF-8: " SAVE_AS, (unsigned)t->bad_byte);
	for (size_t i = 0; i < row->count; i++) {
		row->cells[i].text = text;
		text += row->cells[i].len + 1;
	}
	row->line = row->cells[0].line;
	return 1;
}

/* The mark of UTF-8 is skipped; that of UTF-16 tells what is wrong. */
static int skip_mark(struct csv_table *t, struct err *err)
{
	static const uint8_t mark[3] = { 0xEF, 0xBB, 0xBF };
	static const uint8_t zip[4] = { 'P', 'K', 3, 4 };
	static const uint8_t ole[4] = { 0xD0, 0xCF, 0x11, 0xE0 };
	static const uint8_t gzip[2] = { 0x1F, 0x8B };

	t->at_start = false;
	if (t->end - t->p >= 3 && !memcmp(t->p, mark, 3))
		t->fed = t->p += 3;
	else if (t->end - t->p >= 4 && (t->p[0] & 0xFE) == 0xFE &&
		 t->p[1] == 0xFF && t->p[2] == 0xFF && t->p[3] == 0xFF)
		return fail_here(t, err, "this is no text file: it begins like "
				 "an NVS image");
	else if (t->end - t->p >= 2 && ((t->p[0] == 0xFF && t->p[1] == 0xFE) ||
					(t->p[0] == 0xFE && t->p[1] == 0xFF)))
		return fail_here(t, err, "the file is UTF-16: " SAVE_AS);
	else if (t->end - t->p >= 4 && !memcmp(t->p, zip, 4))
		return fail_here(t, err, "this is a workbook (or another ZIP "
				 "archive), not a CSV: " SAVE_AS);
	else if (t->end - t->p >= 4 && !memcmp(t->p, ole, 4))
		return fail_here(t, err, "this is a workbook of an old "
				 "spreadsheet, not a CSV: " SAVE_AS);
	else if (t->end - t->p >= 2 && !memcmp(t->p, gzip, 2))
		return fail_here(t, err, "this is compressed (gzip), not a CSV: "
				 "unpack it first");
	return 0;
}

/* All was scanned: the rest of the row is in the next piece of the file. */
static int read_on(struct csv_table *t, struct err *err)
{
	int r = feed_scanned(t, err);

	return r ? r : refill(t, err);
}

/* Read up to the end of a row, which may turn out to be a blank line. */
static int read_row(struct csv_table *t, struct err *err)
{
	int r = 0;

	t->row->count = t->begun = 0;
	t->row->text.len = 0;
	t->row_done = false;
	t->row_blank_so_far = true;
	t->not_utf8.line = 0;
	t->ascii = true;
	while (!t->row_done && !t->ended && !r) {
		if (t->p == t->end)
			r = read_on(t, err);
		if (!r && t->at_start)
			r = skip_mark(t, err);
		if (!r)
			r = t->p == t->end ? finish(t, err) :
					     scan_some(t, err);
	}
	return r;
}

int csv_table_next(struct csv_table *t, struct csv_row *row, struct err *err)
{
	int r;

	t->row = row;
	do {
		r = t->ended ? 0 : read_row(t, err);
	} while (!r && !t->ended && t->row_blank_so_far);
	if (!r && t->row_done && !t->row_blank_so_far)
		r = complete_row(t, err);
	if (r <= 0)
		t->ended = true;
	t->row_done = false;
	return r;
}

int csv_put_quoted(struct buf *out, bool first, const char *text, size_t len)
{
	size_t quotes = 0;

	for (size_t i = 0; i < len; i++)
		quotes += text[i] == '"';
	if (buf_reserve(out, len + quotes + 3))
		return ERR_NOMEM;
	if (!first)
		out->data[out->len++] = ',';
	out->data[out->len++] = '"';
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			out->data[out->len++] = '"';
		out->data[out->len++] = (uint8_t)text[i];
	}
	out->data[out->len++] = '"';
	return 0;
}

int csv_put_field(struct buf *out, bool first, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (is_special[(uint8_t)text[i]])
			return csv_put_quoted(out, first, text, len);
	if (buf_reserve(out, len + 1))
		return ERR_NOMEM;
	if (!first)
		out->data[out->len++] = ',';
	return buf_append(out, text, len);
}
