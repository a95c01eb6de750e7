/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HomeKit setup data: a plan written is read as the same, a payload says what
 * went into it, the maker's entries and the setup data make one CSV.
 *
 * The first byte says which: the maker's entries, a table of accessories (a
 * column "name" names them when the next byte is odd), a payload.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <png.h>

#include "homekit.h"
#include "homekit_label.h"
#include "plan.h"

/* ---- The maker's entries ---- */

static struct homekit_setup setup(void)
{
	struct homekit_setup s = { .id = "ES32" };

	memset(s.salt, 0x5A, sizeof(s.salt));
	memset(s.verifier, 0xA5, sizeof(s.verifier));
	return s;
}

static void check_setup(const uint8_t *image, size_t size)
{
	static const char *const keys[] = {
		"setup_id", "setup_salt", "setup_verifier"
	};
	struct nvs_reader *r = fuzz_read(image, size);
	size_t n, found = 0;
	const struct nvs_read_item *i = nvs_reader_items(r, &n);

	fuzz_ensure_clean(r);
	for (; n; n--, i++)
		for (size_t k = 0; k < 3; k++)
			found += !strcmp(i->ns, HOMEKIT_NAMESPACE) &&
				 !strcmp(i->key, keys[k]);
	ENSURE(found == 3, "%zu of the setup data where it belongs", found);
	nvs_reader_free(r);
}

/* Entries that make an image make one with the setup data too. */
static void check_infile(const struct fuzz_in *text)
{
	struct homekit_infile in;
	struct homekit_setup s = setup();
	struct err err = ERR_INIT;
	struct buf csv = BUF_INIT;
	enum err_code why = ERR_NONE;
	uint8_t *alone, *image;
	int r;

	fuzz_file("infile.csv", text);
	r = homekit_infile_load(&in, "infile.csv", &err);
	if (r) {
		fuzz_check_err(&err, r);
		fuzz_check_place(&err, "infile.csv", true);
		return;
	}
	FUZZ_MUST(homekit_csv(&s, &in, &csv, &err));
	alone = fuzz_encode_text(in.text.data, in.text.len, 0x10000, 2, NULL);
	image = fuzz_encode_text(csv.data, csv.len, 0x10000, 2, &why);
	ENSURE(!image || alone, "an image in spite of wrong entries");
	/* They may hold our keys, or take all the room. */
	ENSURE(image || !alone || why == ERR_DUPLICATE || why == ERR_FULL ||
	       why == ERR_RANGE, "refused with the setup data: %d", (int)why);
	if (image)
		check_setup(image, 0x10000);
	mem_free(alone);
	mem_free(image);
	buf_release(&csv);
	homekit_infile_release(&in);
}

/* ---- Plans ---- */

static int fill(void *ctx, uint8_t *p, size_t n, struct err *err)
{
	(void)ctx;
	(void)err;
	memset(p, 0x77, n);
	return 0;
}

static int read_plan(struct plan *p, const void *text, size_t n, bool named,
		     const char *file)
{
	struct name_rule rule = { .prefix = "p" };
	struct fuzz_reports said;
	struct err_sink sink = fuzz_sink(&said, file);
	int r;

	*p = (struct plan)PLAN_INIT;
	r = plan_read(p, fuzz_fd(text, n), file, named ? PLAN_NAME_COLUMN :
							 NULL, &rule, &sink);
	ENSURE(!r == !said.count && r == (int)said.first,
	       "%d returned, %u reported", r, said.count);
	return r;
}

static void ensure_line(const struct plan_line *a, const struct plan_line *b)
{
	struct err err = ERR_INIT;

	FUZZ_MUST(homekit_code_check(a->code, &err));
	FUZZ_MUST(homekit_id_check(a->id, &err));
	ENSURE(!strcmp(a->code, b->code) && !strcmp(a->id, b->id) &&
	       a->has_salt && b->has_salt &&
	       !memcmp(a->salt, b->salt, sizeof(a->salt)) &&
	       !a->name == !b->name && (!a->name || !strcmp(a->name, b->name)),
	       "another accessory");
}

static void check_plan(const struct fuzz_in *text, bool named)
{
	struct random_source random = { fill, NULL };
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT;
	struct plan p, q;

	if (!read_plan(&p, text->p, text->n, named, "codes.csv")) {
		FUZZ_MUST(plan_draw_salts(&p, &random, &err));
		FUZZ_MUST(plan_put(&p, &out));
		ENSURE(!read_plan(&q, out.data, out.len, named, "plan.csv"),
		       "a written plan is refused");
		ENSURE(p.count == q.count, "%zu accessories, then %zu",
		       p.count, q.count);
		for (size_t i = 0; i < p.count; i++)
			ensure_line(&p.lines[i], &q.lines[i]);
		ENSURE(plan_adopt(&p, &q), "not the same plan");
		plan_release(&q);
	}
	plan_release(&p);
	buf_release(&out);
}

/* ---- Payloads ---- */

static uint64_t base36(const char *s, size_t n)
{
	uint64_t v = 0;

	for (; n; n--, s++) {
		ENSURE((*s >= '0' && *s <= '9') || (*s >= 'A' && *s <= 'Z'),
		       "no digit: %c", *s);
		v = 36 * v + (uint64_t)(*s <= '9' ? *s - '0' : *s - 'A' + 10);
	}
	return v;
}

static void check_labels(const char *payload, const char *shown)
{
	struct buf png = BUF_INIT, svg = BUF_INIT;
	png_image im = { .version = PNG_IMAGE_VERSION };
	struct err err = ERR_INIT;

	FUZZ_MUST(homekit_label_svg(payload, shown, &svg, &err));
	ENSURE(svg.len && fuzz_is_printable("") &&
	       memmem(svg.data, svg.len, "</svg>", 6), "no SVG");
	FUZZ_MUST(homekit_label_png(payload, shown, &png, &err));
	ENSURE(png_image_begin_read_from_memory(&im, png.data, png.len),
	       "no PNG: %s", im.message);
	png_image_free(&im);
	buf_release(&png);
	buf_release(&svg);
}

static void check_payload(struct fuzz_in *in)
{
	char out[HOMEKIT_PAYLOAD_MAX + 1], code[9] = "", id[5] = "";
	char data[17] = "", shown[HOMEKIT_SHOWN_LEN + 1];
	struct homekit_product p = { 0, 0, NULL };
	struct err err = ERR_INIT, category_err = ERR_INIT;
	struct fuzz_in category;
	uint64_t first;
	unsigned labels;
	char *word;

	labels = fuzz_byte(in);
	p.flags = fuzz_byte(in);
	fuzz_bytes(in, (uint8_t *)code, 8);
	fuzz_bytes(in, (uint8_t *)id, 4);
	if (labels & 2) {
		fuzz_bytes(in, (uint8_t *)data, 16);
		p.product_data = data;
	}
	category = fuzz_part(in);
	word = mem_strndup((const char *)category.p, category.n);
	ENSURE(word, "no memory");
	if (homekit_category(word, &p.category, &category_err))
		fuzz_check_err(&category_err, category_err.code);
	else
		ENSURE(p.category >= 1 && p.category <= 255, "category %u",
		       p.category);
	mem_free(word);
	fuzz_part_free(&category);
	if (homekit_product_check(&p, &err) || homekit_code_check(code, &err) ||
	    homekit_id_check(id, &err)) {
		fuzz_check_err(&err, err.code);
		return;
	}
	homekit_payload(&p, code, id, out);
	ENSURE(!strncmp(out, "X-HM://", 7), "payload %s", out);
	first = base36(out + 7, 9);
	ENSURE((first & 0x7FFFFFF) == strtoul(code, NULL, 10), "the code");
	ENSURE((first >> 27 & 0xF) == p.flags, "the flags");
	ENSURE((first >> 31 & 0xFF) == p.category, "the category");
	ENSURE(first >> 39 == (p.product_data ? 2 : 0), "the highest bits");
	ENSURE(!memcmp(out + 16, id, 4), "the id");
	ENSURE(strlen(out) == (p.product_data ? 38 : 20), "the length");
	homekit_code_show(code, shown);
	if (labels & 1)
		check_labels(out, shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size }, text;
	unsigned which = fuzz_byte(&in) % 3, named;

	fuzz_files_clear();
	if (which == 2) {
		check_payload(&in);
		return 0;
	}
	named = which == 1 ? fuzz_byte(&in) : 0;
	text = fuzz_part(&in);
	if (which == 1)
		check_plan(&text, named & 1);
	else
		check_infile(&text);
	fuzz_part_free(&text);
	return 0;
}
