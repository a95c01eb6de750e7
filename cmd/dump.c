/* SPDX-License-Identifier: Apache-2.0 */
#include "dump.h"

#include <string.h>

#include "view_blobs.h"

/* ---- all, written ---- */

static void print_page_heading(const struct view *v,
			       const struct nvs_raw_page *p)
{
	bool right = p->crc_stored == p->crc_computed;

	if (p->blank) {
		view_print(v, STYLE_BOLD, "Page Empty, Page address: 0x%zx",
			   p->offset);
	} else {
		view_print(v, STYLE_BOLD, "Page no. %u, Status: %s, "
			   "Version: %u, CRC32: ", (unsigned)p->seqno,
			   view_status(p->state), p->version);
		view_print(v, right ? STYLE_BOLD_GREEN : STYLE_BOLD_RED,
			   "%8x", (unsigned)p->crc_stored);
		view_print(v, STYLE_BOLD, ", Page address: 0x%zx", p->offset);
	}
	fputc('\n', v->out);
	view_print(v, STYLE_BOLD, " Entry state bitmap: ");
	for (unsigned n = NVS_PAGE_BITMAP; n < NVS_PAGE_ENTRIES_AT; n++)
		fprintf(v->out, "%02x ", (unsigned)p->bytes[n]);
	fputc('\n', v->out);
}

static void print_sized(const struct view *v, const struct nvs_raw_entry *e)
{
	bool right = e->data_crc == nvs_raw_data_computed(e);

	fprintf(v->out, "Size=%u, CRC32=", (unsigned)e->size);
	view_print(v, right ? STYLE_GREEN : STYLE_RED, "%x",
		   (unsigned)e->data_crc);
	fputc('\n', v->out);
}

static void print_data(const struct view *v, const struct nvs_raw_entry *e)
{
	char number[VIEW_INT_MAX];

	if (e->kind == NVS_DATA_INT)
		fprintf(v->out, "%s\n", view_int(e, number));
	else if (e->kind == NVS_DATA_SIZED)
		print_sized(v, e);
	else if (e->kind == NVS_DATA_INDEX)
		fprintf(v->out, "Size=%u, ChunkCount=%u, ChunkStart=%u\n",
			(unsigned)e->size, (unsigned)e->chunk_count,
			(unsigned)e->chunk_start);
	else
		fputs("None\n", v->out);
}

static void print_entry(const struct view *v, const struct nvs_raw_entry *e)
{
	bool right = e->crc_stored == e->crc_computed;
	char type[VIEW_TYPE_MAX], key[VIEW_KEY_MAX];

	view_print(v, STYLE_BOLD, " %03u.", e->index);
	fputc(' ', v->out);
	view_print(v, e->state == NVS_ENTRY_WRITTEN ? STYLE_GREEN :
		      e->state == NVS_ENTRY_ERASED ? STYLE_RED : STYLE_PLAIN,
		   "%s%s", view_state(e->state),
		   e->state == NVS_ENTRY_ERASED ? " " : "");
	fprintf(v->out, ", Namespace Index: %03u, Type: %-10s, Span: %03u, "
		"Chunk Index: %03u, CRC32: ", (unsigned)e->ns,
		view_type(e->type, type), (unsigned)e->span,
		(unsigned)e->chunk);
	view_print(v, right ? STYLE_GREEN : STYLE_RED, "%8x",
		   (unsigned)e->crc_stored);
	fprintf(v->out, " | %s: ", view_key(e->key, e->key_len, key));
	print_data(v, e);
	for (size_t n = 0; n < e->children; n++)
		view_hex_line(v, 6, 3, n * NVS_ENTRY_SIZE,
			      nvs_raw_children(e) + n * NVS_ENTRY_SIZE);
}

/* Entries that were never used, shown as one run. */
struct run {
	unsigned first, count;
};

static void print_empty(const struct view *v, unsigned index)
{
	view_print(v, STYLE_BOLD, " %03u.", index);
	fputs(" Empty\n", v->out);
}

static void end_run(const struct view *v, struct run *run)
{
	if (run->count)
		print_empty(v, run->first);
	if (run->count > 2) {
		view_print(v, STYLE_BOLD, " ...");
		fputc('\n', v->out);
	}
	if (run->count > 1)
		print_empty(v, run->first + run->count - 1);
	run->count = 0;
}

static void print_page(const struct view *v, const struct nvs_raw_page *page,
		       bool written_only)
{
	struct nvs_raw_entry e;
	struct run run = { 0, 0 };
	unsigned next = 0;

	print_page_heading(v, page);
	while (nvs_raw_walk(page, &next, &e)) {
		if (written_only && e.state != NVS_ENTRY_WRITTEN)
			continue;
		if (e.state == NVS_ENTRY_EMPTY && e.blank) {
			if (!run.count++)
				run.first = e.index;
			continue;
		}
		end_run(v, &run);
		print_entry(v, &e);
	}
	end_run(v, &run);
	fputc('\n', v->out);
}

static int dump_all(const struct view *v, struct err *err)
{
	struct nvs_raw_page page;

	(void)err;
	for (size_t n = 0; nvs_raw_page(&page, v->image, v->size, n); n++)
		print_page(v, &page, false);
	return 0;
}

static int dump_written(const struct view *v, struct err *err)
{
	struct nvs_raw_page page;

	(void)err;
	for (size_t n = 0; nvs_raw_page(&page, v->image, v->size, n); n++)
		print_page(v, &page, true);
	return 0;
}

/* ---- minimal ---- */

/* Whether a terminal would do something else than show it. */
static bool is_command(const struct view *v, uint32_t code)
{
	return v->terminal && code != '\n' && code != '\t' && code &&
	       (code < 0x20 || (code >= 0x7F && code < 0xA0));
}

/*
 * The bytes of a string, its NUL too; what is not UTF-8 as U+FFFD, and what
 * commands the terminal as \xNN.
 */
static void print_string(const struct view *v, const uint8_t *p, size_t n)
{
	size_t step;
	uint32_t code;
	bool good;

	for (; n; p += step, n -= step) {
		step = view_utf8(p, n, &code, &good);
		if (good && is_command(v, code))
			fprintf(v->out, "\\x%02x", (unsigned)code);
		else if (good)
			fwrite(p, 1, step, v->out);
		else
			fputs("\xEF\xBF\xBD", v->out);
	}
}

/* Bytes in the notation of Python, which the scripts expect here. */
static void print_bytes(const struct view *v, const uint8_t *p, size_t n)
{
	bool has_single = n && memchr(p, '\'', n);
	uint8_t quote = has_single && !memchr(p, '"', n) ? '"' : '\'';

	fprintf(v->out, "b%c", quote);
	for (size_t i = 0; i < n; i++) {
		uint8_t c = p[i];

		if (c == '\t')
			fputs("\\t", v->out);
		else if (c == '\n')
			fputs("\\n", v->out);
		else if (c == '\r')
			fputs("\\r", v->out);
		else if (c < 0x20 || c > 0x7E)
			fprintf(v->out, "\\x%02x", (unsigned)c);
		else
			fprintf(v->out, c == '\\' || c == quote ? "\\%c" : "%c",
				c);
	}
	fputc(quote, v->out);
}

static void print_value(const struct view *v, const struct nvs_raw_entry *e)
{
	const uint8_t *data = nvs_raw_children(e);
	size_t len = nvs_raw_data_len(e);
	char number[VIEW_INT_MAX];

	if (e->kind == NVS_DATA_INT)
		fputs(view_int(e, number), v->out);
	else if (e->type == NVS_STRING)
		print_string(v, data, len);
	else if (e->type == NVS_BLOB)
		print_bytes(v, data, len);
	else if (e->type != NVS_BLOB_CHUNK)
		fputs("None", v->out);
}

static void print_minimal(const struct view *v, const struct nvs_raw_entry *e)
{
	char ns[VIEW_KEY_MAX], key[VIEW_KEY_MAX];

	if (e->state != NVS_ENTRY_WRITTEN || !e->ns ||
	    e->type == NVS_BLOB_INDEX || !view_namespace(v, e->ns, ns))
		return;
	fputc(' ', v->out);
	view_print(v, STYLE_CYAN, "%s", ns);
	fputc(':', v->out);
	view_print(v, STYLE_YELLOW, "%s", view_key(e->key, e->key_len, key));
	if (e->type == NVS_BLOB_CHUNK)
		fprintf(v->out, "[%u]", e->chunk & 0x7Fu);
	fputs(" = ", v->out);
	print_value(v, e);
	fputc('\n', v->out);
}

static int dump_minimal(const struct view *v, struct err *err)
{
	struct nvs_raw_page page;
	struct nvs_raw_entry e;

	(void)err;
	for (size_t n = 0; nvs_raw_page(&page, v->image, v->size, n); n++) {
		unsigned next = 0;

		if (page.blank)
			view_print(v, STYLE_BOLD, "Page Empty");
		else
			view_print(v, STYLE_BOLD, "Page no. %u, Status: %s",
				   (unsigned)page.seqno,
				   view_status(page.state));
		fputc('\n', v->out);
		while (nvs_raw_walk(&page, &next, &e))
			print_minimal(v, &e);
		fputc('\n', v->out);
	}
	return 0;
}

/* ---- blobs ---- */

/* The heading of a string or blob; a namespace without a name as a number. */
static void print_blob_heading(const struct view *v, const uint8_t *entry,
			       const char *type, uint32_t size)
{
	const uint8_t *key = entry + NVS_ENTRY_KEY;
	char ns[VIEW_KEY_MAX], shown[VIEW_KEY_MAX];
	size_t len = NVS_KEY_SIZE;

	while (len && !key[len - 1])
		len--;
	if (!view_namespace(v, entry[NVS_ENTRY_NS], ns))
		snprintf(ns, sizeof(ns), "%u", (unsigned)entry[NVS_ENTRY_NS]);
	view_print(v, STYLE_CYAN, "%s", ns);
	fputc(':', v->out);
	view_print(v, STYLE_YELLOW, "%s", view_key(key, len, shown));
	fprintf(v->out, " - Type: %s, Size: %u\n", type, (unsigned)size);
}

/* Lines for an entry's data; returns the offset behind them. */
static size_t print_blob_lines(const struct view *v, const uint8_t *entry,
			       unsigned children, size_t offset)
{
	for (unsigned n = 0; n < children; n++) {
		entry += NVS_ENTRY_SIZE;
		view_hex_line(v, 2, 5, offset, entry);
		offset += NVS_ENTRY_SIZE;
	}
	return offset;
}

static void print_missing(const struct view *v)
{
	char before[64], behind[65];

	memset(before, '-', sizeof(before) - 1);
	before[sizeof(before) - 1] = '\0';
	memset(behind, '-', sizeof(behind) - 1);
	behind[sizeof(behind) - 1] = '\0';
	view_print(v, STYLE_YELLOW, "  %s Missing data %s", before, behind);
	fputc('\n', v->out);
}

static void print_blob(const struct view *v, const struct view_blob *blob)
{
	const struct view_chunk *chunk = blob->chunks;
	const struct view_chunk *end = chunk + blob->chunk_count;
	size_t offset = 0;

	print_blob_heading(v, blob->index, "Blob (Version 2)",
			   le_get32(blob->index + NVS_DATA_SIZE));
	for (unsigned n = 0; n < blob->index[NVS_INDEX_COUNT]; n++) {
		if (chunk < end && chunk->slot == n) {
			offset = print_blob_lines(v, chunk->bytes,
						  chunk->children, offset);
			chunk++;
		} else {
			print_missing(v);
			offset += NVS_ENTRY_SIZE;
		}
	}
	fputc('\n', v->out);
}

static void print_of_type(const struct view *v, uint8_t type,
			  const char *heading)
{
	struct view_walk w = { .view = v };
	struct nvs_raw_entry e;

	while (view_next(&w, &e)) {
		if (e.state != NVS_ENTRY_WRITTEN || e.type != type)
			continue;
		print_blob_heading(v, e.bytes, heading, e.size);
		print_blob_lines(v, e.bytes, e.children, 0);
		fputc('\n', v->out);
	}
}

static int dump_blobs(const struct view *v, struct err *err)
{
	struct view_blobs blobs;
	int r;

	r = view_blobs_init(&blobs, v, err);
	for (size_t n = 0; !r && n < blobs.blob_count; n++)
		print_blob(v, &blobs.blobs[n]);
	if (!r) {
		print_of_type(v, NVS_STRING, "String");
		print_of_type(v, NVS_BLOB, "Blob (Version 1)");
	}
	view_blobs_release(&blobs);
	return r;
}

/* ---- namespaces ---- */

static int dump_namespaces(const struct view *v, struct err *err)
{
	(void)err;
	view_print(v, STYLE_BOLD, "Index: Namespace");
	fputc('\n', v->out);
	for (size_t n = 0; n < v->name_count; n++) {
		const struct view_name *name = &v->names[n];
		char shown[VIEW_KEY_MAX];

		if (name->negative)
			fprintf(v->out, " %03lld: ", (long long)name->number);
		else
			fprintf(v->out, " %03llu: ",
				(unsigned long long)name->number);
		view_print(v, STYLE_CYAN, "%s",
			   view_key(name->key, name->key_len, shown));
		fputc('\n', v->out);
	}
	return 0;
}

/* ---- storage_info ---- */

/* The states in the order they are listed in. */
static const unsigned listed[] = {
	NVS_ENTRY_WRITTEN, NVS_ENTRY_ERASED, NVS_ENTRY_EMPTY, NVS_ENTRY_INVALID
};

static void print_counts(const struct view *v, const size_t count[4])
{
	size_t total = 0;

	for (unsigned n = 0; n < 4; n++) {
		const char *state = view_state(listed[n]);

		fprintf(v->out, "    %s:%*zu\n", state,
			(int)(13 - strlen(state)), count[listed[n]]);
		total += count[listed[n]];
	}
	fprintf(v->out, "    Total:%8zu\n\n", total);
}

static int dump_storage_info(const struct view *v, struct err *err)
{
	struct nvs_raw_page page;
	struct nvs_raw_entry e;
	size_t all[4] = { 0 }, pages = 0;

	(void)err;
	for (; nvs_raw_page(&page, v->image, v->size, pages); pages++) {
		size_t count[4] = { 0 };
		unsigned next = 0;

		while (nvs_raw_walk(&page, &next, &e)) {
			count[e.state]++;
			all[e.state]++;
		}
		view_print(v, STYLE_BOLD, "Page %s", view_status(page.state));
		fputs("\n  Found entries:\n", v->out);
		print_counts(v, count);
	}
	view_print(v, STYLE_BOLD, "Global");
	fprintf(v->out, "\n  Config:\n    Page size:%8u\n    Entry size:%7u\n"
		"    Total pages:%6zu\n  Entries:\n", NVS_PAGE_SIZE,
		NVS_ENTRY_SIZE, pages);
	print_counts(v, all);
	return 0;
}

/* ---- The table ---- */

static int dump_none(const struct view *v, struct err *err)
{
	(void)v;
	(void)err;
	return 0;
}

static const struct dump dumps[] = {
	{ "all", dump_all, dump_json_all },
	{ "written", dump_written, NULL },
	{ "minimal", dump_minimal, dump_json_minimal },
	{ "blobs", dump_blobs, NULL },
	{ "namespaces", dump_namespaces, NULL },
	{ "storage_info", dump_storage_info, NULL },
	{ "none", dump_none, dump_none },
};

const struct dump *dump_named(const char *name)
{
	for (size_t n = 0; n < sizeof(dumps) / sizeof(*dumps); n++)
		if (!strcmp(dumps[n].name, name))
			return &dumps[n];
	return NULL;
}
