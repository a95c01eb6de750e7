/* SPDX-License-Identifier: Apache-2.0 */
/*
 * creations - a library to preload that writes down with which permissions
 * files are created, and when permissions are changed later. For the tests
 * only. Lines of the file $CREATIONS are "WHAT MODE PATH", paths as they were
 * given to the call; WHAT is create (with O_EXCL), open (what may be there
 * already), temporary or chmod.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "real.h"

/* Past our own wrappers; one write, since threads do so at a time. */
static void note(const char *what, mode_t mode, const char *path)
{
	const char *log = getenv("CREATIONS");
	char line[5000];
	long fd;
	int n;

	if (!log)
		return;
	n = snprintf(line, sizeof(line), "%s %o %s\n", what, (unsigned)mode,
		     path);
	fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND,
		     0666);
	if (fd < 0 || n < 0 || write((int)fd, line, (size_t)n) != n)
		abort();
	syscall(SYS_close, fd);
}

static mode_t mode_of(int flags, va_list ap)
{
	return flags & O_CREAT ? (mode_t)va_arg(ap, unsigned) : 0;
}

int open(const char *path, int flags, ...)
{
	mode_t mode;
	va_list ap;

	REAL(open);
	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	if (flags & O_CREAT)
		note(flags & O_EXCL ? "create" : "open", mode, path);
	return real(path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
	mode_t mode;
	va_list ap;

	REAL(openat);
	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	if (flags & O_CREAT)
		note(flags & O_EXCL ? "create" : "open", mode, path);
	return real(dir, path, flags, mode);
}

int mkostemp(char *name, int flags)
{
	REAL(mkostemp);
	note("temporary", 0600, name);
	return real(name, flags);
}

int chmod(const char *path, mode_t mode)
{
	REAL(chmod);
	note("chmod", mode, path);
	return real(path, mode);
}

int fchmod(int fd, mode_t mode)
{
	REAL(fchmod);
	note("chmod", mode, "?");
	return real(fd, mode);
}

int fchmodat(int dir, const char *path, mode_t mode, int flags)
{
	REAL(fchmodat);
	note("chmod", mode, path);
	return real(dir, path, mode, flags);
}
