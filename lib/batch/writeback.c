/* SPDX-License-Identifier: Apache-2.0 */
#include "writeback.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

/* Enough to keep a disk busy, and to be worth a sync of its own. */
#define ENOUGH ((size_t)16 << 20)

/* Wait until there is enough to write; false: it is over. */
static bool wait_for_work(struct writeback *w)
{
	bool stop;

	pthread_mutex_lock(&w->lock);
	while (!w->stop && w->written < ENOUGH)
		pthread_cond_wait(&w->wake, &w->lock);
	w->written = 0;
	stop = w->stop;
	pthread_mutex_unlock(&w->lock);
	return !stop;
}

static void *run(void *ctx)
{
	struct writeback *w = ctx;

	while (!w->errnum && wait_for_work(w))
		if (syncfs(w->fd))
			w->errnum = errno;
	return NULL;
}

void writeback_init(struct writeback *w, int fd)
{
	*w = (struct writeback){ .fd = fd };
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
}

/* Under the lock. A small batch never comes here, and needs no thread. */
static void start(struct writeback *w)
{
	sigset_t all, before;

	/* Signals are for the threads that look whether to stop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	w->running = !pthread_create(&w->thread, NULL, run, w);
	w->started = true;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void writeback_note(struct writeback *w, size_t bytes)
{
	pthread_mutex_lock(&w->lock);
	w->written += bytes;
	if (w->written >= ENOUGH && !w->started)
		start(w);
	else if (w->written >= ENOUGH)
		pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

int writeback_finish(struct writeback *w, const char *path, struct err *err)
{
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	if (w->running)
		pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	return w->errnum ? err_io(err, w->errnum,
				  "cannot write to the disk of", path) : 0;
}
