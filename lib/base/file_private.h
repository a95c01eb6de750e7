/* SPDX-License-Identifier: Apache-2.0 */
/* file_private.h - what the sources of file.h share. */
#ifndef BASE_FILE_PRIVATE_H
#define BASE_FILE_PRIVATE_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

/* Length of the directory part of path, its last slash included. */
size_t file_parent_len(const char *path);

#pragma GCC visibility pop
#endif
