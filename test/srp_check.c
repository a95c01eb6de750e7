/* SPDX-License-Identifier: Apache-2.0 */
/*
 * srp_check - whether images hold the setup data of setup codes, for the
 * shell tests.
 *
 *   srp_check IMAGE CODE ID [IMAGE CODE ID]...
 *
 * Reads salt, verifier and setup id back out of each image and computes the
 * verifier again from the code by mbedTLS's own exponentiation, with a group
 * that is computed as RFC 3526 defines it; nothing of lib/product takes part.
 * Exit status 1, with a message, at the first thing that is not as it has to
 * be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/bignum.h>
#include <mbedtls/md.h>

#include "buf.h"
#include "file.h"
#include "nvs_reader.h"

#define BITS 3072
#define BYTES 384

static mbedtls_mpi group, square; /* N, and R^2 mod N to save time */

__attribute__((noreturn))
static void wrong(const char *what, const char *image)
{
	fprintf(stderr, "%s: %s\n", image, what);
	exit(1);
}

static void must(int r)
{
	if (r)
		wrong("mbedTLS failed", "srp_check");
}

/* x = arctan(1/n) * 2^bits, from its series. */
static void add_arctan(mbedtls_mpi *sum, int times, int n, size_t bits)
{
	mbedtls_mpi power, term;

	mbedtls_mpi_init(&power);
	mbedtls_mpi_init(&term);
	must(mbedtls_mpi_lset(&power, times));
	must(mbedtls_mpi_shift_l(&power, bits));
	must(mbedtls_mpi_div_int(&power, NULL, &power, n));
	for (int k = 1; mbedtls_mpi_cmp_int(&power, 0); k += 2) {
		must(mbedtls_mpi_div_int(&term, NULL, &power, k));
		must(k & 2 ? mbedtls_mpi_sub_mpi(sum, sum, &term) :
			     mbedtls_mpi_add_mpi(sum, sum, &term));
		must(mbedtls_mpi_div_int(&power, NULL, &power, n * n));
	}
	mbedtls_mpi_free(&power);
	mbedtls_mpi_free(&term);
}

static void add_power_of_two(mbedtls_mpi *to, size_t exponent)
{
	mbedtls_mpi two;

	mbedtls_mpi_init(&two);
	must(mbedtls_mpi_lset(&two, 1));
	must(mbedtls_mpi_shift_l(&two, exponent));
	must(mbedtls_mpi_add_mpi(to, to, &two));
	mbedtls_mpi_free(&two);
}

/*
 * N = 2^3072 - 2^3008 - 1 + 2^64 * (floor(2^2942 pi) + 1690314), with pi by
 * Machin's formula, 16 arctan(1/5) - 4 arctan(1/239).
 */
static void compute_group(void)
{
	const size_t guard = 64;
	mbedtls_mpi minus, pi;

	mbedtls_mpi_init(&minus);
	mbedtls_mpi_init(&pi);
	mbedtls_mpi_init(&group);
	mbedtls_mpi_init(&square);
	add_arctan(&pi, 16, 5, 2942 + guard);
	add_arctan(&minus, 4, 239, 2942 + guard);
	must(mbedtls_mpi_sub_mpi(&pi, &pi, &minus));
	must(mbedtls_mpi_shift_r(&pi, guard));
	must(mbedtls_mpi_add_int(&pi, &pi, 1690314));
	must(mbedtls_mpi_shift_l(&pi, 64));
	must(mbedtls_mpi_copy(&group, &pi));
	add_power_of_two(&group, BITS);
	must(mbedtls_mpi_lset(&minus, 1));
	add_power_of_two(&minus, 3008);
	must(mbedtls_mpi_sub_mpi(&group, &group, &minus));
	if (mbedtls_mpi_bitlen(&group) != BITS)
		wrong("the group is not as long as it should be", "srp_check");
	mbedtls_mpi_free(&minus);
	mbedtls_mpi_free(&pi);
}

static void sha512(const uint8_t *a, size_t a_len, const uint8_t *b,
		   size_t b_len, uint8_t out[64])
{
	uint8_t all[128];

	memcpy(all, a, a_len);
	memcpy(all + a_len, b, b_len);
	must(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA512), all,
			a_len + b_len, out));
}

/* 5^x mod N for the code and the salt. */
static void compute_verifier(const char *code, const uint8_t *salt,
			     uint8_t v[BYTES])
{
	mbedtls_mpi base, x, result;
	uint8_t inner[64], hash[64];
	char password[32];
	int n = snprintf(password, sizeof(password), "%.3s-%.2s-%.3s", code,
			 code + 3, code + 5);

	sha512((const uint8_t *)"Pair-Setup:", 11, (uint8_t *)password,
	       (size_t)n, inner);
	sha512(salt, 16, inner, 64, hash);
	mbedtls_mpi_init(&base);
	mbedtls_mpi_init(&x);
	mbedtls_mpi_init(&result);
	must(mbedtls_mpi_lset(&base, 5));
	must(mbedtls_mpi_read_binary(&x, hash, sizeof(hash)));
	must(mbedtls_mpi_exp_mod(&result, &base, &x, &group, &square));
	must(mbedtls_mpi_write_binary(&result, v, BYTES));
	mbedtls_mpi_free(&base);
	mbedtls_mpi_free(&x);
	mbedtls_mpi_free(&result);
}

/* A blob of the namespace hap_setup, of that size. */
static const uint8_t *find(const struct nvs_reader *reader, const char *image,
			   const char *key, size_t size)
{
	size_t count;
	const struct nvs_read_item *item = nvs_reader_items(reader, &count);

	for (; count; count--, item++)
		if (!strcmp(item->ns, "hap_setup") && !strcmp(item->key, key) &&
		    item->type == NVS_BLOB_INDEX && item->len == size)
			return item->data;
	wrong(key, image);
}

static void check(const char *path, const char *code, const char *id)
{
	struct buf image = BUF_INIT;
	struct err err = ERR_INIT;
	struct nvs_reader *reader = nvs_reader_new(&err);
	uint8_t v[BYTES];

	if (!reader || file_read(path, 1 << 20, &image, &err) ||
	    nvs_reader_load(reader, image.data, image.len, &err))
		wrong(err.msg, path);
	if (strlen(code) != 8 || strlen(id) != 4)
		wrong("a code of 8 and an id of 4 are needed", path);
	if (memcmp(find(reader, path, "setup_id", 4), id, 4) != 0)
		wrong("another setup id", path);
	compute_verifier(code, find(reader, path, "setup_salt", 16), v);
	if (memcmp(find(reader, path, "setup_verifier", BYTES), v, BYTES) != 0)
		wrong("the verifier is not that of the setup code", path);
	nvs_reader_free(reader);
	buf_release(&image);
}

int main(int argc, char **argv)
{
	if (argc < 4 || argc % 3 != 1) {
		fprintf(stderr, "usage: srp_check IMAGE CODE ID ...\n");
		return 2;
	}
	compute_group();
	for (int i = 1; i < argc; i += 3)
		check(argv[i], argv[i + 1], argv[i + 2]);
	mbedtls_mpi_free(&group);
	mbedtls_mpi_free(&square);
	printf("%d checked\n", argc / 3);
	return 0;
}
