/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_srp - how long one SRP verifier takes, beside OpenSSL's BN_mod_exp on
 * the same numbers.
 *
 *     bench_srp [ROUNDS]
 *
 * Prints "SETUP OURS THEIRS": microseconds for the powers worked out
 * beforehand, for a verifier by lib/product/srp.c, and for one by OpenSSL (0
 * where this was built without it); medians of ROUNDS (default 9) rounds of
 * 50, by turns. Exit status 1 when both do not agree in every bit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef WITH_OPENSSL
#include <openssl/bn.h>
#endif

#include "srp.h"

#define IN_ROUND 50
#define ROUNDS_MAX 1000

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	fprintf(stderr, "bench_srp: %s\n", what);
	exit(1);
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare);
	return (v[(n - 1) / 2] + v[n / 2]) / 2;
}

/* The private key of accessory i, as long as all are. */
static void private_key(unsigned i, uint8_t x[SRP_PRIVATE_SIZE])
{
	uint8_t salt[SRP_SALT_SIZE] = { (uint8_t)i, (uint8_t)(i >> 8) };
	struct err err = ERR_INIT;

	if (srp_private_key("Pair-Setup", "111-22-333", salt, x, &err))
		fail(err.msg);
}

static double time_ours(struct srp *srp, unsigned round,
			uint8_t v[IN_ROUND][SRP_VERIFIER_SIZE])
{
	uint8_t x[SRP_PRIVATE_SIZE];
	struct err err = ERR_INIT;
	double from = seconds();

	for (unsigned i = 0; i < IN_ROUND; i++) {
		private_key(round * IN_ROUND + i, x);
		if (srp_power(srp, x, v[i], &err))
			fail(err.msg);
	}
	return (seconds() - from) / IN_ROUND * 1e6;
}

#ifdef WITH_OPENSSL
static double time_theirs(unsigned round,
			  uint8_t v[IN_ROUND][SRP_VERIFIER_SIZE])
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *n = BN_get_rfc3526_prime_3072(NULL), *g = BN_new();
	BIGNUM *x = BN_new(), *result = BN_new();
	uint8_t key[SRP_PRIVATE_SIZE];
	double from;

	if (!ctx || !n || !g || !x || !result || !BN_set_word(g, 5))
		fail("out of memory");
	from = seconds();
	for (unsigned i = 0; i < IN_ROUND; i++) {
		private_key(round * IN_ROUND + i, key);
		if (!BN_bin2bn(key, sizeof(key), x) ||
		    !BN_mod_exp(result, g, x, n, ctx) ||
		    BN_bn2binpad(result, v[i], SRP_VERIFIER_SIZE) < 0)
			fail("OpenSSL failed");
	}
	from = (seconds() - from) / IN_ROUND * 1e6;
	BN_free(n);
	BN_free(g);
	BN_free(x);
	BN_free(result);
	BN_CTX_free(ctx);
	return from;
}
#endif

int main(int argc, char **argv)
{
	static uint8_t ours[IN_ROUND][SRP_VERIFIER_SIZE];
	static double t_setup[ROUNDS_MAX], t_ours[ROUNDS_MAX];
	static double t_theirs[ROUNDS_MAX];
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 9;
	struct err err = ERR_INIT;

	if (rounds < 1 || rounds > ROUNDS_MAX)
		fail("ROUNDS is 1 to 1000");
	for (size_t i = 0; i < rounds; i++) {
		double from = seconds();
		struct srp *srp = srp_new(&err);

		if (!srp)
			fail(err.msg);
		t_setup[i] = (seconds() - from) * 1e6;
		t_ours[i] = time_ours(srp, (unsigned)i, ours);
		srp_free(srp);
#ifdef WITH_OPENSSL
		static uint8_t theirs[IN_ROUND][SRP_VERIFIER_SIZE];

		t_theirs[i] = time_theirs((unsigned)i, theirs);
		if (memcmp(ours, theirs, sizeof(ours)) != 0)
			fail("OpenSSL has another result");
#endif
	}
	printf("%.1f %.1f %.1f\n", median(t_setup, rounds),
	       median(t_ours, rounds), median(t_theirs, rounds));
	return 0;
}
