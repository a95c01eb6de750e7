/* SPDX-License-Identifier: Apache-2.0 */
#include "size.h"

#include <stdio.h>

#include "nvs_writer.h"
#include "text.h"

int size_parse(const char *text, size_t *size, struct err *err)
{
	uint64_t n;

	switch (text_unsigned(text, &n)) {
	case TEXT_OVERFLOW:
		return err_set(err, ERR_RANGE, "the partition size '%s' is larger "
			       "than any flash chip (at most 0x%x)", text,
			       NVS_MAX_SIZE);
	case TEXT_OK:
		break;
	default:
		return err_set(err, ERR_INPUT, "the partition size '%s' is not a "
			       "number: give bytes in decimal or 0x hex", text);
	}
	if (nvs_size_check(n, err))
		return err_context(err, "the partition size '%s'", text);
	*size = (size_t)n;
	return 0;
}

void size_note_read_only(size_t size)
{
	if (size >= NVS_MIN_RW_SIZE)
		return;
	fprintf(stderr, "note: a partition of 0x%zx bytes can only be read: "
		"flag it 'readonly' in the partition table (firmware based on "
		"ESP-IDF 5.5 or later%s)\n", size, size > NVS_PAGE_SIZE ?
		"; any, when the data fits one page" : "");
}
