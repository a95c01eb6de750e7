/* SPDX-License-Identifier: Apache-2.0 */
#include "espat_private.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "nvs_names.h"
#include "text.h"

#define DEPENDENCY \
	"components/customized_partitions/at_customized_config_dependency.txt"

/* ---- Memory ---- */

const char *espat_path(struct espat *e, const char *below, const char *name,
		       struct err *err)
{
	struct buf path = BUF_INIT;
	char **paths;

	paths = mem_grow(e->paths, e->path_count + 1, &e->paths_cap,
			 sizeof(*paths));
	if (paths)
		e->paths = paths;
	if (!paths || buf_printf(&path, "%s/%s%s%s", e->root, below,
				 name ? "/" : "", name ? name : "") ||
	    !buf_str(&path)) {
		buf_release(&path);
		err_nomem(err);
		return NULL;
	}
	paths[e->path_count++] = (char *)path.data;
	return (char *)path.data;
}

int espat_refuse(const struct espat *e, const char *path, struct err *err)
{
	for (size_t i = 0; i <= e->path_count; i++) {
		const char *read = i < e->path_count ? e->paths[i] : e->table;
		int r = read ? file_same(path, read, err) : 0;

		if (r < 0)
			return r;
		if (r)
			return err_set(err, ERR_EXISTS, "the output '%s' would "
				       "take the place of '%s', which this run "
				       "needs: choose another name", path,
				       read);
	}
	return 0;
}

static void group_release(struct espat_group *g)
{
	for (size_t i = 0; i < g->key_count; i++)
		mem_free(g->keys[i]);
	mem_free(g->keys);
	mem_free(g->sources);
	mem_free(g->name);
	buf_wipe(&g->lines);
}

void espat_free(struct espat *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < e->feature_count; i++)
		mem_free(e->features[i].directory);
	for (size_t i = 0; i < e->group_count; i++)
		group_release(&e->groups[i]);
	for (size_t i = 0; i < e->partition_count; i++) {
		mem_free(e->partitions[i].name);
		mem_free(e->partitions[i].offset);
		mem_free(e->partitions[i].size);
	}
	for (size_t i = 0; i < e->path_count; i++)
		mem_free(e->paths[i]);
	mem_free(e->features);
	mem_free(e->groups);
	mem_free(e->partitions);
	mem_free(e->paths);
	mem_free(e->platform);
	mem_free(e->module);
	buf_release(&e->sdkconfig);
	mem_free(e);
}

void espat_warn(const struct espat *e, const struct pos *pos, const char *fmt,
		...)
{
	struct err w = ERR_INIT;
	va_list ap;

	if (!e->warn)
		return;
	va_start(ap, fmt);
	err_vat(&w, pos, ERR_INPUT, fmt, ap);
	va_end(ap);
	e->warn->report(e->warn->ctx, &w);
}

/* ---- Namespaces and keys ---- */

int espat_group(struct espat *e, const char *name, const struct pos *pos,
		struct espat_group **group, struct err *err)
{
	struct espat_group *g;
	int r;

	for (size_t i = 0; i < e->group_count; i++)
		if (!strcmp(e->groups[i].name, name)) {
			*group = &e->groups[i];
			return 0;
		}
	r = nvs_name_check(name, "namespace", err);
	if (r) {
		err_place(err, pos);
		return r;
	}
	g = mem_grow(e->groups, e->group_count + 1, &e->groups_cap, sizeof(*g));
	if (!g)
		return err_nomem(err);
	e->groups = g;
	g += e->group_count;
	*g = (struct espat_group){
		.name = mem_strndup(name, strlen(name)), .pos = *pos
	};
	if (!g->name)
		return err_nomem(err);
	e->group_count++;
	*group = g;
	return 0;
}

int espat_key(struct espat_group *g, const char *key, const struct pos *pos,
	      struct err *err)
{
	char **keys;
	int r;

	r = nvs_name_check(key, "key", err);
	if (r) {
		err_place(err, pos);
		return r;
	}
	for (size_t i = 0; i < g->key_count; i++)
		if (!strcmp(g->keys[i], key))
			return err_at(err, pos, ERR_DUPLICATE, "key '%s' is "
				      "there already in namespace '%s'", key,
				      g->name);
	keys = mem_grow(g->keys, g->key_count + 1, &g->keys_cap,
			sizeof(*keys));
	if (!keys)
		return err_nomem(err);
	g->keys = keys;
	keys[g->key_count] = mem_strndup(key, strlen(key));
	if (!keys[g->key_count])
		return err_nomem(err);
	g->key_count++;
	return 0;
}

/* ---- Features ---- */

bool espat_next_line(const struct buf *text, size_t *at, const char **line,
		     size_t *len)
{
	static const char bom[] = "\xEF\xBB\xBF";
	size_t left;
	const char *s, *end;

	/* Some editors put one in front; it is no part of a name. */
	if (!*at && text->len >= 3 && !memcmp(text->data, bom, 3))
		*at = 3;
	left = text->len - *at;
	if (!left)
		return false;
	s = (const char *)text->data + *at;
	end = memchr(s, '\n', left);
	*len = end ? (size_t)(end - s) : left;
	*at += *len + (end != NULL);
	text_trim(&s, len);
	*line = s;
	return true;
}

bool espat_option(const struct espat *e, const char *option, size_t len)
{
	static const char prefix[] = "CONFIG_";
	const size_t skip = sizeof(prefix) - 1;
	const uint8_t *p = e->sdkconfig.data, *end;

	if (!p)
		return false;
	end = p + e->sdkconfig.len;
	/* Anywhere, as the build of ESP-AT looks for it. */
	while ((p = memmem(p, (size_t)(end - p), prefix, skip)) != NULL) {
		p += skip;
		if ((size_t)(end - p) >= len && !memcmp(p, option, len))
			return true;
	}
	return false;
}

/* "OPTION=y directory": note the directory if the option is on. */
static int add_feature(struct espat *e, const char *s, size_t len,
		       unsigned line, struct err *err)
{
	struct pos pos = { e->dependency, line, 1 };
	struct espat_feature *f;
	size_t option = 0, at, n = 0;
	const char *path;
	struct stat st;

	while (option < len && !text_is_space(s[option]))
		option++;
	for (at = option; at < len && text_is_space(s[at]);)
		at++;
	while (at + n < len && !text_is_space(s[at + n]))
		n++;
	if (!n)
		return err_at(err, &pos, ERR_INPUT, "an option and the name of "
			      "a directory are needed, such as 'AT_BLE_COMMAND_"
			      "SUPPORT=y ble_data'");
	if (!espat_option(e, s, option))
		return 0;
	f = mem_grow(e->features, e->feature_count + 1, &e->features_cap,
		     sizeof(*f));
	if (!f)
		return err_nomem(err);
	e->features = f;
	f += e->feature_count;
	*f = (struct espat_feature){ mem_strndup(s + at, n), line, false };
	if (!f->directory)
		return err_nomem(err);
	e->feature_count++;
	path = espat_path(e, ESPAT_RAW_DATA, f->directory, err);
	if (!path)
		return ERR_NOMEM;
	f->exists = !stat(path, &st);
	if (!f->exists && errno != ENOENT)
		return err_io(err, errno, "cannot look at", path);
	return 0;
}

struct espat *espat_new(const char *project_path, const struct err_sink *warn,
			struct err *err)
{
	struct espat *e = mem_array(1, sizeof(*e));

	if (!e) {
		err_nomem(err);
		return NULL;
	}
	e->root = project_path;
	e->warn = warn;
	return e;
}

int espat_load(struct espat *e, struct err *err)
{
	struct buf text = BUF_INIT;
	const char *path, *s;
	unsigned line = 1;
	size_t at = 0, n;
	int r;

	path = espat_path(e, "sdkconfig", NULL, err);
	e->dependency = espat_path(e, DEPENDENCY, NULL, err);
	if (!path || !e->dependency)
		return ERR_NOMEM;
	r = file_read(path, ESPAT_FILE_MAX, &e->sdkconfig, err);
	if (!r)
		r = file_read(e->dependency, ESPAT_FILE_MAX, &text, err);
	for (; !r && espat_next_line(&text, &at, &s, &n); line++)
		if (n && *s != '#')
			r = add_feature(e, s, n, line, err);
	buf_release(&text);
	return r;
}

/* ---- Certificates and keys ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
	char **list; /* owned */
	size_t count, cap;
};

static void names_release(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		mem_free(n->list[i]);
	mem_free(n->list);
}

static int add_name(struct names *n, const char *name)
{
	char **list = mem_grow(n->list, n->count + 1, &n->cap, sizeof(*list));

	if (!list)
		return ERR_NOMEM;
	n->list = list;
	list[n->count] = mem_strndup(name, strlen(name));
	if (!list[n->count])
		return ERR_NOMEM;
	n->count++;
	return 0;
}

/* All entries of a directory, in byte order. */
static int list_directory(const char *path, struct names *n, struct err *err)
{
	DIR *dir = opendir(path);
	const char *name;
	int got, failed = 0;

	if (!dir)
		return err_io(err, errno, "cannot open directory", path);
	while (!failed && (got = file_next_entry(dir, &name)) != 0)
		failed = got < 0 ? errno : add_name(n, name) ? ENOMEM : 0;
	closedir(dir);
	if (failed)
		return err_io(err, failed, "cannot read directory", path);
	if (n->count)
		qsort(n->list, n->count, sizeof(*n->list), by_name);
	return 0;
}

static bool is_used(const char *name)
{
	static const char *const endings[] = { ".crt", ".key", ".pem" };
	size_t len = strlen(name);

	for (size_t i = 0; i < 3; i++)
		if (len >= 4 && !strcmp(name + len - 4, endings[i]))
			return true;
	return false;
}

/* The namespace of a directory: older firmware knows three by other names. */
static const char *base_name(const struct espat *e, const char *directory)
{
	static const char legacy[] = "AT_EAP_LEGACY_NAMESPACE_SUPPORT=y";
	static const char *const names[][2] = {
		{ "wpa_ent_ca", "wpa2_ca" },
		{ "wpa_ent_cert", "wpa2_cert" },
		{ "wpa_ent_key", "wpa2_key" },
	};

	for (size_t i = 0; i < 3; i++)
		if (!strcmp(directory, names[i][0]) &&
		    espat_option(e, legacy, sizeof(legacy) - 1))
			return names[i][1];
	return directory;
}

/* One certificate or key. */
static int add_file(struct espat *e, const char *base, const char *key,
		    const char *directory, const char *name,
		    const struct pos *pos, struct err *err)
{
	struct espat_group *g;
	const char *path;
	int r;

	r = espat_group(e, base, pos, &g, err);
	if (!r)
		r = espat_key(g, key, pos, err);
	if (r)
		return r;
	path = espat_path(e, directory, name, err);
	if (!path)
		return ERR_NOMEM;
	if (!text_is_utf8(path, strlen(path), NULL))
		return err_at(err, pos, ERR_INPUT, "the name is not UTF-8, a "
			      "CSV cannot hold it: rename the file");
	if (strchr(path, '\r'))
		return err_at(err, pos, ERR_INPUT, "the name has a carriage "
			      "return, a CSV cannot hold it: rename the file");
	r = espat_put_line(g, (const struct espat_cell[]){
		{ key, strlen(key), false, *pos },
		{ "file", 4, false, *pos },
		{ "binary", 6, false, *pos },
		{ path, strlen(path), false, *pos } });
	return r ? err_nomem(err) : 0;
}

static int add_files(struct espat *e, const struct espat_feature *f,
		     const char *directory, const struct names *n,
		     size_t *used, struct err *err)
{
	struct pos pos = { e->dependency, f->line, 1 };
	const char *base = base_name(e, f->directory);
	struct buf key = BUF_INIT;
	int r = 0;

	for (size_t i = 0; !r && i < n->count; i++) {
		if (!is_used(n->list[i]))
			continue;
		key.len = 0;
		r = n->count == 1 ? buf_puts(&key, base) :
			buf_printf(&key, "%s.%zu", base, *used);
		if (r || !buf_str(&key))
			r = err_nomem(err);
		else
			r = add_file(e, base, (char *)key.data, directory,
				     n->list[i], &pos, err);
		if (r)
			err_context(err, "file '%s' of directory '%s'",
				    n->list[i], f->directory);
		++*used;
	}
	buf_release(&key);
	return r;
}

/* Directories that hold other things than certificates and keys. */
static bool has_own_files(const char *directory)
{
	return !strcmp(directory, "ble_data") ||
	       !strcmp(directory, "factory_param");
}

static int add_directory(struct espat *e, const struct espat_feature *f,
			 struct err *err)
{
	struct pos pos = { e->dependency, f->line, 1 };
	struct buf directory = BUF_INIT;
	struct names n = { NULL, 0, 0 };
	const char *path;
	size_t used = 0;
	int r;

	path = espat_path(e, ESPAT_RAW_DATA, f->directory, err);
	if (!path)
		return ERR_NOMEM;
	r = list_directory(path, &n, err);
	if (!r && !n.count && !has_own_files(f->directory))
		r = err_at(err, &pos, ERR_INPUT, "the feature of directory "
			   "'%s' is on, but '%s' is empty: put a certificate "
			   "or key (.crt, .key, .pem) there, or turn the "
			   "feature off", f->directory, path);
	if (!r && (buf_printf(&directory, "%s/%s", ESPAT_RAW_DATA,
			      f->directory) || !buf_str(&directory)))
		r = err_nomem(err);
	if (!r)
		r = add_files(e, f, (char *)directory.data, &n, &used, err);
	if (!r && !used && !has_own_files(f->directory))
		espat_warn(e, &pos, "the feature of directory '%s' is on, but "
			   "'%s' has no file that ends in .crt, .key or .pem",
			   f->directory, path);
	names_release(&n);
	buf_release(&directory);
	return r;
}

/* Two names stand for partitions, not for data of this one. */
static bool is_partition(const char *directory)
{
	return !strcmp(directory, "fs_storage") ||
	       !strcmp(directory, "mfg_nvs");
}

static int add_directories(struct espat *e, struct err *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < e->feature_count; i++) {
		const struct espat_feature *f = &e->features[i];
		struct pos pos = { e->dependency, f->line, 1 };

		if (f->exists)
			r = add_directory(e, f, err);
		else if (!is_partition(f->directory))
			espat_warn(e, &pos, "the feature of directory '%s' is "
				   "on, but there is no such directory in "
				   "'%s/%s'", f->directory, e->root,
				   ESPAT_RAW_DATA);
	}
	return r;
}

/* ---- The CSV ---- */

static int put_groups(const struct espat *e, struct buf *out)
{
	int r;

	r = buf_puts(out, "key,type,encoding,value\n");
	for (size_t i = 0; !r && i < e->group_count; i++) {
		const struct espat_group *g = &e->groups[i];

		r = csv_put_field(out, true, g->name, strlen(g->name));
		if (!r)
			r = buf_puts(out, ",namespace,,\n");
		if (!r)
			r = buf_append(out, g->lines.data, g->lines.len);
	}
	return r;
}

int espat_csv(struct espat *e, struct buf *out, struct err *err)
{
	size_t start = out->len;
	int r;

	r = add_directories(e, err);
	if (!r)
		r = espat_params(e, err);
	if (!r)
		r = espat_ble(e, err);
	if (!r && put_groups(e, out)) {
		out->len = start;
		r = err_nomem(err);
	}
	return r;
}
