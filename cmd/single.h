/* SPDX-License-Identifier: Apache-2.0 */
/*
 * single.h - what commands share that make one image from a CSV of their own
 * making, and leave both behind or neither.
 */
#ifndef SINGLE_H
#define SINGLE_H

#include <stddef.h>

#include "buf.h"
#include "cli.h"
#include "err.h"
#include "keycmd.h"

/* What is made, and where it goes. */
struct single {
	const char *name;       /* of the CSV, for messages */
	const struct buf *csv;
	const char *csv_path, *image_path;
	size_t size;            /* of the partition */
	unsigned version;       /* 1 or 2 */
	bool encrypt;
	struct key_options keys;
	const char *keys_outdir; /* keys/ is made there */
};

/*
 * Encode the CSV, encrypt if asked for, and write CSV, image and the key that
 * was made. Existing ones are replaced, but a key. Directories are made. All
 * that is wrong is printed; returns 0 or a negative enum err_code.
 */
int single_make(const struct single *s);

/* "true" or "false" in any case; NULL is false. Returns as cli_parse(). */
int single_truth(const struct cli_command *cmd, const char *name,
		 const char *text, bool *value);

/* "1", "2", "v1", "V2"; NULL is 2. Returns as cli_parse(). */
int single_version(const struct cli_command *cmd, const char *text,
		   unsigned *version);

/* Whether both names stand for the same existing file. */
bool single_same_file(const char *a, const char *b);

/* Warnings of the library, printed. */
extern const struct err_sink single_warnings;

#endif
