/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dir.h - directories by their descriptors: nothing in here depends on what a
 * path leads to by now. No link is followed.
 */
#ifndef BATCH_DIR_H
#define BATCH_DIR_H

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>

/* Flags of open(2) for one. */
#define DIR_OPEN (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

/* Make the directory called name in at, or open the one that is there: 0, or
   -1 with errno. */
int dir_make(int at, const char *name, int *fd);

/*
 * A stream of its entries from the first one on, for file_next_entry(); to be
 * closed by closedir(), fd stays open. NULL with errno on failure.
 */
DIR *dir_entries(int fd);

/* Whether there is nothing in it: 1, 0, or -1 with errno. */
int dir_is_empty(int fd);

/*
 * Remove its entries but for one (kept may be NULL); deeper: and what is in
 * those that are directories, one level down. 0, or -1 with errno.
 */
int dir_clear(int fd, const char *kept, bool deeper);

#endif
