/* SPDX-License-Identifier: Apache-2.0 */
#include "stage_files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "dir.h"
#include "file.h"
#include "nvs_format.h"
#include "stage.h"

bool stage_target_exists(const struct stage *s, enum name_dir dir,
			 const char *file)
{
	return s->target[dir] >= 0 && !faccessat(s->target[dir], file, F_OK,
						 AT_SYMLINK_NOFOLLOW);
}

bool stage_target_stat(const struct stage *s, enum name_dir dir,
		       const char *file, struct stat *st)
{
	return s->target[dir] >= 0 &&
	       !fstatat(s->target[dir], file, st, AT_SYMLINK_NOFOLLOW);
}

static int io_failed(const struct stage *s, enum name_dir dir,
		     const char *file, struct err *err)
{
	int errnum = errno;

	err_io(err, errnum, "cannot write", file);
	return err_context(err, "%s/%s", s->partial, name_dirs[dir]);
}

int stage_write(const struct stage *s, enum name_dir dir, const char *file,
		const void *p, size_t n, mode_t mode, bool replace,
		struct err *err)
{
	int fd, failed;

	if (replace && unlinkat(s->dir[dir], file, 0) && errno != ENOENT)
		return io_failed(s, dir, file, err);
	fd = openat(s->dir[dir], file, O_WRONLY | O_CREAT | O_EXCL |
		    O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0 && errno == EEXIST)
		return err_set(err, ERR_EXISTS, "'%s' is there already, made "
			       "for another device: the file system of '%s' "
			       "takes both names for one; let the ids differ "
			       "in more than capital and small letters, or "
			       "choose an --outdir elsewhere", file,
			       s->outdir);
	if (fd < 0)
		return io_failed(s, dir, file, err);
	failed = file_write_all(fd, p, n);
	if (failed) {
		io_failed(s, dir, file, err);
		close(fd);
	} else if (close(fd)) {
		failed = -1;
		io_failed(s, dir, file, err);
	}
	if (!failed)
		return 0;
	unlinkat(s->dir[dir], file, 0);
	return ERR_IO;
}

int stage_check_count(const struct stage *s, enum name_dir dir, uint64_t least,
		      struct err *err)
{
	DIR *d = dir_entries(s->dir[dir]);
	const char *name;
	uint64_t n = 0;
	int got;

	do {
		got = d ? file_next_entry(d, &name) : -1;
		n += got > 0;
	} while (got > 0);
	if (got < 0)
		err_io(err, errno, "cannot read", s->partial);
	if (d)
		closedir(d);
	if (got < 0)
		return err->code;
	if (n >= least)
		return 0;
	return err_set(err, ERR_EXISTS, "'%s/%s' has %" PRIu64 " files for %"
		       PRIu64 " devices: the file system takes two names for "
		       "one; let the ids differ in more than capital and small "
		       "letters, or choose an --outdir elsewhere", s->partial,
		       name_dirs[dir], n, least);
}

/*
 * Open a staged or target file for reading; its size, and whose it is.
 * -1 with errno.
 */
static int open_file(const struct stage *s, bool target, enum name_dir dir,
		     const char *file, off_t *size, bool *trusted)
{
	int at = target ? s->target[dir] : s->dir[dir];
	struct stat st;
	int fd;

	errno = ENOENT;
	if (at < 0)
		return -1;
	fd = openat(at, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st)) {
		int errnum = errno;

		close(fd);
		errno = errnum;
		return -1;
	}
	if (fd < 0)
		return -1;
	*trusted = file_is_trusted(&st, s->out_fd);
	*size = S_ISREG(st.st_mode) ? st.st_size : -1;
	return fd;
}

static bool read_all(int fd, void *p, size_t n)
{
	uint8_t *to = p;

	while (n) {
		ssize_t got = read(fd, to, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		to += got;
		n -= (size_t)got;
	}
	return true;
}

static int read_failed(const struct stage *s, bool target, enum name_dir dir,
		       const char *file, struct err *err)
{
	err_io(err, errno, "cannot read", file);
	return err_context(err, "%s/%s", target ? s->outdir : s->partial,
			   name_dirs[dir]);
}

/* 1, 0 when they differ, or -1 with errno. */
static int compare_bytes(int fd, const uint8_t *want, size_t n)
{
	uint8_t chunk[NVS_PAGE_SIZE];
	int r = 1;

	for (size_t at = 0; r > 0 && at < n; at += sizeof(chunk)) {
		size_t part = n - at < sizeof(chunk) ? n - at : sizeof(chunk);

		errno = 0;
		if (!read_all(fd, chunk, part))
			r = errno ? -1 : 0;
		else
			r = !memcmp(chunk, want + at, part);
	}
	mem_wipe(chunk, sizeof(chunk)); /* keys are compared, too */
	return r;
}

int stage_compare(const struct stage *s, bool target, enum name_dir dir,
		  const char *file, const void *p, size_t n,
		  enum stage_found *found, struct err *err)
{
	bool trusted;
	off_t size = 0;
	int fd = open_file(s, target, dir, file, &size, &trusted), r = 0;

	*found = STAGE_ABSENT;
	/* ELOOP: a symbolic link, which is none of ours. */
	if (fd < 0 && errno == ELOOP && target)
		*found = STAGE_DIFFERENT;
	else if (fd < 0 && errno != ENOENT && errno != ELOOP)
		return read_failed(s, target, dir, file, err);
	if (fd < 0)
		return 0;
	if (size == (off_t)n)
		r = compare_bytes(fd, p, n);
	if (r < 0)
		r = read_failed(s, target, dir, file, err);
	else
		*found = r ? STAGE_EQUAL : STAGE_DIFFERENT;
	close(fd);
	return r < 0 ? r : 0;
}

int stage_read(const struct stage *s, bool target, enum name_dir dir,
	       const char *file, void *p, size_t n, struct err *err)
{
	bool trusted = true;
	off_t size = -1;
	int fd = open_file(s, target, dir, file, &size, &trusted), r = 0;

	if (fd < 0) {
		/* ELOOP: a symbolic link, which is none of ours. */
		if (errno != ENOENT && errno != ELOOP)
			r = err_io(err, errno, "cannot read", file);
	} else if (!trusted) {
		r = err_set(err, ERR_EXISTS, "'%s' is another user's file, who "
			    "would know the key: look where it comes from, "
			    "then remove it", file);
	} else if (size == (off_t)n) {
		errno = 0;
		if (read_all(fd, p, n))
			r = 1;
		else if (errno)
			r = err_io(err, errno, "cannot read", file);
	}
	if (fd >= 0)
		close(fd);
	return r < 0 ? err_context(err, "%s/%s", target ? s->outdir :
				   s->partial, name_dirs[dir]) : r;
}

int stage_open_own(const struct stage *s, const char *file, mode_t mode,
		   struct err *err)
{
	int fd = -1;

	if (!unlinkat(s->fd, file, 0) || errno == ENOENT)
		fd = openat(s->fd, file, O_RDWR | O_CREAT | O_EXCL |
			    O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0) {
		err_io(err, errno, "cannot write", file);
		err_context(err, "%s", s->partial);
	}
	return fd;
}
