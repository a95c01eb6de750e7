/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peek - what is in an image, for the shell tests.
 *
 *   peek IMAGE [KEYFILE]    one line per item: "INDEX:NAMESPACE KEY TYPE VALUE"
 *   peek --pages IMAGE      one line per page: "STATE SEQUENCE VERSION USED"
 *   peek --key KEYFILE      whether it is a sound key partition
 *
 * Strings are shown as they are, blobs as hex digits (long
 * ones as their length and CRC-32). Exit status 1, with a
 * message, at the first thing that is not as it has to be: sizes, states,
 * CRCs, spans, chunks, an unknown namespace, bytes behind the end.
 *
 * It shares no code with the libraries, not even the constants: written from
 * the chapter on NVS in the ESP-IDF Programming Guide, so that a mistake in
 * the libraries cannot hide in the tests.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/aes.h>
#include <zlib.h>

#define PAGE 4096u
#define SLOTS 126u
#define IMAGE_MAX (16u << 20)
#define BLOB_SHOWN 256u /* bytes of a blob that are shown as hex */

static uint8_t image[IMAGE_MAX];
static size_t image_size;
static char names[256][16]; /* of the namespaces; "" = not defined */

/* The blob whose chunks are being gathered. */
static struct {
	char key[16];
	unsigned ns, chunks;
	uint8_t *data;
	size_t len;
} blob;

__attribute__((format(printf, 1, 2), noreturn))
static void wrong(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static uint64_t get64(const uint8_t *p)
{
	return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static uint32_t crc(const uint8_t *p, size_t n, uint32_t before)
{
	return (uint32_t)crc32(before, p, (uInt)n);
}

static bool blank(const uint8_t *p, size_t n)
{
	while (n--)
		if (p[n] != 0xFF)
			return false;
	return true;
}

static size_t load(const char *path, uint8_t *to, size_t max)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f)
		wrong("%s: cannot be opened", path);
	n = fread(to, 1, max, f);
	if (ferror(f) || fgetc(f) != EOF)
		wrong("%s: cannot be read, or is too long", path);
	fclose(f);
	return n;
}

static void load_key(const char *path, uint8_t key[PAGE])
{
	if (load(path, key, PAGE) != PAGE)
		wrong("%s: a key partition has 4096 bytes", path);
	if (get32(key + 64) != crc(key, 64, 0xFFFFFFFF))
		wrong("%s: the CRC does not match", path);
	if (!blank(key + 68, PAGE - 68))
		wrong("%s: the rest is not erased", path);
}

static unsigned slot_state(const uint8_t *page, unsigned n)
{
	return page[32 + n / 4] >> n % 4 * 2 & 3;
}

static void decrypt(const char *path)
{
	uint8_t key[PAGE], tweak[16], plain[32];
	mbedtls_aes_xts_context xts;

	load_key(path, key);
	mbedtls_aes_xts_init(&xts);
	if (mbedtls_aes_xts_setkey_dec(&xts, key, 512))
		wrong("%s: not an XTS key", path);
	for (size_t at = 0; at < image_size; at += 32) {
		size_t in_page = at % PAGE;

		if (in_page < 64 ||
		    slot_state(image + at - in_page,
			       (unsigned)(in_page - 64) / 32) != 2)
			continue;
		memset(tweak, 0, sizeof(tweak));
		for (unsigned i = 0; i < 4; i++)
			tweak[i] = (uint8_t)(at >> 8 * i);
		if (mbedtls_aes_crypt_xts(&xts, MBEDTLS_AES_DECRYPT, 32, tweak,
					  image + at, plain))
			wrong("XTS failed");
		memcpy(image + at, plain, 32);
	}
	mbedtls_aes_xts_free(&xts);
}

static void print_number(unsigned type, const uint8_t *value)
{
	unsigned width = type & 0x0F, shift = 64 - 8 * width;
	uint64_t bits = get64(value) << shift;

	if (!blank(value + width, 8 - width))
		wrong("bytes behind a number");
	if (type & 0x10)
		printf("i%u %lld\n", 8 * width,
		       (long long)((int64_t)bits >> shift));
	else
		printf("u%u %llu\n", 8 * width,
		       (unsigned long long)(bits >> shift));
}

/* The bytes that follow an entry, proved. */
static const uint8_t *data_of(const uint8_t *e, size_t *len)
{
	*len = get16(e + 24);
	if (e[2] != 1 + (*len + 31) / 32)
		wrong("%.15s: span %u for %zu bytes", e + 8, e[2], *len);
	if (get16(e + 26) != 0xFFFF)
		wrong("%.15s: reserved bytes", e + 8);
	if (get32(e + 28) != crc(e + 32, *len, 0xFFFFFFFF))
		wrong("%.15s: CRC of the data", e + 8);
	if (!blank(e + 32 + *len, (e[2] - 1u) * 32 - *len))
		wrong("%.15s: bytes behind the data", e + 8);
	return e + 32;
}

static void print_blob(const uint8_t *p, size_t n)
{
	if (n > BLOB_SHOWN) {
		printf("blob of %zu bytes, CRC %08x\n", n,
		       (unsigned)crc(p, n, 0));
		return;
	}
	printf("blob ");
	for (size_t i = 0; i < n; i++)
		printf("%02x", p[i]);
	putchar('\n');
}

static void take_chunk(const uint8_t *e)
{
	size_t len;
	const uint8_t *data = data_of(e, &len);

	if (e[3] == 0) {
		memcpy(blob.key, e + 8, 16);
		blob.ns = e[0];
		blob.chunks = 0;
		blob.len = 0;
	}
	if (e[3] != blob.chunks || e[0] != blob.ns ||
	    memcmp(blob.key, e + 8, 16))
		wrong("%.15s: chunk %u out of order", e + 8, e[3]);
	blob.data = realloc(blob.data, blob.len + len + 1);
	if (!blob.data)
		wrong("out of memory");
	memcpy(blob.data + blob.len, data, len);
	blob.len += len;
	blob.chunks++;
}

static void finish_blob(const uint8_t *e)
{
	if (!blob.chunks || e[0] != blob.ns || memcmp(blob.key, e + 8, 16))
		wrong("%.15s: an index without its chunks", e + 8);
	if (get32(e + 24) != blob.len || e[28] != blob.chunks || e[29] ||
	    get16(e + 30) != 0xFFFF)
		wrong("%.15s: the index does not match its chunks", e + 8);
	print_blob(blob.data, blob.len);
	blob.chunks = 0;
}

static void check_key(const uint8_t *e)
{
	size_t n = strnlen((const char *)e + 8, 16);

	if (n == 0 || n == 16)
		wrong("a key of %zu bytes", n);
	for (; n < 16; n++)
		if (e[8 + n])
			wrong("%.15s: bytes behind the key", e + 8);
}

static void define_namespace(const uint8_t *e)
{
	unsigned index = e[24];

	if (e[1] != 1 || index == 0 || index == 255 || names[index][0])
		wrong("%.15s: not a sound namespace", e + 8);
	memcpy(names[index], e + 8, 16);
}

static void print_item(const uint8_t *e)
{
	const char *key = (const char *)e + 8;
	unsigned type = e[1];
	const uint8_t *data;
	size_t len;

	if (type == 0x42) {
		take_chunk(e);
		return;
	}
	if (e[3] != 0xFF)
		wrong("%s: chunk index %u", key, e[3]);
	if (e[0] && !names[e[0]][0])
		wrong("%s: in the unknown namespace %u", key, e[0]);
	if (e[0] == 0)
		define_namespace(e);
	printf("%u:%s %s ", e[0], names[e[0]], key);
	if (type == 0x21) {
		data = data_of(e, &len);
		if (len == 0 || data[len - 1] || memchr(data, 0, len - 1))
			wrong("%s: not one string", key);
		printf("string %s\n", (const char *)data);
	} else if (type == 0x41) {
		data = data_of(e, &len);
		print_blob(data, len);
	} else if (type == 0x48) {
		finish_blob(e);
	} else if (e[2] == 1 && (type & 0xE0) == 0 &&
		   strchr("\1\2\4\10", type & 0x0F)) {
		print_number(type, e + 24);
	} else {
		wrong("%s: type 0x%02x, span %u", key, type, e[2]);
	}
}

static void check_header(const uint8_t *page)
{
	if (get32(page + 28) != crc(page + 4, 24, 0xFFFFFFFF))
		wrong("CRC of a page header");
	if (!blank(page + 9, 19))
		wrong("reserved bytes of a page header");
	if (page[8] < 0xFE)
		wrong("page version 0x%02x", page[8]);
}

/* How many slots of a page are written; the others are empty, at its end. */
static unsigned used_slots(const uint8_t *page)
{
	unsigned used = 0;

	while (used < SLOTS && slot_state(page, used) == 2)
		used++;
	for (unsigned n = used; n < SLOTS + 2; n++)
		if (slot_state(page, n) != 3)
			wrong("slot %u is neither written nor empty", n);
	if (!blank(page + 64 + 32 * used, 32 * (SLOTS - used)))
		wrong("bytes in an empty slot");
	return used;
}

static void print_page(const uint8_t *page)
{
	unsigned used = used_slots(page), span;

	for (unsigned n = 0; n < used; n += span) {
		const uint8_t *e = page + 64 + 32 * n;

		span = e[2];
		if (get32(e + 4) != crc(e + 8, 24, crc(e, 4, 0xFFFFFFFF)))
			wrong("CRC of entry %u", n);
		if (span == 0 || n + span > used)
			wrong("span %u of entry %u", span, n);
		check_key(e);
		print_item(e);
	}
}

static void print_pages(bool pages_only)
{
	bool active = false;

	for (size_t at = 0; at < image_size; at += PAGE) {
		const uint8_t *page = image + at;
		uint32_t state = get32(page);

		if (blank(page, PAGE)) {
			if (pages_only)
				puts("EMPTY");
			continue;
		}
		check_header(page);
		if (get32(page + 4) != at / PAGE)
			wrong("page %zu has number %u", at / PAGE,
			      (unsigned)get32(page + 4));
		if (active || (state != 0xFFFFFFFE && state != 0xFFFFFFFC))
			wrong("page %zu: state 0x%x", at / PAGE,
			      (unsigned)state);
		active = state == 0xFFFFFFFE;
		if (pages_only)
			printf("%s %u %u %u\n", active ? "ACTIVE" : "FULL",
			       (unsigned)get32(page + 4), 256u - page[8],
			       used_slots(page));
		else
			print_page(page);
	}
	if (!active)
		wrong("no page is active");
	if (blob.chunks)
		wrong("%s: chunks without an index", blob.key);
}

int main(int argc, char **argv)
{
	uint8_t key[PAGE];
	bool pages_only = argc == 3 && !strcmp(argv[1], "--pages");

	if (argc == 3 && !strcmp(argv[1], "--key")) {
		load_key(argv[2], key);
		return 0;
	}
	if (argc < 2 || argc > 3)
		wrong("usage: peek IMAGE [KEYFILE] | --pages IMAGE | "
		      "--key KEYFILE");
	image_size = load(argv[pages_only ? 2 : 1], image, sizeof(image));
	if (!image_size || image_size % PAGE)
		wrong("not a whole number of pages: %zu bytes", image_size);
	if (argc == 3 && !pages_only)
		decrypt(argv[2]);
	print_pages(pages_only);
	free(blob.data);
	return 0;
}
