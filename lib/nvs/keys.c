/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs_keys.h"

#include <stdbool.h>
#include <string.h>
#include <mbedtls/md.h>

#include "buf.h"
#include "digest.h"

int nvs_keys_random(struct nvs_keys *keys, const struct random_source *random,
		    struct err *err)
{
	uint8_t raw[NVS_KEYS_SIZE];
	int r;

	r = random->fill(random->ctx, raw, sizeof(raw), err);
	if (!r) {
		memcpy(keys->eky, raw + NVS_KEYS_EKY, sizeof(keys->eky));
		memcpy(keys->tky, raw + NVS_KEYS_TKY, sizeof(keys->tky));
	}
	mem_wipe(raw, sizeof(raw));
	return r;
}

static int derive(uint8_t out[32], const uint8_t key[NVS_HMAC_KEY_SIZE],
		  const uint8_t word[4], struct err *err)
{
	uint8_t seed[32];
	int r;

	for (size_t i = 0; i < sizeof(seed); i++)
		seed[i] = word[i % 4];
	r = mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), key,
			    NVS_HMAC_KEY_SIZE, seed, sizeof(seed), out);
	return r ? digest_failure(r, "HMAC-SHA-256", err) : 0;
}

int nvs_keys_derive(struct nvs_keys *keys,
		    const uint8_t hmac_key[NVS_HMAC_KEY_SIZE], struct err *err)
{
	static const uint8_t eky_word[4] = { 0x5A, 0x5A, 0xBE, 0xAE };
	static const uint8_t tky_word[4] = { 0xA5, 0xA5, 0xDE, 0xCE };
	int r;

	r = derive(keys->eky, hmac_key, eky_word, err);
	if (!r)
		r = derive(keys->tky, hmac_key, tky_word, err);
	return r;
}

void nvs_keys_pack(const struct nvs_keys *keys,
		   uint8_t partition[NVS_KEY_PARTITION_SIZE])
{
	memset(partition, 0xFF, NVS_KEY_PARTITION_SIZE);
	memcpy(partition + NVS_KEYS_EKY, keys->eky, sizeof(keys->eky));
	memcpy(partition + NVS_KEYS_TKY, keys->tky, sizeof(keys->tky));
	le_put32(partition + NVS_KEYS_CRC, nvs_crc32(partition, NVS_KEYS_SIZE));
}

static bool is_filled(const uint8_t *p, size_t len, uint8_t byte)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != byte)
			return false;
	return true;
}

bool nvs_key_is_hex_text(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!p[i] || !strchr("0123456789abcdefABCDEF", p[i]))
			return false;
	return true;
}

/* What a file of a wrong length may hold. */
static void hint_at_text(const uint8_t *p, size_t len, struct err *err)
{
	while (len && (p[len - 1] == '\n' || p[len - 1] == '\r'))
		len--;
	if (len >= NVS_HMAC_KEY_SIZE && nvs_key_is_hex_text(p, len))
		err_more(err, "; these are hex digits, which 'xxd -r -p' makes "
			 "bytes of");
}

int nvs_keys_unpack(struct nvs_keys *keys, const uint8_t *p, size_t len,
		    struct err *err)
{
	uint32_t want, found;

	if (len != NVS_KEYS_SIZE && len != NVS_KEY_PARTITION_SIZE) {
		err_set(err, ERR_KEY, "%zu bytes are no NVS key: a key "
			"partition has %u bytes, a bare key %u", len,
			NVS_KEY_PARTITION_SIZE, NVS_KEYS_SIZE);
		hint_at_text(p, len, err);
		return ERR_KEY;
	}
	if (is_filled(p, len, 0xFF))
		return err_set(err, ERR_KEY, "all bytes are 0xFF, erased flash: "
			       "no key was written to it");
	if (len == NVS_KEY_PARTITION_SIZE) {
		want = le_get32(p + NVS_KEYS_CRC);
		found = nvs_crc32(p, NVS_KEYS_SIZE);
		if (want != found)
			return err_set(err, ERR_KEY, "the key's CRC-32 does not "
				       "match, the file is damaged or no key "
				       "partition");
	}
	if (!memcmp(p + NVS_KEYS_EKY, p + NVS_KEYS_TKY, sizeof(keys->eky)))
		return err_set(err, ERR_KEY, "data key and tweak key are equal, "
			       "which AES-XTS forbids");
	memcpy(keys->eky, p + NVS_KEYS_EKY, sizeof(keys->eky));
	memcpy(keys->tky, p + NVS_KEYS_TKY, sizeof(keys->tky));
	return 0;
}

/* A file of secrets, of at most a key partition's size. */
static int read_secret(const char *path, struct buf *out, struct err *err)
{
	int r;

	/* Reserved at once: growing would leave copies behind. */
	if (buf_reserve(out, (size_t)2 * NVS_KEY_PARTITION_SIZE))
		return err_nomem(err);
	r = file_read(path, NVS_KEY_PARTITION_SIZE, out, err);
	if (r != ERR_RANGE)
		return r;
	err_clear(err);
	return err_set(err, ERR_KEY, "'%s' is longer than the %u bytes of a key "
		       "partition: it is no key file", path,
		       NVS_KEY_PARTITION_SIZE);
}

int nvs_keys_load(struct nvs_keys *keys, const char *path, struct err *err)
{
	struct buf raw = BUF_INIT;
	int r;

	r = read_secret(path, &raw, err);
	if (!r) {
		r = nvs_keys_unpack(keys, raw.data, raw.len, err);
		if (r)
			err_context(err, "key file '%s'", path);
	}
	buf_wipe(&raw);
	return r;
}

int nvs_hmac_key_load(uint8_t key[NVS_HMAC_KEY_SIZE], const char *path,
		      struct err *err)
{
	struct buf raw = BUF_INIT;
	int r;

	r = read_secret(path, &raw, err);
	if (!r && raw.len != NVS_HMAC_KEY_SIZE) {
		r = err_set(err, ERR_KEY, "HMAC key file '%s': %zu bytes, an HMAC "
			    "key has %u", path, raw.len, NVS_HMAC_KEY_SIZE);
		hint_at_text(raw.data, raw.len, err);
	}
	if (!r)
		memcpy(key, raw.data, NVS_HMAC_KEY_SIZE);
	buf_wipe(&raw);
	return r;
}

int nvs_keys_save(const struct nvs_keys *keys, const char *path,
		  enum file_existing existing, struct err *err)
{
	uint8_t partition[NVS_KEY_PARTITION_SIZE];
	int r;

	nvs_keys_pack(keys, partition);
	r = file_write(path, partition, sizeof(partition), FILE_MODE_SECRET,
		       existing, err);
	mem_wipe(partition, sizeof(partition));
	return r;
}

bool nvs_key_is_pattern(const uint8_t *p, size_t n)
{
	/* A step of 0 is a repetition, another one counts. */
	for (size_t apart = 1; apart <= 16; apart++) {
		uint8_t step = (uint8_t)(p[apart] - p[0]);
		size_t i = apart;

		while (i < n && (uint8_t)(p[i] - p[i - apart]) == step)
			i++;
		if (i == n)
			return true;
	}
	return false;
}

void nvs_keys_wipe(struct nvs_keys *keys)
{
	mem_wipe(keys, sizeof(*keys));
}
