/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writeback.h - have files written to the disk while others are made.
 *
 * Left to itself, Linux keeps what a batch writes in memory for some seconds,
 * and the sync before publishing then waits for all of it at once. A thread
 * that syncs now and then has the disk at work meanwhile.
 */
#ifndef BATCH_WRITEBACK_H
#define BATCH_WRITEBACK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "err.h"

struct writeback {
	/* private */
	int fd;
	bool started;   /* or tried to; under the lock */
	bool running;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	size_t written; /* bytes since the last sync; under the lock */
	bool stop;      /* under the lock */
	int errnum;     /* of a sync that failed; the thread's until joined */
};

/* For the file system of fd, which stays the caller's. Needs a finish. */
void writeback_init(struct writeback *w, int fd);

/*
 * So many bytes more were written. From any thread. Where no thread can be
 * started to sync them, nothing happens early: that is no error.
 */
void writeback_note(struct writeback *w, size_t bytes);

/*
 * Wait for the thread's last sync. ERR_IO when one failed: the kernel tells
 * of a lost write once only, so a later sync may not. path is for the message.
 */
__attribute__((warn_unused_result))
int writeback_finish(struct writeback *w, const char *path, struct err *err);

#endif
