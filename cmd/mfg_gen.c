/* SPDX-License-Identifier: Apache-2.0 */
/* mfg_gen - configuration and values table in, an image per device out. */
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "batch.h"
#include "cli.h"
#include "keycmd.h"
#include "nvs_keys.h"
#include "partition.h"
#include "progress.h"
#include "text.h"
#include "verify_command.h"

/* Set in a signal handler, read by all threads. */
static atomic_int stop_signal;
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler may set it");

static void on_signal(int signal_number)
{
	stop_signal = signal_number;
}

/* The first one stops the batch in good order, a second one at once. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	action.sa_flags = (int)SA_RESETHAND;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

struct generate {
	struct batch_options batch;
	struct key_options keys;
	struct partition_options partition;
	struct partition_place place;
	struct progress progress;
	const char *size, *version, *prefix_num[2], *shard, *jobs;
	bool resume, restart, verbose, quiet, no_progress;
	struct nvs_keys given;
	uint8_t hmac_key[NVS_HMAC_KEY_SIZE];
};

static void show_error(void *ctx, const struct err *e)
{
	struct generate *g = ctx;

	progress_clear(&g->progress);
	cli_error(e);
}

static void show_warning(void *ctx, const struct err *e)
{
	struct generate *g = ctx;

	progress_clear(&g->progress);
	cli_warning(e);
}

static void show_progress(void *ctx, const char *phase, uint64_t done,
			  uint64_t total)
{
	struct generate *g = ctx;

	progress_tell(&g->progress, phase, done, total);
}

/* The lines that scripts made for the Python tool look for. */
static void show_created(void *ctx, const char *kind, const char *path)
{
	struct generate *g = ctx;

	progress_clear(&g->progress);
	if (!strcmp(kind, "csv"))
		printf("\nCreated CSV file: ===> %s\n", path);
	else if (!strcmp(kind, "bin"))
		printf("\nCreated NVS binary: ===> %s\n", path);
	else
		printf("\nCreated encryption keys: ===>  %s\n", path);
}

static int number_option(const struct cli_command *cmd, const char *name,
			 const char *text, uint64_t max, uint64_t *out)
{
	if (text_unsigned(text, out) == TEXT_OK && *out <= max)
		return -1;
	return cli_wrong_usage(cmd, "--%s: '%s' is not a number from 0 to %"
			       PRIu64, name, text, max);
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
			       "N", g->shard);
}

static int parse_numbers(const struct cli_command *cmd, struct generate *g)
{
	struct batch_options *b = &g->batch;
	uint64_t n;
	int r = -1;

	b->version = 2;
	if (g->version) {
		if (strcmp(g->version, "1") != 0 && strcmp(g->version, "2") != 0)
			return cli_wrong_usage(cmd, "--version: '%s' is not 1 "
					       "or 2", g->version);
		b->version = (unsigned)(g->version[0] - '0');
	}
	if (g->prefix_num[0]) {
		b->numbered = true;
		r = number_option(cmd, "prefix_num START", g->prefix_num[0],
				  UINT64_C(1000000000000000000),
				  &b->first_number);
		if (r < 0)
			r = number_option(cmd, "prefix_num LENGTH",
					  g->prefix_num[1], 64, &n);
		if (r < 0)
			b->width = (unsigned)n;
	}
	if (r < 0 && g->jobs) {
		r = number_option(cmd, "jobs", g->jobs, 256, &n);
		if (r < 0)
			b->jobs = (unsigned)n;
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
	if (k->protect_hmac && !k->keygen)
		return cli_wrong_usage(cmd, "--key_protect_hmac derives the keys "
				       "that --keygen makes: give --keygen too");
	if (k->keyfile && !k->keygen)
		return cli_wrong_usage(cmd, "--keyfile names a generated key, it "
				       "needs --keygen");
	if ((k->keyfile && strchr(k->keyfile, '/')) ||
	    (k->hmac_keyfile && strchr(k->hmac_keyfile, '/')))
		return cli_wrong_usage(cmd, "a key file is made under keys/, its "
				       "name can't hold a '/'");
	return keycmd_check_hmac(cmd, k);
}

static int check_options(const struct cli_command *cmd, struct generate *g)
{
	const struct batch_options *b = &g->batch;

	if (g->resume && g->restart)
		return cli_wrong_usage(cmd, "--resume and --restart exclude each "
				       "other");
	if (g->verbose && g->quiet)
		return cli_wrong_usage(cmd, "--verbose and --quiet exclude each "
				       "other");
	if (b->only && !strcmp(b->only, "-") && !strcmp(b->values, "-"))
		return cli_wrong_usage(cmd, "values table and --only can't both "
				       "come from stdin");
	return check_keys(cmd, g);
}

static int find_partition(struct generate *g, struct err *err)
{
	struct batch_options *b = &g->batch;
	bool encrypted = g->keys.keygen || g->keys.inputkey;
	int r = partition_find(&g->partition, g->size, encrypted, &g->place,
			       err);

	b->size = g->place.size;
	b->offset_known = g->place.has_offset;
	b->offset = g->place.offset;
	return r;
}

static int load_keys(struct generate *g, struct err *err)
{
	const struct key_options *k = &g->keys;
	struct batch_options *b = &g->batch;

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
		return nvs_hmac_key_load(g->hmac_key, k->hmac_inputkey, err);
	}
	return 0;
}

static void summarise(const struct generate *g,
		      const struct batch_result *result)
{
	const struct batch_options *b = &g->batch;

	if (g->quiet)
		return;
	if (g->verbose && !b->check_only)
		printf("\nFiles generated in %s ...\n", b->outdir);
	printf("%" PRIu64 " %s %s", result->devices,
	       result->devices == 1 ? "device" : "devices",
	       b->check_only ? "checked, all fine" : "made");
	if (!b->check_only)
		printf(" in %s", b->outdir);
	if (result->devices)
		printf("; fullest image: row %" PRIu64 ", %zu of %zu entries, "
		       "page %zu of %zu", result->fullest_row,
		       result->fullest.entries,
		       result->fullest.usable * NVS_PAGE_ENTRIES,
		       result->fullest.pages, result->fullest.usable);
	if (result->kept)
		printf("; %" PRIu64 " files were there already", result->kept);
	putchar('\n');
	if (g->place.has_offset && !b->check_only)
		printf("0x%x %s/bin/%s-*.bin\n", g->place.offset, b->outdir,
		       b->prefix);
}

static int run_batch(struct generate *g)
{
	struct batch_result result;
	int r = batch_run(&g->batch, &result);

	progress_clear(&g->progress);
	if (!r) {
		summarise(g, &result);
		return CLI_OK;
	}
	if (result.more_errors)
		fprintf(stderr, "and %" PRIu64 " more\n", result.more_errors);
	if (result.partial[0] && r != ERR_INTERRUPTED)
		fprintf(stderr, "what was made so far is in '%s': complete it "
			"with --resume, or begin again with --restart\n",
			result.partial);
	if (r == ERR_INTERRUPTED && stop_signal)
		return 128 + stop_signal;
	return r == ERR_USAGE ? CLI_USAGE : CLI_FAILED;
}

static int start_generate(const struct cli_command *cmd, struct generate *g)
{
	struct err err = ERR_INIT;
	int r = parse_numbers(cmd, g);

	if (r < 0)
		r = check_options(cmd, g);
	if (r >= 0)
		return r;
	r = find_partition(g, &err);
	if (r == ERR_USAGE)
		return cli_wrong_usage(cmd, "%s", err.msg);
	if (r || load_keys(g, &err))
		return cli_error(&err);
	g->batch.start = g->resume ? BATCH_RESUME :
			 g->restart ? BATCH_RESTART : BATCH_NEW;
	g->batch.errors = (struct err_sink){ show_error, g };
	g->batch.warnings = (struct err_sink){ show_warning, g };
	g->batch.ctx = g;
	g->batch.progress = show_progress;
	g->batch.created = g->verbose ? show_created : NULL;
	g->batch.stop = &stop_signal;
	progress_init(&g->progress, !g->quiet && !g->no_progress);
	if (!g->quiet)
		partition_note_read_only(&g->place);
	catch_signals();
	return run_batch(g);
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
		{ "version", 0, CLI_TEXT, &g.version, "{1,2}",
		  "NVS format: 1 without, 2 with multi-page blobs\n"
		  "(default: 2)" },
		{ "keygen", 0, CLI_FLAG, &k->keygen, NULL,
		  "encrypt every image with a fresh key of its own" },
		{ "keyfile", 0, CLI_TEXT, &k->keyfile, "F",
		  "file name of the generated key, for one device" },
		{ "inputkey", 0, CLI_TEXT, &k->inputkey, "F",
		  "encrypt all images with this key file" },
		{ "outdir", 0, CLI_TEXT, &b->outdir, "DIR",
		  "where csv/, bin/ and keys/ are made (default: .)" },
		KEYCMD_HMAC_OPTIONS(k),
		PARTITION_OPTIONS(&g.partition),
		{ "check", 0, CLI_FLAG, &b->check_only, NULL,
		  "check everything, write nothing" },
		{ "overwrite", 0, CLI_FLAG, &b->overwrite, NULL,
		  "replace files that are there already" },
		{ "resume", 0, CLI_FLAG, &g.resume, NULL,
		  "complete what a stopped run has left" },
		{ "restart", 0, CLI_FLAG, &g.restart, NULL,
		  "throw away what a stopped run has left" },
		{ "only", 0, CLI_TEXT, &b->only, "FILE",
		  "make only the devices whose ids stand in FILE,\n"
		  "one per line (-: standard input)" },
		{ "shard", 0, CLI_TEXT, &g.shard, "K/N",
		  "make only the K-th of N parts of the rows" },
		{ "manifest", 0, CLI_TEXT, &b->manifest, "FILE",
		  "write a CSV of what was made, with checksums" },
		{ "sha256sums", 0, CLI_FLAG, &b->sums, NULL,
		  "write DIR/SHA256SUMS-<prefix> for sha256sum -c" },
		{ "jobs", 0, CLI_TEXT, &g.jobs, "N",
		  "threads (default: one per processor)" },
		{ "verbose", 0, CLI_FLAG, &g.verbose, NULL,
		  "print every file that was made" },
		{ "quiet", 0, CLI_FLAG, &g.quiet, NULL,
		  "print errors only" },
		{ "no-progress", 0, CLI_FLAG, &g.no_progress, NULL,
		  "no progress line, even on a terminal" },
		{ 0 }
	};
	const struct cli_positional positionals[] = {
		{ "conf", &b->conf, "configuration CSV: key,type,encoding" },
		{ "values", &b->values,
		  "values table, CSV with a row per device (-: stdin)" },
		{ "prefix", &b->prefix, "first part of all file names" },
		{ "size", &g.size,
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

	if (r < 0) {
		b->key_name = k->keyfile;
		b->hmac_key_name = k->hmac_keyfile;
		r = cli_close_stdout(start_generate(&cmd, &g));
	}
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
	return cli_close_stdout(CLI_OK);
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (!strcmp(command, "generate"))
		return generate(argc - 1, argv + 1);
	if (!strcmp(command, "generate-key"))
		return keycmd_generate_key("mfg_gen generate-key", argc - 1,
					   argv + 1);
	if (!strcmp(command, "verify"))
		return verify_command(argc - 1, argv + 1);
	if (cli_is_help(command))
		return help();
	fputs(usage, stderr);
	fprintf(stderr, "mfg_gen: error: %s%s%s\n",
		*command ? "unknown command '" : "a command is missing",
		command, *command ? "'" : "");
	return CLI_USAGE;
}
