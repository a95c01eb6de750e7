/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image reader, plain and decrypting, and all checks. An image that no
 * check finds fault with is taken apart and written anew: the same items; and
 * no bit of that can flip unnoticed.
 */
#include "fuzz.h"

#include <string.h>

#include "fuzz_image.h"
#include "nvs_check.h"
#include "nvs_writer.h"

/* Looks at bytes, so that a wrong pointer or length is noticed. */
static unsigned look(const void *p, size_t n)
{
	const uint8_t *bytes = p;
	volatile unsigned sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += bytes[i];
	return sum;
}

static void check_raw(const struct fuzz_image *im)
{
	struct nvs_raw_page page;
	struct nvs_raw_entry e;

	for (size_t n = 0; nvs_raw_page(&page, im->bytes, im->size, n); n++) {
		unsigned next = 0, at = 0;

		ENSURE(page.offset == n * NVS_PAGE_SIZE, "page offset");
		while (nvs_raw_walk(&page, &next, &e)) {
			ENSURE(e.index == at, "entry %u is %u", at, e.index);
			ENSURE(next > at && next <= NVS_PAGE_ENTRIES,
			       "from entry %u to %u", at, next);
			ENSURE(nvs_raw_data_len(&e) <= e.children * 32u,
			       "data beyond its entries");
			look(nvs_raw_children(&e), nvs_raw_data_len(&e));
			nvs_raw_data_computed(&e);
			at = next;
		}
		ENSURE(at == NVS_PAGE_ENTRIES, "the walk ends at %u", at);
	}
}

static void check_items(const struct nvs_reader *r, size_t size)
{
	size_t n, end = 0;
	const struct nvs_namespace *ns = nvs_reader_namespaces(r, &n);
	const struct nvs_read_item *i;

	for (; n; n--, ns++) {
		ENSURE(*ns->name && strlen(ns->name) <= NVS_KEY_MAX,
		       "length of a namespace's name");
		ENSURE(ns->index >= 1 && ns->index <= NVS_MAX_NAMESPACES,
		       "namespace %u", ns->index);
		ENSURE(ns->offset < size, "namespace outside the image");
	}
	for (i = nvs_reader_items(r, &n); n; n--, i++) {
		ENSURE(*i->key && strlen(i->key) <= NVS_KEY_MAX, "key length");
		ENSURE(*i->ns, "an item without a namespace");
		ENSURE(i->offset < size && i->offset >= end, "items are out "
		       "of order");
		end = i->offset + 1;
		ENSURE(nvs_read_is_int(i) || i->type == NVS_STRING ||
		       i->type == NVS_BLOB || i->type == NVS_BLOB_INDEX,
		       "type 0x%x", (unsigned)i->type);
		ENSURE(nvs_read_equal(i, i), "an item is not itself");
		if (!nvs_read_is_int(i))
			look(i->data, i->len);
	}
}

struct seen {
	size_t count[NVS_ERROR + 1];
	size_t size;
};

static void see(void *ctx, const struct nvs_finding *f)
{
	char text[NVS_FINDING_TEXT_MAX];
	struct seen *s = ctx;

	ENSURE(*f->text && fuzz_is_printable(f->text), "finding: %s", f->text);
	ENSURE(f->offset < s->size || !f->offset || f->offset == s->size,
	       "%s at 0x%zx of 0x%zx", f->check->name, f->offset, s->size);
	ENSURE(fuzz_is_printable(f->ns) && fuzz_is_printable(f->key),
	       "%s: name", f->check->name);
	nvs_finding_format(f, "image", text, sizeof(text));
	ENSURE(strlen(text) + 1 < sizeof(text) && fuzz_is_printable(text),
	       "finding: %s", text);
	s->count[f->check->severity]++;
}

/* All together and one by one the checks say the same. */
static struct nvs_check_result check_checks(const struct nvs_reader *r,
					    size_t size)
{
	struct seen seen = { { 0 }, size };
	struct nvs_finding_sink sink = { see, &seen };
	struct nvs_check_result all = nvs_check_all(r, &sink), sum = { { 0 } };
	const struct nvs_check *check;

	ENSURE(!memcmp(all.count, seen.count, sizeof(all.count)),
	       "other numbers than findings");
	for (size_t n = 0; (check = nvs_check_at(n)) != NULL; n++) {
		struct nvs_check_result one = nvs_check_one(check, r, NULL);

		for (unsigned s = 0; s <= NVS_ERROR; s++)
			sum.count[s] += one.count[s];
	}
	ENSURE(!memcmp(all.count, sum.count, sizeof(all.count)),
	       "other findings one by one");
	return all;
}

/* Write what was read. False when it does not fit as it did before. */
static bool write_anew(const struct nvs_reader *r, uint8_t *image, size_t size,
		       unsigned version)
{
	struct err err = ERR_INIT;
	struct nvs_writer w;
	const struct nvs_read_item *items;
	const struct nvs_namespace *ns;
	size_t n, m, at = 0;
	int status = 0;

	FUZZ_MUST(nvs_writer_init(&w, size, version, &err));
	nvs_writer_start(&w, image);
	items = nvs_reader_items(r, &n);
	ns = nvs_reader_namespaces(r, &m);
	for (size_t i = 0; !status && i < n; i++) {
		struct nvs_item item = {
			.key = items[i].key,
			.type = items[i].type == NVS_BLOB_INDEX ? NVS_BLOB :
								  items[i].type,
			.number = items[i].value,
			.data = items[i].data,
			.len = items[i].len,
		};

		for (; !status && at < m && ns[at].offset < items[i].offset;
		     at++)
			status = nvs_writer_namespace(&w, ns[at].name, &err);
		if (!status)
			status = nvs_writer_namespace(&w, items[i].ns, &err);
		if (!status)
			status = nvs_writer_add(&w, &item, &err);
	}
	ENSURE(!status || status == ERR_FULL, "a sound item is refused: %s",
	       err.msg);
	if (!status)
		FUZZ_MUST(nvs_writer_finish(&w, NULL, &err));
	nvs_writer_release(&w);
	return !status;
}

static bool same_items(const struct nvs_reader *a, const struct nvs_reader *b)
{
	size_t n, m;
	const struct nvs_read_item *x = nvs_reader_items(a, &n);
	const struct nvs_read_item *y = nvs_reader_items(b, &m);

	if (n != m)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!nvs_read_equal(&x[i], &y[i]))
			return false;
	return true;
}

/* A bit of a page in use flips: a check or an item tells. */
static void check_flip(const struct nvs_reader *r, uint8_t *image, size_t size,
		       const uint8_t flip[2])
{
	size_t bit = le_get16(flip) % (8 * NVS_PAGE_SIZE);
	struct nvs_check_result before = nvs_check_all(r, NULL), found;
	struct nvs_reader *b;

	ENSURE(!before.count[NVS_ERROR] && !before.count[NVS_WARNING],
	       "what was written anew is not clean");
	if (le_get32(image) == NVS_STATE_EMPTY)
		return;
	/* The reader's answers are into the image, so in a copy. */
	uint8_t *copy = mem_alloc(size);

	ENSURE(copy, "no memory");
	memcpy(copy, image, size);
	copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
	b = fuzz_read(copy, size);
	found = nvs_check_all(b, NULL);
	ENSURE(found.count[NVS_ERROR] || found.count[NVS_WARNING] ||
	       !same_items(r, b), "nobody sees bit %zu of byte 0x%zx", bit % 8,
	       bit / 8);
	nvs_reader_free(b);
	mem_free(copy);
}

static void check_anew(const struct nvs_reader *r, const struct fuzz_image *im)
{
	unsigned version = 256u - im->bytes[NVS_HEADER_VERSION];
	uint8_t *image;
	struct nvs_reader *b;
	size_t n;
	const struct nvs_read_item *i = nvs_reader_items(r, &n);

	for (; n; n--, i++)
		if (i->page_version != version)
			return;
	image = mem_alloc(im->size);
	ENSURE(image, "no memory");
	if (write_anew(r, image, im->size, version)) {
		b = fuzz_read(image, im->size);
		fuzz_ensure_clean(b);
		fuzz_ensure_items(r, b);
		check_flip(b, image, im->size, im->flip);
		nvs_reader_free(b);
	}
	mem_free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct nvs_check_result found, again;
	struct fuzz_image im;
	struct nvs_reader *r;

	fuzz_image_make(&im, data, size);
	check_raw(&im);
	r = fuzz_read(im.bytes, im.size);
	check_items(r, im.size);
	nvs_reader_is_garbage(r);
	found = check_checks(r, im.size);
	/* A reader that is used again has forgotten the last image. */
	FUZZ_MUST(nvs_reader_load(r, im.bytes, im.size / 2, &err));
	check_items(r, im.size / 2);
	FUZZ_MUST(nvs_reader_load(r, im.bytes, im.size, &err));
	again = nvs_check_all(r, NULL);
	ENSURE(!memcmp(&found, &again, sizeof(found)),
	       "other findings the second time");
	if (!found.count[NVS_ERROR] && !found.count[NVS_WARNING])
		check_anew(r, &im);
	nvs_reader_free(r);
	fuzz_image_release(&im);
	return 0;
}
