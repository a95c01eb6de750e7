/* SPDX-License-Identifier: Apache-2.0 */
/* inputs.h - opening what a batch is made from. */
#ifndef BATCH_INPUTS_H
#define BATCH_INPUTS_H

#include <stdatomic.h>

#include "buf.h"
#include "err.h"
#include "ids.h"

/*
 * Open a file for reading; "-" is stdin. -1 with *err filled on failure. The
 * caller closes it.
 */
int inputs_open(const char *path, struct err *err);

/* The whole configuration, which has to be called .csv. */
__attribute__((warn_unused_result))
int inputs_read_conf(const char *path, struct buf *conf, struct err *err);

/*
 * The values table, open for reading and seekable: a .csv file, or anything
 * else that can be read ("-" is stdin), which is spooled to an unnamed
 * temporary file, since a table is read twice. *stop ends the spooling.
 */
__attribute__((warn_unused_result))
int inputs_open_values(const char *path, const atomic_int *stop, int *fd,
		       struct err *err);

/*
 * An unnamed temporary file, mode 0600, open for reading and writing; -1 with
 * *err filled on failure.
 */
int inputs_open_spool(struct err *err);

/* The directory that it is in: TMPDIR, or /tmp. */
const char *inputs_spool_dir(void);

/* "cannot <what> a temporary file in '<directory>': <reason>" */
int inputs_spool_failed(int errnum, const char *what, struct err *err);

/*
 * A list of ids, one per line, at least one; blank lines are skipped. "-" is
 * stdin.
 */
__attribute__((warn_unused_result))
int inputs_read_ids(const char *path, struct ids *ids, struct err *err);

/*
 * The path of the expanded table of a values table, as a C string in out:
 * VALUES_created.csv beside it, or in outdir/csv when it came through a pipe.
 * 0 or ERR_NOMEM.
 */
__attribute__((warn_unused_result))
int inputs_name_expanded(const char *values, const char *outdir,
			 struct buf *out, struct err *err);

#endif
