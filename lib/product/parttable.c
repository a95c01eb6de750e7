/* SPDX-License-Identifier: Apache-2.0 */
#include "parttable_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "file.h"
#include "nvs_format.h"

/* No table comes near it; a file that does is none. */
#define FILE_MAX (1u << 20)

/*
 * Rows of 32 bytes in the 3072 that the table may have: the last marks its
 * end, the one before it is the MD5 of all others.
 */
#define ROWS_MAX 94u

static void set_place(struct err *e, const struct parttable *t,
		      const struct partition *p, enum part_field field)
{
	/* Where rows of a binary table have their fields. */
	static const unsigned char at[] = { 12, 4, 8, 28 };
	unsigned col;

	e->pos = (struct pos){ t->file, 0, 0 };
	if (!p)
		return;
	col = field == PART_OFFSET ? p->offset_col :
	      field == PART_SIZE ? p->size_col :
	      field == PART_FLAGS ? p->flags_col : 1;
	e->pos.line = p->line;
	if (p->line)
		e->pos.col = col ? col : 1;
	else
		e->off = p->at + at[field];
}

int part_err(struct err *err, const struct parttable *t,
	     const struct partition *p, enum part_field field,
	     enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (!err || err->code != ERR_NONE)
		return code;
	va_start(ap, fmt);
	err_vat(err, NULL, code, fmt, ap);
	va_end(ap);
	set_place(err, t, p, field);
	return code;
}

void part_warn(const struct err_sink *warn, const struct parttable *t,
	       const struct partition *p, const char *fmt, ...)
{
	struct err e = ERR_INIT;
	va_list ap;

	if (!warn)
		return;
	va_start(ap, fmt);
	err_vat(&e, NULL, ERR_INPUT, fmt, ap);
	va_end(ap);
	set_place(&e, t, p, PART_NAME);
	warn->report(warn->ctx, &e);
}

struct partition *parttable_add(struct parttable_reader *r, const char *name,
				size_t len)
{
	struct parttable *t = r->table;
	struct partition *p;

	p = mem_grow(t->rows, t->count + 1, &r->cap, sizeof(*p));
	if (!p)
		return NULL;
	t->rows = p;
	p += t->count;
	*p = (struct partition){ .name = mem_strndup(name, len) };
	if (!p->name)
		return NULL;
	t->count++;
	return p;
}

int parttable_parse(struct parttable *t, const char *file, const void *data,
		    size_t len, const struct parttable_options *options,
		    const struct err_sink *warn, struct err *err)
{
	static const uint8_t magic[2] = { 0xAA, 0x50 };
	struct parttable_reader r = {
		.table = t, .max = ROWS_MAX, .options = options, .warn = warn,
		.err = err
	};
	int status;

	*t = (struct parttable){ .file = file };
	if (len >= 2 && !memcmp(data, magic, 2))
		status = parttable_read_binary(&r, data, len);
	else
		status = parttable_read_text(&r, data, len);
	if (!status)
		status = parttable_check(&r);
	if (status)
		parttable_release(t);
	return status;
}

int parttable_load(struct parttable *t, const char *path,
		   const struct parttable_options *options,
		   const struct err_sink *warn, struct err *err)
{
	struct buf raw = BUF_INIT;
	int r;

	*t = (struct parttable)PARTTABLE_INIT;
	r = file_read(path, FILE_MAX, &raw, err);
	if (!r)
		r = parttable_parse(t, path, raw.data, raw.len, options, warn,
				    err);
	buf_release(&raw);
	return r;
}

void parttable_release(struct parttable *t)
{
	for (size_t i = 0; i < t->count; i++)
		mem_free(t->rows[i].name);
	mem_free(t->rows);
	*t = (struct parttable)PARTTABLE_INIT;
}

static int list_names(const struct parttable *t, struct buf *out)
{
	for (size_t i = 0; i < t->count; i++) {
		char shown[TEXT_SHOWN];

		text_show(shown, sizeof(shown), t->rows[i].name,
			  strlen(t->rows[i].name));
		if (buf_printf(out, "%s%s", i ? ", " : "", shown))
			return ERR_NOMEM;
	}
	return 0;
}

static void not_found(const struct parttable *t, const char *name,
		      struct err *err)
{
	struct buf names = BUF_INIT;
	char shown[TEXT_SHOWN];

	text_show(shown, sizeof(shown), name, strlen(name));
	if (!t->count)
		part_err(err, t, NULL, PART_NAME, ERR_INPUT, "no partition "
			 "'%s': the table has no rows", shown);
	else if (list_names(t, &names) || !buf_str(&names))
		err_nomem(err);
	else
		part_err(err, t, NULL, PART_NAME, ERR_INPUT, "no partition "
			 "'%s'; the table has: %s", shown, buf_str(&names));
	buf_release(&names);
}

const struct partition *parttable_find(const struct parttable *t,
				       const char *name, struct err *err)
{
	for (size_t i = 0; i < t->count; i++)
		if (!strcmp(t->rows[i].name, name))
			return &t->rows[i];
	not_found(t, name, err);
	return NULL;
}

/* The partition of that name if it is of type data and that subtype. */
static const struct partition *find_data(const struct parttable *t,
					 const char *name, unsigned subtype,
					 struct err *err)
{
	const struct partition *p = parttable_find(t, name, err);
	char is[PART_KIND_SHOWN], needed[PART_KIND_SHOWN];

	if (!p || (p->type == PART_DATA && p->subtype == subtype))
		return p;
	part_err(err, t, p, PART_NAME, ERR_INPUT, "partition '%s' is %s; one "
		 "of type %s is needed here", name,
		 part_kind(p->type, p->subtype, is),
		 part_kind(PART_DATA, subtype, needed));
	return NULL;
}

const struct partition *parttable_find_nvs(const struct parttable *t,
					   const char *name,
					   const struct err_sink *warn,
					   struct err *err)
{
	const struct partition *p = find_data(t, name, PART_DATA_NVS, err);

	if (!p)
		return NULL;
	if (!p->size || p->size % NVS_PAGE_SIZE) {
		part_err(err, t, p, PART_SIZE, ERR_RANGE, "partition '%s' has "
			 "0x%x bytes; NVS needs a multiple of 0x%x", name,
			 p->size, NVS_PAGE_SIZE);
		return NULL;
	}
	if (p->size > NVS_MAX_SIZE) {
		part_err(err, t, p, PART_SIZE, ERR_RANGE, "partition '%s' has "
			 "0x%x bytes; at most 0x%x are possible", name,
			 p->size, NVS_MAX_SIZE);
		return NULL;
	}
	if (p->flags & PART_ENCRYPTED)
		part_warn(warn, t, p, "partition '%s' is flagged 'encrypted', "
			  "which means flash encryption; NVS does not work "
			  "with it: drop the flag, and encrypt the image with "
			  "a key in an nvs_keys partition instead", name);
	return p;
}

static const struct partition *first_keys(const struct parttable *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->rows[i].type == PART_DATA &&
		    t->rows[i].subtype == PART_DATA_NVS_KEYS)
			return &t->rows[i];
	return NULL;
}

static void check_keys(const struct parttable *t, const struct partition *p,
		       const struct err_sink *warn)
{
	if (p->size != NVS_KEY_PARTITION_SIZE)
		part_warn(warn, t, p, "key partition '%s' has 0x%x bytes; a "
			  "key file has 0x%x, and so should the partition",
			  p->name, p->size, NVS_KEY_PARTITION_SIZE);
	if (!(p->flags & PART_ENCRYPTED))
		part_warn(warn, t, p, "key partition '%s' is not flagged "
			  "'encrypted': whoever reads the flash has the keys; "
			  "add the flag and enable flash encryption", p->name);
}

const struct partition *parttable_find_keys(const struct parttable *t,
					    const char *name,
					    const struct err_sink *warn,
					    struct err *err)
{
	const struct partition *first = first_keys(t);
	const struct partition *p = find_data(t, name, PART_DATA_NVS_KEYS,
					      err);

	if (!p)
		return NULL;
	if (first != p)
		part_warn(warn, t, p, "the firmware takes its keys from the "
			  "first nvs_keys partition, which is '%s', not '%s'",
			  first->name, name);
	check_keys(t, p, warn);
	return p;
}

void parttable_check_keys(const struct parttable *t,
			  const struct err_sink *warn)
{
	const struct partition *p = first_keys(t);

	if (p)
		check_keys(t, p, warn);
	else
		part_warn(warn, t, NULL, "the table has no partition of type "
			  "data/nvs_keys: the firmware will find no key for "
			  "encrypted images");
}
