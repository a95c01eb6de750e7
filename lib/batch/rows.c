/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "inputs.h"
#include "name.h"
#include "text.h"

#define EXPANDED_CHUNK 65536u

void rows_init(struct rows *r, int fd, const char *file,
	       const struct csv_schema *schema, const char *fileid)
{
	*r = (struct rows){
		.fd = fd,
		.file = file,
		.schema = schema,
		.fileid = fileid,
		.expand_fd = -1,
	};
	pthread_mutex_init(&r->lock, NULL);
	pthread_mutex_init(&r->tap_lock, NULL);
}

void rows_release(struct rows *r)
{
	csv_table_free(r->table);
	buf_wipe(&r->expanded);
	buf_wipe(&r->piece);
	if (r->joined)
		csv_join_release(&r->join);
	pthread_mutex_destroy(&r->tap_lock);
	pthread_mutex_destroy(&r->lock);
}

void rows_take_release(struct rows_take *take)
{
	for (size_t i = 0; i < ROWS_AT_A_TIME; i++)
		csv_row_release(&take->row[i]);
}

static int report(const struct rows *r, struct err *err)
{
	r->errors->report(r->errors->ctx, err);
	return err->code;
}

/* A table without a name is one in a temporary file. */
static void name_table(const struct rows *r, struct err *err)
{
	if (!r->file && err->code == ERR_IO)
		err_context(err, "the table in '%s'", inputs_spool_dir());
}

/* Write what has gathered of the expanded table; all of it at the end. */
static int flush_expanded(struct rows *r, bool all, struct err *err)
{
	if (r->expand_fd < 0 || (!all && r->expanded.len < EXPANDED_CHUNK))
		return 0;
	if (file_write_all(r->expand_fd, r->expanded.data, r->expanded.len))
		return err_io(err, errno, "cannot write", "the expanded table");
	r->expanded.len = 0;
	return 0;
}

/* The header line of the expanded table */
static int put_header(struct rows *r, const struct csv_row *header)
{
	int code = 0;

	for (size_t i = 0; i < header->count && !code; i++)
		code = csv_put_field(&r->expanded, !i, header->cells[i].text,
				     header->cells[i].len);
	return code ? code : buf_append(&r->expanded, "\r\n", 2);
}

static int read_header(struct rows *r, struct err *err)
{
	struct pos top = { r->file, 1, 1 };
	struct csv_row header = CSV_ROW_INIT;
	int got = csv_table_next(r->table, &header, err);
	int code = got < 0 ? got : 0;

	if (got < 0)
		name_table(r, err);
	if (!got)
		code = err_at(err, &top, ERR_INPUT, "the values table is empty, "
			      "its first line has to name the columns");
	if (code) {
		report(r, err);
	} else if (!r->joined) {
		code = csv_join_init(&r->join, r->schema, r->file, &header,
				     r->fileid, r->errors);
		r->joined = !code;
	}
	if (!code && r->expand_fd >= 0 && put_header(r, &header)) {
		code = err_nomem(err);
		report(r, err);
	}
	csv_row_release(&header);
	return code;
}

static void show_tap(struct rows *r, const void *p, size_t n)
{
	pthread_mutex_lock(&r->tap_lock);
	r->tap(r->tap_ctx, p, n);
	pthread_mutex_unlock(&r->tap_lock);
}

/*
 * A piece of the table was read. A fingerprint of it takes as long as parsing
 * it, so it waits until other threads may read on; the next piece and a lack
 * of memory don't let it wait.
 */
static void keep_piece(void *ctx, const void *p, size_t n)
{
	struct rows *r = ctx;

	if (r->piece.len)
		show_tap(r, r->piece.data, r->piece.len);
	r->piece.len = 0;
	if (buf_append(&r->piece, p, n))
		show_tap(r, p, n);
}

/* Release the lock, and then show the tap what was read under it. */
static void unlock(struct rows *r)
{
	struct buf piece = r->piece;

	if (!piece.len) {
		pthread_mutex_unlock(&r->lock);
		return;
	}
	r->piece = (struct buf)BUF_INIT;
	pthread_mutex_lock(&r->tap_lock);
	pthread_mutex_unlock(&r->lock);
	r->tap(r->tap_ctx, piece.data, piece.len);
	pthread_mutex_unlock(&r->tap_lock);
	buf_wipe(&piece);
}

int rows_start(struct rows *r, const struct rows_selection *selection,
	       struct ids *ids, csv_tap_fn *tap, void *tap_ctx,
	       const struct err_sink *errors, const struct err_sink *warnings)
{
	struct err err = ERR_INIT;

	csv_table_free(r->table);
	r->table = NULL;
	r->selection = *selection;
	r->ids = ids;
	r->errors = errors;
	r->warnings = warnings;
	r->number = r->turn = r->given = r->expected = 0;
	r->failed = 0;
	if (lseek(r->fd, 0, SEEK_SET) < 0) {
		if (r->file)
			err_io(&err, errno, "cannot read", r->file);
		else
			inputs_spool_failed(errno, "read", &err);
		return report(r, &err);
	}
	r->table = csv_table_new(r->fd, r->file, CSV_NO_COMMENTS, &err);
	if (!r->table)
		return report(r, &err);
	r->tap = tap;
	r->tap_ctx = tap_ctx;
	if (tap)
		csv_table_set_tap(r->table, keep_piece, r);
	return read_header(r, &err);
}

static bool is_selected(const struct rows *r, const char *id)
{
	const struct rows_selection *s = &r->selection;

	if (r->number < s->from || r->number >= s->to)
		return false;
	return !s->only || ids_find(s->only, id);
}

/* The id can't be part of a file name: say so with its column. */
static int refuse_id(const struct rows *r, const struct csv_cell *cell,
		     struct err *err)
{
	struct pos pos = csv_cell_pos(r->file, cell);
	char what[TEXT_SHOWN + 16] = "id in column ", shown[TEXT_SHOWN];

	strcat(what, text_show(shown, sizeof(shown), r->fileid,
			       strlen(r->fileid)));
	return name_check_part(cell->text, what, err) ? err_place(err, &pos) :
							0;
}

static int check_id(struct rows *r, const struct csv_row *row,
		    struct err *err)
{
	const struct csv_cell *cell = csv_join_id(&r->join, row);
	struct pos pos = csv_join_id_pos(&r->join, row);
	char shown[TEXT_SHOWN], column[TEXT_SHOWN];
	uint32_t there;
	int code;

	if (name_check_part(cell->text, "", NULL))
		return refuse_id(r, cell, err);
	if (!r->ids)
		return 0;
	code = ids_add(r->ids, cell->text, pos.line, &there);
	if (code)
		return err_at(err, &pos, (enum err_code)code, "out of memory for "
			      "the ids of all devices");
	if (there)
		return err_at(err, &pos, ERR_DUPLICATE, "the id in column %s "
			      "'%s' is that of line %u as well: their files "
			      "would have one name%s",
			      text_show(column, sizeof(column), r->fileid,
					strlen(r->fileid)),
			      text_show(shown, sizeof(shown), cell->text,
					cell->len), there,
			      r->join.id_repeats ? ", as the key is tagged "
			      "REPEAT" : "");
	return 0;
}

static void warn_overridden(struct rows *r, const char *key,
			    const struct csv_cell *cell)
{
	struct pos pos = csv_cell_pos(r->file, cell);
	struct err err = ERR_INIT;
	char shown[TEXT_SHOWN];

	err_at(&err, &pos, ERR_INPUT, "%s: '%s' is not used, the key is tagged "
	       "REPEAT and takes the first device's value (said once for all "
	       "rows)", key, text_show(shown, sizeof(shown), cell->text,
				       cell->len));
	r->warnings->report(r->warnings->ctx, &err);
	r->warned = true;
}

/* What a spreadsheet leaves of rows that were cleared, not deleted. */
static bool is_empty(const struct csv_row *row)
{
	for (size_t i = 0; i < row->count; i++)
		if (row->cells[i].len)
			return false;
	return row->count > 1;
}

static void warn_empty(struct rows *r, const struct csv_row *row)
{
	struct pos pos = csv_cell_pos(r->file, &row->cells[0]);
	struct err err = ERR_INIT;

	err_at(&err, &pos, ERR_INPUT, "all cells of this row are empty, and a "
	       "device is made of it: if it is none, remove the line (said once "
	       "for all rows)");
	r->warnings->report(r->warnings->ctx, &err);
	r->warned_empty = true;
}

/* Each warning once, and in the pass only that has somewhere to put them. */
static void warn(struct rows *r, const struct csv_row *row)
{
	const struct csv_cell *cell;
	const char *key;

	if (!r->warnings)
		return;
	if (!r->warned && (cell = csv_join_overridden(&r->join, row, &key)))
		warn_overridden(r, key, cell);
	if (!r->warned_empty && is_empty(row) &&
	    !csv_join_all_repeat(&r->join))
		warn_empty(r, row);
}

/* What has to happen in order with every row. *wanted: it is selected. */
static int take_row(struct rows *r, const struct csv_row *row, bool *wanted,
		    struct err *err)
{
	char number[24];
	const char *id = number;
	int code;

	code = csv_join_check_count(&r->join, row, err);
	if (code)
		return code;
	code = csv_join_set_first(&r->join, row, err);
	if (code)
		return code;
	if (csv_join_id(&r->join, row)) {
		id = csv_join_id(&r->join, row)->text;
		code = check_id(r, row, err);
	} else {
		snprintf(number, sizeof(number), "%" PRIu64, r->number);
	}
	if (code)
		return code;
	*wanted = is_selected(r, id);
	warn(r, row);
	if (r->expand_fd >= 0 &&
	    csv_join_put_expanded(&r->join, row, &r->expanded))
		return err_nomem(err);
	return 0;
}

void rows_expect(struct rows *r, uint64_t count, unsigned threads)
{
	r->expected = count;
	r->threads = threads;
}

/*
 * Many rows, so that the lock is asked for seldom: a thread that has to wait
 * for it sleeps, and is slow to wake. Few towards the end, so that no thread
 * is left with many; while the end is not known, few at the start.
 */
static size_t take_size(const struct rows *r)
{
	uint64_t n;

	if (r->expected > r->given)
		n = (r->expected - r->given) / (4 * (uint64_t)r->threads) + 1;
	else
		n = r->number / 16 + 4;
	return n < ROWS_AT_A_TIME ? (size_t)n : ROWS_AT_A_TIME;
}

/* Under the lock: rows into take until it is full. */
static int fill(struct rows *r, struct rows_take *take, struct err *err)
{
	size_t size = take_size(r), text = 0;
	int got = 1, code;

	take->count = 0;
	while (take->count < size && text < ROWS_TEXT_AT_A_TIME) {
		struct csv_row *row = &take->row[take->count];
		bool wanted = false;

		got = csv_table_next(r->table, row, err);
		if (got < 0)
			name_table(r, err);
		if (got <= 0)
			break;
		r->number++;
		code = take_row(r, row, &wanted, err);
		if (code == ERR_NOMEM)
			return code;
		if (code) {
			report(r, err);
			err_clear(err);
		} else if (wanted) {
			take->number[take->count++] = r->number;
			text += row->text.len;
		}
	}
	r->given += take->count;
	if (got >= 0 && flush_expanded(r, !got, err))
		return err->code;
	return got < 0 ? got : take->count > 0;
}

int rows_next(struct rows *r, struct rows_take *take)
{
	struct err err = ERR_INIT;
	int code;

	pthread_mutex_lock(&r->lock);
	code = r->failed;
	if (!code) {
		code = fill(r, take, &err);
		if (code < 0) {
			r->failed = code;
			report(r, &err);
		}
		/* The rows before have mistakes of their own to be found. */
		if (code == ERR_INPUT && take->count)
			code = 1;
	}
	take->turn = r->turn++;
	unlock(r);
	return code;
}

int rows_count(struct rows *r, uint64_t *count)
{
	struct csv_row row = CSV_ROW_INIT;
	struct err err = ERR_INIT;
	int got;

	*count = 0;
	while ((got = csv_table_next(r->table, &row, &err)) > 0)
		++*count;
	csv_row_release(&row);
	return got < 0 ? report(r, &err) : 0;
}

void rows_look_through(int fd, const char *file, const struct err_sink *errors)
{
	struct csv_row row = CSV_ROW_INIT;
	struct err err = ERR_INIT;
	struct csv_table *t = csv_table_new(fd, file, CSV_NO_COMMENTS, &err);
	size_t columns = 0;

	while (t && csv_table_next(t, &row, &err) > 0) {
		/* A configuration in its place: its caller has said so. */
		if (!columns && csv_row_is_config(&row))
			break;
		if (!columns)
			columns = row.count;
		if (csv_row_check_count(&row, columns, file, &err))
			errors->report(errors->ctx, &err);
		err_clear(&err);
	}
	if (err.code != ERR_NONE)
		errors->report(errors->ctx, &err);
	csv_table_free(t);
	csv_row_release(&row);
}
