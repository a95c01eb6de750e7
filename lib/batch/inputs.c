/* SPDX-License-Identifier: Apache-2.0 */
#include "inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "text.h"

/* Bytes. What is longer is another file: nobody writes so many keys. */
#define CONF_MAX (16u << 20)
/* A million ids would be some 20 MB. */
#define IDS_MAX (1u << 30)

static int check_extension(const char *path, const char *what,
			   struct err *err)
{
	const char *ext = file_extension(path);

	if (text_same_word(ext, strlen(ext), ".csv"))
		return 0;
	return err_set(err, ERR_INPUT, "the %s '%s' does not have the extension "
		       ".csv: save it as CSV UTF-8", what, path);
}

int inputs_read_conf(const char *path, struct buf *conf, struct err *err)
{
	int r = check_extension(path, "configuration", err);

	return r ? r : file_read(path, CONF_MAX, conf, err);
}

int inputs_open(const char *path, struct err *err)
{
	int fd = !strcmp(path, "-") ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) :
				      open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err_io(err, errno, "cannot open", path);
	return fd;
}

const char *inputs_spool_dir(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && *dir ? dir : "/tmp";
}

int inputs_spool_failed(int errnum, const char *what, struct err *err)
{
	char doing[64];

	snprintf(doing, sizeof(doing), "cannot %s a temporary file in", what);
	return err_io(err, errnum, doing, inputs_spool_dir());
}

/* Where files can't be made without a name. */
static int open_and_unlink(struct err *err)
{
	struct buf name = BUF_INIT;
	int fd;

	if (buf_printf(&name, "%s/mfg_gen-XXXXXX", inputs_spool_dir()) ||
	    !buf_str(&name)) {
		buf_release(&name);
		err_nomem(err);
		return -1;
	}
	fd = mkostemp((char *)name.data, O_CLOEXEC); /* mode 0600 */
	if (fd < 0) {
		inputs_spool_failed(errno, "make", err);
	} else if (unlink((char *)name.data)) {
		/* What is going to be in it must not stay. */
		err_io(err, errno, "cannot remove", (char *)name.data);
		close(fd);
		fd = -1;
	}
	buf_release(&name);
	return fd;
}

int inputs_open_spool(struct err *err)
{
	int fd = open(inputs_spool_dir(), O_TMPFILE | O_EXCL | O_RDWR |
		      O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)
		return open_and_unlink(err);
	inputs_spool_failed(errno, "make", err);
	return -1;
}

static int copy_chunks(int from, int to, char *chunk, size_t size,
		       const char *path, const atomic_int *stop,
		       struct err *err)
{
	for (;;) {
		ssize_t n = read(from, chunk, size);

		if (stop && *stop)
			return err_set(err, ERR_INTERRUPTED, "interrupted while "
				       "reading %s; nothing was written", path);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_io(err, errno, "cannot read", path);
		if (n == 0)
			return 0;
		if (file_write_all(to, chunk, (size_t)n))
			return inputs_spool_failed(errno, "write", err);
	}
}

static int copy_all(int from, int to, const char *path,
		    const atomic_int *stop, struct err *err)
{
	char chunk[16384];
	int r = copy_chunks(from, to, chunk, sizeof(chunk), path, stop, err);

	mem_wipe(chunk, sizeof(chunk));
	return r;
}

int inputs_open_values(const char *path, const atomic_int *stop, int *fd,
		       struct err *err)
{
	int from = inputs_open(path, err), to, r;
	struct stat st;

	if (from < 0)
		return err->code;
	if (fstat(from, &st)) {
		r = err_io(err, errno, "cannot read", path);
	} else if (S_ISREG(st.st_mode)) {
		r = strcmp(path, "-") ?
		    check_extension(path, "values table", err) : 0;
		if (!r) {
			*fd = from;
			return 0;
		}
	} else {
		to = inputs_open_spool(err);
		r = to < 0 ? (int)err->code :
			     copy_all(from, to, path, stop, err);
		if (r && to >= 0)
			close(to);
		if (!r)
			*fd = to;
	}
	close(from);
	return r;
}

/* The line from *p on, without its end; *p moves behind it. */
static char *next_line(char **p, char *end)
{
	char *line = *p, *line_end = memchr(line, '\n', (size_t)(end - line));

	*p = line_end ? line_end + 1 : end;
	if (!line_end)
		line_end = end;
	if (line_end > line && line_end[-1] == '\r')
		line_end--;
	*line_end = '\0';
	return line;
}

static int add_ids(struct buf *text, const char *path, struct ids *ids,
		   struct err *err)
{
	char *p = buf_str(text), *end;
	struct pos pos = { path, 1, 1 };
	char shown[TEXT_SHOWN];

	if (!p)
		return err_nomem(err);
	end = p + text->len;
	if (memchr(p, '\0', text->len))
		return err_at(err, &pos, ERR_INPUT, "the list of ids holds NUL "
			      "bytes, it is no text or UTF-16: save it as "
			      "UTF-8");
	pos.line = 0;
	if (!strncmp(p, "\xEF\xBB\xBF", 3)) /* a byte-order mark */
		p += 3;
	while (p < end) {
		const char *id = next_line(&p, end);
		uint32_t there = 0;

		pos.line++;
		if (*id && ids_add(ids, id, pos.line, &there))
			return err_nomem(err);
		if (there)
			return err_at(err, &pos, ERR_DUPLICATE, "the id '%s' is "
				      "listed twice, first in line %u",
				      text_show(shown, sizeof(shown), id,
						strlen(id)), there);
	}
	return 0;
}

int inputs_read_ids(const char *path, struct ids *ids, struct err *err)
{
	struct buf text = BUF_INIT;
	int fd = inputs_open(path, err), r;

	if (fd < 0)
		return err->code;
	r = file_read_stream(fd, path, IDS_MAX, &text, err);
	close(fd);
	if (!r)
		r = add_ids(&text, path, ids, err);
	if (!r && !ids->count)
		r = err_at(err, &(struct pos){ path, 1, 1 }, ERR_INPUT, "the "
			   "list of ids is empty: one per line is needed");
	buf_release(&text);
	return r;
}

int inputs_name_expanded(const char *values, const char *outdir,
			 struct buf *out, struct err *err)
{
	const char *ext = file_extension(values);
	int r;

	if (text_same_word(ext, strlen(ext), ".csv"))
		r = buf_append(out, values, (size_t)(ext - values)) ||
		    buf_printf(out, "_created%s", ext);
	else
		r = buf_printf(out, "%s/csv/values_created.csv", outdir);
	return r || !buf_str(out) ? err_nomem(err) : 0;
}
