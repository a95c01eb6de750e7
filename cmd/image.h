/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h - an image file in memory, decrypted, for the commands that show
 * or compare what is in it.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include "buf.h"
#include "cli.h"
#include "nvs_check.h"
#include "nvs_reader.h"
#include "view.h"

/* Key files, as the user typed them; NULL = none. At most one is given. */
struct image_keys {
	const char *keys;
	const char *hmac_key;
};

struct image {
	const char *file;          /* borrowed */
	struct buf bytes;          /* plaintext */
	struct nvs_reader *reader; /* has loaded the bytes */
	bool decrypted;            /* the file is not in plaintext */
	bool garbage;              /* still encrypted, or all damaged */
};

/*
 * Read a file and take it apart. With keys an encrypted image is decrypted;
 * one that is not encrypted is taken as it is, with a warning. -1: it is
 * there. Else the exit status to leave with; what is wrong was printed, as
 * messages shows.
 */
int image_open(struct image *im, const struct cli_command *cmd,
	       const char *file, const struct image_keys *keys,
	       const struct view *messages);

/* Wipe and free; after any image_open(). */
void image_close(struct image *im);

/* Whether it is garbage; then that is said, as messages shows. */
bool image_is_garbage(const struct image *im, const struct view *messages);

/*
 * Print all findings of at least that severity on to, one per line. Returns
 * how many there were of each severity.
 */
struct nvs_check_result image_print_findings(const struct image *im, FILE *to,
					     enum nvs_severity least);

/* ---- nvs_tool's own views; each returns the exit status ---- */

/*
 * The image as an input CSV on stdout. A string with a carriage return has
 * no place in a CSV: it goes to a file in the directory dir, which is made,
 * and which the CSV then names. Without dir (NULL) it is refused.
 */
int image_export(const struct image *im, const char *dir,
		 const struct view *v);

/* Pages and entries, in numbers and as a map. */
int image_stat(const struct image *im, const struct view *v);

/* What differs from a to b, key by key. CLI_FAILED when something does. */
int image_diff(const struct image *a, const struct image *b,
	       const struct view *v);

#endif
