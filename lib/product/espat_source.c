/* SPDX-License-Identifier: Apache-2.0 */
/*
 * espat_source.c - what each line of the generated CSV was made of. The CSV
 * is not there when it has a mistake in it; the project's files are.
 */
#include "espat_private.h"

#include <string.h>

#include "text.h"

static unsigned count_lines(const uint8_t *p, size_t n)
{
	unsigned lines = 0;

	for (size_t i = 0; i < n; i++)
		lines += p[i] == '\n';
	return lines;
}

int espat_end_line(struct espat_group *g, size_t start, size_t value_at,
		   const struct pos *line, const struct pos *value)
{
	struct espat_source *s;

	s = mem_grow(g->sources, g->source_count + 1, &g->sources_cap,
		     sizeof(*s));
	if (!s || buf_putc(&g->lines, '\n'))
		return ERR_NOMEM;
	g->sources = s;
	s += g->source_count++;
	*s = (struct espat_source){
		.line = *line,
		.value = *value,
		.lines = count_lines(g->lines.data + start,
				     g->lines.len - start),
		.before = (unsigned)text_chars(g->lines.data + start,
					       value_at - start),
	};
	return 0;
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
			*pos = first && pos->col <= s->before ? s->line :
								 s->value;
			return;
		}
	}
}
