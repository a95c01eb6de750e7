/* SPDX-License-Identifier: Apache-2.0 */
/* stage_private.h - what the sources of stage.h share. */
#ifndef BATCH_STAGE_PRIVATE_H
#define BATCH_STAGE_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "name.h"
#include "stage.h"

/* In the partial directory: the lock, and what stage.h says of it. */
#define STAGE_LOCK_FILE "fingerprint"

/* Close what may be closed already, which is -1, and is so then. */
void stage_close(int *fd);

/*
 * Open what there is of a target directory, where files can be renamed to.
 * That it is missing is no error; s->target[dir] is then -1.
 */
__attribute__((warn_unused_result))
int stage_open_target(struct stage *s, enum name_dir dir, struct err *err);

/* What the lock file says. */
struct stage_lock {
	bool whole;      /* the fingerprint is, and can be relied on */
	bool publishing; /* an earlier run had begun to publish */
	uint8_t fingerprint[STAGE_FINGERPRINT_SIZE];
};

/*
 * Make or open the partial directory in s->out_fd, and hold its lock.
 * ERR_EXISTS when another run does.
 */
__attribute__((warn_unused_result))
int stage_lock_take(struct stage *s, struct err *err);

/*
 * Read an open lock file. 0, or -1 with errno: what can't be read must not
 * pass for what was not written whole, which is thrown away.
 */
__attribute__((warn_unused_result))
int stage_lock_read(int fd, struct stage_lock *lock);

/* Write the fingerprint, and nothing else, to the disk. */
__attribute__((warn_unused_result))
int stage_lock_write(const struct stage *s,
		     const uint8_t fingerprint[STAGE_FINGERPRINT_SIZE],
		     struct err *err);

/*
 * Add that publishing has begun: to be known, even after a power cut, before
 * the first rename. 0, or -1 with errno.
 */
__attribute__((warn_unused_result))
int stage_lock_mark_publishing(const struct stage *s);

#endif
