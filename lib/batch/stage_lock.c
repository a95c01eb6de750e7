/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_lock.c - the file that is both the lock of a partial directory and its
 * fingerprint: taken, read and written.
 */
#include "stage_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "dir.h"
#include "file.h"
#include "text.h"

/* Behind the fingerprint, from the first rename on. */
#define PUBLISHING_MARK "publishing\n"
#define FINGERPRINT_TEXT (2 * STAGE_FINGERPRINT_SIZE + 1)

/*
 * Whether the directory and the lock are still those of the name: a run that
 * ends removes both, and may have done so between our open and our lock.
 */
static bool is_current(const struct stage *s)
{
	struct stat dir, ours_dir, lock, ours_lock;

	return !fstat(s->fd, &ours_dir) && !fstat(s->lock_fd, &ours_lock) &&
	       !fstatat(s->out_fd, s->name, &dir, AT_SYMLINK_NOFOLLOW) &&
	       !fstatat(s->fd, STAGE_LOCK_FILE, &lock, AT_SYMLINK_NOFOLLOW) &&
	       dir.st_dev == ours_dir.st_dev && dir.st_ino == ours_dir.st_ino &&
	       lock.st_dev == ours_lock.st_dev &&
	       lock.st_ino == ours_lock.st_ino;
}

/* Make or open the directory and lock it: 0, or 1 when it was just removed. */
static int try_lock(struct stage *s, struct err *err)
{
	stage_close(&s->lock_fd);
	stage_close(&s->fd);
	/* ENOENT here: outdir itself was removed, and is ours only. */
	if (mkdirat(s->out_fd, s->name, 0777) && errno != EEXIST)
		return err_io(err, errno, "cannot make the directory",
			      s->partial);
	s->fd = openat(s->out_fd, s->name, DIR_OPEN | O_NOFOLLOW);
	if (s->fd < 0)
		return errno == ENOENT ? 1 :
		       err_io(err, errno, "cannot make the directory",
			      s->partial);
	s->lock_fd = openat(s->fd, STAGE_LOCK_FILE, O_RDWR | O_CREAT |
			    O_NOFOLLOW | O_CLOEXEC, 0666);
	if (s->lock_fd < 0)
		return errno == ENOENT ? 1 :
		       err_io(err, errno, "cannot write in", s->partial);
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return stage_err_at_work(s, err);
	return is_current(s) ? 0 : 1;
}

int stage_lock_take(struct stage *s, struct err *err)
{
	for (unsigned tries = 0; tries < 100; tries++) {
		int r = try_lock(s, err);

		if (r <= 0)
			return r;
	}
	return err_set(err, ERR_EXISTS, "other runs keep making and removing "
		       "'%s'", s->partial);
}

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

int stage_lock_read(int fd, struct stage_lock *lock)
{
	const size_t mark = sizeof(PUBLISHING_MARK) - 1;
	char text[FINGERPRINT_TEXT + sizeof(PUBLISHING_MARK) - 1];
	struct buf raw = BUF_INIT;
	ssize_t n = read_start(fd, text, sizeof(text));
	int r;

	*lock = (struct stage_lock){ .whole = false };
	if (n < 0)
		return -1;
	if (n < (ssize_t)FINGERPRINT_TEXT || text[FINGERPRINT_TEXT - 1] != '\n')
		return 0;
	r = text_hex(text, FINGERPRINT_TEXT, &raw, NULL);
	if (!r)
		memcpy(lock->fingerprint, raw.data, STAGE_FINGERPRINT_SIZE);
	buf_release(&raw);
	lock->whole = !r;
	lock->publishing = n == (ssize_t)sizeof(text) &&
			   !memcmp(text + FINGERPRINT_TEXT, PUBLISHING_MARK,
				   mark);
	errno = ENOMEM;
	return r == ERR_NOMEM ? -1 : 0;
}

int stage_lock_write(const struct stage *s,
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

int stage_lock_mark_publishing(const struct stage *s)
{
	return lseek(s->lock_fd, FINGERPRINT_TEXT, SEEK_SET) < 0 ||
	       file_write_all(s->lock_fd, PUBLISHING_MARK,
			      sizeof(PUBLISHING_MARK) - 1) ||
	       fsync(s->lock_fd) ? -1 : 0;
}
