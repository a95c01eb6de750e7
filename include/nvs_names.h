/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nvs_names.h - the namespaces and keys of one image, and whether the
 * firmware can tell them apart.
 *
 * The firmware looks an item up by a 24-bit hash over namespace index, key
 * and chunk index (ESP-IDF, nvs_flash: item hash list). At mount it erases
 * the earlier one of two items on the active page whose hashes are equal,
 * whether or not their keys are. So neither a key that is there twice nor
 * two keys with the same hash may stand in one image.
 */
#ifndef NVS_NAMES_H
#define NVS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "nvs_format.h"

struct nvs_names {
	char (*ns)[NVS_KEY_SIZE]; /* owned: names by index - 1 */
	unsigned ns_count;
	struct nvs_name *entered; /* owned: in the order of entering */
	size_t count;
	struct nvs_name_slot *slots; /* owned: open addressing by hash */
	size_t slot_count;           /* a power of two; count is at most half */
	uint32_t round;              /* slots of earlier rounds count as free */
};

/* Set up, without names. 0 or ERR_NOMEM: then nothing has to be released. */
__attribute__((warn_unused_result))
int nvs_names_init(struct nvs_names *n, struct err *err);
void nvs_names_release(struct nvs_names *n);

/* Forget all names, keep the memory: for the next image. */
void nvs_names_clear(struct nvs_names *n);

/*
 * Whether a namespace or key name is possible: 1 to 15 bytes. ERR_RANGE
 * otherwise; what is "key" or "namespace", for the message.
 */
__attribute__((warn_unused_result))
int nvs_name_check(const char *name, const char *what, struct err *err);

/* Whether the namespace is known; then *index is its index. */
bool nvs_names_find(const struct nvs_names *n, const char *name,
		    uint8_t *index);

/*
 * The index of a namespace, which is given the next free one when it is new.
 * *is_new may be NULL. ERR_RANGE for an impossible name or the 255th
 * namespace, ERR_DUPLICATE for a hash clash, ERR_NOMEM. Nothing changes on
 * failure.
 */
__attribute__((warn_unused_result))
int nvs_names_namespace(struct nvs_names *n, const char *name, uint8_t *index,
			bool *is_new, struct err *err);

/*
 * Enter an item; chunk is its chunk index or NVS_CHUNK_NONE. ERR_DUPLICATE
 * when it is there already or clashes with another, ERR_RANGE for an
 * impossible key, ERR_NOMEM. Nothing changes on failure.
 */
__attribute__((warn_unused_result))
int nvs_names_key(struct nvs_names *n, uint8_t ns, const char *key,
		  uint8_t chunk, struct err *err);

/* Name of a namespace by its index (1 to ns_count); borrowed from n. */
const char *nvs_names_ns(const struct nvs_names *n, uint8_t index);

#endif
