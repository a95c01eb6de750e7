/* SPDX-License-Identifier: Apache-2.0 */
#include "findings.h"

#include <string.h>

void findings_init(struct findings *f, const char *conf)
{
	*f = (struct findings){ .conf = conf };
	pthread_mutex_init(&f->lock, NULL);
}

void findings_release(struct findings *f)
{
	pthread_mutex_destroy(&f->lock);
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

static void add(struct findings *f, const struct err *e)
{
	unsigned i = 0;

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
