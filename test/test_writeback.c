/* SPDX-License-Identifier: Apache-2.0 */
/* test_writeback.c - syncing to disk while files are made. */
#include "unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "writeback.h"

#define MIB ((size_t)1 << 20)

static void test_small_needs_no_thread(void **state)
{
	struct writeback w;

	(void)state;
	writeback_init(&w, -1);
	for (unsigned n = 0; n < 15; n++)
		writeback_note(&w, MIB);
	assert_false(w.started);
	must(writeback_finish(&w, "out", NULL));
}

static void test_large_is_synced(void **state)
{
	struct writeback w;
	int fd = open(".", O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_true(fd >= 0);
	writeback_init(&w, fd);
	for (unsigned n = 0; n < 100; n++)
		writeback_note(&w, MIB);
	assert_true(w.started);
	must(writeback_finish(&w, "out", NULL));
	close(fd);
}

/* The kernel says so once: it must not get lost before the last sync. */
static void test_failure_is_kept(void **state)
{
	struct err err = ERR_INIT;
	struct writeback w;

	(void)state;
	writeback_init(&w, -1);
	writeback_note(&w, 16 * MIB);
	/* The thread may see the end before it sees that there is work. */
	while (writeback_finish(&w, "out", &err) == 0) {
		writeback_init(&w, -1);
		writeback_note(&w, 16 * MIB);
		usleep(10000);
	}
	assert_int_equal(err.code, ERR_IO);
	assert_non_null(strstr(err.msg, "cannot write to the disk of 'out'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_needs_no_thread),
		cmocka_unit_test(test_large_is_synced),
		cmocka_unit_test(test_failure_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
