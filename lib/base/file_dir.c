/* SPDX-License-Identifier: Apache-2.0 */
/* file_dir.c - the directories that files lie in: made, opened, read. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_private.h"

int file_make_dirs(const char *path, struct err *err)
{
	size_t len = strlen(path);
	char *part = mem_strndup(path, len);
	struct stat st;
	int r = 0;

	if (!part)
		return err_nomem(err);
	for (size_t i = 1; i <= len && !r; i++) {
		if (i < len && part[i] != '/')
			continue;
		part[i] = '\0';
		if (mkdir(part, 0777) && errno != EEXIST)
			r = err_io(err, errno, "cannot make the directory",
				   part);
		part[i] = path[i];
	}
	mem_free(part);
	if (!r && len && stat(path, &st))
		r = err_io(err, errno, "cannot make the directory", path);
	else if (!r && len && !S_ISDIR(st.st_mode))
		r = err_io(err, ENOTDIR, "cannot make the directory", path);
	return r;
}

int file_make_parent(const char *path, struct err *err)
{
	size_t dir = file_parent_len(path);
	char *name;
	int r;

	if (!dir)
		return 0;
	name = mem_strndup(path, dir);
	if (!name)
		return err_nomem(err);
	r = file_make_dirs(name, err);
	mem_free(name);
	return r;
}

bool file_is_trusted(const struct stat *file, int dir)
{
	struct stat st;

	return file->st_uid == geteuid() || !file->st_uid ||
	       (!fstat(dir, &st) && file->st_uid == st.st_uid);
}

/* Where a link leads that was opened itself, if it may be followed. */
static int follow(int at, int link)
{
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (fstat(link, &st))
		return -1;
	if (!S_ISLNK(st.st_mode)) {
		errno = ENOTDIR;
		return -1;
	}
	if (!file_is_trusted(&st, at)) {
		errno = ELOOP;
		return -1;
	}
	n = readlinkat(link, "", target, sizeof(target) - 1);
	if (n < 0)
		return -1;
	target[n] = '\0';
	return openat(at, target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int file_open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
			O_NOFOLLOW), link, errnum;

	if (fd >= 0 || (errno != ENOTDIR && errno != ELOOP))
		return fd;
	/* Held open, so that it is the one looked at that is followed. */
	link = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (link < 0)
		return -1;
	fd = follow(at, link);
	errnum = errno;
	close(link);
	errno = errnum;
	return fd;
}

int file_next_entry(DIR *dir, const char **name)
{
	const struct dirent *e;

	do {
		errno = 0;
		e = readdir(dir);
	} while (e && (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")));
	*name = e ? e->d_name : NULL;
	return e ? 1 : errno ? -1 : 0;
}
