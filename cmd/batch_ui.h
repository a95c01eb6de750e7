/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch_ui.h - a batch as its user meets it: the options that all batches
 * have, progress, messages, signals, the last line and the exit status.
 */
#ifndef BATCH_UI_H
#define BATCH_UI_H

#include <stdbool.h>

#include "batch.h"
#include "cli.h"
#include "partition.h"
#include "progress.h"

struct batch_ui {
	/* the command line */
	const char *size, *version, *jobs;
	struct partition_options partition;
	bool resume, restart, quiet, no_progress;
	/* the run */
	const struct cli_command *cmd;
	struct partition_place place;
	struct progress progress;
	struct batch_result result;
};

/* Lines for a table of struct cli_option; b is the struct batch_options. */
#define BATCH_UI_OPTIONS(u, b) \
	{ "version", 0, CLI_TEXT, &(u)->version, "{1,2}", \
	  "NVS format: 1 without, 2 with multi-page blobs\n" \
	  "(default: 2)" }, \
	{ "outdir", 0, CLI_TEXT, &(b)->outdir, "DIR", \
	  "where csv/, bin/ and keys/ are made (default: .)" }, \
	PARTITION_OPTIONS(&(u)->partition), \
	{ "overwrite", 0, CLI_ADDED | CLI_FLAG, &(b)->overwrite, NULL, \
	  "replace files that are there already" }, \
	{ "resume", 0, CLI_ADDED | CLI_FLAG, &(u)->resume, NULL, \
	  "complete what a stopped run has left" }, \
	{ "restart", 0, CLI_ADDED | CLI_FLAG, &(u)->restart, NULL, \
	  "throw away what a stopped run has left" }, \
	{ "manifest", 0, CLI_ADDED | CLI_TEXT, &(b)->manifest, "FILE", \
	  "write a CSV of what was made, with checksums" }, \
	{ "jobs", 0, CLI_ADDED | CLI_TEXT, &(u)->jobs, "N", \
	  "threads (default: one per processor)" }, \
	{ "quiet", 0, CLI_ADDED | CLI_FLAG, &(u)->quiet, NULL, \
	  "print errors and warnings only" }, \
	{ "no-progress", 0, CLI_ADDED | CLI_FLAG, &(u)->no_progress, NULL, \
	  "no progress line, even on a terminal" }

/*
 * Check these options and put them into b, with the messages' ways; the
 * callbacks' ctx is ui. Returns as cli_parse().
 */
int batch_ui_start(struct batch_ui *ui, const struct cli_command *cmd,
		   bool encrypted, struct batch_options *b);

/* Right before the batch: from now on a signal stops it in good order. */
void batch_ui_begin(struct batch_ui *ui);

/*
 * After the batch, which has returned r and filled ui->result: print the
 * last lines; announce: the outdir on one of its own. The exit status.
 */
int batch_ui_end(struct batch_ui *ui, const struct batch_options *b, int r,
		 bool announce);

#endif
