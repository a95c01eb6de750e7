/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest_index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "csv_table.h"
#include "digest.h"
#include "nvs_format.h"
#include "text.h"

/* Around the names in the cells of images and CSVs. */
#define BIN_DIR "bin/"
#define BIN_END ".bin"
#define CSV_DIR "csv/"
#define CSV_END ".csv"
#define KEY_DIR "keys/"
#define KEY_END ".bin"
#define LENGTH(text) (sizeof(text) - 1)

static int check_header(struct manifest_index *index,
			const struct csv_row *row, const char *path,
			struct err *err)
{
	struct pos pos = csv_cell_pos(path, &row->cells[0]);

	if (csv_row_check_separator(row, path, err))
		return err->code;
	for (size_t i = 0; i < MANIFEST_COLUMNS; i++)
		if (i >= row->count ||
		    strcmp(row->cells[i].text, manifest_columns[i]) != 0)
			return err_at(err, &pos, ERR_INPUT, "this is no manifest: "
				      "its column %zu is not '%s'", i + 1,
				      manifest_columns[i]);
	index->columns = row->count;
	for (size_t i = MANIFEST_COLUMNS; i < row->count && !index->offset; i++)
		if (!strcmp(row->cells[i].text, "offset"))
			index->offset = i;
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

/* Whether a file NAME or PREFIX-...-NAME is named by that id. */
static bool is_id_of(const struct csv_cell *id, const char *name, size_t len)
{
	return id->len && id->len < len &&
	       !memcmp(name + len - id->len, id->text, id->len) &&
	       name[len - id->len - 1] == '-';
}

static bool is_row_number(const struct csv_cell *cell)
{
	uint64_t n;

	return !text_unsigned(cell->text, &n) && n;
}

/* Both cells or none. */
static bool names_key(const struct csv_cell *name, const struct csv_cell *sum)
{
	return sum->len ? name_length(name, KEY_DIR, KEY_END) > 0 : !name->len;
}

/* Sectors of the flash, as no partition begins elsewhere. */
static bool is_offset(const struct csv_cell *cell)
{
	uint64_t n;

	return !text_unsigned(cell->text, &n) && n % NVS_PAGE_SIZE == 0;
}

static const char *const expected[MANIFEST_COLUMNS + 1] = {
	[MANIFEST_ID] = "the id in the name of this row's image",
	[MANIFEST_ROW] = "the number of a row",
	[MANIFEST_BIN] = "of the form bin/NAME.bin",
	[MANIFEST_BIN_SHA256] = "a SHA-256 of 64 small hex digits",
	[MANIFEST_CSV] = "the CSV of this row's image",
	[MANIFEST_CSV_SHA256] = "a SHA-256 of 64 small hex digits",
	[MANIFEST_KEYS] = "a key file keys/NAME.bin with a SHA-256 beside it",
	[MANIFEST_KEYS_SHA256] = "a SHA-256 of 64 small hex digits",
	[MANIFEST_COLUMNS] = "an offset in flash, a multiple of 0x1000",
};

/*
 * A row that says less than it should would let an image pass unseen, or send
 * it to the wrong device.
 */
static int check_row(const struct manifest_index *index,
		     const struct csv_row *row, const char *path,
		     struct err *err)
{
	const struct csv_cell *cells = row->cells;
	size_t bin = name_length(&cells[MANIFEST_BIN], BIN_DIR, BIN_END);
	size_t csv = name_length(&cells[MANIFEST_CSV], CSV_DIR, CSV_END);
	const char *name = cells[MANIFEST_BIN].text + LENGTH(BIN_DIR);
	const struct csv_cell *at = index->offset ? &cells[index->offset] :
						    NULL;
	unsigned wrong = MANIFEST_COLUMNS;
	char shown[TEXT_SHOWN];
	struct pos pos;

	if (!bin)
		wrong = MANIFEST_BIN;
	else if (!is_id_of(&cells[MANIFEST_ID], name, bin))
		wrong = MANIFEST_ID;
	else if (!is_row_number(&cells[MANIFEST_ROW]))
		wrong = MANIFEST_ROW;
	else if (!is_sum(&cells[MANIFEST_BIN_SHA256]))
		wrong = MANIFEST_BIN_SHA256;
	else if (csv != bin ||
		 memcmp(name, cells[MANIFEST_CSV].text + LENGTH(CSV_DIR),
			bin) != 0)
		wrong = MANIFEST_CSV;
	else if (!is_sum(&cells[MANIFEST_CSV_SHA256]))
		wrong = MANIFEST_CSV_SHA256;
	else if (cells[MANIFEST_KEYS_SHA256].len &&
		 !is_sum(&cells[MANIFEST_KEYS_SHA256]))
		wrong = MANIFEST_KEYS_SHA256;
	else if (!names_key(&cells[MANIFEST_KEYS],
			    &cells[MANIFEST_KEYS_SHA256]))
		wrong = MANIFEST_KEYS;
	else if (!at || is_offset(at))
		return 0;
	if (wrong < MANIFEST_COLUMNS)
		at = &cells[wrong];
	pos = csv_cell_pos(path, at);
	text_show(shown, sizeof(shown), at->text, at->len);
	return err_at(err, &pos, ERR_INPUT, "%s: '%s' is not %s",
		      wrong < MANIFEST_COLUMNS ? manifest_columns[wrong] :
		      "offset", shown, expected[wrong]);
}

static int add_row(struct manifest_index *index, const struct csv_row *row,
		   const char *path, struct err *err)
{
	struct pos pos = csv_cell_pos(path, &row->cells[row->count - 1]);
	struct manifest_row *to;

	if (row->count < MANIFEST_COLUMNS)
		return err_at(err, &pos, ERR_INPUT, "%zu cell%s, expected at "
			      "least %d: the row was cut off", row->count,
			      row->count == 1 ? "" : "s", MANIFEST_COLUMNS);
	if (csv_row_check_count(row, index->columns, path, err) ||
	    check_row(index, row, path, err))
		return err->code;
	to = mem_grow(index->rows, index->count + 1, &index->cap, sizeof(*to));
	if (!to)
		return err_nomem(err);
	index->rows = to;
	to += index->count;
	to->line = row->line;
	to->name = mem_strndup(row->cells[MANIFEST_BIN].text + LENGTH(BIN_DIR),
			       row->cells[MANIFEST_BIN].len -
			       LENGTH(BIN_DIR BIN_END));
	to->text = mem_alloc(row->text.len);
	if (!to->name || !to->text) {
		mem_free(to->name);
		mem_free(to->text);
		return err_nomem(err);
	}
	memcpy(to->text, row->text.data, row->text.len);
	for (size_t i = 0; i < MANIFEST_COLUMNS; i++)
		to->cell[i] = to->text + (row->cells[i].text -
					  (const char *)row->text.data);
	to->offset = to->text + (row->cells[index->offset].text -
				 (const char *)row->text.data);
	index->count++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct manifest_row *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* Whether two names are the same up to their last '-', as in one batch. */
static bool are_siblings(const char *a, const char *b)
{
	const char *x = strrchr(a, '-'), *y = strrchr(b, '-');

	return x && y && x - a == y - b && !memcmp(a, b, (size_t)(x - a));
}

/*
 * Sort the rows by name; ERR_INPUT when one is there twice, or goes elsewhere
 * in flash than the others of its batch.
 */
static int sort(struct manifest_index *index, const char *path,
		struct err *err)
{
	char shown[TEXT_SHOWN];

	if (index->count)
		qsort(index->rows, index->count, sizeof(*index->rows), compare);
	for (size_t i = 1; i < index->count; i++) {
		const struct manifest_row *a = &index->rows[i - 1], *b = a + 1;
		struct pos pos = { path, b->line, 1 };

		if (!strcmp(a->name, b->name))
			return err_at(err, &pos, ERR_INPUT, "image '%s' is "
				      "already in line %u",
				      text_show(shown, sizeof(shown), b->name,
						strlen(b->name)), a->line);
		if (index->offset && strcmp(a->offset, b->offset) != 0 &&
		    are_siblings(a->name, b->name))
			return err_at(err, &pos, ERR_INPUT, "offset: '%s', but "
				      "'%s' in line %u: the images of a batch "
				      "belong in one place", b->offset,
				      a->offset, a->line);
	}
	return 0;
}

int manifest_index_read(struct manifest_index *index, const char *path,
			struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), got;
	struct csv_row row = CSV_ROW_INIT;
	struct csv_table *t;
	int code;

	*index = (struct manifest_index){ 0 };
	if (fd < 0)
		return err_io(err, errno, "cannot open the manifest", path);
	t = csv_table_new(fd, path, CSV_NO_COMMENTS, err);
	got = t ? csv_table_next(t, &row, err) : (int)err->code;
	if (!got) {
		struct pos top = { path, 1, 1 };

		got = err_at(err, &top, ERR_INPUT, "the manifest is empty");
	}
	code = got < 0 ? got : check_header(index, &row, path, err);
	while (!code && (got = csv_table_next(t, &row, err)) != 0)
		code = got < 0 ? got : add_row(index, &row, path, err);
	csv_table_free(t);
	csv_row_release(&row);
	close(fd);
	return code ? code : sort(index, path, err);
}

void manifest_index_release(struct manifest_index *index)
{
	for (size_t i = 0; i < index->count; i++) {
		mem_free(index->rows[i].name);
		mem_free(index->rows[i].text);
	}
	mem_free(index->rows);
	*index = (struct manifest_index){ 0 };
}

static int compare_name(const void *name, const void *row)
{
	return strcmp(name, ((const struct manifest_row *)row)->name);
}

const struct manifest_row *
manifest_index_find(const struct manifest_index *index, const char *name)
{
	return index->count ? bsearch(name, index->rows, index->count,
				      sizeof(*index->rows), compare_name) :
			      NULL;
}
