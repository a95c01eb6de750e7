/* SPDX-License-Identifier: Apache-2.0 */
#include "setup_batch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "csv_table.h"
#include "file.h"
#include "findings.h"
#include "homekit_label.h"
#include "inputs.h"
#include "name.h"
#include "plan.h"
#include "random.h"
#include "setup_tables.h"

#define PLAN_START ".factory_nvs_gen-"
#define PLAN_END ".plan"

_Static_assert(SETUP_BATCH_MAX == PLAN_MAX, "the limit is one of plans");

struct setup_batch {
	const struct setup_options *o;
	struct batch_options batch;   /* what is handed to the engine */
	struct batch_tables batch_tables;
	struct findings findings;
	struct err_sink sink;         /* into findings */
	struct homekit_infile infile;
	struct setup_tables tables;
	struct plan plan;
	struct buf plan_path, codes_path;
	bool plan_is_there;           /* left by a run that is resumed */
	struct buf codes;             /* the table of codes */
	size_t listed;                /* accessories in it */
	bool codes_failed;            /* out of memory */
};

static int report(struct setup_batch *s, const struct err *err)
{
	if (err->code != ERR_NONE)
		s->sink.report(s->sink.ctx, err);
	return err->code;
}

/* ---- Before anything is computed ---- */

static int set_paths(struct setup_batch *s, struct err *err)
{
	const struct batch_options *b = &s->o->batch;
	const char *outdir = *b->outdir ? b->outdir : ".";
	int r;

	r = file_expand_home(outdir, &s->plan_path, err);
	if (!r)
		r = file_expand_home(outdir, &s->codes_path, err);
	if (r)
		return r;
	if (buf_printf(&s->plan_path, "/" PLAN_START "%s" PLAN_END,
		       b->prefix) || !buf_str(&s->plan_path) ||
	    buf_printf(&s->codes_path, "/setup-%s.csv", b->prefix) ||
	    !buf_str(&s->codes_path))
		return err_nomem(err);
	return 0;
}

/* The longest name that a prefix becomes part of is that of the plan. */
static int check_prefix(const char *prefix, struct err *err)
{
	const size_t around = sizeof(PLAN_START PLAN_END) - 1;
	const size_t len = strlen(prefix);
	int r = name_check_part(prefix, "prefix", err);

	if (r || len + around <= NAME_MAX)
		return r;
	return err_set(err, ERR_INPUT, "the prefix has %zu bytes, for file names "
		       "%zu are possible: shorten it", len, NAME_MAX - around);
}

static int check_options(const struct setup_options *o, struct err *err)
{
	int r = check_prefix(o->batch.prefix, err);

	if (!r)
		r = homekit_product_check(&o->product, err);
	if (!r && !o->batch.values &&
	    (!o->count || o->count > SETUP_BATCH_MAX))
		r = err_set(err, ERR_RANGE, "%zu accessories are not possible, "
			    "1 to %u are", o->count, SETUP_BATCH_MAX);
	return r;
}

/* What an earlier run has left, and what is to become of it. */
static int look(struct setup_batch *s, struct err *err)
{
	const char *plan = (char *)s->plan_path.data;
	const char *codes = (char *)s->codes_path.data;
	bool resume = s->o->batch.start == BATCH_RESUME;

	s->plan_is_there = file_exists(plan);
	if (s->plan_is_there && s->o->batch.start == BATCH_NEW)
		return err_set(err, ERR_EXISTS, "an earlier run was stopped and "
			       "left its setup codes in '%s': complete it with "
			       "--resume, or begin again with --restart", plan);
	if (resume && s->plan_is_there)
		return 0;
	if (file_exists(codes) && !s->o->batch.overwrite)
		return err_set(err, ERR_EXISTS, resume ? "'%s' is there already, "
			       "and no run was stopped: there is nothing to "
			       "resume" : "'%s' is there already, the setup "
			       "codes of another batch: choose another --outdir "
			       "or prefix, or replace it with --overwrite",
			       codes);
	if (resume)
		s->batch.start = BATCH_NEW;
	s->plan_is_there = false;
	return 0;
}

static int refuse_same(const char *made, const char *other, struct err *err)
{
	int r = other && strcmp(other, "-") != 0 ?
		file_same(made, other, err) : 0;

	if (r <= 0)
		return r;
	return err_set(err, ERR_EXISTS, "the output '%s' would take the place of "
		       "'%s', which this run needs: choose another name", made,
		       other);
}

/* That the codes take nothing's place, nor the manifest theirs. */
static int check_places(const struct setup_batch *s, struct err *err)
{
	const char *plan = (char *)s->plan_path.data;
	const char *codes = (char *)s->codes_path.data;
	const char *manifest = s->o->batch.manifest;
	const char *needed[] = { s->o->batch.values, s->o->infile,
				 s->o->batch.key_source,
				 s->o->batch.size_source };
	int r = 0;

	for (unsigned i = 0; i < sizeof(needed) / sizeof(*needed) && !r; i++) {
		r = refuse_same(codes, needed[i], err);
		if (!r)
			r = refuse_same(plan, needed[i], err);
	}
	if (!r && manifest)
		r = refuse_same(manifest, codes, err);
	if (!r && manifest)
		r = refuse_same(manifest, plan, err);
	return r;
}

/* ---- The plan ---- */

/*
 * The plan of an earlier run, which nobody else may have put there. -1 with
 * *err filled on failure.
 */
static int open_plan(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int dir, r = 0;
	struct stat st;

	if (fd < 0) {
		err_io(err, errno, "cannot open", path);
		return -1;
	}
	dir = file_open_parent(path);
	if (fstat(fd, &st))
		r = err_io(err, errno, "cannot look at", path);
	else if (!file_is_trusted(&st, dir))
		r = err_set(err, ERR_EXISTS, "'%s' is another user's file, who "
			    "would know the setup codes: look where it comes "
			    "from, then remove it", path);
	if (dir >= 0)
		close(dir);
	if (!r)
		return fd;
	close(fd);
	return -1;
}

static int read_plan(struct setup_batch *s, const char *path,
		     const char *name_column, struct plan *plan)
{
	struct name_rule rule = { .prefix = s->o->batch.prefix };
	struct err err = ERR_INIT;
	int fd, r;

	if (path == (char *)s->plan_path.data)
		fd = open_plan(path, &err);
	else
		fd = inputs_open(path, &err);
	if (fd < 0)
		return report(s, &err);
	r = plan_read(plan, fd, path, name_column, &rule, &s->sink);
	close(fd);
	return r;
}

/* The plan that an earlier run has left, which has to be for the same. */
static int resume_plan(struct setup_batch *s)
{
	const struct batch_options *b = &s->o->batch;
	const char *path = (char *)s->plan_path.data;
	struct plan earlier = PLAN_INIT;
	struct err err = ERR_INIT;
	bool same;
	int r;

	r = read_plan(s, path, b->fileid ? PLAN_NAME_COLUMN : NULL, &earlier);
	if (r) {
		plan_release(&earlier);
		return r;
	}
	if (b->values) {
		same = plan_adopt(&s->plan, &earlier);
		plan_release(&earlier);
	} else {
		same = earlier.count == s->o->count;
		s->plan = earlier;
	}
	if (!same)
		err_set(&err, ERR_EXISTS, "'%s' was left by a run for other "
			"accessories: complete it with the same %s, or begin "
			"again with --restart", path,
			b->values ? "values" : "--count");
	return report(s, &err);
}

static int make_plan(struct setup_batch *s)
{
	const struct batch_options *b = &s->o->batch;
	struct random_system *random;
	struct random_source source;
	struct err err = ERR_INIT;
	int r = 0;

	if (b->values)
		r = read_plan(s, b->values, b->fileid, &s->plan);
	if (!r && s->plan_is_there)
		return resume_plan(s);
	if (r)
		return r;
	random = random_system_new(&err);
	if (!random)
		return report(s, &err);
	source = random_system_source(random);
	r = b->values ? plan_draw_salts(&s->plan, &source, &err) :
			plan_draw(&s->plan, s->o->count, &source, &err);
	random_system_free(random);
	return r ? report(s, &err) : 0;
}

/* ---- What the engine asks for ---- */

static void pass_progress(void *ctx, const char *phase, uint64_t done,
			  uint64_t total)
{
	const struct setup_batch *s = ctx;

	s->o->batch.progress(s->o->batch.ctx, phase, done, total);
}

/* All is right: from now on the codes must not get lost. */
static int save_plan(void *ctx, struct err *err)
{
	struct setup_batch *s = ctx;
	enum file_existing existing = s->o->batch.start == BATCH_RESTART ?
				      FILE_REPLACE : FILE_KEEP;
	const char *path = (char *)s->plan_path.data;
	struct buf text = BUF_INIT;
	int r;

	if (s->plan_is_there)
		return 0;
	r = plan_put(&s->plan, &text) ? err_nomem(err) : 0;
	if (!r)
		r = file_make_parent(path, err);
	if (!r)
		r = file_write(path, text.data, text.len, FILE_MODE_SECRET,
			       existing, err);
	buf_wipe(&text);
	return r;
}

static int make_label(void *ctx, uint64_t row, struct buf *png,
		      struct buf *svg, struct err *err)
{
	const struct setup_batch *s = ctx;
	const struct plan_line *line = &s->plan.lines[row - 1];
	char payload[HOMEKIT_PAYLOAD_MAX + 1], shown[HOMEKIT_SHOWN_LEN + 1];
	int r;

	homekit_payload(&s->o->product, line->code, line->id, payload);
	homekit_code_show(line->code, shown);
	r = homekit_label_png(payload, shown, png, err);
	if (!r)
		r = homekit_label_svg(payload, shown, svg, err);
	mem_wipe(payload, sizeof(payload));
	mem_wipe(shown, sizeof(shown));
	return r;
}

/* ---- The table of codes ---- */

/* Room for all of it at once: growing would leave copies behind. */
static int start_codes(struct setup_batch *s, struct err *err)
{
	size_t each = 200 + 2 * strlen(s->o->batch.prefix), names = 0;

	for (size_t i = 0; i < s->plan.count; i++)
		if (s->plan.lines[i].name)
			names += strlen(s->plan.lines[i].name);
	if (buf_reserve(&s->codes, 100 + s->plan.count * each + 4 * names) ||
	    buf_puts(&s->codes, "id,setup_code,setup_id,setup_payload,image,"
		     "sha256\r\n"))
		return err_nomem(err);
	return 0;
}

static int put_code(struct setup_batch *s, const char *image,
		    const char *sha256)
{
	const struct plan_line *line = &s->plan.lines[s->listed];
	char payload[HOMEKIT_PAYLOAD_MAX + 1], number[24];
	const char *id = line->name ? line->name : number;
	int r;

	snprintf(number, sizeof(number), "%zu", s->listed + 1);
	homekit_payload(&s->o->product, line->code, line->id, payload);
	r = csv_put_field(&s->codes, true, id, strlen(id)) ||
	    buf_printf(&s->codes, ",%s,%s,%s", line->code, line->id,
		       payload) ||
	    csv_put_field(&s->codes, false, image, strlen(image)) ||
	    buf_printf(&s->codes, ",%s\r\n", sha256);
	mem_wipe(payload, sizeof(payload));
	return r ? ERR_NOMEM : 0;
}

/* Called for each file in the order of the accessories. */
static void list_image(void *ctx, const char *kind, const char *path,
		       const char *sha256)
{
	struct setup_batch *s = ctx;
	const char *name = strrchr(path, '/');
	struct buf image = BUF_INIT;

	if (strcmp(kind, "bin") != 0 || s->listed == s->plan.count)
		return;
	if (buf_printf(&image, "bin%s", name) || !buf_str(&image) ||
	    put_code(s, (char *)image.data, sha256))
		s->codes_failed = true;
	s->listed++;
	buf_release(&image);
}

/* Whether a run that was stopped had come this far. */
static bool codes_are_there(const struct setup_batch *s)
{
	struct buf there = BUF_INIT;
	bool same;

	same = !file_read((char *)s->codes_path.data, s->codes.len, &there,
			  NULL) &&
	       there.len == s->codes.len &&
	       !memcmp(there.data, s->codes.data, there.len);
	buf_wipe(&there);
	return same;
}

static int finish(struct setup_batch *s)
{
	enum file_existing existing = s->o->batch.overwrite ? FILE_REPLACE :
							      FILE_KEEP;
	const char *path = (char *)s->codes_path.data;
	const char *plan = (char *)s->plan_path.data;
	struct err err = ERR_INIT;

	if (s->codes_failed)
		err_nomem(&err);
	else if (!(s->plan_is_there && codes_are_there(s)) &&
		 file_write(path, s->codes.data, s->codes.len,
			    FILE_MODE_SECRET, existing, &err))
		err_context(&err, "the images are in place, but not the table "
			    "of their setup codes; try again with --resume");
	else if (unlink(plan) && errno != ENOENT)
		err_io(&err, errno, "cannot remove", plan);
	return report(s, &err);
}

/* ---- All of it ---- */

static int prepare(struct setup_batch *s)
{
	const char *infile = s->o->infile;
	struct err err = ERR_INIT;
	int r;

	r = check_options(s->o, &err);
	if (!r)
		r = set_paths(s, &err);
	if (!r)
		r = check_places(s, &err);
	if (!r)
		r = look(s, &err);
	if (!r && infile)
		r = homekit_infile_load(&s->infile, infile, &err);
	if (r)
		return report(s, &err);
	r = make_plan(s);
	if (!r)
		r = setup_tables_make(&s->tables, &s->o->batch, &s->plan,
				      infile ? &s->infile : NULL,
				      infile ? infile : "the setup data",
				      &s->sink);
	if (!r && start_codes(s, &err))
		r = report(s, &err);
	return r;
}

static int run(struct setup_batch *s, struct batch_result *result)
{
	struct batch_options *b = &s->batch;
	int r;

	s->batch_tables = (struct batch_tables){
		.conf = s->tables.conf.data,
		.conf_len = s->tables.conf.len,
		.values_fd = s->tables.values_fd,
		.source = s->o->batch.values,
	};
	b->conf = s->o->infile ? s->o->infile : "the setup data";
	b->values = NULL;
	b->tables = &s->batch_tables;
	b->fileid = s->tables.name_column;
	b->progress = b->progress ? pass_progress : NULL;
	b->checked = save_plan;
	b->label = s->o->labels ? make_label : NULL;
	b->secret_values = true; /* a code can be found for its verifier */
	b->created = list_image;
	b->ctx = s;
	r = batch_run(b, result);
	return r ? r : finish(s);
}

static void release(struct setup_batch *s)
{
	homekit_infile_release(&s->infile);
	setup_tables_release(&s->tables);
	plan_release(&s->plan);
	buf_release(&s->plan_path);
	buf_release(&s->codes_path);
	buf_wipe(&s->codes);
	findings_release(&s->findings);
}

int setup_batch_run(const struct setup_options *o,
		    struct batch_result *result)
{
	struct setup_batch s = {
		.o = o,
		.batch = o->batch,
		.infile = HOMEKIT_INFILE_INIT,
		.tables = SETUP_TABLES_INIT,
		.plan = PLAN_INIT,
	};
	uint64_t more = 0;
	int r;

	*result = (struct batch_result){ 0 };
	findings_init(&s.findings, NULL);
	s.sink = findings_sink(&s.findings);
	r = prepare(&s);
	if (!r)
		r = run(&s, result);
	/* Of the engine's mistakes it has told itself. */
	if (s.findings.count) {
		r = findings_report(&s.findings, &o->batch.errors, &more);
		result->more_errors = more;
	}
	release(&s);
	return r;
}
