/* SPDX-License-Identifier: Apache-2.0 */
#include "csv_schema.h"

#include <string.h>

#include "nvs_names.h"
#include "text.h"

void csv_schema_release(struct csv_schema *s)
{
	for (size_t i = 0; i < s->count; i++) {
		csv_spec_release(&s->lines[i].spec);
		buf_release(&s->lines[i].prefix);
	}
	mem_free(s->lines);
	*s = (struct csv_schema)CSV_SCHEMA_INIT;
}

static int check_tag(const struct csv_row *row, const char *file,
		     const struct csv_spec *spec, bool *repeat,
		     struct err *err)
{
	const struct csv_cell *tag;
	char shown[TEXT_SHOWN];
	struct pos pos;

	*repeat = false;
	if (row->count < 4 || !row->cells[3].len)
		return 0;
	tag = &row->cells[3];
	pos = csv_cell_pos(file, tag);
	if (strcmp(tag->text, "REPEAT") != 0) {
		const char *s = tag->text;
		size_t len = tag->len;

		err_at(err, &pos, ERR_INPUT, "%s: '%s' where only the tag REPEAT "
		       "may stand", spec->label,
		       text_show(shown, sizeof(shown), s, len));
		text_trim(&s, &len);
		if (text_same_word(s, len, "repeat"))
			err_more(err, ": write it in capitals, without blanks");
		return ERR_INPUT;
	}
	if (spec->is_namespace)
		return err_at(err, &pos, ERR_INPUT, "%s: a namespace can't be "
			      "tagged REPEAT", spec->label);
	*repeat = true;
	return 0;
}

static int check_count(const struct csv_row *row, const char *file,
		       struct err *err)
{
	size_t n = row->count > 4 ? 4 : row->count - 1;
	struct pos pos = csv_cell_pos(file, &row->cells[n]);
	const struct csv_cell *key = &row->cells[0];
	const char *advice = csv_row_advice(row, 4);
	char shown[TEXT_SHOWN];

	if (row->count == 3 || row->count == 4)
		return 0;
	if (key->text[0] == '#')
		advice = "there are no comments in a configuration";
	else if (row->count > 4 && !strcmp(row->cells[4].text, "REPEAT"))
		advice = "the tag is the fourth";
	text_show(shown, sizeof(shown), key->text, key->len);
	return err_at(err, &pos, ERR_INPUT, "%s: %zu cell%s, expected 3 "
		      "(key,type,encoding), or 4 with the tag REPEAT: %s",
		      shown, row->count, row->count == 1 ? "" : "s", advice);
}

/* Whether the firmware can tell the name from all those before it. */
static int enter_name(struct nvs_names *names, const struct csv_line *line,
		      struct err *err)
{
	const struct csv_spec *spec = &line->spec;
	uint8_t index;
	int r = 0;

	if (spec->is_namespace)
		r = nvs_names_namespace(names, spec->name, &index, NULL, err);
	else if (nvs_names_find(names, line->ns, &index))
		r = nvs_names_key(names, index, spec->name, NVS_CHUNK_NONE,
				  err);
	/* Else its namespace was refused, which has been said. */
	return r ? err_place(err, &spec->pos) : 0;
}

/* "key,type,encoding" in front, as in the CSVs of single images. */
static int check_no_header(const struct csv_row *row, const char *file,
			   struct err *err)
{
	struct pos pos = { file, row->line, 1 };

	if (row->count < 3 || strcmp(row->cells[0].text, "key") != 0 ||
	    strcmp(row->cells[1].text, "type") != 0)
		return 0;
	return err_at(err, &pos, ERR_INPUT, "a configuration has no header line: "
		      "remove 'key,type,encoding', its first line is a "
		      "namespace");
}

/* Many columns, none of them a type: the table of values has such a header. */
static int check_no_values(const struct csv_row *row, const char *file,
			   struct err *err)
{
	struct pos pos = csv_cell_pos(file, &row->cells[0]);
	/* The last is what its own header would have there. */
	static const char *const types[] = { "namespace", "data", "file",
					     "type" };
	char shown[TEXT_SHOWN];

	for (unsigned i = 0; i < 4; i++)
		if (row->count <= 5 || row->cells[0].text[0] == '#' ||
		    text_same_word(row->cells[1].text, row->cells[1].len,
				   types[i]))
			return 0;
	return err_at(err, &pos, ERR_INPUT, "this is no configuration, its first "
		      "line has %zu cells and begins with '%s': if it is the "
		      "table of values, that is the second argument", row->count,
		      text_show(shown, sizeof(shown), row->cells[0].text,
				row->cells[0].len));
}

/*
 * How the line begins in the CSVs of the devices. What stands in the third
 * cell of a namespace means nothing and is handed on, as in the original.
 */
static int put_prefix(struct csv_line *line, const struct csv_cell *encoding)
{
	struct buf *out = &line->prefix;

	if (csv_spec_put(&line->spec, out))
		return ERR_NOMEM;
	if (!line->spec.is_namespace || !encoding->len)
		return 0;
	out->len -= strlen(",,");
	return csv_put_field(out, false, encoding->text, encoding->len) ||
	       buf_putc(out, ',') ? ERR_NOMEM : 0;
}

static int parse_row(struct csv_line *line, const struct csv_row *row,
		     const char *file, const char *ns,
		     enum csv_dialect dialect, struct err *err)
{
	const struct csv_cell *c = row->cells;
	int r;

	*line = (struct csv_line){ .ns = ns };
	r = check_no_header(row, file, err);
	if (!r)
		r = check_count(row, file, err);
	if (r)
		return r;
	r = csv_spec_parse(&line->spec, file, &c[0], &c[1], &c[2], ns,
			   dialect, err);
	if (r)
		return r;
	r = check_tag(row, file, &line->spec, &line->repeat, err);
	if (!r && put_prefix(line, &c[2]))
		r = err_nomem(err);
	if (r) {
		csv_spec_release(&line->spec);
		buf_release(&line->prefix);
	}
	return r;
}

static bool is_namespace(const struct csv_cell *type)
{
	return text_same_word(type->text, type->len, "namespace");
}

static struct csv_line *new_line(struct csv_schema *s)
{
	struct csv_line *lines = mem_grow(s->lines, s->count + 1,
					  &s->lines_cap, sizeof(*lines));

	if (!lines)
		return NULL;
	s->lines = lines;
	return &lines[s->count];
}

/* One row more. *ns is the namespace that is open, NULL before the first. */
static int add_row(struct csv_schema *s, struct nvs_names *names,
		   const struct csv_row *row, const char *file,
		   enum csv_dialect dialect, const char **ns, struct err *err)
{
	struct csv_line *line = new_line(s);
	int r;

	if (!line)
		return err_nomem(err);
	r = parse_row(line, row, file, *ns, dialect, err);
	if (r) {
		/* One message is enough for a namespace that went wrong. */
		if (!*ns || (row->count > 1 && is_namespace(&row->cells[1])))
			*ns = "?";
		return r;
	}
	s->count++;
	if (line->spec.is_namespace)
		*ns = line->spec.name;
	else
		s->keys++;
	s->repeats |= line->repeat;
	return enter_name(names, line, err);
}

static int check_not_empty(const struct csv_schema *s, const char *file,
			   struct err *err)
{
	struct pos pos = { file, 1, 1 };

	if (!s->count)
		return err_at(err, &pos, ERR_INPUT, "the configuration is empty, "
			      "its first line has to be a namespace");
	if (!s->keys)
		return err_at(err, &pos, ERR_INPUT, "the configuration has "
			      "namespaces but no key");
	return 0;
}

int csv_schema_read_as(struct csv_schema *s, const char *file, const void *p,
		       size_t n, enum csv_dialect dialect,
		       const struct err_sink *sink)
{
	struct err err = ERR_INIT;
	struct csv_row row = CSV_ROW_INIT;
	struct csv_table *t;
	struct nvs_names names;
	const char *ns = NULL;
	int r = 0, result = 0;

	*s = (struct csv_schema)CSV_SCHEMA_INIT;
	if (nvs_names_init(&names, &err)) {
		err_report(&err, sink, &result);
		return result;
	}
	t = csv_table_new_memory(p, n, file, CSV_NO_COMMENTS, &err);
	while (t && (r = csv_table_next(t, &row, &err)) > 0) {
		bool first = !s->count && !result;
		bool hopeless = first &&
				(csv_row_check_separator(&row, file, &err) ||
				 check_no_values(&row, file, &err));

		if (!hopeless)
			hopeless = add_row(s, &names, &row, file, dialect, &ns,
					   &err) == ERR_NOMEM;
		err_report(&err, sink, &result);
		/* What comes now would be blamed for what is not there. */
		if (hopeless)
			break;
	}
	if (t && !r && !result)
		check_not_empty(s, file, &err);
	err_report(&err, sink, &result);
	csv_table_free(t);
	csv_row_release(&row);
	nvs_names_release(&names);
	if (result)
		csv_schema_release(s);
	return result;
}

int csv_schema_read(struct csv_schema *s, const char *file, const void *p,
		    size_t n, const struct err_sink *sink)
{
	return csv_schema_read_as(s, file, p, n, CSV_PLAIN, sink);
}
