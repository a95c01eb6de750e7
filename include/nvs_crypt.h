/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nvs_crypt.h - encryption and decryption of a finished image.
 *
 * AES-256 in XTS mode (IEEE 1619). Each entry that its page's bitmap marks
 * as written is one data unit of 32 bytes, its tweak the entry's byte offset
 * in the partition as a 16-byte little-endian number. Headers, bitmaps and
 * all other entries stay as they are. (ESP-IDF Programming Guide, "NVS
 * Encryption".)
 */
#ifndef NVS_CRYPT_H
#define NVS_CRYPT_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "nvs_keys.h"

struct nvs_cipher; /* holds a key schedule; one per thread */

/* A cipher without a key yet, or NULL with *err filled. */
struct nvs_cipher *nvs_cipher_new(struct err *err);

/* Set the key; may be called again for the next device. */
__attribute__((warn_unused_result))
int nvs_cipher_set_keys(struct nvs_cipher *c, const struct nvs_keys *keys,
			struct err *err);

/*
 * Encrypt or decrypt size bytes (whole pages) in place. A key has to be set.
 * ERR_CRYPTO when mbedTLS fails: the image is then unusable.
 */
__attribute__((warn_unused_result))
int nvs_image_encrypt(struct nvs_cipher *c, uint8_t *image, size_t size,
		      struct err *err);
__attribute__((warn_unused_result))
int nvs_image_decrypt(struct nvs_cipher *c, uint8_t *image, size_t size,
		      struct err *err);

/*
 * Decrypt what is marked as erased as well, as far as the firmware has not
 * made zeros of it: for looking at the image of a device that was in use.
 */
__attribute__((warn_unused_result))
int nvs_image_decrypt_erased(struct nvs_cipher *c, uint8_t *image, size_t size,
			     struct err *err);

/* Wipe and free; c may be NULL. */
void nvs_cipher_free(struct nvs_cipher *c);

#endif
