/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nvs_wifi.h - companions of Wi-Fi settings.
 *
 * In the namespace "nvs.net80211" the Wi-Fi driver expects further blobs
 * beside some of its keys, which ESP-IDF's generator adds by itself:
 *
 *   behind the first of sta.ssid and sta.pswd: sta.apinfo (140 bytes 0xFF),
 *   sta.pmk (32 zeros), sta.apsw (2 zeros);
 *
 *   before whichever of ap.ssid, ap.passwd and a non-zero ap.authmode comes
 *   last: ap.pmk_info, 100 zeros and the 32-byte pairwise master key of
 *   WPA2-Personal, PBKDF2-HMAC-SHA1(ap.passwd, ap.ssid, 4096 rounds)
 *   (IEEE 802.11i, RFC 8018).
 *
 * A companion that the input names itself is left to the input.
 */
#ifndef NVS_WIFI_H
#define NVS_WIFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "nvs_item.h"

#define NVS_WIFI_NAMESPACE "nvs.net80211"

struct nvs_wifi {
	/* private */
	unsigned named; /* companions that the input names */
	bool inside;    /* the namespace is open */
	bool sta_done, ap_done, ap_secured;
	bool has_ssid, has_passwd;
	struct buf ssid, passwd;
};

#define NVS_WIFI_INIT { 0, false, false, false, false, false, false, \
			BUF_INIT, BUF_INIT }

/* Begin an image, before its first item. */
void nvs_wifi_start(struct nvs_wifi *wifi);
void nvs_wifi_release(struct nvs_wifi *wifi);

/*
 * The input has that key in the namespace NVS_WIFI_NAMESPACE: to be told of
 * all of them before the first item. Lasts over nvs_wifi_start().
 */
void nvs_wifi_names(struct nvs_wifi *wifi, const char *key);

/* A namespace is opened. */
void nvs_wifi_namespace(struct nvs_wifi *wifi, const char *name);

/*
 * Hand an item to the sink, with companions where they belong. plain are the
 * bytes of the value before any padding; ignored for integers. Errors are
 * the sink's, and ERR_CRYPTO, ERR_NOMEM.
 */
__attribute__((warn_unused_result))
int nvs_wifi_add(struct nvs_wifi *wifi, const struct nvs_item_sink *sink,
		 const struct nvs_item *item, const uint8_t *plain,
		 size_t plain_len, struct err *err);

#endif
