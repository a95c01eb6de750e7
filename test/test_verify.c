/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees of images are made as a batch makes them, damaged in every way that
 * can be thought of, and verified: what was damaged is told, with namespace
 * and key, and nothing else is.
 */
#include "allocations.h"
#include "verify_tree.h"

/* ---- A sound tree ---- */

static void test_sound(void **state)
{
	static const enum batch_keys schemes[] = {
		BATCH_PLAIN, BATCH_DRAWN, BATCH_HMAC_DRAWN
	};
	struct verify_options o = verify_options();
	struct err err;
	uint64_t images;

	(void)state;
	for (size_t n = 0; n < 3; n++) {
		make_tree(schemes[n]);
		o.manifest = n % 2 ? "out/m.csv" : NULL;
		must(run_verify(o, &images, &err));
		assert_told(NULL);
		assert_int_equal(images, DEVICES);
		o.manifest = n % 2 ? NULL : "out/m.csv";
		must(run_verify(o, &images, &err));
		assert_told(NULL);
	}
}

static void test_given_key(void **state)
{
	struct batch_options b = batch_options();
	struct verify_options o = verify_options();
	struct nvs_keys keys = { .eky = { 1 }, .tky = { 2 } };
	struct nvs_keys other = { .eky = { 1 }, .tky = { 3 } };
	uint8_t hmac_key[NVS_HMAC_KEY_SIZE] = { 7 };
	struct err err;

	(void)state;
	empty_scratch();
	put_inputs();
	b.keys = BATCH_GIVEN;
	b.given = &keys;
	run_batch(&b);
	o.given = &keys;
	must(run_verify(o, NULL, &err));
	assert_told(NULL);
	o.given = &other;
	must(run_verify(o, NULL, &err));
	assert_told("out/bin/P-1.bin: dev:a_u8: ", "out/bin/P-2.bin: dev:a_u8: ",
		    "out/bin/P-3.bin: dev:a_u8: ", "out/bin/P-4.bin: dev:a_u8: ",
		    NULL);
	assert_mentions("does not fit");
	o.given = NULL;
	must(run_verify(o, NULL, &err));
	assert_int_equal(told.count, DEVICES);
	assert_mentions("its key is needed");

	/* A key file goes before the given key. */
	empty_scratch();
	put_inputs();
	b = batch_options();
	b.keys = BATCH_DERIVED;
	b.hmac_key = hmac_key;
	run_batch(&b);
	o.given = &other;
	must(run_verify(o, NULL, &err));
	assert_told(NULL);
}

static void test_version_1_and_small_sizes(void **state)
{
	struct batch_options b = batch_options();
	struct nvs_keys keys = { .eky = { 1 }, .tky = { 2 } };
	struct verify_options o = verify_options();
	struct err err;

	(void)state;
	for (unsigned n = 0; n < 4; n++) {
		empty_scratch();
		put_inputs();
		put_text_in("curve.bin", "short");
		b.version = 1 + n % 2;
		b.size = n < 2 ? 0x1000 : 0x2000;
		b.keys = n == 3 ? BATCH_GIVEN : BATCH_PLAIN;
		b.given = &keys;
		run_batch(&b);
		o.given = n == 3 ? &keys : NULL;
		must(run_verify(o, NULL, &err));
		assert_told(NULL);
	}
}

/* ---- Wrong files ---- */

static void test_swapped_pair(void **state)
{
	static const enum batch_keys schemes[] = { BATCH_PLAIN, BATCH_DRAWN };

	(void)state;
	for (size_t n = 0; n < 2; n++) {
		make_tree(schemes[n]);
		swap("out/bin/P-2.bin", "out/bin/P-4.bin");
		verify_tree();
		assert_told("out/bin/P-2.bin: dev:a_u8: ",
			    "out/bin/P-4.bin: dev:a_u8: ", NULL);
	}
	swap("out/keys/keys-P-2.bin", "out/keys/keys-P-4.bin");
	verify_tree();
	assert_told("out/bin/P-2.bin: dev:a_u8: 4 in the image, 2 in the CSV\n",
		    "out/bin/P-4.bin: dev:a_u8: 2 in the image, 4 in the CSV\n",
		    NULL);
}

static void test_truncated(void **state)
{
	static const size_t sizes[] = { 0, 1, 31, 63, 64, 95, 96, 1000, 4095,
		0x1000, 0x1001, 5000, 0x2000, 0x2fff, 0x3000, 0x3fff };
	static const enum batch_keys schemes[] = { BATCH_PLAIN, BATCH_DRAWN };
	size_t len;
	char *image;

	(void)state;
	for (size_t s = 0; s < 2; s++) {
		make_tree(schemes[s]);
		image = get_file("out/bin/P-3.bin", &len);
		assert_int_equal(len, 0x4000);
		for (size_t n = 0; n < sizeof(sizes) / sizeof(*sizes); n++) {
			bool loses = sizes[n] < 0x2000;

			put_bytes_in("out/bin/P-3.bin", image, sizes[n]);
			verify_tree();
			assert_told(!loses ? "out/bin/P-3.bin: " :
				    sizes[n] < 0x1000 ?
				    "out/bin/P-3.bin: dev:a_u8: " :
				    "out/bin/P-3.bin: more:curve: ", NULL);
			assert_mentions("16384");
		}
		free(image);
	}
}

/* One image too long must not make the others wrong. */
static void test_one_image_too_long(void **state)
{
	size_t len;
	char *image;

	(void)state;
	make_tree(BATCH_PLAIN);
	image = get_file("out/bin/P-3.bin", &len);
	memset(image + len, 0xFF, NVS_PAGE_SIZE);
	put_bytes_in("out/bin/P-3.bin", image, len + NVS_PAGE_SIZE);
	free(image);
	verify_tree();
	assert_told("out/bin/P-3.bin: 20480 bytes, the other images have "
		    "16384", NULL);
}

/* Another size in the same directory is right for another prefix. */
static void test_two_batches_of_different_size(void **state)
{
	struct batch_options b = batch_options();

	(void)state;
	make_tree(BATCH_PLAIN);
	b.prefix = "Q";
	b.size = 0x8000;
	run_batch(&b);
	verify_tree();
	assert_told(NULL);
	must(truncate("out/bin/Q-1.bin", 0x4000));
	verify_tree();
	assert_told("out/bin/Q-1.bin: 16384 bytes, the other images have "
		    "32768", NULL);
}

/* Links to images that lie elsewhere have the images' sizes. */
static void test_images_that_are_links(void **state)
{
	(void)state;
	make_tree(BATCH_DRAWN);
	must(rename("out/bin", "out/store"));
	must(mkdir("out/bin", 0777));
	must(system("for n in 1 2 3 4; do "
		    "ln -s ../store/P-$n.bin out/bin; done"));
	verify_tree_with("out/m.csv");
	assert_told(NULL);
	must(truncate("out/store/P-2.bin", 0x3000));
	verify_tree();
	assert_told("out/bin/P-2.bin: 12288 bytes, the other images have 16384",
		    NULL);
}

/*
 * Prefixes may hold a '-': where the images of "L-1" all differ from those of
 * "L-2", they are another batch, but one image alone is not.
 */
static void test_batches_whose_prefixes_hold_a_hyphen(void **state)
{
	static const char *const prefixes[] = { "L-1", "L-2", "L-2-x", "L" };
	static const size_t sizes[] = { 0x4000, 0x8000, 0x5000, 0x6000 };
	struct batch_options b = batch_options();

	(void)state;
	make_tree(BATCH_PLAIN);
	for (size_t n = 0; n < 4; n++) {
		b.prefix = prefixes[n];
		b.size = sizes[n];
		b.keys = n == 1 ? BATCH_DRAWN : BATCH_PLAIN;
		run_batch(&b);
	}
	verify_tree();
	assert_told(NULL);
	must(truncate("out/bin/L-2-1.bin", 0x7000));
	must(truncate("out/bin/L-2-x-4.bin", 0x6000));
	must(unlink("out/keys/keys-L-2-3.bin"));
	verify_tree();
	assert_told("out/bin/L-2-1.bin: 28672 bytes, the other images have ",
		    "out/bin/L-2-3.bin: dev:a_u8: ",
		    "out/bin/L-2-x-4.bin: 24576 bytes, the other images have ",
		    NULL);
}

/* A device for trial has no key, and its batch is not that of the others. */
static void test_one_image_in_clear_beside_another_batch(void **state)
{
	struct batch_options b = batch_options();

	(void)state;
	make_tree(BATCH_PLAIN);
	b.prefix = "L-sold";
	b.keys = BATCH_DRAWN;
	run_batch(&b);
	b.prefix = "L-trial";
	b.keys = BATCH_PLAIN;
	run_batch(&b);
	must(system("cd out && rm -f bin/L-trial-[!1].bin "
		    "csv/L-trial-[!1].csv"));
	verify_tree();
	assert_told(NULL);
}

static void test_missing_files(void **state)
{
	(void)state;
	make_tree(BATCH_DRAWN);
	must(unlink("out/csv/P-1.csv"));
	must(unlink("out/bin/P-2.bin"));
	must(unlink("out/keys/keys-P-3.bin"));
	verify_tree();
	assert_told("out/bin/P-1.bin: its CSV: ", "out/bin/P-3.bin: dev:a_u8: ",
		    "out/csv/P-2.csv: ", "out/keys/keys-P-2.bin: ", NULL);
	assert_mentions("out/csv/P-1.csv");
	assert_mentions("its key file 'out/keys/keys-P-3.bin' is missing");
	/* Where none has a key file, nobody knows what it was called. */
	make_tree(BATCH_DRAWN);
	must(system("rm -r out/keys"));
	verify_tree();
	assert_mentions("its key is needed");
}

static void test_foreign_key_file(void **state)
{
	(void)state;
	make_tree(BATCH_DRAWN);
	must(unlink("out/keys/keys-P-2.bin"));
	must(link("out/keys/keys-P-1.bin", "out/keys/keys-P-2.bin"));
	verify_tree();
	assert_told("out/bin/P-2.bin: dev:a_u8: ", NULL);
	assert_mentions("out/keys/keys-P-2.bin does not fit");
}

/* Any byte of the keys or their CRC; wrong lengths. */
static void test_damaged_key_file(void **state)
{
	static const size_t sizes[] = { 0, 1, 32, 63, 65, 4095, 4097 };
	size_t len;
	char *key;

	(void)state;
	make_tree(BATCH_DRAWN);
	key = get_file("out/keys/keys-P-2.bin", &len);
	assert_int_equal(len, NVS_KEY_PARTITION_SIZE);
	for (size_t at = 0; at < NVS_KEYS_SIZE + 4; at++) {
		key[at] ^= 0x10;
		put_bytes_in("out/keys/keys-P-2.bin", key, len);
		verify_tree();
		assert_told("out/bin/P-2.bin: dev:a_u8: ", NULL);
		assert_mentions("CRC");
		key[at] ^= 0x10;
	}
	for (size_t n = 0; n < sizeof(sizes) / sizeof(*sizes); n++) {
		put_bytes_in("out/keys/keys-P-2.bin", key, sizes[n]);
		verify_tree();
		assert_told("out/bin/P-2.bin: dev:a_u8: ", NULL);
		assert_mentions("out/keys/keys-P-2.bin");
	}
	put_bytes_in("out/keys/keys-P-2.bin", key, NVS_KEYS_SIZE);
	verify_tree();
	assert_told("out/bin/P-2.bin: the key file 'out/keys/keys-P-2.bin' has "
		    "64 bytes, the key alone", NULL);
	put_bytes_in("out/keys/keys-P-2.bin", key, len);
	verify_tree();
	assert_told(NULL);
	free(key);
}

static void test_hmac_key_not_matching(void **state)
{
	static const uint8_t other[NVS_HMAC_KEY_SIZE + 1] = { 1, 2, 3 };

	(void)state;
	make_tree(BATCH_HMAC_DRAWN);
	put_bytes_in("out/keys/hmac-keys-P-1.bin", other, NVS_HMAC_KEY_SIZE);
	put_bytes_in("out/keys/hmac-keys-P-2.bin", other, NVS_HMAC_KEY_SIZE - 1);
	put_bytes_in("out/keys/hmac-keys-P-3.bin", other, NVS_HMAC_KEY_SIZE + 1);
	verify_tree();
	assert_told("out/bin/P-1.bin: the keys in 'out/keys/keys-P-1.bin' are "
		    "not those derived from 'out/keys/hmac-keys-P-1.bin'",
		    "out/bin/P-2.bin: HMAC key file "
		    "'out/keys/hmac-keys-P-2.bin': 31 bytes",
		    "out/bin/P-3.bin: ", NULL);
	make_tree(BATCH_HMAC_DRAWN);
	swap("out/keys/hmac-keys-P-1.bin", "out/keys/hmac-keys-P-2.bin");
	verify_tree();
	assert_told("out/bin/P-1.bin: ", "out/bin/P-2.bin: ", NULL);
}

/* Names that no image has, in the order of the paths. */
static void test_surplus_files(void **state)
{
	struct verify_options o = verify_options();
	struct err err;

	(void)state;
	make_tree(BATCH_HMAC_DRAWN);
	put_text_in("out/keys/keys-Q-5.bin", "x");
	put_text_in("out/keys/keys-P-5.bin", "x");
	put_text_in("out/keys/hmac-keys-P-10.bin", "x");
	put_text_in("out/keys/hmac-keys-P-9.bin", "x");
	put_text_in("out/csv/P-5.csv", "x");
	put_text_in("out/csv/P-1.csv.bak", "x");
	put_text_in("out/bin/P-1.bin.orig", "x");
	put_text_in("out/bin/.P-1.bin.tmp", "x");
	/* These are nobody's mistake. */
	put_text_in("out/csv/values_created.csv", "x");
	put_text_in("out/keys/keys-11-20_09-30.bin", "x");
	put_text_in("out/keys/line7.bin", "x");
	verify_tree();
	assert_told("out/bin/.P-1.bin.tmp: ", "out/bin/P-1.bin.orig: ",
		    "out/csv/P-1.csv.bak: ", "out/csv/P-5.csv: ",
		    "out/keys/hmac-keys-P-9.bin: ",
		    "out/keys/hmac-keys-P-10.bin: ", "out/keys/keys-P-5.bin: ",
		    "out/keys/keys-Q-5.bin: ", NULL);
	o.prefix = "P";
	must(run_verify(o, NULL, &err));
	assert_int_equal(told.count, 6);
	must(mkdir("out/bin/P-6.bin", 0777));
	must(run_verify(o, NULL, &err));
	assert_int_equal(told.count, 7);
	assert_mentions("directory");
}

/* ---- Edited CSVs ---- */

struct edited {
	const char *old, *new;
	const char *told; /* what is said of it */
};

static void test_edited_cells(void **state)
{
	static const struct edited cells[] = {
		/* a value of each encoding */
		{ "a_u8,data,u8,2", "a_u8,data,u8,3", "dev:a_u8: 2 in the image, "
		  "3 in the CSV" },
		{ "a_i8,data,i8,-2", "a_i8,data,i8,2", "dev:a_i8: -2 in" },
		{ "a_u16,data,u16,302", "a_u16,data,u16,303", "dev:a_u16: 302" },
		{ "a_i16,data,i16,-302", "a_i16,data,i16,0", "dev:a_i16: -302" },
		{ "a_u32,data,u32,70002", "a_u32,data,u32,4294967295",
		  "dev:a_u32: 70002 in the image, 4294967295" },
		{ "a_i32,data,i32,-70002", "a_i32,data,i32,-2147483648",
		  "dev:a_i32: -70002 in the image, -2147483648" },
		{ "a_u64,data,u64,2", "a_u64,data,u64,18446744073709551615",
		  "dev:a_u64: 2 in the image, 18446744073709551615" },
		{ "a_u64,data,u64,2", "a_u64,data,u64,4294967298",
		  "dev:a_u64: 2 in the image, 4294967298" },
		{ "a_i64,data,i64,-2", "a_i64,data,i64,-9223372036854775808",
		  "dev:a_i64: -2 in the image, -9223372036854775808" },
		{ "SN-0002", "SN-0003", "more:text: the string differs" },
		{ "SN-0002", "SN-00022", "more:text: 12 bytes in the image, 13" },
		{ "binary 2", "binarY 2", "more:bin: the blob differs from the "
		  "CSV at byte 6 of 8" },
		{ "0aff02", "0aff03", "more:hex: the blob differs" },
		{ "0aff02", "", "more:hex: 3 bytes in the image, 0 in" },
		{ "QUJD", "QUJE", "more:b64: the blob differs" },
		{ "none,data,string,", "none,data,string,x", "more:none: " },
		{ "from.txt", "curve.bin", "out/csv/P-2.csv:18:18: error: "
		  "more:from: " },
		{ "curve.bin", "from.txt", "more:curve: 4200 bytes in the image, "
		  "11" },
		/* what it is */
		{ "a_u8,data,u8,2", "a_u8,data,i8,2", "dev:a_u8: u8 in the image, "
		  "i8" },
		{ "bin,data,binary", "bin,data,string", "more:bin: blob in the "
		  "image, string" },
		{ "text,data,string", "text,data,binary", "more:text: string in "
		  "the image, blob" },
		{ "hex,data,hex2bin", "hex,data,binary", "more:hex: 3 bytes in "
		  "the image, 6" },
		{ "from,file,", "from,data,", "more:from: 11 bytes in the image, "
		  "8" },
		{ "none,data,", "none,file,", "out/csv/P-2.csv:17:18: error: "
		  "more:none: " },
		/* where it is */
		{ "a_i8,", "a_i9,", "dev:a_i9: not in the image" },
		{ "more,namespace", "less,namespace", "less:text: not in the" },
		{ "dev,namespace", "dew,namespace", "dew:a_u8: not in the" },
		{ "idle,namespace", "idol,namespace", "idol: " },
		{ "last,namespace", "dev,namespace", "dev:a_u8: " },
		/* not readable any more */
		{ "a_u8,data,u8,2", "a_u8,data,u8,256", "out/csv/P-2.csv:3:14: "
		  "error: dev:a_u8: " },
		{ "a_u8,data,u8,2", "a_u8,data,u9,2", "out/csv/P-2.csv:3:11: "
		  "error: dev:a_u8: " },
		{ "a_u8,data,u8,2", "a_u8,date,u8,2", "out/csv/P-2.csv:3:6: "
		  "error: dev:a_u8: " },
		{ "QUJD", "QU*D", "out/csv/P-2.csv:16:17: error: more:b64: " },
		{ "0aff02", "0aff0", "out/csv/P-2.csv:15:18: error: more:hex: " },
		{ "from.txt", "absent", "out/csv/P-2.csv:18:18: error: "
		  "more:from: " },
		{ "key,type", "kee,type", "out/csv/P-2.csv:1:1: error: " },
		{ "a_u8,data,u8,2", "a_u8,data,u8,\"2\n3\"", "out/csv/P-2.csv:3" },
		{ "a_u8,data,u8,2", "\"a\n\t8\",data,u8,2", "dev:a\\x0a\\x098: "
		  "not in the image" },
	};
	size_t len;
	char *csv, want[200];

	(void)state;
	make_tree(BATCH_PLAIN);
	csv = get_file("out/csv/P-2.csv", &len);
	for (size_t n = 0; n < sizeof(cells) / sizeof(*cells); n++) {
		edit("out/csv/P-2.csv", cells[n].old, cells[n].new);
		verify_tree();
		snprintf(want, sizeof(want), "out/bin/P-2.bin: %s",
			 cells[n].told);
		assert_told(want, NULL);
		put_bytes_in("out/csv/P-2.csv", csv, len);
	}
	verify_tree();
	assert_told(NULL);
	free(csv);
}

/* Another spelling is no other value; the manifest knows it all the same. */
static void test_respelled_cells(void **state)
{
	(void)state;
	make_tree(BATCH_PLAIN);
	edit("out/csv/P-2.csv", "a_u8,data,u8,2", "a_u8,DATA,U8, 0x02 ");
	edit("out/csv/P-2.csv", "b64,data,base64,QUJD", "b64,data,binary,ABC");
	verify_tree();
	assert_told(NULL);
	verify_tree_with("out/m.csv");
	assert_told("out/bin/P-2.bin: the CSV is not the one in the manifest",
		    NULL);
}

static void test_added_and_deleted_rows(void **state)
{
	static const struct edited rows[] = {
		{ "last,namespace", "extra,data,u8,1\r\nlast,namespace",
		  "more:extra: not in the image" },
		{ "a_i8,data", "a_u8,data,u8,2\r\na_i8,data",
		  "dev:a_u8: not in the image" },
		{ "last,namespace", "fresh,namespace,,\r\nlast,namespace",
		  "fresh: " },
		{ "a_i16,data,i16,-302\r\n", "", "dev:a_i16: in the image, but "
		  "not in the CSV" },
		{ "none,data,string,\r\n", "", "more:none: in the image, but" },
		{ "idle,namespace,,\r\n", "", "idle: " },
		/* its keys fall to the namespace before */
		{ "last,namespace,,\r\n", "", "more:a_u8: not in the image" },
		{ "dev,namespace,,\r\n", "", "out/csv/P-2.csv:2:1: error: " },
	};
	size_t len;
	char *csv, want[200];

	(void)state;
	make_tree(BATCH_PLAIN);
	csv = get_file("out/csv/P-2.csv", &len);
	for (size_t n = 0; n < sizeof(rows) / sizeof(*rows); n++) {
		edit("out/csv/P-2.csv", rows[n].old, rows[n].new);
		verify_tree();
		snprintf(want, sizeof(want), "out/bin/P-2.bin: %s",
			 rows[n].told);
		assert_told(want, NULL);
		put_bytes_in("out/csv/P-2.csv", csv, len);
	}
	free(csv);
	put_text_in("out/csv/P-2.csv", "");
	verify_tree();
	assert_told("out/bin/P-2.bin: dev:a_u8: in the image, but", NULL);
	put_text_in("out/csv/P-2.csv", "key,type,encoding,value\r\n");
	verify_tree();
	assert_told("out/bin/P-2.bin: dev:a_u8: in the image, but", NULL);
	put_bytes_in("out/csv/P-2.csv", "key\0", 4);
	verify_tree();
	assert_told("out/bin/P-2.bin: ", NULL);
}

/* ---- How it runs ---- */

static void test_threads_tell_the_same(void **state)
{
	struct verify_options o = verify_options();
	static char first[sizeof(told.text)];
	struct err err;

	(void)state;
	make_many();
	for (int n = 1; n <= MANY; n += 3) {
		char path[40];

		snprintf(path, sizeof(path), "out/bin/P-%d.bin", n);
		must(truncate(path, 100));
	}
	must(run_verify(o, NULL, &err));
	assert_int_equal(told.count, 7);
	strcpy(first, told.text);
	for (o.jobs = 0; o.jobs < 9; o.jobs += 4) {
		must(run_verify(o, NULL, &err));
		assert_string_equal(told.text, first);
	}
}

static void test_interrupted(void **state)
{
	struct verify_options o = verify_options();
	atomic_int stop = 1;
	struct err err;

	(void)state;
	make_many();
	o.stop = &stop;
	assert_int_equal(run_verify(o, NULL, &err), ERR_INTERRUPTED);
	assert_int_equal(told.count, 0);
}

static void test_nothing_to_verify(void **state)
{
	struct verify_options o = verify_options();
	struct err err;

	(void)state;
	empty_scratch();
	assert_int_equal(run_verify(o, NULL, &err), ERR_INPUT);
	must(mkdir("out", 0777));
	must(mkdir("out/bin", 0777));
	assert_int_equal(run_verify(o, NULL, &err), ERR_INPUT);
	assert_non_null(strstr(err.msg, "out/bin"));
	put_text_in("file", "");
	o.outdir = "file";
	assert_int_equal(run_verify(o, NULL, &err), ERR_IO);
}

/*
 * Whatever allocation fails: the verification fails, or it tells what it tells
 * with enough memory. A wrong image never passes.
 */
static void fail_each_allocation(const char *damage)
{
	struct verify_options o = verify_options();
	static char all[sizeof(told.text)];
	struct err err;
	size_t n = 0;
	bool failed;
	int r;

	o.manifest = "out/m.csv";
	must(run_verify(o, NULL, &err));
	strcpy(all, told.text);
	assert_non_null(strstr(all, damage));
	do {
		fail_allocation(++n, false);
		r = run_verify(o, NULL, &err);
		failed = allocation_failed();
		if (r != ERR_NOMEM && strcmp(told.text, all) != 0)
			fail_msg("allocation %zu failed: %d, '%s'", n, r,
				 told.text);
	} while (failed);
	must(r);
	assert_true(n > 50);
}

static void test_out_of_memory(void **state)
{
	size_t len;
	char *image;

	(void)state;
	make_tree(BATCH_HMAC_DRAWN);
	edit("out/csv/P-2.csv", "a_u8,data,u8,2", "a_u8,data,u8,256");
	put_text_in("out/csv/P-9.csv", "");
	fail_each_allocation("P-2.csv:3:14: error");
	/* Found by a check alone: bytes behind a blob's end. */
	make_tree(BATCH_PLAIN);
	must(unlink("out/m.csv"));
	put_text_in("out/m.csv", HEADER);
	image = get_file("out/bin/P-1.bin", &len);
	for (size_t at = 0; at + 8 < len; at++)
		if (!memcmp(image + at, "binary 1", 8)) {
			image[at + 8] = 0;
			break;
		}
	put_bytes_in("out/bin/P-1.bin", image, len);
	free(image);
	fail_each_allocation("more:bin: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_given_key),
		cmocka_unit_test(test_version_1_and_small_sizes),
		cmocka_unit_test(test_swapped_pair),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_one_image_too_long),
		cmocka_unit_test(test_two_batches_of_different_size),
		cmocka_unit_test(test_images_that_are_links),
		cmocka_unit_test(test_batches_whose_prefixes_hold_a_hyphen),
		cmocka_unit_test(test_one_image_in_clear_beside_another_batch),
		cmocka_unit_test(test_missing_files),
		cmocka_unit_test(test_foreign_key_file),
		cmocka_unit_test(test_damaged_key_file),
		cmocka_unit_test(test_hmac_key_not_matching),
		cmocka_unit_test(test_surplus_files),
		cmocka_unit_test(test_edited_cells),
		cmocka_unit_test(test_respelled_cells),
		cmocka_unit_test(test_added_and_deleted_rows),
		cmocka_unit_test(test_threads_tell_the_same),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_nothing_to_verify),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
