/* SPDX-License-Identifier: Apache-2.0 */
#include "stage_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "dir.h"
#include "file.h"
#include "text.h"

void stage_close(int *fd)
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
		stage_close(&s->dir[i]);
		stage_close(&s->target[i]);
	}
	stage_close(&s->lock_fd);
	stage_close(&s->fd);
	stage_close(&s->out_fd);
	mem_free(s->outdir);
	mem_free(s->partial);
	s->outdir = s->partial = NULL;
}

/*
 * One that was not there to be opened, but has a name now, leads nowhere; or
 * another shard has just made it, and a second try (again) succeeds.
 */
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

int stage_open_target(struct stage *s, enum name_dir dir, struct err *err)
{
	return open_target(s, dir, true, err);
}

/* Those that are not open yet. */
static int open_targets(struct stage *s, struct err *err)
{
	int r = 0;

	for (unsigned i = 0; i < s->dirs && !r; i++)
		if (s->target[i] < 0 && !(s->keyless && i == NAME_DIR_KEYS))
			r = stage_open_target(s, (enum name_dir)i, err);
	return r;
}

int stage_look(struct stage *s, struct err *err)
{
	s->out_fd = open(s->outdir, DIR_OPEN);
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

/* The partial directory is there with a whole fingerprint: what now? */
static int meet(struct stage *s, enum batch_start start,
		const uint8_t wanted[STAGE_FINGERPRINT_SIZE],
		const struct stage_lock *lock, struct err *err)
{
	if (start == BATCH_NEW)
		return stage_err_stopped(s, err);
	if (memcmp(wanted, lock->fingerprint, STAGE_FINGERPRINT_SIZE) != 0)
		return err_set(err, ERR_EXISTS, "'%s' was left by a run with "
			       "another configuration, values table or options, "
			       "so it can't be resumed: give what it was started "
			       "with, or begin again with --restart",
			       s->partial);
	s->publishing = lock->publishing;
	return 0;
}

static int enter(struct stage *s, struct err *err)
{
	int r = file_make_dirs(s->outdir, err);

	if (r)
		return r;
	if (s->out_fd < 0)
		s->out_fd = open(s->outdir, DIR_OPEN);
	if (s->out_fd < 0)
		return err_io(err, errno, "cannot open the directory",
			      s->outdir);
	return stage_lock_take(s, err);
}

/*
 * Throw away what an earlier run has left, holding its lock all the time.
 * Without a whole fingerprint nobody takes up again what is still there if
 * this run dies meanwhile: the next one clears on.
 */
static int clear(struct stage *s, struct err *err)
{
	if (ftruncate(s->lock_fd, 0) ||
	    dir_clear(s->fd, STAGE_LOCK_FILE, true))
		return err_io(err, errno, "cannot remove what is in",
			      s->partial);
	return 0;
}

int stage_open(struct stage *s, enum batch_start start,
	       const uint8_t fingerprint[STAGE_FINGERPRINT_SIZE],
	       struct err *err)
{
	struct stage_lock lock;
	int r = enter(s, err);

	/* The run before this one may have published since stage_look(). */
	if (!r)
		r = open_targets(s, err);
	if (r)
		return r;
	if (stage_lock_read(s->lock_fd, &lock))
		return err_io(err, errno, "cannot read what is in", s->partial);
	if (lock.whole && start != BATCH_RESTART) {
		r = meet(s, start, fingerprint, &lock, err);
		s->resumed = !r;
	} else {
		r = clear(s, err);
		if (!r)
			r = stage_lock_write(s, fingerprint, err);
	}
	for (unsigned i = 0; i < s->dirs && !r; i++)
		if (dir_make(s->fd, name_dirs[i], &s->dir[i]))
			r = err_io(err, errno, "cannot make a directory in",
				   s->partial);
	return r;
}
