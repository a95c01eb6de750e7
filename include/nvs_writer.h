/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nvs_writer.h - items in, NVS partition image out.
 *
 * The writer is a state machine over a buffer of the caller's:
 *
 *   nvs_writer_init()        once
 *   nvs_writer_start()       begin an image; legal at any time
 *     nvs_writer_namespace() after start; any number of times
 *     nvs_writer_add()       after the first namespace
 *   nvs_writer_finish()      the image is whole; then only start is legal
 *   nvs_writer_release()     once
 *
 * A call that fails leaves the image as it was before the call, so a caller
 * may go on to find further mistakes; a key that clashed counts as taken. One
 * writer and one buffer serve any number of images, one after the other.
 *
 * Without a buffer the writer measures: it checks and places everything
 * without a bound and tells in the end what is needed.
 *
 * Same calls, same bytes: entries are placed as ESP-IDF's generator places
 * them, so that its images and ours are equal.
 */
#ifndef NVS_WRITER_H
#define NVS_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "nvs_format.h"
#include "nvs_item.h"
#include "nvs_names.h"

struct nvs_writer {
	/* private */
	uint8_t *image;   /* borrowed; NULL while measuring */
	size_t size;      /* of the partition, bytes */
	size_t usable;    /* pages that may hold data */
	unsigned version; /* 1 or 2 */
	size_t page;      /* the one being filled */
	unsigned used;    /* entries used in it, 0..126 */
	size_t entries;   /* entries used in all pages */
	size_t sealed;    /* items whose CRC is set */
	struct nvs_seal *seals; /* owned: CRCs of heads seen before */
	uint8_t ns;       /* current namespace, 0 = none yet */
	char over[NVS_KEY_SIZE]; /* measuring: first key beyond the end */
	struct nvs_names names;
};

/* What an image takes. */
struct nvs_usage {
	size_t pages;   /* that hold data */
	size_t usable;  /* that may hold data */
	size_t entries; /* 32-byte entries in use */
	size_t needed;  /* bytes of the smallest partition that would do */
};

/*
 * Check a partition size: a positive multiple of 4096, at most NVS_MAX_SIZE.
 * ERR_RANGE otherwise.
 */
__attribute__((warn_unused_result))
int nvs_size_check(uint64_t size, struct err *err);

/*
 * Pages of a partition that may hold data: all but one, or all of a
 * read-only one of less than 0x3000 bytes.
 */
size_t nvs_usable_pages(size_t size);

/* size as for nvs_size_check(); version 1 or 2. 0, ERR_RANGE or ERR_NOMEM. */
__attribute__((warn_unused_result))
int nvs_writer_init(struct nvs_writer *w, size_t size, unsigned version,
		    struct err *err);
void nvs_writer_release(struct nvs_writer *w);

/*
 * Begin an image in size bytes at image, which are erased; they stay
 * borrowed until finish. NULL to measure.
 */
void nvs_writer_start(struct nvs_writer *w, uint8_t *image);

/*
 * Make a namespace the current one. Its first appearance writes its entry.
 * Errors as of nvs_names_namespace(), and ERR_FULL.
 */
__attribute__((warn_unused_result))
int nvs_writer_namespace(struct nvs_writer *w, const char *name,
			 struct err *err);

/*
 * Add a value to the current namespace. ERR_RANGE for a key or length that
 * NVS has no room for, ERR_DUPLICATE, ERR_FULL when it does not fit any more,
 * ERR_NOMEM.
 */
__attribute__((warn_unused_result))
int nvs_writer_add(struct nvs_writer *w, const struct nvs_item *item,
		   struct err *err);

/* While measuring: whether what was added goes beyond the partition's end. */
bool nvs_writer_is_over(const struct nvs_writer *w);

/* The writer as a sink; valid as long as w, and for the image begun. */
struct nvs_item_sink nvs_writer_sink(struct nvs_writer *w);

/*
 * The image is whole. usage may be NULL. While measuring, ERR_FULL when the
 * partition is too small: the message says what is needed.
 */
__attribute__((warn_unused_result))
int nvs_writer_finish(struct nvs_writer *w, struct nvs_usage *usage,
		      struct err *err);

#endif
