/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv_schema.h - the configuration CSV: which namespaces and keys every
 * device has.
 *
 * Lines of key,type,encoding[,REPEAT]; the first one that is not blank has to
 * be a namespace. What the firmware could not tell apart is refused here,
 * with the line of the later one: a key twice in a namespace, two names with
 * one lookup hash, a 255th namespace.
 */
#ifndef CSV_SCHEMA_H
#define CSV_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "csv_item.h"
#include "err.h"

struct csv_line {
	struct csv_spec spec;
	bool repeat;       /* the first device's value is everyone's */
	const char *ns;    /* namespace of a key; borrowed from an earlier line */
	struct buf prefix; /* "key,type,encoding," for the intermediate CSV */
};

struct csv_schema {
	struct csv_line *lines; /* owned, in the order of the file */
	size_t count;
	size_t keys;            /* lines that are keys */
	bool repeats;           /* some key is tagged REPEAT */
	size_t lines_cap;       /* private */
};

#define CSV_SCHEMA_INIT { NULL, 0, 0, false, 0 }

/*
 * Read all of a configuration from n bytes at p. file is its name, borrowed
 * as long as the schema. All mistakes are reported to sink, in order, each
 * with its place; then ERR_INPUT is returned and nothing has to be released.
 */
__attribute__((warn_unused_result))
int csv_schema_read(struct csv_schema *s, const char *file, const void *p,
		    size_t n, const struct err_sink *sink);
/* The same with the encodings of another dialect than CSV_PLAIN. */
__attribute__((warn_unused_result))
int csv_schema_read_as(struct csv_schema *s, const char *file, const void *p,
		       size_t n, enum csv_dialect dialect,
		       const struct err_sink *sink);
void csv_schema_release(struct csv_schema *s);

#endif
