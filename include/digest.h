/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h - SHA-256 of what is in memory, SHA-512 of pieces (FIPS 180-4). */
#ifndef NVSGEN_DIGEST_H
#define NVSGEN_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define DIGEST_SIZE 32u

/* Of n bytes. 0 or ERR_CRYPTO. */
__attribute__((warn_unused_result))
int digest_sha256(const void *p, size_t n, uint8_t out[DIGEST_SIZE],
		  struct err *err);

/*
 * A SHA-512 being computed: for fingerprints of files that are read anyway,
 * since 64-bit processors take two thirds of the time of a SHA-256 for it.
 */
struct digest;

/* Begin; NULL with *err filled on failure. */
struct digest *digest_new(struct err *err);

/* Any number of pieces. A failure shows in digest_finish(). */
void digest_add(struct digest *d, const void *p, size_t n);

/*
 * The first DIGEST_SIZE bytes of the hash of all pieces; d can then only be
 * freed. 0 or ERR_CRYPTO.
 */
__attribute__((warn_unused_result))
int digest_finish(struct digest *d, uint8_t out[DIGEST_SIZE],
		  struct err *err);
void digest_free(struct digest *d); /* may be NULL */

/*
 * A hash of mbedTLS's message digest layer (MD, HMAC, PBKDF2) returned r,
 * which is not 0: "out of memory", or "<what> failed". Returns the code.
 */
int digest_failure(int r, const char *what, struct err *err);

#endif
