/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs_names.h"

#include <string.h>

#include "buf.h"
#include "entry.h"
#include "text.h"

/*
 * An item that was entered. It stays after nvs_names_clear(), because the
 * next device mostly has the same keys in the same order: then the hash is
 * known already.
 */
struct nvs_name {
	uint32_t hash;
	uint8_t ns;     /* 0: the entry that defines the namespace key */
	uint8_t chunk;
	char key[NVS_KEY_SIZE];
};

struct nvs_name_slot {
	uint32_t round; /* 0 = never used */
	uint32_t index; /* of a struct nvs_name */
};

#define FIRST_SLOTS 64u

int nvs_names_init(struct nvs_names *n, struct err *err)
{
	*n = (struct nvs_names){ .round = 1 };
	n->ns = mem_array(NVS_MAX_NAMESPACES, sizeof(*n->ns));
	n->slots = mem_array(FIRST_SLOTS, sizeof(*n->slots));
	n->entered = mem_array(FIRST_SLOTS / 2, sizeof(*n->entered));
	n->slot_count = FIRST_SLOTS;
	if (!n->ns || !n->slots || !n->entered) {
		nvs_names_release(n);
		return err_nomem(err);
	}
	return 0;
}

void nvs_names_release(struct nvs_names *n)
{
	mem_free(n->ns);
	mem_free(n->slots);
	mem_free(n->entered);
	*n = (struct nvs_names){ 0 };
}

void nvs_names_clear(struct nvs_names *n)
{
	n->ns_count = 0;
	n->count = 0;
	if (++n->round == 0) {
		memset(n->slots, 0, n->slot_count * sizeof(*n->slots));
		n->round = 1;
	}
}

int nvs_name_check(const char *name, const char *what, struct err *err)
{
	size_t len = strlen(name);
	char shown[TEXT_SHOWN];

	if (!len)
		return err_set(err, ERR_RANGE, "the %s's name is empty", what);
	if (len > NVS_KEY_MAX)
		return err_set(err, ERR_RANGE, "%s '%s' has %zu bytes, NVS has "
			       "room for %u: shorten it", what,
			       text_show(shown, sizeof(shown), name, len), len,
			       NVS_KEY_MAX);
	return 0;
}

/* The slot of an equal hash, or the free one where it would go. */
static struct nvs_name_slot *find(const struct nvs_names *n, uint32_t hash)
{
	size_t i = hash & (n->slot_count - 1);

	while (n->slots[i].round == n->round &&
	       n->entered[n->slots[i].index].hash != hash)
		i = (i + 1) & (n->slot_count - 1);
	return &n->slots[i];
}

static int grow(struct nvs_names *n, struct err *err)
{
	struct nvs_name *entered;
	struct nvs_name_slot *slots;

	entered = mem_array(n->slot_count, sizeof(*entered));
	slots = mem_array(2 * n->slot_count, sizeof(*slots));
	if (!entered || !slots) {
		mem_free(entered);
		mem_free(slots);
		return err_nomem(err);
	}
	memcpy(entered, n->entered, n->count * sizeof(*entered));
	mem_free(n->entered);
	mem_free(n->slots);
	n->entered = entered;
	n->slots = slots;
	n->slot_count *= 2;
	n->round = 1;
	for (size_t i = 0; i < n->count; i++)
		*find(n, entered[i].hash) = (struct nvs_name_slot){
			n->round, (uint32_t)i
		};
	return 0;
}

/* "key 'x' in namespace 'y'", or "namespace 'y'" for its definition */
static const char *describe(const struct nvs_names *n, uint8_t ns,
			    const char *key, char *out, size_t size)
{
	struct err text = ERR_INIT;
	char shown[TEXT_SHOWN], ns_shown[TEXT_SHOWN];

	text_show(shown, sizeof(shown), key, strlen(key));
	if (!ns) {
		err_set(&text, ERR_DUPLICATE, "namespace '%s'", shown);
	} else {
		const char *name = nvs_names_ns(n, ns);

		err_set(&text, ERR_DUPLICATE, "key '%s' in namespace '%s'",
			shown, text_show(ns_shown, sizeof(ns_shown), name,
					 strlen(name)));
	}
	text.msg[size - 1] = '\0';
	return memcpy(out, text.msg, size);
}

static int refuse(const struct nvs_names *n, const struct nvs_name *there,
		  uint8_t ns, const char *key, struct err *err)
{
	char a[160], b[160];

	describe(n, there->ns, there->key, a, sizeof(a));
	if (there->ns == ns && !strcmp(there->key, key))
		return err_set(err, ERR_DUPLICATE, "%s is there twice: the "
			       "device would lose one of the values", a);
	return err_set(err, ERR_DUPLICATE, "%s and %s have the same lookup hash "
		       "0x%06X: the device would lose one of them, rename one",
		       describe(n, ns, key, b, sizeof(b)), a,
		       (unsigned)there->hash);
}

int nvs_names_key(struct nvs_names *n, uint8_t ns, const char *key,
		  uint8_t chunk, struct err *err)
{
	struct nvs_name *name;
	struct nvs_name_slot *slot;

	if (2 * n->count == n->slot_count && grow(n, err))
		return ERR_NOMEM;
	name = &n->entered[n->count];
	if (name->ns != ns || name->chunk != chunk ||
	    strcmp(name->key, key) != 0) {
		/* What was entered before was checked then. */
		if (nvs_name_check(key, "key", err))
			return ERR_RANGE;
		name->hash = nvs_entry_hash(ns, key, chunk);
		name->ns = ns;
		name->chunk = chunk;
		strcpy(name->key, key);
	}
	slot = find(n, name->hash);
	if (slot->round == n->round)
		return refuse(n, &n->entered[slot->index], ns, key, err);
	*slot = (struct nvs_name_slot){ n->round, (uint32_t)n->count++ };
	return 0;
}

bool nvs_names_find(const struct nvs_names *n, const char *name,
		    uint8_t *index)
{
	for (unsigned i = 0; i < n->ns_count; i++)
		if (!strcmp(n->ns[i], name)) {
			*index = (uint8_t)(i + 1);
			return true;
		}
	return false;
}

int nvs_names_namespace(struct nvs_names *n, const char *name, uint8_t *index,
			bool *is_new, struct err *err)
{
	int r;

	if (is_new)
		*is_new = false;
	if (nvs_names_find(n, name, index))
		return 0;
	r = nvs_name_check(name, "namespace", err);
	if (r)
		return r;
	if (n->ns_count == NVS_MAX_NAMESPACES)
		return err_set(err, ERR_RANGE, "namespace '%s' is one too many: "
			       "an NVS partition has room for %u", name,
			       NVS_MAX_NAMESPACES);
	/* Its definition is an item of namespace 0. */
	r = nvs_names_key(n, 0, name, NVS_CHUNK_NONE, err);
	if (r)
		return r;
	strcpy(n->ns[n->ns_count++], name);
	*index = (uint8_t)n->ns_count;
	if (is_new)
		*is_new = true;
	return 0;
}

const char *nvs_names_ns(const struct nvs_names *n, uint8_t index)
{
	return n->ns[index - 1];
}
