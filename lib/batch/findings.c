/* SPDX-License-Identifier: Apache-2.0 */
#include "findings.h"

#include <stdbool.h>
#include <string.h>

#include "buf.h"

#define FIRST_SLOTS 64u

void findings_init(struct findings *f, const char *conf)
{
	*f = (struct findings){ .conf = conf };
	pthread_mutex_init(&f->lock, NULL);
}

void findings_release(struct findings *f)
{
	pthread_mutex_destroy(&f->lock);
	mem_free(f->seen);
	f->seen = NULL;
}

static int file_rank(const struct findings *f, const struct err *e)
{
	return !e->pos.file ? 2 : e->pos.file == f->conf ? 0 : 1;
}

static int compare(const struct findings *f, const struct err *a,
		   const struct err *b)
{
	int by_file = file_rank(f, a) - file_rank(f, b);

	if (by_file)
		return by_file;
	if (a->pos.line != b->pos.line)
		return a->pos.line < b->pos.line ? -1 : 1;
	if (a->pos.col != b->pos.col)
		return a->pos.col < b->pos.col ? -1 : 1;
	return strcmp(a->msg, b->msg);
}

/* Place and message as a number, which is never 0. */
static uint64_t hash(const struct findings *f, const struct err *e)
{
	const uint64_t prime = UINT64_C(1099511628211); /* FNV-1a */
	uint64_t h = UINT64_C(14695981039346656037);

	h = (h ^ (uint64_t)file_rank(f, e)) * prime;
	h = (h ^ e->pos.line) * prime;
	h = (h ^ e->pos.col) * prime;
	for (const char *c = e->msg; *c; c++)
		h = (h ^ (uint8_t)*c) * prime;
	h ^= h >> 32;
	return h ? h : 1;
}

/* The slot that holds the hash, or the free one where it would go. */
static uint64_t *find(uint64_t *seen, size_t slots, uint64_t h)
{
	size_t i = h & (slots - 1);

	while (seen[i] && seen[i] != h)
		i = (i + 1) & (slots - 1);
	return &seen[i];
}

static bool grow(struct findings *f)
{
	size_t slots = f->slots ? 2 * f->slots : FIRST_SLOTS;
	uint64_t *seen = mem_array(slots, sizeof(*seen));

	if (!seen)
		return false;
	for (size_t i = 0; i < f->slots; i++)
		if (f->seen[i])
			*find(seen, slots, f->seen[i]) = f->seen[i];
	mem_free(f->seen);
	f->seen = seen;
	f->slots = slots;
	return true;
}

/* Whether it was there before. Without memory the count may be too high. */
static bool was_seen(struct findings *f, const struct err *e)
{
	uint64_t h = hash(f, e), *slot;

	if (2 * f->seen_count >= f->slots && !grow(f))
		return false;
	slot = find(f->seen, f->slots, h);
	if (*slot)
		return true;
	*slot = h;
	f->seen_count++;
	return false;
}

static void add(struct findings *f, const struct err *e)
{
	unsigned i = 0;

	/* Where memory ran out first is chance, and it does all over. */
	if (e->code == ERR_NOMEM) {
		if (f->no_memory)
			return;
		f->no_memory = true;
	}
	if (was_seen(f, e))
		return;
	while (i < f->count && compare(f, &f->kept[i], e) < 0)
		i++;
	if (i < f->count && !compare(f, &f->kept[i], e))
		return;
	f->total++;
	if (i == BATCH_ERRORS_SHOWN)
		return;
	if (f->count < BATCH_ERRORS_SHOWN)
		f->count++;
	memmove(&f->kept[i + 1], &f->kept[i],
		(f->count - 1 - i) * sizeof(*f->kept));
	f->kept[i] = *e;
}

static void report(void *ctx, const struct err *e)
{
	struct findings *f = ctx;

	pthread_mutex_lock(&f->lock);
	add(f, e);
	pthread_mutex_unlock(&f->lock);
}

struct err_sink findings_sink(struct findings *f)
{
	return (struct err_sink){ .report = report, .ctx = f };
}

int findings_report(struct findings *f, const struct err_sink *sink,
		    uint64_t *more)
{
	for (unsigned i = 0; i < f->count; i++)
		sink->report(sink->ctx, &f->kept[i]);
	*more = f->total - f->count;
	return f->count ? f->kept[0].code : 0;
}
