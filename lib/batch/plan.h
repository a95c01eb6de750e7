/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h - setup code, setup id and salt of each accessory of a batch: drawn,
 * or read from a table.
 *
 * Columns setup_code, setup_id and optionally salt, and one that names the
 * files of an accessory; others are ignored. A plan is written as such a
 * table, so that a run that was stopped gives the same codes again.
 */
#ifndef BATCH_PLAN_H
#define BATCH_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "homekit.h"
#include "name.h"
#include "random.h"

/* Setup ids have four characters, which leaves 1,679,616 of them. */
#define PLAN_MAX 1000000u

struct plan_line {
	char code[HOMEKIT_CODE_LEN + 1];
	char id[HOMEKIT_ID_LEN + 1];
	bool has_salt;
	uint8_t salt[SRP_SALT_SIZE];
	char *name;          /* owned: of its files; NULL: its number */
};

struct plan {
	struct plan_line *lines; /* owned */
	size_t count;
	size_t cap;              /* private */
};

#define PLAN_INIT { NULL, 0, 0 }

/* Wipes it. */
void plan_release(struct plan *p);

/*
 * Draw codes, ids and salts for count accessories, no code and no id twice.
 * 0, ERR_CRYPTO or ERR_NOMEM.
 */
__attribute__((warn_unused_result))
int plan_draw(struct plan *p, size_t count, const struct random_source *random,
	      struct err *err);

/* Draw the salts that a plan lacks. */
__attribute__((warn_unused_result))
int plan_draw_salts(struct plan *p, const struct random_source *random,
		    struct err *err);

/*
 * Read a table from fd; file is its name, name_column the column that names
 * the files of an accessory, or NULL. All mistakes are reported to sink with
 * their place: codes, ids and salts that are not possible, what is there
 * twice, names that rule can't use. Returns the first one's code.
 */
__attribute__((warn_unused_result))
int plan_read(struct plan *p, int fd, const char *file,
	      const char *name_column, const struct name_rule *rule,
	      const struct err_sink *sink);

/* The plan as a table, appended to out. 0 or ERR_NOMEM. */
__attribute__((warn_unused_result))
int plan_put(const struct plan *p, struct buf *out);
/* What plan_put() calls the column of the names. */
#define PLAN_NAME_COLUMN "name"

/*
 * Take the salts that p lacks from earlier. False, with p as it was or with
 * some of them, when both are not for the same accessories.
 */
bool plan_adopt(struct plan *p, const struct plan *earlier);

#endif
