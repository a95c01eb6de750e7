/* SPDX-License-Identifier: Apache-2.0 */
/* image_diff.c - `nvs_tool diff`: two images, key by key. */
#include "image.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* Bytes of a value that are shown. */
#define SHOWN_BYTES 16u

static int compare_names(const struct nvs_read_item *a,
			 const struct nvs_read_item *b)
{
	int c = strcmp(a->ns, b->ns);

	return c ? c : strcmp(a->key, b->key);
}

static int by_name(const void *a, const void *b)
{
	const struct nvs_read_item *x = *(const struct nvs_read_item *const *)a;
	const struct nvs_read_item *y = *(const struct nvs_read_item *const *)b;
	int c = compare_names(x, y);

	if (c)
		return c;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* The items by name, NULL behind the last; NULL when there is no memory. */
static const struct nvs_read_item **sorted_items(const struct image *im)
{
	const struct nvs_read_item **list, *items;
	size_t count;

	items = nvs_reader_items(im->reader, &count);
	list = mem_array(count + 1, sizeof(*list));
	if (!list)
		return NULL;
	for (size_t n = 0; n < count; n++)
		list[n] = &items[n];
	qsort(list, count, sizeof(*list), by_name);
	return list;
}

static void print_value(const struct view *v, const struct nvs_read_item *item)
{
	char text[4 * SHOWN_BYTES + 4];

	fprintf(v->out, "%s ", nvs_type_word(item->type));
	if (nvs_read_is_int(item) && (item->type & NVS_INT_SIGNED)) {
		fprintf(v->out, "%" PRId64, (int64_t)item->value);
	} else if (nvs_read_is_int(item)) {
		fprintf(v->out, "%" PRIu64, item->value);
	} else if (item->type == NVS_STRING) {
		fprintf(v->out, "\"%s\"",
			text_show(text, sizeof(text), (const char *)item->data,
				  item->len));
		if (strlen(text) + 1 >= sizeof(text) - 4)
			fprintf(v->out, " (%zu bytes)", item->len);
	} else {
		for (size_t n = 0; n < item->len && n < SHOWN_BYTES; n++)
			fprintf(v->out, "%02x", (unsigned)item->data[n]);
		fprintf(v->out, "%s (%zu bytes)",
			item->len > SHOWN_BYTES ? "..." : "", item->len);
	}
}

static void print_name(const struct view *v, enum style style, char sign,
		       const struct nvs_read_item *item)
{
	char ns[4 * NVS_KEY_SIZE], key[4 * NVS_KEY_SIZE];

	view_print(v, style, "%c %s:%s ", sign,
		   text_show(ns, sizeof(ns), item->ns, strlen(item->ns)),
		   text_show(key, sizeof(key), item->key, strlen(item->key)));
}

static void print_change(const struct view *v, const struct nvs_read_item *a,
			 const struct nvs_read_item *b)
{
	size_t n = 0;

	print_name(v, STYLE_YELLOW, '~', a);
	print_value(v, a);
	fputs(" -> ", v->out);
	print_value(v, b);
	if (!nvs_read_is_int(a) && !nvs_read_is_int(b)) {
		while (n < a->len && n < b->len && a->data[n] == b->data[n])
			n++;
		if (n < a->len || n < b->len)
			fprintf(v->out, ", from byte %zu on", n);
		else if (a->type != b->type)
			fputs(", another version of blob", v->out);
	}
	fputc('\n', v->out);
}

static void print_single(const struct view *v, enum style style, char sign,
			 const struct nvs_read_item *item)
{
	print_name(v, style, sign, item);
	print_value(v, item);
	fputc('\n', v->out);
}

/* Merge both lists; returns how many lines there were. */
static size_t compare(const struct view *v, const struct nvs_read_item **a,
		      const struct nvs_read_item **b)
{
	size_t differences = 0;

	while (*a || *b) {
		int c = !*a ? 1 : !*b ? -1 : compare_names(*a, *b);

		if (c < 0) {
			print_single(v, STYLE_RED, '-', *a++);
		} else if (c > 0) {
			print_single(v, STYLE_GREEN, '+', *b++);
		} else if (!nvs_read_equal(*a, *b)) {
			print_change(v, *a++, *b++);
		} else {
			a++;
			b++;
			continue;
		}
		differences++;
	}
	return differences;
}

/* Whether all of an image could be read; what could not is told. */
static bool is_whole(const struct image *im, const struct view *v)
{
	return !image_print_findings(im, v->err, NVS_ERROR).count[NVS_ERROR];
}

int image_diff(const struct image *a, const struct image *b,
	       const struct view *v)
{
	bool garbage = image_is_garbage(a, v);
	const struct nvs_read_item **x, **y;
	int status = CLI_FAILED;

	garbage |= image_is_garbage(b, v);
	if (garbage)
		return CLI_FAILED;
	/* One that was cut behind its last key has the same keys. */
	if (a->bytes.len != b->bytes.len)
		view_warning(v, "%s has %zu bytes, %s %zu", a->file,
			     a->bytes.len, b->file, b->bytes.len);
	x = sorted_items(a);
	y = sorted_items(b);
	if (!x || !y) {
		view_error(v, "out of memory");
	} else {
		bool whole = is_whole(a, v);

		whole &= is_whole(b, v);
		if (!compare(v, x, y) && whole)
			status = CLI_OK;
	}
	mem_free(x);
	mem_free(y);
	return status;
}
