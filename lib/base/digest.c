/* SPDX-License-Identifier: Apache-2.0 */
#include "digest.h"

#include <stdbool.h>
#include <string.h>
#include <mbedtls/md.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>
#include <mbedtls/version.h>

#include "buf.h"

/* The functions that can fail have other names in mbedTLS 2. */
#if MBEDTLS_VERSION_NUMBER < 0x03000000
#define mbedtls_sha256 mbedtls_sha256_ret
#define mbedtls_sha512_starts mbedtls_sha512_starts_ret
#define mbedtls_sha512_update mbedtls_sha512_update_ret
#define mbedtls_sha512_finish mbedtls_sha512_finish_ret
#endif

struct digest {
	mbedtls_sha512_context sha;
	bool failed;
};

int digest_sha256(const void *p, size_t n, uint8_t out[DIGEST_SIZE],
		  struct err *err)
{
	return mbedtls_sha256(p, n, out, 0) ?
	       err_set(err, ERR_CRYPTO, "SHA-256 failed") : 0;
}

int digest_failure(int r, const char *what, struct err *err)
{
	if (r == MBEDTLS_ERR_MD_ALLOC_FAILED)
		return err_nomem(err);
	return err_set(err, ERR_CRYPTO, "%s failed", what);
}

struct digest *digest_new(struct err *err)
{
	struct digest *d = mem_alloc(sizeof(*d));

	if (!d) {
		err_nomem(err);
		return NULL;
	}
	mbedtls_sha512_init(&d->sha);
	d->failed = mbedtls_sha512_starts(&d->sha, 0) != 0;
	return d;
}

void digest_add(struct digest *d, const void *p, size_t n)
{
	if (n && mbedtls_sha512_update(&d->sha, p, n))
		d->failed = true;
}

int digest_finish(struct digest *d, uint8_t out[DIGEST_SIZE], struct err *err)
{
	uint8_t hash[64];

	if (d->failed || mbedtls_sha512_finish(&d->sha, hash))
		return err_set(err, ERR_CRYPTO, "SHA-512 failed");
	memcpy(out, hash, DIGEST_SIZE);
	return 0;
}

void digest_free(struct digest *d)
{
	if (!d)
		return;
	mbedtls_sha512_free(&d->sha);
	mem_free(d);
}
