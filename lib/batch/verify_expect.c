/* SPDX-License-Identifier: Apache-2.0 */
#include "verify_private.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"

static int compare_sizes(const void *a, const void *b)
{
	const size_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* What most of n images have; of two such the larger one. */
static size_t usual(struct verify_image *const *images, size_t n,
		    enum verify_fact f, size_t *facts)
{
	size_t best = 0, best_run = 0, run = 0;

	for (size_t i = 0; i < n; i++)
		facts[i] = images[i]->fact[f];
	qsort(facts, n, sizeof(*facts), compare_sizes);
	for (size_t i = 0; i < n; i++) {
		run = i && facts[i] == facts[i - 1] ? run + 1 : 1;
		if (run < best_run)
			continue;
		best_run = run;
		best = facts[i];
	}
	return best;
}

/* A name up to its first '-', or up to its last one. */
static size_t wide_stem(const char *name)
{
	return strcspn(name, "-");
}

static size_t narrow_stem(const char *name)
{
	const char *last = strrchr(name, '-');

	return last ? (size_t)(last - name) : strlen(name);
}

static int compare_narrow(const void *a, const void *b)
{
	const char *x = (*(struct verify_image *const *)a)->name;
	const char *y = (*(struct verify_image *const *)b)->name;
	size_t lx = narrow_stem(x), ly = narrow_stem(y);
	int order = memcmp(x, y, lx < ly ? lx : ly);

	return order ? order : compare_sizes(&lx, &ly);
}

/* How many of n images, sorted by it, share the first one's stem. */
static size_t count_family(struct verify_image *const *images, size_t n,
			   size_t (*stem)(const char *name))
{
	const char *name = images[0]->name;
	size_t len = stem(name), i = 1;

	while (i < n && stem(images[i]->name) == len &&
	       !memcmp(images[i]->name, name, len))
		i++;
	return i;
}

/*
 * The size that most have. Of keys, nothing is known by so wide a stem: a
 * device for trial may lie in clear beside a batch that has keys.
 */
static void expect_usual(struct verify_image **images, size_t n, size_t *facts)
{
	size_t most = usual(images, n, VERIFY_FACT_SIZE, facts);

	for (size_t i = 0; i < n; i++) {
		memcpy(images[i]->expected, images[i]->fact,
		       sizeof(images[i]->expected));
		images[i]->expected[VERIFY_FACT_SIZE] = most;
	}
}

/*
 * Several images of one narrow stem: what more than half of them have. Of two
 * halves it is the one with keys that is right.
 */
static void expect_agreed(struct verify_image **images, size_t n, size_t *facts)
{
	for (unsigned f = 0; n > 1 && f < VERIFY_FACTS; f++) {
		size_t most = usual(images, n, (enum verify_fact)f, facts);
		size_t same = 0;

		for (size_t i = 0; i < n; i++)
			same += images[i]->fact[f] == most;
		if (f == VERIFY_FACT_SIZE && same <= n / 2)
			continue;
		for (size_t i = 0; i < n; i++)
			images[i]->expected[f] = most;
	}
}

/*
 * The images of a batch have one size, and keys of one kind; those of another
 * batch in the same directory may have others. Where a prefix ends nobody can
 * tell from a name. Two names that differ before their first '-' are of two
 * batches; and where most names that are the same up to their last one agree,
 * they are taken for a batch, too.
 */
int verify_expect(struct verify *v, struct err *err)
{
	size_t *facts = mem_array(v->count + 1, sizeof(*facts));
	struct verify_image **list = mem_array(v->count + 1, sizeof(*list));
	size_t n;

	if (!facts || !list) {
		mem_free(facts);
		mem_free(list);
		return err_nomem(err);
	}
	for (size_t i = 0; i < v->count; i++)
		list[i] = &v->images[i];
	for (size_t i = 0; i < v->count; i += n) {
		n = count_family(list + i, v->count - i, wide_stem);
		expect_usual(list + i, n, facts);
	}
	qsort(list, v->count, sizeof(*list), compare_narrow);
	for (size_t i = 0; i < v->count; i += n) {
		n = count_family(list + i, v->count - i, narrow_stem);
		expect_agreed(list + i, n, facts);
	}
	mem_free(facts);
	mem_free(list);
	return 0;
}
