/* SPDX-License-Identifier: Apache-2.0 */
#include "random.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/md.h>

#include "buf.h"

struct random_system {
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context drbg;
	int seeding; /* what the last look for a seed returned */
};

/*
 * The generator keeps to itself why it got no seed. Since mbedTLS 3.6 that
 * may be for want of memory: the seed is made with a hash of the MD layer.
 */
static int seed(void *ctx, unsigned char *p, size_t n)
{
	struct random_system *r = ctx;

	r->seeding = mbedtls_entropy_func(&r->entropy, p, n);
	return r->seeding;
}

static int no_random(const struct random_system *r, const char *what,
		     struct err *err)
{
	if (r->seeding == MBEDTLS_ERR_MD_ALLOC_FAILED)
		return err_nomem(err);
	return err_set(err, ERR_CRYPTO, "%s", what);
}

struct random_system *random_system_new(struct err *err)
{
	static const unsigned char use[] = "nvs key generation";
	struct random_system *r = mem_alloc(sizeof(*r));

	if (!r) {
		err_nomem(err);
		return NULL;
	}
	mbedtls_entropy_init(&r->entropy);
	mbedtls_ctr_drbg_init(&r->drbg);
	r->seeding = 0;
	if (mbedtls_ctr_drbg_seed(&r->drbg, seed, r, use, sizeof(use))) {
		no_random(r, "the system's random source gives no seed", err);
		random_system_free(r);
		return NULL;
	}
	return r;
}

static int fill(void *ctx, uint8_t *p, size_t n, struct err *err)
{
	struct random_system *r = ctx;

	while (n) {
		size_t part = n < MBEDTLS_CTR_DRBG_MAX_REQUEST ?
			      n : MBEDTLS_CTR_DRBG_MAX_REQUEST;

		if (mbedtls_ctr_drbg_random(&r->drbg, p, part))
			return no_random(r, "the random generator failed", err);
		p += part;
		n -= part;
	}
	return 0;
}

struct random_source random_system_source(struct random_system *r)
{
	return (struct random_source){ .fill = fill, .ctx = r };
}

void random_system_free(struct random_system *r)
{
	if (!r)
		return;
	mbedtls_ctr_drbg_free(&r->drbg);
	mbedtls_entropy_free(&r->entropy);
	mem_wipe(r, sizeof(*r));
	mem_free(r);
}
