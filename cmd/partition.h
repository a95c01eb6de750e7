/* SPDX-License-Identifier: Apache-2.0 */
/*
 * partition.h - the partition as it is given on a command line: a size, or,
 * with a partition table, a name.
 */
#ifndef PARTITION_H
#define PARTITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli.h"
#include "err.h"

struct partition_options {
	const char *table;        /* path of the partition table, or NULL */
	const char *table_offset; /* where the table lies in flash, or NULL */
};

/* Lines for a table of struct cli_option. */
#define PARTITION_OPTIONS(p) \
	{ "partition-table", 0, CLI_ADDED | CLI_TEXT, &(p)->table, "FILE", \
	  "partition table, CSV or binary: then size may be\n" \
	  "the name of a partition in it" }, \
	{ "partition-table-offset", 0, CLI_ADDED | CLI_TEXT, \
	  &(p)->table_offset, "N", \
	  "where that table lies in flash (default: 0x8000)" }

struct partition_place {
	size_t size;           /* bytes */
	bool has_offset;       /* it was found in a table */
	uint32_t offset;       /* in flash, bytes */
	bool read_only_known;  /* flagged readonly in the table */
};

/*
 * Find out size and place. text is a size in decimal or 0x hex, a multiple of
 * 4096, or a name. Warnings about the table are printed; encrypted: also when
 * it has no fit place for the key. ERR_USAGE: text is no size; ERR_INPUT and
 * others: what is wrong with the table or the partition.
 */
__attribute__((warn_unused_result))
int partition_find(const struct partition_options *o, const char *text,
		   bool encrypted, struct partition_place *place,
		   struct err *err);

/*
 * Say on stderr what a partition of less than 0x3000 bytes is good for,
 * unless the table flags it already.
 */
void partition_note_read_only(const struct partition_place *place);

/* Print what to flash where, "0x110000 out/dev.bin", if that is known. */
void partition_print_flash(const struct partition_place *place,
			   const char *image);

#endif
