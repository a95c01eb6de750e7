/* SPDX-License-Identifier: Apache-2.0 */
/* factory_nvs_gen - the setup data of a HomeKit accessory as an NVS image. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "factory_options.h"
#include "file.h"
#include "homekit.h"
#include "partition.h"
#include "random.h"
#include "single.h"

/* The command line. */
struct job {
	const char *code, *id, *outfile;
	const char *infile, *size, *version, *salt, *outdir;
	struct key_words keys;
	struct partition_options partition;
};

/* What a run holds. */
struct run {
	struct homekit_infile infile;
	struct homekit_setup setup;
	struct buf csv, csv_path, image_path;
	char key_name[64]; /* of a key file that was not named */
	struct single single;
	struct partition_place place;
};

/* ---- Names ---- */

/*
 * A made key goes below keys/, where only the last component of a relative
 * name counts; an absolute one is where it says.
 */
static int name_keys(struct run *run, struct err *err)
{
	struct key_options *k = &run->single.keys;
	const char *slash = k->keyfile ? strrchr(k->keyfile, '/') : NULL;
	time_t now = time(NULL);
	struct tm tm;

	if (slash && k->keyfile[0] != '/')
		k->keyfile = slash + 1;
	if (!k->keygen || k->keyfile)
		return 0;
	if (!localtime_r(&now, &tm) ||
	    !strftime(run->key_name, sizeof(run->key_name),
		      "encryption_keys_%m-%d_%H-%M.bin", &tm))
		return err_set(err, ERR_IO, "cannot tell the time");
	k->keyfile = run->key_name;
	return 0;
}

static int set_paths(struct run *run, const struct job *job, struct err *err)
{
	size_t len = strlen(job->outfile);
	int r = 0;

	if (!len || job->outfile[len - 1] == '/')
		return err_set(err, ERR_INPUT, "the outfile '%s' is no name of "
			       "a file", job->outfile);
	if (buf_printf(&run->csv_path, "%s.csv", job->outfile) ||
	    !buf_str(&run->csv_path))
		return err_nomem(err);
	if (strpbrk(job->outfile, "/\\")) {
		if (job->outdir && !run->single.keys.keygen)
			cli_say(stderr, "note: --outdir is not used, the "
				"outfile '%s' names its directory itself",
				job->outfile);
	} else if (job->outdir && *job->outdir) {
		r = file_expand_home(job->outdir, &run->image_path, err);
		if (!r && buf_putc(&run->image_path, '/'))
			r = err_nomem(err);
	}
	if (!r && (buf_printf(&run->image_path, "%s.bin", job->outfile) ||
		   !buf_str(&run->image_path)))
		r = err_nomem(err);
	return r;
}

/* Reading the infile and then writing over it would lose it. */
static int check_infile(const struct run *run, const struct job *job,
			struct err *err)
{
	const char *outputs[] = { (char *)run->csv_path.data,
				  (char *)run->image_path.data };
	int r = 0;

	for (size_t i = 0; i < 2 && !r; i++) {
		r = file_same(job->infile, outputs[i], err);
		if (r > 0)
			r = err_set(err, ERR_INPUT, "the infile '%s' would "
				    "be overwritten by the output '%s': "
				    "choose another outfile", job->infile,
				    outputs[i]);
	}
	return r;
}

/* ---- The run ---- */

/* r, with a failure said to be of an operand or option. */
static int of(const char *name, int r, struct err *err)
{
	if (r && !err->pos.file && strncmp(err->msg, "--", 2) != 0)
		err_context(err, "%s", name);
	return r;
}

static int take_size(struct run *run, const struct job *job, struct err *err)
{
	struct single *s = &run->single;
	const char *size = factory_size(&job->partition, job->size, err);
	int r;

	if (!size)
		return err->code;
	r = partition_find(&job->partition, size, s->encrypt, &run->place,
			   err);
	s->size = run->place.size;
	s->size_source = job->partition.table;
	return r ? r : factory_size_check(&run->place, err);
}

static int take_salt(const char *hex, uint8_t salt[SRP_SALT_SIZE],
		     struct err *err)
{
	struct random_source source;
	struct random_system *random;
	int r;

	if (hex)
		return homekit_salt_parse(hex, salt, err);
	random = random_system_new(err);
	if (!random)
		return err->code;
	source = random_system_source(random);
	r = source.fill(source.ctx, salt, SRP_SALT_SIZE, err);
	random_system_free(random);
	return r;
}

static int make_setup(struct run *run, const struct job *job, struct err *err)
{
	uint8_t salt[SRP_SALT_SIZE];
	struct srp *srp;
	int r;

	r = of("--salt", take_salt(job->salt, salt, err), err);
	if (r)
		return r;
	srp = srp_new(err);
	if (!srp)
		return err->code;
	r = homekit_setup_make(&run->setup, srp, job->code, job->id, salt, err);
	srp_free(srp);
	return r;
}

/* All that can be wrong before anything is made. */
static int prepare(struct run *run, const struct job *job, struct err *err)
{
	int r;

	r = of("setup_code", homekit_code_check(job->code, err), err);
	if (!r)
		r = of("setup_id", homekit_id_check(job->id, err), err);
	if (!r)
		r = of("--size", take_size(run, job, err), err);
	if (!r)
		r = name_keys(run, err);
	if (!r)
		r = set_paths(run, job, err);
	if (!r && job->infile)
		r = check_infile(run, job, err);
	if (!r && job->infile)
		r = homekit_infile_load(&run->infile, job->infile, err);
	if (!r)
		r = make_setup(run, job, err);
	if (!r)
		r = homekit_csv(&run->setup, job->infile ? &run->infile : NULL,
				&run->csv, err);
	return r;
}

/*
 * The infile's lines come first in the CSV, at their places; what is behind
 * them is ours.
 */
static void find_source(const void *ctx, struct pos *pos)
{
	const struct buf *text = &((const struct run *)ctx)->infile.text;
	unsigned lines = 0;

	for (size_t i = 0; i < text->len; i++)
		lines += text->data[i] == '\n';
	if (pos->line > lines)
		pos->line = pos->col = 0;
}

static int make(struct run *run, const struct job *job)
{
	struct single *s = &run->single;
	int r;

	s->csv_path = (char *)run->csv_path.data;
	s->image_path = (char *)run->image_path.data;
	s->csv = &run->csv;
	s->secret = true; /* a code can be found for its verifier */
	s->name = job->infile ? job->infile : s->csv_path;
	s->find_source = find_source;
	s->ctx = run;
	s->keys_outdir = job->outdir ? job->outdir : ".";
	partition_note_read_only(&run->place);
	r = single_make(s);
	if (r)
		return r;
	printf("CSV Generated: %s\n", s->csv_path);
	printf("Created NVS binary: ===> %s\n", s->image_path);
	printf("NVS Flash Binary Generated: %s.bin\n", job->outfile);
	partition_print_flash(&run->place, s->image_path);
	return 0;
}

static int run_job(const struct cli_command *cmd, const struct job *job)
{
	struct run run = { 0 };
	struct err err = ERR_INIT;
	int r;

	r = keycmd_take_words(cmd, &job->keys, &run.single.keys,
			      &run.single.encrypt);
	if (r < 0)
		r = cli_version(cmd, job->version, &run.single.version);
	if (r >= 0)
		return r;
	run.single.cmd = cmd;
	r = prepare(&run, job, &err);
	if (r)
		cli_fail(cmd, &err);
	else
		r = make(&run, job);
	homekit_setup_wipe(&run.setup);
	homekit_infile_release(&run.infile);
	buf_wipe(&run.csv);
	buf_release(&run.csv_path);
	buf_release(&run.image_path);
	return single_status(r);
}

int main(int argc, char **argv)
{
	struct job job = { 0 };
	const struct cli_option options[] = {
		{ "infile", 0, CLI_TEXT, &job.infile, "INFILE",
		  "input CSV with own entries, put in front" },
		{ "size", 0, CLI_TEXT, &job.size, "SIZE",
		  "partition size in bytes (default: " FACTORY_SIZE "),\n"
		  "a multiple of 4096, at least 0x3000" },
		PARTITION_OPTIONS(&job.partition),
		{ "version", 0, CLI_TEXT, &job.version, "{v1,v2}",
		  "NVS format (default: v2)" },
		KEYCMD_WORD_OPTIONS(&job.keys),
		{ "outdir", 0, CLI_TEXT, &job.outdir, "OUTDIR",
		  "directory for image and key (default: .)" },
		{ "salt", 0, CLI_TEXT, &job.salt, "SALT",
		  "SRP salt, 32 hex digits (default: random)" },
		{ 0 }
	};
	const struct cli_positional positionals[] = {
		{ "setup_code", &job.code, "8 digits, such as 11122333" },
		{ "setup_id", &job.id, "4 characters 0-9 A-Z, such as ES32" },
		{ "outfile", &job.outfile,
		  "name of the CSV and the image; .csv and .bin\n"
		  "are added" },
		{ 0 }
	};
	const struct cli_command cmd = {
		.name = "factory_nvs_gen",
		.summary = "Make the NVS image with the setup data of a "
			   "HomeKit accessory.",
		.options = options,
		.positionals = positionals,
		.required = 3,
		.notes = "factory_nvs_gen batch -h shows how to make the "
			 "images of many accessories.",
	};
	int r;

	cli_start();
	if (argc > 1 && !strcmp(argv[1], "batch"))
		return factory_batch(argc - 1, argv + 1);
	r = cli_parse(&cmd, argc, argv, NULL, NULL);
	return r >= 0 ? r : cli_close_stdout(run_job(&cmd, &job));
}
