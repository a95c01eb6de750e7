/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "allocations.h"
#include "buf.h"
#include "image_maker.h"
#include "nvs_check.h"
#include "nvs_reader.h"

#define PAGES 4
#define SIZE (PAGES * NVS_PAGE_SIZE)

static uint8_t image[SIZE];
static struct maker m;
static struct nvs_reader *reader;

static int set_up(void **state)
{
	(void)state;
	reader = nvs_reader_new(NULL);
	make_start(&m, image, SIZE, 2);
	return reader ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	nvs_reader_free(reader);
	return 0;
}

/* Load the image; the number of its items. */
static size_t load(void)
{
	struct err err = ERR_INIT;
	size_t count;

	assert_int_equal(nvs_reader_load(reader, image, SIZE, &err), 0);
	assert_int_equal(err.code, ERR_NONE);
	nvs_reader_items(reader, &count);
	return count;
}

static const struct nvs_read_item *item(size_t n)
{
	size_t count;
	const struct nvs_read_item *items = nvs_reader_items(reader, &count);

	assert_true(n < count);
	return &items[n];
}

static void expect_item(size_t n, const char *ns, const char *key,
			enum nvs_type type, const uint8_t *entry)
{
	const struct nvs_read_item *i = item(n);

	assert_string_equal(i->ns, ns);
	assert_string_equal(i->key, key);
	assert_int_equal(i->type, type);
	assert_int_equal(i->offset, entry - image);
}

static void expect_data(size_t n, const void *data, size_t len)
{
	assert_int_equal(item(n)->len, len);
	assert_memory_equal(item(n)->data, data, len);
}

/* ---- Items ---- */

static void integers_have_their_width_and_sign(void **state)
{
	static const struct {
		uint8_t type;
		uint64_t stored, read;
	} cases[] = {
		{ NVS_U8, 0xFF, 255 },
		{ NVS_I8, 0x80, (uint64_t)-128 },
		{ NVS_I8, 0x7F, 127 },
		{ NVS_U16, 0x8001, 0x8001 },
		{ NVS_I16, 0x8001, (uint64_t)-32767 },
		{ NVS_U32, 0xFFFFFFFF, 0xFFFFFFFF },
		{ NVS_I32, 0xFFFFFFFF, UINT64_MAX },
		{ NVS_U64, UINT64_MAX, UINT64_MAX },
		{ NVS_I64, UINT64_C(1) << 63, UINT64_C(1) << 63 },
	};
	const size_t count = sizeof(cases) / sizeof(*cases);
	const uint8_t *entries[sizeof(cases) / sizeof(*cases)];

	(void)state;
	make_namespace(&m, "cfg", 1);
	for (size_t n = 0; n < count; n++) {
		char key[2] = { (char)('a' + n), 0 };

		entries[n] = make_int(&m, 1, cases[n].type, key,
				      cases[n].stored);
	}
	assert_int_equal(load(), count);
	for (size_t n = 0; n < count; n++) {
		char key[2] = { (char)('a' + n), 0 };

		expect_item(n, "cfg", key, cases[n].type, entries[n]);
		assert_true(nvs_read_is_int(item(n)));
		assert_true(item(n)->value == cases[n].read);
	}
}

static void strings_and_old_blobs_lie_in_the_image(void **state)
{
	static const uint8_t bytes[40] = { 0, 1, 2 };
	const uint8_t *s, *b, *e;

	(void)state;
	make_namespace(&m, "a", 1);
	s = make_string(&m, 1, "s", "0123456789012345678901234567890");
	b = make_sized(&m, 1, NVS_BLOB, NVS_CHUNK_NONE, "b", bytes, 40);
	e = make_string(&m, 1, "e", "");
	assert_int_equal(load(), 3);
	expect_item(0, "a", "s", NVS_STRING, s);
	expect_data(0, "0123456789012345678901234567890", 31);
	assert_ptr_equal(item(0)->data, s + NVS_ENTRY_SIZE);
	expect_item(1, "a", "b", NVS_BLOB, b);
	expect_data(1, bytes, 40);
	expect_item(2, "a", "e", NVS_STRING, e);
	assert_int_equal(item(2)->len, 0);
}

static void blobs_are_joined_over_pages_in_chunk_order(void **state)
{
	uint8_t bytes[3000], *index;

	(void)state;
	for (size_t n = 0; n < sizeof(bytes); n++)
		bytes[n] = (uint8_t)(n * 7);
	make_namespace(&m, "a", 1);
	/* The chunks stand in the wrong order, the index between them. */
	make_sized(&m, 1, NVS_BLOB_CHUNK, 1, "b", bytes + 1000, 500);
	index = make_index(&m, 1, "b", 3000, 3, 0);
	make_page(&m, 1);
	make_sized(&m, 1, NVS_BLOB_CHUNK, 2, "b", bytes + 1500, 1500);
	make_sized(&m, 1, NVS_BLOB_CHUNK, 0, "b", bytes, 1000);
	assert_int_equal(load(), 1);
	expect_item(0, "a", "b", NVS_BLOB_INDEX, index);
	expect_data(0, bytes, sizeof(bytes));
}

static void chunks_may_be_empty_and_start_at_128(void **state)
{
	(void)state;
	make_namespace(&m, "a", 1);
	make_sized(&m, 1, NVS_BLOB_CHUNK, 0x80, "b", "", 0);
	make_sized(&m, 1, NVS_BLOB_CHUNK, 0x81, "b", "xyz", 3);
	make_index(&m, 1, "b", 3, 2, 0x80);
	make_sized(&m, 1, NVS_BLOB_CHUNK, 0, "none", "", 0);
	make_index(&m, 1, "none", 0, 1, 0);
	make_index(&m, 1, "nil", 0, 0, 0);
	assert_int_equal(load(), 3);
	expect_data(0, "xyz", 3);
	assert_int_equal(item(1)->len, 0);
	assert_int_equal(item(2)->len, 0);
	assert_non_null(item(2)->data);
}

static void chunks_count_for_one_blob_only(void **state)
{
	(void)state;
	make_namespace(&m, "a", 1);
	make_sized(&m, 1, NVS_BLOB_CHUNK, 0, "b", "xyz", 3);
	make_index(&m, 1, "b", 3, 1, 0);
	make_index(&m, 1, "b", 3, 1, 0);
	assert_int_equal(load(), 1);
}

static void namespaces_are_listed_with_their_places(void **state)
{
	const struct nvs_namespace *ns;
	const uint8_t *second;
	size_t count;

	(void)state;
	make_namespace(&m, "one", 1);
	second = make_namespace(&m, "two", 254);
	make_int(&m, 254, NVS_U8, "k", 7);
	assert_int_equal(load(), 1);
	assert_string_equal(item(0)->ns, "two");
	ns = nvs_reader_namespaces(reader, &count);
	assert_int_equal(count, 2);
	assert_string_equal(ns[1].name, "two");
	assert_int_equal(ns[1].index, 254);
	assert_int_equal(ns[1].offset, second - image);
}

/* One item beside "good", made unsound by the caller. */
static uint8_t *with_victim(void)
{
	make_namespace(&m, "a", 1);
	make_int(&m, 1, NVS_U8, "good", 1);
	return make_string(&m, 1, "victim", "0123456789abcdef0123456789abcdef");
}

static void expect_only_good(void)
{
	assert_int_equal(load(), 1);
	assert_string_equal(item(0)->key, "good");
}

static void what_is_unsound_is_left_out(void **state)
{
	uint8_t *p;

	(void)state;
	p = with_victim();
	assert_int_equal(load(), 2);
	p[NVS_ENTRY_KEY] ^= 1; /* entry CRC */
	expect_only_good();

	make_start(&m, image, SIZE, 2);
	p = with_victim();
	p[NVS_ENTRY_SIZE + 32] ^= 1; /* data CRC: the NUL */
	expect_only_good();

	make_start(&m, image, SIZE, 2);
	p = with_victim();
	p[NVS_ENTRY_SPAN] = 2;
	make_seal(p);
	expect_only_good();

	make_start(&m, image, SIZE, 2);
	p = with_victim();
	make_state(m.page, 4, NVS_ENTRY_ERASED); /* a data entry */
	expect_only_good();

	make_start(&m, image, SIZE, 2);
	p = with_victim();
	p[NVS_ENTRY_NS] = 9;
	make_seal(p);
	expect_only_good();

	make_start(&m, image, SIZE, 2);
	p = with_victim();
	memset(p + NVS_ENTRY_KEY, 'k', NVS_KEY_SIZE);
	make_seal(p);
	expect_only_good();

	make_start(&m, image, SIZE, 2);
	p = with_victim();
	p[NVS_ENTRY_TYPE] = 0x33;
	make_seal(p);
	expect_only_good();
}

static void data_is_never_taken_for_entries(void **state)
{
	uint8_t *p, inner[64];

	(void)state;
	/* The data of a string with a wrong CRC look like an item. */
	make_namespace(&m, "a", 1);
	p = make_int(&m, 1, NVS_U8, "inner", 1);
	memcpy(inner, p, 32);
	memset(inner + 32, 'x', 32);
	inner[63] = 0;
	p = make_sized(&m, 1, NVS_STRING, NVS_CHUNK_NONE, "s", inner, 64);
	p[NVS_ENTRY_KEY] = 't';
	assert_int_equal(load(), 1);
	assert_int_equal(item(0)->offset, NVS_PAGE_ENTRIES_AT + 32);
}

static void only_readable_pages_count(void **state)
{
	static const struct {
		uint32_t page_state;
		size_t items;
	} cases[] = {
		{ NVS_STATE_ACTIVE, 1 }, { NVS_STATE_FULL, 1 },
		{ NVS_STATE_FREEING, 1 }, { NVS_STATE_CORRUPT, 0 },
		{ NVS_STATE_EMPTY, 0 }, { 0, 0 }, { 0xFFFFFFFA, 0 },
	};

	(void)state;
	make_namespace(&m, "a", 1);
	make_int(&m, 1, NVS_U8, "k", 1);
	for (size_t n = 0; n < sizeof(cases) / sizeof(*cases); n++) {
		le_put32(image, cases[n].page_state);
		assert_int_equal(load(), cases[n].items);
	}
	le_put32(image, NVS_STATE_ACTIVE);
	image[NVS_HEADER_SEQNO] ^= 4;
	assert_int_equal(load(), 0);
}

static void garbage_is_told_from_damage(void **state)
{
	(void)state;
	load();
	assert_false(nvs_reader_is_garbage(reader)); /* nothing written */
	make_namespace(&m, "a", 1)[NVS_ENTRY_KEY] ^= 1;
	make_int(&m, 1, NVS_U8, "k", 1)[NVS_ENTRY_KEY] ^= 1;
	load();
	assert_true(nvs_reader_is_garbage(reader));
	make_int(&m, 1, NVS_U8, "l", 1);
	load();
	assert_false(nvs_reader_is_garbage(reader));
}

static void a_reader_serves_many_images(void **state)
{
	(void)state;
	make_namespace(&m, "a", 1);
	make_int(&m, 1, NVS_U8, "k", 1);
	make_string(&m, 1, "s", "text");
	assert_int_equal(load(), 2);
	make_start(&m, image, SIZE, 1);
	make_namespace(&m, "b", 7);
	make_int(&m, 7, NVS_I64, "k", 5);
	assert_int_equal(load(), 1);
	assert_string_equal(item(0)->ns, "b");
	assert_int_equal(item(0)->page_version, 1);
	memset(image, 0xFF, SIZE);
	assert_int_equal(load(), 0);
}

static void items_are_compared_in_full(void **state)
{
	struct nvs_read_item a = { .ns = "n", .key = "k", .type = NVS_STRING,
				   .data = (const uint8_t *)"abc", .len = 3 };
	struct nvs_read_item b = a;

	(void)state;
	assert_true(nvs_read_equal(&a, &b));
	b.len = 2;
	assert_false(nvs_read_equal(&a, &b));
	b = a;
	b.data = (const uint8_t *)"abd";
	assert_false(nvs_read_equal(&a, &b));
	b = a;
	b.type = NVS_BLOB;
	assert_false(nvs_read_equal(&a, &b));
	b = a;
	b.ns = "m";
	assert_false(nvs_read_equal(&a, &b));
	b = a;
	b.key = "l";
	assert_false(nvs_read_equal(&a, &b));
	a.type = b.type = NVS_U8;
	b.key = a.key;
	b.value = 1;
	assert_false(nvs_read_equal(&a, &b));
}

/* ---- Raw view ---- */

static void raw_fields_are_shown_as_they_stand(void **state)
{
	struct nvs_raw_page page;
	struct nvs_raw_entry e;
	uint8_t *p;

	(void)state;
	make_page(&m, 1);
	p = make_index(&m, 3, "big", 70000, 18, 0x80);
	p[NVS_ENTRY_CRC] ^= 0xFF;
	assert_true(nvs_raw_page(&page, image, SIZE, 1));
	assert_int_equal(page.offset, NVS_PAGE_SIZE);
	assert_int_equal(page.state, NVS_STATE_ACTIVE);
	assert_int_equal(page.seqno, 1);
	assert_int_equal(page.version, 2);
	assert_int_equal(page.crc_stored, page.crc_computed);
	assert_false(page.blank);
	assert_true(nvs_raw_entry(&e, &page, 0));
	assert_int_equal(e.offset, NVS_PAGE_SIZE + NVS_PAGE_ENTRIES_AT);
	assert_int_equal(e.state, NVS_ENTRY_WRITTEN);
	assert_int_equal(e.ns, 3);
	assert_int_equal(e.kind, NVS_DATA_INDEX);
	assert_int_equal(e.size, 70000);
	assert_int_equal(e.chunk_count, 18);
	assert_int_equal(e.chunk_start, 0x80);
	assert_int_equal(e.crc_stored ^ 0xFF, e.crc_computed);
	assert_int_equal(e.key_len, 3);
	assert_memory_equal(e.key, "big", 3);
	assert_true(nvs_raw_entry(&e, &page, 125));
	assert_true(e.blank);
	assert_int_equal(e.key_len, 16);
	assert_false(nvs_raw_entry(&e, &page, 126));
	assert_false(nvs_raw_page(&page, image, SIZE, PAGES));
	assert_false(nvs_raw_page(&page, image, SIZE - 1, PAGES - 1));
	assert_true(nvs_raw_page(&page, image, SIZE, 2));
	assert_true(page.blank);
	assert_int_equal(page.version, 1);
}

static void the_walk_follows_spans_of_any_value(void **state)
{
	struct nvs_raw_page page;
	struct nvs_raw_entry e;
	unsigned next = 0;
	uint8_t *at = image + NVS_PAGE_ENTRIES_AT;

	(void)state;
	/* Spans whatever the state: 0 and 255 stand for 1. */
	at[0 * 32 + NVS_ENTRY_SPAN] = 0;
	at[1 * 32 + NVS_ENTRY_SPAN] = 3;
	at[4 * 32 + NVS_ENTRY_SPAN] = 1;
	at[5 * 32 + NVS_ENTRY_SPAN] = 200;
	assert_true(nvs_raw_page(&page, image, SIZE, 0));
	assert_true(nvs_raw_walk(&page, &next, &e));
	assert_int_equal(e.index, 0);
	assert_int_equal(e.children, 0);
	assert_int_equal(nvs_raw_data_computed(&e), 0);
	assert_true(nvs_raw_walk(&page, &next, &e));
	assert_int_equal(e.index, 1);
	assert_int_equal(e.children, 2);
	assert_ptr_equal(nvs_raw_children(&e), at + 64);
	/* No size: over all of the children. */
	assert_int_equal(nvs_raw_data_computed(&e), nvs_crc32(at + 64, 64));
	assert_true(nvs_raw_walk(&page, &next, &e));
	assert_int_equal(e.index, 4);
	assert_true(nvs_raw_walk(&page, &next, &e));
	assert_int_equal(e.index, 5);
	assert_int_equal(e.children, 120);
	assert_false(nvs_raw_walk(&page, &next, &e));
	/* The last entry has no room for children. */
	at[5 * 32 + NVS_ENTRY_SPAN] = 1;
	at[125 * 32 + NVS_ENTRY_SPAN] = 9;
	next = 125;
	assert_true(nvs_raw_walk(&page, &next, &e));
	assert_int_equal(e.children, 0);
	assert_int_equal(e.step, 9);
	assert_int_equal(nvs_raw_data_computed(&e), nvs_crc32("", 0));
}

static void data_is_cut_to_the_size(void **state)
{
	struct nvs_raw_page page;
	struct nvs_raw_entry e;
	unsigned next = 0;
	uint8_t *p;

	(void)state;
	p = make_string(&m, 1, "s", "0123456789");
	assert_true(nvs_raw_page(&page, image, SIZE, 0));
	assert_true(nvs_raw_walk(&page, &next, &e));
	assert_int_equal(nvs_raw_data_len(&e), 11);
	assert_int_equal(nvs_raw_data_computed(&e), e.data_crc);
	le_put16(p + NVS_DATA_SIZE, 9999);
	next = 0;
	assert_true(nvs_raw_walk(&page, &next, &e));
	assert_int_equal(nvs_raw_data_len(&e), 32);
	le_put16(p + NVS_DATA_SIZE, 0);
	next = 0;
	assert_true(nvs_raw_walk(&page, &next, &e));
	assert_int_equal(nvs_raw_data_len(&e), 0);
	assert_int_equal(nvs_raw_data_computed(&e), nvs_crc32(p + 32, 32));
}

/* ---- Hostile images: for the sanitizers ---- */

static uint32_t seed = 1;

static uint32_t random_number(void)
{
	seed = seed * 1664525u + 1013904223u;
	return seed >> 8;
}

/* One of 0 .. below - 1. */
static uint8_t random_byte(unsigned below)
{
	return (uint8_t)(random_number() % below);
}

/* Where sums of all bytes go, so that none is optimised away. */
static volatile unsigned read_sum;

/* Everything that reads, over a copy that ends where the image ends. */
static void read_all(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	const struct nvs_read_item *items;
	struct nvs_raw_page page;
	struct nvs_raw_entry e;
	size_t count;
	unsigned sum = 0;

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	assert_int_equal(nvs_reader_load(reader, copy, size, NULL), 0);
	nvs_check_all(reader, NULL);
	items = nvs_reader_items(reader, &count);
	for (size_t n = 0; n < count; n++) {
		assert_true(strlen(items[n].key) <= NVS_KEY_MAX);
		assert_true(strlen(items[n].ns) <= NVS_KEY_MAX);
		assert_true(items[n].len <= size);
		for (size_t i = 0; i < items[n].len; i++)
			sum += items[n].data[i];
	}
	for (size_t n = 0; nvs_raw_page(&page, copy, size, n); n++)
		for (unsigned next = 0; nvs_raw_walk(&page, &next, &e);)
			sum += nvs_raw_data_computed(&e);
	read_sum = sum;
	free(copy);
}

static void no_size_is_too_odd(void **state)
{
	(void)state;
	make_namespace(&m, "a", 1);
	make_string(&m, 1, "s", "text");
	make_page(&m, 1);
	make_sized(&m, 1, NVS_BLOB_CHUNK, 0, "b", image, 4000);
	make_page(&m, 2);
	make_index(&m, 1, "b", 4000, 1, 0);
	for (size_t size = 0; size <= SIZE; size += size % 512 < 3 ? 1 : 97)
		read_all(image, size);
}

static void noise_is_read_without_harm(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		for (size_t n = 0; n < SIZE; n++)
			image[n] = random_byte(256);
		if (round % 2)
			for (unsigned n = 0; n < PAGES; n++)
				make_header_crc(image + n * NVS_PAGE_SIZE);
		for (unsigned n = 0; n < PAGES && round % 4 > 1; n++)
			le_put32(image + n * NVS_PAGE_SIZE, NVS_STATE_ACTIVE);
		read_all(image, SIZE - random_number() % 5000);
	}
}

/* Entries whose CRC is right and whose fields are anything. */
static void well_sealed_nonsense_is_read_without_harm(void **state)
{
	static const uint8_t types[] = { NVS_U8, NVS_I64, NVS_STRING, NVS_BLOB,
					 NVS_BLOB_CHUNK, NVS_BLOB_INDEX, 0x33 };

	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		make_start(&m, image, SIZE, 1 + round % 2);
		for (unsigned n = 0; n < PAGES * 126; n++) {
			uint8_t *p;

			if (n && n % 126 == 0)
				make_page(&m, n / 126);
			p = make_entry(&m, random_byte(3),
				       types[random_byte(7)], 1,
				       random_byte(4) ? 0xFF : random_byte(4),
				       random_byte(3) ? "k" : "l");
			p[NVS_ENTRY_SPAN] = random_byte(5) ? random_byte(4) :
							     random_byte(256);
			le_put32(p + 24, random_byte(80));
			le_put32(p + 28, random_number());
			p[NVS_INDEX_COUNT] = random_byte(5);
			if (random_byte(2))
				le_put32(p + 28, nvs_crc32(p + 32,
					n % 126 < 120 ? le_get16(p + 24) : 0));
			make_seal(p);
		}
		read_all(image, SIZE);
	}
}

/* ---- Memory ---- */

static void every_allocation_may_fail(void **state)
{
	unsigned n = 0;
	size_t count;
	int r;

	(void)state;
	make_namespace(&m, "a", 1);
	for (unsigned i = 0; i < 100; i++) {
		char key[3] = { (char)('a' + i / 10), (char)('a' + i % 10), 0 };

		make_int(&m, 1, NVS_U8, key, 1);
	}
	make_sized(&m, 1, NVS_BLOB_CHUNK, 0, "b", "x", 1);
	make_sized(&m, 1, NVS_BLOB_CHUNK, 1, "b", "y", 1);
	make_index(&m, 1, "b", 2, 2, 0);
	do {
		struct err err = ERR_INIT;

		nvs_reader_free(reader);
		reader = nvs_reader_new(NULL);
		assert_non_null(reader);
		fail_allocation(++n, false);
		r = nvs_reader_load(reader, image, SIZE, &err);
		assert_int_equal(allocation_failed(), r != 0);
		nvs_reader_items(reader, &count);
		if (r) {
			assert_int_equal(r, ERR_NOMEM);
			assert_int_equal(err.code, ERR_NOMEM);
			assert_int_equal(count, 0);
			assert_int_equal(load(), 101);
		}
	} while (r);
	assert_int_equal(count, 101);
	assert_true(n > 6);
	/* The second image needs no more memory. */
	fail_allocation(1, true);
	r = nvs_reader_load(reader, image, SIZE, NULL);
	assert_false(allocation_failed());
	assert_int_equal(r, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(integers_have_their_width_and_sign),
		TEST(strings_and_old_blobs_lie_in_the_image),
		TEST(blobs_are_joined_over_pages_in_chunk_order),
		TEST(chunks_may_be_empty_and_start_at_128),
		TEST(chunks_count_for_one_blob_only),
		TEST(namespaces_are_listed_with_their_places),
		TEST(what_is_unsound_is_left_out),
		TEST(data_is_never_taken_for_entries),
		TEST(only_readable_pages_count),
		TEST(garbage_is_told_from_damage),
		TEST(a_reader_serves_many_images),
		TEST(items_are_compared_in_full),
		TEST(raw_fields_are_shown_as_they_stand),
		TEST(the_walk_follows_spans_of_any_value),
		TEST(data_is_cut_to_the_size),
		TEST(no_size_is_too_odd),
		TEST(noise_is_read_without_harm),
		TEST(well_sealed_nonsense_is_read_without_harm),
		TEST(every_allocation_may_fail),
	};

	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
