/* SPDX-License-Identifier: Apache-2.0 */
/* entry.h - 32-byte entries as the writer makes them. */
#ifndef NVS_ENTRY_H
#define NVS_ENTRY_H

#include "nvs_format.h"

#pragma GCC visibility push(hidden)

/* What stands in the header part of an entry. */
struct nvs_entry {
	uint8_t ns;           /* namespace index */
	uint8_t type;         /* enum nvs_type */
	uint8_t span;         /* entries this item takes, itself included */
	uint8_t chunk;        /* chunk index or NVS_CHUNK_NONE */
	const char *key;      /* at most NVS_KEY_MAX bytes */
};

/*
 * Header and key into the entry at p, its eight data bytes erased, its CRC
 * not set yet: put the data, then call nvs_entry_seal().
 */
void nvs_entry_start(uint8_t *p, const struct nvs_entry *e);

/*
 * The CRC of an entry up to its data, for a header and key seen before: the
 * next device mostly has the same ones in the same order. All zeros, which no
 * entry begins with, as long as nothing was seen.
 */
struct nvs_seal {
	uint8_t head[NVS_ENTRY_CRC + NVS_KEY_SIZE]; /* header without CRC, key */
	uint32_t crc;
};

/* Set the CRC of the entry at p. *known is used, or replaced. */
void nvs_entry_seal(uint8_t *p, struct nvs_seal *known);

/* The length record of a string, blob or chunk of n bytes at data. */
void nvs_entry_put_length(uint8_t *p, const uint8_t *data, size_t n);

/*
 * The 24-bit hash by which the firmware looks items up: two items in one
 * page with an equal one cannot both be found. (ESP-IDF, nvs_flash: item
 * hash list.)
 */
uint32_t nvs_entry_hash(uint8_t ns, const char *key, uint8_t chunk);

#pragma GCC visibility pop

#endif
