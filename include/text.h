/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - strict readers for the spellings that occur in cells and options.
 *
 * None of them depends on the locale, none of them accepts trailing rubbish.
 * Texts are given with their length and need no NUL.
 */
#ifndef NVSGEN_TEXT_H
#define NVSGEN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

/* A whole number of any sign that fits 64 bits: its sign and magnitude. */
struct text_int {
	bool negative;      /* never true for zero */
	uint64_t magnitude;
};

enum text_status {
	TEXT_OK,
	TEXT_EMPTY,    /* nothing but blanks */
	TEXT_NOT,      /* not a number */
	TEXT_OVERFLOW  /* a number, of more than 64 bits */
};

/*
 * Decimal or 0x hexadecimal, with an optional sign and surrounding white
 * space. Leading zeros are decimal.
 */
enum text_status text_int(const char *s, size_t len, struct text_int *out);

/*
 * What is wrong with a text that text_int() takes for no number, and what to
 * do about it, for the habits of spreadsheets; NULL: nothing that is known.
 */
const char *text_int_advice(const char *s, size_t len);

/*
 * An unsigned number without blanks or sign, decimal or 0x hexadecimal, for
 * options and sizes. s is NUL-terminated.
 */
enum text_status text_unsigned(const char *s, uint64_t *out);

/*
 * Hex digits, surrounding white space trimmed, appended to out. On failure
 * returns ERR_INPUT, with a message about the offending character and its
 * number, from 1, or about the odd count; out keeps its old length.
 */
__attribute__((warn_unused_result))
int text_hex(const char *s, size_t len, struct buf *out, struct err *err);

/* Whether there are hex digits only, blanks around them; errors as above. */
__attribute__((warn_unused_result))
int text_hex_check(const char *s, size_t len, struct err *err);

/*
 * RFC 4648 base64 with its padding, white space skipped, appended to out.
 * Failures as for text_hex().
 */
__attribute__((warn_unused_result))
int text_base64(const char *s, size_t len, struct buf *out, struct err *err);

/*
 * The same check, without decoding: how many bytes the text stands for.
 * *size means nothing on failure.
 */
__attribute__((warn_unused_result))
int text_base64_size(const char *s, size_t len, size_t *size,
		     struct err *err);

/* Append the base64 of n bytes, on one line, padded. 0 or ERR_NOMEM. */
__attribute__((warn_unused_result))
int text_to_base64(const uint8_t *p, size_t n, struct buf *out);

/* Append n bytes as lower-case hex digits. 0 or ERR_NOMEM. */
__attribute__((warn_unused_result))
int text_to_hex(const uint8_t *p, size_t n, struct buf *out);

/*
 * Whether the bytes are UTF-8 (RFC 3629: shortest form, no surrogates, at
 * most U+10FFFF). When not, *at is the offset of the first bad byte; at may
 * be NULL.
 */
bool text_is_utf8(const void *p, size_t len, size_t *at);

/* How many characters of UTF-8 begin in len bytes: what columns count. */
size_t text_chars(const void *p, size_t len);

/* White space as ASCII knows it: blank, \t \n \v \f \r. */
bool text_is_space(char c);

/*
 * How many bytes the white space character at s has, 0 when there is none:
 * Unicode's, since spreadsheets and web pages leave no-break and ideographic
 * spaces around what is copied from them.
 */
size_t text_space_len(const char *s, size_t len);

/* Leave out white space at both ends, of Unicode. */
void text_trim(const char **s, size_t *len);

/* Equal without regard to the case of ASCII letters; b is NUL-terminated. */
bool text_same_word(const char *a, size_t len, const char *b);

/*
 * Whether there is a character in it that a terminal takes as a command:
 * ASCII's, and those of U+0080 to U+009F.
 */
bool text_has_control(const char *s);

/*
 * s for a message, into out[size]: control characters, characters that cannot
 * be seen or turn the line around, and bytes that are not UTF-8 as \xNN, and
 * "..." in place of what is too long (never within a character). Returns out.
 * size of at least 8.
 */
char *text_show(char *out, size_t size, const char *s, size_t len);

/* Room for a value shown in a message. */
#define TEXT_SHOWN 48

#endif
