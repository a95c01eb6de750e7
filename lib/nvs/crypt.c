/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs_crypt.h"

#include <stdbool.h>
#include <string.h>
#include <mbedtls/aes.h>

#include "buf.h"

struct nvs_cipher {
	mbedtls_aes_xts_context encrypt;
	mbedtls_aes_xts_context decrypt;
};

struct nvs_cipher *nvs_cipher_new(struct err *err)
{
	struct nvs_cipher *c = mem_alloc(sizeof(*c));

	if (!c) {
		err_nomem(err);
		return NULL;
	}
	mbedtls_aes_xts_init(&c->encrypt);
	mbedtls_aes_xts_init(&c->decrypt);
	return c;
}

int nvs_cipher_set_keys(struct nvs_cipher *c, const struct nvs_keys *keys,
			struct err *err)
{
	uint8_t raw[NVS_KEYS_SIZE];
	int failed;

	memcpy(raw, keys->eky, sizeof(keys->eky));
	memcpy(raw + sizeof(keys->eky), keys->tky, sizeof(keys->tky));
	failed = mbedtls_aes_xts_setkey_enc(&c->encrypt, raw, 8 * sizeof(raw)) ||
		 mbedtls_aes_xts_setkey_dec(&c->decrypt, raw, 8 * sizeof(raw));
	mem_wipe(raw, sizeof(raw));
	return failed ? err_set(err, ERR_CRYPTO, "AES-XTS refuses the key") : 0;
}

/*
 * Whether an entry is encrypted on the device. To erase one, the firmware
 * changes its bits in the bitmap and leaves it as it was, or makes zeros of
 * it, which it does not encrypt.
 */
static bool is_encrypted(const uint8_t *page, unsigned n, bool erased)
{
	const uint8_t *p = page + NVS_PAGE_ENTRIES_AT +
			   (size_t)n * NVS_ENTRY_SIZE;

	switch (nvs_entry_state(page, n)) {
	case NVS_ENTRY_WRITTEN:
		return true;
	case NVS_ENTRY_ERASED:
		/* not all bytes are the same */
		return erased && memcmp(p, p + 1, NVS_ENTRY_SIZE - 1) != 0;
	default:
		return false;
	}
}

static int crypt_image(mbedtls_aes_xts_context *xts, int mode, bool erased,
		       uint8_t *image, size_t size, struct err *err)
{
	for (size_t page = 0; page + NVS_PAGE_SIZE <= size;
	     page += NVS_PAGE_SIZE) {
		for (unsigned n = 0; n < NVS_PAGE_ENTRIES; n++) {
			size_t at = page + NVS_PAGE_ENTRIES_AT +
				    (size_t)n * NVS_ENTRY_SIZE;
			uint8_t tweak[16] = { 0 };

			if (!is_encrypted(image + page, n, erased))
				continue;
			le_put64(tweak, at);
			if (mbedtls_aes_crypt_xts(xts, mode, NVS_ENTRY_SIZE,
						  tweak, image + at,
						  image + at))
				return err_set(err, ERR_CRYPTO,
					       "AES-XTS failed");
		}
	}
	return 0;
}

int nvs_image_encrypt(struct nvs_cipher *c, uint8_t *image, size_t size,
		      struct err *err)
{
	return crypt_image(&c->encrypt, MBEDTLS_AES_ENCRYPT, false, image,
			   size, err);
}

int nvs_image_decrypt(struct nvs_cipher *c, uint8_t *image, size_t size,
		      struct err *err)
{
	return crypt_image(&c->decrypt, MBEDTLS_AES_DECRYPT, false, image,
			   size, err);
}

int nvs_image_decrypt_erased(struct nvs_cipher *c, uint8_t *image, size_t size,
			     struct err *err)
{
	return crypt_image(&c->decrypt, MBEDTLS_AES_DECRYPT, true, image,
			   size, err);
}

void nvs_cipher_free(struct nvs_cipher *c)
{
	if (!c)
		return;
	mbedtls_aes_xts_free(&c->encrypt);
	mbedtls_aes_xts_free(&c->decrypt);
	mem_wipe(c, sizeof(*c));
	mem_free(c);
}
