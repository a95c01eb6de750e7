/* SPDX-License-Identifier: Apache-2.0 */
#include "verify_private.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "file.h"

const struct verify_kind verify_bin = { "bin", "", ".bin" };
const struct verify_kind verify_csv = { "csv", "", ".csv" };
const struct verify_kind verify_key = { "keys", "keys-", ".bin" };
const struct verify_kind verify_hmac_key = { "keys", "hmac-keys-", ".bin" };

int verify_path(const struct verify *v, const struct verify_kind *k,
		const char *name, struct buf *out)
{
	bool here = !strcmp(v->o->outdir, ".");

	out->len = 0;
	if (buf_printf(out, "%s%s%s/%s%s%s", here ? "" : v->o->outdir,
		       here ? "" : "/", k->dir, k->start, name, k->end) ||
	    !buf_str(out))
		return ERR_NOMEM;
	return 0;
}

size_t verify_name_in(const struct verify_kind *k, const char *file)
{
	size_t len = strlen(file), start = strlen(k->start);
	size_t end = strlen(k->end);

	if (len <= start + end || strncmp(file, k->start, start) != 0 ||
	    strcmp(file + len - end, k->end) != 0)
		return 0;
	return len - start - end;
}

bool verify_has_prefix(const struct verify *v, const char *name)
{
	size_t len = v->o->prefix ? strlen(v->o->prefix) : 0;

	return !v->o->prefix || (!strncmp(name, v->o->prefix, len) &&
				 name[len] == '-');
}

int verify_each_file(struct verify *v, const char *dir,
		     int (*visit)(struct verify *v, int fd, const char *file),
		     struct err *err)
{
	struct buf path = BUF_INIT;
	const char *name;
	DIR *d = NULL;
	int r = 0, got = 0;

	if (buf_printf(&path, "%s/%s", v->o->outdir, dir) || !buf_str(&path))
		r = err_nomem(err);
	else if (!(d = opendir((char *)path.data)) && errno != ENOENT)
		r = err_io(err, errno, "cannot read", (char *)path.data);
	while (d && !r && (got = file_next_entry(d, &name)) > 0)
		if (visit(v, dirfd(d), name))
			r = err_nomem(err);
	if (got < 0)
		r = err_io(err, errno, "cannot read", (char *)path.data);
	if (d)
		closedir(d);
	buf_release(&path);
	return r;
}
