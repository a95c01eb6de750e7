/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_maker.h - NVS images built by hand, entry by entry, sound or not, for
 * the tests of the reader: they do not rely on the writer.
 */
#ifndef IMAGE_MAKER_H
#define IMAGE_MAKER_H

#include <assert.h>
#include <string.h>

#include "nvs_format.h"

struct maker {
	uint8_t *image;
	size_t size;
	unsigned version;
	uint8_t *page;   /* the one being filled */
	unsigned n;      /* next entry in it */
};

static inline void make_header_crc(uint8_t *page)
{
	le_put32(page + NVS_HEADER_CRC, nvs_header_crc(page));
}

/* Begin page number n, with sequence number n; the one before becomes full. */
static inline void make_page(struct maker *m, unsigned n)
{
	if (m->page)
		le_put32(m->page, NVS_STATE_FULL);
	m->page = m->image + n * NVS_PAGE_SIZE;
	m->n = 0;
	assert((size_t)(m->page - m->image) < m->size);
	le_put32(m->page + NVS_HEADER_STATE, NVS_STATE_ACTIVE);
	le_put32(m->page + NVS_HEADER_SEQNO, n);
	m->page[NVS_HEADER_VERSION] = NVS_VERSION_BYTE(m->version);
	make_header_crc(m->page);
}

static inline void make_start(struct maker *m, uint8_t *image, size_t size,
			      unsigned version)
{
	*m = (struct maker){ .image = image, .size = size, .version = version };
	memset(image, 0xFF, size);
	make_page(m, 0);
}

static inline void make_state(uint8_t *page, unsigned n, unsigned state)
{
	uint8_t *p = page + NVS_PAGE_BITMAP + n / 4;
	unsigned shift = n % 4 * 2;

	*p = (uint8_t)((*p & ~(3u << shift)) | state << shift);
}

/* To be called again after a change to the entry at p. */
static inline void make_seal(uint8_t *p)
{
	le_put32(p + NVS_ENTRY_CRC, nvs_entry_crc(p));
}

/* The next span entries, marked as written, the first with these fields. */
static inline uint8_t *make_entry(struct maker *m, uint8_t ns, uint8_t type,
				  uint8_t span, uint8_t chunk, const char *key)
{
	uint8_t *p = m->page + NVS_PAGE_ENTRIES_AT + m->n * NVS_ENTRY_SIZE;

	assert(m->n + span <= NVS_PAGE_ENTRIES);
	for (unsigned i = 0; i < span; i++)
		make_state(m->page, m->n++, NVS_ENTRY_WRITTEN);
	p[NVS_ENTRY_NS] = ns;
	p[NVS_ENTRY_TYPE] = type;
	p[NVS_ENTRY_SPAN] = span;
	p[NVS_ENTRY_CHUNK] = chunk;
	memset(p + NVS_ENTRY_KEY, 0, NVS_KEY_SIZE);
	memcpy(p + NVS_ENTRY_KEY, key, strlen(key));
	return p;
}

static inline uint8_t *make_int(struct maker *m, uint8_t ns, uint8_t type,
				const char *key, uint64_t value)
{
	uint8_t *p = make_entry(m, ns, type, 1, NVS_CHUNK_NONE, key);

	for (unsigned i = 0; i < NVS_INT_WIDTH(type); i++)
		p[NVS_ENTRY_DATA + i] = (uint8_t)(value >> 8 * i);
	make_seal(p);
	return p;
}

static inline uint8_t *make_namespace(struct maker *m, const char *name,
				      uint8_t index)
{
	return make_int(m, 0, NVS_U8, name, index);
}

/* A string (len with its NUL), version-1 blob or blob chunk. */
static inline uint8_t *make_sized(struct maker *m, uint8_t ns, uint8_t type,
				  uint8_t chunk, const char *key,
				  const void *data, unsigned len)
{
	uint8_t span = (uint8_t)(1 + (len + NVS_ENTRY_SIZE - 1) /
				     NVS_ENTRY_SIZE);
	uint8_t *p = make_entry(m, ns, type, span, chunk, key);

	le_put16(p + NVS_DATA_SIZE, (uint16_t)len);
	le_put32(p + NVS_DATA_CRC, nvs_crc32(data, len));
	memcpy(p + NVS_ENTRY_SIZE, data, len);
	make_seal(p);
	return p;
}

static inline uint8_t *make_string(struct maker *m, uint8_t ns, const char *key,
				   const char *text)
{
	return make_sized(m, ns, NVS_STRING, NVS_CHUNK_NONE, key, text,
			  (unsigned)strlen(text) + 1);
}

static inline uint8_t *make_index(struct maker *m, uint8_t ns, const char *key,
				  uint32_t size, uint8_t count, uint8_t start)
{
	uint8_t *p = make_entry(m, ns, NVS_BLOB_INDEX, 1, NVS_CHUNK_NONE, key);

	le_put32(p + NVS_DATA_SIZE, size);
	p[NVS_INDEX_COUNT] = count;
	p[NVS_INDEX_START] = start;
	make_seal(p);
	return p;
}

#endif
