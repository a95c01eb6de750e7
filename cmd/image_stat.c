/* SPDX-License-Identifier: Apache-2.0 */
/* image_stat.c - `nvs_tool stat`: how full an image is, and a map of it. */
#include "image.h"

#include <string.h>

/* Entries in a line of the map: a page takes two. */
#define MAP_WIDTH (NVS_PAGE_ENTRIES / 2)

struct totals {
	size_t used, erased, free; /* entries */
	size_t writable;           /* entries that still take data */
	size_t free_pages;
};

/* What one entry is, as the map shows it. */
enum cell {
	CELL_FREE, CELL_ERASED, CELL_DAMAGED, CELL_NAMESPACE, CELL_INTEGER,
	CELL_STRING, CELL_BLOB, CELL_INDEX, CELL_DATA, CELL_HIDDEN, CELLS
};

static const struct {
	char sign;
	enum style style;
	const char *meaning;
} cells[CELLS] = {
	[CELL_FREE] = { '.', STYLE_PLAIN, "free" },
	[CELL_ERASED] = { 'x', STYLE_PLAIN, "erased" },
	[CELL_DAMAGED] = { '!', STYLE_BOLD_RED, "damaged" },
	[CELL_NAMESPACE] = { 'N', STYLE_BOLD, "namespace" },
	[CELL_INTEGER] = { 'i', STYLE_GREEN, "integer" },
	[CELL_STRING] = { 's', STYLE_CYAN, "string" },
	[CELL_BLOB] = { 'b', STYLE_YELLOW, "blob" },
	[CELL_INDEX] = { 'B', STYLE_YELLOW, "blob index" },
	[CELL_DATA] = { '-', STYLE_PLAIN, "data of the one before" },
	[CELL_HIDDEN] = { '?', STYLE_PLAIN, "encrypted" },
};

static enum cell cell_of_type(const struct nvs_raw_entry *e)
{
	switch (e->kind) {
	case NVS_DATA_INT:
		return e->ns ? CELL_INTEGER : CELL_NAMESPACE;
	case NVS_DATA_INDEX:
		return CELL_INDEX;
	case NVS_DATA_SIZED:
		return e->type == NVS_STRING ? CELL_STRING : CELL_BLOB;
	default:
		return CELL_DAMAGED;
	}
}

/* Only entries with a right CRC are believed. */
static void map_page(const struct nvs_raw_page *page, bool hidden,
		     enum cell map[NVS_PAGE_ENTRIES])
{
	unsigned data = 0; /* entries that belong to the one before */

	for (unsigned n = 0; n < NVS_PAGE_ENTRIES; n++) {
		struct nvs_raw_entry e;

		nvs_raw_entry(&e, page, n);
		if (data)
			data--;
		if (e.state == NVS_ENTRY_EMPTY) {
			map[n] = e.blank ? CELL_FREE : CELL_DAMAGED;
		} else if (e.state == NVS_ENTRY_ERASED) {
			map[n] = CELL_ERASED;
		} else if (e.state == NVS_ENTRY_INVALID) {
			map[n] = CELL_DAMAGED;
		} else if (hidden) {
			map[n] = CELL_HIDDEN;
		} else if (data) {
			map[n] = CELL_DATA;
		} else if (e.blank || e.crc_stored != e.crc_computed) {
			map[n] = CELL_DAMAGED;
		} else {
			map[n] = cell_of_type(&e);
			data = e.span;
		}
	}
}

static void print_map(const struct view *v, const enum cell *map, size_t page)
{
	for (unsigned n = 0; n < NVS_PAGE_ENTRIES; n++) {
		if (n == 0)
			fprintf(v->out, "%5zu  ", page);
		else if (n == MAP_WIDTH)
			fputs("\n       ", v->out);
		view_print(v, cells[map[n]].style, "%c", cells[map[n]].sign);
	}
	fputc('\n', v->out);
}

static void print_legend(const struct view *v, const bool seen[CELLS])
{
	const char *between = "       ";

	for (unsigned n = 0; n < CELLS; n++) {
		if (!seen[n])
			continue;
		fputs(between, v->out);
		view_print(v, cells[n].style, "%c", cells[n].sign);
		fprintf(v->out, " %s", cells[n].meaning);
		between = "  ";
	}
	fputc('\n', v->out);
}

static void print_page(const struct view *v, const struct nvs_raw_page *page,
		       size_t number, struct totals *t)
{
	size_t count[4] = { 0 };
	char seqno[16] = "-";

	for (unsigned n = 0; n < NVS_PAGE_ENTRIES; n++)
		count[nvs_entry_state(page->bytes, n)]++;
	if (page->state != NVS_STATE_EMPTY)
		snprintf(seqno, sizeof(seqno), "%u", (unsigned)page->seqno);
	fprintf(v->out, "%5zu  0x%06zx  %-9s %10s %8zu %8zu %8zu\n", number,
		page->offset, view_status(page->state), seqno,
		count[NVS_ENTRY_WRITTEN], count[NVS_ENTRY_EMPTY],
		count[NVS_ENTRY_ERASED]);
	t->used += count[NVS_ENTRY_WRITTEN];
	t->free += count[NVS_ENTRY_EMPTY];
	t->erased += count[NVS_ENTRY_ERASED];
	if (page->state == NVS_STATE_ACTIVE)
		t->writable += count[NVS_ENTRY_EMPTY];
	if (page->state == NVS_STATE_EMPTY)
		t->free_pages++;
}

static void print_totals(const struct view *v, const struct image *im,
			 struct totals *t, size_t pages)
{
	bool kept = pages * NVS_PAGE_SIZE >= NVS_MIN_RW_SIZE && t->free_pages;
	size_t items, namespaces;

	nvs_reader_items(im->reader, &items);
	nvs_reader_namespaces(im->reader, &namespaces);
	t->writable += (t->free_pages - kept) * NVS_PAGE_ENTRIES;
	fprintf(v->out, "\nEntries: %zu used, %zu free, %zu erased, of %zu\n",
		t->used, t->free, t->erased,
		pages * (size_t)NVS_PAGE_ENTRIES);
	fprintf(v->out, "Left: %zu entries, %zu bytes%s\n", t->writable,
		t->writable * NVS_ENTRY_SIZE,
		kept ? "; one page is kept free for the firmware's clean-up" :
		       "");
	if (!im->garbage)
		fprintf(v->out, "Holds: %zu namespaces, %zu keys\n",
			namespaces, items);
}

int image_stat(const struct image *im, const struct view *v)
{
	enum cell map[NVS_PAGE_ENTRIES];
	bool seen[CELLS] = { false };
	struct nvs_raw_page page;
	struct totals t = { 0 };
	size_t pages = 0;

	view_print(v, STYLE_BOLD, "%5s  %-8s  %-9s %10s %8s %8s %8s", "Page",
		   "Offset", "State", "Number", "Used", "Free", "Erased");
	fputc('\n', v->out);
	for (; nvs_raw_page(&page, v->image, v->size, pages); pages++)
		print_page(v, &page, pages, &t);
	print_totals(v, im, &t, pages);
	fputc('\n', v->out);
	for (size_t n = 0; nvs_raw_page(&page, v->image, v->size, n); n++) {
		map_page(&page, im->garbage, map);
		print_map(v, map, n);
		for (unsigned i = 0; i < NVS_PAGE_ENTRIES; i++)
			seen[map[i]] = true;
	}
	print_legend(v, seen);
	if (im->garbage)
		view_warning(v, "%s: not one entry CRC is right: it seems to "
			     "be encrypted; --keys or --hmac-key shows more",
			     im->file);
	return CLI_OK;
}
