/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.h - does every image hold what its intermediate CSV says?
 *
 * The images are read back with the reader, which shares nothing with the
 * writer but the format. An image is right when no check of nvs_check.h finds
 * a warning or an error, when its items are those of the CSV in namespace,
 * key, type and value, none missing and none left over, when it is as long as
 * most images of its batch, and, with a manifest, when its files have the sums
 * that stand there. It is decrypted with <outdir>/keys/keys-NAME.bin where that
 * is, else with the given keys; where a keys/hmac-keys-NAME.bin is, the keys
 * have to be those derived from it. A key file has to be a whole key partition.
 * Files without an image and images without a CSV are wrong too, and so are
 * images without a key file or HMAC key file where most of their batch have
 * one, or the manifest says so.
 */
#ifndef VERIFY_H
#define VERIFY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "nvs_keys.h"

/* Everything is borrowed for the duration of the call. */
struct verify_options {
	const char *outdir;
	const char *prefix;           /* only files of that prefix; NULL: all */
	const struct nvs_keys *given; /* NULL: none */
	const char *manifest;         /* path; NULL: none */
	uint64_t sample;              /* so many images; 0: all */
	uint64_t seed;                /* which ones */
	unsigned jobs;                /* threads; 0: one per processor */
	/*
	 * Called once per image that is wrong, in the order of the names,
	 * then once per other file that is, in the order of the paths. file
	 * is its path, text what is wrong with it: namespace and key first,
	 * as "ns:key: ...".
	 */
	void (*wrong)(void *ctx, const char *file, const char *text);
	void *ctx;
	/*
	 * Called once when two files in keys/ (with a prefix, two of that)
	 * hold the same key. That is not wrong. report may be 0.
	 */
	struct err_sink warnings;
	atomic_int *stop;      /* not 0: interrupt; may be NULL. Set by a
				  signal handler, read by all threads */
};

struct verify_result {
	uint64_t images; /* verified */
	uint64_t wrong;  /* calls of wrong() */
};

/*
 * 0 when the verification could be done, whatever it found; else a negative
 * enum err_code: the tree or the manifest can't be read, there is no image
 * (ERR_INPUT), or the caller interrupted it.
 */
__attribute__((warn_unused_result))
int verify_run(const struct verify_options *o, struct verify_result *result,
	       struct err *err);

#endif
