/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image out of an input. Two option bytes, the number of pages, two bytes
 * for the target, and with IMAGE_DECRYPT the 64 bytes of a key; then lines
 * of 32 bytes, each behind two bytes that say where it goes (0xFFFF: behind
 * the last one). What no line sets is erased. No mutation gets a CRC right,
 * so that is done here where the options say so.
 */
#include "fuzz_image.h"

#include <stdlib.h>
#include <string.h>

#include "nvs_crypt.h"

#define LINE NVS_ENTRY_SIZE

static void set_lines(struct fuzz_image *im, struct fuzz_in *in)
{
	size_t lines = im->size / LINE, at = 0;

	while (in->n > 2) {
		uint8_t where[2];

		fuzz_bytes(in, where, 2);
		if (le_get16(where) != 0xFFFF)
			at = le_get16(where) % lines;
		fuzz_bytes(in, im->bytes + at * LINE, LINE);
		at = (at + 1) % lines;
	}
}

/* The data of string, blob or chunk n, as far as it is on the page. */
static void repair_data(uint8_t *page, unsigned n)
{
	uint8_t *entry = page + NVS_PAGE_ENTRIES_AT + n * LINE;
	size_t len = le_get16(entry + NVS_DATA_SIZE);
	size_t room = (NVS_PAGE_ENTRIES - 1 - n) * LINE;

	if (nvs_type_kind(entry[NVS_ENTRY_TYPE]) == NVS_DATA_SIZED)
		le_put32(entry + NVS_DATA_CRC,
			 nvs_crc32(entry + LINE, len < room ? len : room));
}

static void repair_page(uint8_t *page, unsigned options)
{
	if (options & IMAGE_HEADERS)
		le_put32(page + NVS_HEADER_CRC, nvs_header_crc(page));
	for (unsigned n = 0; n < NVS_PAGE_ENTRIES;) {
		uint8_t *entry = page + NVS_PAGE_ENTRIES_AT + n * LINE;
		unsigned span = entry[NVS_ENTRY_SPAN];

		if (nvs_entry_state(page, n) != NVS_ENTRY_WRITTEN) {
			n++;
			continue;
		}
		if (options & IMAGE_DATA)
			repair_data(page, n);
		if (options & IMAGE_ENTRIES)
			le_put32(entry + NVS_ENTRY_CRC, nvs_entry_crc(entry));
		n += span && span < NVS_PAGE_ENTRIES ? span : 1;
	}
}

/* Decrypted; or encrypted first, when that was the plaintext. */
static void decrypt(struct fuzz_image *im, const struct nvs_keys *keys,
		    bool encrypt)
{
	struct err err = ERR_INIT;
	struct nvs_cipher *c = nvs_cipher_new(&err);
	uint8_t *plain = NULL;

	ENSURE(c, "no memory");
	FUZZ_MUST(nvs_cipher_set_keys(c, keys, &err));
	if (encrypt) {
		plain = malloc(im->size);
		ENSURE(plain, "no memory");
		memcpy(plain, im->bytes, im->size);
		FUZZ_MUST(nvs_image_encrypt(c, im->bytes, im->size, &err));
	}
	FUZZ_MUST(nvs_image_decrypt(c, im->bytes, im->size, &err));
	ENSURE(!plain || !memcmp(plain, im->bytes, im->size),
	       "decrypted to something else");
	free(plain);
	nvs_cipher_free(c);
}

void fuzz_image_make(struct fuzz_image *im, const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	unsigned options = fuzz_byte(&in), tail = fuzz_byte(&in);
	size_t pages = fuzz_byte(&in) % 8;
	struct nvs_keys keys;

	fuzz_bytes(&in, im->flip, sizeof(im->flip));
	if (options & IMAGE_DECRYPT)
		fuzz_bytes(&in, (uint8_t *)&keys, sizeof(keys));
	im->size = (pages + 1) * NVS_PAGE_SIZE;
	im->bytes = malloc(im->size);
	ENSURE(im->bytes, "no memory");
	memset(im->bytes, 0xFF, im->size);
	set_lines(im, &in);
	for (size_t n = 0; n <= pages; n++)
		repair_page(im->bytes + n * NVS_PAGE_SIZE, options);
	if (options & IMAGE_DECRYPT && memcmp(keys.eky, keys.tky, 32) != 0)
		decrypt(im, &keys, options & IMAGE_PLAIN);
	if (!(options & IMAGE_CUT))
		return;
	/* A part of a page at the end; perhaps nothing but that. */
	im->size -= tail * 16u;
	im->bytes = realloc(im->bytes, im->size);
	ENSURE(im->bytes, "no memory");
}

void fuzz_image_release(struct fuzz_image *im)
{
	free(im->bytes);
}
