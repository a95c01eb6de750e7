/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "csv_table.h"
#include "file.h"
#include "text.h"

#define CHUNK 65536u

const char *const manifest_columns[MANIFEST_COLUMNS] = {
	"id", "row", "bin", "bin_sha256", "csv", "csv_sha256", "keys",
	"keys_sha256"
};

struct manifest_waiting {
	struct manifest_waiting *next;
	uint64_t turn;
	struct buf lines;
};

int manifest_init(struct manifest *m, int fd, bool offset_known,
		  uint64_t offset, struct err *err)
{
	int r = 0;

	*m = (struct manifest){
		.fd = fd,
		.offset_known = offset_known,
		.offset = offset,
	};
	pthread_mutex_init(&m->lock, NULL);
	for (unsigned c = 0; c < MANIFEST_COLUMNS && !r; c++)
		r = csv_put_field(&m->text, !c, manifest_columns[c],
				  strlen(manifest_columns[c]));
	if (!r)
		r = buf_puts(&m->text, offset_known ? ",offset\r\n" : "\r\n");
	if (!r)
		return 0;
	manifest_release(m);
	return err_nomem(err);
}

void manifest_release(struct manifest *m)
{
	while (m->waiting) {
		struct manifest_waiting *w = m->waiting;

		m->waiting = w->next;
		buf_release(&w->lines);
		mem_free(w);
	}
	buf_release(&m->text);
	pthread_mutex_destroy(&m->lock);
}

static int put_file(const struct manifest_file *f, struct buf *path,
		    struct buf *out)
{
	static const uint8_t none[DIGEST_SIZE];

	path->len = 0;
	if (f->name && buf_printf(path, "%s/%s", f->dir, f->name))
		return ERR_NOMEM;
	if (csv_put_field(out, false, (const char *)path->data, path->len) ||
	    buf_putc(out, ','))
		return ERR_NOMEM;
	if (!f->name || !memcmp(f->sha256, none, sizeof(none)))
		return 0;
	return text_to_hex(f->sha256, sizeof(f->sha256), out);
}

int manifest_line(const struct manifest *m, const struct manifest_device *d,
		  struct buf *out)
{
	struct buf path = BUF_INIT;
	int r;

	r = (d->id ? csv_put_field(out, true, d->id, strlen(d->id)) :
		     buf_printf(out, "%" PRIu64, d->row)) ||
	    buf_printf(out, ",%" PRIu64, d->row) ||
	    put_file(&d->bin, &path, out) || put_file(&d->csv, &path, out) ||
	    put_file(&d->keys, &path, out);
	if (!r && m->offset_known)
		r = buf_printf(out, ",0x%" PRIx64, m->offset);
	if (!r)
		r = buf_puts(out, "\r\n");
	buf_release(&path);
	return r ? ERR_NOMEM : 0;
}

static int flush(struct manifest *m, size_t from, struct err *err)
{
	if (m->text.len < from)
		return 0;
	if (file_write_all(m->fd, m->text.data, m->text.len))
		return err_io(err, errno, "cannot write", "the manifest");
	m->text.len = 0;
	return 0;
}

/* Keep the lines until their turn comes; the list is in order. */
static int keep(struct manifest *m, uint64_t turn, const struct buf *lines)
{
	struct manifest_waiting *w = mem_array(1, sizeof(*w)), **at;

	if (!w || buf_append(&w->lines, lines->data, lines->len)) {
		mem_free(w);
		return ERR_NOMEM;
	}
	w->turn = turn;
	for (at = &m->waiting; *at && (*at)->turn < turn; at = &(*at)->next)
		;
	w->next = *at;
	*at = w;
	return 0;
}

static int put_in_order(struct manifest *m, uint64_t turn,
			const struct buf *lines)
{
	if (turn != m->next)
		return keep(m, turn, lines);
	if (buf_append(&m->text, lines->data, lines->len))
		return ERR_NOMEM;
	m->next++;
	while (m->waiting && m->waiting->turn == m->next) {
		struct manifest_waiting *w = m->waiting;

		if (buf_append(&m->text, w->lines.data, w->lines.len))
			return ERR_NOMEM;
		m->waiting = w->next;
		buf_release(&w->lines);
		mem_free(w);
		m->next++;
	}
	return 0;
}

int manifest_put(struct manifest *m, uint64_t turn, const struct buf *lines,
		 struct err *err)
{
	int r;

	if (m->fd < 0)
		return 0;
	pthread_mutex_lock(&m->lock);
	r = put_in_order(m, turn, lines) ? err_nomem(err) :
	    flush(m, CHUNK, err);
	pthread_mutex_unlock(&m->lock);
	return r;
}

int manifest_finish(struct manifest *m, struct err *err)
{
	return m->fd < 0 ? 0 : flush(m, 0, err);
}

int manifest_visit(int fd, int (*visit)(void *ctx, const char *path,
					const char *sha256, struct err *err),
		   void *ctx, struct err *err)
{
	static const unsigned order[3] = {
		MANIFEST_CSV, MANIFEST_BIN, MANIFEST_KEYS
	};
	struct csv_row row = CSV_ROW_INIT;
	struct csv_table *t;
	int r;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_io(err, errno, "cannot read", "the manifest");
	t = csv_table_new(fd, "the manifest", CSV_NO_COMMENTS, err);
	if (!t)
		return ERR_NOMEM;
	r = csv_table_next(t, &row, err);
	while (r > 0 && (r = csv_table_next(t, &row, err)) > 0) {
		int failed = 0;

		for (size_t i = 0; i < 3 && !failed &&
		     row.count >= MANIFEST_COLUMNS; i++)
			if (row.cells[order[i]].len)
				failed = visit(ctx, row.cells[order[i]].text,
					       row.cells[order[i] + 1].text,
					       err);
		if (failed)
			r = failed;
	}
	csv_table_free(t);
	csv_row_release(&row);
	return r;
}
