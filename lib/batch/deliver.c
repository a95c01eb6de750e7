/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inputs.h"
#include "manifest.h"
#include "stage.h"
#include "stage_files.h"

#define SUMS_FILE "sums"

/* An extra file must not take the place of something that is needed. */
static int refuse_same(const char *path, const char *what, const char *other,
		       struct err *err)
{
	int r = 0;

	if (other && strcmp(other, "-") != 0)
		r = file_same(path, other, err);
	if (r <= 0)
		return r;
	return err_set(err, ERR_EXISTS, "%s '%s' would take the place of '%s', "
		       "which this run needs: choose another name", what, path,
		       other);
}

/* Refuse a path that is the directory, or lies in it. */
static int refuse_dir(const char *path, const char *what, const char *parent,
		      const char *dir, struct err *err)
{
	int r = file_same(path, dir, err);

	if (!r)
		r = file_same(parent, dir, err);
	if (r <= 0)
		return r;
	return err_set(err, ERR_EXISTS, "%s '%s' would lie among the files of "
		       "the devices: choose another directory", what, path);
}

/*
 * Images, CSVs and keys have their directories to themselves, and so has the
 * run; and none of them, nor the outdir, is there yet perhaps.
 */
static int refuse_inside(const char *path, const char *what,
			 const struct stage *s, struct err *err)
{
	struct buf dir = BUF_INIT, parent = BUF_INIT;
	const char *slash = strrchr(path, '/');
	int r = 0;

	if (buf_append(&parent, path, slash ? (size_t)(slash - path) : 0) ||
	    (!parent.len && buf_puts(&parent, slash ? "/" : ".")) ||
	    !buf_str(&parent))
		r = err_nomem(err);
	if (!r)
		r = refuse_same(path, what, s->outdir, err);
	if (!r)
		r = refuse_dir(path, what, (char *)parent.data, s->partial,
			       err);
	for (unsigned i = 0; i < NAME_DIRS && !r; i++) {
		dir.len = 0;
		if (buf_printf(&dir, "%s/%s", s->outdir, name_dirs[i]) ||
		    !buf_str(&dir))
			r = err_nomem(err);
		else
			r = refuse_dir(path, what, (char *)parent.data,
				       (char *)dir.data, err);
	}
	buf_release(&dir);
	buf_release(&parent);
	return r;
}

/* What no extra file may take the place of, and whether it can be written. */
static int check_place(const char *path, const char *what, bool replaced,
		       const struct batch_options *o, struct err *err)
{
	const char *values = o->tables ? o->tables->source : o->values;
	const char *needed[] = { o->conf, values, o->only, o->key_source,
				 o->size_source };
	int r = 0;

	for (unsigned i = 0; i < sizeof(needed) / sizeof(*needed) && !r; i++)
		r = refuse_same(path, what, needed[i], err);
	if (!r && (r = file_check_place(path, err)) == ERR_INPUT)
		r = err_context(err, "%s", what);
	if (!r && !replaced && file_exists(path))
		r = err_set(err, ERR_EXISTS, "%s '%s' is there already: choose "
			    "another name, or replace it with --overwrite",
			    what, path);
	return r;
}

static int name_all(struct deliveries *d, const struct batch_options *o,
		    const struct stage *s, bool expand, struct err *err)
{
	int r = 0;

	if (expand)
		r = inputs_name_expanded(o->values, s->outdir, &d->expanded,
					 err);
	if (!r && o->manifest && (buf_puts(&d->manifest, o->manifest) ||
				  !buf_str(&d->manifest)))
		r = err_nomem(err);
	if (r || !o->sums)
		return r;
	if (buf_printf(&d->sums, "%s/SHA256SUMS-%s", s->outdir, o->prefix) ||
	    (o->shards && buf_printf(&d->sums, ".shard-%" PRIu64 "-%" PRIu64,
				     o->shard, o->shards)) ||
	    !buf_str(&d->sums))
		return err_nomem(err);
	return 0;
}

int deliver_prepare(struct deliveries *d, const struct batch_options *o,
		    const struct stage *s, bool expand,
		    struct csv_files *files, struct err *err)
{
	bool ours = o->overwrite || o->start == BATCH_RESUME;
	struct {
		const struct buf *path;
		const char *what;
		bool replaced; /* may stand there already */
	} all[] = {
		{ &d->manifest, "the manifest", ours },
		{ &d->sums, "the file of checksums", ours },
		{ &d->expanded, "the expanded table", true },
	};
	const unsigned count = sizeof(all) / sizeof(*all);
	int r = name_all(d, o, s, expand, err);

	for (unsigned i = 0; i < count && !r; i++) {
		const char *path = (char *)all[i].path->data;

		/* One that was asked for may have an empty name. */
		if (!path)
			continue;
		r = check_place(path, all[i].what, all[i].replaced, o, err);
		for (unsigned n = i + 1; n < count && !r; n++)
			if (all[n].path->len)
				r = refuse_same(path, all[i].what,
						(char *)all[n].path->data,
						err);
		/* Only a table from a pipe is expanded in there. */
		if (!r && all[i].path != &d->expanded)
			r = refuse_inside(path, all[i].what, s, err);
		if (!r)
			r = csv_files_refuse(files, path, err);
	}
	return r;
}

void deliver_release(struct deliveries *d)
{
	buf_release(&d->expanded);
	buf_release(&d->sums);
	buf_release(&d->manifest);
}

/* Whether two files of that size have the same bytes; in little memory. */
static bool same_bytes(int a, int b, off_t size)
{
	uint8_t chunk[2][16384];
	bool same = true;

	for (off_t at = 0; same && at < size;) {
		ssize_t n = pread(a, chunk[0], sizeof(chunk[0]), at), m = 0;

		/* As much of the other one, or a difference. */
		if (n > 0)
			m = pread(b, chunk[1], (size_t)n, at);
		same = m > 0 && !memcmp(chunk[0], chunk[1], (size_t)m);
		at += m;
	}
	mem_wipe(chunk, sizeof(chunk));
	return same;
}

/* Whether a file at path has the bytes of fd, and is not more open. */
static bool is_as_good(int fd, const struct stat *wanted, const char *path)
{
	int there = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
			 O_NOFOLLOW);
	struct stat st;
	bool same;

	same = there >= 0 && !fstat(there, &st) && S_ISREG(st.st_mode) &&
	       !(st.st_mode & ~wanted->st_mode) &&
	       st.st_size == wanted->st_size &&
	       same_bytes(fd, there, st.st_size);
	if (there >= 0)
		close(there);
	return same;
}

static int copy_aside(int fd, const char *path, mode_t mode,
		      enum file_existing existing, struct err *err)
{
	struct file_aside out;
	uint8_t chunk[16384];
	ssize_t n;
	int r = file_aside_open(&out, path, mode, err);

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
	mem_wipe(chunk, sizeof(chunk));
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
	if (file_exists(path) && is_as_good(fd, &st, path))
		return 0;
	r = file_make_parent(path, err);
	if (!r)
		r = file_move(s->fd, own, fd, path, existing, err);
	if (r != ERR_IO || err->errnum != EXDEV)
		return r;
	err_clear(err);
	return copy_aside(fd, path, st.st_mode & FILE_MODE_PUBLIC, existing,
			  err);
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
