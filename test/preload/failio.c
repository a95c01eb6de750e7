/* SPDX-License-Identifier: Apache-2.0 */
/*
 * failio - a library to preload that makes the n-th system call of a kind
 * fail, or stops or kills the program there. For the tests only.
 *
 *   FAILIO_CALL    what counts, separated by commas: names of the functions
 *                  at the end of this file, or a family of them: open, mkdir,
 *                  rename, unlink; or "change", every call that changes the
 *                  file system
 *   FAILIO_AT      which of them, from 1 (default 1)
 *   FAILIO_ALWAYS  not empty: that one and all that follow
 *   FAILIO_ERRNO   number of the error it fails with; 0: it does less than
 *                  it was asked for (write: half of it; readdir: the end)
 *   FAILIO_SIGNAL  number of a signal to raise before the call, which then
 *                  goes on if the program does: 9 kills, 19 stops
 *   FAILIO_HIT     path of a file that is made when it happens
 *   FAILIO_LACKS   functions that always fail with EINVAL, as those do that a
 *                  file system does not have; they don't count
 *
 * What the C library calls inside itself (stdio) is not seen.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What a call that was chosen has to do. */
enum verdict { GO_ON, FAIL, DO_LESS };

static atomic_long seen;

/* The function that ours hides; POSIX has dlsym() return a data pointer. */
static void find_real(const char *name, void *function, size_t size)
{
	void *p = dlsym(RTLD_NEXT, name);

	if (!p)
		abort();
	memcpy(function, &p, size);
}

#define REAL(name) \
	static __typeof__(name) *real; \
	do { \
		if (!real) \
			find_real(#name, &real, sizeof(real)); \
	} while (0)

static bool is_listed(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; *p; p += strcspn(p, ","), p += *p == ',')
		if (strcspn(p, ",") == len && !strncmp(p, word, len))
			return true;
	return false;
}

/* Past our own wrappers. */
static void leave_mark(const char *path)
{
	long fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT,
			  0666);

	if (fd >= 0)
		syscall(SYS_close, fd);
}

static enum verdict judge(const char *name, const char *family, bool changes)
{
	const char *list = getenv("FAILIO_CALL"), *at = getenv("FAILIO_AT");
	const char *always = getenv("FAILIO_ALWAYS"), *hit = getenv("FAILIO_HIT");
	const char *number = getenv("FAILIO_ERRNO");
	const char *signal_number = getenv("FAILIO_SIGNAL");
	const char *lacks = getenv("FAILIO_LACKS");
	long wanted = at ? atol(at) : 1, now;

	if (lacks && is_listed(lacks, name)) {
		errno = EINVAL;
		return FAIL;
	}
	if (!list || !(is_listed(list, name) || is_listed(list, family) ||
		       (changes && is_listed(list, "change"))))
		return GO_ON;
	now = atomic_fetch_add(&seen, 1) + 1;
	if (now != wanted && !(always && *always && now > wanted))
		return GO_ON;
	if (hit && *hit)
		leave_mark(hit);
	if (signal_number && *signal_number)
		raise(atoi(signal_number));
	if (!number || !*number)
		return GO_ON;
	errno = atoi(number);
	return errno ? FAIL : DO_LESS;
}

#define OPEN_BODY(name, call_plain, call_mode) \
	mode_t mode = 0; \
	REAL(name); \
	if (flags & (O_CREAT | __O_TMPFILE)) { \
		va_list ap; \
		va_start(ap, flags); \
		mode = va_arg(ap, mode_t); \
		va_end(ap); \
	} \
	if (judge(#name, "open", flags & O_CREAT) != GO_ON) \
		return -1; \
	return flags & (O_CREAT | __O_TMPFILE) ? call_mode : call_plain

int open(const char *path, int flags, ...)
{
	OPEN_BODY(open, real(path, flags), real(path, flags, mode));
}

int openat(int dir, const char *path, int flags, ...)
{
	OPEN_BODY(openat, real(dir, path, flags),
		  real(dir, path, flags, mode));
}

/* What _FORTIFY_SOURCE makes of an open whose flags it does not know. */
int __open_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);

int __open_2(const char *path, int flags)
{
	return open(path, flags);
}

int __openat_2(int dir, const char *path, int flags)
{
	return openat(dir, path, flags);
}

ssize_t write(int fd, const void *p, size_t n)
{
	enum verdict v = judge("write", "write", true);

	REAL(write);
	return v == FAIL ? -1 : real(fd, p, v == DO_LESS && n > 1 ? n / 2 : n);
}

ssize_t read(int fd, void *p, size_t n)
{
	REAL(read);
	return judge("read", "read", false) == GO_ON ? real(fd, p, n) : -1;
}

struct dirent *readdir(DIR *dir)
{
	REAL(readdir);
	return judge("readdir", "readdir", false) == GO_ON ? real(dir) : NULL;
}

/* The other ones pass on what they got. */
#define WRAP(name, family, changes, parameters, arguments) \
	int name parameters \
	{ \
		REAL(name); \
		if (judge(#name, family, changes) != GO_ON) \
			return -1; \
		return real arguments; \
	}

WRAP(mkdir, "mkdir", true, (const char *path, mode_t mode), (path, mode))
WRAP(mkdirat, "mkdir", true, (int dir, const char *path, mode_t mode),
     (dir, path, mode))
WRAP(ftruncate, "ftruncate", true, (int fd, off_t len), (fd, len))
WRAP(unlink, "unlink", true, (const char *path), (path))
WRAP(unlinkat, "unlink", true, (int dir, const char *path, int flags),
     (dir, path, flags))
WRAP(rename, "rename", true, (const char *from, const char *to), (from, to))
WRAP(renameat, "rename", true,
     (int from_dir, const char *from, int to_dir, const char *to),
     (from_dir, from, to_dir, to))
WRAP(renameat2, "rename", true,
     (int from_dir, const char *from, int to_dir, const char *to,
      unsigned flags), (from_dir, from, to_dir, to, flags))
WRAP(linkat, "rename", true,
     (int from_dir, const char *from, int to_dir, const char *to, int flags),
     (from_dir, from, to_dir, to, flags))
WRAP(fsync, "fsync", false, (int fd), (fd))
WRAP(syncfs, "syncfs", false, (int fd), (fd))
WRAP(flock, "flock", false, (int fd, int operation), (fd, operation))

/* A close that fails has closed all the same. */
int close(int fd)
{
	int r;

	REAL(close);
	if (judge("close", "close", false) == GO_ON)
		return real(fd);
	r = errno;
	real(fd);
	errno = r;
	return -1;
}
