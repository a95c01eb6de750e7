/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_writer.c - where each entry goes. An image is shown by a walk of the
 * test's own over its bytes, which proves every CRC and all padding, as
 *
 *	full 0+1 01 cfg | 1+3 21 name		a line per used page:
 *	active 0+126 42.0 blob | ...		state, then SLOT+SPAN TYPE KEY
 */
#include "unit.h"

#include <zlib.h>

#include "allocations.h"
#include "nvs_writer.h"

#define SMALL 0x5000u

static struct err err;

static int no_error(void **state)
{
	(void)state;
	err = (struct err)ERR_INIT;
	return 0;
}

/* ---- Looking at an image ---- */

static uint32_t crc(const uint8_t *p, size_t n)
{
	return n ? (uint32_t)crc32(0xFFFFFFFF, p, (uInt)n) : 0xFFFFFFFF;
}

static uint32_t get(const uint8_t *p, unsigned width)
{
	uint32_t v = 0;

	while (width--)
		v = v << 8 | p[width];
	return v;
}

/* Check the entry at slot n of a page and show it; how many slots it takes. */
static unsigned show_entry(const uint8_t *page, unsigned n, struct buf *out)
{
	const uint8_t *e = page + 64 + n * 32;
	unsigned span = e[2], type = e[1];
	uint8_t covered[28];

	memcpy(covered, e, 4);
	memcpy(covered + 4, e + 8, 24);
	assert_int_equal(get(e + 4, 4), crc(covered, 28));
	assert_in_range(span, 1, 126 - n);
	for (unsigned i = n; i < n + span; i++)
		assert_int_equal(page[32 + i / 4] >> i % 4 * 2 & 3, 2);
	if (type == 0x21 || type == 0x41 || type == 0x42) {
		unsigned len = get(e + 24, 2);

		assert_int_equal(span, 1 + (len + 31) / 32);
		assert_all(e + 26, 2, 0xFF);
		assert_int_equal(get(e + 28, 4), crc(e + 32, len));
		assert_all(e + 32 + len, (span - 1) * 32 - len, 0xFF);
	} else {
		assert_int_equal(span, 1);
	}
	if (type == 0x48) {
		assert_int_equal(e[29], 0);
		assert_all(e + 30, 2, 0xFF);
	}
	assert_int_equal(e[8 + 15], 0);
	assert_int_equal(e[3] != 0xFF, type == 0x42);
	must(buf_printf(out, " %u+%u %02x", n, span, type));
	if (type == 0x42)
		must(buf_printf(out, ".%u", e[3]));
	must(buf_printf(out, " %s", (const char *)e + 8));
	return span;
}

static void show_page(const uint8_t *page, unsigned number, unsigned version,
		      struct buf *out)
{
	uint32_t state = get(page, 4);
	unsigned n = 0;

	assert_true(state == 0xFFFFFFFE || state == 0xFFFFFFFC);
	must(buf_puts(out, state == 0xFFFFFFFE ? "active" : "full"));
	assert_int_equal(get(page + 4, 4), number);
	assert_int_equal(page[8], 256 - version);
	assert_all(page + 9, 19, 0xFF);
	assert_int_equal(get(page + 28, 4), crc(page + 4, 24));
	while (n < 126 && (page[32 + n / 4] >> n % 4 * 2 & 3) != 3) {
		if (n)
			must(buf_puts(out, " |"));
		n += show_entry(page, n, out);
	}
	assert_all(page + 64 + n * 32, (126 - n) * 32, 0xFF);
	while (n < 128) {
		assert_int_equal(page[32 + n / 4] >> n % 4 * 2 & 3, 3);
		n++;
	}
	must(buf_putc(out, '\n'));
}

/* All used pages; those behind them are erased. */
static char *show(const uint8_t *image, size_t size, unsigned version,
		  struct buf *out)
{
	unsigned page = 0;

	out->len = 0;
	while (page < size / 4096 && image[page * 4096] != 0xFF)
		show_page(image + page * 4096, page, version, out), page++;
	assert_all(image + page * 4096, size - page * 4096, 0xFF);
	assert_int_equal(image[size], SENTINEL);
	return buf_str(out);
}

/* ---- Making one ---- */

static struct nvs_writer writer;
static uint8_t *image;
static size_t image_size;
static uint8_t pattern[NVS_BLOB_MAX + 1];

static void start(size_t size, unsigned version)
{
	image_size = size;
	image = malloc(size + 1);
	assert_non_null(image);
	memset(image, 0x5A, size);
	image[size] = SENTINEL;
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(1 + i % 251);
	must(nvs_writer_init(&writer, size, version, &err));
	nvs_writer_start(&writer, image);
}

static void stop(void)
{
	nvs_writer_release(&writer);
	free(image);
}

static int add(enum nvs_type type, const char *key, size_t len)
{
	struct nvs_item item = { key, type, len, pattern, len };

	return nvs_writer_add(&writer, &item, &err);
}

/* The namespace "n", then u8 items until used entries of the page are. */
static void fill_to(unsigned used)
{
	char key[16];

	must(nvs_writer_namespace(&writer, "n", &err));
	for (unsigned i = 1; i < used; i++) {
		snprintf(key, sizeof(key), "u%u", i);
		must(add(NVS_U8, key, i));
	}
	assert_int_equal(writer.used, used);
}

/* The image is whole and, without the items of fill_to(), looks like that. */
static void expect(unsigned filled, const char *want)
{
	struct buf text = BUF_INIT, items = BUF_INIT;
	char *s, key[32];

	must(nvs_writer_finish(&writer, NULL, &err));
	s = show(image, image_size, writer.version, &text);
	for (unsigned i = 1; i < filled; i++) {
		snprintf(key, sizeof(key), " | %u+1 01 u%u", i, i);
		must(buf_puts(&items, key));
	}
	if (filled) {
		char *cut = strstr(s, buf_str(&items));

		assert_non_null(cut);
		memmove(cut, cut + items.len, strlen(cut + items.len) + 1);
	}
	assert_string_equal(s, want);
	buf_release(&text);
	buf_release(&items);
	stop();
}

/* ---- Tests ---- */

static void test_worked_example(void **state)
{
	struct nvs_item item = { "serial_no", NVS_STRING, 0,
				 (const uint8_t *)"SN-0001", 7 };
	struct nvs_usage usage;

	(void)state;
	start(0x3000, 2);
	must(nvs_writer_namespace(&writer, "factory", &err));
	must(nvs_writer_add(&writer, &item, &err));
	must(nvs_writer_finish(&writer, &usage, &err));
	assert_hex(image, 160,
		   "feffffff 00000000 fe ffffffffffffffffffffffffffffffffffffff"
		   "842dbab9 ea ffffffffffffffffffffffffffffffffffffffffffffff"
		   "ffffffffffffffff"
		   "00 01 01 ff 4488f01f 666163746f727900 0000000000000000"
		   "01ffffffffffffff"
		   "01 21 02 ff 13ff2ae6 73657269616c5f6e 6f00000000000000"
		   "0800 ffff 13b16c38"
		   "534e2d3030303100 ffffffffffffffff ffffffffffffffff"
		   "ffffffffffffffff");
	assert_all(image + 160, 0x3000 - 160, 0xFF);
	assert_int_equal(image[0x3000], SENTINEL);
	assert_int_equal(usage.pages, 1);
	assert_int_equal(usage.usable, 2);
	assert_int_equal(usage.entries, 3);
	assert_int_equal(usage.needed, 0x1000);
	stop();
}

static void test_empty(void **state)
{
	(void)state;
	start(SMALL, 2);
	expect(0, "active\n");
	start(SMALL, 1);
	expect(0, "active\n");
}

/* Counted from a blob's bytes even where it has none and they are nowhere. */
static void test_bug_empty_blob_at_null(void **state)
{
	(void)state;
	for (unsigned version = 1; version <= 2; version++) {
		struct nvs_item item = { "b", NVS_BLOB, 0, NULL, 0 };
		static uint8_t nowhere[SMALL];

		start(SMALL, version);
		must(nvs_writer_namespace(&writer, "n", &err));
		must(nvs_writer_add(&writer, &item, &err));
		memcpy(nowhere, image, SMALL);
		stop();
		start(SMALL, version);
		must(nvs_writer_namespace(&writer, "n", &err));
		must(add(NVS_BLOB, "b", 0));
		assert_memory_equal(image, nowhere, SMALL);
		stop();
	}
}

/* Each width, little-endian, the rest of the eight bytes erased */
static void test_integers(void **state)
{
	static const struct {
		enum nvs_type type;
		uint64_t number;
		const char *data;
	} cases[] = {
		{ NVS_U8, 0xFE, "fe ffffffffffffff" },
		{ NVS_I8, (uint64_t)-2, "fe ffffffffffffff" },
		{ NVS_U16, 0x1234, "3412 ffffffffffff" },
		{ NVS_I16, (uint64_t)-32768, "0080 ffffffffffff" },
		{ NVS_U32, 0x12345678, "78563412 ffffffff" },
		{ NVS_I32, (uint64_t)INT32_MIN, "00000080 ffffffff" },
		{ NVS_U64, UINT64_MAX - 1, "feffffffffffffff" },
		{ NVS_I64, (uint64_t)INT64_MIN, "0000000000000080" },
		{ NVS_U32, 0, "00000000 ffffffff" },
	};
	char key[16];

	(void)state;
	start(SMALL, 2);
	must(nvs_writer_namespace(&writer, "n", &err));
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct nvs_item item = { key, cases[i].type, cases[i].number,
					 NULL, 0 };
		const uint8_t *e = image + 64 + (i + 1) * 32;

		snprintf(key, sizeof(key), "k%u", i);
		must(nvs_writer_add(&writer, &item, &err));
		assert_int_equal(e[1], cases[i].type);
		assert_hex(e + 24, 8, cases[i].data);
	}
	expect(0, "active 0+1 01 n | 1+1 01 k0 | 2+1 11 k1 | 3+1 02 k2 | "
	       "4+1 12 k3 | 5+1 04 k4 | 6+1 14 k5 | 7+1 08 k6 | 8+1 18 k7 | "
	       "9+1 04 k8\n");
}

static void test_integer_at_the_end_of_a_page(void **state)
{
	(void)state;
	start(SMALL, 2);
	fill_to(125);
	must(add(NVS_U32, "last", 7));
	/* Full of entries is not yet full: only a next page makes it so. */
	expect(125, "active 0+1 01 n | 125+1 04 last\n");
	start(SMALL, 2);
	fill_to(126);
	must(add(NVS_U32, "next", 7));
	expect(126, "full 0+1 01 n\nactive 0+1 04 next\n");
	start(SMALL, 2);
	fill_to(126);
	must(nvs_writer_namespace(&writer, "m", &err));
	expect(126, "full 0+1 01 n\nactive 0+1 01 m\n");
	/* A known one writes nothing, even there. */
	start(SMALL, 2);
	fill_to(126);
	must(nvs_writer_namespace(&writer, "n", &err));
	expect(126, "active 0+1 01 n\n");
}

/* The last slot of a page never ends a string ... */
static void test_string_spares_the_last_slot(void **state)
{
	(void)state;
	start(SMALL, 2);
	fill_to(100);
	must(add(NVS_STRING, "s", 24 * 32 - 1));
	expect(100, "active 0+1 01 n | 100+25 21 s\n");
	start(SMALL, 2);
	fill_to(100);
	must(add(NVS_STRING, "s", 24 * 32));
	expect(100, "full 0+1 01 n\nactive 0+26 21 s\n");
	/* ... nor a blob of version 1, */
	start(SMALL, 1);
	fill_to(100);
	must(add(NVS_BLOB, "b", 24 * 32));
	expect(100, "active 0+1 01 n | 100+25 41 b\n");
	start(SMALL, 1);
	fill_to(100);
	must(add(NVS_BLOB, "b", 24 * 32 + 1));
	expect(100, "full 0+1 01 n\nactive 0+26 41 b\n");
	/* and the shortest string is the NUL, with a slot of its own. */
	start(SMALL, 2);
	fill_to(123);
	must(add(NVS_STRING, "s", 0));
	expect(123, "active 0+1 01 n | 123+2 21 s\n");
	start(SMALL, 2);
	fill_to(124);
	must(add(NVS_STRING, "s", 0));
	expect(124, "full 0+1 01 n\nactive 0+2 21 s\n");
	/* An empty blob of version 1 has no data entry at all. */
	start(SMALL, 1);
	fill_to(124);
	must(add(NVS_BLOB, "b", 0));
	expect(124, "active 0+1 01 n | 124+1 41 b\n");
	start(SMALL, 1);
	fill_to(125);
	must(add(NVS_BLOB, "b", 0));
	expect(125, "full 0+1 01 n\nactive 0+1 41 b\n");
}

/*
 * ... unless the page has nothing else: 4000 bytes with the NUL are 125 data
 * entries, with their header a page's 126.
 */
static void test_largest_string_takes_a_page(void **state)
{
	(void)state;
	start(SMALL, 2);
	must(nvs_writer_namespace(&writer, "n", &err));
	must(add(NVS_STRING, "s", 3999));
	must(add(NVS_U8, "u", 1));
	expect(0, "full 0+1 01 n\nfull 0+126 21 s\nactive 0+1 01 u\n");
	start(SMALL, 2);
	must(nvs_writer_namespace(&writer, "n", &err));
	must(add(NVS_STRING, "s", 3967)); /* 124 data entries: 1 + 125 = 126 */
	must(add(NVS_U8, "u", 1));
	expect(0, "full 0+1 01 n\nactive 0+125 21 s | 125+1 01 u\n");
	start(SMALL, 2);
	must(nvs_writer_namespace(&writer, "n", &err));
	must(add(NVS_STRING, "s", 3935));
	must(add(NVS_U8, "u", 1));
	expect(0, "active 0+1 01 n | 1+124 21 s | 125+1 01 u\n");
}

static void test_too_long(void **state)
{
	(void)state;
	start(SMALL, 2);
	fill_to(1);
	assert_int_equal(add(NVS_STRING, "s", 4000), ERR_RANGE);
	assert_err(&err, ERR_RANGE, "4000 bytes are too long for a string in "
		   "NVS version 2, at most 3999 are possible");
	err_clear(&err);
	assert_int_equal(add(NVS_BLOB, "b", 508001), ERR_RANGE);
	assert_err(&err, ERR_RANGE, "508001 bytes are too long for a blob, at "
		   "most 508000 are possible");
	err_clear(&err);
	expect(0, "active 0+1 01 n\n");
	start(SMALL, 1);
	fill_to(1);
	assert_int_equal(add(NVS_STRING, "s", 1984), ERR_RANGE);
	assert_err(&err, ERR_RANGE, "1984 bytes are too long for a string in "
		   "NVS version 1, at most 1983 are possible");
	err_clear(&err);
	assert_int_equal(add(NVS_BLOB, "b", 1985), ERR_RANGE);
	assert_err(&err, ERR_RANGE, "1985 bytes are too long for a blob in NVS "
		   "version 1, at most 1984 are possible");
	err_clear(&err);
	must(add(NVS_STRING, "s", 1983));
	must(add(NVS_BLOB, "b", 1984));
	expect(0, "full 0+1 01 n | 1+63 21 s\nactive 0+63 41 b\n");
}

/* ---- Blobs of version 2 ---- */

static void test_blob_chunks(void **state)
{
	(void)state;
	start(SMALL, 2);
	fill_to(1);
	must(add(NVS_BLOB, "b", 33));
	expect(0, "active 0+1 01 n | 1+3 42.0 b | 4+1 48 b\n");
	/* No byte at all: a chunk of none, and the index */
	start(SMALL, 2);
	fill_to(1);
	must(add(NVS_BLOB, "b", 0));
	expect(0, "active 0+1 01 n | 1+1 42.0 b | 2+1 48 b\n");
	/* No room: a chunk of none closes the page */
	start(SMALL, 2);
	fill_to(125);
	must(add(NVS_BLOB, "b", 10));
	expect(125, "full 0+1 01 n | 125+1 42.0 b\n"
	       "active 0+2 42.1 b | 2+1 48 b\n");
	start(SMALL, 2);
	fill_to(125);
	must(add(NVS_BLOB, "b", 0));
	expect(125, "full 0+1 01 n | 125+1 42.0 b\nactive 0+1 48 b\n");
	start(SMALL, 2);
	fill_to(126);
	must(add(NVS_BLOB, "b", 0));
	expect(126, "full 0+1 01 n\nactive 0+1 42.0 b | 1+1 48 b\n");
	/* Room for 32: just used up, one too many, one to spare */
	start(SMALL, 2);
	fill_to(124);
	must(add(NVS_BLOB, "b", 32));
	expect(124, "full 0+1 01 n | 124+2 42.0 b\nactive 0+1 48 b\n");
	start(SMALL, 2);
	fill_to(124);
	must(add(NVS_BLOB, "b", 33));
	expect(124, "full 0+1 01 n | 124+2 42.0 b\n"
	       "active 0+2 42.1 b | 2+1 48 b\n");
	start(SMALL, 2);
	fill_to(124);
	must(add(NVS_BLOB, "b", 31));
	expect(124, "full 0+1 01 n | 124+2 42.0 b\nactive 0+1 48 b\n");
	/* The index just fits behind the chunk */
	start(SMALL, 2);
	fill_to(123);
	must(add(NVS_BLOB, "b", 32));
	expect(123, "active 0+1 01 n | 123+2 42.0 b | 125+1 48 b\n");
}

static void test_blob_of_a_page(void **state)
{
	(void)state;
	start(SMALL, 2);
	fill_to(1);
	must(add(NVS_BLOB, "b", 3968));
	expect(0, "full 0+1 01 n | 1+125 42.0 b\nactive 0+1 48 b\n");
	start(SMALL, 2);
	fill_to(1);
	must(add(NVS_BLOB, "b", 3936));
	expect(0, "active 0+1 01 n | 1+124 42.0 b | 125+1 48 b\n");
	start(SMALL, 2);
	fill_to(1);
	must(add(NVS_BLOB, "b", 4000));
	expect(0, "full 0+1 01 n | 1+125 42.0 b\n"
	       "active 0+2 42.1 b | 2+1 48 b\n");
	start(SMALL, 2);
	fill_to(126);
	must(add(NVS_BLOB, "b", 4000));
	expect(126, "full 0+1 01 n\nfull 0+126 42.0 b\nactive 0+1 48 b\n");
}

/* Bytes, sizes and counts of a blob that goes over pages */
static void test_blob_bytes(void **state)
{
	const uint8_t *p;

	(void)state;
	start(SMALL, 2);
	fill_to(1);
	must(add(NVS_BLOB, "b", 3968 + 50));
	p = image + 64 + 32;
	assert_int_equal(p[0], 1);
	assert_int_equal(get(p + 24, 2), 3968);
	assert_memory_equal(p + 32, pattern, 3968);
	p = image + 4096 + 64;
	assert_int_equal(get(p + 24, 2), 50);
	assert_memory_equal(p + 32, pattern + 3968, 50);
	p += 3 * 32;
	assert_hex(p, 4, "01 48 01 ff");
	assert_hex(p + 24, 8, "b20f0000 02 00 ffff");
	expect(0, "full 0+1 01 n | 1+125 42.0 b\n"
	       "active 0+3 42.1 b | 3+1 48 b\n");
}

/* The largest blob, from each kind of place: 127 or 128 chunks */
static void expect_largest_blob(unsigned used, unsigned chunks,
				unsigned pages)
{
	const uint8_t *last;
	struct nvs_usage usage;
	struct buf text = BUF_INIT;
	char want[32];

	start(0x83000, 2);
	fill_to(used);
	must(add(NVS_BLOB, "b", 508000));
	must(nvs_writer_finish(&writer, &usage, &err));
	assert_int_equal(usage.pages, pages);
	last = image + (usage.pages - 1) * 4096 + 64 + (writer.used - 1) * 32;
	assert_int_equal(last[1], 0x48);
	assert_int_equal(get(last + 24, 4), 508000);
	assert_int_equal(last[28], chunks);
	show(image, image_size, 2, &text);
	snprintf(want, sizeof(want), "42.%u b", chunks - 1);
	assert_non_null(strstr((char *)text.data, want));
	snprintf(want, sizeof(want), "42.%u b", chunks);
	assert_null(strstr((char *)text.data, want));
	buf_release(&text);
	stop();
}

static void test_largest_blob(void **state)
{
	(void)state;
	expect_largest_blob(1, 128, 128);
	expect_largest_blob(2, 128, 128);
	expect_largest_blob(124, 128, 128);
	expect_largest_blob(125, 128, 129);
	expect_largest_blob(126, 127, 129);
}

/* ---- Every place and length: the format's rules, written down once more --- */

struct model {
	unsigned page, n;
};

static void model_add(struct model *m, enum nvs_type type, size_t len,
		      unsigned version)
{
	size_t d = (len + (type == NVS_STRING) + 31) / 32;

	if (type != NVS_STRING && type != NVS_BLOB) {
		if (m->n >= 126)
			m->page++, m->n = 0;
		m->n++;
	} else if (type == NVS_STRING || version == 1) {
		if (m->n && (m->n >= 126 || m->n + d + 1 >= 126))
			m->page++, m->n = 0;
		m->n += 1 + (unsigned)d;
	} else {
		if (m->n >= 126)
			m->page++, m->n = 0;
		do {
			size_t tailroom = (126 - m->n - 1) * 32;
			size_t chunk = tailroom < len ? tailroom : len;

			m->n += 1 + (unsigned)((chunk + 31) / 32);
			len -= chunk;
			if (len || tailroom - chunk < 32)
				m->page++, m->n = 0;
		} while (len);
		m->n++;
	}
}

static void test_every_place_and_length(void **state)
{
	static const enum nvs_type types[] = { NVS_U8, NVS_STRING, NVS_BLOB };
	struct buf text = BUF_INIT;

	(void)state;
	start(SMALL, 2);
	for (unsigned used = 1; used <= 126; used++)
		for (unsigned t = 0; t < 3; t++)
			for (size_t len = 0; len < 3999; len += 31) {
				struct model m = { 0, used };

				nvs_writer_start(&writer, NULL);
				fill_to(1);
				writer.used = used;
				must(add(types[t], "x", len));
				model_add(&m, types[t], len, 2);
				if (writer.page != m.page ||
				    writer.used != m.n)
					fail_msg("type %02x, %zu bytes at %u: "
						 "%zu.%u, not %u.%u", types[t],
						 len, used, writer.page,
						 writer.used, m.page, m.n);
			}
	buf_release(&text);
	stop();
}

static uint32_t random_state;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % n;
}

/* The same random items; how many were added before one did not fit. */
static unsigned add_random(uint32_t seed, unsigned version, struct model *m)
{
	unsigned count = 1 + (random_state = seed, random_below(120)), n;

	must(nvs_writer_namespace(&writer, "n0", &err));
	*m = (struct model){ 0, 1 };
	for (n = 0; n < count; n++) {
		static const enum nvs_type types[] = { NVS_U8, NVS_I64,
						       NVS_STRING, NVS_BLOB };
		enum nvs_type type = types[random_below(4)];
		size_t most = random_below(8) ? 200 :
			      version == 1 ? 1983 : 3999;
		size_t len = random_below((uint32_t)most + 1);
		char key[16];

		if (version == 2 && type == NVS_BLOB && !random_below(6))
			len *= 5;
		snprintf(key, sizeof(key), "key%u", n);
		if (add(type, key, len))
			break;
		model_add(m, type, len, version);
	}
	return n;
}

/* Measured, written and by the model: equal. Too small: it says so. */
static void test_measured_as_written(void **state)
{
	unsigned full = 0;

	(void)state;
	for (uint32_t seed = 1; seed <= 300; seed++) {
		unsigned version = 1 + seed % 2;
		struct nvs_usage measured, written;
		struct buf text = BUF_INIT;
		struct model model, again;
		unsigned count;
		int r;

		start(0x1000u << seed % 4, version);
		nvs_writer_start(&writer, NULL);
		count = add_random(seed, version, &model);
		r = nvs_writer_finish(&writer, &measured, &err);
		assert_int_equal(measured.pages, model.page + 1);
		assert_int_equal(r, measured.pages > measured.usable ?
				 ERR_FULL : 0);
		err_clear(&err);
		nvs_writer_start(&writer, image);
		if (r) {
			assert_true(add_random(seed, version, &again) < count);
			assert_int_equal(err.code, ERR_FULL);
			err_clear(&err);
			full++;
		} else {
			assert_int_equal(add_random(seed, version, &again),
					 count);
			must(nvs_writer_finish(&writer, &written, &err));
			assert_memory_equal(&measured, &written,
					    sizeof(written));
		}
		show(image, image_size, version, &text);
		buf_release(&text);
		stop();
	}
	assert_in_range(full, 50, 250);
}

/* ---- Namespaces and names ---- */

static void test_namespaces(void **state)
{
	(void)state;
	start(SMALL, 2);
	must(nvs_writer_namespace(&writer, "a", &err));
	must(add(NVS_U8, "x", 1));
	must(nvs_writer_namespace(&writer, "b", &err));
	must(add(NVS_U8, "x", 2));
	/* Back to the first: no second entry, its own index. */
	must(nvs_writer_namespace(&writer, "a", &err));
	must(add(NVS_U8, "y", 3));
	assert_hex(image + 64, 4, "00 01 01 ff");
	assert_int_equal(image[64 + 24], 1);
	assert_int_equal(image[64 + 32], 1);
	assert_int_equal(image[64 + 2 * 32], 0);
	assert_int_equal(image[64 + 2 * 32 + 24], 2);
	assert_int_equal(image[64 + 3 * 32], 2);
	assert_int_equal(image[64 + 4 * 32], 1);
	expect(0, "active 0+1 01 a | 1+1 01 x | 2+1 01 b | 3+1 01 x | "
	       "4+1 01 y\n");
}

static void test_254_namespaces(void **state)
{
	char name[16];

	(void)state;
	start(SMALL, 2);
	for (unsigned i = 1; i <= 254; i++) {
		snprintf(name, sizeof(name), "ns%u", i);
		must(nvs_writer_namespace(&writer, name, &err));
	}
	assert_int_equal(image[2 * 4096 + 64 + 32 + 24], 254);
	assert_int_equal(nvs_writer_namespace(&writer, "ns255", &err),
			 ERR_RANGE);
	assert_err(&err, ERR_RANGE, "namespace 'ns255' is one too many: an NVS "
		   "partition has room for 254");
	err_clear(&err);
	must(nvs_writer_namespace(&writer, "ns254", &err));
	must(add(NVS_U8, "k", 1));
	assert_int_equal(image[2 * 4096 + 64 + 2 * 32], 254);
	must(nvs_writer_finish(&writer, NULL, &err));
	stop();
}

/* A call that fails leaves every byte, and the place of the next entry. */
static void expect_unchanged(int r, int code)
{
	static uint8_t was[SMALL];
	static size_t page, used;

	if (!code) {
		memcpy(was, image, SMALL);
		page = writer.page;
		used = writer.used;
		return;
	}
	assert_int_equal(r, code);
	assert_int_equal(err.code, code);
	assert_memory_equal(image, was, SMALL);
	assert_int_equal(writer.page, page);
	assert_int_equal(writer.used, used);
	err_clear(&err);
}

static void test_failed_add_changes_nothing(void **state)
{
	static const char long_key[] = "a_key_of_16_byte";

	(void)state;
	start(SMALL, 2);
	expect_unchanged(0, 0);
	expect_unchanged(add(NVS_U8, "k", 1), ERR_INPUT);
	must(nvs_writer_namespace(&writer, "storage", &err));
	must(add(NVS_U8, "key_19259", 1));
	must(add(NVS_BLOB, "blob", 100));
	must(add(NVS_U8, "k16214465", 1));
	expect_unchanged(0, 0);
	expect_unchanged(add(NVS_U8, "key_19259", 1), ERR_DUPLICATE);
	expect_unchanged(add(NVS_STRING, "key_120029", 1), ERR_DUPLICATE);
	expect_unchanged(add(NVS_BLOB, "key_120029", 1), ERR_DUPLICATE);
	expect_unchanged(add(NVS_BLOB, "blob", 1), ERR_DUPLICATE);
	expect_unchanged(nvs_writer_namespace(&writer, "cfg", &err),
			 ERR_DUPLICATE);
	expect_unchanged(nvs_writer_namespace(&writer, "", &err), ERR_RANGE);
	expect_unchanged(nvs_writer_namespace(&writer, long_key, &err),
			 ERR_RANGE);
	expect_unchanged(add(NVS_U8, "", 1), ERR_RANGE);
	expect_unchanged(add(NVS_U8, long_key, 1), ERR_RANGE);
	expect_unchanged(add(NVS_STRING, long_key, 1), ERR_RANGE);
	expect_unchanged(add(NVS_BLOB, long_key, 1), ERR_RANGE);
	expect_unchanged(add(NVS_STRING, "s", 4000), ERR_RANGE);
	expect_unchanged(add(NVS_BLOB, "b", 508001), ERR_RANGE);
	expect_unchanged(add(NVS_BLOB, "b", 20000), ERR_FULL);
	/* The blob's chunks are names too. */
	must(add(NVS_BLOB, "fits", 8000));
	expect_unchanged(0, 0);
	expect_unchanged(add(NVS_BLOB, "fits", 0), ERR_DUPLICATE);
	/* After a failure all goes on: the current namespace as well. */
	must(add(NVS_U8, "more", 1));
	assert_int_equal(image[writer.page * 4096 + 64 +
			       (writer.used - 1) * 32], 1);
	expect(0, "full 0+1 01 storage | 1+1 01 key_19259 | 2+5 42.0 blob | "
	       "7+1 48 blob | 8+1 01 k16214465 | 9+117 42.0 fits\n"
	       "full 0+126 42.1 fits\n"
	       "active 0+10 42.2 fits | 10+1 48 fits | 11+1 01 more\n");
}

/* A blob whose chunk has the hash of a key: nothing of it is written. */
static void test_blob_chunk_clashes(void **state)
{
	(void)state;
	start(SMALL, 2);
	fill_to(1);
	must(add(NVS_U8, "k22636500", 1)); /* hash of chunk 1 of "blob" */
	expect_unchanged(0, 0);
	expect_unchanged(add(NVS_BLOB, "blob", 5000), ERR_DUPLICATE);
	must(add(NVS_U8, "k", 1));
	expect(0, "active 0+1 01 n | 1+1 01 k22636500 | 2+1 01 k\n");
}

/* ---- The end of the partition ---- */

static void test_sizes(void **state)
{
	struct nvs_writer w;

	(void)state;
	must(nvs_size_check(0x1000, &err));
	must(nvs_size_check(0x8000000, &err));
	assert_int_equal(nvs_size_check(0, &err), ERR_RANGE);
	assert_err(&err, ERR_RANGE, "0 bytes are not a positive multiple "
		   "of 4096, such as 0x3000");
	err_clear(&err);
	assert_int_equal(nvs_size_check(0x1001, &err), ERR_RANGE);
	err_clear(&err);
	assert_int_equal(nvs_size_check(0x8001000, &err), ERR_RANGE);
	assert_err(&err, ERR_RANGE, "a partition of 134221824 bytes is larger "
		   "than any flash chip (at most 0x8000000)");
	err_clear(&err);
	assert_int_equal(nvs_size_check(UINT64_MAX & ~UINT64_C(4095), &err),
			 ERR_RANGE);
	assert_int_equal(nvs_usable_pages(0x1000), 1);
	assert_int_equal(nvs_usable_pages(0x2000), 2);
	assert_int_equal(nvs_usable_pages(0x3000), 2);
	assert_int_equal(nvs_usable_pages(0x4000), 3);
	err_clear(&err);
	assert_int_equal(nvs_writer_init(&w, 0x3000, 0, &err), ERR_RANGE);
	assert_err(&err, ERR_RANGE, "there is no NVS format version 0, only 1 "
		   "and 2");
	err_clear(&err);
	assert_int_equal(nvs_writer_init(&w, 0x3000, 3, NULL), ERR_RANGE);
	assert_int_equal(nvs_writer_init(&w, 5, 2, NULL), ERR_RANGE);
}

/* How many u8 items fit: all entries of all pages but the spare one */
static void test_filled_to_the_last_entry(void **state)
{
	static const struct { size_t size, needed; unsigned fits; } cases[] = {
		{ 0x1000, 0x1000, 125 }, { 0x2000, 0x2000, 251 },
		{ 0x3000, 0x2000, 251 }, { 0x4000, 0x4000, 377 }
	};

	(void)state;
	for (unsigned c = 0; c < 4; c++) {
		struct nvs_usage usage;
		unsigned n = 0;
		char key[16], msg[128];
		int r = 0;

		start(cases[c].size, 2);
		must(nvs_writer_namespace(&writer, "n", &err));
		do {
			snprintf(key, sizeof(key), "k%u", n);
			r = add(NVS_U8, key, n);
		} while (!r && n++ < 1000);
		assert_int_equal(n, cases[c].fits);
		snprintf(msg, sizeof(msg), "'%s' does not fit: the partition of "
			 "0x%zx bytes is full", key, cases[c].size);
		assert_err(&err, ERR_FULL, msg);
		err_clear(&err);
		must(nvs_writer_finish(&writer, &usage, &err));
		assert_int_equal(usage.needed, cases[c].needed);
		assert_int_equal(usage.entries, n + 1);
		stop();
	}
}

static void test_measured_too_small(void **state)
{
	struct nvs_usage usage;

	(void)state;
	start(0x3000, 2);
	nvs_writer_start(&writer, NULL);
	fill_to(126);
	must(add(NVS_STRING, "second_page", 3999));
	must(add(NVS_U8, "third_page", 1));
	must(add(NVS_BLOB, "further", 9000));
	assert_int_equal(nvs_writer_finish(&writer, &usage, &err), ERR_FULL);
	assert_err(&err, ERR_FULL, "the data does not fit the partition of "
		   "0x3000 bytes, it needs at least 0x6000 ('third_page' is "
		   "the first that is out)");
	assert_int_equal(usage.pages, 5);
	assert_int_equal(usage.usable, 2);
	assert_int_equal(usage.needed, 0x6000);
	stop();
	err_clear(&err);
	/* A read-only partition grows into one that needs a spare page. */
	start(0x1000, 2);
	nvs_writer_start(&writer, NULL);
	fill_to(126);
	must(nvs_writer_namespace(&writer, "late", &err));
	assert_int_equal(nvs_writer_finish(&writer, &usage, &err), ERR_FULL);
	assert_err(&err, ERR_FULL, "the data does not fit the partition of "
		   "0x1000 bytes, it needs at least 0x2000 ('late' is the "
		   "first that is out)");
	stop();
}

/* What was refused is not what did not fit. */
static void test_refused_key_is_not_the_first_out(void **state)
{
	(void)state;
	start(0x1000, 2);
	nvs_writer_start(&writer, NULL);
	fill_to(126);
	assert_int_equal(add(NVS_U8, "u1", 1), ERR_DUPLICATE);
	err_clear(&err);
	must(add(NVS_U8, "really", 1));
	assert_int_equal(nvs_writer_finish(&writer, NULL, &err), ERR_FULL);
	assert_non_null(strstr(err.msg, "('really' is the first that is out)"));
	stop();
}

static void test_overlong_key_beyond_the_end(void **state)
{
	static const char key[] = "a key so long that it would not only fill "
		"the room for a key but run over what lies behind it";

	(void)state;
	start(0x1000, 2);
	nvs_writer_start(&writer, NULL);
	fill_to(126);
	assert_int_equal(add(NVS_U8, key, 1), ERR_RANGE);
	err_clear(&err);
	assert_int_equal(add(NVS_STRING, key, 1), ERR_RANGE);
	err_clear(&err);
	assert_int_equal(add(NVS_BLOB, key, 1), ERR_RANGE);
	err_clear(&err);
	assert_int_equal(nvs_writer_namespace(&writer, key, &err), ERR_RANGE);
	err_clear(&err);
	must(nvs_writer_finish(&writer, NULL, &err));
	stop();
}

/* ---- States ---- */

static void test_states(void **state)
{
	(void)state;
	start(SMALL, 2);
	assert_int_equal(add(NVS_U8, "k", 1), ERR_INPUT);
	assert_err(&err, ERR_INPUT, "key 'k' stands before any namespace");
	err_clear(&err);
	fill_to(5);
	must(nvs_writer_finish(&writer, NULL, &err));
	/* Whole is whole. */
	assert_int_equal(add(NVS_U8, "k", 1), ERR_INPUT);
	err_clear(&err);
	/* The next image starts with nothing of the one before. */
	nvs_writer_start(&writer, image);
	assert_int_equal(add(NVS_U8, "k", 1), ERR_INPUT);
	err_clear(&err);
	must(nvs_writer_namespace(&writer, "n", &err));
	must(add(NVS_U8, "u1", 1));
	expect(0, "active 0+1 01 n | 1+1 01 u1\n");
}

static void test_no_memory(void **state)
{
	char key[16];
	int r = 0;
	unsigned i;

	(void)state;
	start(SMALL, 2);
	fill_to(1);
	fail_allocation(1, true);
	for (i = 1; !r && i < 200; i++) {
		expect_unchanged(0, 0);
		snprintf(key, sizeof(key), "u%u", i);
		r = add(NVS_U8, key, i);
	}
	assert_true(allocation_failed());
	expect_unchanged(r, ERR_NOMEM);
	must(add(NVS_U8, key, 1));
	expect(i, "active 0+1 01 n\n");
}

#define fresh(test) cmocka_unit_test_setup(test, no_error)

int main(void)
{
	const struct CMUnitTest tests[] = {
		fresh(test_worked_example),
		fresh(test_empty),
		fresh(test_bug_empty_blob_at_null),
		fresh(test_integers),
		fresh(test_integer_at_the_end_of_a_page),
		fresh(test_string_spares_the_last_slot),
		fresh(test_largest_string_takes_a_page),
		fresh(test_too_long),
		fresh(test_blob_chunks),
		fresh(test_blob_of_a_page),
		fresh(test_blob_bytes),
		fresh(test_largest_blob),
		fresh(test_every_place_and_length),
		fresh(test_measured_as_written),
		fresh(test_namespaces),
		fresh(test_254_namespaces),
		fresh(test_failed_add_changes_nothing),
		fresh(test_blob_chunk_clashes),
		fresh(test_sizes),
		fresh(test_filled_to_the_last_entry),
		fresh(test_measured_too_small),
		fresh(test_refused_key_is_not_the_first_out),
		fresh(test_overlong_key_beyond_the_end),
		fresh(test_states),
		fresh(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
