/* SPDX-License-Identifier: Apache-2.0 */
/* manifest_index.h - a manifest read back: its rows by the names of images. */
#ifndef BATCH_MANIFEST_INDEX_H
#define BATCH_MANIFEST_INDEX_H

#include <stddef.h>

#include "err.h"
#include "manifest.h"

struct manifest_row {
	unsigned line;
	char *name;                 /* owned: of the image, no directory and
				       extension */
	char *text;                 /* owned: what cell points into */
	const char *cell[MANIFEST_COLUMNS];
	const char *offset;         /* the cell; only with such a column */
};

struct manifest_index {
	struct manifest_row *rows;  /* owned, in the order of their names */
	size_t count;
	/* private */
	size_t cap;
	size_t columns;             /* of the header */
	size_t offset;              /* which one that is; 0: none */
};

/*
 * Read a manifest. ERR_INPUT with file and line when it is none: a row does
 * not name "bin/NAME.bin" and "csv/NAME.csv" with the SHA-256 of both, the id
 * that NAME ends in and, in a column "offset", a place in flash, or names an
 * image that another row has named. On failure, too, index is to be released.
 */
__attribute__((warn_unused_result))
int manifest_index_read(struct manifest_index *index, const char *path,
			struct err *err);
void manifest_index_release(struct manifest_index *index);

/* The row of an image, or NULL. */
const struct manifest_row *
manifest_index_find(const struct manifest_index *index, const char *name);

#endif
