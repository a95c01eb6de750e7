/* SPDX-License-Identifier: Apache-2.0 */
/*
 * single.h - one image: what commands share that encode CSVs, encrypt, and
 * leave all of their files behind or none.
 */
#ifndef SINGLE_H
#define SINGLE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "cli.h"
#include "err.h"
#include "keycmd.h"

/* What is made, and where it goes. */
struct single {
	const struct cli_command *cmd; /* for wrong usage */
	const char *const *inputs; /* CSV files that make the image, or: */
	size_t input_count;
	const struct buf *csv;  /* a CSV that the command has made, */
	const char *csv_path;   /* which is written there */
	const char *name;       /* of it, for messages */
	/*
	 * NULL, or where the user finds what stands there in the CSV: changes
	 * a place in it to one in a file that is there.
	 */
	void (*find_source)(const void *ctx, struct pos *pos);
	const void *ctx;

	bool secret;            /* it is a secret: it, and an image that is
				   not encrypted, are for their owner only */

	const char *image_path;
	size_t size;            /* of the partition */
	const char *size_source; /* the partition table it is from, or NULL */
	unsigned version;       /* 1 or 2 */
	bool encrypt;
	struct key_options keys;
	const char *keys_outdir; /* keys/ is made there */
};

/*
 * Encode, encrypt if asked for, and write CSV, image and the key that was
 * made. Existing ones are replaced, but a key. Directories are made. All that
 * is wrong is printed; returns 0 or a negative enum err_code.
 */
int single_make(const struct single *s);

/* Exit status of a command that ended with that code. */
int single_status(int code);

/*
 * ERR_EXISTS when a file that is made would take the place of one that is
 * needed. Either may be NULL.
 */
__attribute__((warn_unused_result))
int single_refuse_same(const char *made, const char *other, struct err *err);

#endif
