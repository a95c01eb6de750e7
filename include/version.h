/* SPDX-License-Identifier: Apache-2.0 */
/*
 * version.h - the number of this release, for commands, library and packages.
 *
 * It stands here alone: the build reads it from this line. Its first part is
 * also the number in the shared library's soname, so it grows with every
 * change after which programs have to be compiled anew.
 */
#ifndef NVSGEN_VERSION_H
#define NVSGEN_VERSION_H

#define NVSGEN_VERSION "1.0.0"

#endif
