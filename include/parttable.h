/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parttable.h - ESP-IDF partition tables: where a partition lies and how
 * large it is.
 *
 * Reads the CSV of an ESP-IDF project (partitions.csv) and the binary table
 * made from it (build/partition_table/partition-table.bin), with the rules
 * of ESP-IDF's own table tool. Source: ESP-IDF Programming Guide, "Partition
 * Tables". Offsets and sizes are bytes in the flash chip.
 */
#ifndef PARTTABLE_H
#define PARTTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "err.h"
#include "text.h"

#define PARTTABLE_OFFSET 0x8000u /* where the table itself lies by default */
#define PARTTABLE_SIZE 0x1000u   /* what it occupies there */

enum part_type {
	PART_APP = 0,
	PART_DATA = 1,
	PART_BOOTLOADER = 2,
	PART_PARTITION_TABLE = 3
};

/* Subtypes of PART_DATA that the checks and lookups know. */
enum part_data {
	PART_DATA_OTA = 0,
	PART_DATA_NVS = 2,
	PART_DATA_COREDUMP = 3,
	PART_DATA_NVS_KEYS = 4,
	PART_DATA_UNDEFINED = 6,
	PART_DATA_TEE_OTA = 0x90
};

/* The subtype "primary" of PART_BOOTLOADER and PART_PARTITION_TABLE. */
#define PART_PRIMARY 0

enum part_flag {
	PART_ENCRYPTED = 1, /* flash encryption, not NVS encryption */
	PART_READONLY = 2
};

struct partition {
	char *name;       /* owned; in flash only its first 16 bytes are kept */
	uint8_t type;     /* enum part_type, or a project's own */
	uint8_t subtype;
	uint32_t offset;
	uint32_t size;
	uint32_t flags;   /* enum part_flag */
	unsigned line;    /* of the text; 0 in a binary table */
	unsigned offset_col, size_col, flags_col; /* in it; 0: unknown */
	uint32_t at;      /* where a binary table has the row */
};

struct parttable {
	struct partition *rows; /* owned, in the order of the file */
	size_t count;
	const char *file;       /* as given; borrowed */
};

#define PARTTABLE_INIT { NULL, 0, NULL }

struct parttable_options {
	uint32_t table_offset;   /* of the table itself */
	uint32_t flash_size;     /* 0 = not known, then not checked */
	bool secure_boot_v1;     /* apps are then multiples of 64 KiB */
	char *(*env)(const char *name); /* value of an environment variable */
};

#define PARTTABLE_OPTIONS_INIT { PARTTABLE_OFFSET, 0, false, getenv }

/*
 * Read a table, text or binary, and check it. Warnings go to warn, which may
 * be NULL; they and *err refer to path, which therefore has to outlive them
 * and the table. An empty text is a table without rows.
 * On failure (ERR_INPUT, ERR_RANGE, ERR_DUPLICATE, ERR_DAMAGED for a binary
 * table, ERR_IO, ERR_NOMEM) t is as after PARTTABLE_INIT. Release t.
 */
__attribute__((warn_unused_result))
int parttable_load(struct parttable *t, const char *path,
		   const struct parttable_options *options,
		   const struct err_sink *warn, struct err *err);

/* The same from memory; file is the name for messages. */
__attribute__((warn_unused_result))
int parttable_parse(struct parttable *t, const char *file, const void *data,
		    size_t len, const struct parttable_options *options,
		    const struct err_sink *warn, struct err *err);

void parttable_release(struct parttable *t);

/*
 * The partition of exactly that name. NULL with *err filled (ERR_INPUT, a
 * message that lists the names there are) when there is none. Belongs to t.
 */
const struct partition *parttable_find(const struct parttable *t,
				       const char *name, struct err *err);

/*
 * The same for a partition that is to hold an NVS image: it has to be of
 * type data, subtype nvs, a multiple of 4096 bytes and not larger than an
 * image can be, else NULL. Warns when it is flagged "encrypted": NVS does
 * not work with flash encryption.
 */
const struct partition *parttable_find_nvs(const struct parttable *t,
					   const char *name,
					   const struct err_sink *warn,
					   struct err *err);

/*
 * The same for a partition that is to hold a key file: it has to be of type
 * data, subtype nvs_keys, else NULL. Warns as parttable_check_keys() does,
 * and when it is not the first of its kind.
 */
const struct partition *parttable_find_keys(const struct parttable *t,
					    const char *name,
					    const struct err_sink *warn,
					    struct err *err);

/*
 * For whoever makes encrypted images: warn when there is no nvs_keys
 * partition, or when the first one (which the firmware takes) has not the
 * 0x1000 bytes of a key file or lacks the flag "encrypted", without which
 * the keys can be read out of the flash.
 */
void parttable_check_keys(const struct parttable *t,
			  const struct err_sink *warn);

/*
 * The spelling of numbers in such a table: decimal, 0x, 0o, 0b, a sign, "_"
 * between digits; no zero in front of other digits; behind it any number of
 * K and M, in either case, each multiplying by 1024 and 1048576.
 */
enum text_status parttable_number(const char *s, size_t len, int64_t *out);

/* The name of a type, or of a type's subtype; NULL for a number without. */
const char *part_type_name(unsigned type);
const char *part_subtype_name(unsigned type, unsigned subtype);

#endif
