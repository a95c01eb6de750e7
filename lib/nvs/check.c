/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.c - the table of checks. Each is a function that knows one rule and
 * goes over the pages or over the records that the reader has judged. Where
 * a page's header or an entry's CRC is wrong, only that is said: what stands
 * behind it has no meaning.
 */
#include "nvs_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reader.h"
#include "text.h"

/* ---- Reporting ---- */

/* Room for a key of 16 bytes, each shown as \xNN. */
#define KEY_SHOWN (4 * NVS_KEY_SIZE + 1)

/* A sound key or namespace name, fit to be printed. */
static const char *show_name(char out[KEY_SHOWN], const char *name)
{
	return text_show(out, KEY_SHOWN, name, strlen(name));
}

__attribute__((format(printf, 6, 0)))
static void report(const struct nvs_check *check,
		   const struct nvs_finding_sink *sink, size_t offset,
		   const char *ns, const char *key, const char *fmt, va_list ap)
{
	char text[256];
	struct nvs_finding f = { check, offset, ns, key, text };

	vsnprintf(text, sizeof(text), fmt, ap);
	sink->report(sink->ctx, &f);
}

/* A finding about a place that belongs to no item. */
__attribute__((format(printf, 4, 5)))
static void report_at(const struct nvs_check *check,
		      const struct nvs_finding_sink *sink, size_t offset,
		      const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(check, sink, offset, "", "", fmt, ap);
	va_end(ap);
}

/* A finding about an item. */
__attribute__((format(printf, 5, 6)))
static void report_item(const struct nvs_check *check,
			const struct nvs_finding_sink *sink,
			const struct nvs_reader *r,
			const struct nvs_record *rec, const char *fmt, ...)
{
	const char *name = r->names[rec->bytes[NVS_ENTRY_NS]];
	const char *raw = (const char *)rec->bytes + NVS_ENTRY_KEY;
	char ns[KEY_SHOWN] = "", key[KEY_SHOWN] = "";
	size_t len = NVS_KEY_SIZE;
	va_list ap;

	while (len && !raw[len - 1])
		len--;
	if (name)
		show_name(ns, name);
	if (!(rec->faults & FAULT_BLANK))
		text_show(key, sizeof(key), raw, len);
	va_start(ap, fmt);
	report(check, sink, (size_t)(rec->bytes - r->image), ns, key, fmt, ap);
	va_end(ap);
}

/* The number of an entry in its page. */
static unsigned slot(const struct nvs_reader *r, const struct nvs_record *rec)
{
	size_t at = (size_t)(rec->bytes - r->pages[rec->page].bytes);

	return (unsigned)((at - NVS_PAGE_ENTRIES_AT) / NVS_ENTRY_SIZE);
}

/* ---- The partition and its pages ---- */

#define ARGUMENTS const struct nvs_check *check, const struct nvs_reader *r, \
		  const struct nvs_finding_sink *sink

/* Whether the firmware takes a page for one that was never written. */
static bool is_free(const struct nvs_raw_page *p)
{
	return p->state == NVS_STATE_EMPTY;
}

static void check_size(ARGUMENTS)
{
	if (!r->size)
		report_at(check, sink, 0, "the image is empty");
	else if (r->size % NVS_PAGE_SIZE)
		report_at(check, sink, r->size - r->size % NVS_PAGE_SIZE,
			  "%zu bytes are no whole number of %u-byte pages: "
			  "the image is cut or has something appended",
			  r->size, NVS_PAGE_SIZE);
}

static void check_page_state(ARGUMENTS)
{
	for (size_t n = 0; n < r->page_count; n++) {
		const struct nvs_raw_page *p = &r->pages[n];

		if (p->state == NVS_STATE_CORRUPT)
			report_at(check, sink, p->offset,
				  "page %zu is marked as corrupt", n);
		else if (!is_free(p) && p->state != NVS_STATE_ACTIVE &&
			 p->state != NVS_STATE_FULL &&
			 p->state != NVS_STATE_FREEING)
			report_at(check, sink, p->offset,
				  "page %zu has the unknown state 0x%08x", n,
				  (unsigned)p->state);
	}
}

static void check_page_freeing(ARGUMENTS)
{
	for (size_t n = 0; n < r->page_count; n++)
		if (r->pages[n].state == NVS_STATE_FREEING)
			report_at(check, sink, r->pages[n].offset,
				  "page %zu is being cleaned up: the image is "
				  "from a device that was interrupted", n);
}

/* Whether an item of the page is, byte by byte, this one. */
static bool has_copy(const struct nvs_reader *r,
		     const struct nvs_raw_page *page,
		     const struct nvs_record *rec)
{
	for (size_t n = 0; n < r->record_count; n++)
		if (&r->pages[r->records[n].page] == page &&
		    !memcmp(r->records[n].bytes, rec->bytes, NVS_ENTRY_SIZE))
			return true;
	return false;
}

/*
 * At the next start the firmware begins the clean-up anew: it erases the
 * active page, which it takes for the copy that was not completed.
 */
static void check_freeing_loss(ARGUMENTS)
{
	const struct nvs_raw_page *from = NULL, *last = NULL;

	for (size_t n = r->order_count; n--;)
		if (r->order[n]->state == NVS_STATE_FREEING)
			from = r->order[n];
	if (r->order_count)
		last = r->order[r->order_count - 1];
	if (!from || last->state != NVS_STATE_ACTIVE)
		return;
	for (size_t n = 0; n < r->record_count; n++) {
		const struct nvs_record *rec = &r->records[n];

		if (&r->pages[rec->page] == last &&
		    !(rec->faults & FAULTS_UNIDENTIFIED) &&
		    !has_copy(r, from, rec))
			report_item(check, sink, r, rec, "the firmware erases "
				    "it at the next start, in favour of page "
				    "%zu, which it was cleaning up",
				    (size_t)(from - r->pages));
	}
}

static void check_page_erased(ARGUMENTS)
{
	for (size_t n = 0; n < r->page_count; n++) {
		const struct nvs_raw_page *p = &r->pages[n];
		size_t at = 0;

		if (!is_free(p) || nvs_is_erased(p->bytes, NVS_PAGE_SIZE))
			continue;
		while (p->bytes[at] == 0xFF)
			at++;
		report_at(check, sink, p->offset + at,
			  "page %zu is marked as free but holds data", n);
	}
}

static void check_header_crc(ARGUMENTS)
{
	for (size_t n = 0; n < r->page_count; n++) {
		const struct nvs_raw_page *p = &r->pages[n];

		if (!is_free(p) && p->crc_stored != p->crc_computed)
			report_at(check, sink, p->offset + NVS_HEADER_CRC,
				  "page %zu: header CRC is 0x%08x, its bytes "
				  "give 0x%08x", n, (unsigned)p->crc_stored,
				  (unsigned)p->crc_computed);
	}
}

static void check_header_reserved(ARGUMENTS)
{
	const unsigned at = NVS_HEADER_VERSION + 1;

	for (size_t n = 0; n < r->page_count; n++) {
		const struct nvs_raw_page *p = &r->pages[n];

		if (nvs_page_is_read(p) &&
		    !nvs_is_erased(p->bytes + at, NVS_HEADER_CRC - at))
			report_at(check, sink, p->offset + at,
				  "page %zu: unused header bytes are not 0xFF",
				  n);
	}
}

static void check_page_version(ARGUMENTS)
{
	for (size_t n = 0; n < r->page_count; n++) {
		const struct nvs_raw_page *p = &r->pages[n];

		if (nvs_page_is_read(p) && p->version > 2)
			report_at(check, sink, p->offset + NVS_HEADER_VERSION,
				  "page %zu has format version %u; 1 and 2 are "
				  "known", n, p->version);
	}
}

static void check_page_order(ARGUMENTS)
{
	bool gap = false;

	for (size_t n = 0; n < r->page_count; n++) {
		const struct nvs_raw_page *p = &r->pages[n];

		if (is_free(p)) {
			gap = true;
			continue;
		}
		if (gap)
			report_at(check, sink, p->offset,
				  "page %zu is in use behind a free one", n);
		if (nvs_page_is_read(p) && p->seqno != n)
			report_at(check, sink, p->offset + NVS_HEADER_SEQNO,
				  "page %zu has sequence number %u", n,
				  (unsigned)p->seqno);
	}
}

static void check_page_duplicate(ARGUMENTS)
{
	for (size_t n = 1; n < r->order_count; n++) {
		const struct nvs_raw_page *a = r->order[n - 1];
		const struct nvs_raw_page *b = r->order[n];

		if (a->seqno == b->seqno)
			report_at(check, sink, b->offset + NVS_HEADER_SEQNO,
				  "pages %zu and %zu both have the sequence "
				  "number %u", a->offset / NVS_PAGE_SIZE,
				  b->offset / NVS_PAGE_SIZE,
				  (unsigned)b->seqno);
	}
}

/* The last page is the one with the highest number, wherever it lies. */
static void check_page_active(ARGUMENTS)
{
	const struct nvs_raw_page *last;

	if (!r->order_count)
		return;
	last = r->order[r->order_count - 1];
	for (size_t n = 0; n + 1 < r->order_count; n++) {
		const struct nvs_raw_page *p = r->order[n];

		if (p->state == NVS_STATE_ACTIVE)
			report_at(check, sink, p->offset,
				  "page %zu is active, but page %zu, which "
				  "comes after it, is in use",
				  (size_t)(p - r->pages),
				  (size_t)(last - r->pages));
	}
	if (last->state != NVS_STATE_ACTIVE)
		report_at(check, sink, last->offset,
			  "page %zu is the last one in use but not active",
			  (size_t)(last - r->pages));
}

static void check_page_none(ARGUMENTS)
{
	for (size_t n = 0; n < r->page_count; n++)
		if (!is_free(&r->pages[n]))
			return;
	if (r->page_count)
		report_at(check, sink, 0, "no page is in use: this is erased "
			  "flash");
}

static void check_free_page(ARGUMENTS)
{
	for (size_t n = 0; n < r->page_count; n++)
		if (is_free(&r->pages[n]))
			return;
	if (r->page_count * NVS_PAGE_SIZE >= NVS_MIN_RW_SIZE)
		report_at(check, sink, 0, "none of the %zu pages is free; to "
			  "write to the partition the firmware needs one",
			  r->page_count);
}

/* ---- The entry states ---- */

static void check_spare_bits(ARGUMENTS)
{
	const unsigned last = NVS_PAGE_ENTRIES_AT - 1;

	for (size_t n = 0; n < r->page_count; n++) {
		const struct nvs_raw_page *p = &r->pages[n];

		if (nvs_page_is_read(p) && p->bytes[last] >> 4 != 0xF)
			report_at(check, sink, p->offset + last,
				  "page %zu: the unused end of the entry state "
				  "bitmap is not all ones", n);
	}
}

static size_t bitmap_offset(const struct nvs_raw_page *p, unsigned n)
{
	return p->offset + NVS_PAGE_BITMAP + n / 4;
}

static void check_entry_state(ARGUMENTS)
{
	for (size_t n = 0; n < r->page_count; n++) {
		const struct nvs_raw_page *p = &r->pages[n];

		if (!nvs_page_is_read(p))
			continue;
		for (unsigned i = 0; i < NVS_PAGE_ENTRIES; i++)
			if (nvs_entry_state(p->bytes, i) == NVS_ENTRY_INVALID)
				report_at(check, sink, bitmap_offset(p, i),
					  "page %zu: entry %u has the state 1, "
					  "which means nothing", n, i);
	}
}

static void check_entry_erased(ARGUMENTS)
{
	for (size_t n = 0; n < r->page_count; n++) {
		const struct nvs_raw_page *p = &r->pages[n];
		unsigned count = 0, first = 0;

		if (!nvs_page_is_read(p))
			continue;
		for (unsigned i = NVS_PAGE_ENTRIES; i-- > 0;)
			if (nvs_entry_state(p->bytes, i) == NVS_ENTRY_ERASED) {
				first = i;
				count++;
			}
		if (count)
			report_at(check, sink, bitmap_offset(p, first),
				  "page %zu: %u entries, the first of them %u, "
				  "are marked as erased", n, count, first);
	}
}

static void check_entry_order(ARGUMENTS)
{
	for (size_t n = 0; n < r->page_count; n++) {
		const struct nvs_raw_page *p = &r->pages[n];
		unsigned i = 0, end = NVS_PAGE_ENTRIES;

		if (!nvs_page_is_read(p))
			continue;
		while (i < NVS_PAGE_ENTRIES &&
		       nvs_entry_state(p->bytes, i) != NVS_ENTRY_EMPTY)
			i++;
		while (end > i &&
		       nvs_entry_state(p->bytes, end - 1) == NVS_ENTRY_EMPTY)
			end--;
		if (i < end)
			report_at(check, sink, bitmap_offset(p, end - 1),
				  "page %zu: entry %u is in use behind the "
				  "empty entry %u; the firmware erases what is "
				  "behind that", n, end - 1, i);
	}
}

static void check_entry_empty(ARGUMENTS)
{
	for (size_t n = 0; n < r->page_count; n++) {
		const struct nvs_raw_page *p = &r->pages[n];

		if (!nvs_page_is_read(p))
			continue;
		for (unsigned i = 0; i < NVS_PAGE_ENTRIES; i++) {
			const uint8_t *e = nvs_entry_at(p->bytes, i);

			if (nvs_entry_state(p->bytes, i) == NVS_ENTRY_EMPTY &&
			    !nvs_is_erased(e, NVS_ENTRY_SIZE))
				report_at(check, sink,
					  p->offset + (size_t)(e - p->bytes),
					  "page %zu: entry %u is marked as "
					  "empty but holds data", n, i);
		}
	}
}

/* ---- Entries: what the reader found in each ---- */

/* The next record from *n on that has the fault, or NULL. */
static const struct nvs_record *next_with(const struct nvs_reader *r,
					  uint32_t fault, size_t *n)
{
	while (*n < r->record_count) {
		const struct nvs_record *rec = &r->records[(*n)++];

		if (rec->faults & fault)
			return rec;
	}
	return NULL;
}

/* Report one text for each record with the fault. */
static void report_fault(const struct nvs_check *check,
			 const struct nvs_reader *r,
			 const struct nvs_finding_sink *sink, uint32_t fault,
			 const char *text)
{
	const struct nvs_record *rec;

	for (size_t n = 0; (rec = next_with(r, fault, &n));)
		report_item(check, sink, r, rec, "entry %u of page %u: %s",
			    slot(r, rec), (unsigned)rec->page, text);
}

static void check_entry_blank(ARGUMENTS)
{
	report_fault(check, r, sink, FAULT_BLANK,
		     "marked as written, but nothing was written");
}

static void check_entry_crc(ARGUMENTS)
{
	const struct nvs_record *rec;

	for (size_t n = 0; (rec = next_with(r, FAULT_CRC, &n));)
		report_item(check, sink, r, rec, "entry %u of page %u: its CRC "
			    "is 0x%08x, its bytes give 0x%08x", slot(r, rec),
			    (unsigned)rec->page,
			    (unsigned)le_get32(rec->bytes + NVS_ENTRY_CRC),
			    (unsigned)nvs_entry_crc(rec->bytes));
}

static void check_type(ARGUMENTS)
{
	const struct nvs_record *rec;

	for (size_t n = 0; (rec = next_with(r, FAULT_TYPE, &n));)
		report_item(check, sink, r, rec, "the type 0x%02x is unknown",
			    (unsigned)rec->bytes[NVS_ENTRY_TYPE]);
}

static void check_span(ARGUMENTS)
{
	const struct nvs_record *rec;

	for (size_t n = 0; (rec = next_with(r, FAULT_SPAN, &n));) {
		const uint8_t *p = rec->bytes;
		unsigned want = 1;

		if (nvs_type_kind(p[NVS_ENTRY_TYPE]) == NVS_DATA_SIZED)
			want = nvs_span_of(le_get16(p + NVS_DATA_SIZE));
		if (p[NVS_ENTRY_SPAN] == want)
			report_item(check, sink, r, rec, "%u entries from "
				    "entry %u on do not fit the page", want,
				    slot(r, rec));
		else
			report_item(check, sink, r, rec, "it spans %u entries, "
				    "its length asks for %u",
				    (unsigned)p[NVS_ENTRY_SPAN], want);
	}
}

static void check_data_state(ARGUMENTS)
{
	report_fault(check, r, sink, FAULT_BODY,
		     "not all entries of its data are marked as written");
}

static void check_data_crc(ARGUMENTS)
{
	const struct nvs_record *rec;

	for (size_t n = 0; (rec = next_with(r, FAULT_DATA_CRC, &n));)
		report_item(check, sink, r, rec, "the CRC of its data is "
			    "0x%08x, its %u bytes give 0x%08x",
			    (unsigned)le_get32(rec->bytes + NVS_DATA_CRC),
			    (unsigned)rec->len,
			    (unsigned)nvs_crc32(rec->data, rec->len));
}

static void check_padding(ARGUMENTS)
{
	report_fault(check, r, sink, FAULT_PADDING,
		     "what follows its data in the last entry is not 0xFF");
}

static void check_reserved(ARGUMENTS)
{
	report_fault(check, r, sink, FAULT_RESERVED,
		     "unused bytes of the entry are not 0xFF");
}

static void check_chunk_field(ARGUMENTS)
{
	const struct nvs_record *rec;

	for (size_t n = 0; (rec = next_with(r, FAULT_CHUNK_FIELD, &n));)
		report_item(check, sink, r, rec,
			    rec->bytes[NVS_ENTRY_TYPE] == NVS_BLOB_CHUNK ?
			    "a blob chunk without a chunk index" :
			    "a chunk index on an item that is no chunk: the "
			    "firmware will not find it");
}

static void check_key(ARGUMENTS)
{
	const struct nvs_record *rec;

	for (size_t n = 0; (rec = next_with(r, FAULT_KEY, &n));) {
		const uint8_t *key = rec->bytes + NVS_ENTRY_KEY;
		const char *what = "something stands behind the key's NUL";

		if (!key[0])
			what = "the key is empty";
		else if (!memchr(key, 0, NVS_KEY_SIZE))
			what = "the key has no NUL in its 16 bytes";
		report_item(check, sink, r, rec, "entry %u of page %u: %s",
			    slot(r, rec), (unsigned)rec->page, what);
	}
}

static void check_string_nul(ARGUMENTS)
{
	const struct nvs_record *rec;

	for (size_t n = 0; (rec = next_with(r, FAULT_NO_NUL | FAULT_INNER_NUL,
					    &n));)
		report_item(check, sink, r, rec, rec->faults & FAULT_NO_NUL ?
			    "the string does not end in a NUL" :
			    "the string has a NUL before its end: the firmware "
			    "gives out no more than that");
}

static void check_length(ARGUMENTS)
{
	const struct nvs_record *rec;

	for (size_t n = 0; (rec = next_with(r, FAULT_LENGTH, &n));) {
		const uint8_t *p = rec->bytes;
		bool index = p[NVS_ENTRY_TYPE] == NVS_BLOB_INDEX;

		report_item(check, sink, r, rec, "%u bytes are more than the "
			    "firmware takes",
			    index ? (unsigned)le_get32(p + NVS_DATA_SIZE) :
				    (unsigned)le_get16(p + NVS_DATA_SIZE));
	}
}

/* ---- Namespaces ---- */

static void check_namespace(ARGUMENTS)
{
	const struct nvs_record *rec;

	for (size_t n = 0; (rec = next_with(r, FAULT_NS_DEFINITION, &n));)
		report_item(check, sink, r, rec, "entry %u of page %u stands "
			    "in namespace 0 but is no u8 of 1 to %u: it "
			    "defines no namespace", slot(r, rec),
			    (unsigned)rec->page, NVS_MAX_NAMESPACES);
}

static void check_namespace_undefined(ARGUMENTS)
{
	const struct nvs_record *rec;

	for (size_t n = 0; (rec = next_with(r, FAULT_NS_UNDEFINED, &n));) {
		if (rec->faults & (FAULT_BLANK | FAULT_CRC))
			continue;
		report_item(check, sink, r, rec, "namespace index %u is not "
			    "defined", (unsigned)rec->bytes[NVS_ENTRY_NS]);
	}
}

static void check_namespace_duplicate(ARGUMENTS)
{
	/* Equal names are duplicate keys of namespace 0; here the indexes. */
	for (size_t n = 0; n < r->namespace_count; n++) {
		const struct nvs_namespace *ns = &r->namespaces[n];
		const char *first = r->names[ns->index];
		char name[KEY_SHOWN], other[KEY_SHOWN];

		if (!strcmp(first, ns->name))
			continue;
		report_at(check, sink, ns->offset, "namespace '%s' has index "
			  "%u, which is that of '%s'",
			  show_name(name, ns->name), (unsigned)ns->index,
			  show_name(other, first));
	}
}

static void check_namespace_unused(ARGUMENTS)
{
	bool used[256] = { false };

	for (size_t n = 0; n < r->record_count; n++)
		if (!(r->records[n].faults & (FAULT_BLANK | FAULT_CRC)))
			used[r->records[n].bytes[NVS_ENTRY_NS]] = true;
	for (size_t n = 0; n < r->namespace_count; n++) {
		const struct nvs_namespace *ns = &r->namespaces[n];
		char name[KEY_SHOWN];

		if (!used[ns->index])
			report_at(check, sink, ns->offset, "namespace '%s' "
				  "(index %u) has no keys",
				  show_name(name, ns->name),
				  (unsigned)ns->index);
	}
}

/* ---- Items against each other ---- */

static void check_duplicate_key(ARGUMENTS)
{
	for (size_t n = 1; n < r->sorted_count; n++) {
		const struct nvs_record *rec = &r->records[r->sorted[n].record];

		if (!nvs_same_identity(r->sorted[n - 1].bytes,
				       r->sorted[n].bytes))
			continue;
		if (rec->bytes[NVS_ENTRY_TYPE] == NVS_BLOB_CHUNK)
			report_item(check, sink, r, rec, "chunk %u of this "
				    "blob is there already",
				    (unsigned)rec->bytes[NVS_ENTRY_CHUNK]);
		else
			report_item(check, sink, r, rec, "entry %u of page %u: "
				    "%s", slot(r, rec), (unsigned)rec->page,
				    rec->bytes[NVS_ENTRY_NS] ?
				    "this key is in the namespace already" :
				    "a namespace of this name is there "
				    "already");
	}
}

static void check_hash_collision(ARGUMENTS)
{
	for (size_t n = 1; n < r->sorted_count; n++) {
		const struct nvs_sorted *a = &r->sorted[n - 1];
		const struct nvs_sorted *b = &r->sorted[n];
		char other[KEY_SHOWN];

		if (a->hash != b->hash || nvs_same_identity(a->bytes, b->bytes))
			continue;
		if (a->record > b->record) {
			/* The finding is about the later one. */
			a = b;
			b = &r->sorted[n - 1];
		}
		show_name(other, (const char *)a->bytes + NVS_ENTRY_KEY);
		report_item(check, sink, r, &r->records[b->record],
			    "the firmware looks it up by the same hash 0x%06x "
			    "as '%s' in namespace %u and erases one of them: "
			    "rename one", (unsigned)b->hash, other,
			    (unsigned)a->bytes[NVS_ENTRY_NS]);
	}
}

static void check_chunk_missing(ARGUMENTS)
{
	const struct nvs_record *rec;

	for (size_t n = 0; (rec = next_with(r, FAULT_CHUNK_MISSING, &n));)
		report_item(check, sink, r, rec, "chunk %u of its %u is "
			    "missing or damaged", (unsigned)rec->missing,
			    (unsigned)rec->bytes[NVS_INDEX_COUNT]);
}

static void check_blob_size(ARGUMENTS)
{
	const struct nvs_record *rec;

	for (size_t n = 0; (rec = next_with(r, FAULT_BLOB_SIZE, &n));)
		report_item(check, sink, r, rec, "a blob of %u bytes, but its "
			    "chunks have %u",
			    (unsigned)le_get32(rec->bytes + NVS_DATA_SIZE),
			    (unsigned)rec->found);
}

/* The sound blob index a chunk should belong to, or NULL. */
static const struct nvs_record *index_of(const struct nvs_reader *r,
					 const struct nvs_record *chunk)
{
	uint32_t at = nvs_reader_find(r, chunk->bytes[NVS_ENTRY_NS],
				      chunk->bytes + NVS_ENTRY_KEY,
				      NVS_CHUNK_NONE);

	if (at == NO_RECORD ||
	    r->records[at].bytes[NVS_ENTRY_TYPE] != NVS_BLOB_INDEX)
		return NULL;
	return &r->records[at];
}

/* A chunk that can be read and that no blob index has taken. */
static bool is_loose_chunk(const struct nvs_record *rec)
{
	return !(rec->faults & FAULTS_FATAL) && !rec->claimed &&
	       rec->bytes[NVS_ENTRY_TYPE] == NVS_BLOB_CHUNK;
}

static void check_chunk_orphan(ARGUMENTS)
{
	for (size_t n = 0; n < r->record_count; n++) {
		const struct nvs_record *rec = &r->records[n];

		if (is_loose_chunk(rec) && !index_of(r, rec))
			report_item(check, sink, r, rec, "chunk %u belongs to "
				    "no blob index",
				    (unsigned)rec->bytes[NVS_ENTRY_CHUNK]);
	}
}

static void check_chunk_range(ARGUMENTS)
{
	for (size_t n = 0; n < r->record_count; n++) {
		const struct nvs_record *rec = &r->records[n], *index;
		unsigned number = rec->bytes[NVS_ENTRY_CHUNK];
		unsigned start, count;

		index = is_loose_chunk(rec) ? index_of(r, rec) : NULL;
		if (!index)
			continue;
		start = index->bytes[NVS_INDEX_START];
		count = index->bytes[NVS_INDEX_COUNT];
		if (number < start || number >= start + count)
			report_item(check, sink, r, rec, "chunk %u is not one "
				    "of the %u from %u on that the blob has",
				    number, count, start);
	}
}

/* ---- The table ---- */

static const struct nvs_check checks[] = {
	{ "size", NVS_ERROR, "whole pages, at least one", check_size },
	{ "page_state", NVS_ERROR, "free, active, full or freeing",
	  check_page_state },
	{ "page_freeing", NVS_WARNING, "no page is being cleaned up",
	  check_page_freeing },
	{ "freeing_loss", NVS_ERROR, "no clean-up that would lose items",
	  check_freeing_loss },
	{ "page_erased", NVS_ERROR, "a free page is all 0xFF",
	  check_page_erased },
	{ "page_none", NVS_WARNING, "at least one page is in use",
	  check_page_none },
	{ "header_crc", NVS_ERROR, "CRC of the page header",
	  check_header_crc },
	{ "header_reserved", NVS_WARNING, "unused header bytes are 0xFF",
	  check_header_reserved },
	{ "page_version", NVS_ERROR, "format version 1 or 2",
	  check_page_version },
	{ "page_order", NVS_WARNING,
	  "pages numbered 0, 1, 2 ..., free ones behind", check_page_order },
	{ "page_duplicate", NVS_ERROR, "no two pages of one number",
	  check_page_duplicate },
	{ "page_active", NVS_WARNING,
	  "the last page in use is active, those before it are full",
	  check_page_active },
	{ "free_page", NVS_ERROR, "a free page, from three pages up",
	  check_free_page },
	{ "spare_bits", NVS_WARNING, "the bitmap's unused end is all ones",
	  check_spare_bits },
	{ "entry_state", NVS_ERROR, "no entry state 1", check_entry_state },
	{ "entry_erased", NVS_WARNING, "no erased entries",
	  check_entry_erased },
	{ "entry_order", NVS_ERROR, "no entry in use behind an empty one",
	  check_entry_order },
	{ "entry_empty", NVS_ERROR, "empty entries are all 0xFF",
	  check_entry_empty },
	{ "entry_blank", NVS_ERROR, "written entries are not all 0xFF",
	  check_entry_blank },
	{ "entry_crc", NVS_ERROR, "CRC of an entry", check_entry_crc },
	{ "type", NVS_ERROR, "a known type", check_type },
	{ "span", NVS_ERROR, "as many entries as type and length ask for",
	  check_span },
	{ "data_state", NVS_ERROR, "data entries are marked as written",
	  check_data_state },
	{ "data_crc", NVS_ERROR, "CRC of strings, blobs and chunks",
	  check_data_crc },
	{ "padding", NVS_WARNING, "0xFF behind the data", check_padding },
	{ "reserved", NVS_WARNING, "unused bytes of an entry are 0xFF",
	  check_reserved },
	{ "chunk_field", NVS_ERROR, "chunks have a chunk index, others 0xFF",
	  check_chunk_field },
	{ "key", NVS_ERROR, "1 to 15 bytes, then NULs", check_key },
	{ "string_nul", NVS_ERROR, "one NUL, at the end", check_string_nul },
	{ "length", NVS_ERROR, "within the firmware's limits",
	  check_length },
	{ "namespace", NVS_ERROR, "namespace 0 holds only definitions",
	  check_namespace },
	{ "namespace_undefined", NVS_ERROR, "every namespace has a name",
	  check_namespace_undefined },
	{ "namespace_duplicate", NVS_ERROR, "one name for an index",
	  check_namespace_duplicate },
	{ "namespace_unused", NVS_NOTE, "every namespace has keys",
	  check_namespace_unused },
	{ "duplicate_key", NVS_ERROR, "a key once in a namespace",
	  check_duplicate_key },
	{ "hash_collision", NVS_ERROR, "different keys, different hashes",
	  check_hash_collision },
	{ "chunk_missing", NVS_ERROR, "all chunks of a blob are there",
	  check_chunk_missing },
	{ "blob_size", NVS_ERROR, "a blob's chunks add up to its size",
	  check_blob_size },
	{ "chunk_orphan", NVS_ERROR, "every chunk has its blob index",
	  check_chunk_orphan },
	{ "chunk_range", NVS_ERROR, "no chunk its blob index does not count",
	  check_chunk_range },
};

const struct nvs_check *nvs_check_at(size_t n)
{
	return n < sizeof(checks) / sizeof(*checks) ? &checks[n] : NULL;
}

const struct nvs_check *nvs_check_named(const char *name)
{
	const struct nvs_check *check;

	for (size_t n = 0; (check = nvs_check_at(n)); n++)
		if (!strcmp(check->name, name))
			return check;
	return NULL;
}

const char *nvs_severity_name(enum nvs_severity severity)
{
	static const char *const names[] = { "note", "warning", "error" };

	return names[severity];
}

/* Counts what passes through to the caller's sink. */
struct counter {
	const struct nvs_finding_sink *to;
	struct nvs_check_result result;
};

static void count(void *ctx, const struct nvs_finding *f)
{
	struct counter *c = ctx;

	c->result.count[f->check->severity]++;
	if (c->to)
		c->to->report(c->to->ctx, f);
}

struct nvs_check_result nvs_check_one(const struct nvs_check *check,
				      const struct nvs_reader *r,
				      const struct nvs_finding_sink *sink)
{
	struct counter c = { .to = sink };

	check->run(check, r, &(struct nvs_finding_sink){ count, &c });
	return c.result;
}

struct nvs_check_result nvs_check_all(const struct nvs_reader *r,
				      const struct nvs_finding_sink *sink)
{
	struct counter c = { .to = sink };
	const struct nvs_check *check;

	for (size_t n = 0; (check = nvs_check_at(n)); n++)
		check->run(check, r, &(struct nvs_finding_sink){ count, &c });
	return c.result;
}

char *nvs_finding_format(const struct nvs_finding *f, const char *file,
			 char *out, size_t size)
{
	snprintf(out, size, "%s:0x%zx: %s (%s): %s%s%s%s%s", file, f->offset,
		 nvs_severity_name(f->check->severity), f->check->name, f->ns,
		 *f->ns ? ":" : "", f->key, *f->ns || *f->key ? ": " : "",
		 f->text);
	return out;
}
