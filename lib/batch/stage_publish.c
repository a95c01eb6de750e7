/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_publish.c - the end of a run: what was staged is moved into place, and
 * the partial directory goes.
 */
#include "stage_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dir.h"
#include "file.h"

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
	DIR *d = dir_entries(s->dir[dir]);
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
	int r = dir_is_empty(s->dir[dir]);

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
		r = stage_open_target(s, dir, err);
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
	if (stage_lock_mark_publishing(s))
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
		if (!faccessat(s->fd, STAGE_LOCK_FILE, F_OK,
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
	if (dir_clear(s->fd, STAGE_LOCK_FILE, false) ||
	    unlinkat(s->fd, STAGE_LOCK_FILE, 0))
		return err_io(err, errno, "cannot remove", s->partial);
	stage_close(&s->lock_fd);
	return remove_partial(s) ?
	       err_io(err, errno, "cannot remove", s->partial) : 0;
}
