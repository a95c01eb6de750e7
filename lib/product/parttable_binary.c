/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parttable_binary.c - the partition table as it lies in flash: rows of 32
 * bytes, little-endian (ESP-IDF Programming Guide, "Partition Tables").
 *
 *   0       2      3         4        8      12     28      32
 *   | AA 50 | type | subtype | offset | size | name | flags |
 *   | EB EB | 14 bytes FF       | MD5 of the rows before it |
 *   | 32 times FF: the end                                  |
 */
#include "parttable_private.h"

#include <string.h>
#include <mbedtls/md.h>

#include "digest.h"
#include "nvs_format.h"

enum {
	ROW_SIZE = 32,
	ROW_TYPE = 2,
	ROW_SUBTYPE = 3,
	ROW_OFFSET = 4,
	ROW_BYTES = 8,
	ROW_NAME = 12,
	ROW_NAME_SIZE = 16,
	ROW_FLAGS = 28,
	ROW_MD5 = 16,
	MD5_SIZE = 16
};

/* A failure at a byte of the file. */
static int damaged(struct parttable_reader *r, size_t at, const char *what)
{
	part_err(r->err, r->table, NULL, PART_NAME, ERR_DAMAGED, "%s", what);
	if (r->err)
		r->err->off = (int64_t)at;
	return ERR_DAMAGED;
}

static bool is_end(const uint8_t *row)
{
	for (size_t i = 0; i < ROW_SIZE; i++)
		if (row[i] != 0xFF)
			return false;
	return true;
}

static int check_md5(struct parttable_reader *r, const uint8_t *data,
		     size_t at)
{
	const mbedtls_md_info_t *md5 =
		mbedtls_md_info_from_type(MBEDTLS_MD_MD5);
	uint8_t sum[MD5_SIZE];
	int failed = mbedtls_md(md5, data, at, sum);

	if (failed)
		return digest_failure(failed, "MD5", r->err);
	if (memcmp(sum, data + at + ROW_MD5, MD5_SIZE) != 0)
		return damaged(r, at, "the MD5 of the partition table does not "
			       "match its rows: the file is damaged");
	return 0;
}

static int read_row(struct parttable_reader *r, const uint8_t *row, size_t at)
{
	const char *name = (const char *)row + ROW_NAME;
	const uint32_t known = PART_ENCRYPTED | PART_READONLY;
	struct partition *p;

	if (row[0] != 0xAA || row[1] != 0x50)
		return damaged(r, at, "no row of a partition table: it would "
			       "start with the bytes AA 50");
	p = parttable_add(r, name, strnlen(name, ROW_NAME_SIZE));
	if (!p)
		return err_nomem(r->err);
	p->at = (uint32_t)at;
	p->type = row[ROW_TYPE];
	p->subtype = row[ROW_SUBTYPE];
	p->offset = le_get32(row + ROW_OFFSET);
	p->size = le_get32(row + ROW_BYTES);
	p->flags = le_get32(row + ROW_FLAGS);
	if (p->flags & ~known)
		part_warn(r->warn, r->table, p, "partition '%s' has flags that "
			  "are not known here: 0x%x", p->name,
			  p->flags & ~known);
	return 0;
}

int parttable_read_binary(struct parttable_reader *r, const uint8_t *data,
			  size_t len)
{
	bool summed = false;
	int status = 0;
	size_t at;

	for (at = 0; at + ROW_SIZE <= len; at += ROW_SIZE) {
		const uint8_t *row = data + at;

		if (is_end(row)) {
			r->max += !summed; /* the row that the MD5 would take */
			return 0;
		}
		if (summed)
			return damaged(r, at, "the partition table goes on "
				       "behind its MD5");
		summed = row[0] == 0xEB && row[1] == 0xEB;
		status = summed ? check_md5(r, data, at) :
				  read_row(r, row, at);
		if (status)
			return status;
	}
	return damaged(r, at, "the partition table breaks off: its end, a row "
		       "of 32 bytes FF, is missing");
}
