/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_setup_batch.c - batches of setup data whose allocations fail, one
 * after the other: each failure is reported as one, no code is lost, and a
 * resumed run completes what was begun. And plans: drawn, kept, read again.
 */
#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>

#include "allocations.h"
#include "file.h"
#include "plan.h"
#include "setup_batch.h"

#define PLAN "out/.factory_nvs_gen-P.plan"
#define CODES "out/setup-P.csv"

/* ---- Plans ---- */

/* Bytes that a test knows: a counter, so that nothing repeats too soon. */
static int count_up(void *ctx, uint8_t *p, size_t n, struct err *err)
{
	uint32_t *state = ctx;

	(void)err;
	for (size_t i = 0; i < n; i++) {
		*state = *state * 1664525u + 1013904223u;
		p[i] = (uint8_t)(*state >> 24);
	}
	return 0;
}

static int open_text(const char *text)
{
	int fd = open("plan.csv", O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	must(file_write_all(fd, text, strlen(text)));
	must(lseek(fd, 0, SEEK_SET));
	return fd;
}

static int read_text(struct plan *p, const char *text, const char *names,
		     struct reports *reports)
{
	struct err_sink sink = reports_sink(reports);
	struct name_rule rule = { .prefix = "P" };
	int fd = open_text(text);
	int r = plan_read(p, fd, "plan.csv", names, &rule, &sink);

	close(fd);
	return r;
}

static void test_plan_round_trip(void **state)
{
	struct plan drawn = PLAN_INIT, again = PLAN_INIT;
	struct random_source random = { count_up, &(uint32_t){ 1 } };
	struct err err = ERR_INIT;
	struct reports reports;
	struct buf text = BUF_INIT;

	(void)state;
	must(plan_draw(&drawn, 3000, &random, &err));
	assert_int_equal(drawn.count, 3000);
	must(plan_put(&drawn, &text));
	assert_non_null(buf_str(&text));
	/* Reading refuses what is there twice. */
	must(read_text(&again, (char *)text.data, NULL, &reports));
	assert_int_equal(again.count, 3000);
	for (size_t i = 0; i < 3000; i++) {
		assert_string_equal(again.lines[i].code, drawn.lines[i].code);
		assert_string_equal(again.lines[i].id, drawn.lines[i].id);
		assert_memory_equal(again.lines[i].salt, drawn.lines[i].salt,
				    SRP_SALT_SIZE);
	}
	assert_true(plan_adopt(&again, &drawn));
	again.lines[2999].salt[15] ^= 1;
	assert_false(plan_adopt(&again, &drawn));
	plan_release(&drawn);
	plan_release(&again);
	buf_release(&text);
}

static void test_plan_names(void **state)
{
	struct plan p = PLAN_INIT, q = PLAN_INIT;
	struct err err = ERR_INIT;
	struct reports reports;
	struct buf text = BUF_INIT;
	struct random_source random = { count_up, &(uint32_t){ 1 } };

	(void)state;
	must(read_text(&p, "setup_id,x,sn,setup_code\n"
		       "ES32,,\"a,\"\"b\",11122333\n", "sn", &reports));
	assert_string_equal(p.lines[0].name, "a,\"b");
	assert_false(p.lines[0].has_salt);
	must(plan_draw_salts(&p, &random, &err));
	must(plan_put(&p, &text));
	assert_non_null(buf_str(&text));
	must(read_text(&q, (char *)text.data, PLAN_NAME_COLUMN, &reports));
	assert_true(plan_adopt(&q, &p));
	assert_string_equal(q.lines[0].name, "a,\"b");
	plan_release(&p);
	plan_release(&q);
	buf_release(&text);
}

static void test_adopted_salts(void **state)
{
	struct plan p = PLAN_INIT, earlier = PLAN_INIT;
	struct reports reports;

	(void)state;
	must(read_text(&p, "setup_code,setup_id\n11122333,ES32\n", NULL,
		       &reports));
	must(read_text(&earlier, "setup_code,setup_id,salt\n11122333,ES32,"
		       "000102030405060708090a0b0c0d0e0f\n", NULL, &reports));
	assert_true(plan_adopt(&p, &earlier));
	assert_true(p.lines[0].has_salt);
	assert_int_equal(p.lines[0].salt[15], 15);
	p.lines[0].code[0] = '2';
	assert_false(plan_adopt(&p, &earlier));
	plan_release(&p);
	plan_release(&earlier);
}

/* ---- Failing allocations ---- */

static int remove_it(const char *path, const struct stat *st, int type,
		     struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static struct setup_options options(struct err_sink *sink)
{
	return (struct setup_options){
		.batch = {
			.prefix = "P",
			.size = 0x3000,
			.version = 2,
			.outdir = "out",
			.keys = BATCH_DRAWN,
			.jobs = 1,
			.errors = *sink,
			.warnings = *sink,
		},
		.count = 1,
		.infile = "own.csv",
		.product = { .category = 5, .flags = HOMEKIT_IP },
		.labels = true,
	};
}

static void text_of(const char *path, char *out, size_t size)
{
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	must(file_read(path, size - 1, &text, &err));
	memcpy(out, text.data, text.len);
	out[text.len] = '\0';
	buf_release(&text);
}

/* The code and id of the only accessory, "CODE,ID". */
static void code_of(const char *path, char out[14])
{
	char text[1024], *line;

	text_of(path, text, sizeof(text));
	line = strchr(text, '\n');
	assert_non_null(line);
	line++;
	if (!strcmp(path, CODES))
		line += 2; /* "1," */
	memcpy(out, line, 13);
	out[13] = '\0';
}

static void complete(const char *planned)
{
	struct reports reports;
	struct err_sink sink = reports_sink(&reports);
	struct setup_options o = options(&sink);
	struct batch_result result;
	char code[14];

	o.batch.start = BATCH_RESUME;
	if (setup_batch_run(&o, &result))
		fail_msg("%s", reports.text);
	code_of(CODES, code);
	assert_string_equal(code, planned);
	assert_true(file_exists("out/labels/P-1.png"));
	assert_true(file_exists("out/bin/P-1.bin"));
	assert_true(file_exists("out/keys/keys-P-1.bin"));
	assert_false(file_exists(PLAN));
}

static unsigned resumed;

/* Whether all went well: the n-th call did not come. */
static bool try_setup(unsigned long n)
{
	struct reports reports;
	struct err_sink sink = reports_sink(&reports);
	struct setup_options o = options(&sink);
	struct batch_result result;
	char planned[14];
	int r;

	nftw("out", remove_it, 8, FTW_PHYS | FTW_DEPTH);
	fail_allocation(n, true);
	r = setup_batch_run(&o, &result);
	if (!allocation_failed()) {
		must(r);
		return true;
	}
	if (r != ERR_NOMEM || reports.first != ERR_NOMEM)
		fail_msg("allocation %lu: code %d, reports: %s", n, r,
			 reports.text);
	assert_false(file_exists(CODES));
	if (!file_exists(PLAN)) {
		assert_false(file_exists("out/bin"));
		return false;
	}
	/* Each tenth: a verifier takes its time. */
	if (n % 10 == 0 || file_exists("out/bin")) {
		code_of(PLAN, planned);
		complete(planned);
		resumed++;
	}
	return false;
}

static void test_no_memory(void **state)
{
	static const char own[] =
		"key,type,encoding,value\napp,namespace,,\nn,data,u8,3\n";
	struct err err = ERR_INIT;
	unsigned long n = 1;

	(void)state;
	must(file_write("own.csv", own, strlen(own), 0600, FILE_REPLACE,
			&err));
	while (!try_setup(n)) {
		assert_true(n < 5000);
		n++;
	}
	assert_true(n > 100);
	assert_true(resumed > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plan_round_trip),
		cmocka_unit_test(test_plan_names),
		cmocka_unit_test(test_adopted_salts),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
