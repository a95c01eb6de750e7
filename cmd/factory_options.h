/* SPDX-License-Identifier: Apache-2.0 */
/*
 * factory_options.h - options that one accessory and a batch of them share,
 * and the command for the batch.
 */
#ifndef FACTORY_OPTIONS_H
#define FACTORY_OPTIONS_H

#include "err.h"
#include "partition.h"

#define FACTORY_SIZE "0x4000" /* of the partition, where none is given */

/* The size as text: the default, unless a table has to be searched for it. */
const char *factory_size(const struct partition_options *o, const char *size,
			 struct err *err);

/* Whether the setup data's firmware can use a partition of that size. */
__attribute__((warn_unused_result))
int factory_size_check(const struct partition_place *place, struct err *err);

/* The command "factory_nvs_gen batch"; argv[0] is "batch". */
int factory_batch(int argc, char **argv);

#endif
