/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump.h - nvs_tool's views of an image: text for people and for the scripts
 * that read it, and JSON.
 */
#ifndef DUMP_H
#define DUMP_H

#include "err.h"
#include "view.h"

struct dump {
	const char *name;
	/* Each prints to v->out; 0 or ERR_NOMEM. json is NULL when there is
	 * no such form. */
	int (*text)(const struct view *v, struct err *err);
	int (*json)(const struct view *v, struct err *err);
};

/* The dump of that name, or NULL. */
const struct dump *dump_named(const char *name);

/* The names of all dumps, separated by ", ". */
#define DUMP_NAMES \
	"all, written, minimal, blobs, namespaces, storage_info, none"

/* In dump_json.c. */
int dump_json_all(const struct view *v, struct err *err);
int dump_json_minimal(const struct view *v, struct err *err);

/*
 * The integrity check: what is damaged goes to v->err and v->out. *errors
 * counts what is wrong, warnings aside. With quiet nothing is printed.
 */
__attribute__((warn_unused_result))
int integrity_check(const struct view *v, bool quiet, size_t *errors,
		    struct err *err);

#endif
