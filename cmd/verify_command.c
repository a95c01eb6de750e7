/* SPDX-License-Identifier: Apache-2.0 */
#include "verify_command.h"

#include <inttypes.h>
#include <stdio.h>

#include "buf.h"
#include "cli.h"
#include "file.h"
#include "keycmd.h"
#include "random.h"
#include "text.h"
#include "verify.h"

struct request {
	struct verify_options verify;
	struct key_options keys;
	struct nvs_keys given;
	const char *sample, *seed, *jobs;
};

static void show_wrong(void *ctx, const char *file, const char *text)
{
	struct buf line = BUF_INIT;
	const char *whole = buf_printf(&line, "%s: error: %s", file, text) ?
			    NULL : buf_str(&line);

	(void)ctx;
	cli_print_line(stderr, whole ? whole : file);
	buf_release(&line);
}

static int number(const struct cli_command *cmd, const char *name,
		  const char *text, uint64_t least, uint64_t *out)
{
	if (!text)
		return -1;
	if (text_unsigned(text, out) == TEXT_OK && *out >= least)
		return -1;
	return cli_wrong_usage(cmd, "--%s: '%s' is not a number from %" PRIu64
			       " on", name, text, least);
}

static int parse_numbers(const struct cli_command *cmd, struct request *q)
{
	uint64_t jobs = 0;
	int r = number(cmd, "sample", q->sample, 1, &q->verify.sample);

	if (r < 0)
		r = number(cmd, "seed", q->seed, 0, &q->verify.seed);
	if (r < 0)
		r = number(cmd, "jobs", q->jobs, 1, &jobs);
	if (r < 0 && q->seed && !q->sample)
		r = cli_wrong_usage(cmd, "--seed repeats a --sample, which is "
				    "missing");
	q->verify.jobs = jobs < 256 ? (unsigned)jobs : 256;
	return r;
}

/* A sample nobody can foresee, but everybody can repeat. */
static int draw_seed(uint64_t *seed, struct err *err)
{
	struct random_system *system = random_system_new(err);
	struct random_source random;
	uint8_t bytes[4];
	int r;

	if (!system)
		return err->code;
	random = random_system_source(system);
	r = random.fill(random.ctx, bytes, sizeof(bytes), err);
	if (!r)
		*seed = le_get32(bytes);
	random_system_free(system);
	return r;
}

static int run(const struct cli_command *cmd, struct request *q,
	       struct err *err)
{
	struct buf outdir = BUF_INIT;
	struct verify_result result;
	int r = file_expand_home(*q->verify.outdir ? q->verify.outdir : ".",
				 &outdir, err);

	if (!r && q->keys.inputkey) {
		r = keycmd_load_input(&q->keys, &q->given, err);
		q->verify.given = &q->given;
	}
	if (!r && q->sample && !q->seed)
		r = draw_seed(&q->verify.seed, err);
	if (!r) {
		q->verify.outdir = (char *)outdir.data;
		r = verify_run(&q->verify, &result, err);
	}
	nvs_keys_wipe(&q->given);
	buf_release(&outdir);
	if (r)
		return cli_fail(cmd, err);
	if (q->sample)
		printf("sample of %" PRIu64 ", seed %" PRIu64 "\n",
		       result.images, q->verify.seed);
	printf("%" PRIu64 " images verified, %" PRIu64 " wrong\n",
	       result.images, result.wrong);
	return result.wrong ? CLI_FAILED : CLI_OK;
}

int verify_command(int argc, char **argv)
{
	struct request q = { .verify = {
		.outdir = ".",
		.wrong = show_wrong,
		.warnings = cli_warnings,
	} };
	const struct cli_option options[] = {
		{ "outdir", 0, CLI_TEXT, &q.verify.outdir, "DIR",
		  "where csv/, bin/ and keys/ are (default: .)" },
		{ "inputkey", 0, CLI_TEXT, &q.keys.inputkey, "F",
		  "key of images that have no key file in keys/" },
		{ "manifest", 0, CLI_TEXT, &q.verify.manifest, "FILE",
		  "compare with the sums of this manifest" },
		{ "sample", 0, CLI_TEXT, &q.sample, "N",
		  "verify N random images only" },
		{ "seed", 0, CLI_TEXT, &q.seed, "S",
		  "the sample that was drawn with this seed" },
		{ "jobs", 0, CLI_TEXT, &q.jobs, "N",
		  "threads (default: one per processor)" },
		{ 0 }
	};
	const struct cli_positional positionals[] = {
		{ "prefix", &q.verify.prefix,
		  "only files of this prefix (default: all)" },
		{ 0 }
	};
	const struct cli_command cmd = {
		.name = "mfg_gen verify",
		.summary = "Read images back and compare each with its "
			   "intermediate CSV, key by key.",
		.options = options,
		.positionals = positionals,
		.notes = "Exit status: 0 all images are right, 1 some are not or "
			 "can't be read, 2 wrong usage.",
	};
	struct err err = ERR_INIT;
	int r = cli_parse(&cmd, argc, argv, NULL, NULL);

	if (r < 0)
		r = parse_numbers(&cmd, &q);
	return r >= 0 ? r : cli_close_stdout(run(&cmd, &q, &err));
}
