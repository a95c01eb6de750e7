/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power is taken with a fixed base by the comb of Lim and Lee ("More
 * Flexible Exponentiation with Precomputation", CRYPTO '94): the 512 bits of
 * x stand in TEETH rows of 64, and each row in BLOCKS pieces of COLUMNS bits.
 *
 *	row 7 | piece 3 | piece 2 | piece 1 | piece 0 |
 *	      :                                       :
 *	row 0 | piece 3 | piece 2 | piece 1 | piece 0 |   16 bits each
 *
 * A column, one bit of each row, chooses the product of the powers
 * 5^(2^bit) it has a one in from a table of its block; the block's offset is
 * already in the table. 15 squarings and 64 multiplications are left of the
 * 511 squarings and more than a hundred multiplications of a plain
 * exponentiation.
 *
 * mbedTLS keeps its Montgomery arithmetic to itself, and its division is ten
 * times as slow as a multiplication; so products are reduced by Barrett's
 * method, with two more multiplications.
 *
 * The table is looked up by secret bits. That can be seen by other programs
 * through the processor's caches, which does not matter where setup codes are
 * made: whoever can run programs there reads the codes themselves.
 */
#include "srp.h"

#include <string.h>
#include <mbedtls/bignum.h>
#include <mbedtls/md.h>

#include "buf.h"
#include "digest.h"

#define GENERATOR 5
#define TEETH 8u
#define BLOCKS 4u
#define ROW_BITS (8u * SRP_PRIVATE_SIZE / TEETH)
#define COLUMNS (ROW_BITS / BLOCKS)
#define CHOICES (1u << TEETH)
#define N_BITS ((size_t)8 * SRP_VERIFIER_SIZE)
#define LIMB_BITS 64u /* any width up to it will do for Barrett's method */

_Static_assert(TEETH * BLOCKS * COLUMNS == 8 * SRP_PRIVATE_SIZE,
	       "the comb covers all bits of x");

/* RFC 5054, appendix A, the 3072-bit group; also RFC 3526, group 15. */
static const char group_n[] =
	"FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD1"
	"29024E088A67CC74020BBEA63B139B22514A08798E3404DD"
	"EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245"
	"E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
	"EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3D"
	"C2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
	"83655D23DCA3AD961C62F356208552BB9ED529077096966D"
	"670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
	"E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9"
	"DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
	"15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64"
	"ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
	"ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6B"
	"F12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
	"BBE117577A615D6C770988C0BAD946E208E24FA074E5AB31"
	"43DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF";

struct srp {
	mbedtls_mpi n;
	mbedtls_mpi mu;           /* 2^(2 * N_BITS) / n */
	mbedtls_mpi result;
	mbedtls_mpi product, high, quotient, multiple; /* of a reduction */
	mbedtls_mpi table[BLOCKS][CHOICES];
};

/* Call fn for every number in s. */
static void each_mpi(struct srp *s, void (*fn)(mbedtls_mpi *))
{
	mbedtls_mpi *const own[] = {
		&s->n, &s->mu, &s->result, &s->product, &s->high,
		&s->quotient, &s->multiple
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		fn(own[i]);
	for (size_t b = 0; b < BLOCKS; b++)
		for (size_t i = 0; i < CHOICES; i++)
			fn(&s->table[b][i]);
}

/*
 * out = a * b mod n, for a and b below n; out may be one of them. (Handbook
 * of Applied Cryptography, 14.42: the quotient comes out at most 2 short.)
 */
static int multiply(struct srp *s, mbedtls_mpi *out, const mbedtls_mpi *a,
		    const mbedtls_mpi *b)
{
	int r;

	r = mbedtls_mpi_mul_mpi(&s->product, a, b);
	if (!r)
		r = mbedtls_mpi_copy(&s->high, &s->product);
	if (!r)
		r = mbedtls_mpi_shift_r(&s->high, N_BITS - LIMB_BITS);
	if (!r)
		r = mbedtls_mpi_mul_mpi(&s->quotient, &s->high, &s->mu);
	if (!r)
		r = mbedtls_mpi_shift_r(&s->quotient, N_BITS + LIMB_BITS);
	if (!r)
		r = mbedtls_mpi_mul_mpi(&s->multiple, &s->quotient, &s->n);
	if (!r)
		r = mbedtls_mpi_sub_mpi(out, &s->product, &s->multiple);
	while (!r && mbedtls_mpi_cmp_mpi(out, &s->n) >= 0)
		r = mbedtls_mpi_sub_mpi(out, out, &s->n);
	return r;
}

static int set_group(struct srp *s)
{
	int r;

	r = mbedtls_mpi_read_string(&s->n, 16, group_n);
	if (!r)
		r = mbedtls_mpi_lset(&s->product, 1);
	if (!r)
		r = mbedtls_mpi_shift_l(&s->product, 2 * N_BITS);
	if (!r)
		r = mbedtls_mpi_div_mpi(&s->mu, NULL, &s->product, &s->n);
	return r;
}

/* The table's entries with a single bit: 5^(2^n) for every COLUMNS-th n. */
static int set_powers(struct srp *s)
{
	int r;

	r = mbedtls_mpi_lset(&s->result, GENERATOR);
	for (size_t n = 0; !r && n < (size_t)8 * SRP_PRIVATE_SIZE; n++) {
		size_t tooth = n / ROW_BITS, at = n % ROW_BITS;

		if (at % COLUMNS == 0)
			r = mbedtls_mpi_copy(&s->table[at / COLUMNS]
						      [1u << tooth],
					     &s->result);
		if (!r)
			r = multiply(s, &s->result, &s->result, &s->result);
	}
	return r;
}

/* The others: that with the lowest bit times that with the rest. */
static int set_table(struct srp *s)
{
	int r = 0;

	for (size_t b = 0; !r && b < BLOCKS; b++) {
		mbedtls_mpi *t = s->table[b];

		r = mbedtls_mpi_lset(&t[0], 1);
		for (size_t i = 1; !r && i < CHOICES; i++)
			if (i & (i - 1))
				r = multiply(s, &t[i], &t[i & (0 - i)],
					     &t[i & (i - 1)]);
		/* Half of a difference's room stays empty. */
		for (size_t i = 0; !r && i < CHOICES; i++)
			r = mbedtls_mpi_shrink(&t[i], 0);
	}
	return r;
}

struct srp *srp_new(struct err *err)
{
	struct srp *s = mem_alloc(sizeof(*s));

	if (!s) {
		err_nomem(err);
		return NULL;
	}
	each_mpi(s, mbedtls_mpi_init);
	if (set_group(s) || set_powers(s) || set_table(s)) {
		srp_free(s);
		err_nomem(err); /* the only failure with these numbers */
		return NULL;
	}
	return s;
}

static int hash(const void *a, size_t a_len, const void *b, size_t b_len,
		uint8_t out[SRP_PRIVATE_SIZE], struct err *err)
{
	const mbedtls_md_info_t *sha512 =
		mbedtls_md_info_from_type(MBEDTLS_MD_SHA512);
	mbedtls_md_context_t md;
	int r;

	mbedtls_md_init(&md);
	r = mbedtls_md_setup(&md, sha512, 0);
	if (!r)
		r = mbedtls_md_starts(&md);
	if (!r)
		r = mbedtls_md_update(&md, a, a_len);
	if (!r)
		r = mbedtls_md_update(&md, b, b_len);
	if (!r)
		r = mbedtls_md_finish(&md, out);
	mbedtls_md_free(&md);
	return r ? digest_failure(r, "SHA-512", err) : 0;
}

int srp_private_key(const char *user, const char *password,
		    const uint8_t salt[SRP_SALT_SIZE],
		    uint8_t x[SRP_PRIVATE_SIZE], struct err *err)
{
	struct buf identity = BUF_INIT;
	uint8_t inner[SRP_PRIVATE_SIZE];
	int r = 0;

	/* The room at once: growing would leave a copy behind. */
	if (buf_reserve(&identity, strlen(user) + 1) ||
	    buf_puts(&identity, user) || buf_putc(&identity, ':'))
		r = err_nomem(err);
	else
		r = hash(identity.data, identity.len, password,
			 strlen(password), inner, err);
	if (!r)
		r = hash(salt, SRP_SALT_SIZE, inner, sizeof(inner), x, err);
	mem_wipe(inner, sizeof(inner));
	buf_release(&identity);
	return r;
}

/* Bit n of a big-endian number. */
static unsigned bit(const uint8_t x[SRP_PRIVATE_SIZE], size_t n)
{
	return (unsigned)x[SRP_PRIVATE_SIZE - 1 - n / 8] >> n % 8 & 1u;
}

/* The bits of x in a column of a block, one of each row. */
static size_t choice(const uint8_t x[SRP_PRIVATE_SIZE], size_t block,
		     size_t column)
{
	size_t c = 0;

	for (size_t tooth = 0; tooth < TEETH; tooth++)
		c |= (size_t)bit(x, tooth * ROW_BITS + block * COLUMNS +
				 column) << tooth;
	return c;
}

int srp_power(struct srp *s, const uint8_t x[SRP_PRIVATE_SIZE],
	      uint8_t v[SRP_VERIFIER_SIZE], struct err *err)
{
	int r;

	r = mbedtls_mpi_lset(&s->result, 1);
	for (size_t column = COLUMNS; !r && column--;) {
		r = multiply(s, &s->result, &s->result, &s->result);
		for (size_t b = 0; !r && b < BLOCKS; b++)
			r = multiply(s, &s->result, &s->result,
				     &s->table[b][choice(x, b, column)]);
	}
	if (!r)
		r = mbedtls_mpi_write_binary(&s->result, v, SRP_VERIFIER_SIZE);
	return r ? err_nomem(err) : 0; /* as above, the only failure */
}

int srp_verifier(struct srp *s, const char *user, const char *password,
		 const uint8_t salt[SRP_SALT_SIZE],
		 uint8_t v[SRP_VERIFIER_SIZE], struct err *err)
{
	uint8_t x[SRP_PRIVATE_SIZE];
	int r;

	r = srp_private_key(user, password, salt, x, err);
	if (!r)
		r = srp_power(s, x, v, err);
	mem_wipe(x, sizeof(x));
	return r;
}

void srp_free(struct srp *s)
{
	if (!s)
		return;
	each_mpi(s, mbedtls_mpi_free); /* which wipes */
	mem_free(s);
}
