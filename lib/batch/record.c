/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "csv_table.h"

static const char *const columns[RECORD_COLUMNS] = {
	"id", "row", "bin", "bin_sha256", "csv", "csv_sha256", "keys",
	"keys_sha256"
};

static int check_header(const struct csv_row *row, const char *path,
			struct err *err)
{
	struct pos pos = { path, 1, 0 };

	for (size_t i = 0; i < RECORD_COLUMNS; i++)
		if (i >= row->count ||
		    strcmp(row->cells[i].text, columns[i]) != 0)
			return err_at(err, &pos, ERR_INPUT, "this is no manifest: "
				      "its column %zu is not '%s'", i + 1,
				      columns[i]);
	return 0;
}

/* "bin/NAME.bin" -> NAME */
static char *image_name(const struct csv_cell *cell)
{
	if (cell->len <= 8 || strncmp(cell->text, "bin/", 4) != 0 ||
	    strcmp(cell->text + cell->len - 4, ".bin") != 0)
		return mem_strndup(cell->text, cell->len);
	return mem_strndup(cell->text + 4, cell->len - 8);
}

static int add_row(struct record *r, const struct csv_row *row,
		   const char *path, struct err *err)
{
	struct pos pos = { path, row->line, 0 };
	struct record_row *to;

	if (row->count < RECORD_COLUMNS)
		return err_at(err, &pos, ERR_INPUT, "%zu cells, expected at "
			      "least %d", row->count, (int)RECORD_COLUMNS);
	if (r->count == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 256;

		to = mem_realloc(r->rows, cap * sizeof(*to));
		if (!to)
			return err_nomem(err);
		r->rows = to;
		r->cap = cap;
	}
	to = &r->rows[r->count];
	to->name = image_name(&row->cells[RECORD_BIN]);
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

	return strcmp(x->name, y->name);
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
		struct pos top = { path, 1, 0 };

		got = err_at(err, &top, ERR_INPUT, "the manifest is empty");
	}
	code = got < 0 ? got : check_header(&row, path, err);
	while (!code && (got = csv_table_next(t, &row, err)) != 0)
		code = got < 0 ? got : add_row(r, &row, path, err);
	csv_table_free(t);
	csv_row_release(&row);
	close(fd);
	if (!code && r->count)
		qsort(r->rows, r->count, sizeof(*r->rows), compare);
	return code;
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
