/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_private.h"

int file_read_stream(int fd, const char *path, size_t max, struct buf *out,
		     struct err *err)
{
	size_t start = out->len;
	int r = 0;

	for (;;) {
		ssize_t n;

		if (buf_reserve(out, 4096)) {
			r = err_nomem(err);
			break;
		}
		n = read(fd, out->data + out->len, out->cap - out->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			r = err_io(err, errno, "cannot read", path);
			break;
		}
		if (n == 0)
			return 0;
		out->len += (size_t)n;
		if (out->len - start > max) {
			r = err_set(err, ERR_RANGE, "'%s' is longer than "
				    "%zu bytes", path, max);
			break;
		}
	}
	out->len = start;
	return r;
}

static int refuse_special(const char *path, mode_t mode, struct err *err)
{
	if (S_ISDIR(mode))
		return err_set(err, ERR_INPUT, "'%s' is a directory, a file is "
			       "needed", path);
	return err_set(err, ERR_INPUT, "'%s' is not a regular file", path);
}

int file_read(const char *path, size_t max, struct buf *out, struct err *err)
{
	struct stat st;
	int fd, r;

	/* A device may act on being opened. */
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return refuse_special(path, st.st_mode, err);
	/* O_NONBLOCK: a FIFO without a writer must not hang the open. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_io(err, errno, "cannot open", path);
	if (fstat(fd, &st))
		r = err_io(err, errno, "cannot read", path);
	else if (!S_ISREG(st.st_mode))
		r = refuse_special(path, st.st_mode, err);
	else if ((uintmax_t)st.st_size > max)
		r = err_set(err, ERR_RANGE, "'%s' has %ju bytes, at most %zu "
			    "are possible here", path, (uintmax_t)st.st_size,
			    max);
	else if (buf_reserve(out, (size_t)st.st_size + 1))
		r = err_nomem(err);
	else
		r = file_read_stream(fd, path, max, out, err);
	close(fd);
	return r;
}

int file_write_all(int fd, const void *p, size_t n)
{
	const char *s = p;

	while (n) {
		ssize_t w = write(fd, s, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -1;
		s += w;
		n -= (size_t)w;
	}
	return 0;
}

size_t file_parent_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

static void aside_close(struct file_aside *f)
{
	if (f->fd >= 0)
		close(f->fd);
	mem_free(f->final);
	mem_free(f->temporary);
	*f = (struct file_aside)FILE_ASIDE_INIT;
}

int file_aside_open(struct file_aside *f, const char *path, mode_t mode,
		    struct err *err)
{
	size_t dir = file_parent_len(path);
	struct buf name = BUF_INIT;

	*f = (struct file_aside)FILE_ASIDE_INIT;
	if (file_refuse_way(path, err))
		return err->code;
	/* The name may be as long as a name can be: keep ours short. */
	for (unsigned n = 0; n < 1000 && f->fd < 0; n++) {
		name.len = 0;
		if (buf_append(&name, path, dir) ||
		    buf_printf(&name, ".nvsgen-%ld-%u.tmp", (long)getpid(), n) ||
		    !buf_str(&name)) {
			buf_release(&name);
			return err_nomem(err);
		}
		f->fd = open((char *)name.data, O_WRONLY | O_CREAT | O_EXCL |
			     O_NOFOLLOW | O_CLOEXEC, mode);
		if (f->fd < 0 && errno != EEXIST)
			break;
	}
	if (f->fd < 0) {
		int errnum = errno;

		buf_release(&name);
		return err_io(err, errnum, "cannot create", path);
	}
	f->temporary = (char *)name.data;
	f->final = mem_strndup(path, strlen(path));
	if (!f->final) {
		file_aside_abort(f);
		return err_nomem(err);
	}
	return 0;
}

int file_aside_write(struct file_aside *f, const void *p, size_t n,
		     struct err *err)
{
	if (file_write_all(f->fd, p, n))
		return err_io(err, errno, "cannot write", f->final);
	return 0;
}

int file_open_parent(const char *path)
{
	size_t dir = file_parent_len(path);
	char *name = dir ? mem_strndup(path, dir) : mem_strndup(".", 1);
	int fd;

	if (!name) {
		errno = ENOMEM;
		return -1;
	}
	fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mem_free(name);
	return fd;
}

int file_sync_dir(int fd)
{
	return fsync(fd) && errno != EINVAL && errno != ENOTSUP ? -1 : 0;
}

/* The second half of moving by a link, or back to where it began. */
static int drop_old_name(int old_dir, const char *old_name, int new_dir,
			 const char *new_name)
{
	int errnum;

	if (!unlinkat(old_dir, old_name, 0))
		return 0;
	errnum = errno;
	unlinkat(new_dir, new_name, 0);
	errno = errnum;
	return -1;
}

int file_rename_new(int old_dir, const char *old_name, int new_dir,
		    const char *new_name)
{
	if (!renameat2(old_dir, old_name, new_dir, new_name, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* A file system without that flag: a hard link never replaces. */
	if (!linkat(old_dir, old_name, new_dir, new_name, 0))
		return drop_old_name(old_dir, old_name, new_dir, new_name);
	if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS)
		return -1;
	/* Without hard links or for a directory: as good as it gets there. */
	if (!faccessat(new_dir, new_name, F_OK, AT_SYMLINK_NOFOLLOW)) {
		errno = EEXIST;
		return -1;
	}
	return renameat(old_dir, old_name, new_dir, new_name);
}

/*
 * Give a closed file its name; dir is the directory of that. What has taken
 * nobody's place is taken back when the directory can't be synced.
 */
static int rename_aside(struct file_aside *f, enum file_existing existing,
			int dir, struct err *err)
{
	int r = 0;

	if (existing == FILE_REPLACE) {
		if (rename(f->temporary, f->final))
			r = err_io(err, errno, "cannot replace", f->final);
	} else if (file_rename_new(AT_FDCWD, f->temporary, AT_FDCWD,
				   f->final)) {
		r = err_io(err, errno, "cannot create", f->final);
	}
	if (r) {
		unlink(f->temporary);
		return r;
	}
	if (file_sync_dir(dir))
		r = err_io(err, errno, "cannot sync the directory of",
			   f->final);
	f->placed = !r || existing == FILE_REPLACE || unlink(f->final);
	return r;
}

int file_aside_commit(struct file_aside *f, enum file_existing existing,
		      struct err *err)
{
	/* Opened first: behind the rename as little as possible may fail. */
	int dir = file_open_parent(f->final), r;
	bool placed;

	if (dir < 0 || fsync(f->fd)) {
		r = err_io(err, errno, "cannot write", f->final);
		if (dir >= 0)
			close(dir);
		file_aside_abort(f);
		return r;
	}
	r = close(f->fd);
	f->fd = -1;
	if (r) {
		r = err_io(err, errno, "cannot write", f->final);
		unlink(f->temporary);
	} else {
		r = rename_aside(f, existing, dir, err);
	}
	close(dir);
	placed = f->placed;
	aside_close(f);
	f->placed = placed;
	return r;
}

int file_move(int dir, const char *name, int fd, const char *path,
	      enum file_existing existing, struct err *err)
{
	int parent, r = 0;

	if (fsync(fd))
		return err_io(err, errno, "cannot write", path);
	parent = file_open_parent(path);
	if (parent < 0)
		return err_io(err, errno, "cannot open the directory of", path);
	if (existing == FILE_REPLACE ?
	    renameat(dir, name, AT_FDCWD, path) :
	    file_rename_new(dir, name, AT_FDCWD, path))
		r = err_io(err, errno, "cannot create", path);
	else if (file_sync_dir(parent))
		r = err_io(err, errno, "cannot sync the directory of", path);
	close(parent);
	return r;
}

void file_aside_abort(struct file_aside *f)
{
	if (f->temporary)
		unlink(f->temporary);
	aside_close(f);
}

int file_write(const char *path, const void *p, size_t n, mode_t mode,
	       enum file_existing existing, struct err *err)
{
	struct file_aside f;
	int r;

	r = file_aside_open(&f, path, mode, err);
	if (r)
		return r;
	r = file_aside_write(&f, p, n, err);
	if (r) {
		file_aside_abort(&f);
		return r;
	}
	return file_aside_commit(&f, existing, err);
}
