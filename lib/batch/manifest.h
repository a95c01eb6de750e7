/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.h - what a batch made, as a table with a row per device.
 *
 * Threads finish devices in any order, the table has them in the order of
 * the rows: each thread hands in the lines of a turn, and they are written
 * when those of all earlier turns are.
 */
#ifndef BATCH_MANIFEST_H
#define BATCH_MANIFEST_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "digest.h"
#include "err.h"

/* Columns, in the order of the file. */
enum manifest_column {
	MANIFEST_ID, MANIFEST_ROW,
	MANIFEST_BIN, MANIFEST_BIN_SHA256,
	MANIFEST_CSV, MANIFEST_CSV_SHA256,
	MANIFEST_KEYS, MANIFEST_KEYS_SHA256,
	MANIFEST_COLUMNS
};

/* What the header calls them; "offset" may follow. */
extern const char *const manifest_columns[MANIFEST_COLUMNS];

/* One file of a device. */
struct manifest_file {
	const char *dir;   /* "bin" ... */
	const char *name;  /* file name; NULL: the device has none */
	uint8_t sha256[DIGEST_SIZE]; /* all zero: not computed */
};

struct manifest_device {
	const char *id;    /* NULL: devices are called by their row */
	uint64_t row;      /* from 1 */
	struct manifest_file bin, csv, keys;
};

struct manifest_waiting;

struct manifest {
	int fd;            /* of the caller; -1: no manifest is made */
	bool offset_known;
	uint64_t offset;
	pthread_mutex_t lock;
	uint64_t next;     /* turn that is written next */
	struct buf text;   /* gathered, not written yet */
	struct manifest_waiting *waiting;
};

/* Start with the header line. The lock needs manifest_release(). */
__attribute__((warn_unused_result))
int manifest_init(struct manifest *m, int fd, bool offset_known,
		  uint64_t offset, struct err *err);
void manifest_release(struct manifest *m);

/* A device's line, appended to out. 0 or ERR_NOMEM. */
__attribute__((warn_unused_result))
int manifest_line(const struct manifest *m, const struct manifest_device *d,
		  struct buf *out);

/* The lines of a turn; each turn has to be handed in once, be it empty. */
__attribute__((warn_unused_result))
int manifest_put(struct manifest *m, uint64_t turn, const struct buf *lines,
		 struct err *err);

/* Write what is left. */
__attribute__((warn_unused_result))
int manifest_finish(struct manifest *m, struct err *err);

/*
 * Read a manifest from fd (from its start) and call visit for each of its
 * files, row by row in the order csv, bin, keys. sha256 is in hex, "" when
 * unknown.
 */
__attribute__((warn_unused_result))
int manifest_visit(int fd, int (*visit)(void *ctx, const char *path,
					const char *sha256, struct err *err),
		   void *ctx, struct err *err);

#endif
