/* SPDX-License-Identifier: Apache-2.0 */
/* part_decode.c - a partition table's text as UTF-8, and its numbers. */
#include "parttable_private.h"

#include <string.h>

/* ---- Encodings ---- */

static int put_utf8(struct buf *out, uint32_t c)
{
	uint8_t b[4];
	size_t n = 0;

	if (c < 0x80) {
		b[n++] = (uint8_t)c;
	} else if (c < 0x800) {
		b[n++] = (uint8_t)(0xC0 | c >> 6);
		b[n++] = (uint8_t)(0x80 | (c & 0x3F));
	} else if (c < 0x10000) {
		b[n++] = (uint8_t)(0xE0 | c >> 12);
		b[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
		b[n++] = (uint8_t)(0x80 | (c & 0x3F));
	} else {
		b[n++] = (uint8_t)(0xF0 | c >> 18);
		b[n++] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
		b[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
		b[n++] = (uint8_t)(0x80 | (c & 0x3F));
	}
	return buf_append(out, b, n);
}

/* A code unit of 2 or 4 bytes. */
static uint32_t get_unit(const uint8_t *p, size_t width, bool big)
{
	uint32_t v = 0;

	for (size_t i = 0; i < width; i++)
		v = v << 8 | p[big ? i : width - 1 - i];
	return v;
}

/*
 * The character at p, of at least width bytes; *taken gets its length.
 * A lone surrogate is returned as it is.
 */
static uint32_t get_char(const uint8_t *p, size_t len, size_t width, bool big,
			 size_t *taken)
{
	uint32_t c = get_unit(p, width, big), low;

	*taken = width;
	if (width != 2 || c < 0xD800 || c >= 0xDC00 || len < 4)
		return c;
	low = get_unit(p + 2, 2, big);
	if (low < 0xDC00 || low >= 0xE000)
		return c;
	*taken = 4;
	return 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
}

/* UTF-16 or UTF-32 behind its mark -> UTF-8. */
static int recode(struct parttable_reader *r, const uint8_t *p, size_t len,
		  size_t width, bool big, struct buf *out)
{
	size_t taken;

	for (size_t i = 0; i < len; i += taken) {
		uint32_t c = len - i < width ? UINT32_MAX :
			     get_char(p + i, len - i, width, big, &taken);

		if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) {
			part_err(r->err, r->table, NULL, PART_NAME, ERR_INPUT,
				 "not UTF-%zu, although its byte-order mark "
				 "says so: cut off, or no partition table",
				 width * 8);
			/* Behind the mark, which has as many bytes. */
			if (r->err)
				r->err->off = (int64_t)(width + i);
			return ERR_INPUT;
		}
		if (put_utf8(out, c))
			return err_nomem(r->err);
	}
	return 0;
}

int part_decode(struct parttable_reader *r, const uint8_t *p, size_t len,
		struct buf *out)
{
	static const struct mark {
		uint8_t bytes[4];
		size_t len, width;
		bool big;
	} marks[] = { /* the longer one of two that begin alike first */
		{ { 0xFF, 0xFE, 0x00, 0x00 }, 4, 4, false },
		{ { 0x00, 0x00, 0xFE, 0xFF }, 4, 4, true },
		{ { 0xFF, 0xFE }, 2, 2, false },
		{ { 0xFE, 0xFF }, 2, 2, true },
		{ { 0xEF, 0xBB, 0xBF }, 3, 1, false },
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const struct mark *m = &marks[i];

		if (len < m->len || memcmp(p, m->bytes, m->len) != 0)
			continue;
		p += m->len;
		len -= m->len;
		if (m->width > 1)
			return recode(r, p, len, m->width, m->big, out);
		break;
	}
	return buf_append(out, p, len) ? err_nomem(r->err) : 0;
}

/* ---- Numbers ---- */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* Take "0x", "0o" or "0b" from the front; the base it stands for, else 10. */
static int take_base(const char **s, size_t *len)
{
	char c = *len > 1 && **s == '0' ? (*s)[1] : '\0';
	int base = c == 'x' || c == 'X' ? 16 :
		   c == 'o' || c == 'O' ? 8 :
		   c == 'b' || c == 'B' ? 2 : 10;

	if (base != 10) {
		*s += 2;
		*len -= 2;
	}
	return base;
}

/* Digits with single "_" between them; behind a prefix one may lead. */
static enum text_status digits(const char *s, size_t len, int64_t *out)
{
	int base = take_base(&s, &len);
	bool zero_first = base == 10 && len > 1 && *s == '0';
	bool separated = base == 10, over = false;
	int64_t n = 0;

	if (!len || s[len - 1] == '_')
		return TEXT_NOT;
	for (size_t i = 0; i < len; i++) {
		int v = digit(s[i]);

		if (s[i] == '_' && !separated) {
			separated = true;
			continue;
		}
		if (v >= base || (v && zero_first))
			return TEXT_NOT;
		separated = false;
		over |= __builtin_mul_overflow(n, base, &n);
		over |= __builtin_add_overflow(n, v, &n);
	}
	*out = n;
	return over ? TEXT_OVERFLOW : TEXT_OK;
}

/* Take one K or M from the end; what it stands for, else 0. */
static int64_t take_unit(const char *s, size_t *len)
{
	char c = *len ? s[*len - 1] : '\0';
	int64_t unit = c == 'K' || c == 'k' ? 1024 :
		       c == 'M' || c == 'm' ? 1024 * 1024 : 0;

	if (unit)
		--*len;
	return unit;
}

enum text_status parttable_number(const char *s, size_t len, int64_t *out)
{
	bool negative = false, over = false;
	int64_t factor = 1, unit, n = 0;
	enum text_status st;

	text_trim(&s, &len);
	if (!len)
		return TEXT_EMPTY;
	while ((unit = take_unit(s, &len)) != 0)
		over |= __builtin_mul_overflow(factor, unit, &factor);
	text_trim(&s, &len);
	if (len && (*s == '-' || *s == '+')) {
		negative = *s == '-';
		s++;
		len--;
	}
	st = digits(s, len, &n);
	if (st == TEXT_NOT)
		return st;
	over |= st == TEXT_OVERFLOW || __builtin_mul_overflow(n, factor, &n);
	/* What has overflowed may be the one number that has no negative. */
	*out = over ? 0 : negative ? -n : n;
	return over ? TEXT_OVERFLOW : TEXT_OK;
}
