/* SPDX-License-Identifier: Apache-2.0 */
#include "single.h"

#include <string.h>

#include "csv_input.h"
#include "file.h"
#include "nvs_crypt.h"
#include "nvs_writer.h"

/* Bytes: twice the largest partition, for hex digits. */
#define INPUT_MAX (256u << 20)

static void show_error(void *ctx, const struct err *e)
{
	const struct single *s = ctx;
	struct err shown = *e;

	if (s->find_source && shown.pos.line && shown.pos.file == s->name)
		s->find_source(s->ctx, &shown.pos);
	cli_error(&shown);
}

static struct err_sink errors_of(const struct single *s)
{
	/* A sink's context is not const, but this one only reads it. */
	union {
		const void *from;
		void *to;
	} ctx = { s };

	return (struct err_sink){ show_error, ctx.to };
}

static int read_file(struct csv_input *in, const char *path,
		     const struct err_sink *errors)
{
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	int r = file_read(path, INPUT_MAX, &text, &err);

	if (r) {
		cli_error(&err);
		csv_input_lose(in);
	} else {
		r = csv_input_read(in, path, text.data, text.len,
				   CSV_EXTENDED, errors);
	}
	buf_wipe(&text);
	return r;
}

/* All there is to read, in spite of mistakes, so that all are found. */
static int read_rows(struct csv_input *in, const struct single *s)
{
	struct err_sink errors = errors_of(s);
	int r = 0;

	if (s->csv)
		return csv_input_read(in, s->name, s->csv->data, s->csv->len,
				      CSV_EXTENDED, &errors);
	for (size_t i = 0; i < s->input_count; i++) {
		int one = read_file(in, s->inputs[i], &errors);

		r = r ? r : one;
	}
	return r;
}

/*
 * Measure first, so that all mistakes are found, then make the image, unless
 * it is NULL.
 */
static int encode_rows(const struct csv_input *in, struct csv_decoder *d,
		       const struct single *s, uint8_t *image)
{
	struct err_sink errors = errors_of(s);
	struct nvs_writer w;
	struct err err = ERR_INIT;
	int r;

	r = nvs_writer_init(&w, s->size, s->version, &err);
	if (r) {
		cli_error(&err);
		return r;
	}
	r = csv_input_encode(in, d, &w, NULL, NULL, &errors);
	if (!r && image)
		r = csv_input_encode(in, d, &w, image, NULL, &errors);
	nvs_writer_release(&w);
	return r;
}

/*
 * Whether something that is read, or made, is what another file would be
 * written over. *paths are of the keys that are made.
 */
static int check_names(const struct single *s, const struct csv_input *in,
		       const struct key_paths *paths, struct err *err)
{
	const char *made[] = { s->image_path, s->csv ? s->csv_path : NULL,
			       (char *)paths->key.data,
			       (char *)paths->hmac.data };
	const size_t count = sizeof(made) / sizeof(*made);
	const char *read[] = { s->keys.inputkey, s->keys.hmac_inputkey,
			       s->size_source };
	int r = 0;

	for (size_t i = 0; i < count && !r; i++) {
		for (size_t n = i + 1; n < count && !r; n++)
			r = single_refuse_same(made[i], made[n], err);
		for (size_t n = 0; n < s->input_count && !r; n++)
			r = single_refuse_same(made[i], s->inputs[n], err);
		for (size_t n = 0; n < sizeof(read) / sizeof(*read) && !r; n++)
			r = single_refuse_same(made[i], read[n], err);
		for (size_t n = 0; n < in->count && !r; n++)
			if (in->lines[n].spec.from_file)
				r = single_refuse_same(made[i],
						       in->lines[n].value.text,
						       err);
	}
	return r;
}

int single_refuse_same(const char *made, const char *other, struct err *err)
{
	int r = made && other ? file_same(made, other, err) : 0;

	if (r <= 0)
		return r;
	return err_set(err, ERR_EXISTS, "the output '%s' would take the place of "
		       "'%s', which this run needs: choose another name", made,
		       other);
}

static int encode(const struct single *s, const struct key_paths *paths,
		  uint8_t *image)
{
	struct csv_input in = CSV_INPUT_INIT;
	struct err err = ERR_INIT;
	struct csv_decoder d;
	struct csv_files *files = csv_decoder_files(&err);
	int r, encoded = 0;

	if (!files) {
		cli_error(&err);
		return ERR_NOMEM;
	}
	csv_decoder_init(&d, files);
	r = read_rows(&in, s);
	if (!r && check_names(s, &in, paths, &err)) {
		cli_error(&err);
		r = err.code;
	}
	/* Beside rows that are wrong, others may hold values that are. */
	if (r != ERR_NOMEM)
		encoded = encode_rows(&in, &d, s, r ? NULL : image);
	csv_decoder_release(&d);
	csv_files_free(files);
	csv_input_release(&in);
	return r ? r : encoded;
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

static int open_aside(struct file_aside *f, const char *path, bool secret,
		      const void *p, size_t n, struct err *err)
{
	int r;

	r = file_make_parent(path, err);
	if (!r)
		r = file_aside_open(f, path, secret ? FILE_MODE_SECRET :
				    FILE_MODE_PUBLIC, err);
	if (!r)
		r = file_aside_write(f, p, n, err);
	return r;
}

/*
 * All files are whole before the first takes its name. Keys that nothing was
 * encrypted with in the end are not left behind: they would keep the next run
 * from drawing some under their names.
 */
static int write_all(const struct single *s, const struct key_paths *paths,
		     const uint8_t *image, const struct nvs_keys *keys,
		     const uint8_t *hmac_key, struct err *err)
{
	struct file_aside csv = FILE_ASIDE_INIT, out = FILE_ASIDE_INIT;
	bool drawn = s->encrypt && s->keys.keygen, saved;
	int r = 0;

	if (s->csv)
		r = open_aside(&csv, s->csv_path, s->secret || s->encrypt,
			       s->csv->data, s->csv->len, err);
	if (!r)
		r = open_aside(&out, s->image_path, s->secret && !s->encrypt,
			       image, s->size, err);
	if (!r && drawn)
		r = keycmd_save(&s->keys, paths, keys, hmac_key, err);
	saved = !r && drawn;
	if (!r && s->csv)
		r = file_aside_commit(&csv, FILE_REPLACE, err);
	if (!r)
		r = file_aside_commit(&out, FILE_REPLACE, err);
	if (saved && !out.placed)
		keycmd_discard(&s->keys, paths);
	else if (saved)
		keycmd_announce(&s->keys, paths);
	file_aside_abort(&csv);
	file_aside_abort(&out);
	return r;
}

static int finish(const struct single *s, const struct key_paths *paths,
		  uint8_t *image)
{
	uint8_t hmac_key[NVS_HMAC_KEY_SIZE];
	struct nvs_keys keys;
	struct err err = ERR_INIT;
	int r = 0;

	if (s->encrypt)
		r = encrypt(s, image, &keys, hmac_key, &err);
	if (!r) {
		cli_hold_signals();
		r = write_all(s, paths, image, &keys, hmac_key, &err);
	}
	if (r)
		cli_error(&err);
	nvs_keys_wipe(&keys);
	mem_wipe(hmac_key, sizeof(hmac_key));
	return r;
}

int single_make(const struct single *s)
{
	struct key_paths paths = KEY_PATHS_INIT;
	uint8_t *image = mem_alloc(s->size);
	struct err err = ERR_INIT;
	int r = image ? 0 : err_nomem(&err);

	if (!r && s->encrypt && s->keys.keygen)
		r = keycmd_find_paths(&s->keys, s->keys_outdir, &paths, &err);
	if (r) {
		cli_fail(s->cmd, &err);
	} else {
		r = encode(s, &paths, image);
		if (!r)
			r = finish(s, &paths, image);
	}
	keycmd_release_paths(&paths);
	mem_wipe(image, s->size);
	mem_free(image);
	return r;
}

int single_status(int code)
{
	return code == ERR_USAGE ? CLI_USAGE : code ? CLI_FAILED : CLI_OK;
}
