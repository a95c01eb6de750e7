/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit.h - what the unit tests share: bytes written as hex, a scratch
 * directory, a sink that keeps what was reported.
 */
#ifndef TEST_UNIT_H
#define TEST_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "buf.h"
#include "err.h"

/* A byte that no result has by itself, to be found again behind it. */
#define SENTINEL 0xA5u

/* Fails where a test's own preparation fails. */
#define must(done) assert_int_equal(done, 0)

/* The bytes that hex digits stand for; blanks between them are skipped. */
static inline size_t unhex(const char *hex, uint8_t *out, size_t size)
{
	size_t n = 0;

	for (; *hex; hex++) {
		unsigned v;

		if (*hex == ' ')
			continue;
		assert_int_equal(sscanf(hex, "%2x", &v), 1);
		assert_true(n < size);
		out[n++] = (uint8_t)v;
		hex++;
	}
	return n;
}

/* n bytes at p are those the hex digits stand for. */
static inline void assert_hex(const void *p, size_t n, const char *hex)
{
	static uint8_t want[8192];

	assert_int_equal(n, unhex(hex, want, sizeof(want)));
	assert_memory_equal(p, want, n);
}

/* All n bytes at p are value. */
static inline void assert_all(const uint8_t *p, size_t n, unsigned value)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != value)
			fail_msg("byte %zu of %zu is 0x%02x, not 0x%02x", i, n,
				 p[i], value);
}

static inline void assert_buf(const struct buf *b, const char *text)
{
	assert_int_equal(b->len, strlen(text));
	if (b->len)
		assert_memory_equal(b->data, text, b->len);
}

/* ---- Failures ---- */

#define assert_err(e, want_code, want_msg) do { \
	assert_int_equal((e)->code, want_code); \
	assert_string_equal((e)->msg, want_msg); \
} while (0)

/* What was reported, as "file:line:col: error: message" lines. */
struct reports {
	unsigned count;
	enum err_code first;
	char text[16384];
};

static inline void keep_report(void *ctx, const struct err *e)
{
	struct reports *r = ctx;
	size_t n = strlen(r->text);
	char line[ERR_TEXT_MAX];

	if (!r->count++)
		r->first = e->code;
	snprintf(r->text + n, sizeof(r->text) - n, "%s\n",
		 err_format(e, "error", line, sizeof(line)));
}

static inline struct err_sink reports_sink(struct reports *r)
{
	*r = (struct reports){ 0 };
	return (struct err_sink){ keep_report, r };
}

/* ---- Files ---- */

static inline char *scratch(void)
{
	static char path[64];

	return path;
}

/*
 * A group's setup: a scratch directory, which becomes the working one; in
 * memory where that can be had, since a test may sync a thousand times.
 */
static inline int enter_scratch(void **state)
{
	(void)state;
	snprintf(scratch(), 64, "%s/nvsgen-unit-XXXXXX",
		 access("/dev/shm", W_OK | X_OK) ? "/tmp" : "/dev/shm");
	return !mkdtemp(scratch()) || chdir(scratch());
}

/* Remove everything below the working directory. */
static inline void empty_scratch(void)
{
	assert_non_null(strstr(scratch(), "/nvsgen-unit-"));
	must(chdir(scratch()));
	must(system("find . -mindepth 1 -delete"));
}

static inline int leave_scratch(void **state)
{
	(void)state;
	empty_scratch();
	return chdir("/") || rmdir(scratch());
}

static inline void put_bytes_in(const char *path, const void *p, size_t n)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	must(fclose(f));
}

static inline void put_text_in(const char *path, const char *text)
{
	put_bytes_in(path, text, strlen(text));
}

/* How many bytes a file has; its first ones are in out[size]. */
static inline size_t get_bytes_of(const char *path, void *out, size_t size)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	assert_non_null(f);
	n = fread(out, 1, size, f);
	must(fclose(f));
	return n;
}

static inline void assert_file(const char *path, const char *text)
{
	static char found[65536];
	size_t n = get_bytes_of(path, found, sizeof(found) - 1);

	found[n] = '\0';
	assert_string_equal(found, text);
}

static inline int is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static inline unsigned mode_of(const char *path)
{
	struct stat st;

	must(lstat(path, &st));
	return st.st_mode & 07777u;
}

#endif
