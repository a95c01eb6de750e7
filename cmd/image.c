/* SPDX-License-Identifier: Apache-2.0 */
#include "image.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "nvs_crypt.h"
#include "nvs_keys.h"

/* A file that is not there is wrong usage, as the original has it. */
static int check_name(const struct cli_command *cmd, const char *file)
{
	struct stat st;

	if (stat(file, &st))
		return errno == ENOENT || errno == ENOTDIR ?
		       cli_wrong_usage(cmd, "no such file: '%s'", file) : -1;
	if (S_ISDIR(st.st_mode))
		return cli_wrong_usage(cmd, "'%s' is a directory", file);
	return -1;
}

static int read_image(struct image *im, const struct view *messages)
{
	struct err err = ERR_INIT;
	size_t rest;

	if (file_read(im->file, NVS_MAX_SIZE, &im->bytes, &err)) {
		if (err.errnum == ENOENT)
			view_error(messages, "File not found: %s", im->file);
		else
			view_error(messages, "Cannot read file %s: %s",
				   im->file, err.errnum ?
				   strerror(err.errnum) : err.msg);
		return CLI_FAILED;
	}
	rest = im->bytes.len % NVS_PAGE_SIZE;
	if (rest) {
		view_error(messages, "Given partition data is not aligned to "
			   "page size (%zu %% %u = %zu): %s was cut off or is no "
			   "image", im->bytes.len, NVS_PAGE_SIZE, rest,
			   im->file);
		return CLI_FAILED;
	}
	return -1;
}

static int load_keys(struct nvs_keys *out, const struct image_keys *keys,
		     struct err *err)
{
	uint8_t hmac_key[NVS_HMAC_KEY_SIZE];
	int r;

	if (keys->keys)
		return nvs_keys_load(out, keys->keys, err);
	r = nvs_hmac_key_load(hmac_key, keys->hmac_key, err);
	if (!r)
		r = nvs_keys_derive(out, hmac_key, err);
	mem_wipe(hmac_key, sizeof(hmac_key));
	return r;
}

/*
 * Erased entries, too: a dump steps over as many entries as an erased one
 * says it takes, and what is encrypted says anything.
 */
static int decrypt(struct image *im, const struct nvs_keys *keys,
		   struct err *err)
{
	struct nvs_cipher *cipher = nvs_cipher_new(err);
	int r;

	if (!cipher)
		return ERR_NOMEM;
	r = nvs_cipher_set_keys(cipher, keys, err);
	if (!r)
		r = nvs_image_decrypt_erased(cipher, im->bytes.data,
					     im->bytes.len, err);
	nvs_cipher_free(cipher);
	return r;
}

/* Take the bytes apart anew. */
static int load(struct image *im, struct err *err)
{
	int r;

	r = nvs_reader_load(im->reader, im->bytes.data, im->bytes.len, err);
	im->garbage = !r && nvs_reader_is_garbage(im->reader);
	return r;
}

/*
 * Whether what is written can only be read with a key, in whatever pages:
 * those that the reader passes over, of a damaged header or state, count too.
 */
static bool is_encrypted(const struct buf *image)
{
	struct nvs_raw_page page;
	struct nvs_raw_entry e;
	size_t written = 0;

	for (size_t n = 0; nvs_raw_page(&page, image->data, image->len, n); n++)
		for (unsigned i = 0; nvs_raw_entry(&e, &page, i); i++) {
			if (e.state != NVS_ENTRY_WRITTEN)
				continue;
			if (e.crc_stored == e.crc_computed)
				return false;
			written++;
		}
	return written > 0;
}

static int apply_keys(struct image *im, const struct image_keys *files,
		      const struct view *messages, struct err *err)
{
	const char *key_file = files->keys ? files->keys : files->hmac_key;
	bool encrypted = is_encrypted(&im->bytes);
	struct nvs_keys keys;
	int r;

	r = load_keys(&keys, files, err);
	if (!r && encrypted)
		r = decrypt(im, &keys, err);
	nvs_keys_wipe(&keys);
	if (!r && encrypted)
		r = load(im, err);
	im->decrypted = !r && encrypted;
	if (!r && encrypted && is_encrypted(&im->bytes))
		r = err_set(err, ERR_KEY, "the key in %s does not fit %s: not "
			    "one entry CRC is right after decryption",
			    key_file, im->file);
	if (!r && !encrypted)
		view_warning(messages, "%s is not encrypted, the key in %s "
			     "was not used", im->file, key_file);
	return r;
}

int image_open(struct image *im, const struct cli_command *cmd,
	       const char *file, const struct image_keys *keys,
	       const struct view *messages)
{
	struct err err = ERR_INIT;
	int r;

	*im = (struct image){ .file = file, .bytes = BUF_INIT };
	if (keys->keys && keys->hmac_key)
		return cli_wrong_usage(cmd, "--keys and --hmac-key exclude "
				       "each other");
	r = check_name(cmd, file);
	if (r < 0)
		r = read_image(im, messages);
	if (r >= 0)
		return r;
	im->reader = nvs_reader_new(&err);
	r = im->reader ? load(im, &err) : ERR_NOMEM;
	if (!r && (keys->keys || keys->hmac_key))
		r = apply_keys(im, keys, messages, &err);
	if (!r)
		return -1;
	view_error(messages, "%s", err.msg);
	return CLI_FAILED;
}

void image_close(struct image *im)
{
	nvs_reader_free(im->reader);
	buf_wipe(&im->bytes);
}

bool image_is_garbage(const struct image *im, const struct view *messages)
{
	if (im->garbage)
		view_error(messages, "%s: not one entry CRC is right: if the "
			   "image is encrypted, its key is needed (--keys or "
			   "--hmac-key)", im->file);
	return im->garbage;
}

struct printer {
	FILE *to;
	const char *file;
	enum nvs_severity least;
};

static void print_finding(void *ctx, const struct nvs_finding *f)
{
	const struct printer *p = ctx;
	char text[NVS_FINDING_TEXT_MAX];

	if (f->check->severity >= p->least)
		cli_say(p->to, "%s", nvs_finding_format(f, p->file, text,
							sizeof(text)));
}

struct nvs_check_result image_print_findings(const struct image *im, FILE *to,
					     enum nvs_severity least)
{
	struct printer p = { to, im->file, least };
	struct nvs_finding_sink sink = { print_finding, &p };

	return nvs_check_all(im->reader, &sink);
}
