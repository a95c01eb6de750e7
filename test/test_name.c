/* SPDX-License-Identifier: Apache-2.0 */
/* test_name.c - what a device's files are called. */
#include "unit.h"

#include "name.h"

static void expect_stem(const struct name_rule *rule, uint64_t row,
			const char *id, const char *want)
{
	struct buf stem = BUF_INIT;
	struct err err = ERR_INIT;

	must(buf_puts(&stem, "left over"));
	must(name_stem(rule, row, id, &stem, &err));
	assert_string_equal((char *)stem.data, want);
	assert_int_equal(stem.len, strlen(want));
	buf_release(&stem);
}

static void test_stem(void **state)
{
	struct name_rule rule = { .prefix = "dev" };

	(void)state;
	expect_stem(&rule, 1, NULL, "dev-1");
	expect_stem(&rule, 12, "SN 7", "dev-SN 7");
	rule.numbered = true;
	rule.first_number = 1;
	expect_stem(&rule, 1, "x", "dev-1-x");
	expect_stem(&rule, 3, NULL, "dev-3-3");
	rule.first_number = 98;
	rule.width = 3;
	expect_stem(&rule, 1, "x", "dev-098-x");
	expect_stem(&rule, 3, "x", "dev-100-x");
	/* A number may outgrow its width. */
	rule.width = 2;
	expect_stem(&rule, 4, "x", "dev-101-x");
	rule.width = 30;
	rule.first_number = UINT64_MAX;
	expect_stem(&rule, 1, "x", "dev-000000000018446744073709551615-x");
}

static void test_longest_name(void **state)
{
	struct name_rule rule = { .prefix = "p" };
	struct buf stem = BUF_INIT, file = BUF_INIT;
	struct err err = ERR_INIT;
	char id[241];

	(void)state;
	memset(id, 'x', sizeof(id));
	id[239] = '\0';
	must(name_stem(&rule, 1, id, &stem, &err));
	must(name_file(&rule, NAME_HMAC_KEY, (char *)stem.data, &file));
	assert_int_equal(file.len, 255);
	id[239] = 'x';
	id[240] = '\0';
	assert_int_equal(name_stem(&rule, 1, id, &stem, &err), ERR_RANGE);
	assert_err(&err, ERR_RANGE, "prefix and id make file names of up to 256 "
		   "bytes, 255 are possible: shorten them");
	buf_release(&stem);
	buf_release(&file);
}

static void expect_file(const struct name_rule *rule, enum name_kind kind,
			const char *want)
{
	struct buf file = BUF_INIT;

	must(name_file(rule, kind, "s", &file));
	assert_string_equal((char *)file.data, want);
	buf_release(&file);
}

static void test_files(void **state)
{
	struct name_rule rule = { .prefix = "p" };

	(void)state;
	expect_file(&rule, NAME_BIN, "s.bin");
	expect_file(&rule, NAME_CSV, "s.csv");
	expect_file(&rule, NAME_KEY, "keys-s.bin");
	expect_file(&rule, NAME_HMAC_KEY, "hmac-keys-s.bin");
	rule.key_name = "mine.bin";
	expect_file(&rule, NAME_KEY, "mine.bin");
	expect_file(&rule, NAME_HMAC_KEY, "hmac-keys-s.bin");
	rule.hmac_key_name = "theirs.bin";
	expect_file(&rule, NAME_HMAC_KEY, "theirs.bin");
	expect_file(&rule, NAME_BIN, "s.bin");
}

/* Keys come first, so that no image is there whose key is not. */
static void test_order_of_publishing(void **state)
{
	(void)state;
	assert_string_equal(name_dirs[0], "keys");
	assert_string_equal(name_dirs[1], "csv");
	assert_string_equal(name_dirs[2], "bin");
	assert_int_equal(name_dir_of[NAME_HMAC_KEY], NAME_DIR_KEYS);
	assert_int_equal(name_dir_of[NAME_KEY], NAME_DIR_KEYS);
	assert_int_equal(name_dir_of[NAME_CSV], NAME_DIR_CSV);
	assert_int_equal(name_dir_of[NAME_BIN], NAME_DIR_BIN);
}

static void expect_refused(const char *part, const char *msg)
{
	struct err err = ERR_INIT;

	assert_int_equal(name_check_part(part, "prefix", &err), ERR_INPUT);
	assert_err(&err, ERR_INPUT, msg);
}

static void test_parts(void **state)
{
	static const char *const good[] = {
		"a", "...", "..a", " ", "caf\xC3\xA9", "-", "~", "*", "a b"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		must(name_check_part(good[i], "id", NULL));
	expect_refused("", "the prefix '' is empty: it becomes part of the file "
		       "names");
	expect_refused(".", "the prefix '.' can't be part of a file name");
	expect_refused("..", "the prefix '..' can't be part of a file name");
	expect_refused("a/b", "the prefix 'a/b' holds a '/', which can't be "
		       "part of a file name");
	expect_refused("../../etc", "the prefix '../../etc' holds a '/', which "
		       "can't be part of a file name");
	expect_refused("a\nb", "the prefix 'a\\x0ab' holds a control character, "
		       "which can't be part of a file name");
	expect_refused("\x7f", "the prefix '\\x7f' holds a control character, "
		       "which can't be part of a file name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stem),
		cmocka_unit_test(test_longest_name),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_order_of_publishing),
		cmocka_unit_test(test_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
