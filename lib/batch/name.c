/* SPDX-License-Identifier: Apache-2.0 */
#include "name.h"

#include <inttypes.h>
#include <string.h>

#include "text.h"

/* Bytes of a file name that all common file systems permit. */
#define FILE_NAME_MAX 255u
/* What stands around a stem at most: "hmac-keys-" and ".bin". */
#define AROUND_STEM 14u

const char *const name_dirs[NAME_DIRS] = {
	"keys", "csv", "bin", "labels"
};

const enum name_dir name_dir_of[NAME_KINDS] = {
	[NAME_HMAC_KEY] = NAME_DIR_KEYS,
	[NAME_KEY] = NAME_DIR_KEYS,
	[NAME_CSV] = NAME_DIR_CSV,
	[NAME_BIN] = NAME_DIR_BIN,
	[NAME_LABEL_PNG] = NAME_DIR_LABELS,
	[NAME_LABEL_SVG] = NAME_DIR_LABELS,
};

int name_check_part(const char *part, const char *what, struct err *err)
{
	bool slash = strchr(part, '/') != NULL;
	char shown[TEXT_SHOWN];

	if (!*part)
		return err_set(err, ERR_INPUT, "the %s '' is empty: it becomes "
			       "part of the file names", what);
	if (!strcmp(part, ".") || !strcmp(part, ".."))
		return err_set(err, ERR_INPUT, "the %s '%s' can't be part of a "
			       "file name", what, part);
	/* The manifest and the table of setup codes are UTF-8. */
	if (!text_is_utf8(part, strlen(part), NULL))
		return err_set(err, ERR_INPUT, "the %s '%s' is not UTF-8", what,
			       text_show(shown, sizeof(shown), part,
					 strlen(part)));
	if (!slash && !text_has_control(part))
		return 0;
	return err_set(err, ERR_INPUT, "the %s '%s' holds %s, which can't be "
		       "part of a file name", what,
		       text_show(shown, sizeof(shown), part, strlen(part)),
		       slash ? "a '/'" : "a control character");
}

int name_stem(const struct name_rule *rule, uint64_t row, const char *id,
	      struct buf *stem, struct err *err)
{
	int r;

	stem->len = 0;
	r = buf_puts(stem, rule->prefix) || buf_putc(stem, '-');
	if (!r && rule->numbered)
		r = buf_printf(stem, "%0*" PRIu64 "-", (int)rule->width,
			       rule->first_number + row - 1);
	if (!r)
		r = id ? buf_puts(stem, id) : buf_printf(stem, "%" PRIu64, row);
	if (r || !buf_str(stem))
		return err_nomem(err);
	if (stem->len + AROUND_STEM > FILE_NAME_MAX)
		return err_set(err, ERR_RANGE, "prefix and id make file names of "
			       "up to %zu bytes, %u are possible: shorten them",
			       stem->len + AROUND_STEM, FILE_NAME_MAX);
	return 0;
}

int name_file(const struct name_rule *rule, enum name_kind kind,
	      const char *stem, struct buf *out)
{
	static const char *const shape[NAME_KINDS][2] = {
		[NAME_HMAC_KEY] = { "hmac-keys-", ".bin" },
		[NAME_KEY] = { "keys-", ".bin" },
		[NAME_CSV] = { "", ".csv" },
		[NAME_BIN] = { "", ".bin" },
		[NAME_LABEL_PNG] = { "", ".png" },
		[NAME_LABEL_SVG] = { "", ".svg" },
	};
	const char *given = kind == NAME_KEY ? rule->key_name :
			    kind == NAME_HMAC_KEY ? rule->hmac_key_name : NULL;
	int r;

	out->len = 0;
	r = given ? buf_puts(out, given) :
	    buf_puts(out, shape[kind][0]) || buf_puts(out, stem) ||
	    buf_puts(out, shape[kind][1]);
	return r || !buf_str(out) ? ERR_NOMEM : 0;
}
