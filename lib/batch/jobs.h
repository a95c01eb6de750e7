/* SPDX-License-Identifier: Apache-2.0 */
/* jobs.h - the same work in several threads. */
#ifndef BATCH_JOBS_H
#define BATCH_JOBS_H

/* In how many threads jobs_run() works, the calling one included. */
unsigned jobs_threads(unsigned jobs);

/*
 * Run work(ctx) in so many threads (0: one per processor we may use), of
 * which the calling one is one, and wait for all. Where no thread can be
 * started, the calling one does it all.
 */
void jobs_run(unsigned jobs, void *(*work)(void *ctx), void *ctx);

#endif
