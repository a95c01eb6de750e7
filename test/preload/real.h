/* SPDX-License-Identifier: Apache-2.0 */
/* real.h - the functions of the C library that those of a preload hide. */
#ifndef PRELOAD_REAL_H
#define PRELOAD_REAL_H

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* POSIX has dlsym() return a data pointer. */
static inline void find_real(const char *name, void *function, size_t size)
{
	void *p = dlsym(RTLD_NEXT, name);

	if (!p)
		abort();
	memcpy(function, &p, size);
}

/* Within a function of that name: real() is the one it hides. */
#define REAL(name) \
	static __typeof__(name) *real; \
	do { \
		if (!real) \
			find_real(#name, &real, sizeof(real)); \
	} while (0)

#endif
