/* SPDX-License-Identifier: Apache-2.0 */
/* test_findings.c - the same report, whoever found what when. */
#include "unit.h"

#include "findings.h"

static const char conf[] = "z_conf.csv", values[] = "a_values.csv";

static void find(struct findings *f, const char *file, unsigned line,
		 unsigned col, enum err_code code, const char *msg)
{
	struct err_sink sink = findings_sink(f);
	struct err err = ERR_INIT;
	struct pos pos = { file, line, col };

	err_at(&err, &pos, code, "%s", msg);
	sink.report(sink.ctx, &err);
}

static void expect(struct findings *f, int code, uint64_t more,
		   const char *want)
{
	struct reports reports;
	struct err_sink sink = reports_sink(&reports);
	uint64_t left = 77;

	assert_int_equal(findings_report(f, &sink, &left), code);
	assert_string_equal(reports.text, want);
	assert_int_equal(left, more);
	findings_release(f);
}

static void test_none(void **state)
{
	struct findings f;

	(void)state;
	findings_init(&f, conf);
	expect(&f, 0, 0, "");
}

/* The configuration first, then by line and column, at last the placeless */
static void test_order(void **state)
{
	struct findings f;

	(void)state;
	findings_init(&f, conf);
	find(&f, NULL, 0, 0, ERR_NOMEM, "memory");
	find(&f, values, 10, 1, ERR_INPUT, "ten");
	find(&f, values, 9, 5, ERR_INPUT, "nine five");
	find(&f, values, 9, 1, ERR_INPUT, "nine one b");
	find(&f, conf, 99, 1, ERR_RANGE, "conf");
	find(&f, values, 9, 1, ERR_INPUT, "nine one a");
	find(&f, values, 1, 0, ERR_INPUT, "top");
	expect(&f, ERR_RANGE, 0,
	       "z_conf.csv:99:1: error: conf\n"
	       "a_values.csv:1: error: top\n"
	       "a_values.csv:9:1: error: nine one a\n"
	       "a_values.csv:9:1: error: nine one b\n"
	       "a_values.csv:9:5: error: nine five\n"
	       "a_values.csv:10:1: error: ten\n"
	       "error: memory\n");
}

static void test_same_mistake_counts_once(void **state)
{
	struct findings f;

	(void)state;
	findings_init(&f, conf);
	for (unsigned i = 0; i < 1000; i++) {
		find(&f, values, 2, 7, ERR_INPUT, "repeated");
		find(&f, values, 2, 9, ERR_INPUT, "repeated");
	}
	expect(&f, ERR_INPUT, 0, "a_values.csv:2:7: error: repeated\n"
	       "a_values.csv:2:9: error: repeated\n");
}

/* Which of all the cells memory ran out at says nothing. */
static void test_out_of_memory_is_said_once(void **state)
{
	struct findings f;

	(void)state;
	findings_init(&f, conf);
	find(&f, values, 9, 5, ERR_NOMEM, "out of memory");
	find(&f, values, 2, 1, ERR_INPUT, "two");
	find(&f, values, 9, 9, ERR_NOMEM, "b: out of memory");
	find(&f, NULL, 0, 0, ERR_NOMEM, "out of memory");
	expect(&f, ERR_INPUT, 0, "a_values.csv:2:1: error: two\n"
	       "a_values.csv:9:5: error: out of memory\n");
}

/* Beyond the twenty that are shown the rest is counted, whatever its order. */
static void test_first_twenty(void **state)
{
	struct buf want = BUF_INIT;

	(void)state;
	for (unsigned line = 1; line <= 20; line++)
		must(buf_printf(&want, "a_values.csv:%u: error: bad\n", line));
	for (unsigned step = 1; step < 101; step += 4) {
		struct findings f;

		if (step % 101 == 0)
			continue;
		findings_init(&f, conf);
		/* 101 is a prime: each step visits 1 to 100 in its own order */
		for (unsigned i = 1; i <= 100; i++)
			find(&f, values, i * step % 101, 0, ERR_INPUT, "bad");
		expect(&f, ERR_INPUT, 80, buf_str(&want));
	}
	buf_release(&want);
}

/* Twenty-five repeated mistakes of a thousand devices are twenty-five. */
static void test_repeated_beyond_the_first_twenty(void **state)
{
	struct findings f;
	struct reports reports;
	struct err_sink sink = reports_sink(&reports);
	uint64_t more = 77;

	(void)state;
	findings_init(&f, conf);
	for (unsigned device = 0; device < 1000; device++)
		for (unsigned i = 25; i > 0; i--)
			find(&f, values, 2, i, ERR_INPUT, "bad");
	assert_int_equal(findings_report(&f, &sink, &more), ERR_INPUT);
	assert_int_equal(reports.count, 20);
	assert_int_equal(more, 5);
	findings_release(&f);
}

/* ---- From several threads ---- */

#define THREADS 4

static struct findings shared;

static void *find_some(void *arg)
{
	unsigned from = *(unsigned *)arg;

	for (unsigned i = 0; i < 500; i++)
		find(&shared, values, 2000 - (from + i * THREADS), 0,
		     ERR_INPUT, "bad");
	return NULL;
}

static void test_threads(void **state)
{
	struct buf want = BUF_INIT;
	pthread_t thread[THREADS];
	unsigned from[THREADS];

	(void)state;
	for (unsigned line = 1; line <= 20; line++)
		must(buf_printf(&want, "a_values.csv:%u: error: bad\n", line));
	findings_init(&shared, conf);
	for (unsigned i = 0; i < THREADS; i++) {
		from[i] = i;
		must(pthread_create(&thread[i], NULL, find_some, &from[i]));
	}
	for (unsigned i = 0; i < THREADS; i++)
		must(pthread_join(thread[i], NULL));
	expect(&shared, ERR_INPUT, 1980, buf_str(&want));
	buf_release(&want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_same_mistake_counts_once),
		cmocka_unit_test(test_out_of_memory_is_said_once),
		cmocka_unit_test(test_first_twenty),
		cmocka_unit_test(test_repeated_beyond_the_first_twenty),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
