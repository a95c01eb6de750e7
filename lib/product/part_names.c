/* SPDX-License-Identifier: Apache-2.0 */
/* part_names.c - the words for types and subtypes in a partition table. */
#include "parttable_private.h"

#include <stdio.h>
#include <string.h>

static const char *const types[] = {
	[PART_APP] = "app",
	[PART_DATA] = "data",
	[PART_BOOTLOADER] = "bootloader",
	[PART_PARTITION_TABLE] = "partition_table",
};

#define TYPES (sizeof(types) / sizeof(types[0]))

static const struct subtype {
	uint8_t type;
	uint8_t value;
	const char *name;
} subtypes[] = {
	{ PART_APP, 0x00, "factory" },
	{ PART_APP, 0x10, "ota_0" },
	{ PART_APP, 0x11, "ota_1" },
	{ PART_APP, 0x12, "ota_2" },
	{ PART_APP, 0x13, "ota_3" },
	{ PART_APP, 0x14, "ota_4" },
	{ PART_APP, 0x15, "ota_5" },
	{ PART_APP, 0x16, "ota_6" },
	{ PART_APP, 0x17, "ota_7" },
	{ PART_APP, 0x18, "ota_8" },
	{ PART_APP, 0x19, "ota_9" },
	{ PART_APP, 0x1a, "ota_10" },
	{ PART_APP, 0x1b, "ota_11" },
	{ PART_APP, 0x1c, "ota_12" },
	{ PART_APP, 0x1d, "ota_13" },
	{ PART_APP, 0x1e, "ota_14" },
	{ PART_APP, 0x1f, "ota_15" },
	{ PART_APP, 0x20, "test" },
	{ PART_APP, 0x30, "tee_0" },
	{ PART_APP, 0x31, "tee_1" },
	{ PART_DATA, PART_DATA_OTA, "ota" },
	{ PART_DATA, 0x01, "phy" },
	{ PART_DATA, PART_DATA_NVS, "nvs" },
	{ PART_DATA, PART_DATA_COREDUMP, "coredump" },
	{ PART_DATA, PART_DATA_NVS_KEYS, "nvs_keys" },
	{ PART_DATA, 0x05, "efuse" },
	{ PART_DATA, PART_DATA_UNDEFINED, "undefined" },
	{ PART_DATA, 0x80, "esphttpd" },
	{ PART_DATA, 0x81, "fat" },
	{ PART_DATA, 0x82, "spiffs" },
	{ PART_DATA, 0x83, "littlefs" },
	{ PART_DATA, PART_DATA_TEE_OTA, "tee_ota" },
	{ PART_BOOTLOADER, PART_PRIMARY, "primary" },
	{ PART_BOOTLOADER, 0x01, "ota" },
	{ PART_BOOTLOADER, 0x02, "recovery" },
	{ PART_PARTITION_TABLE, PART_PRIMARY, "primary" },
	{ PART_PARTITION_TABLE, 0x01, "ota" },
};

#define SUBTYPES (sizeof(subtypes) / sizeof(subtypes[0]))

const char *part_type_name(unsigned type)
{
	return type < TYPES ? types[type] : NULL;
}

const char *part_subtype_name(unsigned type, unsigned subtype)
{
	for (size_t i = 0; i < SUBTYPES; i++)
		if (subtypes[i].type == type && subtypes[i].value == subtype)
			return subtypes[i].name;
	return NULL;
}

bool part_type_find(const char *s, size_t len, uint8_t *type)
{
	for (size_t i = 0; i < TYPES; i++)
		if (text_same_word(s, len, types[i])) {
			*type = (uint8_t)i;
			return true;
		}
	return false;
}

bool part_subtype_find(unsigned type, const char *s, size_t len,
		       uint8_t *subtype)
{
	for (size_t i = 0; i < SUBTYPES; i++)
		if (subtypes[i].type == type &&
		    text_same_word(s, len, subtypes[i].name)) {
			*subtype = subtypes[i].value;
			return true;
		}
	return false;
}

bool part_is_type_name(const char *name)
{
	for (size_t i = 0; i < TYPES; i++)
		if (!strcmp(types[i], name))
			return true;
	return false;
}

bool part_is_subtype_name(const char *name)
{
	for (size_t i = 0; i < SUBTYPES; i++)
		if (!strcmp(subtypes[i].name, name))
			return true;
	return false;
}

int part_type_list(struct buf *out)
{
	for (size_t i = 0; i < TYPES; i++)
		if (buf_printf(out, "%s%s", i ? ", " : "", types[i]))
			return ERR_NOMEM;
	return 0;
}

int part_subtype_list(unsigned type, struct buf *out)
{
	const char *between = "";

	for (size_t i = 0; i < SUBTYPES; i++) {
		if (subtypes[i].type != type)
			continue;
		if (buf_printf(out, "%s%s", between, subtypes[i].name))
			return ERR_NOMEM;
		between = ", ";
	}
	return 0;
}

char *part_kind(unsigned type, unsigned subtype, char *out)
{
	const char *t = part_type_name(type);
	const char *s = part_subtype_name(type, subtype);
	size_t n;

	n = (size_t)(t ? snprintf(out, PART_KIND_SHOWN, "%s/", t) :
			 snprintf(out, PART_KIND_SHOWN, "0x%x/", type));
	if (s)
		snprintf(out + n, PART_KIND_SHOWN - n, "%s", s);
	else
		snprintf(out + n, PART_KIND_SHOWN - n, "0x%x", subtype);
	return out;
}
