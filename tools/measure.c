/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure - what a command takes, for bench.sh.
 *
 *     measure FILE COMMAND...
 *
 * Runs COMMAND, then writes a line to FILE: seconds of wall clock, of user
 * and of system time, peak memory in KiB, and the seconds of wall clock that
 * it spent in syncfs(2) and fsync(2), as the library syncs.so beside this
 * program counts them. Exit status: that of COMMAND.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* Have the command count its syncs; the library lies beside this program. */
static void load_counter(int fd)
{
	char path[4096], number[16];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 16);
	char *slash;

	if (n < 0)
		return;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return;
	strcpy(slash + 1, "syncs.so");
	snprintf(number, sizeof(number), "%d", fd);
	setenv("LD_PRELOAD", path, 1);
	setenv("MEASURE_FD", number, 1);
}

int main(int argc, char **argv)
{
	double start, wall, in_sync = 0;
	struct rusage used;
	int status, ends[2];
	pid_t pid;
	FILE *f;

	if (argc < 3) {
		fputs("usage: measure FILE COMMAND...\n", stderr);
		return 2;
	}
	if (pipe(ends)) {
		perror("measure");
		return 1;
	}
	start = now();
	pid = fork();
	if (!pid) {
		close(ends[0]);
		load_counter(ends[1]);
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	close(ends[1]);
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid) {
		perror("measure");
		return 1;
	}
	wall = now() - start;
	if (read(ends[0], &in_sync, sizeof(in_sync)) != sizeof(in_sync))
		in_sync = 0;
	f = fopen(argv[1], "w");
	if (!f || fprintf(f, "%.4f %.4f %.4f %ld %.4f\n", wall,
			  seconds(used.ru_utime), seconds(used.ru_stime),
			  used.ru_maxrss, in_sync) < 0 || fclose(f)) {
		perror(argv[1]);
		return 1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
