/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows.h - the values table as the threads of a batch share it.
 *
 * A batch passes through the table twice, each time from front to back with
 * memory for a few rows per thread. Each thread takes some rows at a time and
 * parses them itself, under a lock; what has to happen in order (numbering,
 * uniqueness of ids, the first device's REPEAT values, the expanded table)
 * happens there.
 */
#ifndef BATCH_ROWS_H
#define BATCH_ROWS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "csv_join.h"
#include "csv_schema.h"
#include "csv_table.h"
#include "err.h"
#include "ids.h"

/* Rows that a thread takes at a time, at most, and about how much text. */
#define ROWS_AT_A_TIME 256u
#define ROWS_TEXT_AT_A_TIME 131072u

struct rows_take {
	struct csv_row row[ROWS_AT_A_TIME];
	uint64_t number[ROWS_AT_A_TIME]; /* 1-based, of the whole table */
	size_t count;
	uint64_t turn;                   /* 0, 1, 2 ... over all takes */
};

/* Which rows are made. */
struct rows_selection {
	const struct ids *only;  /* NULL: all */
	uint64_t from, to;       /* rows from..to-1, 1-based */
};

struct rows {
	int fd;                  /* the caller's, seekable */
	const char *file;        /* name for messages, borrowed */
	const struct csv_schema *schema; /* borrowed */
	const char *fileid;
	struct csv_join join;
	bool joined;             /* join is set up */

	/* of the current pass */
	pthread_mutex_t lock;
	struct csv_table *table;
	struct rows_selection selection;
	struct ids *ids;         /* collects ids when not NULL */
	int expand_fd;           /* gets the expanded table; -1: not wanted */
	struct buf expanded;
	uint64_t number;         /* of the last row read */
	uint64_t turn;
	uint64_t given;          /* rows handed out */
	uint64_t expected;       /* that will be; 0: not known */
	unsigned threads;        /* that share them */
	int failed;              /* a pass that failed gives no more rows */
	const struct err_sink *errors, *warnings;
	bool warned;             /* of REPEAT values that differ; once */
	bool warned_empty;       /* of a row that has nothing; once */

	/* what the tap has yet to see; it is shown after lock is released */
	csv_tap_fn *tap;
	void *tap_ctx;
	pthread_mutex_t tap_lock; /* taken under lock, so pieces keep order */
	struct buf piece;
};

/* Nothing is read yet. The lock needs rows_release(). */
void rows_init(struct rows *r, int fd, const char *file,
	       const struct csv_schema *schema, const char *fileid);
void rows_release(struct rows *r);

/*
 * Begin a pass: rewind and read the header, which the first pass matches
 * with the configuration. tap sees all bytes, may be NULL. ids gets every
 * row's id, or NULL when they are known to be unique. Mistakes go to errors.
 */
__attribute__((warn_unused_result))
int rows_start(struct rows *r, const struct rows_selection *selection,
	       struct ids *ids, csv_tap_fn *tap, void *tap_ctx,
	       const struct err_sink *errors, const struct err_sink *warnings);

/*
 * After rows_start(): so many rows will be given out, to so many threads. Then
 * all threads come to the end at about the same time.
 */
void rows_expect(struct rows *r, uint64_t count, unsigned threads);

/*
 * The next selected rows. Rows that are wrong in themselves (cells missing,
 * impossible or double id) are reported and left out, and so is where the
 * table ends in no row. 1: some, 0: the end, negative: the pass has failed,
 * which was reported once. From any thread.
 */
__attribute__((warn_unused_result))
int rows_next(struct rows *r, struct rows_take *take);

/* Read through the rest of the table without a look at the cells. */
__attribute__((warn_unused_result))
int rows_count(struct rows *r, uint64_t *count);

/*
 * What is wrong with a table whatever the configuration may be: CSV that ends
 * too early, rows with other cells than the header has. It is reported.
 */
void rows_look_through(int fd, const char *file, const struct err_sink *errors);

void rows_take_release(struct rows_take *take);

#endif
