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
		.fact[VERIFY_FACT_SIZE] = fstatat(dir, file, &st, 0) ? 0 :
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

	if (len && verify_has_prefix(v, file))
		return add_image(v, fd, file, len);
	if (!len || (v->other.len && strverscmp(buf_str(&v->other), file) <= 0))
		return 0;
	v->other.len = 0;
	return buf_puts(&v->other, file) || !buf_str(&v->other);
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

int verify_list_images(struct verify *v, struct err *err)
{
	int r = verify_each_file(v, verify_bin.dir, list_image, err);

	if (r)
		return r;
	if (v->count)
		qsort(v->images, v->count, sizeof(*v->images), compare_names);
	choose(v);
	return 0;
}
