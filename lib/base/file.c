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

/* Length of the directory part of path, its last slash included. */
static size_t parent_len(const char *path)
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

/*
 * Refuse to take the place of what is no file but a way to a device or another
 * program, for all who use it: /dev/null, a FIFO, /dev/stdout.
 */
static int refuse_way(const char *path, struct err *err)
{
	static const char proc[] = "/proc/";
	char target[sizeof(proc) - 1];
	struct stat st;
	bool way = !stat(path, &st) && !S_ISREG(st.st_mode) &&
		   !S_ISDIR(st.st_mode);

	if (!way && readlink(path, target, sizeof(target)) ==
		    (ssize_t)sizeof(target))
		way = !memcmp(target, proc, sizeof(target));
	if (!way)
		return 0;
	return err_set(err, ERR_EXISTS, "cannot write '%s': a file would take "
		       "its place, and it is not a regular file: choose "
		       "another name", path);
}

int file_aside_open(struct file_aside *f, const char *path, mode_t mode,
		    struct err *err)
{
	size_t dir = parent_len(path);
	struct buf name = BUF_INIT;

	*f = (struct file_aside)FILE_ASIDE_INIT;
	if (refuse_way(path, err))
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
	size_t dir = parent_len(path);
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

int file_make_dirs(const char *path, struct err *err)
{
	size_t len = strlen(path);
	char *part = mem_strndup(path, len);
	struct stat st;
	int r = 0;

	if (!part)
		return err_nomem(err);
	for (size_t i = 1; i <= len && !r; i++) {
		if (i < len && part[i] != '/')
			continue;
		part[i] = '\0';
		if (mkdir(part, 0777) && errno != EEXIST)
			r = err_io(err, errno, "cannot make the directory",
				   part);
		part[i] = path[i];
	}
	mem_free(part);
	if (!r && len && stat(path, &st))
		r = err_io(err, errno, "cannot make the directory", path);
	else if (!r && len && !S_ISDIR(st.st_mode))
		r = err_io(err, ENOTDIR, "cannot make the directory", path);
	return r;
}

int file_make_parent(const char *path, struct err *err)
{
	size_t dir = parent_len(path);
	char *name;
	int r;

	if (!dir)
		return 0;
	name = mem_strndup(path, dir);
	if (!name)
		return err_nomem(err);
	r = file_make_dirs(name, err);
	mem_free(name);
	return r;
}

bool file_is_trusted(const struct stat *file, int dir)
{
	struct stat st;

	return file->st_uid == geteuid() || !file->st_uid ||
	       (!fstat(dir, &st) && file->st_uid == st.st_uid);
}

/* Where a link leads that was opened itself, if it may be followed. */
static int follow(int at, int link)
{
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (fstat(link, &st))
		return -1;
	if (!S_ISLNK(st.st_mode)) {
		errno = ENOTDIR;
		return -1;
	}
	if (!file_is_trusted(&st, at)) {
		errno = ELOOP;
		return -1;
	}
	n = readlinkat(link, "", target, sizeof(target) - 1);
	if (n < 0)
		return -1;
	target[n] = '\0';
	return openat(at, target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int file_open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
			O_NOFOLLOW), link, errnum;

	if (fd >= 0 || (errno != ENOTDIR && errno != ELOOP))
		return fd;
	/* Held open, so that it is the one looked at that is followed. */
	link = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (link < 0)
		return -1;
	fd = follow(at, link);
	errnum = errno;
	close(link);
	errno = errnum;
	return fd;
}

int file_next_entry(DIR *dir, const char **name)
{
	const struct dirent *e;

	do {
		errno = 0;
		e = readdir(dir);
	} while (e && (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")));
	*name = e ? e->d_name : NULL;
	return e ? 1 : errno ? -1 : 0;
}

int file_expand_home(const char *path, struct buf *out, struct err *err)
{
	if (path[0] == '~' && (path[1] == '/' || path[1] == '\0')) {
		const char *home = getenv("HOME");

		if (!home || !*home)
			return err_set(err, ERR_USAGE, "'%s': the home directory "
				       "is not known, HOME is not set", path);
		if (buf_puts(out, home))
			return err_nomem(err);
		path++;
	}
	if (buf_puts(out, path) || !buf_str(out))
		return err_nomem(err);
	return 0;
}

bool file_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/*
 * Append the components of path, each with a slash in front; ".." takes the
 * one before it away.
 */
static int put_components(struct buf *out, const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");
		bool up = len == 2 && !strncmp(path, "..", 2);

		while (up && out->len) {
			out->len--;
			if (out->data[out->len] == '/')
				break;
		}
		if (len && !up && !(len == 1 && *path == '.') &&
		    (buf_putc(out, '/') || buf_append(out, path, len)))
			return ERR_NOMEM;
		path += len + (path[len] == '/');
	}
	return 0;
}

/* Whether the error says that nothing that could be used is at a path. */
static bool is_absence(int errnum)
{
	return errnum == ENOENT || errnum == ENOTDIR || errnum == EACCES ||
	       errnum == ELOOP || errnum == ENAMETOOLONG;
}

/*
 * path with the links of all that is there resolved, as a C string of the
 * caller's; what is not there yet is appended.
 */
static char *canonical(const char *path, struct err *err)
{
	size_t there = strlen(path);
	struct buf out = BUF_INIT;
	char *start = mem_strndup(path, there), *real = NULL;
	int errnum = start ? 0 : ENOMEM;

	while (start && !(real = realpath(there ? start : ".", NULL))) {
		errnum = errno;
		if (!there || !is_absence(errnum))
			break;
		/* One component less. */
		while (there && path[there - 1] == '/')
			there--;
		while (there && path[there - 1] != '/')
			there--;
		start[there] = '\0';
	}
	mem_free(start);
	if (!real) {
		err_io(err, errnum, "cannot look at", path);
		return NULL;
	}
	if (put_components(&out, real) ||
	    put_components(&out, path + there) || !buf_str(&out)) {
		err_nomem(err);
		buf_release(&out);
	}
	mem_free(real);
	return (char *)out.data;
}

/* What is at path: 1, 0 when nothing is, or an error. */
static int look_at(const char *path, struct stat *st, struct err *err)
{
	if (!stat(path, st))
		return 1;
	return is_absence(errno) ? 0 :
	       err_io(err, errno, "cannot look at", path);
}

int file_same(const char *a, const char *b, struct err *err)
{
	struct stat one, two;
	char *x, *y;
	int r = look_at(a, &one, err);

	if (r > 0)
		r = look_at(b, &two, err);
	if (r < 0)
		return r;
	if (r)
		return one.st_dev == two.st_dev && one.st_ino == two.st_ino;
	x = canonical(a, err);
	y = x ? canonical(b, err) : NULL;
	r = y ? !strcmp(x, y) : (int)err->code;
	mem_free(x);
	mem_free(y);
	return r;
}

int file_check_place(const char *path, struct err *err)
{
	size_t len = parent_len(path);
	struct stat st;
	char *dir;
	int r = refuse_way(path, err);

	if (r)
		return r;
	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return err_io(err, EISDIR, "cannot write", path);
	dir = len ? mem_strndup(path, len) : mem_strndup(".", 1);
	if (!dir)
		return err_nomem(err);
	/*
	 * Up to the first directory that is there. To read it is needed for
	 * its sync.
	 */
	while (access(dir, R_OK | W_OK | X_OK) && !r) {
		if (errno != ENOENT || !strchr(dir, '/'))
			r = err_io(err, errno, "cannot write", path);
		len = strlen(dir);
		while (len > 1 && dir[len - 1] == '/')
			len--;
		while (len && dir[len - 1] != '/')
			len--;
		dir[len] = '\0';
		if (!len)
			strcpy(dir, ".");
	}
	mem_free(dir);
	return r;
}

const char *file_extension(const char *path)
{
	const char *name = path + parent_len(path);
	const char *dot = strrchr(name, '.');

	return dot && dot != name ? dot : name + strlen(name);
}
