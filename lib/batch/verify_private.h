/* SPDX-License-Identifier: Apache-2.0 */
/* verify_private.h - what the sources of verify.h share. */
#ifndef BATCH_VERIFY_PRIVATE_H
#define BATCH_VERIFY_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "csv_files.h"
#include "err.h"
#include "manifest_index.h"
#include "verify.h"

/* What is known of an image before it is read, and the same for a batch. */
enum verify_fact {
	VERIFY_FACT_SIZE,     /* bytes of its file */
	VERIFY_FACT_KEY,      /* whether it has a key file, 1 or 0 */
	VERIFY_FACT_HMAC_KEY, /* an HMAC key file */
	VERIFY_FACTS
};

struct verify_image {
	char *name;     /* owned: without directory and extension */
	size_t fact[VERIFY_FACTS];
	size_t expected[VERIFY_FACTS]; /* what they should be */
	bool chosen;    /* is verified */
	char *why;      /* owned: what is wrong; NULL: nothing */
};

/* A file that is none of an image, or should be there and is not. */
struct verify_stray {
	char *path;     /* owned */
	const char *text;
};

struct verify {
	const struct verify_options *o;
	struct verify_result *result;
	struct verify_image *images; /* owned, in the order of their names */
	size_t count, cap;
	struct verify_stray *strays; /* owned */
	size_t stray_count, stray_cap;
	struct manifest_index manifest;
	struct csv_files *files;
	struct buf partial;     /* name of an unpublished batch, when asked */
	struct buf other;       /* the first file of no image that was meant */
	atomic_size_t next;
	pthread_mutex_t lock;   /* for err */
	struct err *err;
};

/* Something is wrong with a file. */
void verify_tell(struct verify *v, const char *file, const char *text);

/* ---- verify_files.c: files of a batch, by their names ---- */

/* A kind of file: DIR/START<name>END. */
struct verify_kind {
	const char *dir, *start, *end;
};

extern const struct verify_kind verify_bin, verify_csv, verify_key,
				verify_hmac_key;

/* Its path, as a C string in place of what is in out. 0 or ERR_NOMEM. */
__attribute__((warn_unused_result))
int verify_path(const struct verify *v, const struct verify_kind *k,
		const char *name, struct buf *out);

/*
 * The length of the name in a file name of that kind; 0 when it is of another.
 * It begins behind k->start.
 */
size_t verify_name_in(const struct verify_kind *k, const char *file);

/* Whether a name begins with the prefix that was asked for. */
bool verify_has_prefix(const struct verify *v, const char *name);

/*
 * Call visit for every file in a directory below outdir; it returns 0 or
 * ERR_NOMEM. Without the directory there are none.
 */
__attribute__((warn_unused_result))
int verify_each_file(struct verify *v, const char *dir,
		     int (*visit)(struct verify *v, int fd, const char *file),
		     struct err *err);

/* ---- verify_images.c: which there are ---- */

/* List them and choose those to verify. */
__attribute__((warn_unused_result))
int verify_list_images(struct verify *v, struct err *err);

/* The image of a name of so many characters, or NULL. */
struct verify_image *verify_find_image(const struct verify *v,
				       const char *name, size_t len);

/* ---- verify_expect.c: what the images of a batch have in common ---- */

/* After verify_find_strays(), which sees the keys: set what is expected. */
__attribute__((warn_unused_result))
int verify_expect(struct verify *v, struct err *err);

/* ---- verify_strays.c: what belongs to no image, or is missing ---- */

/* On the way, note which images have keys. */
__attribute__((warn_unused_result))
int verify_find_strays(struct verify *v, struct err *err);

/* Tell them, in the order of their paths. */
void verify_report_strays(struct verify *v);

#endif
