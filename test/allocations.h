/* SPDX-License-Identifier: Apache-2.0 */
/*
 * allocations.h - an allocator for the library that fails when a test wants it.
 */
#ifndef TEST_ALLOCATIONS_H
#define TEST_ALLOCATIONS_H

#include <stdbool.h>
#include <stdlib.h>

#include "buf.h"

struct allocations {
	unsigned long calls, fail_at;
	bool for_good;
};

static inline struct allocations *allocations(void)
{
	static struct allocations a;

	return &a;
}

static inline void *failing_realloc(void *p, size_t n)
{
	struct allocations *a = allocations();

	a->calls++;
	return a->calls == a->fail_at ||
	       (a->for_good && a->calls > a->fail_at) ? NULL : realloc(p, n);
}

/*
 * From now on the n-th allocation, counted from 1, fails: once, or it and (for
 * good) all that come behind it.
 */
static inline void fail_allocation(unsigned long n, bool for_good)
{
	*allocations() = (struct allocations){ 0, n, for_good };
	mem_set_realloc(failing_realloc);
}

/* Whether it came to that. The real allocator is back. */
static inline bool allocation_failed(void)
{
	mem_set_realloc(NULL);
	return allocations()->calls >= allocations()->fail_at;
}

#endif
