/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration and a table of values: the images of its devices are sound,
 * take what was measured, and come out the same from the intermediate CSV and
 * from the expanded table.
 *
 * Option bits: 1 version 1, 2 the encodings for Wi-Fi settings, 4 a column
 * "id"; a byte with the number of pages; configuration, values, and the files
 * "a" and "b" that cells may name.
 */
#include "fuzz.h"

#include <string.h>

#include "csv_join.h"
#include "nvs_writer.h"

#define CONF "conf.csv"
#define VALUES "values.csv"
#define ROWS_MAX 20u

struct world {
	struct csv_schema schema;
	struct csv_join join;
	struct csv_files *files;
	struct csv_decoder decoder;
	struct nvs_writer writer;
	size_t size;
	unsigned version;
	uint8_t *image;
	struct buf expanded, images;
};

/* Places are in the table of the values, or for names in the configuration. */
static void report(void *ctx, const struct err *e)
{
	unsigned *count = ctx;

	fuzz_check_err(e, e->code);
	ENSURE(e->pos.file || e->code == ERR_FULL, "no file: %s", e->msg);
	if (e->pos.file && strcmp(e->pos.file, CONF) != 0)
		fuzz_check_place(e, VALUES, true);
	else if (e->pos.file)
		fuzz_check_place(e, CONF, true);
	++*count;
}

static int encode(struct world *w, const struct csv_row *row, uint8_t *image,
		  struct nvs_usage *usage)
{
	struct err err = ERR_INIT;
	unsigned count = 0;
	struct err_sink sink = { report, &count };
	int r;

	r = csv_join_encode(&w->join, row, &w->decoder, &w->writer, image,
			    &sink);
	ENSURE(!r == !count, "%d returned, %u reported", r, count);
	if (nvs_writer_finish(&w->writer, usage, &err)) {
		fuzz_check_err(&err, err.code);
		r = r ? r : (int)err.code;
	}
	return r;
}

/* The intermediate CSV of a device makes the same image. */
static void check_single(const struct world *w, const struct csv_row *row)
{
	struct buf csv = BUF_INIT;
	uint8_t *image;

	FUZZ_MUST(csv_join_put(&w->join, row, &csv));
	image = fuzz_encode_text(csv.data, csv.len, w->size, w->version,
				 NULL);
	ENSURE(image, "the intermediate CSV is refused");
	ENSURE(!memcmp(image, w->image, w->size),
	       "another image from the intermediate CSV");
	mem_free(image);
	buf_release(&csv);
}

static void check_row(struct world *w, const struct csv_row *row)
{
	struct nvs_usage need = { 0, 0, 0, 0 }, used = { 0, 0, 0, 0 };
	struct err err = ERR_INIT;
	struct nvs_reader *reader;
	const char *key = NULL;
	int m, r;

	r = csv_join_check_count(&w->join, row, &err);
	if (r) {
		fuzz_check_err(&err, r);
		fuzz_check_place(&err, VALUES, true);
		return;
	}
	FUZZ_MUST(csv_join_set_first(&w->join, row, &err));
	if (csv_join_overridden(&w->join, row, &key))
		ENSURE(key && *key, "which key is overridden");
	m = encode(w, row, NULL, &need);
	r = encode(w, row, w->image, &used);
	ENSURE(!m == !r, "measuring says %d, writing %d", m, r);
	FUZZ_MUST(csv_join_put_expanded(&w->join, row, &w->expanded));
	FUZZ_MUST(buf_append(&w->images, w->image, r ? 1 : w->size));
	if (r)
		return;
	ENSURE(need.entries == used.entries && need.pages == used.pages,
	       "measured %zu entries, used %zu", need.entries, used.entries);
	reader = fuzz_read(w->image, w->size);
	fuzz_ensure_clean(reader);
	nvs_reader_free(reader);
	check_single(w, row);
}

static int start_join(struct world *w, const struct csv_row *header,
		      const char *id_name)
{
	unsigned count = 0;
	struct err_sink sink = { report, &count };
	int r;

	r = csv_join_init(&w->join, &w->schema, VALUES, header, id_name, &sink);
	ENSURE(!r == !count, "%d returned, %u reported", r, count);
	return r;
}

/* Rows of a table; false when its header is not right. */
static bool check_table(struct world *w, const struct fuzz_in *values,
			const char *id_name, bool refused)
{
	struct err err = ERR_INIT;
	struct csv_row row = CSV_ROW_INIT;
	struct csv_table *t;
	bool good;
	int r;

	t = csv_table_new_memory(values->p, values->n, VALUES, CSV_NO_COMMENTS,
				 &err);
	ENSURE(t, "no memory");
	r = csv_table_next(t, &row, &err);
	good = r > 0 && !start_join(w, &row, id_name);
	for (size_t i = 0; good && i < row.count; i++)
		FUZZ_MUST(csv_put_field(&w->expanded, !i, row.cells[i].text,
					row.cells[i].len));
	if (good) {
		FUZZ_MUST(buf_puts(&w->expanded, "\r\n"));
		csv_join_expect(&w->join, &w->decoder);
		for (unsigned n = 0; n < ROWS_MAX &&
		     (r = csv_table_next(t, &row, &err)) > 0; n++)
			check_row(w, &row);
		csv_join_release(&w->join);
	}
	ENSURE(r >= 0 || !refused, "the expanded table is refused: %s",
	       err.msg);
	csv_row_release(&row);
	csv_table_free(t);
	return good;
}

/* The table with the repeated values filled in makes the same images. */
static void check_expanded(struct world *w, const char *id_name)
{
	struct fuzz_in table = { w->expanded.data, w->expanded.len };
	struct buf expanded = w->expanded, images = w->images;

	w->expanded = w->images = (struct buf)BUF_INIT;
	ENSURE(check_table(w, &table, id_name, true),
	       "the header of the expanded table is refused");
	ENSURE(w->images.len == images.len &&
	       (!images.len || !memcmp(w->images.data, images.data,
				       images.len)),
	       "other images from the expanded table");
	ENSURE(w->expanded.len == expanded.len &&
	       !memcmp(w->expanded.data, expanded.data, expanded.len),
	       "the expanded table expands to another one");
	buf_release(&expanded);
	buf_release(&images);
}

static void check_values(struct world *w, const struct fuzz_in *values,
			 const char *id_name)
{
	struct err err = ERR_INIT;

	w->files = csv_decoder_files(&err);
	w->image = mem_alloc(w->size);
	ENSURE(w->files && w->image, "no memory");
	csv_decoder_init(&w->decoder, w->files);
	FUZZ_MUST(nvs_writer_init(&w->writer, w->size, w->version, &err));
	/* A mark in front of the table would be another one's. */
	if (check_table(w, values, id_name, false) &&
	    memcmp(w->expanded.data, "\xEF\xBB\xBF", 3) != 0 &&
	    memcmp(w->expanded.data, "PK\3\4", 4) != 0)
		check_expanded(w, id_name);
	nvs_writer_release(&w->writer);
	csv_decoder_release(&w->decoder);
	csv_files_free(w->files);
	mem_free(w->image);
	buf_release(&w->expanded);
	buf_release(&w->images);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	uint8_t options = fuzz_byte(&in), pages = fuzz_byte(&in);
	struct fuzz_in conf = fuzz_part(&in), values = fuzz_part(&in);
	struct fuzz_in a = fuzz_part(&in), b = fuzz_part(&in);
	struct world w = {
		.schema = CSV_SCHEMA_INIT,
		.size = (pages % 8 + 1u) * NVS_PAGE_SIZE,
		.version = options & 1 ? 1 : 2,
	};
	struct fuzz_reports said;
	struct err_sink sink = fuzz_sink(&said, CONF);
	int r;

	fuzz_files_clear();
	fuzz_file("a", &a);
	fuzz_file("b", &b);
	r = csv_schema_read_as(&w.schema, CONF, conf.p, conf.n,
			       options & 2 ? CSV_EXTENDED : CSV_PLAIN, &sink);
	ENSURE(!r == !said.count, "%d returned, %u reported", r, said.count);
	if (!r) {
		check_values(&w, &values, options & 4 ? "id" : NULL);
		csv_schema_release(&w.schema);
	}
	fuzz_part_free(&conf);
	fuzz_part_free(&values);
	fuzz_part_free(&a);
	fuzz_part_free(&b);
	return 0;
}
