/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "csv_table.h"
#include "digest.h"
#include "text.h"

const char *const record_columns[RECORD_COLUMNS] = {
	"id", "row", "bin", "bin_sha256", "csv", "csv_sha256", "keys",
	"keys_sha256"
};

/* Around the names in the cells of images and CSVs. */
#define BIN_DIR "bin/"
#define BIN_END ".bin"
#define CSV_DIR "csv/"
#define CSV_END ".csv"
#define LENGTH(text) (sizeof(text) - 1)

static int check_header(const struct csv_row *row, const char *path,
			struct err *err)
{
	struct pos pos = csv_cell_pos(path, &row->cells[0]);

	if (csv_row_check_separator(row, path, err))
		return err->code;
	for (size_t i = 0; i < RECORD_COLUMNS; i++)
		if (i >= row->count ||
		    strcmp(row->cells[i].text, record_columns[i]) != 0)
			return err_at(err, &pos, ERR_INPUT, "this is no manifest: "
				      "its column %zu is not '%s'", i + 1,
				      record_columns[i]);
	return 0;
}

/* The length of NAME in a cell "DIR/NAME.EXT"; 0 when it is none. */
static size_t name_length(const struct csv_cell *cell, const char *dir,
			  const char *ext)
{
	size_t start = strlen(dir), around = start + strlen(ext);

	if (cell->len <= around || memcmp(cell->text, dir, start) != 0 ||
	    memchr(cell->text + start, '/', cell->len - start) ||
	    strcmp(cell->text + cell->len - strlen(ext), ext) != 0)
		return 0;
	return cell->len - around;
}

static bool is_sum(const struct csv_cell *cell)
{
	return cell->len == (size_t)2 * DIGEST_SIZE &&
	       strspn(cell->text, "0123456789abcdef") == cell->len;
}

/* A row that says less than it should would let an image pass unseen. */
static int check_row(const struct csv_row *row, const char *path,
		     struct err *err)
{
	const struct csv_cell *cells = row->cells;
	size_t bin = name_length(&cells[RECORD_BIN], BIN_DIR, BIN_END);
	size_t csv = name_length(&cells[RECORD_CSV], CSV_DIR, CSV_END);
	enum record_column wrong = RECORD_COLUMNS;
	char shown[TEXT_SHOWN];
	struct pos pos;

	if (!bin)
		wrong = RECORD_BIN;
	else if (!is_sum(&cells[RECORD_BIN_SHA256]))
		wrong = RECORD_BIN_SHA256;
	else if (csv != bin ||
		 memcmp(cells[RECORD_BIN].text + LENGTH(BIN_DIR),
			cells[RECORD_CSV].text + LENGTH(CSV_DIR), bin) != 0)
		wrong = RECORD_CSV;
	else if (!is_sum(&cells[RECORD_CSV_SHA256]))
		wrong = RECORD_CSV_SHA256;
	else if (cells[RECORD_KEYS_SHA256].len &&
		 !is_sum(&cells[RECORD_KEYS_SHA256]))
		wrong = RECORD_KEYS_SHA256;
	if (wrong == RECORD_COLUMNS)
		return 0;
	pos = csv_cell_pos(path, &cells[wrong]);
	text_show(shown, sizeof(shown), cells[wrong].text, cells[wrong].len);
	return err_at(err, &pos, ERR_INPUT, "%s: '%s' is not %s",
		      record_columns[wrong], shown,
		      wrong == RECORD_BIN ? "of the form bin/NAME.bin" :
		      wrong == RECORD_CSV ? "the CSV of this row's image" :
		      "a SHA-256 of 64 small hex digits");
}

static int add_row(struct record *r, const struct csv_row *row,
		   const char *path, struct err *err)
{
	struct pos pos = csv_cell_pos(path, &row->cells[row->count - 1]);
	struct record_row *to;

	if (row->count < RECORD_COLUMNS)
		return err_at(err, &pos, ERR_INPUT, "%zu cell%s, expected at "
			      "least %d: the row was cut off", row->count,
			      row->count == 1 ? "" : "s", RECORD_COLUMNS);
	if (check_row(row, path, err))
		return err->code;
	to = mem_grow(r->rows, r->count + 1, &r->cap, sizeof(*to));
	if (!to)
		return err_nomem(err);
	r->rows = to;
	to += r->count;
	to->line = row->line;
	to->name = mem_strndup(row->cells[RECORD_BIN].text + LENGTH(BIN_DIR),
			       row->cells[RECORD_BIN].len -
			       LENGTH(BIN_DIR BIN_END));
	to->text = mem_alloc(row->text.len);
	if (!to->name || !to->text) {
		mem_free(to->name);
		mem_free(to->text);
		return err_nomem(err);
	}
	memcpy(to->text, row->text.data, row->text.len);
	for (size_t i = 0; i < RECORD_COLUMNS; i++)
		to->cell[i] = to->text + (row->cells[i].text -
					  (const char *)row->text.data);
	r->count++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct record_row *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* Sort the rows by name; ERR_INPUT when one is there twice. */
static int sort(struct record *r, const char *path, struct err *err)
{
	char shown[TEXT_SHOWN];

	if (r->count)
		qsort(r->rows, r->count, sizeof(*r->rows), compare);
	for (size_t i = 1; i < r->count; i++) {
		const struct record_row *a = &r->rows[i - 1], *b = a + 1;
		struct pos pos = { path, b->line, 1 };

		if (!strcmp(a->name, b->name))
			return err_at(err, &pos, ERR_INPUT, "image '%s' is "
				      "already in line %u",
				      text_show(shown, sizeof(shown), b->name,
						strlen(b->name)), a->line);
	}
	return 0;
}

int record_read(struct record *r, const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), got;
	struct csv_row row = CSV_ROW_INIT;
	struct csv_table *t;
	int code;

	*r = (struct record){ 0 };
	if (fd < 0)
		return err_io(err, errno, "cannot open the manifest", path);
	t = csv_table_new(fd, path, CSV_NO_COMMENTS, err);
	got = t ? csv_table_next(t, &row, err) : (int)err->code;
	if (!got) {
		struct pos top = { path, 1, 1 };

		got = err_at(err, &top, ERR_INPUT, "the manifest is empty");
	}
	code = got < 0 ? got : check_header(&row, path, err);
	while (!code && (got = csv_table_next(t, &row, err)) != 0)
		code = got < 0 ? got : add_row(r, &row, path, err);
	csv_table_free(t);
	csv_row_release(&row);
	close(fd);
	return code ? code : sort(r, path, err);
}

void record_release(struct record *r)
{
	for (size_t i = 0; i < r->count; i++) {
		mem_free(r->rows[i].name);
		mem_free(r->rows[i].text);
	}
	mem_free(r->rows);
	*r = (struct record){ 0 };
}

const struct record_row *record_find(const struct record *r, const char *name)
{
	size_t low = 0, high = r->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(r->rows[middle].name, name);

		if (!order)
			return &r->rows[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
