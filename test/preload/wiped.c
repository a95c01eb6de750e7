/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wiped - a library to preload that looks for secrets in memory that the
 * program gives back, and in all it has left when it ends. For the tests only.
 *
 *   WIPED_SECRETS  file of secrets, "NAME HEXDIGITS" per line; 8 bytes or more
 *   WIPED_LOG      file that "NAME WHERE" is appended to, where one is found:
 *                  free (a block as it is freed, or moved by realloc), exit
 *                  (writable memory at the end: heap, stacks, data)
 *
 *   WIPED_TRACE    not empty: with the calls that led there
 *
 * Blocks are always moved by realloc(), so that nothing depends on luck.
 */
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "real.h"

#define SECRETS_MAX 16
#define BYTES_MAX 64
#define MASK 0xA5u /* ours must not be found */

static struct secret {
	char name[32];
	uint8_t masked[BYTES_MAX];
	size_t len;
} secrets[SECRETS_MAX];
static size_t secret_count;
static char log_path[4096];

static void (*real_free)(void *p);

/* Without stdio, which allocates and frees. */
static void put(const char *name, const char *where)
{
	void *frames[24];
	char line[128];
	int fd = (int)syscall(SYS_openat, AT_FDCWD, log_path,
			      O_WRONLY | O_CREAT | O_APPEND, 0666);
	int n = snprintf(line, sizeof(line), "%s %s\n", name, where);

	if (fd < 0 || write(fd, line, (size_t)n) != n)
		abort();
	if (getenv("WIPED_TRACE"))
		backtrace_symbols_fd(frames, backtrace(frames, 24), fd);
	close(fd);
}

static bool is_secret(const uint8_t *p, const struct secret *s)
{
	for (size_t i = 0; i < s->len; i++)
		if ((p[i] ^ MASK) != s->masked[i])
			return false;
	return true;
}

static void look(const uint8_t *p, size_t n, const char *where)
{
	for (size_t s = 0; s < secret_count; s++) {
		const uint8_t *at = p, *end = p + n;

		if (n < secrets[s].len)
			continue;
		end -= secrets[s].len - 1;
		while (at < end && (at = memchr(at, secrets[s].masked[0] ^
						MASK, (size_t)(end - at)))) {
			if (is_secret(at, &secrets[s])) {
				put(secrets[s].name, where);
				break;
			}
			at++;
		}
	}
}

void free(void *p)
{
	if (!real_free)
		find_real("free", &real_free, sizeof(real_free));
	if (p && secret_count)
		look(p, malloc_usable_size(p), "free");
	real_free(p);
}

void *realloc(void *p, size_t n)
{
	void *to;

	if (!p)
		return malloc(n);
	to = malloc(n ? n : 1);
	if (to) {
		size_t had = malloc_usable_size(p);

		memcpy(to, p, had < n ? had : n);
		free(p);
	}
	return to;
}

__attribute__((constructor))
static void start(void)
{
	const char *path = getenv("WIPED_SECRETS"), *log = getenv("WIPED_LOG");
	char hex[2 * BYTES_MAX + 1];
	unsigned byte;
	FILE *f = path && log ? fopen(path, "r") : NULL;

	if (!f)
		return;
	snprintf(log_path, sizeof(log_path), "%s", log);
	find_real("free", &real_free, sizeof(real_free));
	setvbuf(f, NULL, _IONBF, 0); /* a buffer would keep them */
	while (secret_count < SECRETS_MAX &&
	       fscanf(f, "%31s %128s", secrets[secret_count].name, hex) == 2) {
		struct secret *s = &secrets[secret_count];

		while (s->len < BYTES_MAX &&
		       sscanf(hex + 2 * s->len, "%2x", &byte) == 1)
			s->masked[s->len++] = (uint8_t)(byte ^ MASK);
		secret_count++;
	}
	fclose(f);
	explicit_bzero(hex, sizeof(hex));
}

/* What is left: every mapping of the program that it can write. */
__attribute__((destructor))
static void end(void)
{
	FILE *maps = secret_count ? fopen("/proc/self/maps", "r") : NULL;
	char line[512], mode[5], what[256], where[300];
	unsigned long from, to;

	while (maps && fgets(line, sizeof(line), maps)) {
		what[0] = '\0';
		if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %255s", &from, &to,
			   mode, what) < 3 || strncmp(mode, "rw", 2) != 0)
			continue;
		snprintf(where, sizeof(where), "exit %s", what);
		look((const uint8_t *)from, to - from, where);
	}
	if (maps)
		fclose(maps);
}
