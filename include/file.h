/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.h - whole files: read them, and write them so that a reader sees
 * either the old one or the new one, never half of one. And what goes with
 * that: the directories they lie in, and what their paths stand for.
 */
#ifndef NVSGEN_FILE_H
#define NVSGEN_FILE_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "buf.h"
#include "err.h"

/* Permissions of what is written, before the umask. */
#define FILE_MODE_PUBLIC 0666
#define FILE_MODE_SECRET 0600

/*
 * Append the contents of a regular file to out. A directory, a device or a
 * FIFO is refused, and so is a file of more than max bytes (ERR_RANGE).
 * On failure out keeps its old length.
 */
__attribute__((warn_unused_result))
int file_read(const char *path, size_t max, struct buf *out, struct err *err);

/*
 * The same from an open descriptor of any kind, up to its end. path is for
 * the messages.
 */
__attribute__((warn_unused_result))
int file_read_stream(int fd, const char *path, size_t max, struct buf *out,
		     struct err *err);

/* What stands at a name when something new is put there. */
enum file_existing {
	FILE_KEEP,   /* refuse: ERR_EXISTS, the old file stays as it was */
	FILE_REPLACE /* the new file takes its place */
};

/*
 * A file written aside, under a temporary name in the directory of its
 * final name, and renamed when it is whole. open, any number of writes, then
 * either commit or abort. A planted symbolic link is never followed.
 */
struct file_aside {
	int fd;          /* -1 when not open */
	char *final;     /* owned: the name it will have */
	char *temporary; /* owned: the name it has until then */
	bool placed;     /* after commit: it has the final name, come what may */
};

#define FILE_ASIDE_INIT { -1, NULL, NULL, false }

/* Open for writing with exactly these permissions less the umask. */
__attribute__((warn_unused_result))
int file_aside_open(struct file_aside *f, const char *path, mode_t mode,
		    struct err *err);
__attribute__((warn_unused_result))
int file_aside_write(struct file_aside *f, const void *p, size_t n,
		     struct err *err);

/*
 * Sync to disk and rename. On failure the temporary file is gone and the
 * final name as it was, unless all that failed is the last step, to sync the
 * directory that it is in, and a file may have been replaced: f->placed is
 * then true. f is closed either way.
 */
__attribute__((warn_unused_result))
int file_aside_commit(struct file_aside *f, enum file_existing existing,
		      struct err *err);

/*
 * Give a finished file, open as fd and called name in the directory dir, its
 * final path, and sync both. ERR_IO with errnum EXDEV, and nothing done, when
 * that is on another file system.
 */
__attribute__((warn_unused_result))
int file_move(int dir, const char *name, int fd, const char *path,
	      enum file_existing existing, struct err *err);

/* Remove the temporary file; nothing happens when f is not open. */
void file_aside_abort(struct file_aside *f);

/* All of the above for contents in memory. */
__attribute__((warn_unused_result))
int file_write(const char *path, const void *p, size_t n, mode_t mode,
	       enum file_existing existing, struct err *err);

/* write(2) until all is written. 0, or -1 with errno. */
__attribute__((warn_unused_result))
int file_write_all(int fd, const void *p, size_t n);

/*
 * Rename within or between directories without ever replacing anything.
 * 0, or -1 with errno (EEXIST when the new name is taken).
 */
__attribute__((warn_unused_result))
int file_rename_new(int old_dir, const char *old_name, int new_dir,
		    const char *new_name);

/* ---- Directories ---- */

/* Make a directory and those above it that are missing, like mkdir -p. */
__attribute__((warn_unused_result))
int file_make_dirs(const char *path, struct err *err);

/* The same for the directory a file name lies in. */
__attribute__((warn_unused_result))
int file_make_parent(const char *path, struct err *err);

/*
 * Whether a file may be relied on: it belongs to who runs this, to root, or
 * to the owner of dir, the directory it was found in, who could put there
 * what he likes anyway; dir may be -1, whose owner nobody knows. Others' files
 * in a directory for all may be planted.
 */
bool file_is_trusted(const struct stat *file, int dir);

/*
 * Make renames in an open directory survive a power cut. 0, or -1 with errno;
 * a file system that has nothing to sync for a directory is no failure.
 */
__attribute__((warn_unused_result))
int file_sync_dir(int fd);

/* Open the directory that path lies in. -1 with errno on failure. */
int file_open_parent(const char *path);

/*
 * Open the directory called name, which holds no slash, in the directory at.
 * A link there is followed only if it may be relied on; else -1 with errno
 * ELOOP. -1 with errno on failure.
 */
int file_open_dir(int at, const char *name);

/*
 * The next entry of a directory but "." and "..", valid until the next call:
 * 1, 0 at the end, -1 with errno. An error is no end: what was not read may be
 * what matters.
 */
int file_next_entry(DIR *dir, const char **name);

/* ---- Paths ---- */

/*
 * path with a leading "~" or "~/" replaced by the home directory, appended
 * to out as a C string. "~user" is left alone.
 */
__attribute__((warn_unused_result))
int file_expand_home(const char *path, struct buf *out, struct err *err);

/* Whether something, a dangling link included, stands at that name. */
bool file_exists(const char *path);

/*
 * Whether two paths stand for one file: the same inode, or, where one is not
 * there yet, the same name in the same directory, links resolved. 1, 0, or an
 * error when it can't be told.
 */
__attribute__((warn_unused_result))
int file_same(const char *a, const char *b, struct err *err);

/*
 * Whether a file could be put at path: it is no directory, and the directory
 * it lies in, or the nearest one above that is there, can be written to.
 * 0 or ERR_IO.
 */
__attribute__((warn_unused_result))
int file_check_place(const char *path, struct err *err);

/*
 * The extension of the last component of path, its dot included, or "" :
 * "a.b/c.bin" -> ".bin", "a.b/c" -> "", ".bin" -> "". Points into path.
 */
const char *file_extension(const char *path);

#endif
