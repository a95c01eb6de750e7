/* SPDX-License-Identifier: Apache-2.0 */
/*
 * factory_options.h - options that one accessory and a batch of them share,
 * and the command for the batch.
 */
#ifndef FACTORY_OPTIONS_H
#define FACTORY_OPTIONS_H

#include <stdbool.h>

#include "cli.h"
#include "err.h"
#include "partition.h"

#define FACTORY_SIZE "0x4000" /* of the partition, where none is given */

/* As they are typed: "true", "false", a file; NULL: not given. */
struct factory_keys {
	const char *keygen, *encrypt, *keyfile;
};

/* Lines for a table of struct cli_option. */
#define FACTORY_KEY_OPTIONS(k) \
	{ "keygen", 0, CLI_TEXT, &(k)->keygen, "{true,false}", \
	  "draw a key and write it into keys/ of outdir" }, \
	{ "encrypt", 0, CLI_TEXT, &(k)->encrypt, "{true,false}", \
	  "encrypt the image" }, \
	{ "keyfile", 0, CLI_TEXT, &(k)->keyfile, "KEYFILE", \
	  "key to encrypt with, or name for the drawn one" }

/* Check that they go together. Returns as cli_parse(). */
int factory_keys_check(const struct cli_command *cmd,
		       const struct factory_keys *k, bool *keygen,
		       bool *encrypt);

/* The size as text: the default, unless a table has to be searched for it. */
const char *factory_size(const struct partition_options *o, const char *size,
			 struct err *err);

/* Whether the setup data's firmware can use a partition of that size. */
__attribute__((warn_unused_result))
int factory_size_check(const struct partition_place *place, struct err *err);

/* The command "factory_nvs_gen batch"; argv[0] is "batch". */
int factory_batch(int argc, char **argv);

#endif
