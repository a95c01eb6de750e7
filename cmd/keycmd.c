/* SPDX-License-Identifier: Apache-2.0 */
#include "keycmd.h"

#include <string.h>
#include <time.h>

#include "buf.h"
#include "file.h"
#include "random.h"
#include "text.h"

static int check_hmac(const struct cli_command *cmd,
		      const struct key_options *k)
{
	if (k->hmac_keygen && k->hmac_inputkey)
		return cli_wrong_usage(cmd, "--kp_hmac_keygen and "
				       "--kp_hmac_inputkey exclude each other");
	if (k->protect_hmac && !k->hmac_keygen && !k->hmac_inputkey)
		return cli_wrong_usage(cmd, "--key_protect_hmac needs an HMAC "
				       "key: --kp_hmac_keygen draws one, "
				       "--kp_hmac_inputkey gives one");
	if (!k->protect_hmac && (k->hmac_keygen || k->hmac_inputkey ||
				 k->hmac_keyfile))
		return cli_wrong_usage(cmd, "the --kp_hmac options need "
				       "--key_protect_hmac");
	if (k->hmac_keyfile && !k->hmac_keygen)
		return cli_wrong_usage(cmd, "--kp_hmac_keyfile names a drawn "
				       "HMAC key, it needs --kp_hmac_keygen");
	return -1;
}

int keycmd_check(const struct cli_command *cmd, const struct key_options *k)
{
	if (k->protect_hmac && !k->keygen)
		return cli_wrong_usage(cmd, "--key_protect_hmac derives the keys "
				       "that --keygen makes: give --keygen too");
	if (k->keyfile && !k->keygen)
		return cli_wrong_usage(cmd, "--keyfile names a generated key, it "
				       "needs --keygen");
	return check_hmac(cmd, k);
}

int keycmd_take_words(const struct cli_command *cmd,
		      const struct key_words *w, struct key_options *k,
		      bool *encrypt)
{
	int r = cli_truth(cmd, "keygen", w->keygen, &k->keygen);

	if (r < 0)
		r = cli_truth(cmd, "encrypt", w->encrypt, encrypt);
	if (r >= 0)
		return r;
	if (k->keygen && !*encrypt)
		return cli_wrong_usage(cmd, "--keygen true needs --encrypt "
				       "true");
	if (w->keyfile && !*encrypt)
		return cli_wrong_usage(cmd, "--keyfile needs --encrypt true");
	if (*encrypt && !k->keygen && !w->keyfile)
		return cli_wrong_usage(cmd, "--encrypt true needs --keyfile F "
				       "or --keygen true");
	*(k->keygen ? &k->keyfile : &k->inputkey) = w->keyfile;
	return -1;
}

int keycmd_load_input(const struct key_options *k, struct nvs_keys *keys,
		      struct err *err)
{
	const char *ext = file_extension(k->inputkey);

	if (!text_same_word(ext, strlen(ext), ".bin"))
		return err_set(err, ERR_KEY, "the key file '%s' does not have the "
			       "extension .bin", k->inputkey);
	return nvs_keys_load(keys, k->inputkey, err);
}

int keycmd_make(const struct key_options *k, struct nvs_keys *keys,
		uint8_t hmac_key[NVS_HMAC_KEY_SIZE], struct err *err)
{
	struct random_system *system = random_system_new(err);
	struct random_source random;
	int r = 0;

	if (!system)
		return err->code;
	random = random_system_source(system);
	if (!k->protect_hmac) {
		r = nvs_keys_random(keys, &random, err);
	} else {
		r = k->hmac_inputkey ?
		    nvs_hmac_key_load(hmac_key, k->hmac_inputkey, err) :
		    random.fill(random.ctx, hmac_key, NVS_HMAC_KEY_SIZE, err);
		if (!r)
			r = nvs_keys_derive(keys, hmac_key, err);
	}
	random_system_free(system);
	return r;
}

/*
 * The path of a key file: what was asked for, below outdir/keys and with .bin
 * added where there is no extension, or a name with the time in it.
 */
static int key_path(const char *asked, const char *outdir, const char *start,
		    struct buf *path, struct err *err)
{
	const char *ext = asked ? file_extension(asked) : "";
	char when[32];
	time_t now = time(NULL);
	struct tm tm;
	int r;

	path->len = 0;
	if (*ext && !text_same_word(ext, strlen(ext), ".bin"))
		return err_set(err, ERR_USAGE, "the key file '%s' can only have "
			       "the extension .bin", asked);
	if (asked && !*asked)
		return err_set(err, ERR_USAGE, "the name of the key file is "
			       "empty");
	r = file_expand_home(*outdir ? outdir : ".", path, err);
	if (r)
		return r;
	if (asked && asked[0] == '/')
		path->len = 0;
	else
		r = buf_puts(path, "/keys/");
	if (asked) {
		r = r || buf_puts(path, asked);
	} else {
		if (!localtime_r(&now, &tm) ||
		    !strftime(when, sizeof(when), "%m-%d_%H-%M", &tm))
			return err_set(err, ERR_IO, "cannot tell the time");
		r = r || buf_puts(path, start) || buf_puts(path, when);
	}
	if (r || (!*ext && buf_puts(path, ".bin")) || !buf_str(path))
		return err_nomem(err);
	return 0;
}

static int refuse_existing(const char *path, struct err *err)
{
	if (!file_exists(path))
		return 0;
	return err_set(err, ERR_EXISTS, "the key file '%s' is there already, and "
		       "a key is never overwritten: choose another name", path);
}

int keycmd_save(const struct key_options *k, const char *outdir,
		const struct nvs_keys *keys,
		const uint8_t hmac_key[NVS_HMAC_KEY_SIZE], struct err *err)
{
	struct buf key = BUF_INIT, hmac = BUF_INIT;
	int r;

	r = key_path(k->keyfile, outdir, "keys-", &key, err);
	if (!r)
		r = refuse_existing((char *)key.data, err);
	if (!r && k->hmac_keygen) {
		r = key_path(k->hmac_keyfile, outdir, "hmac-keys-", &hmac, err);
		if (!r)
			r = refuse_existing((char *)hmac.data, err);
		if (!r)
			r = file_make_parent((char *)hmac.data, err);
		if (!r)
			r = file_write((char *)hmac.data, hmac_key,
				       NVS_HMAC_KEY_SIZE, FILE_MODE_SECRET,
				       FILE_KEEP, err);
		if (!r)
			printf("Created HMAC keys: ===>  %s\n",
			       (char *)hmac.data);
	}
	if (!r)
		r = file_make_parent((char *)key.data, err);
	if (!r)
		r = nvs_keys_save(keys, (char *)key.data, FILE_KEEP, err);
	if (!r)
		printf("Created encryption keys: ===>  %s\n",
		       (char *)key.data);
	buf_release(&key);
	buf_release(&hmac);
	return r;
}

int keycmd_generate_key(const char *name, int argc, char **argv)
{
	struct key_options k = { .keygen = true };
	const char *outdir = ".";
	const struct cli_option options[] = {
		{ "keyfile", 0, CLI_TEXT, &k.keyfile, "F",
		  "file name for the keys, under keys/\n"
		  "(default: keys-<month>-<day>_<hour>-<minute>.bin)" },
		{ "outdir", 0, CLI_TEXT, &outdir, "DIR",
		  "directory in which keys/ is made (default: .)" },
		KEYCMD_HMAC_OPTIONS(&k),
		{ 0 }
	};
	const struct cli_positional none[] = { { 0 } };
	const struct cli_command cmd = {
		.name = name,
		.summary = "Draw NVS encryption keys and write them as a key "
			   "partition.",
		.options = options,
		.positionals = none,
	};
	uint8_t hmac_key[NVS_HMAC_KEY_SIZE];
	struct err err = ERR_INIT;
	struct nvs_keys keys;
	int r = cli_parse(&cmd, argc, argv, NULL, NULL);

	if (r < 0)
		r = keycmd_check(&cmd, &k);
	if (r >= 0)
		return r;
	r = keycmd_make(&k, &keys, hmac_key, &err);
	if (!r)
		r = keycmd_save(&k, outdir, &keys, hmac_key, &err);
	nvs_keys_wipe(&keys);
	mem_wipe(hmac_key, sizeof(hmac_key));
	return cli_close_stdout(r ? cli_error(&err) : CLI_OK);
}
