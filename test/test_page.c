/* SPDX-License-Identifier: Apache-2.0 */
/* test_page.c - page headers and the bitmap of entry states. */
#include "unit.h"

#include "page.h"

static uint8_t page[NVS_PAGE_SIZE + 1];

static int erase(void **state)
{
	(void)state;
	memset(page, 0xFF, sizeof(page));
	page[NVS_PAGE_SIZE] = SENTINEL;
	return 0;
}

static void test_open(void **state)
{
	(void)state;
	nvs_page_open(page, 0, 2);
	assert_hex(page, 32, "feffffff 00000000 fe ffffffffffffffffffffffff"
		   "ffffffffffffff 842dbab9");
	assert_all(page + 32, NVS_PAGE_SIZE - 32, 0xFF);
	nvs_page_open(page, 1, 2);
	assert_hex(page, 32, "feffffff 01000000 fe ffffffffffffffffffffffff"
		   "ffffffffffffff a3489f38");
	nvs_page_open(page, 0, 1);
	assert_hex(page, 32, "feffffff 00000000 ff ffffffffffffffffffffffff"
		   "ffffffffffffff c216dddc");
	assert_int_equal(page[NVS_PAGE_SIZE], SENTINEL);
}

/* The state is no part of what the header's CRC covers. */
static void test_fill(void **state)
{
	(void)state;
	nvs_page_open(page, 0, 2);
	nvs_page_fill(page);
	assert_hex(page, 32, "fcffffff 00000000 fe ffffffffffffffffffffffff"
		   "ffffffffffffff 842dbab9");
	assert_int_equal(nvs_header_crc(page), 0xB9BA2D84);
}

static void test_mark(void **state)
{
	(void)state;
	nvs_page_mark(page, 0, 3);
	assert_hex(page + 32, 2, "ea ff");
	nvs_page_mark(page, 3, 2);
	assert_hex(page + 32, 3, "aa fe ff");
	nvs_page_mark(page, 125, 1);
	assert_hex(page + 62, 2, "ff fb");
	nvs_page_mark(page, 5, 120);
	/* The last four bits belong to no entry and stay as they are. */
	assert_all(page + 32, 31, 0xAA);
	assert_int_equal(page[63], 0xFA);
	assert_all(page, 32, 0xFF);
	assert_all(page + 64, NVS_PAGE_SIZE - 64, 0xFF);
	nvs_page_mark(page, 0, 0);
	assert_int_equal(page[32], 0xAA);
}

static void test_states_are_read_back(void **state)
{
	(void)state;
	for (unsigned n = 0; n < NVS_PAGE_ENTRIES; n++) {
		erase(NULL);
		nvs_page_mark(page, n, 1);
		for (unsigned i = 0; i < NVS_PAGE_ENTRIES; i++)
			assert_int_equal(nvs_entry_state(page, i),
					 i == n ? NVS_ENTRY_WRITTEN :
						  NVS_ENTRY_EMPTY);
	}
	assert_ptr_equal(nvs_entry_at(page, 0), page + 64);
	assert_ptr_equal(nvs_entry_at(page, 125), page + 4064);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_open, erase),
		cmocka_unit_test_setup(test_fill, erase),
		cmocka_unit_test_setup(test_mark, erase),
		cmocka_unit_test_setup(test_states_are_read_back, erase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
