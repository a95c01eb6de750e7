/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deliver.h - the files beside the images: made in the partial directory,
 * brought to where they were asked for once the images are in place.
 */
#ifndef BATCH_DELIVER_H
#define BATCH_DELIVER_H

#include "batch.h"
#include "buf.h"
#include "csv_files.h"
#include "err.h"
#include "file.h"

struct stage;

/* Paths of such files, as C strings; empty: not wanted. */
struct deliveries {
	struct buf expanded; /* the values table, REPEAT values filled in */
	struct buf sums;
	struct buf manifest;
};

/*
 * Find out the paths and whether files can be put there: that nothing stands
 * there which may not be replaced, that the directories can be written to,
 * and that none is an input, another one's path, or among the images. files
 * is told to refuse cells that name one of them. To be released either way.
 */
__attribute__((warn_unused_result))
int deliver_prepare(struct deliveries *d, const struct batch_options *o,
		    const struct stage *s, bool expand,
		    struct csv_files *files, struct err *err);
void deliver_release(struct deliveries *d);

/*
 * Bring the file called own in the partial directory, open as fd, to path:
 * moved, so that nothing lies about there if this run is killed, or copied
 * when that is on another file system. A file of the same contents that
 * stands there already is left alone, whatever existing says: a resumed run
 * may have come so far before.
 */
__attribute__((warn_unused_result))
int deliver_file(const struct stage *s, const char *own, int fd,
		 const char *path, enum file_existing existing,
		 struct err *err);

/* Make the sums that a manifest holds a file for "sha256sum -c" at path. */
__attribute__((warn_unused_result))
int deliver_sums(const struct stage *s, int manifest_fd, const char *path,
		 enum file_existing existing, struct err *err);

#endif
