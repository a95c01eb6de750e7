/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <stdio.h>
#include <string.h>
#include <mbedtls/base64.h>

bool text_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* U+0085, U+00A0, U+1680, U+2000 to 200A, 2028, 2029, 202F, 205F, U+3000 */
static size_t wide_space(const uint8_t *p, size_t len)
{
	if (len >= 2 && p[0] == 0xc2)
		return p[1] == 0x85 || p[1] == 0xa0 ? 2 : 0;
	if (len < 3)
		return 0;
	if (p[0] == 0xe1)
		return p[1] == 0x9a && p[2] == 0x80 ? 3 : 0;
	if (p[0] == 0xe3)
		return p[1] == 0x80 && p[2] == 0x80 ? 3 : 0;
	if (p[0] != 0xe2)
		return 0;
	if (p[1] == 0x81)
		return p[2] == 0x9f ? 3 : 0;
	return p[1] == 0x80 && ((p[2] >= 0x80 && p[2] <= 0x8a) ||
				p[2] == 0xa8 || p[2] == 0xa9 ||
				p[2] == 0xaf) ? 3 : 0;
}

size_t text_space_len(const char *s, size_t len)
{
	if (len && (uint8_t)*s >= 0x80)
		return wide_space((const uint8_t *)s, len);
	return len && text_is_space(*s);
}

/* How many bytes the white space has with which len bytes end. */
static size_t space_before(const char *s, size_t len)
{
	for (size_t n = 1; n <= 3 && n <= len; n++)
		if (text_space_len(s + len - n, n) == n)
			return n;
	return 0;
}

void text_trim(const char **s, size_t *len)
{
	size_t n;

	while ((n = text_space_len(*s, *len))) {
		*s += n;
		*len -= n;
	}
	while ((n = space_before(*s, *len)))
		*len -= n;
}

/*
 * Value of a hex digit, more than any base when it is none. By table: no
 * processor can guess which digit comes next, so branches would take longer.
 */
static unsigned digit_value(char c)
{
	static const uint8_t more_by_one[UINT8_MAX + 1] = {
		['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5,
		['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
		['a'] = 11, ['b'] = 12, ['c'] = 13,
		['d'] = 14, ['e'] = 15, ['f'] = 16,
		['A'] = 11, ['B'] = 12, ['C'] = 13,
		['D'] = 14, ['E'] = 15, ['F'] = 16,
	};

	return more_by_one[(uint8_t)c] - 1u;
}

static enum text_status digits(const char *s, size_t len, uint64_t *out)
{
	unsigned base = 10;
	uint64_t n = 0;
	bool over = false;

	if (len > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
		len -= 2;
	}
	if (!len)
		return TEXT_NOT;
	for (size_t i = 0; i < len; i++) {
		unsigned v = digit_value(s[i]);

		if (v >= base)
			return TEXT_NOT;
		over |= __builtin_mul_overflow(n, base, &n);
		over |= __builtin_add_overflow(n, v, &n);
	}
	*out = n;
	return over ? TEXT_OVERFLOW : TEXT_OK;
}

enum text_status text_int(const char *s, size_t len, struct text_int *out)
{
	enum text_status st;
	bool negative = false;

	*out = (struct text_int){ false, 0 };
	text_trim(&s, &len);
	if (!len)
		return TEXT_EMPTY;
	if (*s == '-' || *s == '+') {
		negative = *s == '-';
		s++;
		len--;
	}
	st = digits(s, len, &out->magnitude);
	out->negative = negative && out->magnitude;
	return st;
}

enum text_status text_unsigned(const char *s, uint64_t *out)
{
	return *s ? digits(s, strlen(s), out) : TEXT_EMPTY;
}

/* Length of the UTF-8 sequence at p, 0 when it is none. */
static size_t utf8_sequence(const uint8_t *p, size_t len)
{
	uint8_t low = 0x80, high = 0xbf;
	size_t n;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (len < n)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;   /* else longer than need be */
	else if (p[0] == 0xed)
		high = 0x9f;  /* else a surrogate */
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;  /* else above U+10FFFF */
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return n;
}

/*
 * Whether a terminal obeys the character at s, of take bytes, or shows
 * nothing for it: C0 and C1 control characters; spaces and hyphens that look
 * like others; marks of direction; the byte-order mark.
 */
static bool is_hidden(const uint8_t *s, size_t take)
{
	if (take < 2)
		return !take || s[0] < ' ' || s[0] == 0x7F;
	if (take == 2)
		return (s[0] == 0xC2 && (s[1] <= 0xA0 || s[1] == 0xAD)) ||
		       (s[0] == 0xD8 && s[1] == 0x9C);
	if (take == 3 && s[0] == 0xE2 && s[1] == 0x80)
		return s[2] <= 0x8F || (s[2] >= 0xA8 && s[2] <= 0xAF);
	if (take == 3 && s[0] == 0xE2 && s[1] == 0x81)
		return s[2] >= 0xA0 && s[2] <= 0xAF;
	return take == 3 && s[0] == 0xEF && s[1] == 0xBB && s[2] == 0xBF;
}

#define IT_WAS_ROUNDED "the spreadsheet has rounded it: make it a column of " \
		       "text and enter the number anew"

/* Whether all of a text are decimal digits or one of these characters. */
static bool is_of(const char *s, size_t len, const char *others)
{
	for (size_t i = 0; i < len; i++)
		if (digit_value(s[i]) >= 10 &&
		    (!s[i] || !strchr(others, s[i])))
			return false;
	return len;
}

static bool is_hex(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (digit_value(s[i]) >= 16)
			return false;
	return len;
}

/* 1.0E+05, 1,7e9: digits, an E, digits. */
static bool is_rounded(const char *s, size_t len)
{
	size_t e = 0;

	while (e < len && s[e] != 'e' && s[e] != 'E')
		e++;
	return e < len && digit_value(s[0]) < 10 && is_of(s, e, ".,") &&
	       is_of(s + e + 1, len - e - 1, "+-");
}

/* 2024-03-04, 03/04/2024, 3.4.24; not 1.234.567, whose middle is longer. */
static bool is_date(const char *s, size_t len)
{
	size_t marks = 0, middle = 0;

	for (size_t i = 0; i < len; i++) {
		bool digit = digit_value(s[i]) < 10;

		marks += !digit;
		middle += digit && marks == 1;
	}
	return marks == 2 && middle && middle < 3 && digit_value(s[0]) < 10 &&
	       is_of(s, len, "/-.");
}

static bool is_month(const char *s, size_t len)
{
	static const char *const months[] = {
		"jan", "feb", "mar", "apr", "may", "jun",
		"jul", "aug", "sep", "oct", "nov", "dec"
	};

	for (unsigned i = 0; i < 12; i++)
		if (text_same_word(s, len, months[i]))
			return true;
	return false;
}

/* Mar-24, 3-Mar: what "3-24" and "3-3" have become. */
static bool has_month(const char *s, size_t len)
{
	const char *hyphen = memchr(s, '-', len);
	size_t front = hyphen ? (size_t)(hyphen - s) : len;
	size_t back = hyphen ? len - front - 1 : 0;

	return hyphen && ((is_month(s, front) && is_of(hyphen + 1, back, "")) ||
			  (is_of(s, front, "") && is_month(hyphen + 1, back)));
}

static bool has_hidden(const char *s, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		const uint8_t *p = (const uint8_t *)s + i;

		n = utf8_sequence(p, len - i);
		if (n > 1 && is_hidden(p, n))
			return true;
		n = n ? n : 1;
	}
	return false;
}

const char *text_int_advice(const char *s, size_t len)
{
	text_trim(&s, &len);
	if (len > 1 && s[0] == '=')
		return "write the number alone, without '=' and quotes";
	if (len > 1 && (s[0] == '\'' || s[0] == '"'))
		return "write the number alone, without the quote";
	if (has_hidden(s, len))
		return "it holds a blank or a mark that can't be seen: type it "
		       "anew";
	/* Minus sign, en dash, em dash: what typesetters write. */
	if (len > 3 && (!memcmp(s, "\xE2\x88\x92", 3) ||
			!memcmp(s, "\xE2\x80\x93", 3) ||
			!memcmp(s, "\xE2\x80\x94", 3)))
		return "the minus has to be the '-' of the keyboard";
	if (is_rounded(s, len))
		return IT_WAS_ROUNDED;
	if (is_date(s, len) || has_month(s, len))
		return "the spreadsheet took it for a date: make it a column "
		       "of text and enter the number anew";
	if (len > 1 && is_of(s, len, ".,_ '+-"))
		return "write digits only, without blanks, separators or "
		       "decimals";
	if (len > 1 && s[1] != 'b' && s[1] != 'B' &&
	    (is_hex(s, len) ||
	     ((s[len - 1] == 'h' || s[len - 1] == 'H') && is_hex(s, len - 1))))
		return "a hex number begins with 0x";
	return NULL;
}

static int bad_char(struct err *err, const char *s, size_t len, size_t i,
		    const char *what)
{
	size_t n = utf8_sequence((const uint8_t *)s + i, len - i);
	char shown[TEXT_SHOWN];

	text_show(shown, sizeof(shown), s + i, n ? n : 1);
	err_set(err, ERR_INPUT, "'%s' at character %zu is no %s", shown, i + 1,
		what);
	if (n > 1 && is_hidden((const uint8_t *)s + i, n))
		err_more(err, ": it is a blank or a mark that can't be seen, "
			 "remove it");
	return ERR_INPUT;
}

int text_hex_check(const char *s, size_t len, struct err *err)
{
	const char *p = s;
	size_t n = len;

	text_trim(&p, &n);
	for (size_t i = 0; i < n; i++) {
		if (digit_value(p[i]) < 16)
			continue;
		bad_char(err, s, len, (size_t)(p - s) + i, "hex digit");
		if (i == 1 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
			err_more(err, ": leave out the 0x");
		else if (is_rounded(p, n))
			err_more(err, ": " IT_WAS_ROUNDED);
		else if (text_is_space(p[i]) || strchr(":-,", p[i]))
			err_more(err, ": leave out what separates the bytes");
		return ERR_INPUT;
	}
	return 0;
}

int text_hex(const char *s, size_t len, struct buf *out, struct err *err)
{
	const char *p = s;
	size_t n = len;
	int r = text_hex_check(s, len, err);

	if (r)
		return r;
	text_trim(&p, &n);
	if (n % 2)
		return err_set(err, ERR_INPUT, "an odd number of hex digits "
			       "(%zu), two are needed for each byte", n);
	if (buf_reserve(out, n / 2))
		return err_nomem(err);
	for (size_t i = 0; i < n; i += 2)
		out->data[out->len++] = (uint8_t)(digit_value(p[i]) << 4 |
						  digit_value(p[i + 1]));
	return 0;
}

/*
 * A set of characters has a bit for each, 64 in a word: that of one, and those
 * of two with all between them.
 */
#define BIT(c) (UINT64_C(1) << ((c) % 64))
#define BITS(first, last) ((BIT(last) - BIT(first)) | BIT(last))

/* One of the 64 digits. Without a branch, for the reason above. */
static bool is_base64(char c)
{
	static const uint64_t set[4] = {
		BIT('+') | BIT('/') | BITS('0', '9'),
		BITS('A', 'Z') | BITS('a', 'z'),
	};

	return set[(uint8_t)c / 64] >> ((uint8_t)c % 64) & 1;
}

static int bad_base64_char(struct err *err, const char *s, size_t len,
			   size_t i)
{
	bad_char(err, s, len, i, "base64 character");
	if (s[i] == '-' || s[i] == '_')
		err_more(err, ": it is of the alphabet for web addresses, which "
			 "has '-' and '_' for '+' and '/'");
	return ERR_INPUT;
}

/*
 * Check the spelling, since mbedTLS's decoder is laxer about white space and
 * padding than RFC 4648 and does not tell where it stopped. *chars is how
 * many characters count.
 */
static int base64_check(const char *s, size_t len, size_t *chars, size_t *pads,
			struct err *err)
{
	*chars = *pads = 0;
	for (size_t i = 0; i < len; i++) {
		if (is_base64(s[i])) {
			if (*pads)
				return err_set(err, ERR_INPUT, "base64 goes on "
					       "behind its padding, at character "
					       "%zu", i + 1);
		} else if (s[i] == '=') {
			++*pads;
		} else if (text_is_space(s[i])) {
			continue;
		} else {
			return bad_base64_char(err, s, len, i);
		}
		++*chars;
	}
	if (*chars % 4 || *pads > 2)
		return err_set(err, ERR_INPUT, "base64 of %zu characters with "
			       "%zu '=' at its end: a multiple of 4 is needed, "
			       "padded with at most two", *chars, *pads);
	return 0;
}

int text_base64_size(const char *s, size_t len, size_t *size, struct err *err)
{
	size_t chars, pads;
	int r = base64_check(s, len, &chars, &pads, err);

	*size = chars / 4 * 3 - pads;
	return r;
}

int text_base64(const char *s, size_t len, struct buf *out, struct err *err)
{
	struct buf packed = BUF_INIT;
	size_t chars, pads, n = 0;
	int r = base64_check(s, len, &chars, &pads, err);

	if (r || !chars)
		return r;
	if (buf_reserve(&packed, chars) || buf_reserve(out, chars / 4 * 3)) {
		buf_release(&packed);
		return err_nomem(err);
	}
	for (size_t i = 0; i < len; i++)
		if (!text_is_space(s[i]))
			packed.data[packed.len++] = (uint8_t)s[i];
	if (mbedtls_base64_decode(out->data + out->len, out->cap - out->len, &n,
				  packed.data, packed.len))
		r = err_set(err, ERR_INPUT, "not base64");
	else
		out->len += n;
	buf_wipe(&packed);
	return r;
}

int text_to_base64(const uint8_t *p, size_t n, struct buf *out)
{
	size_t made = 0;

	if (n > SIZE_MAX / 2 || buf_reserve(out, (n + 2) / 3 * 4 + 1))
		return ERR_NOMEM;
	if (mbedtls_base64_encode(out->data + out->len, out->cap - out->len,
				  &made, p, n))
		return ERR_NOMEM;
	out->len += made;
	return 0;
}

int text_to_hex(const uint8_t *p, size_t n, struct buf *out)
{
	static const char digit[] = "0123456789abcdef";

	if (n > SIZE_MAX / 2 || buf_reserve(out, 2 * n))
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		out->data[out->len++] = (uint8_t)digit[p[i] >> 4];
		out->data[out->len++] = (uint8_t)digit[p[i] & 15];
	}
	return 0;
}

bool text_is_utf8(const void *p, size_t len, size_t *at)
{
	const uint8_t *s = p;
	size_t i = 0;

	while (i < len) {
		uint64_t eight;
		size_t n;

		/* Most text is ASCII: eight characters at a time. */
		if (len - i >= sizeof(eight)) {
			memcpy(&eight, s + i, sizeof(eight));
			if (!(eight & UINT64_C(0x8080808080808080))) {
				i += sizeof(eight);
				continue;
			}
		}
		n = utf8_sequence(s + i, len - i);
		if (!n) {
			if (at)
				*at = i;
			return false;
		}
		i += n;
	}
	return true;
}

size_t text_chars(const void *p, size_t len)
{
	const uint8_t *s = p;
	size_t chars = 0;

	/* All bytes but those that go on a character. */
	for (size_t i = 0; i < len; i++)
		chars += (s[i] & 0xC0) != 0x80;
	return chars;
}

bool text_same_word(const char *a, size_t len, const char *b)
{
	if (strlen(b) != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		char x = a[i], y = b[i];

		if (x >= 'A' && x <= 'Z')
			x = (char)(x - 'A' + 'a');
		if (y >= 'A' && y <= 'Z')
			y = (char)(y - 'A' + 'a');
		if (x != y)
			return false;
	}
	return true;
}

/* Length of the character that a terminal takes as a command, or 0. */
static size_t control_len(const char *s, size_t len)
{
	uint8_t c = (uint8_t)s[0];

	if (c < ' ' || c == 0x7f)
		return 1;
	/* U+0080 to U+009F, which may begin an escape sequence. */
	return c == 0xc2 && len > 1 && (uint8_t)s[1] >= 0x80 &&
	       (uint8_t)s[1] < 0xa0 ? 2 : 0;
}

bool text_has_control(const char *s)
{
	for (size_t len = strlen(s); len; s++, len--)
		if (control_len(s, len))
			return true;
	return false;
}

char *text_show(char *out, size_t size, const char *s, size_t len)
{
	size_t n = 0, i = 0, fits = 0;

	while (i < len) {
		const uint8_t *p = (const uint8_t *)s + i;
		size_t take = utf8_sequence(p, len - i);
		bool plain = !is_hidden(p, take);
		size_t shown = plain ? take : 4;

		if (n + shown + 1 > size) {
			memcpy(out + fits, "...", 4);
			return out;
		}
		if (plain)
			memcpy(out + n, s + i, take);
		else
			snprintf(out + n, 5, "\\x%02x", (unsigned)(uint8_t)s[i]);
		n += shown;
		i += plain ? take : 1;
		if (n + 4 <= size)
			fits = n;
	}
	out[n] = '\0';
	return out;
}
