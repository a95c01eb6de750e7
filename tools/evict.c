/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evict - take the files of a directory out of the page cache.
 *
 *     evict DIR
 *
 * Between the runs of bench.sh. Files that stay cached make the next run's
 * go to memory that nobody has used yet, which a virtual machine may have to
 * get from its host first: then that is measured, and not the file system.
 * Only what is on the disk already can go: sync first.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int evict(const char *path, const struct stat *st, int kind,
		 struct FTW *ftw)
{
	int fd;

	(void)st;
	(void)ftw;
	if (kind != FTW_F)
		return 0;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED)) {
		perror(path);
		return 1;
	}
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: evict DIR\n", stderr);
		return 2;
	}
	return nftw(argv[1], evict, 16, FTW_PHYS) != 0;
}
