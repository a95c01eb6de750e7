/* SPDX-License-Identifier: Apache-2.0 */
#include "setup_tables.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "csv_input.h"
#include "file.h"
#include "inputs.h"
#include "jobs.h"
#include "text.h"

/* The last lines of the CSV, which differ: id, salt, verifier. */
#define OWN_LINES 3u
/* Too long for a key of the maker's. */
#define NAME_COLUMN "name of the files"
/* Accessories that a thread takes at a time. */
#define BLOCK 16u

void setup_tables_release(struct setup_tables *t)
{
	if (t->values_fd >= 0)
		close(t->values_fd);
	buf_wipe(&t->conf);
	*t = (struct setup_tables)SETUP_TABLES_INIT;
}

/* ---- The lines that all accessories have ---- */

static int check_fit(const struct csv_input *in, const struct batch_options *o,
		     const struct err_sink *sink)
{
	struct err err = ERR_INIT;
	struct csv_decoder decoder;
	struct nvs_writer writer;
	struct csv_files *files;
	int r;

	r = nvs_writer_init(&writer, o->size, o->version, &err);
	if (r) {
		sink->report(sink->ctx, &err);
		return r;
	}
	files = csv_decoder_files(&err);
	if (files) {
		csv_decoder_init(&decoder, files);
		r = csv_input_encode(in, &decoder, &writer, NULL, NULL, sink);
		csv_decoder_release(&decoder);
	} else {
		sink->report(sink->ctx, &err);
		r = ERR_NOMEM;
	}
	csv_files_free(files);
	nvs_writer_release(&writer);
	return r;
}

/* An accessory's CSV, with an empty setup, which is as long as any. */
static int read_lines(struct csv_input *lines, const struct batch_options *o,
		      const struct homekit_infile *in, const char *name,
		      const struct err_sink *sink)
{
	struct homekit_setup empty = { .id = "0000" };
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	int r;

	r = homekit_csv(&empty, in, &text, &err);
	if (r)
		sink->report(sink->ctx, &err);
	else
		r = csv_input_read(lines, name, text.data, text.len,
				   CSV_EXTENDED, sink);
	if (!r)
		r = check_fit(lines, o, sink);
	buf_wipe(&text);
	return r;
}

static bool is_own(const struct csv_input *lines, size_t i)
{
	return i + OWN_LINES >= lines->count;
}

static int put_conf(const struct csv_input *lines, struct buf *conf)
{
	int r = 0;

	for (size_t i = 0; i < lines->count && !r; i++) {
		const struct csv_spec *spec = &lines->lines[i].spec;

		r = csv_spec_put(spec, conf);
		if (!r && !spec->is_namespace && !is_own(lines, i))
			r = buf_puts(conf, "REPEAT");
		if (!r)
			r = buf_putc(conf, '\n');
	}
	return r;
}

static int put_header(const struct csv_input *lines, const char *name_column,
		      struct buf *out)
{
	bool first = true;
	int r = 0;

	if (name_column)
		r = csv_put_field(out, true, name_column, strlen(name_column));
	first = !name_column;
	for (size_t i = 0; i < lines->count && !r; i++) {
		const struct csv_spec *spec = &lines->lines[i].spec;

		if (spec->is_namespace)
			continue;
		r = csv_put_field(out, first, spec->name, strlen(spec->name));
		first = false;
	}
	return r ? r : buf_putc(out, '\n');
}

/* Cells of what all have: only the first accessory's are looked at. */
static int put_common(const struct csv_input *lines, bool filled,
		      struct buf *out)
{
	int r = 0;

	for (size_t i = 0; i < lines->count && !is_own(lines, i) && !r; i++) {
		const struct csv_input_line *line = &lines->lines[i];

		if (line->spec.is_namespace)
			continue;
		if (filled)
			r = csv_put_field(out, true, line->value.text,
					  line->value.len);
		if (!r)
			r = buf_putc(out, ',');
	}
	return r;
}

/* ---- The lines of each, on all cores ---- */

struct table {
	const struct batch_options *o;
	const struct plan *plan;
	const struct csv_input *lines;
	int fd;
	pthread_mutex_t lock;     /* for all below */
	pthread_cond_t turn;      /* written has moved, or something failed */
	size_t taken;             /* blocks */
	size_t written;           /* blocks, in their order */
	struct err err;           /* the first failure */
};

static int put_accessory(const struct table *t, size_t i, struct srp *srp,
			 struct buf *out, struct err *err)
{
	const struct plan_line *line = &t->plan->lines[i];
	struct homekit_setup setup;
	int r;

	r = homekit_setup_make(&setup, srp, line->code, line->id, line->salt,
			       err);
	if (r)
		return r;
	if (line->name)
		r = csv_put_field(out, true, line->name, strlen(line->name)) ||
		    buf_putc(out, ',');
	if (!r)
		r = put_common(t->lines, !i, out);
	if (!r)
		r = buf_puts(out, setup.id) || buf_putc(out, ',') ||
		    text_to_hex(setup.salt, sizeof(setup.salt), out) ||
		    buf_putc(out, ',') ||
		    text_to_hex(setup.verifier, sizeof(setup.verifier), out) ||
		    buf_putc(out, '\n');
	homekit_setup_wipe(&setup);
	return r ? err_nomem(err) : 0;
}

/* One block's lines, at the end of a file that others write to as well. */
static int write_block(struct table *t, size_t block, size_t count,
		       const struct buf *text, struct err *err)
{
	const struct batch_options *o = t->o;
	int r = 0;

	pthread_mutex_lock(&t->lock);
	while (t->written != block && t->err.code == ERR_NONE)
		pthread_cond_wait(&t->turn, &t->lock);
	if (t->err.code == ERR_NONE && file_write_all(t->fd, text->data,
						      text->len))
		r = inputs_spool_failed(errno, "write", err);
	t->written++;
	if (!r && o->progress)
		o->progress(o->ctx, "computing verifiers",
			    block * BLOCK + count, t->plan->count);
	pthread_cond_broadcast(&t->turn);
	pthread_mutex_unlock(&t->lock);
	return r;
}

/* The number of a block that is to be made; SIZE_MAX: no more. */
static size_t take_block(struct table *t, struct err *err)
{
	size_t block = SIZE_MAX;

	if (t->o->stop && *t->o->stop) {
		err_set(err, ERR_INTERRUPTED, "interrupted; nothing was written");
		return SIZE_MAX;
	}
	pthread_mutex_lock(&t->lock);
	if (t->err.code == ERR_NONE && t->taken * BLOCK < t->plan->count)
		block = t->taken++;
	pthread_mutex_unlock(&t->lock);
	return block;
}

static void make_blocks(struct table *t, struct srp *srp, struct err *err)
{
	struct buf text = BUF_INIT;
	size_t block, first, count;

	while (err->code == ERR_NONE &&
	       (block = take_block(t, err)) != SIZE_MAX) {
		first = block * BLOCK;
		count = t->plan->count - first;
		if (count > BLOCK)
			count = BLOCK;
		text.len = 0;
		for (size_t i = 0; i < count && err->code == ERR_NONE; i++)
			put_accessory(t, first + i, srp, &text, err);
		if (err->code == ERR_NONE)
			write_block(t, block, count, &text, err);
	}
	buf_wipe(&text);
}

static void *thread_main(void *arg)
{
	struct table *t = arg;
	struct err err = ERR_INIT;
	struct srp *srp = srp_new(&err);

	if (srp)
		make_blocks(t, srp, &err);
	srp_free(srp);
	if (err.code != ERR_NONE) {
		pthread_mutex_lock(&t->lock);
		if (t->err.code == ERR_NONE)
			t->err = err;
		pthread_cond_broadcast(&t->turn);
		pthread_mutex_unlock(&t->lock);
	}
	return NULL;
}

static int write_rows(int fd, const struct batch_options *o,
		      const struct plan *plan, const struct csv_input *lines,
		      struct err *err)
{
	struct table t = {
		.o = o,
		.plan = plan,
		.lines = lines,
		.fd = fd,
		.err = ERR_INIT,
	};

	pthread_mutex_init(&t.lock, NULL);
	pthread_cond_init(&t.turn, NULL);
	jobs_run(o->jobs, thread_main, &t);
	pthread_cond_destroy(&t.turn);
	pthread_mutex_destroy(&t.lock);
	if (t.err.code != ERR_NONE)
		*err = t.err;
	return t.err.code;
}

static int make_values(struct setup_tables *t, const struct batch_options *o,
		       const struct plan *plan, const struct csv_input *lines,
		       struct err *err)
{
	struct buf header = BUF_INIT;
	int r = 0;

	t->values_fd = inputs_open_spool(err);
	if (t->values_fd < 0)
		return err->code;
	if (put_header(lines, t->name_column, &header))
		r = err_nomem(err);
	else if (file_write_all(t->values_fd, header.data, header.len))
		r = inputs_spool_failed(errno, "write", err);
	buf_release(&header);
	return r ? r : write_rows(t->values_fd, o, plan, lines, err);
}

int setup_tables_make(struct setup_tables *t, const struct batch_options *o,
		      const struct plan *plan, const struct homekit_infile *in,
		      const char *name, const struct err_sink *sink)
{
	struct csv_input lines = CSV_INPUT_INIT;
	struct err err = ERR_INIT;
	int r;

	t->name_column = plan->lines[0].name ? NAME_COLUMN : NULL;
	r = read_lines(&lines, o, in, name, sink);
	if (!r) {
		if (put_conf(&lines, &t->conf))
			r = err_nomem(&err);
		else
			r = make_values(t, o, plan, &lines, &err);
		if (r)
			sink->report(sink->ctx, &err);
	}
	csv_input_release(&lines);
	return r;
}
