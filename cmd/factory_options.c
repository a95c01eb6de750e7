/* SPDX-License-Identifier: Apache-2.0 */
#include "factory_options.h"

#include "nvs_format.h"

int factory_keys_check(const struct cli_command *cmd,
		       const struct factory_keys *k, bool *keygen,
		       bool *encrypt)
{
	int r = cli_truth(cmd, "keygen", k->keygen, keygen);

	if (r < 0)
		r = cli_truth(cmd, "encrypt", k->encrypt, encrypt);
	if (r >= 0)
		return r;
	if (*keygen && !*encrypt)
		return cli_wrong_usage(cmd, "--keygen true needs --encrypt "
				       "true");
	if (k->keyfile && !*encrypt)
		return cli_wrong_usage(cmd, "--keyfile needs --encrypt true");
	if (*encrypt && !*keygen && !k->keyfile)
		return cli_wrong_usage(cmd, "--encrypt true needs --keyfile F "
				       "or --keygen true");
	return -1;
}

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
