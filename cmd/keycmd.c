/* SPDX-License-Identifier: Apache-2.0 */
#include "keycmd.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

/* The original takes both, and says so; scripts that give both are about. */
static void warn_unused_keyfile(const char *keyfile)
{
	struct err warning = ERR_INIT;

	err_set(&warning, ERR_USAGE, "--keyfile '%s' is not used: --inputkey "
		"gives the key, none is made", keyfile);
	cli_warning(&warning);
}

int keycmd_check(const struct cli_command *cmd, const struct key_options *k)
{
	if (k->protect_hmac && !k->keygen)
		return cli_wrong_usage(cmd, "--key_protect_hmac derives the keys "
				       "that --keygen makes: give --keygen too");
	if (k->keyfile && k->inputkey)
		warn_unused_keyfile(k->keyfile);
	else if (k->keyfile && !k->keygen)
		return cli_wrong_usage(cmd, "--keyfile names a generated key, it "
				       "needs --keygen");
	return check_hmac(cmd, k);
}

int keycmd_refuse_slash(const struct cli_command *cmd, const char *option,
			const char *name)
{
	if (!name || !strchr(name, '/'))
		return -1;
	return cli_wrong_usage(cmd, "--%s: '%s' names a file in keys/ and can't "
			       "hold a '/'", option, name);
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

/* Point out a key that is no secret, or not the one that was meant. */
static void warn_of_key(const char *path, bool pattern, bool hex_text)
{
	struct pos pos = { path, 0, 0 };
	struct err warning = ERR_INIT;

	if (pattern)
		err_at(&warning, &pos, ERR_KEY, "the key follows a pattern, it "
		       "was not drawn at random: whoever guesses it can read "
		       "the images; draw a key with generate-key");
	else if (hex_text)
		err_at(&warning, &pos, ERR_KEY, "the key is text, all of it hex "
		       "digits, and is taken as it stands: if they stand for "
		       "bytes, it is another key than the one that was meant "
		       "('xxd -r -p' makes bytes of them)");
	else
		return;
	cli_warning(&warning);
}

int keycmd_load_input(const struct key_options *k, struct nvs_keys *keys,
		      struct err *err)
{
	const char *ext = file_extension(k->inputkey);

	if (!text_same_word(ext, strlen(ext), ".bin"))
		return err_set(err, ERR_KEY, "the key file '%s' does not have the "
			       "extension .bin", k->inputkey);
	if (nvs_keys_load(keys, k->inputkey, err))
		return err->code;
	warn_of_key(k->inputkey,
		    nvs_key_is_pattern(keys->eky, sizeof(keys->eky)) ||
		    nvs_key_is_pattern(keys->tky, sizeof(keys->tky)),
		    nvs_key_is_hex_text(keys->eky, sizeof(keys->eky)) &&
		    nvs_key_is_hex_text(keys->tky, sizeof(keys->tky)));
	return 0;
}

int keycmd_load_hmac_input(const struct key_options *k,
			   uint8_t hmac_key[NVS_HMAC_KEY_SIZE],
			   struct err *err)
{
	if (nvs_hmac_key_load(hmac_key, k->hmac_inputkey, err))
		return err->code;
	warn_of_key(k->hmac_inputkey,
		    nvs_key_is_pattern(hmac_key, NVS_HMAC_KEY_SIZE),
		    nvs_key_is_hex_text(hmac_key, NVS_HMAC_KEY_SIZE));
	return 0;
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
		    keycmd_load_hmac_input(k, hmac_key, err) :
		    random.fill(random.ctx, hmac_key, NVS_HMAC_KEY_SIZE, err);
		if (!r)
			r = nvs_keys_derive(keys, hmac_key, err);
	}
	random_system_free(system);
	return r;
}

/* Whether a relative path has a component "..". */
static bool climbs(const char *path)
{
	for (const char *p = path; (p = strstr(p, "..")); p += 2)
		if ((p == path || p[-1] == '/') && (!p[2] || p[2] == '/'))
			return path[0] != '/';
	return false;
}

int keycmd_file_name(const char *asked, struct buf *name, struct err *err)
{
	const char *ext = file_extension(asked);

	if (*ext && !text_same_word(ext, strlen(ext), ".bin"))
		return err_set(err, ERR_USAGE, "the key file '%s' can only have "
			       "the extension .bin", asked);
	if (!*asked || asked[strlen(asked) - 1] == '/')
		return err_set(err, ERR_USAGE, "the key file '%s' has no name",
			       asked);
	if (climbs(asked))
		return err_set(err, ERR_USAGE, "the key file '%s' would lie "
			       "outside keys/: leave out the '..'", asked);
	if (buf_puts(name, asked) || (!*ext && buf_puts(name, ".bin")) ||
	    !buf_str(name))
		return err_nomem(err);
	return 0;
}

/* "keys-<month>-<day>_<hour>-<minute>.bin" */
static int dated_name(const char *start, struct buf *name, struct err *err)
{
	time_t now = time(NULL);
	char when[32];
	struct tm tm;

	if (!localtime_r(&now, &tm) ||
	    !strftime(when, sizeof(when), "%m-%d_%H-%M", &tm))
		return err_set(err, ERR_IO, "cannot tell the time");
	if (buf_printf(name, "%s%s.bin", start, when) || !buf_str(name))
		return err_nomem(err);
	return 0;
}

/*
 * The path of a key file: what was asked for, below outdir/keys unless it is
 * absolute, or a name with the time in it.
 */
static int key_path(const char *asked, const struct buf *dir,
		    const char *start, struct buf *path, struct err *err)
{
	struct buf name = BUF_INIT;
	int r;

	r = asked ? keycmd_file_name(asked, &name, err) :
		    dated_name(start, &name, err);
	if (!r && name.data[0] != '/' &&
	    (buf_append(path, dir->data, dir->len) || buf_putc(path, '/')))
		r = err_nomem(err);
	if (!r && (buf_append(path, name.data, name.len) || !buf_str(path)))
		r = err_nomem(err);
	buf_release(&name);
	return r;
}

/*
 * The path of a drawn HMAC key that was given no name: that of the keys which
 * are derived from it, with "hmac-" in front.
 */
static int hmac_path_beside(const char *keyfile, const struct buf *dir,
			    struct buf *path, struct err *err)
{
	const char *slash = strrchr(keyfile, '/');
	size_t at = slash ? (size_t)(slash - keyfile) + 1 : 0;
	struct buf name = BUF_INIT;
	int r;

	if (buf_append(&name, keyfile, at) || buf_puts(&name, "hmac-") ||
	    buf_puts(&name, keyfile + at) || !buf_str(&name))
		r = err_nomem(err);
	else
		r = key_path((char *)name.data, dir, NULL, path, err);
	buf_release(&name);
	return r;
}

static int refuse_existing(const char *path, const char *option,
			   struct err *err)
{
	if (!file_exists(path))
		return 0;
	return err_set(err, ERR_EXISTS, "the key file '%s' is there already, and "
		       "a key is never overwritten: give another name with "
		       "--%s NAME", path, option);
}

int keycmd_find_paths(const struct key_options *k, const char *outdir,
		      struct key_paths *paths, struct err *err)
{
	int r = file_expand_home(*outdir ? outdir : ".", &paths->dir, err);

	if (!r && (buf_puts(&paths->dir, "/keys") || !buf_str(&paths->dir)))
		r = err_nomem(err);
	if (!r)
		r = key_path(k->keyfile, &paths->dir, "keys-", &paths->key,
			     err);
	if (!r)
		r = refuse_existing((char *)paths->key.data, "keyfile", err);
	if (r || !k->hmac_keygen)
		return r;
	r = k->keyfile && !k->hmac_keyfile ?
	    hmac_path_beside(k->keyfile, &paths->dir, &paths->hmac, err) :
	    key_path(k->hmac_keyfile, &paths->dir, "hmac-keys-", &paths->hmac,
		     err);
	if (!r)
		r = refuse_existing((char *)paths->hmac.data,
				    "kp_hmac_keyfile", err);
	if (!r)
		r = file_same((char *)paths->key.data,
			      (char *)paths->hmac.data, err);
	if (r > 0)
		r = err_set(err, ERR_USAGE, "--keyfile and --kp_hmac_keyfile "
			    "name the same file '%s': two keys need two files",
			    (char *)paths->key.data);
	return r;
}

void keycmd_release_paths(struct key_paths *paths)
{
	buf_release(&paths->key);
	buf_release(&paths->hmac);
	buf_release(&paths->dir);
}

/* Make the directory of a key file; keys/ is none that others lead away. */
static int make_key_dir(const struct key_paths *paths, const struct buf *path,
			struct err *err)
{
	const char *dir = (char *)paths->dir.data;
	int r = file_make_parent((char *)path->data, err), outdir, fd;

	if (r || strncmp((char *)path->data, dir, paths->dir.len) != 0)
		return r;
	outdir = file_open_parent(dir);
	fd = outdir < 0 ? -1 : file_open_dir(outdir, "keys");
	r = errno;
	if (outdir >= 0)
		close(outdir);
	errno = r;
	if (fd < 0 && errno == ELOOP)
		return err_set(err, ERR_EXISTS, "'%s' is another user's symbolic "
			       "link, which is not followed: remove it, or "
			       "choose another --outdir", dir);
	if (fd < 0)
		return err_io(err, errno, "cannot open the directory", dir);
	close(fd);
	return 0;
}

int keycmd_save(const struct key_options *k, const struct key_paths *paths,
		const struct nvs_keys *keys,
		const uint8_t hmac_key[NVS_HMAC_KEY_SIZE], struct err *err)
{
	const char *key = (char *)paths->key.data;
	const char *hmac = (char *)paths->hmac.data;
	int r = make_key_dir(paths, &paths->key, err);

	if (!r && k->hmac_keygen) {
		r = make_key_dir(paths, &paths->hmac, err);
		if (!r)
			r = file_write(hmac, hmac_key, NVS_HMAC_KEY_SIZE,
				       FILE_MODE_SECRET, FILE_KEEP, err);
	}
	if (!r) {
		r = nvs_keys_save(keys, key, FILE_KEEP, err);
		if (r && k->hmac_keygen)
			unlink(hmac);
	}
	return r;
}

void keycmd_discard(const struct key_options *k, const struct key_paths *paths)
{
	unlink((char *)paths->key.data);
	if (k->hmac_keygen)
		unlink((char *)paths->hmac.data);
}

void keycmd_announce(const struct key_options *k, const struct key_paths *paths)
{
	if (k->hmac_keygen)
		printf("Created HMAC keys: ===>  %s\n",
		       (char *)paths->hmac.data);
	printf("Created encryption keys: ===>  %s\n",
	       (char *)paths->key.data);
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
	struct key_paths paths = KEY_PATHS_INIT;
	uint8_t hmac_key[NVS_HMAC_KEY_SIZE];
	struct err err = ERR_INIT;
	struct nvs_keys keys;
	int r = cli_parse(&cmd, argc, argv, NULL, NULL);

	if (r < 0)
		r = keycmd_check(&cmd, &k);
	if (r >= 0)
		return r;
	r = keycmd_find_paths(&k, outdir, &paths, &err);
	if (!r)
		r = keycmd_make(&k, &keys, hmac_key, &err);
	if (!r) {
		cli_hold_signals();
		r = keycmd_save(&k, &paths, &keys, hmac_key, &err);
	}
	if (!r)
		keycmd_announce(&k, &paths);
	keycmd_release_paths(&paths);
	nvs_keys_wipe(&keys);
	mem_wipe(hmac_key, sizeof(hmac_key));
	return cli_close_stdout(r ? cli_fail(&cmd, &err) : CLI_OK);
}
