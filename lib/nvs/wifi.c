/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs_wifi.h"

#include <string.h>
#include <mbedtls/md.h>
#include <mbedtls/pkcs5.h>
#include <mbedtls/version.h>

#include "digest.h"

#define PMK_ROUNDS 4096u
#define PMK_SIZE 32u
#define PMK_INFO_ZEROS 100u

static const char *const companions[] = {
	"sta.apinfo", "sta.pmk", "sta.apsw", "ap.pmk_info"
};
enum { STA_APINFO, STA_PMK, STA_APSW, AP_PMK_INFO, COMPANIONS };

void nvs_wifi_start(struct nvs_wifi *wifi)
{
	wifi->sta_done = wifi->ap_done = wifi->ap_secured = false;
	wifi->has_ssid = wifi->has_passwd = wifi->inside = false;
}

void nvs_wifi_namespace(struct nvs_wifi *wifi, const char *name)
{
	wifi->inside = !strcmp(name, NVS_WIFI_NAMESPACE);
}

void nvs_wifi_release(struct nvs_wifi *wifi)
{
	buf_wipe(&wifi->ssid);
	buf_wipe(&wifi->passwd);
}

void nvs_wifi_names(struct nvs_wifi *wifi, const char *key)
{
	for (unsigned i = 0; i < COMPANIONS; i++)
		if (!strcmp(key, companions[i]))
			wifi->named |= 1u << i;
}

static int add_companion(const struct nvs_wifi *wifi,
			 const struct nvs_item_sink *sink, unsigned which,
			 const uint8_t *data, size_t len, struct err *err)
{
	struct nvs_item item = {
		.key = companions[which],
		.type = NVS_BLOB,
		.data = data,
		.len = len,
	};

	return (wifi->named & (1u << which)) ? 0 :
	       sink->add(sink->ctx, &item, err);
}

static int add_station(struct nvs_wifi *wifi, const struct nvs_item_sink *sink,
		       struct err *err)
{
	uint8_t apinfo[140], pmk[PMK_SIZE] = { 0 }, apsw[2] = { 0 };
	int r;

	wifi->sta_done = true;
	memset(apinfo, 0xFF, sizeof(apinfo));
	r = add_companion(wifi, sink, STA_APINFO, apinfo, sizeof(apinfo), err);
	if (!r)
		r = add_companion(wifi, sink, STA_PMK, pmk, sizeof(pmk), err);
	if (!r)
		r = add_companion(wifi, sink, STA_APSW, apsw, sizeof(apsw), err);
	return r;
}

static int derive_pmk(const struct nvs_wifi *wifi, uint8_t out[PMK_SIZE],
		      struct err *err)
{
	int r;

#if MBEDTLS_VERSION_NUMBER >= 0x03030000
	r = mbedtls_pkcs5_pbkdf2_hmac_ext(
		MBEDTLS_MD_SHA1, wifi->passwd.data, wifi->passwd.len,
		wifi->ssid.data, wifi->ssid.len, PMK_ROUNDS, PMK_SIZE, out);
#else
	mbedtls_md_context_t md;

	mbedtls_md_init(&md);
	r = mbedtls_md_setup(&md, mbedtls_md_info_from_type(MBEDTLS_MD_SHA1),
			     1);
	if (!r)
		r = mbedtls_pkcs5_pbkdf2_hmac(
			&md, wifi->passwd.data, wifi->passwd.len,
			wifi->ssid.data, wifi->ssid.len, PMK_ROUNDS, PMK_SIZE,
			out);
	mbedtls_md_free(&md);
#endif
	return r ? digest_failure(r, "PBKDF2", err) : 0;
}

static int add_access_point(struct nvs_wifi *wifi,
			    const struct nvs_item_sink *sink, struct err *err)
{
	uint8_t info[PMK_INFO_ZEROS + PMK_SIZE] = { 0 };
	int r = 0;

	wifi->ap_done = true;
	if (!sink->lengths_only && !(wifi->named & 1u << AP_PMK_INFO))
		r = derive_pmk(wifi, info + PMK_INFO_ZEROS, err);
	if (!r)
		r = add_companion(wifi, sink, AP_PMK_INFO, info, sizeof(info),
				  err);
	mem_wipe(info, sizeof(info));
	return r;
}

static int remember(struct buf *to, bool *has, const uint8_t *p, size_t n,
		    struct err *err)
{
	to->len = 0;
	*has = n > 0; /* none is what the original takes an empty one for */
	if (buf_reserve(to, n) || buf_append(to, p, n))
		return err_nomem(err);
	return 0;
}

int nvs_wifi_add(struct nvs_wifi *wifi, const struct nvs_item_sink *sink,
		 const struct nvs_item *item, const uint8_t *plain,
		 size_t plain_len, struct err *err)
{
	bool sta = false;
	int r = 0;

	if (!wifi->inside)
		return sink->add(sink->ctx, item, err);
	if (!strcmp(item->key, "sta.ssid") || !strcmp(item->key, "sta.pswd"))
		sta = true;
	else if (!strcmp(item->key, "ap.ssid"))
		r = remember(&wifi->ssid, &wifi->has_ssid, plain, plain_len,
			     err);
	else if (!strcmp(item->key, "ap.passwd"))
		r = remember(&wifi->passwd, &wifi->has_passwd, plain,
			     plain_len, err);
	else if (!strcmp(item->key, "ap.authmode"))
		wifi->ap_secured = item->number != 0;
	if (!r && wifi->has_ssid && wifi->has_passwd && wifi->ap_secured &&
	    !wifi->ap_done)
		r = add_access_point(wifi, sink, err);
	if (!r)
		r = sink->add(sink->ctx, item, err);
	if (!r && sta && !wifi->sta_done)
		r = add_station(wifi, sink, err);
	return r;
}
