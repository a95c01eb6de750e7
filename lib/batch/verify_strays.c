/* SPDX-License-Identifier: Apache-2.0 */
#include "verify_private.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"

static int add_stray(struct verify *v, const struct verify_kind *k,
		     const char *name, const char *text)
{
	struct buf path = BUF_INIT;
	struct verify_stray *strays;
	int r = ERR_NOMEM;

	strays = mem_grow(v->strays, v->stray_count + 1, &v->stray_cap,
			  sizeof(*strays));
	if (strays) {
		v->strays = strays;
		r = verify_path(v, k, name, &path);
	}
	if (!r) {
		/* The bytes of the path change their owner. */
		strays[v->stray_count++] = (struct verify_stray){
			(char *)path.data, text
		};
		return 0;
	}
	buf_release(&path);
	return r;
}

static int add_surplus(struct verify *v, const char *dir, const char *file,
		       const char *text)
{
	return add_stray(v, &(struct verify_kind){ dir, "", "" }, file, text);
}

static int compare_strays(const void *a, const void *b)
{
	const struct verify_stray *x = a, *y = b;

	return strverscmp(x->path, y->path);
}

void verify_report_strays(struct verify *v)
{
	if (v->stray_count)
		qsort(v->strays, v->stray_count, sizeof(*v->strays),
		      compare_strays);
	for (size_t i = 0; i < v->stray_count; i++)
		verify_tell(v, v->strays[i].path, v->strays[i].text);
}

static int visit_bin(struct verify *v, int fd, const char *file)
{
	(void)fd;
	if (verify_name_in(&verify_bin, file) || !verify_has_prefix(v, file))
		return 0;
	return add_surplus(v, verify_bin.dir, file, "not an image: its name "
			   "does not end in .bin");
}

static const char NO_IMAGE[] = "there is no image of that name";

/* Whether the manifest has an image of that name: its absence is told once. */
static bool is_recorded(const struct verify *v, const char *name, size_t len)
{
	char text[NAME_MAX + 1];

	if (len > NAME_MAX)
		return false;
	memcpy(text, name, len);
	text[len] = '\0';
	return manifest_index_find(&v->manifest, text);
}

static int visit_csv(struct verify *v, int fd, const char *file)
{
	size_t len = verify_name_in(&verify_csv, file);

	(void)fd;
	/* The expanded table of a values table that came through a pipe. */
	if (!verify_has_prefix(v, file) || !strcmp(file, "values_created.csv"))
		return 0;
	if (len && (verify_find_image(v, file, len) ||
		    is_recorded(v, file, len)))
		return 0;
	return add_surplus(v, verify_csv.dir, file, NO_IMAGE);
}

/* keys-11-20_09-30.bin: what generate-key makes by default. */
static bool is_dated(const char *name, size_t len)
{
	static const char shape[] = "00-00_00-00";

	if (len != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; i < len; i++)
		if (shape[i] == '0' ? name[i] < '0' || name[i] > '9' :
				      name[i] != shape[i])
			return false;
	return true;
}

/* Key files that were given names of their own belong to no image. */
static int visit_key(struct verify *v, int fd, const char *file)
{
	const struct verify_kind *kinds[] = { &verify_key, &verify_hmac_key };
	int r = 0;

	(void)fd;
	for (unsigned i = 0; i < 2 && !r; i++) {
		const char *name = file + strlen(kinds[i]->start);
		size_t len = verify_name_in(kinds[i], file);
		struct verify_image *image;

		image = len ? verify_find_image(v, name, len) : NULL;
		if (image)
			image->fact[i ? VERIFY_FACT_HMAC_KEY :
					VERIFY_FACT_KEY] = 1;
		else if (len && verify_has_prefix(v, name) &&
			 !is_dated(name, len) && !is_recorded(v, name, len))
			r = add_surplus(v, verify_key.dir, file, NO_IMAGE);
	}
	return r;
}

/* Rows of the manifest whose image is missing. */
static int find_missing(struct verify *v)
{
	for (size_t i = 0; i < v->manifest.count; i++) {
		const char *name = v->manifest.rows[i].name;

		if (verify_has_prefix(v, name) &&
		    !verify_find_image(v, name, strlen(name)) &&
		    add_stray(v, &verify_bin, name, "it is in the manifest, but "
			      "missing"))
			return ERR_NOMEM;
	}
	return 0;
}

/* Files that are missing and files that belong to no image. */
int verify_find_strays(struct verify *v, struct err *err)
{
	int r = find_missing(v) ? err_nomem(err) : 0;

	if (!r)
		r = verify_each_file(v, verify_bin.dir, visit_bin, err);
	if (!r)
		r = verify_each_file(v, verify_csv.dir, visit_csv, err);
	return r ? r : verify_each_file(v, verify_key.dir, visit_key, err);
}
