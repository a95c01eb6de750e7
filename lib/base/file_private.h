/* SPDX-License-Identifier: Apache-2.0 */
/* file_private.h - what the sources of file.h share. */
#ifndef BASE_FILE_PRIVATE_H
#define BASE_FILE_PRIVATE_H

#include <stddef.h>

#include "err.h"

#pragma GCC visibility push(hidden)

/* Length of the directory part of path, its last slash included. */
size_t file_parent_len(const char *path);

/* ERR_EXISTS when a file put at path would take the place of a device, a FIFO
   or the like. */
__attribute__((warn_unused_result))
int file_refuse_way(const char *path, struct err *err);

#pragma GCC visibility pop
#endif
