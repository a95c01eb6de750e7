/* SPDX-License-Identifier: Apache-2.0 */
/* test_entry.c - 32-byte entries, their CRC and their lookup hash. */
#include "unit.h"

#include "entry.h"

static void test_crc(void **state)
{
	uint8_t header[NVS_PAGE_BITMAP];

	(void)state;
	assert_int_equal(nvs_crc32("123456789", 9), 0xD202D277);
	assert_int_equal(nvs_crc32("", 0), 0xFFFFFFFF);
	for (size_t cut = 0; cut <= 9; cut++)
		assert_int_equal(nvs_crc32_more(nvs_crc32("123456789", cut),
						&"123456789"[cut], 9 - cut),
				 0xD202D277);
	/* Of a page's header only bytes 4 to 27 count. */
	unhex("00000000 00000000 fe ffffffff ffffffff ffffffff ffffffff ffffff"
	      "deadbeef", header, sizeof(header));
	assert_int_equal(nvs_header_crc(header), 0xB9BA2D84);
	header[27] ^= 1;
	assert_int_not_equal(nvs_header_crc(header), 0xB9BA2D84);
}

/* A buf that holds nothing has no bytes to point to. */
static void test_crc_of_nothing_at_null(void **state)
{
	(void)state;
	assert_int_equal(nvs_crc32(NULL, 0), 0xFFFFFFFF);
	assert_int_equal(nvs_crc32_more(0x12345678, NULL, 0), 0x12345678);
}

static void seal(uint8_t *p)
{
	struct nvs_seal none = { 0 };

	nvs_entry_seal(p, &none);
}

/* Entry 0 of the format's worked example: the namespace "factory" */
static void test_integer(void **state)
{
	struct nvs_entry e = { 0, NVS_U8, 1, NVS_CHUNK_NONE, "factory" };
	uint8_t p[NVS_ENTRY_SIZE + 2];

	(void)state;
	memset(p, (int)SENTINEL, sizeof(p));
	nvs_entry_start(p + 1, &e);
	/* All but the CRC is written. */
	assert_hex(p, sizeof(p), "a5 00 01 01 ff a5a5a5a5"
		   "666163746f727900 0000000000000000 ffffffffffffffff a5");
	p[1 + NVS_ENTRY_DATA] = 1;
	seal(p + 1);
	assert_hex(p, sizeof(p), "a5 00 01 01 ff 4488f01f"
		   "666163746f727900 0000000000000000 01ffffffffffffff a5");
	assert_int_equal(nvs_entry_crc(p + 1), 0x1FF08844);
}

/* Entries 1 and 2 of the worked example: serial_no = "SN-0001" */
static void test_string(void **state)
{
	struct nvs_entry e = { 1, NVS_STRING, 2, NVS_CHUNK_NONE, "serial_no" };
	uint8_t p[NVS_ENTRY_SIZE + 1];

	(void)state;
	memset(p, (int)SENTINEL, sizeof(p));
	nvs_entry_start(p, &e);
	nvs_entry_put_length(p, (const uint8_t *)"SN-0001", 8);
	seal(p);
	assert_hex(p, sizeof(p), "01 21 02 ff 13ff2ae6"
		   "73657269616c5f6e 6f00000000000000 0800 ffff 13b16c38 a5");
}

/*
 * What is known of an earlier entry helps with one that begins the same, and
 * does no harm to one that differs in any byte of header, key or data.
 */
static void test_seal_known(void **state)
{
	struct nvs_entry e = { 1, NVS_U32, 1, NVS_CHUNK_NONE, "serial_no" };
	struct nvs_seal known = { 0 };
	uint8_t p[NVS_ENTRY_SIZE];

	(void)state;
	nvs_entry_start(p, &e);
	for (unsigned round = 0; round < 3; round++)
		for (unsigned at = 0; at < NVS_ENTRY_SIZE; at++) {
			nvs_entry_seal(p, &known);
			assert_int_equal(le_get32(p + NVS_ENTRY_CRC),
					 nvs_entry_crc(p));
			if (round)
				p[at] ^= (uint8_t)(at + round);
		}
}

/* A key of 15 bytes leaves its NUL, one of no bytes leaves sixteen. */
static void test_key_is_padded(void **state)
{
	struct nvs_entry e = { 254, NVS_BLOB_CHUNK, 126, 127,
			       "123456789012345" };
	uint8_t p[NVS_ENTRY_SIZE];

	(void)state;
	memset(p, 0, sizeof(p));
	nvs_entry_start(p, &e);
	assert_hex(p, sizeof(p), "fe 42 7e 7f 00000000"
		   "31323334353637383930313233343500 ffffffffffffffff");
	e.key = "";
	nvs_entry_start(p, &e);
	assert_all(p + NVS_ENTRY_KEY, NVS_KEY_SIZE, 0);
}

/* Pairs that the firmware can't tell apart */
static void test_hash(void **state)
{
	(void)state;
	assert_int_equal(nvs_entry_hash(1, "key_19259", 0xFF), 0x48F2A9);
	assert_int_equal(nvs_entry_hash(1, "key_120029", 0xFF), 0x48F2A9);
	assert_int_equal(nvs_entry_hash(1, "k16214465", 0xFF), 0x6DB262);
	assert_int_equal(nvs_entry_hash(0, "cfg", 0xFF), 0x6DB262);
	/* Namespace and chunk count too. */
	assert_int_not_equal(nvs_entry_hash(2, "key_19259", 0xFF), 0x48F2A9);
	assert_int_not_equal(nvs_entry_hash(1, "key_19259", 0), 0x48F2A9);
}

static void test_little_endian(void **state)
{
	uint8_t p[10];

	(void)state;
	memset(p, (int)SENTINEL, sizeof(p));
	le_put16(p + 1, 0xFE01);
	assert_hex(p, sizeof(p), "a5 01fe a5a5a5a5a5a5a5");
	assert_int_equal(le_get16(p + 1), 0xFE01);
	le_put32(p + 1, 0xFEDCBA98);
	assert_hex(p, sizeof(p), "a5 98badcfe a5a5a5a5a5");
	assert_int_equal(le_get32(p + 1), 0xFEDCBA98);
	le_put64(p + 1, UINT64_C(0xFEDCBA9876543210));
	assert_hex(p, sizeof(p), "a5 1032547698badcfe a5");
	assert_true(le_get64(p + 1) == UINT64_C(0xFEDCBA9876543210));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc),
		cmocka_unit_test(test_crc_of_nothing_at_null),
		cmocka_unit_test(test_integer),
		cmocka_unit_test(test_string),
		cmocka_unit_test(test_seal_known),
		cmocka_unit_test(test_key_is_padded),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_little_endian),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
