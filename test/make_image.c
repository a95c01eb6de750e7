/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_image - images that no generator writes, for the shell tests.
 *
 *   make_image NAME    the image of that name on stdout
 */
#include <stdio.h>

#include "image_maker.h"

#define SIZE (3 * NVS_PAGE_SIZE)

/* Text that a terminal or a markup library would take for orders. */
static void markup(struct maker *m)
{
	make_namespace(m, "cfg", 1);
	make_string(m, 1, "a[red]", "x[red]y[/b]");
	make_string(m, 1, "esc\033[2J\177\205", "\033[1mbold");
}

/* Strings that are not text. */
static void not_text(struct maker *m)
{
	make_namespace(m, "cfg", 1);
	make_string(m, 1, "latin1", "caf\xE9 \xE2\x82 \xF0\x9F\x98\x80!");
}

/* Latin-1 characters that are no control characters, but look like others. */
static void latin1_keys(struct maker *m)
{
	make_namespace(m, "n\xA0s", 1);
	make_namespace(m, "\xADunused", 2);
	make_int(m, 9, NVS_U8, "a\xA0""b\xAD""c", 1);
	make_int(m, 9, NVS_U8, "a\xA0""b\xAD""c", 1);
}

static void inner_nul(struct maker *m)
{
	make_namespace(m, "cfg", 1);
	make_sized(m, 1, NVS_STRING, NVS_CHUNK_NONE, "nul", "ab\0cd", 6);
}

static void carriage_return(struct maker *m)
{
	make_namespace(m, "cfg/x", 1);
	make_int(m, 1, NVS_U8, "before", 1);
	make_string(m, 1, "cr lf", "one\r\ntwo\r");
	make_int(m, 1, NVS_U8, "after", 2);
}

/* What a CSV has to quote. */
static void quoting(struct maker *m)
{
	make_namespace(m, "#ns", 1);
	make_string(m, 1, "#key", "# no comment\n# none either\n\n  x");
	make_string(m, 1, "a,b\"c", "7\" TFT, \"quoted\"");
	make_string(m, 1, "blanks", "  in front and behind  ");
	make_string(m, 1, "empty", "");
	make_namespace(m, "unused", 2);
	make_namespace(m, "third", 3);
	make_int(m, 3, NVS_I64, "min", UINT64_C(1) << 63);
	make_int(m, 1, NVS_U64, "max", UINT64_MAX);
	make_sized(m, 3, NVS_BLOB_CHUNK, 0, "nothing", "", 0);
	make_index(m, 3, "nothing", 0, 1, 0);
}

/* An integer whose span takes the next two entries for its data. */
static void integer_span(struct maker *m)
{
	uint8_t *p;

	make_namespace(m, "cfg", 1);
	p = make_int(m, 1, NVS_U8, "wide", 7);
	p[NVS_ENTRY_SPAN] = 3;
	make_seal(p);
	make_int(m, 1, NVS_U8, "x", 1);
	make_int(m, 1, NVS_U8, "y", 1);
}

/* Chunks beyond and below those of the index; others of its name. */
static void chunk_range(struct maker *m)
{
	make_namespace(m, "cfg", 1);
	make_sized(m, 1, NVS_BLOB_CHUNK, 0x80, "b", "in", 2);
	make_sized(m, 1, NVS_BLOB_CHUNK, 5, "b", "below", 5);
	make_sized(m, 1, NVS_BLOB_CHUNK, 0x90, "b", "beyond", 6);
	make_index(m, 1, "b", 2, 1, 0x80);
	make_int(m, 1, NVS_U8, "b", 1);
	make_string(m, 1, "b", "text");
}

/* A namespace without a name, and entries of namespace 0 that name none. */
static void nameless(struct maker *m)
{
	make_string(m, 0, "string", "x");
	make_index(m, 0, "index", 0, 0, 0);
	make_namespace(m, "cfg", 1);
	make_int(m, 0, NVS_I8, "negative", (uint64_t)-5);
	make_int(m, 0, NVS_U32, "large", 70000);
	make_string(m, 9, "lost", "found");
	make_sized(m, 9, NVS_BLOB_CHUNK, 0, "blob", "bytes", 5);
	make_index(m, 9, "blob", 5, 1, 0);
}

/* Two pages of one number, each with a page's worth of the same key. */
static void many_twins(struct maker *m)
{
	make_namespace(m, "cfg", 1);
	for (unsigned n = 0; n < 125; n++)
		make_int(m, 1, NVS_U8, "twin", n);
	make_page(m, 1);
	for (unsigned n = 0; n < 126; n++)
		make_int(m, 1, NVS_U8, "twin", n);
}

/*
 * What is left of an item whose erasure was interrupted: data that looks like
 * an entry of five. Two keys and an entry without a state stand behind it.
 */
static void erased_garbage(struct maker *m)
{
	uint8_t *p;

	make_namespace(m, "cfg", 1);
	p = make_entry(m, 0x55, 0x55, 1, 0x55, "garbage");
	p[NVS_ENTRY_SPAN] = 5;
	make_state(m->page, 1, NVS_ENTRY_ERASED);
	make_int(m, 1, NVS_U8, "hidden", 1);
	make_int(m, 1, NVS_U8, "hidden too", 2);
}

/* Version 1, and what today's firmware has added to it. */
static void lived_on(struct maker *m)
{
	make_start(m, m->image, m->size, 1);
	make_namespace(m, "cfg", 1);
	make_sized(m, 1, NVS_BLOB, NVS_CHUNK_NONE, "old", "bytes", 5);
	make_sized(m, 1, NVS_BLOB_CHUNK, 0, "new", "bytes", 5);
	make_index(m, 1, "new", 5, 1, 0);
}

/* A sound image, and one with other values. */
static void left(struct maker *m)
{
	make_namespace(m, "cfg", 1);
	make_int(m, 1, NVS_U8, "same", 1);
	make_int(m, 1, NVS_U8, "gone", 2);
	make_int(m, 1, NVS_I16, "number", (uint64_t)-300);
	make_string(m, 1, "text", "hello");
	make_sized(m, 1, NVS_BLOB_CHUNK, 0, "blob", "abcdef", 6);
	make_index(m, 1, "blob", 6, 1, 0);
}

static void right(struct maker *m)
{
	make_namespace(m, "new", 1);
	make_int(m, 1, NVS_U8, "key", 9);
	make_namespace(m, "cfg", 2);
	make_string(m, 2, "text", "help");
	make_int(m, 2, NVS_U32, "number", 300);
	make_sized(m, 2, NVS_BLOB_CHUNK, 0, "blob", "abcxef", 6);
	make_index(m, 2, "blob", 6, 1, 0);
	make_int(m, 2, NVS_U8, "same", 1);
}

static const struct {
	const char *name;
	void (*make)(struct maker *m);
} images[] = {
	{ "markup", markup },
	{ "not_text", not_text },
	{ "latin1_keys", latin1_keys },
	{ "inner_nul", inner_nul },
	{ "carriage_return", carriage_return },
	{ "quoting", quoting },
	{ "integer_span", integer_span },
	{ "chunk_range", chunk_range },
	{ "nameless", nameless },
	{ "many_twins", many_twins },
	{ "erased_garbage", erased_garbage },
	{ "lived_on", lived_on },
	{ "left", left },
	{ "right", right },
};

int main(int argc, char **argv)
{
	static uint8_t image[SIZE];
	struct maker m;

	for (size_t n = 0; n < sizeof(images) / sizeof(*images); n++) {
		if (argc != 2 || strcmp(argv[1], images[n].name) != 0)
			continue;
		make_start(&m, image, SIZE, 2);
		images[n].make(&m);
		return fwrite(image, 1, SIZE, stdout) == SIZE ? 0 : 1;
	}
	fputs("make_image: which image?\n", stderr);
	return 2;
}
