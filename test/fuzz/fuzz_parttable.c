/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partition tables, as text and binary. A table that is accepted, written as
 * binary and as text with all places spelled out, is read as the same.
 *
 * Option bits: 1 make the MD5 right, 2 secure boot, 4 a flash of 4 MB, 8 the
 * table at 0x10000.
 */
#include "fuzz.h"

#include <inttypes.h>
#include <string.h>
#include <mbedtls/md.h>

#include "nvs_format.h"
#include "parttable.h"

#define NAME "partitions.csv"
#define ROW 32u
#define NAME_SIZE 16u

/* The environment: two variables, and no others. */
static char *env(const char *name)
{
	static char row[] = "x,data,nvs,,24K", number[] = "0x10000";

	return !strcmp(name, "ROW") ? row :
	       !strcmp(name, "NUMBER") ? number : NULL;
}

static void check_warning(void *ctx, const struct err *e)
{
	(void)ctx;
	fuzz_check_err(e, e->code);
	fuzz_check_place(e, NAME, false);
}

static int parse(struct parttable *t, const void *p, size_t n,
		 const struct parttable_options *o)
{
	struct err_sink warn = { check_warning, NULL };
	struct err err = ERR_INIT;
	int r;

	r = parttable_parse(t, NAME, p, n, o, &warn, &err);
	if (!r)
		return 0;
	fuzz_check_err(&err, r);
	fuzz_check_place(&err, NAME, false);
	ENSURE(!t->count && !t->rows, "rows in spite of an error");
	return r;
}

/* ---- Binary ---- */

static void put_sum(struct buf *out)
{
	uint8_t row[ROW];

	memset(row, 0xFF, sizeof(row));
	row[0] = row[1] = 0xEB;
	FUZZ_MUST(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5),
			     out->data, out->len, row + 16));
	FUZZ_MUST(buf_append(out, row, sizeof(row)));
	memset(row, 0xFF, sizeof(row));
	FUZZ_MUST(buf_append(out, row, sizeof(row)));
}

static void put_binary(const struct parttable *t, struct buf *out)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct partition *p = &t->rows[i];
		uint8_t row[ROW] = { 0xAA, 0x50, p->type, p->subtype };

		le_put32(row + 4, p->offset);
		le_put32(row + 8, p->size);
		memcpy(row + 12, p->name, strnlen(p->name, NAME_SIZE));
		le_put32(row + 28, p->flags);
		FUZZ_MUST(buf_append(out, row, sizeof(row)));
	}
	put_sum(out);
}

/* Make the sum of a binary input right: its rows are what is looked at. */
static void repair(struct fuzz_in *in, struct buf *out)
{
	size_t n = 0;

	while (n + ROW <= in->n && in->p[n] == 0xAA && in->p[n + 1] == 0x50)
		n += ROW;
	if (!n)
		return;
	FUZZ_MUST(buf_append(out, in->p, n));
	put_sum(out);
	*in = (struct fuzz_in){ out->data, out->len };
}

/* ---- Text ---- */

/* A name that a text can hold as it is. */
static bool is_plain(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++)
		if ((uint8_t)name[i] <= ' ' || (uint8_t)name[i] >= 0x7F ||
		    strchr(",#$\"", name[i]))
			return false;
	return n > 0;
}

static void put_text(const struct parttable *t, struct buf *out)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct partition *p = &t->rows[i];

		FUZZ_MUST(buf_printf(out, "%s, %u, %u, 0x%" PRIx32 ", 0x%"
				     PRIx32 ", %s:%s\n", p->name, p->type,
				     p->subtype, p->offset, p->size,
				     p->flags & PART_ENCRYPTED ? "encrypted" :
				     "",
				     p->flags & PART_READONLY ? "readonly" :
				     ""));
	}
}

/* ---- Properties ---- */

static void ensure_same(const struct parttable *a, const struct parttable *b,
			const char *what)
{
	ENSURE(a->count == b->count, "%zu rows, as %s %zu", a->count, what,
	       b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct partition *p = &a->rows[i], *q = &b->rows[i];

		ENSURE(!strncmp(p->name, q->name, NAME_SIZE) &&
		       p->type == q->type && p->subtype == q->subtype &&
		       p->offset == q->offset && p->size == q->size &&
		       p->flags == q->flags, "row %zu is another one as %s",
		       i, what);
	}
}

static void check_rows(const struct parttable *t)
{
	struct err_sink warn = { check_warning, NULL };

	parttable_check_keys(t, &warn);
	for (size_t i = 0; i < t->count; i++) {
		const struct partition *p = &t->rows[i];
		struct err nvs = ERR_INIT, keys = ERR_INIT, err = ERR_INIT;

		ENSURE(parttable_find(t, p->name, &err), "row %zu is not found",
		       i);
		if (!parttable_find_nvs(t, p->name, &warn, &nvs)) {
			fuzz_check_err(&nvs, nvs.code);
			fuzz_check_place(&nvs, NAME, false);
		}
		if (!parttable_find_keys(t, p->name, &warn, &keys))
			fuzz_check_err(&keys, keys.code);
	}
}

/* The place of boot loader and table rows is not the row's own. */
static bool all_plain(const struct parttable *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (!is_plain(t->rows[i].name) ||
		    t->rows[i].type == PART_BOOTLOADER ||
		    t->rows[i].type == PART_PARTITION_TABLE ||
		    t->rows[i].flags & ~(uint32_t)(PART_ENCRYPTED |
						  PART_READONLY))
			return false;
	return true;
}

/* Names that flash would cut to the same, or cut within a character. */
static bool all_short(const struct parttable *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (strlen(t->rows[i].name) > NAME_SIZE)
			return false;
	return true;
}

static void check_again(const struct parttable *t,
			const struct parttable_options *o, bool binary)
{
	struct parttable again;
	struct buf out = BUF_INIT;

	if (t->count && all_short(t)) {
		put_binary(t, &out);
		ENSURE(!parse(&again, out.data, out.len, o),
		       "refused as binary");
		ensure_same(t, &again, "binary");
		parttable_release(&again);
	}
	out.len = 0;
	/* A binary table may have its rows in any order, or none. */
	if (t->count && !binary && all_plain(t)) {
		put_text(t, &out);
		ENSURE(!parse(&again, out.data, out.len, o), "refused as text");
		ensure_same(t, &again, "text");
		parttable_release(&again);
	}
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	unsigned options = fuzz_byte(&in);
	struct parttable_options o = {
		.table_offset = options & 8 ? 0x10000 : PARTTABLE_OFFSET,
		.flash_size = options & 4 ? 4u << 20 : 0,
		.secure_boot_v1 = options & 2,
		.env = env,
	};
	struct buf repaired = BUF_INIT;
	struct parttable t;

	if (options & 1)
		repair(&in, &repaired);
	if (!parse(&t, in.p, in.n, &o)) {
		bool binary = in.n >= 2 && in.p[0] == 0xAA && in.p[1] == 0x50;

		check_rows(&t);
		check_again(&t, &o, binary);
		parttable_release(&t);
	}
	buf_release(&repaired);
	return 0;
}
