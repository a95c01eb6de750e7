/* SPDX-License-Identifier: Apache-2.0 */
/*
 * espat_source.c - what each line of the generated CSV was made of. The CSV
 * is not there when it has a mistake in it; the project's files are.
 */
#include "espat_private.h"

#include <limits.h>
#include <string.h>

#include "text.h"

static unsigned count_lines(const uint8_t *p, size_t n)
{
	unsigned lines = 0;

	for (size_t i = 0; i < n; i++)
		lines += p[i] == '\n';
	return lines;
}

int espat_put_line(struct espat_group *g,
		   const struct espat_cell cells[ESPAT_CELLS])
{
	const size_t start = g->lines.len;
	struct espat_source *s;
	int r = 0;

	s = mem_grow(g->sources, g->source_count + 1, &g->sources_cap,
		     sizeof(*s));
	if (!s)
		return ERR_NOMEM;
	g->sources = s;
	s += g->source_count;
	for (unsigned i = 0; !r && i < ESPAT_CELLS; i++) {
		const struct espat_cell *c = &cells[i];
		size_t len = g->lines.len - start;

		s->cells[i] = c->pos;
		/* Behind the comma that is put with the cell. */
		s->columns[i] = 1 + (i > 0);
		if (len)
			s->columns[i] += (unsigned)text_chars(
				g->lines.data + start, len);
		r = c->quoted ?
			csv_put_quoted(&g->lines, !i, c->text, c->len) :
			csv_put_field(&g->lines, !i, c->text, c->len);
	}
	if (r || buf_putc(&g->lines, '\n'))
		return ERR_NOMEM;
	s->lines = count_lines(g->lines.data + start, g->lines.len - start);
	g->source_count++;
	return 0;
}

/* The place of a column of the line, of one behind its end the last one. */
static struct pos cell_at(const struct espat_source *s, unsigned col)
{
	unsigned i = ESPAT_CELLS - 1;

	while (i && col < s->columns[i])
		i--;
	return s->cells[i];
}

void espat_find_source(const struct espat *e, struct pos *pos)
{
	unsigned line = 2; /* the first has the header */

	for (size_t i = 0; i < e->group_count; i++) {
		const struct espat_group *g = &e->groups[i];

		if (pos->line == line++) {
			*pos = g->pos;
			return;
		}
		for (size_t n = 0; n < g->source_count; n++) {
			const struct espat_source *s = &g->sources[n];
			bool first = pos->line == line;

			if (pos->line < line || pos->line >= line + s->lines) {
				line += s->lines;
				continue;
			}
			*pos = cell_at(s, first ? pos->col : UINT_MAX);
			return;
		}
	}
}
