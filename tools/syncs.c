/* SPDX-License-Identifier: Apache-2.0 */
/*
 * syncs.so - how long a program waits for the disk: measure.c loads it. At
 * the end the sum of its calls of syncfs() and fsync() goes to the pipe that
 * MEASURE_FD names, as a double, in seconds.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Of the main thread: what others sync while it works, nobody waits for. */
static double spent;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int timed(long call, int fd)
{
	double start = now();
	int r = (int)syscall(call, fd);

	if (gettid() == getpid())
		spent += now() - start;
	return r;
}

int syncfs(int fd)
{
	return timed(SYS_syncfs, fd);
}

int fsync(int fd)
{
	return timed(SYS_fsync, fd);
}

__attribute__((destructor))
static void tell(void)
{
	const char *fd = getenv("MEASURE_FD");

	if (fd && write(atoi(fd), &spent, sizeof(spent)) < 0)
		return;
}
