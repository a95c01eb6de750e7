/* SPDX-License-Identifier: Apache-2.0 */
/* reader.h - what the reader knows of an image, for check.c. */
#ifndef NVS_READER_PRIVATE_H
#define NVS_READER_PRIVATE_H

#include "buf.h"
#include "nvs_reader.h"

#pragma GCC visibility push(hidden)

/*
 * What is wrong with an entry that is marked as written. The first group
 * hides all that comes after: an entry without a right CRC has no meaning.
 */
enum {
	FAULT_BLANK = 1 << 0,       /* the entry was never programmed */
	FAULT_CRC = 1 << 1,

	FAULT_TYPE = 1 << 2,        /* unknown type */
	FAULT_SPAN = 1 << 3,        /* not what type and size ask for */
	FAULT_BODY = 1 << 4,        /* a data entry is not marked as written */
	FAULT_DATA_CRC = 1 << 5,
	FAULT_KEY = 1 << 6,         /* empty, without NUL, padded with others */
	FAULT_CHUNK_FIELD = 1 << 7, /* 0xFF on a chunk, or not on another */
	FAULT_NO_NUL = 1 << 8,      /* string that does not end in a NUL */
	FAULT_NS_DEFINITION = 1 << 9, /* namespace entry that defines none */
	FAULT_NS_UNDEFINED = 1 << 10,
	FAULT_CHUNK_MISSING = 1 << 11, /* index: not all chunks are there */
	FAULT_CHUNK_TAKEN = 1 << 12, /* index: another one has its chunks */
	FAULT_BLOB_SIZE = 1 << 13,  /* index: the chunks add up to another */

	/* These leave the item readable. */
	FAULT_INNER_NUL = 1 << 14,  /* string with a NUL before its end */
	FAULT_PADDING = 1 << 15,    /* behind the data there is not 0xFF */
	FAULT_RESERVED = 1 << 16,   /* unused bytes of the entry are not 0xFF */
	FAULT_LENGTH = 1 << 17,     /* longer than the firmware takes */

	FAULTS_UNIDENTIFIED = FAULT_BLANK | FAULT_CRC | FAULT_KEY,
	FAULTS_FATAL = FAULT_INNER_NUL - 1
};

#define NO_RECORD UINT32_MAX

/* An entry marked as written where an item has to begin. */
struct nvs_record {
	const uint8_t *bytes; /* its 32 bytes in the image */
	const uint8_t *data;  /* of a sized type without FAULT_SPAN, or NULL */
	uint32_t len;
	uint32_t faults;
	uint32_t hash;        /* by which the firmware finds it; 24 bits */
	uint32_t page;        /* in pages[] */
	uint32_t next;        /* chunk: the next one; blob index: the first */
	uint32_t missing;     /* FAULT_CHUNK_MISSING: that chunk's number */
	uint32_t found;       /* blob index: bytes in the chunks found */
	bool claimed;         /* chunk: a blob index has taken it */
};

/* A record in the order of hash, namespace, key, chunk, place. */
struct nvs_sorted {
	uint32_t hash;
	uint32_t record;
	const uint8_t *bytes;
};

struct nvs_reader {
	const uint8_t *image;
	size_t size;
	struct nvs_raw_page *pages; /* all whole ones, readable or not */
	size_t page_count, page_cap;
	const struct nvs_raw_page **order; /* readable ones by number, place */
	size_t order_count, order_cap;
	struct nvs_record *records; /* of the readable pages, in image order */
	size_t record_count, record_cap;
	struct nvs_sorted *sorted;  /* those that have a key */
	size_t sorted_count, sorted_cap;
	struct nvs_namespace *namespaces;
	size_t namespace_count, namespace_cap;
	const char *names[256];     /* by namespace index; NULL = undefined */
	struct nvs_read_item *items;
	size_t item_count, item_cap;
	struct buf joined;          /* blobs of more than one chunk */
};

/* Whether all n bytes at p are 0xFF. */
bool nvs_is_erased(const uint8_t *p, size_t n);

/*
 * Whether the firmware looks into this page at all: a right header CRC and
 * one of the states active, full and freeing.
 */
bool nvs_page_is_read(const struct nvs_raw_page *page);

/* Whether two entries with a key have the same namespace, key and chunk. */
bool nvs_same_identity(const uint8_t *a, const uint8_t *b);

/* The first record of that identity, or NO_RECORD. */
uint32_t nvs_reader_find(const struct nvs_reader *r, uint8_t ns,
			 const uint8_t key[NVS_KEY_SIZE], uint8_t chunk);

/* Entries a sized item of n bytes takes. */
static inline unsigned nvs_span_of(uint32_t n)
{
	return 1 + (n + NVS_ENTRY_SIZE - 1) / NVS_ENTRY_SIZE;
}

#pragma GCC visibility pop

#endif
