/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_export.c - `nvs_tool --csv`: an image as the input CSV from which
 * nvs_partition_gen makes the same items in the same order. What does not
 * survive a CSV is put into a file of its own, or refused, but not changed.
 */
#include "image.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "csv_table.h"
#include "file.h"
#include "nvs_wifi.h"
#include "text.h"

struct export {
	const struct view *v;
	const char *file;    /* the image */
	const char *dir;     /* for strings with carriage returns, or NULL */
	const struct nvs_read_item *items;
	size_t item_count;
	const struct nvs_namespace *namespaces;
	size_t namespace_count;
	const char *current; /* namespace of the last line */
	struct buf out;
	mode_t mode;         /* of those files */
	bool refused;
};

/* "cfg:serial" for a message. */
static const char *label(const struct nvs_read_item *item, struct buf *out)
{
	char ns[TEXT_SHOWN], key[TEXT_SHOWN];
	const char *text;

	out->len = 0;
	text_show(ns, sizeof(ns), item->ns, strlen(item->ns));
	text_show(key, sizeof(key), item->key, strlen(item->key));
	text = buf_printf(out, "%s:%s", ns, key) ? NULL : buf_str(out);
	return text ? text : "?";
}

/* Why a CSV would not give these bytes back; NULL when it would. */
static const char *loss(const char *p, size_t len)
{
	if (!len)
		return NULL;
	if (memchr(p, '\0', len))
		return "holds a NUL byte, which no CSV can";
	if (memchr(p, '\r', len))
		return "holds a carriage return, which is read back as a line "
		       "feed";
	if (!text_is_utf8(p, len, NULL))
		return "is not UTF-8, which a CSV has to be";
	return NULL;
}

/* A string that a CSV would change but a file would not. */
static bool needs_file(const struct nvs_read_item *item)
{
	return item->type == NVS_STRING && item->len &&
	       memchr(item->data, '\r', item->len) &&
	       !memchr(item->data, '\0', item->len) &&
	       text_is_utf8(item->data, item->len, NULL);
}

/* Letters, digits, "_" and "-" of a name; the rest as %XX. */
static int put_safe(struct buf *out, const char *name)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz0123456789_-";
	int r = 0;

	for (; !r && *name; name++)
		r = strchr(safe, *name) ?
		    buf_putc(out, (uint8_t)*name) :
		    buf_printf(out, "%%%02X", (unsigned)(uint8_t)*name);
	return r;
}

/* The file for an item, as a C string. */
static int file_for(const struct export *x, const struct nvs_read_item *item,
		    struct buf *out)
{
	out->len = 0;
	return buf_printf(out, "%s/", x->dir) || put_safe(out, item->ns) ||
	       buf_putc(out, '.') || put_safe(out, item->key) ||
	       buf_puts(out, ".txt") || !buf_str(out) ? ERR_NOMEM : 0;
}

static void refuse(struct export *x, const struct nvs_read_item *item,
		   const char *what, const char *why)
{
	struct buf b = BUF_INIT;

	x->refused = true;
	view_error(x->v, "%s:0x%zx: %s: %s %s: it cannot be written to a "
		   "CSV%s", x->file, item->offset, label(item, &b), what, why,
		   needs_file(item) ?
		   " (--csv-files DIR puts it into a file)" : "");
	buf_release(&b);
}

/* A name at the start of a line; one with '#' must not become a comment. */
static int put_name(struct export *x, const char *name)
{
	return name[0] == '#' ?
	       csv_put_quoted(&x->out, true, name, strlen(name)) :
	       csv_put_field(&x->out, true, name, strlen(name));
}

static int put_namespace(struct export *x, const char *name)
{
	x->current = name;
	if (loss(name, strlen(name))) {
		x->refused = true;
		view_error(x->v, "%s: a namespace's name %s: it cannot be "
			   "written to a CSV", x->file,
			   loss(name, strlen(name)));
		return 0;
	}
	return put_name(x, name) || buf_puts(&x->out, ",namespace,,\n") ?
	       ERR_NOMEM : 0;
}

static int put_value(struct export *x, const struct nvs_read_item *item)
{
	if (nvs_read_is_int(item) && (item->type & NVS_INT_SIGNED))
		return buf_printf(&x->out, ",%" PRId64, (int64_t)item->value);
	if (nvs_read_is_int(item))
		return buf_printf(&x->out, ",%" PRIu64, item->value);
	if (item->type == NVS_STRING)
		return csv_put_field(&x->out, false, (const char *)item->data,
				     item->len);
	if (buf_putc(&x->out, ','))
		return ERR_NOMEM;
	return text_to_base64(item->data, item->len, &x->out);
}

/* Type, encoding and value of an item. */
static int put_rest(struct export *x, const struct nvs_read_item *item)
{
	struct buf path = BUF_INIT;
	int r;

	if (needs_file(item)) {
		r = file_for(x, item, &path) ||
		    buf_puts(&x->out, ",file,string") ||
		    csv_put_field(&x->out, false, (const char *)path.data,
				  path.len);
		if (!r && loss((const char *)path.data, path.len))
			refuse(x, item, "the name of its file",
			       loss((const char *)path.data, path.len));
		buf_release(&path);
		return r ? ERR_NOMEM : 0;
	}
	if (buf_printf(&x->out, ",data,%s", item->type == NVS_STRING ||
		       nvs_read_is_int(item) ? nvs_type_word(item->type) :
		       "base64"))
		return ERR_NOMEM;
	return put_value(x, item);
}

static int put_item(struct export *x, const struct nvs_read_item *item)
{
	const char *why = loss(item->key, strlen(item->key));
	const char *what = "the key";

	if (!why && item->type == NVS_STRING &&
	    !(x->dir && needs_file(item))) {
		why = loss((const char *)item->data, item->len);
		what = "the string";
	}
	if (why) {
		refuse(x, item, what, why);
		return 0;
	}
	if (!x->current || strcmp(x->current, item->ns) != 0)
		if (put_namespace(x, item->ns))
			return ERR_NOMEM;
	if (put_name(x, item->key) || put_rest(x, item) ||
	    buf_putc(&x->out, '\n'))
		return ERR_NOMEM;
	return 0;
}

/* Namespaces where they are defined, items where they stand. */
static int put_all(struct export *x)
{
	size_t n = 0, i = 0;
	int r;

	r = buf_puts(&x->out, "key,type,encoding,value\n");
	while (!r && (n < x->namespace_count || i < x->item_count)) {
		if (i == x->item_count ||
		    (n < x->namespace_count &&
		     x->namespaces[n].offset < x->items[i].offset))
			r = put_namespace(x, x->namespaces[n++].name);
		else
			r = put_item(x, &x->items[i++]);
	}
	return r;
}

static int write_file(const struct export *x, const struct nvs_read_item *item,
		      struct buf *path, struct err *err)
{
	if (file_for(x, item, path))
		return err_nomem(err);
	return file_write((const char *)path->data, item->data, item->len,
			  x->mode, FILE_KEEP, err);
}

/* All strings that need a file, or none: the files are new ones. */
static int write_files(const struct export *x, struct err *err)
{
	struct buf path = BUF_INIT;
	size_t n;
	int r = 0;

	for (n = 0; !r && n < x->item_count; n++) {
		if (!needs_file(&x->items[n]))
			continue;
		r = file_make_dirs(x->dir, err);
		if (!r)
			r = write_file(x, &x->items[n], &path, err);
	}
	/* The last one is not there: take back those before it. */
	for (size_t i = 0; r && i + 1 < n; i++)
		if (needs_file(&x->items[i]) &&
		    !file_for(x, &x->items[i], &path))
			unlink((const char *)path.data);
	buf_release(&path);
	return r;
}

/* Whether version 1 has no form for it: the firmware goes on in its pages. */
static bool is_new(const struct nvs_read_item *item)
{
	return item->page_version != 1 || item->type == NVS_BLOB_INDEX ||
	       (item->type == NVS_STRING && item->len >= NVS_V1_MAX);
}

/* What the generator's defaults would make of it. */
static void tell_version(const struct export *x, const char *file)
{
	bool old = x->item_count > 0, old_blobs = false;

	for (size_t n = 0; n < x->item_count; n++) {
		old = old && !is_new(&x->items[n]);
		old_blobs |= x->items[n].type == NVS_BLOB;
	}
	if (old_blobs && !old)
		view_warning(x->v, "%s holds version 1 blobs beside items of "
			     "version 2: they become blobs of the version "
			     "that is generated", file);
	if (old)
		fprintf(x->v->err, "note: %s is a version 1 image: generate "
			"with --version 1 to make the same one\n", file);
}

static bool has_key(const struct export *x, const char *key)
{
	for (size_t n = 0; n < x->item_count; n++)
		if (!strcmp(x->items[n].ns, NVS_WIFI_NAMESPACE) &&
		    !strcmp(x->items[n].key, key))
			return true;
	return false;
}

/*
 * The generator adds companions to Wi-Fi settings unless the CSV names them.
 */
static void tell_companions(const struct export *x)
{
	static const char *const station[] = { "sta.apinfo", "sta.pmk",
					       "sta.apsw" };
	bool sta = has_key(x, "sta.ssid") || has_key(x, "sta.pswd");
	bool ap = has_key(x, "ap.ssid") && has_key(x, "ap.passwd") &&
		  has_key(x, "ap.authmode");

	for (size_t n = 0; sta && n < 3; n++)
		if (!has_key(x, station[n]))
			view_warning(x->v, "%s:%s is not in the image; "
				     "nvs_partition_gen will add it",
				     NVS_WIFI_NAMESPACE, station[n]);
	if (ap && !has_key(x, "ap.pmk_info"))
		view_warning(x->v, "%s:ap.pmk_info is not in the image; "
			     "nvs_partition_gen may add it",
			     NVS_WIFI_NAMESPACE);
}

/* Damage that leaves every item whole does not stand in the way. */
static void count_loss(void *ctx, const struct nvs_finding *f)
{
	if (f->check->severity == NVS_ERROR &&
	    strcmp(f->check->name, "free_page") != 0)
		++*(size_t *)ctx;
}

/* Nothing goes to stdout before all of it is known to be right. */
static int export_items(struct export *x, const char *file)
{
	struct err err = ERR_INIT;

	if (put_all(x)) {
		err_nomem(&err);
	} else if (!x->refused) {
		cli_hold_signals();
		write_files(x, &err);
		cli_let_signals();
	}
	if (err.code) {
		view_error(x->v, "%s", err.msg);
		return CLI_FAILED;
	}
	if (x->refused)
		return CLI_FAILED;
	tell_version(x, file);
	tell_companions(x);
	fwrite(x->out.data, 1, x->out.len, x->v->out);
	return CLI_OK;
}

int image_export(const struct image *im, const char *dir,
		 const struct view *v)
{
	struct export x = {
		.v = v,
		.file = im->file,
		.dir = dir,
		.out = BUF_INIT,
		.mode = im->decrypted ? FILE_MODE_SECRET : FILE_MODE_PUBLIC,
	};
	size_t damage = 0;
	int status;

	nvs_check_all(im->reader, &(struct nvs_finding_sink){ count_loss,
							      &damage });
	if (damage) {
		image_print_findings(im, v->err, NVS_ERROR);
		view_error(v, "%s is damaged: no CSV was written, since it "
			   "would not be the whole of it", im->file);
		return CLI_FAILED;
	}
	x.items = nvs_reader_items(im->reader, &x.item_count);
	x.namespaces = nvs_reader_namespaces(im->reader, &x.namespace_count);
	status = export_items(&x, im->file);
	buf_wipe(&x.out);
	return status;
}
