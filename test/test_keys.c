/* SPDX-License-Identifier: Apache-2.0 */
/* test_keys.c - NVS keys: packed, unpacked, derived, loaded and saved. */
#include "unit.h"

#include "nvs_keys.h"

static struct nvs_keys example;

static int clean(void **state)
{
	(void)state;
	empty_scratch();
	memset(example.eky, 0x11, 32);
	memset(example.tky, 0x22, 32);
	return 0;
}

static void test_pack(void **state)
{
	uint8_t p[NVS_KEY_PARTITION_SIZE + 1];

	(void)state;
	memset(p, (int)SENTINEL, sizeof(p));
	nvs_keys_pack(&example, p);
	assert_all(p, 32, 0x11);
	assert_all(p + 32, 32, 0x22);
	assert_hex(p + 64, 4, "2cefcf3c");
	assert_all(p + 68, NVS_KEY_PARTITION_SIZE - 68, 0xFF);
	assert_int_equal(p[NVS_KEY_PARTITION_SIZE], SENTINEL);
}

static void test_unpack(void **state)
{
	uint8_t p[NVS_KEY_PARTITION_SIZE];
	struct err err = ERR_INIT;
	struct nvs_keys keys;

	(void)state;
	nvs_keys_pack(&example, p);
	memset(&keys, 0, sizeof(keys));
	must(nvs_keys_unpack(&keys, p, sizeof(p), &err));
	assert_memory_equal(&keys, &example, sizeof(keys));
	memset(&keys, 0, sizeof(keys));
	must(nvs_keys_unpack(&keys, p, 64, &err));
	assert_memory_equal(&keys, &example, sizeof(keys));
}

static void expect_no_key(const uint8_t *p, size_t len, const char *msg)
{
	struct err err = ERR_INIT;
	struct nvs_keys keys;

	memset(&keys, (int)SENTINEL, sizeof(keys));
	assert_int_equal(nvs_keys_unpack(&keys, p, len, &err), ERR_KEY);
	assert_err(&err, ERR_KEY, msg);
	assert_all((uint8_t *)&keys, sizeof(keys), SENTINEL);
}

static void test_unpack_refuses(void **state)
{
	static const size_t lengths[] = { 0, 1, 32, 63, 65, 4095, 4097 };
	static uint8_t p[NVS_KEY_PARTITION_SIZE + 1];
	char msg[128];

	(void)state;
	nvs_keys_pack(&example, p);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		snprintf(msg, sizeof(msg), "%zu bytes are no NVS key: a key "
			 "partition has 4096 bytes, a bare key 64", lengths[i]);
		expect_no_key(p, lengths[i], msg);
	}
	/* Any bit of the keys or of their CRC */
	for (unsigned bit = 0; bit < 68 * 8; bit++) {
		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		expect_no_key(p, NVS_KEY_PARTITION_SIZE, "the key's CRC-32 does "
			      "not match, the file is damaged or no key "
			      "partition");
		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	memcpy(example.tky, example.eky, 32);
	nvs_keys_pack(&example, p);
	expect_no_key(p, NVS_KEY_PARTITION_SIZE, "data key and tweak key are "
		      "equal, which AES-XTS forbids");
	expect_no_key(p, 64, "data key and tweak key are equal, which AES-XTS "
		      "forbids");
}

/* Expected values by another implementation of HMAC (Python's hmac) */
static void test_derive(void **state)
{
	struct err err = ERR_INIT;
	uint8_t hmac_key[NVS_HMAC_KEY_SIZE];
	struct nvs_keys keys;

	(void)state;
	for (unsigned i = 0; i < 32; i++)
		hmac_key[i] = (uint8_t)i;
	must(nvs_keys_derive(&keys, hmac_key, &err));
	assert_hex(keys.eky, 32, "813a141220ddb819f4d73d59fa3032ab"
		   "9f592cc26a18cf1fde692f712b6a025c");
	assert_hex(keys.tky, 32, "b20ad6b6ddd1658a6e14d1b5b726e423"
		   "56adf4ff2f68fcd8826ac2908408addf");
	memset(hmac_key, 0xFF, sizeof(hmac_key));
	must(nvs_keys_derive(&keys, hmac_key, &err));
	assert_hex(keys.eky, 32, "028296d477ffbf1fa99566e106a3cbf0"
		   "56a2c7b4bfcca5998d32ee4e7afbfe70");
	assert_hex(keys.tky, 32, "e3e9e9003d501a1cb848a708ef4db052"
		   "24a6b67a54826c33527e5511e5965fa4");
}

/* Counts up; fails when told to. */
static int fill_known(void *ctx, uint8_t *p, size_t n, struct err *err)
{
	if (ctx)
		return err_set(err, ERR_CRYPTO, "no randomness left");
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i + 1);
	return 0;
}

static void test_random(void **state)
{
	struct random_source source = { fill_known, NULL };
	struct err err = ERR_INIT;
	struct nvs_keys keys;

	(void)state;
	must(nvs_keys_random(&keys, &source, &err));
	for (unsigned i = 0; i < 32; i++) {
		assert_int_equal(keys.eky[i], i + 1);
		assert_int_equal(keys.tky[i], i + 33);
	}
	source.ctx = &err;
	assert_int_equal(nvs_keys_random(&keys, &source, &err), ERR_CRYPTO);
	assert_err(&err, ERR_CRYPTO, "no randomness left");
}

/* ---- Files ---- */

static void test_saved_and_loaded(void **state)
{
	struct err err = ERR_INIT;
	struct nvs_keys keys;
	uint8_t p[NVS_KEY_PARTITION_SIZE + 1], want[NVS_KEY_PARTITION_SIZE];

	(void)state;
	umask(0);
	must(nvs_keys_save(&example, "k.bin", FILE_KEEP, &err));
	umask(022);
	assert_int_equal(mode_of("k.bin"), 0600);
	assert_int_equal(get_bytes_of("k.bin", p, sizeof(p)), sizeof(want));
	nvs_keys_pack(&example, want);
	assert_memory_equal(p, want, sizeof(want));
	must(nvs_keys_load(&keys, "k.bin", &err));
	assert_memory_equal(&keys, &example, sizeof(keys));

	assert_int_equal(nvs_keys_save(&example, "k.bin", FILE_KEEP, &err),
			 ERR_EXISTS);
	err_clear(&err);
	example.eky[0]++;
	must(nvs_keys_save(&example, "k.bin", FILE_REPLACE, &err));
	must(nvs_keys_load(&keys, "k.bin", &err));
	assert_memory_equal(&keys, &example, sizeof(keys));
	nvs_keys_wipe(&keys);
	assert_all((uint8_t *)&keys, sizeof(keys), 0);
}

static void test_bare_key_file(void **state)
{
	struct err err = ERR_INIT;
	struct nvs_keys keys;

	(void)state;
	put_bytes_in("k.bin", &example, 64);
	must(nvs_keys_load(&keys, "k.bin", &err));
	assert_memory_equal(&keys, &example, sizeof(keys));
}

static void expect_unloaded(const char *path, int code, const char *msg)
{
	struct err err = ERR_INIT;
	struct nvs_keys keys;

	assert_int_equal(nvs_keys_load(&keys, path, &err), code);
	assert_string_equal(err.msg, msg);
}

static void test_load_refuses(void **state)
{
	static uint8_t p[NVS_KEY_PARTITION_SIZE + 1];

	(void)state;
	nvs_keys_pack(&example, p);
	p[0] ^= 1;
	put_bytes_in("damaged.bin", p, NVS_KEY_PARTITION_SIZE);
	put_bytes_in("long.bin", p, sizeof(p));
	put_bytes_in("short.bin", p, 63);
	put_bytes_in("empty.bin", p, 0);
	must(mkdir("dir.bin", 0777));
	expect_unloaded("damaged.bin", ERR_KEY, "key file 'damaged.bin': the "
			"key's CRC-32 does not match, the file is damaged or "
			"no key partition");
	expect_unloaded("short.bin", ERR_KEY, "key file 'short.bin': 63 bytes "
			"are no NVS key: a key partition has 4096 bytes, a bare "
			"key 64");
	expect_unloaded("empty.bin", ERR_KEY, "key file 'empty.bin': 0 bytes "
			"are no NVS key: a key partition has 4096 bytes, a bare "
			"key 64");
	expect_unloaded("long.bin", ERR_KEY, "'long.bin' is longer than the "
			"4096 bytes of a key partition: it is no key file");
	expect_unloaded("none.bin", ERR_IO, "cannot open 'none.bin': No such "
			"file or directory");
	expect_unloaded("dir.bin", ERR_INPUT, "'dir.bin' is a directory, a "
			"file is needed");
}

static void test_hmac_key_file(void **state)
{
	struct err err = ERR_INIT;
	uint8_t key[NVS_HMAC_KEY_SIZE + 1];

	(void)state;
	put_bytes_in("h.bin", &example, 32);
	key[32] = SENTINEL;
	must(nvs_hmac_key_load(key, "h.bin", &err));
	assert_all(key, 32, 0x11);
	assert_int_equal(key[32], SENTINEL);
	put_bytes_in("long.bin", &example, 33);
	assert_int_equal(nvs_hmac_key_load(key, "long.bin", &err), ERR_KEY);
	assert_err(&err, ERR_KEY, "HMAC key file 'long.bin': 33 bytes, an HMAC "
		   "key has 32");
	err_clear(&err);
	put_bytes_in("short.bin", &example, 31);
	assert_int_equal(nvs_hmac_key_load(key, "short.bin", &err), ERR_KEY);
	err_clear(&err);
	assert_int_equal(nvs_hmac_key_load(key, "none.bin", &err), ERR_IO);
}

#define with_files(test) cmocka_unit_test_setup(test, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_files(test_pack),
		with_files(test_unpack),
		with_files(test_unpack_refuses),
		with_files(test_derive),
		with_files(test_random),
		with_files(test_saved_and_loaded),
		with_files(test_bare_key_file),
		with_files(test_load_refuses),
		with_files(test_hmac_key_file),
	};

	return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
