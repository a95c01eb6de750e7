/* SPDX-License-Identifier: Apache-2.0 */
/* view_print.c - the parts of a view as text, and text on the screen. */
#include "view.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* ---- Printing ---- */

/*
 * The nearest to #CC3311 that the terminal is said to have: COLORTERM and
 * TERM are all there is to go by.
 */
static const char *dark_red(void)
{
	const char *depth = getenv("COLORTERM"), *term = getenv("TERM");

	if (depth && (!strcmp(depth, "truecolor") || !strcmp(depth, "24bit")))
		return "\033[1;38;2;204;51;17m";
	if (term && strstr(term, "256color"))
		return "\033[1;38;5;166m";
	return "\033[1;31m";
}

static const char *style_start(enum style style)
{
	static const char *const codes[] = {
		[STYLE_PLAIN] = "",
		[STYLE_BOLD] = "\033[1m",
		[STYLE_RED] = "\033[31m",
		[STYLE_GREEN] = "\033[32m",
		[STYLE_YELLOW] = "\033[33m",
		[STYLE_CYAN] = "\033[36m",
		[STYLE_BOLD_GREEN] = "\033[1;32m",
		[STYLE_BOLD_RED] = "\033[1;31m",
		[STYLE_BOLD_YELLOW] = "\033[1;33m",
	};

	return style == STYLE_BOLD_DARK_RED ? dark_red() : codes[style];
}

__attribute__((format(printf, 4, 0)))
static void print_styled(FILE *to, bool colour, enum style style,
			 const char *fmt, va_list ap)
{
	bool styled = colour && style != STYLE_PLAIN;

	if (styled)
		fputs(style_start(style), to);
	vfprintf(to, fmt, ap);
	if (styled)
		fputs("\033[0m", to);
}

void view_print(const struct view *v, enum style style, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_styled(v->out, v->colour_out, style, fmt, ap);
	va_end(ap);
}

/* The word, in colour where that is wanted; the text is the caller's. */
static void start_diagnostic(const struct view *v, enum view_severity severity)
{
	static const struct {
		const char *word;
		enum style style;
	} severities[] = {
		[VIEW_WARNING] = { "WARNING: ", STYLE_BOLD_YELLOW },
		[VIEW_ERROR] = { "ERROR: ", STYLE_BOLD_DARK_RED },
	};

	/* On a terminal both streams end in one place: keep their order. */
	fflush(v->out);
	if (v->colour_err)
		fprintf(v->err, "%s%s\033[0m",
			style_start(severities[severity].style),
			severities[severity].word);
	else
		fputs(severities[severity].word, v->err);
}

void view_finding(const struct view *v, enum view_severity severity,
		  const char *text)
{
	start_diagnostic(v, severity);
	fprintf(v->err, "%s\n", text);
}

/* A text that may hold what stands in an image: on one line, made harmless. */
static void say(const struct view *v, enum view_severity severity,
		const char *fmt, va_list ap)
{
	char text[ERR_TEXT_MAX];

	vsnprintf(text, sizeof(text), fmt, ap);
	start_diagnostic(v, severity);
	cli_print_line(v->err, text);
}

void view_error(const struct view *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(v, VIEW_ERROR, fmt, ap);
	va_end(ap);
}

void view_warning(const struct view *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(v, VIEW_WARNING, fmt, ap);
	va_end(ap);
}

/* ---- Words ---- */

const char *view_type(uint8_t type, char out[VIEW_TYPE_MAX])
{
	enum nvs_data_kind kind = nvs_type_kind(type);

	if (kind == NVS_DATA_INT)
		snprintf(out, VIEW_TYPE_MAX, "%sint%u_t",
			 type & NVS_INT_SIGNED ? "" : "u",
			 8 * NVS_INT_WIDTH(type));
	else if (kind == NVS_DATA_NONE)
		snprintf(out, VIEW_TYPE_MAX, "0x%02x", (unsigned)type);
	else
		snprintf(out, VIEW_TYPE_MAX, "%s",
			 type == NVS_STRING ? "string" :
			 type == NVS_BLOB ? "blob" :
			 type == NVS_BLOB_CHUNK ? "blob_data" : "blob_index");
	return out;
}

const char *view_state(unsigned state)
{
	static const char *const words[] = {
		[NVS_ENTRY_ERASED] = "Erased",
		[NVS_ENTRY_INVALID] = "Invalid",
		[NVS_ENTRY_WRITTEN] = "Written",
		[NVS_ENTRY_EMPTY] = "Empty",
	};

	return words[state & 3];
}

const char *view_status(uint32_t state)
{
	switch (state) {
	case NVS_STATE_EMPTY:
		return "Empty";
	case NVS_STATE_ACTIVE:
		return "Active";
	case NVS_STATE_FULL:
		return "Full";
	case NVS_STATE_FREEING:
		return "Erasing";
	case 0:
		return "Corrupted";
	default: /* NVS_STATE_CORRUPT too: so the original words it */
		return "Invalid";
	}
}

const char *view_int(const struct nvs_raw_entry *e, char out[VIEW_INT_MAX])
{
	if (e->type & NVS_INT_SIGNED)
		snprintf(out, VIEW_INT_MAX, "%" PRId64, (int64_t)e->value);
	else
		snprintf(out, VIEW_INT_MAX, "%" PRIu64, e->value);
	return out;
}

/* A Latin-1 character in UTF-8; returns the bytes written, one or two. */
static size_t put_latin1(uint8_t c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	out[0] = (char)(0xC0 | c >> 6);
	out[1] = (char)(0x80 | (c & 0x3F));
	return 2;
}

const char *view_key(const uint8_t *key, size_t len, char out[VIEW_KEY_MAX])
{
	size_t at = 0;

	for (size_t n = 0; n < len; n++) {
		bool control = key[n] < 0x20 ||
			       (key[n] >= 0x7F && key[n] < 0xA0);

		at += put_latin1(control ? '.' : key[n], out + at);
	}
	out[at] = '\0';
	return out;
}

const char *view_namespace(const struct view *v, uint8_t index,
			   char out[VIEW_KEY_MAX])
{
	const struct view_name *name = v->by_index[index];

	return name ? view_key(name->key, name->key_len, out) : NULL;
}

/*
 * A sequence is bad from the first byte that cannot go on with it; what came
 * before is replaced as one (the Unicode Standard, "U+FFFD Substitution of
 * Maximal Subparts").
 */
size_t view_utf8(const uint8_t *p, size_t n, uint32_t *code, bool *good)
{
	uint8_t low = 0x80, high = 0xBF;
	size_t more;

	*good = true;
	*code = p[0];
	if (p[0] < 0x80)
		return 1;
	*good = false;
	if (p[0] < 0xC2 || p[0] > 0xF4)
		return 1;
	more = p[0] < 0xE0 ? 1 : p[0] < 0xF0 ? 2 : 3;
	*code = p[0] & (0x3Fu >> more);
	if (p[0] == 0xE0)
		low = 0xA0; /* shorter forms exist */
	else if (p[0] == 0xED)
		high = 0x9F; /* surrogates */
	else if (p[0] == 0xF0)
		low = 0x90;
	else if (p[0] == 0xF4)
		high = 0x8F; /* above U+10FFFF */
	for (size_t i = 1; i <= more; i++) {
		if (i >= n || p[i] < low || p[i] > high)
			return i;
		*code = *code << 6 | (p[i] & 0x3F);
		low = 0x80;
		high = 0xBF;
	}
	*good = true;
	return more + 1;
}

void view_hex_line(const struct view *v, unsigned indent, unsigned digits,
		   size_t offset, const uint8_t bytes[NVS_ENTRY_SIZE])
{
	const unsigned half = NVS_ENTRY_SIZE / 2;
	/* Hex, blanks, two bytes a character, a blank and the NUL. */
	char line[3 * NVS_ENTRY_SIZE + 2 + 2 * NVS_ENTRY_SIZE + 2], *p = line;

	for (unsigned n = 0; n < NVS_ENTRY_SIZE; n++) {
		p += sprintf(p, "%02x ", (unsigned)bytes[n]);
		if (n == half - 1)
			*p++ = ' ';
	}
	*p++ = ' ';
	for (unsigned n = 0; n < NVS_ENTRY_SIZE; n++) {
		uint8_t c = bytes[n];
		bool shown = (c >= 0x20 && c <= 0x7E) ||
			     (c >= 0xA1 && c != 0xAD);

		if (n == half)
			*p++ = ' ';
		p += put_latin1(shown ? c : '.', p);
	}
	*p = '\0';
	fprintf(v->out, "%*s0x%0*zx  %s\n", (int)indent, "", (int)digits,
		offset, line);
}
