/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fingerprint.h - what a batch is made from, as one number, so that a resumed
 * run can tell whether it makes the same.
 */
#ifndef BATCH_FINGERPRINT_H
#define BATCH_FINGERPRINT_H

#include "batch.h"
#include "buf.h"
#include "digest.h"
#include "ids.h"

/*
 * All that decides which files come out, but for the values table: options,
 * configuration, keys, the list of wanted ids.
 */
void fingerprint_start(struct digest *d, const struct batch_options *o,
		       const struct buf *conf, const struct ids *only);

/* A csv_tap_fn that adds the values table; ctx is the struct digest. */
void fingerprint_tap(void *ctx, const void *p, size_t n);

#endif
