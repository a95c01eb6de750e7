/* SPDX-License-Identifier: Apache-2.0 */
#include "fingerprint.h"

#include <string.h>

void fingerprint_tap(void *ctx, const void *p, size_t n)
{
	digest_add(ctx, p, n);
}

static void add_text(struct digest *d, const char *s)
{
	/* With its NUL, so that texts can't run together. */
	digest_add(d, s ? s : "\1", (s ? strlen(s) : 1) + 1);
}

static void add_number(struct digest *d, uint64_t n)
{
	uint8_t bytes[8];

	le_put64(bytes, n);
	digest_add(d, bytes, sizeof(bytes));
}

void fingerprint_start(struct digest *d, const struct batch_options *o,
		       const struct buf *conf, const struct ids *only)
{
	const uint64_t numbers[] = {
		o->size, o->version, o->numbered, o->first_number, o->width,
		o->keys, o->shard, o->shards, o->overwrite, o->label != NULL,
		conf->len, only->texts.len,
	};

	add_text(d, "mfg_gen batch 2");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		add_number(d, numbers[i]);
	digest_add(d, conf->data, conf->len);
	digest_add(d, only->texts.data, only->texts.len);
	add_text(d, o->prefix);
	add_text(d, o->fileid);
	add_text(d, o->key_name);
	add_text(d, o->hmac_key_name);
	if (o->given)
		digest_add(d, o->given, sizeof(*o->given));
	if (o->hmac_key)
		digest_add(d, o->hmac_key, NVS_HMAC_KEY_SIZE);
}
