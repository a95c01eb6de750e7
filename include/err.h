/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.h - how every layer says what went wrong.
 *
 * A fallible function returns 0, or a negative enum err_code, and describes
 * the failure in a struct err that the caller owns. The first failure wins:
 * filling a struct err that is already filled changes nothing. Success leaves
 * it untouched, so a caller sets it to ERR_INIT once.
 *
 * Whoever knows the place adds it: a decoder that only sees bytes fills the
 * message, the layer that knows the cell adds file, line and column with
 * err_place(). Nothing here prints.
 */
#ifndef NVSGEN_ERR_H
#define NVSGEN_ERR_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

enum err_code {
	ERR_NONE = 0,
	ERR_USAGE = -1,       /* the command line makes no sense */
	ERR_INPUT = -2,       /* malformed input: syntax, spelling, encoding */
	ERR_RANGE = -3,       /* well formed, but outside the permitted range */
	ERR_FULL = -4,        /* does not fit the partition */
	ERR_DUPLICATE = -5,   /* a name, key or id that is there already */
	ERR_EXISTS = -6,      /* an output that is there already */
	ERR_IO = -7,          /* the operating system refused; errnum tells why */
	ERR_NOMEM = -8,       /* out of memory */
	ERR_CRYPTO = -9,      /* a cipher, hash or random source failed */
	ERR_KEY = -10,        /* a key file or key that is unsound or does not fit */
	ERR_DAMAGED = -11,    /* an image that is not sound */
	ERR_INTERRUPTED = -12 /* the caller asked to stop */
};

/* A place in a text file. file is borrowed: it has to outlive the pos. */
struct pos {
	const char *file;  /* as the user typed it; NULL = unknown */
	unsigned line;     /* from 1; 0 = unknown */
	unsigned col;      /* in characters, from 1; 0 = unknown */
};

struct err {
	enum err_code code; /* ERR_NONE while nothing has failed */
	int errnum;         /* errno of an ERR_IO, else 0 */
	struct pos pos;     /* where in a text file; pos.file is borrowed */
	int64_t off;        /* byte offset in an image; -1 = none */
	char msg[400];      /* what and why; no place in it. UTF-8; control
			       characters and other bytes are \xNN in it */
};

#define ERR_INIT { .code = ERR_NONE, .off = -1 }

/* Room that err_format() needs to show every struct err whole. */
#define ERR_TEXT_MAX 1024

/*
 * A consumer of findings, for passes that go on after the first failure.
 * The struct err is valid during the call only.
 */
struct err_sink {
	void (*report)(void *ctx, const struct err *e);
	void *ctx;
};

/* Fill *e, unless it is filled; return code. e may be NULL. */
__attribute__((format(printf, 3, 4)))
int err_set(struct err *e, enum err_code code, const char *fmt, ...);

/* The same with a place. */
__attribute__((format(printf, 4, 5)))
int err_at(struct err *e, const struct pos *pos, enum err_code code,
	   const char *fmt, ...);

__attribute__((format(printf, 4, 0)))
int err_vat(struct err *e, const struct pos *pos, enum err_code code,
	    const char *fmt, va_list ap);

/*
 * An operating system failure: "<what> '<path>': <reason>"; errnum is the
 * errno of the failed call. Returns ERR_IO, or ERR_EXISTS for EEXIST, or
 * ERR_NOMEM for ENOMEM.
 */
int err_io(struct err *e, int errnum, const char *what, const char *path);

/* Out of memory. Returns ERR_NOMEM. */
int err_nomem(struct err *e);

/*
 * Add a place to a filled *e that has none yet. Returns e->code; with e NULL,
 * ERR_NONE: who passes that on as a result needs a struct err.
 */
int err_place(struct err *e, const struct pos *pos);

/*
 * Put "<context>: " in front of the message of a filled *e. Returns as
 * err_place() does. A message that grows too long has "..." for its end.
 */
__attribute__((format(printf, 2, 3)))
int err_context(struct err *e, const char *fmt, ...);

/*
 * Put more behind the message of a filled *e: what to do about it. Returns as
 * err_place() does.
 */
__attribute__((format(printf, 2, 3)))
int err_more(struct err *e, const char *fmt, ...);

/*
 * Hand a filled *e to sink and forget it; *first becomes its code unless it is
 * one already. For passes that go on after a mistake. Nothing when *e is not
 * filled.
 */
void err_report(struct err *e, const struct err_sink *sink, int *first);

/* Forget a failure that was dealt with. */
void err_clear(struct err *e);

/*
 * "file:line:col: error: msg", leaving out what is unknown, into out[size],
 * always NUL-terminated. severity is the word after the place. Returns out.
 */
char *err_format(const struct err *e, const char *severity, char *out,
		 size_t size);

#endif
