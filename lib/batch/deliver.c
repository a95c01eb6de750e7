/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "manifest.h"

#define SUMS_FILE "sums"

/* Whether a file at path has the bytes of fd, from its start. */
static bool same_contents(int fd, const char *path, size_t size)
{
	struct buf there = BUF_INIT, ours = BUF_INIT;
	bool same;

	same = !file_read(path, size, &there, NULL) && there.len == size &&
	       lseek(fd, 0, SEEK_SET) == 0 &&
	       !file_read_stream(fd, path, size, &ours, NULL) &&
	       ours.len == size && (!size || !memcmp(ours.data, there.data, size));
	buf_release(&there);
	buf_release(&ours);
	return same;
}

static int copy_aside(int fd, const char *path, enum file_existing existing,
		      struct err *err)
{
	struct file_aside out;
	uint8_t chunk[16384];
	ssize_t n;
	int r = file_aside_open(&out, path, FILE_MODE_PUBLIC, err);

	if (r)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0)
		r = err_io(err, errno, "cannot read", path);
	while (!r && (n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n > 0)
			r = file_aside_write(&out, chunk, (size_t)n, err);
		else if (errno != EINTR)
			r = err_io(err, errno, "cannot read", path);
	}
	if (!r)
		return file_aside_commit(&out, existing, err);
	file_aside_abort(&out);
	return r;
}

int deliver_file(const struct stage *s, const char *own, int fd,
		 const char *path, enum file_existing existing,
		 struct err *err)
{
	struct stat st;
	int r;

	if (fstat(fd, &st))
		return err_io(err, errno, "cannot read", path);
	if (file_exists(path) && same_contents(fd, path, (size_t)st.st_size))
		return 0;
	r = file_make_parent(path, err);
	if (!r)
		r = file_move(s->fd, own, fd, path, existing, err);
	if (r != ERR_IO || err->errnum != EXDEV)
		return r;
	err_clear(err);
	return copy_aside(fd, path, existing, err);
}

/* A line as sha256sum(1) writes and reads it, into the file in ctx. */
static int put_sum(void *ctx, const char *path, const char *sha256,
		   struct err *err)
{
	const int *fd = ctx;
	struct buf line = BUF_INIT;
	int r = 0;

	if (buf_printf(&line, "%s  %s\n", sha256, path))
		r = err_nomem(err);
	else if (file_write_all(*fd, line.data, line.len))
		r = err_io(err, errno, "cannot write", "the checksums");
	buf_release(&line);
	return r;
}

int deliver_sums(const struct stage *s, int manifest_fd, const char *path,
		 enum file_existing existing, struct err *err)
{
	int fd, r;

	fd = stage_open_own(s, SUMS_FILE, FILE_MODE_PUBLIC, err);
	if (fd < 0)
		return err->code;
	r = manifest_visit(manifest_fd, put_sum, &fd, err);
	if (!r)
		r = deliver_file(s, SUMS_FILE, fd, path, existing, err);
	close(fd);
	return r;
}
