/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure - what a command takes, for bench.sh.
 *
 *     measure FILE COMMAND...
 *
 * Runs COMMAND, then writes a line to FILE: seconds of wall clock, of user
 * and of system time, peak memory in KiB, and seconds of processor time of
 * the whole machine (proc(5), /proc/stat), which has what the kernel's own
 * threads did for it: writing back, for the most part. Exit status: that of
 * COMMAND.
 */
#include <stdio.h>
#include <stdlib.h>
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

/* What all processors have worked since the start of the machine. */
static double worked(void)
{
	/* user, nice, system, idle, waiting for a disk, irq, softirq */
	unsigned long long t[7] = { 0 };
	FILE *f = fopen("/proc/stat", "r");

	if (!f || fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu", &t[0],
			 &t[1], &t[2], &t[3], &t[4], &t[5], &t[6]) != 7) {
		perror("/proc/stat");
		exit(1);
	}
	fclose(f);
	return (double)(t[0] + t[1] + t[2] + t[5] + t[6]) /
	       (double)sysconf(_SC_CLK_TCK);
}

int main(int argc, char **argv)
{
	double start, wall, all;
	struct rusage used;
	int status;
	pid_t pid;
	FILE *f;

	if (argc < 3) {
		fputs("usage: measure FILE COMMAND...\n", stderr);
		return 2;
	}
	all = worked();
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
	all = worked() - all;
	f = fopen(argv[1], "w");
	if (!f || fprintf(f, "%.4f %.4f %.4f %ld %.2f\n", wall,
			  seconds(used.ru_utime), seconds(used.ru_stime),
			  used.ru_maxrss, all) < 0 || fclose(f)) {
		perror(argv[1]);
		return 1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
