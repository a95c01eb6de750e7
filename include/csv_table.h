/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv_table.h - CSV in, row by row, and CSV out.
 *
 * RFC 4180 with the habits of the spreadsheets and scripts that write these
 * files: UTF-8, a byte-order mark at the start ignored, LF, CRLF and CR all
 * end a line (within quotes each becomes LF), blank lines skipped (white
 * space only counts as blank), blanks part of a cell, a quote within an
 * unquoted cell a character like any other.
 *
 * Refused with its place: a NUL byte, what is not UTF-8, a quoted cell that
 * is never closed (at the line where it opens), text behind a closing quote.
 *
 * A table is read once from front to back, with memory for one row, whatever
 * the length of the file.
 */
#ifndef CSV_TABLE_H
#define CSV_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"

struct csv_cell {
	const char *text; /* NUL-terminated; never NULL */
	size_t len;       /* bytes without the NUL */
	unsigned line;    /* where its first character, or its opening */
	unsigned col;     /* quote, stands: from 1, columns in characters */
	bool quoted;      /* it stood in quotes, which are not in text */
};

/*
 * A row and the memory it stands in. The cells are valid until the row is
 * filled again or released, so several rows can be held at a time.
 */
struct csv_row {
	struct csv_cell *cells;
	size_t count;
	unsigned line;      /* of its first cell */
	struct buf text;    /* where all cells stand, each with its NUL */
	size_t cells_cap;   /* private */
};

#define CSV_ROW_INIT { NULL, 0, 0, BUF_INIT, 0 }
/* Wipe and free; row is then as after CSV_ROW_INIT. */
void csv_row_release(struct csv_row *row);

/* The place of a cell; file is the table's name. */
struct pos csv_cell_pos(const char *file, const struct csv_cell *cell);

/*
 * ERR_INPUT at the separator when a first row is one cell with ';' or tabs in
 * it, as spreadsheets of many countries write it; else 0.
 */
__attribute__((warn_unused_result))
int csv_row_check_separator(const struct csv_row *row, const char *file,
			    struct err *err);

/*
 * ERR_INPUT unless a row has as many cells as the header, at its last cell
 * or the first too many, with what is most likely to be done; else 0.
 */
__attribute__((warn_unused_result))
int csv_row_check_count(const struct csv_row *row, size_t columns,
			const char *file, struct err *err);

/*
 * What to do about a row with another number of cells than so many: a phrase
 * for the end of a message.
 */
const char *csv_row_advice(const struct csv_row *row, size_t columns);

/*
 * Put behind the message that a header lacks a column which of its cells is
 * that but for blanks, letter case or a byte-order mark, if one is.
 */
void csv_row_hint(const struct csv_row *header, const char *column,
		  struct err *err);

/* Whether a row can only be the "NAME,namespace," of a configuration. */
bool csv_row_is_config(const struct csv_row *row);

/*
 * Where a column of that name stands in a header: 1, 0 when there is none, or
 * ERR_INPUT at the second of two.
 */
__attribute__((warn_unused_result))
int csv_row_find(const struct csv_row *header, const char *column,
		 const char *file, size_t *at, struct err *err);

struct csv_table;

enum csv_comments {
	CSV_NO_COMMENTS,  /* a line starting with '#' is a row */
	CSV_HASH_COMMENTS /* it is skipped up to its end, quotes or not */
};

/*
 * Sees each piece of the file's bytes as it is read, from the first to the
 * last, for a fingerprint.
 */
typedef void csv_tap_fn(void *ctx, const void *p, size_t n);

/*
 * Read from a file descriptor, which stays the caller's, from its current
 * position on. name is for the messages and borrowed until csv_table_free().
 * NULL with *err filled when there is no memory.
 */
struct csv_table *csv_table_new(int fd, const char *name,
				enum csv_comments comments, struct err *err);

/* The same for n bytes in memory, borrowed as long. */
struct csv_table *csv_table_new_memory(const void *p, size_t n,
				       const char *name,
				       enum csv_comments comments,
				       struct err *err);

void csv_table_set_tap(struct csv_table *t, csv_tap_fn *tap, void *ctx);

/* May be NULL. */
void csv_table_free(struct csv_table *t);

/*
 * The next row into *row. 1: there is one, 0: the end, negative: an enum
 * err_code; after that the table gives nothing more.
 */
__attribute__((warn_unused_result))
int csv_table_next(struct csv_table *t, struct csv_row *row, struct err *err);

/*
 * Append one field to a line being written: a comma in front unless it is
 * the first, quotes only where a comma, quote, CR or LF needs them. The
 * caller ends the line. 0 or ERR_NOMEM.
 */
__attribute__((warn_unused_result))
int csv_put_field(struct buf *out, bool first, const char *text, size_t len);

/* The same, quoted in any case. */
__attribute__((warn_unused_result))
int csv_put_quoted(struct buf *out, bool first, const char *text, size_t len);

#endif
