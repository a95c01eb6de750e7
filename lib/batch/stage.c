/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "text.h"

#define FINGERPRINT_FILE "fingerprint"
/* Behind the fingerprint, from the first rename on. */
#define PUBLISHING_MARK "publishing\n"
#define FINGERPRINT_TEXT (2 * STAGE_FINGERPRINT_SIZE + 1)
#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int stage_init(struct stage *s, const char *outdir, const char *prefix,
	       uint64_t shard, uint64_t shards, struct err *err)
{
	struct buf out = BUF_INIT, partial = BUF_INIT;
	char shown[TEXT_SHOWN];
	size_t name;
	int r;

	*s = (struct stage)STAGE_INIT;
	r = file_expand_home(*outdir ? outdir : ".", &out, err);
	if (r) {
		buf_release(&out);
		return r;
	}
	s->outdir = (char *)out.data;
	r = buf_puts(&partial, s->outdir) || buf_putc(&partial, '/');
	name = partial.len;
	if (!r)
		r = buf_printf(&partial, ".mfg_gen-%s", prefix);
	if (!r && shards)
		r = buf_printf(&partial, ".shard-%" PRIu64 "-%" PRIu64, shard,
			       shards);
	if (!r)
		r = buf_puts(&partial, ".partial");
	s->partial = r ? NULL : buf_str(&partial);
	if (!s->partial) {
		buf_release(&partial);
		stage_release(s);
		return err_nomem(err);
	}
	s->name = s->partial + name;
	name = strlen(s->name);
	if (name <= NAME_MAX)
		return 0;
	stage_release(s);
	return err_set(err, ERR_INPUT, "the prefix '%s' has %zu bytes, for file "
		       "names %zu are possible: shorten it",
		       text_show(shown, sizeof(shown), prefix, strlen(prefix)),
		       strlen(prefix), strlen(prefix) - (name - NAME_MAX));
}

void stage_release(struct stage *s)
{
	for (unsigned i = 0; i < NAME_DIRS; i++) {
		close_fd(&s->dir[i]);
		close_fd(&s->target[i]);
	}
	close_fd(&s->lock_fd);
	close_fd(&s->fd);
	close_fd(&s->out_fd);
	mem_free(s->outdir);
	mem_free(s->partial);
	s->outdir = s->partial = NULL;
}

/*
 * Whether two open directories are parts of one mount: from one to another
 * nothing can be renamed, even if both are of the same file system.
 */
static bool same_mount(int a, int b)
{
#ifdef STATX_MNT_ID
	struct statx x, y;

	if (!statx(a, "", AT_EMPTY_PATH, STATX_MNT_ID, &x) &&
	    !statx(b, "", AT_EMPTY_PATH, STATX_MNT_ID, &y) &&
	    x.stx_mask & y.stx_mask & STATX_MNT_ID)
		return x.stx_mnt_id == y.stx_mnt_id;
#else
	(void)a;
	(void)b;
#endif
	return true; /* as far as can be told */
}

/*
 * Open what there is of a target directory, where files can be renamed to.
 * One that was not there to be opened, but has a name now, leads nowhere;
 * or another shard has just made it, and a second try succeeds.
 */
static int open_target(struct stage *s, enum name_dir dir, bool again,
		       struct err *err)
{
	const char *name = name_dirs[dir];
	struct stat out, target;
	int fd = file_open_dir(s->out_fd, name), cause = fd < 0 ? errno : 0;

	if (cause == ELOOP)
		return err_set(err, ERR_INPUT, "'%s/%s' is another user's "
			       "symbolic link, which is not followed: remove "
			       "it, or choose another --outdir", s->outdir,
			       name);
	if (cause == ENOENT &&
	    faccessat(s->out_fd, name, F_OK, AT_SYMLINK_NOFOLLOW))
		return 0;
	if (cause == ENOENT && again)
		return open_target(s, dir, false, err);
	s->target[dir] = fd;
	if (fd < 0 || fstat(fd, &target) || fstat(s->out_fd, &out)) {
		err_io(err, cause ? cause : errno, "cannot open the directory",
		       name);
		return err_context(err, "in '%s'", s->outdir);
	}
	if (target.st_dev != out.st_dev || !same_mount(fd, s->out_fd))
		return err_set(err, ERR_INPUT, "'%s/%s' leads to another file "
			       "system, where finished files can't be moved "
			       "to: choose an --outdir that is whole",
			       s->outdir, name);
	return 0;
}

/* Those that are not open yet. */
static int open_targets(struct stage *s, struct err *err)
{
	int r = 0;

	for (unsigned i = 0; i < s->dirs && !r; i++)
		if (s->target[i] < 0 && !(s->keyless && i == NAME_DIR_KEYS))
			r = open_target(s, (enum name_dir)i, true, err);
	return r;
}

int stage_look(struct stage *s, struct err *err)
{
	s->out_fd = open(s->outdir, OPEN_DIR);
	if (s->out_fd < 0)
		return errno == ENOENT ? 0 :
		       err_io(err, errno, "cannot open the directory",
			      s->outdir);
	return open_targets(s, err);
}

int stage_check_targets(const struct stage *s, struct err *err)
{
	for (unsigned i = 0; i < s->dirs; i++) {
		if (s->target[i] < 0 ||
		    !faccessat(s->out_fd, name_dirs[i], W_OK | X_OK,
			       AT_EACCESS))
			continue;
		err_io(err, errno, "cannot write in the directory",
		       name_dirs[i]);
		return err_context(err, "in '%s'", s->outdir);
	}
	return 0;
}

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

/* A stream of a directory's entries from the first one on. */
static DIR *open_entries(int fd)
{
	int copy = dup(fd);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);

	if (d)
		rewinddir(d);
	else if (copy >= 0)
		close(copy);
	return d;
}

/* Whether there is nothing in it: 1, 0, or -1 with errno. */
static int is_empty(int fd)
{
	DIR *d = open_entries(fd);
	const char *name;
	int got = d ? file_next_entry(d, &name) : -1;

	if (d)
		closedir(d);
	return got < 0 ? -1 : !got;
}

/*
 * Remove the entries of a directory but for one (kept may be NULL), and
 * theirs one level down.
 */
static int remove_entries(int fd, const char *kept, bool deeper)
{
	DIR *d = open_entries(fd);
	const char *name;
	int r = d ? 0 : -1;

	while (!r && (r = file_next_entry(d, &name)) > 0) {
		int sub;

		if (kept && !strcmp(name, kept)) {
			r = 0;
			continue;
		}
		r = unlinkat(fd, name, 0);
		if (!r)
			continue;
		sub = deeper ? openat(fd, name, OPEN_DIR | O_NOFOLLOW) : -1;
		r = sub < 0 ? -1 : remove_entries(sub, NULL, false);
		if (!r)
			r = unlinkat(fd, name, AT_REMOVEDIR);
		close_fd(&sub);
	}
	if (d)
		closedir(d);
	return r;
}

/*
 * Remove the partial directory, which is empty. A network file system keeps a
 * file that was just closed under another name until it has seen to it: a
 * moment later it is gone. Another run may have moved in, too, and stays.
 */
static int remove_partial(const struct stage *s)
{
	const struct timespec moment = { 0, 10000000 };

	for (unsigned tries = 0; tries < 20; tries++) {
		if (!unlinkat(s->out_fd, s->name, AT_REMOVEDIR) ||
		    errno == ENOENT)
			return 0;
		if (errno != ENOTEMPTY && errno != EEXIST)
			return -1;
		if (!faccessat(s->fd, FINGERPRINT_FILE, F_OK,
			       AT_SYMLINK_NOFOLLOW))
			return 0;
		nanosleep(&moment, NULL);
	}
	return 0;
}

int stage_remove(struct stage *s, struct err *err)
{
	/* What was staged is published, or this fails. */
	for (unsigned i = 0; i < NAME_DIRS; i++)
		if (unlinkat(s->fd, name_dirs[i], AT_REMOVEDIR) &&
		    errno != ENOENT)
			return err_io(err, errno, "cannot remove",
				      s->partial);
	/*
	 * The fingerprint is the lock: it goes last, and another run may then
	 * move in at once.
	 */
	if (remove_entries(s->fd, FINGERPRINT_FILE, false) ||
	    unlinkat(s->fd, FINGERPRINT_FILE, 0))
		return err_io(err, errno, "cannot remove", s->partial);
	close_fd(&s->lock_fd);
	return remove_partial(s) ?
	       err_io(err, errno, "cannot remove", s->partial) : 0;
}

/* What the file that is the lock says. */
struct lock_text {
	bool whole;      /* the fingerprint is, and then found is it */
	bool publishing; /* an earlier run had begun to publish */
	uint8_t found[STAGE_FINGERPRINT_SIZE];
};

/* The first size bytes at most; how many, or -1 with errno. */
static ssize_t read_start(int fd, char *to, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = pread(fd, to + len, size - len, (off_t)len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (!n)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/*
 * 0, or -1 with errno: what can't be read must not pass for what was not
 * written whole, which is thrown away.
 */
static int read_lock(int fd, struct lock_text *lock)
{
	const size_t mark = sizeof(PUBLISHING_MARK) - 1;
	char text[FINGERPRINT_TEXT + sizeof(PUBLISHING_MARK) - 1];
	struct buf raw = BUF_INIT;
	ssize_t n = read_start(fd, text, sizeof(text));
	int r;

	*lock = (struct lock_text){ .whole = false };
	if (n < 0)
		return -1;
	if (n < (ssize_t)FINGERPRINT_TEXT || text[FINGERPRINT_TEXT - 1] != '\n')
		return 0;
	r = text_hex(text, FINGERPRINT_TEXT, &raw, NULL);
	if (!r)
		memcpy(lock->found, raw.data, STAGE_FINGERPRINT_SIZE);
	buf_release(&raw);
	lock->whole = !r;
	lock->publishing = n == (ssize_t)sizeof(text) &&
			   !memcmp(text + FINGERPRINT_TEXT, PUBLISHING_MARK,
				   mark);
	errno = ENOMEM;
	return r == ERR_NOMEM ? -1 : 0;
}

/*
 * Whether anything is staged in the partial directory. What can't be read may
 * be something.
 */
static bool has_staged(int partial)
{
	bool found = false;

	for (unsigned i = 0; i < NAME_DIRS && !found; i++) {
		int fd = openat(partial, name_dirs[i], OPEN_DIR | O_NOFOLLOW);

		found = fd >= 0 && is_empty(fd) <= 0;
		close_fd(&fd);
	}
	return found;
}

int stage_earlier(const struct stage *s, enum stage_earlier *earlier,
		  struct err *err)
{
	struct lock_text lock;
	int dir, fd = -1, r = 0;

	*earlier = STAGE_NONE;
	dir = s->out_fd < 0 ? -1 : openat(s->out_fd, s->name,
					  OPEN_DIR | O_NOFOLLOW);
	if (dir >= 0)
		fd = openat(dir, FINGERPRINT_FILE, O_RDONLY | O_NOFOLLOW |
			    O_NONBLOCK | O_CLOEXEC);
	/* What was planted there, stage_open() refuses. */
	if (fd < 0 && s->out_fd >= 0 && errno != ENOENT && errno != ELOOP &&
	    errno != ENOTDIR)
		r = err_io(err, errno, "cannot look into", s->partial);
	else if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) &&
		 errno == EWOULDBLOCK)
		*earlier = STAGE_AT_WORK;
	else if (fd >= 0 && read_lock(fd, &lock))
		r = err_io(err, errno, "cannot read what is in", s->partial);
	else if (fd >= 0 && lock.whole)
		*earlier = lock.publishing ? STAGE_PUBLISHING : STAGE_STOPPED;
	/* One that is empty is of a run that had begun to throw all away. */
	else if (fd < 0 && dir >= 0 && has_staged(dir))
		*earlier = STAGE_UNKNOWN;
	close_fd(&fd);
	close_fd(&dir);
	return r;
}

static int write_fingerprint(const struct stage *s,
			     const uint8_t fingerprint[STAGE_FINGERPRINT_SIZE],
			     struct err *err)
{
	struct buf text = BUF_INIT;
	int r = 0;

	if (text_to_hex(fingerprint, STAGE_FINGERPRINT_SIZE, &text) ||
	    buf_putc(&text, '\n'))
		r = err_nomem(err);
	else if (ftruncate(s->lock_fd, 0) ||
		 lseek(s->lock_fd, 0, SEEK_SET) < 0 ||
		 file_write_all(s->lock_fd, text.data, text.len) ||
		 fsync(s->lock_fd) || file_sync_dir(s->fd))
		r = err_io(err, errno, "cannot write in", s->partial);
	buf_release(&text);
	return r;
}

/* Have it known, even after a power cut, before the first rename. */
static int mark_publishing(const struct stage *s)
{
	return lseek(s->lock_fd, FINGERPRINT_TEXT, SEEK_SET) < 0 ||
	       file_write_all(s->lock_fd, PUBLISHING_MARK,
			      sizeof(PUBLISHING_MARK) - 1) ||
	       fsync(s->lock_fd) ? -1 : 0;
}

int stage_err_at_work(const struct stage *s, struct err *err)
{
	return err_set(err, ERR_EXISTS, "another run is at work in '%s': wait "
		       "for it to end", s->partial);
}

int stage_err_stopped(const struct stage *s, struct err *err)
{
	return err_set(err, ERR_EXISTS, "an earlier run was stopped and left "
		       "'%s': complete it with --resume, or begin again with "
		       "--restart", s->partial);
}

int stage_err_unknown(const struct stage *s, struct err *err)
{
	return err_set(err, ERR_EXISTS, "an earlier run has left '%s', and its "
		       "fingerprint is gone, without which --resume can't know "
		       "what it was to make: begin again with --restart",
		       s->partial);
}

int stage_err_publishing(const struct stage *s, struct err *err)
{
	return err_set(err, ERR_EXISTS, "the run that left '%s' had begun to "
		       "publish: complete it with --resume (to make all anew, "
		       "keys too, give --restart and --overwrite)",
		       s->partial);
}

/* The partial directory is there with a whole fingerprint: what now? */
static int meet(struct stage *s, enum batch_start start,
		const uint8_t wanted[STAGE_FINGERPRINT_SIZE],
		const struct lock_text *lock, struct err *err)
{
	if (start == BATCH_NEW)
		return stage_err_stopped(s, err);
	if (memcmp(wanted, lock->found, STAGE_FINGERPRINT_SIZE) != 0)
		return err_set(err, ERR_EXISTS, "'%s' was left by a run with "
			       "another configuration, values table or options, "
			       "so it can't be resumed: give what it was started "
			       "with, or begin again with --restart",
			       s->partial);
	s->publishing = lock->publishing;
	return 0;
}

static int make_dir(int at, const char *name, int *fd)
{
	if (mkdirat(at, name, 0777) && errno != EEXIST)
		return -1;
	*fd = openat(at, name, OPEN_DIR | O_NOFOLLOW);
	return *fd < 0 ? -1 : 0;
}

/*
 * Whether the directory and the lock are still those of the name: a run that
 * ends removes both, and may have done so between our open and our lock.
 */
static bool is_current(const struct stage *s)
{
	struct stat dir, ours_dir, lock, ours_lock;

	return !fstat(s->fd, &ours_dir) && !fstat(s->lock_fd, &ours_lock) &&
	       !fstatat(s->out_fd, s->name, &dir, AT_SYMLINK_NOFOLLOW) &&
	       !fstatat(s->fd, FINGERPRINT_FILE, &lock, AT_SYMLINK_NOFOLLOW) &&
	       dir.st_dev == ours_dir.st_dev && dir.st_ino == ours_dir.st_ino &&
	       lock.st_dev == ours_lock.st_dev &&
	       lock.st_ino == ours_lock.st_ino;
}

/* Make or open the directory and lock it: 0, or 1 when it was just removed. */
static int try_lock(struct stage *s, struct err *err)
{
	close_fd(&s->lock_fd);
	close_fd(&s->fd);
	/* ENOENT here: outdir itself was removed, and is ours only. */
	if (mkdirat(s->out_fd, s->name, 0777) && errno != EEXIST)
		return err_io(err, errno, "cannot make the directory",
			      s->partial);
	s->fd = openat(s->out_fd, s->name, OPEN_DIR | O_NOFOLLOW);
	if (s->fd < 0)
		return errno == ENOENT ? 1 :
		       err_io(err, errno, "cannot make the directory",
			      s->partial);
	s->lock_fd = openat(s->fd, FINGERPRINT_FILE, O_RDWR | O_CREAT |
			    O_NOFOLLOW | O_CLOEXEC, 0666);
	if (s->lock_fd < 0)
		return errno == ENOENT ? 1 :
		       err_io(err, errno, "cannot write in", s->partial);
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return stage_err_at_work(s, err);
	return is_current(s) ? 0 : 1;
}

static int enter(struct stage *s, struct err *err)
{
	int r = file_make_dirs(s->outdir, err);

	if (r)
		return r;
	if (s->out_fd < 0)
		s->out_fd = open(s->outdir, OPEN_DIR);
	if (s->out_fd < 0)
		return err_io(err, errno, "cannot open the directory",
			      s->outdir);
	for (unsigned tries = 0; tries < 100; tries++) {
		r = try_lock(s, err);
		if (r <= 0)
			return r;
	}
	return err_set(err, ERR_EXISTS, "other runs keep making and removing "
		       "'%s'", s->partial);
}

/*
 * Throw away what an earlier run has left, holding its lock all the time.
 * Without a whole fingerprint nobody takes up again what is still there if
 * this run dies meanwhile: the next one clears on.
 */
static int clear(struct stage *s, struct err *err)
{
	if (ftruncate(s->lock_fd, 0) ||
	    remove_entries(s->fd, FINGERPRINT_FILE, true))
		return err_io(err, errno, "cannot remove what is in",
			      s->partial);
	return 0;
}

int stage_open(struct stage *s, enum batch_start start,
	       const uint8_t fingerprint[STAGE_FINGERPRINT_SIZE],
	       struct err *err)
{
	struct lock_text lock;
	int r = enter(s, err);

	/* The run before this one may have published since stage_look(). */
	if (!r)
		r = open_targets(s, err);
	if (r)
		return r;
	if (read_lock(s->lock_fd, &lock))
		return err_io(err, errno, "cannot read what is in", s->partial);
	if (lock.whole && start != BATCH_RESTART) {
		r = meet(s, start, fingerprint, &lock, err);
		s->resumed = !r;
	} else {
		r = clear(s, err);
		if (!r)
			r = write_fingerprint(s, fingerprint, err);
	}
	for (unsigned i = 0; i < s->dirs && !r; i++)
		if (make_dir(s->fd, name_dirs[i], &s->dir[i]))
			r = err_io(err, errno, "cannot make a directory in",
				   s->partial);
	return r;
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
	DIR *d = open_entries(s->dir[dir]);
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

static int rename_failed(const struct stage *s, enum name_dir dir,
			 const char *file, struct err *err)
{
	if (errno == EEXIST)
		return err_set(err, ERR_EXISTS, "'%s/%s/%s' has appeared while "
			       "the batch was made and is left as it is: move it "
			       "away and complete the batch with --resume",
			       s->outdir, name_dirs[dir], file);
	return err_io(err, errno, "cannot move into place", file);
}

/*
 * A run that moved by linking (there is no other way to not replace on some
 * file systems) may have died before it removed the old name.
 */
static bool is_linked(const struct stage *s, enum name_dir dir,
		      const char *file)
{
	struct stat staged, target;

	return !fstatat(s->dir[dir], file, &staged, AT_SYMLINK_NOFOLLOW) &&
	       !fstatat(s->target[dir], file, &target, AT_SYMLINK_NOFOLLOW) &&
	       staged.st_dev == target.st_dev && staged.st_ino == target.st_ino;
}

static int publish_file(struct stage *s, enum name_dir dir, const char *file,
			bool overwrite, struct err *err)
{
	int from = s->dir[dir], to = s->target[dir], r;

	/* Renaming one of two names of a file to the other does nothing. */
	if (s->resumed && is_linked(s, dir, file))
		r = unlinkat(from, file, 0);
	else if (overwrite)
		r = renameat(from, file, to, file);
	else
		r = file_rename_new(from, file, to, file);
	return r ? rename_failed(s, dir, file, err) : 0;
}

/*
 * Move the files of one directory that is there already on both sides.
 * 1 when there was something to move, 0 when not, or an error.
 */
static int publish_files(struct stage *s, enum name_dir dir, bool overwrite,
			 struct err *err)
{
	DIR *d = open_entries(s->dir[dir]);
	const char *name;
	int got = 0, moved = 0, r = 0;

	if (!d)
		return err_io(err, errno, "cannot read", s->partial);
	while (!r && (got = file_next_entry(d, &name)) > 0) {
		moved = 1;
		r = publish_file(s, dir, name, overwrite, err);
	}
	if (!r && got < 0)
		r = err_io(err, errno, "cannot read", s->partial);
	closedir(d);
	return r ? r : moved;
}

static int publish_dir(struct stage *s, enum name_dir dir, bool overwrite,
		       struct err *err)
{
	int r = is_empty(s->dir[dir]);

	if (r < 0)
		return err_io(err, errno, "cannot read", s->partial);
	if (r)
		return 0;
	if (s->target[dir] < 0) {
		if (!file_rename_new(s->fd, name_dirs[dir], s->out_fd,
				     name_dirs[dir])) {
			s->target[dir] = dup(s->dir[dir]);
			return s->target[dir] < 0 ?
			       err_io(err, errno, "cannot open", s->outdir) : 0;
		}
		if (errno != EEXIST && errno != ENOTEMPTY)
			return rename_failed(s, dir, "", err);
		/* Another shard was faster. */
		r = open_target(s, dir, true, err);
		if (r)
			return r;
	}
	/* Entries that move away may make a file system skip others. */
	do {
		r = publish_files(s, dir, overwrite, err);
	} while (r > 0);
	return r;
}

int stage_publish(struct stage *s, bool overwrite, struct err *err)
{
	int r = 0;

	if (syncfs(s->fd))
		return err_io(err, errno, "cannot write to the disk of",
			      s->partial);
	if (mark_publishing(s))
		return err_io(err, errno, "cannot write in", s->partial);
	for (unsigned i = 0; i < s->dirs && !r; i++)
		r = publish_dir(s, (enum name_dir)i, overwrite, err);
	for (unsigned i = 0; i < s->dirs && !r; i++)
		if (s->target[i] >= 0 && file_sync_dir(s->target[i]))
			r = err_io(err, errno, "cannot sync", s->outdir);
	if (!r && file_sync_dir(s->out_fd))
		r = err_io(err, errno, "cannot sync", s->outdir);
	return r;
}
