/* SPDX-License-Identifier: Apache-2.0 */
#include "single.h"

#include <string.h>
#include <sys/stat.h>

#include "csv_input.h"
#include "file.h"
#include "nvs_crypt.h"
#include "nvs_writer.h"

#define INPUT_MAX (256u << 20)

static void show_error(void *ctx, const struct err *e)
{
	(void)ctx;
	cli_error(e);
}

static void show_warning(void *ctx, const struct err *e)
{
	(void)ctx;
	cli_warning(e);
}

static const struct err_sink errors = { show_error, NULL };
const struct err_sink single_warnings = { show_warning, NULL };

static int read_file(struct csv_input *in, const char *path)
{
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	int r = file_read(path, INPUT_MAX, &text, &err);

	if (r)
		cli_error(&err);
	else
		r = csv_input_read(in, path, text.data, text.len,
				   CSV_EXTENDED, &errors);
	buf_wipe(&text);
	return r;
}

/* All there is to read, in spite of mistakes, so that all are found. */
static int read_rows(struct csv_input *in, const struct single *s)
{
	int r = 0;

	if (s->csv)
		return csv_input_read(in, s->name, s->csv->data, s->csv->len,
				      CSV_EXTENDED, &errors);
	for (size_t i = 0; i < s->input_count; i++) {
		int one = read_file(in, s->inputs[i]);

		r = r ? r : one;
	}
	return r;
}

/* Measure first, so that all mistakes are found, then make the image. */
static int encode_rows(const struct csv_input *in, struct csv_decoder *d,
		       const struct single *s, uint8_t *image)
{
	struct nvs_writer w;
	struct err err = ERR_INIT;
	int r;

	r = nvs_writer_init(&w, s->size, s->version, &err);
	if (r) {
		cli_error(&err);
		return r;
	}
	r = csv_input_encode(in, d, &w, NULL, NULL, &errors);
	if (!r)
		r = csv_input_encode(in, d, &w, image, NULL, &errors);
	nvs_writer_release(&w);
	return r;
}

static int encode(const struct single *s, uint8_t *image)
{
	struct csv_input in = CSV_INPUT_INIT;
	struct err err = ERR_INIT;
	struct csv_decoder d;
	struct csv_files *files = csv_decoder_files(&err);
	int r;

	if (!files) {
		cli_error(&err);
		return ERR_NOMEM;
	}
	csv_decoder_init(&d, files);
	r = read_rows(&in, s);
	if (!r)
		r = encode_rows(&in, &d, s, image);
	csv_decoder_release(&d);
	csv_files_free(files);
	csv_input_release(&in);
	return r;
}

static int encrypt(const struct single *s, uint8_t *image,
		   struct nvs_keys *keys, uint8_t hmac_key[NVS_HMAC_KEY_SIZE],
		   struct err *err)
{
	struct nvs_cipher *cipher;
	int r;

	r = s->keys.keygen ? keycmd_make(&s->keys, keys, hmac_key, err) :
			     keycmd_load_input(&s->keys, keys, err);
	if (r)
		return r;
	cipher = nvs_cipher_new(err);
	if (!cipher)
		return err->code;
	r = nvs_cipher_set_keys(cipher, keys, err);
	if (!r)
		r = nvs_image_encrypt(cipher, image, s->size, err);
	nvs_cipher_free(cipher);
	return r;
}

static int open_aside(struct file_aside *f, const char *path, const void *p,
		      size_t n, struct err *err)
{
	int r;

	r = file_make_parent(path, err);
	if (!r)
		r = file_aside_open(f, path, FILE_MODE_PUBLIC, err);
	if (!r)
		r = file_aside_write(f, p, n, err);
	return r;
}

/* All files are whole before the first takes its name. */
static int write_all(const struct single *s, const uint8_t *image,
		     const struct nvs_keys *keys, const uint8_t *hmac_key,
		     struct err *err)
{
	struct file_aside csv = FILE_ASIDE_INIT, out = FILE_ASIDE_INIT;
	int r = 0;

	if (s->csv)
		r = open_aside(&csv, s->csv_path, s->csv->data, s->csv->len,
			       err);
	if (!r)
		r = open_aside(&out, s->image_path, image, s->size, err);
	if (!r && s->encrypt && s->keys.keygen)
		r = keycmd_save(&s->keys, s->keys_outdir, keys, hmac_key, err);
	if (!r && s->csv)
		r = file_aside_commit(&csv, FILE_REPLACE, err);
	if (!r)
		r = file_aside_commit(&out, FILE_REPLACE, err);
	file_aside_abort(&csv);
	file_aside_abort(&out);
	return r;
}

static int finish(const struct single *s, uint8_t *image)
{
	uint8_t hmac_key[NVS_HMAC_KEY_SIZE];
	struct nvs_keys keys;
	struct err err = ERR_INIT;
	int r = 0;

	if (s->encrypt)
		r = encrypt(s, image, &keys, hmac_key, &err);
	if (!r)
		r = write_all(s, image, &keys, hmac_key, &err);
	if (r)
		cli_error(&err);
	nvs_keys_wipe(&keys);
	mem_wipe(hmac_key, sizeof(hmac_key));
	return r;
}

int single_make(const struct single *s)
{
	uint8_t *image = mem_alloc(s->size);
	struct err err = ERR_INIT;
	int r;

	if (!image) {
		err_nomem(&err);
		cli_error(&err);
		return ERR_NOMEM;
	}
	r = encode(s, image);
	if (!r)
		r = finish(s, image);
	mem_wipe(image, s->size);
	mem_free(image);
	return r;
}

int single_status(int code)
{
	return code == ERR_USAGE ? CLI_USAGE : code ? CLI_FAILED : CLI_OK;
}

bool single_same_file(const char *a, const char *b)
{
	struct stat one, two;

	return !stat(a, &one) && !stat(b, &two) && one.st_dev == two.st_dev &&
	       one.st_ino == two.st_ino;
}
