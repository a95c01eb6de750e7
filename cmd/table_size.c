/* SPDX-License-Identifier: Apache-2.0 */
#include "table_size.h"

#include <stdio.h>
#include <string.h>

#include "parttable.h"
#include "single.h"
#include "size.h"

/* The table lies in a sector of its own. */
static int parse_offset(const char *text, uint32_t *offset, struct err *err)
{
	int64_t n = 0;

	if (!text)
		return 0;
	if (parttable_number(text, strlen(text), &n) != TEXT_OK || n < 0 ||
	    n > UINT32_MAX - PARTTABLE_SIZE || n % PARTTABLE_SIZE)
		return err_set(err, ERR_USAGE, "--partition-table-offset: '%s' "
			       "is no multiple of 0x%x within 32 bits", text,
			       PARTTABLE_SIZE);
	*offset = (uint32_t)n;
	return 0;
}

static int from_table(const struct table_size *t, const char *text,
		      bool encrypt, size_t *size, struct table_place *place,
		      struct err *err)
{
	struct parttable_options options = PARTTABLE_OPTIONS_INIT;
	struct parttable table = PARTTABLE_INIT;
	const struct partition *p;
	int r;

	r = parse_offset(t->offset, &options.table_offset, err);
	if (!r)
		r = parttable_load(&table, t->table, &options,
				   &single_warnings, err);
	if (r)
		return r;
	p = parttable_find_nvs(&table, text, &single_warnings, err);
	if (p) {
		*size = p->size;
		*place = (struct table_place){ true, p->offset };
		if (encrypt)
			parttable_check_keys(&table, &single_warnings);
	}
	parttable_release(&table);
	return p ? 0 : (int)err->code;
}

int table_size_get(const struct table_size *t, const char *text, bool encrypt,
		   size_t *size, struct table_place *place, struct err *err)
{
	*place = (struct table_place){ false, 0 };
	if (t->table)
		return from_table(t, text, encrypt, size, place, err);
	if (t->offset)
		return err_set(err, ERR_USAGE, "--partition-table-offset needs "
			       "--partition-table");
	return size_parse(text, size, err);
}

void table_size_print(const struct table_place *place, const char *image)
{
	if (place->known)
		printf("0x%x %s\n", place->offset, image);
}
