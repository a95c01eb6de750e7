/* SPDX-License-Identifier: Apache-2.0 */
#include "csv_item.h"

#include <inttypes.h>
#include <string.h>

#include "nvs_names.h"
#include "text.h"

/* What an encoding is called and how its value becomes an item. */
struct encoding {
	const char *word;
	enum nvs_type type;
	bool may_be_file;
};

static const struct encoding encodings[] = {
	[CSV_U8] = { "u8", NVS_U8, false },
	[CSV_I8] = { "i8", NVS_I8, false },
	[CSV_U16] = { "u16", NVS_U16, false },
	[CSV_I16] = { "i16", NVS_I16, false },
	[CSV_U32] = { "u32", NVS_U32, false },
	[CSV_I32] = { "i32", NVS_I32, false },
	[CSV_U64] = { "u64", NVS_U64, false },
	[CSV_I64] = { "i64", NVS_I64, false },
	[CSV_STRING] = { "string", NVS_STRING, true },
	[CSV_BINARY] = { "binary", NVS_BLOB, true },
	[CSV_HEX2BIN] = { "hex2bin", NVS_BLOB, true },
	[CSV_BASE64] = { "base64", NVS_BLOB, true },
	[CSV_BLOB_FILL] = { "blob_fill", NVS_BLOB, false },
	[CSV_BLOB_SZ_FILL] = { "blob_sz_fill", NVS_BLOB, false },
};

#define KNOWN "u8, i8, u16, i16, u32, i32, u64, i64, string, binary, " \
	      "hex2bin, base64"

/* Files kept in memory over the devices of a batch. */
#define KEEP_FILES (8u << 20)

/* The "(LEN;0xNN)" of a fill encoding. An empty LEN counts as 0. */
static bool parse_fill(struct csv_spec *spec, const char *s, size_t len)
{
	const char *semicolon = memchr(s, ';', len);
	char number[16] = "0";
	uint64_t value;
	size_t n;

	if (!semicolon || len < 2 || s[0] != '(' || s[len - 1] != ')')
		return false;
	n = (size_t)(semicolon - s) - 1;
	if (n >= sizeof(number))
		return false;
	if (n) {
		memcpy(number, s + 1, n);
		number[n] = '\0';
	}
	if (text_unsigned(number, &value))
		return false;
	spec->fill_len = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
	n = len - n - 3; /* between the semicolon and the bracket */
	if (n < 3 || n > 4 || semicolon[1] != '0' ||
	    (semicolon[2] != 'x' && semicolon[2] != 'X'))
		return false;
	memcpy(number, semicolon + 1, n);
	number[n] = '\0';
	if (text_unsigned(number, &value))
		return false;
	spec->fill_byte = (uint8_t)value;
	return true;
}

/* Whether a cell that is no known word is this one but for blanks around it. */
static bool has_blanks_around(const struct csv_cell *cell, const char *word)
{
	const char *s = cell->text;
	size_t len = cell->len;

	text_trim(&s, &len);
	return text_same_word(s, len, word);
}

#define BLANKS_COUNT " (blanks are part of a cell: remove them)"

/* word: how much of the cell stands before a bracket. */
static int unknown_encoding(const struct csv_spec *spec,
			    const struct csv_cell *cell, size_t word,
			    struct err *err)
{
	char shown[TEXT_SHOWN];

	text_show(shown, sizeof(shown), cell->text, cell->len);
	for (unsigned i = CSV_BLOB_FILL; i <= CSV_BLOB_SZ_FILL; i++)
		if (text_same_word(cell->text, word, encodings[i].word))
			return err_set(err, ERR_INPUT, "%s: the encoding '%s' is "
				       "known to nvs_partition_gen only",
				       spec->label, shown);
	err_set(err, ERR_INPUT, "%s: unknown encoding '%s', not one of %s",
		spec->label, shown, KNOWN);
	for (unsigned i = 0; i < CSV_BLOB_FILL; i++)
		if (has_blanks_around(cell, encodings[i].word))
			err_more(err, BLANKS_COUNT);
	return ERR_INPUT;
}

static int unknown_type(const struct csv_spec *spec,
			const struct csv_cell *type, struct err *err)
{
	static const char *const words[] = { "data", "file", "namespace" };
	char shown[TEXT_SHOWN];

	if (!type->len)
		return err_set(err, ERR_INPUT, "%s: the type is missing, one of "
			       "data, file, namespace", spec->label);
	err_set(err, ERR_INPUT, "%s: unknown type '%s', not one of data, file, "
		"namespace", spec->label,
		text_show(shown, sizeof(shown), type->text, type->len));
	for (unsigned i = 0; i < 3; i++)
		if (has_blanks_around(type, words[i]))
			err_more(err, BLANKS_COUNT);
	return ERR_INPUT;
}

static int parse_encoding(struct csv_spec *spec, const struct csv_cell *cell,
			  enum csv_dialect dialect, struct err *err)
{
	const char *bracket = memchr(cell->text, '(', cell->len);
	size_t word = bracket ? (size_t)(bracket - cell->text) : cell->len;
	char shown[TEXT_SHOWN];
	unsigned i = 0, count = dialect == CSV_PLAIN ? CSV_BLOB_FILL :
						       CSV_BLOB_SZ_FILL + 1;

	text_show(shown, sizeof(shown), cell->text, cell->len);
	while (i < count && !text_same_word(cell->text, word,
					    encodings[i].word))
		i++;
	if (!cell->len)
		return err_set(err, ERR_INPUT, "%s: the encoding is missing, one "
			       "of %s", spec->label, KNOWN);
	if (i == count || (bracket && i < CSV_BLOB_FILL))
		return unknown_encoding(spec, cell, word, err);
	spec->encoding = (enum csv_encoding)i;
	if (i >= CSV_BLOB_FILL && !parse_fill(spec, cell->text + word,
					      cell->len - word))
		return err_set(err, ERR_INPUT, "%s: the encoding '%s' is "
			       "malformed, it has to be %s(LENGTH;0xNN)",
			       spec->label, shown, encodings[i].word);
	if (spec->fill_len > NVS_BLOB_MAX)
		return err_set(err, ERR_RANGE, "%s: the length in '%s' is more "
			       "than a blob can have, at most %u bytes",
			       spec->label, shown, NVS_BLOB_MAX);
	if (spec->from_file && !encodings[i].may_be_file)
		return err_set(err, ERR_INPUT, "%s: the encoding '%s' does not "
			       "go with type file, only string, binary, hex2bin "
			       "and base64 do", spec->label, shown);
	return 0;
}

/* Take over the name, and make the label from it. */
static int set_names(struct csv_spec *spec, const struct csv_cell *key,
		     const char *current, struct err *err)
{
	struct buf label = BUF_INIT;
	char ns[TEXT_SHOWN] = "", name[TEXT_SHOWN];

	/* The label is for terminals, which control characters could fool. */
	if (current)
		text_show(ns, sizeof(ns), current, strlen(current));
	text_show(name, sizeof(name), key->text, key->len);
	spec->name = mem_strndup(key->text, key->len);
	if (!spec->name ||
	    buf_printf(&label, "%s%s%s", ns, current ? ":" : "", name) ||
	    !buf_str(&label)) {
		buf_release(&label);
		return err_nomem(err);
	}
	spec->label = (char *)label.data;
	return 0;
}

static int parse_key(struct csv_spec *spec, const char *file,
		     const struct csv_cell *type,
		     const struct csv_cell *encoding, const char *current,
		     enum csv_dialect dialect, struct err *err)
{
	struct pos at = csv_cell_pos(file, type);

	spec->from_file = text_same_word(type->text, type->len, "file");
	if (!spec->from_file && !text_same_word(type->text, type->len, "data")) {
		unknown_type(spec, type, err);
		return err_place(err, &at);
	}
	if (nvs_name_check(spec->name, "key", err))
		return err_place(err, &spec->pos);
	if (!current)
		return err_at(err, &spec->pos, ERR_INPUT, "key '%s' stands before "
			      "any namespace: the first line has to be a "
			      "namespace", spec->name);
	at = csv_cell_pos(file, encoding);
	if (parse_encoding(spec, encoding, dialect, err))
		return err_place(err, &at);
	return 0;
}

int csv_spec_parse(struct csv_spec *spec, const char *file,
		   const struct csv_cell *key, const struct csv_cell *type,
		   const struct csv_cell *encoding, const char *current,
		   enum csv_dialect dialect, struct err *err)
{
	int r;

	*spec = (struct csv_spec){ .pos = csv_cell_pos(file, key) };
	spec->is_namespace = text_same_word(type->text, type->len,
					    "namespace");
	r = set_names(spec, key, spec->is_namespace ? NULL : current, err);
	if (!r && spec->is_namespace &&
	    (r = nvs_name_check(spec->name, "namespace", err)) != 0)
		err_place(err, &spec->pos);
	if (!r && !spec->is_namespace)
		r = parse_key(spec, file, type, encoding, current, dialect,
			      err);
	if (r)
		csv_spec_release(spec);
	return r;
}

void csv_spec_release(struct csv_spec *spec)
{
	mem_free(spec->name);
	mem_free(spec->label);
	spec->name = spec->label = NULL;
}

int csv_spec_put(const struct csv_spec *spec, struct buf *out)
{
	size_t len = strlen(spec->name);

	if (spec->name[0] == '#' ?
	    csv_put_quoted(out, true, spec->name, len) :
	    csv_put_field(out, true, spec->name, len))
		return ERR_NOMEM;
	if (spec->is_namespace)
		return buf_puts(out, ",namespace,,");
	if (spec->encoding >= CSV_BLOB_FILL)
		return buf_printf(out, ",data,%s(%" PRIu32 ";0x%02x),",
				  encodings[spec->encoding].word,
				  spec->fill_len, (unsigned)spec->fill_byte);
	return buf_printf(out, ",%s,%s,", spec->from_file ? "file" : "data",
			  encodings[spec->encoding].word);
}

void csv_decoder_init(struct csv_decoder *d, struct csv_files *files)
{
	*d = (struct csv_decoder){ .files = files, .bytes = BUF_INIT,
				   .wifi = NVS_WIFI_INIT };
}

static void drop_file(struct csv_decoder *d)
{
	if (d->held)
		csv_files_drop(d->files, d->held);
	d->held = NULL;
}

void csv_decoder_release(struct csv_decoder *d)
{
	drop_file(d);
	buf_wipe(&d->bytes);
	nvs_wifi_release(&d->wifi);
}

void csv_decoder_expect(struct csv_decoder *d, const char *ns,
			const struct csv_spec *spec)
{
	if (!spec->is_namespace && ns && !strcmp(ns, NVS_WIFI_NAMESPACE))
		nvs_wifi_names(&d->wifi, spec->name);
}

void csv_decoder_start(struct csv_decoder *d)
{
	d->ns_refused = false;
	d->full = (struct pos){ 0 };
	nvs_wifi_start(&d->wifi);
}

/* Largest magnitude of a type's positive or negative numbers. */
static uint64_t limit(enum nvs_type type, bool negative)
{
	unsigned bits = 8 * NVS_INT_WIDTH(type);

	if (type & NVS_INT_SIGNED)
		return (UINT64_C(1) << (bits - 1)) - !negative;
	return negative ? 0 : UINT64_MAX >> (64 - bits);
}

/* What is wrong with a number: the cell's text, a verdict, and the range. */
static int number_error(const struct csv_spec *spec,
			const struct csv_cell *cell, const char *verdict,
			struct err *err)
{
	const struct encoding *e = &encodings[spec->encoding];
	uint64_t low = limit(e->type, true);
	char shown[TEXT_SHOWN + 8] = "the cell";

	if (cell->len) {
		text_show(shown + 1, TEXT_SHOWN, cell->text, cell->len);
		*shown = '\'';
		strcat(shown, "'");
	}
	return err_set(err, ERR_RANGE, "%s: %s %s %s (%s%" PRIu64 " to %" PRIu64
		       ")", spec->label, shown, verdict, e->word,
		       low ? "-" : "", low, limit(e->type, false));
}

static int no_number(const struct csv_spec *spec, const struct csv_cell *cell,
		     struct err *err)
{
	const char *advice = text_int_advice(cell->text, cell->len);

	number_error(spec, cell, "is no number of type", err);
	if (advice)
		err_more(err, ": %s", advice);
	return ERR_RANGE;
}

static int decode_number(const struct csv_spec *spec,
			 const struct csv_cell *cell, struct nvs_item *item,
			 struct err *err)
{
	struct text_int n;

	switch (text_int(cell->text, cell->len, &n)) {
	case TEXT_EMPTY:
		return number_error(spec, cell, "is empty where a number has to "
				    "be, of type", err);
	case TEXT_NOT:
		return no_number(spec, cell, err);
	case TEXT_OVERFLOW:
		return number_error(spec, cell, "does not fit", err);
	case TEXT_OK:
		break;
	}
	if (n.magnitude > limit(item->type, n.negative))
		return number_error(spec, cell, "does not fit", err);
	item->number = n.negative ? -n.magnitude : n.magnitude;
	return 0;
}

/* Certificates come as text around the base64. */
static int refuse_pem(const char *s, size_t len, struct err *err)
{
	static const char pem[] = "-----BEGIN ";

	if (len < sizeof(pem) || memcmp(s, pem, sizeof(pem) - 1) != 0)
		return 0;
	return err_set(err, ERR_INPUT, "it is PEM, not base64 alone: take the "
		       "encoding string or binary, or remove the lines "
		       "-----BEGIN and -----END");
}

/* Hex or base64 text to the bytes it stands for, appended to out. */
static int text_to_bytes(enum csv_encoding encoding, const char *s, size_t len,
			 struct buf *out, struct err *err)
{
	if (encoding == CSV_HEX2BIN)
		return text_hex(s, len, out, err);
	return refuse_pem(s, len, err) ? ERR_INPUT :
					 text_base64(s, len, out, err);
}

static int base64_size(const char *s, size_t len, size_t *size,
		       struct err *err)
{
	*size = 0;
	return refuse_pem(s, len, err) ? ERR_INPUT :
					 text_base64_size(s, len, size, err);
}

/*
 * Digits may stand in several lines, as tools that print digests wrap them:
 * take them one by one, so that what is wrong has its place in its line.
 */
static int lines_to_hex(const struct buf *text, struct buf *out,
			struct err *err)
{
	/* An empty file is nowhere, from which nothing may be counted. */
	const char *s = text->len ? (const char *)text->data : "";
	const char *end = s + text->len;
	struct buf all = BUF_INIT;
	unsigned line = 1;
	int r = 0;

	for (; s < end && !r; line++) {
		const char *stop = s;
		size_t len;

		while (stop < end && *stop != '\n' && *stop != '\r')
			stop++;
		len = (size_t)(stop - s);
		r = text_hex_check(s, len, err);
		if (r)
			err_context(err, "line %u", line);
		else if (buf_append(&all, s, len))
			r = err_nomem(err);
		s = stop == end ? end : stop + 1 +
		    (end - stop > 1 && !memcmp(stop, "\r\n", 2));
	}
	if (!r)
		r = text_hex((const char *)all.data, all.len, out, err);
	buf_wipe(&all);
	return r;
}

/* The contents of a file for an encoding, as csv_files keeps them. */
static int convert_file(int how, struct buf *raw, struct buf *out,
			struct err *err)
{
	struct buf empty = *out;
	size_t at;

	if (how == CSV_HEX2BIN)
		return lines_to_hex(raw, out, err);
	if (how == CSV_BASE64)
		return text_to_bytes(CSV_BASE64, (const char *)raw->data,
				     raw->len, out, err);
	if (how == CSV_STRING) {
		if (!text_is_utf8(raw->data, raw->len, &at))
			return err_set(err, ERR_INPUT, "byte %zu (0x%02x) is not "
				       "UTF-8, a string has to be", at + 1,
				       (unsigned)raw->data[at]);
		if (raw->len && memchr(raw->data, 0, raw->len))
			return err_set(err, ERR_INPUT, "it holds a NUL byte, "
				       "where a string would end: use binary");
	}
	*out = *raw;
	*raw = empty;
	return 0;
}

struct csv_files *csv_decoder_files(struct err *err)
{
	return csv_files_new(KEEP_FILES, convert_file, err);
}

static int decode_file(struct csv_decoder *d, const struct csv_spec *spec,
		       const struct csv_cell *cell, struct nvs_item *item,
		       struct err *err)
{
	if (!cell->len)
		return err_set(err, ERR_INPUT, "%s: the name of the file is "
			       "empty", spec->label);
	d->held = csv_files_hold(d->files, cell->text, (int)spec->encoding,
				 err);
	if (!d->held)
		return err_context(err, "%s", spec->label);
	item->data = d->held->data;
	item->len = d->held->len;
	return 0;
}

/* Name the key, and the value unless it may be a secret. */
static int text_error(const struct csv_spec *spec, const struct csv_cell *cell,
		      struct err *err)
{
	char shown[TEXT_SHOWN];

	/* A long one may be a key, which no message should hold. */
	if (cell->len > 24 || err->code == ERR_NOMEM)
		return err_context(err, "%s", spec->label);
	return err_context(err, "%s: '%s'", spec->label,
			   text_show(shown, sizeof(shown), cell->text,
				     cell->len));
}

static int decode_text(struct csv_decoder *d, const struct csv_spec *spec,
		       const struct csv_cell *cell, bool length_only,
		       struct nvs_item *item, struct err *err)
{
	int r;

	/* The text itself, or something of the right length at least. */
	item->data = (const uint8_t *)cell->text;
	item->len = cell->len;
	if (spec->encoding == CSV_STRING || spec->encoding == CSV_BINARY)
		return 0;
	if (length_only && spec->encoding == CSV_BASE64) {
		r = base64_size(cell->text, cell->len, &item->len, err);
		return r ? text_error(spec, cell, err) : 0;
	}
	d->bytes.len = 0;
	r = text_to_bytes(spec->encoding, cell->text, cell->len, &d->bytes,
			  err);
	if (r)
		return text_error(spec, cell, err);
	item->data = d->bytes.data;
	item->len = d->bytes.len;
	return 0;
}

static int decode_fill(struct csv_decoder *d, const struct csv_spec *spec,
		       const struct csv_cell *cell, struct nvs_item *item,
		       struct err *err)
{
	bool sized = spec->encoding == CSV_BLOB_SZ_FILL;
	char shown[TEXT_SHOWN];
	uint8_t size[4];

	if (cell->len > spec->fill_len)
		return err_set(err, ERR_RANGE, "%s: '%s' has %zu bytes, %s has "
			       "room for %" PRIu32, spec->label,
			       text_show(shown, sizeof(shown), cell->text,
					 cell->len), cell->len,
			       encodings[spec->encoding].word,
			       spec->fill_len);
	le_put32(size, (uint32_t)cell->len);
	d->bytes.len = 0;
	if (buf_reserve(&d->bytes, sizeof(size) + spec->fill_len) ||
	    buf_append(&d->bytes, size, sized ? sizeof(size) : 0) ||
	    buf_append(&d->bytes, cell->text, cell->len))
		return err_nomem(err);
	memset(d->bytes.data + d->bytes.len, spec->fill_byte,
	       spec->fill_len - cell->len);
	item->data = d->bytes.data;
	item->len = d->bytes.len + spec->fill_len - cell->len;
	return 0;
}

int csv_decoder_add(struct csv_decoder *d, const struct nvs_item_sink *sink,
		    const struct csv_spec *spec, const char *file,
		    const struct csv_cell *value, struct err *err)
{
	struct nvs_item item = {
		.key = spec->name,
		.type = encodings[spec->encoding].type,
	};
	struct pos pos;
	bool padded = spec->encoding >= CSV_BLOB_FILL;
	int r;

	if (spec->is_namespace) {
		nvs_wifi_namespace(&d->wifi, spec->name);
		r = sink->open_namespace(sink->ctx, spec->name, err);
		d->ns_refused = r != 0;
		return r ? err_place(err, &spec->pos) : 0;
	}
	pos = csv_cell_pos(file, value);
	drop_file(d);
	if (spec->encoding < CSV_STRING)
		r = decode_number(spec, value, &item, err);
	else if (spec->from_file)
		r = decode_file(d, spec, value, &item, err);
	else if (padded)
		r = decode_fill(d, spec, value, &item, err);
	else
		r = decode_text(d, spec, value, sink->lengths_only, &item,
				err);
	if (r)
		return err_place(err, &pos);
	/* Its namespace is not there, which has been said. */
	if (d->ns_refused)
		return 0;
	r = nvs_wifi_add(&d->wifi, sink, &item,
			 padded ? (const uint8_t *)value->text : item.data,
			 padded ? value->len : item.len, err);
	if (r == ERR_DUPLICATE)
		return err_place(err, &spec->pos);
	if (r == ERR_RANGE && spec->from_file)
		err_context(err, "%s: '%s'", spec->label, value->text);
	else if (r == ERR_RANGE)
		err_context(err, "%s", spec->label);
	return r ? err_place(err, &pos) : 0;
}
