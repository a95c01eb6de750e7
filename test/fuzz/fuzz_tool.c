/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nvs_tool shows of an image: no view prints what a terminal would obey,
 * JSON is JSON, and an exported image is generated again with the same items.
 *
 * The input's first byte for the target says which dump, bits of the second
 * one what else: 1 the integrity check, 2 a comparison, 4 an export.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>

#include "cli.h"
#include "dump.h"
#include "fuzz_image.h"
#include "image.h"
#include "nvs_wifi.h"
#include "text.h"

/* A view and what it prints. */
struct screen {
	struct view view;
	char *out, *err;
	size_t out_len, err_len;
};

static void screen_open(struct screen *s, const struct image *im)
{
	struct err err = ERR_INIT;

	*s = (struct screen){ .view = { .file = im->file,
					.image = im->bytes.data,
					.size = im->bytes.len } };
	s->view.out = open_memstream(&s->out, &s->out_len);
	s->view.err = open_memstream(&s->err, &s->err_len);
	ENSURE(s->view.out && s->view.err, "no memory");
	FUZZ_MUST(view_init(&s->view, &err));
}

static void ensure_harmless(const char *p, size_t n, const char *what)
{
	ENSURE(text_is_utf8(p, n, NULL), "%s: not UTF-8", what);
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)p[i];

		ENSURE(c == '\n' || c == '\t' || (c >= ' ' && c != 0x7F),
		       "%s: the control character 0x%02x", what, c);
		ENSURE(c != 0xC2 || i + 1 == n || (uint8_t)p[i + 1] >= 0xA0,
		       "%s: a C1 control character", what);
	}
}

/*
 * No more is printed; what was is looked at. A CSV and the dump "minimal",
 * both for scripts, hold strings as they are.
 */
static void screen_end(struct screen *s, const char *what)
{
	fclose(s->view.out);
	fclose(s->view.err);
	if (strcmp(what, "csv") != 0 && strcmp(what, "minimal") != 0)
		ensure_harmless(s->out, s->out_len, what);
	else
		ENSURE(text_is_utf8(s->out, s->out_len, NULL), "not UTF-8");
	ensure_harmless(s->err, s->err_len, what);
}

static void screen_free(struct screen *s)
{
	view_release(&s->view);
	free(s->out);
	free(s->err);
}

static void check_json(const struct dump *dump, const struct image *im)
{
	struct err err = ERR_INIT;
	struct screen s;
	cJSON *json;

	screen_open(&s, im);
	FUZZ_MUST(dump->json(&s.view, &err));
	screen_end(&s, "json");
	json = cJSON_ParseWithLength(s.out, s.out_len);
	ENSURE(json, "no JSON: %s", s.out);
	cJSON_Delete(json);
	screen_free(&s);
}

static void check_dump(const struct image *im, unsigned which)
{
	static const char *const names[] = {
		"all", "minimal", "written", "blobs", "namespaces",
		"storage_info"
	};
	const struct dump *dump = dump_named(names[which % 6]);
	struct err err = ERR_INIT;
	struct screen s;

	ENSURE(dump, "no dump %s", names[which % 6]);
	screen_open(&s, im);
	FUZZ_MUST(dump->text(&s.view, &err));
	screen_end(&s, dump->name);
	screen_free(&s);
	if (dump->json)
		check_json(dump, im);
}

/* It may be damaged, which is told on stderr, but it does not differ. */
static void check_diff(const struct image *im)
{
	struct screen s;
	int status;

	screen_open(&s, im);
	status = image_diff(im, im, &s.view);
	screen_end(&s, "diff");
	ENSURE(!s.out_len, "differs from itself: %s", s.out);
	ENSURE(status == CLI_OK || s.err_len, "fails without a word");
	screen_free(&s);
}

static void check_reports(const struct image *im)
{
	struct err err = ERR_INIT;
	size_t errors = 0, quiet = 0;
	struct screen s;

	screen_open(&s, im);
	FUZZ_MUST(integrity_check(&s.view, false, &errors, &err));
	FUZZ_MUST(integrity_check(&s.view, true, &quiet, &err));
	ENSURE(errors == quiet, "%zu errors, quietly %zu", errors, quiet);
	ENSURE(image_stat(im, &s.view) == CLI_OK, "no statistics");
	image_print_findings(im, s.view.out, NVS_NOTE);
	screen_end(&s, "report");
	screen_free(&s);
}

/* Companions of Wi-Fi settings are added to those that lack them. */
static bool may_grow(const struct image *im)
{
	size_t n;
	const struct nvs_namespace *ns = nvs_reader_namespaces(im->reader, &n);

	for (; n; n--, ns++)
		if (!strcmp(ns->name, NVS_WIFI_NAMESPACE))
			return true;
	return false;
}

static void check_export(const struct image *im)
{
	unsigned version = 256u - im->bytes.data[NVS_HEADER_VERSION];
	enum err_code why = ERR_NONE;
	struct nvs_reader *again;
	uint8_t *image;
	struct screen s;
	int status;

	screen_open(&s, im);
	status = image_export(im, NULL, &s.view);
	screen_end(&s, "csv");
	ENSURE(status == CLI_OK || (!s.out_len && s.err_len),
	       "refused, but printed, or without a word");
	if (status == CLI_OK && !may_grow(im) && version <= 2) {
		image = fuzz_encode_text(s.out, s.out_len, im->bytes.len,
					 version, &why);
		ENSURE(image || why == ERR_FULL || version == 1,
		       "the export is refused: %s", s.out);
		if (image) {
			again = fuzz_read(image, im->bytes.len);
			fuzz_ensure_items(im->reader, again);
			nvs_reader_free(again);
		}
		mem_free(image);
	}
	screen_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_image made;
	struct image im = { .file = "image.bin" };

	fuzz_image_make(&made, data, size);
	/* Printing is slow, and a page more shows nothing new. */
	made.size = made.size < 3 * NVS_PAGE_SIZE ?
		    made.size - made.size % NVS_PAGE_SIZE : 3 * NVS_PAGE_SIZE;
	im.bytes = (struct buf){ made.bytes, made.size, made.size };
	im.reader = fuzz_read(made.bytes, made.size);
	im.garbage = nvs_reader_is_garbage(im.reader);
	check_dump(&im, made.flip[0]);
	if (made.flip[1] & 1)
		check_reports(&im);
	if (made.flip[1] & 2)
		check_diff(&im);
	if (made.flip[1] & 4 && made.size)
		check_export(&im);
	nvs_reader_free(im.reader);
	fuzz_image_release(&made);
	return 0;
}
