/* SPDX-License-Identifier: Apache-2.0 */
/* parttable_text.c - the CSV form of a partition table. */
#include "parttable_private.h"

#include <inttypes.h>
#include <string.h>

enum { NAME, TYPE, SUBTYPE, OFFSET, SIZE, FLAGS, FIELDS };

static const char *const field_name[FIELDS] = {
	"Name", "Type", "SubType", "Offset", "Size", "Flags"
};

struct field {
	const char *s;
	size_t len;
	unsigned col; /* 0 where a variable was replaced: not the file's */
};

/* What a row says of its place, until that is worked out. */
struct place {
	bool given;        /* there is an offset */
	int64_t size;      /* negative: where the partition ends */
};

struct text_reader {
	struct parttable_reader *r;
	struct place *places; /* beside the table's rows */
	size_t cap;           /* of places */
	unsigned line;
	struct field field[FIELDS];
};

/* ---- Variables ---- */

static bool is_word(char c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

/*
 * The reference at s, "$NAME" or "${NAME}": its whole length, and where its
 * name stands in it. 0 when there is none.
 */
static size_t reference(const char *s, size_t len, size_t *name, size_t *n)
{
	const char *close;

	if (len < 2 || *s != '$')
		return 0;
	if (s[1] == '{') {
		close = memchr(s, '}', len);
		if (!close)
			return 0;
		*name = 2;
		*n = (size_t)(close - s) - 2;
		return *n + 3;
	}
	*name = 1;
	*n = 0;
	while (1 + *n < len && is_word(s[1 + *n]))
		++*n;
	return *n ? *n + 1 : 0;
}

/* Replace what is set; what is not stays as it is. */
static int expand(struct parttable_reader *r, const char *s, size_t len,
		  struct buf *out, bool *changed)
{
	size_t i = 0, name = 0, n = 0;

	while (i < len) {
		size_t all = reference(s + i, len - i, &name, &n);
		const char *value = NULL;

		if (all) {
			char *var = mem_strndup(s + i + name, n);

			if (!var)
				return err_nomem(r->err);
			value = r->options->env(var);
			mem_free(var);
		} else {
			all = 1;
		}
		if (value ? buf_puts(out, value) :
			    buf_append(out, s + i, all))
			return err_nomem(r->err);
		*changed |= value != NULL;
		i += all;
	}
	return 0;
}

/* An unset variable in front most likely stands for a whole row. */
static int check_unset(struct text_reader *t, const char *s, size_t len)
{
	struct pos pos = { t->r->table->file, t->line, 1 };
	char shown[TEXT_SHOWN];
	size_t name = 0, n = 0;

	if (!reference(s, len, &name, &n) || name != 1 ||
	    (s[1] >= '0' && s[1] <= '9'))
		return 0;
	return err_at(t->r->err, &pos, ERR_INPUT, "the environment variable "
		      "'%s' is not set",
		      text_show(shown, sizeof(shown), s + name, n));
}

/* ---- Fields ---- */

static unsigned characters(const char *s, const char *end)
{
	return (unsigned)text_chars(s, (size_t)(end - s));
}

/* A field that cannot be; what says why and what could. */
static int bad_field(struct text_reader *t, int which, enum err_code code,
		     const char *what)
{
	const struct field *f = &t->field[which], *name = &t->field[NAME];
	struct pos pos = { t->r->table->file, t->line, f->col };
	char shown[TEXT_SHOWN], row[TEXT_SHOWN];

	text_show(row, sizeof(row), name->s, name->len);
	if (!f->len)
		return err_at(t->r->err, &pos, code, "partition '%s': %s is "
			      "empty; %s", row, field_name[which], what);
	return err_at(t->r->err, &pos, code, "partition '%s': %s '%s' %s", row,
		      field_name[which],
		      text_show(shown, sizeof(shown), f->s, f->len), what);
}

/* A number from min to max; range says so in words. */
static int number_field(struct text_reader *t, int which, int64_t min,
			int64_t max, const char *range, int64_t *out)
{
	const struct field *f = &t->field[which];
	enum text_status st = parttable_number(f->s, f->len, out);

	if (st == TEXT_NOT)
		return bad_field(t, which, ERR_INPUT, "is no number; write it "
				 "like 0x6000, 24K or 1M");
	if (st == TEXT_OVERFLOW || *out < min || *out > max)
		return bad_field(t, which, ERR_RANGE, range);
	return 0;
}

static int byte_field(struct text_reader *t, int which, uint8_t *out)
{
	int64_t n = 0;
	int r;

	r = number_field(t, which, 0, UINT8_MAX, "is not within 0 to 255", &n);
	*out = (uint8_t)n;
	return r;
}

/* Whether the field holds a word where one of a list is possible. */
static bool is_no_number(const struct field *f)
{
	int64_t n;

	return parttable_number(f->s, f->len, &n) == TEXT_NOT;
}

/* A word that is none of the known ones. */
static int unknown_word(struct text_reader *t, int which, unsigned type)
{
	struct buf what = BUF_INIT;
	int r;

	r = buf_puts(&what, "is neither a number nor one of: ");
	if (!r)
		r = which == TYPE ? part_type_list(&what) :
				    part_subtype_list(type, &what);
	if (r || !buf_str(&what))
		r = err_nomem(t->r->err);
	else
		r = bad_field(t, which, ERR_INPUT, buf_str(&what));
	buf_release(&what);
	return r;
}

static int parse_type(struct text_reader *t, struct partition *p)
{
	const struct field *f = &t->field[TYPE];

	if (!f->len)
		return bad_field(t, TYPE, ERR_INPUT, "give app, data or a "
				 "number");
	if (part_type_find(f->s, f->len, &p->type))
		return 0;
	if (is_no_number(f)) {
		int r = unknown_word(t, TYPE, 0);

		if (text_same_word(f->s, f->len, "type"))
			err_more(t->r->err, "; a line of headings has to begin "
				 "with '#'");
		return r;
	}
	return byte_field(t, TYPE, &p->type);
}

static int parse_subtype(struct text_reader *t, struct partition *p)
{
	const struct field *f = &t->field[SUBTYPE];

	p->subtype = PART_DATA_UNDEFINED;
	if (!f->len && p->type == PART_APP)
		return bad_field(t, SUBTYPE, ERR_INPUT, "an app needs one, "
				 "such as factory or ota_0");
	if (!f->len || part_subtype_find(p->type, f->s, f->len, &p->subtype))
		return 0;
	if (is_no_number(f) && part_type_name(p->type))
		return unknown_word(t, SUBTYPE, p->type);
	return byte_field(t, SUBTYPE, &p->subtype);
}

/* Boot loader and table rows may leave their place to the build. */
static bool not_applicable(const struct partition *p, const struct field *f)
{
	return (p->type == PART_BOOTLOADER ||
		p->type == PART_PARTITION_TABLE) &&
	       (!f->len || text_same_word(f->s, f->len, "n/a"));
}

static int parse_offset(struct text_reader *t, struct partition *p,
			struct place *place)
{
	const struct field *f = &t->field[OFFSET];
	int64_t n = 0;
	int r;

	p->offset_col = f->col;
	if (!f->len || not_applicable(p, f))
		return 0;
	r = number_field(t, OFFSET, 0, UINT32_MAX, "is not within 32 bits",
			 &n);
	place->given = !r;
	p->offset = (uint32_t)n;
	return r;
}

static int parse_size(struct text_reader *t, struct partition *p,
		      struct place *place)
{
	const struct field *f = &t->field[SIZE];

	p->size_col = f->col;
	if (not_applicable(p, f) && p->type == PART_PARTITION_TABLE) {
		place->size = PARTTABLE_SIZE;
		return 0;
	}
	if (not_applicable(p, f) && p->subtype == PART_PRIMARY)
		return 0; /* its size follows from its place */
	if (!f->len)
		return bad_field(t, SIZE, ERR_INPUT, "write it like 0x6000, "
				 "24K or 1M");
	return number_field(t, SIZE, -(int64_t)UINT32_MAX, UINT32_MAX,
			    "is not within 32 bits", &place->size);
}

static int parse_flags(struct text_reader *t, struct partition *p)
{
	const struct field *f = &t->field[FLAGS];
	const char *s = f->s, *end = f->s + f->len;

	p->flags_col = f->col;
	while (s < end) {
		const char *colon = memchr(s, ':', (size_t)(end - s));
		size_t n = (size_t)((colon ? colon : end) - s);

		if (n == strlen("encrypted") && !memcmp(s, "encrypted", n))
			p->flags |= PART_ENCRYPTED;
		else if (n == strlen("readonly") && !memcmp(s, "readonly", n))
			p->flags |= PART_READONLY;
		else if (n)
			return bad_field(t, FLAGS, ERR_INPUT, "holds a flag "
					 "that is not known; there are "
					 "encrypted and readonly, in lower "
					 "case, joined with ':'");
		s += n + (colon != NULL);
	}
	return 0;
}

/* ---- Rows ---- */

/* Split at every comma; there is no quoting. own: these are the file's. */
static void split(struct text_reader *t, const char *s, size_t len, bool own)
{
	const char *start = s, *end = s + len;

	for (int i = 0; i < FIELDS; i++) {
		struct field *f = &t->field[i];
		const char *comma = memchr(s, ',', (size_t)(end - s));

		f->s = s;
		f->len = (size_t)((comma ? comma : end) - s);
		text_trim(&f->s, &f->len);
		f->col = own ? characters(start, f->s) + 1 : 0;
		s = comma ? comma + 1 : end;
	}
}

static struct place *add_place(struct text_reader *t)
{
	size_t n = t->r->table->count;
	struct place *p = mem_grow(t->places, n + 1, &t->cap, sizeof(*p));

	if (!p)
		return NULL;
	t->places = p;
	p[n] = (struct place){ 0 };
	return &p[n];
}

static int parse_row(struct text_reader *t)
{
	const struct field *name = &t->field[NAME];
	struct place *place = add_place(t);
	struct partition *p;
	int r;

	p = place ? parttable_add(t->r, name->s, name->len) : NULL;
	if (!p)
		return err_nomem(t->r->err);
	p->line = t->line;
	r = parse_type(t, p);
	if (!r)
		r = parse_subtype(t, p);
	if (!r)
		r = parse_offset(t, p, place);
	if (!r)
		r = parse_size(t, p, place);
	if (!r)
		r = parse_flags(t, p);
	return r;
}

static bool is_row(const char *s, size_t len)
{
	text_trim(&s, &len);
	return len && *s != '#';
}

static int check_text(struct text_reader *t, const char *s, size_t len)
{
	const char *nul = len ? memchr(s, '\0', len) : NULL;
	struct pos pos = { t->r->table->file, t->line, 1 };
	size_t at;

	if (nul) {
		pos.col += characters(s, nul);
		return err_at(t->r->err, &pos, ERR_INPUT, "a NUL byte: this is "
			      "no partition table");
	}
	if (!text_is_utf8(s, len, &at)) {
		pos.col += characters(s, s + at);
		return err_at(t->r->err, &pos, ERR_INPUT, "the byte 0x%02x is "
			      "not UTF-8: this is no partition table, or one in "
			      "another encoding", (unsigned)(uint8_t)s[at]);
	}
	return 0;
}

/* A row as a spreadsheet writes it: other separators, or quotes. */
static int check_separator(struct text_reader *t, const char *s, size_t len)
{
	const struct field *type = &t->field[TYPE];
	struct pos pos = { t->r->table->file, t->line, type->col };
	const char *found = memchr(s, ';', len);

	if (type->len && *type->s == '"')
		return err_at(t->r->err, &pos, ERR_INPUT, "a partition table "
			      "knows no quotes: write the fields without");
	if (memchr(s, ',', len))
		return 0;
	found = found ? found : memchr(s, '\t', len);
	if (!found)
		return 0;
	pos.col = characters(s, found) + 1;
	return err_at(t->r->err, &pos, ERR_INPUT, "the row is one field with %s "
		      "in it: put commas between the fields",
		      *found == ';' ? "';'" : "tabs");
}

static int parse_line(struct text_reader *t, const char *s, size_t len)
{
	struct buf line = BUF_INIT;
	bool changed = false;
	int r;

	r = check_text(t, s, len);
	if (!r)
		r = expand(t->r, s, len, &line, &changed);
	if (!r && !buf_str(&line))
		r = err_nomem(t->r->err);
	if (!r)
		r = check_unset(t, (char *)line.data, line.len);
	if (!r && is_row((char *)line.data, line.len)) {
		split(t, (char *)line.data, line.len, !changed);
		r = check_separator(t, (char *)line.data, line.len);
		if (!r)
			r = parse_row(t);
	}
	buf_release(&line);
	return r;
}

/* ---- Places ---- */

static int misplaced(struct text_reader *t, size_t i, uint64_t end)
{
	const struct partition *rows = t->r->table->rows, *p = &rows[i];
	struct pos pos = { t->r->table->file, p->line,
			   p->offset_col };

	while (i && part_is_fixed(&rows[i - 1]))
		i--;
	if (!i)
		return err_at(t->r->err, &pos, ERR_RANGE, "partition '%s': its "
			      "offset 0x%x lies before the end of the "
			      "partition table, which takes 0x%x to 0x%" PRIx64
			      "; use 0x%" PRIx64 " or more", p->name,
			      p->offset, t->r->options->table_offset, end,
			      end);
	return err_at(t->r->err, &pos, ERR_RANGE, "partition '%s': its offset "
		      "0x%x lies before 0x%" PRIx64 ", where '%s' ends; "
		      "partitions stand in the order of their offsets and do "
		      "not overlap", p->name, p->offset, end,
		      rows[i - 1].name);
}

static void place_fixed(struct text_reader *t, size_t i)
{
	struct partition *p = &t->r->table->rows[i];
	uint32_t own = t->r->options->table_offset;

	if (p->type == PART_PARTITION_TABLE) {
		p->offset = own;
		p->size = PARTTABLE_SIZE;
	} else if (t->places[i].given && p->offset < own) {
		p->size = own - p->offset;
	}
}

/* Where row i lies, given where the one before it ends. */
static int place_row(struct text_reader *t, size_t i, uint64_t *end)
{
	struct partition *p = &t->r->table->rows[i];
	const struct place *place = &t->places[i];
	struct pos pos = { t->r->table->file, p->line, p->size_col };
	uint64_t align = part_alignment(p->type), offset = p->offset;
	int64_t size = place->size;

	if (!place->given)
		offset = (*end + align - 1) / align * align;
	else if (offset < *end)
		return misplaced(t, i, *end);
	if (size < 0)
		size = -size - (int64_t)offset;
	if (size < 0)
		return err_at(t->r->err, &pos, ERR_RANGE, "partition '%s' is "
			      "to end at 0x%" PRIx64 ", but begins at 0x%"
			      PRIx64, p->name, (uint64_t)-place->size, offset);
	*end = offset + (uint64_t)size;
	if (offset > UINT32_MAX || *end > (uint64_t)UINT32_MAX + 1)
		return err_at(t->r->err, &pos, ERR_RANGE, "partition '%s' ends "
			      "at 0x%" PRIx64 ", beyond 32 bits", p->name,
			      *end);
	p->offset = (uint32_t)offset;
	p->size = (uint32_t)size;
	return 0;
}

static int place_rows(struct text_reader *t)
{
	uint64_t end = (uint64_t)t->r->options->table_offset + PARTTABLE_SIZE;
	int r = 0;

	for (size_t i = 0; !r && i < t->r->table->count; i++) {
		if (part_is_fixed(&t->r->table->rows[i]))
			place_fixed(t, i);
		else
			r = place_row(t, i, &end);
	}
	return r;
}

/* Length of the line at s, and of its end: LF, CRLF or CR. */
static size_t line_length(const char *s, size_t len, size_t *ending)
{
	size_t n = 0;

	while (n < len && s[n] != '\n' && s[n] != '\r')
		n++;
	*ending = n == len ? 0 :
		  s[n] == '\r' && n + 1 < len && s[n + 1] == '\n' ? 2 : 1;
	return n;
}

int parttable_read_text(struct parttable_reader *r, const void *data,
			size_t len)
{
	struct text_reader t = { .r = r };
	struct buf text = BUF_INIT;
	size_t at = 0, ending = 0;
	int status;

	status = part_decode(r, data, len, &text);
	for (t.line = 1; !status && at < text.len; t.line++) {
		const char *s = (const char *)text.data + at;
		size_t n = line_length(s, text.len - at, &ending);

		status = parse_line(&t, s, n);
		at += n + ending;
	}
	if (!status)
		status = place_rows(&t);
	mem_free(t.places);
	buf_release(&text);
	return status;
}
