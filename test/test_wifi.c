/* SPDX-License-Identifier: Apache-2.0 */
/* test_wifi.c - the blobs that go with Wi-Fi settings, and their place. */
#include "unit.h"

#include "nvs_wifi.h"
#include "nvs_writer.h"

static uint8_t image[0x3000];
static struct nvs_writer writer;
static struct nvs_wifi wifi;
static struct err err;

static int begin(void **state)
{
	(void)state;
	err = (struct err)ERR_INIT;
	wifi = (struct nvs_wifi)NVS_WIFI_INIT;
	must(nvs_writer_init(&writer, sizeof(image), 2, &err));
	nvs_wifi_start(&wifi);
	nvs_writer_start(&writer, image);
	return 0;
}

static int end(void **state)
{
	(void)state;
	nvs_wifi_release(&wifi);
	nvs_writer_release(&writer);
	return 0;
}

static void open_namespace(const char *name)
{
	nvs_wifi_namespace(&wifi, name);
	must(nvs_writer_namespace(&writer, name, &err));
}

static int add(const struct nvs_item *item, const uint8_t *plain, size_t len)
{
	struct nvs_item_sink into = nvs_writer_sink(&writer);

	return nvs_wifi_add(&wifi, &into, item, plain, len, &err);
}

static void add_text(const char *key, const char *text)
{
	struct nvs_item item = { key, NVS_BLOB, 0, (const uint8_t *)text,
				 strlen(text) };

	must(add(&item, item.data, item.len));
}

static void add_number(const char *key, unsigned n)
{
	struct nvs_item item = { key, NVS_U8, n, NULL, 0 };

	must(add(&item, NULL, 0));
}

/* The keys of the image's items, each once, in order */
static void expect_keys(const char *want)
{
	struct buf keys = BUF_INIT;

	for (unsigned n = 0; n < writer.used; n += image[64 + n * 32 + 2])
		if (image[64 + n * 32 + 1] != NVS_BLOB_INDEX)
			must(buf_printf(&keys, "%s%s", n ? " " : "",
					(char *)image + 64 + n * 32 + 8));
	assert_string_equal(buf_str(&keys), want);
	buf_release(&keys);
}

/* The bytes of the only chunk of a blob */
static const uint8_t *blob(const char *key, size_t len)
{
	for (unsigned n = 0; n < writer.used; n += image[64 + n * 32 + 2]) {
		const uint8_t *e = image + 64 + n * 32;

		if (e[1] != NVS_BLOB_CHUNK || strcmp((const char *)e + 8, key))
			continue;
		assert_int_equal(le_get16(e + 24), len);
		return e + 32;
	}
	fail_msg("there is no blob '%s'", key);
	return NULL;
}

static void test_station(void **state)
{
	(void)state;
	open_namespace(NVS_WIFI_NAMESPACE);
	add_number("before", 1);
	add_text("sta.ssid", "net");
	add_text("sta.pswd", "secret");
	expect_keys("nvs.net80211 before sta.ssid sta.apinfo sta.pmk sta.apsw "
		    "sta.pswd");
	assert_all(blob("sta.apinfo", 140), 140, 0xFF);
	assert_all(blob("sta.pmk", 32), 32, 0);
	assert_all(blob("sta.apsw", 2), 2, 0);
}

static void test_station_password_first(void **state)
{
	(void)state;
	open_namespace(NVS_WIFI_NAMESPACE);
	add_text("sta.pswd", "secret");
	add_text("sta.ssid", "net");
	expect_keys("nvs.net80211 sta.pswd sta.apinfo sta.pmk sta.apsw "
		    "sta.ssid");
}

/* IEEE 802.11i, annex H.4: a passphrase, an SSID and their key */
static void test_access_point(void **state)
{
	(void)state;
	open_namespace(NVS_WIFI_NAMESPACE);
	add_text("ap.ssid", "IEEE");
	add_number("ap.authmode", 3);
	add_text("ap.passwd", "password");
	expect_keys("nvs.net80211 ap.ssid ap.authmode ap.pmk_info ap.passwd");
	assert_all(blob("ap.pmk_info", 132), 100, 0);
	assert_hex(blob("ap.pmk_info", 132) + 100, 32,
		   "f42c6fc52df0ebef9ebb4b90b38a5f90"
		   "2e83fe1b135a70e23aed762e9710a12e");
}

static void test_access_point_in_any_order(void **state)
{
	(void)state;
	open_namespace(NVS_WIFI_NAMESPACE);
	add_text("ap.passwd", "ThisIsAPassword");
	add_text("ap.ssid", "ThisIsASSID");
	expect_keys("nvs.net80211 ap.passwd ap.ssid");
	add_number("ap.authmode", 4);
	expect_keys("nvs.net80211 ap.passwd ap.ssid ap.pmk_info ap.authmode");
	assert_hex(blob("ap.pmk_info", 132) + 100, 32,
		   "0dc0d6eb90555ed6419756b9a15ec3e3"
		   "209b63df707dd508d14581f8982721af");
}

/* Padding in the image is none of what the key is made from. */
static void test_key_of_the_plain_text(void **state)
{
	static const uint8_t padded[16] = "IEEE";
	struct nvs_item item = { "ap.ssid", NVS_BLOB, 0, padded,
				 sizeof(padded) };

	(void)state;
	open_namespace(NVS_WIFI_NAMESPACE);
	must(add(&item, padded, 4));
	add_text("ap.passwd", "password");
	add_number("ap.authmode", 1);
	assert_memory_equal(blob("ap.ssid", 16), padded, 16);
	assert_hex(blob("ap.pmk_info", 132) + 100, 4, "f42c6fc5");
}

static void test_open_access_point(void **state)
{
	(void)state;
	open_namespace(NVS_WIFI_NAMESPACE);
	add_text("ap.ssid", "IEEE");
	add_text("ap.passwd", "");
	add_number("ap.authmode", 0);
	expect_keys("nvs.net80211 ap.ssid ap.passwd ap.authmode");
}

static void test_no_key_of_an_empty_password(void **state)
{
	(void)state;
	open_namespace(NVS_WIFI_NAMESPACE);
	add_text("ap.ssid", "IEEE");
	add_text("ap.passwd", "");
	add_number("ap.authmode", 3);
	expect_keys("nvs.net80211 ap.ssid ap.passwd ap.authmode");
}

static void test_no_key_of_an_empty_ssid(void **state)
{
	(void)state;
	open_namespace(NVS_WIFI_NAMESPACE);
	add_number("ap.authmode", 3);
	add_text("ap.passwd", "password");
	add_text("ap.ssid", "");
	expect_keys("nvs.net80211 ap.authmode ap.passwd ap.ssid");
}

/* Where the input has one itself, nothing is added. */
static void test_named_by_the_input(void **state)
{
	(void)state;
	nvs_wifi_names(&wifi, "sta.pmk");
	nvs_wifi_names(&wifi, "ap.pmk_info");
	nvs_wifi_names(&wifi, "something");
	nvs_wifi_start(&wifi); /* and it holds for the next image */
	open_namespace(NVS_WIFI_NAMESPACE);
	add_text("sta.ssid", "net");
	add_text("sta.pmk", "mine");
	add_text("ap.ssid", "a");
	add_text("ap.passwd", "b");
	add_number("ap.authmode", 1);
	add_text("ap.pmk_info", "mine as well");
	expect_keys("nvs.net80211 sta.ssid sta.apinfo sta.apsw sta.pmk "
		    "ap.ssid ap.passwd ap.authmode ap.pmk_info");
}

static void test_other_namespaces(void **state)
{
	(void)state;
	open_namespace("cfg");
	add_text("sta.ssid", "net");
	add_text("ap.ssid", "a");
	add_text("ap.passwd", "b");
	add_number("ap.authmode", 1);
	expect_keys("cfg sta.ssid ap.ssid ap.passwd ap.authmode");
}

static void test_next_image_has_its_own(void **state)
{
	(void)state;
	open_namespace(NVS_WIFI_NAMESPACE);
	add_text("sta.ssid", "net");
	add_text("ap.ssid", "IEEE");
	nvs_wifi_start(&wifi);
	nvs_writer_start(&writer, image);
	open_namespace(NVS_WIFI_NAMESPACE);
	/* The first image's SSID is gone. */
	add_text("ap.passwd", "password");
	add_number("ap.authmode", 1);
	add_text("sta.ssid", "net");
	expect_keys("nvs.net80211 ap.passwd ap.authmode sta.ssid sta.apinfo "
		    "sta.pmk sta.apsw");
}

/* Measured without the 4096 rounds, but with the same entries */
static void test_measured_as_written(void **state)
{
	struct nvs_usage usage[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		nvs_wifi_start(&wifi);
		nvs_writer_start(&writer, i ? image : NULL);
		open_namespace(NVS_WIFI_NAMESPACE);
		add_text("sta.ssid", "net");
		add_text("ap.ssid", "IEEE");
		add_text("ap.passwd", "password");
		add_number("ap.authmode", 1);
		must(nvs_writer_finish(&writer, &usage[i], &err));
	}
	assert_memory_equal(&usage[0], &usage[1], sizeof(usage[0]));
}

static void test_no_namespace(void **state)
{
	struct nvs_item item = { "sta.ssid", NVS_U8, 1, NULL, 0 };

	(void)state;
	assert_int_equal(add(&item, NULL, 0), ERR_INPUT);
}

#define fresh(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		fresh(test_station),
		fresh(test_station_password_first),
		fresh(test_access_point),
		fresh(test_access_point_in_any_order),
		fresh(test_key_of_the_plain_text),
		fresh(test_open_access_point),
		fresh(test_no_key_of_an_empty_password),
		fresh(test_no_key_of_an_empty_ssid),
		fresh(test_named_by_the_input),
		fresh(test_other_namespaces),
		fresh(test_next_image_has_its_own),
		fresh(test_measured_as_written),
		fresh(test_no_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
