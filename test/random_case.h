/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random_case.h - a batch out of a seed: a configuration and a table of
 * values as texts, and for each device the items that its image has to hold.
 * Items and cells are both made from what was drawn; nothing of the product
 * is used but the limits in nvs_format.h.
 */
#ifndef TEST_RANDOM_CASE_H
#define TEST_RANDOM_CASE_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "nvs_format.h"

#define CASE_ROWS 4u
#define CASE_KEYS 300u
#define CASE_FILES 12u

/* ---- Random numbers: splitmix64 ---- */

struct draw {
	uint64_t state;
};

static inline uint64_t draw64(struct draw *d)
{
	uint64_t z = d->state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

/* 0 .. n - 1 */
static inline unsigned draw(struct draw *d, unsigned n)
{
	return (unsigned)(draw64(d) % n);
}

static inline bool one_in(struct draw *d, unsigned n)
{
	return !draw(d, n);
}

/* ---- Texts ---- */

struct text {
	char *p;
	size_t n, cap;
};

static inline void put(struct text *t, const void *p, size_t n)
{
	if (t->n + n + 1 > t->cap) {
		t->cap = 2 * (t->n + n + 1);
		t->p = realloc(t->p, t->cap);
		if (!t->p)
			abort();
	}
	if (n)
		memcpy(t->p + t->n, p, n);
	t->n += n;
	t->p[t->n] = '\0';
}

static inline void puts_in(struct text *t, const char *s)
{
	put(t, s, strlen(s));
}

static inline void text_free(struct text *t)
{
	free(t->p);
	*t = (struct text){ NULL, 0, 0 };
}

/* A cell; quoted where it has to be, and now and then where not. */
static inline void put_cell(struct draw *d, struct text *t, const char *s,
			    size_t n)
{
	bool needs = !n ? one_in(d, 3) : one_in(d, 8) || *s == '#';

	for (size_t i = 0; i < n; i++)
		needs |= strchr(",\"\r\n", s[i]) != NULL;
	/* What is blank, or begins like a mark, could be skipped. */
	needs |= !n || (uint8_t)*s <= ' ' || (uint8_t)*s >= 0x80;
	if (!needs) {
		put(t, s, n);
		return;
	}
	puts_in(t, "\"");
	for (size_t i = 0; i < n; i++)
		if (s[i] == '"')
			puts_in(t, "\"\"");
		else if (s[i] == '\n' && one_in(d, 8)) /* read as one LF */
			puts_in(t, i + 1 < n && s[i + 1] == '\n' ? "\r\n" :
				one_in(d, 2) ? "\r\n" : "\r");
		else
			put(t, s + i, 1);
	puts_in(t, "\"");
}

/* n bytes or a few more of UTF-8; line feeds only where they survive. */
static inline void draw_text(struct draw *d, struct text *t, size_t n)
{
	static const char *const parts[] = {
		",", "\"", "\"\"", "\n", " ", "  ", "#", ";", "\t", "0", "\\",
		"\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x94\x91", "\x7F", "\x01"
	};
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01234567"
		"89_.-/";
	size_t end = t->n + n;
	bool plain = one_in(d, 2);

	while (t->n < end) {
		const char *s = plain || draw(d, 4) ?
				letters + draw(d, sizeof(letters) - 1) :
				parts[draw(d, 16)];
		size_t len = s >= letters && s < letters + sizeof(letters) ?
			     1 : strlen(s);

		if (t->n + len > end)
			s = "x", len = 1;
		put(t, s, len);
	}
}

static inline void draw_bytes(struct draw *d, struct text *t, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		uint64_t v = draw64(d);

		put(t, &v, n - i < 8 ? n - i : 8);
	}
}

/* ---- A case ---- */

enum how {
	HOW_U8, HOW_I8, HOW_U16, HOW_I16, HOW_U32, HOW_I32, HOW_U64, HOW_I64,
	HOW_STRING, HOW_BINARY, HOW_HEX, HOW_BASE64, HOW_FILL, HOW_SZ_FILL,
	HOW_COUNT
};

static const struct {
	const char *word;
	enum nvs_type type;
} hows[HOW_COUNT] = {
	{ "u8", NVS_U8 }, { "i8", NVS_I8 }, { "u16", NVS_U16 },
	{ "i16", NVS_I16 }, { "u32", NVS_U32 }, { "i32", NVS_I32 },
	{ "u64", NVS_U64 }, { "i64", NVS_I64 }, { "string", NVS_STRING },
	{ "binary", NVS_BLOB }, { "hex2bin", NVS_BLOB },
	{ "base64", NVS_BLOB }, { "blob_fill", NVS_BLOB },
	{ "blob_sz_fill", NVS_BLOB },
};

/* What a device has to hold under a key. */
struct want {
	uint64_t number;
	struct text bytes;
};

struct key {
	unsigned ns;          /* of names[] */
	char name[NVS_KEY_SIZE];
	enum how how;
	bool from_file, repeat;
	unsigned fill_len, fill_byte;
	struct want want[CASE_ROWS];
};

struct case_file {
	char name[24];
	struct text bytes;
};

struct random_case {
	struct draw d;
	unsigned version;     /* 1 or 2 */
	bool encrypted;
	uint8_t keys[64];
	size_t size;          /* of the partition */
	bool must_fit;
	char (*names)[NVS_KEY_SIZE]; /* of namespaces, by first appearance */
	unsigned ns_count;
	struct key *key;
	unsigned key_count, rows, file_count, files_planned;
	uint32_t *hashes;     /* taken, see add_hash() */
	size_t hash_count;
	struct case_file file[CASE_FILES];
	char id[CASE_ROWS][24];
	struct text conf, values;
};

/* ---- Names ---- */

/*
 * The firmware looks an entry up by 24 bits of a CRC over namespace, key and
 * chunk; two entries of one image must not have the same, so none are drawn.
 */
static inline uint32_t name_hash(unsigned ns, const char *name, unsigned chunk)
{
	uint8_t b[18] = { (uint8_t)ns };

	memcpy(b + 1, name, strlen(name));
	b[17] = (uint8_t)chunk;
	return (uint32_t)crc32(0xFFFFFFFF, b, sizeof(b)) & 0xFFFFFF;
}

static inline bool has_hash(const struct random_case *c, uint32_t hash)
{
	for (size_t i = 0; i < c->hash_count; i++)
		if (c->hashes[i] == hash)
			return true;
	return false;
}

/* Take the hashes of an entry and its chunks; false when one is taken. */
static inline bool take_name(struct random_case *c, unsigned ns,
			     const char *name, unsigned chunks)
{
	size_t before = c->hash_count;

	for (unsigned n = 0; n <= chunks; n++) {
		uint32_t hash = name_hash(ns, name, n ? n - 1 : 0xFF);

		if (has_hash(c, hash)) {
			c->hash_count = before;
			return false;
		}
		c->hashes[c->hash_count++] = hash;
	}
	return true;
}

static inline void draw_name(struct random_case *c, char name[NVS_KEY_SIZE],
			     unsigned ns, unsigned chunks)
{
	do {
		struct text t = { NULL, 0, 0 };

		unsigned most = one_in(&c->d, 4) ? 15 : 8;

		draw_text(&c->d, &t, 1 + draw(&c->d, most));
		/* A column "key" would pass for a header. */
		snprintf(name, NVS_KEY_SIZE, "%s", t.p);
		text_free(&t);
	} while (!strcmp(name, "key") || !take_name(c, ns, name, chunks));
}

/* ---- Values ---- */

/* A number of the type, often one at its limits. */
static inline uint64_t draw_number(struct draw *d, enum how how)
{
	unsigned bits = 8u << how / 2;
	bool is_signed = how % 2;
	uint64_t v = draw64(d), top = UINT64_C(1) << (bits - 1);

	switch (draw(d, 6)) {
	case 0:
		v = 0;
		break;
	case 1:
		v = is_signed ? top : 0; /* the least */
		break;
	case 2:
		v = is_signed ? top - 1 : UINT64_MAX; /* the largest */
		break;
	case 3:
		v = draw(d, 100);
		break;
	default:
		v >>= draw(d, 64);
	}
	if (bits < 64)
		v &= (UINT64_C(1) << bits) - 1;
	if (is_signed && bits < 64 && v & top)
		v |= UINT64_MAX << bits;
	return v;
}

static inline void put_number(struct draw *d, struct text *cell, uint64_t v,
			      bool is_signed)
{
	bool negative = is_signed && (int64_t)v < 0;
	uint64_t size = negative ? -v : v;
	char s[64];

	snprintf(s, sizeof(s), one_in(d, 3) ? "%s%s0x%" PRIx64 :
		 one_in(d, 4) ? "%s%s00%" PRIu64 : "%s%s%" PRIu64,
		 one_in(d, 9) ? " " : "", negative ? "-" :
		 one_in(d, 6) ? "+" : "", size);
	puts_in(cell, s);
	puts_in(cell, one_in(d, 9) ? " \t" : "");
}

static inline void put_hex(struct draw *d, struct text *cell,
			   const struct text *bytes)
{
	const char *digits = one_in(d, 2) ? "0123456789abcdef" :
					    "0123456789ABCDEF";

	puts_in(cell, one_in(d, 5) ? " " : "");
	for (size_t i = 0; i < bytes->n; i++) {
		uint8_t b = (uint8_t)bytes->p[i];

		put(cell, digits + (b >> 4), 1);
		put(cell, digits + (b & 15), 1);
	}
	puts_in(cell, one_in(d, 5) ? " " : "");
}

static inline void put_base64(struct draw *d, struct text *cell,
			      const struct text *bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijk"
				     "lmnopqrstuvwxyz0123456789+/";
	bool wrapped = one_in(d, 4);

	for (size_t i = 0; i < bytes->n; i += 3) {
		size_t have = bytes->n - i < 3 ? bytes->n - i : 3;
		uint8_t b[3] = { 0, 0, 0 };
		uint32_t v;
		char out[4];

		memcpy(b, bytes->p + i, have);
		v = (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2];
		for (int k = 0; k < 4; k++)
			out[k] = digits[v >> (18 - 6 * k) & 63];
		if (have < 3)
			out[3] = '=';
		if (have < 2)
			out[2] = '=';
		put(cell, out, 4);
		if (wrapped && i % 48 == 45)
			puts_in(cell, "\n");
	}
}

static inline size_t draw_len(struct random_case *c, enum how how)
{
	static const unsigned edges[] = {
		0, 1, 31, 32, 33, 63, 64, 65, 1983, 1984, 3967, 3968, 3969,
		3998, 3999, 4000, 4001, 7936, 7999, 8000
	};
	size_t most = how == HOW_STRING ? (c->version == 1 ? 1983 : 3999) :
		      c->version == 1 ? 1984 : 508000;
	size_t n = draw(&c->d, 60);

	if (one_in(&c->d, 4))
		n = edges[draw(&c->d, 20)];
	else if (one_in(&c->d, 8))
		n = draw(&c->d, 5000);
	else if (one_in(&c->d, 60))
		n = draw(&c->d, 40000);
	else if (one_in(&c->d, 1000))
		n = 508000 - draw(&c->d, 2);
	return n < most ? n : most;
}

/* ---- Keys, cells, files ---- */

static inline void draw_key(struct random_case *c, unsigned ns)
{
	struct key *k = &c->key[c->key_count++];
	size_t most = 0, len[CASE_ROWS];

	*k = (struct key){ .ns = ns };
	k->how = (enum how)draw(&c->d, HOW_COUNT);
	k->repeat = one_in(&c->d, 6);
	k->from_file = k->how >= HOW_STRING && k->how < HOW_FILL &&
		       one_in(&c->d, 6) &&
		       c->files_planned + c->rows <= CASE_FILES;
	c->files_planned += k->from_file ? c->rows : 0;
	k->fill_byte = draw(&c->d, 256);
	for (unsigned r = 0; r < c->rows; r++) {
		len[r] = k->how < HOW_STRING ? 0 : draw_len(c, k->how);
		if (k->how >= HOW_FILL && len[r] > 4000)
			len[r] = 4000;
		if (k->how >= HOW_FILL && c->version == 1 && len[r] > 1900)
			len[r] = 1900;
		most = len[r] > most ? len[r] : most;
	}
	k->fill_len = (unsigned)most + draw(&c->d, 40);
	draw_name(c, k->name, ns + 1, k->how < HOW_STRING || k->how ==
		  HOW_STRING || c->version == 1 ? 0 :
		  (unsigned)((most + 48) / 3900 + 3) < 128 ?
		  (unsigned)((most + 48) / 3900 + 3) : 128);
	for (unsigned r = 0; r < c->rows; r++) {
		struct want *w = &k->want[r];

		if (k->how < HOW_STRING)
			w->number = draw_number(&c->d, k->how);
		else if (k->how == HOW_HEX || k->how == HOW_BASE64 ||
			 (k->how == HOW_BINARY && k->from_file))
			draw_bytes(&c->d, &w->bytes, len[r]);
		else
			draw_text(&c->d, &w->bytes, len[r]);
	}
}

/* The text that stands for a value, in a cell or a file. */
static inline void put_value(struct random_case *c, const struct key *k,
			     unsigned row, struct text *cell)
{
	const struct want *w = &k->want[row];

	if (k->how < HOW_STRING)
		put_number(&c->d, cell, w->number, k->how % 2);
	else if (k->how == HOW_HEX)
		put_hex(&c->d, cell, &w->bytes);
	else if (k->how == HOW_BASE64)
		put_base64(&c->d, cell, &w->bytes);
	else
		put(cell, w->bytes.p, w->bytes.n);
}

/* The cell of a key in a row of the table. */
static inline void put_key_cell(struct random_case *c, const struct key *k,
				unsigned row, struct text *out)
{
	struct text cell = { NULL, 0, 0 };

	/* Only the first row of a repeated one counts. */
	if (k->repeat && row)
		puts_in(&cell, one_in(&c->d, 2) ? "" : "other");
	else
		put_value(c, k, row, &cell);
	if (k->from_file && !(k->repeat && row)) {
		struct case_file *f = &c->file[c->file_count++];

		snprintf(f->name, sizeof(f->name), "file %u,%s", c->file_count,
			 one_in(&c->d, 2) ? "\"x\"" : "y");
		f->bytes = cell;
		cell = (struct text){ NULL, 0, 0 };
		puts_in(&cell, f->name);
	}
	put_cell(&c->d, out, cell.p ? cell.p : "", cell.n);
	text_free(&cell);
}

/* Now and then a blank line follows. */
static inline void end_line(struct random_case *c, struct text *t,
			    const char *end)
{
	puts_in(t, end);
	if (one_in(&c->d, 10))
		puts_in(t, one_in(&c->d, 2) ? "  \n" : end);
}

static inline void any_case(struct draw *d, struct text *t, const char *word)
{
	bool upper = one_in(d, 8);

	for (; *word; word++) {
		char ch = upper && *word >= 'a' && *word <= 'z' ?
			  (char)(*word - 'a' + 'A') : *word;

		put(t, &ch, 1);
	}
}

static inline void put_conf_key(struct random_case *c, const struct key *k,
				const char *end)
{
	char fill[40] = "";

	put_cell(&c->d, &c->conf, k->name, strlen(k->name));
	puts_in(&c->conf, ",");
	any_case(&c->d, &c->conf, k->from_file ? "file" : "data");
	puts_in(&c->conf, ",");
	any_case(&c->d, &c->conf, hows[k->how].word);
	if (k->how >= HOW_FILL)
		snprintf(fill, sizeof(fill), "(%u;0x%02x)", k->fill_len,
			 k->fill_byte);
	puts_in(&c->conf, fill);
	puts_in(&c->conf, k->repeat ? ",REPEAT" :
		one_in(&c->d, 4) ? "," : "");
	end_line(c, &c->conf, end);
}

static inline void draw_conf(struct random_case *c)
{
	const char *end = one_in(&c->d, 2) ? "\n" : "\r\n";
	unsigned count = one_in(&c->d, 50) ? 1 + draw(&c->d, 254) :
					     1 + draw(&c->d, 4);

	puts_in(&c->conf, one_in(&c->d, 6) ? "\xEF\xBB\xBF" : "");
	for (unsigned n = 0; n < count; n++) {
		/* At least one has keys. */
		unsigned keys = draw(&c->d, count > 20 ? 3 : 12) + !n;
		/* Now and then one that is there goes on. */
		unsigned ns = n && one_in(&c->d, 8) ? draw(&c->d, c->ns_count) :
						      c->ns_count;

		if (ns == c->ns_count)
			draw_name(c, c->names[c->ns_count++], 0, 0);
		put_cell(&c->d, &c->conf, c->names[ns], strlen(c->names[ns]));
		puts_in(&c->conf, ",namespace,");
		end_line(c, &c->conf, end);
		while (keys-- && c->key_count < CASE_KEYS) {
			draw_key(c, ns);
			put_conf_key(c, &c->key[c->key_count - 1], end);
		}
	}
}

static inline void draw_values(struct random_case *c)
{
	const char *end = one_in(&c->d, 2) ? "\n" : "\r\n";
	/* Columns of our own have longer names than any key. */
	unsigned other = draw(&c->d, c->key_count + 1);

	puts_in(&c->values, one_in(&c->d, 6) ? "\xEF\xBB\xBF" : "");
	for (unsigned r = 0; r <= c->rows; r++) {
		puts_in(&c->values, r ? c->id[r - 1] : "name of the device");
		for (unsigned i = 0; i < c->key_count; i++) {
			const struct key *k = &c->key[i];

			if (i == other)
				puts_in(&c->values, r ? ",\"7,\n8\"" :
					",\"lot, and date of it\"");
			puts_in(&c->values, ",");
			if (r)
				put_key_cell(c, k, r - 1, &c->values);
			else
				put_cell(&c->d, &c->values, k->name,
					 strlen(k->name));
		}
		if (r < c->rows || one_in(&c->d, 2))
			end_line(c, &c->values, end);
	}
}

/* What the items will be, now that the cells are written. */
static inline void settle_wants(struct random_case *c)
{
	for (unsigned i = 0; i < c->key_count; i++) {
		struct key *k = &c->key[i];

		for (unsigned r = 0; r < c->rows; r++) {
			struct want *w = &k->want[r];
			uint8_t size[4];
			struct text t = { NULL, 0, 0 };

			if (k->how < HOW_FILL)
				continue;
			le_put32(size, (uint32_t)w->bytes.n);
			put(&t, size, k->how == HOW_SZ_FILL ? 4 : 0);
			put(&t, w->bytes.p, w->bytes.n);
			for (size_t n = w->bytes.n; n < k->fill_len; n++) {
				char byte = (char)k->fill_byte;

				put(&t, &byte, 1);
			}
			text_free(&w->bytes);
			w->bytes = t;
		}
	}
}

/* What a device has to hold under key i. */
static inline const struct want *want_of(const struct random_case *c,
					 unsigned i, unsigned row)
{
	return &c->key[i].want[c->key[i].repeat ? 0 : row];
}

/*
 * Pages that suffice however unluckily strings meet page ends: of two pages
 * in a row, what is in them is more than one page holds.
 */
static inline size_t pages_enough(const struct random_case *c)
{
	size_t most = 0;

	for (unsigned r = 0; r < c->rows; r++) {
		size_t n = c->ns_count;

		for (unsigned i = 0; i < c->key_count; i++) {
			size_t len = want_of(c, i, r)->bytes.n;

			n += c->key[i].how < HOW_STRING ? 1 :
			     4 + (len + 32) / 32 + 2 * (len / 2000);
		}
		most = n > most ? n : most;
	}
	return 2 * most / 126 + 4;
}

static inline void case_free(struct random_case *c)
{
	for (unsigned i = 0; i < c->key_count; i++)
		for (unsigned r = 0; r < CASE_ROWS; r++)
			text_free(&c->key[i].want[r].bytes);
	for (unsigned i = 0; i < c->file_count; i++)
		text_free(&c->file[i].bytes);
	text_free(&c->conf);
	text_free(&c->values);
	free(c->key);
	free(c->hashes);
	free(c->names);
}

static inline void case_draw(struct random_case *c, uint64_t seed)
{
	size_t pages;

	*c = (struct random_case){ .d = { seed } };
	c->key = calloc(CASE_KEYS, sizeof(*c->key));
	c->hashes = calloc(CASE_KEYS * 130 + 256, sizeof(*c->hashes));
	c->names = calloc(256, sizeof(*c->names));
	if (!c->key || !c->hashes || !c->names)
		abort();
	c->version = one_in(&c->d, 3) ? 1 : 2;
	c->encrypted = one_in(&c->d, 2);
	for (size_t i = 0; i < sizeof(c->keys); i++)
		c->keys[i] = (uint8_t)draw(&c->d, 256);
	c->rows = 1 + draw(&c->d, CASE_ROWS);
	for (unsigned r = 0; r < c->rows; r++)
		snprintf(c->id[r], sizeof(c->id[r]), "device-%u.%u", r,
			 draw(&c->d, 1000));
	draw_conf(c);
	draw_values(c);
	settle_wants(c);
	pages = pages_enough(c);
	c->must_fit = draw(&c->d, 8);
	if (!c->must_fit)
		pages = 1 + draw(&c->d, (unsigned)pages);
	c->size = pages * NVS_PAGE_SIZE;
}

#endif
