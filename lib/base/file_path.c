/* SPDX-License-Identifier: Apache-2.0 */
/* file_path.c - paths: what they stand for, and whether a file could be there. */
#include "file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_private.h"

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

/*
 * Refuse to take the place of what is no file but a way to a device or another
 * program, for all who use it: /dev/null, a FIFO, /dev/stdout.
 */
int file_refuse_way(const char *path, struct err *err)
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

int file_check_place(const char *path, struct err *err)
{
	size_t len = file_parent_len(path);
	const char *name = path + len;
	struct stat st;
	char *dir;
	int r = file_refuse_way(path, err);

	if (r)
		return r;
	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return err_io(err, EISDIR, "cannot write", path);
	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return err_set(err, ERR_INPUT, "'%s' is no name of a file",
			       path);
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
	const char *name = path + file_parent_len(path);
	const char *dot = strrchr(name, '.');

	return dot && dot != name ? dot : name + strlen(name);
}
