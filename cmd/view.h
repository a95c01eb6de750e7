/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view.h - an image on its way to the screen: what nvs_tool's dumps and its
 * integrity check share. They show what stands in the image, sound or not,
 * so they go over the raw view of nvs_reader.h and know no items.
 */
#ifndef VIEW_H
#define VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "buf.h"
#include "err.h"
#include "nvs_reader.h"

enum style {
	STYLE_PLAIN,
	STYLE_BOLD,
	STYLE_RED,
	STYLE_GREEN,
	STYLE_YELLOW,
	STYLE_CYAN,
	STYLE_BOLD_GREEN,
	STYLE_BOLD_RED,
	STYLE_BOLD_YELLOW,
	STYLE_BOLD_DARK_RED
};

/* A name that a Written entry of namespace 0 gives to a number. */
struct view_name {
	bool negative;      /* of signed entries, which make no sense there */
	uint64_t number;    /* sign-extended when negative */
	const uint8_t *key; /* into the image */
	size_t key_len;
	size_t place;       /* rank of its first definition in the image */
};

struct view {
	const char *file;    /* as the user typed it */
	const uint8_t *image;
	size_t size;
	FILE *out, *err;
	bool colour_out, colour_err;
	bool terminal;       /* out is one: no strings that command it */
	/* Filled by view_init(): */
	struct view_name *names; /* one per number, ascending; owned */
	size_t name_count;
	const struct view_name *by_index[256]; /* for namespace indexes */
};

/*
 * Collect the names of the image; the other members are set by the caller
 * and the image stays the caller's. 0 or ERR_NOMEM.
 */
__attribute__((warn_unused_result))
int view_init(struct view *v, struct err *err);
void view_release(struct view *v);

/* All top-level entries of an image, page by page. Start from { .view = v }. */
struct view_walk {
	const struct view *view;
	size_t next_page;
	unsigned next_entry;
	bool in_page;
	struct nvs_raw_page page; /* that of the last entry */
};

bool view_next(struct view_walk *w, struct nvs_raw_entry *e);

/* A Written entry that gives a name to a number. */
bool view_is_definition(const struct nvs_raw_entry *e);

/* Print to v->out, in colour when that is wanted. */
__attribute__((format(printf, 3, 4)))
void view_print(const struct view *v, enum style style, const char *fmt, ...);

enum view_severity {
	VIEW_WARNING,
	VIEW_ERROR,
};

/*
 * "WARNING: " or "ERROR: " and the text, as it is, on v->err: names in it are
 * those that view_key() has made fit to print.
 */
void view_finding(const struct view *v, enum view_severity severity,
		  const char *text);

/* The same with a text that may hold any bytes, of file names for instance. */
__attribute__((format(printf, 2, 3)))
void view_error(const struct view *v, const char *fmt, ...);
__attribute__((format(printf, 2, 3)))
void view_warning(const struct view *v, const char *fmt, ...);

/* ---- Words ---- */

/* "uint8_t", "blob_data" ..., "0x33" for an unknown type. */
#define VIEW_TYPE_MAX 16
const char *view_type(uint8_t type, char out[VIEW_TYPE_MAX]);

/* "Written", "Erased", "Empty", "Invalid". */
const char *view_state(unsigned state);

/* "Active", "Full" ... by the state field of a page header. */
const char *view_status(uint32_t state);

/* An integer entry's value in decimal. */
#define VIEW_INT_MAX 24
const char *view_int(const struct nvs_raw_entry *e, char out[VIEW_INT_MAX]);

/* A key's bytes as Latin-1 characters, in UTF-8; control characters as ".". */
#define VIEW_KEY_MAX (2 * NVS_KEY_SIZE + 1)
const char *view_key(const uint8_t *key, size_t len, char out[VIEW_KEY_MAX]);

/* The name of a namespace, or NULL when it has none. */
const char *view_namespace(const struct view *v, uint8_t index,
			   char out[VIEW_KEY_MAX]);

/*
 * Length of the UTF-8 sequence at p, of n bytes; *good tells whether it is
 * one, else the length is that of the bytes to replace by one U+FFFD. *code
 * is the character.
 */
size_t view_utf8(const uint8_t *p, size_t n, uint32_t *code, bool *good);

/*
 * One entry's bytes: "0x020  xx xx ...  characters"; digits is the width of
 * the offset, indent the blanks in front.
 */
void view_hex_line(const struct view *v, unsigned indent, unsigned digits,
		   size_t offset, const uint8_t bytes[NVS_ENTRY_SIZE]);

#endif
