/* SPDX-License-Identifier: Apache-2.0 */
/* stage_earlier.c - what an earlier run has left: found out, and told. */
#include "stage_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "dir.h"

/*
 * Whether anything is staged in the partial directory. What can't be read may
 * be something.
 */
static bool has_staged(int partial)
{
	bool found = false;

	for (unsigned i = 0; i < NAME_DIRS && !found; i++) {
		int fd = openat(partial, name_dirs[i], DIR_OPEN | O_NOFOLLOW);

		found = fd >= 0 && dir_is_empty(fd) <= 0;
		stage_close(&fd);
	}
	return found;
}

int stage_earlier(const struct stage *s, enum stage_earlier *earlier,
		  struct err *err)
{
	struct stage_lock lock;
	int dir, fd = -1, r = 0;

	*earlier = STAGE_NONE;
	dir = s->out_fd < 0 ? -1 : openat(s->out_fd, s->name,
					  DIR_OPEN | O_NOFOLLOW);
	if (dir >= 0)
		fd = openat(dir, STAGE_LOCK_FILE, O_RDONLY | O_NOFOLLOW |
			    O_NONBLOCK | O_CLOEXEC);
	/* What was planted there, stage_open() refuses. */
	if (fd < 0 && s->out_fd >= 0 && errno != ENOENT && errno != ELOOP &&
	    errno != ENOTDIR)
		r = err_io(err, errno, "cannot look into", s->partial);
	else if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) &&
		 errno == EWOULDBLOCK)
		*earlier = STAGE_AT_WORK;
	else if (fd >= 0 && stage_lock_read(fd, &lock))
		r = err_io(err, errno, "cannot read what is in", s->partial);
	else if (fd >= 0 && lock.whole)
		*earlier = lock.publishing ? STAGE_PUBLISHING : STAGE_STOPPED;
	/* One that is empty is of a run that had begun to throw all away. */
	else if (fd < 0 && dir >= 0 && has_staged(dir))
		*earlier = STAGE_UNKNOWN;
	stage_close(&fd);
	stage_close(&dir);
	return r;
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
