/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define SECONDS_BETWEEN 0.2

void progress_init(struct progress *p, bool wanted)
{
	*p = (struct progress){ .on = wanted && isatty(STDERR_FILENO) };
}

static double seconds_since(const struct timespec *from,
			    const struct timespec *to)
{
	return (double)(to->tv_sec - from->tv_sec) +
	       (double)(to->tv_nsec - from->tv_nsec) / 1e9;
}

void progress_tell(struct progress *p, const char *phase, uint64_t done,
		   uint64_t total)
{
	struct timespec now;
	double elapsed, rate;

	if (!p->on)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (p->phase != phase) {
		p->phase = phase;
		p->start = p->last = now;
	}
	if (seconds_since(&p->last, &now) < SECONDS_BETWEEN)
		return;
	p->last = now;
	p->shown = true;
	elapsed = seconds_since(&p->start, &now);
	rate = (double)done / elapsed;
	fprintf(stderr, "\r\033[K%s %" PRIu64, phase, done);
	if (total)
		fprintf(stderr, " of %" PRIu64, total);
	fprintf(stderr, ", %.0f/s", rate);
	if (total && rate > 0)
		fprintf(stderr, ", %.0f s left", (double)(total - done) / rate);
	fflush(stderr);
}

void progress_clear(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}
