/* SPDX-License-Identifier: Apache-2.0 */
/* record.h - a manifest read back. */
#ifndef BATCH_RECORD_H
#define BATCH_RECORD_H

#include <stddef.h>

#include "err.h"

/* Columns, in the order of the file. */
enum record_column {
	RECORD_ID, RECORD_ROW,
	RECORD_BIN, RECORD_BIN_SHA256,
	RECORD_CSV, RECORD_CSV_SHA256,
	RECORD_KEYS, RECORD_KEYS_SHA256,
	RECORD_COLUMNS
};

/* What the header calls them; "offset" may follow. */
extern const char *const record_columns[RECORD_COLUMNS];

struct record_row {
	unsigned line;
	char *name;                 /* owned: of the image, no directory and
				       extension */
	char *text;                 /* owned: what cell points into */
	const char *cell[RECORD_COLUMNS];
	const char *offset;         /* the cell; only with such a column */
};

struct record {
	struct record_row *rows;    /* owned, in the order of their names */
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
 * image that another row has named. On failure, too, r is to be
 * released.
 */
__attribute__((warn_unused_result))
int record_read(struct record *r, const char *path, struct err *err);
void record_release(struct record *r);

/* The row of an image, or NULL. */
const struct record_row *record_find(const struct record *r,
				     const char *name);

#endif
