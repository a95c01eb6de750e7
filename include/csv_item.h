/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv_item.h - the cells key, type, encoding and value as typed NVS items.
 *
 * Both kinds of input share them: a configuration, whose values come from a
 * row of the values table, and an input CSV, which has the values beside the
 * keys. Words are matched without regard to case.
 */
#ifndef CSV_ITEM_H
#define CSV_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "csv_files.h"
#include "csv_table.h"
#include "err.h"
#include "nvs_item.h"
#include "nvs_wifi.h"

enum csv_encoding {
	CSV_U8, CSV_I8, CSV_U16, CSV_I16, CSV_U32, CSV_I32, CSV_U64, CSV_I64,
	CSV_STRING, CSV_BINARY, CSV_HEX2BIN, CSV_BASE64,
	CSV_BLOB_FILL,   /* blob_fill(LEN;0xNN): text padded to LEN */
	CSV_BLOB_SZ_FILL /* the same with the text's length as u32 in front */
};

/* Which encodings an input may use. */
enum csv_dialect {
	CSV_PLAIN,   /* all but the two for Wi-Fi settings */
	CSV_EXTENDED /* all */
};

/* A line of a configuration or input CSV, without its value. */
struct csv_spec {
	bool is_namespace;
	bool from_file;        /* the value names a file */
	enum csv_encoding encoding;
	uint8_t fill_byte;     /* of the two fill encodings */
	uint32_t fill_len;     /* bytes, without the length in front */
	char *name;            /* owned: namespace or key */
	char *label;           /* owned: "namespace:key", for messages */
	struct pos pos;        /* of the name */
};

/*
 * Read key, type and encoding. current is the namespace that keys belong to,
 * NULL when there is none yet. Names and their lengths are checked. On
 * failure nothing has to be released.
 */
__attribute__((warn_unused_result))
int csv_spec_parse(struct csv_spec *spec, const char *file,
		   const struct csv_cell *key, const struct csv_cell *type,
		   const struct csv_cell *encoding, const char *current,
		   enum csv_dialect dialect, struct err *err);
void csv_spec_release(struct csv_spec *spec);

/*
 * "name,type,encoding," as it begins the line of an input CSV, appended to
 * out; a namespace as "name,namespace,,". Words in lower case. A name that
 * begins with '#' is quoted, so that its line is not taken for a comment.
 */
__attribute__((warn_unused_result))
int csv_spec_put(const struct csv_spec *spec, struct buf *out);

/* Converts values; one per thread. */
struct csv_decoder {
	struct csv_files *files; /* borrowed */
	struct pos full; /* of the first value beyond the partition's end, set
			    by who measures the image; line 0: none */
	/* private */
	struct csv_file *held;
	bool ns_refused; /* the namespace that the keys now belong to */
	struct buf bytes;
	struct nvs_wifi wifi;
};

/* files is borrowed until csv_decoder_release(). */
void csv_decoder_init(struct csv_decoder *d, struct csv_files *files);
void csv_decoder_release(struct csv_decoder *d);

/* The csv_files of all decoders of a run; keeps some megabytes. */
struct csv_files *csv_decoder_files(struct err *err);

/*
 * Tell which lines an image will have, before its first. Only names of
 * Wi-Fi settings matter. It holds for all images to come.
 */
void csv_decoder_expect(struct csv_decoder *d, const char *ns,
			const struct csv_spec *spec);

/* Begin an image: forget what the last one held. */
void csv_decoder_start(struct csv_decoder *d);

/*
 * Convert the value that the cell holds or names and hand it to sink (or,
 * for a namespace, open that). Errors have the place of the value's cell, or
 * of the name where that is to blame. The keys of a namespace that the sink
 * refused are looked at but not handed on.
 */
__attribute__((warn_unused_result))
int csv_decoder_add(struct csv_decoder *d, const struct nvs_item_sink *sink,
		    const struct csv_spec *spec, const char *file,
		    const struct csv_cell *value, struct err *err);

#endif
