/* SPDX-License-Identifier: Apache-2.0 */
/* test_buf.c - growable bytes, and the allocator that can be replaced. */
#include "unit.h"

static unsigned calls;
static int refuse;

static void *counting_realloc(void *p, size_t n)
{
	calls++;
	return refuse ? NULL : realloc(p, n);
}

static int count_allocations(void **state)
{
	(void)state;
	calls = 0;
	refuse = 0;
	mem_set_realloc(counting_realloc);
	return 0;
}

static int stop_counting(void **state)
{
	(void)state;
	mem_set_realloc(NULL);
	return 0;
}

static void test_append(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	must(buf_append(&b, NULL, 0));
	assert_null(b.data);
	must(buf_append(&b, "ab", 2));
	must(buf_puts(&b, "cd"));
	must(buf_putc(&b, 0xFF));
	must(buf_printf(&b, "<%d %s>", -7, "x"));
	assert_hex(b.data, b.len, "61626364 ff 3c2d3720783e");
	buf_release(&b);
	assert_null(b.data);
	assert_int_equal(b.len + b.cap, 0);
}

static void test_grows_past_each_size(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	for (unsigned i = 0; i < 5000; i++)
		must(buf_putc(&b, (uint8_t)i));
	for (unsigned i = 0; i < 5000; i++)
		assert_int_equal(b.data[i], (uint8_t)i);
	assert_true(b.cap >= b.len);
	/* Doubling: 64 to 8192 are eight of them. */
	assert_int_equal(calls, 8);
	buf_release(&b);
}

/* A string's NUL and the formatter's have their room, at every length. */
static void test_nul_at_the_edge(void **state)
{
	(void)state;
	for (size_t n = 0; n < 200; n++) {
		struct buf b = BUF_INIT, printed = BUF_INIT;
		char *s;

		for (size_t i = 0; i < n; i++)
			must(buf_putc(&b, 'x'));
		s = buf_str(&b);
		assert_non_null(s);
		assert_int_equal(b.len, n);
		assert_int_equal(strlen(s), n);
		must(buf_printf(&printed, "%s", s));
		assert_int_equal(printed.len, n);
		buf_release(&b);
		buf_release(&printed);
	}
}

static void test_out_of_memory_changes_nothing(void **state)
{
	struct buf b = BUF_INIT;
	uint8_t *was;

	(void)state;
	must(buf_append(&b, "abc", 3));
	was = b.data;
	refuse = 1;
	assert_int_equal(buf_reserve(&b, 1000), ERR_NOMEM);
	assert_int_equal(buf_printf(&b, "%1000d", 1), ERR_NOMEM);
	assert_int_equal(buf_reserve(&b, SIZE_MAX), ERR_NOMEM);
	assert_int_equal(buf_reserve(&b, SIZE_MAX / 2), ERR_NOMEM);
	assert_ptr_equal(b.data, was);
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.data, "abc", 3);
	assert_null(mem_alloc(5));
	assert_null(mem_array(5, 5));
	assert_null(mem_strndup("abc", 3));
	refuse = 0;
	buf_release(&b);
}

static void test_huge_sizes_never_reach_the_allocator(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(buf_reserve(&b, SIZE_MAX), ERR_NOMEM);
	assert_null(mem_array(SIZE_MAX / 2, 3));
	assert_null(mem_array(3, SIZE_MAX / 2));
	assert_int_equal(calls, 0);
}

static void test_arrays_and_copies(void **state)
{
	uint8_t *zeros = mem_array(7, 3), *none = mem_array(0, 3);
	char *copy = mem_strndup("abcdef", 3);

	(void)state;
	assert_non_null(zeros);
	assert_all(zeros, 21, 0);
	assert_non_null(none); /* nothing to hold is no lack of memory */
	assert_string_equal(copy, "abc");
	mem_free(zeros);
	mem_free(none);
	mem_free(copy);
}

/* Doubled from 16 on; what is in it stays. */
static void test_array_grows(void **state)
{
	size_t cap = 0, sizes = 0;
	uint16_t *a = mem_grow(NULL, 0, &cap, sizeof(*a)), *to;

	(void)state;
	assert_non_null(a);
	for (uint16_t n = 0; n < 1000; n++) {
		size_t had = cap;

		a = mem_grow(a, n + 1u, &cap, sizeof(*a));
		assert_non_null(a);
		a[n] = n;
		sizes += cap != had;
	}
	assert_int_equal(cap, 1024);
	assert_int_equal(sizes, 6);
	for (uint16_t n = 0; n < 1000; n++)
		assert_int_equal(a[n], n);
	refuse = 1;
	assert_ptr_equal(mem_grow(a, 1024, &cap, sizeof(*a)), a);
	assert_null(mem_grow(a, 1025, &cap, sizeof(*a)));
	refuse = 0;
	calls = 0;
	assert_null(mem_grow(a, SIZE_MAX / 2, &cap, sizeof(*a)));
	assert_null(mem_grow(a, SIZE_MAX, &cap, sizeof(*a)));
	assert_int_equal(calls, 0);
	assert_int_equal(cap, 1024);
	assert_int_equal(a[999], 999);
	to = mem_grow(a, 5000, &cap, sizeof(*a));
	assert_non_null(to);
	assert_int_equal(cap, 8192);
	mem_free(to);
}

static void test_wipe(void **state)
{
	uint8_t bytes[6];
	struct buf b = BUF_INIT;

	(void)state;
	memset(bytes, (int)SENTINEL, sizeof(bytes));
	mem_wipe(bytes + 1, 4);
	assert_hex(bytes, sizeof(bytes), "a5 00000000 a5");
	mem_wipe(NULL, 0);
	buf_wipe(&b);
	must(buf_puts(&b, "secret"));
	buf_wipe(&b);
	assert_null(b.data);
	assert_int_equal(b.cap, 0);
}

#define counted(test) \
	cmocka_unit_test_setup_teardown(test, count_allocations, stop_counting)

int main(void)
{
	const struct CMUnitTest tests[] = {
		counted(test_append),
		counted(test_grows_past_each_size),
		counted(test_nul_at_the_edge),
		counted(test_out_of_memory_changes_nothing),
		counted(test_huge_sizes_never_reach_the_allocator),
		counted(test_arrays_and_copies),
		counted(test_array_grows),
		counted(test_wipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
