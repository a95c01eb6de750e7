/* SPDX-License-Identifier: Apache-2.0 */
/*
 * espat.h - what an ESP-AT project puts into its partition mfg_nvs.
 *
 * ESP-AT firmware keeps certificates and keys, the module's parameters and
 * its BLE services in one NVS partition. Its build collects them from a tree:
 *
 *   sdkconfig                       which features are on
 *   build/module_info.json          platform and module
 *   components/customized_partitions/
 *     at_customized_config_dependency.txt      feature -> directory
 *     raw_data/DIRECTORY/FILE.crt, .key, .pem  certificates and keys
 *     raw_data/factory_param/factory_param_type.csv, factory_param_data.csv
 *     raw_data/ble_data/gatts_data.csv         BLE services
 *   module_config/module_NAME/at_customize.csv   where the partition lies
 *
 * Sources: ESP-AT documentation, "How to Generate mfg_nvs.bin", "How to Update
 * PKI Configuration", "Factory Parameter Configuration", "How to Customize
 * BLE Services".
 */
#ifndef ESPAT_H
#define ESPAT_H

#include <stdint.h>

#include "buf.h"
#include "err.h"

struct espat; /* a project */

/*
 * A project, of which nothing is read yet. project_path is borrowed until
 * espat_free(), and so is warn, which may be NULL. NULL with *err filled when
 * out of memory.
 */
struct espat *espat_new(const char *project_path, const struct err_sink *warn,
			struct err *err);

/*
 * May be NULL. The places in errors of the functions below refer to names
 * that end here: print first.
 */
void espat_free(struct espat *e);

/*
 * Read which features are on, and what they need: once, before the others.
 * 0, ERR_INPUT, ERR_IO or ERR_NOMEM.
 */
__attribute__((warn_unused_result))
int espat_load(struct espat *e, struct err *err);

/*
 * Append the generator CSV of the project. Certificates are named in it, by
 * paths that begin with project_path, not contained.
 * ERR_INPUT, ERR_DUPLICATE, ERR_RANGE (a name that NVS has no room for),
 * ERR_IO, ERR_NOMEM: then out has its old length. Warns of features that are
 * on without anything to show for it. To be called once.
 */
__attribute__((warn_unused_result))
int espat_csv(struct espat *e, struct buf *out, struct err *err);

/*
 * Change a place in the CSV of espat_csv() to that in the project which it
 * was made of.
 */
void espat_find_source(const struct espat *e, struct pos *pos);

/* A row of at_customize.csv; texts as they stand there, without blanks. */
struct espat_partition {
	char *name;
	char *offset; /* "" when the row has no fourth field */
	char *size;   /* "" when the row has no fifth field */
	unsigned line;
};

/*
 * Read the table of ESP-AT's own partitions: path, or when it is NULL that
 * of the project's module, else of its platform. 0, ERR_INPUT, ERR_IO or
 * ERR_NOMEM.
 */
__attribute__((warn_unused_result))
int espat_load_partitions(struct espat *e, const char *path, struct err *err);

/*
 * The partition of that name out of the table that was loaded, with offset
 * and size. NULL with *err filled (ERR_INPUT). Belongs to e.
 */
const struct espat_partition *espat_partition(const struct espat *e,
					      const char *name,
					      struct err *err);

/* Give an error about what a partition's row says its place. */
void espat_place_partition(const struct espat *e,
			   const struct espat_partition *p, struct err *err);

/*
 * Append the list for the flashing tool: a line "OFFSET OUTDIR/NAME.bin SIZE"
 * with CRLF for each partition of the table that some feature needs, in the
 * order of the table. ERR_INPUT when fs_storage is needed but not there.
 */
__attribute__((warn_unused_result))
int espat_flash_list(const struct espat *e, const char *outdir,
		     struct buf *out, struct err *err);

/*
 * Refuse a path at which something is to be written when it is that of a file
 * which was read so far. 0, ERR_EXISTS, or an error when it can't be told.
 */
__attribute__((warn_unused_result))
int espat_refuse(const struct espat *e, const char *path, struct err *err);

/*
 * A partition size as ESP-AT spells it: 0x and hex digits; or a number,
 * possibly with decimal point and exponent, then K, M, G or T (times 1024
 * each, either case) and B, both optional, with blanks around; what is left
 * behind the point is cut off. "112K", "1.5MB", " 112 K ", "1e3", "0x1c000".
 * ERR_INPUT, or ERR_RANGE beyond 64 bits.
 */
__attribute__((warn_unused_result))
int espat_size(const char *text, uint64_t *size, struct err *err);

#endif
