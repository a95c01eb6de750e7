/* SPDX-License-Identifier: Apache-2.0 */
#include "nvs_writer.h"

#include <string.h>

#include "buf.h"
#include "entry.h"
#include "page.h"

/* Items whose CRC up to the data is kept; with more, later ones replace it. */
#define SEALS 128u

/* Where the next entry goes. Placement is tried on a copy of it. */
struct place {
	size_t page;
	unsigned used;
};

/* The next larger partition size that is possible and can be written to. */
static uint64_t next_size(uint64_t size)
{
	size = size < NVS_MIN_RW_SIZE ? NVS_MIN_RW_SIZE :
	       size < NVS_MAX_SIZE ? size : NVS_MAX_SIZE;
	return (size + NVS_PAGE_SIZE - 1) / NVS_PAGE_SIZE * NVS_PAGE_SIZE;
}

int nvs_size_check(uint64_t size, struct err *err)
{
	if (!size || size % NVS_PAGE_SIZE)
		return err_set(err, ERR_RANGE, "%llu bytes are not a positive "
			       "multiple of %u, such as 0x%llx",
			       (unsigned long long)size, NVS_PAGE_SIZE,
			       (unsigned long long)next_size(size));
	if (size > NVS_MAX_SIZE)
		return err_set(err, ERR_RANGE, "a partition of %llu bytes is "
			       "larger than any flash chip (at most 0x%x)",
			       (unsigned long long)size, NVS_MAX_SIZE);
	return 0;
}

size_t nvs_usable_pages(size_t size)
{
	size_t pages = size / NVS_PAGE_SIZE;

	return size < NVS_MIN_RW_SIZE ? pages : pages - 1;
}

/* The smallest partition whose usable pages are as many. */
static size_t size_for(size_t pages)
{
	if (pages * NVS_PAGE_SIZE < NVS_MIN_RW_SIZE)
		return pages * NVS_PAGE_SIZE;
	return (pages + 1) * NVS_PAGE_SIZE;
}

int nvs_writer_init(struct nvs_writer *w, size_t size, unsigned version,
		    struct err *err)
{
	int r = nvs_size_check(size, err);

	if (r)
		return r;
	if (version != 1 && version != 2)
		return err_set(err, ERR_RANGE, "there is no NVS format version "
			       "%u, only 1 and 2", version);
	*w = (struct nvs_writer){
		.size = size,
		.usable = nvs_usable_pages(size),
		.version = version,
	};
	r = nvs_names_init(&w->names, err);
	if (r)
		return r;
	w->seals = mem_array(SEALS, sizeof(*w->seals));
	if (!w->seals) {
		nvs_names_release(&w->names);
		return err_nomem(err);
	}
	nvs_writer_start(w, NULL);
	return 0;
}

void nvs_writer_release(struct nvs_writer *w)
{
	nvs_names_release(&w->names);
	mem_free(w->seals);
	*w = (struct nvs_writer){ 0 };
}

static uint8_t *current_page(const struct nvs_writer *w)
{
	return w->image + w->page * NVS_PAGE_SIZE;
}

void nvs_writer_start(struct nvs_writer *w, uint8_t *image)
{
	w->image = image;
	w->page = 0;
	w->used = 0;
	w->entries = 0;
	w->sealed = 0;
	w->ns = 0;
	w->over[0] = '\0';
	nvs_names_clear(&w->names);
	if (image) {
		memset(image, 0xFF, w->size);
		nvs_page_open(image, 0, w->version);
	}
}

static void open_page(struct place *at)
{
	at->page++;
	at->used = 0;
}

/* An entry that stands alone. */
static void place_entry(struct place *at)
{
	if (at->used >= NVS_PAGE_ENTRIES)
		open_page(at);
}

/*
 * An item of span entries that has to stay on one page. The last entry of a
 * page never ends such an item, unless the page has nothing else.
 */
static void place_whole(struct place *at, unsigned span)
{
	if (at->used && at->used + span >= NVS_PAGE_ENTRIES)
		open_page(at);
}

/* Go to where the next chunk starts, and say how many bytes it takes. */
static size_t place_chunk(struct place *at, size_t left, bool *page_done)
{
	size_t room, take;

	place_entry(at);
	room = (size_t)(NVS_PAGE_ENTRIES - at->used - 1) * NVS_ENTRY_SIZE;
	take = left < room ? left : room;
	*page_done = take < left || room - take < NVS_ENTRY_SIZE;
	return take;
}

static unsigned span_of(size_t bytes)
{
	return 1 + (unsigned)((bytes + NVS_ENTRY_SIZE - 1) / NVS_ENTRY_SIZE);
}

/* Walk through a version-2 blob: how many chunks, and where its index ends. */
static unsigned place_blob(struct place *at, size_t len)
{
	unsigned chunks = 0;
	bool page_done;

	do {
		size_t take = place_chunk(at, len, &page_done);

		at->used += span_of(take);
		chunks++;
		len -= take;
		if (page_done)
			open_page(at);
	} while (len);
	at->used++;
	return chunks;
}

/* Whether the item that ends there fits; only measuring goes beyond. */
static int check_room(const struct nvs_writer *w, const struct place *end,
		      const char *key, struct err *err)
{
	if (end->page < w->usable || !w->image)
		return 0;
	return err_set(err, ERR_FULL, "'%s' does not fit: the partition of "
		       "0x%zx bytes is full", key, w->size);
}

/* Move to where an entry goes, which may be a new page. */
static void go_to(struct nvs_writer *w, const struct place *at)
{
	if (at->page != w->page) {
		if (w->image)
			nvs_page_fill(current_page(w));
		w->page = at->page;
		if (w->image && w->page < w->usable)
			nvs_page_open(current_page(w), (uint32_t)w->page,
				      w->version);
	}
	w->used = at->used;
}

/*
 * Start an item of span entries in the current place and mark it as written.
 * Returns its first entry for the data, NULL while measuring.
 */
static uint8_t *put_entry(struct nvs_writer *w, const struct nvs_entry *e)
{
	unsigned first = w->used;
	uint8_t *p;

	w->used += e->span;
	w->entries += e->span;
	if (w->page >= w->usable && !w->over[0])
		strcpy(w->over, e->key);
	if (!w->image)
		return NULL;
	nvs_page_mark(current_page(w), first, e->span);
	p = current_page(w) + NVS_PAGE_ENTRIES_AT +
	    (size_t)first * NVS_ENTRY_SIZE;
	nvs_entry_start(p, e);
	return p;
}

/* All of the entry at p is there but its CRC. */
static void seal(struct nvs_writer *w, uint8_t *p)
{
	nvs_entry_seal(p, &w->seals[w->sealed++ % SEALS]);
}

static void put_number(struct nvs_writer *w, const struct nvs_entry *e,
		       uint64_t number)
{
	uint8_t *p = put_entry(w, e), bytes[8];

	if (!p)
		return;
	le_put64(bytes, number);
	memcpy(p + NVS_ENTRY_DATA, bytes, NVS_INT_WIDTH(e->type));
	seal(w, p);
}

/*
 * Bytes of a string, blob or chunk behind its entry. The page is erased, so
 * the padding is there already; nul adds the one that ends a string.
 */
static void put_bytes(struct nvs_writer *w, const struct nvs_entry *e,
		      const uint8_t *data, size_t len, bool nul)
{
	uint8_t *p = put_entry(w, e);

	if (!p)
		return;
	if (len)
		memcpy(p + NVS_ENTRY_SIZE, data, len);
	if (nul)
		p[NVS_ENTRY_SIZE + len] = '\0';
	nvs_entry_put_length(p, p + NVS_ENTRY_SIZE, len + nul);
	seal(w, p);
}

/* Go to where an entry fits, unless there is no room, or its key is known. */
static int take_place(struct nvs_writer *w, const struct place *at,
		      const struct nvs_entry *e, struct err *err)
{
	int r = check_room(w, at, e->key, err);

	if (!r)
		r = nvs_names_key(&w->names, w->ns, e->key, e->chunk, err);
	if (!r)
		go_to(w, at);
	return r;
}

static int add_number(struct nvs_writer *w, const struct nvs_item *item,
		      struct err *err)
{
	struct nvs_entry e = { w->ns, (uint8_t)item->type, 1, NVS_CHUNK_NONE,
			       item->key };
	struct place at = { w->page, w->used };
	int r;

	place_entry(&at);
	r = take_place(w, &at, &e, err);
	if (!r)
		put_number(w, &e, item->number);
	return r;
}

/* A string, or a blob of version 1. */
static int add_whole(struct nvs_writer *w, const struct nvs_item *item,
		     struct err *err)
{
	bool nul = item->type == NVS_STRING;
	size_t max = w->version == 1 ? NVS_V1_MAX : NVS_STRING_MAX;
	struct nvs_entry e = { w->ns, (uint8_t)item->type, 0, NVS_CHUNK_NONE,
			       item->key };
	struct place at = { w->page, w->used };
	int r;

	if (item->len > max - nul)
		return err_set(err, ERR_RANGE, "%zu bytes are too long for a %s "
			       "in NVS version %u, at most %zu are possible",
			       item->len, nul ? "string" : "blob", w->version,
			       max - nul);
	e.span = (uint8_t)span_of(item->len + nul);
	place_whole(&at, e.span);
	r = take_place(w, &at, &e, err);
	if (!r)
		put_bytes(w, &e, item->data, item->len, nul);
	return r;
}

static int enter_blob(struct nvs_writer *w, const char *key, unsigned chunks,
		      struct err *err)
{
	int r = nvs_names_key(&w->names, w->ns, key, NVS_CHUNK_NONE, err);

	for (unsigned n = 0; n < chunks && !r; n++)
		r = nvs_names_key(&w->names, w->ns, key, (uint8_t)n, err);
	return r;
}

static void put_blob(struct nvs_writer *w, const struct nvs_item *item,
		     unsigned chunks)
{
	struct nvs_entry index = { w->ns, NVS_BLOB_INDEX, 1, NVS_CHUNK_NONE,
				   item->key };
	/* An empty blob may be nowhere, and has one chunk all the same. */
	const uint8_t *data = item->len ? item->data : (const uint8_t *)"";
	struct place at = { w->page, w->used };
	size_t done = 0;
	uint8_t *p;

	for (unsigned n = 0; n < chunks; n++) {
		struct nvs_entry e = { w->ns, NVS_BLOB_CHUNK, 0, (uint8_t)n,
				       item->key };
		bool page_done;
		size_t take = place_chunk(&at, item->len - done, &page_done);

		e.span = (uint8_t)span_of(take);
		go_to(w, &at);
		put_bytes(w, &e, data + done, take, false);
		done += take;
		at.used = w->used;
		if (page_done)
			open_page(&at);
	}
	go_to(w, &at);
	p = put_entry(w, &index);
	if (!p)
		return;
	le_put32(p + NVS_DATA_SIZE, (uint32_t)item->len);
	p[NVS_INDEX_COUNT] = (uint8_t)chunks;
	p[NVS_INDEX_START] = 0;
	seal(w, p);
}

/* A blob of version 2: chunks, then an index. */
static int add_blob(struct nvs_writer *w, const struct nvs_item *item,
		    struct err *err)
{
	struct place end = { w->page, w->used };
	unsigned chunks;
	int r;

	if (item->len > NVS_BLOB_MAX)
		return err_set(err, ERR_RANGE, "%zu bytes are too long for a "
			       "blob, at most %u are possible", item->len,
			       NVS_BLOB_MAX);
	chunks = place_blob(&end, item->len);
	if (chunks > NVS_MAX_CHUNKS)
		return err_set(err, ERR_RANGE, "%zu bytes make %u chunks from "
			       "here, a blob has at most %u", item->len, chunks,
			       NVS_MAX_CHUNKS);
	r = check_room(w, &end, item->key, err);
	if (!r)
		r = enter_blob(w, item->key, chunks, err);
	if (!r)
		put_blob(w, item, chunks);
	return r;
}

int nvs_writer_namespace(struct nvs_writer *w, const char *name,
			 struct err *err)
{
	struct place at = { w->page, w->used };
	struct nvs_entry e = { 0, NVS_U8, 1, NVS_CHUNK_NONE, name };
	uint8_t index;
	bool is_new;
	int r;

	place_entry(&at);
	r = nvs_names_find(&w->names, name, &index) ? 0 :
	    check_room(w, &at, name, err);
	if (!r)
		r = nvs_names_namespace(&w->names, name, &index, &is_new, err);
	if (r)
		return r;
	w->ns = index;
	if (is_new) {
		go_to(w, &at);
		put_number(w, &e, index);
	}
	return 0;
}

int nvs_writer_add(struct nvs_writer *w, const struct nvs_item *item,
		   struct err *err)
{
	if (!w->ns)
		return err_set(err, ERR_INPUT, "key '%s' stands before any "
			       "namespace", item->key);
	if (item->type == NVS_STRING)
		return add_whole(w, item, err);
	if (item->type == NVS_BLOB)
		return w->version == 1 ? add_whole(w, item, err) :
					 add_blob(w, item, err);
	return add_number(w, item, err);
}

bool nvs_writer_is_over(const struct nvs_writer *w)
{
	return w->over[0] != '\0';
}

static int sink_namespace(void *ctx, const char *name, struct err *err)
{
	return nvs_writer_namespace(ctx, name, err);
}

static int sink_add(void *ctx, const struct nvs_item *item, struct err *err)
{
	return nvs_writer_add(ctx, item, err);
}

struct nvs_item_sink nvs_writer_sink(struct nvs_writer *w)
{
	return (struct nvs_item_sink){
		.open_namespace = sink_namespace,
		.add = sink_add,
		.ctx = w,
		.lengths_only = !w->image,
	};
}

int nvs_writer_finish(struct nvs_writer *w, struct nvs_usage *usage,
		      struct err *err)
{
	size_t pages = w->page + 1;

	w->ns = 0;
	if (usage)
		*usage = (struct nvs_usage){
			.pages = pages,
			.usable = w->usable,
			.entries = w->entries,
			.needed = size_for(pages),
		};
	if (pages > w->usable)
		return err_set(err, ERR_FULL, "the data does not fit the "
			       "partition of 0x%zx bytes, it needs at least "
			       "0x%zx ('%s' is the first that is out)",
			       w->size, size_for(pages), w->over);
	return 0;
}
