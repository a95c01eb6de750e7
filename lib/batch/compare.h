/* SPDX-License-Identifier: Apache-2.0 */
/* compare.h - one image against its intermediate CSV. One a thread. */
#ifndef BATCH_COMPARE_H
#define BATCH_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "csv_files.h"
#include "csv_item.h"
#include "err.h"
#include "nvs_crypt.h"
#include "nvs_reader.h"

/* What is known of an image before it is read. Paths are borrowed. */
struct compare_job {
	const char *image, *csv;
	const char *keys;      /* key file; NULL: there is none */
	const char *lost_keys; /* one that should be there and is not; or NULL */
	const char *hmac_key;  /* HMAC key file; NULL: there is none */
	const struct nvs_keys *given; /* used without a key file; or NULL */
	size_t size;           /* of most of its siblings, bytes */
	/* hex SHA-256 that the manifest has for the files; NULL: nothing is
	   to be compared, "": the manifest has none for that file */
	const char *image_sha256, *csv_sha256, *keys_sha256;
};

struct compare {
	struct nvs_reader *reader;
	struct nvs_cipher *cipher;
	struct csv_decoder decoder;
	struct buf image, csv;
	bool no_image, no_csv, no_key; /* could not be read */
	bool has_keys;  /* they could be read, or none are needed */
	bool decrypted; /* with keys, whether they fit or not */
	bool odd_size;  /* the size has been complained about */
	/* private, of the image being compared */
	const struct nvs_read_item *items;
	size_t item_count, next;
	struct buf seen;       /* a byte per item */
	const struct nvs_namespace *namespaces;
	size_t namespace_count;
	struct buf seen_ns;    /* a byte per namespace */
	const char *ns;        /* the one that the CSV has open */
	const char *lost_ns;   /* the CSV's first that the image has not */
	struct buf difference; /* the first one, as text */
	struct buf csv_error;  /* the first mistake in the CSV */
	struct buf finding;    /* the first finding of a check */
	bool unread;           /* one of the files could not be read */
	bool unseen;           /* the image, or its key, is that one */
	bool nomem;            /* one of these could not be kept */
};

/* files is borrowed. On failure nothing has to be released. */
__attribute__((warn_unused_result))
int compare_init(struct compare *c, struct csv_files *files, struct err *err);
void compare_release(struct compare *c);

/*
 * Compare; why gets what is wrong, on one line, and stays empty when nothing
 * is. 0, or ERR_NOMEM or ERR_CRYPTO when it could not be done.
 */
__attribute__((warn_unused_result))
int compare_image(struct compare *c, const struct compare_job *job,
		  struct buf *why, struct err *err);

#endif
