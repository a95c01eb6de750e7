/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_image.h - an image out of an input; image.c says how. */
#ifndef FUZZ_IMAGE_H
#define FUZZ_IMAGE_H

#include "fuzz.h"

/* The first option byte; the second says how much IMAGE_CUT cuts off. */
enum {
	IMAGE_HEADERS = 1, /* make the CRCs of page headers right */
	IMAGE_ENTRIES = 2, /* those of entries */
	IMAGE_DATA = 4,    /* those of data */
	IMAGE_DECRYPT = 8, /* with the key, which follows */
	IMAGE_PLAIN = 16,  /* having encrypted it first */
	IMAGE_CUT = 32
};

struct fuzz_image {
	uint8_t *bytes; /* of exactly size bytes */
	size_t size;
	uint8_t flip[2];
};

void fuzz_image_make(struct fuzz_image *im, const uint8_t *data, size_t size);
void fuzz_image_release(struct fuzz_image *im);

#endif
