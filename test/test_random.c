/* SPDX-License-Identifier: Apache-2.0 */
/* test_random.c - bytes of the system's source: all of them, and no others. */
#include "unit.h"

#include "allocations.h"
#include "random.h"

static void fill(struct random_system *r, uint8_t *p, size_t n)
{
	struct random_source source = random_system_source(r);
	struct err err = ERR_INIT;

	must(source.fill(source.ctx, p, n, &err));
	assert_int_equal(err.code, ERR_NONE);
}

/* Lengths around the most that the generator gives at once (1024). */
static void test_fills_all_and_no_more(void **state)
{
	static const size_t lengths[] = { 0, 1, 32, 64, 1023, 1024, 1025, 2048,
					  5000 };
	struct random_system *r = random_system_new(NULL);
	static uint8_t p[5001];

	(void)state;
	assert_non_null(r);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		size_t n = lengths[i], zeros = 0;

		memset(p, 0, n);
		memset(p + n, (int)SENTINEL, sizeof(p) - n);
		fill(r, p, n);
		assert_all(p + n, sizeof(p) - n, SENTINEL);
		/* A stretch of 24 zeros: once in 2^192 by chance */
		for (size_t b = 0; b < n; b++) {
			zeros = p[b] ? 0 : zeros + 1;
			assert_true(zeros < 24);
		}
		if (n >= 24)
			assert_true(memcmp(p + n - 8, "\0\0\0\0\0\0\0\0", 8));
	}
	random_system_free(r);
}

static void test_never_the_same(void **state)
{
	struct random_system *a = random_system_new(NULL);
	struct random_system *b = random_system_new(NULL);
	uint8_t p[3][32];

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	fill(a, p[0], 32);
	fill(a, p[1], 32);
	fill(b, p[2], 32);
	assert_memory_not_equal(p[0], p[1], 32);
	assert_memory_not_equal(p[0], p[2], 32);
	assert_memory_not_equal(p[1], p[2], 32);
	random_system_free(a);
	random_system_free(b);
	random_system_free(NULL);
}

/* 32768 bytes: each bit is set about half of the time (7 sigma off at most). */
static void test_bits_are_even(void **state)
{
	struct random_system *r = random_system_new(NULL);
	static uint8_t p[32768];

	(void)state;
	assert_non_null(r);
	fill(r, p, sizeof(p));
	for (unsigned bit = 0; bit < 8; bit++) {
		unsigned set = 0;

		for (size_t i = 0; i < sizeof(p); i++)
			set += (unsigned)p[i] >> bit & 1u;
		assert_in_range(set, 16384 - 634, 16384 + 634);
	}
	random_system_free(r);
}

static void test_no_memory(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	fail_allocation(1, true);
	assert_null(random_system_new(&err));
	assert_true(allocation_failed());
	assert_err(&err, ERR_NOMEM, "out of memory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fills_all_and_no_more),
		cmocka_unit_test(test_never_the_same),
		cmocka_unit_test(test_bits_are_even),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
