/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "file.h"
#include "nvs_check.h"
#include "nvs_writer.h"
#include "text.h"

void fuzz_failed(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

/* ---- Inputs ---- */

uint8_t fuzz_byte(struct fuzz_in *in)
{
	if (!in->n)
		return 0;
	in->n--;
	return *in->p++;
}

void fuzz_bytes(struct fuzz_in *in, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = fuzz_byte(in);
}

struct fuzz_in fuzz_part(struct fuzz_in *in)
{
	static const char separator[] = "\n%%\n";
	const size_t width = sizeof(separator) - 1;
	const uint8_t *end;
	size_t n = in->n;
	uint8_t *copy;

	end = in->n ? memmem(in->p, in->n, separator, width) : NULL;
	if (end)
		n = (size_t)(end - in->p) + 1; /* its line end is its own */
	copy = malloc(n);
	ENSURE(copy || !n, "preparation: no memory");
	if (n)
		memcpy(copy, in->p, n);
	in->p += end ? n + width - 1 : n;
	in->n -= end ? n + width - 1 : n;
	return (struct fuzz_in){ copy, n };
}

void fuzz_part_free(struct fuzz_in *part)
{
	free((void *)(uintptr_t)part->p);
	*part = (struct fuzz_in){ NULL, 0 };
}

/* ---- Files ---- */

static struct {
	const char *path;
	struct fuzz_in contents;
} files[16];
static size_t file_count;
static const char *below;

void fuzz_file(const char *path, const struct fuzz_in *contents)
{
	ENSURE(file_count < 16, "preparation: too many files");
	files[file_count].path = path;
	files[file_count++].contents = *contents;
}

void fuzz_files_clear(void)
{
	file_count = 0;
}

void fuzz_files_below(const char *directory)
{
	below = directory;
}

static bool is_below(const char *path)
{
	size_t n = below ? strlen(below) : 0;

	return n && !strncmp(path, below, n) && path[n] == '/' &&
	       !strstr(path, "/../");
}

/* In place of file_read(): the linker is told to --wrap it. */
int __real_file_read(const char *path, size_t max, struct buf *out,
		     struct err *err);
int __wrap_file_read(const char *path, size_t max, struct buf *out,
		     struct err *err);

int __wrap_file_read(const char *path, size_t max, struct buf *out,
		     struct err *err)
{
	for (size_t i = 0; i < file_count; i++) {
		if (strcmp(files[i].path, path) != 0)
			continue;
		if (files[i].contents.n > max)
			return err_set(err, ERR_RANGE, "'%s' is too large",
				       path);
		return buf_append(out, files[i].contents.p,
				  files[i].contents.n) ? err_nomem(err) : 0;
	}
	if (is_below(path))
		return __real_file_read(path, max, out, err);
	return err_io(err, ENOENT, "cannot open", path);
}

static char scratch[64];

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	return ftw->level ? remove(path) : 0;
}

void fuzz_empty_scratch(void)
{
	nftw(scratch, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void leave_scratch(void)
{
	fuzz_empty_scratch();
	rmdir(scratch);
}

void fuzz_enter_scratch(void)
{
	if (*scratch)
		return;
	snprintf(scratch, sizeof(scratch), "%s/nvsgen-fuzz-XXXXXX",
		 access("/dev/shm", W_OK | X_OK) ? "/tmp" : "/dev/shm");
	ENSURE(mkdtemp(scratch) && !chdir(scratch), "preparation: no scratch "
	       "directory");
	atexit(leave_scratch);
}

int fuzz_fd(const void *p, size_t n)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	ENSURE(fd >= 0 && !ftruncate(fd, 0) && !lseek(fd, 0, SEEK_SET) &&
	       (!n || !file_write_all(fd, p, n)) && !lseek(fd, 0, SEEK_SET),
	       "preparation: memfd");
	return fd;
}

/* ---- Errors ---- */

bool fuzz_is_printable(const char *text)
{
	for (const char *s = text; *s; s++)
		if ((uint8_t)*s < 0x20 || *s == 0x7F ||
		    ((uint8_t)*s == 0xC2 && (uint8_t)s[1] < 0xA0))
			return false;
	return text_is_utf8(text, strlen(text), NULL);
}

void fuzz_check_err(const struct err *e, int returned)
{
	ENSURE(returned < 0, "success, but there is an error");
	ENSURE(e->code != ERR_NONE, "code %d without an error", returned);
	ENSURE((int)e->code == returned, "code %d, but the error has %d",
	       returned, (int)e->code);
	ENSURE(*e->msg, "an error without a message");
	ENSURE(strlen(e->msg) < sizeof(e->msg), "no end of the message");
	ENSURE(fuzz_is_printable(e->msg), "not printable: %s", e->msg);
}

void fuzz_check_place(const struct err *e, const char *file, bool line)
{
	ENSURE(e->pos.file, "no file: %s", e->msg);
	ENSURE(!strcmp(e->pos.file, file), "the wrong file: %s: %s",
	       e->pos.file, e->msg);
	ENSURE(!line || e->pos.line, "no line: %s", e->msg);
	ENSURE(e->pos.line || !e->pos.col, "a column without a line: %s",
	       e->msg);
}

static void report(void *ctx, const struct err *e)
{
	struct fuzz_reports *r = ctx;

	fuzz_check_err(e, e->code);
	if (r->file && e->code != ERR_NOMEM)
		fuzz_check_place(e, r->file, e->code != ERR_FULL);
	if (!r->count++)
		r->first = e->code;
}

struct err_sink fuzz_sink(struct fuzz_reports *r, const char *file)
{
	*r = (struct fuzz_reports){ .file = file };
	return (struct err_sink){ report, r };
}

static void drop(void *ctx, const struct err *e)
{
	(void)ctx;
	(void)e;
}

struct err_sink fuzz_nowhere(void)
{
	return (struct err_sink){ drop, NULL };
}

/* ---- Images ---- */

struct nvs_reader *fuzz_read(const uint8_t *image, size_t size)
{
	struct err err = ERR_INIT;
	struct nvs_reader *r = nvs_reader_new(&err);

	ENSURE(r && !nvs_reader_load(r, image, size, &err), "reader: %s",
	       err.msg);
	return r;
}

static void not_clean(void *ctx, const struct nvs_finding *f)
{
	char text[NVS_FINDING_TEXT_MAX];

	(void)ctx;
	ENSURE(f->check->severity == NVS_NOTE, "not clean: %s",
	       nvs_finding_format(f, "image", text, sizeof(text)));
}

void fuzz_ensure_clean(const struct nvs_reader *r)
{
	struct nvs_finding_sink sink = { not_clean, NULL };

	nvs_check_all(r, &sink);
}

static enum nvs_type kind(enum nvs_type type)
{
	return type == NVS_BLOB_INDEX ? NVS_BLOB : type;
}

void fuzz_ensure_items(const struct nvs_reader *a, const struct nvs_reader *b)
{
	size_t n, m;
	const struct nvs_read_item *x = nvs_reader_items(a, &n);
	const struct nvs_read_item *y = nvs_reader_items(b, &m);

	ENSURE(n == m, "%zu items, expected %zu", m, n);
	for (; n; n--, x++, y++) {
		struct nvs_read_item p = *x, q = *y;

		p.type = kind(p.type);
		q.type = kind(q.type);
		ENSURE(nvs_read_equal(&p, &q), "item %s:%s is not %s:%s", y->ns,
		       y->key, x->ns, x->key);
	}
}

uint8_t *fuzz_encode(const struct csv_input *in, size_t size, unsigned version,
		     const char *file, enum err_code *why)
{
	struct err err = ERR_INIT;
	struct fuzz_reports said, measured;
	struct err_sink sink = fuzz_sink(&said, file);
	struct err_sink before = fuzz_sink(&measured, file);
	struct csv_files *cells = csv_decoder_files(&err);
	struct nvs_usage need, used;
	struct csv_decoder d;
	struct nvs_writer w;
	uint8_t *image = mem_alloc(size);
	int r, m;

	ENSURE(cells && image, "preparation: no memory");
	FUZZ_MUST(nvs_writer_init(&w, size, version, &err));
	csv_decoder_init(&d, cells);
	m = csv_input_encode(in, &d, &w, NULL, &need, &before);
	r = csv_input_encode(in, &d, &w, image, &used, &sink);
	ENSURE(!r == !m, "measuring says %d, writing %d", m, r);
	ENSURE(!r == !said.count && r == (int)said.first,
	       "%d returned, %u reported", r, said.count);
	ENSURE(!m == !measured.count && m == (int)measured.first,
	       "measuring: %d returned, %u reported", m, measured.count);
	ENSURE(r || (need.pages == used.pages && need.needed == used.needed &&
		     need.entries == used.entries &&
		     need.usable == used.usable), "measured %zu entries, "
	       "used %zu", need.entries, used.entries);
	csv_decoder_release(&d);
	nvs_writer_release(&w);
	csv_files_free(cells);
	if (why)
		*why = said.first;
	if (!r)
		return image;
	mem_free(image);
	return NULL;
}

uint8_t *fuzz_encode_text(const void *p, size_t n, size_t size,
			  unsigned version, enum err_code *why)
{
	struct csv_input in = CSV_INPUT_INIT;
	struct fuzz_reports said;
	struct err_sink sink = fuzz_sink(&said, "text");
	uint8_t *image = NULL;

	if (!csv_input_read(&in, "text", p, n, CSV_EXTENDED, &sink))
		image = fuzz_encode(&in, size, version, "text", why);
	else if (why)
		*why = said.first;
	csv_input_release(&in);
	return image;
}
