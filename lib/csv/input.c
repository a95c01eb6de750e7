/* SPDX-License-Identifier: Apache-2.0 */
#include "csv_input.h"

#include <string.h>

#include "csv_table.h"
#include "text.h"

/* The four columns, by where they stand in the header. */
enum { KEY, TYPE, ENCODING, VALUE, COLUMNS };
static const char *const column_names[COLUMNS] = {
	"key", "type", "encoding", "value"
};

/* Stands for a namespace of which nothing is known but that it is open. */
static const char unknown[] = "?";

struct layout {
	size_t column[COLUMNS];
	size_t count; /* cells of a row */
};

void csv_input_release(struct csv_input *in)
{
	for (size_t i = 0; i < in->count; i++) {
		csv_spec_release(&in->lines[i].spec);
		if (in->lines[i].value_text)
			mem_wipe(in->lines[i].value_text,
				 in->lines[i].value.len);
		mem_free(in->lines[i].value_text);
	}
	mem_free(in->lines);
	*in = (struct csv_input)CSV_INPUT_INIT;
}

static int read_header(struct layout *l, const struct csv_row *header,
		       const char *file, struct err *err)
{
	struct pos pos = csv_cell_pos(file, &header->cells[0]);
	int r = csv_row_check_separator(header, file, err);

	l->count = header->count;
	for (unsigned c = 0; c < COLUMNS && !r; c++) {
		int found = csv_row_find(header, column_names[c], file,
					 &l->column[c], err);

		r = found < 0 ? found : 0;
		if (found)
			continue;
		r = err_at(err, &pos, ERR_INPUT, "the header has no column '%s': "
			   "the first line has to name key,type,encoding,value",
			   column_names[c]);
		csv_row_hint(header, column_names[c], err);
	}
	return r;
}

/* A namespace needs no encoding and value, so their cells may be missing. */
static int check_count(const struct layout *l, const struct csv_row *row,
		       const char *file, struct err *err)
{
	bool has_type = l->column[KEY] < row->count &&
			l->column[TYPE] < row->count;
	const struct csv_cell *type = has_type ? &row->cells[l->column[TYPE]] :
						 NULL;
	char shown[TEXT_SHOWN];

	if (has_type && row->count < l->count &&
	    text_same_word(type->text, type->len, "namespace"))
		return 0;
	text_show(shown, sizeof(shown), row->cells[0].text,
		  row->cells[0].len);
	if (!csv_row_check_count(row, l->count, file, err))
		return 0;
	return err_context(err, "%s", shown);
}

static struct csv_input_line *new_line(struct csv_input *in)
{
	struct csv_input_line *lines = mem_grow(in->lines, in->count + 1,
						&in->lines_cap,
						sizeof(*lines));

	if (!lines)
		return NULL;
	in->lines = lines;
	return &lines[in->count];
}

/* The cell of a column; empty where a namespace row lacks it. */
static struct csv_cell cell_of(const struct layout *l,
			       const struct csv_row *row, unsigned column)
{
	size_t i = l->column[column];

	if (i < row->count)
		return row->cells[i];
	return (struct csv_cell){ "", 0, row->line, 0, false };
}

static int parse_row(struct csv_input_line *line, const struct layout *l,
		     const struct csv_row *row, const char *file,
		     const char *ns, enum csv_dialect dialect, struct err *err)
{
	struct csv_cell key = cell_of(l, row, KEY);
	struct csv_cell type = cell_of(l, row, TYPE);
	struct csv_cell encoding = cell_of(l, row, ENCODING);
	int r = check_count(l, row, file, err);

	if (r)
		return r;
	line->ns = ns;
	line->file = file;
	line->value = cell_of(l, row, VALUE);
	return csv_spec_parse(&line->spec, file, &key, &type, &encoding, ns,
			      dialect, err);
}

static int add_row(struct csv_input *in, const struct layout *l,
		   const struct csv_row *row, const char *file,
		   enum csv_dialect dialect, struct err *err)
{
	struct csv_input_line *line = new_line(in);
	struct csv_cell type;
	int r;

	if (!line)
		return err_nomem(err);
	r = parse_row(line, l, row, file, in->ns, dialect, err);
	if (r) {
		type = cell_of(l, row, TYPE);
		/* One message is enough for a namespace that went wrong. */
		if (!in->ns || text_same_word(type.text, type.len, "namespace"))
			in->ns = unknown;
		return r;
	}
	line->value_text = mem_strndup(line->value.text, line->value.len);
	if (!line->value_text) {
		csv_spec_release(&line->spec);
		return err_nomem(err);
	}
	line->value.text = line->value_text;
	if (line->spec.is_namespace)
		in->ns = line->spec.name;
	in->count++;
	return 0;
}

int csv_input_read(struct csv_input *in, const char *file, const void *p,
		   size_t n, enum csv_dialect dialect,
		   const struct err_sink *sink)
{
	struct pos top = { file, 1, 1 };
	struct err err = ERR_INIT;
	struct csv_row row = CSV_ROW_INIT;
	struct csv_table *t;
	struct layout layout;
	int r = 0, result = 0;

	t = csv_table_new_memory(p, n, file, CSV_HASH_COMMENTS, &err);
	if (t)
		r = csv_table_next(t, &row, &err);
	if (t && !r)
		err_at(&err, &top, ERR_INPUT, "there is no header, a first line "
		       "that names key,type,encoding,value");
	if (r > 0 && !read_header(&layout, &row, file, &err))
		while (csv_table_next(t, &row, &err) > 0) {
			int added = add_row(in, &layout, &row, file, dialect,
					    &err);

			err_report(&err, sink, &result);
			/* No later row is to blame for what is not there. */
			if (added == ERR_NOMEM)
				break;
		}
	/* Of what is behind the mistake, nothing was read. */
	if (err.code != ERR_NONE)
		csv_input_lose(in);
	err_report(&err, sink, &result);
	csv_table_free(t);
	csv_row_release(&row);
	return result;
}

void csv_input_lose(struct csv_input *in)
{
	in->ns = unknown;
}

/* w: the writer that into is, to note what is beyond its end; or NULL. */
static int decode(const struct csv_input *in, struct csv_decoder *d,
		  const struct nvs_item_sink *into, const struct nvs_writer *w,
		  const struct err_sink *sink)
{
	struct err err = ERR_INIT;
	int result = 0;

	for (size_t i = 0; i < in->count; i++)
		csv_decoder_expect(d, in->lines[i].ns, &in->lines[i].spec);
	csv_decoder_start(d);
	for (size_t i = 0; i < in->count; i++) {
		const struct csv_input_line *line = &in->lines[i];
		int r;

		/* It is in none of those before, whichever it is in. */
		if (line->ns == unknown)
			d->ns_refused = true;
		r = csv_decoder_add(d, into, &line->spec, line->file,
				    &line->value, &err);
		err_report(&err, sink, &result);
		if (r == ERR_NOMEM)
			break;
		if (w && nvs_writer_is_over(w) && !d->full.line)
			d->full = line->spec.is_namespace ? line->spec.pos :
				  csv_cell_pos(line->file, &line->value);
	}
	return result;
}

int csv_input_decode(const struct csv_input *in, struct csv_decoder *d,
		     const struct nvs_item_sink *into,
		     const struct err_sink *sink)
{
	return decode(in, d, into, NULL, sink);
}

int csv_input_encode(const struct csv_input *in, struct csv_decoder *d,
		     struct nvs_writer *w, uint8_t *image,
		     struct nvs_usage *usage, const struct err_sink *sink)
{
	struct pos pos = { in->count ? in->lines[0].file : NULL, 0, 0 };
	struct nvs_item_sink into;
	struct err err = ERR_INIT;
	int r;

	nvs_writer_start(w, image);
	into = nvs_writer_sink(w);
	r = decode(in, d, &into, w, sink);
	if (nvs_writer_finish(w, usage, &err)) {
		err_place(&err, d->full.line ? &d->full : &pos);
		err_report(&err, sink, &r);
	}
	return r;
}
