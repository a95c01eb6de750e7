/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each check is asked by name: about a sound image, in which it finds
 * nothing, and about that image with one field changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "image_maker.h"
#include "nvs_check.h"

#define SIZE (4 * NVS_PAGE_SIZE)
#define ENTRY(page, n) ((page) * NVS_PAGE_SIZE + NVS_PAGE_ENTRIES_AT + \
			(n) * NVS_ENTRY_SIZE)

static uint8_t image[SIZE];
static size_t size;
static struct nvs_reader *reader;

/* Entries of the sound image: page and number, as offsets. */
enum {
	AT_NAMESPACE = ENTRY(0, 0),
	AT_U8 = ENTRY(0, 1),
	AT_STRING = ENTRY(0, 2), /* with one data entry */
	AT_I64 = ENTRY(0, 4),
	AT_CHUNK_0 = ENTRY(0, 5), /* up to the end of the page */
	AT_CHUNK_1 = ENTRY(1, 0),
	AT_INDEX = ENTRY(1, 5),
	AT_LATER = ENTRY(1, 6),  /* namespace "later" */
	AT_LAST = ENTRY(1, 7),
	AT_FREE = ENTRY(1, 8)
};

/* Two pages in use, of all kinds of items; two free ones. */
static void make_sound(void)
{
	uint8_t bytes[4000];
	struct maker m;

	for (size_t n = 0; n < sizeof(bytes); n++)
		bytes[n] = (uint8_t)(n % 251);
	size = SIZE;
	make_start(&m, image, SIZE, 2);
	make_namespace(&m, "cfg", 1);
	make_int(&m, 1, NVS_U8, "u8", 5);
	make_string(&m, 1, "text", "hello");
	make_int(&m, 1, NVS_I64, "i64", UINT64_MAX);
	make_sized(&m, 1, NVS_BLOB_CHUNK, 0, "blob", bytes, 120 * 32);
	make_page(&m, 1);
	make_sized(&m, 1, NVS_BLOB_CHUNK, 1, "blob", bytes, 101);
	make_index(&m, 1, "blob", 120 * 32 + 101, 2, 0);
	make_namespace(&m, "later", 2);
	make_int(&m, 2, NVS_U16, "last", 1000);
}

/* The forms of version 1, up to the last entry of the first page. */
static void make_sound_old(void)
{
	uint8_t bytes[1984];
	struct maker m;

	memset(bytes, 0x5A, sizeof(bytes));
	size = SIZE;
	make_start(&m, image, SIZE, 1);
	make_namespace(&m, "cfg", 1);
	make_sized(&m, 1, NVS_BLOB, NVS_CHUNK_NONE, "one", bytes, 1984);
	make_sized(&m, 1, NVS_BLOB, NVS_CHUNK_NONE, "two", bytes, 1900);
	make_int(&m, 1, NVS_I16, "last", 0x8000);
	make_page(&m, 1);
	make_string(&m, 1, "text", "hello");
}

/* ---- One change for each check ---- */

static void seal(size_t at)
{
	make_seal(image + at);
}

static void change(size_t at, size_t field, uint8_t to)
{
	image[at + field] = to;
	seal(at);
}

static void change_header(size_t page, size_t field, uint8_t to)
{
	image[page * NVS_PAGE_SIZE + field] = to;
	make_header_crc(image + page * NVS_PAGE_SIZE);
}

static void cut(void)
{
	size = SIZE - 1;
}

static void unknown_page_state(void)
{
	le_put32(image + NVS_PAGE_SIZE, 0xFFFFFFFA);
}

static void corrupt_page_state(void)
{
	le_put32(image + NVS_PAGE_SIZE, NVS_STATE_CORRUPT);
}

static void freeing_page(void)
{
	le_put32(image, NVS_STATE_FREEING);
}

static void free_page_with_data(void)
{
	image[2 * NVS_PAGE_SIZE + 4095] = 0x7F;
}

static void nothing_in_use(void)
{
	memset(image, 0xFF, SIZE);
}

static void header_crc(void)
{
	image[NVS_HEADER_CRC] ^= 1;
}

static void header_reserved(void)
{
	change_header(1, 27, 0xFE);
}

static void future_version(void)
{
	change_header(1, NVS_HEADER_VERSION, 0xFD);
}

static void wrong_number(void)
{
	change_header(1, NVS_HEADER_SEQNO, 7);
}

static void page_behind_gap(void)
{
	memcpy(image + 2 * NVS_PAGE_SIZE, image + NVS_PAGE_SIZE,
	       NVS_PAGE_SIZE);
	memset(image + NVS_PAGE_SIZE, 0xFF, NVS_PAGE_SIZE);
}

static void same_number(void)
{
	change_header(1, NVS_HEADER_SEQNO, 0);
}

static void two_active(void)
{
	le_put32(image, NVS_STATE_ACTIVE);
}

static void none_active(void)
{
	le_put32(image + NVS_PAGE_SIZE, NVS_STATE_FULL);
}

static void no_free_page(void)
{
	size = 2 * NVS_PAGE_SIZE;
	memcpy(image + 2 * NVS_PAGE_SIZE, image, NVS_PAGE_SIZE);
	change_header(2, NVS_HEADER_SEQNO, 2);
	size = 3 * NVS_PAGE_SIZE;
}

static void spare_bits(void)
{
	image[NVS_PAGE_ENTRIES_AT - 1] = 0xEA;
}

static void entry_state_1(void)
{
	make_state(image + NVS_PAGE_SIZE, 8, NVS_ENTRY_INVALID);
}

static void erased_entry(void)
{
	make_state(image + NVS_PAGE_SIZE, 7, NVS_ENTRY_ERASED);
}

static void entry_behind_empty(void)
{
	make_state(image + NVS_PAGE_SIZE, 100, NVS_ENTRY_ERASED);
}

static void data_in_empty_entry(void)
{
	image[AT_FREE + 31] = 0;
}

static void written_but_blank(void)
{
	make_state(image + NVS_PAGE_SIZE, 8, NVS_ENTRY_WRITTEN);
}

static void entry_crc(void)
{
	image[AT_STRING + NVS_ENTRY_CRC] ^= 0x80;
}

static void unknown_type(void)
{
	change(AT_U8, NVS_ENTRY_TYPE, 0x33);
}

static void span_of_integer(void)
{
	change(AT_LAST, NVS_ENTRY_SPAN, 2);
}

static void span_of_string(void)
{
	change(AT_STRING, NVS_ENTRY_SPAN, 3);
}

static void span_beyond_page(void)
{
	le_put16(image + AT_LAST + NVS_DATA_SIZE, 4000);
	image[AT_LAST + NVS_ENTRY_TYPE] = NVS_STRING;
	change(AT_LAST, NVS_ENTRY_SPAN, 126);
}

static void data_not_written(void)
{
	make_state(image, 3, NVS_ENTRY_ERASED);
}

static void data_crc(void)
{
	image[AT_STRING + NVS_ENTRY_SIZE] ^= 1;
}

static void padding(void)
{
	image[AT_STRING + NVS_ENTRY_SIZE + 6] = 0xFE;
}

static void reserved_of_integer(void)
{
	change(AT_U8, 25, 0);
}

static void reserved_of_string(void)
{
	change(AT_STRING, NVS_DATA_RESERVED, 0);
}

static void reserved_of_index(void)
{
	change(AT_INDEX, NVS_INDEX_RESERVED + 1, 0);
}

static void chunk_field_of_integer(void)
{
	change(AT_U8, NVS_ENTRY_CHUNK, 0);
}

static void chunk_field_of_chunk(void)
{
	change(AT_CHUNK_1, NVS_ENTRY_CHUNK, 0xFF);
}

static void empty_key(void)
{
	memset(image + AT_U8 + NVS_ENTRY_KEY, 0, NVS_KEY_SIZE);
	seal(AT_U8);
}

static void key_without_nul(void)
{
	memset(image + AT_U8 + NVS_ENTRY_KEY, 'k', NVS_KEY_SIZE);
	seal(AT_U8);
}

static void key_with_tail(void)
{
	change(AT_U8, NVS_ENTRY_KEY + 15, 'x');
	change(AT_U8, NVS_ENTRY_KEY + 15, 0);
	change(AT_U8, NVS_ENTRY_KEY + 10, 'x');
}

static void restring(const char *bytes, uint16_t len)
{
	memcpy(image + AT_STRING + NVS_ENTRY_SIZE, bytes, len);
	memset(image + AT_STRING + NVS_ENTRY_SIZE + len, 0xFF,
	       NVS_ENTRY_SIZE - len);
	le_put16(image + AT_STRING + NVS_DATA_SIZE, len);
	le_put32(image + AT_STRING + NVS_DATA_CRC, nvs_crc32(bytes, len));
	seal(AT_STRING);
}

static void string_without_nul(void)
{
	restring("hello!", 6);
}

static void string_with_inner_nul(void)
{
	restring("he\0lo", 6);
}

static void string_of_no_bytes(void)
{
	image[AT_STRING + NVS_ENTRY_SPAN] = 1;
	make_state(image, 3, NVS_ENTRY_ERASED);
	restring("", 0);
}

static void blob_too_long(void)
{
	le_put32(image + AT_INDEX + NVS_DATA_SIZE, NVS_BLOB_MAX + 1);
	seal(AT_INDEX);
}

static void old_blob_too_long(void)
{
	image[AT_CHUNK_0 + NVS_ENTRY_TYPE] = NVS_BLOB;
	change(AT_CHUNK_0, NVS_ENTRY_CHUNK, 0xFF);
}

static void definition_of_255(void)
{
	change(AT_LATER, NVS_ENTRY_DATA, 255);
}

static void definition_of_0(void)
{
	change(AT_LATER, NVS_ENTRY_DATA, 0);
}

static void definition_by_u16(void)
{
	change(AT_LATER, NVS_ENTRY_TYPE, NVS_U16);
}

static void undefined_namespace(void)
{
	change(AT_LAST, NVS_ENTRY_NS, 9);
}

static void index_defined_twice(void)
{
	change(AT_LATER, NVS_ENTRY_DATA, 1);
}

static void unused_namespace(void)
{
	change(AT_LAST, NVS_ENTRY_NS, 1);
}

static void key_twice(void)
{
	memcpy(image + AT_LAST, image + AT_U8, NVS_ENTRY_SIZE);
}

static void chunk_twice(void)
{
	change(AT_CHUNK_1, NVS_ENTRY_CHUNK, 0);
}

static void namespace_name_twice(void)
{
	memcpy(image + AT_LATER + NVS_ENTRY_KEY, "cfg\0\0\0", 6);
	seal(AT_LATER);
}

/* Published pair: both hash to 0x48F2A9 in namespace 1. */
static void hashes_collide(void)
{
	memcpy(image + AT_U8 + NVS_ENTRY_KEY, "key_19259", 10);
	seal(AT_U8);
	image[AT_LAST + NVS_ENTRY_NS] = 1;
	memcpy(image + AT_LAST + NVS_ENTRY_KEY, "key_120029", 11);
	seal(AT_LAST);
}

/* And one of a key with the definition of the namespace "cfg". */
static void hash_collides_with_namespace(void)
{
	memcpy(image + AT_U8 + NVS_ENTRY_KEY, "k16214465", 10);
	seal(AT_U8);
}

static void chunk_missing(void)
{
	change(AT_INDEX, NVS_INDEX_COUNT, 3);
}

static void chunk_damaged(void)
{
	image[AT_CHUNK_0 + NVS_ENTRY_SIZE + 5] ^= 4;
}

static void blob_size(void)
{
	change(AT_INDEX, NVS_DATA_SIZE, image[AT_INDEX + NVS_DATA_SIZE] ^ 1);
}

static void orphan_chunk(void)
{
	image[AT_INDEX + NVS_ENTRY_KEY] = 'c';
	seal(AT_INDEX);
}

static void chunk_of_another_type(void)
{
	change(AT_INDEX, NVS_ENTRY_TYPE, NVS_U8);
}

static void chunk_out_of_range(void)
{
	change(AT_INDEX, NVS_INDEX_COUNT, 1);
}

static const struct {
	const char *check;
	void (*damage)(void);
	size_t offset; /* of the finding */
} cases[] = {
	{ "size", cut, SIZE - NVS_PAGE_SIZE },
	{ "page_state", unknown_page_state, NVS_PAGE_SIZE },
	{ "page_state", corrupt_page_state, NVS_PAGE_SIZE },
	{ "page_freeing", freeing_page, 0 },
	{ "freeing_loss", freeing_page, AT_CHUNK_1 },
	{ "page_erased", free_page_with_data, 2 * NVS_PAGE_SIZE + 4095 },
	{ "page_none", nothing_in_use, 0 },
	{ "header_crc", header_crc, NVS_HEADER_CRC },
	{ "header_reserved", header_reserved, NVS_PAGE_SIZE + 9 },
	{ "page_version", future_version, NVS_PAGE_SIZE + 8 },
	{ "page_order", wrong_number, NVS_PAGE_SIZE + 4 },
	{ "page_order", page_behind_gap, 2 * NVS_PAGE_SIZE },
	{ "page_duplicate", same_number, NVS_PAGE_SIZE + 4 },
	{ "page_active", two_active, 0 },
	{ "page_active", none_active, NVS_PAGE_SIZE },
	{ "free_page", no_free_page, 0 },
	{ "spare_bits", spare_bits, 63 },
	{ "entry_state", entry_state_1, NVS_PAGE_SIZE + 34 },
	{ "entry_erased", erased_entry, NVS_PAGE_SIZE + 33 },
	{ "entry_order", entry_behind_empty, NVS_PAGE_SIZE + 57 },
	{ "entry_empty", data_in_empty_entry, AT_FREE },
	{ "entry_blank", written_but_blank, AT_FREE },
	{ "entry_crc", entry_crc, AT_STRING },
	{ "type", unknown_type, AT_U8 },
	{ "span", span_of_integer, AT_LAST },
	{ "span", span_of_string, AT_STRING },
	{ "span", span_beyond_page, AT_LAST },
	{ "data_state", data_not_written, AT_STRING },
	{ "data_crc", data_crc, AT_STRING },
	{ "padding", padding, AT_STRING },
	{ "reserved", reserved_of_integer, AT_U8 },
	{ "reserved", reserved_of_string, AT_STRING },
	{ "reserved", reserved_of_index, AT_INDEX },
	{ "chunk_field", chunk_field_of_integer, AT_U8 },
	{ "chunk_field", chunk_field_of_chunk, AT_CHUNK_1 },
	{ "key", empty_key, AT_U8 },
	{ "key", key_without_nul, AT_U8 },
	{ "key", key_with_tail, AT_U8 },
	{ "string_nul", string_without_nul, AT_STRING },
	{ "string_nul", string_with_inner_nul, AT_STRING },
	{ "string_nul", string_of_no_bytes, AT_STRING },
	{ "length", blob_too_long, AT_INDEX },
	{ "length", old_blob_too_long, AT_CHUNK_0 },
	{ "namespace", definition_of_255, AT_LATER },
	{ "namespace", definition_of_0, AT_LATER },
	{ "namespace", definition_by_u16, AT_LATER },
	{ "namespace_undefined", undefined_namespace, AT_LAST },
	{ "namespace_duplicate", index_defined_twice, AT_LATER },
	{ "namespace_unused", unused_namespace, AT_LATER },
	{ "duplicate_key", key_twice, AT_LAST },
	{ "duplicate_key", chunk_twice, AT_CHUNK_1 },
	{ "duplicate_key", namespace_name_twice, AT_LATER },
	{ "hash_collision", hashes_collide, AT_LAST },
	{ "hash_collision", hash_collides_with_namespace, AT_U8 },
	{ "chunk_missing", chunk_missing, AT_INDEX },
	{ "chunk_missing", chunk_damaged, AT_INDEX },
	{ "blob_size", blob_size, AT_INDEX },
	{ "chunk_orphan", orphan_chunk, AT_CHUNK_0 },
	{ "chunk_orphan", chunk_of_another_type, AT_CHUNK_0 },
	{ "chunk_range", chunk_out_of_range, AT_CHUNK_1 },
};

/* ---- The tests ---- */

/* The first finding of a run, and how many there were. */
struct seen {
	size_t count;
	size_t offset;
	char line[NVS_FINDING_TEXT_MAX];
};

static void see(void *ctx, const struct nvs_finding *f)
{
	struct seen *s = ctx;

	if (!s->count++) {
		s->offset = f->offset;
		nvs_finding_format(f, "image.bin", s->line, sizeof(s->line));
	}
	assert_true(f->offset <= SIZE);
}

static void load(void)
{
	assert_int_equal(nvs_reader_load(reader, image, size, NULL), 0);
}

static struct seen run_all(void)
{
	struct seen s = { 0 };
	struct nvs_finding_sink sink = { see, &s };
	struct nvs_check_result result;

	load();
	result = nvs_check_all(reader, &sink);
	assert_int_equal(result.count[NVS_NOTE] + result.count[NVS_WARNING] +
			 result.count[NVS_ERROR], s.count);
	return s;
}

static struct seen run_one(const char *name)
{
	const struct nvs_check *check = nvs_check_named(name);
	struct seen s = { 0 };
	struct nvs_finding_sink sink = { see, &s };
	struct nvs_check_result result;

	assert_non_null(check);
	load();
	result = nvs_check_one(check, reader, &sink);
	assert_int_equal(result.count[check->severity], s.count);
	return s;
}

static void a_sound_image_has_no_findings(void **state)
{
	(void)state;
	make_sound();
	assert_string_equal(run_all().line, "");
	make_sound_old();
	assert_string_equal(run_all().line, "");
}

/*
 * Firmware of today keeps the pages of an older one, and what it adds to them
 * has the lengths and the forms of version 2.
 */
static void firmware_goes_on_in_pages_of_version_1(void **state)
{
	char text[NVS_STRING_MAX];
	const struct nvs_read_item *items;
	struct maker m;
	size_t count;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	size = SIZE;
	make_start(&m, image, SIZE, 1);
	make_namespace(&m, "cfg", 1);
	make_sized(&m, 1, NVS_BLOB, NVS_CHUNK_NONE, "old", text, 1984);
	make_sized(&m, 1, NVS_BLOB_CHUNK, 0x80, "new", text, 1000);
	make_index(&m, 1, "new", 1000, 1, 0x80);
	make_page(&m, 1);
	make_string(&m, 1, "long", text);
	make_page(&m, 2);
	make_string(&m, 1, "longer", text + 2000);
	assert_string_equal(run_all().line, "");
	items = nvs_reader_items(reader, &count);
	assert_int_equal(count, 4);
	assert_int_equal(items[2].len, NVS_STRING_MAX - 1);
	assert_int_equal(items[2].page_version, 1);
}

/* The firmware takes whatever page is free, also one in front. */
static void the_last_page_may_lie_in_front(void **state)
{
	(void)state;
	make_sound();
	le_put32(image, NVS_STATE_ACTIVE);
	le_put32(image + NVS_PAGE_SIZE, NVS_STATE_FULL);
	change_header(0, NVS_HEADER_SEQNO, 7);
	assert_int_equal(run_one("page_active").count, 0);
	assert_int_equal(run_one("page_order").count, 1);
	le_put32(image + NVS_PAGE_SIZE, NVS_STATE_ACTIVE);
	assert_string_equal(run_one("page_active").line,
		"image.bin:0x1000: warning (page_active): page 1 is active, "
		"but page 0, which comes after it, is in use");
}

/* What the firmware has copied before it was interrupted is not lost. */
static void a_clean_up_loses_no_copies(void **state)
{
	struct maker m;

	(void)state;
	make_sound();
	le_put32(image + NVS_PAGE_SIZE, NVS_STATE_FULL);
	freeing_page();
	m = (struct maker){ .image = image, .size = SIZE, .version = 2 };
	make_page(&m, 2);
	assert_int_equal(run_one("freeing_loss").count, 0);
	memcpy(image + ENTRY(2, 0), image + ENTRY(0, 0), 2 * NVS_ENTRY_SIZE);
	make_state(m.page, 0, NVS_ENTRY_WRITTEN);
	make_state(m.page, 1, NVS_ENTRY_WRITTEN);
	assert_int_equal(run_one("freeing_loss").count, 0);
	change(ENTRY(2, 1), NVS_ENTRY_DATA, 6);
	assert_string_equal(run_one("freeing_loss").line,
		"image.bin:0x2060: error (freeing_loss): cfg:u8: the firmware "
		"erases it at the next start, in favour of page 0, which it "
		"was cleaning up");
}

static void each_check_finds_its_damage(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(*cases); n++) {
		struct seen s;

		make_sound();
		cases[n].damage();
		s = run_one(cases[n].check);
		if (!s.count || s.offset != cases[n].offset)
			fail_msg("case %zu, %s: %zu findings, the first at "
				 "0x%zx instead of 0x%zx: %s", n,
				 cases[n].check, s.count, s.offset,
				 cases[n].offset, s.line);
	}
}

static void no_check_is_without_a_case(void **state)
{
	const struct nvs_check *check;

	(void)state;
	for (size_t n = 0; (check = nvs_check_at(n)); n++) {
		size_t i = 0;

		while (i < sizeof(cases) / sizeof(*cases) &&
		       strcmp(cases[i].check, check->name) != 0)
			i++;
		if (i == sizeof(cases) / sizeof(*cases))
			fail_msg("nothing tests the check '%s'", check->name);
		assert_true(strlen(check->about) > 0);
	}
	assert_null(nvs_check_named("no_such_check"));
}

static void an_empty_image_is_no_image(void **state)
{
	(void)state;
	size = 0;
	assert_int_equal(run_one("size").count, 1);
}

static void small_partitions_need_no_free_page(void **state)
{
	(void)state;
	make_sound();
	size = 2 * NVS_PAGE_SIZE;
	assert_string_equal(run_all().line, "");
}

static void a_finding_says_where_and_what(void **state)
{
	(void)state;
	make_sound();
	data_crc();
	assert_string_equal(run_all().line,
		"image.bin:0x80: error (data_crc): cfg:text: the CRC of its "
		"data is 0x98d28762, its 6 bytes give 0x538e54c7");
	make_sound();
	spare_bits();
	assert_string_equal(run_all().line,
		"image.bin:0x3f: warning (spare_bits): page 0: the unused end "
		"of the entry state bitmap is not all ones");
	make_sound();
	memcpy(image + AT_U8 + NVS_ENTRY_KEY, "\033[31m", 5);
	image[AT_U8 + NVS_ENTRY_TYPE] = 0x33;
	seal(AT_U8);
	assert_string_equal(run_all().line, "image.bin:0x60: error (type): "
			    "cfg:\\x1b[31m: the type 0x33 is unknown");
}

/* Whether both readers have the same items. */
static bool same_items(const struct nvs_reader *a, const struct nvs_reader *b)
{
	const struct nvs_read_item *x, *y;
	size_t m, n;

	x = nvs_reader_items(a, &m);
	y = nvs_reader_items(b, &n);
	if (m != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!nvs_read_equal(&x[i], &y[i]))
			return false;
	return true;
}

/*
 * Any bit of a used page: a finding that counts, or an item that differs.
 * Returns how many flip unseen.
 */
static size_t flip_all(const struct nvs_reader *sound)
{
	size_t unseen = 0;

	for (size_t bit = 0; bit < 2 * 8 * NVS_PAGE_SIZE; bit++) {
		struct nvs_check_result result;

		image[bit / 8] ^= (uint8_t)(1u << bit % 8);
		load();
		result = nvs_check_all(reader, NULL);
		if (!result.count[NVS_ERROR] && !result.count[NVS_WARNING] &&
		    same_items(sound, reader)) {
			print_message("bit %zu of byte 0x%zx flips unseen\n",
				      bit % 8, bit / 8);
			unseen++;
		}
		image[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	return unseen;
}

static void no_bit_flips_unseen(void **state)
{
	static void (*const make[])(void) = { make_sound, make_sound_old };
	static uint8_t original[SIZE];

	(void)state;
	for (size_t n = 0; n < 2; n++) {
		struct nvs_reader *sound = nvs_reader_new(NULL);

		assert_non_null(sound);
		make[n]();
		memcpy(original, image, SIZE);
		assert_int_equal(nvs_reader_load(sound, original, SIZE, NULL),
				 0);
		assert_int_equal(flip_all(sound), 0);
		assert_memory_equal(image, original, SIZE);
		nvs_reader_free(sound);
	}
}

static int set_up(void **state)
{
	(void)state;
	reader = nvs_reader_new(NULL);
	return reader ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	nvs_reader_free(reader);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_image_has_no_findings),
		cmocka_unit_test(the_last_page_may_lie_in_front),
		cmocka_unit_test(a_clean_up_loses_no_copies),
		cmocka_unit_test(firmware_goes_on_in_pages_of_version_1),
		cmocka_unit_test(each_check_finds_its_damage),
		cmocka_unit_test(no_check_is_without_a_case),
		cmocka_unit_test(an_empty_image_is_no_image),
		cmocka_unit_test(small_partitions_need_no_free_page),
		cmocka_unit_test(a_finding_says_where_and_what),
		cmocka_unit_test(no_bit_flips_unseen),
	};

	return cmocka_run_group_tests_name("check", tests, set_up, tear_down);
}
