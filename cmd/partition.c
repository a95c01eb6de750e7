/* SPDX-License-Identifier: Apache-2.0 */
#include "partition.h"

#include <stdio.h>

#include "nvs_writer.h"
#include "parttable.h"
#include "text.h"

static int parse_size(const char *text, size_t *size, struct err *err)
{
	uint64_t n;

	switch (text_unsigned(text, &n)) {
	case TEXT_OVERFLOW:
		return err_set(err, ERR_USAGE, "the partition size '%s' is larger "
			       "than any flash chip (at most 0x%x)", text,
			       NVS_MAX_SIZE);
	case TEXT_OK:
		break;
	default:
		return err_set(err, ERR_USAGE, "the partition size '%s' is not a "
			       "number: give bytes in decimal or 0x hex (or, "
			       "with --partition-table, a partition's name)",
			       text);
	}
	if (nvs_size_check(n, err)) {
		err_context(err, "the partition size '%s'", text);
		err->code = ERR_USAGE;
		return ERR_USAGE;
	}
	*size = (size_t)n;
	return 0;
}

static int find_in_table(const struct parttable *t, const char *name,
			 bool encrypted, struct partition_place *place,
			 struct err *err)
{
	const struct partition *p = parttable_find_nvs(t, name, &cli_warnings,
						       err);

	if (!p)
		return err->code;
	if (encrypted)
		parttable_check_keys(t, &cli_warnings);
	*place = (struct partition_place){
		.size = p->size,
		.has_offset = true,
		.offset = p->offset,
		.read_only_known = p->flags & PART_READONLY,
	};
	return 0;
}

static bool has_partition(const struct parttable *t, const char *name)
{
	struct err ignored = ERR_INIT;

	return parttable_find(t, name, &ignored) != NULL;
}

int partition_find(const struct partition_options *o, const char *text,
		   bool encrypted, struct partition_place *place,
		   struct err *err)
{
	struct parttable_options options = PARTTABLE_OPTIONS_INIT;
	struct parttable table = PARTTABLE_INIT;
	uint64_t n = PARTTABLE_OFFSET;
	int r;

	*place = (struct partition_place){ 0 };
	if (o->table_offset && (text_unsigned(o->table_offset, &n) != TEXT_OK ||
				n > UINT32_MAX - PARTTABLE_SIZE ||
				n % PARTTABLE_SIZE))
		return err_set(err, ERR_USAGE, "--partition-table-offset: '%s' is "
			       "not an offset in flash, a multiple of 0x%x",
			       o->table_offset, PARTTABLE_SIZE);
	if (!o->table)
		return o->table_offset ?
		       err_set(err, ERR_USAGE, "--partition-table-offset needs "
			       "--partition-table") :
		       parse_size(text, &place->size, err);
	options.table_offset = (uint32_t)n;
	r = parttable_load(&table, o->table, &options, &cli_warnings, err);
	if (r)
		return r;
	/* A size is still a size, unless a partition is called like that. */
	if (!has_partition(&table, text) && text_unsigned(text, &n) == TEXT_OK)
		r = parse_size(text, &place->size, err);
	else
		r = find_in_table(&table, text, encrypted, place, err);
	parttable_release(&table);
	return r;
}

void partition_note_read_only(const struct partition_place *place)
{
	if (place->size >= NVS_MIN_RW_SIZE || place->read_only_known)
		return;
	fprintf(stderr, "note: a partition of 0x%zx bytes can only be read: "
		"flag it 'readonly' in the partition table (firmware based on "
		"ESP-IDF 5.5 or later%s)\n", place->size,
		place->size > NVS_PAGE_SIZE ?
		"; any, when the data fits one page" : "");
}

void partition_print_flash(const struct partition_place *place,
			   const char *image)
{
	if (place->has_offset)
		printf("0x%x %s\n", place->offset, image);
}
