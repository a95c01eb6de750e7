/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CSV of a single image: what it says is what the reader finds in the
 * image, nothing else and in that order.
 *
 * Option bits: 1 version 1, 2 the encodings for Wi-Fi settings, 4 two input
 * files; a byte with the number of pages; the input or inputs, and the files
 * "a" and "b" that cells may name.
 */
#include "fuzz.h"

#include <string.h>

/* The items, as rows of "namespace:key", type, value. */
struct wanted {
	struct buf items;
	char ns[NVS_KEY_SIZE];
};

static int open_namespace(void *ctx, const char *name, struct err *err)
{
	struct wanted *w = ctx;

	(void)err;
	ENSURE(strlen(name) < sizeof(w->ns), "a long namespace");
	strcpy(w->ns, name);
	return 0;
}

static void put(struct buf *out, const char *ns, const char *key,
		unsigned type, uint64_t number, const void *data, size_t len)
{
	FUZZ_MUST(buf_printf(out, "%s:%s %x %llx %zx ", ns, key, type,
			     (unsigned long long)number, len));
	FUZZ_MUST(buf_append(out, data, len));
}

static int add(void *ctx, const struct nvs_item *i, struct err *err)
{
	struct wanted *w = ctx;
	bool number = nvs_type_kind((uint8_t)i->type) == NVS_DATA_INT;

	(void)err;
	put(&w->items, w->ns, i->key, i->type, number ? i->number : 0,
	    i->data, number ? 0 : i->len);
	return 0;
}

/* What a decoder makes of the rows, without a writer. */
static void decode(const struct csv_input *in, struct wanted *w)
{
	struct nvs_item_sink into = { open_namespace, add, w, false };
	struct err err = ERR_INIT;
	struct err_sink sink = fuzz_nowhere();
	struct csv_files *files = csv_decoder_files(&err);
	struct csv_decoder d;

	ENSURE(files, "no memory");
	csv_decoder_init(&d, files);
	ENSURE(!csv_input_decode(in, &d, &into, &sink),
	       "refused after it was encoded");
	csv_decoder_release(&d);
	csv_files_free(files);
}

static void check_image(const struct csv_input *in, const uint8_t *image,
			size_t size)
{
	struct nvs_reader *r = fuzz_read(image, size);
	struct wanted w = { BUF_INIT, "" };
	struct buf found = BUF_INIT;
	const struct nvs_read_item *i;
	size_t n;

	fuzz_ensure_clean(r);
	decode(in, &w);
	for (i = nvs_reader_items(r, &n); n; n--, i++)
		put(&found, i->ns, i->key, i->type == NVS_BLOB_INDEX ?
		    NVS_BLOB : i->type, nvs_read_is_int(i) ? i->value : 0,
		    i->data, nvs_read_is_int(i) ? 0 : i->len);
	ENSURE(found.len == w.items.len &&
	       (!found.len || !memcmp(found.data, w.items.data, found.len)),
	       "the image holds other items");
	buf_release(&found);
	buf_release(&w.items);
	nvs_reader_free(r);
}

static void check(const struct fuzz_in *first, const struct fuzz_in *second,
		  unsigned options, size_t size)
{
	enum csv_dialect dialect = options & 2 ? CSV_EXTENDED : CSV_PLAIN;
	struct csv_input in = CSV_INPUT_INIT;
	struct fuzz_reports said;
	struct err_sink sink = fuzz_sink(&said, "first.csv");
	uint8_t *image = NULL;
	int r;

	r = csv_input_read(&in, "first.csv", first->p, first->n, dialect,
			   &sink);
	if (!r && second) {
		said.file = "second.csv";
		r = csv_input_read(&in, "second.csv", second->p, second->n,
				   dialect, &sink);
	}
	ENSURE(!r == !said.count && r == (int)said.first,
	       "%d returned, %u reported", r, said.count);
	if (!r)
		image = fuzz_encode(&in, size, options & 1 ? 1 : 2,
				    second ? NULL : "first.csv", NULL);
	if (image)
		check_image(&in, image, size);
	mem_free(image);
	csv_input_release(&in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	unsigned options = fuzz_byte(&in), pages = fuzz_byte(&in) % 8 + 1;
	struct fuzz_in first = fuzz_part(&in), second = { NULL, 0 };
	struct fuzz_in a, b;

	if (options & 4)
		second = fuzz_part(&in);
	a = fuzz_part(&in);
	b = fuzz_part(&in);
	fuzz_files_clear();
	fuzz_file("a", &a);
	fuzz_file("b", &b);
	check(&first, options & 4 ? &second : NULL, options,
	      pages * (size_t)NVS_PAGE_SIZE);
	fuzz_part_free(&first);
	fuzz_part_free(&second);
	fuzz_part_free(&a);
	fuzz_part_free(&b);
	return 0;
}
