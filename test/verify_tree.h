/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_tree.h - what the tests of the verification share: a tree of images
 * as a batch makes it, and what verify_run() tells about it.
 */
#ifndef TEST_VERIFY_TREE_H
#define TEST_VERIFY_TREE_H

#include "unit.h"

#include <stdbool.h>

#include "batch.h"
#include "nvs_keys.h"
#include "verify.h"

/* ---- Files ---- */

static inline void append(const char *path, const char *text)
{
	FILE *f = fopen(path, "ab");

	assert_non_null(f);
	fputs(text, f);
	must(fclose(f));
}

/* A file's contents, in memory of its own, with a NUL behind it. */
static inline char *get_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *p = calloc(1, 1 << 20);

	assert_non_null(f);
	assert_non_null(p);
	*len = fread(p, 1, (1 << 20) - 1, f);
	must(fclose(f));
	return p;
}

/* Replace the first occurrence of a text, which has to be there. */
static inline void edit(const char *path, const char *old, const char *new)
{
	size_t len, out = 0;
	char *text = get_file(path, &len), *at = strstr(text, old);
	char *result = malloc(len + strlen(new) + 1);

	assert_non_null(result);
	if (!at)
		fail_msg("%s does not hold '%s':\n%s", path, old, text);
	memcpy(result, text, out = (size_t)(at - text));
	memcpy(result + out, new, strlen(new));
	out += strlen(new);
	memcpy(result + out, at + strlen(old), len - (size_t)(at - text) -
	       strlen(old));
	put_bytes_in(path, result, len - strlen(old) + strlen(new));
	free(result);
	free(text);
}

static inline void swap(const char *a, const char *b)
{
	must(rename(a, "swapped"));
	must(rename(b, a));
	must(rename("swapped", b));
}

/* ---- A batch ---- */

#define DEVICES 4

/* Every encoding, a blob over two pages, a namespace without keys. */
static const char conf[] =
	"dev,namespace,\n"
	"a_u8,data,u8\n" "a_i8,data,i8\n" "a_u16,data,u16\n"
	"a_i16,data,i16\n" "a_u32,data,u32\n" "a_i32,data,i32\n"
	"a_u64,data,u64\n" "a_i64,data,i64\n"
	"idle,namespace,\n"
	"more,namespace,\n"
	"text,data,string\n" "bin,data,binary\n" "hex,data,hex2bin\n"
	"b64,data,base64\n" "none,data,string\n" "from,file,string\n"
	"curve,file,binary\n"
	"last,namespace,\n"
	"a_u8,data,u8\n";

static inline struct batch_options batch_options(void)
{
	return (struct batch_options){
		.conf = "conf.csv", .values = "values.csv", .prefix = "P",
		.size = 0x4000, .version = 2, .outdir = "out",
	};
}

static inline void show_error(void *ctx, const struct err *e)
{
	char text[ERR_TEXT_MAX];

	(void)ctx;
	print_message("%s\n", err_format(e, "error", text, sizeof(text)));
}

static inline void run_batch(struct batch_options *o)
{
	struct batch_result result;

	o->errors = (struct err_sink){ show_error, NULL };
	o->warnings = (struct err_sink){ show_error, NULL };
	o->jobs = 1;
	must(batch_run(o, &result));
}

static inline void put_inputs(void)
{
	static const char header[] = "a_u8,a_i8,a_u16,a_i16,a_u32,a_i32,"
		"a_u64,a_i64,text,bin,hex,b64,none,from,curve,a_u8\n";
	uint8_t curve[4200];
	char row[300];

	put_text_in("conf.csv", conf);
	put_text_in("values.csv", header);
	for (size_t n = 0; n < sizeof(curve); n++)
		curve[n] = (uint8_t)(n % 251);
	put_bytes_in("curve.bin", curve, sizeof(curve));
	put_text_in("from.txt", "from a file");
	for (int n = 1; n <= DEVICES; n++) {
		snprintf(row, sizeof(row), "%d,-%d,%d,-%d,%d,-%d,%d,-%d,"
			 "\"SN-%04d, \"\"x\"\"\",binary %d,0aff%02x,QUJD,,"
			 "from.txt,curve.bin,%d\n", n, n, 300 + n, 300 + n,
			 70000 + n, 70000 + n, n, n, n, n, n, n);
		append("values.csv", row);
	}
}

/* out/, plain or with the keys of that scheme, and out/m.csv. */
static inline void make_tree(enum batch_keys keys)
{
	struct batch_options o = batch_options();

	empty_scratch();
	put_inputs();
	o.keys = keys;
	o.manifest = "out/m.csv";
	run_batch(&o);
}

static inline void load_key(struct nvs_keys *keys, const char *path)
{
	struct err err = ERR_INIT;

	must(nvs_keys_load(keys, path, &err));
}

/* ---- Verifying ---- */

static struct {
	size_t count;
	char text[32768]; /* "file: text\n" */
} told;

static inline void keep_told(void *ctx, const char *file, const char *text)
{
	size_t n = strlen(told.text);

	(void)ctx;
	told.count++;
	if (strchr(text, '\n') || strchr(file, '\n') || !*text)
		fail_msg("not one line: %s: %s", file, text);
	snprintf(told.text + n, sizeof(told.text) - n, "%s: %s\n", file, text);
}

static inline struct verify_options verify_options(void)
{
	return (struct verify_options){
		.outdir = "out", .jobs = 1, .wrong = keep_told,
	};
}

/* The code of verify_run(); its error is left in err. */
static inline int run_verify(struct verify_options o, uint64_t *images,
		      struct err *err)
{
	struct verify_result result;
	int r;

	*err = (struct err)ERR_INIT;
	told.count = 0;
	told.text[0] = '\0';
	r = verify_run(&o, &result, err);
	assert_int_equal(result.wrong, told.count);
	if (images)
		*images = result.images;
	return r;
}

/* Exactly these lines begin so; NULL ends the list. */
static inline void assert_told(const char *first, ...)
{
	const char *line = told.text, *want = first;
	size_t count = 0;
	va_list ap;

	va_start(ap, first);
	while (want) {
		if (strncmp(line, want, strlen(want)) != 0)
			fail_msg("expected: %s...\ntold:\n%s", want, told.text);
		line = strchr(line, '\n');
		line = line ? line + 1 : "";
		count++;
		want = va_arg(ap, const char *);
	}
	va_end(ap);
	if (*line || told.count != count)
		fail_msg("more than was expected:\n%s", told.text);
}

static inline void assert_mentions(const char *text)
{
	if (!strstr(told.text, text))
		fail_msg("'%s' is not in:\n%s", text, told.text);
}

static inline void verify_tree_with(const char *manifest)
{
	struct verify_options o = verify_options();
	struct err err;

	o.manifest = manifest;
	if (run_verify(o, NULL, &err))
		fail_msg("%s", err.msg);
}

static inline void verify_tree(void)
{
	verify_tree_with(NULL);
}

/* ---- A manifest by hand ---- */

#define HEADER "id,row,bin,bin_sha256,csv,csv_sha256,keys,keys_sha256\r\n"
#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* ---- Many small images ---- */

#define MANY 20

static inline void make_many(void)
{
	struct batch_options b = batch_options();
	char row[8];

	empty_scratch();
	put_text_in("conf.csv", "a,namespace,\nx,data,u8\n");
	put_text_in("values.csv", "x\n");
	for (int n = 1; n <= MANY; n++) {
		snprintf(row, sizeof(row), "%d\n", n);
		append("values.csv", row);
	}
	b.size = 0x1000;
	run_batch(&b);
	/* Against it each image that is looked at is told. */
	put_text_in("m.csv", HEADER);
}

#endif
