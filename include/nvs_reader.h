/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nvs_reader.h - an NVS image taken apart, byte by distrusted byte.
 *
 * Two levels. The raw view shows what stands in pages and entries, sound or
 * not: it is for dumps. The items are what a device would find: every CRC
 * right, every length proved, blobs put together; anything unsound is left
 * out, and nvs_check.h says why. Neither ever reads outside the bytes it is
 * given, whatever they hold. Nothing but nvs_format.h is shared with the
 * writer.
 *
 * Source of the rules: ESP-IDF Programming Guide, "Non-Volatile Storage
 * Library". Images are plaintext here; see nvs_crypt.h for the others.
 */
#ifndef NVS_READER_H
#define NVS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "nvs_format.h"

/* ---- Raw view: pointers go into the image, which has to outlive them. ---- */

struct nvs_raw_page {
	const uint8_t *bytes;  /* its NVS_PAGE_SIZE bytes */
	size_t offset;         /* in the image */
	uint32_t state;        /* as stored: an NVS_STATE_ or any number */
	uint32_t seqno;
	unsigned version;      /* 256 less the version byte: 1..256 */
	uint32_t crc_stored;
	uint32_t crc_computed;
	bool blank;            /* the header's 32 bytes are all 0xFF */
};

/* What the last eight bytes of an entry mean. */
enum nvs_data_kind {
	NVS_DATA_NONE,  /* the type is unknown */
	NVS_DATA_INT,
	NVS_DATA_SIZED, /* string, blob of version 1, blob chunk */
	NVS_DATA_INDEX  /* blob index */
};

struct nvs_raw_entry {
	const uint8_t *bytes; /* its NVS_ENTRY_SIZE bytes */
	size_t offset;        /* in the image */
	unsigned index;       /* in the page, 0..125 */
	unsigned state;       /* an NVS_ENTRY_ value */
	bool blank;           /* all 0xFF */
	uint8_t ns, type, span, chunk; /* as stored */
	uint32_t crc_stored;
	uint32_t crc_computed;
	const uint8_t *key;   /* no NUL behind it */
	size_t key_len;       /* 0..16: trailing NULs cut, inner ones are not */
	enum nvs_data_kind kind;
	uint64_t value;       /* NVS_DATA_INT; sign-extended for signed types */
	uint32_t size;        /* NVS_DATA_SIZED and NVS_DATA_INDEX */
	uint32_t data_crc;    /* bytes 28..31, whatever the type */
	uint8_t chunk_count, chunk_start; /* NVS_DATA_INDEX */
	unsigned step;        /* entries it takes, as nvs_raw_walk() sees it */
	unsigned children;    /* those of them behind it, on this page */
};

enum nvs_data_kind nvs_type_kind(uint8_t type);

/* Page n of an image; false when there is no such whole page. */
bool nvs_raw_page(struct nvs_raw_page *page, const uint8_t *image, size_t size,
		  size_t n);

/*
 * Entry n of a page on its own: a step of 1, no children. false when n is
 * above 125.
 */
bool nvs_raw_entry(struct nvs_raw_entry *entry, const struct nvs_raw_page *page,
		   unsigned n);

/*
 * The next top-level entry of a page from *next on, which starts at 0; false
 * at the end. An entry whose span is neither 0 nor 255 takes the span - 1
 * entries behind it as its children, as far as the page has them, whatever
 * its state or type: entries index + 1 .. index + children.
 */
bool nvs_raw_walk(const struct nvs_raw_page *page, unsigned *next,
		  struct nvs_raw_entry *entry);

/* The bytes of an entry's children, children * 32 of them. */
static inline const uint8_t *nvs_raw_children(const struct nvs_raw_entry *e)
{
	return e->bytes + NVS_ENTRY_SIZE;
}

/* How many of these bytes are data: the size, but not beyond the children. */
size_t nvs_raw_data_len(const struct nvs_raw_entry *e);

/*
 * CRC of an entry's data as nvs_tool gives it: 0 for an entry of step 1,
 * else over its children's bytes, cut to the size where the type has
 * one and it is not 0.
 */
uint32_t nvs_raw_data_computed(const struct nvs_raw_entry *e);

/* ---- Items ---- */

struct nvs_namespace {
	const char *name; /* points into the image */
	uint8_t index;    /* 1..254 */
	size_t offset;    /* of the entry that defines it */
};

struct nvs_read_item {
	const char *ns;       /* name of its namespace; into the image */
	const char *key;      /* 1..15 bytes and a NUL; into the image */
	/* An integer type, NVS_STRING, NVS_BLOB (version 1) or
	 * NVS_BLOB_INDEX: a blob put together from chunks */
	enum nvs_type type;
	uint64_t value;       /* of an integer; sign-extended when signed */
	const uint8_t *data;  /* else its bytes; of a string without the NUL */
	size_t len;
	size_t offset;        /* of its entry, of a blob its index entry */
	unsigned page_version; /* 1 or 2: of the page that entry is in */
};

static inline bool nvs_read_is_int(const struct nvs_read_item *item)
{
	return nvs_type_kind((uint8_t)item->type) == NVS_DATA_INT;
}

/* An item's type as an input CSV has it: "u8", "string"; "blob" of both kinds. */
const char *nvs_type_word(enum nvs_type type);

/* Equal in namespace, key, type and value. */
bool nvs_read_equal(const struct nvs_read_item *a,
		    const struct nvs_read_item *b);

struct nvs_reader; /* reusable; one per thread */

/* A reader of no image yet, or NULL with *err filled. */
struct nvs_reader *nvs_reader_new(struct err *err);

/*
 * Take an image apart. It may have any size; a last part of a page is not
 * looked at. The image is borrowed: it must neither change nor go away while
 * the reader's answers are in use. These answers, the items' data included,
 * are valid until the next load or nvs_reader_free(). A reader keeps its
 * memory from image to image.
 * 0, or ERR_NOMEM: the reader then holds an image of no pages. An unsound
 * image is no failure.
 */
__attribute__((warn_unused_result))
int nvs_reader_load(struct nvs_reader *r, const uint8_t *image, size_t size,
		    struct err *err);

/* All sound items in the order of the image, and how many there are. */
const struct nvs_read_item *nvs_reader_items(const struct nvs_reader *r,
					     size_t *count);

/* All sound namespace definitions in the order of the image. */
const struct nvs_namespace *nvs_reader_namespaces(const struct nvs_reader *r,
						  size_t *count);

/*
 * Whether entries are marked as written and not a single one of them has a
 * right CRC: what an encrypted image looks like without its key.
 */
bool nvs_reader_is_garbage(const struct nvs_reader *r);

/* Wipe and free; r may be NULL. */
void nvs_reader_free(struct nvs_reader *r);

#endif
