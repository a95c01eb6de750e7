/* SPDX-License-Identifier: Apache-2.0 */
/* parttable_private.h - what the sources of the partition table share. */
#ifndef PARTTABLE_PRIVATE_H
#define PARTTABLE_PRIVATE_H

#include "parttable.h"

/* Room for "data/nvs_keys", "partition_table/primary", "0x40/0x1". */
#define PART_KIND_SHOWN 40

/* One reading of a table, on its way from bytes to rows. */
struct parttable_reader {
	struct parttable *table;
	size_t cap;  /* of table->rows */
	size_t max;  /* rows that fit the flash sector */
	const struct parttable_options *options;
	const struct err_sink *warn;
	struct err *err;
};

/* Append an all-zero row with that name. NULL when out of memory. */
struct partition *parttable_add(struct parttable_reader *r, const char *name,
				size_t len);

/* Rows from text, and from the binary form. */
__attribute__((warn_unused_result))
int parttable_read_text(struct parttable_reader *r, const void *data,
			size_t len);
__attribute__((warn_unused_result))
int parttable_read_binary(struct parttable_reader *r, const uint8_t *data,
			  size_t len);

/* Append a file's text as UTF-8 to out, whichever way its mark says. */
__attribute__((warn_unused_result))
int part_decode(struct parttable_reader *r, const uint8_t *p, size_t len,
		struct buf *out);

/* The checks of a table as a whole, in their order. */
__attribute__((warn_unused_result))
int parttable_check(struct parttable_reader *r);

/* Whether a row's place is fixed by the build, whatever the row says. */
bool part_is_fixed(const struct partition *p);

/* What of a row a message is about. */
enum part_field { PART_NAME, PART_OFFSET, PART_SIZE, PART_FLAGS };

/*
 * Fill *err with the place of a row's field, in text or bytes; with that of
 * the table when p is NULL. Returns code.
 */
__attribute__((format(printf, 6, 7)))
int part_err(struct err *err, const struct parttable *t,
	     const struct partition *p, enum part_field field,
	     enum err_code code, const char *fmt, ...);

/* "data/nvs", "0x40/0x1" into out[PART_KIND_SHOWN]. */
char *part_kind(unsigned type, unsigned subtype, char *out);

/* What offsets of that type are multiples of. */
uint32_t part_alignment(unsigned type);

/* The number of a type, or of a type's subtype, by its name in any case. */
bool part_type_find(const char *s, size_t len, uint8_t *type);
bool part_subtype_find(unsigned type, const char *s, size_t len,
		       uint8_t *subtype);

/* "app, data, ..."; all names of a type's subtypes. */
__attribute__((warn_unused_result))
int part_type_list(struct buf *out);
__attribute__((warn_unused_result))
int part_subtype_list(unsigned type, struct buf *out);

/* Whether exactly that is the name of a type; of any type's subtype. */
bool part_is_type_name(const char *name);
bool part_is_subtype_name(const char *name);

/* Hand a warning about a row (or the table, p NULL) to warn, if not NULL. */
__attribute__((format(printf, 4, 5)))
void part_warn(const struct err_sink *warn, const struct parttable *t,
	       const struct partition *p, const char *fmt, ...);

#endif
