/* SPDX-License-Identifier: Apache-2.0 */
/* test_names.c - namespaces and keys that the firmware can tell apart. */
#include "unit.h"

#include "allocations.h"
#include "nvs_names.h"

static struct nvs_names names;
static struct err err;

static int begin(void **state)
{
	(void)state;
	err = (struct err)ERR_INIT;
	return nvs_names_init(&names, &err);
}

static int end(void **state)
{
	(void)state;
	nvs_names_release(&names);
	return 0;
}

static uint8_t ns(const char *name)
{
	uint8_t index = 0;

	must(nvs_names_namespace(&names, name, &index, NULL, &err));
	return index;
}

static void expect_key_refused(uint8_t index, const char *key, uint8_t chunk,
			       int code, const char *msg)
{
	size_t used = names.count;

	err_clear(&err);
	assert_int_equal(nvs_names_key(&names, index, key, chunk, &err), code);
	assert_err(&err, code, msg);
	assert_int_equal(names.count, used);
	err_clear(&err);
}

static void test_name_lengths(void **state)
{
	(void)state;
	must(nvs_name_check("a", "key", &err));
	must(nvs_name_check("123456789012345", "key", &err));
	assert_int_equal(nvs_name_check("", "key", &err), ERR_RANGE);
	assert_err(&err, ERR_RANGE, "the key's name is empty");
	err_clear(&err);
	assert_int_equal(nvs_name_check("1234567890123456", "namespace", &err),
			 ERR_RANGE);
	assert_err(&err, ERR_RANGE, "namespace '1234567890123456' has 16 bytes, "
		   "NVS has room for 15: shorten it");
	err_clear(&err);
	/* Bytes count, not characters: eight of two each. */
	assert_int_equal(nvs_name_check("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
					"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9",
					"key", &err), ERR_RANGE);
	assert_non_null(strstr(err.msg, "has 16 bytes"));
}

static void test_indexes_count_up(void **state)
{
	uint8_t index = 0;
	bool is_new;

	(void)state;
	assert_false(nvs_names_find(&names, "a", &index));
	must(nvs_names_namespace(&names, "a", &index, &is_new, &err));
	assert_int_equal(index, 1);
	assert_true(is_new);
	assert_int_equal(ns("b"), 2);
	must(nvs_names_namespace(&names, "a", &index, &is_new, &err));
	assert_int_equal(index, 1);
	assert_false(is_new);
	assert_string_equal(nvs_names_ns(&names, 1), "a");
	assert_string_equal(nvs_names_ns(&names, 2), "b");
	assert_true(nvs_names_find(&names, "b", &index));
	assert_int_equal(index, 2);
}

static void test_254_namespaces_and_no_more(void **state)
{
	uint8_t index = 77;
	char name[16];

	(void)state;
	for (unsigned i = 1; i <= 254; i++) {
		snprintf(name, sizeof(name), "ns%u", i);
		assert_int_equal(ns(name), i);
	}
	assert_int_equal(nvs_names_namespace(&names, "late", &index, NULL,
					     &err), ERR_RANGE);
	assert_err(&err, ERR_RANGE, "namespace 'late' is one too many: an NVS "
		   "partition has room for 254");
	assert_int_equal(index, 77);
	err_clear(&err);
	assert_int_equal(ns("ns254"), 254);
	/* Each of them takes keys. */
	must(nvs_names_key(&names, 254, "k", 0xFF, &err));
}

static void test_twice_in_a_namespace(void **state)
{
	(void)state;
	ns("cfg");
	ns("other");
	must(nvs_names_key(&names, 1, "k", 0xFF, &err));
	must(nvs_names_key(&names, 2, "k", 0xFF, &err));
	expect_key_refused(1, "k", 0xFF, ERR_DUPLICATE, "key 'k' in namespace "
			   "'cfg' is there twice: the device would lose one of "
			   "the values");
	must(nvs_names_key(&names, 1, "K", 0xFF, &err));
	must(nvs_names_key(&names, 1, "k", 0, &err));
	must(nvs_names_key(&names, 1, "k", 1, &err));
	expect_key_refused(1, "k", 0, ERR_DUPLICATE, "key 'k' in namespace "
			   "'cfg' is there twice: the device would lose one of "
			   "the values");
}

static void test_equal_lookup_hash(void **state)
{
	uint8_t index = 77;

	(void)state;
	ns("storage");
	must(nvs_names_key(&names, 1, "key_19259", 0xFF, &err));
	expect_key_refused(1, "key_120029", 0xFF, ERR_DUPLICATE,
			   "key 'key_120029' in namespace 'storage' and key "
			   "'key_19259' in namespace 'storage' have the same "
			   "lookup hash 0x48F2A9: the device would lose one of "
			   "them, rename one");
	/* A key against the entry that defines a namespace, both ways round */
	must(nvs_names_key(&names, 1, "k16214465", 0xFF, &err));
	assert_int_equal(nvs_names_namespace(&names, "cfg", &index, NULL,
					     &err), ERR_DUPLICATE);
	assert_err(&err, ERR_DUPLICATE, "namespace 'cfg' and key 'k16214465' "
		   "in namespace 'storage' have the same lookup hash 0x6DB262: "
		   "the device would lose one of them, rename one");
	assert_int_equal(index, 77);
	assert_int_equal(names.ns_count, 1);
	nvs_names_clear(&names);
	err_clear(&err);
	ns("cfg");
	expect_key_refused(1, "k16214465", 0xFF, ERR_DUPLICATE,
			   "key 'k16214465' in namespace 'cfg' and namespace "
			   "'cfg' have the same lookup hash 0x6DB262: the "
			   "device would lose one of them, rename one");
}

/* A blob's chunk and another key: found by trying a hundred million */
static void test_chunk_hash(void **state)
{
	(void)state;
	ns("cfg");
	must(nvs_names_key(&names, 1, "blob", 0xFF, &err));
	must(nvs_names_key(&names, 1, "blob", 0, &err));
	assert_int_equal(nvs_names_key(&names, 1, "k34224527", 0xFF, &err),
			 ERR_DUPLICATE);
}

static void test_impossible_keys(void **state)
{
	(void)state;
	ns("cfg");
	expect_key_refused(1, "", 0xFF, ERR_RANGE, "the key's name is empty");
	expect_key_refused(1, "1234567890123456", 0xFF, ERR_RANGE,
			   "key '1234567890123456' has 16 bytes, NVS has room "
			   "for 15: shorten it");
}

/* Thousands of keys, and after clear the same ones once more */
static void test_grows_and_clears(void **state)
{
	char key[16];

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		unsigned taken = 0;

		nvs_names_clear(&names);
		assert_int_equal(ns("a"), 1);
		for (unsigned i = 0; i < 3000; i++) {
			snprintf(key, sizeof(key), "key_%u", i);
			/* Equal hashes are no mistake of this test. */
			if (!nvs_names_key(&names, 1, key, 0xFF, NULL))
				taken++;
			assert_int_equal(nvs_names_key(&names, 1, key, 0xFF,
						       NULL), ERR_DUPLICATE);
		}
		assert_in_range(taken, 2990, 3000);
		assert_int_equal(names.count, taken + 1);
	}
}

/* The counter of rounds may come around: old names must not rise again. */
static void test_round_wraps(void **state)
{
	(void)state;
	nvs_names_clear(&names); /* round 2 */
	ns("a");
	must(nvs_names_key(&names, 1, "old", 0xFF, &err));
	names.round = UINT32_MAX;
	nvs_names_clear(&names);
	nvs_names_clear(&names);
	ns("a");
	must(nvs_names_key(&names, 1, "old", 0xFF, &err));
}

static void test_no_memory(void **state)
{
	struct nvs_names other;
	char key[16];
	unsigned i = 0;
	int r = 0;

	(void)state;
	ns("a");
	fail_allocation(1, true);
	while (!r && i < 100) {
		snprintf(key, sizeof(key), "key%u", i++);
		r = nvs_names_key(&names, 1, key, 0xFF, &err);
	}
	assert_int_equal(nvs_names_init(&other, NULL), ERR_NOMEM);
	assert_true(allocation_failed());
	assert_int_equal(r, ERR_NOMEM);
	assert_err(&err, ERR_NOMEM, "out of memory");
	/* What failed left no trace and can be done again. */
	err_clear(&err);
	must(nvs_names_key(&names, 1, key, 0xFF, &err));
	assert_int_equal(names.count, i + 1);
}

#define fresh(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		fresh(test_name_lengths),
		fresh(test_indexes_count_up),
		fresh(test_254_namespaces_and_no_more),
		fresh(test_twice_in_a_namespace),
		fresh(test_equal_lookup_hash),
		fresh(test_chunk_hash),
		fresh(test_impossible_keys),
		fresh(test_grows_and_clears),
		fresh(test_round_wraps),
		fresh(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
