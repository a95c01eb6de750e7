/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv_input.h - the input CSV of one image: keys with their values.
 *
 * Header key,type,encoding,value (found by name, in any order), then rows.
 * Lines that begin with '#' are comments. Several files make one image: a
 * namespace goes on into the next file. The intermediate CSVs of a batch are
 * such files.
 */
#ifndef CSV_INPUT_H
#define CSV_INPUT_H

#include <stddef.h>

#include "csv_item.h"
#include "err.h"
#include "nvs_writer.h"

struct csv_input_line {
	struct csv_spec spec;
	const char *ns;        /* of a key; borrowed from an earlier line */
	const char *file;      /* borrowed */
	struct csv_cell value; /* text is value_text */
	char *value_text;      /* owned */
};

struct csv_input {
	struct csv_input_line *lines; /* owned, in the order of the files */
	size_t count;
	/* private */
	size_t lines_cap;
	const char *ns;               /* the one that is open */
};

#define CSV_INPUT_INIT { NULL, 0, 0, NULL }
void csv_input_release(struct csv_input *in);

/*
 * Append the rows of a file, n bytes at p. file is its name, borrowed as
 * long as in. All mistakes are reported to sink; then a negative enum
 * err_code is returned, and in holds the rows that were right: to read other
 * files and to decode it finds the mistakes that are left, no more.
 */
__attribute__((warn_unused_result))
int csv_input_read(struct csv_input *in, const char *file, const void *p,
		   size_t n, enum csv_dialect dialect,
		   const struct err_sink *sink);

/*
 * A file could not be read. Which namespace it would have left open to the
 * next one is not known, so what that begins with is not to blame.
 */
void csv_input_lose(struct csv_input *in);

/*
 * Convert all rows and hand them to into, which decides what an item that it
 * refuses means. Mistakes are reported to sink; the first one's code is
 * returned.
 */
__attribute__((warn_unused_result))
int csv_input_decode(const struct csv_input *in, struct csv_decoder *d,
		     const struct nvs_item_sink *into,
		     const struct err_sink *sink);

/*
 * Make the image from all rows: begins it in image (NULL to measure) and
 * finishes it. Mistakes are reported to sink; the first one's code is
 * returned.
 */
__attribute__((warn_unused_result))
int csv_input_encode(const struct csv_input *in, struct csv_decoder *d,
		     struct nvs_writer *w, uint8_t *image,
		     struct nvs_usage *usage, const struct err_sink *sink);

#endif
