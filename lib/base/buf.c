/* SPDX-License-Identifier: Apache-2.0 */
#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"

static void *(*realloc_fn)(void *, size_t) = realloc;

void mem_set_realloc(void *(*fn)(void *p, size_t n))
{
	realloc_fn = fn ? fn : realloc;
}

void *mem_realloc(void *p, size_t n)
{
	return realloc_fn(p, n ? n : 1);
}

void *mem_alloc(size_t n)
{
	return mem_realloc(NULL, n);
}

void *mem_array(size_t count, size_t size)
{
	void *p;

	if (size && count > SIZE_MAX / size)
		return NULL;
	p = mem_alloc(count * size);
	if (p)
		memset(p, 0, count * size);
	return p;
}

void *mem_grow(void *array, size_t need, size_t *cap, size_t size)
{
	size_t had = array ? *cap : 0, more = had ? had : 16;
	void *p;

	if (array && need <= had)
		return array;
	if (need > SIZE_MAX / 2 / size)
		return NULL;
	while (more < need)
		more *= 2;
	p = mem_alloc(more * size);
	if (!p)
		return NULL;
	if (array)
		memcpy(p, array, had * size);
	mem_wipe(array, had * size);
	mem_free(array);
	*cap = more;
	return p;
}

void mem_free(void *p)
{
	free(p);
}

char *mem_strndup(const char *s, size_t n)
{
	char *copy = mem_alloc(n + 1);

	if (copy) {
		memcpy(copy, s, n);
		copy[n] = '\0';
	}
	return copy;
}

void mem_wipe(void *p, size_t n)
{
	if (p)
		explicit_bzero(p, n);
}

int buf_grow(struct buf *b, size_t extra)
{
	size_t want, cap;
	uint8_t *p;

	if (extra <= b->cap - b->len)
		return 0;
	if (extra > SIZE_MAX / 2 - b->len)
		return ERR_NOMEM;
	want = b->len + extra;
	cap = b->cap ? b->cap : 64;
	while (cap < want)
		cap *= 2;
	/* Not realloc(), which may leave a copy of a secret behind. */
	p = mem_alloc(cap);
	if (!p)
		return ERR_NOMEM;
	if (b->len)
		memcpy(p, b->data, b->len);
	mem_wipe(b->data, b->cap);
	mem_free(b->data);
	b->data = p;
	b->cap = cap;
	return 0;
}

int buf_append(struct buf *b, const void *p, size_t n)
{
	if (!n)
		return 0;
	if (buf_reserve(b, n))
		return ERR_NOMEM;
	memcpy(b->data + b->len, p, n);
	b->len += n;
	return 0;
}

int buf_puts(struct buf *b, const char *s)
{
	return buf_append(b, s, strlen(s));
}

int buf_putc(struct buf *b, uint8_t c)
{
	return buf_append(b, &c, 1);
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || buf_reserve(b, (size_t)n + 1))
		return ERR_NOMEM;
	va_start(ap, fmt);
	vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return 0;
}

char *buf_str(struct buf *b)
{
	if (buf_reserve(b, 1))
		return NULL;
	b->data[b->len] = '\0';
	return (char *)b->data;
}

void buf_release(struct buf *b)
{
	mem_free(b->data);
	*b = (struct buf)BUF_INIT;
}

void buf_wipe(struct buf *b)
{
	mem_wipe(b->data, b->cap);
	buf_release(b);
}
