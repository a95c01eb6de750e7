/* SPDX-License-Identifier: Apache-2.0 */
/*
 * findings.h - the mistakes that the threads of a batch find, put in order.
 *
 * The first BATCH_ERRORS_SHOWN by place are kept, whatever thread found them
 * when, so that the report does not depend on the number of threads. One and
 * the same mistake (a repeated value is everyone's) counts once.
 */
#ifndef BATCH_FINDINGS_H
#define BATCH_FINDINGS_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "batch.h"
#include "err.h"

struct findings {
	pthread_mutex_t lock;
	struct err kept[BATCH_ERRORS_SHOWN];
	unsigned count;   /* of kept */
	uint64_t total;
	uint64_t *seen;   /* owned: hashes of all, kept or not; 0 = free */
	size_t slots;     /* of seen: a power of two, or 0 */
	size_t seen_count;
	bool no_memory;   /* that it ran out is said once */
	const char *conf; /* file that sorts before all others */
};

void findings_init(struct findings *f, const char *conf);
void findings_release(struct findings *f);

/* A sink that adds to f; from any thread. */
struct err_sink findings_sink(struct findings *f);

/*
 * Hand all that was kept to sink, in order. Returns the first one's code, 0
 * when there is none. *more is how many were not kept.
 */
int findings_report(struct findings *f, const struct err_sink *sink,
		    uint64_t *more);

#endif
