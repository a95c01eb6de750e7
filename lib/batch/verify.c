/* SPDX-License-Identifier: Apache-2.0 */
#include "verify.h"

#include <dirent.h>
#include <fcntl.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "buf.h"
#include "compare.h"
#include "csv_table.h"
#include "file.h"
#include "jobs.h"
#include "record.h"
#include "shared_keys.h"
#include "text.h"

/* A kind of file: DIR/START<name>END. */
struct kind {
	const char *dir, *start, *end;
};

static const struct kind BIN = { "bin", "", ".bin" };
static const struct kind CSV = { "csv", "", ".csv" };
static const struct kind KEY = { "keys", "keys-", ".bin" };
static const struct kind AS_RECORDED = { ".", "", "" };
static const struct kind HMAC_KEY = { "keys", "hmac-keys-", ".bin" };

struct image {
	char *name;     /* owned: without directory and extension */
	size_t size;    /* bytes of its file */
	size_t expected; /* bytes that it should have */
	bool chosen;    /* is verified */
	char *why;      /* owned: what is wrong; NULL: nothing */
};

/* A file that is none of an image, or should be there and is not. */
struct stray {
	char *path;     /* owned */
	const char *text;
};

struct verify {
	const struct verify_options *o;
	struct verify_result *result;
	struct image *images;   /* owned, in the order of their names */
	size_t count, cap;
	struct stray *strays;   /* owned */
	size_t stray_count, stray_cap;
	struct record record;   /* of the manifest */
	struct csv_files *files;
	struct buf partial;     /* name of an unpublished batch, when asked */
	atomic_size_t next;
	pthread_mutex_t lock;   /* for err */
	struct err *err;
};

static int put_path(const struct verify *v, const struct kind *k,
		    const char *name, struct buf *out)
{
	bool here = !strcmp(v->o->outdir, ".");

	out->len = 0;
	if (buf_printf(out, "%s%s%s/%s%s%s", here ? "" : v->o->outdir,
		       here ? "" : "/", k->dir, k->start, name, k->end) ||
	    !buf_str(out))
		return ERR_NOMEM;
	return 0;
}

static void tell(struct verify *v, const char *file, const char *text)
{
	v->result->wrong++;
	v->o->wrong(v->o->ctx, file, text);
}

/* The name in a file name of that kind; its length, 0 when it is of another. */
static size_t name_in(const struct kind *k, const char *file)
{
	size_t len = strlen(file), start = strlen(k->start);
	size_t end = strlen(k->end);

	if (len <= start + end || strncmp(file, k->start, start) != 0 ||
	    strcmp(file + len - end, k->end) != 0)
		return 0;
	return len - start - end;
}

static bool has_prefix(const struct verify *v, const char *name)
{
	size_t len = v->o->prefix ? strlen(v->o->prefix) : 0;

	return !v->o->prefix || (!strncmp(name, v->o->prefix, len) &&
				 name[len] == '-');
}

static int compare_names(const void *a, const void *b)
{
	const struct image *x = a, *y = b;

	return strverscmp(x->name, y->name);
}

static struct image *find_image(const struct verify *v, const char *name,
				size_t len)
{
	char text[NAME_MAX + 1];
	struct image wanted = { .name = text };

	/* No file can have a longer one. */
	if (len > NAME_MAX || !v->count)
		return NULL;
	memcpy(text, name, len);
	text[len] = '\0';
	return bsearch(&wanted, v->images, v->count, sizeof(*v->images),
		       compare_names);
}

static int add_image(struct verify *v, int dir, const char *file, size_t len)
{
	struct stat st;
	struct image *images;

	images = mem_grow(v->images, v->count + 1, &v->cap, sizeof(*images));
	if (!images)
		return ERR_NOMEM;
	v->images = images;
	v->images[v->count] = (struct image){
		.name = mem_strndup(file, len),
		.size = fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) ? 0 :
			(size_t)st.st_size,
	};
	if (!v->images[v->count].name)
		return ERR_NOMEM;
	v->count++;
	return 0;
}

/*
 * Call visit for every file in a directory below outdir. Without the
 * directory there are none.
 */
static int each_file(struct verify *v, const char *dir,
		     int (*visit)(struct verify *v, int fd, const char *file),
		     struct err *err)
{
	struct buf path = BUF_INIT;
	const char *name;
	DIR *d = NULL;
	int r = 0, got = 0;

	if (buf_printf(&path, "%s/%s", v->o->outdir, dir) || !buf_str(&path))
		r = err_nomem(err);
	else if (!(d = opendir((char *)path.data)) && errno != ENOENT)
		r = err_io(err, errno, "cannot read", (char *)path.data);
	while (d && !r && (got = file_next_entry(d, &name)) > 0)
		if (visit(v, dirfd(d), name))
			r = err_nomem(err);
	if (got < 0)
		r = err_io(err, errno, "cannot read", (char *)path.data);
	if (d)
		closedir(d);
	buf_release(&path);
	return r;
}

static int list_image(struct verify *v, int fd, const char *file)
{
	size_t len = name_in(&BIN, file);

	return len && has_prefix(v, file) ? add_image(v, fd, file, len) : 0;
}

/* splitmix64: small, and the same everywhere for the same seed. */
static uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

/* Choose a sample: each image with the chance that leaves enough to come. */
static void choose(struct verify *v)
{
	uint64_t left = v->o->sample ? v->o->sample : v->count;
	uint64_t state = v->o->seed;

	for (size_t i = 0; i < v->count; i++) {
		v->images[i].chosen = draw(&state) % (v->count - i) < left;
		left -= v->images[i].chosen;
	}
}

static int compare_sizes(const void *a, const void *b)
{
	const size_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The size that most of n images have; of two such the larger one. */
static size_t usual_size(const struct image *images, size_t n, size_t *sizes)
{
	size_t best = 0, best_run = 0, run = 0;

	for (size_t i = 0; i < n; i++)
		sizes[i] = images[i].size;
	qsort(sizes, n, sizeof(*sizes), compare_sizes);
	for (size_t i = 0; i < n; i++) {
		run = i && sizes[i] == sizes[i - 1] ? run + 1 : 1;
		if (run < best_run)
			continue;
		best_run = run;
		best = sizes[i];
	}
	return best;
}

/*
 * The images of a batch have one size, those of another batch in the same
 * directory may have another. Where a prefix ends nobody can tell, but two
 * names that differ before their first '-' are of two batches.
 */
static int expect_sizes(struct verify *v, struct err *err)
{
	size_t *sizes = mem_array(v->count + 1, sizeof(*sizes));

	if (!sizes)
		return err_nomem(err);
	for (size_t from = 0, to; from < v->count; from = to) {
		const char *name = v->images[from].name;
		size_t same = strcspn(name, "-") + 1, size;

		for (to = from + 1; to < v->count; to++)
			if (strncmp(v->images[to].name, name, same) != 0)
				break;
		size = usual_size(v->images + from, to - from, sizes);
		for (size_t i = from; i < to; i++)
			v->images[i].expected = size;
	}
	mem_free(sizes);
	return 0;
}

/* What can't be looked at may well be there: to read it then tells why not. */
static bool may_be_there(const struct buf *path)
{
	return file_exists((const char *)path->data) ||
	       (errno != ENOENT && errno != ENOTDIR);
}

static int verify_image(struct verify *v, struct compare *c,
			struct image *image, struct err *err)
{
	struct buf bin = BUF_INIT, csv = BUF_INIT, key = BUF_INIT;
	struct buf hmac = BUF_INIT, why = BUF_INIT;
	const struct record_row *row = record_find(&v->record, image->name);
	struct compare_job job = { .given = v->o->given,
				   .size = image->expected };
	int r;

	r = put_path(v, &BIN, image->name, &bin) ||
	    put_path(v, &CSV, image->name, &csv) ||
	    put_path(v, &KEY, image->name, &key) ||
	    put_path(v, &HMAC_KEY, image->name, &hmac) ? err_nomem(err) : 0;
	/* A key file that was given a name of its own: the manifest has it. */
	if (!r && row && *row->cell[RECORD_KEYS] &&
	    !may_be_there(&key) &&
	    put_path(v, &AS_RECORDED, row->cell[RECORD_KEYS], &key))
		r = err_nomem(err);
	if (!r) {
		job.image = (char *)bin.data;
		job.csv = (char *)csv.data;
		if (may_be_there(&key))
			job.keys = (char *)key.data;
		if (may_be_there(&hmac))
			job.hmac_key = (char *)hmac.data;
		if (row) {
			job.image_sha256 = row->cell[RECORD_BIN_SHA256];
			job.csv_sha256 = row->cell[RECORD_CSV_SHA256];
			job.keys_sha256 = row->cell[RECORD_KEYS_SHA256];
		}
		r = compare_image(c, &job, &why, err);
	}
	if (!r && v->o->manifest && !row &&
	    buf_printf(&why, "%sit is not in the manifest",
		       why.len ? "; " : ""))
		r = err_nomem(err);
	if (!r && why.len && !(image->why = mem_strndup((char *)why.data,
							why.len)))
		r = err_nomem(err);
	buf_release(&bin);
	buf_release(&csv);
	buf_release(&key);
	buf_release(&hmac);
	buf_release(&why);
	return r;
}

static bool stopped(const struct verify *v)
{
	return v->o->stop && *v->o->stop;
}

static void *thread_main(void *arg)
{
	struct verify *v = arg;
	struct err err = ERR_INIT;
	struct compare c;
	size_t i;

	if (compare_init(&c, v->files, &err) == 0) {
		while (!stopped(v) && err.code == ERR_NONE &&
		       (i = atomic_fetch_add(&v->next, 1)) < v->count)
			if (v->images[i].chosen)
				verify_image(v, &c, &v->images[i], &err);
		compare_release(&c);
	}
	if (err.code != ERR_NONE) {
		pthread_mutex_lock(&v->lock);
		if (v->err->code == ERR_NONE)
			*v->err = err;
		pthread_mutex_unlock(&v->lock);
	}
	return NULL;
}

/* What threads found, in the order of the images. */
static int report_images(struct verify *v, struct err *err)
{
	struct buf path = BUF_INIT;
	int r = 0;

	for (size_t i = 0; i < v->count && !r; i++) {
		const struct image *image = &v->images[i];

		v->result->images += image->chosen;
		if (put_path(v, &BIN, image->name, &path)) {
			r = err_nomem(err);
		} else if (image->why) {
			tell(v, (char *)path.data, image->why);
		} else if (!image->chosen) {
			struct buf csv = BUF_INIT;

			if (put_path(v, &CSV, image->name, &csv))
				r = err_nomem(err);
			else if (!file_exists((char *)csv.data))
				tell(v, (char *)path.data, "its CSV is missing");
			buf_release(&csv);
		}
	}
	buf_release(&path);
	return r;
}

static int add_stray(struct verify *v, const struct kind *k,
		     const char *name, const char *text)
{
	struct buf path = BUF_INIT;
	struct stray *strays;
	int r = ERR_NOMEM;

	strays = mem_grow(v->strays, v->stray_count + 1, &v->stray_cap,
			  sizeof(*strays));
	if (strays) {
		v->strays = strays;
		r = put_path(v, k, name, &path);
	}
	if (!r) {
		/* The bytes of the path change their owner. */
		strays[v->stray_count++] = (struct stray){
			(char *)path.data, text
		};
		return 0;
	}
	buf_release(&path);
	return r;
}

static int add_surplus(struct verify *v, const char *dir, const char *file,
		       const char *text)
{
	return add_stray(v, &(struct kind){ dir, "", "" }, file, text);
}

static int compare_strays(const void *a, const void *b)
{
	const struct stray *x = a, *y = b;

	return strverscmp(x->path, y->path);
}

static void report_strays(struct verify *v)
{
	if (v->stray_count)
		qsort(v->strays, v->stray_count, sizeof(*v->strays),
		      compare_strays);
	for (size_t i = 0; i < v->stray_count; i++)
		tell(v, v->strays[i].path, v->strays[i].text);
}

static int visit_bin(struct verify *v, int fd, const char *file)
{
	(void)fd;
	if (name_in(&BIN, file) || !has_prefix(v, file))
		return 0;
	return add_surplus(v, "bin", file, "not an image: its name does not "
			   "end in .bin");
}

static const char NO_IMAGE[] = "there is no image of that name";

static int visit_csv(struct verify *v, int fd, const char *file)
{
	size_t len = name_in(&CSV, file);

	(void)fd;
	/* The expanded table of a values table that came through a pipe. */
	if (!has_prefix(v, file) || !strcmp(file, "values_created.csv"))
		return 0;
	if (len && find_image(v, file, len))
		return 0;
	return add_surplus(v, "csv", file, NO_IMAGE);
}

/* keys-11-20_09-30.bin: what generate-key makes by default. */
static bool is_dated(const char *name, size_t len)
{
	static const char shape[] = "00-00_00-00";

	if (len != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; i < len; i++)
		if (shape[i] == '0' ? name[i] < '0' || name[i] > '9' :
				      name[i] != shape[i])
			return false;
	return true;
}

/* Key files that were given names of their own belong to no image. */
static int visit_key(struct verify *v, int fd, const char *file)
{
	const struct kind *kinds[] = { &KEY, &HMAC_KEY };
	int r = 0;

	(void)fd;
	for (unsigned i = 0; i < 2 && !r; i++) {
		const char *name = file + strlen(kinds[i]->start);
		size_t len = name_in(kinds[i], file);

		if (len && has_prefix(v, name) && !is_dated(name, len) &&
		    !find_image(v, name, len))
			r = add_surplus(v, "keys", file, NO_IMAGE);
	}
	return r;
}

/* Rows of the manifest whose image is missing. */
static int find_missing(struct verify *v)
{
	for (size_t i = 0; i < v->record.count; i++) {
		const char *name = v->record.rows[i].name;

		if (has_prefix(v, name) && !find_image(v, name, strlen(name)) &&
		    add_stray(v, &BIN, name, "it is in the manifest, but "
			      "missing"))
			return ERR_NOMEM;
	}
	return 0;
}

/* Files that are missing and files that belong to no image. */
static int find_strays(struct verify *v, struct err *err)
{
	int r = find_missing(v) ? err_nomem(err) : 0;

	if (!r)
		r = each_file(v, "bin", visit_bin, err);
	if (!r)
		r = each_file(v, "csv", visit_csv, err);
	return r ? r : each_file(v, "keys", visit_key, err);
}

/* Whether there is, or should be, anything to verify. */
static bool has_any(const struct verify *v)
{
	for (size_t i = 0; i < v->record.count; i++)
		if (has_prefix(v, v->record.rows[i].name))
			return true;
	return v->count > 0;
}

/* Whether a file in keys/ is of the batch, or all are. */
static bool is_key_of_batch(const void *ctx, const char *file)
{
	const struct verify *v = ctx;

	return !v->o->prefix ||
	       (name_in(&KEY, file) &&
		has_prefix(v, file + strlen(KEY.start))) ||
	       (name_in(&HMAC_KEY, file) &&
		has_prefix(v, file + strlen(HMAC_KEY.start)));
}

/* Point out devices that share a key: the first two, and how many there are. */
static int warn_of_shared_keys(const struct verify *v, struct err *err)
{
	struct shared_keys shared = SHARED_KEYS_INIT;
	struct buf dir = BUF_INIT, one = BUF_INIT, two = BUF_INIT;
	static const struct kind any = { "keys", "", "" };
	struct err warning = ERR_INIT;
	struct pos pos = { NULL, 0, 0 };
	int r = 0;

	if (!v->o->warnings.report)
		return 0;
	if (buf_printf(&dir, "%s/keys", v->o->outdir) || !buf_str(&dir))
		r = err_nomem(err);
	if (!r)
		r = shared_keys_find(&shared, (char *)dir.data,
				     is_key_of_batch, v, err);
	if (!r && shared.sharing && (put_path(v, &any, shared.first, &one) ||
				     put_path(v, &any, shared.second, &two)))
		r = err_nomem(err);
	if (!r && shared.sharing) {
		pos.file = (char *)one.data;
		err_at(&warning, &pos, ERR_KEY, "holds the same key as '%s' "
		       "(of %zu key files, %zu hold a key that another one "
		       "holds too): whoever reads it out of one device can "
		       "read the data of the other; --keygen gives each a key "
		       "of its own", (char *)two.data, shared.files,
		       shared.sharing);
		v->o->warnings.report(v->o->warnings.ctx, &warning);
	}
	shared_keys_release(&shared);
	buf_release(&one);
	buf_release(&two);
	buf_release(&dir);
	return r;
}

/* .mfg_gen-<prefix>[.shard-K-N].partial: the first by name. */
static int visit_partial(struct verify *v, int fd, const char *file)
{
	static const struct kind partial = { "", ".mfg_gen-", ".partial" };
	size_t prefix = v->o->prefix ? strlen(v->o->prefix) : 0;
	const char *name = file + strlen(partial.start);

	(void)fd;
	if (!name_in(&partial, file) ||
	    (prefix && (strncmp(name, v->o->prefix, prefix) != 0 ||
			name[prefix] != '.')) ||
	    (v->partial.len && strcmp(buf_str(&v->partial), file) <= 0))
		return 0;
	v->partial.len = 0;
	return buf_puts(&v->partial, file) || !buf_str(&v->partial);
}

/* Nothing was made, another directory was meant, or it is not published yet. */
static int fail_without_images(struct verify *v, struct err *err)
{
	int r = each_file(v, ".", visit_partial, err);

	if (r)
		return r;
	r = err_set(err, ERR_INPUT, "there is no image%s%s%s in '%s/bin'",
		    v->o->prefix ? " of prefix '" : "",
		    v->o->prefix ? v->o->prefix : "",
		    v->o->prefix ? "'" : "", v->o->outdir);
	if (v->partial.len)
		err_more(err, "; a run that was stopped, or is at work, has "
			 "'%s/%s': complete it with the command that began it "
			 "and --resume",
			 v->o->outdir, buf_str(&v->partial));
	return r;
}

/*
 * What is wrong may be that a batch is just being published, or was stopped
 * then: some of its files are in place, and others are not.
 */
static int warn_of_partial(struct verify *v, struct err *err)
{
	struct err warning = ERR_INIT;
	struct buf path = BUF_INIT;
	struct pos pos = { NULL, 0, 0 };
	int r;

	if (!v->result->wrong || !v->o->warnings.report)
		return 0;
	r = each_file(v, ".", visit_partial, err);
	if (!r && v->partial.len &&
	    (buf_printf(&path, "%s/%s", v->o->outdir, buf_str(&v->partial)) ||
	     !buf_str(&path)))
		r = err_nomem(err);
	if (!r && v->partial.len) {
		pos.file = (char *)path.data;
		err_at(&warning, &pos, ERR_EXISTS, "a run that was stopped, or "
		       "is at work, has not put all of its files in place "
		       "yet: verify again when it has ended, or complete it "
		       "with --resume");
		v->o->warnings.report(v->o->warnings.ctx, &warning);
	}
	buf_release(&path);
	return r;
}

static int run_threads(struct verify *v, struct err *err)
{
	jobs_run(v->o->jobs, thread_main, v);
	if (err->code != ERR_NONE)
		return err->code;
	if (stopped(v))
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	return 0;
}

static int run(struct verify *v, struct err *err)
{
	int r = 0;

	if (v->o->manifest)
		r = record_read(&v->record, v->o->manifest, err);
	if (!r && !(v->files = csv_decoder_files(err)))
		r = err->code;
	if (!r)
		r = each_file(v, "bin", list_image, err);
	if (!r && !has_any(v))
		r = fail_without_images(v, err);
	if (r)
		return r;
	if (v->count)
		qsort(v->images, v->count, sizeof(*v->images), compare_names);
	choose(v);
	r = expect_sizes(v, err);
	if (!r)
		r = run_threads(v, err);
	if (!r)
		r = find_strays(v, err);
	if (!r)
		r = report_images(v, err);
	if (!r) {
		report_strays(v);
		r = warn_of_partial(v, err);
	}
	return r ? r : warn_of_shared_keys(v, err);
}

int verify_run(const struct verify_options *o, struct verify_result *result,
	       struct err *err)
{
	struct verify v = { .o = o, .result = result, .err = err,
			    .partial = BUF_INIT };
	int r;

	*result = (struct verify_result){ 0 };
	pthread_mutex_init(&v.lock, NULL);
	r = run(&v, err);
	for (size_t i = 0; i < v.count; i++) {
		mem_free(v.images[i].name);
		mem_free(v.images[i].why);
	}
	mem_free(v.images);
	for (size_t i = 0; i < v.stray_count; i++)
		mem_free(v.strays[i].path);
	mem_free(v.strays);
	record_release(&v.record);
	csv_files_free(v.files);
	buf_release(&v.partial);
	pthread_mutex_destroy(&v.lock);
	return r;
}
