/* SPDX-License-Identifier: Apache-2.0 */
/* size.h - the partition size as it is given on a command line. */
#ifndef SIZE_H
#define SIZE_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/* Bytes in decimal or 0x hex, a multiple of 4096. */
__attribute__((warn_unused_result))
int size_parse(const char *text, size_t *size, struct err *err);

/* Say on stderr what a partition of less than 0x3000 bytes is good for. */
void size_note_read_only(size_t size);

#endif
