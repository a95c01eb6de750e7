/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_files.c - the files that cells name: each read once, however many
 * cells and threads want it, and forgotten beyond the budget. What is read is
 * counted where it has to pass: in the conversion.
 */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "allocations.h"
#include "csv_files.h"

static atomic_uint reads;
static atomic_bool slow;

/* Number 0 keeps the bytes, number 1 doubles each, number 2 refuses. */
static int convert(int how, struct buf *raw, struct buf *out, struct err *err)
{
	atomic_fetch_add(&reads, 1);
	if (atomic_load(&slow))
		nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
	if (how == 2)
		return err_set(err, ERR_INPUT, "not to my taste");
	for (size_t i = 0; i < raw->len; i++)
		for (int n = 0; n <= how; n++)
			if (buf_putc(out, raw->data[i]))
				return err_nomem(err);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	empty_scratch();
	atomic_store(&reads, 0);
	atomic_store(&slow, false);
	return 0;
}

static struct csv_file *hold(struct csv_files *files, const char *path,
			     int how, const char *want)
{
	struct err err = ERR_INIT;
	struct csv_file *f = csv_files_hold(files, path, how, &err);

	assert_non_null(f);
	assert_int_equal(err.code, ERR_NONE);
	assert_int_equal(f->len, strlen(want));
	if (f->len)
		assert_memory_equal(f->data, want, f->len);
	return f;
}

static void touch(struct csv_files *files, const char *path, const char *want)
{
	csv_files_drop(files, hold(files, path, 0, want));
}

static void test_read_once(void **state)
{
	struct csv_files *files = csv_files_new(1000, convert, NULL);

	(void)state;
	put_text_in("a", "alpha");
	put_text_in("b", "");
	for (unsigned i = 0; i < 100; i++) {
		touch(files, "a", "alpha");
		touch(files, "b", "");
	}
	assert_int_equal(reads, 2);
	/* It is the contents that are kept. */
	must(unlink("a"));
	touch(files, "a", "alpha");
	csv_files_free(files);
	csv_files_free(NULL);
}

static void test_each_conversion_by_itself(void **state)
{
	struct csv_files *files = csv_files_new(1000, convert, NULL);
	struct csv_file *plain, *doubled;

	(void)state;
	put_text_in("a", "ab");
	plain = hold(files, "a", 0, "ab");
	doubled = hold(files, "a", 1, "aabb");
	assert_int_equal(reads, 2);
	csv_files_drop(files, plain);
	csv_files_drop(files, doubled);
	csv_files_free(files);
}

/* Room for two of three files of ten bytes: the oldest goes. */
static void test_beyond_the_budget(void **state)
{
	struct csv_files *files = csv_files_new(20, convert, NULL);

	(void)state;
	put_text_in("a", "aaaaaaaaaa");
	put_text_in("b", "bbbbbbbbbb");
	put_text_in("c", "cccccccccc");
	touch(files, "a", "aaaaaaaaaa");
	touch(files, "b", "bbbbbbbbbb");
	assert_int_equal(reads, 2);
	touch(files, "c", "cccccccccc");
	touch(files, "b", "bbbbbbbbbb");
	touch(files, "c", "cccccccccc");
	assert_int_equal(reads, 3);
	put_text_in("a", "changed");
	touch(files, "a", "changed"); /* takes the place of b */
	assert_int_equal(reads, 4);
	touch(files, "c", "cccccccccc");
	assert_int_equal(reads, 4);
	touch(files, "b", "bbbbbbbbbb");
	assert_int_equal(reads, 5);
	csv_files_free(files);
}

/* Whoever holds a file keeps it, budget or not. */
static void test_held_files_stay(void **state)
{
	struct csv_files *files = csv_files_new(1, convert, NULL);
	struct csv_file *a, *b, *again;

	(void)state;
	put_text_in("a", "aaaaaaaaaa");
	put_text_in("b", "bbbbbbbbbb");
	a = hold(files, "a", 0, "aaaaaaaaaa");
	b = hold(files, "b", 0, "bbbbbbbbbb");
	again = hold(files, "a", 0, "aaaaaaaaaa");
	assert_ptr_equal(a, again);
	assert_int_equal(reads, 2);
	csv_files_drop(files, a);
	/* One holder is left. */
	touch(files, "b", "bbbbbbbbbb");
	assert_memory_equal(again->data, "aaaaaaaaaa", 10);
	csv_files_drop(files, again);
	csv_files_drop(files, b);
	/* Nobody's now: the next one makes both go. */
	put_text_in("c", "c");
	touch(files, "c", "c");
	touch(files, "a", "aaaaaaaaaa");
	assert_int_equal(reads, 4);
	csv_files_free(files);
}

/* One larger than the budget serves its holder all the same. */
static void test_larger_than_the_budget(void **state)
{
	struct csv_files *files = csv_files_new(0, convert, NULL);

	(void)state;
	put_text_in("a", "alpha");
	for (unsigned i = 1; i <= 3; i++)
		touch(files, "a", "alpha");
	assert_in_range(reads, 1, 3);
	csv_files_free(files);
}

static void expect_failure(struct csv_files *files, const char *path, int how,
			   int code, const char *msg)
{
	struct err err = ERR_INIT;

	assert_null(csv_files_hold(files, path, how, &err));
	assert_err(&err, code, msg);
}

static void test_failures_are_not_kept(void **state)
{
	struct csv_files *files = csv_files_new(100, convert, NULL);

	(void)state;
	must(mkdir("dir", 0777));
	put_text_in("a", "alpha");
	for (unsigned i = 0; i < 2; i++) {
		touch(files, "a", "alpha");
		expect_failure(files, "dir", 0, ERR_INPUT, "'dir' is a "
			       "directory, a file is needed");
		expect_failure(files, "late", 0, ERR_IO, "cannot open 'late': "
			       "No such file or directory; relative paths "
			       "start in the current directory");
		expect_failure(files, "a", 2, ERR_INPUT, "'a': not to my "
			       "taste");
	}
	assert_int_equal(reads, 3);
	put_text_in("late", "here");
	touch(files, "late", "here");
	csv_files_free(files);
}

static void test_largest_file(void **state)
{
	struct csv_files *files = csv_files_new(0, convert, NULL);
	struct csv_file *f;

	(void)state;
	put_text_in("a", "");
	must(truncate("a", 4 << 20));
	f = csv_files_hold(files, "a", 0, NULL);
	assert_non_null(f);
	assert_int_equal(f->len, 4 << 20);
	csv_files_drop(files, f);
	must(truncate("a", (4 << 20) + 1));
	csv_files_free(files);
	files = csv_files_new(0, convert, NULL);
	expect_failure(files, "a", 0, ERR_RANGE, "'a' has 4194305 bytes, at "
		       "most 4194304 are possible here");
	csv_files_free(files);
}

/* ---- Threads ---- */

#define THREADS 8

static void *wants_slow_file(void *arg)
{
	touch(arg, "slow", "slow contents");
	return NULL;
}

/* All come while the first one is still reading: they wait for it. */
static void test_read_once_by_many_threads(void **state)
{
	struct csv_files *files = csv_files_new(100, convert, NULL);
	pthread_t thread[THREADS];

	(void)state;
	put_text_in("slow", "slow contents");
	atomic_store(&slow, true);
	for (unsigned i = 0; i < THREADS; i++)
		must(pthread_create(&thread[i], NULL, wants_slow_file, files));
	for (unsigned i = 0; i < THREADS; i++)
		must(pthread_join(thread[i], NULL));
	assert_int_equal(reads, 1);
	csv_files_free(files);
}

static atomic_uint failed;

static void *wants_bad_file(void *arg)
{
	struct err err = ERR_INIT;

	if (!csv_files_hold(arg, "slow", 2, &err) && err.code == ERR_INPUT)
		atomic_fetch_add(&failed, 1);
	return NULL;
}

/* Those that waited for a file that failed fail as well, each by itself. */
static void test_failure_before_many_threads(void **state)
{
	struct csv_files *files = csv_files_new(100, convert, NULL);
	pthread_t thread[THREADS];

	(void)state;
	put_text_in("slow", "slow contents");
	atomic_store(&slow, true);
	atomic_store(&failed, 0);
	for (unsigned i = 0; i < THREADS; i++)
		must(pthread_create(&thread[i], NULL, wants_bad_file, files));
	for (unsigned i = 0; i < THREADS; i++)
		must(pthread_join(thread[i], NULL));
	assert_int_equal(failed, THREADS);
	csv_files_free(files);
}

static void *wants_all_files(void *arg)
{
	for (unsigned i = 0; i < 400; i++) {
		char name[2] = { (char)('a' + i * 7 % 10), '\0' };
		char want[21];

		memset(want, name[0], 20);
		want[20] = '\0';
		touch(arg, name, want);
	}
	return NULL;
}

/* Ten files, room for three, eight threads: nobody sees another's bytes. */
static void test_crowd(void **state)
{
	struct csv_files *files = csv_files_new(60, convert, NULL);
	pthread_t thread[THREADS];

	(void)state;
	for (char c = 'a'; c < 'k'; c++) {
		char name[2] = { c, '\0' }, text[20];

		memset(text, c, sizeof(text));
		put_bytes_in(name, text, sizeof(text));
	}
	for (unsigned i = 0; i < THREADS; i++)
		must(pthread_create(&thread[i], NULL, wants_all_files, files));
	for (unsigned i = 0; i < THREADS; i++)
		must(pthread_join(thread[i], NULL));
	assert_true(reads >= 10);
	csv_files_free(files);
}

/* ---- No memory ---- */

static void test_no_memory(void **state)
{
	struct csv_files *files;
	struct csv_file *f = NULL;
	unsigned n;

	(void)state;
	put_text_in("a", "alpha");
	fail_allocation(1, true);
	assert_null(csv_files_new(100, convert, NULL));
	fail_allocation(2, true);
	files = csv_files_new(100, convert, NULL);
	for (n = 0; !f && n < 20; n++) {
		struct err err = ERR_INIT;

		fail_allocation(n + 1, true);
		f = csv_files_hold(files, "a", 0, &err);
		assert_int_equal(err.code, f ? ERR_NONE : ERR_NOMEM);
	}
	assert_false(allocation_failed());
	assert_non_null(f);
	assert_in_range(n, 4, 10);
	assert_memory_equal(f->data, "alpha", 5);
	csv_files_drop(files, f);
	csv_files_free(files);
}

#define with_files(test) cmocka_unit_test_setup(test, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_files(test_read_once),
		with_files(test_each_conversion_by_itself),
		with_files(test_beyond_the_budget),
		with_files(test_held_files_stay),
		with_files(test_larger_than_the_budget),
		with_files(test_failures_are_not_kept),
		with_files(test_largest_file),
		with_files(test_read_once_by_many_threads),
		with_files(test_failure_before_many_threads),
		with_files(test_crowd),
		with_files(test_no_memory),
	};

	return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
