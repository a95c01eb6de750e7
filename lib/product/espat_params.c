/* SPDX-License-Identifier: Apache-2.0 */
/* espat_params.c - a module's parameters and BLE services. */
#include "espat_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cjson/cJSON.h>

#include "file.h"
#include "text.h"

#define NAMESPACE_PARAMS "factory_param"
#define NAMESPACE_BLE "ble_data"
#define TYPES_FILE "factory_param_type.csv"
#define DATA_FILE "factory_param_data.csv"
#define GATTS_FILE "gatts_data.csv"

/* ---- Which module it is ---- */

/* The place of a byte in a text. */
static struct pos place_of(const char *file, const char *text, const char *at)
{
	struct pos pos = { file, 1, 1 };

	for (; text < at; text++) {
		pos.line += *text == '\n';
		pos.col = *text == '\n' ? 1 :
			  pos.col + ((*text & 0xC0) != 0x80);
	}
	return pos;
}

static int take_member(const cJSON *root, const char *name, const char *path,
		       char **out, struct err *err)
{
	struct pos pos = { path, 1, 1 };
	const char *s;

	s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, name));
	if (!s)
		return err_at(err, &pos, ERR_INPUT, "the member '%s', a "
			      "string, is missing: it tells which row of the "
			      "module parameters to take", name);
	*out = mem_strndup(s, strlen(s));
	return *out ? 0 : err_nomem(err);
}

static int parse_module(struct espat *e, const char *path,
			const struct buf *text, struct err *err)
{
	const char *s = (const char *)text->data, *stop = s;
	struct pos pos;
	cJSON *root;
	int r;

	errno = 0;
	root = cJSON_ParseWithLengthOpts(s, text->len + 1, &stop, true);
	/* cJSON does not tell, malloc() does. */
	if (!root && errno == ENOMEM)
		return err_nomem(err);
	if (!root) {
		pos = place_of(path, s, stop);
		return err_at(err, &pos, ERR_INPUT, "this is not JSON; an "
			      "object with the members 'platform' and 'module' "
			      "is needed");
	}
	r = take_member(root, "platform", path, &e->platform, err);
	if (!r)
		r = take_member(root, "module", path, &e->module, err);
	cJSON_Delete(root);
	return r;
}

int espat_load_module(struct espat *e, struct err *err)
{
	struct buf text = BUF_INIT;
	const char *path;
	int r;

	if (e->module)
		return 0;
	/* An attempt before may have failed half-way. */
	mem_free(e->platform);
	e->platform = NULL;
	path = espat_path(e, "build/module_info.json", NULL, err);
	if (!path)
		return ERR_NOMEM;
	r = file_read(path, ESPAT_FILE_MAX, &text, err);
	if (!r && !buf_str(&text))
		r = err_nomem(err);
	if (!r)
		r = parse_module(e, path, &text, err);
	buf_release(&text);
	return r;
}

/* ---- Tables ---- */

int espat_each_row(const char *path, espat_row_fn *fn, void *ctx,
		   struct err *err)
{
	struct csv_row row = CSV_ROW_INIT;
	struct csv_table *t = NULL;
	struct buf text = BUF_INIT;
	int r, more = 1;

	r = file_read(path, ESPAT_FILE_MAX, &text, err);
	if (!r) {
		t = csv_table_new_memory(text.data, text.len, path,
					 CSV_HASH_COMMENTS, err);
		r = t ? 0 : ERR_NOMEM;
	}
	while (!r && more) {
		more = csv_table_next(t, &row, err);
		r = more > 0 ? fn(ctx, &row, err) : more;
	}
	csv_row_release(&row);
	csv_table_free(t);
	buf_wipe(&text);
	return r;
}

/* The parameters of all modules, and which row is ours. */
struct params {
	struct espat *e;
	const char *path, *types_path;
	struct csv_row header, own;
	bool has_header;
	unsigned exact, loose; /* rows that match, and those in any case */
	struct buf known;      /* the platforms and modules there are */
};

static void swap_rows(struct csv_row *a, struct csv_row *b)
{
	struct csv_row was = *a;

	*a = *b;
	*b = was;
}

/* Keep the row if it is the header, or the best so far. */
static int take_data_row(void *ctx, struct csv_row *row, struct err *err)
{
	struct params *p = ctx;
	const struct espat *e = p->e;
	const struct csv_cell *c = row->cells;
	bool exact, loose;

	if (!p->has_header && !strcmp(c[0].text, "platform")) {
		p->has_header = true;
		swap_rows(&p->header, row);
		return 0;
	}
	if (!p->has_header && !strncmp(c[0].text, "platform", 8) &&
	    csv_row_check_separator(row, p->path, err))
		return err->code;
	if (row->count < 2)
		return 0;
	if (buf_printf(&p->known, "%s%s/%s", p->known.len ? ", " : "",
		       c[0].text, c[1].text))
		return err_nomem(err);
	exact = !strcmp(c[0].text, e->platform) &&
		!strcmp(c[1].text, e->module);
	loose = text_same_word(c[0].text, c[0].len, e->platform) &&
		text_same_word(c[1].text, c[1].len, e->module);
	p->exact += exact;
	p->loose += loose;
	if ((exact && p->exact == 1) || (!p->exact && loose && p->loose == 1))
		swap_rows(&p->own, row);
	return 0;
}

/* There has to be a header, and a row for the module. */
static int check_data(struct params *p, struct err *err)
{
	const struct espat *e = p->e;
	unsigned count = p->exact ? p->exact : p->loose;
	struct pos pos = { p->path, 1, 1 };

	if (!p->has_header)
		return err_at(err, &pos, ERR_INPUT, "the header row, which "
			      "begins with 'platform', is missing");
	pos.line = p->header.line;
	if (!count && !buf_str(&p->known))
		return err_nomem(err);
	if (!count)
		return err_at(err, &pos, ERR_INPUT, "no row for platform '%s' "
			      "and module '%s'; there are: %s", e->platform,
			      e->module, buf_str(&p->known));
	pos.line = p->own.line;
	pos.col = 1;
	if (count > 1)
		espat_warn(e, &pos, "%u rows for platform '%s' and module "
			   "'%s'; this one, the first, is taken", count,
			   e->platform, e->module);
	return 0;
}

/* ---- Parameters ---- */

/* A line for a parameter, its value out of column i. */
static int put_param(struct espat_group *g, const struct params *p, size_t i,
		     const struct csv_row *type, struct err *err)
{
	struct pos pos = csv_cell_pos(p->types_path, &type->cells[0]);
	struct espat_cell cells[ESPAT_CELLS];
	const struct csv_cell *value;
	int r;

	r = espat_key(g, type->cells[0].text, &pos, err);
	if (r)
		return r;
	if (i >= p->own.count) {
		pos = csv_cell_pos(p->path, &p->own.cells[0]);
		return err_at(err, &pos, ERR_INPUT, "the row has %zu fields; "
			      "'%s' is column %zu", p->own.count,
			      type->cells[0].text, i + 1);
	}
	value = &p->own.cells[i];
	for (size_t n = 0; n < 3; n++)
		cells[n] = (struct espat_cell){
			type->cells[n].text, type->cells[n].len, false,
			csv_cell_pos(p->types_path, &type->cells[n])
		};
	cells[3] = (struct espat_cell){
		value->text, value->len,
		!strcmp(type->cells[2].text, "string"),
		csv_cell_pos(p->path, value)
	};
	return espat_put_line(g, cells) ? err_nomem(err) : 0;
}

/* What is no value would open a namespace in the middle of the parameters. */
static int check_type(const struct params *p, const struct csv_row *type,
		      struct err *err)
{
	const struct csv_cell *c = &type->cells[1];
	struct pos pos = csv_cell_pos(p->types_path, c);

	if (!text_same_word(c->text, c->len, "namespace"))
		return 0;
	return err_at(err, &pos, ERR_INPUT, "parameter '%s': the type '%s' is "
		      "not possible here, all parameters are in namespace '%s'; "
		      "write 'data'", type->cells[0].text, c->text,
		      NAMESPACE_PARAMS);
}

static int second_column(const struct params *p, size_t i, struct err *err)
{
	const struct csv_cell *c = &p->header.cells[i];
	struct pos pos = csv_cell_pos(p->path, c);

	return err_at(err, &pos, ERR_DUPLICATE, "a second column '%s': remove "
		      "one of them, parameter '%s' can have one value only",
		      c->text, c->text);
}

/* A row "name,type,encoding"; rows of any other form say nothing. */
static int take_type_row(void *ctx, struct csv_row *type, struct err *err)
{
	const struct params *p = ctx;
	struct pos pos = csv_cell_pos(p->types_path, &type->cells[0]);
	const char *name = type->cells[0].text;
	struct espat_group *g;
	bool found = false;
	int r;

	if (type->count != 3)
		return 0;
	r = check_type(p, type, err);
	if (!r)
		r = espat_group(p->e, NAMESPACE_PARAMS, &pos, &g, err);
	for (size_t i = 0; !r && i < p->header.count; i++) {
		if (strcmp(p->header.cells[i].text, name) != 0)
			continue;
		r = found ? second_column(p, i, err) :
			    put_param(g, p, i, type, err);
		found = true;
	}
	if (!r && !found)
		r = err_at(err, &pos, ERR_INPUT, "parameter '%s': '%s' has no "
			   "column of that name", name, p->path);
	return r;
}

static int read_params(struct params *p, struct err *err)
{
	struct pos pos = { p->types_path, 1, 1 };
	struct espat_group *g;
	int r;

	r = espat_each_row(p->path, take_data_row, p, err);
	if (!r)
		r = check_data(p, err);
	if (!r) /* the namespace is there even without a parameter */
		r = espat_group(p->e, NAMESPACE_PARAMS, &pos, &g, err);
	if (!r)
		r = espat_each_row(p->types_path, take_type_row, p, err);
	return r;
}

int espat_params(struct espat *e, struct err *err)
{
	struct params p = {
		.e = e, .header = CSV_ROW_INIT, .own = CSV_ROW_INIT,
		.known = BUF_INIT
	};
	int r;

	r = espat_load_module(e, err);
	if (r)
		return r;
	p.path = espat_path(e, ESPAT_RAW_DATA "/" NAMESPACE_PARAMS, DATA_FILE,
			    err);
	p.types_path = espat_path(e, ESPAT_RAW_DATA "/" NAMESPACE_PARAMS,
				  TYPES_FILE, err);
	r = p.path && p.types_path ? read_params(&p, err) : ERR_NOMEM;
	csv_row_release(&p.header);
	csv_row_release(&p.own);
	buf_release(&p.known);
	return r;
}

/* ---- BLE services ---- */

struct services {
	struct espat_group *group;
	const char *path;
	unsigned count;
};

/* The fields of a row, joined again, are one string. */
static int join_fields(const struct csv_row *row, struct buf *out)
{
	int r = 0;

	for (size_t i = 0; !r && i < row->count; i++) {
		if (i)
			r = buf_putc(out, ',');
		if (!r)
			r = buf_append(out, row->cells[i].text,
				       row->cells[i].len);
	}
	return r;
}

static int put_service(struct espat_group *g, const char *key,
		       const struct csv_row *row, const struct pos *pos)
{
	struct buf joined = BUF_INIT;
	int r;

	r = join_fields(row, &joined);
	if (!r)
		r = espat_put_line(g, (const struct espat_cell[]){
			{ key, strlen(key), false, *pos },
			{ "data", 4, false, *pos },
			{ "string", 6, false, *pos },
			{ (char *)joined.data, joined.len, true, *pos } });
	buf_wipe(&joined);
	return r;
}

static int take_service(void *ctx, struct csv_row *row, struct err *err)
{
	struct services *s = ctx;
	struct pos pos = csv_cell_pos(s->path, &row->cells[0]);
	char key[32];
	int r;

	if (row->cells[0].text[0] == '#') /* in quotes */
		return 0;
	snprintf(key, sizeof(key), "cfg%u", s->count++);
	r = espat_key(s->group, key, &pos, err);
	if (r)
		return r;
	return put_service(s->group, key, row, &pos) ? err_nomem(err) : 0;
}

static bool ble_is_on(const struct espat *e)
{
	for (size_t i = 0; i < e->feature_count; i++)
		if (e->features[i].exists &&
		    !strcmp(e->features[i].directory, NAMESPACE_BLE))
			return true;
	return false;
}

int espat_ble(struct espat *e, struct err *err)
{
	struct services s = { NULL, NULL, 0 };
	struct pos pos;
	int r;

	if (!ble_is_on(e))
		return 0;
	s.path = espat_path(e, ESPAT_RAW_DATA "/" NAMESPACE_BLE, GATTS_FILE,
			    err);
	if (!s.path)
		return ERR_NOMEM;
	pos = (struct pos){ s.path, 1, 1 };
	r = espat_group(e, NAMESPACE_BLE, &pos, &s.group, err);
	return r ? r : espat_each_row(s.path, take_service, &s, err);
}
