/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oddfs - a library to preload that makes every file system an odd one, as
 * ODDFS says. For the tests only.
 *
 *   fold   names in a directory that is open have no capitals, as with some
 *          that are case-insensitive: "A" and "a" are one file
 *   silly  a file that is open keeps a name when it is removed, until it is
 *          closed, as with NFS and FUSE
 */
#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "real.h"

#define SILLY ".nfs"

struct name {
	char text[NAME_MAX + 1];
};

static bool is(const char *mode)
{
	const char *wanted = getenv("ODDFS");

	return wanted && !strcmp(wanted, mode);
}

/* The name that stands for another one. */
static const char *fold(int dir, const char *path, struct name *to)
{
	size_t len = strlen(path);

	if (dir == AT_FDCWD || *path == '/' || len > NAME_MAX || !is("fold"))
		return path;
	for (size_t i = 0; i <= len; i++)
		to->text[i] = (char)tolower((unsigned char)path[i]);
	return to->text;
}

int openat(int dir, const char *path, int flags, ...)
{
	struct name n;
	mode_t mode = 0;
	va_list ap;

	REAL(openat);
	va_start(ap, flags);
	if (flags & O_CREAT)
		mode = (mode_t)va_arg(ap, unsigned);
	va_end(ap);
	return real(dir, fold(dir, path, &n), flags, mode);
}

int mkdirat(int dir, const char *path, mode_t mode)
{
	struct name n;

	REAL(mkdirat);
	return real(dir, fold(dir, path, &n), mode);
}

int faccessat(int dir, const char *path, int mode, int flags)
{
	struct name n;

	REAL(faccessat);
	return real(dir, fold(dir, path, &n), mode, flags);
}

int fstatat(int dir, const char *path, struct stat *st, int flags)
{
	struct name n;

	REAL(fstatat);
	return real(dir, fold(dir, path, &n), st, flags);
}

int renameat(int from, const char *path, int to, const char *new_path)
{
	struct name n, m;

	REAL(renameat);
	return real(from, fold(from, path, &n), to, fold(to, new_path, &m));
}

int renameat2(int from, const char *path, int to, const char *new_path,
	      unsigned flags)
{
	struct name n, m;

	REAL(renameat2);
	return real(from, fold(from, path, &n), to, fold(to, new_path, &m),
		    flags);
}

/* Whether one of our descriptors is that file. */
static bool is_open(int dir, const char *path)
{
	struct stat file, st;

	if (syscall(SYS_newfstatat, dir, path, &file, AT_SYMLINK_NOFOLLOW))
		return false;
	for (int fd = 3; fd < 256; fd++)
		if (!syscall(SYS_fstat, fd, &st) && st.st_dev == file.st_dev &&
		    st.st_ino == file.st_ino && S_ISREG(st.st_mode))
			return true;
	return false;
}

int unlinkat(int dir, const char *path, int flags)
{
	struct name n;

	REAL(unlinkat);
	if (is("silly") && !flags && is_open(dir, path)) {
		snprintf(n.text, sizeof(n.text), SILLY "%.200s", path);
		return (int)syscall(SYS_renameat2, dir, path, dir, n.text, 0);
	}
	return real(dir, fold(dir, path, &n), flags);
}

int close(int fd)
{
	char link[64], path[PATH_MAX];
	const char *name;
	long len;
	int r;

	REAL(close);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof(path) - 1);
	path[len < 0 ? 0 : len] = '\0';
	name = strrchr(path, '/');
	r = real(fd);
	if (is("silly") && name &&
	    !strncmp(name + 1, SILLY, strlen(SILLY)))
		syscall(SYS_unlinkat, AT_FDCWD, path, 0);
	return r;
}
