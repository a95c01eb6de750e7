/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ids.h - a set of device ids with the line each stands in.
 *
 * Made for a million of them: about the length of the id and 24 bytes each.
 */
#ifndef BATCH_IDS_H
#define BATCH_IDS_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

struct ids {
	struct buf texts;   /* of each: u32 line, id, NUL, padded to 4 */
	uint32_t *slots;    /* owned: where in texts / 4 + 1; 0 = free */
	size_t slot_count;  /* a power of two, or 0 */
	size_t count;
};

#define IDS_INIT { BUF_INIT, NULL, 0, 0 }

/*
 * Add an id. *line_there is 0 when it was new, else the line it was added
 * with before (and nothing changes). 0, ERR_NOMEM or ERR_RANGE (more than 16
 * GiB of ids).
 */
__attribute__((warn_unused_result))
int ids_add(struct ids *set, const char *id, uint32_t line,
	    uint32_t *line_there);

/* The line an id was added with, 0 when it is not there. */
uint32_t ids_find(const struct ids *set, const char *id);

/*
 * Go through all ids in the order of adding: *at is 0 before the first.
 * Returns the next id and its line, or NULL.
 */
const char *ids_next(const struct ids *set, size_t *at, uint32_t *line);

void ids_release(struct ids *set);

#endif
