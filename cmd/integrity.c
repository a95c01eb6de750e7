/* SPDX-License-Identifier: Apache-2.0 */
/*
 * integrity.c - the check of `nvs_tool -i`, with the texts and the order that
 * scripts know from the original. `nvs_tool check` is the thorough one.
 */
#include "dump.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "view_blobs.h"

struct check {
	const struct view *v;
	bool quiet;
	size_t errors;
};

static void say(const struct check *c, enum style style, const char *text)
{
	if (!c->quiet)
		view_print(c->v, style, "%s", text);
}

static void tell(const struct check *c, enum view_severity severity,
		 const char *fmt, va_list ap)
{
	char text[256];

	vsnprintf(text, sizeof(text), fmt, ap);
	if (!c->quiet)
		view_finding(c->v, severity, text);
}

__attribute__((format(printf, 2, 3)))
static void fail(struct check *c, const char *fmt, ...)
{
	va_list ap;

	c->errors++;
	va_start(ap, fmt);
	tell(c, VIEW_ERROR, fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 2, 3)))
static void warn(const struct check *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(c, VIEW_WARNING, fmt, ap);
	va_end(ap);
}

/* Both CRCs, each with a word in front, at the end of a line of stdout. */
static void say_crcs(const struct check *c, const char *stored_word,
		     uint32_t stored, const char *computed_word,
		     uint32_t computed)
{
	if (c->quiet)
		return;
	view_print(c->v, STYLE_PLAIN, " %s: ", stored_word);
	view_print(c->v, STYLE_RED, "%x", (unsigned)stored);
	view_print(c->v, STYLE_PLAIN, " %s: ", computed_word);
	view_print(c->v, STYLE_GREEN, "%x", (unsigned)computed);
	fputc('\n', c->v->out);
}

/* An entry's wrong CRC is told on stdout. */
static void fail_crc(struct check *c, unsigned index, const char *key,
		     const char *of_what, uint32_t stored, uint32_t computed)
{
	char text[128];

	c->errors++;
	snprintf(text, sizeof(text), " Entry #%03u %s%s has wrong CRC32!",
		 index, key, of_what);
	say(c, STYLE_RED, text);
	say_crcs(c, "Written", stored, "Generated", computed);
}

/* ---- Size and pages ---- */

static void check_size(struct check *c)
{
	struct nvs_raw_page page;
	bool free_page = false;

	if (c->v->size < (size_t)3 * NVS_PAGE_SIZE)
		warn(c, "NVS Partition size must be at least 0x3000 "
		     "(4kiB * 3 pages == 12kiB)!");
	for (size_t n = 0; nvs_raw_page(&page, c->v->image, c->v->size, n); n++)
		free_page |= page.state == NVS_STATE_EMPTY;
	if (free_page)
		return;
	fail(c, "No free (empty) page found in the NVS partition, at least one "
	     "free page is required for proper function!");
	fail(c, "NVS partition possibly truncated?");
}

static void check_empty_page(struct check *c, const struct nvs_raw_page *page)
{
	struct nvs_raw_entry e;
	unsigned next = 0;
	bool data = false;

	say(c, STYLE_CYAN, "Page Empty");
	say(c, STYLE_PLAIN, "\n");
	for (unsigned n = NVS_PAGE_BITMAP; n < NVS_PAGE_ENTRIES_AT; n++)
		if (page->bytes[n] != 0xFF) {
			fail(c, "The page is reported as Empty but its entry "
			     "state bitmap is not empty!");
			break;
		}
	while (nvs_raw_walk(page, &next, &e))
		data |= !e.blank;
	if (data)
		fail(c, "The page is reported as Empty but there are data "
		     "written!");
}

static void check_header(struct check *c, const struct nvs_raw_page *page)
{
	char text[64];

	snprintf(text, sizeof(text), "Page no. %u", (unsigned)page->seqno);
	say(c, STYLE_CYAN, text);
	if (page->crc_stored != page->crc_computed) {
		c->errors++;
		say_crcs(c, "Original CRC32", page->crc_stored,
			 "Generated CRC32", page->crc_computed);
		return;
	}
	/* A tab in the original, which its output library expands. */
	snprintf(text, sizeof(text), "%*sCRC32: OK\n",
		 (int)(8 - strlen(text) % 8), "");
	say(c, STYLE_PLAIN, text);
}

/* The states of the entries that hold an entry's data. */
static void check_children(struct check *c, const struct nvs_raw_page *page,
			   const struct nvs_raw_entry *e, const char *key)
{
	if (e->index + e->span - 1u >= NVS_PAGE_ENTRIES) {
		fail(c, " Variable length entry #%03u %s is out of bounds!",
		     e->index, key);
		return;
	}
	for (unsigned n = 1; n <= e->children; n++) {
		unsigned state = nvs_entry_state(page->bytes, e->index + n);

		if (state != e->state)
			warn(c, " Inconsistent data state! Entry #%03u %s "
			     "state: %s, Data entry #%03u %s state: %s",
			     e->index, key, view_state(e->state),
			     e->index + n, key, view_state(state));
	}
}

static void check_written(struct check *c, const struct nvs_raw_page *page,
			  const struct nvs_raw_entry *e)
{
	uint32_t data_crc = nvs_raw_data_computed(e);
	char key[VIEW_KEY_MAX], type[VIEW_TYPE_MAX];

	view_key(e->key, e->key_len, key);
	if (e->crc_stored != e->crc_computed)
		fail_crc(c, e->index, key, "", e->crc_stored,
			 e->crc_computed);
	if (e->span > 1 && e->data_crc != data_crc)
		fail_crc(c, e->index, key, " data (string, blob)",
			 e->data_crc, data_crc);
	if (e->kind == NVS_DATA_NONE)
		warn(c, " Type of entry #%03u %s is unrecognized! Type: %s",
		     e->index, key, view_type(e->type, type));
	if (e->span > 0)
		check_children(c, page, e, key);
}

static void check_entry(struct check *c, const struct nvs_raw_page *page,
			const struct nvs_raw_entry *e)
{
	if (e->blank && e->state == NVS_ENTRY_WRITTEN)
		fail(c, " Entry #%03u is reported as Written but it is empty!",
		     e->index);
	else if (e->blank && e->state == NVS_ENTRY_ERASED)
		warn(c, " Entry #%03u is reported as Erased but it is empty! "
		     "(Only entries reported as Empty should be empty)",
		     e->index);
	else if (e->state == NVS_ENTRY_WRITTEN)
		check_written(c, page, e);
}

static void check_pages(struct check *c)
{
	struct nvs_raw_page page;
	struct nvs_raw_entry e;

	for (size_t n = 0; nvs_raw_page(&page, c->v->image, c->v->size, n);
	     n++) {
		unsigned next = 0;

		if (page.state == NVS_STATE_EMPTY)
			check_empty_page(c, &page);
		else
			check_header(c, &page);
		while (nvs_raw_walk(&page, &next, &e))
			check_entry(c, &page, &e);
	}
}

/* ---- Duplicates ---- */

/* A Written entry, to be compared with others of its key. */
struct twin {
	const uint8_t *bytes; /* its entry */
	const uint8_t *page;  /* the page it stands in */
	unsigned index;       /* in that page */
	size_t place;         /* among all Written entries */
	size_t key_place;     /* place of the first one with this key */
	bool reported;
};

enum rank { RANK_INDEX, RANK_CHUNK, RANK_OTHER, RANK_UNKNOWN };

static enum rank rank_of(const struct twin *t)
{
	uint8_t type = t->bytes[NVS_ENTRY_TYPE];

	if (nvs_type_kind(type) == NVS_DATA_NONE)
		return RANK_UNKNOWN;
	return type == NVS_BLOB_INDEX ? RANK_INDEX :
	       type == NVS_BLOB_CHUNK ? RANK_CHUNK : RANK_OTHER;
}

static int compare_key(const struct twin *a, const struct twin *b)
{
	return memcmp(a->bytes + NVS_ENTRY_KEY, b->bytes + NVS_ENTRY_KEY,
		      NVS_KEY_SIZE);
}

/* By key and namespace, unknown types behind. */
static int compare_home(const struct twin *a, const struct twin *b)
{
	bool i = rank_of(a) == RANK_UNKNOWN, j = rank_of(b) == RANK_UNKNOWN;
	int c = compare_key(a, b);

	if (c)
		return c;
	return i != j ? i - j :
	       a->bytes[NVS_ENTRY_NS] - b->bytes[NVS_ENTRY_NS];
}

/* By what must be there only once. */
static int compare_kind(const struct twin *a, const struct twin *b)
{
	int c = compare_home(a, b);

	if (!c)
		c = (int)rank_of(a) - (int)rank_of(b);
	if (!c && rank_of(a) == RANK_CHUNK)
		c = a->bytes[NVS_ENTRY_CHUNK] - b->bytes[NVS_ENTRY_CHUNK];
	return c;
}

static int sort_by_kind(const void *a, const void *b)
{
	const struct twin *x = a, *y = b;
	int c = compare_kind(x, y);

	if (c)
		return c;
	return x->place < y->place ? -1 : x->place > y->place;
}

/* Keys by first sight, then in the order of the report. */
static int sort_for_report(const void *a, const void *b)
{
	const struct twin *x = a, *y = b;

	if (x->key_place != y->key_place)
		return x->key_place < y->key_place ? -1 : 1;
	if (rank_of(x) != rank_of(y))
		return (int)rank_of(x) - (int)rank_of(y);
	return x->place < y->place ? -1 : x->place > y->place;
}

/* Fill twins, unless it is NULL; returns how many there are. */
static size_t collect_twins(const struct view *v, struct twin *twins)
{
	struct view_walk w = { .view = v };
	struct nvs_raw_entry e;
	size_t count = 0;

	while (view_next(&w, &e)) {
		if (e.state != NVS_ENTRY_WRITTEN)
			continue;
		if (twins)
			twins[count] = (struct twin){
				.bytes = e.bytes,
				.index = e.index,
				.page = w.page.bytes,
				.place = count,
			};
		count++;
	}
	return count;
}

/* Length of the run of equal elements at the front. */
static size_t run_of(const struct twin *t, size_t count,
		     int (*compare)(const struct twin *, const struct twin *))
{
	size_t n = 1;

	while (n < count && !compare(&t[0], &t[n]))
		n++;
	return n;
}

/*
 * Entries that share key and namespace: of blob indexes, and of chunks of
 * one number, one is right; any other entry must be alone.
 */
static void mark_home(struct twin *t, size_t count)
{
	size_t run;

	if (count < 2)
		return;
	for (size_t n = 0; n < count; n += run) {
		run = run_of(t + n, count - n, compare_kind);
		for (size_t i = n; i < n + run; i++)
			t[i].reported = rank_of(&t[i]) == RANK_OTHER ||
					(rank_of(&t[i]) < RANK_OTHER &&
					 run > 1);
	}
}

static void mark_key(struct twin *t, size_t count)
{
	size_t first = t[0].place, run;

	for (size_t n = 1; n < count; n++)
		if (t[n].place < first)
			first = t[n].place;
	for (size_t n = 0; n < count; n++)
		t[n].key_place = first;
	for (size_t n = 0; n < count; n += run) {
		run = run_of(t + n, count - n, compare_home);
		mark_home(t + n, run);
	}
}

/* An error whose tabs go to every eighth column, those of "ERROR: " too. */
static void fail_in_columns(struct check *c, const char *text)
{
	char line[256];
	size_t column = strlen("ERROR: "), at = 0;

	for (; *text && at + 9 < sizeof(line); text++) {
		if (*text == '\t') {
			do
				line[at++] = ' ';
			while (++column % 8);
		} else {
			line[at++] = *text;
			/* Bytes that go on a character take no column. */
			column += ((uint8_t)*text & 0xC0) != 0x80;
		}
	}
	line[at] = '\0';
	fail(c, "%s", line);
}

static void report_twin(struct check *c, const struct twin *t)
{
	char key[VIEW_KEY_MAX], type[VIEW_TYPE_MAX], word[48], line[200];
	char number[VIEW_INT_MAX];
	struct nvs_raw_page page = { .bytes = t->page };
	struct nvs_raw_entry e;
	size_t key_tabs, type_tabs;

	nvs_raw_entry(&e, &page, t->index);
	if (view_is_definition(&e))
		snprintf(word, sizeof(word), "namespace (%s)",
			 view_int(&e, number));
	else
		snprintf(word, sizeof(word), "%s", view_type(e.type, type));
	key_tabs = e.key_len / 8 < 3 ? 3 - e.key_len / 8 : 0;
	type_tabs = strlen(word) / 8 < 2 ? 2 - strlen(word) / 8 : 0;
	snprintf(line, sizeof(line), "#%03u\t%s%.*s%s%.*s%u\t\t%u\t%s",
		 e.index, view_key(e.key, e.key_len, key), (int)key_tabs,
		 "\t\t\t", word, (int)type_tabs, "\t\t", (unsigned)e.ns,
		 (unsigned)le_get32(t->page + NVS_HEADER_SEQNO),
		 view_status(le_get32(t->page + NVS_HEADER_STATE)));
	fail_in_columns(c, line);
}

static int check_duplicates(struct check *c, struct err *err)
{
	size_t count = collect_twins(c->v, NULL), run;
	struct twin *twins = mem_array(count ? count : 1, sizeof(*twins));
	bool first = true;

	if (!twins)
		return err_nomem(err);
	collect_twins(c->v, twins);
	qsort(twins, count, sizeof(*twins), sort_by_kind);
	for (size_t n = 0; n < count; n += run) {
		run = run_of(twins + n, count - n, compare_key);
		mark_key(twins + n, run);
	}
	qsort(twins, count, sizeof(*twins), sort_for_report);
	for (size_t n = 0; n < count; n++) {
		if (!twins[n].reported)
			continue;
		if (first) {
			fail(c, "Found duplicate entries:");
			fail_in_columns(c, "Entry\tKey\t\t\tType\t\t"
					"Namespace idx\tPage\tPage status");
		}
		first = false;
		report_twin(c, &twins[n]);
	}
	mem_free(twins);
	return 0;
}

/* ---- Blobs ---- */

static const char *namespace_or_undefined(const struct check *c, uint8_t index,
					  char out[VIEW_KEY_MAX])
{
	const char *name = view_namespace(c->v, index, out);

	return name ? name : "undefined";
}

static const char *key_of(const uint8_t *entry, char out[VIEW_KEY_MAX])
{
	size_t len = NVS_KEY_SIZE;

	while (len && !entry[NVS_ENTRY_KEY + len - 1])
		len--;
	return view_key(entry + NVS_ENTRY_KEY, len, out);
}

static void check_blob(struct check *c, const struct view_blob *blob)
{
	const struct view_chunk *chunk = blob->chunks;
	const struct view_chunk *end = chunk + blob->chunk_count;
	const uint8_t *p = blob->index;
	uint32_t size = le_get32(p + NVS_DATA_SIZE);
	char key[VIEW_KEY_MAX], ns[VIEW_KEY_MAX];
	uint32_t have = 0;

	for (unsigned n = 0; n < p[NVS_INDEX_COUNT]; n++) {
		if (chunk < end && chunk->slot == n) {
			have += chunk->children * NVS_ENTRY_SIZE;
			chunk++;
			continue;
		}
		fail(c, "Blob %s is missing a chunk! Namespace index: %03u "
		     "[%s], Chunk Index: %03u", key_of(p, key),
		     (unsigned)p[NVS_ENTRY_NS],
		     namespace_or_undefined(c, p[NVS_ENTRY_NS], ns), n);
	}
	if (size > have)
		fail(c, "Blob %s is missing %u B of data! Namespace index: "
		     "%03u", key_of(p, key), (unsigned)(size - have),
		     (unsigned)p[NVS_ENTRY_NS]);
}

static int check_blobs(struct check *c, struct err *err)
{
	struct view_blobs blobs;
	int r;

	r = view_blobs_init(&blobs, c->v, err);
	for (size_t n = 0; !r && n < blobs.stray_count; n++) {
		const uint8_t *p = blobs.strays[n].bytes;
		char key[VIEW_KEY_MAX], ns[VIEW_KEY_MAX];

		fail(c, "Blob %s %s! Namespace index: %03u [%s], Chunk Index: "
		     "%03u", key_of(p, key), blobs.strays[n].out_of_range ?
		     "chunk is out of range" : "chunk has no blob index",
		     (unsigned)p[NVS_ENTRY_NS],
		     namespace_or_undefined(c, p[NVS_ENTRY_NS], ns),
		     (unsigned)p[NVS_ENTRY_CHUNK]);
	}
	for (size_t n = 0; !r && n < blobs.blob_count; n++)
		check_blob(c, &blobs.blobs[n]);
	view_blobs_release(&blobs);
	return r;
}

/* ---- Namespaces ---- */

static int by_place(const void *a, const void *b)
{
	const struct view_name *x = *(const struct view_name *const *)a;
	const struct view_name *y = *(const struct view_name *const *)b;

	return x->place < y->place ? -1 : x->place > y->place;
}

static void warn_unused(const struct check *c, const struct view_name *name)
{
	char key[VIEW_KEY_MAX];

	view_key(name->key, name->key_len, key);
	if (name->negative)
		warn(c, "Found unused namespace. Namespace index: %03lld [%s]",
		     (long long)name->number, key);
	else
		warn(c, "Found unused namespace. Namespace index: %03llu [%s]",
		     (unsigned long long)name->number, key);
}

static int check_namespaces(struct check *c, struct err *err)
{
	const struct view *v = c->v;
	struct view_walk w = { .view = v };
	const struct view_name **names;
	struct nvs_raw_entry e;
	bool used[256] = { false };

	names = mem_array(v->name_count ? v->name_count : 1, sizeof(*names));
	if (!names)
		return err_nomem(err);
	while (view_next(&w, &e)) {
		if (e.state != NVS_ENTRY_WRITTEN || e.blank || !e.ns ||
		    used[e.ns])
			continue;
		used[e.ns] = true;
		if (!v->by_index[e.ns])
			fail(c, "Undefined namespace index! Namespace index: "
			     "%03u [undefined]", (unsigned)e.ns);
	}
	for (size_t n = 0; n < v->name_count; n++)
		names[n] = &v->names[n];
	qsort(names, v->name_count, sizeof(*names), by_place);
	for (size_t n = 0; n < v->name_count; n++)
		if (names[n]->negative || names[n]->number > 255 ||
		    !used[names[n]->number])
			warn_unused(c, names[n]);
	mem_free(names);
	return 0;
}

int integrity_check(const struct view *v, bool quiet, size_t *errors,
		    struct err *err)
{
	struct check c = { v, quiet, 0 };
	int r;

	say(&c, STYLE_PLAIN, "\n");
	check_size(&c);
	check_pages(&c);
	r = check_duplicates(&c, err);
	if (!r) {
		say(&c, STYLE_PLAIN, "\n");
		r = check_blobs(&c, err);
	}
	if (!r)
		r = check_namespaces(&c, err);
	*errors = c.errors;
	return r;
}
