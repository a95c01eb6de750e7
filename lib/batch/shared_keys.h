/* SPDX-License-Identifier: Apache-2.0 */
/* shared_keys.h - key files that hold the same key. */
#ifndef BATCH_SHARED_KEYS_H
#define BATCH_SHARED_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

struct shared_keys {
	size_t files;   /* that can be key files: by their size */
	size_t sharing; /* of them, those whose key another one holds */
	char *first;    /* owned: names of the first two of these that hold */
	char *second;   /* one key, in the order of names; NULL: none do */
};

#define SHARED_KEYS_INIT { 0, 0, NULL, NULL }

/*
 * Look through a directory of key files and HMAC key files, which need not
 * be there, at those that are wanted. Files of other sizes, and what can't be
 * read, are passed over: whether they are sound is not asked here. 0, ERR_IO,
 * ERR_CRYPTO or ERR_NOMEM. Release s.
 */
__attribute__((warn_unused_result))
int shared_keys_find(struct shared_keys *s, const char *dir,
		     bool (*wanted)(const void *ctx, const char *name),
		     const void *ctx, struct err *err);

void shared_keys_release(struct shared_keys *s);

#endif
