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

/* A blank before the quote, which makes it a character like others. */
static bool begins_late(const struct csv_cell *cell)
{
	size_t n = blank_len(cell->text, cell->len);

	return n && n < cell->len && cell->text[n] == '"';
}

/* Quotes as typesetters write them: U+201C to U+201F. */
static bool has_curly_quote(const struct csv_cell *cell)
{
	for (size_t i = 0; i + 3 <= cell->len; i++)
		if (!memcmp(cell->text + i, "\xE2\x80", 2) &&
		    ((uint8_t)cell->text[i + 2] & 0xFC) == 0x9C)
			return true;
	return false;
}

static bool any_cell(const struct csv_row *row,
		     bool (*is_so)(const struct csv_cell *cell))
{
	for (size_t i = 0; i < row->count; i++)
		if (is_so(&row->cells[i]))
			return true;
	return false;
}

const char *csv_row_advice(const struct csv_row *row, size_t columns)
{
	char found = row->count == 1 ? separator_in(&row->cells[0]) : 0;

	if (found)
		return found == ';' ? "there are ';' where commas have to be" :
				      "there are tabs where commas have to be";
	if (row->count < columns)
		return "one or more are missing";
	if (are_empty(row, columns))
		return "remove the commas at the end of the line";
	if (any_cell(row, begins_late))
		return "a quoted value begins with its quote: remove the blank "
		       "before it";
	if (any_cell(row, has_curly_quote))
		return "a value with a comma in it is quoted with \", not with "
		       "curly quotes";
	return "a value with a comma in it has to be quoted";
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

static bool same_letters(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (a[i] != b[i] && !(((a[i] ^ b[i]) == 0x20) &&
				      ((a[i] | 0x20) >= 'a') &&
				      ((a[i] | 0x20) <= 'z')))
			return false;
	return true;
}

/* Blanks around a name in the configuration are no better than others. */
static bool is_nearly(const struct csv_cell *cell, const char *name)
{
	size_t front = blank_len(cell->text, cell->len);
	size_t len = 0;

	name += blank_len(name, strlen(name));
	while (name[len] && blank_len(name + len, strlen(name + len)) !=
			    strlen(name + len))
		len++;
	return cell->len - front >= len &&
	       same_letters(cell->text + front, name, len) &&
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

bool csv_row_is_config(const struct csv_row *row)
{
	return row->count >= 3 && row->count <= 4 && row->cells[0].len &&
	       !row->cells[2].len &&
	       text_same_word(row->cells[1].text, row->cells[1].len,
			      "namespace");
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
