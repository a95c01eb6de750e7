/* SPDX-License-Identifier: Apache-2.0 */
#include "dir.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

int dir_make(int at, const char *name, int *fd)
{
	if (mkdirat(at, name, 0777) && errno != EEXIST)
		return -1;
	*fd = openat(at, name, DIR_OPEN | O_NOFOLLOW);
	return *fd < 0 ? -1 : 0;
}

DIR *dir_entries(int fd)
{
	int copy = dup(fd);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);

	if (d)
		rewinddir(d);
	else if (copy >= 0)
		close(copy);
	return d;
}

int dir_is_empty(int fd)
{
	DIR *d = dir_entries(fd);
	const char *name;
	int got = d ? file_next_entry(d, &name) : -1;

	if (d)
		closedir(d);
	return got < 0 ? -1 : !got;
}

int dir_clear(int fd, const char *kept, bool deeper)
{
	DIR *d = dir_entries(fd);
	const char *name;
	int r = d ? 0 : -1;

	while (!r && (r = file_next_entry(d, &name)) > 0) {
		int sub;

		if (kept && !strcmp(name, kept)) {
			r = 0;
			continue;
		}
		r = unlinkat(fd, name, 0);
		if (!r)
			continue;
		sub = deeper ? openat(fd, name, DIR_OPEN | O_NOFOLLOW) : -1;
		r = sub < 0 ? -1 : dir_clear(sub, NULL, false);
		if (!r)
			r = unlinkat(fd, name, AT_REMOVEDIR);
		if (sub >= 0)
			close(sub);
	}
	if (d)
		closedir(d);
	return r;
}
