/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nvs_keys.h - NVS encryption keys: drawn, derived, packed and unpacked.
 *
 * Sources: ESP-IDF Programming Guide, "NVS Encryption" (key partition and the
 * HMAC peripheral based scheme); RFC 2104 and FIPS 180-4 for HMAC-SHA-256.
 *
 * Keys are secrets: wipe a struct nvs_keys with nvs_keys_wipe() after use.
 */
#ifndef NVS_KEYS_H
#define NVS_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "file.h"
#include "nvs_format.h"
#include "random.h"

struct nvs_keys {
	uint8_t eky[32]; /* data key */
	uint8_t tky[32]; /* tweak key */
};

/* Draw fresh keys. 0 or ERR_CRYPTO. */
__attribute__((warn_unused_result))
int nvs_keys_random(struct nvs_keys *keys, const struct random_source *random,
		    struct err *err);

/*
 * What the chip derives from the 32-byte HMAC key in its eFuse:
 * eky = HMAC-SHA-256(key, 8 x 5A5ABEAE), tky = HMAC-SHA-256(key, 8 x
 * A5A5DECE). 0 or ERR_CRYPTO.
 */
__attribute__((warn_unused_result))
int nvs_keys_derive(struct nvs_keys *keys,
		    const uint8_t hmac_key[NVS_HMAC_KEY_SIZE],
		    struct err *err);

/* The 4096 bytes of the key partition. */
void nvs_keys_pack(const struct nvs_keys *keys,
		   uint8_t partition[NVS_KEY_PARTITION_SIZE]);

/*
 * The keys in len bytes: a key partition of 4096 bytes whose CRC is right,
 * or the bare 64 bytes. ERR_KEY otherwise, with a
 * message that does not name a file; also when both halves are equal, which
 * XTS forbids (IEEE 1619, FIPS 140-3 IG C.I).
 */
__attribute__((warn_unused_result))
int nvs_keys_unpack(struct nvs_keys *keys, const uint8_t *p, size_t len,
		    struct err *err);

/*
 * Read a key file, or the 32 bytes of an HMAC key file. ERR_KEY with the
 * file's name when its contents are unsound, ERR_IO when it can't be read.
 */
__attribute__((warn_unused_result))
int nvs_keys_load(struct nvs_keys *keys, const char *path, struct err *err);
__attribute__((warn_unused_result))
int nvs_hmac_key_load(uint8_t key[NVS_HMAC_KEY_SIZE], const char *path,
		      struct err *err);

/* Write a key partition, mode 0600, aside and renamed. */
__attribute__((warn_unused_result))
int nvs_keys_save(const struct nvs_keys *keys, const char *path,
		  enum file_existing existing, struct err *err);

/*
 * Whether n bytes of a key, 32 or more, follow a pattern that a guess would
 * find: equal bytes, counting ones, a few that are repeated. A random key
 * does so never.
 */
bool nvs_key_is_pattern(const uint8_t *p, size_t n);

/*
 * Whether n bytes of a key are the characters of hex digits: of half the bits
 * that they seem to have, and probably meant to be bytes.
 */
bool nvs_key_is_hex_text(const uint8_t *p, size_t n);

void nvs_keys_wipe(struct nvs_keys *keys);

#endif
