/* SPDX-License-Identifier: Apache-2.0 */
#include "shared_keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "digest.h"
#include "file.h"
#include "nvs_format.h"

/* A key is known by its digest, so that the keys themselves are not kept. */
struct key_file {
	uint8_t sum[DIGEST_SIZE];
	char *name; /* owned */
};

struct key_files {
	bool (*wanted)(const void *ctx, const char *name);
	const void *ctx;
	struct key_file *list; /* owned */
	size_t count, cap;
};

/* How many of a file's bytes are the key; 0: it is no key file. */
static size_t key_size(off_t file_size)
{
	switch (file_size) {
	case NVS_KEY_PARTITION_SIZE:
	case NVS_KEYS_SIZE:
		return NVS_KEYS_SIZE;
	case NVS_HMAC_KEY_SIZE:
		return NVS_HMAC_KEY_SIZE;
	default:
		return 0;
	}
}

/* The key in a file: its size, 0 when there is none. */
static size_t read_key(int dir, const char *name, uint8_t key[NVS_KEYS_SIZE])
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
			O_NOCTTY);
	struct stat st;
	size_t n = 0;

	if (fd < 0)
		return 0;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		n = key_size(st.st_size);
	if (n && pread(fd, key, n, 0) != (ssize_t)n)
		n = 0;
	close(fd);
	return n;
}

static int add(struct key_files *f, const uint8_t *key, size_t n,
	       const char *name, struct err *err)
{
	struct key_file *file;

	file = mem_grow(f->list, f->count + 1, &f->cap, sizeof(*file));
	if (!file)
		return err_nomem(err);
	f->list = file;
	file += f->count;
	file->name = mem_strndup(name, strlen(name));
	if (!file->name)
		return err_nomem(err);
	f->count++;
	return digest_sha256(key, n, file->sum, err);
}

static int read_all(struct key_files *f, DIR *d, const char *path,
		    struct err *err)
{
	uint8_t key[NVS_KEYS_SIZE];
	const char *name;
	int r = 0, got = 0;

	while (!r && (got = file_next_entry(d, &name)) > 0) {
		size_t n = f->wanted(f->ctx, name) ?
			   read_key(dirfd(d), name, key) : 0;

		if (n)
			r = add(f, key, n, name, err);
	}
	if (got < 0)
		r = err_io(err, errno, "cannot read", path);
	mem_wipe(key, sizeof(key));
	return r;
}

static int compare(const void *a, const void *b)
{
	const struct key_file *x = a, *y = b;
	int by_key = memcmp(x->sum, y->sum, sizeof(x->sum));

	return by_key ? by_key : strverscmp(x->name, y->name);
}

/* The runs of equal keys: how many files are in one, and the first two. */
static void find_runs(struct shared_keys *s, struct key_files *f)
{
	struct key_file *first = NULL;

	for (size_t from = 0, to; from < f->count; from = to) {
		struct key_file *run = &f->list[from];

		for (to = from + 1; to < f->count; to++)
			if (memcmp(f->list[to].sum, run->sum,
				   sizeof(run->sum)) != 0)
				break;
		if (to - from < 2)
			continue;
		s->sharing += to - from;
		if (!first || strverscmp(run->name, first->name) < 0)
			first = run;
	}
	s->files = f->count;
	if (first) {
		/* The names change their owner. */
		s->first = first[0].name;
		s->second = first[1].name;
		first[0].name = first[1].name = NULL;
	}
}

int shared_keys_find(struct shared_keys *s, const char *dir,
		     bool (*wanted)(const void *ctx, const char *name),
		     const void *ctx, struct err *err)
{
	struct key_files f = { .wanted = wanted, .ctx = ctx };
	DIR *d = opendir(dir);
	int r;

	*s = (struct shared_keys)SHARED_KEYS_INIT;
	if (!d)
		return errno == ENOENT ? 0 :
		       err_io(err, errno, "cannot read", dir);
	r = read_all(&f, d, dir, err);
	closedir(d);
	if (!r && f.count) {
		qsort(f.list, f.count, sizeof(*f.list), compare);
		find_runs(s, &f);
	}
	for (size_t i = 0; i < f.count; i++)
		mem_free(f.list[i].name);
	mem_free(f.list);
	return r;
}

void shared_keys_release(struct shared_keys *s)
{
	mem_free(s->first);
	mem_free(s->second);
	*s = (struct shared_keys)SHARED_KEYS_INIT;
}
