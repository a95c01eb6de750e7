/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h - one line on a terminal: done, rate, time left. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct progress {
	bool on;
	bool shown;            /* a line stands on the terminal */
	const char *phase;     /* the one that is running */
	struct timespec start; /* of the phase */
	struct timespec last;  /* when the line was drawn */
};

/* On when stderr is a terminal and wanted says so. */
void progress_init(struct progress *p, bool wanted);

/* total 0: not known yet. Draws at most five times a second. */
void progress_tell(struct progress *p, const char *phase, uint64_t done,
		   uint64_t total);

/* Wipe the line, before something else is printed. */
void progress_clear(struct progress *p);

#endif
