/* SPDX-License-Identifier: Apache-2.0 */
#include "batch_ui.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "nvs_format.h"

/* Set in a signal handler, read by all threads. */
static atomic_int stop_signal;
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler may set it");

static void on_signal(int signal_number)
{
	stop_signal = signal_number;
}

/*
 * The first one stops the batch in good order, a second one at once. With
 * nohup, the batch is meant to outlive the terminal.
 */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal }, before;

	action.sa_flags = (int)SA_RESETHAND;
	if (!sigaction(SIGHUP, NULL, &before) && before.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static void show_error(void *ctx, const struct err *e)
{
	struct batch_ui *ui = ctx;

	progress_clear(&ui->progress);
	cli_fail(ui->cmd, e);
}

static void show_warning(void *ctx, const struct err *e)
{
	struct batch_ui *ui = ctx;

	progress_clear(&ui->progress);
	cli_warning(e);
}

static void show_progress(void *ctx, const char *phase, uint64_t done,
			  uint64_t total)
{
	struct batch_ui *ui = ctx;

	progress_tell(&ui->progress, phase, done, total);
}

static int parse(struct batch_ui *ui, const struct cli_command *cmd,
		 struct batch_options *b)
{
	uint64_t jobs = 0;
	int r = cli_version(cmd, ui->version, &b->version);

	if (r < 0 && ui->jobs)
		r = cli_number(cmd, "jobs", ui->jobs, 0, 256, &jobs);
	b->jobs = (unsigned)jobs;
	if (r < 0 && ui->resume && ui->restart)
		r = cli_wrong_usage(cmd, "--resume and --restart exclude each "
				    "other");
	if (r < 0 && b->manifest && !*b->manifest)
		r = cli_wrong_usage(cmd, "--manifest: the name of a file is "
				    "missing");
	if (r < 0 && b->manifest && !strcmp(b->manifest, "-"))
		r = cli_wrong_usage(cmd, "--manifest: standard output has the "
				    "summary, give the name of a file (./- is "
				    "one)");
	b->start = ui->resume ? BATCH_RESUME :
		   ui->restart ? BATCH_RESTART : BATCH_NEW;
	return r;
}

int batch_ui_start(struct batch_ui *ui, const struct cli_command *cmd,
		   bool encrypted, struct batch_options *b)
{
	struct err err = ERR_INIT;
	int r = parse(ui, cmd, b);

	ui->cmd = cmd;
	if (!*b->outdir)
		b->outdir = ".";
	if (r >= 0)
		return r;
	r = partition_find(&ui->partition, ui->size, encrypted, &ui->place,
			   &err);
	if (r)
		return cli_fail(cmd, &err);
	b->size = ui->place.size;
	b->size_source = ui->partition.table;
	b->offset_known = ui->place.has_offset;
	b->offset = ui->place.offset;
	b->errors = (struct err_sink){ show_error, ui };
	b->warnings = (struct err_sink){ show_warning, ui };
	b->ctx = ui;
	b->progress = show_progress;
	b->stop = &stop_signal;
	return -1;
}

void batch_ui_begin(struct batch_ui *ui)
{
	progress_init(&ui->progress, !ui->quiet && !ui->no_progress);
	if (!ui->quiet)
		partition_note_read_only(&ui->place);
	catch_signals();
}

static void summarise(const struct batch_ui *ui, const struct batch_options *b,
		      bool announce)
{
	const struct batch_result *result = &ui->result;

	if (announce && !b->check_only)
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
	if (ui->place.has_offset && !b->check_only)
		printf("0x%x %s/bin/%s-*.bin\n", ui->place.offset, b->outdir,
		       b->prefix);
}

int batch_ui_end(struct batch_ui *ui, const struct batch_options *b, int r,
		 bool announce)
{
	const struct batch_result *result = &ui->result;

	progress_clear(&ui->progress);
	if (!r) {
		if (!ui->quiet)
			summarise(ui, b, announce);
		return CLI_OK;
	}
	if (result->more_errors)
		fprintf(stderr, "and %" PRIu64 " more\n", result->more_errors);
	if (result->partial[0] && r != ERR_INTERRUPTED)
		cli_say(stderr, "what was made so far is in '%s': complete it "
			"with --resume, or begin again with --restart",
			result->partial);
	if (r == ERR_INTERRUPTED && stop_signal)
		return 128 + stop_signal;
	return r == ERR_USAGE ? CLI_USAGE : CLI_FAILED;
}
