/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv_files.h - the files that cells name, each read once.
 *
 * A batch of a hundred thousand devices names the same certificate a hundred
 * thousand times. What was read is kept while it fits a budget; beyond it,
 * files that nobody holds are forgotten, the oldest first, and read again
 * when they come again. All functions may be called from several threads.
 */
#ifndef CSV_FILES_H
#define CSV_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

struct csv_files;

/* Contents after a conversion of the caller's. Read only. */
struct csv_file {
	const uint8_t *data;
	size_t len;
};

/*
 * Turns the raw bytes of a file into what is kept. raw may be taken over by
 * swapping it into out. 0 or a negative enum err_code.
 */
typedef int csv_files_convert_fn(int how, struct buf *raw, struct buf *out,
				 struct err *err);

/* keep: the budget in bytes. NULL with *err filled when there is no memory. */
struct csv_files *csv_files_new(size_t keep, csv_files_convert_fn *convert,
				struct err *err);
void csv_files_free(struct csv_files *files); /* may be NULL */

/*
 * Refuse cells that name the file that stands at path now, if any: it is to
 * be replaced. Before the first csv_files_hold(). 0 or ERR_NOMEM.
 */
__attribute__((warn_unused_result))
int csv_files_refuse(struct csv_files *files, const char *path,
		     struct err *err);

/*
 * The contents of a regular file after conversion number how, held until
 * csv_files_drop(). NULL with *err filled: the file can't be read, or what
 * convert said.
 */
struct csv_file *csv_files_hold(struct csv_files *files, const char *path,
				int how, struct err *err);
void csv_files_drop(struct csv_files *files, struct csv_file *file);

#endif
