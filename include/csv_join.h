/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv_join.h - a configuration and a row of the values table make a device.
 *
 * The header of the values table has to name the configuration's keys, each
 * as often as the configuration does and in its order; every other column is
 * metadata. A key tagged REPEAT takes its value from the first device.
 */
#ifndef CSV_JOIN_H
#define CSV_JOIN_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "csv_item.h"
#include "csv_schema.h"
#include "csv_table.h"
#include "err.h"
#include "nvs_writer.h"

struct csv_join {
	const struct csv_schema *schema; /* borrowed */
	const char *file;       /* of the values table, borrowed */
	size_t columns;         /* of a row */
	/* private */
	size_t *column;         /* by line of the schema; of keys only */
	size_t id_column;
	bool has_id_column;
	bool id_repeats;        /* it is that of a REPEAT key */
	struct csv_row first;   /* the first device's row: REPEAT values */
	bool has_first;
};

/*
 * Match the header. id_name is the column that names the devices, or NULL
 * when they are numbered; of several columns of that name the first counts.
 * schema and file are borrowed until csv_join_release(). Mistakes are
 * reported to sink. 0 or ERR_INPUT, ERR_NOMEM; then nothing has to be
 * released.
 */
__attribute__((warn_unused_result))
int csv_join_init(struct csv_join *j, const struct csv_schema *schema,
		  const char *file, const struct csv_row *header,
		  const char *id_name, const struct err_sink *sink);
void csv_join_release(struct csv_join *j);

/* ERR_INPUT when the row has not as many cells as the header. */
__attribute__((warn_unused_result))
int csv_join_check_count(const struct csv_join *j, const struct csv_row *row,
			 struct err *err);

/*
 * Remember the first device's row (copied) when the configuration has REPEAT
 * keys; to be called before any other row is joined. 0 or ERR_NOMEM.
 */
__attribute__((warn_unused_result))
int csv_join_set_first(struct csv_join *j, const struct csv_row *row,
		       struct err *err);

/*
 * The cell that names the device, NULL when devices are numbered. That of a
 * REPEAT key is the first device's.
 */
const struct csv_cell *csv_join_id(const struct csv_join *j,
				   const struct csv_row *row);

/* Where the row itself has that cell; devices are not numbered. */
struct pos csv_join_id_pos(const struct csv_join *j, const struct csv_row *row);

/*
 * Whether each column is of a REPEAT key: a row of empty cells is then a
 * device like any other.
 */
bool csv_join_all_repeat(const struct csv_join *j);

/*
 * A cell of the row that holds another value for a REPEAT key than the first
 * device does, and is not empty; NULL when there is none. *key is the key.
 */
const struct csv_cell *csv_join_overridden(const struct csv_join *j,
					   const struct csv_row *row,
					   const char **key);

/* Tell a decoder what the images will hold. */
void csv_join_expect(const struct csv_join *j, struct csv_decoder *d);

/*
 * Make an image of a device: begins it in image (NULL to measure), but does
 * not finish it. Every mistake is reported to sink; the first one's code is
 * returned.
 */
__attribute__((warn_unused_result))
int csv_join_encode(const struct csv_join *j, const struct csv_row *row,
		    struct csv_decoder *d, struct nvs_writer *w,
		    uint8_t *image, const struct err_sink *sink);

/*
 * The device's intermediate CSV, appended to out: header
 * key,type,encoding,value and a line per line of the configuration, CRLF
 * line ends. 0 or ERR_NOMEM.
 */
__attribute__((warn_unused_result))
int csv_join_put(const struct csv_join *j, const struct csv_row *row,
		 struct buf *out);

/* A row of the values table with the repeated values filled in; CRLF. */
__attribute__((warn_unused_result))
int csv_join_put_expanded(const struct csv_join *j, const struct csv_row *row,
			  struct buf *out);

#endif
