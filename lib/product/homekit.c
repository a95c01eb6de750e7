/* SPDX-License-Identifier: Apache-2.0 */
#include "homekit.h"

#include <string.h>

#include "csv_table.h"
#include "file.h"
#include "text.h"

static const char id_chars[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

#define ID_CHARS (sizeof(id_chars) - 1)

/* Each maker's entries are read whole; a partition's worth is far less. */
#define INFILE_MAX (64u << 20)

/* ---- Codes and ids ---- */

/*
 * HomeKit's rule: all digits equal; or from 1 upwards, each one more than
 * the last; or from 8 downwards, each one less.
 */
static bool is_forbidden(const char *code)
{
	int step = code[1] - code[0];

	if (step && !(step == 1 && *code == '1') &&
	    !(step == -1 && *code == '8'))
		return false;
	for (size_t i = 2; i < HOMEKIT_CODE_LEN; i++)
		if (code[i] - code[i - 1] != step)
			return false;
	return true;
}

int homekit_code_check(const char *code, struct err *err)
{
	size_t len = strlen(code), digits = strspn(code, "0123456789");

	if (digits != len)
		return err_set(err, ERR_INPUT, "the setup code has something "
			       "other than a digit at position %zu; 8 digits "
			       "without any '-' are needed, such as 11122333",
			       digits + 1);
	if (len != HOMEKIT_CODE_LEN)
		return err_set(err, ERR_INPUT, "the setup code has %zu digits; "
			       "8 without any '-' are needed, such as 11122333",
			       len);
	if (is_forbidden(code))
		return err_set(err, ERR_RANGE, "HomeKit forbids the setup code "
			       "%s: no accessory can be paired with eight "
			       "equal digits, 12345678 or 87654321", code);
	return 0;
}

int homekit_id_check(const char *id, struct err *err)
{
	char shown[TEXT_SHOWN];
	size_t len = strlen(id);

	if (len == HOMEKIT_ID_LEN && strspn(id, id_chars) == len)
		return 0;
	return err_set(err, ERR_INPUT, "the setup id '%s' is not possible; 4 "
		       "characters out of 0-9 and A-Z are needed, such as ES32",
		       text_show(shown, sizeof(shown), id, len));
}

void homekit_code_show(const char *code, char shown[HOMEKIT_SHOWN_LEN + 1])
{
	memcpy(shown, code, 3);
	shown[3] = '-';
	memcpy(shown + 4, code + 3, 2);
	shown[6] = '-';
	memcpy(shown + 7, code + 5, 3);
	shown[HOMEKIT_SHOWN_LEN] = '\0';
}

/*
 * n characters out of the first count of id_chars, each as likely: a byte
 * that would favour the first of them is drawn again.
 */
static int draw(const struct random_source *random, size_t count, char *out,
		size_t n, struct err *err)
{
	size_t fair = 256 - 256 % count, have = 0;
	uint8_t raw[16];
	int r = 0;

	while (!r && have < n) {
		r = random->fill(random->ctx, raw, sizeof(raw), err);
		for (size_t i = 0; !r && i < sizeof(raw) && have < n; i++)
			if (raw[i] < fair)
				out[have++] = id_chars[raw[i] % count];
	}
	out[have] = '\0';
	mem_wipe(raw, sizeof(raw));
	return r;
}

int homekit_code_random(const struct random_source *random,
			char code[HOMEKIT_CODE_LEN + 1], struct err *err)
{
	int r;

	do {
		r = draw(random, 10, code, HOMEKIT_CODE_LEN, err);
	} while (!r && is_forbidden(code));
	return r;
}

int homekit_id_random(const struct random_source *random,
		      char id[HOMEKIT_ID_LEN + 1], struct err *err)
{
	return draw(random, ID_CHARS, id, HOMEKIT_ID_LEN, err);
}

int homekit_salt_parse(const char *hex, uint8_t salt[SRP_SALT_SIZE],
		       struct err *err)
{
	struct buf raw = BUF_INIT;
	size_t len = strlen(hex);
	int r;

	if (len != (size_t)2 * SRP_SALT_SIZE)
		return err_set(err, ERR_INPUT, "the salt has %zu characters; "
			       "%u hex digits are needed, for %u bytes", len,
			       2 * SRP_SALT_SIZE, SRP_SALT_SIZE);
	if (text_is_space(hex[0]) || text_is_space(hex[len - 1]))
		r = err_set(err, ERR_INPUT, "there are blanks around it; %u hex "
			    "digits are needed", 2 * SRP_SALT_SIZE);
	else
		r = text_hex(hex, len, &raw, err);
	if (r)
		err_context(err, "the salt");
	else
		memcpy(salt, raw.data, SRP_SALT_SIZE);
	buf_wipe(&raw);
	return r;
}

int homekit_setup_make(struct homekit_setup *s, struct srp *srp,
		       const char *code, const char *id,
		       const uint8_t salt[SRP_SALT_SIZE], struct err *err)
{
	char shown[HOMEKIT_SHOWN_LEN + 1];
	int r;

	r = homekit_code_check(code, err);
	if (!r)
		r = homekit_id_check(id, err);
	if (r)
		return r;
	memcpy(s->id, id, HOMEKIT_ID_LEN + 1);
	memcpy(s->salt, salt, SRP_SALT_SIZE);
	homekit_code_show(code, shown);
	r = srp_verifier(srp, HOMEKIT_USER, shown, salt, s->verifier, err);
	mem_wipe(shown, sizeof(shown));
	return r;
}

void homekit_setup_wipe(struct homekit_setup *s)
{
	mem_wipe(s, sizeof(*s));
}

/* ---- The maker's entries ---- */

/* Every CRLF and CR becomes LF, in quoted cells as well. */
static int normalise(struct homekit_infile *in, const struct buf *raw,
		     struct err *err)
{
	uint8_t *to;

	if (buf_reserve(&in->text, raw->len + 1))
		return err_nomem(err);
	to = in->text.data;
	for (size_t i = 0; i < raw->len; i++) {
		if (raw->data[i] != '\r')
			*to++ = raw->data[i];
		else if (i + 1 == raw->len || raw->data[i + 1] != '\n')
			*to++ = '\n';
	}
	if (to != in->text.data && to[-1] != '\n')
		*to++ = '\n';
	in->text.len = (size_t)(to - in->text.data);
	return 0;
}

static bool cell_is(const struct csv_row *row, size_t i, const char *text)
{
	return i < row->count && !strcmp(row->cells[i].text, text);
}

static int check_header(struct csv_table *table, struct csv_row *row,
			const char *path, struct err *err)
{
	static const char *const columns[] = {
		"key", "type", "encoding", "value"
	};
	struct pos pos = { path, 1, 1 };
	bool right = true;
	int r;

	r = csv_table_next(table, row, err);
	if (r > 0 && csv_row_check_separator(row, path, err))
		return err->code;
	if (r < 0)
		return r;
	for (size_t i = 0; i < 4; i++)
		right &= r && cell_is(row, i, columns[i]);
	if (r)
		pos.line = row->line;
	return right ? 0 : err_at(err, &pos, ERR_INPUT, "the header line "
				  "'key,type,encoding,value' is missing; its "
				  "columns have to stand in this order");
}

/* A word as the generator reads it, in any case. */
static bool is_namespace(const struct csv_row *row)
{
	return row->count > 1 &&
	       text_same_word(row->cells[1].text, row->cells[1].len,
			      "namespace");
}

/* "hap_setup,namespace,," and nothing else. */
static bool is_declaration(const struct csv_row *row)
{
	return row->count == 4 && cell_is(row, 0, HOMEKIT_NAMESPACE) &&
	       cell_is(row, 1, "namespace") && cell_is(row, 2, "") &&
	       cell_is(row, 3, "");
}

static int not_last(const struct pos *ours, const struct csv_row *row,
		    struct err *err)
{
	char shown[TEXT_SHOWN];

	text_show(shown, sizeof(shown), row->cells[0].text, row->cells[0].len);
	return err_at(err, ours, ERR_INPUT, "namespace '%s' has to be the last "
		      "one, since the setup data is appended to it; move it "
		      "behind '%s' of line %u", HOMEKIT_NAMESPACE, shown,
		      row->line);
}

/* What is appended cannot be there already. */
static int refuse_setup_key(const struct csv_row *row, const char *path,
			    struct err *err)
{
	static const char *const keys[] = {
		"setup_id", "setup_salt", "setup_verifier"
	};
	struct pos pos = csv_cell_pos(path, &row->cells[0]);

	for (size_t i = 0; i < 3; i++)
		if (cell_is(row, 0, keys[i]))
			return err_at(err, &pos, ERR_DUPLICATE, "the key '%s' in "
				      "namespace '%s' is part of the setup data "
				      "that is appended: remove the line",
				      keys[i], HOMEKIT_NAMESPACE);
	return 0;
}

/* Find the declaration of our namespace; none may follow it. */
static int find_namespace(struct homekit_infile *in, struct csv_table *table,
			  struct csv_row *row, const char *path,
			  struct err *err)
{
	struct pos ours = { path, 0, 0 };
	bool in_ours = false;
	int r;

	while ((r = csv_table_next(table, row, err)) > 0) {
		if (in_ours && !is_namespace(row) &&
		    refuse_setup_key(row, path, err))
			return err->code;
		in_ours = is_namespace(row) ?
			  cell_is(row, 0, HOMEKIT_NAMESPACE) : in_ours;
		if (is_declaration(row)) {
			in->declares = true;
			ours = csv_cell_pos(path, &row->cells[0]);
		} else if (in->declares && is_namespace(row) &&
			   !cell_is(row, 0, HOMEKIT_NAMESPACE)) {
			return not_last(&ours, row, err);
		}
	}
	return r;
}

static int check_infile(struct homekit_infile *in, const char *path,
			struct err *err)
{
	struct csv_row row = CSV_ROW_INIT;
	struct csv_table *table;
	int r;

	table = csv_table_new_memory(in->text.data, in->text.len, path,
				     CSV_HASH_COMMENTS, err);
	if (!table)
		return ERR_NOMEM;
	r = check_header(table, &row, path, err);
	in->columns = row.count;
	if (!r)
		r = find_namespace(in, table, &row, path, err);
	csv_row_release(&row);
	csv_table_free(table);
	return r;
}

int homekit_infile_load(struct homekit_infile *in, const char *path,
			struct err *err)
{
	struct buf raw = BUF_INIT;
	int r;

	*in = (struct homekit_infile)HOMEKIT_INFILE_INIT;
	r = file_read(path, INFILE_MAX, &raw, err);
	if (!r)
		r = normalise(in, &raw, err);
	buf_wipe(&raw);
	if (!r)
		r = check_infile(in, path, err);
	if (r)
		homekit_infile_release(in);
	return r;
}

void homekit_infile_release(struct homekit_infile *in)
{
	buf_wipe(&in->text);
	*in = (struct homekit_infile)HOMEKIT_INFILE_INIT;
}

/* ---- The CSV ---- */

/* The end of a line: empty cells for the columns behind our four. */
static int end_line(struct buf *out, size_t columns)
{
	int r = 0;

	for (; columns > 4 && !r; columns--)
		r = buf_putc(out, ',');
	return r ? r : buf_putc(out, '\n');
}

static int put_setup(const struct homekit_setup *s, bool declared,
		     size_t columns, struct buf *out)
{
	int r = 0;

	if (!declared)
		r = buf_puts(out, HOMEKIT_NAMESPACE ",namespace,,") ||
		    end_line(out, columns);
	if (!r)
		r = buf_printf(out, "setup_id,data,binary,%s", s->id) ||
		    end_line(out, columns) ||
		    buf_puts(out, "setup_salt,data,hex2bin,") ||
		    text_to_hex(s->salt, sizeof(s->salt), out) ||
		    end_line(out, columns) ||
		    buf_puts(out, "setup_verifier,data,hex2bin,") ||
		    text_to_hex(s->verifier, sizeof(s->verifier), out) ||
		    end_line(out, columns);
	if (!r)
		out->len--; /* the last line has no end */
	return r ? ERR_NOMEM : 0;
}

int homekit_csv(const struct homekit_setup *s, const struct homekit_infile *in,
		struct buf *out, struct err *err)
{
	size_t columns = in ? in->columns : 4;
	/* The room at once: growing would leave copies behind. */
	size_t room = 256 + 2 * (SRP_SALT_SIZE + SRP_VERIFIER_SIZE) +
		      4 * columns + (in ? in->text.len : 0);
	int r;

	r = buf_reserve(out, room);
	if (!r)
		r = in ? buf_append(out, in->text.data, in->text.len) :
			 buf_puts(out, "key,type,encoding,value\n");
	if (!r)
		r = put_setup(s, in && in->declares, columns, out);
	return r ? err_nomem(err) : 0;
}
