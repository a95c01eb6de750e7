/* SPDX-License-Identifier: Apache-2.0 */
/* row.c - mistakes that all tables share: separators, counts, names. */
#include "csv_table.h"

#include <string.h>

#include "text.h"

/* The separator that stands in a cell in place of commas, or 0. */
static char separator_in(const struct csv_cell *cell)
{
	if (memchr(cell->text, ';', cell->len))
		return ';';
	return memchr(cell->text, '\t', cell->len) ? '\t' : 0;
}

int csv_row_check_separator(const struct csv_row *row, const char *file,
			    struct err *err)
{
	const struct csv_cell *cell = &row->cells[0];
	struct pos pos = csv_cell_pos(file, cell);
	char found = row->count == 1 ? separator_in(cell) : 0;
	const char *at;

	if (!found)
		return 0;
	at = memchr(cell->text, found, cell->len);
	pos.col += (unsigned)text_chars(cell->text, (size_t)(at - cell->text));
	return err_at(err, &pos, ERR_INPUT, "the first row is one cell with %s "
		      "in it: save the table with commas between the cells",
		      found == ';' ? "';'" : "tabs");
}

static bool are_empty(const struct csv_row *row, size_t from)
{
	for (size_t i = from; i < row->count; i++)
		if (row->cells[i].len)
			return false;
	return true;
}

const char *csv_row_advice(const struct csv_row *row, size_t columns)
{
	char found = row->count == 1 ? separator_in(&row->cells[0]) : 0;

	if (found)
		return found == ';' ? "there are ';' where commas have to be" :
				      "there are tabs where commas have to be";
	if (row->count < columns)
		return "one or more are missing";
	return are_empty(row, columns) ?
	       "remove the commas at the end of the line" :
	       "a value with a comma in it has to be quoted";
}

int csv_row_check_count(const struct csv_row *row, size_t columns,
			const char *file, struct err *err)
{
	size_t n = row->count < columns ? row->count - 1 : columns;
	struct pos pos;

	if (row->count == columns)
		return 0;
	pos = csv_cell_pos(file, &row->cells[n]);
	return err_at(err, &pos, ERR_INPUT, "%zu cell%s, expected %zu as in the "
		      "header: %s", row->count, row->count == 1 ? "" : "s",
		      columns, csv_row_advice(row, columns));
}

/* White space and byte-order marks at s; how many bytes. */
static size_t blank_len(const char *s, size_t len)
{
	static const char mark[] = "\xEF\xBB\xBF";
	size_t n = 0;

	for (;;) {
		size_t more = text_space_len(s + n, len - n);

		if (!more && len - n >= strlen(mark) &&
		    !memcmp(s + n, mark, strlen(mark)))
			more = strlen(mark);
		if (!more)
			return n;
		n += more;
	}
}

static bool is_nearly(const struct csv_cell *cell, const char *name)
{
	size_t front = blank_len(cell->text, cell->len);
	size_t len = strlen(name);

	return cell->len - front >= len &&
	       text_same_word(cell->text + front, len, name) &&
	       blank_len(cell->text + front + len, cell->len - front - len) ==
	       cell->len - front - len;
}

void csv_row_hint(const struct csv_row *header, const char *column,
		  struct err *err)
{
	char shown[TEXT_SHOWN];

	for (size_t i = 0; i < header->count; i++) {
		const struct csv_cell *cell = &header->cells[i];

		if (!is_nearly(cell, column) || !strcmp(cell->text, column))
			continue;
		err_more(err, "; column %zu, '%s', is spelled differently: "
			 "blanks and capitals count", i + 1,
			 text_show(shown, sizeof(shown), cell->text,
				   cell->len));
		return;
	}
}

int csv_row_find(const struct csv_row *header, const char *column,
		 const char *file, size_t *at, struct err *err)
{
	char shown[TEXT_SHOWN];
	bool found = false;

	for (size_t i = 0; i < header->count; i++) {
		struct pos pos = csv_cell_pos(file, &header->cells[i]);

		if (strcmp(header->cells[i].text, column) != 0)
			continue;
		if (found)
			return err_at(err, &pos, ERR_INPUT, "a second column "
				      "'%s': which one is meant? Rename or "
				      "remove one",
				      text_show(shown, sizeof(shown), column,
						strlen(column)));
		found = true;
		*at = i;
	}
	return found;
}
