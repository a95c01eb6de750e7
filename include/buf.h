/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf.h - growable bytes, and the one door to the allocator.
 *
 * Every allocation of the libraries goes through mem_alloc()/mem_realloc(),
 * so that a test can make the n-th of them fail.
 */
#ifndef NVSGEN_BUF_H
#define NVSGEN_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data; /* owned; NULL while cap is 0 */
	size_t len;    /* bytes in use */
	size_t cap;    /* bytes allocated */
};

#define BUF_INIT { NULL, 0, 0 }

/*
 * Make room for extra more bytes behind len. 0, or ERR_NOMEM: unchanged. What
 * is moved leaves no copy behind.
 */
__attribute__((warn_unused_result))
int buf_grow(struct buf *b, size_t extra);

/* The same, quick when there is room already, as there mostly is. */
__attribute__((warn_unused_result))
static inline int buf_reserve(struct buf *b, size_t extra)
{
	return extra <= b->cap - b->len ? 0 : buf_grow(b, extra);
}

/* Append. 0, or ERR_NOMEM: unchanged. n may be 0, then p may be NULL. */
__attribute__((warn_unused_result))
int buf_append(struct buf *b, const void *p, size_t n);

/* Append a string without its NUL; or one byte. */
__attribute__((warn_unused_result))
int buf_puts(struct buf *b, const char *s);
__attribute__((warn_unused_result))
int buf_putc(struct buf *b, uint8_t c);

/* Append formatted text, without a NUL. */
__attribute__((warn_unused_result, format(printf, 2, 3)))
int buf_printf(struct buf *b, const char *fmt, ...);

/*
 * The contents as a C string: writes a NUL behind len (which does not count
 * it). NULL when there is no memory. Valid until the next change of b.
 */
char *buf_str(struct buf *b);

/* Free; b is then as after BUF_INIT. */
void buf_release(struct buf *b);

/* Overwrite all cap bytes with zeros, then free: for secrets. */
void buf_wipe(struct buf *b);

/* Overwrite n bytes at p in a way the compiler may not remove. */
void mem_wipe(void *p, size_t n);

/*
 * malloc, zeroed array and realloc; NULL when out of memory or when
 * count * size overflows. Freed with mem_free().
 */
void *mem_alloc(size_t n);
void *mem_array(size_t count, size_t size);
void *mem_realloc(void *p, size_t n);
void mem_free(void *p);

/*
 * The array with room for so many elements of size bytes: moved if it has room
 * for *cap only, which is updated. What is moved leaves no copy behind. NULL
 * when out of memory: the array is as it was. One that is NULL is allocated,
 * even for no element.
 */
void *mem_grow(void *array, size_t need, size_t *cap, size_t size);

/* A NUL-terminated copy of n bytes, or NULL. */
char *mem_strndup(const char *s, size_t n);

/*
 * For tests: replace realloc(3), which all of the above end in. NULL puts
 * the real one back. Not thread-safe; call it while nothing else runs.
 */
void mem_set_realloc(void *(*fn)(void *p, size_t n));

#endif
