/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.h - what the test programs without cmocka share: they give up where
 * they can't go on, read whole files and remove whole trees.
 */
#ifndef TEST_PROGRAM_H
#define TEST_PROGRAM_H

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* End with status 1 and "PROGRAM: ...". */
__attribute__((format(printf, 1, 2), noreturn))
static inline void die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* What an allocation gave, which is not NULL. */
static inline void *need(void *p)
{
	if (!p)
		die("out of memory");
	return p;
}

/*
 * The whole file with a NUL behind it, to be given to free(); NULL with errno
 * when it cannot be read.
 */
static inline char *slurp(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rbe");
	char *data = NULL;
	size_t cap = 0, n = 0, got = 1;

	if (!f)
		return NULL;
	while (got) {
		cap = cap ? cap * 2 : 8192;
		data = need(realloc(data, cap + 1));
		got = fread(data + n, 1, cap - n, f);
		n += got;
	}
	if (ferror(f)) {
		free(data);
		data = NULL;
	} else {
		data[n] = '\0';
		*len = n;
	}
	fclose(f);
	return data;
}

static inline int unlock_node(const char *path, const struct stat *st,
			      int type, struct FTW *ftw)
{
	(void)ftw;
	return type == FTW_D || type == FTW_DNR ?
	       chmod(path, st->st_mode | S_IRWXU) : 0;
}

static inline int remove_node(const char *path, const struct stat *st,
			      int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* A directory and all below it, whatever a case has made of its modes. */
static inline void remove_tree(const char *dir)
{
	if (nftw(dir, unlock_node, 16, FTW_PHYS) ||
	    nftw(dir, remove_node, 16, FTW_PHYS | FTW_DEPTH))
		die("cannot remove %s: %s", dir, strerror(errno));
}

#endif
