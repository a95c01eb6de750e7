/* SPDX-License-Identifier: Apache-2.0 */
/*
 * golden - run recorded cases against the executables, compare every byte.
 *
 *   golden DIR --bin-dir DIR [--tool NAME] [--jobs N] [--timeout S] [CASE...]
 *
 * Each folder of DIR (or each CASE of it) with a cmd.json is a case:
 *
 *   cmd.json      {"tool": ..., "args": [...], "why": ...}
 *   in/           a scratch copy of it is the working directory
 *   pre_out/      copied to ../out before the run
 *   expect/       the tree that has to stand in ../out, nothing less or more
 *   expect.txt    with "shape_only": true: lines "path size", compared instead
 *   expanded.csv  has to stand beside the values as <values>_created.csv
 *
 * With "must_mention" the command has to fail by itself, its stderr has to
 * hold each of these texts (whatever the case of letters; digits only as a
 * number of their own), and out/ has to stay as it was.
 *
 * Always: the inputs stay as they were, and nothing else appears anywhere.
 * One line per failing case with the command that repeats it below, then
 * "N passed, M failed"; exit status 0 only when all passed and there were any.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "program.h"

#define REPORT_MAX 4096 /* less than a pipe holds */
#define PROBLEMS_SHOWN 4u

__attribute__((format(printf, 1, 2)))
static char *fmt_new(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		die("out of memory");
	va_end(ap);
	return s;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static void spill(const char *path, const char *data, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	while (fd >= 0 && len) {
		ssize_t n = write(fd, data, len);

		if (n < 0)
			die("cannot write %s: %s", path, strerror(errno));
		data += n;
		len -= (size_t)n;
	}
	if (fd < 0 || close(fd))
		die("cannot write %s: %s", path, strerror(errno));
}

/* What stands below a directory, sorted by path. */

enum node_kind { NODE_FILE, NODE_DIR, NODE_OTHER };

struct node {
	char *path; /* from the base of the tree; a directory's ends in '/' */
	enum node_kind kind;
	char *data; /* of a file */
	size_t len;
};

struct tree {
	struct node *nodes;
	size_t count;
};

static void tree_add(struct tree *t, char *path, enum node_kind kind)
{
	t->nodes = need(realloc(t->nodes, (t->count + 1) * sizeof(*t->nodes)));
	t->nodes[t->count++] = (struct node){ .path = path, .kind = kind };
}

static void tree_walk(struct tree *t, const char *base, const char *below)
{
	char *name = fmt_new("%s/%s", base, below);
	DIR *dir = opendir(name);
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		char *path = fmt_new("%s%s", below, d->d_name);
		char *full = fmt_new("%s/%s", base, path);
		struct stat st;

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..")) {
			free(path);
		} else if (lstat(full, &st)) {
			die("cannot look at %s: %s", full, strerror(errno));
		} else if (S_ISDIR(st.st_mode)) {
			char *inside = fmt_new("%s/", path);

			free(path);
			tree_add(t, inside, NODE_DIR);
			tree_walk(t, base, inside);
		} else if (S_ISREG(st.st_mode)) {
			struct node *n;

			tree_add(t, path, NODE_FILE);
			n = &t->nodes[t->count - 1];
			n->data = slurp(full, &n->len);
			if (!n->data)
				die("cannot read %s", full);
		} else {
			tree_add(t, path, NODE_OTHER);
		}
		free(full);
	}
	if (dir)
		closedir(dir);
	free(name);
}

static int node_order(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* Empty when there is no such directory. */
static struct tree tree_read(const char *base)
{
	struct tree t = { NULL, 0 };

	tree_walk(&t, base, "");
	if (t.count)
		qsort(t.nodes, t.count, sizeof(*t.nodes), node_order);
	return t;
}

static const struct node *tree_find(const struct tree *t, const char *path)
{
	for (size_t i = 0; i < t->count; i++)
		if (!strcmp(t->nodes[i].path, path))
			return &t->nodes[i];
	return NULL;
}

static void tree_free(struct tree *t)
{
	for (size_t i = 0; i < t->count; i++) {
		free(t->nodes[i].path);
		free(t->nodes[i].data);
	}
	free(t->nodes);
}

/* Copy what stands in from to the new directory to; none is like empty. */
static void tree_copy(const char *from, const char *to)
{
	struct tree t = tree_read(from);

	if (mkdir(to, 0755))
		die("cannot make %s: %s", to, strerror(errno));
	for (size_t i = 0; i < t.count; i++) {
		const struct node *n = &t.nodes[i];
		char *path = fmt_new("%s/%s", to, n->path);

		if (n->kind == NODE_OTHER)
			die("%s/%s is neither file nor directory", from,
			    n->path);
		if (n->kind == NODE_FILE)
			spill(path, n->data, n->len, 0644);
		else if (mkdir(path, 0755))
			die("cannot make %s: %s", path, strerror(errno));
		free(path);
	}
	tree_free(&t);
}

/* What is wrong with a case, on one line. */

struct report {
	char text[REPORT_MAX];
	size_t len;
	unsigned count;
};

__attribute__((format(printf, 2, 3)))
static void problem(struct report *r, const char *fmt, ...)
{
	char line[600];
	va_list ap;
	int n;

	if (++r->count > PROBLEMS_SHOWN)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	for (char *p = line; *p; p++)
		if (*p == '\n')
			*p = ' ';
	n = snprintf(r->text + r->len, sizeof(r->text) - r->len, "%s%s",
		     r->len ? "; " : "", line);
	r->len += (size_t)n;
}

static void compare_file(struct report *r, const char *name, const char *want,
			 size_t want_len, const char *got, size_t got_len)
{
	size_t both = want_len < got_len ? want_len : got_len, i = 0;
	char sizes[64] = "";

	if (want_len == got_len && !memcmp(want, got, both))
		return;
	if (want_len != got_len)
		snprintf(sizes, sizeof(sizes), " %zu bytes, expected %zu",
			 got_len, want_len);
	while (i < both && want[i] == got[i])
		i++;
	if (i < both)
		problem(r, "differs: %s:%s first difference at offset 0x%zx "
			"(%02x, expected %02x)", name, sizes, i,
			(unsigned)(unsigned char)got[i],
			(unsigned)(unsigned char)want[i]);
	else
		problem(r, "differs: %s:%s", name, sizes);
}

static void compare_trees(struct report *r, const struct tree *want,
			  const struct tree *got)
{
	for (size_t i = 0; i < want->count; i++) {
		const struct node *w = &want->nodes[i];
		const struct node *g = tree_find(got, w->path);

		if (!g)
			problem(r, "missing %s", w->path);
		else if (g->kind != w->kind)
			problem(r, "%s is not a plain file", w->path);
		else if (w->kind == NODE_FILE)
			compare_file(r, w->path, w->data, w->len, g->data,
				     g->len);
	}
	for (size_t i = 0; i < got->count; i++)
		if (!tree_find(want, got->nodes[i].path))
			problem(r, "unexpected %s", got->nodes[i].path);
}

/* A case, and what its command did. */

struct test_case {
	const char *dir;
	cJSON *json;
	const char *tool;
	const cJSON *args, *must_mention;
	bool shape_only;
};

struct outcome {
	bool timed_out;
	int status; /* of waitpid() */
	char *out, *err;
	size_t out_len, err_len;
};

static bool all_strings(const cJSON *list)
{
	const cJSON *item;

	if (!cJSON_IsArray(list))
		return false;
	cJSON_ArrayForEach(item, list)
		if (!cJSON_IsString(item))
			return false;
	return true;
}

static int case_load(struct test_case *c, const char *dir)
{
	char *path = fmt_new("%s/cmd.json", dir), *text;
	size_t len = 0;

	*c = (struct test_case){ .dir = dir };
	text = slurp(path, &len);
	free(path);
	c->json = text ? cJSON_Parse(text) : NULL;
	free(text);
	c->tool = cJSON_GetStringValue(cJSON_GetObjectItem(c->json, "tool"));
	c->args = cJSON_GetObjectItem(c->json, "args");
	c->must_mention = cJSON_GetObjectItem(c->json, "must_mention");
	c->shape_only = cJSON_IsTrue(cJSON_GetObjectItem(c->json,
							 "shape_only"));
	if (!c->tool || !all_strings(c->args) ||
	    (c->must_mention && !all_strings(c->must_mention)))
		return -1;
	return 0;
}

/* In the child: become the command. */
__attribute__((noreturn))
static void become(const struct test_case *c, const char *bin_dir,
		   const char *scratch)
{
	int argc = cJSON_GetArraySize(c->args), n = 0;
	char **argv = need(calloc((size_t)argc + 2, sizeof(*argv)));
	char *out = fmt_new("%s/stdout", scratch);
	char *err = fmt_new("%s/stderr", scratch);
	char *cwd = fmt_new("%s/case/in", scratch);
	const cJSON *item;
	sigset_t none;

	argv[n++] = fmt_new("%s/%s", bin_dir, c->tool);
	cJSON_ArrayForEach(item, c->args)
		argv[n++] = item->valuestring;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (!freopen("/dev/null", "r", stdin) || !freopen(out, "w", stdout) ||
	    !freopen(err, "w", stderr) || chdir(cwd))
		_exit(126);
	execv(argv[0], argv);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", argv[0],
		strerror(errno));
	_exit(127);
}

static void case_run(const struct test_case *c, const char *bin_dir,
		     const char *scratch, unsigned timeout, struct outcome *o)
{
	struct timespec limit = { .tv_sec = timeout };
	char *out = fmt_new("%s/stdout", scratch);
	char *err = fmt_new("%s/stderr", scratch);
	sigset_t child;
	pid_t pid;

	*o = (struct outcome){ .timed_out = false };
	/* Blocked, the end of the child can be waited for with a limit. */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	pid = fork();
	if (pid < 0)
		die("cannot fork: %s", strerror(errno));
	if (!pid)
		become(c, bin_dir, scratch);
	while (sigtimedwait(&child, NULL, &limit) < 0) {
		if (errno == EINTR)
			continue;
		o->timed_out = true;
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		break;
	}
	waitpid(pid, &o->status, 0);
	o->out = slurp(out, &o->out_len);
	o->err = slurp(err, &o->err_len);
	if (!o->out || !o->err)
		die("cannot read the output of %s", c->dir);
	free(out);
	free(err);
}

/* Judging what the command did. */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_number(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n && !s[n];
}

/* Whether digits of that length at p are a number of their own. */
static bool stands_alone(const char *text, const char *p, size_t len)
{
	if (p > text && is_digit(p[-1]))
		return false;
	if (p - text >= 2 && p[-2] == '0' && (p[-1] == 'x' || p[-1] == 'X'))
		return false;
	return !is_digit(p[len]);
}

static bool mentions(const char *text, size_t len, const char *wanted)
{
	size_t n = strlen(wanted);

	for (size_t i = 0; i + n <= len; i++) {
		if (strncasecmp(text + i, wanted, n))
			continue;
		if (!is_number(wanted) || stands_alone(text, text + i, n))
			return true;
	}
	return false;
}

/* The last line that is not blank, of stderr or else of stdout. */
static const char *last_line(char *text, size_t len)
{
	char *line;

	while (len && strchr(" \t\r\n", text[len - 1]))
		text[--len] = '\0';
	line = strrchr(text, '\n');
	return line ? line + 1 : text;
}

static const char *last_words(struct outcome *o)
{
	const char *line = last_line(o->err, o->err_len);

	if (!*line)
		line = last_line(o->out, o->out_len);
	return *line ? line : "(no output)";
}

static void judge_crash(struct report *r, const struct outcome *o)
{
	static const char *const signs[] = {
		"AddressSanitizer", "LeakSanitizer", "MemorySanitizer",
		"ThreadSanitizer", "runtime error:",
		"Traceback (most recent"
	};
	/* 128 + SIGILL, TRAP, ABRT, BUS, FPE, SEGV: a shell in between */
	static const int shells[] = { 132, 133, 134, 135, 136, 139 };

	if (WIFSIGNALED(o->status))
		problem(r, "crashed (signal %d, %s)", WTERMSIG(o->status),
			strsignal(WTERMSIG(o->status)));
	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++)
		if (WIFEXITED(o->status) && WEXITSTATUS(o->status) == shells[i])
			problem(r, "crashed (status %d)", shells[i]);
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
		if (mentions(o->err, o->err_len, signs[i]))
			problem(r, "stderr has \"%s\"", signs[i]);
}

static void judge_error(struct report *r, const struct test_case *c,
			struct outcome *o, const struct tree *pre,
			const struct tree *got)
{
	const cJSON *item;

	if (WIFEXITED(o->status) && WEXITSTATUS(o->status) == 0)
		problem(r, "exit status 0 for wrong input");
	if (!o->err_len)
		problem(r, "nothing on stderr");
	cJSON_ArrayForEach(item, c->must_mention)
		if (!mentions(o->err, o->err_len, item->valuestring))
			problem(r, "stderr does not mention %s; it says: "
				"%.200s", item->valuestring,
				o->err_len ? o->err : "(nothing)");
	compare_trees(r, pre, got);
}

/* expect.txt: "path size" per line, directories left out. */
static void judge_shape(struct report *r, const struct test_case *c,
			const struct tree *got)
{
	char *path = fmt_new("%s/expect.txt", c->dir), *text, *line, *rest;
	size_t len = 0, known = 0, files = 0;

	text = slurp(path, &len);
	free(path);
	if (!text) {
		problem(r, "the case has no expect.txt");
		return;
	}
	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		char *size = strrchr(line, ' ');
		const struct node *n;

		if (!size)
			die("%s/expect.txt: no size in '%s'", c->dir, line);
		*size++ = '\0';
		n = tree_find(got, line);
		if (!n || n->kind != NODE_FILE)
			problem(r, "missing %s", line);
		else if (n->len != strtoul(size, NULL, 10))
			problem(r, "%s: size %zu, expected %s", line, n->len,
				size);
		known += n != NULL;
	}
	for (size_t i = 0; i < got->count; i++)
		files += got->nodes[i].kind != NODE_DIR;
	if (files > known)
		problem(r, "%zu files more than expect.txt has", files - known);
	free(text);
}

static void judge_output(struct report *r, const struct test_case *c,
			 struct outcome *o, const struct tree *got)
{
	char *path = fmt_new("%s/expect", c->dir);
	struct tree want = tree_read(path);

	if (!WIFEXITED(o->status) || WEXITSTATUS(o->status) != 0)
		problem(r, "exit status %d: %.160s",
			WIFEXITED(o->status) ? WEXITSTATUS(o->status) : -1,
			last_words(o));
	if (c->shape_only)
		judge_shape(r, c, got);
	else if (!want.count)
		problem(r, "the case has no expect/");
	else
		compare_trees(r, &want, got);
	tree_free(&want);
	free(path);
}

/* The one file that may appear among the inputs: <values>_created.csv. */
static char *expanded_name(const struct test_case *c, const struct tree *after)
{
	char *found = NULL;
	const cJSON *item;

	cJSON_ArrayForEach(item, c->args) {
		const char *arg = item->valuestring;
		size_t len = strlen(arg);
		char *name;

		if (len < 4 || strcmp(arg + len - 4, ".csv"))
			continue;
		name = fmt_new("%.*s_created.csv", (int)(len - 4), arg);
		if (tree_find(after, name)) {
			free(found);
			found = name;
		} else {
			free(name);
		}
	}
	return found;
}

static void judge_expanded(struct report *r, const char *want, size_t len,
			   const char *name, const struct tree *after)
{
	const struct node *n = name ? tree_find(after, name) : NULL;

	if (!n || n->kind != NODE_FILE)
		problem(r, "no <values>_created.csv beside the values file");
	else
		compare_file(r, name, want, len, n->data, n->len);
}

static void judge_inputs(struct report *r, const struct test_case *c,
			 const struct tree *before, const struct tree *after)
{
	char *path = fmt_new("%s/expanded.csv", c->dir), *want, *name = NULL;
	size_t len = 0;

	want = c->must_mention ? NULL : slurp(path, &len);
	free(path);
	if (want) {
		name = expanded_name(c, after);
		judge_expanded(r, want, len, name, after);
	}
	for (size_t i = 0; i < before->count; i++) {
		const struct node *b = &before->nodes[i];
		const struct node *a = tree_find(after, b->path);

		if (!a)
			problem(r, "input %s is gone", b->path);
		else if (a->kind != b->kind || a->len != b->len ||
			 (b->len && memcmp(a->data, b->data, b->len)))
			problem(r, "input %s was changed", b->path);
	}
	for (size_t i = 0; i < after->count; i++) {
		const char *p = after->nodes[i].path;

		if (!tree_find(before, p) && (!name || strcmp(p, name)))
			problem(r, "written among the inputs: %s", p);
	}
	free(name);
	free(want);
}

static void judge_stray(struct report *r, const char *place,
			const char *const *known)
{
	DIR *dir = opendir(place);
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		size_t i = 0;

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		while (known[i] && strcmp(d->d_name, known[i]))
			i++;
		if (!known[i])
			problem(r, "written outside out/: %s", d->d_name);
	}
	if (dir)
		closedir(dir);
}

static void case_judge(struct report *r, const struct test_case *c,
		       struct outcome *o, const char *scratch,
		       const struct tree *before, const struct tree *pre)
{
	static const char *const inner[] = { "in", "out", NULL };
	static const char *const outer[] = { "case", "stdout", "stderr", NULL };
	char *work = fmt_new("%s/case", scratch);
	char *in = fmt_new("%s/in", work), *out = fmt_new("%s/out", work);
	struct tree after = tree_read(in), got = tree_read(out);

	judge_crash(r, o);
	if (c->must_mention)
		judge_error(r, c, o, pre, &got);
	else
		judge_output(r, c, o, &got);
	judge_inputs(r, c, before, &after);
	/* A path like "../../x" ends up one level further out. */
	judge_stray(r, work, inner);
	judge_stray(r, scratch, outer);
	tree_free(&after);
	tree_free(&got);
	free(work);
	free(in);
	free(out);
}

/* Run one case in the directory scratch, which holds an empty "case". */
static void case_check(struct report *r, const struct test_case *c,
		       const char *bin_dir, const char *scratch,
		       unsigned timeout)
{
	char *in = fmt_new("%s/in", c->dir);
	char *pre_out = fmt_new("%s/pre_out", c->dir);
	char *work_in = fmt_new("%s/case/in", scratch);
	char *work_out = fmt_new("%s/case/out", scratch);
	struct tree before, pre;
	struct outcome o;

	tree_copy(in, work_in);
	if (is_dir(pre_out))
		tree_copy(pre_out, work_out);
	before = tree_read(work_in);
	pre = tree_read(work_out);
	case_run(c, bin_dir, scratch, timeout, &o);
	if (o.timed_out)
		problem(r, "no end within %u s", timeout);
	else
		case_judge(r, c, &o, scratch, &before, &pre);
	tree_free(&before);
	tree_free(&pre);
	free(o.out);
	free(o.err);
	free(in);
	free(pre_out);
	free(work_in);
	free(work_out);
}

/* All cases, some at a time, each in a process of its own. */

struct job {
	char *name;   /* folder below the directory of cases */
	pid_t pid;
	int fd;       /* its report comes here */
	bool done, passed;
	char report[REPORT_MAX];
};

struct run {
	const char *dir;     /* of the cases, as typed */
	const char *bin_arg; /* as typed, for the command that repeats a case */
	char *bin_dir;       /* absolute */
	const char *tool;
	unsigned timeout, max_jobs;
	char *scratch;
	struct job *jobs;
	size_t count;
};

__attribute__((noreturn))
static void worker(const struct run *run, size_t i, int fd)
{
	char *dir = fmt_new("%s/%s", run->dir, run->jobs[i].name);
	char *scratch = fmt_new("%s/%zu", run->scratch, i);
	char *work = fmt_new("%s/case", scratch);
	struct report r = { .len = 0 };
	struct test_case c;

	if (mkdir(scratch, 0755) || mkdir(work, 0755))
		die("cannot make %s: %s", work, strerror(errno));
	if (case_load(&c, dir))
		problem(&r, "cmd.json cannot be read or lacks tool or args");
	else
		case_check(&r, &c, run->bin_dir, scratch, run->timeout);
	remove_tree(scratch);
	if (r.count > PROBLEMS_SHOWN)
		r.len += (size_t)snprintf(r.text + r.len,
					  sizeof(r.text) - r.len,
					  " (and %u more)",
					  r.count - PROBLEMS_SHOWN);
	if (write(fd, r.text, r.len) != (ssize_t)r.len)
		die("cannot report");
	_exit(r.count ? 1 : 0);
}

static void job_start(struct run *run, size_t i)
{
	int fds[2];

	fflush(NULL);
	if (pipe(fds))
		die("cannot make a pipe: %s", strerror(errno));
	run->jobs[i].pid = fork();
	if (run->jobs[i].pid < 0)
		die("cannot fork: %s", strerror(errno));
	if (!run->jobs[i].pid) {
		close(fds[0]);
		fcntl(fds[1], F_SETFD, FD_CLOEXEC);
		worker(run, i, fds[1]);
	}
	close(fds[1]);
	fcntl(fds[0], F_SETFD, FD_CLOEXEC);
	run->jobs[i].fd = fds[0];
}

static void job_finish(struct run *run)
{
	int status = 0;
	pid_t pid = wait(&status);

	for (size_t i = 0; i < run->count; i++) {
		struct job *j = &run->jobs[i];
		ssize_t n;

		if (j->pid != pid || j->done)
			continue;
		n = read(j->fd, j->report, sizeof(j->report) - 1);
		close(j->fd);
		j->report[n > 0 ? n : 0] = '\0';
		j->passed = WIFEXITED(status) && !WEXITSTATUS(status);
		if (!j->passed && n <= 0)
			snprintf(j->report, sizeof(j->report),
				 "the case could not be run");
		j->done = true;
	}
}

static size_t print_results(const struct run *run)
{
	size_t failed = 0;

	for (size_t i = 0; i < run->count; i++) {
		const struct job *j = &run->jobs[i];

		if (j->passed)
			continue;
		failed++;
		printf("FAIL %s: %s\n", j->name, j->report);
		printf("  repeat: %s %s --bin-dir %s %s\n",
		       program_invocation_name, run->dir, run->bin_arg,
		       j->name);
	}
	return failed;
}

static int name_order(const void *a, const void *b)
{
	const struct job *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void add_case(struct run *run, const char *name)
{
	run->jobs = need(realloc(run->jobs,
				 (run->count + 1) * sizeof(*run->jobs)));
	run->jobs[run->count++] = (struct job){ .name = need(strdup(name)) };
}

/* A case is of the tool that was asked for; a broken one is of any tool. */
static bool case_wanted(const struct run *run, const char *name)
{
	char *dir = fmt_new("%s/%s", run->dir, name);
	char *json = fmt_new("%s/cmd.json", dir);
	struct test_case c = { .json = NULL };
	bool wanted = !access(json, F_OK);

	if (wanted && run->tool && !case_load(&c, dir))
		wanted = !strcmp(c.tool, run->tool);
	cJSON_Delete(c.json);
	free(dir);
	free(json);
	return wanted;
}

static void find_cases(struct run *run)
{
	DIR *dir = opendir(run->dir);
	struct dirent *d;

	if (!dir)
		die("cannot read %s: %s", run->dir, strerror(errno));
	while ((d = readdir(dir)))
		if (d->d_name[0] != '.' && case_wanted(run, d->d_name))
			add_case(run, d->d_name);
	closedir(dir);
	if (run->count)
		qsort(run->jobs, run->count, sizeof(*run->jobs), name_order);
}

__attribute__((noreturn))
static void usage(void)
{
	fprintf(stderr, "usage: golden DIR --bin-dir DIR [--tool NAME] "
		"[--jobs N] [--timeout SECONDS] [CASE...]\n");
	exit(2);
}

static unsigned number_arg(const char *s)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	if (!is_digit(*s) || *end || !n || n > 100000)
		usage();
	return (unsigned)n;
}

static void parse(struct run *run, int argc, char **argv)
{
	static const struct option options[] = {
		{ "bin-dir", required_argument, NULL, 'b' },
		{ "tool", required_argument, NULL, 't' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "timeout", required_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 }
	};
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int c;

	*run = (struct run){ .timeout = 60,
			     .max_jobs = cores > 0 ? (unsigned)cores : 1 };
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'b')
			run->bin_arg = optarg;
		else if (c == 't')
			run->tool = optarg;
		else if (c == 'j')
			run->max_jobs = number_arg(optarg);
		else if (c == 'l')
			run->timeout = number_arg(optarg);
		else
			usage();
	}
	if (!run->bin_arg || optind == argc)
		usage();
	run->dir = argv[optind++];
	run->bin_dir = realpath(run->bin_arg, NULL);
	if (!run->bin_dir)
		die("%s: %s", run->bin_arg, strerror(errno));
	if (optind == argc)
		find_cases(run);
	for (; optind < argc; optind++) {
		if (!case_wanted(run, argv[optind]))
			die("%s has no case %s", run->dir, argv[optind]);
		add_case(run, argv[optind]);
	}
}

int main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");
	size_t running = 0, next = 0, failed;
	struct run run;

	parse(&run, argc, argv);
	run.scratch = fmt_new("%s/golden-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(run.scratch))
		die("cannot make %s: %s", run.scratch, strerror(errno));
	while (next < run.count || running) {
		if (next < run.count && running < run.max_jobs) {
			job_start(&run, next++);
			running++;
		} else {
			job_finish(&run);
			running--;
		}
	}
	remove_tree(run.scratch);
	failed = print_results(&run);
	printf("%zu passed, %zu failed\n", run.count - failed, failed);
	for (size_t i = 0; i < run.count; i++)
		free(run.jobs[i].name);
	free(run.jobs);
	free(run.scratch);
	free(run.bin_dir);
	return failed || !run.count;
}
