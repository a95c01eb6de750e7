/* SPDX-License-Identifier: Apache-2.0 */
/* test_digest.c - SHA-256 and SHA-512 against published hashes. */
#include "unit.h"

#include "allocations.h"
#include "digest.h"

/* FIPS 180-4's examples, as NIST publishes them with their hashes */
static const struct {
	const char *text;
	const char *sha256;
	const char *sha512; /* its first 32 bytes */
} published[] = {
	{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	  "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce" },
	{ "abc",
	  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
	  "204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c335" },
	{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
	  "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
	  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
	  "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018" },
};

static void test_published(void **state)
{
	struct err err = ERR_INIT;
	uint8_t out[DIGEST_SIZE + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(published) / sizeof(*published); i++) {
		out[DIGEST_SIZE] = SENTINEL;
		must(digest_sha256(published[i].text, strlen(published[i].text),
				   out, &err));
		assert_hex(out, DIGEST_SIZE, published[i].sha256);
		assert_int_equal(out[DIGEST_SIZE], SENTINEL);
	}
}

/* Cut in two at every place, with nothing in between */
static void test_in_pieces(void **state)
{
	struct err err = ERR_INIT;
	uint8_t out[DIGEST_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(published) / sizeof(*published); i++) {
		const char *s = published[i].text;
		size_t len = strlen(s);

		for (size_t cut = 0; cut <= len; cut++) {
			struct digest *d = digest_new(&err);

			assert_non_null(d);
			digest_add(d, s, cut);
			digest_add(d, NULL, 0);
			digest_add(d, s + cut, len - cut);
			must(digest_finish(d, out, &err));
			assert_hex(out, DIGEST_SIZE, published[i].sha512);
			digest_free(d);
		}
	}
}

static void test_million_letters(void **state)
{
	struct err err = ERR_INIT;
	struct digest *d = digest_new(&err);
	uint8_t out[DIGEST_SIZE];
	char letters[1000];

	(void)state;
	assert_non_null(d);
	memset(letters, 'a', sizeof(letters));
	for (unsigned i = 0; i < 1000; i++)
		digest_add(d, letters, sizeof(letters));
	must(digest_finish(d, out, &err));
	assert_hex(out, DIGEST_SIZE, "e718483d0ce769644e2e42c7bc15b463"
		   "8e1f98b13b2044285632a803afa973eb");
	digest_free(d);
}

static void test_no_memory(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	fail_allocation(1, true);
	assert_null(digest_new(&err));
	assert_true(allocation_failed());
	assert_err(&err, ERR_NOMEM, "out of memory");
	digest_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_in_pieces),
		cmocka_unit_test(test_million_letters),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
