/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole batch: what the check accepts is made, and verified with nothing
 * wrong; what it refuses leaves nothing behind.
 *
 * Option bits: 1 version 1, 2 counters, 4 names from the column "id", 8 two
 * threads, 16 from tables in memory, 32 as shard 2 of 3; a byte for the keys
 * (see set_keys()); a byte with the number of pages; configuration, values,
 * and the files "a" and "b" that cells may name.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "batch.h"
#include "file.h"
#include "verify.h"

#define OUT "out"
#define MANIFEST "out/manifest.csv"

struct world {
	struct batch_options o;
	struct batch_tables tables;
	struct nvs_keys given;
	uint8_t hmac_key[NVS_HMAC_KEY_SIZE];
	struct fuzz_reports errors, warnings;
	unsigned files, devices;
};

static void count_file(void *ctx, const char *kind, const char *path,
		       const char *sha256)
{
	struct world *w = ctx;

	ENSURE(!strncmp(path, OUT "/", 4) && !strstr(path, "/../"),
	       "a file outside: %s", path);
	ENSURE(file_exists(path), "not there: %s", path);
	ENSURE(strlen(sha256) == 64, "no sum of %s", path);
	w->devices += !strcmp(kind, "bin");
	w->files++;
}

static void set_keys(struct world *w, unsigned kind)
{
	static const enum batch_keys kinds[] = {
		BATCH_PLAIN, BATCH_PLAIN, BATCH_GIVEN, BATCH_DRAWN,
		BATCH_DERIVED, BATCH_HMAC_DRAWN
	};

	memset(w->given.eky, 0x11, sizeof(w->given.eky));
	memset(w->given.tky, 0x22, sizeof(w->given.tky));
	memset(w->hmac_key, 0x33, sizeof(w->hmac_key));
	w->o.keys = kinds[kind % 6];
	w->o.given = w->o.keys == BATCH_GIVEN ? &w->given : NULL;
	w->o.hmac_key = w->o.keys == BATCH_DERIVED ? w->hmac_key : NULL;
}

static void set_options(struct world *w, struct fuzz_in *in)
{
	unsigned options = fuzz_byte(in), keys = fuzz_byte(in);
	unsigned pages = fuzz_byte(in);

	w->o = (struct batch_options){
		.conf = "conf.csv",
		.values = "values.csv",
		.prefix = "p",
		.size = (pages % 6 + 1u) * NVS_PAGE_SIZE,
		.version = options & 1 ? 1 : 2,
		.numbered = options & 2,
		.first_number = 8,
		.width = 2,
		.fileid = options & 4 ? "id" : NULL,
		.outdir = OUT,
		.shard = options & 32 ? 2 : 0,
		.shards = options & 32 ? 3 : 0,
		.manifest = MANIFEST,
		.sums = true,
		.jobs = options & 8 ? 2 : 1,
		.created = count_file,
		.ctx = w,
	};
	set_keys(w, keys);
	if (options & 16) {
		w->o.tables = &w->tables;
		w->o.values = NULL;
	}
}

/* Both tables, as files and for batch_options.tables. */
static void set_tables(struct world *w, const struct fuzz_in *conf,
		       const struct fuzz_in *values)
{
	struct err err = ERR_INIT;

	FUZZ_MUST(file_write("values.csv", values->p, values->n,
			     FILE_MODE_PUBLIC, FILE_REPLACE, &err));
	fuzz_file("conf.csv", conf);
	w->tables.conf = conf->n ? (const void *)conf->p : "";
	w->tables.conf_len = conf->n;
	w->tables.values_fd = fuzz_fd(values->p, values->n);
}

static int run(struct world *w, bool check_only, struct batch_result *result)
{
	int r;

	w->o.check_only = check_only;
	w->o.errors = fuzz_sink(&w->errors, NULL);
	w->o.warnings = fuzz_sink(&w->warnings, NULL);
	FUZZ_MUST(lseek(w->tables.values_fd, 0, SEEK_SET));
	memset(result, 0, sizeof(*result));
	r = batch_run(&w->o, result);
	ENSURE(r <= 0, "batch_run() returns %d", r);
	ENSURE(!r == !w->errors.count, "%d returned, %u reported", r,
	       w->errors.count);
	return r;
}

static void wrong(void *ctx, const char *file, const char *text)
{
	(void)ctx;
	ENSURE(false, "verify: %s: %s", file, text);
}

static void check_tree(const struct world *w, uint64_t devices)
{
	struct verify_options v = {
		.outdir = OUT,
		.given = w->o.keys == BATCH_GIVEN ? &w->given : NULL,
		.manifest = MANIFEST,
		.jobs = 1,
		.wrong = wrong,
	};
	struct verify_result result = { 0, 0 };
	struct err err = ERR_INIT;

	ENSURE(w->devices == devices, "%u images of %llu", w->devices,
	       (unsigned long long)devices);
	if (!devices)
		return;
	ENSURE(!verify_run(&v, &result, &err), "verify: %s", err.msg);
	ENSURE(result.images == devices && !result.wrong,
	       "%llu images verified", (unsigned long long)result.images);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	struct fuzz_in conf, values, a, b;
	struct batch_result checked, made;
	struct world w = { .files = 0 };

	fuzz_enter_scratch();
	fuzz_files_clear();
	fuzz_files_below(OUT);
	set_options(&w, &in);
	conf = fuzz_part(&in);
	values = fuzz_part(&in);
	a = fuzz_part(&in);
	b = fuzz_part(&in);
	fuzz_file("a", &a);
	fuzz_file("b", &b);
	set_tables(&w, &conf, &values);
	if (run(&w, true, &checked)) {
		ENSURE(!file_exists(OUT), "the check wrote something");
		ENSURE(run(&w, false, &made), "made what the check refused");
		ENSURE(!file_exists(OUT), "a failure left something");
	} else {
		ENSURE(!file_exists(OUT), "the check wrote something");
		ENSURE(!run(&w, false, &made), "refused what was checked");
		ENSURE(checked.devices == made.devices &&
		       checked.rows == made.rows, "other numbers");
		check_tree(&w, made.devices);
	}
	fuzz_empty_scratch();
	fuzz_part_free(&conf);
	fuzz_part_free(&values);
	fuzz_part_free(&a);
	fuzz_part_free(&b);
	return 0;
}
