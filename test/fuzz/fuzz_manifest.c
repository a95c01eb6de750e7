/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smaller readers: manifests, lists of ids, key files, numbers, hex and
 * base64; what can be written is written again and read as the same.
 *
 * The first byte says which of them.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "espat.h"
#include "ids.h"
#include "inputs.h"
#include "manifest.h"
#include "manifest_index.h"
#include "nvs_keys.h"
#include "nvs_format.h"
#include "parttable.h"
#include "text.h"

/* A path to the bytes, which is not that of a file on disk. */
static const char *path_of(const void *p, size_t n)
{
	static char path[32];

	snprintf(path, sizeof(path), "/dev/fd/%d", fuzz_fd(p, n));
	return path;
}

/* ---- Manifests ---- */

static int visit(void *ctx, const char *path, const char *sha256,
		 struct err *err)
{
	struct buf *seen = ctx;

	(void)err;
	FUZZ_MUST(buf_printf(seen, "%s %s\n", path, sha256));
	return 0;
}

static void put_manifest(const struct manifest_index *index, struct buf *out)
{
	FUZZ_MUST(buf_puts(out, "id,row,bin,bin_sha256,csv,csv_sha256,keys,"
			   "keys_sha256\r\n"));
	for (size_t i = 0; i < index->count; i++) {
		for (unsigned c = 0; c < MANIFEST_COLUMNS; c++)
			FUZZ_MUST(csv_put_field(out, !c, index->rows[i].cell[c],
						strlen(index->rows[i].cell[c])));
		FUZZ_MUST(buf_puts(out, "\r\n"));
	}
}

static void check_manifest(const struct fuzz_in *in)
{
	const char *path = path_of(in->p, in->n);
	struct buf out = BUF_INIT, seen = BUF_INIT;
	struct manifest_index index, again;
	struct err err = ERR_INIT, other = ERR_INIT;
	int status;

	status = manifest_index_read(&index, path, &err);
	if (status) {
		fuzz_check_err(&err, status);
		fuzz_check_place(&err, path, true);
	} else {
		for (size_t i = 0; i < index.count; i++)
			ENSURE(manifest_index_find(&index, index.rows[i].name) ==
			       &index.rows[i],
			       "%s is not found", index.rows[i].name);
		put_manifest(&index, &out);
	}
	status = manifest_visit(fuzz_fd(in->p, in->n), visit, &seen, &other);
	if (status)
		fuzz_check_err(&other, status);
	ENSURE(!status || err.code, "a manifest that cannot be visited");
	if (!err.code) {
		FUZZ_MUST(manifest_index_read(&again,
					      path_of(out.data, out.len),
					      &other));
		ENSURE(again.count == index.count, "%zu rows became %zu", index.count,
		       again.count);
		for (size_t i = 0; i < index.count; i++)
			for (unsigned c = 0; c < MANIFEST_COLUMNS; c++)
				ENSURE(!strcmp(index.rows[i].cell[c],
					       again.rows[i].cell[c]),
				       "another cell");
		manifest_index_release(&again);
	}
	manifest_index_release(&index);
	buf_release(&out);
	buf_release(&seen);
}

/* ---- Lists of ids ---- */

static void check_ids(const struct fuzz_in *in)
{
	const char *path = path_of(in->p, in->n), *id;
	struct ids ids = IDS_INIT;
	struct err err = ERR_INIT;
	size_t at = 0, n = 0;
	uint32_t line;
	int r;

	r = inputs_read_ids(path, &ids, &err);
	if (r) {
		fuzz_check_err(&err, r);
	} else {
		while ((id = ids_next(&ids, &at, &line)) != NULL) {
			ENSURE(*id && line, "an empty id");
			ENSURE(ids_find(&ids, id) == line, "id '%s' is not "
			       "found", id);
			n++;
		}
		ENSURE(n && n == ids.count, "%zu ids of %zu", n, ids.count);
	}
	ids_release(&ids);
}

/* ---- Keys ---- */

/* options 1: make the CRC of a key partition right. */
static void check_keys(const struct fuzz_in *in, unsigned options)
{
	static uint8_t file[NVS_KEY_PARTITION_SIZE];
	struct nvs_keys keys, again;
	struct err err = ERR_INIT;
	size_t n = in->n;
	int r;

	memset(file, 0xFF, sizeof(file));
	if (n)
		memcpy(file, in->p, n < sizeof(file) ? n : sizeof(file));
	if (options & 1) {
		le_put32(file + NVS_KEYS_CRC, nvs_crc32(file, NVS_KEYS_SIZE));
		n = sizeof(file);
	}
	r = options & 1 ? nvs_keys_unpack(&keys, file, n, &err) :
			  nvs_keys_unpack(&keys, in->p, n, &err);
	if (r) {
		fuzz_check_err(&err, r);
		ENSURE(!(options & 1) || !memcmp(file, file + 32, 32),
		       "sound keys are refused: %s", err.msg);
		return;
	}
	ENSURE(memcmp(keys.eky, keys.tky, 32) != 0, "equal halves");
	nvs_keys_pack(&keys, file);
	FUZZ_MUST(nvs_keys_unpack(&again, file, sizeof(file), &err));
	ENSURE(!memcmp(&keys, &again, sizeof(keys)), "other keys");
	ENSURE(n != NVS_KEYS_SIZE || !memcmp(&keys, in->p, n), "other bytes");
}

/* ---- Spellings ---- */

static void check_bytes(const char *s, size_t n)
{
	struct buf hex = BUF_INIT, raw = BUF_INIT, again = BUF_INIT;
	struct err err = ERR_INIT, measured = ERR_INIT;
	size_t size = 0;
	int r, m;

	r = text_hex(s, n, &raw, &err);
	if (r)
		fuzz_check_err(&err, r);
	ENSURE(!r || !raw.len, "bytes in spite of an error");
	FUZZ_MUST(text_to_hex(raw.data, raw.len, &hex));
	err_clear(&err);
	FUZZ_MUST(text_hex((char *)hex.data, hex.len, &again, &err));
	ENSURE(raw.len == again.len && (!raw.len ||
	       !memcmp(raw.data, again.data, raw.len)), "other bytes of hex");
	raw.len = hex.len = again.len = 0;
	r = text_base64(s, n, &raw, &err);
	m = text_base64_size(s, n, &size, &measured);
	ENSURE(!r == !m, "base64: %d, measured %d", r, m);
	if (r)
		fuzz_check_err(&err, r);
	ENSURE(r || size == raw.len, "%zu bytes, measured %zu", raw.len, size);
	ENSURE(!r || !raw.len, "bytes in spite of an error");
	err_clear(&err);
	FUZZ_MUST(text_to_base64(raw.data, raw.len, &hex));
	FUZZ_MUST(text_base64((char *)hex.data, hex.len, &again, &err));
	ENSURE(raw.len == again.len && (!raw.len ||
	       !memcmp(raw.data, again.data, raw.len)),
	       "other bytes of base64");
	buf_release(&hex);
	buf_release(&raw);
	buf_release(&again);
}

static void check_numbers(const char *s, size_t n)
{
	struct err err = ERR_INIT;
	struct text_int i, again;
	char shown[TEXT_SHOWN], text[32];
	uint64_t u, v;
	int64_t p;
	int r;

	if (text_int(s, n, &i) == TEXT_OK) {
		ENSURE(!i.negative || i.magnitude, "minus zero");
		snprintf(text, sizeof(text), "%s%llu", i.negative ? "-" : "",
			 (unsigned long long)i.magnitude);
		ENSURE(text_int(text, strlen(text), &again) == TEXT_OK &&
		       again.negative == i.negative &&
		       again.magnitude == i.magnitude, "another number");
	}
	if (text_unsigned(s, &u) == TEXT_OK) {
		snprintf(text, sizeof(text), "0x%llx", (unsigned long long)u);
		ENSURE(text_unsigned(text, &v) == TEXT_OK && u == v,
		       "another unsigned number");
	}
	if (parttable_number(s, n, &p) == TEXT_OK)
		ENSURE(p > INT64_MIN, "a number beyond its range");
	r = espat_size(s, &u, &err);
	if (r)
		fuzz_check_err(&err, r);
	ENSURE(fuzz_is_printable(text_show(shown, sizeof(shown), s, n)),
	       "not printable: %s", shown);
	ENSURE(strlen(shown) < sizeof(shown), "too long");
}

static void check_spellings(const struct fuzz_in *in)
{
	char *s = mem_strndup((const char *)in->p, in->n);

	ENSURE(s, "no memory");
	check_bytes((const char *)in->p, in->n);
	check_numbers(s, strlen(s));
	mem_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size }, text;
	unsigned which = fuzz_byte(&in);

	text = fuzz_part(&in);
	switch (which & 3) {
	case 0:
		check_manifest(&text);
		break;
	case 1:
		check_ids(&text);
		break;
	case 2:
		check_keys(&text, which >> 2);
		break;
	default:
		check_spellings(&text);
	}
	fuzz_part_free(&text);
	return 0;
}
