/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_differential.c [SEED [COUNT]] - random batches: what the reader finds
 * in the images is what the generator of the batches drew, no more, no less,
 * in its order, and no check finds fault with them. Every 64th is made as
 * files as well.
 *
 * A few hundred batches; CHECK_LONG=1: 100,000. A failure says which seed
 * repeats it alone.
 */
#include "random_case.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "batch.h"
#include "csv_join.h"
#include "file.h"
#include "nvs_check.h"
#include "nvs_crypt.h"
#include "nvs_reader.h"
#include "nvs_writer.h"

#define COUNT 400u
#define COUNT_LONG 100000u
#define FILES_EVERY 64u
#define ID_COLUMN "name of the device"

static uint64_t seed;
static char scratch[64];
static const char *program;
static uint64_t devices, items, bytes, batches, refused;

static void leave_scratch(void)
{
	if (*scratch) {
		char command[96];

		snprintf(command, sizeof(command), "rm -rf %s", scratch);
		if (chdir("/") || system(command))
			perror(scratch);
	}
}

__attribute__((noreturn, format(printf, 1, 2)))
static void failed(const char *fmt, ...)
{
	va_list ap;

	printf("not ok - seed %" PRIu64 ": ", seed);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n# repeat: %s %" PRIu64 "\n1..1\n", program, seed);
	exit(1);
}

static void report(void *ctx, const struct err *e)
{
	struct err *first = ctx;

	if (first->code == ERR_NONE)
		*first = *e;
}

/* ---- What is in an image ---- */

static void check_finding(void *ctx, const struct nvs_finding *f)
{
	char text[NVS_FINDING_TEXT_MAX];

	(void)ctx;
	if (f->check->severity != NVS_NOTE)
		failed("%s", nvs_finding_format(f, "image", text,
						sizeof(text)));
}

static void check_item(const struct random_case *c, unsigned i, unsigned row,
		       const struct nvs_read_item *item)
{
	const struct key *k = &c->key[i];
	const struct want *w = want_of(c, i, row);
	enum nvs_type blob = c->version == 1 ? NVS_BLOB : NVS_BLOB_INDEX;
	enum nvs_type type = hows[k->how].type;

	if (strcmp(item->ns, c->names[k->ns]) != 0 ||
	    strcmp(item->key, k->name) != 0)
		failed("row %u: %s:%s, expected %s:%s", row, item->ns,
		       item->key, c->names[k->ns], k->name);
	if (item->type != (type == NVS_BLOB ? blob : type))
		failed("row %u: %s:%s is of type 0x%x, not 0x%x", row, item->ns,
		       item->key, (unsigned)item->type, (unsigned)type);
	if (k->how < HOW_STRING ? item->value != w->number :
	    item->len != w->bytes.n ||
	    (item->len && memcmp(item->data, w->bytes.p, item->len) != 0))
		failed("row %u: %s:%s has another value", row, item->ns,
		       item->key);
	items++;
	bytes += item->len;
}

static void check_image(const struct random_case *c, unsigned row,
			const uint8_t *image)
{
	struct nvs_finding_sink sink = { check_finding, NULL };
	struct err err = ERR_INIT;
	struct nvs_reader *r = nvs_reader_new(&err);
	const struct nvs_read_item *item;
	const struct nvs_namespace *ns;
	size_t n;

	if (!r || nvs_reader_load(r, image, c->size, &err))
		failed("reader: %s", err.msg);
	nvs_check_all(r, &sink);
	ns = nvs_reader_namespaces(r, &n);
	if (n != c->ns_count)
		failed("row %u: %zu namespaces, expected %u", row, n,
		       c->ns_count);
	for (size_t i = 0; i < n; i++)
		if (strcmp(ns[i].name, c->names[i]) != 0)
			failed("namespace '%s', expected '%s'", ns[i].name,
			       c->names[i]);
	item = nvs_reader_items(r, &n);
	for (unsigned i = 0; i < c->key_count && i < n; i++)
		check_item(c, i, row, &item[i]);
	if (n != c->key_count)
		failed("row %u: %zu items, expected %u", row, n, c->key_count);
	nvs_reader_free(r);
	devices++;
}

static void decrypt(const struct random_case *c, uint8_t *image)
{
	struct err err = ERR_INIT;
	struct nvs_cipher *cipher = nvs_cipher_new(&err);
	struct nvs_keys keys;

	memcpy(keys.eky, c->keys, 32);
	memcpy(keys.tky, c->keys + 32, 32);
	if (!cipher || nvs_cipher_set_keys(cipher, &keys, &err) ||
	    nvs_image_decrypt(cipher, image, c->size, &err))
		failed("decryption: %s", err.msg);
	nvs_cipher_free(cipher);
}

/* Not one entry is to be seen in clear, then it is as it was. */
static void check_encryption(const struct random_case *c, uint8_t *image)
{
	struct err err = ERR_INIT;
	struct nvs_cipher *cipher = nvs_cipher_new(&err);
	uint8_t *plain = malloc(c->size);
	struct nvs_keys keys;

	memcpy(keys.eky, c->keys, 32);
	memcpy(keys.tky, c->keys + 32, 32);
	if (!cipher || !plain || nvs_cipher_set_keys(cipher, &keys, &err))
		failed("cipher: %s", err.msg);
	memcpy(plain, image, c->size);
	if (nvs_image_encrypt(cipher, image, c->size, &err))
		failed("encryption: %s", err.msg);
	for (size_t page = 0; page < c->size; page += NVS_PAGE_SIZE)
		for (unsigned n = 0; n < NVS_PAGE_ENTRIES; n++)
			if (!memcmp(nvs_entry_at(plain + page, n),
				    nvs_entry_at(image + page, n), 32) !=
			    (nvs_entry_state(plain + page, n) !=
			     NVS_ENTRY_WRITTEN))
				failed("entry %u at 0x%zx is in clear, or "
				       "changed without need", n, page);
	nvs_cipher_free(cipher);
	free(plain);
	decrypt(c, image);
}

/* ---- In memory ---- */

struct maker {
	struct csv_join join;
	struct csv_decoder decoder;
	struct nvs_writer writer;
	uint8_t *image;
};

static void make_device(const struct random_case *c, struct maker *m,
			const struct csv_row *row, unsigned n)
{
	struct err first = ERR_INIT, err = ERR_INIT;
	struct err_sink sink = { report, &first };

	if (csv_join_check_count(&m->join, row, &err) ||
	    csv_join_set_first(&m->join, row, &err))
		failed("row %u: %s", n, err.msg);
	if (strcmp(csv_join_id(&m->join, row)->text, c->id[n]) != 0)
		failed("row %u: another id", n);
	if (!csv_join_encode(&m->join, row, &m->decoder, &m->writer, m->image,
			     &sink) &&
	    !nvs_writer_finish(&m->writer, NULL, &first)) {
		if (c->encrypted)
			check_encryption(c, m->image);
		check_image(c, n, m->image);
		return;
	}
	refused++;
	if (first.code != ERR_FULL || c->must_fit)
		failed("row %u is refused: %s", n, first.msg);
}

static void make_devices(const struct random_case *c, struct maker *m,
			 const struct csv_schema *schema)
{
	struct err first = ERR_INIT;
	struct err_sink sink = { report, &first };
	struct csv_row row = CSV_ROW_INIT;
	struct csv_table *t;
	unsigned n = 0;
	int r;

	t = csv_table_new_memory(c->values.p, c->values.n, "values.csv",
				 CSV_NO_COMMENTS, &first);
	if (!t || csv_table_next(t, &row, &first) <= 0 ||
	    csv_join_init(&m->join, schema, "values.csv", &row, ID_COLUMN,
			  &sink))
		failed("the header is refused: %s", first.msg);
	csv_join_expect(&m->join, &m->decoder);
	while ((r = csv_table_next(t, &row, &first)) > 0 && n < c->rows)
		make_device(c, m, &row, n++);
	if (r || n != c->rows)
		failed("%u rows of %u: %s", n, c->rows, first.msg);
	csv_row_release(&row);
	csv_table_free(t);
	csv_join_release(&m->join);
}

static void check_in_memory(const struct random_case *c)
{
	struct err first = ERR_INIT;
	struct err_sink sink = { report, &first };
	struct csv_schema schema = CSV_SCHEMA_INIT;
	struct csv_files *files = csv_decoder_files(&first);
	struct maker m = { .image = malloc(c->size) };

	if (csv_schema_read_as(&schema, "conf.csv", c->conf.p, c->conf.n,
			       CSV_EXTENDED, &sink))
		failed("conf.csv:%u: %s", first.pos.line, first.msg);
	if (!files || !m.image ||
	    nvs_writer_init(&m.writer, c->size, c->version, &first))
		failed("%s", first.msg);
	csv_decoder_init(&m.decoder, files);
	make_devices(c, &m, &schema);
	csv_decoder_release(&m.decoder);
	nvs_writer_release(&m.writer);
	csv_files_free(files);
	csv_schema_release(&schema);
	free(m.image);
}

/* ---- As files ---- */

static int values_fd(const struct random_case *c)
{
	int fd = memfd_create("values", MFD_CLOEXEC);

	if (fd < 0 || file_write_all(fd, c->values.p, c->values.n) ||
	    lseek(fd, 0, SEEK_SET))
		failed("cannot prepare the values");
	return fd;
}

static void check_file(const struct random_case *c, unsigned row)
{
	struct buf image = BUF_INIT;
	struct err err = ERR_INIT;
	char path[64];

	snprintf(path, sizeof(path), "out/bin/p-%s.bin", c->id[row]);
	if (file_read(path, c->size, &image, &err))
		failed("%s", err.msg);
	if (image.len != c->size)
		failed("%s has %zu bytes, not %zu", path, image.len, c->size);
	if (c->encrypted)
		decrypt(c, image.data);
	check_image(c, row, image.data);
	buf_release(&image);
}

static void check_files(const struct random_case *c)
{
	struct err first = ERR_INIT, warning = ERR_INIT;
	struct batch_tables tables = { .conf = c->conf.p, .conf_len = c->conf.n,
				       .values_fd = values_fd(c) };
	struct batch_result result;
	struct nvs_keys keys;
	struct batch_options o = {
		.conf = "conf.csv", .tables = &tables, .prefix = "p",
		.size = c->size, .version = c->version, .outdir = "out",
		.fileid = ID_COLUMN, .jobs = 2,
		.keys = c->encrypted ? BATCH_GIVEN : BATCH_PLAIN,
		.given = &keys,
		.errors = { report, &first }, .warnings = { report, &warning },
	};

	memcpy(keys.eky, c->keys, 32);
	memcpy(keys.tky, c->keys + 32, 32);
	if (batch_run(&o, &result)) {
		if (first.code != ERR_FULL || c->must_fit)
			failed("the batch is refused: %s", first.msg);
	} else {
		for (unsigned r = 0; r < c->rows; r++)
			check_file(c, r);
		batches++;
	}
	close(tables.values_fd);
	if (system("rm -rf out"))
		failed("cannot remove the batch");
}

/* ---- All of them ---- */

static void write_files(const struct random_case *c)
{
	for (unsigned i = 0; i < c->file_count; i++) {
		const struct case_file *f = &c->file[i];
		struct err err = ERR_INIT;

		if (file_write(f->name, f->bytes.p, f->bytes.n,
			       FILE_MODE_PUBLIC, FILE_REPLACE, &err))
			failed("%s", err.msg);
	}
}

static void check_case(bool as_files)
{
	struct random_case c;

	case_draw(&c, seed);
	write_files(&c);
	check_in_memory(&c);
	if (as_files)
		check_files(&c);
	for (unsigned i = 0; i < c.file_count; i++)
		unlink(c.file[i].name);
	case_free(&c);
}

int main(int argc, char **argv)
{
	const char *is_long = getenv("CHECK_LONG");
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 0) :
			 argc > 1 ? 1 : is_long && *is_long ? COUNT_LONG :
								COUNT;

	program = argv[0];
	snprintf(scratch, sizeof(scratch), "%s/nvsgen-unit-XXXXXX",
		 access("/dev/shm", W_OK | X_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(scratch) || chdir(scratch)) {
		perror(scratch);
		return 1;
	}
	atexit(leave_scratch);
	for (uint64_t n = 0; n < count; n++) {
		seed = first + n;
		check_case(argc == 2 || seed % FILES_EVERY == 0);
	}
	printf("ok - %" PRIu64 " random batches: %" PRIu64 " images, %" PRIu64
	       " items, %" PRIu64 " bytes of data; %" PRIu64 " made as files; "
	       "%" PRIu64 " devices too large\n1..1\n", count, devices, items,
	       bytes, batches, refused);
	return 0;
}
