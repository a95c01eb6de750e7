/* SPDX-License-Identifier: Apache-2.0 */
/* nvs_item.h - one value on its way to somewhere: a writer, a comparison. */
#ifndef NVS_ITEM_H
#define NVS_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "nvs_format.h"

/* Everything is borrowed for the duration of a call. */
struct nvs_item {
	const char *key;     /* 1 to 15 bytes */
	enum nvs_type type;  /* an integer type, NVS_STRING, or NVS_BLOB for
				a blob of either version */
	uint64_t number;     /* of an integer; two's complement when signed */
	const uint8_t *data; /* of a string (without NUL) or blob */
	size_t len;          /* bytes of data */
};

/*
 * Where items go, in order: a namespace, then the items in it. The calls
 * return 0, or a negative enum err_code with *err filled.
 */
struct nvs_item_sink {
	int (*open_namespace)(void *ctx, const char *name, struct err *err);
	int (*add)(void *ctx, const struct nvs_item *item, struct err *err);
	void *ctx;
	bool lengths_only; /* what data holds does not matter, only its length */
};

#endif
