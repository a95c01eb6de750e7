/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table_size.h - a partition's size out of a partition table: the options
 * --partition-table and --partition-table-offset.
 */
#ifndef TABLE_SIZE_H
#define TABLE_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct table_size {
	const char *table;  /* --partition-table, or NULL */
	const char *offset; /* --partition-table-offset, or NULL */
};

/* Lines for a table of struct cli_option. */
#define TABLE_SIZE_OPTIONS(t) \
	{ "partition-table", 0, CLI_TEXT, &(t)->table, "FILE", \
	  "partition table, CSV or binary: the size is then\n" \
	  "the name of a partition in it" }, \
	{ "partition-table-offset", 0, CLI_TEXT, &(t)->offset, "N", \
	  "where the table itself lies (default: 0x8000)" }

/* Where a partition lies in flash. */
struct table_place {
	bool known;      /* a table was given */
	uint32_t offset;
};

/*
 * The size that text stands for: a number, or with a table the name of an
 * NVS partition. Prints warnings; with encrypt also of the table's key
 * partition. The places in *err are valid as long as t's texts.
 */
__attribute__((warn_unused_result))
int table_size_get(const struct table_size *t, const char *text, bool encrypt,
		   size_t *size, struct table_place *place, struct err *err);

/* Print what to flash where: "0x110000 out/dev.bin". */
void table_size_print(const struct table_place *place, const char *image);

#endif
