/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setup_tables.h - the setup data of accessories as configuration and values
 * table of a batch.
 *
 * The maker's entries are repeated values; setup_id, setup_salt and
 * setup_verifier are each accessory's own. The codes are not in there.
 */
#ifndef BATCH_SETUP_TABLES_H
#define BATCH_SETUP_TABLES_H

#include "batch.h"
#include "buf.h"
#include "err.h"
#include "homekit.h"
#include "plan.h"

struct setup_tables {
	struct buf conf;
	int values_fd;   /* an unnamed file; -1: none */
	/* the column that names the files; NULL: they are numbered */
	const char *name_column;
};

#define SETUP_TABLES_INIT { BUF_INIT, -1, NULL }
void setup_tables_release(struct setup_tables *t);

/*
 * Make both. The maker's entries (in, NULL when there are none) are checked
 * first, as they will be encoded: mistakes go to sink with their place in
 * name. Then the verifiers are computed, with o's jobs, progress and stop.
 * 0, or the code of what was reported.
 */
__attribute__((warn_unused_result))
int setup_tables_make(struct setup_tables *t, const struct batch_options *o,
		      const struct plan *plan, const struct homekit_infile *in,
		      const char *name, const struct err_sink *sink);

#endif
