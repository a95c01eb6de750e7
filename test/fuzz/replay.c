/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.c - a fuzz target without libFuzzer: goes through the files given,
 * or else those in test/fuzz/corpus/TARGET. In a process of its own, so that
 * it can be said which input made an end of that.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* To the end: a leak check looks for what nobody points to. */
static char **paths;
static int count;

static void run(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t n = 0;
	long size;

	if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0 ||
	    fseek(f, 0, SEEK_SET)) {
		perror(path);
		exit(1);
	}
	data = malloc((size_t)size); /* exactly: reading beyond is noticed */
	if (size)
		n = data ? fread(data, 1, (size_t)size, f) : 0;
	fclose(f);
	if (n != (size_t)size) {
		fprintf(stderr, "%s: cannot be read\n", path);
		exit(1);
	}
	LLVMFuzzerTestOneInput(data, n);
	free(data);
}

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* Absolute paths: a target may change its directory. */
static char *join(const char *dir, const char *name)
{
	char cwd[2048] = "", *path;

	if (*dir && *dir != '/' && !getcwd(cwd, sizeof(cwd)))
		exit(1);
	if (asprintf(&path, "%s%s%s%s%s", cwd, *cwd ? "/" : "", dir,
		     *dir ? "/" : "", name) < 0)
		exit(1);
	return path;
}

static void find_corpus(const char *dir)
{
	struct dirent **names;

	count = scandir(dir, &names, visible, alphasort);
	if (count < 0)
		return;
	paths = calloc((size_t)count + 1, sizeof(*paths));
	for (int i = 0; i < count; i++) {
		if (paths)
			paths[i] = join(dir, names[i]->d_name);
		free(names[i]);
	}
	free(names);
}

static void take_arguments(int n, char **arguments)
{
	paths = calloc((size_t)n + 1, sizeof(*paths));
	for (count = 0; paths && count < n; count++)
		paths[count] = join(*arguments[count] == '/' ? "" : ".",
				    arguments[count]);
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	char dir[256];
	int status, *at = mmap(NULL, sizeof(*at), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	name = name ? name + 1 : argv[0];
	snprintf(dir, sizeof(dir), "test/fuzz/corpus/%s",
		 strncmp(name, "fuzz_", 5) ? name : name + 5);
	if (argc > 1)
		take_arguments(argc - 1, argv + 1);
	else
		find_corpus(dir);
	if (count <= 0 || !paths || at == MAP_FAILED) {
		printf("not ok - there is no input in %s\n1..1\n", dir);
		return 1;
	}
	/* Made here it is removed here, whatever becomes of the child. */
	fuzz_enter_scratch();
	fflush(stdout);
	pid = fork();
	if (!pid) {
		for (; *at < count; ++*at)
			run(paths[*at]);
		exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1;
	if (WIFEXITED(status) && !WEXITSTATUS(status) && *at == count) {
		printf("ok - %d inputs\n1..1\n", count);
		return 0;
	}
	printf("not ok - %s: %s %d\n# repeat: %s %s\n1..1\n",
	       *at < count ? paths[*at] : "at the end",
	       WIFSIGNALED(status) ? "signal" : "exit status",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
	       argv[0], *at < count ? paths[*at] : "");
	return 1;
}
