/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure - what a command takes, for bench.sh.
 *
 *     measure FILE COMMAND...
 *
 * Runs COMMAND, then writes a line to FILE: seconds of wall clock, of user
 * and of system time, and peak memory in KiB. Exit status: that of COMMAND.
 */
#include <stdio.h>
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

int main(int argc, char **argv)
{
	double start, wall;
	struct rusage used;
	int status;
	pid_t pid;
	FILE *f;

	if (argc < 3) {
		fputs("usage: measure FILE COMMAND...\n", stderr);
		return 2;
	}
	start = now();
	pid = fork();
	if (!pid) {
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid) {
		perror("measure");
		return 1;
	}
	wall = now() - start;
	f = fopen(argv[1], "w");
	if (!f || fprintf(f, "%.4f %.4f %.4f %ld\n", wall,
			  seconds(used.ru_utime), seconds(used.ru_stime),
			  used.ru_maxrss) < 0 || fclose(f)) {
		perror(argv[1]);
		return 1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
