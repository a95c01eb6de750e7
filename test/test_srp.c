/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_srp.c - SRP verifiers against recorded vectors and against mbedTLS's
 * own exponentiation, which takes another way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <cjson/cJSON.h>
#include <mbedtls/bignum.h>
#include <mbedtls/md.h>

#include "allocations.h"
#include "buf.h"
#include "file.h"
#include "srp.h"
#include "text.h"

#define VECTORS "test/homekit-vectors.json"
#define SENTINEL 0xA5

static cJSON *load_vectors(void)
{
	struct buf raw = BUF_INIT;
	struct err err = ERR_INIT;
	cJSON *root;

	if (file_read(VECTORS, 1 << 20, &raw, &err))
		fail_msg("%s", err.msg);
	assert_non_null(buf_str(&raw));
	root = cJSON_Parse((char *)raw.data);
	buf_release(&raw);
	assert_non_null(root);
	return root;
}

static const char *member(const cJSON *object, const char *name)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItem(object, name));

	if (!s)
		fail_msg("%s: no member '%s'", VECTORS, name);
	return s;
}

static void from_hex(const char *hex, uint8_t *out, size_t size)
{
	struct buf raw = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(text_hex(hex, strlen(hex), &raw, &err), 0);
	assert_int_equal(raw.len, size);
	memcpy(out, raw.data, size);
	buf_release(&raw);
}

static void check_vector(struct srp *s, const cJSON *vector)
{
	uint8_t x[SRP_PRIVATE_SIZE + 1], v[SRP_VERIFIER_SIZE + 1];
	uint8_t salt[SRP_SALT_SIZE], want_x[SRP_PRIVATE_SIZE];
	uint8_t want_v[SRP_VERIFIER_SIZE];
	const char *code = member(vector, "setup_code");
	struct err err = ERR_INIT;
	char password[16];

	snprintf(password, sizeof(password), "%.3s-%.2s-%.3s", code, code + 3,
		 code + 5);
	from_hex(member(vector, "salt"), salt, sizeof(salt));
	from_hex(member(vector, "x"), want_x, sizeof(want_x));
	from_hex(member(vector, "verifier"), want_v, sizeof(want_v));
	memset(x, SENTINEL, sizeof(x));
	memset(v, SENTINEL, sizeof(v));

	assert_int_equal(srp_private_key("Pair-Setup", password, salt, x,
					 &err), 0);
	assert_memory_equal(x, want_x, sizeof(want_x));
	assert_int_equal(x[SRP_PRIVATE_SIZE], SENTINEL);
	assert_int_equal(srp_verifier(s, "Pair-Setup", password, salt, v,
				      &err), 0);
	assert_memory_equal(v, want_v, sizeof(want_v));
	assert_int_equal(v[SRP_VERIFIER_SIZE], SENTINEL);
}

static void test_vectors(void **state)
{
	struct err err = ERR_INIT;
	struct srp *s = srp_new(&err);
	cJSON *root = load_vectors();
	const cJSON *list = cJSON_GetObjectItem(root, "vectors"), *vector;
	int n = 0;

	(void)state;
	assert_non_null(s);
	cJSON_ArrayForEach(vector, list) {
		check_vector(s, vector);
		n++;
	}
	assert_int_equal(n, 9);
	cJSON_Delete(root);
	srp_free(s);
}

/* The group once more, checked by its SHA-256. */
static void load_group(mbedtls_mpi *n)
{
	static const char digits[] =
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
	uint8_t raw[SRP_VERIFIER_SIZE], sum[32], want[32];

	from_hex("48cf8b092fbce4359d9871abf74f98e25b6163379eaa15cd9087e800"
		 "c6d1c55c", want, sizeof(want));
	assert_int_equal(mbedtls_mpi_read_string(n, 16, digits), 0);
	assert_int_equal(mbedtls_mpi_write_binary(n, raw, sizeof(raw)), 0);
	assert_int_equal(mbedtls_md(mbedtls_md_info_from_type(
			 MBEDTLS_MD_SHA256), raw, sizeof(raw), sum), 0);
	assert_memory_equal(sum, want, sizeof(want));
}

struct plain {
	mbedtls_mpi n, g, x, v, rr;
};

static void check_power(struct srp *s, struct plain *p,
			const uint8_t x[SRP_PRIVATE_SIZE])
{
	uint8_t want[SRP_VERIFIER_SIZE], v[SRP_VERIFIER_SIZE];
	struct err err = ERR_INIT;

	assert_int_equal(mbedtls_mpi_read_binary(&p->x, x, SRP_PRIVATE_SIZE),
			 0);
	assert_int_equal(mbedtls_mpi_exp_mod(&p->v, &p->g, &p->x, &p->n,
					     &p->rr), 0);
	assert_int_equal(mbedtls_mpi_write_binary(&p->v, want, sizeof(want)),
			 0);
	assert_int_equal(srp_power(s, x, v, &err), 0);
	assert_memory_equal(v, want, sizeof(want));
}

/* No bit, each bit alone, all bits, and arbitrary ones. */
static void test_powers(void **state)
{
	uint8_t x[SRP_PRIVATE_SIZE] = { 0 };
	struct err err = ERR_INIT;
	struct srp *s = srp_new(&err);
	uint32_t noise = 1;
	struct plain p;

	(void)state;
	assert_non_null(s);
	mbedtls_mpi_init(&p.n);
	mbedtls_mpi_init(&p.g);
	mbedtls_mpi_init(&p.x);
	mbedtls_mpi_init(&p.v);
	mbedtls_mpi_init(&p.rr);
	load_group(&p.n);
	assert_int_equal(mbedtls_mpi_lset(&p.g, 5), 0);

	check_power(s, &p, x);
	for (size_t n = 0; n < 8 * sizeof(x); n++) {
		x[n / 8] = (uint8_t)(1u << n % 8);
		check_power(s, &p, x);
		x[n / 8] = 0;
	}
	memset(x, 0xFF, sizeof(x));
	check_power(s, &p, x);
	for (int round = 0; round < 50; round++) {
		for (size_t i = 0; i < sizeof(x); i++) {
			noise = noise * 1664525 + 1013904223;
			x[i] = (uint8_t)(noise >> 24);
		}
		check_power(s, &p, x);
	}
	mbedtls_mpi_free(&p.n);
	mbedtls_mpi_free(&p.g);
	mbedtls_mpi_free(&p.x);
	mbedtls_mpi_free(&p.v);
	mbedtls_mpi_free(&p.rr);
	srp_free(s);
}

static void test_out_of_memory(void **state)
{
	static const uint8_t salt[SRP_SALT_SIZE];
	uint8_t x[SRP_PRIVATE_SIZE];
	struct err err = ERR_INIT;
	struct srp *s;
	int r;

	(void)state;
	fail_allocation(1, true);
	s = srp_new(&err);
	r = srp_private_key("u", "p", salt, x, &err);
	assert_true(allocation_failed());
	assert_null(s);
	assert_int_equal(err.code, ERR_NOMEM);
	assert_int_equal(r, ERR_NOMEM);
	srp_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_powers),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
