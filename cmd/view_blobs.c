/* SPDX-License-Identifier: Apache-2.0 */
#include "view_blobs.h"

#include <stdlib.h>
#include <string.h>

/* By namespace and key, then by place: an index seen again comes later. */
static int compare_blob_names(const uint8_t *a, const uint8_t *b)
{
	if (a[NVS_ENTRY_NS] != b[NVS_ENTRY_NS])
		return a[NVS_ENTRY_NS] - b[NVS_ENTRY_NS];
	return memcmp(a + NVS_ENTRY_KEY, b + NVS_ENTRY_KEY, NVS_KEY_SIZE);
}

static int compare_blobs(const void *a, const void *b)
{
	const struct view_blob *x = a, *y = b;
	int c = compare_blob_names(x->index, y->index);

	if (c)
		return c;
	return x->place < y->place ? -1 : x->place > y->place;
}

static int compare_places(const void *a, const void *b)
{
	const struct view_blob *x = a, *y = b;

	return x->place < y->place ? -1 : x->place > y->place;
}

static int compare_chunks(const void *a, const void *b)
{
	const struct view_chunk *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static bool is_written(const struct nvs_raw_entry *e, uint8_t type)
{
	return e->state == NVS_ENTRY_WRITTEN && e->type == type;
}

/* Room for as many blobs, chunks and strays as there can be. */
static int allocate_blobs(struct view_blobs *b, const struct view *v)
{
	struct view_walk w = { .view = v };
	struct nvs_raw_entry e;
	size_t blobs = 1, chunks = 1;

	while (view_next(&w, &e)) {
		blobs += is_written(&e, NVS_BLOB_INDEX);
		chunks += is_written(&e, NVS_BLOB_CHUNK);
	}
	b->blobs = mem_array(blobs, sizeof(*b->blobs));
	b->chunks = mem_array(chunks, sizeof(*b->chunks));
	b->strays = mem_array(chunks, sizeof(*b->strays));
	return b->blobs && b->chunks && b->strays ? 0 : ERR_NOMEM;
}

/* Sorted by name; of several indexes of one name the last, placed as first. */
static void collect_blobs(struct view_blobs *b, const struct view *v)
{
	struct view_walk w = { .view = v };
	struct nvs_raw_entry e;
	size_t kept = 0;

	while (view_next(&w, &e)) {
		if (!is_written(&e, NVS_BLOB_INDEX))
			continue;
		b->blobs[b->blob_count] = (struct view_blob){
			.index = e.bytes, .place = b->blob_count
		};
		b->blob_count++;
	}
	qsort(b->blobs, b->blob_count, sizeof(*b->blobs), compare_blobs);
	for (size_t n = 0; n < b->blob_count; n++) {
		if (kept && !compare_blob_names(b->blobs[kept - 1].index,
						b->blobs[n].index))
			b->blobs[kept - 1].index = b->blobs[n].index;
		else
			b->blobs[kept++] = b->blobs[n];
	}
	b->blob_count = kept;
}

static int compare_entry(const void *entry, const void *blob)
{
	return compare_blob_names(entry,
				  ((const struct view_blob *)blob)->index);
}

static struct view_blob *find_blob(const struct view_blobs *b,
				   const uint8_t *entry)
{
	return b->blob_count ? bsearch(entry, b->blobs, b->blob_count,
				       sizeof(*b->blobs), compare_entry) :
			       NULL;
}

static void collect_chunks(struct view_blobs *b, const struct view *v)
{
	struct view_walk w = { .view = v };
	struct nvs_raw_entry e;

	while (view_next(&w, &e)) {
		struct view_blob *blob;
		unsigned start, count;

		if (!is_written(&e, NVS_BLOB_CHUNK))
			continue;
		blob = find_blob(b, e.bytes);
		start = blob ? blob->index[NVS_INDEX_START] : 0;
		count = blob ? blob->index[NVS_INDEX_COUNT] : 0;
		if (e.chunk < start || e.chunk >= start + count) {
			b->strays[b->stray_count++] = (struct view_stray){
				e.bytes, blob != NULL
			};
			continue;
		}
		b->chunks[b->chunk_count] = (struct view_chunk){
			.bytes = e.bytes,
			.children = e.children,
			.slot = e.chunk - start,
			.group = blob->place,
			.place = b->chunk_count,
		};
		b->chunk_count++;
	}
}

/* Give each blob its chunks; of several for one slot the last. */
static void assign_chunks(struct view_blobs *b)
{
	size_t kept = 0, n = 0;

	qsort(b->chunks, b->chunk_count, sizeof(*b->chunks), compare_chunks);
	qsort(b->blobs, b->blob_count, sizeof(*b->blobs), compare_places);
	for (size_t i = 0; i < b->blob_count; i++) {
		struct view_blob *blob = &b->blobs[i];
		size_t first = kept;

		blob->chunks = &b->chunks[first];
		for (; n < b->chunk_count && b->chunks[n].group == blob->place;
		     n++) {
			if (kept > first &&
			    b->chunks[kept - 1].slot == b->chunks[n].slot)
				kept--;
			b->chunks[kept++] = b->chunks[n];
		}
		blob->chunk_count = kept - first;
	}
}

int view_blobs_init(struct view_blobs *b, const struct view *v,
		    struct err *err)
{
	*b = (struct view_blobs){ 0 };
	if (allocate_blobs(b, v))
		return err_nomem(err);
	collect_blobs(b, v);
	collect_chunks(b, v);
	assign_chunks(b);
	return 0;
}

void view_blobs_release(struct view_blobs *b)
{
	mem_free(b->blobs);
	mem_free(b->chunks);
	mem_free(b->strays);
	*b = (struct view_blobs){ 0 };
}
