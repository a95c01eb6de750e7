/* SPDX-License-Identifier: Apache-2.0 */
/* mfg_gen - configuration and values table in, an image per device out. */
#include <inttypes.h>
#include <string.h>

#include "batch.h"
#include "batch_ui.h"
#include "cli.h"
#include "keycmd.h"
#include "nvs_keys.h"
#include "text.h"
#include "verify_command.h"

struct generate {
	struct batch_options batch;
	struct batch_ui ui;
	struct key_options keys;
	const char *prefix_num[2], *shard;
	bool verbose;
	struct buf key_name, hmac_key_name;
	struct nvs_keys given;
	uint8_t hmac_key[NVS_HMAC_KEY_SIZE];
};

/* The lines that scripts made for the Python tool look for. */
static void show_created(void *ctx, const char *kind, const char *path,
			 const char *sha256)
{
	struct batch_ui *ui = ctx;

	(void)sha256;
	progress_clear(&ui->progress);
	if (!strcmp(kind, "csv"))
		printf("\nCreated CSV file: ===> %s\n", path);
	else if (!strcmp(kind, "bin"))
		printf("\nCreated NVS binary: ===> %s\n", path);
	else
		printf("\nCreated encryption keys: ===>  %s\n", path);
}

static int parse_shard(const struct cli_command *cmd, struct generate *g)
{
	const char *slash = strchr(g->shard, '/');
	char part[24];
	size_t len = slash ? (size_t)(slash - g->shard) : 0;

	if (len && len < sizeof(part)) {
		memcpy(part, g->shard, len);
		part[len] = '\0';
		if (text_unsigned(part, &g->batch.shard) == TEXT_OK &&
		    text_unsigned(slash + 1, &g->batch.shards) == TEXT_OK &&
		    g->batch.shard >= 1 && g->batch.shards <= 1000000 &&
		    g->batch.shard <= g->batch.shards)
			return -1;
	}
	return cli_wrong_usage(cmd, "--shard: '%s' is not K/N with K from 1 to "
			       "N, such as 2/8", g->shard);
}

static int parse_numbers(const struct cli_command *cmd, struct generate *g)
{
	struct batch_options *b = &g->batch;
	uint64_t n;
	int r = -1;

	if (g->prefix_num[0]) {
		b->numbered = true;
		r = cli_number(cmd, "prefix_num START", g->prefix_num[0], 0,
			       UINT64_C(1000000000000000000),
			       &b->first_number);
		if (r < 0)
			r = cli_number(cmd, "prefix_num LENGTH",
				       g->prefix_num[1], 0, 64, &n);
		if (r < 0)
			b->width = (unsigned)n;
	}
	if (r < 0 && g->shard)
		r = parse_shard(cmd, g);
	return r;
}

static int check_keys(const struct cli_command *cmd, struct generate *g)
{
	const struct key_options *k = &g->keys;

	if (k->keygen && k->inputkey)
		return cli_wrong_usage(cmd, "--keygen and --inputkey exclude "
				       "each other");
	if ((k->keygen &&
	     keycmd_refuse_slash(cmd, "keyfile", k->keyfile) >= 0) ||
	    keycmd_refuse_slash(cmd, "kp_hmac_keyfile", k->hmac_keyfile) >= 0)
		return CLI_USAGE;
	return keycmd_check(cmd, k);
}

static int check_options(const struct cli_command *cmd, struct generate *g)
{
	const struct batch_options *b = &g->batch;

	if (g->verbose && g->ui.quiet)
		return cli_wrong_usage(cmd, "--verbose and --quiet exclude each "
				       "other");
	if (b->only && !strcmp(b->only, "-") && !strcmp(b->values, "-"))
		return cli_wrong_usage(cmd, "values table and --only can't both "
				       "come from stdin");
	return check_keys(cmd, g);
}

static int load_keys(struct generate *g, struct err *err)
{
	const struct key_options *k = &g->keys;
	struct batch_options *b = &g->batch;

	b->key_source = k->inputkey ? k->inputkey : k->hmac_inputkey;
	if (k->inputkey) {
		b->keys = BATCH_GIVEN;
		b->given = &g->given;
		return keycmd_load_input(k, &g->given, err);
	}
	if (!k->keygen)
		return 0;
	b->keys = k->hmac_keygen ? BATCH_HMAC_DRAWN : BATCH_DRAWN;
	if (k->hmac_inputkey) {
		b->keys = BATCH_DERIVED;
		b->hmac_key = g->hmac_key;
		return keycmd_load_hmac_input(k, g->hmac_key, err);
	}
	return 0;
}

/* The names that --keyfile and --kp_hmac_keyfile give, under keys/. */
static int take_key_names(struct generate *g, struct err *err)
{
	const struct key_options *k = &g->keys;
	int r = 0;

	if (k->keyfile && k->keygen) {
		r = keycmd_file_name(k->keyfile, &g->key_name, err);
		g->batch.key_name = (char *)g->key_name.data;
	}
	if (!r && k->hmac_keyfile) {
		r = keycmd_file_name(k->hmac_keyfile, &g->hmac_key_name, err);
		g->batch.hmac_key_name = (char *)g->hmac_key_name.data;
	}
	if (!r && g->batch.key_name && k->hmac_keyfile &&
	    !strcmp(g->batch.key_name, g->batch.hmac_key_name))
		r = err_set(err, ERR_USAGE, "--keyfile and --kp_hmac_keyfile "
			    "both name '%s': two keys need two files",
			    g->batch.key_name);
	return r;
}

static int start_generate(const struct cli_command *cmd, struct generate *g)
{
	bool encrypted = g->keys.keygen || g->keys.inputkey;
	struct err err = ERR_INIT;
	int r = parse_numbers(cmd, g);

	if (r < 0)
		r = check_options(cmd, g);
	if (r < 0)
		r = batch_ui_start(&g->ui, cmd, encrypted, &g->batch);
	if (r >= 0)
		return r;
	if (take_key_names(g, &err))
		return cli_wrong_usage(cmd, "%s", err.msg);
	if (load_keys(g, &err))
		return cli_error(&err);
	g->batch.created = g->verbose ? show_created : NULL;
	batch_ui_begin(&g->ui);
	return batch_ui_end(&g->ui, &g->batch,
			    batch_run(&g->batch, &g->ui.result), g->verbose);
}

static int generate(int argc, char **argv)
{
	struct generate g = { .batch = { .outdir = "." } };
	struct batch_options *b = &g.batch;
	struct key_options *k = &g.keys;
	const struct cli_option options[] = {
		{ "prefix_num", 0, CLI_PAIR, g.prefix_num, "START LENGTH",
		  "put a counter, from START, zero-padded to\n"
		  "LENGTH digits, between prefix and id" },
		{ "fileid", 0, CLI_TEXT, &b->fileid, "COLUMN",
		  "column whose value names a device's files\n"
		  "(default: its row number, 1, 2, 3 ...)" },
		BATCH_UI_OPTIONS(&g.ui, b),
		{ "keygen", 0, CLI_FLAG, &k->keygen, NULL,
		  "encrypt every image with a fresh key of its own" },
		{ "keyfile", 0, CLI_TEXT, &k->keyfile, "F",
		  "file name of the generated key, for one device" },
		{ "inputkey", 0, CLI_TEXT, &k->inputkey, "F",
		  "encrypt all images with this key file" },
		KEYCMD_HMAC_OPTIONS(k),
		{ "check", 0, CLI_ADDED | CLI_FLAG, &b->check_only, NULL,
		  "check everything, write nothing" },
		{ "only", 0, CLI_ADDED | CLI_TEXT, &b->only, "FILE",
		  "make only the devices whose ids stand in FILE,\n"
		  "one per line (-: standard input)" },
		{ "shard", 0, CLI_ADDED | CLI_TEXT, &g.shard, "K/N",
		  "make only the K-th of N parts of the rows" },
		{ "sha256sums", 0, CLI_ADDED | CLI_FLAG, &b->sums, NULL,
		  "write DIR/SHA256SUMS-<prefix> for sha256sum -c" },
		{ "verbose", 0, CLI_ADDED | CLI_FLAG, &g.verbose, NULL,
		  "print every file that was made" },
		{ 0 }
	};
	const struct cli_positional positionals[] = {
		{ "conf", &b->conf, "configuration CSV: key,type,encoding" },
		{ "values", &b->values,
		  "values table, CSV with a row per device (-: stdin)" },
		{ "prefix", &b->prefix, "first part of all file names" },
		{ "size", &g.ui.size,
		  "partition size in bytes, a multiple of 4096, or,\n"
		  "with --partition-table, a partition's name" },
		{ 0 }
	};
	const struct cli_command cmd = {
		.name = "mfg_gen generate",
		.summary = "Make an NVS partition image for every device of a "
			   "values table.",
		.options = options,
		.positionals = positionals,
		.required = 4,
	};
	int r = cli_parse(&cmd, argc, argv, NULL, NULL);

	if (r < 0)
		r = cli_close_stdout(start_generate(&cmd, &g));
	buf_release(&g.key_name);
	buf_release(&g.hmac_key_name);
	nvs_keys_wipe(&g.given);
	mem_wipe(g.hmac_key, sizeof(g.hmac_key));
	return r;
}

static const char usage[] =
	"usage: mfg_gen [-h] {generate,generate-key,verify} ...\n";

static int help(void)
{
	fputs(usage, stdout);
	fputs("\n"
	      "Make NVS partition images for ESP32 devices in production.\n\n"
	      "  generate      an image for every device of a values table\n"
	      "  generate-key  encryption keys\n"
	      "  verify        read images back and compare them with their "
	      "CSVs\n\n"
	      "mfg_gen COMMAND -h shows the options of a command.\n", stdout);
	cli_release(stdout);
	return cli_close_stdout(CLI_OK);
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	cli_start();
	if (!strcmp(command, "generate"))
		return generate(argc - 1, argv + 1);
	if (!strcmp(command, "generate-key"))
		return keycmd_generate_key("mfg_gen generate-key", argc - 1,
					   argv + 1);
	if (!strcmp(command, "verify"))
		return verify_command(argc - 1, argv + 1);
	if (cli_is_help(command))
		return help();
	return cli_unknown_command("mfg_gen", usage, command);
}
