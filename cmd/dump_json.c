/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump_json.c - the JSON views. The tree is cJSON's, the text is not: scripts
 * compare these files byte for byte, and cJSON_Print() indents with tabs,
 * sets an array's objects side by side and keeps numbers in a double, which
 * has no room for the 64 bits of an u64. So numbers, and strings that may
 * hold a NUL, are put into the tree as raw text, and a small printer walks
 * it. The tree is made and printed page by page, for it takes a hundred
 * times the room of the image.
 */
#include "dump.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>

#include "text.h"

/* ---- Strings as JSON spells them ---- */

/* One character, in ASCII. */
static int put_character(struct buf *b, uint32_t c)
{
	static const char plain[] = "\"\\\b\f\n\r\t", spelt[] = "\"\\bfnrt";
	const char *p = c && c < 0x80 ? strchr(plain, (int)c) : NULL;

	if (p)
		return buf_printf(b, "\\%c", spelt[p - plain]);
	if (c >= 0x20 && c <= 0x7E)
		return buf_putc(b, (uint8_t)c);
	if (c < 0x10000)
		return buf_printf(b, "\\u%04x", (unsigned)c);
	c -= 0x10000;
	return buf_printf(b, "\\u%04x\\u%04x", 0xD800 + (unsigned)(c >> 10),
			  0xDC00 + (unsigned)(c & 0x3FF));
}

/* What to do with bytes that are not UTF-8. */
enum bad_bytes {
	BAD_REPLACE, /* U+FFFD for each sequence */
	BAD_ESCAPE   /* each byte as U+DC00 + byte, as Python has file names */
};

static int quote_utf8(struct buf *b, const uint8_t *p, size_t n,
		      enum bad_bytes bad)
{
	size_t step;
	int r;

	r = buf_putc(b, '"');
	for (; !r && n; p += step, n -= step) {
		uint32_t code;
		bool good;

		step = view_utf8(p, n, &code, &good);
		if (good) {
			r = put_character(b, code);
		} else if (bad == BAD_REPLACE) {
			r = put_character(b, 0xFFFD);
		} else {
			step = 1;
			r = put_character(b, 0xDC00u + p[0]);
		}
	}
	return r ? r : buf_putc(b, '"');
}

static int quote_latin1(struct buf *b, const uint8_t *p, size_t n)
{
	int r;

	r = buf_putc(b, '"');
	for (size_t i = 0; !r && i < n; i++)
		r = put_character(b, p[i]);
	return r ? r : buf_putc(b, '"');
}

/* ---- The tree; a failure shows as a NULL that cJSON then hands on ---- */

static bool add(cJSON *object, const char *name, cJSON *value)
{
	if (value && cJSON_AddItemToObjectCS(object, name, value))
		return true;
	cJSON_Delete(value);
	return false;
}

static bool add_uint(cJSON *object, const char *name, uint64_t n)
{
	char text[VIEW_INT_MAX];

	snprintf(text, sizeof(text), "%" PRIu64, n);
	return add(object, name, cJSON_CreateRaw(text));
}

static cJSON *base64(const uint8_t *p, size_t n)
{
	struct buf b = BUF_INIT;
	const char *text = NULL;
	cJSON *node;

	if (!text_to_base64(p, n, &b))
		text = buf_str(&b);
	node = text ? cJSON_CreateString(text) : NULL;
	buf_release(&b);
	return node;
}

/* The text that quoting has put into b, or NULL when it failed. */
static cJSON *raw(struct buf *b, int failed)
{
	const char *text = failed ? NULL : buf_str(b);
	cJSON *node = text ? cJSON_CreateRaw(text) : NULL;

	buf_release(b);
	return node;
}

static cJSON *latin1(const uint8_t *p, size_t n)
{
	struct buf b = BUF_INIT;

	return raw(&b, quote_latin1(&b, p, n));
}

static cJSON *integer(const struct nvs_raw_entry *e)
{
	char text[VIEW_INT_MAX];

	return cJSON_CreateRaw(view_int(e, text));
}

/* The list that "value" is where there is more than one. */
static bool add_values(cJSON *data, const uint32_t *values, size_t count)
{
	cJSON *list = cJSON_CreateArray();
	bool good = list != NULL;

	for (size_t n = 0; good && n < count; n++) {
		char text[VIEW_INT_MAX];
		cJSON *node;

		snprintf(text, sizeof(text), "%" PRIu32, values[n]);
		node = cJSON_CreateRaw(text);
		good = node && cJSON_AddItemToArray(list, node);
		if (!good)
			cJSON_Delete(node);
	}
	if (!good) {
		cJSON_Delete(list);
		return false;
	}
	return add(data, "value", list);
}

static bool add_data(cJSON *entry, const struct nvs_raw_entry *e)
{
	cJSON *data = cJSON_CreateObject();

	if (!add(entry, "data", data))
		return false;
	if (e->kind == NVS_DATA_INT)
		return add(data, "value", integer(e));
	if (e->kind == NVS_DATA_SIZED)
		return add_values(data, (uint32_t[]){ e->size, e->data_crc },
				  2) &&
		       add_uint(data, "size", e->size) &&
		       add_uint(data, "crc", e->data_crc);
	if (e->kind == NVS_DATA_INDEX)
		return add_values(data, (uint32_t[]){ e->size, e->chunk_count,
						      e->chunk_start }, 3) &&
		       add_uint(data, "size", e->size) &&
		       add_uint(data, "chunk_count", e->chunk_count) &&
		       add_uint(data, "chunk_start", e->chunk_start);
	return add(data, "value", cJSON_CreateNull());
}

static bool add_metadata(cJSON *entry, const struct nvs_raw_entry *e)
{
	cJSON *meta = cJSON_CreateObject(), *crc;
	char type[VIEW_TYPE_MAX];

	if (!add(entry, "metadata", meta) ||
	    !add_uint(meta, "namespace", e->ns) ||
	    !add(meta, "type", cJSON_CreateString(view_type(e->type, type))) ||
	    !add_uint(meta, "span", e->span) ||
	    !add_uint(meta, "chunk_index", e->chunk))
		return false;
	crc = cJSON_CreateObject();
	return add(meta, "crc", crc) &&
	       add_uint(crc, "original", e->crc_stored) &&
	       add_uint(crc, "computed", e->crc_computed) &&
	       add_uint(crc, "data_original", e->data_crc) &&
	       add_uint(crc, "data_computed", nvs_raw_data_computed(e));
}

/* An entry without its children. */
static bool add_entry(cJSON *list, const struct nvs_raw_entry *e,
		      cJSON **children)
{
	cJSON *entry = cJSON_CreateObject();

	if (!entry || !cJSON_AddItemToArray(list, entry)) {
		cJSON_Delete(entry);
		return false;
	}
	if (!add(entry, "raw", base64(e->bytes, NVS_ENTRY_SIZE)) ||
	    !add(entry, "state", cJSON_CreateString(view_state(e->state))) ||
	    !add(entry, "is_empty", cJSON_CreateBool(e->blank)) ||
	    !add_uint(entry, "index", e->index) ||
	    !add_metadata(entry, e) ||
	    !add(entry, "key", latin1(e->key, e->key_len)) ||
	    !add_data(entry, e))
		return false;
	*children = cJSON_CreateArray();
	return add(entry, "children", *children);
}

static bool add_entries(cJSON *page, const struct nvs_raw_page *p)
{
	cJSON *list = cJSON_CreateArray(), *children, *none;
	struct nvs_raw_entry e, child;
	unsigned next = 0;

	if (!add(page, "entries", list))
		return false;
	while (nvs_raw_walk(p, &next, &e)) {
		if (!add_entry(list, &e, &children))
			return false;
		for (unsigned n = 1; n <= e.children; n++) {
			nvs_raw_entry(&child, p, e.index + n);
			if (!add_entry(children, &child, &none))
				return false;
		}
	}
	return true;
}

static bool add_header(cJSON *page, const struct nvs_raw_page *p)
{
	cJSON *header = cJSON_CreateObject(), *crc;
	const char *status = view_status(p->state);

	if (!add(page, "header", header) ||
	    !add(header, "status", cJSON_CreateString(status)) ||
	    !add_uint(header, "page_index", p->seqno) ||
	    !add_uint(header, "version", p->version))
		return false;
	crc = cJSON_CreateObject();
	return add(header, "crc", crc) &&
	       add_uint(crc, "original", p->crc_stored) &&
	       add_uint(crc, "computed", p->crc_computed);
}

static cJSON *page_tree(const struct nvs_raw_page *p)
{
	cJSON *page = cJSON_CreateObject();

	if (page && add(page, "is_empty", cJSON_CreateBool(p->blank)) &&
	    add_uint(page, "start_address", p->offset) &&
	    add(page, "raw_header", base64(p->bytes, NVS_PAGE_BITMAP)) &&
	    add(page, "raw_entry_state_bitmap",
		base64(p->bytes + NVS_PAGE_BITMAP,
		       NVS_PAGE_ENTRIES_AT - NVS_PAGE_BITMAP)) &&
	    add_header(page, p) && add_entries(page, p))
		return page;
	cJSON_Delete(page);
	return NULL;
}

/* ---- The printer ---- */

struct layout {
	FILE *out;
	unsigned step;  /* blanks per level */
	unsigned level;
};

static void new_line(const struct layout *l)
{
	fprintf(l->out, "\n%*s", (int)(l->step * l->level), "");
}

/* All names and strings in the tree are plain ASCII without escapes. */
static void print_node(const cJSON *node, struct layout *l)
{
	bool object = cJSON_IsObject(node);

	if (cJSON_IsRaw(node)) {
		fputs(node->valuestring, l->out);
	} else if (cJSON_IsString(node)) {
		fprintf(l->out, "\"%s\"", node->valuestring);
	} else if (!object && !cJSON_IsArray(node)) {
		fputs(cJSON_IsTrue(node) ? "true" :
		      cJSON_IsFalse(node) ? "false" : "null", l->out);
	} else if (!node->child) {
		fputs(object ? "{}" : "[]", l->out);
	} else {
		fputc(object ? '{' : '[', l->out);
		l->level++;
		for (const cJSON *child = node->child; child;
		     child = child->next) {
			new_line(l);
			if (object)
				fprintf(l->out, "\"%s\": ", child->string);
			print_node(child, l);
			if (child->next)
				fputc(',', l->out);
		}
		l->level--;
		new_line(l);
		fputc(object ? '}' : ']', l->out);
	}
}

/* One element of a list that is printed piece by piece, and free it. */
static int print_element(cJSON *tree, struct layout *l, bool first,
			 struct err *err)
{
	if (!tree)
		return err_nomem(err);
	if (!first)
		fputc(',', l->out);
	new_line(l);
	print_node(tree, l);
	cJSON_Delete(tree);
	return 0;
}

/* ---- The views ---- */

static int print_name(const struct view *v, struct err *err)
{
	const char *slash = strrchr(v->file, '/');
	const char *name = slash ? slash + 1 : v->file;
	struct buf b = BUF_INIT;
	int r;

	r = quote_utf8(&b, (const uint8_t *)name, strlen(name), BAD_ESCAPE);
	if (!r)
		fwrite(b.data, 1, b.len, v->out);
	buf_release(&b);
	return r ? err_nomem(err) : 0;
}

int dump_json_all(const struct view *v, struct err *err)
{
	struct layout l = { v->out, 2, 2 };
	struct nvs_raw_page page;
	size_t n = 0;
	int r;

	fputs("{\n  \"name\": ", v->out);
	r = print_name(v, err);
	fputs(",\n  \"pages\": [", v->out);
	for (; !r && nvs_raw_page(&page, v->image, v->size, n); n++)
		r = print_element(page_tree(&page), &l, n == 0, err);
	fputs(n ? "\n  ]\n}\n" : "]\n}\n", v->out);
	return r;
}

static cJSON *minimal_data(const struct nvs_raw_entry *e)
{
	const uint8_t *data = nvs_raw_children(e);
	size_t len = nvs_raw_data_len(e);
	struct buf b = BUF_INIT;

	if (e->kind == NVS_DATA_INT)
		return integer(e);
	if (e->kind != NVS_DATA_SIZED)
		return cJSON_CreateNull();
	if (e->type != NVS_STRING)
		return base64(data, len);
	while (len && !data[len - 1])
		len--;
	return raw(&b, quote_utf8(&b, data, len, BAD_REPLACE));
}

static cJSON *minimal_tree(const struct view *v, const struct nvs_raw_entry *e)
{
	const struct view_name *ns = v->by_index[e->ns];
	cJSON *entry = cJSON_CreateObject();
	char type[VIEW_TYPE_MAX];

	if (entry && add(entry, "namespace", latin1(ns->key, ns->key_len)) &&
	    add(entry, "key", latin1(e->key, e->key_len)) &&
	    add(entry, "encoding",
		cJSON_CreateString(view_type(e->type, type))) &&
	    add(entry, "data", minimal_data(e)) &&
	    add(entry, "state", cJSON_CreateString(view_state(e->state))) &&
	    add(entry, "is_empty", cJSON_CreateBool(e->blank)))
		return entry;
	cJSON_Delete(entry);
	return NULL;
}

int dump_json_minimal(const struct view *v, struct err *err)
{
	struct layout l = { v->out, 4, 1 };
	struct view_walk w = { .view = v };
	struct nvs_raw_entry e;
	bool first = true;
	int r = 0;

	fputc('[', v->out);
	while (!r && view_next(&w, &e)) {
		if (e.state != NVS_ENTRY_WRITTEN || !e.ns ||
		    e.type == NVS_BLOB_INDEX || !v->by_index[e.ns])
			continue;
		r = print_element(minimal_tree(v, &e), &l, first, err);
		first = false;
	}
	fputs(first ? "]\n" : "\n]\n", v->out);
	return r;
}
