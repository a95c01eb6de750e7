/* SPDX-License-Identifier: Apache-2.0 */
/* device.h - one device of a batch: check it, make it. One maker a thread. */
#ifndef BATCH_DEVICE_H
#define BATCH_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "batch.h"
#include "csv_item.h"
#include "csv_join.h"
#include "manifest.h"
#include "name.h"
#include "nvs_crypt.h"
#include "nvs_writer.h"
#include "random.h"

struct stage;

/* A file that the batch reads, or what a link to it leads to. */
struct device_input {
	const char *path; /* borrowed */
	dev_t dev;
	ino_t ino;
};

struct device_maker {
	/* borrowed, set by device_maker_init() */
	const struct batch_options *o;
	const struct name_rule *rule;
	const struct csv_join *join;
	const struct stage *stage;
	const struct manifest *manifest;

	/* of this thread */
	struct csv_decoder decoder;
	struct nvs_writer writer;
	struct nvs_cipher *cipher;      /* NULL when nothing is encrypted */
	struct random_system *random;   /* NULL when no key is drawn */
	uint8_t *image;                 /* NULL while checking */
	struct buf csv, stem, file;
	struct buf png, svg;            /* the label */
	/* with --overwrite: four paths, and where they lead as links */
	struct device_input needed[2 * 5];
	size_t needed_count;
	uint64_t kept;                  /* files found right on a resume */
	uint64_t in_place;              /* images of them, published before */
};

/*
 * making: get ready to make devices, not just to check them. On failure
 * nothing has to be released.
 */
__attribute__((warn_unused_result))
int device_maker_init(struct device_maker *m, const struct batch_options *o,
		      const struct name_rule *rule,
		      const struct csv_join *join, const struct stage *stage,
		      const struct manifest *manifest,
		      struct csv_files *files, bool making, struct err *err);
void device_maker_release(struct device_maker *m);

/*
 * Decode and lay out a row and look for its targets (unless look is false);
 * all mistakes go to sink. *usage says what the image takes. 0 or the first
 * mistake's code.
 */
__attribute__((warn_unused_result))
int device_check(struct device_maker *m, const struct csv_row *row,
		 uint64_t number, bool look, struct nvs_usage *usage,
		 const struct err_sink *sink);

/*
 * Make the files of a row in the partial directory. lines gets the line of
 * the manifest when there is one. 0, or the code of what was reported.
 */
__attribute__((warn_unused_result))
int device_make(struct device_maker *m, const struct csv_row *row,
		uint64_t number, struct buf *lines,
		const struct err_sink *sink);

/* Whether a batch makes files of that kind. */
bool device_has_file(const struct batch_options *o, enum name_kind kind);

#endif
