/* SPDX-License-Identifier: Apache-2.0 */
#include "csv_join.h"

#include <string.h>

#include "text.h"

static bool same_text(const struct csv_cell *a, const struct csv_cell *b)
{
	return a->len == b->len && !memcmp(a->text, b->text, a->len);
}

/* The next line of the schema from i on that is a key; count at the end. */
static size_t next_key(const struct csv_schema *s, size_t i)
{
	while (i < s->count && s->lines[i].spec.is_namespace)
		i++;
	return i;
}

static bool is_key(const struct csv_schema *s, const char *name)
{
	for (size_t i = next_key(s, 0); i < s->count; i = next_key(s, i + 1))
		if (!strcmp(s->lines[i].spec.name, name))
			return true;
	return false;
}

static size_t count_columns(const struct csv_row *header, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < header->count; i++)
		n += !strcmp(header->cells[i].text, name);
	return n;
}

static size_t count_keys(const struct csv_schema *s, const char *name)
{
	size_t n = 0;

	for (size_t i = next_key(s, 0); i < s->count; i = next_key(s, i + 1))
		n += !strcmp(s->lines[i].spec.name, name);
	return n;
}

static bool has_any_key(const struct csv_join *j, const struct csv_row *header)
{
	for (size_t i = 0; i < header->count; i++)
		if (is_key(j->schema, header->cells[i].text))
			return true;
	return false;
}

/* Nothing is a header about the first row: one message instead of many. */
static int report_no_header(const struct csv_join *j,
			    const struct csv_row *header,
			    const struct err_sink *sink)
{
	const struct csv_schema *s = j->schema;
	const char *first = s->lines[next_key(s, 0)].spec.name;
	struct pos pos = csv_cell_pos(j->file, &header->cells[0]);
	char shown[TEXT_SHOWN], key[TEXT_SHOWN];
	struct err err = ERR_INIT;

	text_show(shown, sizeof(shown), header->cells[0].text,
		  header->cells[0].len);
	text_show(key, sizeof(key), first, strlen(first));
	err_at(&err, &pos, ERR_INPUT, "no column has the name of a key: the "
	       "first line has to name the columns, the configuration's "
	       "first key is '%s', the first column '%s'", key, shown);
	if (csv_row_is_config(header))
		err_more(&err, ": this is a configuration; the table of values "
			 "is the second argument");
	else if (!strncmp(header->cells[0].text, "sep=", 4))
		err_more(&err, ": remove this line");
	else
		csv_row_hint(header, first, &err);
	sink->report(sink->ctx, &err);
	return err.code;
}

/*
 * Keys without a column. Those of one name that occurs too seldom are
 * reported from the last one on, since which column is missing can't be told.
 */
static int report_missing(const struct csv_join *j,
			  const struct csv_row *header,
			  const struct err_sink *sink)
{
	const struct csv_schema *s = j->schema;
	int r = 0;

	for (size_t i = next_key(s, 0); i < s->count; i = next_key(s, i + 1)) {
		const struct csv_spec *spec = &s->lines[i].spec;
		size_t later = 0, total = count_keys(s, spec->name);
		size_t have = count_columns(header, spec->name);
		struct err err = ERR_INIT;

		for (size_t n = next_key(s, i + 1); n < s->count;
		     n = next_key(s, n + 1))
			later += !strcmp(s->lines[n].spec.name, spec->name);
		if (have >= total || total - have <= later)
			continue;
		if (total == 1)
			r = err_at(&err, &spec->pos, ERR_INPUT, "key '%s' has no "
				   "column in %s", spec->label, j->file);
		else
			r = err_at(&err, &spec->pos, ERR_INPUT, "key '%s' has no "
				   "column in %s: the configuration has %zu "
				   "keys of that name, the table %zu column%s",
				   spec->label, j->file, total, have,
				   have == 1 ? "" : "s");
		if (count_columns(header, spec->label))
			err_more(&err, "; a column '%s' is there: call it '%s', "
				 "as columns have no namespaces", spec->label,
				 spec->name);
		else
			csv_row_hint(header, spec->name, &err);
		sink->report(sink->ctx, &err);
	}
	return r;
}

static int report_order(const struct csv_join *j,
			const struct csv_row *header,
			const struct csv_cell *cell, size_t line,
			const struct err_sink *sink)
{
	const struct csv_schema *s = j->schema;
	bool surplus = count_columns(header, cell->text) >
		       count_keys(s, cell->text);
	struct pos pos = csv_cell_pos(j->file, cell);
	struct err err = ERR_INIT;

	if (line == s->count || surplus)
		err_at(&err, &pos, ERR_INPUT, "column '%s' is one too many: the "
		       "configuration has that key %zu time%s", cell->text,
		       count_keys(s, cell->text),
		       count_keys(s, cell->text) == 1 ? "" : "s");
	else
		err_at(&err, &pos, ERR_INPUT, "column '%s' is out of order: the "
		       "configuration has the key '%s' here (%s:%u); put the "
		       "columns in the order of the configuration", cell->text,
		       s->lines[line].spec.label, s->lines[line].spec.pos.file,
		       s->lines[line].spec.pos.line);
	sink->report(sink->ctx, &err);
	return err.code;
}

/* A header of one cell with another separator in it. */
static int check_separator(const struct csv_join *j,
			   const struct csv_row *header,
			   const struct err_sink *sink)
{
	struct err err = ERR_INIT;

	if (is_key(j->schema, header->cells[0].text) ||
	    !csv_row_check_separator(header, j->file, &err))
		return 0;
	sink->report(sink->ctx, &err);
	return err.code;
}

/* Whether the keys have their columns, in order, and none has two. */
static bool place_keys(struct csv_join *j, const struct csv_row *header)
{
	const struct csv_schema *s = j->schema;
	size_t line = next_key(s, 0);

	for (size_t i = 0; i < header->count; i++) {
		const char *name = header->cells[i].text;

		if (line < s->count && !strcmp(name, s->lines[line].spec.name)) {
			j->column[line] = i;
			line = next_key(s, line + 1);
		} else if (is_key(s, name)) {
			return false;
		}
	}
	return line == s->count;
}

/* What is wrong is searched for only when something is: it takes its time. */
static int match_header(struct csv_join *j, const struct csv_row *header,
			const struct err_sink *sink)
{
	const struct csv_schema *s = j->schema;
	size_t line = next_key(s, 0);
	int r;

	if (place_keys(j, header))
		return 0;
	r = check_separator(j, header, sink);
	if (!r && s->keys > 1 && !has_any_key(j, header))
		r = report_no_header(j, header, sink);
	if (!r)
		r = report_missing(j, header, sink);
	for (size_t i = 0; i < header->count && !r; i++) {
		const char *name = header->cells[i].text;

		if (line < s->count && !strcmp(name, s->lines[line].spec.name))
			line = next_key(s, line + 1);
		else if (is_key(s, name))
			r = report_order(j, header, &header->cells[i], line,
					 sink);
	}
	return r;
}

static int find_id(struct csv_join *j, const struct csv_row *header,
		   const char *id_name, const struct err_sink *sink)
{
	struct pos pos = csv_cell_pos(j->file, &header->cells[0]);
	struct err err = ERR_INIT;
	int found = csv_row_find(header, id_name, j->file, &j->id_column, &err);

	/* A key of several namespaces: that of the first names the device. */
	if (found < 0 && is_key(j->schema, id_name)) {
		err_clear(&err);
		found = 1;
	}
	j->has_id_column = found > 0;
	for (size_t i = next_key(j->schema, 0); i < j->schema->count;
	     i = next_key(j->schema, i + 1))
		if (found > 0 && j->column[i] == j->id_column)
			j->id_repeats = j->schema->lines[i].repeat;
	if (found > 0)
		return 0;
	if (!found) {
		err_at(&err, &pos, ERR_INPUT, "there is no column '%s', which "
		       "--fileid names", id_name);
		csv_row_hint(header, id_name, &err);
	}
	sink->report(sink->ctx, &err);
	return err.code;
}

int csv_join_init(struct csv_join *j, const struct csv_schema *schema,
		  const char *file, const struct csv_row *header,
		  const char *id_name, const struct err_sink *sink)
{
	struct err err = ERR_INIT;
	int r;

	*j = (struct csv_join){
		.schema = schema,
		.file = file,
		.columns = header->count,
		.column = mem_array(schema->count, sizeof(*j->column)),
		.first = CSV_ROW_INIT,
	};
	if (!j->column) {
		r = err_nomem(&err);
		sink->report(sink->ctx, &err);
		return r;
	}
	r = match_header(j, header, sink);
	if (id_name && find_id(j, header, id_name, sink))
		r = ERR_INPUT;
	if (r)
		csv_join_release(j);
	return r;
}

void csv_join_release(struct csv_join *j)
{
	mem_free(j->column);
	csv_row_release(&j->first);
	j->column = NULL;
}

int csv_join_check_count(const struct csv_join *j, const struct csv_row *row,
			 struct err *err)
{
	return csv_row_check_count(row, j->columns, j->file, err);
}

static int copy_row(struct csv_row *to, const struct csv_row *from,
		    struct err *err)
{
	const char *text;

	*to = (struct csv_row)CSV_ROW_INIT;
	to->cells = mem_array(from->count, sizeof(*to->cells));
	if (!to->cells ||
	    buf_append(&to->text, from->text.data, from->text.len)) {
		csv_row_release(to);
		return err_nomem(err);
	}
	to->count = to->cells_cap = from->count;
	to->line = from->line;
	text = (const char *)to->text.data;
	for (size_t i = 0; i < to->count; i++) {
		to->cells[i] = from->cells[i];
		to->cells[i].text = text;
		text += to->cells[i].len + 1;
	}
	return 0;
}

int csv_join_set_first(struct csv_join *j, const struct csv_row *row,
		       struct err *err)
{
	int r;

	if (j->has_first || !j->schema->repeats)
		return 0;
	r = copy_row(&j->first, row, err);
	j->has_first = !r;
	return r;
}

const struct csv_cell *csv_join_id(const struct csv_join *j,
				   const struct csv_row *row)
{
	if (!j->has_id_column)
		return NULL;
	return &(j->id_repeats ? &j->first : row)->cells[j->id_column];
}

struct pos csv_join_id_pos(const struct csv_join *j, const struct csv_row *row)
{
	return csv_cell_pos(j->file, &row->cells[j->id_column]);
}

bool csv_join_all_repeat(const struct csv_join *j)
{
	const struct csv_schema *s = j->schema;

	for (size_t i = next_key(s, 0); i < s->count; i = next_key(s, i + 1))
		if (!s->lines[i].repeat)
			return false;
	return j->columns == s->keys;
}

const struct csv_cell *csv_join_overridden(const struct csv_join *j,
					   const struct csv_row *row,
					   const char **key)
{
	const struct csv_schema *s = j->schema;

	for (size_t i = 0; s->repeats && i < s->count; i++) {
		const struct csv_cell *cell = &row->cells[j->column[i]];

		if (!s->lines[i].repeat || !cell->len ||
		    same_text(cell, &j->first.cells[j->column[i]]))
			continue;
		*key = s->lines[i].spec.label;
		return cell;
	}
	return NULL;
}

/* The cell that gives a key its value. */
static const struct csv_cell *value_of(const struct csv_join *j,
				       const struct csv_row *row, size_t line)
{
	const struct csv_row *from = j->schema->lines[line].repeat ?
				     &j->first : row;

	return &from->cells[j->column[line]];
}

/* Of a key's value, or of a namespace's line. */
static struct pos place_of(const struct csv_join *j, const struct csv_row *row,
			   size_t line)
{
	const struct csv_spec *spec = &j->schema->lines[line].spec;

	return spec->is_namespace ? spec->pos :
	       csv_cell_pos(j->file, value_of(j, row, line));
}

void csv_join_expect(const struct csv_join *j, struct csv_decoder *d)
{
	for (size_t i = 0; i < j->schema->count; i++)
		csv_decoder_expect(d, j->schema->lines[i].ns,
				   &j->schema->lines[i].spec);
}

int csv_join_encode(const struct csv_join *j, const struct csv_row *row,
		    struct csv_decoder *d, struct nvs_writer *w,
		    uint8_t *image, const struct err_sink *sink)
{
	const struct csv_schema *s = j->schema;
	struct nvs_item_sink into;
	struct err err = ERR_INIT;
	int r = 0;

	csv_decoder_start(d);
	nvs_writer_start(w, image);
	into = nvs_writer_sink(w);
	for (size_t i = 0; i < s->count; i++) {
		int code = csv_decoder_add(d, &into, &s->lines[i].spec,
					   j->file, value_of(j, row, i), &err);

		err_report(&err, sink, &r);
		/* No other cell is to blame for what is not there. */
		if (code == ERR_NOMEM)
			return ERR_NOMEM;
		if (!code && nvs_writer_is_over(w) && !d->full.line)
			d->full = place_of(j, row, i);
	}
	return r;
}

int csv_join_put(const struct csv_join *j, const struct csv_row *row,
		 struct buf *out)
{
	const struct csv_schema *s = j->schema;
	int r = buf_puts(out, "key,type,encoding,value\r\n");

	for (size_t i = 0; i < s->count && !r; i++) {
		const struct csv_line *line = &s->lines[i];
		const struct csv_cell *value = value_of(j, row, i);

		r = buf_append(out, line->prefix.data, line->prefix.len);
		if (!r && !line->spec.is_namespace)
			r = csv_put_field(out, true, value->text, value->len);
		if (!r)
			r = buf_append(out, "\r\n", 2);
	}
	return r;
}

int csv_join_put_expanded(const struct csv_join *j, const struct csv_row *row,
			  struct buf *out)
{
	const struct csv_schema *s = j->schema;
	size_t line = next_key(s, 0);
	int r = 0;

	for (size_t i = 0; i < row->count && !r; i++) {
		const struct csv_cell *cell = &row->cells[i];

		if (line < s->count && j->column[line] == i) {
			cell = value_of(j, row, line);
			line = next_key(s, line + 1);
		}
		/* A lone empty field is quoted, or its line would be blank. */
		r = row->count == 1 && !cell->len ?
		    csv_put_quoted(out, true, "", 0) :
		    csv_put_field(out, !i, cell->text, cell->len);
	}
	return r ? r : buf_append(out, "\r\n", 2);
}
