/* SPDX-License-Identifier: Apache-2.0 */
/*
 * failio - a library to preload that makes the n-th call of a kind fail, or
 * stops or kills the program there. For the tests only.
 *
 *   FAILIO_CALL    what counts, separated by commas: names of the functions
 *                  at the end of this file, or a family of them: open, mkdir,
 *                  rename, unlink, stat, memory; or "change", every call that
 *                  changes the file system
 *   FAILIO_AT      which of them, from 1 (default 1)
 *   FAILIO_ALWAYS  not empty: that one and all that follow
 *   FAILIO_ERRNO   number of the error it fails with; 0: it does less than
 *                  it was asked for (write, read: half of it; readdir: the
 *                  end). Memory runs out with ENOMEM whatever stands here
 *   FAILIO_SIGNAL  number of a signal to raise before the call, which then
 *                  goes on if the program does: 9 kills, 19 stops
 *   FAILIO_HIT     path of a file that is made when it happens; it tells the
 *                  call and the path it was for
 *   FAILIO_LACKS   functions that always fail with EINVAL, as those do that a
 *                  file system does not have; they don't count. O_TMPFILE:
 *                  an open with that flag does
 *   FAILIO_TOLD    path of a file that tells, at the end, how many blocks of
 *                  memory were taken and not given back, and how many calls
 *                  were made that change the file system
 *   FAILIO_RANDOM  not empty: random bytes are 1, 2, 3, ... in each run
 *   FAILIO_SECONDS after so many a run that hangs is ended by SIGALRM
 *
 * What happens before main() does not count, and what the C library calls
 * inside itself (stdio) is not seen, but for memory.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
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

#include "real.h"

/* What a call that was chosen has to do. */
enum verdict { GO_ON, FAIL, DO_LESS };

static struct {
	const char *calls, *always, *hit, *signal, *error, *lacks, *told;
	const char *random;
	long at;
	bool ready;
} wanted;

static atomic_long seen;
static atomic_long live;
static atomic_long changes_made;
static atomic_uint drawn;

/* An empty setting is none. */
static const char *setting(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* Behind the constructors of the libraries, before main(). */
__attribute__((constructor))
static void start(void)
{
	const char *at = setting("FAILIO_AT");
	const char *seconds = setting("FAILIO_SECONDS");

	wanted.calls = setting("FAILIO_CALL");
	wanted.always = setting("FAILIO_ALWAYS");
	wanted.hit = setting("FAILIO_HIT");
	wanted.signal = setting("FAILIO_SIGNAL");
	wanted.error = setting("FAILIO_ERRNO");
	wanted.lacks = setting("FAILIO_LACKS");
	wanted.told = setting("FAILIO_TOLD");
	wanted.random = setting("FAILIO_RANDOM");
	wanted.at = at ? atol(at) : 1;
	if (seconds)
		alarm((unsigned)atoi(seconds));
	wanted.ready = true;
}

/* Past our own wrappers. */
static void put_file(const char *path, const char *text)
{
	long fd = syscall(SYS_openat, AT_FDCWD, path,
			  O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (fd < 0)
		return;
	if (syscall(SYS_write, fd, text, strlen(text)) < 0)
		abort();
	syscall(SYS_close, fd);
}

__attribute__((destructor))
static void end(void)
{
	char text[64];

	if (!wanted.told)
		return;
	snprintf(text, sizeof(text), "%ld %ld\n", atomic_load(&live),
		 atomic_load(&changes_made));
	put_file(wanted.told, text);
}

static bool is_listed(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; *p; p += strcspn(p, ","), p += *p == ',')
		if (strcspn(p, ",") == len && !strncmp(p, word, len))
			return true;
	return false;
}

/* What a call is for: a path, or a descriptor, or neither. */
struct object {
	const char *path;
	int fd; /* -1: none */
};

#define NOTHING (struct object){ NULL, -1 }
#define PATH(path) (struct object){ path, -1 }
#define FD(fd) (struct object){ NULL, fd }

/* "close O_WRONLY /tmp/file", or "open file" */
static void leave_mark(const char *name, struct object o)
{
	char text[5000], link[64], target[4096] = "";
	const char *how = "";

	if (o.fd >= 0) {
		long flags = syscall(SYS_fcntl, o.fd, F_GETFL), n;

		how = flags >= 0 && (flags & O_ACCMODE) == O_WRONLY ?
		      " O_WRONLY" : "";
		snprintf(link, sizeof(link), "/proc/self/fd/%d", o.fd);
		n = syscall(SYS_readlinkat, AT_FDCWD, link, target,
			    sizeof(target) - 1);
		target[n < 0 ? 0 : n] = '\0';
		o.path = target;
	}
	snprintf(text, sizeof(text), "%s%s %s\n", name, how,
		 o.path ? o.path : "");
	put_file(wanted.hit, text);
}

static bool is_lacking(const char *name)
{
	if (!wanted.ready || !wanted.lacks || !is_listed(wanted.lacks, name))
		return false;
	errno = EINVAL;
	return true;
}

static enum verdict judge(const char *name, const char *family, bool changes,
			  struct object o)
{
	long now;

	if (!wanted.ready)
		return GO_ON;
	if (is_lacking(name))
		return FAIL;
	if (changes)
		atomic_fetch_add(&changes_made, 1);
	if (!wanted.calls ||
	    !(is_listed(wanted.calls, name) ||
	      is_listed(wanted.calls, family) ||
	      (changes && is_listed(wanted.calls, "change"))))
		return GO_ON;
	now = atomic_fetch_add(&seen, 1) + 1;
	if (now != wanted.at && !(wanted.always && now > wanted.at))
		return GO_ON;
	if (wanted.hit)
		leave_mark(name, o);
	if (wanted.signal)
		raise(atoi(wanted.signal));
	if (!wanted.error)
		return GO_ON;
	errno = atoi(wanted.error);
	return errno ? FAIL : DO_LESS;
}

/* ---- Memory ---- */

/*
 * dlsym() may want memory itself before it has found the allocator: it gets
 * some of this, which is never given back.
 */
static char first_blocks[4096];
static size_t first_used;

static void *first_block(size_t n)
{
	char *p = first_blocks + first_used;

	first_used += (n + 15) / 16 * 16;
	if (first_used > sizeof(first_blocks))
		abort();
	return p;
}

static bool is_first_block(const void *p)
{
	return (const char *)p >= first_blocks &&
	       (const char *)p < first_blocks + sizeof(first_blocks);
}

static struct {
	void *(*malloc)(size_t n);
	void *(*calloc)(size_t count, size_t size);
	void *(*realloc)(void *p, size_t n);
	void (*free)(void *p);
} memory;

/* Whether the real ones are known. Not while they are being looked up. */
static bool know_memory(void)
{
	static bool looking;

	if (memory.free)
		return true;
	if (looking)
		return false;
	looking = true;
	find_real("malloc", &memory.malloc, sizeof(memory.malloc));
	find_real("calloc", &memory.calloc, sizeof(memory.calloc));
	find_real("realloc", &memory.realloc, sizeof(memory.realloc));
	find_real("free", &memory.free, sizeof(memory.free));
	return true;
}

static bool runs_out(const char *name)
{
	if (judge(name, "memory", false, NOTHING) == GO_ON)
		return false;
	errno = ENOMEM;
	return true;
}

/* What was taken since main() began. */
static void *taken(void *p)
{
	if (p && wanted.ready)
		atomic_fetch_add(&live, 1);
	return p;
}

void *malloc(size_t n)
{
	if (!know_memory())
		return first_block(n);
	return runs_out("malloc") ? NULL : taken(memory.malloc(n));
}

void *calloc(size_t count, size_t size)
{
	if (!know_memory())
		return first_block(count * size);
	return runs_out("calloc") ? NULL : taken(memory.calloc(count, size));
}

void *realloc(void *p, size_t n)
{
	void *to;

	if (!know_memory() || is_first_block(p))
		abort();
	if (runs_out("realloc"))
		return NULL;
	to = memory.realloc(p, n);
	return p ? to : taken(to);
}

void free(void *p)
{
	if (!p || is_first_block(p) || !know_memory())
		return;
	if (wanted.ready)
		atomic_fetch_sub(&live, 1);
	memory.free(p);
}

/* ---- Files ---- */

#define OPEN_BODY(name, call_plain, call_mode) \
	mode_t mode = 0; \
	REAL(name); \
	if (flags & (O_CREAT | __O_TMPFILE)) { \
		va_list ap; \
		va_start(ap, flags); \
		mode = va_arg(ap, mode_t); \
		va_end(ap); \
	} \
	if ((flags & O_TMPFILE) == O_TMPFILE && is_lacking("O_TMPFILE")) \
		return -1; \
	if (judge(#name, "open", flags & O_CREAT, PATH(path)) != GO_ON) \
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

/* How much of n bytes. */
static size_t less(enum verdict v, size_t n)
{
	return v == DO_LESS && n > 1 ? n / 2 : n;
}

ssize_t write(int fd, const void *p, size_t n)
{
	enum verdict v = judge("write", "write", true, FD(fd));

	REAL(write);
	return v == FAIL ? -1 : real(fd, p, less(v, n));
}

ssize_t read(int fd, void *p, size_t n)
{
	enum verdict v = judge("read", "read", false, FD(fd));

	REAL(read);
	return v == FAIL ? -1 : real(fd, p, less(v, n));
}

ssize_t pread(int fd, void *p, size_t n, off_t at)
{
	enum verdict v = judge("pread", "read", false, FD(fd));

	REAL(pread);
	return v == FAIL ? -1 : real(fd, p, less(v, n), at);
}

/* What _FORTIFY_SOURCE makes of them where it can't see that all fits. */
ssize_t __read_chk(int fd, void *p, size_t n, size_t room);
ssize_t __pread_chk(int fd, void *p, size_t n, off_t at, size_t room);

ssize_t __read_chk(int fd, void *p, size_t n, size_t room)
{
	if (n > room)
		abort();
	return read(fd, p, n);
}

ssize_t __pread_chk(int fd, void *p, size_t n, off_t at, size_t room)
{
	if (n > room)
		abort();
	return pread(fd, p, n, at);
}

struct dirent *readdir(DIR *dir)
{
	REAL(readdir);
	return judge("readdir", "readdir", false, FD(dirfd(dir))) == GO_ON ?
	       real(dir) : NULL;
}

DIR *opendir(const char *path)
{
	REAL(opendir);
	return judge("opendir", "open", false, PATH(path)) == GO_ON ?
	       real(path) : NULL;
}

DIR *fdopendir(int fd)
{
	REAL(fdopendir);
	return judge("fdopendir", "open", false, FD(fd)) == GO_ON ?
	       real(fd) : NULL;
}

char *realpath(const char *restrict path, char *restrict to)
{
	REAL(realpath);
	return judge("realpath", "stat", false, PATH(path)) == GO_ON ?
	       real(path, to) : NULL;
}

off_t lseek(int fd, off_t off, int from)
{
	REAL(lseek);
	return judge("lseek", "lseek", false, FD(fd)) == GO_ON ?
	       real(fd, off, from) : -1;
}

/* The only ones that have an argument make another descriptor of one. */
int fcntl(int fd, int command, ...)
{
	va_list ap;
	int argument;

	REAL(fcntl);
	va_start(ap, command);
	argument = va_arg(ap, int);
	va_end(ap);
	if (judge("fcntl", "dup", false, FD(fd)) != GO_ON)
		return -1;
	return real(fd, command, argument);
}

/* Its error is what it returns. */
int pthread_create(pthread_t *restrict thread,
		   const pthread_attr_t *restrict attributes,
		   void *(*function)(void *), void *restrict argument)
{
	REAL(pthread_create);
	if (judge("pthread_create", "thread", false, NOTHING) != GO_ON)
		return errno;
	return real(thread, attributes, function, argument);
}

/* Of mbedTLS, whatever version. */
int mbedtls_ctr_drbg_random(void *drbg, unsigned char *out, size_t n);

int mbedtls_ctr_drbg_random(void *drbg, unsigned char *out, size_t n)
{
	REAL(mbedtls_ctr_drbg_random);
	if (judge("mbedtls_ctr_drbg_random", "random", false, NOTHING) !=
	    GO_ON)
		return -0x34; /* the entropy source failed */
	if (!wanted.random)
		return real(drbg, out, n);
	for (size_t i = 0; i < n; i++)
		out[i] = (unsigned char)(atomic_fetch_add(&drawn, 1) + 1);
	return 0;
}

/* Where the generator's seed comes from. */
int mbedtls_entropy_func(void *entropy, unsigned char *out, size_t n);

int mbedtls_entropy_func(void *entropy, unsigned char *out, size_t n)
{
	REAL(mbedtls_entropy_func);
	return judge("mbedtls_entropy_func", "random", false, NOTHING) ==
	       GO_ON ? real(entropy, out, n) : -0x3C;
}

/* The other ones pass on what they got. */
#define WRAP(name, family, changes, object, parameters, arguments) \
	int name parameters \
	{ \
		REAL(name); \
		if (judge(#name, family, changes, object) != GO_ON) \
			return -1; \
		return real arguments; \
	}

WRAP(mkdir, "mkdir", true, PATH(path), (const char *path, mode_t mode),
     (path, mode))
WRAP(mkdirat, "mkdir", true, PATH(path),
     (int dir, const char *path, mode_t mode), (dir, path, mode))
WRAP(ftruncate, "ftruncate", true, FD(fd), (int fd, off_t len), (fd, len))
WRAP(mkostemp, "open", true, PATH(path), (char *path, int flags),
     (path, flags))
WRAP(unlink, "unlink", true, PATH(path), (const char *path), (path))
WRAP(unlinkat, "unlink", true, PATH(path),
     (int dir, const char *path, int flags), (dir, path, flags))
WRAP(rename, "rename", true, PATH(to), (const char *from, const char *to),
     (from, to))
WRAP(renameat, "rename", true, PATH(to),
     (int from_dir, const char *from, int to_dir, const char *to),
     (from_dir, from, to_dir, to))
WRAP(renameat2, "rename", true, PATH(to),
     (int from_dir, const char *from, int to_dir, const char *to,
      unsigned flags), (from_dir, from, to_dir, to, flags))
WRAP(linkat, "rename", true, PATH(to),
     (int from_dir, const char *from, int to_dir, const char *to, int flags),
     (from_dir, from, to_dir, to, flags))
WRAP(fsync, "fsync", false, FD(fd), (int fd), (fd))
WRAP(syncfs, "syncfs", false, FD(fd), (int fd), (fd))
WRAP(flock, "flock", false, FD(fd), (int fd, int operation), (fd, operation))
WRAP(dup, "dup", false, FD(fd), (int fd), (fd))
WRAP(fstat, "stat", false, FD(fd), (int fd, struct stat *st), (fd, st))
WRAP(stat, "stat", false, PATH(path),
     (const char *restrict path, struct stat *restrict st), (path, st))
WRAP(lstat, "stat", false, PATH(path),
     (const char *restrict path, struct stat *restrict st), (path, st))
WRAP(fstatat, "stat", false, PATH(path),
     (int dir, const char *restrict path, struct stat *restrict st,
      int flags), (dir, path, st, flags))
WRAP(access, "stat", false, PATH(path), (const char *path, int mode),
     (path, mode))
WRAP(faccessat, "stat", false, PATH(path),
     (int dir, const char *path, int mode, int flags),
     (dir, path, mode, flags))

/* A close that fails has closed all the same. */
int close(int fd)
{
	int r;

	REAL(close);
	if (judge("close", "close", false, FD(fd)) == GO_ON)
		return real(fd);
	r = errno;
	real(fd);
	errno = r;
	return -1;
}
