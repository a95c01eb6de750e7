/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifying against a manifest, sound, wrong and none at all; and random
 * samples, for which a manifest without rows tells what was looked at.
 */
#include "verify_tree.h"

/* ---- The manifest ---- */

static void refuse_manifest(const char *text, unsigned line)
{
	struct verify_options o = verify_options();
	struct err err;
	int r;

	put_text("m.csv", text);
	o.manifest = "m.csv";
	r = run_verify(o, NULL, &err);
	if (r != ERR_INPUT || err.pos.line != line || told.count)
		fail_msg("line %u, not %u: %s\n%s", err.pos.line, line, err.msg,
			 told.text);
	assert_string_equal(err.pos.file, "m.csv");
}

static void test_manifest_that_is_none(void **state)
{
	struct verify_options o = verify_options();
	struct err err;

	(void)state;
	make_tree(BATCH_PLAIN);
	refuse_manifest("", 1);
	refuse_manifest("\x89PNG\r\n\x1a\n", 1);
	refuse_manifest("id,row,bin\r\n", 1);
	refuse_manifest("key,type,encoding,value\r\n", 1);
	refuse_manifest(HEADER "1,1,bin/P-1.bin\r\n", 2);
	refuse_manifest(HEADER "1,1,bin/P-1.bin," SUM ",csv/P-1.csv,,,\r\n", 2);
	refuse_manifest(HEADER "1,1,bin/P-1.bin,,csv/P-1.csv," SUM ",,\r\n", 2);
	refuse_manifest(HEADER "1,1,bin/P-1.bin," SUM "0,csv/P-1.csv," SUM
			",,\r\n", 2);
	refuse_manifest(HEADER "1,1,bin/P-1.bin," SUM ",csv/P-2.csv," SUM
			",,\r\n", 2);
	refuse_manifest(HEADER "1,1,P-1.bin," SUM ",csv/P-1.csv," SUM
			",,\r\n", 2);
	refuse_manifest(HEADER "1,1,bin/../P-1.bin," SUM ",csv/../P-1.csv," SUM
			",,\r\n", 2);
	refuse_manifest(HEADER "1,1,bin/P-1.bin," SUM ",csv/P-1.csv," SUM
			",keys/keys-P-1.bin,x\r\n", 2);
	refuse_manifest(HEADER "1,1,bin/P-1.bin," SUM ",csv/P-1.csv," SUM
			",,\r\n2,2,bin/P-2.bin," SUM ",csv/P-2.csv," SUM
			",,\r\n3,3,bin/P-1.bin," SUM ",csv/P-1.csv," SUM
			",,\r\n", 4);
	o.manifest = "absent.csv";
	assert_int_equal(run_verify(o, NULL, &err), ERR_IO);
	assert_non_null(strstr(err.msg, "absent.csv"));
}

/* Everywhere the first hex digit of a sum in line n+1 becomes another. */
static void spoil_sum(unsigned n, unsigned column)
{
	size_t len;
	char *text = get_file("out/m.csv", &len), *at = text;

	while (n--)
		at = strchr(at, '\n') + 1;
	while (column--)
		at = strchr(at, ',') + 1;
	*at = *at == '0' ? '1' : '0';
	put_file("m.csv", text, len);
	free(text);
}

static void test_manifest_with_wrong_sums(void **state)
{
	static const char *const whats[] = { "image", "CSV", "key file" };
	char want[100];

	(void)state;
	make_tree(BATCH_HMAC_DRAWN);
	for (unsigned n = 1; n <= DEVICES; n++) {
		for (unsigned what = 0; what < 3; what++) {
			spoil_sum(n, 3 + 2 * what);
			verify_tree_with("m.csv");
			snprintf(want, sizeof(want), "out/bin/P-%u.bin: the %s "
				 "is not the one in the manifest", n,
				 whats[what]);
			assert_told(want, NULL);
		}
	}
}

/* A pair of whole triplets that swapped names: only a manifest can tell. */
static void test_manifest_knows_swapped_devices(void **state)
{
	(void)state;
	make_tree(BATCH_DRAWN);
	swap("out/bin/P-1.bin", "out/bin/P-2.bin");
	swap("out/csv/P-1.csv", "out/csv/P-2.csv");
	swap("out/keys/keys-P-1.bin", "out/keys/keys-P-2.bin");
	verify_tree();
	assert_told(NULL);
	verify_tree_with("out/m.csv");
	assert_told("out/bin/P-1.bin: ", "out/bin/P-2.bin: ", NULL);
}

static void test_manifest_rows(void **state)
{
	struct verify_options o = verify_options();
	struct err err;
	size_t len;
	char *text, *line;

	(void)state;
	make_tree(BATCH_PLAIN);
	text = get_file("out/m.csv", &len);
	line = strstr(text, "\r\n2,") + 2;
	put_file("m.csv", text, (size_t)(line - text));
	verify_tree_with("m.csv");
	assert_told("out/bin/P-2.bin: it is not in the manifest\n",
		    "out/bin/P-3.bin: it is not in the manifest\n",
		    "out/bin/P-4.bin: it is not in the manifest\n", NULL);
	put_file("m.csv", text, len);
	append("m.csv", "5,5,bin/P-5.bin," SUM ",csv/P-5.csv," SUM ",,\r\n"
	       "6,6,bin/Q-6.bin," SUM ",csv/Q-6.csv," SUM ",,\r\n");
	free(text);
	verify_tree_with("m.csv");
	assert_told("out/bin/P-5.bin: it is in the manifest, but missing\n",
		    "out/bin/Q-6.bin: it is in the manifest, but missing\n",
		    NULL);
	o.manifest = "m.csv";
	o.prefix = "Q";
	must(run_verify(o, NULL, &err));
	assert_told("out/bin/Q-6.bin: ", NULL);
	/* A prefix that nothing has is a mistake, not a success. */
	o.prefix = "R";
	assert_int_equal(run_verify(o, NULL, &err), ERR_INPUT);
	assert_non_null(strstr(err.msg, "prefix 'R'"));
}

/* A key file that the manifest has not. */
static void test_manifest_without_the_key(void **state)
{
	size_t len;
	char *text, *line;

	(void)state;
	make_tree(BATCH_DRAWN);
	text = get_file("out/m.csv", &len);
	line = strstr(text, ",keys/");
	put_file("m.csv", text, (size_t)(line - text));
	append("m.csv", ",,");
	append("m.csv", strstr(line, "\r\n"));
	free(text);
	verify_tree_with("m.csv");
	assert_told("out/bin/P-1.bin: the key file is not in the manifest\n",
		    NULL);
}

/* ---- Samples ---- */

static void sample(uint64_t size, uint64_t seed, unsigned jobs)
{
	struct verify_options o = verify_options();
	uint64_t images;
	struct err err;

	o.manifest = "m.csv";
	o.sample = size;
	o.seed = seed;
	o.jobs = jobs;
	must(run_verify(o, &images, &err));
	assert_int_equal(images, size && size < MANY ? size : MANY);
	assert_int_equal(told.count, images);
}

static void test_sample_repeats(void **state)
{
	static char first[sizeof(told.text)];

	(void)state;
	make_many();
	sample(7, 42, 1);
	strcpy(first, told.text);
	sample(7, 42, 4);
	assert_string_equal(told.text, first);
	sample(7, 43, 1);
	assert_string_not_equal(told.text, first);
	sample(7, UINT64_C(1) << 32 | 42, 1);
	assert_string_not_equal(told.text, first);
}

static void test_sample_of_more_than_there_are(void **state)
{
	static const uint64_t sizes[] = { 0, MANY, MANY + 1, 1000000,
					  UINT64_MAX };

	(void)state;
	make_many();
	for (size_t n = 0; n < sizeof(sizes) / sizeof(*sizes); n++)
		sample(sizes[n], n, 1);
	sample(1, 1, 1);
	sample(MANY - 1, 1, 1);
}

/* Each image as often as chance has it, and with each other one. */
static void test_sample_is_uniform(void **state)
{
	enum { SEEDS = 400, SIZE = 5 };
	unsigned seen[MANY + 1] = { 0 }, pairs = 0, both;
	char name[32];

	(void)state;
	make_many();
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		sample(SIZE, seed, 1);
		both = 0;
		for (unsigned n = 1; n <= MANY; n++) {
			snprintf(name, sizeof(name), "bin/P-%u.bin: ", n);
			if (!strstr(told.text, name))
				continue;
			seen[n]++;
			both += n <= 2;
		}
		pairs += both == 2;
	}
	/* 100 expected, standard deviation 8.7; 21 pairs, 4.5 */
	for (unsigned n = 1; n <= MANY; n++)
		assert_in_range(seen[n], 65, 135);
	assert_in_range(pairs, 5, 40);
}

/* Outside the sample a CSV has to be there all the same. */
static void test_sample_sees_missing_csv(void **state)
{
	struct verify_options o = verify_options();
	struct err err;

	(void)state;
	make_many();
	must(unlink("out/csv/P-7.csv"));
	o.sample = 1;
	for (o.seed = 0; o.seed < 20; o.seed++) {
		must(run_verify(o, NULL, &err));
		assert_told("out/bin/P-7.bin: ", NULL);
		assert_mentions("CSV");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manifest_that_is_none),
		cmocka_unit_test(test_manifest_with_wrong_sums),
		cmocka_unit_test(test_manifest_knows_swapped_devices),
		cmocka_unit_test(test_manifest_rows),
		cmocka_unit_test(test_manifest_without_the_key),
		cmocka_unit_test(test_sample_repeats),
		cmocka_unit_test(test_sample_of_more_than_there_are),
		cmocka_unit_test(test_sample_is_uniform),
		cmocka_unit_test(test_sample_sees_missing_csv),
	};

	return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
