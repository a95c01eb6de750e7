/* SPDX-License-Identifier: Apache-2.0 */
/* test_join.c - configuration and values table: which column is which key. */
#include "unit.h"

#include "csv_join.h"

/* A configuration and a values table, matched as far as that goes */
static struct {
	struct csv_schema schema;
	struct csv_table *table;
	struct csv_row row;
	struct csv_join join;
	struct reports reports;
	struct err_sink sink;
	struct err err;
} t;

/* Match; the code of csv_join_init(). */
static int match(const char *conf, const char *values, const char *id)
{
	int r;

	memset(&t, 0, sizeof(t));
	t.err = (struct err)ERR_INIT;
	t.sink = reports_sink(&t.reports);
	must(csv_schema_read(&t.schema, "conf.csv", conf, strlen(conf),
			     &t.sink));
	t.table = csv_table_new_memory(values, strlen(values), "v.csv",
				       CSV_NO_COMMENTS, &t.err);
	assert_non_null(t.table);
	assert_int_equal(csv_table_next(t.table, &t.row, &t.err), 1);
	r = csv_join_init(&t.join, &t.schema, "v.csv", &t.row, id, &t.sink);
	return r;
}

static void release(void)
{
	csv_table_free(t.table);
	csv_row_release(&t.row);
	csv_schema_release(&t.schema);
}

static void expect_refused(const char *conf, const char *values,
			   const char *id, const char *want)
{
	assert_int_equal(match(conf, values, id), ERR_INPUT);
	assert_string_equal(t.reports.text, want);
	release();
}

static void start(const char *conf, const char *values, const char *id)
{
	if (match(conf, values, id))
		fail_msg("%s", t.reports.text);
}

static void end(void)
{
	csv_join_release(&t.join);
	release();
}

static void next_row(void)
{
	assert_int_equal(csv_table_next(t.table, &t.row, &t.err), 1);
	must(csv_join_check_count(&t.join, &t.row, &t.err));
	must(csv_join_set_first(&t.join, &t.row, &t.err));
}

/* The intermediate CSV of the next row, less its header */
static void expect_csv(const char *want)
{
	static const char header[] = "key,type,encoding,value\r\n";
	struct buf out = BUF_INIT;

	next_row();
	must(csv_join_put(&t.join, &t.row, &out));
	assert_memory_equal(buf_str(&out), header, strlen(header));
	assert_string_equal((char *)out.data + strlen(header), want);
	buf_release(&out);
}

#define TWO_NS "a,namespace,\nk,data,u8\nl,data,string\n" \
	       "b,namespace,\nk,data,u8\n"

static void test_same_key_in_two_namespaces(void **state)
{
	(void)state;
	start(TWO_NS, "k,l,k\n1,\"x,\"\"y\",2\n", NULL);
	expect_csv("a,namespace,,\r\nk,data,u8,1\r\n"
		   "l,data,string,\"x,\"\"y\"\r\nb,namespace,,\r\n"
		   "k,data,u8,2\r\n");
	assert_null(csv_join_id(&t.join, &t.row));
	end();
}

/* The third cell of a namespace means nothing, but stands in the original's. */
static void test_third_cell_of_a_namespace(void **state)
{
	(void)state;
	start("a,namespace,string\nk,data,u8\nb,NameSpace,\"x,y\"\n"
	      "c,namespace, \nk,data,u8\n", "k,k\n1,2\n", NULL);
	expect_csv("a,namespace,string,\r\nk,data,u8,1\r\n"
		   "b,namespace,\"x,y\",\r\nc,namespace, ,\r\n"
		   "k,data,u8,2\r\n");
	end();
}

/* Columns that are no key are metadata, wherever they stand. */
static void test_metadata(void **state)
{
	(void)state;
	start(TWO_NS, "note,k,,l,Note,k,K\nn,1,e,x,m,2,7\n", "note");
	expect_csv("a,namespace,,\r\nk,data,u8,1\r\nl,data,string,x\r\n"
		   "b,namespace,,\r\nk,data,u8,2\r\n");
	assert_string_equal(csv_join_id(&t.join, &t.row)->text, "n");
	end();
	/* Of two of a key that two namespaces have, the first counts. */
	start(TWO_NS, "k,l,k\n1,x,2\n", "k");
	next_row();
	assert_string_equal(csv_join_id(&t.join, &t.row)->text, "1");
	end();
	expect_refused(TWO_NS, "note,k,l,note,k\n", "note", "v.csv:1:10: error: "
		       "a second column 'note': which one is meant? Rename or "
		       "remove one\n");
	/* A key can name the devices as well. */
	start(TWO_NS, "k,l,k\n1,x,2\n", "l");
	next_row();
	assert_string_equal(csv_join_id(&t.join, &t.row)->text, "x");
	end();
}

#define LACKS(total, have) "has no column in v.csv: the configuration has " \
	total " keys of that name, the table " have " column\n"

static void test_missing(void **state)
{
	(void)state;
	expect_refused(TWO_NS, "k,k\n", NULL, "conf.csv:3:1: error: key 'a:l' "
		       "has no column in v.csv\n");
	/* Which of two is missing can't be told: the last one is named. */
	expect_refused(TWO_NS, "k,l\n", NULL, "conf.csv:5:1: error: key 'b:k' "
		       LACKS("2", "1"));
	/* All of them: this is no header, or one of another table. */
	expect_refused(TWO_NS, "id\n", NULL, "v.csv:1:1: error: no column has "
		       "the name of a key: the first line has to name the "
		       "columns, the configuration's first key is 'k', the "
		       "first column 'id'\n");
	/* What looks like the column but is none. */
	expect_refused(TWO_NS, "k,\xEF\xBB\xBF L ,k\n", NULL, "conf.csv:3:1: "
		       "error: key 'a:l' has no column in v.csv; column 2, "
		       "'\\xef\\xbb\\xbf L ', is spelled differently: blanks "
		       "and capitals count\n");
	expect_refused(TWO_NS, "K,l,k\n", NULL, "conf.csv:5:1: error: key "
		       "'b:k' has no column in v.csv: the configuration has 2 "
		       "keys of that name, the table 1 column; column 1, 'K', "
		       "is spelled differently: blanks and capitals count\n");
}

/* What spreadsheets of some countries save as CSV */
static void test_another_separator(void **state)
{
	(void)state;
	expect_refused(TWO_NS, "k;l;k\n", NULL, "v.csv:1:2: error: the first "
		       "row is one cell with ';' in it: save the table with commas "
		       "between the cells\n");
	expect_refused(TWO_NS, "k\tl\tk\n", NULL, "v.csv:1:2: error: the first "
		       "row is one cell with tabs in it: save the table with commas "
		       "between the cells\n");
}

static void test_out_of_order(void **state)
{
	(void)state;
	expect_refused(TWO_NS, "id,l,k,k\n", NULL, "v.csv:1:4: error: column "
		       "'l' is out of order: the configuration has the key "
		       "'a:k' here (conf.csv:2); put the columns in the order "
		       "of the configuration\n");
	expect_refused(TWO_NS, "k,k,l\n", NULL, "v.csv:1:3: error: column 'k' "
		       "is out of order: the configuration has the key 'a:l' "
		       "here (conf.csv:3); put the columns in the order of the "
		       "configuration\n");
}

static void test_surplus(void **state)
{
	(void)state;
	expect_refused(TWO_NS, "k,l,k,l\n", NULL, "v.csv:1:7: error: column "
		       "'l' is one too many: the configuration has that key 1 "
		       "time\n");
	expect_refused(TWO_NS, "k,l,k,k\n", NULL, "v.csv:1:7: error: column "
		       "'k' is one too many: the configuration has that key 2 "
		       "times\n");
}

static void test_no_id_column(void **state)
{
	(void)state;
	expect_refused(TWO_NS, "k,l,k\n", "serial", "v.csv:1:1: error: there is "
		       "no column 'serial', which --fileid names\n");
	/* Both mistakes come. */
	expect_refused(TWO_NS, "\nk,k\n", "serial", "conf.csv:3:1: error: key "
		       "'a:l' has no column in v.csv\n"
		       "v.csv:2:1: error: there is no column 'serial', which "
		       "--fileid names\n");
}

static void expect_bad_count(const char *msg, unsigned col)
{
	assert_int_equal(csv_table_next(t.table, &t.row, &t.err), 1);
	assert_int_equal(csv_join_check_count(&t.join, &t.row, &t.err),
			 ERR_INPUT);
	assert_err(&t.err, ERR_INPUT, msg);
	assert_string_equal(t.err.pos.file, "v.csv");
	assert_int_equal(t.err.pos.line, t.row.line);
	assert_int_equal(t.err.pos.col, col);
	err_clear(&t.err);
}

static void test_cells_of_a_row(void **state)
{
	(void)state;
	start(TWO_NS, "k,l,k\n1,x\n1\n1,x,2,y\n1,x,2\n", NULL);
	expect_bad_count("2 cells, expected 3 as in the header: one or more "
			 "are missing", 3);
	expect_bad_count("1 cell, expected 3 as in the header: one or more are "
			 "missing", 1);
	expect_bad_count("4 cells, expected 3 as in the header: a value with a "
			 "comma in it has to be quoted", 7);
	next_row();
	end();
}

/* ---- REPEAT ---- */

#define REPEATED "a,namespace,\nk,data,u8,REPEAT\nl,data,string\n" \
		 "m,data,string,REPEAT\n"

static void test_repeat(void **state)
{
	const struct csv_cell *cell;
	const char *key = NULL;

	(void)state;
	start(REPEATED, "k,l,m\n5,x,\"q\n,\"\n,y,\n6,z,\n5,\"q\n,\",other\n",
	      NULL);
	expect_csv("a,namespace,,\r\nk,data,u8,5\r\nl,data,string,x\r\n"
		   "m,data,string,\"q\n,\"\r\n");
	assert_null(csv_join_overridden(&t.join, &t.row, &key));
	/* Empty cells are what such a table has. */
	expect_csv("a,namespace,,\r\nk,data,u8,5\r\nl,data,string,y\r\n"
		   "m,data,string,\"q\n,\"\r\n");
	assert_null(csv_join_overridden(&t.join, &t.row, &key));
	/* Another value is not taken, which can be told. */
	expect_csv("a,namespace,,\r\nk,data,u8,5\r\nl,data,string,z\r\n"
		   "m,data,string,\"q\n,\"\r\n");
	cell = csv_join_overridden(&t.join, &t.row, &key);
	assert_string_equal(key, "a:k");
	assert_string_equal(cell->text, "6");
	assert_int_equal(cell->line, 5);
	next_row();
	cell = csv_join_overridden(&t.join, &t.row, &key);
	assert_string_equal(key, "a:m");
	assert_string_equal(cell->text, "other");
	end();
}

static void test_expanded(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	start(REPEATED, "id,k,l,note,m\n1,5,x,\"a,b\",\"q\"\n2,6,,,\n", NULL);
	for (unsigned i = 0; i < 2; i++) {
		next_row();
		must(csv_join_put_expanded(&t.join, &t.row, &out));
	}
	assert_string_equal(buf_str(&out), "1,5,x,\"a,b\",q\r\n"
			    "2,5,,,q\r\n");
	end();
	/* A line of nothing would be a blank one. */
	out.len = 0;
	start("a,namespace,\nk,data,string\n", "k\n\"\"\nx\n", NULL);
	next_row();
	must(csv_join_put_expanded(&t.join, &t.row, &out));
	assert_buf(&out, "\"\"\r\n");
	end();
	buf_release(&out);
}

/* ---- Encoding ---- */

static uint8_t image[0x3000];

static int encode(struct csv_decoder *d, struct nvs_writer *w)
{
	next_row();
	t.sink = reports_sink(&t.reports);
	return csv_join_encode(&t.join, &t.row, d, w, image, &t.sink);
}

static void test_encode(void **state)
{
	struct csv_files *files = csv_decoder_files(NULL);
	struct csv_decoder d;
	struct nvs_writer w;

	(void)state;
	start(TWO_NS "m,file,binary\n", "k,l,k,m\n1,x,2,/dev/null\n"
	      "300,x,-1,none\n7,,8,\n", NULL);
	must(nvs_writer_init(&w, sizeof(image), 2, NULL));
	csv_decoder_init(&d, files);
	csv_join_expect(&t.join, &d);
	assert_int_equal(encode(&d, &w), ERR_INPUT);
	assert_string_equal(t.reports.text, "v.csv:2:7: error: b:m: "
			    "'/dev/null' is not a regular file\n");
	/* The good ones stand in the image nevertheless. */
	assert_hex(image + 64 + 32, 4, "01 01 01 ff");
	assert_int_equal(image[64 + 32 + 24], 1);
	assert_hex(image + 64 + 5 * 32, 4, "02 01 01 ff");
	assert_int_equal(image[64 + 5 * 32 + 24], 2);
	/* All mistakes of a row; the first one's code */
	assert_int_equal(encode(&d, &w), ERR_RANGE);
	assert_string_equal(t.reports.text,
		"v.csv:3:1: error: a:k: '300' does not fit u8 (0 to 255)\n"
		"v.csv:3:7: error: b:k: '-1' does not fit u8 (0 to 255)\n"
		"v.csv:3:10: error: b:m: cannot open 'none': No such file or "
		"directory; relative paths start in the current directory\n");
	assert_int_equal(encode(&d, &w), ERR_INPUT);
	assert_string_equal(t.reports.text, "v.csv:4:6: error: b:m: the name "
			    "of the file is empty\n");
	csv_decoder_release(&d);
	nvs_writer_release(&w);
	csv_files_free(files);
	end();
}

/* A repeated value is to blame where it stands: in the first row. */
static void test_repeated_mistake(void **state)
{
	struct csv_files *files = csv_decoder_files(NULL);
	struct csv_decoder d;
	struct nvs_writer w;

	(void)state;
	start(REPEATED, "k,l,m\n500,x,q\n,y,\n", NULL);
	must(nvs_writer_init(&w, sizeof(image), 2, NULL));
	csv_decoder_init(&d, files);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(encode(&d, &w), ERR_RANGE);
		assert_string_equal(t.reports.text, "v.csv:2:1: error: a:k: "
				    "'500' does not fit u8 (0 to 255)\n");
	}
	csv_decoder_release(&d);
	nvs_writer_release(&w);
	csv_files_free(files);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_key_in_two_namespaces),
		cmocka_unit_test(test_third_cell_of_a_namespace),
		cmocka_unit_test(test_metadata),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_another_separator),
		cmocka_unit_test(test_out_of_order),
		cmocka_unit_test(test_surplus),
		cmocka_unit_test(test_no_id_column),
		cmocka_unit_test(test_cells_of_a_row),
		cmocka_unit_test(test_repeat),
		cmocka_unit_test(test_expanded),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_repeated_mistake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
