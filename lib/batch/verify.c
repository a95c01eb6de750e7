/* SPDX-License-Identifier: Apache-2.0 */
#include "verify_private.h"

#include <errno.h>
#include <string.h>

#include "buf.h"
#include "compare.h"
#include "file.h"
#include "jobs.h"
#include "shared_keys.h"

void verify_tell(struct verify *v, const char *file, const char *text)
{
	v->result->wrong++;
	v->o->wrong(v->o->ctx, file, text);
}

/* The files of an image, there or not, and its row in the manifest. */
struct files {
	struct buf bin, csv, key, hmac;
	const struct manifest_row *row; /* NULL: none */
	bool has_key, has_hmac_key;
	bool other_key; /* the manifest names another one than is there */
};

#define FILES_INIT { BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT, NULL, false, \
		     false, false }

static void files_release(struct files *f)
{
	buf_release(&f->bin);
	buf_release(&f->csv);
	buf_release(&f->key);
	buf_release(&f->hmac);
}

/* What can't be looked at may well be there: to read it then tells why not. */
static bool may_be_there(const struct buf *path)
{
	return file_exists((const char *)path->data) ||
	       (errno != ENOENT && errno != ENOTDIR);
}

/* What the manifest calls the key file, as a path. */
static int put_recorded_key(const struct verify *v, struct files *f)
{
	struct buf path = BUF_INIT;
	bool here = !strcmp(v->o->outdir, ".");
	int r = buf_printf(&path, "%s%s%s", here ? "" : v->o->outdir,
			   here ? "" : "/", f->row->cell[MANIFEST_KEYS]) ||
		!buf_str(&path) ? ERR_NOMEM : 0;

	if (r || !strcmp((char *)path.data, (char *)f->key.data)) {
		buf_release(&path);
	} else if (f->has_key) {
		f->other_key = true;
		buf_release(&path);
	} else {
		/* It was given a name of its own. */
		buf_release(&f->key);
		f->key = path;
		f->has_key = may_be_there(&f->key);
	}
	return r;
}

static int find_files(const struct verify *v, const struct verify_image *image,
		      struct files *f, struct err *err)
{
	f->row = manifest_index_find(&v->manifest, image->name);
	if (verify_path(v, &verify_bin, image->name, &f->bin) ||
	    verify_path(v, &verify_csv, image->name, &f->csv) ||
	    verify_path(v, &verify_key, image->name, &f->key) ||
	    verify_path(v, &verify_hmac_key, image->name, &f->hmac))
		return err_nomem(err);
	f->has_key = image->fact[VERIFY_FACT_KEY];
	f->has_hmac_key = image->fact[VERIFY_FACT_HMAC_KEY];
	if (f->row && *f->row->cell[MANIFEST_KEYS] && put_recorded_key(v, f))
		return err_nomem(err);
	return 0;
}

/* Whether a key file should be there: as recorded, or as the others have. */
static bool lacks_key(const struct verify *v, const struct verify_image *image,
		      const struct files *f)
{
	if (f->has_key)
		return false;
	if (f->row)
		return *f->row->cell[MANIFEST_KEYS];
	return image->expected[VERIFY_FACT_KEY] && !v->o->given;
}

/* Without it the device can't be given its eFuses; no manifest knows of it. */
static bool lacks_hmac_key(const struct verify_image *image,
			   const struct files *f)
{
	return f->has_key && !f->has_hmac_key &&
	       image->expected[VERIFY_FACT_HMAC_KEY];
}

static int read_and_compare(const struct verify *v, struct compare *c,
			    const struct verify_image *image, const struct files *f,
			    struct buf *why, struct err *err)
{
	struct compare_job job = {
		.image = (char *)f->bin.data,
		.csv = (char *)f->csv.data,
		.given = v->o->given,
		.size = image->expected[VERIFY_FACT_SIZE],
	};

	if (f->has_key)
		job.keys = (char *)f->key.data;
	else if (lacks_key(v, image, f))
		job.lost_keys = (char *)f->key.data;
	if (f->has_hmac_key)
		job.hmac_key = (char *)f->hmac.data;
	if (f->row) {
		job.image_sha256 = f->row->cell[MANIFEST_BIN_SHA256];
		job.csv_sha256 = f->row->cell[MANIFEST_CSV_SHA256];
		job.keys_sha256 = f->row->cell[MANIFEST_KEYS_SHA256];
	}
	return compare_image(c, &job, why, err);
}

/* Of an image that is not read: is what belongs to it there? */
static int look_beside(const struct verify *v, const struct verify_image *image,
		       const struct files *f, struct buf *why)
{
	if (!file_exists((char *)f->csv.data) &&
	    buf_puts(why, "its CSV is missing"))
		return ERR_NOMEM;
	if (lacks_key(v, image, f))
		return buf_printf(why, "%sits key file '%s' is missing",
				  why->len ? "; " : "", (char *)f->key.data);
	return 0;
}

static int verify_one(const struct verify *v, struct compare *c,
			struct verify_image *image, struct err *err)
{
	struct files f = FILES_INIT;
	struct buf why = BUF_INIT;
	int r = find_files(v, image, &f, err);

	if (!r && image->chosen)
		r = read_and_compare(v, c, image, &f, &why, err);
	else if (!r && look_beside(v, image, &f, &why))
		r = err_nomem(err);
	if (!r && lacks_hmac_key(image, &f) &&
	    buf_printf(&why, "%sits HMAC key file '%s' is missing",
		       why.len ? "; " : "", (char *)f.hmac.data))
		r = err_nomem(err);
	if (!r && f.other_key &&
	    buf_printf(&why, "%sthe manifest names another key file, '%s'",
		       why.len ? "; " : "", f.row->cell[MANIFEST_KEYS]))
		r = err_nomem(err);
	if (!r && image->chosen && v->o->manifest && !f.row &&
	    buf_printf(&why, "%sit is not in the manifest",
		       why.len ? "; " : ""))
		r = err_nomem(err);
	if (!r && why.len && !(image->why = mem_strndup((char *)why.data,
							why.len)))
		r = err_nomem(err);
	files_release(&f);
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
			verify_one(v, &c, &v->images[i], &err);
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
		const struct verify_image *image = &v->images[i];

		v->result->images += image->chosen;
		if (!image->why)
			continue;
		if (verify_path(v, &verify_bin, image->name, &path))
			r = err_nomem(err);
		else
			verify_tell(v, (char *)path.data, image->why);
	}
	buf_release(&path);
	return r;
}

/* Whether there is, or should be, anything to verify. */
static bool has_any(const struct verify *v)
{
	for (size_t i = 0; i < v->manifest.count; i++)
		if (verify_has_prefix(v, v->manifest.rows[i].name))
			return true;
	return v->count > 0;
}

/* Whether a file in keys/ is of the batch, or all are. */
static bool is_key_of_batch(const void *ctx, const char *file)
{
	const struct verify *v = ctx;

	return !v->o->prefix ||
	       (verify_name_in(&verify_key, file) &&
		verify_has_prefix(v, file + strlen(verify_key.start))) ||
	       (verify_name_in(&verify_hmac_key, file) &&
		verify_has_prefix(v, file + strlen(verify_hmac_key.start)));
}

/* Point out devices that share a key: the first two, and how many there are. */
static int warn_of_shared_keys(const struct verify *v, struct err *err)
{
	struct shared_keys shared = SHARED_KEYS_INIT;
	struct buf dir = BUF_INIT, one = BUF_INIT, two = BUF_INIT;
	static const struct verify_kind any = { "keys", "", "" };
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
	if (!r && shared.sharing && (verify_path(v, &any, shared.first, &one) ||
				     verify_path(v, &any, shared.second, &two)))
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
	static const struct verify_kind partial = {
		"", ".mfg_gen-", ".partial"
	};
	size_t prefix = v->o->prefix ? strlen(v->o->prefix) : 0;
	const char *name = file + strlen(partial.start);

	(void)fd;
	if (!verify_name_in(&partial, file) ||
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
	int r = verify_each_file(v, ".", visit_partial, err);

	if (r)
		return r;
	r = err_set(err, ERR_INPUT, "there is no image%s%s%s in '%s/bin'",
		    v->o->prefix ? " of prefix '" : "",
		    v->o->prefix ? v->o->prefix : "",
		    v->o->prefix ? "'" : "", v->o->outdir);
	if (v->other.len)
		err_more(err, ", only of others, such as '%s'",
			 buf_str(&v->other));
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
	r = verify_each_file(v, ".", visit_partial, err);
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
		r = manifest_index_read(&v->manifest, v->o->manifest, err);
	if (!r && !(v->files = csv_decoder_files(err)))
		r = err->code;
	if (!r)
		r = verify_list_images(v, err);
	if (!r && !has_any(v))
		r = fail_without_images(v, err);
	if (!r)
		r = verify_find_strays(v, err);
	if (!r)
		r = verify_expect(v, err);
	if (!r)
		r = run_threads(v, err);
	if (!r)
		r = report_images(v, err);
	if (!r) {
		verify_report_strays(v);
		r = warn_of_partial(v, err);
	}
	return r ? r : warn_of_shared_keys(v, err);
}

int verify_run(const struct verify_options *o, struct verify_result *result,
	       struct err *err)
{
	struct verify v = { .o = o, .result = result, .err = err,
			    .partial = BUF_INIT, .other = BUF_INIT };
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
	manifest_index_release(&v.manifest);
	csv_files_free(v.files);
	buf_release(&v.partial);
	buf_release(&v.other);
	pthread_mutex_destroy(&v.lock);
	return r;
}
