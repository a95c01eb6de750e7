/* SPDX-License-Identifier: Apache-2.0 */
/*
 * srp.h - the verifier of a password by SRP-6a.
 *
 * What an accessory stores instead of its setup code: with SHA-512, the
 * 3072-bit group of RFC 5054 (appendix A) and its generator g = 5,
 *
 *	x = SHA-512(salt || SHA-512(user ":" password))
 *	v = g^x mod N
 *
 * x is a 512-bit big-endian number and is not reduced; salt enters the hash
 * as its 16 bytes, leading zero bytes included. Sources: RFC 2945 and 5054;
 * HomeKit Accessory Protocol specification, "Pair Setup".
 *
 * Password, x and v are secrets: v allows guessing the eight digits of a
 * setup code.
 */
#ifndef SRP_H
#define SRP_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define SRP_SALT_SIZE 16u
#define SRP_PRIVATE_SIZE 64u   /* x */
#define SRP_VERIFIER_SIZE 384u /* v */

/*
 * Powers of g worked out beforehand, about half a megabyte, and room for the
 * calculation. Making one costs as much as a dozen verifiers; each verifier
 * then takes a seventh of the time of a plain exponentiation. One per thread.
 */
struct srp;

/* NULL with *err filled when out of memory. */
struct srp *srp_new(struct err *err);

/* The private key x. 0 or ERR_CRYPTO. */
__attribute__((warn_unused_result))
int srp_private_key(const char *user, const char *password,
		    const uint8_t salt[SRP_SALT_SIZE],
		    uint8_t x[SRP_PRIVATE_SIZE], struct err *err);

/*
 * g^x mod N, big-endian, zero bytes in front. 0, or ERR_CRYPTO (mbedTLS out
 * of memory): then v is undefined.
 */
__attribute__((warn_unused_result))
int srp_power(struct srp *s, const uint8_t x[SRP_PRIVATE_SIZE],
	      uint8_t v[SRP_VERIFIER_SIZE], struct err *err);

/* Both: the verifier of a password. */
__attribute__((warn_unused_result))
int srp_verifier(struct srp *s, const char *user, const char *password,
		 const uint8_t salt[SRP_SALT_SIZE],
		 uint8_t v[SRP_VERIFIER_SIZE], struct err *err);

/* Wipe and free; s may be NULL. */
void srp_free(struct srp *s);

#endif
