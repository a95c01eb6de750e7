/* SPDX-License-Identifier: Apache-2.0 */
/* test_stage.c - the partial directory: made, left, resumed, published. */
#include "unit.h"

#include <fcntl.h>

#include "allocations.h"
#include "stage.h"
#include "stage_files.h"

#define PARTIAL "out/.mfg_gen-dev.partial"

static const uint8_t print_a[STAGE_FINGERPRINT_SIZE] = { 0xAA, 1 };
static const uint8_t print_b[STAGE_FINGERPRINT_SIZE] = { 0xBB, 2 };
static struct stage stage;
static struct err err;

static int begin(void **state)
{
	(void)state;
	empty_scratch();
	umask(022);
	err = (struct err)ERR_INIT;
	must(stage_init(&stage, "out", "dev", 0, 0, &err));
	return 0;
}

static int end(void **state)
{
	(void)state;
	stage_release(&stage);
	return 0;
}

/* Let go as a run that dies does, and come again. */
static void come_again(void)
{
	stage_release(&stage);
	err_clear(&err);
	must(stage_init(&stage, "out", "dev", 0, 0, &err));
	must(stage_look(&stage, &err));
}

static int open_it(enum batch_start start, const uint8_t *print)
{
	return stage_open(&stage, start, print, &err);
}

static void write_it(enum name_dir dir, const char *file, const char *text)
{
	must(stage_write(&stage, dir, file, text, strlen(text), 0666, false,
			 &err));
}

/* A stage with a file in each of its directories */
static void make_some(void)
{
	must(stage_look(&stage, &err));
	must(open_it(BATCH_NEW, print_a));
	must(stage_write(&stage, NAME_DIR_KEYS, "k", "key", 3, 0600, false,
			 &err));
	write_it(NAME_DIR_CSV, "c", "csv");
	write_it(NAME_DIR_BIN, "b", "bin");
}

static void test_paths(void **state)
{
	struct stage s;

	(void)state;
	assert_string_equal(stage.outdir, "out");
	assert_string_equal(stage.partial, PARTIAL);
	assert_string_equal(stage.name, ".mfg_gen-dev.partial");
	must(stage_init(&s, "", "p", 2, 5, &err));
	assert_string_equal(s.partial, "./.mfg_gen-p.shard-2-5.partial");
	stage_release(&s);
	must(setenv("HOME", "/home/x", 1));
	must(stage_init(&s, "~/o", "p", 0, 0, &err));
	assert_string_equal(s.partial, "/home/x/o/.mfg_gen-p.partial");
	stage_release(&s);
	must(unsetenv("HOME"));
	assert_int_equal(stage_init(&s, "~/o", "p", 0, 0, &err), ERR_USAGE);
	stage_release(&s);
	assert_false(is_there("out"));
}

static enum stage_found compare(bool target, const char *file, const void *p,
				size_t n)
{
	enum stage_found found;

	must(stage_compare(&stage, target, NAME_DIR_BIN, file, p, n, &found,
			   &err));
	return found;
}

static enum stage_earlier earlier(void)
{
	enum stage_earlier found;

	must(stage_earlier(&stage, &found, &err));
	return found;
}

static void test_looking_touches_nothing(void **state)
{
	(void)state;
	must(stage_look(&stage, &err));
	assert_int_equal(earlier(), STAGE_NONE);
	assert_false(stage_target_exists(&stage, NAME_DIR_BIN, "b"));
	assert_false(is_there("out"));
	must(mkdir("out", 0777));
	must(mkdir("out/bin", 0777));
	put_text_in("out/bin/b", "x");
	must(symlink("nowhere", "out/bin/link"));
	come_again();
	assert_true(stage_target_exists(&stage, NAME_DIR_BIN, "b"));
	assert_true(stage_target_exists(&stage, NAME_DIR_BIN, "link"));
	assert_false(stage_target_exists(&stage, NAME_DIR_BIN, "c"));
	assert_false(stage_target_exists(&stage, NAME_DIR_CSV, "b"));
}

static void test_looking_at_a_file(void **state)
{
	(void)state;
	put_text_in("out", "");
	assert_int_equal(stage_look(&stage, &err), ERR_IO);
	assert_err(&err, ERR_IO, "cannot open the directory 'out': Not a "
		   "directory");
	must(unlink("out"));
	must(mkdir("out", 0777));
	put_text_in("out/bin", "");
	stage_release(&stage);
	err_clear(&err);
	must(stage_init(&stage, "out", "dev", 0, 0, &err));
	assert_int_equal(stage_look(&stage, &err), ERR_IO);
	assert_err(&err, ERR_IO, "in 'out': cannot open the directory 'bin': "
		   "Not a directory");
}

/* ---- From nothing to published ---- */

static void test_published_where_nothing_was(void **state)
{
	(void)state;
	make_some();
	assert_false(stage.resumed);
	assert_file(PARTIAL "/bin/b", "bin");
	assert_false(is_there("out/bin"));
	assert_false(is_there("out/keys"));
	must(stage_publish(&stage, false, &err));
	must(stage_remove(&stage, &err));
	assert_file("out/keys/k", "key");
	assert_file("out/csv/c", "csv");
	assert_file("out/bin/b", "bin");
	assert_int_equal(mode_of("out/keys/k"), 0600);
	assert_int_equal(mode_of("out/bin/b"), 0644);
	assert_false(is_there(PARTIAL));
}

static void test_directories_of_nothing_are_not_published(void **state)
{
	(void)state;
	must(stage_look(&stage, &err));
	must(open_it(BATCH_NEW, print_a));
	write_it(NAME_DIR_BIN, "b", "bin");
	must(stage_publish(&stage, false, &err));
	must(stage_remove(&stage, &err));
	assert_true(is_there("out/bin/b"));
	assert_false(is_there("out/keys"));
	assert_false(is_there("out/csv"));
}

static void test_published_beside_others(void **state)
{
	(void)state;
	must(mkdir("out", 0777));
	must(mkdir("out/bin", 0777));
	put_text_in("out/bin/other", "other");
	make_some();
	must(stage_publish(&stage, false, &err));
	must(stage_remove(&stage, &err));
	assert_file("out/bin/other", "other");
	assert_file("out/bin/b", "bin");
	assert_file("out/csv/c", "csv");
}

/* Never over a file that has come in between, not even a dangling link */
static void expect_left_alone(const char *text)
{
	assert_int_equal(stage_publish(&stage, false, &err), ERR_EXISTS);
	assert_err(&err, ERR_EXISTS, "'out/bin/b' has appeared while the batch "
		   "was made and is left as it is: move it away and complete "
		   "the batch with --resume");
	if (text)
		assert_file("out/bin/b", text);
	else
		assert_true(readlink("out/bin/b", (char[16]){ 0 }, 16) > 0);
	assert_file(PARTIAL "/bin/b", "bin");
	assert_false(is_there("victim"));
}

static void test_never_over_a_file(void **state)
{
	(void)state;
	must(mkdir("out", 0777));
	must(mkdir("out/bin", 0777));
	make_some();
	put_text_in("out/bin/b", "theirs");
	expect_left_alone("theirs");
	/* Moved away, the rest is published. */
	must(unlink("out/bin/b"));
	come_again();
	must(open_it(BATCH_RESUME, print_a));
	assert_true(stage.resumed);
	assert_true(stage.publishing);
	must(stage_publish(&stage, false, &err));
	must(stage_remove(&stage, &err));
	assert_file("out/bin/b", "bin");
	assert_file("out/keys/k", "key");
}

static void test_never_over_a_link(void **state)
{
	(void)state;
	must(mkdir("out", 0777));
	must(mkdir("out/bin", 0777));
	make_some();
	must(symlink("../../victim", "out/bin/b"));
	expect_left_alone(NULL);
}

/* A directory that another shard has made in between is used. */
static void test_directory_appears(void **state)
{
	(void)state;
	make_some();
	must(mkdir("out/bin", 0777));
	put_text_in("out/bin/other", "other");
	must(stage_publish(&stage, false, &err));
	must(stage_remove(&stage, &err));
	assert_file("out/bin/other", "other");
	assert_file("out/bin/b", "bin");
}

static void test_overwrite(void **state)
{
	(void)state;
	must(mkdir("out", 0777));
	must(mkdir("out/bin", 0777));
	must(mkdir("out/csv", 0777));
	put_text_in("out/bin/b", "old");
	put_text_in("victim", "safe");
	must(symlink("../../victim", "out/csv/c"));
	make_some();
	assert_file("out/bin/b", "old");
	must(stage_publish(&stage, true, &err));
	must(stage_remove(&stage, &err));
	assert_file("out/bin/b", "bin");
	/* The link goes, not what it points to. */
	assert_file("out/csv/c", "csv");
	assert_file("victim", "safe");
}

/* ---- Left behind ---- */

static void test_left_behind(void **state)
{
	(void)state;
	make_some();
	come_again();
	assert_int_equal(earlier(), STAGE_STOPPED);
	assert_int_equal(open_it(BATCH_NEW, print_a), ERR_EXISTS);
	assert_err(&err, ERR_EXISTS, "an earlier run was stopped and left '"
		   PARTIAL "': complete it with --resume, or begin again with "
		   "--restart");
	assert_file(PARTIAL "/bin/b", "bin");
}

/* It would be taken for none, and what is there be thrown away. */
static void test_unreadable_fingerprint(void **state)
{
	unsigned n = 0;
	int r;

	(void)state;
	make_some();
	do {
		come_again();
		fail_allocation(++n, true);
		r = open_it(BATCH_RESUME, print_a);
		assert_int_equal(r, allocation_failed() ? ERR_NOMEM : 0);
		assert_file(PARTIAL "/keys/k", "key");
	} while (r);
	assert_true(stage.resumed);
	assert_in_range(n, 2, 40);
}

static void test_resumed(void **state)
{
	(void)state;
	make_some();
	come_again();
	must(open_it(BATCH_RESUME, print_a));
	assert_true(stage.resumed);
	assert_false(stage.publishing);
	assert_file(PARTIAL "/bin/b", "bin");
	write_it(NAME_DIR_BIN, "b2", "more");
	must(stage_publish(&stage, false, &err));
	must(stage_remove(&stage, &err));
	assert_file("out/bin/b", "bin");
	assert_file("out/bin/b2", "more");
}

static void test_resume_of_nothing(void **state)
{
	(void)state;
	must(stage_look(&stage, &err));
	must(open_it(BATCH_RESUME, print_a));
	assert_false(stage.resumed);
}

static void test_another_fingerprint(void **state)
{
	(void)state;
	make_some();
	come_again();
	assert_int_equal(open_it(BATCH_RESUME, print_b), ERR_EXISTS);
	assert_err(&err, ERR_EXISTS, "'" PARTIAL "' was left by a run with "
		   "another configuration, values table or options, so it can't "
		   "be resumed: give what it was started with, or begin again "
		   "with --restart");
	assert_file(PARTIAL "/bin/b", "bin");
	/* It keeps the one it was made with. */
	come_again();
	must(open_it(BATCH_RESUME, print_a));
}

static void test_restarted(void **state)
{
	(void)state;
	make_some();
	come_again();
	must(open_it(BATCH_RESTART, print_b));
	assert_false(stage.resumed);
	assert_false(is_there(PARTIAL "/bin/b"));
	write_it(NAME_DIR_BIN, "n", "new");
	come_again();
	must(open_it(BATCH_RESUME, print_b));
	must(stage_publish(&stage, false, &err));
	must(stage_remove(&stage, &err));
	assert_file("out/bin/n", "new");
	assert_false(is_there("out/bin/b"));
}

/* Killed before its fingerprint was whole: nothing is lost by going on. */
static void test_died_at_once(void **state)
{
	static const char *const found[] = { "", "aa01", "no hex digits\n" };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		must(system("mkdir -p " PARTIAL));
		put_text_in(PARTIAL "/fingerprint", found[i]);
		come_again();
		assert_int_equal(earlier(), STAGE_NONE);
		must(open_it(BATCH_NEW, print_a));
		come_again();
		assert_int_equal(earlier(), STAGE_STOPPED);
		must(open_it(BATCH_RESUME, print_a));
		must(stage_remove(&stage, &err));
	}
}

static void test_another_run_at_work(void **state)
{
	struct stage other;

	(void)state;
	make_some();
	must(stage_init(&other, "out", "dev", 0, 0, &err));
	must(stage_look(&other, &err));
	assert_int_equal(stage_open(&other, BATCH_RESUME, print_a, &err),
			 ERR_EXISTS);
	assert_err(&err, ERR_EXISTS, "another run is at work in '" PARTIAL
		   "': wait for it to end");
	err_clear(&err);
	stage_release(&other);
	must(stage_init(&other, "out", "dev", 0, 0, &err));
	assert_int_equal(stage_open(&other, BATCH_RESTART, print_a, &err),
			 ERR_EXISTS);
	stage_release(&other);
	assert_file(PARTIAL "/bin/b", "bin");
}

/* ---- Planted links ---- */

static void test_planted_partial_directory(void **state)
{
	(void)state;
	must(mkdir("out", 0777));
	must(mkdir("elsewhere", 0777));
	put_text_in("elsewhere/precious", "safe");
	must(symlink("../elsewhere", PARTIAL));
	must(stage_look(&stage, &err));
	assert_int_equal(earlier(), STAGE_NONE);
	assert_true(open_it(BATCH_NEW, print_a) < 0);
	come_again();
	assert_true(open_it(BATCH_RESUME, print_a) < 0);
	come_again();
	assert_true(open_it(BATCH_RESTART, print_a) < 0);
	assert_file("elsewhere/precious", "safe");
	assert_false(is_there("elsewhere/fingerprint"));
	assert_false(is_there("elsewhere/bin"));
}

static void test_planted_parts(void **state)
{
	(void)state;
	must(system("mkdir -p " PARTIAL " elsewhere"));
	must(symlink("../../elsewhere", PARTIAL "/keys"));
	must(stage_look(&stage, &err));
	/* Without a fingerprint it is nobody's: the link makes room. */
	must(open_it(BATCH_NEW, print_a));
	must(stage_write(&stage, NAME_DIR_KEYS, "k", "key", 3, 0600, false,
			 &err));
	assert_file(PARTIAL "/keys/k", "key");
	assert_false(is_there("elsewhere/k"));
	must(unlink(PARTIAL "/fingerprint"));
	put_text_in("victim", "safe");
	must(symlink("../../victim", PARTIAL "/fingerprint"));
	come_again();
	assert_true(open_it(BATCH_NEW, print_a) < 0);
	assert_file("victim", "safe");
}

static void test_planted_files(void **state)
{
	int fd;

	(void)state;
	must(stage_look(&stage, &err));
	must(open_it(BATCH_NEW, print_a));
	put_text_in("victim", "safe");
	must(symlink("../../../victim", PARTIAL "/bin/b"));
	must(symlink("../../victim", PARTIAL "/manifest"));
	assert_int_equal(stage_write(&stage, NAME_DIR_BIN, "b", "bad", 3, 0666,
				     false, &err), ERR_EXISTS);
	err_clear(&err);
	assert_int_equal(compare(false, "b", "safe", 4), STAGE_ABSENT);
	must(stage_write(&stage, NAME_DIR_BIN, "b", "good", 4, 0666, true,
			 &err));
	assert_file(PARTIAL "/bin/b", "good");
	fd = stage_open_own(&stage, "manifest", 0666, &err);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "m", 1), 1);
	close(fd);
	assert_file(PARTIAL "/manifest", "m");
	assert_file("victim", "safe");
}

/* Removing goes into no link either. */
static void test_removed_links(void **state)
{
	(void)state;
	make_some();
	must(mkdir("elsewhere", 0777));
	put_text_in("elsewhere/precious", "safe");
	must(symlink("../../elsewhere", PARTIAL "/link"));
	must(symlink("../../../elsewhere", PARTIAL "/bin/link"));
	come_again();
	must(open_it(BATCH_RESTART, print_a));
	assert_false(is_there(PARTIAL "/link"));
	assert_false(is_there(PARTIAL "/bin/link"));
	assert_file("elsewhere/precious", "safe");
}

/* ---- Comparing and reading ---- */

static void test_compare_and_read(void **state)
{
	static uint8_t big[10000], other[10000];
	uint8_t found[4];

	(void)state;
	must(mkdir("out", 0777));
	must(mkdir("out/bin", 0777));
	put_text_in("out/bin/t", "target");
	must(mkdir("out/bin/dir", 0777));
	must(symlink("t", "out/bin/link"));
	make_some();
	must(stage_write(&stage, NAME_DIR_BIN, "big", big, sizeof(big), 0666,
			 false, &err));
#define staged(file, p, n) \
	compare(false, file, p, n)
#define target(file, p, n) \
	compare(true, file, p, n)
	assert_int_equal(staged("b", "bin", 3), STAGE_EQUAL);
	assert_int_equal(staged("b", "bim", 3), STAGE_DIFFERENT);
	assert_int_equal(staged("b", "bi", 2), STAGE_DIFFERENT);
	assert_int_equal(staged("b", "bin\0", 4), STAGE_DIFFERENT);
	assert_int_equal(staged("none", "", 0), STAGE_ABSENT);
	assert_int_equal(staged("big", big, sizeof(big)), STAGE_EQUAL);
	other[sizeof(other) - 1] = 1;
	assert_int_equal(staged("big", other, sizeof(big)), STAGE_DIFFERENT);
	assert_int_equal(target("t", "target", 6), STAGE_EQUAL);
	assert_int_equal(target("b", "bin", 3), STAGE_ABSENT);
	assert_int_equal(target("dir", "", 0), STAGE_DIFFERENT);
	assert_int_equal(target("link", "target", 6), STAGE_DIFFERENT);
	memset(found, (int)SENTINEL, sizeof(found));
	assert_int_equal(stage_read(&stage, false, NAME_DIR_BIN, "b", found, 3, NULL), 1);
	assert_hex(found, 4, "62696e a5");
	assert_int_equal(stage_read(&stage, false, NAME_DIR_BIN, "b", found, 2, NULL), 0);
	assert_int_equal(stage_read(&stage, false, NAME_DIR_BIN, "b", found, 4, NULL), 0);
	assert_int_equal(stage_read(&stage, false, NAME_DIR_CSV, "b", found, 3, NULL), 0);
	assert_int_equal(stage_read(&stage, true, NAME_DIR_BIN, "link", big, 6, NULL), 0);
	assert_int_equal(stage_read(&stage, true, NAME_DIR_BIN, "t", big, 6, NULL), 1);
}

static void test_write_once(void **state)
{
	(void)state;
	make_some();
	assert_int_equal(stage_write(&stage, NAME_DIR_BIN, "b", "x", 1, 0666,
				     false, &err), ERR_EXISTS);
	assert_err(&err, ERR_EXISTS, "'b' is there already, made for another "
		   "device: the file system of 'out' takes both names for one; "
		   "let the ids differ in more than capital and small letters, "
		   "or choose an --outdir elsewhere");
	assert_file(PARTIAL "/bin/b", "bin");
	err_clear(&err);
	must(stage_write(&stage, NAME_DIR_BIN, "b", "x", 1, 0600, true, &err));
	assert_file(PARTIAL "/bin/b", "x");
	assert_int_equal(mode_of(PARTIAL "/bin/b"), 0600);
}

static void test_count(void **state)
{
	(void)state;
	make_some();
	must(stage_check_count(&stage, NAME_DIR_BIN, 1, &err));
	assert_int_equal(stage_check_count(&stage, NAME_DIR_BIN, 2, &err),
			 ERR_EXISTS);
	assert_err(&err, ERR_EXISTS, "'" PARTIAL "/bin' has 1 files for 2 "
		   "devices: the file system takes two names for one; let the "
		   "ids differ in more than capital and small letters, or "
		   "choose an --outdir elsewhere");
}

#define fresh(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		fresh(test_paths),
		fresh(test_looking_touches_nothing),
		fresh(test_looking_at_a_file),
		fresh(test_published_where_nothing_was),
		fresh(test_directories_of_nothing_are_not_published),
		fresh(test_published_beside_others),
		fresh(test_never_over_a_file),
		fresh(test_never_over_a_link),
		fresh(test_directory_appears),
		fresh(test_overwrite),
		fresh(test_left_behind),
		fresh(test_unreadable_fingerprint),
		fresh(test_resumed),
		fresh(test_resume_of_nothing),
		fresh(test_another_fingerprint),
		fresh(test_restarted),
		fresh(test_died_at_once),
		fresh(test_another_run_at_work),
		fresh(test_planted_partial_directory),
		fresh(test_planted_parts),
		fresh(test_planted_files),
		fresh(test_removed_links),
		fresh(test_compare_and_read),
		fresh(test_write_once),
		fresh(test_count),
	};

	return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
