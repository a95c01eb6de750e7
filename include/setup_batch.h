/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setup_batch.h - the setup data of many HomeKit accessories: a batch whose
 * values are drawn and computed.
 *
 * 1. Setup codes, setup ids and salts are drawn, or read from a table; none
 *    of the codes and ids occurs twice. The verifiers are computed on all
 *    cores.
 * 2. What was drawn is written to <outdir>/.factory_nvs_gen-<prefix>.plan, so
 *    that a run that was stopped goes on with the same codes.
 * 3. The images are made as batch.h says, each with its label if wanted.
 * 4. <outdir>/setup-<prefix>.csv says which accessory has which code; then
 *    the plan is removed.
 *
 * That table has a line per accessory: id, setup_code, setup_id,
 * setup_payload, image, sha256. It, the plan and the labels are secrets, of
 * mode 0600.
 */
#ifndef SETUP_BATCH_H
#define SETUP_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "batch.h"
#include "homekit.h"

/* The most that one batch can have: codes and ids are unique in it. */
#define SETUP_BATCH_MAX 1000000u

struct setup_options {
	/*
	 * values is the table with the columns setup_code, setup_id and
	 * optionally salt ("-" is stdin), NULL when all is drawn; fileid is a
	 * column of it. conf, tables, checked, label and created are not
	 * looked at, nor is what selects rows.
	 */
	struct batch_options batch;
	size_t count;          /* accessories to draw, when values is NULL */
	const char *infile;    /* the maker's entries for all, or NULL */
	struct homekit_product product;
	bool labels;
};

/*
 * Returns and reports as batch_run() does. The table of codes that stands
 * there already is ERR_EXISTS unless overwrite is set, and so is a plan that
 * a run has left unless start says what to do with it.
 */
__attribute__((warn_unused_result))
int setup_batch_run(const struct setup_options *o,
		    struct batch_result *result);

#endif
