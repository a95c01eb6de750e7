/* SPDX-License-Identifier: Apache-2.0 */
#include "factory_options.h"

#include "nvs_format.h"

const char *factory_size(const struct partition_options *o, const char *size,
			 struct err *err)
{
	if (size || !o->table)
		return size ? size : FACTORY_SIZE;
	err_set(err, ERR_USAGE, "--partition-table needs --size, the name of a "
		"partition in it");
	return NULL;
}

int factory_size_check(const struct partition_place *place, struct err *err)
{
	if (place->size >= NVS_MIN_RW_SIZE || place->has_offset)
		return 0;
	return err_set(err, ERR_RANGE, "the partition size 0x%zx is too small, "
		       "at least 0x%x bytes are needed", place->size,
		       NVS_MIN_RW_SIZE);
}
