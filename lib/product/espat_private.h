/* SPDX-License-Identifier: Apache-2.0 */
/* espat_private.h - what the sources of the ESP-AT project share. */
#ifndef ESPAT_PRIVATE_H
#define ESPAT_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "csv_table.h"
#include "espat.h"

/* Below the project's directory. */
#define ESPAT_RAW_DATA "components/customized_partitions/raw_data"

/* No file of such a tree comes near it. */
#define ESPAT_FILE_MAX (16u << 20)

/* A line of the dependency file whose option is on. */
struct espat_feature {
	char *directory;
	unsigned line;
	bool exists; /* below raw_data */
};

/* key, type, encoding, value */
#define ESPAT_CELLS 4

/* What a line of the CSV was made of. */
struct espat_source {
	struct pos cells[ESPAT_CELLS];
	unsigned columns[ESPAT_CELLS]; /* where each begins, from 1 */
	unsigned lines;                /* that it has, for line ends in quotes */
};

/* The lines of one namespace. */
struct espat_group {
	char *name;
	struct pos pos; /* what it is there for */
	struct espat_source *sources; /* beside the keys */
	size_t source_count, sources_cap;
	char **keys;
	size_t key_count, keys_cap;
	struct buf lines;
};

struct espat {
	const char *root; /* borrowed */
	const struct err_sink *warn;
	const char *dependency; /* path of that file, one of paths */
	struct buf sdkconfig;
	char *platform, *module; /* NULL until espat_load_module() */

	struct espat_feature *features;
	size_t feature_count, features_cap;
	struct espat_group *groups; /* in the order of their first use */
	size_t group_count, groups_cap;
	struct espat_partition *partitions;
	size_t partition_count, partitions_cap;
	const char *table; /* path of at_customize.csv */

	char **paths; /* all that places of errors may refer to */
	size_t path_count, paths_cap;
};

/*
 * "<root>/<below>", or "<root>/<below>/<name>" when name is not NULL. NULL
 * with *err filled when out of memory. Belongs to e.
 */
const char *espat_path(struct espat *e, const char *below, const char *name,
		       struct err *err);

/* Whether CONFIG_<option> occurs in sdkconfig. */
bool espat_option(const struct espat *e, const char *option, size_t len);

/*
 * The group of a namespace, a new one if need be. Valid until the next new
 * one. pos is the place for the error of an impossible name.
 */
__attribute__((warn_unused_result))
int espat_group(struct espat *e, const char *name, const struct pos *pos,
		struct espat_group **group, struct err *err);

/*
 * Enter a key into a group: its name has to be possible and new. The line
 * itself is then put with espat_put_line().
 */
__attribute__((warn_unused_result))
int espat_key(struct espat_group *g, const char *key, const struct pos *pos,
	      struct err *err);

/* A cell of a line, and what it was made of. */
struct espat_cell {
	const char *text;
	size_t len;
	bool quoted; /* even where it need not be */
	struct pos pos;
};

/*
 * Put a line into a group, and note what it was made of. 0 or ERR_NOMEM, with
 * part of the line there.
 */
__attribute__((warn_unused_result))
int espat_put_line(struct espat_group *g,
		   const struct espat_cell cells[ESPAT_CELLS]);

__attribute__((format(printf, 3, 4)))
void espat_warn(const struct espat *e, const struct pos *pos, const char *fmt,
		...);

/* Read platform and module, once. */
__attribute__((warn_unused_result))
int espat_load_module(struct espat *e, struct err *err);

/* The parts of the CSV: module parameters; BLE services. */
__attribute__((warn_unused_result))
int espat_params(struct espat *e, struct err *err);
__attribute__((warn_unused_result))
int espat_ble(struct espat *e, struct err *err);

/* Receives the rows of a CSV file. 0, or a negative enum err_code. */
typedef int espat_row_fn(void *ctx, struct csv_row *row, struct err *err);

/* Hand over all rows that are neither blank nor comments. fn may swap row. */
__attribute__((warn_unused_result))
int espat_each_row(const char *path, espat_row_fn *fn, void *ctx,
		   struct err *err);

/*
 * The next line of a text, without its end, trimmed; a byte-order mark in
 * front of the first is passed over. False at the end.
 */
bool espat_next_line(const struct buf *text, size_t *at, const char **line,
		     size_t *len);

#endif
