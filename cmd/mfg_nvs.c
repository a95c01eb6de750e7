/* SPDX-License-Identifier: Apache-2.0 */
/* mfg_nvs - the partition mfg_nvs of an ESP-AT project. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "espat.h"
#include "file.h"
#include "nvs_writer.h"
#include "partition.h"
#include "single.h"

/* The command line. Empty is as good as not given: ESP-AT's build does so. */
struct job {
	const char *project, *name, *size, *outdir;
	const char *table, *flash_list;
};

struct run {
	struct espat *project;
	struct buf csv, outdir, csv_path, image_path, list;
	const struct espat_partition *partition; /* when a table was read */
	struct single single;
};

static const char *or_default(const char *text, const char *otherwise)
{
	return text && *text ? text : otherwise;
}

static int set_path(struct buf *path, const struct job *job, const char *ending,
		    struct err *err)
{
	int r;

	r = file_expand_home(job->outdir, path, err);
	if (!r && (buf_printf(path, "/%s%s", job->name, ending) ||
		   !buf_str(path)))
		r = err_nomem(err);
	return r;
}

/* Where a size and a table were given, they have to agree. */
static int compare_size(const struct run *run, const struct job *job,
			struct err *err)
{
	uint64_t n = 0;
	int r;

	r = espat_size(run->partition->size, &n, err);
	if (!r && n != run->single.size)
		r = err_set(err, ERR_INPUT, "--partition_size %s is not the "
			    "size of partition '%s' in '%s', which is %s",
			    job->size, job->name, job->table,
			    run->partition->size);
	return r;
}

/* A size that an image can have. */
static int read_size(const char *text, uint64_t *n, struct err *err)
{
	int r = espat_size(text, n, err);

	if (r)
		return r;
	r = nvs_size_check(*n, err);
	return r ? err_context(err, "the partition size '%s'", text) : 0;
}

/* The size that was given, or that of the table. */
static int take_size(struct run *run, const struct job *job, struct err *err)
{
	const char *text = job->size;
	uint64_t n = 0;
	int r;

	if (!*text || *job->table || *job->flash_list) {
		r = espat_load_partitions(run->project, *job->table ?
					  job->table : NULL, err);
		if (r)
			return r;
	}
	if (!*text || *job->table) {
		run->partition = espat_partition(run->project, job->name, err);
		if (!run->partition)
			return err->code;
	}
	r = read_size(*text ? text : run->partition->size, &n, err);
	if (r && *text)
		return err_context(err, "--partition_size");
	if (r) {
		espat_place_partition(run->project, run->partition, err);
		return err_context(err, "partition '%s'", job->name);
	}
	run->single.size = (size_t)n;
	if (*text && run->partition)
		return compare_size(run, job, err);
	return 0;
}

static int check_name(const struct job *job, struct err *err)
{
	if (!strchr(job->name, '/'))
		return 0;
	return err_set(err, ERR_USAGE, "--partition_name: '%s' names files in "
		       "--outdir and cannot hold a '/'", job->name);
}

/* Nothing that is made takes the place of what was read, or made. */
static int check_places(const struct run *run, const struct job *job,
			struct err *err)
{
	const char *csv = (char *)run->csv_path.data;
	const char *image = (char *)run->image_path.data;
	int r = espat_refuse(run->project, csv, err);

	if (!r)
		r = espat_refuse(run->project, image, err);
	if (r || !*job->flash_list)
		return r;
	r = espat_refuse(run->project, job->flash_list, err);
	if (!r)
		r = single_refuse_same(job->flash_list,
				       (char *)run->outdir.data, err);
	if (!r)
		r = single_refuse_same(job->flash_list, csv, err);
	if (!r)
		r = single_refuse_same(job->flash_list, image, err);
	return r ? r : file_check_place(job->flash_list, err);
}

static int prepare(struct run *run, const struct job *job, struct err *err)
{
	int r;

	r = check_name(job, err);
	if (!r)
		r = espat_load(run->project, err);
	if (!r)
		r = take_size(run, job, err);
	if (!r)
		r = file_expand_home(job->outdir, &run->outdir, err);
	if (!r)
		r = set_path(&run->csv_path, job, ".csv", err);
	if (!r)
		r = set_path(&run->image_path, job, ".bin", err);
	if (!r && *job->flash_list)
		r = espat_flash_list(run->project, job->outdir, &run->list,
				     err);
	if (!r)
		r = espat_csv(run->project, &run->csv, err);
	return r ? r : check_places(run, job, err);
}

static int write_list(const struct run *run, const struct job *job)
{
	struct err err = ERR_INIT;
	int r;

	r = file_make_parent(job->flash_list, &err);
	if (!r)
		r = file_write(job->flash_list, run->list.data, run->list.len,
			       FILE_MODE_PUBLIC, FILE_REPLACE, &err);
	if (r)
		cli_error(&err);
	return r;
}

static void find_source(const void *ctx, struct pos *pos)
{
	espat_find_source(ctx, pos);
}

static int make(struct run *run, const struct job *job)
{
	struct single *s = &run->single;
	int r;

	s->csv = &run->csv;
	s->csv_path = (char *)run->csv_path.data;
	s->image_path = (char *)run->image_path.data;
	s->name = s->csv_path;
	s->find_source = find_source;
	s->ctx = run->project;
	s->version = 2;
	partition_note_read_only(&(struct partition_place){ .size = s->size });
	r = single_make(s);
	if (!r && *job->flash_list)
		r = write_list(run, job);
	if (r)
		return r;
	printf("Created CSV: ===> %s\n", s->csv_path);
	printf("Created NVS binary: ===> %s\n", s->image_path);
	if (run->partition)
		printf("%s %s\n", run->partition->offset, s->image_path);
	return 0;
}

static int run_job(const struct cli_command *cmd, const struct job *job)
{
	struct run run = { .single.cmd = cmd };
	struct err err = ERR_INIT;
	int r;

	run.project = espat_new(job->project, &cli_warnings, &err);
	r = run.project ? prepare(&run, job, &err) : ERR_NOMEM;
	if (r)
		cli_fail(cmd, &err);
	else
		r = make(&run, job);
	buf_wipe(&run.csv);
	buf_release(&run.outdir);
	buf_release(&run.csv_path);
	buf_release(&run.image_path);
	buf_release(&run.list);
	espat_free(run.project);
	return single_status(r);
}

int main(int argc, char **argv)
{
	struct job job = { 0 };
	const struct cli_option options[] = {
		{ "project_path", 0, CLI_TEXT, &job.project, "PATH",
		  "root of the ESP-AT project (default: .)" },
		{ "partition_name", 0, CLI_TEXT, &job.name, "NAME",
		  "name of CSV and image (default: mfg_nvs)" },
		{ "partition_size", 0, CLI_TEXT, &job.size, "SIZE",
		  "such as 124K or 0x1f000\n"
		  "(default: what at_customize.csv says)" },
		{ "outdir", 0, CLI_TEXT, &job.outdir, "DIR",
		  "directory for both (default: .)" },
		{ "at_customize", 0, CLI_TEXT, &job.table, "FILE",
		  "the module's table of partitions\n(default: "
		  "module_config/module_.../at_customize.csv\n"
		  "of the project)" },
		{ "flash_list", 0, CLI_TEXT, &job.flash_list, "FILE",
		  "write the list of partitions to flash there" },
		{ 0 }
	};
	const struct cli_positional none[] = { { 0 } };
	const struct cli_command cmd = {
		.name = "mfg_nvs",
		.summary = "Collect certificates, module parameters and BLE "
			   "services of an ESP-AT\nproject into the partition "
			   "mfg_nvs.",
		.options = options,
		.positionals = none,
	};
	int r;

	cli_start();
	r = cli_parse(&cmd, argc, argv, NULL, NULL);
	if (r >= 0)
		return r;
	job.project = or_default(job.project, ".");
	job.name = or_default(job.name, "mfg_nvs");
	job.outdir = or_default(job.outdir, ".");
	job.size = or_default(job.size, "");
	job.table = or_default(job.table, "");
	job.flash_list = or_default(job.flash_list, "");
	return cli_close_stdout(run_job(&cmd, &job));
}
