/* SPDX-License-Identifier: Apache-2.0 */
#include "batch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "csv_schema.h"
#include "deliver.h"
#include "device.h"
#include "digest.h"
#include "file.h"
#include "findings.h"
#include "fingerprint.h"
#include "ids.h"
#include "inputs.h"
#include "jobs.h"
#include "manifest.h"
#include "name.h"
#include "rows.h"
#include "stage.h"
#include "stage_files.h"
#include "text.h"
#include "writeback.h"

/* Files of the batch's own in the partial directory. */
#define MANIFEST_FILE "manifest"
#define EXPANDED_FILE "expanded"

enum phase { CHECKING, MAKING };

struct batch {
	const struct batch_options *o;
	struct batch_result *result;
	struct findings findings;
	struct err_sink sink;     /* into findings */
	struct name_rule rule;
	struct stage stage;
	struct buf conf;
	struct csv_schema schema;
	int values_fd;
	struct stat values_before; /* to notice a table that changes */
	struct deliveries extras;
	struct rows rows;
	bool rows_ready;
	struct ids ids, only;
	struct rows_selection selection;
	struct csv_files *files;
	struct manifest manifest;
	bool manifest_ready;
	struct writeback writeback; /* while making */
	struct digest *fingerprint;

	enum phase phase;
	atomic_bool give_up;      /* a thread failed while making */
	uint64_t done;            /* in this phase; under the lock */
	uint64_t in_place;        /* images that were published before */
	pthread_mutex_t lock;     /* for result, done and progress */
};

static int report(struct batch *b, const struct err *err)
{
	if (err->code != ERR_NONE)
		b->sink.report(b->sink.ctx, err);
	return err->code;
}

static bool stopped(const struct batch *b)
{
	return b->o->stop && *b->o->stop;
}

/* What can be said about the options without a look at the table. */
static int prepare(struct batch *b, struct err *err)
{
	const struct batch_options *o = b->o;
	struct nvs_writer probe;
	int r;

	r = nvs_writer_init(&probe, o->size, o->version, err);
	if (r)
		return r;
	nvs_writer_release(&probe);
	b->rule = (struct name_rule){
		.prefix = o->prefix,
		.numbered = o->numbered,
		.first_number = o->first_number,
		.width = o->width,
		.key_name = o->key_name,
		.hmac_key_name = o->hmac_key_name,
	};
	r = name_check_part(o->prefix, "prefix", err);
	if (!r && o->key_name)
		r = name_check_part(o->key_name, "name of the key file", err);
	if (!r && o->hmac_key_name)
		r = name_check_part(o->hmac_key_name, "name of the HMAC key "
				    "file", err);
	if (!r)
		r = stage_init(&b->stage, o->outdir, o->prefix, o->shard,
			       o->shards, err);
	if (o->label)
		b->stage.dirs = NAME_DIRS;
	b->stage.keyless = !device_has_file(o, NAME_KEY);
	if (!r)
		r = stage_look(&b->stage, err);
	if (!r && o->only)
		r = inputs_read_ids(o->only, &b->only, err);
	if (!r && !(b->files = csv_decoder_files(err)))
		r = err->code;
	if (!r && !(b->fingerprint = digest_new(err)))
		r = err->code;
	return r;
}

static int values_failed(const struct batch *b, struct err *err)
{
	if (!b->o->values)
		return inputs_spool_failed(errno, "read", err);
	return err_io(err, errno, "cannot read", b->o->values);
}

/* The table, or what stands in its place. */
static int open_values(struct batch *b)
{
	const struct batch_options *o = b->o;
	struct err err = ERR_INIT;
	int r = 0;

	if (!o->tables) {
		r = inputs_open_values(o->values, o->stop, &b->values_fd, &err);
	} else {
		b->values_fd = fcntl(o->tables->values_fd, F_DUPFD_CLOEXEC, 0);
		if (b->values_fd < 0)
			r = values_failed(b, &err);
	}
	if (!r && fstat(b->values_fd, &b->values_before))
		r = values_failed(b, &err);
	return r ? report(b, &err) : 0;
}

/* The same of the configuration. */
static int read_schema(struct batch *b)
{
	const struct batch_tables *tables = b->o->tables;
	struct err err = ERR_INIT;
	int r;

	if (!tables)
		r = inputs_read_conf(b->o->conf, &b->conf, &err);
	else
		r = buf_append(&b->conf, tables->conf, tables->conf_len) ?
		    err_nomem(&err) : 0;
	if (r)
		return report(b, &err);
	return csv_schema_read_as(&b->schema, b->o->conf, b->conf.data,
				  b->conf.len,
				  tables ? CSV_EXTENDED : CSV_PLAIN, &b->sink);
}

/*
 * The configuration is wrong. What is wrong with the table as well is found
 * in the same run, unless one would have to wait for it.
 */
static void look_at_values(struct batch *b)
{
	const struct batch_options *o = b->o;
	struct stat st;

	if (o->tables || !strcmp(o->values, "-") ||
	    (!stat(o->values, &st) && !S_ISREG(st.st_mode)) || open_values(b))
		return;
	rows_look_through(b->values_fd, o->values, &b->sink);
}

static int read_inputs(struct batch *b)
{
	struct err err = ERR_INIT;
	int r = read_schema(b);

	if (r && r != ERR_NOMEM)
		look_at_values(b);
	if (!r)
		r = open_values(b);
	if (r)
		return r;
	if (deliver_prepare(&b->extras, b->o, &b->stage,
			    b->schema.repeats && !b->o->tables, b->files,
			    &err))
		return report(b, &err);
	fingerprint_start(b->fingerprint, b->o, &b->conf, &b->only);
	rows_init(&b->rows, b->values_fd, b->o->values, &b->schema,
		  b->o->fileid);
	b->rows_ready = true;
	return 0;
}

/* The rows of this shard, which needs to know how many there are. */
static int select_rows(struct batch *b)
{
	const struct batch_options *o = b->o;
	uint64_t rows;
	int r;

	b->selection = (struct rows_selection){
		.only = o->only ? &b->only : NULL,
		.from = 1,
		.to = UINT64_MAX,
	};
	if (!o->shards)
		return 0;
	r = rows_start(&b->rows, &b->selection, NULL, NULL, NULL, &b->sink,
		       NULL);
	if (!r)
		r = rows_count(&b->rows, &rows);
	if (r)
		return r;
	/* Not rows * shard / shards: the product could overflow. */
	b->selection.from = 1 + rows / o->shards * (o->shard - 1) +
			    rows % o->shards * (o->shard - 1) / o->shards;
	b->selection.to = 1 + rows / o->shards * o->shard +
			  rows % o->shards * o->shard / o->shards;
	return 0;
}

/* One thread's work on what it took. */
static int check_some(struct batch *b, struct device_maker *m,
		      const struct rows_take *take)
{
	bool look = b->o->start != BATCH_RESUME;
	struct nvs_usage fullest = { 0 };
	uint64_t row = 0;
	int r;

	for (size_t i = 0; i < take->count && !stopped(b); i++) {
		struct nvs_usage usage;

		r = device_check(m, &take->row[i], take->number[i], look,
				 &usage, &b->sink);
		/* It would only be said again. */
		if (r == ERR_NOMEM)
			return r;
		if (r)
			continue;
		if (usage.entries > fullest.entries) {
			fullest = usage;
			row = take->number[i];
		}
	}
	pthread_mutex_lock(&b->lock);
	b->result->devices += take->count;
	if (fullest.entries > b->result->fullest.entries ||
	    (fullest.entries == b->result->fullest.entries &&
	     row < b->result->fullest_row)) {
		b->result->fullest = fullest;
		b->result->fullest_row = row;
	}
	pthread_mutex_unlock(&b->lock);
	return 0;
}

static int make_some(struct batch *b, struct device_maker *m,
		     const struct rows_take *take, struct buf *lines)
{
	struct err err = ERR_INIT;
	int r = 0;

	lines->len = 0;
	for (size_t i = 0; i < take->count && !r; i++) {
		if (stopped(b) || atomic_load(&b->give_up))
			return ERR_INTERRUPTED;
		r = device_make(m, &take->row[i], take->number[i], lines,
				&b->sink);
	}
	if (!r && manifest_put(&b->manifest, take->turn, lines, &err))
		r = report(b, &err);
	writeback_note(&b->writeback, take->count * b->o->size);
	return r;
}

static void tell_progress(struct batch *b, uint64_t more)
{
	const struct batch_options *o = b->o;

	if (!o->progress)
		return;
	pthread_mutex_lock(&b->lock);
	b->done += more;
	o->progress(o->ctx, b->phase == CHECKING ? "checking" : "making",
		    b->done, b->phase == CHECKING ? 0 : b->result->devices);
	pthread_mutex_unlock(&b->lock);
}

static void work(struct batch *b, struct device_maker *m,
		 struct rows_take *take)
{
	struct buf lines = BUF_INIT;
	int r = 0;

	while (!r && !stopped(b) && rows_next(&b->rows, take) > 0) {
		r = b->phase == CHECKING ? check_some(b, m, take) :
					   make_some(b, m, take, &lines);
		tell_progress(b, take->count);
	}
	if (r)
		atomic_store(&b->give_up, true);
	buf_release(&lines);
}

static void *thread_main(void *arg)
{
	struct batch *b = arg;
	struct rows_take *take = mem_array(1, sizeof(*take));
	struct err err = ERR_INIT;
	struct device_maker m;

	if (!take)
		err_nomem(&err);
	else if (!device_maker_init(&m, b->o, &b->rule, &b->rows.join,
				    &b->stage, &b->manifest, b->files,
				    b->phase == MAKING, &err)) {
		work(b, &m, take);
		pthread_mutex_lock(&b->lock);
		b->result->kept += m.kept;
		b->in_place += m.in_place;
		pthread_mutex_unlock(&b->lock);
		device_maker_release(&m);
	}
	if (err.code != ERR_NONE) {
		report(b, &err);
		atomic_store(&b->give_up, true);
	}
	if (take)
		rows_take_release(take);
	mem_free(take);
	return NULL;
}

/* Go through the table with all threads. */
static int run_phase(struct batch *b, enum phase phase)
{
	b->phase = phase;
	b->done = 0;
	jobs_run(b->o->jobs, thread_main, b);
	if (b->findings.count)
		return b->findings.kept[0].code;
	return 0;
}

static int interrupted(struct batch *b, struct err *err)
{
	if (!stopped(b))
		return 0;
	if (b->phase == CHECKING)
		err_set(err, ERR_INTERRUPTED, "interrupted; nothing was "
			"written");
	else
		err_set(err, ERR_INTERRUPTED, "interrupted; what was made so far "
			"is in '%s': complete it with --resume, or begin again "
			"with --restart", b->stage.partial);
	return report(b, err);
}

static bool is_row_number(const char *id, uint64_t rows)
{
	uint64_t n;

	return *id >= '1' && *id <= '9' && !text_unsigned(id, &n) && n <= rows;
}

/* Ids of --only that no row has. */
static void report_unknown_ids(struct batch *b)
{
	struct pos pos = { b->o->only, 0, 1 };
	char shown[TEXT_SHOWN];
	size_t at = 0;
	const char *id;
	uint32_t line;

	while ((id = ids_next(&b->only, &at, &line))) {
		struct err err = ERR_INIT;

		if (b->o->fileid ? ids_find(&b->ids, id) != 0 :
		    is_row_number(id, b->result->rows))
			continue;
		pos.line = line;
		text_show(shown, sizeof(shown), id, strlen(id));
		if (b->o->fileid)
			err_at(&err, &pos, ERR_INPUT, "the id '%s' is not in "
			       "column '%s' of %s", shown, b->o->fileid,
			       b->o->values);
		else
			err_at(&err, &pos, ERR_INPUT, "the id '%s' is not in "
			       "%s: without --fileid, ids are the numbers of "
			       "the rows, 1 to %" PRIu64, shown, b->o->values,
			       b->result->rows);
		report(b, &err);
	}
}

static int check_count(struct batch *b, struct err *err)
{
	struct pos pos = { b->o->values, 1, 1 };

	if (!b->result->rows)
		return err_at(err, &pos, ERR_INPUT, "the values table has no "
			      "device: only a header line");
	if ((b->o->key_name || b->o->hmac_key_name) && b->result->devices > 1)
		return err_set(err, ERR_USAGE, "--%s names one file, but there "
			       "are %" PRIu64 " devices, each with a key of its "
			       "own: leave it out, the files are then called "
			       "after the devices", b->o->key_name ? "keyfile" :
			       "kp_hmac_keyfile", b->result->devices);
	return 0;
}

static int check(struct batch *b)
{
	struct err err = ERR_INIT;
	int r = select_rows(b);

	if (!r)
		r = rows_start(&b->rows, &b->selection, &b->ids,
			       fingerprint_tap, b->fingerprint, &b->sink,
			       &b->o->warnings);
	if (r)
		return r;
	run_phase(b, CHECKING);
	b->result->rows = b->rows.number;
	if (interrupted(b, &err))
		return err.code;
	/* A table that was not read through can't be said to lack anything. */
	if (!b->rows.failed && !atomic_load(&b->give_up)) {
		if (check_count(b, &err))
			report(b, &err);
		report_unknown_ids(b);
	}
	return b->findings.count ? b->findings.kept[0].code : 0;
}

/*
 * One key for several devices is as safe as the worst kept of them: say so,
 * once. A shard is a part of a batch whose others have the key as well.
 */
static void warn_of_shared_key(struct batch *b)
{
	const struct batch_options *o = b->o;
	uint64_t devices = o->only ? b->result->devices : b->result->rows;
	struct pos pos = { o->key_source, 0, 0 };
	struct err warning = ERR_INIT;

	if ((o->keys != BATCH_GIVEN && o->keys != BATCH_DERIVED) ||
	    devices < 2 || !o->warnings.report)
		return;
	if (o->keys == BATCH_GIVEN)
		err_at(&warning, &pos, ERR_KEY, "this key encrypts all %" PRIu64
		       " devices: whoever reads it out of one can read the "
		       "data of all; --keygen gives each a key of its own",
		       devices);
	else
		err_at(&warning, &pos, ERR_KEY, "the keys of all %" PRIu64
		       " devices derive from this HMAC key: whoever reads it "
		       "out of one can read the data of all; --kp_hmac_keygen "
		       "gives each a key of its own", devices);
	o->warnings.report(o->warnings.ctx, &warning);
}

/* The table must still be the one that was checked. */
static int values_unchanged(struct batch *b, struct err *err)
{
	struct stat now;

	if (fstat(b->values_fd, &now))
		return values_failed(b, err);
	if (now.st_size != b->values_before.st_size ||
	    now.st_mtim.tv_sec != b->values_before.st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != b->values_before.st_mtim.tv_nsec)
		return err_set(err, ERR_INPUT, "'%s' was changed while the batch "
			       "was made, nothing is published: begin again with "
			       "--restart", b->o->values ? b->o->values :
			       inputs_spool_dir());
	return 0;
}

static bool wants_manifest(const struct batch_options *o)
{
	return o->manifest || o->sums || o->created;
}

/*
 * The table with repeated values filled in is no more open than the one it
 * comes from; that of a pipe, which was spooled, is for its owner only.
 */
static mode_t expanded_mode(const struct batch *b)
{
	return b->values_before.st_mode & FILE_MODE_PUBLIC;
}

static int open_stage(struct batch *b, struct err *err)
{
	uint8_t fingerprint[STAGE_FINGERPRINT_SIZE];
	int r, fd = -1;

	r = digest_finish(b->fingerprint, fingerprint, err);
	if (!r)
		r = stage_open(&b->stage, b->o->start, fingerprint, err);
	if (r)
		return r;
	snprintf(b->result->partial, sizeof(b->result->partial), "%s",
		 b->stage.partial);
	if (wants_manifest(b->o) &&
	    (fd = stage_open_own(&b->stage, MANIFEST_FILE, FILE_MODE_PUBLIC,
				 err)) < 0)
		return err->code;
	r = manifest_init(&b->manifest, fd, b->o->offset_known, b->o->offset,
			  err);
	b->manifest_ready = !r;
	if (r && fd >= 0)
		close(fd);
	if (!r && b->extras.expanded.len) {
		b->rows.expand_fd = stage_open_own(&b->stage, EXPANDED_FILE,
						   expanded_mode(b), err);
		if (b->rows.expand_fd < 0)
			r = err->code;
	}
	return r;
}

static int make(struct batch *b)
{
	struct err err = ERR_INIT;
	int r = open_stage(b, &err);

	if (r)
		return report(b, &err);
	writeback_init(&b->writeback, b->stage.fd);
	r = rows_start(&b->rows, &b->selection, NULL, NULL, NULL, &b->sink,
		       NULL);
	if (!r) {
		rows_expect(&b->rows, b->result->devices,
			    jobs_threads(b->o->jobs));
		r = run_phase(b, MAKING);
	}
	if (writeback_finish(&b->writeback, b->stage.partial, &err) && !r)
		r = report(b, &err);
	if (r)
		return r;
	if (interrupted(b, &err))
		return err.code;
	if (!values_unchanged(b, &err) &&
	    !manifest_finish(&b->manifest, &err) &&
	    (!b->stage.resumed ||
	     !stage_check_count(&b->stage, NAME_DIR_BIN,
				b->result->devices - b->in_place, &err)))
		return 0;
	return report(b, &err);
}

static void close_records(struct batch *b)
{
	if (b->manifest_ready && b->manifest.fd >= 0) {
		close(b->manifest.fd);
		b->manifest.fd = -1;
	}
	if (b->rows_ready && b->rows.expand_fd >= 0) {
		close(b->rows.expand_fd);
		b->rows.expand_fd = -1;
	}
}

static int tell_created(void *ctx, const char *path, const char *sha256,
			struct err *err)
{
	const struct batch *b = ctx;
	struct buf full = BUF_INIT;
	const char *kind = !strncmp(path, "csv/", 4) ? "csv" :
			   !strncmp(path, "bin/", 4) ? "bin" : "keys";

	if (buf_printf(&full, "%s/%s", b->stage.outdir, path) ||
	    !buf_str(&full)) {
		buf_release(&full);
		return err_nomem(err);
	}
	b->o->created(b->o->ctx, kind, (char *)full.data, sha256);
	buf_release(&full);
	return 0;
}

static int publish(struct batch *b)
{
	enum file_existing existing = b->o->overwrite ? FILE_REPLACE :
							FILE_KEEP;
	struct err err = ERR_INIT;
	int r;

	r = stage_publish(&b->stage, b->o->overwrite, &err);
	if (!r && b->extras.expanded.len)
		r = deliver_file(&b->stage, EXPANDED_FILE, b->rows.expand_fd,
				 (char *)b->extras.expanded.data, FILE_REPLACE,
				 &err);
	if (!r && b->o->sums)
		r = deliver_sums(&b->stage, b->manifest.fd,
				 (char *)b->extras.sums.data, existing, &err);
	if (!r && b->o->manifest)
		r = deliver_file(&b->stage, MANIFEST_FILE, b->manifest.fd,
				 b->o->manifest, existing, &err);
	if (!r && b->o->created)
		r = manifest_visit(b->manifest.fd, tell_created, b, &err);
	/* Where they are still open, some file systems keep their names. */
	close_records(b);
	if (!r)
		r = stage_remove(&b->stage, &err);
	if (!r)
		b->result->partial[0] = '\0';
	return report(b, &err);
}

static int refuse_partial(struct batch *b)
{
	struct err err = ERR_INIT;
	enum stage_earlier earlier;

	if (b->o->check_only)
		return 0;
	if (stage_earlier(&b->stage, &earlier, &err))
		return report(b, &err);
	if (earlier == STAGE_AT_WORK)
		stage_err_at_work(&b->stage, &err);
	else if (earlier == STAGE_UNKNOWN && b->o->start != BATCH_RESTART)
		stage_err_unknown(&b->stage, &err);
	else if (earlier != STAGE_NONE && b->o->start == BATCH_NEW)
		stage_err_stopped(&b->stage, &err);
	else if (earlier == STAGE_PUBLISHING &&
		 b->o->start == BATCH_RESTART && !b->o->overwrite)
		stage_err_publishing(&b->stage, &err);
	return report(b, &err);
}

static int run(struct batch *b)
{
	struct err err = ERR_INIT;
	int r;

	if (prepare(b, &err))
		return report(b, &err);
	r = refuse_partial(b);
	if (!r)
		r = read_inputs(b);
	if (!r)
		r = check(b);
	if (!r)
		warn_of_shared_key(b);
	if (r || b->o->check_only)
		return r;
	if (stage_check_targets(&b->stage, &err))
		return report(b, &err);
	if (b->o->checked && b->o->checked(b->o->ctx, &err))
		return report(b, &err);
	r = make(b);
	return r ? r : publish(b);
}

static void release(struct batch *b)
{
	close_records(b);
	if (b->manifest_ready)
		manifest_release(&b->manifest);
	if (b->rows_ready)
		rows_release(&b->rows);
	if (b->values_fd >= 0)
		close(b->values_fd);
	csv_schema_release(&b->schema);
	csv_files_free(b->files);
	digest_free(b->fingerprint);
	ids_release(&b->ids);
	ids_release(&b->only);
	buf_wipe(&b->conf); /* may hold values: of tables */
	deliver_release(&b->extras);
	stage_release(&b->stage);
	findings_release(&b->findings);
	pthread_mutex_destroy(&b->lock);
}

int batch_run(const struct batch_options *o, struct batch_result *result)
{
	struct batch b = {
		.o = o,
		.result = result,
		.values_fd = -1,
		.stage = STAGE_INIT,
	};
	int r, code;

	*result = (struct batch_result){ 0 };
	findings_init(&b.findings, o->conf);
	b.sink = findings_sink(&b.findings);
	pthread_mutex_init(&b.lock, NULL);
	atomic_init(&b.give_up, false);
	r = run(&b);
	code = findings_report(&b.findings, &o->errors, &result->more_errors);
	release(&b);
	return code ? code : r;
}
