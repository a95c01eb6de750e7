/* SPDX-License-Identifier: Apache-2.0 */
#include "verify_private.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "buf.h"

static int compare_names(const void *a, const void *b)
{
	const struct verify_image *x = a, *y = b;

	return strverscmp(x->name, y->name);
}

struct verify_image *verify_find_image(const struct verify *v,
				       const char *name, size_t len)
{
	char text[NAME_MAX + 1];
	struct verify_image wanted = { .name = text };

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
	struct verify_image *images;

	images = mem_grow(v->images, v->count + 1, &v->cap, sizeof(*images));
	if (!images)
		return ERR_NOMEM;
	v->images = images;
	v->images[v->count] = (struct verify_image){
		.name = mem_strndup(file, len),
		.size = fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) ? 0 :
			(size_t)st.st_size,
	};
	if (!v->images[v->count].name)
		return ERR_NOMEM;
	v->count++;
	return 0;
}

static int list_image(struct verify *v, int fd, const char *file)
{
	size_t len = verify_name_in(&verify_bin, file);

	return len && verify_has_prefix(v, file) ?
	       add_image(v, fd, file, len) : 0;
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
static size_t usual_size(const struct verify_image *images, size_t n,
			 size_t *sizes)
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

int verify_list_images(struct verify *v, struct err *err)
{
	int r = verify_each_file(v, verify_bin.dir, list_image, err);

	if (r)
		return r;
	if (v->count)
		qsort(v->images, v->count, sizeof(*v->images), compare_names);
	choose(v);
	return expect_sizes(v, err);
}
