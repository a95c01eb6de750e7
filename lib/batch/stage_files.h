/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_files.h - the files of a batch, one by one: staged in the partial
 * directory, or targets, which are in their final place.
 */
#ifndef BATCH_STAGE_FILES_H
#define BATCH_STAGE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "err.h"
#include "name.h"

struct stage;

/* Whether a target of that name stands in outdir. */
bool stage_target_exists(const struct stage *s, enum name_dir dir,
			 const char *file);

/* The same, and what it is; a link is not followed. */
bool stage_target_stat(const struct stage *s, enum name_dir dir,
		       const char *file, struct stat *st);

/*
 * Write a file that is not there yet, or (replace) in place of a staged one.
 * Not synced: stage_publish() does that for all at once. ERR_EXISTS when the
 * file system takes the name for one that was made before.
 */
__attribute__((warn_unused_result))
int stage_write(const struct stage *s, enum name_dir dir, const char *file,
		const void *p, size_t n, mode_t mode, bool replace,
		struct err *err);

/*
 * Whether a staged directory has a file for each of so many devices. In a run
 * that was resumed, one may have taken the file of another whose name the
 * file system does not tell from its own. ERR_EXISTS when it has fewer.
 */
__attribute__((warn_unused_result))
int stage_check_count(const struct stage *s, enum name_dir dir, uint64_t least,
		      struct err *err);

enum stage_found {
	STAGE_ABSENT,
	STAGE_EQUAL,
	STAGE_DIFFERENT
};

/*
 * How a staged (or target) file compares with the bytes it should have. 0, or
 * an error when it can't be read: it may be the only copy of a key.
 */
__attribute__((warn_unused_result))
int stage_compare(const struct stage *s, bool target, enum name_dir dir,
		  const char *file, const void *p, size_t n,
		  enum stage_found *found, struct err *err);

/*
 * Read a staged (or target) file of exactly n bytes: 1, 0 when there is none
 * of that size, or ERR_IO when it can't be read, which is not the same, or
 * ERR_EXISTS when it is not to be relied on as file_is_trusted() says.
 */
__attribute__((warn_unused_result))
int stage_read(const struct stage *s, bool target, enum name_dir dir,
	       const char *file, void *p, size_t n, struct err *err);

/*
 * A file of the run's own in the partial directory, made anew and open for
 * reading and writing; -1 with *err filled on failure. The caller closes it.
 */
int stage_open_own(const struct stage *s, const char *file, mode_t mode,
		   struct err *err);

#endif
