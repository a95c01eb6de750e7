/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_crypt.c - encryption of images.
 *
 * The published vectors (IEEE 1619-2007, annex B) have data units that never
 * occur in an image. So they prove a plain XTS of the test's own, made of
 * single AES blocks, which then says what an image has to become.
 */
#include "unit.h"

#include <mbedtls/aes.h>

#include "nvs_crypt.h"
#include "nvs_writer.h"

#define SIZE 0x4000u

static void aes(const uint8_t key[32], uint8_t block[16])
{
	mbedtls_aes_context ctx;

	mbedtls_aes_init(&ctx);
	must(mbedtls_aes_setkey_enc(&ctx, key, 256));
	must(mbedtls_aes_crypt_ecb(&ctx, MBEDTLS_AES_ENCRYPT, block, block));
	mbedtls_aes_free(&ctx);
}

/* One data unit of n bytes, a multiple of 16, in place */
static void plain_xts(const struct nvs_keys *keys, uint64_t number,
		      uint8_t *p, size_t n)
{
	uint8_t tweak[16] = { 0 };

	le_put64(tweak, number);
	aes(keys->tky, tweak);
	for (; n; n -= 16, p += 16) {
		unsigned carry = 0;

		for (unsigned i = 0; i < 16; i++)
			p[i] ^= tweak[i];
		aes(keys->eky, p);
		for (unsigned i = 0; i < 16; i++) {
			unsigned twice = (unsigned)tweak[i] << 1 | carry;

			p[i] ^= tweak[i];
			tweak[i] = (uint8_t)twice;
			carry = twice >> 8;
		}
		tweak[0] ^= (uint8_t)(carry * 0x87);
	}
}

/* Vectors 10 to 14: the first 32 of 512 bytes, and the last 16 */
static void test_published_vectors(void **state)
{
	static const struct {
		uint64_t number;
		const char *first, *last;
	} vector[] = {
		{ 0xFF, "1c3b3a102f770386e4836c99e370cf9b"
		  "ea00803f5e482357a4ae12d414a3e63b",
		  "c4f36ffda9fcea70b9c6e693e148c151" },
		{ 0xFFFF, "77a31251618a15e6b92d1d66dffe7b50"
		  "b50bad552305ba0217a610688eff7e11",
		  "a4f9e27b42af8100cb9d59cef9645803" },
		{ 0xFFFFFF, "e387aaa58ba483afa7e8eb469778317e"
		  "cf4cf573aa9d4eac23f2cdf914e4e200",
		  "2263a1eef52dd6888c309f5a7d712826" },
		{ 0xFFFFFFFF, "bf53d2dade78e822a4d949a9bc6766b0"
		  "1b06a8ef70d26748c6a7fc36d80ae4c5",
		  "4c82f335abb152c4a93411373aaa8220" },
		{ UINT64_C(0xFFFFFFFFFF), "64497e5a831e4a932c09be3e5393376d"
		  "aa599548b816031d224bbf50a818ed23",
		  "d609d273ad5b0d59631c531f6a0a57b9" },
	};
	struct nvs_keys keys;
	uint8_t p[512];

	(void)state;
	unhex("2718281828459045235360287471352662497757247093699959574966967627",
	      keys.eky, 32);
	unhex("3141592653589793238462643383279502884197169399375105820974944592",
	      keys.tky, 32);
	for (size_t v = 0; v < sizeof(vector) / sizeof(*vector); v++) {
		for (unsigned i = 0; i < sizeof(p); i++)
			p[i] = (uint8_t)i;
		plain_xts(&keys, vector[v].number, p, sizeof(p));
		assert_hex(p, 32, vector[v].first);
		assert_hex(p + 496, 16, vector[v].last);
	}
}

static struct nvs_cipher *cipher_of(const struct nvs_keys *keys)
{
	struct err err = ERR_INIT;
	struct nvs_cipher *c = nvs_cipher_new(&err);

	assert_non_null(c);
	must(nvs_cipher_set_keys(c, keys, &err));
	return c;
}

static struct nvs_keys example_keys(void)
{
	struct nvs_keys keys;

	memset(keys.eky, 0x11, 32);
	memset(keys.tky, 0x22, 32);
	return keys;
}

/* Pages with every state an entry can have, and some of their own */
static void make_image(uint8_t *image)
{
	for (unsigned i = 0; i < SIZE; i++)
		image[i] = (uint8_t)(i * 31 + i / 256);
	memset(image + 3 * NVS_PAGE_SIZE, 0xFF, NVS_PAGE_SIZE);
	/* Page 1: entry n has the state n % 4 */
	memset(image + NVS_PAGE_SIZE + NVS_PAGE_BITMAP, 0xE4, 32);
	/* Page 2: all written but the last */
	memset(image + 2 * NVS_PAGE_SIZE + NVS_PAGE_BITMAP, 0xAA, 31);
	image[2 * NVS_PAGE_SIZE + 63] = 0xFE;
}

static void test_image_by_plain_xts(void **state)
{
	static uint8_t image[SIZE + 1], was[SIZE], want[SIZE];
	struct nvs_keys keys = example_keys();
	struct nvs_cipher *c = cipher_of(&keys);
	struct err err = ERR_INIT;
	unsigned encrypted = 0;

	(void)state;
	make_image(was);
	memcpy(want, was, SIZE);
	for (unsigned page = 0; page < SIZE / NVS_PAGE_SIZE; page++)
		for (unsigned n = 0; n < 126; n++) {
			size_t at = page * 4096 + 64 + n * 32;

			if ((was[page * 4096 + 32 + n / 4] >> n % 4 * 2 & 3) != 2)
				continue;
			plain_xts(&keys, at, want + at, 32);
			encrypted++;
		}
	assert_true(encrypted > 125 + 31);
	memcpy(image, was, SIZE);
	image[SIZE] = SENTINEL;
	must(nvs_image_encrypt(c, image, SIZE, &err));
	assert_memory_equal(image, want, SIZE);
	must(nvs_image_decrypt(c, image, SIZE, &err));
	assert_memory_equal(image, was, SIZE);
	assert_int_equal(image[SIZE], SENTINEL);
	nvs_cipher_free(c);
}

/* What stands behind the last whole page is none of the cipher's business. */
static void test_part_of_a_page(void **state)
{
	static uint8_t image[SIZE], was[SIZE];
	struct nvs_keys keys = example_keys();
	struct nvs_cipher *c = cipher_of(&keys);

	(void)state;
	memset(was, 0xAA, sizeof(was));
	memcpy(image, was, SIZE);
	must(nvs_image_encrypt(c, image, 2 * NVS_PAGE_SIZE - 1, NULL));
	assert_memory_not_equal(image + 64, was + 64, NVS_PAGE_SIZE - 64);
	assert_memory_equal(image + NVS_PAGE_SIZE, was, SIZE - NVS_PAGE_SIZE);
	nvs_cipher_free(c);
}

static void test_worked_example(void **state)
{
	static const char key[] = "serial_no";
	struct nvs_item item = { key, NVS_STRING, 0,
				 (const uint8_t *)"SN-0001", 7 };
	static uint8_t image[0x3000], plain[0x3000];
	struct nvs_keys keys = example_keys();
	struct nvs_cipher *c = cipher_of(&keys);
	struct err err = ERR_INIT;
	struct nvs_writer w;

	(void)state;
	must(nvs_writer_init(&w, sizeof(image), 2, &err));
	nvs_writer_start(&w, image);
	must(nvs_writer_namespace(&w, "factory", &err));
	must(nvs_writer_add(&w, &item, &err));
	must(nvs_writer_finish(&w, NULL, &err));
	memcpy(plain, image, sizeof(plain));
	must(nvs_image_encrypt(c, image, sizeof(image), &err));
	assert_memory_equal(image, plain, 64);
	assert_hex(image + 64, 32, "d9713d3f4d5a415d6ba774e62a11fa4e"
		   "05ef951db4268e743335bc918e385a17");
	assert_all(image + 64 + 3 * 32, sizeof(image) - 64 - 3 * 32, 0xFF);
	must(nvs_image_decrypt(c, image, sizeof(image), &err));
	assert_memory_equal(image, plain, sizeof(plain));
	nvs_writer_release(&w);
	nvs_cipher_free(c);
}

/*
 * What a device has erased: encrypted still, or zeros; and an entry without a
 * state, which nobody ever encrypted.
 */
static void test_erased_entries(void **state)
{
	enum { WRITTEN, ERASED, ZEROS, BLANK, EMPTY, COUNT };
	static uint8_t image[NVS_PAGE_SIZE], plain[NVS_PAGE_SIZE];
	static uint8_t left[NVS_PAGE_SIZE];
	struct nvs_keys keys = example_keys();
	struct nvs_cipher *c = cipher_of(&keys);
	const size_t at = 64;

	(void)state;
	memset(image, 0xFF, sizeof(image));
	for (size_t n = 0; n < COUNT * 32; n++)
		image[at + n] = (uint8_t)n;
	memcpy(plain, image, sizeof(plain));
	image[32] = 0xAA; /* four entries are written, the fifth is not */
	must(nvs_image_encrypt(c, image, sizeof(image), NULL));
	assert_memory_equal(image + at + EMPTY * 32, plain + at + EMPTY * 32,
			    32);
	image[32] = 0x02; /* the first still is, the others are erased */
	memset(image + at + ZEROS * 32, 0, 32);
	memset(image + at + BLANK * 32, 0xFF, 32);
	memcpy(plain + 32, image + 32, 32);
	memcpy(plain + at + ZEROS * 32, image + at + ZEROS * 32, 2 * 32);

	memcpy(left, image, sizeof(left));
	must(nvs_image_decrypt(c, left, sizeof(left), NULL));
	assert_memory_equal(left + at, plain + at, 32);
	assert_memory_equal(left + at + 32, image + at + 32,
			    sizeof(left) - at - 32);
	must(nvs_image_decrypt_erased(c, image, sizeof(image), NULL));
	assert_memory_equal(image, plain, sizeof(image));
	nvs_cipher_free(c);
}

/* One cipher serves device after device, each with its own keys. */
static void test_keys_change(void **state)
{
	static uint8_t image[NVS_PAGE_SIZE], want[NVS_PAGE_SIZE];
	struct nvs_keys keys = example_keys(), other = example_keys();
	struct nvs_cipher *c = cipher_of(&keys);
	struct err err = ERR_INIT;

	(void)state;
	other.tky[31] ^= 1;
	memset(image, 0xAA, sizeof(image));
	memset(want, 0xAA, sizeof(want));
	must(nvs_cipher_set_keys(c, &other, &err));
	for (unsigned n = 0; n < 126; n++)
		plain_xts(&other, 64 + n * 32, want + 64 + n * 32, 32);
	must(nvs_image_encrypt(c, image, sizeof(image), &err));
	assert_memory_equal(image, want, sizeof(image));
	nvs_cipher_free(c);
	nvs_cipher_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_vectors),
		cmocka_unit_test(test_image_by_plain_xts),
		cmocka_unit_test(test_part_of_a_page),
		cmocka_unit_test(test_worked_example),
		cmocka_unit_test(test_erased_entries),
		cmocka_unit_test(test_keys_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
