/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every single bit of every used page of an image, plain and encrypted: none
 * can flip unseen, and the report begins with the namespace and key that the
 * byte belongs to.
 */
#include "verify_tree.h"

#include <fcntl.h>

#include "compare.h"
#include "nvs_crypt.h"
#include "nvs_reader.h"

/* Sanitizers make it slow: then one bit of each byte, else all eight. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FLIPS 1u
#else
#define FLIPS 8u
#endif

/* ---- Every bit of every used page ---- */

/* To whom the bytes of an entry belong: "ns:key: ", or "ns:" of its entry. */
struct owner {
	char label[2 * NVS_KEY_SIZE + 4];
};

static struct owner owners[4 * NVS_PAGE_ENTRIES];

static void find_owners(const uint8_t *image, size_t size)
{
	const struct nvs_namespace *ns;
	struct err err = ERR_INIT;
	struct nvs_reader *r = nvs_reader_new(&err);
	struct nvs_raw_page page;
	struct nvs_raw_entry e;
	size_t count;

	assert_non_null(r);
	must(nvs_reader_load(r, image, size, &err));
	ns = nvs_reader_namespaces(r, &count);
	memset(owners, 0, sizeof(owners));
	for (size_t p = 0; nvs_raw_page(&page, image, size, p); p++) {
		for (unsigned n = 0; nvs_raw_walk(&page, &n, &e);) {
			struct owner *to = &owners[p * NVS_PAGE_ENTRIES];

			if (e.state != NVS_ENTRY_WRITTEN)
				continue;
			for (size_t i = 0; i < count; i++)
				if (e.ns && ns[i].index == e.ns)
					sprintf(to[e.index].label, "%s:%.16s: ",
						ns[i].name,
						(const char *)e.key);
			if (!e.ns)
				sprintf(to[e.index].label, "%.16s:",
					(const char *)e.key);
			for (unsigned i = 1; i <= e.children; i++)
				to[e.index + i] = to[e.index];
		}
	}
	nvs_reader_free(r);
}

static const char *owner_of(size_t at)
{
	size_t in_page = at % NVS_PAGE_SIZE;

	if (in_page < NVS_PAGE_ENTRIES_AT)
		return "";
	return owners[at / NVS_PAGE_SIZE * NVS_PAGE_ENTRIES +
		      (in_page - NVS_PAGE_ENTRIES_AT) / NVS_ENTRY_SIZE].label;
}

static void check_flip(struct compare *c, const struct compare_job *job,
		       size_t at, unsigned bit)
{
	struct buf why = BUF_INIT;
	struct err err = ERR_INIT;
	const char *owner = owner_of(at);

	must(compare_image(c, job, &why, &err));
	if (!why.len)
		fail_msg("bit %u of byte 0x%zx flipped: not noticed", bit, at);
	if (why.len < strlen(owner) ||
	    memcmp(why.data, owner, strlen(owner)) != 0)
		fail_msg("bit %u of byte 0x%zx flipped: '%s' is not named: "
			 "%.*s", bit, at, owner, (int)why.len,
			 (char *)why.data);
	buf_release(&why);
}

/* Flip each bit of the used pages of out/bin/P-1.bin in turn. */
static void flip_all(const char *keys)
{
	struct compare_job job = {
		.image = "out/bin/P-1.bin", .csv = "out/csv/P-1.csv",
		.keys = keys, .size = 0x4000,
	};
	struct err err = ERR_INIT;
	struct csv_files *files = csv_decoder_files(&err);
	size_t len, used = 0, flips = 0;
	struct nvs_keys loaded;
	struct compare c;
	char *image = get_file(job.image, &len);
	uint8_t *plain = malloc(len);
	int fd = open(job.image, O_WRONLY);

	assert_true(fd >= 0 && plain && files);
	must(compare_init(&c, files, &err));
	memcpy(plain, image, len);
	if (keys) {
		load_key(&loaded, keys);
		must(nvs_cipher_set_keys(c.cipher, &loaded, &err));
		must(nvs_image_decrypt(c.cipher, plain, len, &err));
	}
	find_owners(plain, len);
	while (used < len && le_get32(plain + used) != NVS_STATE_EMPTY)
		used += NVS_PAGE_SIZE;
	assert_int_equal(used, 2 * NVS_PAGE_SIZE);
	for (size_t at = 0; at < used; at++) {
		for (unsigned n = 0; n < FLIPS; n++) {
			unsigned bit = FLIPS == 8 ? n : (unsigned)(at * 5 % 8);
			char byte = (char)(image[at] ^ 1 << bit);

			assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
			check_flip(&c, &job, at, bit);
			flips++;
		}
		assert_int_equal(pwrite(fd, image + at, 1, (off_t)at), 1);
	}
	assert_int_equal(flips, used * FLIPS);
	close(fd);
	compare_release(&c);
	csv_files_free(files);
	free(image);
	free(plain);
	verify_tree();
	assert_told(NULL);
}

static void test_every_bit_of_a_plain_image(void **state)
{
	(void)state;
	make_tree(BATCH_PLAIN);
	flip_all(NULL);
}

static void test_every_bit_of_an_encrypted_image(void **state)
{
	(void)state;
	make_tree(BATCH_DRAWN);
	flip_all("out/keys/keys-P-1.bin");
}

/* One bit in each byte of the free pages, which hold nothing to name. */
static void test_free_pages(void **state)
{
	size_t len;
	char *image;

	(void)state;
	make_tree(BATCH_PLAIN);
	image = get_file("out/bin/P-1.bin", &len);
	for (size_t at = 2 * NVS_PAGE_SIZE; at < len; at += 61) {
		image[at] = (char)(image[at] ^ 1 << at % 8);
		put_bytes_in("out/bin/P-1.bin", image, len);
		verify_tree();
		assert_told("out/bin/P-1.bin: ", NULL);
		image[at] = (char)0xFF;
	}
	free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_bit_of_a_plain_image),
		cmocka_unit_test(test_every_bit_of_an_encrypted_image),
		cmocka_unit_test(test_free_pages),
	};

	return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
