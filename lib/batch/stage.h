/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage.h - the partial directory: where a batch is made before anyone can
 * see it, and how it becomes visible.
 *
 *   <outdir>/.mfg_gen-<prefix>.partial/
 *     fingerprint   of what it is made from, and whether publishing has
 *                   begun; locked while a run works here
 *     keys/ csv/ bin/ labels/
 *
 * Without a whole fingerprint it is nobody's, and the next run clears it.
 *
 * A run calls stage_init(), stage_look(), stage_earlier(), stage_open(), then
 * for its files what stage_files.h has, stage_publish() and stage_remove(). It
 * may stop anywhere and call stage_release().
 */
#ifndef BATCH_STAGE_H
#define BATCH_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "batch.h"
#include "digest.h"
#include "err.h"
#include "name.h"

/* Of all that a batch is made from: fingerprint.h. */
#define STAGE_FINGERPRINT_SIZE DIGEST_SIZE

struct stage {
	char *outdir;       /* owned; "~" expanded */
	char *partial;      /* owned: path of the partial directory */
	const char *name;   /* its last component; points into partial */
	int out_fd;         /* -1 while closed, like all below */
	int fd;
	int lock_fd;
	int dir[NAME_DIRS];     /* in the partial directory */
	int target[NAME_DIRS];  /* in outdir; -1 where there is none yet */
	unsigned dirs;      /* how many of each are used: NAME_DIR_LABELS, or
			       NAME_DIRS, if the caller says so before
			       stage_look(): the last is for labels */
	bool keyless;       /* no key files are made, so keys/ is nobody's
			       concern; set before stage_look() */
	bool resumed;       /* the partial directory was there, and ours */
	bool publishing;    /* an earlier run had begun to publish */
};

/* Holds nothing: can be released. */
#define STAGE_INIT { NULL, NULL, NULL, -1, -1, -1, { -1, -1, -1, -1 }, \
		     { -1, -1, -1, -1 }, NAME_DIR_LABELS, false, false, false }

/*
 * Paths only; nothing is touched. shards 0: no sharding. 0, ERR_USAGE (home
 * directory) or ERR_NOMEM.
 */
__attribute__((warn_unused_result))
int stage_init(struct stage *s, const char *outdir, const char *prefix,
	       uint64_t shard, uint64_t shards, struct err *err);
void stage_release(struct stage *s);

/*
 * Open what exists of outdir, to look for targets. Missing is no error, a
 * directory on another file system or mount is: files are published by
 * renaming.
 */
__attribute__((warn_unused_result))
int stage_look(struct stage *s, struct err *err);

/*
 * Whether what is made could be put into the targets that are there. 0 or
 * ERR_IO.
 */
__attribute__((warn_unused_result))
int stage_check_targets(const struct stage *s, struct err *err);

enum stage_earlier {
	STAGE_NONE,
	STAGE_STOPPED,    /* it has left a partial directory */
	STAGE_PUBLISHING, /* the same, and some of its files are in place */
	STAGE_UNKNOWN,    /* some have left staged files, but no fingerprint */
	STAGE_AT_WORK     /* it is there */
};

/*
 * What there is of an earlier run; to be called after stage_look(). 0, or an
 * error when that can't be told.
 */
__attribute__((warn_unused_result))
int stage_earlier(const struct stage *s, enum stage_earlier *earlier,
		  struct err *err);

/* The messages for the latter four. Return ERR_EXISTS. */
int stage_err_stopped(const struct stage *s, struct err *err);
int stage_err_publishing(const struct stage *s, struct err *err);
int stage_err_unknown(const struct stage *s, struct err *err);
int stage_err_at_work(const struct stage *s, struct err *err);

/*
 * Make or open the partial directory, lock it and, unless it is resumed,
 * clear it. ERR_EXISTS when it is there and start is BATCH_NEW, when another
 * run holds it, or, with BATCH_RESUME, when its fingerprint is another one.
 */
__attribute__((warn_unused_result))
int stage_open(struct stage *s, enum batch_start start,
	       const uint8_t fingerprint[STAGE_FINGERPRINT_SIZE],
	       struct err *err);

/*
 * Sync, then rename everything to its final place; with overwrite over what
 * stands there, else never. ERR_EXISTS when something has come in between.
 */
__attribute__((warn_unused_result))
int stage_publish(struct stage *s, bool overwrite, struct err *err);

/* Remove the partial directory after stage_publish(). */
__attribute__((warn_unused_result))
int stage_remove(struct stage *s, struct err *err);

#endif
