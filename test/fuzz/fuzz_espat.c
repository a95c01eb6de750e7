/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ESP-AT project: its CSV is one that the generator accepts, the list for
 * flashing names only partitions that have offset and size.
 *
 * Parts: sdkconfig, the list of features, module_info.json, the types and
 * values of the parameters, the BLE services, at_customize.csv.
 */
#include "fuzz.h"

#include <string.h>
#include <sys/stat.h>

#include "csv_table.h"
#include "espat.h"
#include "file.h"

#define ROOT "project"
#define PARTS ROOT "/components/customized_partitions"
#define RAW PARTS "/raw_data"
#define COUNT 7u

static const char *const paths[COUNT] = {
	ROOT "/sdkconfig",
	PARTS "/at_customized_config_dependency.txt",
	ROOT "/build/module_info.json",
	RAW "/factory_param/factory_param_type.csv",
	RAW "/factory_param/factory_param_data.csv",
	RAW "/ble_data/gatts_data.csv",
	ROOT "/module_config/module_mini-1/at_customize.csv",
};

/* Certificates that are there, and directories without any. */
static const char *const certificates[] = {
	RAW "/server_ca/a.crt", RAW "/server_ca/b,\"1\".pem",
	RAW "/client_key/one.key", RAW "/wpa_ent_ca/readme.txt",
};

static void make_tree(void)
{
	struct err err = ERR_INIT;
	struct stat st;

	fuzz_enter_scratch();
	if (!stat(ROOT, &st))
		return;
	for (size_t i = 0; i < sizeof(certificates) / sizeof(*certificates);
	     i++) {
		FUZZ_MUST(file_make_parent(certificates[i], &err));
		FUZZ_MUST(file_write(certificates[i], "PEM\n", 4, 0600,
				     FILE_KEEP, &err));
	}
	FUZZ_MUST(file_make_dirs(RAW "/factory_param", &err));
	FUZZ_MUST(file_make_dirs(RAW "/ble_data", &err));
	FUZZ_MUST(file_make_dirs(RAW "/empty", &err));
	FUZZ_MUST(file_make_dirs(ROOT "/module_config/module_mini-1", &err));
}

static void check(const struct err *e, int r)
{
	fuzz_check_err(e, r);
	ENSURE(e->pos.file || r == ERR_IO || r == ERR_NOMEM, "no place: %s",
	       e->msg);
}

static void warned(void *ctx, const struct err *e)
{
	(void)ctx;
	check(e, e->code);
}

/* Four cells in every row: whatever they hold, it is written right. */
static void check_cells(const struct buf *csv)
{
	struct csv_row row = CSV_ROW_INIT;
	struct err err = ERR_INIT;
	struct csv_table *t;
	int r;

	t = csv_table_new_memory(csv->data, csv->len, "made.csv",
				 CSV_HASH_COMMENTS, &err);
	ENSURE(t, "no memory");
	while ((r = csv_table_next(t, &row, &err)) > 0)
		ENSURE(row.count == 4, "%zu cells in line %u", row.count,
		       row.line);
	ENSURE(!r, "the CSV is refused: %s", err.msg);
	csv_row_release(&row);
	csv_table_free(t);
}

/* What was made of the project is the CSV of an image. */
static void check_csv(const struct buf *csv)
{
	struct csv_input in = CSV_INPUT_INIT;
	struct fuzz_reports said;
	struct err_sink sink = fuzz_sink(&said, "made.csv");
	int r;

	check_cells(csv);
	/* Types and encodings are the project's, and may be wrong. */
	r = csv_input_read(&in, "made.csv", csv->data, csv->len, CSV_EXTENDED,
			   &sink);
	ENSURE(!r == !said.count, "%d returned, %u reported", r, said.count);
	if (!r)
		mem_free(fuzz_encode(&in, 0x10000, 2, "made.csv", NULL));
	csv_input_release(&in);
}

static void check_partitions(struct espat *e)
{
	const struct espat_partition *p;
	struct err err = ERR_INIT, size_err = ERR_INIT, list_err = ERR_INIT;
	struct buf list = BUF_INIT;
	uint64_t size;
	int r;

	r = espat_load_partitions(e, NULL, &err);
	if (r) {
		check(&err, r);
		return;
	}
	p = espat_partition(e, "mfg_nvs", &err);
	if (!p) {
		check(&err, err.code);
	} else {
		ENSURE(*p->offset && *p->size && !strcmp(p->name, "mfg_nvs"),
		       "offset and size");
		r = espat_size(p->size, &size, &size_err);
		if (r)
			fuzz_check_err(&size_err, r);
	}
	r = espat_flash_list(e, "out", &list, &list_err);
	if (r)
		check(&list_err, r);
	ENSURE(!r || !list.len, "a list in spite of an error");
	buf_release(&list);
}

static void check_project(bool separator)
{
	struct err err = ERR_INIT;
	struct err_sink warn = { warned, NULL };
	struct espat *e = espat_new(ROOT, &warn, &err);
	struct buf csv = BUF_INIT;
	int r;

	ENSURE(e, "no memory");
	r = espat_load(e, &err);
	if (!r) {
		r = espat_csv(e, &csv, &err);
		ENSURE(!r || !csv.len, "a CSV in spite of an error");
	}
	if (r)
		check(&err, r);
	else
		check_csv(&csv);
	if (separator)
		check_partitions(e);
	espat_free(e);
	buf_release(&csv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size }, part[COUNT];
	static const struct fuzz_in pem = { (const uint8_t *)"PEM\n", 4 };

	make_tree();
	fuzz_files_clear();
	for (size_t i = 0; i < COUNT; i++) {
		part[i] = fuzz_part(&in);
		fuzz_file(paths[i], &part[i]);
	}
	for (size_t i = 0; i < sizeof(certificates) / sizeof(*certificates);
	     i++)
		fuzz_file(certificates[i], &pem);
	/* Features name directories, which have to be those of the tree. */
	if (!part[1].n || !memmem(part[1].p, part[1].n, "..", 2))
		check_project(part[COUNT - 1].n > 0);
	for (size_t i = 0; i < COUNT; i++)
		fuzz_part_free(&part[i]);
	return 0;
}
