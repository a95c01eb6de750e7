/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz.h - what the fuzz targets share.
 *
 * A target is a file fuzz_NAME.c with LLVMFuzzerTestOneInput(). Built with
 * clang it is mutated by libFuzzer; built with any compiler and replay.c it
 * goes through recorded inputs. Beyond not crashing, each asserts what has to
 * hold for any input: ENSURE() names the property that does not.
 *
 * An input begins with option bytes, where the target has options; then come
 * its parts, separated by a line "%%".
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "csv_input.h"
#include "err.h"
#include "nvs_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Say what is not as it has to be, and abort. */
__attribute__((noreturn, format(printf, 3, 4)))
void fuzz_failed(const char *file, int line, const char *fmt, ...);

#define ENSURE(property, ...) do { \
	if (!(property)) \
		fuzz_failed(__FILE__, __LINE__, __VA_ARGS__); \
} while (0)

/* For what cannot fail but for lack of memory or disk. */
#define FUZZ_MUST(done) ENSURE((done) == 0, "failed: %s", #done)

/* ---- Inputs ---- */

struct fuzz_in {
	const uint8_t *p;
	size_t n;
};

/* The next byte, 0 at the end; up to n bytes, zeros behind the end. */
uint8_t fuzz_byte(struct fuzz_in *in);
void fuzz_bytes(struct fuzz_in *in, uint8_t *out, size_t n);

/*
 * The next part, in memory of exactly its size, so that reading beyond it is
 * noticed; to be freed. The last part goes to the end.
 */
struct fuzz_in fuzz_part(struct fuzz_in *in);
void fuzz_part_free(struct fuzz_in *part);

/* ---- Files: none is read but these ---- */

/* file_read() of path finds these bytes. Borrowed. At most 16 of them. */
void fuzz_file(const char *path, const struct fuzz_in *contents);
void fuzz_files_clear(void);

/* Files below that directory are read from disk as well. NULL: none are. */
void fuzz_files_below(const char *directory);

/* Enter an empty scratch directory, once per process; removed at its end. */
void fuzz_enter_scratch(void);

/* Remove whatever is in the scratch directory. */
void fuzz_empty_scratch(void);

/* A descriptor, always the same one, with these bytes, at its start. */
int fuzz_fd(const void *p, size_t n);

/* ---- Errors ---- */

/* Code, message and place of an error that has to have all of them. */
void fuzz_check_err(const struct err *e, int returned);

/* The same, its file being that one; with a line unless line is false. */
void fuzz_check_place(const struct err *e, const char *file, bool line);

/* Counts and checks; file NULL: places are not looked at. */
struct fuzz_reports {
	const char *file;
	unsigned count;
	enum err_code first;
};

struct err_sink fuzz_sink(struct fuzz_reports *r, const char *file);

/* One to drop what was checked elsewhere. */
struct err_sink fuzz_nowhere(void);

/* No control characters, nothing but UTF-8. */
bool fuzz_is_printable(const char *text);

/* ---- Images ---- */

/* What the reader finds in an image. Free with nvs_reader_free(). */
struct nvs_reader *fuzz_read(const uint8_t *image, size_t size);

/* No check has a warning or an error about it. */
void fuzz_ensure_clean(const struct nvs_reader *r);

/* The same items in the same order; blobs of both versions are equal. */
void fuzz_ensure_items(const struct nvs_reader *a, const struct nvs_reader *b);

/*
 * The image of a generator CSV, of the given partition; NULL when it is
 * refused, and then *why, if not NULL, says why. size bytes, to be freed with
 * mem_free(). file is where errors have to be; NULL: anywhere.
 */
uint8_t *fuzz_encode(const struct csv_input *in, size_t size, unsigned version,
		     const char *file, enum err_code *why);
uint8_t *fuzz_encode_text(const void *p, size_t n, size_t size,
			  unsigned version, enum err_code *why);

#endif
