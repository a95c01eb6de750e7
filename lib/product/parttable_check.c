/* SPDX-License-Identifier: Apache-2.0 */
/* parttable_check.c - what holds in every partition table, text or binary. */
#include "parttable_private.h"

#include <inttypes.h>
#include <string.h>

#include "nvs_format.h"

#define ALIGN_APP 0x10000u
#define ALIGN_OTHER 0x1000u
#define OTA_DATA_SIZE 0x2000u

uint32_t part_alignment(unsigned type)
{
	return type == PART_APP ? ALIGN_APP : ALIGN_OTHER;
}

bool part_is_fixed(const struct partition *p)
{
	return (p->type == PART_BOOTLOADER ||
		p->type == PART_PARTITION_TABLE) && p->subtype == PART_PRIMARY;
}

static bool is_data(const struct partition *p, unsigned subtype)
{
	return p->type == PART_DATA && p->subtype == subtype;
}

static uint64_t end_of(const struct partition *p)
{
	return (uint64_t)p->offset + p->size;
}

static int check_size(struct parttable_reader *r, const struct partition *p)
{
	uint32_t align = r->options->secure_boot_v1 ? ALIGN_APP : ALIGN_OTHER;

	if (p->type == PART_APP && p->size % align)
		return part_err(r->err, r->table, p, PART_SIZE, ERR_RANGE,
			      "partition '%s': the "
			      "size 0x%x of an app has to be a multiple of "
			      "0x%x", p->name, p->size, align);
	if (is_data(p, PART_DATA_NVS) && !p->size &&
	    !(p->flags & PART_READONLY))
		return part_err(r->err, r->table, p, PART_SIZE, ERR_RANGE,
			      "partition '%s' has no bytes; NVS needs at least "
			      "0x3000", p->name);
	if (is_data(p, PART_DATA_NVS) && p->size < NVS_MIN_RW_SIZE &&
	    !(p->flags & PART_READONLY))
		return part_err(r->err, r->table, p, PART_SIZE, ERR_RANGE,
			      "partition '%s': NVS of "
			      "0x%x bytes has to be flagged 'readonly'; to be "
			      "written to it needs at least 0x%x", p->name,
			      p->size, NVS_MIN_RW_SIZE);
	return 0;
}

static int check_row(struct parttable_reader *r, const struct partition *p)
{
	uint32_t align = part_alignment(p->type);
	char kind[PART_KIND_SHOWN];

	if (part_is_fixed(p))
		return 0;
	if (p->offset % align)
		return part_err(r->err, r->table, p, PART_OFFSET, ERR_RANGE,
			      "partition '%s': the "
			      "offset 0x%x is not a multiple of 0x%x", p->name,
			      p->offset, align);
	if ((p->flags & PART_READONLY) &&
	    (is_data(p, PART_DATA_OTA) || is_data(p, PART_DATA_COREDUMP)))
		return part_err(r->err, r->table, p, PART_FLAGS, ERR_INPUT,
			      "partition '%s': %s is "
			      "always written to, it cannot be 'readonly'",
			      p->name, part_kind(p->type, p->subtype, kind));
	return check_size(r, p);
}

static int check_names(struct parttable_reader *r)
{
	const struct parttable *t = r->table;

	for (size_t i = 1; i < t->count; i++)
		for (size_t k = 0; k < i; k++)
			if (!strcmp(t->rows[i].name, t->rows[k].name))
				return part_err(r->err, t, &t->rows[i],
						PART_NAME, ERR_DUPLICATE,
					      "a second partition of the name "
					      "'%s': names have to differ",
					      t->rows[i].name);
	return 0;
}

static int check_overlap(struct parttable_reader *r, const struct partition *a,
			 const struct partition *b)
{
	if (part_is_fixed(a) || part_is_fixed(b) || a->offset >= end_of(b) ||
	    b->offset >= end_of(a))
		return 0;
	return part_err(r->err, r->table, b, PART_OFFSET, ERR_RANGE,
		      "partitions '%s' (0x%x to 0x%"
		      PRIx64 ") and '%s' (0x%x to 0x%" PRIx64 ") overlap",
		      a->name, a->offset, end_of(a), b->name, b->offset,
		      end_of(b));
}

static int check_places(struct parttable_reader *r)
{
	const struct parttable *t = r->table;
	uint64_t first = (uint64_t)r->options->table_offset + PARTTABLE_SIZE;
	int status = 0;

	for (size_t i = 0; !status && i < t->count; i++) {
		const struct partition *p = &t->rows[i];

		if (!part_is_fixed(p) && p->offset < first)
			status = part_err(r->err, t, p, PART_OFFSET, ERR_RANGE,
					"partition "
					"'%s': its offset 0x%x lies before 0x%"
					PRIx64 ", the end of the partition "
					"table", p->name, p->offset, first);
		for (size_t k = 0; !status && k < i; k++)
			status = check_overlap(r, &t->rows[k], p);
	}
	return status;
}

/* At most one partition of that kind, and of the size the boot loader wants. */
static int check_ota_data(struct parttable_reader *r, unsigned subtype)
{
	const struct parttable *t = r->table;
	const struct partition *first = NULL;
	char kind[PART_KIND_SHOWN];

	part_kind(PART_DATA, subtype, kind);
	for (size_t i = 0; i < t->count; i++) {
		const struct partition *p = &t->rows[i];

		if (!is_data(p, subtype))
			continue;
		if (first)
			return part_err(r->err, t, p, PART_NAME, ERR_DUPLICATE,
				      "partitions "
				      "'%s' and '%s' are both %s; there can be "
				      "only one", first->name, p->name, kind);
		if (p->size != OTA_DATA_SIZE)
			return part_err(r->err, t, p, PART_SIZE, ERR_RANGE,
				      "partition "
				      "'%s': the size of %s has to be 0x%x, "
				      "not 0x%x", p->name, kind, OTA_DATA_SIZE,
				      p->size);
		first = p;
	}
	return 0;
}

/* A name that promises another kind is most likely a slip. */
static void warn_name(const struct parttable_reader *r,
		      const struct partition *p)
{
	const char *type = part_type_name(p->type);
	const char *subtype = part_subtype_name(p->type, p->subtype);
	char kind[PART_KIND_SHOWN];

	part_kind(p->type, p->subtype, kind);
	if (part_is_type_name(p->name) && !(type && !strcmp(type, p->name)))
		part_warn(r->warn, r->table, p, "partition '%s' bears the name "
			  "of a type, but is %s", p->name, kind);
	if (part_is_subtype_name(p->name) &&
	    !(subtype && !strcmp(subtype, p->name)))
		part_warn(r->warn, r->table, p, "partition '%s' bears the name "
			  "of a subtype, but is %s", p->name, kind);
}

/* What fits the table's sector and the flash chip. */
static int check_room(struct parttable_reader *r)
{
	const struct parttable *t = r->table;
	uint32_t flash = r->options->flash_size;

	if (t->count > r->max)
		return part_err(r->err, t, &t->rows[r->max], PART_NAME, ERR_RANGE,
			      "%zu partitions; a "
			      "table holds at most %zu", t->count, r->max);
	for (size_t i = 0; flash && i < t->count; i++) {
		const struct partition *p = &t->rows[i];

		if (end_of(p) > flash)
			return part_err(r->err, t, p, PART_SIZE, ERR_RANGE,
				      "partition '%s' "
				      "ends at 0x%" PRIx64 ", the flash has "
				      "0x%x bytes", p->name, end_of(p), flash);
	}
	return 0;
}

int parttable_check(struct parttable_reader *r)
{
	const struct parttable *t = r->table;
	int status = 0;

	for (size_t i = 0; !status && i < t->count; i++)
		status = check_row(r, &t->rows[i]);
	if (!status)
		status = check_names(r);
	if (!status)
		status = check_places(r);
	if (!status)
		status = check_ota_data(r, PART_DATA_OTA);
	if (!status)
		status = check_ota_data(r, PART_DATA_TEE_OTA);
	for (size_t i = 0; !status && i < t->count; i++)
		warn_name(r, &t->rows[i]);
	if (!status)
		status = check_room(r);
	return status;
}
