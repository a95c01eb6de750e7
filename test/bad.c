/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bad - bad input, and what is said about it: run the tables of test/bad.
 *
 *   bad [--fill] TABLE.txt... [AREA/CASE...]
 *
 * A table is a text file; its name without .txt is the area. Lines that begin
 * with one of these and a blank mean something, what follows belongs to them:
 *
 *   = NAME          a case begins
 *   : COMMAND       prepares for it: the shell has to succeed with this
 *   $ COMMAND       the command that is tried. Words in '...' may hold blanks;
 *                   NAME=VALUE in front sets a variable, <FILE gives stdin
 *   ! root          root is not refused this: the case is skipped for it
 *   @ FILE [KIND..] a file that is there; the lines below are what is in it
 *   > STATUS        the exit status expected; below, what stands on stderr,
 *                   line by line, and behind "| " what stands on stdout
 *   # ...           a comment, except within a file
 *
 * A blank line in front of a mark is not the file's that ends there.
 * Files in front of the first case are there for all cases of the table; a
 * case may have its own of that name. In words and files, \n \r \t \0 \xHH \\
 * are these bytes, \{N:TEXT} is TEXT N times, each % in it the number of the
 * time, and a line that ends in \ has no line end. Kinds of files:
 *
 *   bom crlf cr utf16le utf16be   the text, changed so
 *   bytes                         fields; see make_bytes()
 *   image SIZE [v1]               an NVS image, entry by entry; see
 *                                 make_line()
 *
 * Wrong usage (status 2) shows "usage: PROGRAM ..." first, which is not in the
 * table. And in each case: no file was made, changed, replaced or
 * removed, nothing but what is expected was said, no control character went
 * out, and every message has a place or names what it is about.
 *
 * "> ?" is an expectation that is still to be written: --fill prints the
 * tables with what the program said in its place, to be judged by the writer.
 *
 * One line "ok - AREA/CASE" or "not ok - AREA/CASE" for each, then the plan.
 */
#include <ctype.h>
#include <errno.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mbedtls/md.h>

#include "buf.h"
#include "digest.h"
#include "image_maker.h"
#include "program.h"
#include "text.h"

#define WORDS_MAX 64u
#define FILES_MAX 64u
#define CASES_MAX 500u
#define SECONDS_MAX 60u

struct file {
	char *name, *kind; /* owned; kind is the rest of the line */
	struct buf lines;  /* as they stand in the table */
};

struct one {
	const char *area;  /* borrowed */
	char *name;        /* owned */
	struct buf prepare, command, out, err;
	struct file files[FILES_MAX];
	size_t file_count;
	bool not_root;     /* root would not be refused */
	int status;        /* -1: still to be written */
	size_t fill_at;    /* where in the table that is */
};

struct table {
	char *area;
	char *text;
	size_t len;
	struct one common; /* its files only */
	struct one *cases[CASES_MAX];
	size_t count;
	unsigned line;
};

/* Where a case runs. */
static char root[64];
static const char *failure; /* of the case that runs, NULL: none yet */
static struct buf detail = BUF_INIT;

static void put(struct buf *b, const void *p, size_t n)
{
	if (buf_append(b, p, n))
		die("out of memory");
}

static const char *str(struct buf *b)
{
	return need(buf_str(b));
}

/* The first thing that is wrong with a case. */
static void wrong(const char *what, const char *expected, const char *got)
{
	if (failure)
		return;
	failure = what;
	detail.len = 0;
	if (expected && buf_printf(&detail, "expected:\n%s\ngot:\n", expected))
		die("out of memory");
	if (got)
		put(&detail, got, strlen(got));
}

/* ---- Text with escapes ---- */

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at;

	at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;
	return at ? (int)(at - digits) : -1;
}

static void unescape(const char *s, size_t len, struct buf *out);

/* "N:TEXT}", behind "\{"; returns how much of s it takes. */
static size_t repeat(const char *s, size_t len, struct buf *out)
{
	const char *end = memchr(s, '}', len);
	struct buf one = BUF_INIT;
	char *text;
	unsigned long times = strtoul(s, &text, 10);

	if (!end || *text++ != ':')
		die("a repetition is \\{N:TEXT}");
	for (unsigned long n = 1; n <= times; n++) {
		one.len = 0;
		for (const char *p = text; p < end; p++)
			if (*p == '%' ? buf_printf(&one, "%lu", n) :
					buf_putc(&one, (uint8_t)*p))
				die("out of memory");
		unescape((char *)one.data, one.len, out);
	}
	buf_release(&one);
	return (size_t)(end - s) + 1;
}

/* The escape at s, behind the backslash; returns how much it takes. */
static size_t escape(const char *s, size_t len, struct buf *out)
{
	static const char from[] = "nrt0\\", to[] = "\n\r\t\0\\";
	const char *at = len && *s ? strchr(from, *s) : NULL;
	char c;

	if (len && *s == '{')
		return 1 + repeat(s + 1, len - 1, out);
	if (at) {
		put(out, to + (at - from), 1);
		return 1;
	}
	if (len < 3 || *s != 'x' || hex_digit(s[1]) < 0 || hex_digit(s[2]) < 0)
		die("unknown escape '\\%.*s'", len < 4 ? (int)len : 4, s);
	c = (char)(hex_digit(s[1]) << 4 | hex_digit(s[2]));
	put(out, &c, 1);
	return 3;
}

static void unescape(const char *s, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] == '\\')
			i += escape(s + i + 1, len - i - 1, out);
		else
			put(out, s + i, 1);
}

/* The next word; quoted ones may hold blanks. False at the end. */
static bool next_word(const char **s, struct buf *word)
{
	const char *p = *s, *start;

	while (*p == ' ' || *p == '\t' || *p == '\n')
		p++;
	word->len = 0;
	if (!*p)
		return false;
	while (*p && *p != ' ' && *p != '\t' && *p != '\n') {
		start = p;
		if (*p == '\'') {
			p = strchr(p + 1, '\'');
			if (!p)
				die("a quote is not closed: %s", start);
			unescape(start + 1, (size_t)(p - start) - 1, word);
			p++;
			continue;
		}
		while (*p && !strchr(" \t\n'", *p))
			p++;
		unescape(start, (size_t)(p - start), word);
	}
	*s = p;
	str(word);
	return true;
}

/* ---- Files ---- */

static uint64_t number(const char *text)
{
	uint64_t n;

	if (text_unsigned(text, &n) != TEXT_OK)
		die("'%s' is no number", text);
	return n;
}

/* The bytes "FROM:TO" of what is there. */
static const uint8_t *range_of(const char *range, const struct buf *b,
			       size_t *len)
{
	char *colon;
	size_t from = strtoul(range, &colon, 0);
	size_t to = *colon == ':' ? strtoul(colon + 1, NULL, 0) : 0;

	if (from >= to || to > b->len)
		die("there are no bytes %s", range);
	*len = to - from;
	return b->data + from;
}

static void put_md5(const char *range, struct buf *out)
{
	uint8_t sum[16];
	size_t len;
	const uint8_t *p = range_of(range, out, &len);

	if (mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), p, len, sum))
		die("no MD5");
	put(out, sum, sizeof(sum));
}

/* "fe*19": hex digits, and how often. */
static void put_hex(const char *word, struct buf *out)
{
	const char *star = strchr(word, '*');
	size_t len = star ? (size_t)(star - word) : strlen(word);
	uint64_t times = star ? number(star + 1) : 1;

	if (!len || len % 2)
		die("'%s' is no field", word);
	while (times--)
		for (size_t i = 0; i < len; i += 2) {
			int high = hex_digit(word[i]);
			int low = hex_digit(word[i + 1]);

			if (high < 0 || low < 0)
				die("'%s' is no field", word);
			put(out, &(uint8_t){ (uint8_t)(high << 4 | low) }, 1);
		}
}

static void put_crc(const char *range, struct buf *out)
{
	size_t len;
	const uint8_t *p = range_of(range, out, &len);
	uint8_t le[4];

	le_put32(le, nvs_crc32(p, len));
	put(out, le, sizeof(le));
}

/* "END:HH" */
static void fill_up(const char *field, struct buf *out)
{
	char *colon;
	size_t end = strtoul(field, &colon, 0);

	while (out->len < end)
		put_hex(colon + 1, out);
}

static void put_field(const char *w, struct buf *out)
{
	const char *value = strchr(w, '=');
	size_t name = value ? (size_t)(value - w) + 1 : 0;
	uint8_t le[4];

	if (!value) {
		put_hex(w, out);
	} else if (!strncmp(w, "text=", name)) {
		put(out, value + 1, strlen(value + 1));
	} else if (!strncmp(w, "crc=", name)) {
		put_crc(value + 1, out);
	} else if (!strncmp(w, "md5=", name)) {
		put_md5(value + 1, out);
	} else if (!strncmp(w, "to=", name)) {
		fill_up(value + 1, out);
	} else {
		le_put32(le, (uint32_t)number(value + 1));
		put(out, le, !strncmp(w, "u8=", name) ? 1 :
			     !strncmp(w, "u16=", name) ? 2 :
			     !strncmp(w, "u32=", name) ? 4 : 0);
	}
}

/*
 * Fields, one after the other:
 *
 *   aa50 ff*14          hex digits; and 14 times
 *   u8=1 u16=1 u32=0x9000   numbers, little-endian
 *   text=nvs            characters
 *   to=28:00            bytes 00 up to offset 28 of all
 *   crc=0:64 md5=0:32   CRC-32 of bytes 0 to 63, MD5 of 0 to 31
 *   name:               says what follows, nothing else
 */
static void make_bytes(const char *s, struct buf *out)
{
	struct buf word = BUF_INIT;

	while (next_word(&s, &word)) {
		char *w = (char *)word.data;

		if (w[word.len - 1] != ':')
			put_field(w, out);
	}
	buf_release(&word);
}

/* "entry+3", "page+8" or a number: an offset in the image. */
static size_t place_of(const struct maker *m, const uint8_t *entry,
		       const char *word)
{
	if (!strncmp(word, "entry+", 6))
		return (size_t)(entry - m->image) + number(word + 6);
	if (!strncmp(word, "page+", 5))
		return (size_t)(m->page - m->image) + number(word + 5);
	return number(word);
}

static uint8_t int_type(const char *word)
{
	return (uint8_t)(number(word + 1) / 8 |
			 (*word == 'i' ? NVS_INT_SIGNED : 0));
}

/*
 * A line of an image's recipe. Words behind the first are w[1], w[2] ...
 *
 *   namespace INDEX NAME        u8 NS KEY NUMBER   (and i8 to u64)
 *   string NS KEY TEXT          blob NS KEY TEXT   (of version 1)
 *   chunk NS KEY N TEXT         index NS KEY SIZE COUNT START
 *   page N                      the next page, numbered N
 *   put WHERE FIELDS...         bytes there; WHERE is an offset, or entry+N in
 *                               the last entry, page+N in the current page
 *   seal, header                the CRC of the last entry, of the header anew
 *   state N S                   entry N of the page: 3 empty, 2 written,
 *                               0 erased, 1 neither
 */
static uint8_t *make_line(struct maker *m, uint8_t *entry, char **w,
			  const char *rest)
{
	uint8_t ns = w[1] && isdigit((unsigned char)*w[1]) ?
		     (uint8_t)number(w[1]) : 0;
	struct buf bytes = BUF_INIT;

	if (!strcmp(w[0], "namespace"))
		return make_namespace(m, w[2], ns);
	if (!strcmp(w[0], "string"))
		return make_string(m, ns, w[2], w[3]);
	if (!strcmp(w[0], "blob"))
		return make_sized(m, ns, NVS_BLOB, NVS_CHUNK_NONE, w[2], w[3],
				  (unsigned)strlen(w[3]));
	if (!strcmp(w[0], "chunk"))
		return make_sized(m, ns, NVS_BLOB_CHUNK, (uint8_t)number(w[3]),
				  w[2], w[4], (unsigned)strlen(w[4]));
	if (!strcmp(w[0], "index"))
		return make_index(m, ns, w[2], (uint32_t)number(w[3]),
				  (uint8_t)number(w[4]), (uint8_t)number(w[5]));
	if (strchr("ui", *w[0]))
		return make_int(m, ns, int_type(w[0]), w[2], number(w[3]));
	if (!strcmp(w[0], "page")) {
		make_page(m, (unsigned)number(w[1]));
	} else if (!strcmp(w[0], "seal")) {
		make_seal(entry);
	} else if (!strcmp(w[0], "header")) {
		make_header_crc(m->page);
	} else if (!strcmp(w[0], "state")) {
		make_state(m->page, (unsigned)number(w[1]),
			   (unsigned)number(w[2]));
	} else if (!strcmp(w[0], "put")) {
		make_bytes(strstr(rest, w[1]) + strlen(w[1]), &bytes);
		memcpy(m->image + place_of(m, entry, w[1]), bytes.data,
		       bytes.len);
		buf_release(&bytes);
	} else {
		die("'%s' is no line of an image", w[0]);
	}
	return entry;
}

static void make_image(const char *kind, char *lines, struct buf *out)
{
	struct buf words[8] = { BUF_INIT }, size = BUF_INIT;
	struct maker m;
	uint8_t *entry = NULL;

	kind += strlen("image");
	if (!next_word(&kind, &size))
		die("image SIZE [v1]");
	if (buf_reserve(out, number((char *)size.data)))
		die("out of memory");
	out->len = number((char *)size.data);
	make_start(&m, out->data, out->len, strstr(kind, "v1") ? 1 : 2);
	for (char *line = strtok(lines, "\n"); line;
	     line = strtok(NULL, "\n")) {
		const char *s = line;
		char *w[8] = { NULL };

		for (size_t n = 0; n < 8 && next_word(&s, &words[n]); n++)
			w[n] = (char *)words[n].data;
		if (w[0])
			entry = make_line(&m, entry, w, line);
	}
	for (size_t n = 0; n < 8; n++)
		buf_release(&words[n]);
	buf_release(&size);
}

static bool has_word(const char *kind, const char *word)
{
	const char *at = strstr(kind, word);
	char end = at ? at[strlen(word)] : 'x';

	return at && (!end || end == ' ');
}

/* The text of a file, before its encoding is changed. */
static void make_text(struct file *f, struct buf *out)
{
	const char *end = has_word(f->kind, "crlf") ? "\r\n" :
			  has_word(f->kind, "cr") ? "\r" : "\n";
	const char *s = str(&f->lines);

	while (*s) {
		size_t len = strcspn(s, "\n");
		bool open = len && s[len - 1] == '\\' &&
			    (len < 2 || s[len - 2] != '\\');

		unescape(s, len - open, out);
		if (!open)
			put(out, end, strlen(end));
		s += len + (s[len] == '\n');
	}
}

/* ASCII, with a byte-order mark, as spreadsheets save "Unicode text". */
static void to_utf16(struct buf *text, bool big)
{
	struct buf out = BUF_INIT;

	put(&out, big ? "\xFE\xFF" : "\xFF\xFE", 2);
	for (size_t i = 0; i < text->len; i++) {
		uint8_t pair[2] = { 0, 0 };

		pair[big] = text->data[i];
		put(&out, pair, 2);
	}
	buf_release(text);
	*text = out;
}

static void make_file(struct file *f)
{
	struct buf out = BUF_INIT;
	FILE *to;

	if (has_word(f->kind, "bytes")) {
		make_bytes(str(&f->lines), &out);
	} else if (!strncmp(f->kind, "image", 5)) {
		str(&f->lines);
		make_image(f->kind, (char *)f->lines.data, &out);
	} else {
		if (has_word(f->kind, "bom"))
			put(&out, "\xEF\xBB\xBF", 3);
		make_text(f, &out);
		if (strstr(f->kind, "utf16"))
			to_utf16(&out, has_word(f->kind, "utf16be"));
	}
	for (char *slash = f->name; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(f->name, 0755) && errno != EEXIST)
			die("cannot make %s: %s", f->name, strerror(errno));
		*slash = '/';
	}
	to = fopen(f->name, "we");
	if (!to || (out.len && fwrite(out.data, out.len, 1, to) != 1) ||
	    fclose(to))
		die("cannot write %s: %s", f->name, strerror(errno));
	buf_release(&out);
}

/* ---- Tables ---- */

static char *copy(const char *s, size_t len)
{
	return need(mem_strndup(s, len));
}

static struct file *add_file(struct one *c, const char *s, size_t len)
{
	struct file *f = &c->files[c->file_count++];
	size_t name = strcspn(s, " \n");

	if (c->file_count > FILES_MAX)
		die("%s: too many files", c->name);
	if (name > len)
		name = len;
	f->name = copy(s, name);
	f->kind = copy(s + name, len - name);
	while (*f->kind == ' ')
		memmove(f->kind, f->kind + 1, strlen(f->kind));
	f->lines = (struct buf)BUF_INIT;
	return f;
}

static struct one *add_case(struct table *t, const char *s, size_t len)
{
	struct one *c = need(calloc(1, sizeof(*c)));

	if (t->count == CASES_MAX)
		die("%s: too many cases", t->area);
	for (size_t i = 0; i < t->count; i++)
		if (strlen(t->cases[i]->name) == len &&
		    !strncmp(t->cases[i]->name, s, len))
			die("%s.txt:%u: a second case '%.*s'", t->area, t->line,
			    (int)len, s);
	t->cases[t->count++] = c;
	c->area = t->area;
	c->name = copy(s, len);
	c->status = -2;
	return c;
}

/* What a line without a mark is part of. */
static void add_line(struct table *t, struct one *c, struct file *f,
		     const char *s, size_t len)
{
	struct buf *to = NULL;
	bool out = len > 1 && s[0] == '|' && s[1] == ' ';

	if (f)
		to = &f->lines;
	else if (!len || *s == '#')
		return;
	else if (c && c->status != -2)
		to = out ? &c->out : &c->err;
	if (!to)
		die("%s.txt:%u: what is this: %.*s", t->area, t->line, (int)len,
		    s);
	put(to, s + (to == &c->out ? 2 : 0), len - (to == &c->out ? 2 : 0));
	put(to, "\n", 1);
}

/* A blank line in front of the next mark is not the file's. */
static void end_file(struct file **f)
{
	struct buf *lines = *f ? &(*f)->lines : NULL;

	if (lines && lines->len && lines->data[lines->len - 1] == '\n' &&
	    (lines->len == 1 || lines->data[lines->len - 2] == '\n'))
		lines->len--;
	*f = NULL;
}

static void parse_table(struct table *t)
{
	struct one *c = &t->common;
	struct file *f = NULL;
	const char *s = t->text, *end = t->text + t->len;

	c->name = copy("common files", 12);
	for (t->line = 1; s < end; t->line++) {
		const char *line_end = memchr(s, '\n', (size_t)(end - s));
		size_t len = (size_t)((line_end ? line_end : end) - s);
		char mark = len > 1 && s[1] == ' ' ? *s : 0;
		const char *rest = s + 2;

		if (mark && strchr("=:$!@>", mark))
			end_file(&f);
		if (mark == '=') {
			c = add_case(t, rest, len - 2);
		} else if (mark == ':' || mark == '$') {
			put(mark == ':' ? &c->prepare : &c->command, rest,
			    len - 2);
			put(mark == ':' ? &c->prepare : &c->command, "\n", 1);
		} else if (mark == '!') {
			c->not_root = true;
		} else if (mark == '@') {
			f = add_file(c, rest, len - 2);
		} else if (mark == '>') {
			c->status = *rest == '?' ? -1 : atoi(rest);
			c->fill_at = (size_t)(s - t->text);
		} else {
			add_line(t, c, f, s, len);
		}
		s += len + 1;
	}
}

static void load_table(struct table *t, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	t->area = copy(name, strlen(name) - strlen(".txt"));
	t->text = slurp(path, &t->len);
	if (!t->text)
		die("cannot read %s: %s", path, strerror(errno));
	parse_table(t);
}

/* ---- Running a case ---- */

static struct buf listing;

/* A line about a file: all that must not change. */
static int list_one(const char *path, const struct stat *st, int type,
		    struct FTW *ftw)
{
	uint8_t sum[DIGEST_SIZE] = { 0 };
	char link[256] = "";
	char *data = NULL;
	size_t len = 0;

	(void)ftw;
	if (S_ISLNK(st->st_mode) && readlink(path, link, sizeof(link) - 1) < 0)
		die("cannot read the link %s", path);
	/* Its mode may be a part of the case. */
	if (S_ISREG(st->st_mode))
		data = slurp(path, &len);
	if (data && digest_sha256(data, len, sum, NULL))
		die("no SHA-256");
	free(data);
	if (buf_printf(&listing, "%s mode %o %s", path, (unsigned)st->st_mode,
		       link))
		die("out of memory");
	/* A file that was replaced by an equal one was written as well. */
	if (type == FTW_F &&
	    (buf_printf(&listing, "inode %ju size %jd time %jd.%09ld sum ",
			(uintmax_t)st->st_ino, (intmax_t)st->st_size,
			(intmax_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec) ||
	     text_to_hex(sum, sizeof(sum), &listing)))
		die("out of memory");
	put(&listing, "\n", 1);
	return 0;
}

static int by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What stands in the directories of a case, as sorted text. */
static char *list_all(void)
{
	char *lines[4096], *all;
	size_t n = 0;

	listing.len = 0;
	if (nftw(".", list_one, 16, FTW_PHYS) ||
	    nftw("../tmp", list_one, 16, FTW_PHYS))
		die("cannot list %s: %s", root, strerror(errno));
	str(&listing);
	for (char *s = strtok((char *)listing.data, "\n"); s && n < 4096;
	     s = strtok(NULL, "\n"))
		lines[n++] = s;
	qsort(lines, n, sizeof(*lines), by_line);
	all = need(malloc(listing.len + 2));
	*all = '\0';
	for (size_t i = 0; i < n; i++)
		strcat(strcat(all, lines[i]), "\n");
	return all;
}

/* The first line that two listings do not share. */
static void compare_lists(const char *before, const char *after)
{
	const char *a = before, *b = after;
	struct buf text = BUF_INIT;

	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (!*a && !*b)
		return;
	while (a > before && a[-1] != '\n') {
		a--;
		b--;
	}
	put(&text, a, strcspn(a, "\n"));
	wrong("files are not as before; the first difference", str(&text), b);
	buf_release(&text);
}

static void spawn(char **argv, const char *input)
{
	if (!freopen(input, "r", stdin) || !freopen("../stdout", "w", stdout) ||
	    !freopen("../stderr", "w", stderr))
		_exit(126);
	alarm(SECONDS_MAX);
	execvp(argv[0], argv);
	_exit(127);
}

/* NAME=VALUE, of capitals: a variable in front of a command. */
static bool is_variable(const char *word)
{
	size_t n = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");

	return n && word[n] == '=';
}

/* Run the command line; its exit status, 128 and more for a signal. */
static int run(const char *line)
{
	char *argv[WORDS_MAX] = { NULL };
	struct buf word = BUF_INIT;
	char *input = NULL;
	size_t argc = 0, variables = 0;
	int status;
	pid_t child;

	while (next_word(&line, &word)) {
		if (*word.data == '<' && !input)
			input = copy((char *)word.data + 1, word.len - 1);
		else if (argc + 1 < WORDS_MAX)
			argv[argc++] = copy((char *)word.data, word.len);
	}
	buf_release(&word);
	fflush(NULL);
	child = fork();
	if (child < 0)
		die("cannot fork");
	if (!child) {
		while (argv[variables] && is_variable(argv[variables]))
			putenv(argv[variables++]);
		spawn(argv + variables, input ? input : "/dev/null");
	}
	if (waitpid(child, &status, 0) != child)
		die("cannot wait");
	for (size_t i = 0; i < argc; i++)
		mem_free(argv[i]);
	mem_free(input);
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

static void read_all(const char *path, struct buf *out)
{
	size_t len;
	char *data = slurp(path, &len);

	if (!data)
		die("cannot read %s: %s", path, strerror(errno));
	put(out, data, len);
	str(out);
	free(data);
}

/* ---- What holds for every case ---- */

/* Bytes that a terminal would obey. */
static void check_harmless(const char *what, const struct buf *b)
{
	const char *text = (const char *)b->data;
	struct buf shown = BUF_INIT;
	bool harmful = strlen(text) != b->len ||
		       !text_is_utf8(text, b->len, NULL);

	for (size_t i = 0; i < b->len; i++) {
		uint8_t c = b->data[i], after = b->data[i + 1];

		harmful |= (c < ' ' && c != '\n') || c == 0x7F;
		harmful |= c == 0xC2 && after >= 0x80 && after < 0xA0;
		if (c >= ' ' && c < 0x7F)
			put(&shown, &c, 1);
		else if (buf_printf(&shown, c == '\n' ? "\n" : "<%02x>", c))
			die("out of memory");
	}
	if (harmful)
		wrong(what, NULL, str(&shown));
	buf_release(&shown);
}

/* "error: ..." alone has to name what it is about, an option or a file. */
static void check_place(const char *line, size_t len)
{
	char text[2048];
	const char *message;

	snprintf(text, sizeof(text), "%.*s", (int)len, line);
	message = strstr(text, "error: ");
	if (!message)
		return;
	if (message == text && !strchr(text, '\'') && !strstr(text, "--") &&
	    !strstr(text, "setup_") && !strstr(text, "standard output"))
		wrong("a message without a place", NULL, text);
	message += strlen("error: ");
	if (!strncmp(message, "invalid", 7) || strlen(message) < 15)
		wrong("a message that says nothing", NULL, text);
}

static void check_lines(const char *text)
{
	for (size_t len; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		check_place(text, len);
	}
}

/* Take "usage: ...", and how it goes on, from the front of stderr. */
static void take_usage(struct buf *err)
{
	const char *text = (const char *)err->data;
	size_t len = 0;

	if (strncmp(text, "usage: ", 7) != 0) {
		wrong("wrong usage, but the usage is not shown", NULL, text);
		return;
	}
	do {
		len += strcspn(text + len, "\n");
		len += text[len] == '\n';
	} while (text[len] == ' ');
	memmove(err->data, err->data + len, err->len - len + 1);
	err->len -= len;
}

/* ---- A case ---- */

static void make_files(struct table *t, struct one *c)
{
	for (size_t i = 0; i < t->common.file_count; i++) {
		size_t own = 0;

		while (own < c->file_count &&
		       strcmp(c->files[own].name, t->common.files[i].name) != 0)
			own++;
		if (own == c->file_count)
			make_file(&t->common.files[i]);
	}
	for (size_t i = 0; i < c->file_count; i++)
		make_file(&c->files[i]);
}

static void prepare(struct table *t, struct one *c)
{
	static const char quiet[] = "set -e; exec >/dev/null 2>&1\n";
	struct buf script = BUF_INIT;

	if (chdir(root) || mkdir("work", 0755) || mkdir("tmp", 0755) ||
	    chdir("work"))
		die("cannot make %s/work", root);
	make_files(t, c);
	if (!c->prepare.len)
		return;
	put(&script, quiet, strlen(quiet));
	put(&script, c->prepare.data, c->prepare.len);
	if (system(str(&script)))
		wrong("what prepares for the case failed", NULL,
		      str(&c->prepare));
	buf_release(&script);
}

/* Run it; what it said is in out and err then. Returns the status. */
static int try(struct table *t, struct one *c, struct buf *out,
	       struct buf *err)
{
	char *before, *after;
	int status;

	prepare(t, c);
	before = list_all();
	status = run(str(&c->command));
	after = list_all();
	read_all("../stdout", out);
	read_all("../stderr", err);
	if (chdir(root))
		die("cannot go to %s", root);
	remove_tree("work");
	remove_tree("tmp");
	compare_lists(before, after);
	free(before);
	free(after);
	check_harmless("bytes on stderr that a terminal obeys", err);
	check_harmless("bytes on stdout that a terminal obeys", out);
	check_lines((char *)err->data);
	if (status == 2)
		take_usage(err);
	return status;
}

static void compare(struct one *c, int status, struct buf *out,
		    struct buf *err)
{
	char want[16], got[16];

	snprintf(want, sizeof(want), "%d", c->status);
	snprintf(got, sizeof(got), "%d", status);
	if (strcmp(str(&c->err), (char *)err->data) != 0)
		wrong("stderr", str(&c->err), (char *)err->data);
	if (strcmp(str(&c->out), (char *)out->data) != 0)
		wrong("stdout", str(&c->out), (char *)out->data);
	if (status != c->status)
		wrong("exit status", want, got);
	if (!status)
		wrong("bad input was taken", NULL, (char *)out->data);
}

static void report(const struct one *c)
{
	printf("%s - %s/%s\n", failure ? "not ok" : "ok", c->area, c->name);
	if (!failure)
		return;
	printf("#   %s\n", failure);
	str(&detail);
	for (char *s = strtok((char *)detail.data, "\n"); s;
	     s = strtok(NULL, "\n"))
		printf("#     %s\n", s);
	printf("#   repeat: BUILD=%s test/bad.sh %s/%s\n", getenv("BUILD"),
	       c->area, c->name);
}

/* The outcome, as an expectation. */
static void fill(const struct one *c, int status, const struct buf *out,
		 const struct buf *err)
{
	const char *s = (const char *)out->data;

	printf("> %d\n%s", status, (const char *)err->data);
	for (size_t len; *s; s += len + (s[len] == '\n')) {
		len = strcspn(s, "\n");
		printf("| %.*s\n", (int)len, s);
	}
	if (failure)
		fprintf(stderr, "%s/%s: %s: %s\n", c->area, c->name, failure,
			str(&detail));
}

static bool is_wanted(const struct one *c, char **names, size_t count)
{
	char name[512];

	snprintf(name, sizeof(name), "%s/%s", c->area, c->name);
	for (size_t i = 0; i < count; i++)
		if (!strcmp(names[i], name) || !strcmp(names[i], c->area))
			return true;
	return !count;
}

static size_t run_table(struct table *t, char **names, size_t count,
			bool filling, size_t *failed)
{
	size_t ran = 0, printed = 0;

	for (size_t i = 0; i < t->count; i++) {
		struct one *c = t->cases[i];
		struct buf out = BUF_INIT, err = BUF_INIT;
		bool open = c->status == -1;
		int status;

		if (!is_wanted(c, names, count) || (filling && !open))
			continue;
		if (c->not_root && !geteuid()) {
			fprintf(filling ? stderr : stdout, "# skipped: %s/%s: "
				"root may do it\n", c->area, c->name);
			continue;
		}
		failure = NULL;
		status = try(t, c, &out, &err);
		if (filling) {
			fwrite(t->text + printed, 1, c->fill_at - printed,
			       stdout);
			fill(c, status, &out, &err);
			printed = c->fill_at + strcspn(t->text + c->fill_at,
						       "\n") + 1;
		} else {
			compare(c, status, &out, &err);
			report(c);
		}
		*failed += failure != NULL;
		ran++;
		buf_release(&out);
		buf_release(&err);
	}
	if (filling)
		fwrite(t->text + printed, 1, t->len - printed, stdout);
	return ran;
}

int main(int argc, char **argv)
{
	static struct table tables[32];
	size_t count = 0, names = 0, ran = 0, failed = 0;
	bool filling = false;

	for (int i = 1; i < argc; i++) {
		size_t len = strlen(argv[i]);

		if (!strcmp(argv[i], "--fill"))
			filling = true;
		else if (len > 4 && !strcmp(argv[i] + len - 4, ".txt"))
			load_table(&tables[count++], argv[i]);
		else
			argv[names++] = argv[i];
	}
	if (!count || !getenv("BUILD"))
		die("usage: BUILD=DIR bad [--fill] TABLE.txt... [AREA/CASE...]");
	/* In memory if possible: batches are synced to disk. */
	snprintf(root, sizeof(root), "%s/nvsgen-bad-XXXXXX",
		 access("/dev/shm", W_OK | X_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(root))
		die("cannot make %s: %s", root, strerror(errno));
	setenv("TMPDIR", "../tmp", 1);
	setenv("HOME", "/nowhere", 1);
	for (size_t i = 0; i < count; i++)
		ran += run_table(&tables[i], argv, names, filling, &failed);
	if (chdir("/"))
		die("cannot leave %s", root);
	remove_tree(root);
	if (!filling)
		printf("1..%zu\n", ran);
	return failed || !ran;
}
