/* SPDX-License-Identifier: Apache-2.0 */
/* test_file.c - whole files: read, written aside, renamed, replaced. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>

#include "allocations.h"
#include "file.h"

static int clean(void **state)
{
	(void)state;
	empty_scratch();
	umask(022);
	return 0;
}

/* Names in the working directory but for those of the test. */
static int files_here(void)
{
	FILE *p = popen("find . -mindepth 1 | wc -l", "r");
	int n = -1;

	assert_non_null(p);
	assert_int_equal(fscanf(p, "%d", &n), 1);
	pclose(p);
	return n;
}

static void test_read_appends(void **state)
{
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	put_text_in("f", "hello");
	put_text_in("empty", "");
	must(buf_putc(&b, ':'));
	must(file_read("f", 5, &b, &err));
	must(file_read("empty", 0, &b, &err));
	must(file_read("f", 100, &b, &err));
	assert_buf(&b, ":hellohello");
	buf_release(&b);
}

static void expect_unread(const char *path, size_t max, int code,
			  const char *msg)
{
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;

	must(buf_puts(&b, "kept"));
	assert_int_equal(file_read(path, max, &b, &err), code);
	assert_err(&err, code, msg);
	assert_buf(&b, "kept");
	buf_release(&b);
}

static void test_read_refuses(void **state)
{
	(void)state;
	put_text_in("f", "hello");
	must(mkdir("dir", 0777));
	must(mkfifo("fifo", 0666)); /* without a writer it must not hang */
	expect_unread("f", 4, ERR_RANGE,
		      "'f' has 5 bytes, at most 4 are possible here");
	expect_unread("dir", 99, ERR_INPUT,
		      "'dir' is a directory, a file is needed");
	expect_unread("fifo", 99, ERR_INPUT, "'fifo' is not a regular file");
	expect_unread("/dev/null", 99, ERR_INPUT,
		      "'/dev/null' is not a regular file");
	expect_unread("none", 99, ERR_IO,
		      "cannot open 'none': No such file or directory");
	expect_unread("", 99, ERR_IO, "cannot open '': No such file or "
		      "directory");
	expect_unread("f/x", 99, ERR_IO, "cannot open 'f/x': Not a directory");
}

static void test_read_a_pipe_to_its_end(void **state)
{
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	char text[10001];
	int fd[2];

	(void)state;
	memset(text, 'x', sizeof(text));
	must(pipe(fd));
	must(file_write_all(fd[1], text, sizeof(text)));
	close(fd[1]);
	must(buf_putc(&b, ':'));
	must(file_read_stream(fd[0], "-", sizeof(text), &b, &err));
	assert_int_equal(b.len, 1 + sizeof(text));
	assert_memory_equal(b.data + 1, text, sizeof(text));
	close(fd[0]);
	buf_release(&b);
}

static void test_failed_stream_keeps_the_old_length(void **state)
{
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	int fd[2];

	(void)state;
	must(buf_puts(&b, "kept"));
	must(pipe(fd));
	must(file_write_all(fd[1], "hello", 5));
	close(fd[1]);
	assert_int_equal(file_read_stream(fd[0], "-", 4, &b, &err), ERR_RANGE);
	assert_err(&err, ERR_RANGE, "'-' is longer than 4 bytes");
	assert_buf(&b, "kept");
	close(fd[0]);
	err_clear(&err);
	assert_int_equal(file_read_stream(-1, "-", 4, &b, &err), ERR_IO);
	assert_err(&err, ERR_IO, "cannot read '-': Bad file descriptor");
	assert_buf(&b, "kept");
	buf_release(&b);
}

/* ---- Writing ---- */

static void test_aside_until_committed(void **state)
{
	struct file_aside f;
	struct err err = ERR_INIT;

	(void)state;
	must(file_aside_open(&f, "f", FILE_MODE_PUBLIC, &err));
	must(file_aside_write(&f, "abc", 3, &err));
	must(file_aside_write(&f, "", 0, &err));
	must(file_aside_write(&f, "def", 3, &err));
	assert_false(is_there("f"));
	assert_true(is_there(f.temporary));
	must(file_aside_commit(&f, FILE_KEEP, &err));
	assert_int_equal(f.fd, -1);
	assert_null(f.temporary);
	assert_file("f", "abcdef");
	assert_int_equal(files_here(), 1);
}

static void test_aside_aborted(void **state)
{
	struct file_aside f = FILE_ASIDE_INIT;
	struct err err = ERR_INIT;

	(void)state;
	file_aside_abort(&f);
	put_text_in("f", "old");
	must(file_aside_open(&f, "f", FILE_MODE_PUBLIC, &err));
	must(file_aside_write(&f, "new", 3, &err));
	file_aside_abort(&f);
	file_aside_abort(&f);
	assert_file("f", "old");
	assert_int_equal(files_here(), 1);
}

static void test_keep_and_replace(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	must(file_write("f", "one", 3, FILE_MODE_PUBLIC, FILE_KEEP, &err));
	assert_int_equal(file_write("f", "two", 3, FILE_MODE_PUBLIC, FILE_KEEP,
				    &err), ERR_EXISTS);
	assert_err(&err, ERR_EXISTS, "cannot create 'f': File exists");
	assert_file("f", "one");
	err_clear(&err);
	must(file_write("f", "three", 5, FILE_MODE_PUBLIC, FILE_REPLACE,
			&err));
	assert_file("f", "three");
	assert_int_equal(files_here(), 1);
}

static void test_modes(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	must(file_write("public", "", 0, FILE_MODE_PUBLIC, FILE_KEEP, &err));
	must(file_write("secret", "", 0, FILE_MODE_SECRET, FILE_KEEP, &err));
	assert_int_equal(mode_of("public"), 0644);
	assert_int_equal(mode_of("secret"), 0600);
	/* The mode of what is replaced does not live on. */
	must(chmod("public", 0666));
	must(file_write("public", "", 0, FILE_MODE_SECRET, FILE_REPLACE,
			&err));
	assert_int_equal(mode_of("public"), 0600);
	umask(077);
	must(file_write("masked", "", 0, FILE_MODE_PUBLIC, FILE_KEEP, &err));
	assert_int_equal(mode_of("masked"), 0600);
}

/* What lies under the temporary name, a link even, is left as it is. */
static void test_planted_temporary_name(void **state)
{
	struct err err = ERR_INIT;
	char name[64];

	(void)state;
	put_text_in("victim", "safe");
	snprintf(name, sizeof(name), ".nvsgen-%ld-0.tmp", (long)getpid());
	must(symlink("victim", name));
	must(file_write("f", "new", 3, FILE_MODE_PUBLIC, FILE_KEEP, &err));
	assert_file("f", "new");
	assert_file("victim", "safe");
	assert_true(is_there(name));
	assert_int_equal(files_here(), 3);
}

/* A link at the final name is replaced or in the way, never followed. */
static void test_planted_final_name(void **state)
{
	struct err err = ERR_INIT;
	char to[16];

	(void)state;
	must(symlink("victim", "f"));
	assert_int_equal(file_write("f", "new", 3, FILE_MODE_PUBLIC, FILE_KEEP,
				    &err), ERR_EXISTS);
	assert_int_equal(readlink("f", to, sizeof(to)), 6);
	assert_false(is_there("victim"));
	err_clear(&err);
	must(file_write("f", "new", 3, FILE_MODE_PUBLIC, FILE_REPLACE, &err));
	assert_int_equal(readlink("f", to, sizeof(to)), -1);
	assert_file("f", "new");
	assert_false(is_there("victim"));
}

static void test_write_fails_cleanly(void **state)
{
	struct file_aside f;
	struct err err = ERR_INIT;
	char longest[256];

	(void)state;
	assert_int_equal(file_write("none/f", "", 0, FILE_MODE_PUBLIC,
				    FILE_KEEP, &err), ERR_IO);
	assert_err(&err, ERR_IO,
		   "cannot create 'none/f': No such file or directory");
	err_clear(&err);
	must(mkdir("dir", 0777));
	assert_int_equal(file_write("dir", "", 0, FILE_MODE_PUBLIC,
				    FILE_REPLACE, &err), ERR_IO);
	err_clear(&err);
	assert_int_equal(file_write("dir", "", 0, FILE_MODE_PUBLIC, FILE_KEEP,
				    &err), ERR_EXISTS);
	err_clear(&err);
	assert_int_equal(files_here(), 1);

	/* A name as long as names get still has a temporary one. */
	memset(longest, 'n', 255);
	longest[255] = '\0';
	must(file_write(longest, "x", 1, FILE_MODE_PUBLIC, FILE_KEEP, &err));
	assert_file(longest, "x");

	/* A descriptor that takes no byte */
	must(file_aside_open(&f, "f", FILE_MODE_PUBLIC, &err));
	close(f.fd);
	f.fd = open("/dev/null", O_RDONLY);
	assert_int_equal(file_aside_write(&f, "x", 1, &err), ERR_IO);
	assert_err(&err, ERR_IO, "cannot write 'f': Bad file descriptor");
	file_aside_abort(&f);
	assert_int_equal(files_here(), 2);
}

static void test_disk_full(void **state)
{
	struct file_aside f;
	struct err err = ERR_INIT;

	(void)state;
	must(file_aside_open(&f, "f", FILE_MODE_PUBLIC, &err));
	close(f.fd);
	f.fd = open("/dev/full", O_WRONLY);
	assert_int_equal(file_aside_write(&f, "x", 1, &err), ERR_IO);
	assert_err(&err, ERR_IO, "cannot write 'f': No space left on device");
	assert_int_equal(err.errnum, ENOSPC);
	file_aside_abort(&f);
	assert_int_equal(files_here(), 0);
}

static void test_rename_never_replaces(void **state)
{
	(void)state;
	put_text_in("a", "a");
	put_text_in("b", "b");
	must(mkdir("dir", 0777));
	must(symlink("nowhere", "link"));
	errno = 0;
	assert_int_equal(file_rename_new(AT_FDCWD, "a", AT_FDCWD, "b"), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(file_rename_new(AT_FDCWD, "a", AT_FDCWD, "link"), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(file_rename_new(AT_FDCWD, "dir", AT_FDCWD, "b"), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(file_rename_new(AT_FDCWD, "x", AT_FDCWD, "y"), -1);
	assert_int_equal(errno, ENOENT);
	must(file_rename_new(AT_FDCWD, "a", AT_FDCWD, "dir/a"));
	assert_file("dir/a", "a");
	assert_file("b", "b");
	must(file_rename_new(AT_FDCWD, "dir", AT_FDCWD, "moved"));
	assert_file("moved/a", "a");
}

/* ---- Directories and names ---- */

static void test_make_dirs(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	must(file_make_dirs("a/b/c", &err));
	must(file_make_dirs("a/b/c", &err));
	must(file_make_dirs("a//b/d/", &err));
	must(file_make_dirs(".", &err));
	must(file_make_dirs("/", &err));
	assert_true(is_there("a/b/c"));
	assert_true(is_there("a/b/d"));
	must(file_make_parent("p/q/file", &err));
	assert_true(is_there("p/q"));
	assert_false(is_there("p/q/file"));
	must(file_make_parent("file", &err));
	must(file_make_parent("/file", &err));
	put_text_in("f", "");
	assert_int_equal(file_make_dirs("f", &err), ERR_IO);
	assert_err(&err, ERR_IO,
		   "cannot make the directory 'f': Not a directory");
	err_clear(&err);
	assert_int_equal(file_make_dirs("f/g", &err), ERR_IO);
	err_clear(&err);
	must(symlink("a", "link"));
	must(file_make_dirs("link/through", &err));
	assert_true(is_there("a/through"));
}

static void expect_home(const char *path, const char *want)
{
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	must(file_expand_home(path, &out, &err));
	assert_string_equal((char *)out.data, want);
	assert_int_equal(out.len, strlen(want));
	buf_release(&out);
}

static void test_home(void **state)
{
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	must(setenv("HOME", "/home/x", 1));
	expect_home("~", "/home/x");
	expect_home("~/a", "/home/x/a");
	expect_home("~other/a", "~other/a");
	expect_home("a/~", "a/~");
	expect_home("", "");
	must(setenv("HOME", "", 1));
	assert_int_equal(file_expand_home("~/a", &out, &err), ERR_USAGE);
	assert_err(&err, ERR_USAGE, "'~/a': the home directory is not known, "
		   "HOME is not set");
	expect_home("a", "a");
	must(unsetenv("HOME"));
	assert_int_equal(file_expand_home("~", &out, NULL), ERR_USAGE);
	buf_release(&out);
}

static void test_exists(void **state)
{
	(void)state;
	assert_false(file_exists("f"));
	must(symlink("nowhere", "f"));
	assert_true(file_exists("f"));
	assert_true(file_exists("."));
}

static int compare(const char *a, const char *b)
{
	struct err err = ERR_INIT;
	int r = file_same(a, b, &err);

	assert_int_equal(err.code, r < 0 ? r : 0);
	return r;
}

static void test_same(void **state)
{
	(void)state;
	put_text_in("f", "");
	must(mkdir("d", 0777));
	must(symlink("d", "link"));
	assert_int_equal(compare("f", "./d/../f"), 1);
	assert_int_equal(compare("f", "d"), 0);
	assert_int_equal(compare("d/new", "link//new"), 1);
	assert_int_equal(compare("d/new", "link/other"), 0);
	assert_int_equal(compare("d/x/../y", "d/y"), 1);
	assert_int_equal(compare("f/below", "f"), 0);
	assert_int_equal(compare("", "new"), 0);
}

/* "Not the same" would let an output take the place of an input. */
static void test_same_out_of_memory(void **state)
{
	unsigned n = 0;
	int r;

	(void)state;
	do {
		fail_allocation(++n, true);
		r = compare("new", "./new");
		assert_int_equal(r, allocation_failed() ? ERR_NOMEM : 1);
	} while (r != 1);
	assert_in_range(n, 4, 40);
}

static void test_extension(void **state)
{
	static const char *const cases[][2] = {
		{ "a.b/c.bin", ".bin" }, { "a.b/c", "" }, { ".bin", "" },
		{ "x/.bin", "" }, { "a.tar.gz", ".gz" }, { "a.", "." },
		{ "", "" }, { "/", "" }, { "a.bin/", "" }, { "..csv", ".csv" },
		{ "values.CSV", ".CSV" }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(file_extension(cases[i][0]), cases[i][1]);
}

#define in_scratch(test) cmocka_unit_test_setup(test, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(test_read_appends),
		in_scratch(test_read_refuses),
		in_scratch(test_read_a_pipe_to_its_end),
		in_scratch(test_failed_stream_keeps_the_old_length),
		in_scratch(test_aside_until_committed),
		in_scratch(test_aside_aborted),
		in_scratch(test_keep_and_replace),
		in_scratch(test_modes),
		in_scratch(test_planted_temporary_name),
		in_scratch(test_planted_final_name),
		in_scratch(test_write_fails_cleanly),
		in_scratch(test_disk_full),
		in_scratch(test_rename_never_replaces),
		in_scratch(test_make_dirs),
		in_scratch(test_home),
		in_scratch(test_exists),
		in_scratch(test_same),
		in_scratch(test_same_out_of_memory),
		cmocka_unit_test(test_extension),
	};

	return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
