/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nvs_format.h - the on-flash format of ESP-IDF's non-volatile storage.
 *
 * Source of every fact here: the chapter "Non-Volatile Storage Library" of
 * Espressif's ESP-IDF Programming Guide ("Structure of a page", "Structure
 * of an entry", "NVS Encryption").
 *
 * A partition is a row of 4096-byte pages. All numbers are little-endian.
 *
 *   page          0 +------------------------------------------------+
 *                   | header, 32 bytes                               |
 *                32 +------------------------------------------------+
 *                   | entry state bitmap, 32 bytes: 2 bits an entry, |
 *                   | entry n in bits 2n and 2n+1; last 4 bits spare |
 *                64 +------------------------------------------------+
 *                   | entry 0                                        |
 *                96 +------------------------------------------------+
 *                   | entry 1 ...                                    |
 *                   | entry 125                                      |
 *              4096 +------------------------------------------------+
 *
 *   header        0       4       8   9                     28      32
 *                 | state | seqno |ver| 19 bytes 0xFF       | crc32 |
 *
 *   entry         0    1    2    3       4       8         24        32
 *                 | ns |type|span|chunk  | crc32 | key     | data    |
 *
 *   data of an integer          | value, 1 to 8 bytes, then 0xFF       |
 *   data of string, blob, chunk | size u16 | 0xFFFF | crc32 of bytes   |
 *   data of a blob index        | size u32 | chunks | start  | 0xFFFF  |
 *
 * A string, a version-1 blob and a blob chunk are followed by their bytes in
 * span - 1 further entries, the last one padded with 0xFF.
 */
#ifndef NVS_FORMAT_H
#define NVS_FORMAT_H

#include <stddef.h>
#include <stdint.h>

/* Partition */
#define NVS_PAGE_SIZE 4096u
/* From this size up one page stays free for the firmware's clean-up. */
#define NVS_MIN_RW_SIZE 0x3000u
/* Bytes of the largest partition we make: the largest flash chip known. */
#define NVS_MAX_SIZE 0x8000000u

/* Page */
#define NVS_PAGE_BITMAP 32u
#define NVS_PAGE_ENTRIES_AT 64u
#define NVS_ENTRY_SIZE 32u
#define NVS_PAGE_ENTRIES 126u

_Static_assert(NVS_PAGE_ENTRIES_AT + NVS_PAGE_ENTRIES * NVS_ENTRY_SIZE ==
	       NVS_PAGE_SIZE, "header, bitmap and entries fill the page");

/* Page header: offsets */
enum {
	NVS_HEADER_STATE = 0,
	NVS_HEADER_SEQNO = 4,
	NVS_HEADER_VERSION = 8,
	NVS_HEADER_CRC = 28 /* over bytes 4..27 */
};

/* Page header: states. Each is the one before with more bits cleared. */
#define NVS_STATE_EMPTY 0xFFFFFFFFu
#define NVS_STATE_ACTIVE 0xFFFFFFFEu
#define NVS_STATE_FULL 0xFFFFFFFCu
#define NVS_STATE_FREEING 0xFFFFFFF8u
#define NVS_STATE_CORRUPT 0xFFFFFFF0u

/* Page header: the version byte. Version n is stored as 256 - n. */
#define NVS_VERSION_BYTE(version) ((uint8_t)(256 - (version)))

/* Entry states in the bitmap */
enum {
	NVS_ENTRY_ERASED = 0,
	NVS_ENTRY_INVALID = 1,
	NVS_ENTRY_WRITTEN = 2,
	NVS_ENTRY_EMPTY = 3
};

/* Entry: offsets */
enum {
	NVS_ENTRY_NS = 0,
	NVS_ENTRY_TYPE = 1,
	NVS_ENTRY_SPAN = 2,
	NVS_ENTRY_CHUNK = 3,
	NVS_ENTRY_CRC = 4, /* over bytes 0..3 and 8..31 */
	NVS_ENTRY_KEY = 8,
	NVS_ENTRY_DATA = 24,
	NVS_DATA_SIZE = 24,       /* u16, or u32 in a blob index */
	NVS_DATA_RESERVED = 26,   /* u16, 0xFFFF */
	NVS_DATA_CRC = 28,        /* u32 over size bytes */
	NVS_INDEX_COUNT = 28,     /* u8 */
	NVS_INDEX_START = 29,     /* u8 */
	NVS_INDEX_RESERVED = 30   /* u16, 0xFFFF */
};

#define NVS_KEY_SIZE 16u            /* with its NUL */
#define NVS_KEY_MAX (NVS_KEY_SIZE - 1)
#define NVS_CHUNK_NONE 0xFFu        /* chunk index of all but blob chunks */
#define NVS_MAX_NAMESPACES 254u     /* 0 defines namespaces, 255 means any */

enum nvs_type {
	NVS_U8 = 0x01,
	NVS_U16 = 0x02,
	NVS_U32 = 0x04,
	NVS_U64 = 0x08,
	NVS_I8 = 0x11,
	NVS_I16 = 0x12,
	NVS_I32 = 0x14,
	NVS_I64 = 0x18,
	NVS_STRING = 0x21,
	NVS_BLOB = 0x41,       /* a whole blob, version 1 */
	NVS_BLOB_CHUNK = 0x42, /* part of a blob, version 2 */
	NVS_BLOB_INDEX = 0x48  /* announces the chunks of a blob, version 2 */
};

/* Integer types hold their width in bytes in the low half of the number. */
#define NVS_INT_WIDTH(type) ((unsigned)(type) & 0x0Fu)
#define NVS_INT_SIGNED 0x10u

/* Lengths in bytes */
#define NVS_STRING_MAX 4000u      /* version 2, NUL included */
#define NVS_V1_MAX 1984u          /* string (NUL included) or blob, version 1 */
#define NVS_BLOB_MAX 508000u      /* version 2 */
#define NVS_MAX_CHUNKS 128u       /* chunk indexes 0..127 */

/* Key partition */
enum {
	NVS_KEYS_EKY = 0,   /* data key */
	NVS_KEYS_TKY = 32,  /* tweak key */
	NVS_KEYS_CRC = 64   /* over the 64 bytes before it; then 0xFF */
};
#define NVS_KEYS_SIZE 64u           /* the keys alone */
#define NVS_KEY_PARTITION_SIZE 4096u
#define NVS_HMAC_KEY_SIZE 32u

/* Little-endian numbers in a byte buffer of any alignment */
static inline void le_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void le_put32(uint8_t *p, uint32_t v)
{
	le_put16(p, (uint16_t)v);
	le_put16(p + 2, (uint16_t)(v >> 16));
}

static inline void le_put64(uint8_t *p, uint64_t v)
{
	le_put32(p, (uint32_t)v);
	le_put32(p + 4, (uint32_t)(v >> 32));
}

static inline uint16_t le_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le_get32(const uint8_t *p)
{
	return le_get16(p) | (uint32_t)le_get16(p + 2) << 16;
}

static inline uint64_t le_get64(const uint8_t *p)
{
	return le_get32(p) | (uint64_t)le_get32(p + 4) << 32;
}

/*
 * CRC-32 as everywhere in NVS: zlib's polynomial, started with all ones.
 * nvs_crc32() of the nine characters "123456789" is 0xD202D277.
 * nvs_crc32_more() goes on from an earlier result.
 */
uint32_t nvs_crc32(const void *p, size_t n);
uint32_t nvs_crc32_more(uint32_t crc, const void *p, size_t n);

/* CRC of an encoded entry, over its bytes 0..3 and 8..31. */
uint32_t nvs_entry_crc(const uint8_t entry[NVS_ENTRY_SIZE]);

/* CRC of a page header, over its bytes 4..27. */
uint32_t nvs_header_crc(const uint8_t page[NVS_PAGE_BITMAP]);

/* State of entry n (0..125) of a page, an NVS_ENTRY_ value. */
static inline unsigned nvs_entry_state(const uint8_t *page, unsigned n)
{
	return (unsigned)page[NVS_PAGE_BITMAP + n / 4] >> (n % 4 * 2) & 3u;
}

/* Entry n of a page. */
static inline const uint8_t *nvs_entry_at(const uint8_t *page, unsigned n)
{
	return page + NVS_PAGE_ENTRIES_AT + n * NVS_ENTRY_SIZE;
}

#endif
