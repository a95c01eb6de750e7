/* SPDX-License-Identifier: Apache-2.0 */
/* The command "factory_nvs_gen batch": setup data for many accessories. */
#include <string.h>

#include "batch_ui.h"
#include "factory_options.h"
#include "keycmd.h"
#include "nvs_keys.h"
#include "setup_batch.h"
#include "text.h"

struct job {
	struct setup_options setup;
	struct batch_ui ui;
	struct key_words keys;
	const char *count, *category, *flags;
	struct nvs_keys given;
	struct buf key_name;
};

/* "ip,wac": words with a comma or plus between them. */
static int parse_flags(const struct cli_command *cmd, const char *text,
		       unsigned *flags)
{
	static const struct {
		const char *word;
		unsigned flag;
	} words[] = {
		{ "ip", HOMEKIT_IP }, { "ble", HOMEKIT_BLE },
		{ "wac", HOMEKIT_WAC },
	};
	const char *at = text;

	*flags = 0;
	for (;;) {
		size_t len = strcspn(at, ",+"), i = 0;

		while (i < 3 && !text_same_word(at, len, words[i].word))
			i++;
		if (i == 3)
			return cli_wrong_usage(cmd, "--flags: '%s' is not a list "
					       "of ip, ble and wac", text);
		*flags |= words[i].flag;
		if (!at[len])
			return -1;
		at += len + 1;
	}
}

/* A mistake in an option, as wrong usage. */
static int usage_error(const struct cli_command *cmd, const char *option,
		       const struct err *err)
{
	return cli_wrong_usage(cmd, "--%s: %s", option, err->msg);
}

static int parse_product(const struct cli_command *cmd, struct job *job)
{
	struct homekit_product *p = &job->setup.product;
	struct err err = ERR_INIT;
	int r = -1;

	if (job->category && homekit_category(job->category, &p->category,
					      &err))
		return usage_error(cmd, "category", &err);
	if (job->flags)
		r = parse_flags(cmd, job->flags, &p->flags);
	if (r < 0 && homekit_product_check(p, &err))
		return usage_error(cmd, err.code == ERR_INPUT ? "product-data" :
				   "flags", &err);
	return r;
}

static int parse_source(const struct cli_command *cmd, struct job *job)
{
	const struct batch_options *b = &job->setup.batch;
	uint64_t n = 0;
	int r = -1;

	if (!job->count == !b->values)
		return cli_wrong_usage(cmd, "give one of --count and --values");
	if (b->fileid && !b->values)
		return cli_wrong_usage(cmd, "--fileid names a column of "
				       "--values, which is not given");
	if (job->count)
		r = cli_number(cmd, "count", job->count, 1, SETUP_BATCH_MAX,
			       &n);
	job->setup.count = (size_t)n;
	return r;
}

static int check_keys(const struct cli_command *cmd, struct job *job)
{
	struct batch_options *b = &job->setup.batch;
	struct key_options k = { 0 };
	struct err err = ERR_INIT;
	bool encrypt;
	int r = keycmd_take_words(cmd, &job->keys, &k, &encrypt);

	if (r >= 0 || !encrypt)
		return r;
	r = keycmd_refuse_slash(cmd, "keyfile", k.keyfile);
	if (r >= 0)
		return r;
	b->keys = k.keygen ? BATCH_DRAWN : BATCH_GIVEN;
	if (k.keyfile) {
		if (keycmd_file_name(k.keyfile, &job->key_name, &err))
			return cli_fail(cmd, &err);
		b->key_name = (char *)job->key_name.data;
	}
	b->given = k.keygen ? NULL : &job->given;
	b->key_source = k.inputkey;
	if (!k.keygen && keycmd_load_input(&k, &job->given, &err))
		return cli_error(&err);
	return -1;
}

static int take_size(const struct cli_command *cmd, struct job *job)
{
	struct batch_options *b = &job->setup.batch;
	struct err err = ERR_INIT;
	int r;

	job->ui.size = factory_size(&job->ui.partition, job->ui.size, &err);
	if (!job->ui.size)
		return cli_fail(cmd, &err);
	r = batch_ui_start(&job->ui, cmd, b->keys != BATCH_PLAIN, b);
	if (r < 0 && factory_size_check(&job->ui.place, &err))
		return cli_error(&err);
	return r;
}

static int run(const struct cli_command *cmd, struct job *job)
{
	const struct batch_options *b = &job->setup.batch;
	int r = parse_source(cmd, job);

	if (r < 0)
		r = parse_product(cmd, job);
	if (r < 0)
		r = check_keys(cmd, job);
	if (r < 0)
		r = take_size(cmd, job);
	if (r >= 0)
		return r;
	batch_ui_begin(&job->ui);
	r = batch_ui_end(&job->ui, b, setup_batch_run(&job->setup,
						      &job->ui.result), false);
	if (r == CLI_OK && !job->ui.quiet)
		printf("setup codes: %s/setup-%s.csv\n", b->outdir, b->prefix);
	return r;
}

int factory_batch(int argc, char **argv)
{
	struct job job = {
		.setup = {
			.batch = { .outdir = "." },
			.product = { .category = 1,
				     .flags = HOMEKIT_FLAGS_DEFAULT },
		},
	};
	struct setup_options *s = &job.setup;
	const struct cli_option options[] = {
		{ "count", 0, CLI_TEXT, &job.count, "N",
		  "draw setup codes and ids for N accessories" },
		{ "values", 0, CLI_TEXT, &s->batch.values, "FILE",
		  "read them: a CSV with the columns setup_code,\n"
		  "setup_id and, if wanted, salt (-: stdin)" },
		{ "fileid", 0, CLI_TEXT, &s->batch.fileid, "COLUMN",
		  "column of it whose value names the files\n"
		  "(default: its row number, 1, 2, 3 ...)" },
		{ "category", 0, CLI_TEXT, &job.category, "C",
		  "of the accessories, for the setup payload: 1 to\n"
		  "255 or a name such as lighting (default: other)" },
		{ "flags", 0, CLI_TEXT, &job.flags, "LIST",
		  "what they support, for the setup payload: any of\n"
		  "ip, ble, wac (default: ip,wac)" },
		{ "product-data", 0, CLI_TEXT, &s->product.product_data, "HEX",
		  "16 hex digits of Apple's, for the setup payload" },
		{ "qr", 0, CLI_FLAG, &s->labels, NULL,
		  "make labels/ with a QR code per accessory" },
		{ "infile", 0, CLI_TEXT, &s->infile, "INFILE",
		  "input CSV with own entries, the same for all" },
		{ "size", 0, CLI_TEXT, &job.ui.size, "SIZE",
		  "partition size in bytes (default: " FACTORY_SIZE "),\n"
		  "a multiple of 4096, at least 0x3000" },
		KEYCMD_WORD_OPTIONS(&job.keys),
		BATCH_UI_OPTIONS(&job.ui, &s->batch),
		{ 0 }
	};
	const struct cli_positional positionals[] = {
		{ "prefix", &s->batch.prefix, "first part of all file names" },
		{ 0 }
	};
	const struct cli_command cmd = {
		.name = "factory_nvs_gen batch",
		.summary = "Make the NVS images with the setup data of many "
			   "HomeKit accessories, and\nsetup-<prefix>.csv, "
			   "which says what code each of them has.",
		.options = options,
		.positionals = positionals,
		.required = 1,
	};
	int r = cli_parse(&cmd, argc, argv, NULL, NULL);

	if (r < 0)
		r = cli_close_stdout(run(&cmd, &job));
	buf_release(&job.key_name);
	nvs_keys_wipe(&job.given);
	return r;
}
