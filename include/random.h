/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random.h - where key bytes come from.
 *
 * Whoever needs random bytes takes a struct random_source, so that a test
 * can hand in known ones. The system's source is mbedTLS's CTR_DRBG
 * (NIST SP 800-90A), seeded from the operating system's random source.
 */
#ifndef NVSGEN_RANDOM_H
#define NVSGEN_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct random_source {
	/* Fill n bytes. 0, or ERR_CRYPTO: then p holds nothing of use. */
	int (*fill)(void *ctx, uint8_t *p, size_t n, struct err *err);
	void *ctx;
};

struct random_system; /* a CTR_DRBG; one per thread */

/* A seeded generator, or NULL with *err filled. */
struct random_system *random_system_new(struct err *err);

/* The source that draws from it; valid until random_system_free(). */
struct random_source random_system_source(struct random_system *r);

/* Wipe and free; r may be NULL. */
void random_system_free(struct random_system *r);

#endif
