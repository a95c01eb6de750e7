/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view_blobs.h - the blobs of version 2 in a view: which chunks are whose, and
 * which are nobody's.
 */
#ifndef VIEW_BLOBS_H
#define VIEW_BLOBS_H

#include "view.h"

struct view_chunk {
	const uint8_t *bytes; /* its entry */
	unsigned children;
	unsigned slot;        /* chunk index less the blob's first one */
	size_t group;         /* while sorting */
	size_t place;
};

struct view_blob {
	const uint8_t *index;  /* the entry that announces it */
	struct view_chunk *chunks; /* by slot, one each; into view_blobs */
	size_t chunk_count;
	size_t place;
};

/* A Written chunk that belongs to no slot of a blob. */
struct view_stray {
	const uint8_t *bytes;
	bool out_of_range; /* there is a blob of its name; else there is none */
};

struct view_blobs {
	struct view_blob *blobs; /* in order of first sight */
	size_t blob_count;
	struct view_chunk *chunks;
	size_t chunk_count;
	struct view_stray *strays; /* in the order of the image */
	size_t stray_count;
};

/* 0 or ERR_NOMEM. Release in any case. */
__attribute__((warn_unused_result))
int view_blobs_init(struct view_blobs *b, const struct view *v,
		    struct err *err);
void view_blobs_release(struct view_blobs *b);

#endif
