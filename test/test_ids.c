/* SPDX-License-Identifier: Apache-2.0 */
/* test_ids.c - a set of ids with their lines, up to a hundred thousand. */
#include "unit.h"

#include "allocations.h"
#include "ids.h"

#define MANY 100000u

static void test_added_once(void **state)
{
	struct ids set = IDS_INIT;
	uint32_t there = 77;

	(void)state;
	assert_int_equal(ids_find(&set, "a"), 0);
	must(ids_add(&set, "a", 2, &there));
	assert_int_equal(there, 0);
	must(ids_add(&set, "", 3, &there));
	must(ids_add(&set, "A", 4, &there));
	assert_int_equal(there, 0);
	must(ids_add(&set, "a", 9, &there));
	assert_int_equal(there, 2);
	assert_int_equal(ids_find(&set, "a"), 2);
	assert_int_equal(ids_find(&set, "A"), 4);
	assert_int_equal(ids_find(&set, ""), 3);
	assert_int_equal(ids_find(&set, "b"), 0);
	assert_int_equal(set.count, 3);
	ids_release(&set);
	ids_release(&set);
}

/* Each length of text around the padding; all come again, in their order. */
static void test_in_order(void **state)
{
	struct ids set = IDS_INIT;
	char id[40] = "";
	uint32_t there, line;
	const char *found;
	size_t at = 0;
	unsigned n;

	(void)state;
	for (n = 0; n < 39; n++) {
		must(ids_add(&set, id, n + 1, &there));
		memset(id, 'a' + (int)n % 26, n + 1);
		id[n + 1] = '\0';
	}
	id[0] = '\0';
	for (n = 0; n < 39; n++) {
		found = ids_next(&set, &at, &line);
		assert_non_null(found);
		assert_string_equal(found, id);
		assert_int_equal(line, n + 1);
		memset(id, 'a' + (int)n % 26, n + 1);
		id[n + 1] = '\0';
	}
	assert_null(ids_next(&set, &at, &line));
	assert_null(ids_next(&set, &at, &line));
	ids_release(&set);
}

static void test_many(void **state)
{
	struct ids set = IDS_INIT;
	uint32_t there, line;
	const char *found;
	char id[32];
	size_t at = 0;
	unsigned n = 0;

	(void)state;
	for (unsigned i = 1; i <= MANY; i++) {
		snprintf(id, sizeof(id), "AQ7-24-%06u", i);
		must(ids_add(&set, id, i, &there));
		assert_int_equal(there, 0);
	}
	assert_int_equal(set.count, MANY);
	for (unsigned i = 1; i <= MANY; i++) {
		snprintf(id, sizeof(id), "AQ7-24-%06u", i);
		assert_int_equal(ids_find(&set, id), i);
	}
	assert_int_equal(ids_find(&set, "AQ7-24-000000"), 0);
	assert_int_equal(ids_find(&set, "AQ7-24-100001"), 0);
	while ((found = ids_next(&set, &at, &line)))
		assert_int_equal(line, ++n);
	assert_int_equal(n, MANY);
	/* As the header says: the id and about 16 bytes each */
	assert_true(set.texts.len + set.slot_count * sizeof(*set.slots) <
		    MANY * (13 + 18));
	ids_release(&set);
}

static void test_no_memory(void **state)
{
	struct ids set = IDS_INIT;
	uint32_t there;
	char id[16];
	unsigned i, failed = 0;

	(void)state;
	for (i = 0; i < 2000; i++) {
		snprintf(id, sizeof(id), "id%u", i);
		fail_allocation(1, true);
		if (ids_add(&set, id, i + 1, &there)) {
			failed++;
			assert_true(allocation_failed());
			assert_int_equal(ids_find(&set, id), 0);
			must(ids_add(&set, id, i + 1, &there));
		} else {
			assert_false(allocation_failed());
		}
	}
	assert_in_range(failed, 5, 100);
	assert_int_equal(set.count, 2000);
	for (i = 0; i < 2000; i++) {
		snprintf(id, sizeof(id), "id%u", i);
		assert_int_equal(ids_find(&set, id), i + 1);
	}
	ids_release(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_added_once),
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
