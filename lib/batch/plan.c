/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include <string.h>

#include "csv_table.h"
#include "ids.h"
#include "text.h"

/* Of an id in struct ids: line, text, NUL and padding; with some room. */
#define IDS_ROOM 20u

void plan_release(struct plan *p)
{
	for (size_t i = 0; i < p->count; i++)
		mem_free(p->lines[i].name);
	if (p->lines)
		mem_wipe(p->lines, p->cap * sizeof(*p->lines));
	mem_free(p->lines);
	*p = (struct plan)PLAN_INIT;
}

/* A new last line, all zero. NULL when there is no memory. */
static struct plan_line *add_line(struct plan *p)
{
	struct plan_line *lines = mem_grow(p->lines, p->count + 1, &p->cap,
					   sizeof(*lines));

	if (!lines)
		return NULL;
	p->lines = lines;
	lines += p->count++;
	*lines = (struct plan_line){ 0 };
	return lines;
}

/* ---- Drawing ---- */

/* Draw until it is one that was not drawn before. */
static int draw_new(int (*draw)(const struct random_source *random, char *to,
				struct err *err),
		    const struct random_source *random, char *to,
		    struct ids *drawn, struct err *err)
{
	uint32_t there;
	int r;

	do {
		r = draw(random, to, err);
		if (!r && ids_add(drawn, to, 1, &there))
			r = err_nomem(err);
	} while (!r && there);
	return r;
}

int plan_draw(struct plan *p, size_t count, const struct random_source *random,
	      struct err *err)
{
	struct ids codes = IDS_INIT, ids = IDS_INIT;
	int r = 0;

	/* The room at once: growing would leave copies of codes behind. */
	if (buf_reserve(&codes.texts, count * IDS_ROOM))
		r = err_nomem(err);
	for (size_t i = 0; i < count && !r; i++) {
		struct plan_line *line = add_line(p);

		if (!line) {
			r = err_nomem(err);
			break;
		}
		r = draw_new(homekit_code_random, random, line->code, &codes,
			     err);
		if (!r)
			r = draw_new(homekit_id_random, random, line->id, &ids,
				     err);
	}
	ids_release(&codes);
	ids_release(&ids);
	return r ? r : plan_draw_salts(p, random, err);
}

int plan_draw_salts(struct plan *p, const struct random_source *random,
		    struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < p->count && !r; i++) {
		struct plan_line *line = &p->lines[i];

		if (line->has_salt)
			continue;
		r = random->fill(random->ctx, line->salt, SRP_SALT_SIZE, err);
		line->has_salt = !r;
	}
	return r;
}

/* ---- Reading ---- */

enum column { CODE, ID, SALT, NAME, COLUMNS };

struct reading {
	struct plan *plan;
	const char *file;
	const struct name_rule *rule;
	const struct err_sink *sink;
	size_t column[COLUMNS]; /* SIZE_MAX: there is none */
	size_t cells;           /* of a row */
	struct ids codes, ids, names;
	struct buf stem;
	int result;
};

/* Pass a mistake on, at the cell or, when that is NULL, in the line. */
static void report(struct reading *r, unsigned line,
		   const struct csv_cell *cell, struct err *err)
{
	struct pos pos = { r->file, line, line ? 1 : 0 };

	if (err->code == ERR_NONE)
		return;
	if (cell)
		pos = csv_cell_pos(r->file, cell);
	err_place(err, &pos);
	err_report(err, r->sink, &r->result);
}

static bool read_header(struct reading *r, const struct csv_row *row,
			const char *name_column)
{
	const char *const wanted[COLUMNS] = {
		[CODE] = "setup_code", [ID] = "setup_id", [SALT] = "salt",
		[NAME] = name_column,
	};
	struct err err = ERR_INIT;

	r->cells = row->count;
	if (csv_row_check_separator(row, r->file, &err)) {
		report(r, row->line, NULL, &err);
		return false;
	}
	for (unsigned c = 0; c < COLUMNS; c++) {
		int found = 0;

		r->column[c] = SIZE_MAX;
		if (wanted[c])
			found = csv_row_find(row, wanted[c], r->file,
					     &r->column[c], &err);
		if (wanted[c] && !found && c != SALT) {
			err_set(&err, ERR_INPUT, "there is no column '%s'%s",
				wanted[c], c == NAME ? ", which --fileid names" :
				": the first line has to name setup_code and "
				"setup_id");
			csv_row_hint(row, wanted[c], &err);
		}
		report(r, row->line, &row->cells[0], &err);
	}
	return !r->result;
}

static const struct csv_cell *cell_of(const struct reading *r,
				      const struct csv_row *row,
				      enum column c)
{
	return r->column[c] == SIZE_MAX ? NULL : &row->cells[r->column[c]];
}

/* What may be there only once; show: it is no secret. */
static void check_unique(struct reading *r, struct ids *set,
			 const struct csv_cell *cell, const char *what,
			 bool show)
{
	char shown[TEXT_SHOWN] = "";
	struct err err = ERR_INIT;
	uint32_t there = 0;

	if (show)
		text_show(shown, sizeof(shown), cell->text, cell->len);
	if (ids_add(set, cell->text, cell->line, &there))
		err_nomem(&err);
	else if (there)
		err_set(&err, ERR_DUPLICATE, "the %s%s%s%s is that of line %u as "
			"well", what, show ? " '" : "", shown, show ? "'" : "",
			there);
	report(r, cell->line, cell, &err);
}

/* The code, or the id: it has to be possible, and the only one. */
static void take_text(struct reading *r, struct plan_line *line,
		      const struct csv_cell *cell, bool is_id)
{
	struct err err = ERR_INIT;

	if (is_id ? homekit_id_check(cell->text, &err) :
		    homekit_code_check(cell->text, &err)) {
		if (!is_id && cell->len < HOMEKIT_CODE_LEN && cell->len &&
		    strspn(cell->text, "0123456789") == cell->len)
			err_more(&err, " (spreadsheets drop zeros in front: "
				 "make the column one of text)");
		report(r, cell->line, cell, &err);
		return;
	}
	memcpy(is_id ? line->id : line->code, cell->text, cell->len + 1);
	check_unique(r, is_id ? &r->ids : &r->codes, cell,
		     is_id ? "setup id" : "setup code", is_id);
}

static void take_salt(struct reading *r, struct plan_line *line,
		      const struct csv_cell *cell)
{
	struct err err = ERR_INIT;

	line->has_salt = !homekit_salt_parse(cell->text, line->salt, &err);
	report(r, cell->line, cell, &err);
}

static void take_name(struct reading *r, struct plan_line *line,
		      const struct csv_cell *cell)
{
	struct err err = ERR_INIT;

	if (!name_check_part(cell->text, "id", &err) &&
	    !name_stem(r->rule, r->plan->count, cell->text, &r->stem, &err)) {
		line->name = mem_strndup(cell->text, cell->len);
		if (!line->name)
			err_nomem(&err);
		else
			check_unique(r, &r->names, cell, "id", true);
	}
	report(r, cell->line, cell, &err);
}

/* False when there is no sense in going on. */
static bool take_row(struct reading *r, const struct csv_row *row)
{
	struct plan_line *line;
	struct err err = ERR_INIT;

	if (csv_row_check_count(row, r->cells, r->file, &err)) {
		report(r, row->line, NULL, &err);
		return true;
	}
	if (r->plan->count == PLAN_MAX)
		err_set(&err, ERR_RANGE, "more than %u accessories: make "
			"several batches", PLAN_MAX);
	line = err.code ? NULL : add_line(r->plan);
	if (!line) {
		err_nomem(&err);
		report(r, row->line, NULL, &err);
		return false;
	}
	take_text(r, line, cell_of(r, row, CODE), false);
	take_text(r, line, cell_of(r, row, ID), true);
	if (cell_of(r, row, SALT))
		take_salt(r, line, cell_of(r, row, SALT));
	if (cell_of(r, row, NAME))
		take_name(r, line, cell_of(r, row, NAME));
	return true;
}

static void read_rows(struct reading *r, struct csv_table *t,
		      const char *name_column)
{
	struct csv_row row = CSV_ROW_INIT;
	struct err err = ERR_INIT;
	int got = csv_table_next(t, &row, &err);

	if (!got)
		err_set(&err, ERR_INPUT, "the table is empty: the first line has "
			"to name setup_code and setup_id");
	if (got > 0 && read_header(r, &row, name_column)) {
		while (csv_table_next(t, &row, &err) > 0 && take_row(r, &row))
			;
		if (!r->plan->count && !r->result)
			err_set(&err, ERR_INPUT, "the table has no accessory: "
				"only a header line");
	}
	report(r, 1, NULL, &err);
	csv_row_release(&row);
}

int plan_read(struct plan *p, int fd, const char *file,
	      const char *name_column, const struct name_rule *rule,
	      const struct err_sink *sink)
{
	struct reading r = {
		.plan = p,
		.file = file,
		.rule = rule,
		.sink = sink,
	};
	struct err err = ERR_INIT;
	struct csv_table *t = csv_table_new(fd, file, CSV_NO_COMMENTS, &err);

	if (t)
		read_rows(&r, t, name_column);
	report(&r, 0, NULL, &err);
	csv_table_free(t);
	ids_release(&r.codes);
	ids_release(&r.ids);
	ids_release(&r.names);
	buf_release(&r.stem);
	return r.result;
}

/* ---- Keeping ---- */

static int put_line(const struct plan_line *line, struct buf *out)
{
	int r = buf_printf(out, "%s,%s,", line->code, line->id);

	if (!r)
		r = text_to_hex(line->salt, SRP_SALT_SIZE, out);
	if (!r && line->name)
		r = csv_put_field(out, false, line->name, strlen(line->name));
	return r ? r : buf_puts(out, "\r\n");
}

int plan_put(const struct plan *p, struct buf *out)
{
	bool named = p->count && p->lines[0].name;
	size_t room = 64 + p->count * (HOMEKIT_CODE_LEN + HOMEKIT_ID_LEN +
				       2 * SRP_SALT_SIZE + 4);
	int r;

	/* At once: growing would leave copies behind. */
	for (size_t i = 0; named && i < p->count; i++)
		room += 3 + 2 * strlen(p->lines[i].name);
	r = buf_reserve(out, room);
	if (!r)
		r = buf_printf(out, "setup_code,setup_id,salt%s\r\n",
			       named ? "," PLAN_NAME_COLUMN : "");
	for (size_t i = 0; i < p->count && !r; i++)
		r = put_line(&p->lines[i], out);
	return r;
}

static bool same_name(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool plan_adopt(struct plan *p, const struct plan *earlier)
{
	if (p->count != earlier->count)
		return false;
	for (size_t i = 0; i < p->count; i++) {
		struct plan_line *a = &p->lines[i];
		const struct plan_line *b = &earlier->lines[i];

		if (strcmp(a->code, b->code) != 0 ||
		    strcmp(a->id, b->id) != 0 ||
		    !same_name(a->name, b->name))
			return false;
		if (!a->has_salt)
			memcpy(a->salt, b->salt, SRP_SALT_SIZE);
		else if (memcmp(a->salt, b->salt, SRP_SALT_SIZE) != 0)
			return false;
		a->has_salt = true;
	}
	return true;
}
