/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_seed.c - `image_seed IMAGE [KEYS]`: the image as an input for the
 * targets that take one, on stdout; see image.c. KEYS are the first 64 bytes
 * of a key file.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fuzz_image.h"

#define PAGES 8u

static size_t read_from(const char *path, uint8_t *p, size_t size)
{
	FILE *f = fopen(path, "rb");
	size_t n = f ? fread(p, 1, size, f) : 0;

	if (f)
		fclose(f);
	return n;
}

int main(int argc, char **argv)
{
	static uint8_t image[PAGES * NVS_PAGE_SIZE];
	uint8_t key[64] = { 0 }, erased[NVS_ENTRY_SIZE];
	unsigned options = IMAGE_HEADERS | IMAGE_ENTRIES | IMAGE_DATA;
	size_t n = argc > 1 ? read_from(argv[1], image, sizeof(image)) : 0;
	unsigned pages = (unsigned)(n / NVS_PAGE_SIZE), sum = 0;

	if (!pages)
		return 1;
	if (argc > 2 && read_from(argv[2], key, sizeof(key)) == sizeof(key))
		options = IMAGE_DECRYPT;
	/* The bytes for the target differ from image to image. */
	for (size_t i = 0; i < n; i++)
		sum += image[i];
	printf("%c%c%c%c%c", (int)options, 0, (int)(pages - 1),
	       (int)(sum & 0xFF), (int)(sum >> 4 & 0xFF));
	if (options & IMAGE_DECRYPT)
		fwrite(key, 1, sizeof(key), stdout);
	memset(erased, 0xFF, sizeof(erased));
	for (size_t i = 0; i < n / NVS_ENTRY_SIZE; i++) {
		const uint8_t *line = image + i * NVS_ENTRY_SIZE;

		if (!memcmp(line, erased, sizeof(erased)))
			continue;
		printf("%c%c", (int)(i & 0xFF), (int)(i >> 8 & 0xFF));
		fwrite(line, 1, NVS_ENTRY_SIZE, stdout);
	}
	return fflush(stdout) != 0;
}
