/* SPDX-License-Identifier: Apache-2.0 */
#include "csv_files.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"

/* Base64 or hex text of the largest blob, with line breaks, and more. */
#define FILE_MAX (4u << 20)
#define BUCKETS 256u

struct kept {
	struct csv_file view; /* first: what callers hold */
	struct buf data;
	char *path;
	int how;
	bool ready;           /* read; until then others wait */
	unsigned holders;
	struct kept *next;    /* in its bucket */
	struct kept *newer;   /* in order of reading */
};

/* A file that no cell may name. */
struct refused {
	dev_t dev;
	ino_t ino;
};

struct csv_files {
	pthread_mutex_t lock;
	pthread_cond_t read;  /* a file became ready, or failed and is gone */
	csv_files_convert_fn *convert;
	size_t keep, total;
	struct kept *bucket[BUCKETS];
	struct kept *oldest, *newest;
	struct buf refused; /* struct refused, one behind the other */
};

static unsigned bucket_of(const char *path, int how)
{
	uint32_t h = 2166136261u ^ (uint32_t)how; /* FNV-1a */

	for (; *path; path++)
		h = (h ^ (uint8_t)*path) * 16777619u;
	return h % BUCKETS;
}

struct csv_files *csv_files_new(size_t keep, csv_files_convert_fn *convert,
				struct err *err)
{
	struct csv_files *files = mem_array(1, sizeof(*files));

	if (!files) {
		err_nomem(err);
		return NULL;
	}
	pthread_mutex_init(&files->lock, NULL);
	pthread_cond_init(&files->read, NULL);
	files->keep = keep;
	files->convert = convert;
	return files;
}

static void free_kept(struct kept *k)
{
	buf_wipe(&k->data);
	mem_free(k->path);
	mem_free(k);
}

void csv_files_free(struct csv_files *files)
{
	if (!files)
		return;
	for (struct kept *k = files->oldest, *newer; k; k = newer) {
		newer = k->newer;
		free_kept(k);
	}
	buf_release(&files->refused);
	pthread_cond_destroy(&files->read);
	pthread_mutex_destroy(&files->lock);
	mem_free(files);
}

static struct kept *look_up(struct csv_files *files, const char *path, int how)
{
	struct kept *k = files->bucket[bucket_of(path, how)];

	while (k && (k->how != how || strcmp(k->path, path) != 0))
		k = k->next;
	return k;
}

static void forget(struct csv_files *files, struct kept *k, struct kept *older)
{
	struct kept **link = &files->bucket[bucket_of(k->path, k->how)];

	while (*link != k)
		link = &(*link)->next;
	*link = k->next;
	*(older ? &older->newer : &files->oldest) = k->newer;
	if (files->newest == k)
		files->newest = older;
	files->total -= k->data.len;
	free_kept(k);
}

static void forget_beyond_budget(struct csv_files *files)
{
	struct kept *older = NULL, *k = files->oldest;

	while (k && files->total > files->keep) {
		struct kept *newer = k->newer;

		if (k->holders || !k->ready)
			older = k;
		else
			forget(files, k, older);
		k = newer;
	}
}

static void forget_failed(struct csv_files *files, struct kept *k)
{
	struct kept *older = NULL;

	for (struct kept *o = files->oldest; o != k; o = o->newer)
		older = o;
	forget(files, k, older);
}

static struct kept *enter(struct csv_files *files, const char *path, int how)
{
	struct kept *k = mem_array(1, sizeof(*k));
	struct kept **bucket = &files->bucket[bucket_of(path, how)];

	if (!k || !(k->path = mem_strndup(path, strlen(path)))) {
		mem_free(k);
		return NULL;
	}
	k->how = how;
	k->next = *bucket;
	*bucket = k;
	*(files->newest ? &files->newest->newer : &files->oldest) = k;
	files->newest = k;
	return k;
}

int csv_files_refuse(struct csv_files *files, const char *path,
		     struct err *err)
{
	struct refused r;
	struct stat st;

	if (stat(path, &st))
		return errno == ENOENT || errno == ENOTDIR ? 0 :
		       err_io(err, errno, "cannot look at", path);
	memset(&r, 0, sizeof(r));
	r.dev = st.st_dev;
	r.ino = st.st_ino;
	return buf_append(&files->refused, &r, sizeof(r)) ? err_nomem(err) : 0;
}

static int check_refused(const struct csv_files *files, const char *path,
			 struct err *err)
{
	struct refused r;
	struct stat st;

	if (!files->refused.len || stat(path, &st))
		return 0;
	for (size_t i = 0; i < files->refused.len; i += sizeof(r)) {
		memcpy(&r, files->refused.data + i, sizeof(r));
		if (r.dev == st.st_dev && r.ino == st.st_ino)
			return err_set(err, ERR_EXISTS, "'%s' is where this run "
				       "writes a file of its own: rename one of "
				       "them", path);
	}
	return 0;
}

/* Not there: perhaps not looked for where it is. */
static int read_named(const char *path, struct buf *raw, struct err *err)
{
	int r = file_read(path, FILE_MAX, raw, err);

	if (r && err && path[0] != '/' &&
	    (err->errnum == ENOENT || err->errnum == ENOTDIR))
		err_more(err, "; relative paths start in the current "
			 "directory");
	return r;
}

static int read_and_convert(const struct csv_files *files, struct kept *k,
			    struct err *err)
{
	struct buf raw = BUF_INIT;
	int r;

	r = check_refused(files, k->path, err);
	if (!r)
		r = read_named(k->path, &raw, err);
	if (!r) {
		r = files->convert(k->how, &raw, &k->data, err);
		if (r)
			err_context(err, "'%s'", k->path);
	}
	buf_wipe(&raw);
	return r;
}

/* Read what was entered just now, without keeping others from their files. */
static int fill(struct csv_files *files, struct kept *k, struct err *err)
{
	int r;

	pthread_mutex_unlock(&files->lock);
	r = read_and_convert(files, k, err);
	pthread_mutex_lock(&files->lock);
	pthread_cond_broadcast(&files->read);
	if (r) {
		k->data.len = 0; /* not counted in the total yet */
		forget_failed(files, k);
		return r;
	}
	k->view = (struct csv_file){ k->data.data, k->data.len };
	files->total += k->data.len;
	k->ready = true;
	return 0;
}

struct csv_file *csv_files_hold(struct csv_files *files, const char *path,
				int how, struct err *err)
{
	struct kept *k;

	pthread_mutex_lock(&files->lock);
	while ((k = look_up(files, path, how)) && !k->ready)
		pthread_cond_wait(&files->read, &files->lock);
	if (!k) {
		k = enter(files, path, how);
		if (!k)
			err_nomem(err);
		else if (fill(files, k, err))
			k = NULL;
	}
	if (k) {
		k->holders++;
		forget_beyond_budget(files);
	}
	pthread_mutex_unlock(&files->lock);
	return k ? &k->view : NULL;
}

void csv_files_drop(struct csv_files *files, struct csv_file *file)
{
	struct kept *k = (struct kept *)file; /* view is its first member */

	pthread_mutex_lock(&files->lock);
	k->holders--;
	pthread_mutex_unlock(&files->lock);
}
