/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch.h - a configuration and a table of values become a tree of images.
 *
 * 1. Check: every row is joined, decoded and laid out in memory; names are
 *    made and looked up. Any mistake ends the batch with nothing written.
 * 2. Produce: on all cores, into <outdir>/.mfg_gen-<prefix>.partial/.
 * 3. Publish: one sync to disk, then renames; then the partial directory is
 *    gone. A reader of <outdir>/bin never sees half an image.
 *
 * A batch that is killed, interrupted or out of disk leaves its partial
 * directory, from which a later run with BATCH_RESUME completes the tree that
 * an undisturbed run would have made. Keys that were staged are used again,
 * so that none is ever lost.
 *
 * Files: <outdir>/csv/STEM.csv, <outdir>/bin/STEM.bin, and, when keys are
 * made, <outdir>/keys/keys-STEM.bin, keys/hmac-keys-STEM.bin; with labels,
 * labels/STEM.png and labels/STEM.svg. Keys and labels, and the CSVs of
 * encrypted images, which hold the same in clear, have mode 0600. STEM is
 * <prefix>-<id> or <prefix>-<counter>-<id>.
 */
#ifndef BATCH_H
#define BATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "nvs_keys.h"
#include "nvs_writer.h"

enum batch_keys {
	BATCH_PLAIN,      /* images are not encrypted */
	BATCH_GIVEN,      /* all with the given keys; no key files */
	BATCH_DRAWN,      /* fresh keys for every device */
	BATCH_DERIVED,    /* derived from the given HMAC key, filed per device */
	BATCH_HMAC_DRAWN  /* derived from a fresh HMAC key for every device */
};

enum batch_start {
	BATCH_NEW,     /* a partial directory that is there is an error */
	BATCH_RESUME,  /* complete it; what is right stays */
	BATCH_RESTART  /* remove it first */
};

/* Configuration and values that the caller has made, instead of files. */
struct batch_tables {
	const void *conf;      /* text of the configuration; borrowed */
	size_t conf_len;
	int values_fd;         /* values table: a file open for reading, which
				  stays the caller's */
	const char *source;    /* path of a file that they were made of, which
				  no output may replace; or NULL, or "-" */
};

/* All texts are borrowed for the duration of the call. */
struct batch_options {
	const char *conf;      /* path of the configuration */
	const char *values;    /* path of the values table; "-" is stdin */
	/*
	 * NULL, or what is read in place of both files. conf is then a name for
	 * messages, values NULL: messages about rows have no place. The
	 * configuration may use all encodings, and the table with repeated
	 * values filled in is not written.
	 */
	const struct batch_tables *tables;
	const char *size_source; /* path of the partition table that size comes
				    from, or NULL: no output replaces it */
	const char *prefix;
	size_t size;           /* of the partition in bytes */
	unsigned version;      /* of the format, 1 or 2 */
	const char *fileid;    /* column that names devices; NULL: row number */
	bool numbered;         /* a counter stands between prefix and id */
	uint64_t first_number; /* counter of the first row */
	unsigned width;        /* to which the counter is zero-padded */
	const char *outdir;

	enum batch_keys keys;
	const struct nvs_keys *given;  /* BATCH_GIVEN */
	const uint8_t *hmac_key;       /* BATCH_DERIVED: 32 bytes */
	const char *key_source;        /* file these were read from, which is
					  not to be overwritten, and which a
					  warning names; or NULL */
	const char *key_name;          /* file name under keys/ for the only
					  device, or NULL: keys-STEM.bin */
	const char *hmac_key_name;     /* the same for hmac-keys-STEM.bin */

	const char *only;      /* file with an id per line, or NULL; "-" stdin */
	uint64_t shard;        /* 1..shards: this part of the rows */
	uint64_t shards;       /* 0: all rows */
	enum batch_start start;
	bool overwrite;        /* replace existing files */
	bool secret_values;    /* what holds them in clear is for its owner
				  only; so it is anyway when images are
				  encrypted: CSVs, not images */
	bool check_only;       /* stop after the check */
	const char *manifest;  /* path for the manifest, or NULL */
	bool sums;             /* write <outdir>/SHA256SUMS-<prefix> */
	bool offset_known;     /* the manifest gets a column with offset */
	uint64_t offset;       /* of the partition in flash, bytes */
	unsigned jobs;         /* threads; 0: as many as processors */

	struct err_sink errors;   /* one call per mistake, in order */
	struct err_sink warnings; /* also once when devices share a key */
	/* Called now and then from any thread, one call at a time. May be 0. */
	void (*progress)(void *ctx, const char *phase, uint64_t done,
			 uint64_t total);
	/*
	 * Called once all is right, before the first file is written: for
	 * what has to be there first. Not 0: the batch ends. May be 0.
	 */
	int (*checked)(void *ctx, struct err *err);
	/*
	 * Called per device, from any thread, to append its label to both.
	 * May be 0: there are no labels.
	 */
	int (*label)(void *ctx, uint64_t row, struct buf *png, struct buf *svg,
		     struct err *err);
	/*
	 * Called per file, labels excepted, in row order after publishing.
	 * kind is "csv", "bin" or "keys"; path begins with the outdir; sha256
	 * is in hex. May be 0.
	 */
	void (*created)(void *ctx, const char *kind, const char *path,
			const char *sha256);
	void *ctx;                /* for these four */
	atomic_int *stop;         /* not 0: interrupt; may be NULL. Set by a
				     signal handler, read by all threads */
};

struct batch_result {
	uint64_t devices;       /* selected, checked or made */
	uint64_t rows;          /* in the table */
	struct nvs_usage fullest;
	uint64_t fullest_row;   /* 1-based; 0 when there is no device */
	uint64_t more_errors;   /* beyond those that were reported */
	uint64_t kept;          /* files that a resumed run found right */
	char partial[4096];     /* left behind on failure, or "" */
};

/* How many mistakes are reported in one run. */
#define BATCH_ERRORS_SHOWN 20

/*
 * Run a batch. 0, or a negative enum err_code after at least one call of
 * errors.report. ERR_EXISTS: an output or a partial directory is in the way.
 * ERR_INTERRUPTED: *stop was set. result is filled as far as it was got.
 */
__attribute__((warn_unused_result))
int batch_run(const struct batch_options *o, struct batch_result *result);

#endif
