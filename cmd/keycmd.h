/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keycmd.h - the key options that mfg_gen and nvs_partition_gen share, and
 * their command generate-key.
 */
#ifndef KEYCMD_H
#define KEYCMD_H

#include <stdbool.h>

#include "buf.h"
#include "cli.h"
#include "err.h"
#include "nvs_keys.h"

struct key_options {
	bool keygen;
	const char *keyfile;
	const char *inputkey;
	bool protect_hmac;
	bool hmac_keygen;
	const char *hmac_keyfile;
	const char *hmac_inputkey;
};

/* Lines for a table of struct cli_option. */
#define KEYCMD_HMAC_OPTIONS(k) \
	{ "key_protect_hmac", 0, CLI_FLAG, &(k)->protect_hmac, NULL, \
	  "derive the NVS keys from an HMAC key, as the\n" \
	  "chip does from its eFuse" }, \
	{ "kp_hmac_keygen", 0, CLI_FLAG, &(k)->hmac_keygen, NULL, \
	  "draw the HMAC key" }, \
	{ "kp_hmac_keyfile", 0, CLI_TEXT, &(k)->hmac_keyfile, "F", \
	  "file name for a drawn HMAC key, under keys/" }, \
	{ "kp_hmac_inputkey", 0, CLI_TEXT, &(k)->hmac_inputkey, "F", \
	  "file with the HMAC key (32 bytes)" }

/*
 * The key options of commands that spell them out: "true", "false", a file
 * that is either read or made; NULL: not given.
 */
struct key_words {
	const char *keygen, *encrypt, *keyfile;
};

/* Lines for a table of struct cli_option. */
#define KEYCMD_WORD_OPTIONS(w) \
	{ "keygen", 0, CLI_TEXT, &(w)->keygen, "{true,false}", \
	  "draw a key and write it into keys/ of outdir" }, \
	{ "encrypt", 0, CLI_TEXT, &(w)->encrypt, "{true,false}", \
	  "encrypt the image" }, \
	{ "keyfile", 0, CLI_TEXT, &(w)->keyfile, "F", \
	  "key to encrypt with, or name for the drawn one" }

/* Check that they go together and put them into k. Returns as cli_parse(). */
int keycmd_take_words(const struct cli_command *cmd,
		      const struct key_words *w, struct key_options *k,
		      bool *encrypt);

/*
 * A key file of a batch lies in keys/. Refuse another name of such an option,
 * NULL is fine. Returns as cli_parse().
 */
int keycmd_refuse_slash(const struct cli_command *cmd, const char *option,
			const char *name);

/* Check that the options go together. Returns as cli_parse(). */
int keycmd_check(const struct cli_command *cmd, const struct key_options *k);

/*
 * Load the file of --inputkey, which has to be called .bin, or that of
 * --kp_hmac_inputkey. Both warn of a key that follows a pattern.
 */
__attribute__((warn_unused_result))
int keycmd_load_input(const struct key_options *k, struct nvs_keys *keys,
		      struct err *err);
__attribute__((warn_unused_result))
int keycmd_load_hmac_input(const struct key_options *k,
			   uint8_t hmac_key[NVS_HMAC_KEY_SIZE],
			   struct err *err);

/*
 * Draw or derive the keys that the options ask for. An HMAC key that is
 * drawn is in hmac_key.
 */
__attribute__((warn_unused_result))
int keycmd_make(const struct key_options *k, struct nvs_keys *keys,
		uint8_t hmac_key[NVS_HMAC_KEY_SIZE], struct err *err);

/*
 * The file name of a key as it was asked for: .bin is added where there is no
 * extension, another one is refused with ERR_USAGE. A C string in name.
 */
__attribute__((warn_unused_result))
int keycmd_file_name(const char *asked, struct buf *name, struct err *err);

/* Where key files go. */
struct key_paths {
	struct buf key, hmac; /* C strings; hmac is empty without one */
	struct buf dir;       /* "keys" below outdir, where a name that is not
				 absolute lies */
};

#define KEY_PATHS_INIT { BUF_INIT, BUF_INIT, BUF_INIT }

/*
 * Find out where key files go: below outdir/keys. ERR_EXISTS when something
 * stands there. To be released either way.
 */
__attribute__((warn_unused_result))
int keycmd_find_paths(const struct key_options *k, const char *outdir,
		      struct key_paths *paths, struct err *err);
void keycmd_release_paths(struct key_paths *paths);

/*
 * Write key files, never over existing ones: the keys, and the HMAC key when
 * it was drawn. Both or none.
 */
__attribute__((warn_unused_result))
int keycmd_save(const struct key_options *k, const struct key_paths *paths,
		const struct nvs_keys *keys,
		const uint8_t hmac_key[NVS_HMAC_KEY_SIZE], struct err *err);

/* Remove what keycmd_save() has written, while nothing depends on it. */
void keycmd_discard(const struct key_options *k,
		    const struct key_paths *paths);

/* Print the paths of what it has written. */
void keycmd_announce(const struct key_options *k,
		     const struct key_paths *paths);

/* The command generate-key. name is "mfg_gen generate-key" or the like. */
int keycmd_generate_key(const char *name, int argc, char **argv);

#endif
