/* SPDX-License-Identifier: Apache-2.0 */
/* name.h - what a device's files are called. */
#ifndef BATCH_NAME_H
#define BATCH_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

/* The files of a device. Their order is the one they are published in. */
enum name_kind {
	NAME_HMAC_KEY, /* keys/hmac-keys-STEM.bin */
	NAME_KEY,      /* keys/keys-STEM.bin */
	NAME_CSV,      /* csv/STEM.csv */
	NAME_BIN,      /* bin/STEM.bin */
	NAME_LABEL_PNG, /* labels/STEM.png */
	NAME_LABEL_SVG, /* labels/STEM.svg */
	NAME_KINDS
};

/* The directories they lie in, in the order they are published in. */
enum name_dir {
	NAME_DIR_KEYS, NAME_DIR_CSV, NAME_DIR_BIN,
	NAME_DIR_LABELS, /* the last: few batches have labels */
	NAME_DIRS
};
extern const char *const name_dirs[NAME_DIRS];
extern const enum name_dir name_dir_of[NAME_KINDS];

struct name_rule {
	const char *prefix;
	bool numbered;
	uint64_t first_number; /* of row 1 */
	unsigned width;
	const char *key_name;      /* instead of keys-STEM.bin, or NULL */
	const char *hmac_key_name; /* instead of hmac-keys-STEM.bin, or NULL */
};

/*
 * Whether a prefix or id can be part of a file name: not empty, not "." or
 * "..", no '/' and no control character. ERR_INPUT otherwise; what is the
 * word for it in the message.
 */
__attribute__((warn_unused_result))
int name_check_part(const char *part, const char *what, struct err *err);

/*
 * The stem of a device, replacing the contents of stem. id is NULL when
 * devices are called by their row, a number from 1. ERR_RANGE when a file
 * name would grow longer than the system permits.
 */
__attribute__((warn_unused_result))
int name_stem(const struct name_rule *rule, uint64_t row, const char *id,
	      struct buf *stem, struct err *err);

/*
 * The file name of a kind, without its directory, replacing the contents of
 * out, as a C string. 0 or ERR_NOMEM.
 */
__attribute__((warn_unused_result))
int name_file(const struct name_rule *rule, enum name_kind kind,
	      const char *stem, struct buf *out);

#endif
