/* SPDX-License-Identifier: Apache-2.0 */
#include "reader.h"

#include <stdlib.h>
#include <string.h>

bool nvs_is_erased(const uint8_t *p, size_t n)
{
	return !n || (p[0] == 0xFF && !memcmp(p, p + 1, n - 1));
}

/* ---- Raw view ---- */

enum nvs_data_kind nvs_type_kind(uint8_t type)
{
	switch (type) {
	case NVS_U8:
	case NVS_U16:
	case NVS_U32:
	case NVS_U64:
	case NVS_I8:
	case NVS_I16:
	case NVS_I32:
	case NVS_I64:
		return NVS_DATA_INT;
	case NVS_STRING:
	case NVS_BLOB:
	case NVS_BLOB_CHUNK:
		return NVS_DATA_SIZED;
	case NVS_BLOB_INDEX:
		return NVS_DATA_INDEX;
	default:
		return NVS_DATA_NONE;
	}
}

bool nvs_raw_page(struct nvs_raw_page *page, const uint8_t *image, size_t size,
		  size_t n)
{
	const uint8_t *p;

	if (n >= size / NVS_PAGE_SIZE)
		return false;
	p = image + n * NVS_PAGE_SIZE;
	*page = (struct nvs_raw_page){
		.bytes = p,
		.offset = n * NVS_PAGE_SIZE,
		.state = le_get32(p + NVS_HEADER_STATE),
		.seqno = le_get32(p + NVS_HEADER_SEQNO),
		.version = 256u - p[NVS_HEADER_VERSION],
		.crc_stored = le_get32(p + NVS_HEADER_CRC),
		.crc_computed = nvs_header_crc(p),
		.blank = nvs_is_erased(p, NVS_PAGE_BITMAP),
	};
	return true;
}

/* The integer at the start of an entry's data, in its type's own width. */
static uint64_t integer(const uint8_t *p, uint8_t type)
{
	unsigned bits = 8 * NVS_INT_WIDTH(type);
	uint64_t v = le_get64(p);

	if (bits == 64)
		return v;
	v &= (UINT64_C(1) << bits) - 1;
	if ((type & NVS_INT_SIGNED) && v >> (bits - 1))
		v |= UINT64_MAX << bits;
	return v;
}

static void decode_data(struct nvs_raw_entry *e)
{
	const uint8_t *p = e->bytes;

	e->kind = nvs_type_kind(e->type);
	e->data_crc = le_get32(p + NVS_DATA_CRC);
	if (e->kind == NVS_DATA_INT) {
		e->value = integer(p + NVS_ENTRY_DATA, e->type);
	} else if (e->kind == NVS_DATA_SIZED) {
		e->size = le_get16(p + NVS_DATA_SIZE);
	} else if (e->kind == NVS_DATA_INDEX) {
		e->size = le_get32(p + NVS_DATA_SIZE);
		e->chunk_count = p[NVS_INDEX_COUNT];
		e->chunk_start = p[NVS_INDEX_START];
	}
}

bool nvs_raw_entry(struct nvs_raw_entry *entry, const struct nvs_raw_page *page,
		   unsigned n)
{
	const uint8_t *p;
	size_t key_len = NVS_KEY_SIZE;

	if (n >= NVS_PAGE_ENTRIES)
		return false;
	p = nvs_entry_at(page->bytes, n);
	while (key_len && !p[NVS_ENTRY_KEY + key_len - 1])
		key_len--;
	*entry = (struct nvs_raw_entry){
		.bytes = p,
		.offset = page->offset + (size_t)(p - page->bytes),
		.index = n,
		.state = nvs_entry_state(page->bytes, n),
		.blank = nvs_is_erased(p, NVS_ENTRY_SIZE),
		.ns = p[NVS_ENTRY_NS],
		.type = p[NVS_ENTRY_TYPE],
		.span = p[NVS_ENTRY_SPAN],
		.chunk = p[NVS_ENTRY_CHUNK],
		.crc_stored = le_get32(p + NVS_ENTRY_CRC),
		.crc_computed = nvs_entry_crc(p),
		.key = p + NVS_ENTRY_KEY,
		.key_len = key_len,
		.step = 1,
	};
	decode_data(entry);
	return true;
}

bool nvs_raw_walk(const struct nvs_raw_page *page, unsigned *next,
		  struct nvs_raw_entry *entry)
{
	unsigned left;

	if (!nvs_raw_entry(entry, page, *next))
		return false;
	left = NVS_PAGE_ENTRIES - 1 - entry->index;
	if (entry->span != 0 && entry->span != 255)
		entry->step = entry->span;
	entry->children = entry->step - 1 < left ? entry->step - 1 : left;
	*next = entry->index + 1 + entry->children;
	return true;
}

size_t nvs_raw_data_len(const struct nvs_raw_entry *e)
{
	size_t have = e->children * (size_t)NVS_ENTRY_SIZE;

	if (e->kind != NVS_DATA_SIZED && e->kind != NVS_DATA_INDEX)
		return have;
	return e->size < have ? e->size : have;
}

uint32_t nvs_raw_data_computed(const struct nvs_raw_entry *e)
{
	size_t len = nvs_raw_data_len(e);

	if (e->step == 1)
		return 0;
	if (!len)
		len = e->children * (size_t)NVS_ENTRY_SIZE;
	return nvs_crc32(nvs_raw_children(e), len);
}

/* ---- Records: what the entries marked as written turn out to be ---- */

bool nvs_page_is_read(const struct nvs_raw_page *page)
{
	return page->crc_stored == page->crc_computed &&
	       (page->state == NVS_STATE_ACTIVE ||
		page->state == NVS_STATE_FULL ||
		page->state == NVS_STATE_FREEING);
}

bool nvs_same_identity(const uint8_t *a, const uint8_t *b)
{
	return a[NVS_ENTRY_NS] == b[NVS_ENTRY_NS] &&
	       a[NVS_ENTRY_CHUNK] == b[NVS_ENTRY_CHUNK] &&
	       !memcmp(a + NVS_ENTRY_KEY, b + NVS_ENTRY_KEY, NVS_KEY_SIZE);
}

static uint32_t lookup_hash(uint8_t ns, const uint8_t *key, uint8_t chunk)
{
	uint8_t text[1 + NVS_KEY_SIZE + 1];

	text[0] = ns;
	memcpy(text + 1, key, NVS_KEY_SIZE);
	text[1 + NVS_KEY_SIZE] = chunk;
	return nvs_crc32(text, sizeof(text)) & 0xFFFFFFu;
}

/* A key has 1 to 15 bytes, a NUL, and nothing but NULs from there on. */
static bool key_is_sound(const uint8_t *key, size_t len)
{
	return len >= 1 && len <= NVS_KEY_MAX && !memchr(key, 0, len);
}

static bool reserved_is_erased(const struct nvs_raw_entry *e)
{
	unsigned width = NVS_INT_WIDTH(e->type);

	if (e->kind == NVS_DATA_INT)
		return nvs_is_erased(e->bytes + NVS_ENTRY_DATA + width,
				     NVS_ENTRY_SIZE - NVS_ENTRY_DATA - width);
	if (e->kind == NVS_DATA_SIZED)
		return nvs_is_erased(e->bytes + NVS_DATA_RESERVED, 2);
	return nvs_is_erased(e->bytes + NVS_INDEX_RESERVED, 2);
}

/*
 * What the firmware takes, not what a generator may write: it goes on in
 * pages of version 1 with strings of up to 4000 bytes.
 */
static uint32_t length_limit(uint8_t type)
{
	if (type == NVS_BLOB_INDEX)
		return NVS_BLOB_MAX;
	if (type == NVS_BLOB)
		return NVS_V1_MAX;
	return NVS_STRING_MAX;
}

static uint32_t string_faults(const struct nvs_record *rec)
{
	const uint8_t *nul;

	if (!rec->len || rec->data[rec->len - 1])
		return FAULT_NO_NUL;
	nul = memchr(rec->data, 0, rec->len);
	return nul != rec->data + rec->len - 1 ? FAULT_INNER_NUL : 0;
}

/* The entries behind a sized item: all there, written and with a right CRC? */
static uint32_t body_faults(struct nvs_record *rec,
			    const struct nvs_raw_page *page,
			    const struct nvs_raw_entry *e)
{
	unsigned span = nvs_span_of(e->size);
	uint32_t faults = 0;

	if (e->span != span || e->index + span > NVS_PAGE_ENTRIES)
		return FAULT_SPAN;
	rec->data = e->bytes + NVS_ENTRY_SIZE;
	rec->len = e->size;
	for (unsigned n = 1; n < span; n++)
		if (nvs_entry_state(page->bytes, e->index + n) !=
		    NVS_ENTRY_WRITTEN)
			faults |= FAULT_BODY;
	if (nvs_crc32(rec->data, rec->len) != e->data_crc)
		faults |= FAULT_DATA_CRC;
	if (!nvs_is_erased(rec->data + rec->len,
			   (span - 1) * NVS_ENTRY_SIZE - rec->len))
		faults |= FAULT_PADDING;
	if (e->type == NVS_STRING)
		faults |= string_faults(rec);
	return faults;
}

/* Everything that an entry and its data alone can tell. */
static void judge(struct nvs_record *rec, const struct nvs_raw_page *page,
		  const struct nvs_raw_entry *e)
{
	bool chunked = e->type == NVS_BLOB_CHUNK;

	if (e->blank || e->crc_stored != e->crc_computed) {
		rec->faults = e->blank ? FAULT_BLANK : FAULT_CRC;
		return;
	}
	if (!key_is_sound(e->key, e->key_len))
		rec->faults |= FAULT_KEY;
	if (e->kind == NVS_DATA_NONE) {
		rec->faults |= FAULT_TYPE;
		return;
	}
	if (e->kind == NVS_DATA_SIZED)
		rec->faults |= body_faults(rec, page, e);
	else if (e->span != 1)
		rec->faults |= FAULT_SPAN;
	if ((e->chunk == NVS_CHUNK_NONE) == chunked)
		rec->faults |= FAULT_CHUNK_FIELD;
	if (!reserved_is_erased(e))
		rec->faults |= FAULT_RESERVED;
	if (e->size > length_limit(e->type))
		rec->faults |= FAULT_LENGTH;
	if (e->ns == 0 && (e->type != NVS_U8 || e->value < 1 ||
			   e->value > NVS_MAX_NAMESPACES))
		rec->faults |= FAULT_NS_DEFINITION;
}

/*
 * How many entries to step over. A span may be believed under a right CRC;
 * without one only when it agrees with type and size, so that neither the
 * data of a damaged item is taken for items nor a garbage span hides some.
 */
static unsigned step(const struct nvs_raw_entry *e)
{
	unsigned left = NVS_PAGE_ENTRIES - e->index;
	bool sound = !e->blank && e->crc_stored == e->crc_computed;

	/* The span is wrong, but the rest of the entry can be believed. */
	if (sound && (e->span == 0 || e->span > left) &&
	    e->kind == NVS_DATA_SIZED && nvs_span_of(e->size) <= left)
		return nvs_span_of(e->size);
	if (e->blank || e->span == 0 || e->span > left)
		return 1;
	if (sound)
		return e->span;
	return e->kind == NVS_DATA_SIZED && e->span == nvs_span_of(e->size) ?
	       e->span : 1;
}

static int add_record(struct nvs_reader *r, size_t page,
		      const struct nvs_raw_entry *e)
{
	struct nvs_record *rec;

	rec = mem_grow(r->records, r->record_count + 1, &r->record_cap,
		       sizeof(*rec));
	if (!rec)
		return ERR_NOMEM;
	r->records = rec;
	rec += r->record_count++;
	*rec = (struct nvs_record){
		.bytes = e->bytes,
		.page = (uint32_t)page,
		.next = NO_RECORD,
	};
	judge(rec, &r->pages[page], e);
	if (!(rec->faults & FAULTS_UNIDENTIFIED))
		rec->hash = lookup_hash(e->ns, e->key, e->chunk);
	return 0;
}

static int read_page(struct nvs_reader *r, size_t page)
{
	struct nvs_raw_entry e;
	unsigned n = 0;

	if (!nvs_page_is_read(&r->pages[page]))
		return 0;
	while (n < NVS_PAGE_ENTRIES) {
		if (nvs_entry_state(r->pages[page].bytes, n) !=
		    NVS_ENTRY_WRITTEN) {
			n++;
			continue;
		}
		nvs_raw_entry(&e, &r->pages[page], n);
		if (add_record(r, page, &e))
			return ERR_NOMEM;
		n += step(&e);
	}
	return 0;
}

static int read_pages(struct nvs_reader *r)
{
	size_t count = r->size / NVS_PAGE_SIZE;
	void *p;

	p = mem_grow(r->pages, count, &r->page_cap, sizeof(*r->pages));
	if (!p)
		return ERR_NOMEM;
	r->pages = p;
	for (size_t n = 0; n < count; n++) {
		nvs_raw_page(&r->pages[n], r->image, r->size, n);
		r->page_count = n + 1;
		if (read_page(r, n))
			return ERR_NOMEM;
	}
	return 0;
}

/* ---- What only the whole image can tell ---- */

static int compare_pages(const void *a, const void *b)
{
	const struct nvs_raw_page *x = *(const struct nvs_raw_page *const *)a;
	const struct nvs_raw_page *y = *(const struct nvs_raw_page *const *)b;

	if (x->seqno != y->seqno)
		return x->seqno < y->seqno ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int order_pages(struct nvs_reader *r)
{
	void *p;

	p = mem_grow(r->order, r->page_count, &r->order_cap,
		     sizeof(*r->order));
	if (!p)
		return ERR_NOMEM;
	r->order = p;
	for (size_t n = 0; n < r->page_count; n++)
		if (nvs_page_is_read(&r->pages[n]))
			r->order[r->order_count++] = &r->pages[n];
	qsort(r->order, r->order_count, sizeof(*r->order), compare_pages);
	return 0;
}

/* By hash, namespace, chunk and key. */
static int compare_identity(const struct nvs_sorted *a,
			    const struct nvs_sorted *b)
{
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	if (a->bytes[NVS_ENTRY_NS] != b->bytes[NVS_ENTRY_NS])
		return a->bytes[NVS_ENTRY_NS] - b->bytes[NVS_ENTRY_NS];
	if (a->bytes[NVS_ENTRY_CHUNK] != b->bytes[NVS_ENTRY_CHUNK])
		return a->bytes[NVS_ENTRY_CHUNK] - b->bytes[NVS_ENTRY_CHUNK];
	return memcmp(a->bytes + NVS_ENTRY_KEY, b->bytes + NVS_ENTRY_KEY,
		      NVS_KEY_SIZE);
}

static int compare_sorted(const void *a, const void *b)
{
	const struct nvs_sorted *x = a, *y = b;
	int c = compare_identity(x, y);

	if (c)
		return c;
	return x->record < y->record ? -1 : 1;
}

static int sort_records(struct nvs_reader *r)
{
	void *p;

	p = mem_grow(r->sorted, r->record_count, &r->sorted_cap,
		     sizeof(*r->sorted));
	if (!p)
		return ERR_NOMEM;
	r->sorted = p;
	for (size_t n = 0; n < r->record_count; n++) {
		const struct nvs_record *rec = &r->records[n];

		if (!(rec->faults & FAULTS_UNIDENTIFIED))
			r->sorted[r->sorted_count++] = (struct nvs_sorted){
				rec->hash, (uint32_t)n, rec->bytes
			};
	}
	qsort(r->sorted, r->sorted_count, sizeof(*r->sorted), compare_sorted);
	return 0;
}

uint32_t nvs_reader_find(const struct nvs_reader *r, uint8_t ns,
			 const uint8_t key[NVS_KEY_SIZE], uint8_t chunk)
{
	uint8_t like[NVS_ENTRY_SIZE] = { 0 };
	struct nvs_sorted wanted = { .bytes = like };
	size_t low = 0, high = r->sorted_count;

	like[NVS_ENTRY_NS] = ns;
	like[NVS_ENTRY_CHUNK] = chunk;
	memcpy(like + NVS_ENTRY_KEY, key, NVS_KEY_SIZE);
	wanted.hash = lookup_hash(ns, key, chunk);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_identity(&r->sorted[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == r->sorted_count ||
	    compare_identity(&r->sorted[low], &wanted))
		return NO_RECORD;
	return r->sorted[low].record;
}

/* Of an index defined twice, the first definition is taken. */
static int define_namespaces(struct nvs_reader *r)
{
	void *p;

	p = mem_grow(r->namespaces, r->record_count, &r->namespace_cap,
		     sizeof(*r->namespaces));
	if (!p)
		return ERR_NOMEM;
	r->namespaces = p;
	for (size_t n = 0; n < r->record_count; n++) {
		const uint8_t *bytes = r->records[n].bytes;
		uint8_t index = bytes[NVS_ENTRY_DATA];
		const char *name = (const char *)bytes + NVS_ENTRY_KEY;

		if (bytes[NVS_ENTRY_NS] || r->records[n].faults & FAULTS_FATAL)
			continue;
		r->namespaces[r->namespace_count++] = (struct nvs_namespace){
			name, index, (size_t)(bytes - r->image)
		};
		if (!r->names[index])
			r->names[index] = name;
	}
	for (size_t n = 0; n < r->record_count; n++) {
		uint8_t ns = r->records[n].bytes[NVS_ENTRY_NS];

		if (ns && !r->names[ns])
			r->records[n].faults |= FAULT_NS_UNDEFINED;
	}
	return 0;
}

/*
 * Find a blob's chunks and chain them. A chunk belongs to one blob at most:
 * an image full of indexes for the same chunks must not multiply its data.
 */
static void link_chunks(struct nvs_reader *r, struct nvs_record *index)
{
	const uint8_t *p = index->bytes;
	uint32_t *link = &index->next;

	for (unsigned n = 0; n < p[NVS_INDEX_COUNT]; n++) {
		unsigned number = p[NVS_INDEX_START] + n;
		uint32_t at = NO_RECORD;
		struct nvs_record *chunk;

		if (number < NVS_CHUNK_NONE)
			at = nvs_reader_find(r, p[NVS_ENTRY_NS],
					     p + NVS_ENTRY_KEY,
					     (uint8_t)number);
		if (at == NO_RECORD || r->records[at].faults & FAULTS_FATAL) {
			index->faults |= FAULT_CHUNK_MISSING;
			index->missing = number;
			return;
		}
		chunk = &r->records[at];
		if (chunk->claimed) {
			index->faults |= FAULT_CHUNK_TAKEN;
			return;
		}
		chunk->claimed = true;
		index->found += chunk->len;
		*link = at;
		link = &chunk->next;
	}
	if (index->found != le_get32(p + NVS_DATA_SIZE))
		index->faults |= FAULT_BLOB_SIZE;
}

/* The bytes of a blob: in the image when in one piece, else joined. */
static void join_chunks(struct nvs_reader *r, const struct nvs_record *index,
			struct nvs_read_item *item)
{
	uint32_t at = index->next;

	item->len = index->found;
	if (at == NO_RECORD) {
		item->data = index->bytes;
		return;
	}
	if (r->records[at].next == NO_RECORD) {
		item->data = r->records[at].data;
		return;
	}
	item->data = r->joined.data + r->joined.len;
	for (; at != NO_RECORD; at = r->records[at].next) {
		memcpy(r->joined.data + r->joined.len, r->records[at].data,
		       r->records[at].len);
		r->joined.len += r->records[at].len;
	}
}

static bool is_item(const struct nvs_record *rec)
{
	return !(rec->faults & FAULTS_FATAL) && rec->bytes[NVS_ENTRY_NS] &&
	       rec->bytes[NVS_ENTRY_TYPE] != NVS_BLOB_CHUNK;
}

/* Link all blobs and make room for those that have to be joined. */
static int link_blobs(struct nvs_reader *r)
{
	size_t total = 0;

	for (size_t n = 0; n < r->record_count; n++) {
		struct nvs_record *rec = &r->records[n];

		if (!is_item(rec) ||
		    rec->bytes[NVS_ENTRY_TYPE] != NVS_BLOB_INDEX)
			continue;
		link_chunks(r, rec);
		total += rec->found;
	}
	r->joined.len = 0;
	if (total > r->joined.cap) {
		/* Not by growing, which would leave copies of the old data. */
		buf_wipe(&r->joined);
		return buf_reserve(&r->joined, total);
	}
	return 0;
}

static void make_item(struct nvs_reader *r, const struct nvs_record *rec)
{
	struct nvs_read_item *item = &r->items[r->item_count++];
	const uint8_t *p = rec->bytes;

	*item = (struct nvs_read_item){
		.ns = r->names[p[NVS_ENTRY_NS]],
		.key = (const char *)p + NVS_ENTRY_KEY,
		.type = p[NVS_ENTRY_TYPE],
		.data = rec->data,
		.len = rec->len,
		.offset = (size_t)(p - r->image),
		.page_version = r->pages[rec->page].version,
	};
	if (nvs_read_is_int(item))
		item->value = integer(p + NVS_ENTRY_DATA, p[NVS_ENTRY_TYPE]);
	else if (item->type == NVS_STRING)
		item->len--;
	else if (item->type == NVS_BLOB_INDEX)
		join_chunks(r, rec, item);
}

static int make_items(struct nvs_reader *r)
{
	void *p;

	p = mem_grow(r->items, r->record_count, &r->item_cap,
		     sizeof(*r->items));
	if (!p)
		return ERR_NOMEM;
	r->items = p;
	for (size_t n = 0; n < r->record_count; n++)
		if (is_item(&r->records[n]))
			make_item(r, &r->records[n]);
	return 0;
}

/* ---- The reader ---- */

struct nvs_reader *nvs_reader_new(struct err *err)
{
	struct nvs_reader *r = mem_array(1, sizeof(*r));

	if (!r)
		err_nomem(err);
	return r;
}

/* No pages, but the memory for the next image. */
static void reset(struct nvs_reader *r)
{
	r->image = NULL;
	r->size = 0;
	r->page_count = r->order_count = r->record_count = 0;
	r->sorted_count = r->namespace_count = r->item_count = 0;
	memset(r->names, 0, sizeof(r->names));
}

int nvs_reader_load(struct nvs_reader *r, const uint8_t *image, size_t size,
		    struct err *err)
{
	reset(r);
	r->image = image;
	r->size = size;
	if (read_pages(r) || order_pages(r) || sort_records(r) ||
	    define_namespaces(r) || link_blobs(r) || make_items(r)) {
		reset(r);
		return err_nomem(err);
	}
	return 0;
}

const struct nvs_read_item *nvs_reader_items(const struct nvs_reader *r,
					     size_t *count)
{
	*count = r->item_count;
	return r->items;
}

const struct nvs_namespace *nvs_reader_namespaces(const struct nvs_reader *r,
						  size_t *count)
{
	*count = r->namespace_count;
	return r->namespaces;
}

bool nvs_reader_is_garbage(const struct nvs_reader *r)
{
	for (size_t n = 0; n < r->record_count; n++)
		if (!(r->records[n].faults & (FAULT_BLANK | FAULT_CRC)))
			return false;
	return r->record_count > 0;
}

const char *nvs_type_word(enum nvs_type type)
{
	switch (type) {
	case NVS_U8: return "u8";
	case NVS_U16: return "u16";
	case NVS_U32: return "u32";
	case NVS_U64: return "u64";
	case NVS_I8: return "i8";
	case NVS_I16: return "i16";
	case NVS_I32: return "i32";
	case NVS_I64: return "i64";
	case NVS_STRING: return "string";
	default: return "blob";
	}
}

bool nvs_read_equal(const struct nvs_read_item *a,
		    const struct nvs_read_item *b)
{
	if (a->type != b->type || strcmp(a->ns, b->ns) != 0 ||
	    strcmp(a->key, b->key) != 0)
		return false;
	if (nvs_read_is_int(a))
		return a->value == b->value;
	return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

void nvs_reader_free(struct nvs_reader *r)
{
	if (!r)
		return;
	mem_free(r->pages);
	mem_free(r->order);
	mem_free(r->records);
	mem_free(r->sorted);
	mem_free(r->namespaces);
	/* The items of a decrypted image hold its integers. */
	mem_wipe(r->items, r->item_cap * sizeof(*r->items));
	mem_free(r->items);
	buf_wipe(&r->joined);
	mem_free(r);
}
