/* SPDX-License-Identifier: Apache-2.0 */
#include "compare.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "csv_input.h"
#include "digest.h"
#include "file.h"
#include "nvs_check.h"
#include "nvs_keys.h"
#include "text.h"

/* Bytes: twice the largest partition, for hex digits. */
#define CSV_MAX (256u << 20)
/* Room for a name of 15 bytes, each shown as \xNN. */
#define NAME_SHOWN (4 * NVS_KEY_SIZE)

int compare_init(struct compare *c, struct csv_files *files, struct err *err)
{
	*c = (struct compare){ .image = BUF_INIT };
	csv_decoder_init(&c->decoder, files);
	c->reader = nvs_reader_new(err);
	c->cipher = nvs_cipher_new(err);
	if (c->reader && c->cipher)
		return 0;
	compare_release(c);
	return err->code;
}

void compare_release(struct compare *c)
{
	csv_decoder_release(&c->decoder);
	nvs_reader_free(c->reader);
	nvs_cipher_free(c->cipher);
	buf_wipe(&c->image);
	buf_wipe(&c->csv);
	buf_release(&c->seen);
	buf_release(&c->seen_ns);
	buf_release(&c->difference);
	buf_release(&c->csv_error);
	buf_release(&c->finding);
}

/* The item of that key in the open namespace; usually the next one. */
static const struct nvs_read_item *find(struct compare *c, const char *key)
{
	for (size_t n = 0; n < c->item_count; n++) {
		size_t i = (c->next + n) % c->item_count;
		const struct nvs_read_item *item = &c->items[i];

		if (c->seen.data[i] || strcmp(item->key, key) != 0 ||
		    strcmp(item->ns, c->ns) != 0)
			continue;
		c->seen.data[i] = 1;
		c->next = i + 1;
		return item;
	}
	return NULL;
}

static bool same_type(enum nvs_type wanted, enum nvs_type found)
{
	return wanted == found ||
	       (wanted == NVS_BLOB && found == NVS_BLOB_INDEX);
}

static int put_number(struct buf *out, enum nvs_type type, uint64_t n)
{
	return type & NVS_INT_SIGNED ?
	       buf_printf(out, "%" PRId64, (int64_t)n) :
	       buf_printf(out, "%" PRIu64, n);
}

/* "ns:key: ", on one line whatever the names hold; key may be NULL. */
static int put_names(struct buf *out, const char *ns, const char *key)
{
	char ns_shown[NAME_SHOWN], key_shown[NAME_SHOWN] = "";

	text_show(ns_shown, sizeof(ns_shown), ns, strlen(ns));
	if (key)
		text_show(key_shown, sizeof(key_shown), key, strlen(key));
	return buf_printf(out, "%s%s%s: ", ns_shown, key ? ":" : "",
			  key_shown);
}

/* Values of strings and blobs may be secrets: only where they differ. */
static int describe_difference(struct compare *c, const struct nvs_item *want,
			       const struct nvs_read_item *found)
{
	struct buf *out = &c->difference;
	size_t at = 0, least;

	if (put_names(out, c->ns, want->key))
		return ERR_NOMEM;
	if (!found)
		return buf_puts(out, "not in the image");
	if (!same_type(want->type, found->type))
		return buf_printf(out, "%s in the image, %s in the CSV",
				  nvs_type_word(found->type),
				  nvs_type_word(want->type));
	if (nvs_read_is_int(found))
		return put_number(out, found->type, found->value) ||
		       buf_puts(out, " in the image, ") ||
		       put_number(out, found->type, want->number) ||
		       buf_puts(out, " in the CSV");
	if (want->len != found->len)
		return buf_printf(out, "%zu bytes in the image, %zu in the CSV",
				  found->len, want->len);
	least = want->len;
	while (at < least && want->data[at] == found->data[at])
		at++;
	return buf_printf(out, "the %s differs from the CSV at byte %zu of %zu",
			  nvs_type_word(want->type), at + 1, least);
}

static bool is_equal(const struct nvs_item *want,
		     const struct nvs_read_item *found)
{
	if (!found || !same_type(want->type, found->type))
		return false;
	if (nvs_read_is_int(found))
		return want->number == found->value;
	return want->len == found->len &&
	       (!want->len || !memcmp(want->data, found->data, want->len));
}

static int open_namespace(void *ctx, const char *name, struct err *err)
{
	struct compare *c = ctx;
	bool found = false;

	(void)err;
	c->ns = name;
	for (size_t i = 0; i < c->namespace_count; i++)
		if (!strcmp(c->namespaces[i].name, name))
			c->seen_ns.data[i] = found = true;
	if (!found && !c->lost_ns)
		c->lost_ns = name;
	return 0;
}

/* A row of the CSV: is it in the image? */
static int expect(void *ctx, const struct nvs_item *want, struct err *err)
{
	struct compare *c = ctx;
	const struct nvs_read_item *found = find(c, want->key);

	if (c->difference.len || is_equal(want, found))
		return 0;
	return describe_difference(c, want, found) ? err_nomem(err) : 0;
}

/* The first mistake in the CSV itself. */
static void keep_csv_error(void *ctx, const struct err *e)
{
	struct compare *c = ctx;
	char text[ERR_TEXT_MAX];

	if (!c->csv_error.len &&
	    buf_puts(&c->csv_error, err_format(e, "error", text, sizeof(text))))
		c->nomem = true;
}

static int expect_nothing_more(struct compare *c)
{
	struct buf *out = &c->difference;

	for (size_t i = 0; i < c->item_count && !out->len; i++)
		if (!c->seen.data[i])
			return put_names(out, c->items[i].ns, c->items[i].key) ||
			       buf_puts(out, "in the image, but not in the CSV");
	/* Namespaces without keys; of the others a key was named. */
	if (c->lost_ns && !out->len)
		return put_names(out, c->lost_ns, NULL) ||
		       buf_puts(out, "this namespace is not in the image");
	for (size_t i = 0; i < c->namespace_count && !out->len; i++)
		if (!c->seen_ns.data[i])
			return put_names(out, c->namespaces[i].name, NULL) ||
			       buf_puts(out, "this namespace is in the image, "
					"but not in the CSV");
	return 0;
}

/* n bytes of 0 in place of what b held. */
static int clear(struct buf *b, size_t n)
{
	b->len = 0;
	if (buf_reserve(b, n + 1))
		return ERR_NOMEM;
	memset(b->data, 0, n + 1);
	return 0;
}

static int compare_items(struct compare *c, const char *csv, struct err *err)
{
	struct nvs_item_sink into = { open_namespace, expect, c, false };
	struct err_sink errors = { keep_csv_error, c };
	struct csv_input in = CSV_INPUT_INIT;
	int r;

	c->items = nvs_reader_items(c->reader, &c->item_count);
	c->namespaces = nvs_reader_namespaces(c->reader, &c->namespace_count);
	c->next = 0;
	c->lost_ns = NULL;
	if (clear(&c->seen, c->item_count) ||
	    clear(&c->seen_ns, c->namespace_count))
		return err_nomem(err);
	/* In an empty CSV, all that is in the image is missing. */
	r = !c->csv.len ? 0 :
	    csv_input_read(&in, csv, c->csv.data, c->csv.len, CSV_EXTENDED,
			   &errors);
	if (!r)
		r = csv_input_decode(&in, &c->decoder, &into, &errors);
	if (!r && expect_nothing_more(c))
		r = ERR_NOMEM;
	csv_input_release(&in);
	return r == ERR_NOMEM ? err_nomem(err) : 0;
}

/* The first finding that is more than a note. */
static void keep_finding(void *ctx, const struct nvs_finding *f)
{
	struct compare *c = ctx;

	if (f->check->severity == NVS_NOTE || c->finding.len ||
	    (c->odd_size && !strcmp(f->check->name, "size")))
		return;
	/* Without a namespace it is no key, but what damage made of one. */
	if (buf_printf(&c->finding, "%s%s%s%s%s at 0x%zx (%s)", f->ns,
		       *f->ns ? ":" : "", *f->ns ? f->key : "",
		       *f->ns ? ": " : "", f->text, f->offset,
		       f->check->name))
		c->nomem = true;
}

/* One thing more that is wrong. */
__attribute__((format(printf, 2, 3)))
static int add_reason(struct buf *why, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return (why->len && buf_puts(why, "; ")) || buf_puts(why, text);
}

static int check_sum(const struct buf *file, const char *listed,
		     const char *what, struct buf *why, struct err *err)
{
	uint8_t sum[DIGEST_SIZE];
	struct buf hex = BUF_INIT;
	int r;

	if (!listed)
		return 0;
	if (!*listed)
		return add_reason(why, "the %s is not in the manifest", what) ?
		       err_nomem(err) : 0;
	r = digest_sha256(file->data, file->len, sum, err);
	if (!r && (text_to_hex(sum, sizeof(sum), &hex) || !buf_str(&hex)))
		r = err_nomem(err);
	if (!r && strcmp((char *)hex.data, listed) != 0 &&
	    add_reason(why, "the %s is not the one in the manifest (SHA-256)",
		       what))
		r = err_nomem(err);
	buf_release(&hex);
	return r;
}

/* A failure that concerns this image only is what is wrong with it. */
static int blame(struct buf *why, struct err *err)
{
	int r = err->code;

	if (r == ERR_NOMEM || r == ERR_CRYPTO)
		return r;
	r = add_reason(why, "%s", err->msg);
	err_clear(err);
	return r ? err_nomem(err) : 0;
}

static int check_derived(const struct compare_job *job,
			 const struct nvs_keys *keys, struct buf *why,
			 struct err *err)
{
	uint8_t hmac_key[NVS_HMAC_KEY_SIZE];
	struct nvs_keys derived;
	int r = nvs_hmac_key_load(hmac_key, job->hmac_key, err);

	if (!r)
		r = nvs_keys_derive(&derived, hmac_key, err);
	if (!r && memcmp(&derived, keys, sizeof(derived)) != 0)
		r = err_set(err, ERR_KEY, "the keys in '%s' are not those derived "
			    "from '%s'", job->keys, job->hmac_key);
	mem_wipe(hmac_key, sizeof(hmac_key));
	nvs_keys_wipe(&derived);
	return r ? blame(why, err) : 0;
}

/*
 * A bare key opens the image here, but a device takes its keys from a whole
 * partition.
 */
static int check_key_partition(const struct buf *file,
			       const struct compare_job *job, struct buf *why,
			       struct err *err)
{
	size_t used = NVS_KEYS_SIZE + sizeof(uint32_t);
	int r = 0;

	while (used < file->len && file->data[used] == 0xFF)
		used++;
	if (file->len != NVS_KEY_PARTITION_SIZE)
		r = add_reason(why, "the key file '%s' has %zu bytes, the key "
			       "alone: a device needs a key partition of %u",
			       job->keys, file->len, NVS_KEY_PARTITION_SIZE);
	else if (used < file->len)
		r = add_reason(why, "the key file '%s': what follows the key is "
			       "not 0xFF", job->keys);
	return r ? err_nomem(err) : 0;
}

static int decrypt(struct compare *c, const struct compare_job *job,
		   struct buf *why, struct err *err)
{
	const struct nvs_keys *keys = job->given;
	struct buf file = BUF_INIT;
	struct nvs_keys own;
	int r = 0;

	if (job->keys) {
		keys = &own;
		r = buf_reserve(&file, (size_t)2 * NVS_KEY_PARTITION_SIZE) ?
		    err_nomem(err) :
		    file_read(job->keys, NVS_KEY_PARTITION_SIZE, &file, err);
		c->no_key = r == ERR_IO;
		if (r)
			r = err_context(err, "its key file");
		else if (nvs_keys_unpack(&own, file.data, file.len, err))
			r = err_context(err, "the key file '%s'", job->keys);
		c->has_keys = !r;
		if (!r)
			r = check_sum(&file, job->keys_sha256, "key file", why,
				      err);
		if (!r)
			r = check_key_partition(&file, job, why, err);
		buf_wipe(&file);
		if (!r && job->hmac_key)
			r = check_derived(job, &own, why, err);
	}
	if (!r && keys)
		r = nvs_cipher_set_keys(c->cipher, keys, err);
	if (!r && keys)
		r = nvs_image_decrypt(c->cipher, c->image.data, c->image.len,
				      err);
	c->decrypted = !r && keys;
	nvs_keys_wipe(&own);
	return r ? blame(why, err) : 0;
}

static int read_image(struct compare *c, const struct compare_job *job,
		      struct buf *why, struct err *err)
{
	int r;

	c->image.len = 0;
	r = file_read(job->image, NVS_MAX_SIZE, &c->image, err);
	c->no_image = r;
	if (r)
		return blame(why, err);
	c->odd_size = c->image.len != job->size;
	if (c->odd_size &&
	    add_reason(why, "%zu bytes, the other images have %zu: it was %s "
		       "or is not of this batch", c->image.len, job->size,
		       c->image.len < job->size ? "cut" : "lengthened"))
		return err_nomem(err);
	return check_sum(&c->image, job->image_sha256, "image", why, err);
}

static int read_csv(struct compare *c, const struct compare_job *job,
		    struct buf *why, struct err *err)
{
	int r;

	c->csv.len = 0;
	r = file_read(job->csv, CSV_MAX, &c->csv, err);
	c->no_csv = r;
	if (r)
		r = err_context(err, "its CSV");
	else if (!c->csv.len)
		r = err_set(err, ERR_INPUT, "the CSV '%s' is empty", job->csv);
	if (r)
		return blame(why, err);
	return check_sum(&c->csv, job->csv_sha256, "CSV", why, err);
}

/* Whether what was decrypted to garbage had been readable before. */
static int was_plain(struct compare *c, bool *plain, struct err *err)
{
	int r;

	*plain = false;
	if (!c->decrypted)
		return 0;
	r = nvs_image_encrypt(c->cipher, c->image.data, c->image.len, err);
	if (!r)
		r = nvs_reader_load(c->reader, c->image.data, c->image.len,
				    err);
	*plain = !r && !nvs_reader_is_garbage(c->reader);
	return r;
}

/* Why no entry of the image can be read. */
static int explain_garbage(const struct compare_job *job, bool plain,
			   struct buf *out)
{
	const char *space = job->keys ? " " : "";
	const char *name = job->keys ? job->keys : "";

	if (plain)
		return buf_printf(out, "the image is not encrypted: it can be "
				  "read without the key%s%s", space, name);
	if (job->keys || job->given)
		return buf_printf(out, "the key%s%s does not fit: no entry's "
				  "CRC is right", space, name);
	if (job->lost_keys)
		return buf_printf(out, "its key file '%s' is missing",
				  job->lost_keys);
	return buf_puts(out, "no entry's CRC is right: if it is encrypted, its "
			"key is needed");
}

/*
 * Put together what was found: what it is about, then what it may come from.
 * That its keys could not be read has been said: so nothing of their fit.
 */
static int conclude(struct compare *c, const struct compare_job *job,
		    bool garbage, bool plain, struct buf *why)
{
	const struct buf *parts[] = { &c->difference, why, &c->csv_error };
	const struct buf *finding = &c->finding;
	struct buf all = BUF_INIT;
	int r = 0;

	for (unsigned i = 0; i < 3 && !r; i++)
		if (parts[i]->len)
			r = (all.len && buf_puts(&all, "; ")) ||
			    buf_append(&all, parts[i]->data, parts[i]->len);
	if (!r && all.len && (garbage ? c->has_keys : finding->len > 0))
		r = buf_puts(&all, "; ");
	if (!r && garbage && c->has_keys)
		r = explain_garbage(job, plain, &all);
	else if (!r && !garbage)
		r = buf_append(&all, finding->data, finding->len);
	why->len = 0;
	if (!r)
		r = buf_append(why, all.data, all.len);
	buf_release(&all);
	return r;
}

/* An image that could be read; what it holds is compared if the CSV could. */
static int compare_contents(struct compare *c, const struct compare_job *job,
			    struct buf *why, struct err *err)
{
	struct nvs_finding_sink findings = { keep_finding, c };
	bool garbage = false, plain = false;
	int r = decrypt(c, job, why, err);

	/* Of what it holds, nothing is known then. */
	if (!r && c->no_key)
		return conclude(c, job, false, false, why) ? err_nomem(err) :
							     0;
	if (!r)
		r = nvs_reader_load(c->reader, c->image.data, c->image.len,
				    err);
	if (!r && !c->no_csv)
		r = compare_items(c, job->csv, err);
	if (!r) {
		nvs_check_all(c->reader, &findings);
		garbage = nvs_reader_is_garbage(c->reader);
		r = c->nomem ? err_nomem(err) : 0;
	}
	if (!r && garbage)
		r = was_plain(c, &plain, err);
	if (plain)
		/* All of it is in the image, but not as it was looked for. */
		c->difference.len = 0;
	/* Of an image that is garbage, this has been said. */
	if (!r && job->lost_keys && !garbage &&
	    add_reason(why, "its key file '%s' is missing, and it is not "
		       "encrypted", job->lost_keys))
		r = err_nomem(err);
	if (!r && conclude(c, job, garbage, plain, why))
		r = err_nomem(err);
	return r;
}

int compare_image(struct compare *c, const struct compare_job *job,
		  struct buf *why, struct err *err)
{
	int r;

	c->difference.len = c->csv_error.len = c->finding.len = 0;
	c->nomem = c->odd_size = c->decrypted = c->no_key = false;
	c->has_keys = true;
	r = read_image(c, job, why, err);
	if (!r)
		r = read_csv(c, job, why, err);
	return r || c->no_image ? r : compare_contents(c, job, why, err);
}
