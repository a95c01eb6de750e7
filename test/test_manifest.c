/* SPDX-License-Identifier: Apache-2.0 */
/* test_manifest.c - lines of a manifest, their order, and reading them. */
#include "unit.h"

#include <fcntl.h>

#include "manifest.h"

static int clean(void **state)
{
	(void)state;
	empty_scratch();
	return 0;
}

static int open_new(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0666);

	assert_true(fd >= 0);
	return fd;
}

#define HEADER "id,row,bin,bin_sha256,csv,csv_sha256,keys,keys_sha256"

static void test_lines(void **state)
{
	struct manifest_device d = {
		.id = "a,1", .row = 7,
		.bin = { "bin", "p-a,1.bin", { 0x01, 0xFF } },
		.csv = { "csv", "p-a,1.csv", { 0 } },
	};
	struct err err = ERR_INIT;
	struct buf line = BUF_INIT;
	struct manifest m;

	(void)state;
	d.bin.sha256[31] = 0xAB;
	must(manifest_init(&m, -1, false, 0, &err));
	assert_buf(&m.text, HEADER "\r\n");
	must(buf_puts(&line, ":"));
	must(manifest_line(&m, &d, &line));
	assert_buf(&line, ":\"a,1\",7,\"bin/p-a,1.bin\","
		   "01ff0000000000000000000000000000"
		   "000000000000000000000000000000ab"
		   ",\"csv/p-a,1.csv\",,,\r\n");
	manifest_release(&m);

	must(manifest_init(&m, -1, true, 0x9000, &err));
	assert_buf(&m.text, HEADER ",offset\r\n");
	d = (struct manifest_device){ .id = "x", .row = 1,
		.keys = { "keys", "keys-x.bin", { 0 } } };
	line.len = 0;
	must(manifest_line(&m, &d, &line));
	assert_buf(&line, "x,1,,,,,keys/keys-x.bin,,0x9000\r\n");
	manifest_release(&m);
	buf_release(&line);
}

static void put(struct manifest *m, uint64_t turn, const char *text)
{
	struct err err = ERR_INIT;
	struct buf lines = BUF_INIT;

	must(buf_puts(&lines, text));
	must(manifest_put(m, turn, &lines, &err));
	buf_release(&lines);
}

/* Turns come in any order and stand in theirs; some are empty. */
static void test_turns(void **state)
{
	static const unsigned orders[][6] = {
		{ 0, 1, 2, 3, 4, 5 }, { 5, 4, 3, 2, 1, 0 },
		{ 3, 1, 4, 0, 5, 2 }, { 1, 0, 3, 2, 5, 4 },
	};
	static const char *const lines[6] = { "a\n", "", "c\n", "d\n", "",
					      "f\n" };

	(void)state;
	for (unsigned o = 0; o < 4; o++) {
		struct err err = ERR_INIT;
		struct manifest m;
		int fd = open_new("m");

		must(manifest_init(&m, fd, false, 0, &err));
		for (unsigned i = 0; i < 6; i++)
			put(&m, orders[o][i], lines[orders[o][i]]);
		assert_null(m.waiting);
		must(manifest_finish(&m, &err));
		assert_file("m", HEADER "\r\na\nc\nd\nf\n");
		manifest_release(&m);
		close(fd);
	}
}

/* What still waits when a batch gives up is freed, not written. */
static void test_given_up(void **state)
{
	struct err err = ERR_INIT;
	struct manifest m;
	int fd = open_new("m");

	(void)state;
	must(manifest_init(&m, fd, false, 0, &err));
	put(&m, 1, "b\n");
	put(&m, 3, "d\n");
	must(manifest_finish(&m, &err));
	assert_file("m", HEADER "\r\n");
	manifest_release(&m);
	close(fd);
}

static void test_written_on_the_way(void **state)
{
	static char line[1001];
	struct err err = ERR_INIT;
	struct manifest m;
	struct stat st;
	int fd = open_new("m");

	(void)state;
	memset(line, 'x', 1000);
	must(manifest_init(&m, fd, false, 0, &err));
	for (unsigned i = 0; i < 300; i++) {
		put(&m, i, line);
		assert_true(m.text.len < 65536 + 1000);
	}
	must(fstat(fd, &st));
	assert_true(st.st_size > 3 * 65536);
	must(manifest_finish(&m, &err));
	must(fstat(fd, &st));
	assert_int_equal(st.st_size, strlen(HEADER) + 2 + 300 * 1000);
	manifest_release(&m);
	close(fd);
}

static void test_not_wanted(void **state)
{
	struct err err = ERR_INIT;
	struct manifest m;

	(void)state;
	must(manifest_init(&m, -1, false, 0, &err));
	put(&m, 5, "never its turn");
	assert_null(m.waiting);
	must(manifest_finish(&m, &err));
	manifest_release(&m);
}

static void test_unwritable(void **state)
{
	struct err err = ERR_INIT;
	struct manifest m;
	int fd = open("/dev/full", O_WRONLY);

	(void)state;
	must(manifest_init(&m, fd, false, 0, &err));
	put(&m, 0, "x\n");
	assert_int_equal(manifest_finish(&m, &err), ERR_IO);
	assert_err(&err, ERR_IO, "cannot write 'the manifest': No space left on "
		   "device");
	manifest_release(&m);
	close(fd);
}

/* ---- Reading ---- */

static int note_visit(void *ctx, const char *path, const char *sha256,
		      struct err *err)
{
	if (!strcmp(path, "csv/bad"))
		return err_set(err, ERR_INPUT, "enough");
	return buf_printf(ctx, "%s=%s ", path, sha256);
}

static void test_visit(void **state)
{
	struct err err = ERR_INIT;
	struct buf seen = BUF_INIT;
	int fd;

	(void)state;
	put_text_in("m", HEADER ",offset\r\n"
		    "\"a,1\",1,\"bin/a,1\",12,csv/a,34,keys/a,56,0x9000\r\n"
		    "b,2,bin/b,,csv/b,,,,0x9000\r\n"
		    "c,3,bin/c,,csv/bad,,,,0x9000\r\n"
		    "d,4,bin/d,,csv/d,,,,0x9000\r\n");
	fd = open("m", O_RDONLY);
	assert_true(lseek(fd, 50, SEEK_SET) == 50); /* from the start anyway */
	assert_int_equal(manifest_visit(fd, note_visit, &seen, &err),
			 ERR_INPUT);
	assert_err(&err, ERR_INPUT, "enough");
	assert_buf(&seen, "csv/a=34 bin/a,1=12 keys/a=56 csv/b= bin/b= ");
	close(fd);
	buf_release(&seen);
}

#define with_files(test) cmocka_unit_test_setup(test, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		with_files(test_turns),
		with_files(test_given_up),
		with_files(test_written_on_the_way),
		cmocka_unit_test(test_not_wanted),
		cmocka_unit_test(test_unwritable),
		with_files(test_visit),
	};

	return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
