/* SPDX-License-Identifier: Apache-2.0 */
/* test_digest.c - SHA-256 against published hashes, whole and in pieces. */
#include "unit.h"

#include "digest.h"

/* FIPS 180-4's examples, as NIST publishes them with their hashes */
static const struct {
	const char *text;
	const char *hash;
} published[] = {
	{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc",
	  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
	  "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
	  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
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
		assert_hex(out, DIGEST_SIZE, published[i].hash);
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
			assert_hex(out, DIGEST_SIZE, published[i].hash);
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
	assert_hex(out, DIGEST_SIZE, "cdc76e5c9914fb9281a1c7e284d73e67"
		   "f1809a48a497200e046d39ccc7112cd0");
	digest_free(d);
}

static void *no_memory(void *p, size_t n)
{
	(void)p;
	(void)n;
	return NULL;
}

static void test_no_memory(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	mem_set_realloc(no_memory);
	assert_null(digest_new(&err));
	mem_set_realloc(NULL);
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
