/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_fault.c - an allocator that fails on the n-th call, for every n until
 * all goes well: once only, or from then on. Each failure has to be reported
 * as one, leave nothing allocated (the sanitizers see to that) and no half of
 * a file. A failure that happens once may be got over (libcsv asks again for
 * less); then the result has to be right.
 */
#include "unit.h"

#include <ftw.h>
#include <stdbool.h>

#include "allocations.h"
#include "batch.h"
#include "csv_input.h"
#include "csv_schema.h"
#include "file.h"
#include "nvs_format.h"

/* ---- The failures ---- */

static bool for_good;

/*
 * Whether a run that met the failure failed. Then it says so: by its first
 * report and the code that came back.
 */
static bool no_memory(int r, const struct reports *reports, unsigned long n)
{
	if (!r && !for_good)
		return false;
	if (r != ERR_NOMEM || reports->first != ERR_NOMEM || !reports->count)
		fail_msg("allocation %lu: code %d, reports: %s", n, r,
			 reports->text);
	if (!strstr(reports->text, "out of memory") &&
	    !strstr(reports->text, "Cannot allocate memory"))
		fail_msg("allocation %lu: %s", n, reports->text);
	return true;
}

/* Files that are open now, and the directory in which they are listed. */
static unsigned open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned count = 0;
	const char *name;

	assert_non_null(d);
	while (file_next_entry(d, &name) > 0)
		count++;
	closedir(d);
	return count;
}

/*
 * Runs try(n) for every n until it meets no failure, both ways; how many
 * calls there were. None leaves a file open.
 */
static unsigned long for_every_call(bool (*try)(unsigned long n))
{
	unsigned before = open_files();
	unsigned long n = 0;

	for (unsigned way = 0; way < 2; way++) {
		for_good = way;
		n = 1;
		while (!try(n)) {
			assert_true(n < 5000);
			assert_int_equal(open_files(), before);
			n++;
		}
	}
	return n - 1;
}

/* ---- Configurations and inputs ---- */

static const char conf[] =
	"cfg,namespace,\nname,data,string,REPEAT\nca,file,binary\n"
	"count,data,u32\nkey,data,hex2bin\ncert,data,base64\n"
	"nvs.net80211,namespace,\nap.ssid,data,string\n"
	"ap.passwd,data,string\nap.authmode,data,u8\n"
	"net,namespace,\nname,data,string\n";

static bool try_schema(unsigned long n)
{
	struct reports reports;
	struct err_sink sink = reports_sink(&reports);
	struct csv_schema s;
	bool failed;
	int r;

	fail_allocation(n, for_good);
	r = csv_schema_read(&s, "conf.csv", conf, strlen(conf), &sink);
	failed = allocation_failed();
	if (failed && no_memory(r, &reports, n))
		return false;
	assert_int_equal(r, 0);
	assert_int_equal(reports.count, 0);
	assert_int_equal(s.keys, 9);
	csv_schema_release(&s);
	return !failed;
}

static void test_schema(void **state)
{
	(void)state;
	assert_true(for_every_call(try_schema) > 30);
}

static const char input[] = "key,type,encoding,value\ncfg,namespace,,\n"
	"name,data,string,\"caf\xC3\xA9, \"\"x\"\"\"\nca,file,binary,ca.pem\n"
	"cert,file,base64,cert.b64\nid,data,hex2bin,00ff\n"
	"key,data,base64,AP8=\n"
	"nvs.net80211,namespace,,\nap.ssid,data,blob_sz_fill(32;0x00),net\n"
	"ap.passwd,data,string,secret12\nap.authmode,data,u8,0\n";

static uint8_t image[0x4000], expected[0x4000];

static int make_input(struct err_sink *sink, uint8_t *out)
{
	struct csv_input in = CSV_INPUT_INIT;
	struct csv_files *files = NULL;
	struct csv_decoder d;
	struct nvs_writer w;
	struct err err = ERR_INIT;
	int r;

	r = nvs_writer_init(&w, sizeof(image), 2, &err);
	if (!r && !(files = csv_decoder_files(&err))) {
		nvs_writer_release(&w);
		r = err.code;
	}
	if (r) {
		sink->report(sink->ctx, &err);
		return r;
	}
	csv_decoder_init(&d, files);
	r = csv_input_read(&in, "i.csv", input, strlen(input), CSV_EXTENDED,
			   sink);
	if (!r)
		r = csv_input_encode(&in, &d, &w, out, NULL, sink);
	csv_input_release(&in);
	csv_decoder_release(&d);
	csv_files_free(files);
	nvs_writer_release(&w);
	return r;
}

static bool try_input(unsigned long n)
{
	struct reports reports;
	struct err_sink sink = reports_sink(&reports);
	bool failed;
	int r;

	fail_allocation(n, for_good);
	r = make_input(&sink, image);
	failed = allocation_failed();
	if (failed && no_memory(r, &reports, n))
		return false;
	if (r)
		fail_msg("%s", reports.text);
	assert_memory_equal(image, expected, sizeof(image));
	return !failed;
}

static void test_input(void **state)
{
	struct reports reports;
	struct err_sink sink = reports_sink(&reports);

	(void)state;
	put_text_in("ca.pem", "a certificate");
	put_text_in("cert.b64", "AAECAwQF\n");
	if (make_input(&sink, expected))
		fail_msg("%s", reports.text);
	assert_true(for_every_call(try_input) > 50);
}

/* ---- A whole batch ---- */

/* That the devices share an HMAC key is not what is tested here. */
static void ignore(void *ctx, const struct err *e)
{
	(void)ctx;
	(void)e;
}

static struct batch_options options(struct err_sink *sink)
{
	static uint8_t hmac_key[NVS_HMAC_KEY_SIZE];

	memset(hmac_key, 7, sizeof(hmac_key));
	return (struct batch_options){
		.conf = "conf.csv", .values = "values.csv", .prefix = "dev",
		.size = 0x4000, .version = 2, .fileid = "id", .outdir = "out",
		.keys = BATCH_DERIVED, .hmac_key = hmac_key, .jobs = 1,
		.errors = *sink, .warnings = { ignore, NULL },
	};
}

static void put_batch_inputs(void)
{
	empty_scratch();
	put_text_in("conf.csv", conf);
	put_text_in("ca.pem", "a certificate");
	put_text_in("values.csv",
		    "id,name,ca,count,key,cert,ap.ssid,ap.passwd,ap.authmode,"
		    "name\n"
		    "SN1,\"all, of them\",ca.pem,1,00ff,AP8=,net,secret12,0,a\n"
		    "SN2,,ca.pem,2,0102,AAEC,net,secret12,0,b\n"
		    "SN3,,ca.pem,3,0304,AwQF,net,secret12,0,c\n");
}

/* Whether nftw() is in the partial directory, which is nobody's business */
static bool is_partial(const char *path)
{
	return strstr(path, "/.mfg_gen-") != NULL;
}

static int files_seen;
static uint64_t bytes_seen;

static int see_file(const char *path, const struct stat *st, int type,
		    struct FTW *where)
{
	static uint8_t bytes[32768];

	(void)st;
	(void)where;
	if (type != FTW_F || is_partial(path))
		return 0;
	files_seen++;
	/* A number that names and contents add to, whatever their order */
	bytes_seen += (uint64_t)nvs_crc32(path, strlen(path)) *
		      nvs_crc32(bytes, get_bytes_of(path, bytes,
						    sizeof(bytes)));
	return 0;
}

/* Files below out but those of the partial directory */
static int published(void)
{
	files_seen = 0;
	bytes_seen = 0;
	nftw("out", see_file, 8, FTW_PHYS);
	return files_seen;
}

/* The same with the files beside it, as one number */
static uint64_t fingerprint(void)
{
	published();
	nftw("values_created.csv", see_file, 8, FTW_PHYS);
	nftw("m.csv", see_file, 8, FTW_PHYS);
	return bytes_seen;
}

static int remove_it(const char *path, const struct stat *st, int type,
		     struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static void remove_outputs(void)
{
	nftw("out", remove_it, 8, FTW_PHYS | FTW_DEPTH);
	unlink("values_created.csv");
	unlink("m.csv");
	assert_false(is_there("out"));
}

static unsigned before_publishing, after_publishing;

static bool try_batch(unsigned long n)
{
	struct reports reports;
	struct err_sink sink = reports_sink(&reports);
	struct batch_options o = options(&sink);
	struct batch_result result;
	bool failed;
	int r;

	remove_outputs();
	fail_allocation(n, for_good);
	r = batch_run(&o, &result);
	failed = allocation_failed();
	if (!failed || !no_memory(r, &reports, n)) {
		if (r)
			fail_msg("%s", reports.text);
		assert_int_equal(published(), 9);
		assert_string_equal(result.partial, "");
		return !failed;
	}
	/* What is left is known by its name, and under no other there is. */
	if (!is_there("out")) {
		assert_string_equal(result.partial, "");
		before_publishing++;
	} else if (!is_there("out/bin")) {
		assert_true(!result.partial[0] || is_there(result.partial));
		assert_int_equal(published(), 0);
		before_publishing++;
	} else {
		/* Only the expanded table was still to come. */
		assert_int_equal(published(), 9);
		assert_true(is_there(result.partial));
		after_publishing++;
	}
	assert_false(is_there("values_created.csv"));
	return false;
}

static void test_batch(void **state)
{
	(void)state;
	put_batch_inputs();
	before_publishing = after_publishing = 0;
	assert_true(for_every_call(try_batch) > 100);
	assert_true(before_publishing > 200);
	assert_in_range(after_publishing, 1, 20);
}

static void note_created(void *ctx, const char *kind, const char *path,
			 const char *sha256)
{
	(void)kind;
	(void)path;
	(void)sha256;
	++*(unsigned *)ctx;
}

static unsigned created;
static uint64_t undisturbed;

static struct batch_options options_with_records(struct err_sink *sink)
{
	struct batch_options o = options(sink);

	o.manifest = "m.csv";
	o.sums = true;
	o.created = note_created;
	o.ctx = &created;
	return o;
}

/* Whenever it fails, a resumed run makes what an undisturbed one makes. */
static bool try_resume(unsigned long n)
{
	struct reports reports;
	struct err_sink sink = reports_sink(&reports);
	struct batch_options o = options_with_records(&sink);
	struct batch_result result;
	bool failed;
	int r;

	remove_outputs();
	fail_allocation(n, for_good);
	r = batch_run(&o, &result);
	failed = allocation_failed();
	if (failed)
		no_memory(r, &reports, n);
	else if (r)
		fail_msg("%s", reports.text);
	if (result.partial[0]) {
		sink = reports_sink(&reports);
		o.start = BATCH_RESUME;
		if (batch_run(&o, &result))
			fail_msg("allocation %lu: %s", n, reports.text);
		if (fingerprint() != undisturbed)
			fail_msg("allocation %lu: another tree", n);
	}
	return !failed;
}

static void test_resume(void **state)
{
	struct reports reports;
	struct err_sink sink = reports_sink(&reports);
	struct batch_options o = options_with_records(&sink);
	struct batch_result result;

	(void)state;
	put_batch_inputs();
	created = 0;
	if (batch_run(&o, &result))
		fail_msg("%s", reports.text);
	assert_int_equal(created, 9);
	undisturbed = fingerprint();
	assert_int_equal(files_seen, 12);
	assert_true(for_every_call(try_resume) > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schema),
		cmocka_unit_test(test_input),
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_resume),
	};

	return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
