/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor - how fast this file system takes the files of a batch.
 *
 *     floor [--sync] DIR DEVICES THREADS CSV_SIZE BIN_SIZE [KEY_SIZE]
 *
 * Creates DIR/csv/Lot-SN-N.csv, DIR/bin/Lot-SN-N.bin and, with a key size,
 * DIR/keys/keys-Lot-SN-N.bin for N = 0000001 to DEVICES through open, write
 * and close, with threads that take 16 devices at a time, and does nothing
 * else: no sync, no rename. The names are those of the batch in bench.sh: how
 * long a directory is searched depends on them. What takes longer than this
 * is ours to answer for, or the disk's: with --sync it ends with a syncfs, so
 * that the files survive a power cut as a batch's.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AT_A_TIME 16L
#define MAX_THREADS 256

struct kind {
	const char *dir;
	const char *name;   /* before and behind the number */
	const char *ending;
	size_t size;
	int fd;
};

static struct kind kinds[3] = {
	{ "csv", "Lot-SN-", ".csv", 0, -1 },
	{ "bin", "Lot-SN-", ".bin", 0, -1 },
	{ "keys", "keys-Lot-SN-", ".bin", 0, -1 }
};
static long devices;
static atomic_long next_device = 1;
static char *bytes;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void create(const struct kind *k, long n)
{
	char name[40];
	int fd;

	snprintf(name, sizeof(name), "%s%07ld%s", k->name, n, k->ending);
	fd = openat(k->fd, name, O_WRONLY | O_CREAT | O_EXCL, 0666);
	if (fd < 0 || write(fd, bytes, k->size) != (ssize_t)k->size ||
	    close(fd))
		fail(name);
}

static void *work(void *arg)
{
	long first;

	(void)arg;
	while ((first = atomic_fetch_add(&next_device, AT_A_TIME)) <= devices)
		for (long n = first; n < first + AT_A_TIME && n <= devices; n++)
			for (int i = 0; i < 3; i++)
				if (kinds[i].size)
					create(&kinds[i], n);
	return NULL;
}

static void make_dirs(const char *dir)
{
	char path[4096];

	if (mkdir(dir, 0777))
		fail(dir);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, kinds[i].dir);
		if (mkdir(path, 0777))
			fail(path);
		kinds[i].fd = open(path, O_RDONLY | O_DIRECTORY);
		if (kinds[i].fd < 0)
			fail(path);
	}
}

int main(int argc, char **argv)
{
	pthread_t thread[MAX_THREADS];
	size_t largest = 1;
	int threads, started = 0;
	bool sync = argc > 1 && !strcmp(argv[1], "--sync");

	argc -= sync;
	argv += sync;
	if (argc < 6 || argc > 7) {
		fputs("usage: floor [--sync] DIR DEVICES THREADS CSV_SIZE "
		      "BIN_SIZE [KEY_SIZE]\n", stderr);
		return 2;
	}
	devices = atol(argv[2]);
	threads = atoi(argv[3]);
	if (threads < 1 || threads > MAX_THREADS)
		threads = 1;
	for (int i = 0; i + 4 < argc; i++) {
		kinds[i].size = (size_t)atol(argv[i + 4]);
		if (kinds[i].size > largest)
			largest = kinds[i].size;
	}
	bytes = malloc(largest);
	if (!bytes)
		fail("malloc");
	memset(bytes, 0xFF, largest);
	make_dirs(argv[1]);
	while (started + 1 < threads &&
	       !pthread_create(&thread[started], NULL, work, NULL))
		started++;
	work(NULL);
	while (started)
		pthread_join(thread[--started], NULL);
	if (sync && syncfs(kinds[0].fd))
		fail("syncfs");
	return 0;
}
