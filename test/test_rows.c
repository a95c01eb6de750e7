/* SPDX-License-Identifier: Apache-2.0 */
/* test_rows.c - the values table as threads share it: passes and takes. */
#include "unit.h"

#include <fcntl.h>

#include "rows.h"

static struct {
	struct csv_schema schema;
	struct rows rows;
	struct reports errors, warnings;
	struct err_sink error_sink, warning_sink;
	int fd;
} t;

static void open_table(const char *conf, const char *values,
		       const char *fileid)
{
	t.error_sink = reports_sink(&t.errors);
	t.warning_sink = reports_sink(&t.warnings);
	must(csv_schema_read(&t.schema, "conf.csv", conf, strlen(conf),
			     &t.error_sink));
	put_text_in("v.csv", values);
	t.fd = open("v.csv", O_RDONLY);
	assert_true(t.fd >= 0);
	rows_init(&t.rows, t.fd, "v.csv", &t.schema, fileid);
}

static void close_table(void)
{
	rows_release(&t.rows);
	csv_schema_release(&t.schema);
	close(t.fd);
}

static const struct rows_selection everything = { NULL, 1, UINT64_MAX };

static int start(const struct rows_selection *selection, struct ids *ids)
{
	return rows_start(&t.rows, selection, ids, NULL, NULL, &t.error_sink,
			  &t.warning_sink);
}

/* All rows of a pass as "NUMBER:first cell ", and how it ended. */
static int take_all(struct buf *out)
{
	struct rows_take take;
	uint64_t turn = 0;
	int r;

	memset(&take, 0, sizeof(take));
	out->len = 0;
	while ((r = rows_next(&t.rows, &take)) > 0) {
		assert_in_range(take.count, 1, ROWS_AT_A_TIME);
		assert_int_equal(take.turn, turn++);
		for (size_t i = 0; i < take.count; i++)
			must(buf_printf(out, "%u:%s ",
					(unsigned)take.number[i],
					take.row[i].cells[0].text));
	}
	rows_take_release(&take);
	assert_non_null(buf_str(out));
	return r;
}

static void expect_rows(const struct rows_selection *selection,
			struct ids *ids, const char *want)
{
	struct buf seen = BUF_INIT;

	must(start(selection, ids));
	must(take_all(&seen));
	assert_string_equal((char *)seen.data, want);
	buf_release(&seen);
}

#define CONF "n,namespace,\nk,data,u8\n"

static void test_passes(void **state)
{
	struct ids ids = IDS_INIT;
	uint64_t count;

	(void)state;
	open_table(CONF, "id,k\na,1\n\nb,2\nc,3\n", "id");
	expect_rows(&everything, &ids, "1:a 2:b 3:c ");
	assert_int_equal(ids_find(&ids, "b"), 4);
	/* Again from the start, any number of times */
	expect_rows(&everything, NULL, "1:a 2:b 3:c ");
	must(start(&everything, NULL));
	must(rows_count(&t.rows, &count));
	assert_int_equal(count, 3);
	expect_rows(&everything, NULL, "1:a 2:b 3:c ");
	assert_string_equal(t.errors.text, "");
	ids_release(&ids);
	close_table();
}

static void test_selection(void **state)
{
	struct ids only = IDS_INIT;
	struct rows_selection s = { NULL, 2, 4 };
	uint32_t there;

	(void)state;
	open_table(CONF, "id,k\na,1\nb,2\nc,3\nd,4\n", "id");
	expect_rows(&s, NULL, "2:b 3:c ");
	must(ids_add(&only, "c", 1, &there));
	must(ids_add(&only, "d", 2, &there));
	must(ids_add(&only, "none", 3, &there));
	s.only = &only;
	expect_rows(&s, NULL, "3:c ");
	s = everything;
	s.only = &only;
	expect_rows(&s, NULL, "3:c 4:d ");
	s = (struct rows_selection){ NULL, 5, 9 };
	expect_rows(&s, NULL, "");
	close_table();
	ids_release(&only);
	/* Without an id column it is the number that selects. */
	open_table(CONF, "id,k\na,1\nb,2\nc,3\n", NULL);
	must(ids_add(&only, "2", 1, &there));
	s = everything;
	s.only = &only;
	expect_rows(&s, NULL, "2:b ");
	close_table();
	ids_release(&only);
}

/* Wrong rows are told and left out; they count. */
static void test_wrong_rows(void **state)
{
	struct ids ids = IDS_INIT;

	(void)state;
	open_table(CONF, "id,k\na,1\na,2\nb\n,3\n..,4\nx/y,5\nc,6,7\nd,8\n",
		   "id");
	expect_rows(&everything, &ids, "1:a 8:d ");
	assert_string_equal(t.errors.text,
		"v.csv:3:1: error: the id in column id 'a' is that of line 2 as "
		"well: their files would have one name\n"
		"v.csv:4:1: error: 1 cell, expected 2 as in the header: one or "
		"more are missing\n"
		"v.csv:5:1: error: the id in column id '' is empty: it becomes "
		"part of the file names\n"
		"v.csv:6:1: error: the id in column id '..' can't be part of a "
		"file name\n"
		"v.csv:7:1: error: the id in column id 'x/y' holds a '/', "
		"which can't be part of a file name\n"
		"v.csv:8:5: error: 3 cells, expected 2 as in the header: a "
		"value with a comma in it has to be quoted\n");
	ids_release(&ids);
	close_table();
}

static void test_headers(void **state)
{
	(void)state;
	open_table(CONF, "", NULL);
	assert_int_equal(start(&everything, NULL), ERR_INPUT);
	assert_string_equal(t.errors.text, "v.csv:1:1: error: the values table is "
			    "empty, its first line has to name the columns\n");
	close_table();
	open_table(CONF, "id\na\n", "serial");
	assert_int_equal(start(&everything, NULL), ERR_INPUT);
	assert_int_equal(t.errors.count, 2);
	close_table();
	/* A header alone is no mistake here. */
	open_table(CONF, "k\n", NULL);
	expect_rows(&everything, NULL, "");
	close_table();
}

/* A table that is no table any more: said once, whoever asks again. */
static void test_failed_pass(void **state)
{
	struct buf seen = BUF_INIT;
	struct rows_take take;

	(void)state;
	open_table(CONF, "k\n1\n2\n\"3\n", NULL);
	must(start(&everything, NULL));
	assert_int_equal(take_all(&seen), ERR_INPUT);
	memset(&take, 0, sizeof(take));
	assert_int_equal(rows_next(&t.rows, &take), ERR_INPUT);
	assert_int_equal(rows_next(&t.rows, &take), ERR_INPUT);
	rows_take_release(&take);
	assert_string_equal(t.errors.text, "v.csv:4:1: error: the quote that "
			    "opens this cell is never closed: close it, or "
			    "remove it\n");
	buf_release(&seen);
	close_table();
}

#define REPEATED "n,namespace,\nk,data,u8,REPEAT\n"

/* One warning for all rows; the expanded table has every row, selected or not */
static void test_repeat(void **state)
{
	static const char want[] = "\"i,d\",k\r\na,1\r\nb,1\r\nc,1\r\nd,1\r\n";
	struct rows_selection s = { NULL, 3, 4 };

	(void)state;
	open_table(REPEATED, "\"i,d\",k\na,1\nb,\nc,7\nd,8\n", NULL);
	t.rows.expand_fd = open("expanded", O_RDWR | O_CREAT | O_TRUNC, 0666);
	expect_rows(&s, NULL, "3:c ");
	assert_file("expanded", want);
	assert_string_equal(t.warnings.text, "v.csv:4:3: error: n:k: '7' is not "
			    "used, the key is tagged REPEAT and takes the first "
			    "device's value (said once for all rows)\n");
	close(t.rows.expand_fd);
	close_table();
}

/* A row of empty cells is what REPEAT asks for, if all keys have it. */
static void test_empty_row(void **state)
{
	(void)state;
	open_table("n,namespace,\nk,data,u8,REPEAT\nl,data,string,REPEAT\n",
		   "k,l\n1,x\n,\n", NULL);
	expect_rows(&everything, NULL, "1:1 2: ");
	assert_string_equal(t.warnings.text, "");
	close_table();
	open_table("n,namespace,\nk,data,u8,REPEAT\nl,data,string\n",
		   "k,l\n1,x\n,\n", NULL);
	expect_rows(&everything, NULL, "1:1 2: ");
	assert_string_equal(t.warnings.text, "v.csv:3:1: error: all cells of "
			    "this row are empty, and a device is made of it: if "
			    "it is none, remove the line (said once for all "
			    "rows)\n");
	close_table();
	open_table("n,namespace,\nk,data,u8,REPEAT\n", "k,id\n1,x\n,\n", NULL);
	expect_rows(&everything, NULL, "1:1 2: ");
	assert_int_equal(t.warnings.count, 1);
	close_table();
}

static void tap(void *ctx, const void *p, size_t n)
{
	must(buf_append(ctx, p, n));
}

static void test_tap(void **state)
{
	struct buf seen = BUF_INIT, taken = BUF_INIT;

	(void)state;
	open_table(CONF, "k\r\n1\r\n\r\n2", NULL);
	must(rows_start(&t.rows, &everything, NULL, tap, &seen, &t.error_sink,
			NULL));
	must(take_all(&taken));
	assert_buf(&seen, "k\r\n1\r\n\r\n2");
	buf_release(&seen);
	buf_release(&taken);
	close_table();
}

/* ---- How many rows a thread takes ---- */

/* A pass over so many rows, with a note of some length in each. */
static void open_many(unsigned rows, unsigned note)
{
	struct buf csv = BUF_INIT;

	must(buf_puts(&csv, "id,k,note\n"));
	for (unsigned n = 1; n <= rows; n++)
		must(buf_printf(&csv, "d%u,1,%0*u\n", n, (int)note, n));
	open_table(CONF, buf_str(&csv), "id");
	must(start(&everything, NULL));
	buf_release(&csv);
}

/* The sizes of all takes until the end; their number. */
static unsigned take_sizes(size_t *size, unsigned most)
{
	struct rows_take take;
	unsigned n = 0;

	memset(&take, 0, sizeof(take));
	while (rows_next(&t.rows, &take) > 0) {
		assert_true(n < most);
		size[n++] = take.count;
	}
	rows_take_release(&take);
	return n;
}

/* Few at first while it is not known how many there are, then all it may. */
static void test_takes_grow(void **state)
{
	size_t size[1000];
	unsigned n;

	(void)state;
	open_many(20000, 4);
	n = take_sizes(size, 1000);
	assert_in_range(size[0], 1, 8);
	for (unsigned i = 1; i < n - 1; i++)
		assert_in_range(size[i], size[i - 1], ROWS_AT_A_TIME);
	assert_int_equal(size[n - 2], ROWS_AT_A_TIME);
	close_table();
}

/* Many as long as there are many, few at last, so that no thread is late. */
static void test_takes_shrink(void **state)
{
	size_t size[1000];
	unsigned n;

	(void)state;
	open_many(5000, 4);
	rows_expect(&t.rows, 5000, 2);
	n = take_sizes(size, 1000);
	assert_int_equal(size[0], ROWS_AT_A_TIME);
	for (unsigned i = 1; i < n; i++)
		assert_in_range(size[i], 1, size[i - 1]);
	assert_int_equal(size[n - 1], 1);
	assert_true(n < 100);
	close_table();
	/* A count that is too small does no harm. */
	open_many(300, 4);
	rows_expect(&t.rows, 8, 64);
	n = take_sizes(size, 1000);
	assert_int_equal(size[0], 1);
	close_table();
}

/* Not more text than is good for memory, but a row at least. */
static void test_takes_of_long_rows(void **state)
{
	size_t size[1000];
	unsigned n;

	(void)state;
	open_many(300, ROWS_TEXT_AT_A_TIME / 8);
	n = take_sizes(size, 1000);
	for (unsigned i = 0; i < n; i++)
		assert_in_range(size[i], 1, 8);
	close_table();
	open_many(3, 2 * ROWS_TEXT_AT_A_TIME);
	assert_int_equal(take_sizes(size, 1000), 3);
	close_table();
}

/* ---- Threads ---- */

#define THREADS 4
#define ROWS 5000u

static unsigned char times_seen[ROWS + 1];
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;

static void *take_some(void *arg)
{
	struct rows_take take;
	char want[16];

	(void)arg;
	memset(&take, 0, sizeof(take));
	while (rows_next(&t.rows, &take) > 0)
		for (size_t i = 0; i < take.count; i++) {
			uint64_t n = take.number[i];

			snprintf(want, sizeof(want), "d%u", (unsigned)n);
			if (n > ROWS || strcmp(want, take.row[i].cells[0].text))
				continue;
			pthread_mutex_lock(&seen_lock);
			times_seen[n]++;
			pthread_mutex_unlock(&seen_lock);
		}
	rows_take_release(&take);
	return NULL;
}

static void test_threads(void **state)
{
	struct buf csv = BUF_INIT, tapped = BUF_INIT;
	struct ids ids = IDS_INIT;
	pthread_t thread[THREADS];

	(void)state;
	must(buf_puts(&csv, "id,k,note\n"));
	/* So long that the table is read in many pieces, and a row in some. */
	for (unsigned n = 1; n <= ROWS; n++)
		must(buf_printf(&csv, "d%u,1,%0*u\n", n,
				n == ROWS / 2 ? 300000 : 100, n));
	open_table(CONF, buf_str(&csv), "id");
	must(rows_start(&t.rows, &everything, &ids, tap, &tapped,
			&t.error_sink, &t.warning_sink));
	for (unsigned i = 0; i < THREADS; i++)
		must(pthread_create(&thread[i], NULL, take_some, NULL));
	for (unsigned i = 0; i < THREADS; i++)
		must(pthread_join(thread[i], NULL));
	for (unsigned n = 1; n <= ROWS; n++)
		assert_int_equal(times_seen[n], 1);
	assert_int_equal(ids.count, ROWS);
	assert_string_equal(t.errors.text, "");
	assert_int_equal(tapped.len, csv.len);
	assert_memory_equal(tapped.data, csv.data, csv.len);
	ids_release(&ids);
	buf_release(&tapped);
	buf_release(&csv);
	close_table();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_passes),
		cmocka_unit_test(test_selection),
		cmocka_unit_test(test_wrong_rows),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_failed_pass),
		cmocka_unit_test(test_repeat),
		cmocka_unit_test(test_empty_row),
		cmocka_unit_test(test_tap),
		cmocka_unit_test(test_takes_grow),
		cmocka_unit_test(test_takes_shrink),
		cmocka_unit_test(test_takes_of_long_rows),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
