/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "text.h"
#include "version.h"

void cli_start(void)
{
	struct rlimit limit;

	/* A file that may not grow is an error like others: EFBIG. */
	signal(SIGXFSZ, SIG_IGN);
	if (getrlimit(RLIMIT_CORE, &limit))
		return;
	/*
	 * Not 0: Linux then still hands the dump to a program, if there is
	 * one to collect them; with 1 byte it does neither. Not
	 * PR_SET_DUMPABLE: /dev/fd/N could not be opened any more.
	 */
	limit.rlim_cur = limit.rlim_max ? 1 : 0;
	setrlimit(RLIMIT_CORE, &limit);
}

/* Those by which a user, his terminal or the system ends a command. */
static void mask_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(how, &set, NULL);
}

void cli_hold_signals(void)
{
	mask_signals(SIG_BLOCK);
}

void cli_let_signals(void)
{
	mask_signals(SIG_UNBLOCK);
}

static size_t operands(const struct cli_option *o)
{
	unsigned kind = o->kind & ~(unsigned)CLI_ADDED;

	return kind == CLI_FLAG ? 0 : kind == CLI_TEXT ? 1 : 2;
}

/* A word of the usage, on the next line where the terminal's ends. */
__attribute__((format(printf, 3, 4)))
static void usage_word(FILE *to, size_t *column, const char *fmt, ...)
{
	char word[128];
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(word, sizeof(word), fmt, ap);
	va_end(ap);
	len = strlen(word);
	if (*column + 1 + len > 79) {
		fputs("\n      ", to);
		*column = 6;
	}
	fprintf(to, " %s", word);
	*column += 1 + len;
}

void cli_usage(const struct cli_command *cmd, FILE *to)
{
	size_t column = strlen("usage:");

	fputs("usage:", to);
	usage_word(to, &column, "%s", cmd->name);
	usage_word(to, &column, "[-h]");
	for (const struct cli_option *o = cmd->options; o->name; o++)
		if (o->help)
			usage_word(to, &column, "[--%s%s%s]", o->name,
				   o->operand ? " " : "",
				   o->operand ? o->operand : "");
	for (size_t i = 0; cmd->positionals[i].name; i++)
		usage_word(to, &column, i < cmd->required ? "%s" : "[%s]",
			   cmd->positionals[i].name);
	fputc('\n', to);
}

/* Help texts stand in a column; further lines of one are indented. */
static void print_help_text(const char *text, FILE *to)
{
	for (; *text; text++) {
		fputc(*text, to);
		if (*text == '\n')
			fprintf(to, "%-28s", "");
	}
	fputc('\n', to);
}

/* "-x, --name OPERAND" */
static void option_label(const struct cli_option *o, char *out, size_t size)
{
	size_t n = 0;

	if (o->letter)
		n = (size_t)snprintf(out, size, "-%c, ", o->letter);
	snprintf(out + n, size - n, "--%s%s%s", o->name, o->operand ? " " : "",
		 o->operand ? o->operand : "");
}

void cli_help(const struct cli_command *cmd, FILE *to)
{
	cli_usage(cmd, to);
	fprintf(to, "\n%s\n\n", cmd->summary);
	for (const struct cli_positional *p = cmd->positionals; p->name; p++) {
		fprintf(to, "  %-25s ", p->name);
		print_help_text(p->help, to);
	}
	fprintf(to, "  %-25s show this help and exit\n", "-h, --help");
	for (const struct cli_option *o = cmd->options; o->name; o++) {
		char label[64];

		if (!o->help)
			continue;
		option_label(o, label, sizeof(label));
		fprintf(to, "  %-25s ", label);
		if (strlen(label) > 25)
			fprintf(to, "\n%-28s", "");
		print_help_text(o->help, to);
	}
	if (cmd->notes)
		fprintf(to, "\n%s\n", cmd->notes);
	if (!strchr(cmd->name, ' '))
		cli_release(to);
}

void cli_release(FILE *to)
{
	fputs("\nmfg_gen suite " NVSGEN_VERSION "\n", to);
}

void cli_print_line(FILE *to, const char *text)
{
	char shown[4 * ERR_TEXT_MAX];

	fprintf(to, "%s\n", text_show(shown, sizeof(shown), text,
				      strlen(text)));
}

void cli_say(FILE *to, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cli_print_line(to, text);
}

int cli_wrong_usage(const struct cli_command *cmd, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	cli_usage(cmd, stderr);
	fprintf(stderr, "%s: error: ", cmd->name);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cli_print_line(stderr, text);
	return CLI_USAGE;
}

int cli_unknown_command(const char *program, const char *usage,
			const char *command)
{
	fputs(usage, stderr);
	if (!*command)
		cli_say(stderr, "%s: error: a command is missing", program);
	else if (*command == '-')
		cli_say(stderr, "%s: error: '%s' stands where the command has "
			"to be: options come behind it", program, command);
	else
		cli_say(stderr, "%s: error: unknown command '%s'", program,
			command);
	return CLI_USAGE;
}

static void print(const struct err *e, const char *severity)
{
	char text[ERR_TEXT_MAX];

	cli_print_line(stderr, err_format(e, severity, text, sizeof(text)));
}

int cli_error(const struct err *e)
{
	print(e, "error");
	return e->code == ERR_USAGE ? CLI_USAGE : CLI_FAILED;
}

int cli_fail(const struct cli_command *cmd, const struct err *e)
{
	return e->code == ERR_USAGE ? cli_wrong_usage(cmd, "%s", e->msg) :
				      cli_error(e);
}

void cli_warning(const struct err *e)
{
	print(e, "warning");
}

static void show_warning(void *ctx, const struct err *e)
{
	(void)ctx;
	cli_warning(e);
}

const struct err_sink cli_warnings = { show_warning, NULL };

int cli_close_stdout(int status)
{
	bool bad = ferror(stdout) != 0;

	if (fclose(stdout))
		bad = true;
	if (bad) {
		fprintf(stderr, "error: cannot write to standard output: %s\n",
			strerror(errno));
		return CLI_FAILED;
	}
	return status;
}

bool cli_colour(FILE *f)
{
	const char *no = getenv("NO_COLOR");

	return isatty(fileno(f)) && !(no && *no);
}

bool cli_is_help(const char *arg)
{
	size_t len = strlen(arg);

	return !strcmp(arg, "-h") ||
	       (len > 2 && !strncmp(arg, "--help", len));
}

/* "-5" is a number where "-x" is an option. */
static bool is_option(const char *arg)
{
	if (arg[0] != '-' || !arg[1])
		return false;
	return !(arg[1] >= '0' && arg[1] <= '9') && arg[1] != '.';
}

/* The only option of that kind that begins so; NULL for none or several. */
static const struct cli_option *find_start(const struct cli_command *cmd,
					   const char *name, size_t len,
					   bool added, bool *ambiguous)
{
	const struct cli_option *found = NULL;

	*ambiguous = false;
	for (const struct cli_option *o = cmd->options; o->name; o++) {
		if (!!(o->kind & CLI_ADDED) != added ||
		    strncmp(o->name, name, len) != 0)
			continue;
		*ambiguous = found != NULL;
		if (*ambiguous)
			return NULL;
		found = o;
	}
	return found;
}

/* The option meant by len characters of a long name, NULL when none is. */
static const struct cli_option *find_long(const struct cli_command *cmd,
					  const char *name, size_t len,
					  bool *ambiguous)
{
	const struct cli_option *found;

	*ambiguous = false;
	for (const struct cli_option *o = cmd->options; o->name; o++)
		if (!strncmp(o->name, name, len) && !o->name[len])
			return o;
	if (cmd->exact)
		return NULL;
	found = find_start(cmd, name, len, false, ambiguous);
	if (!found && !*ambiguous)
		found = find_start(cmd, name, len, true, ambiguous);
	return found;
}

static const struct cli_option *find_letter(const struct cli_command *cmd,
					    char letter)
{
	for (const struct cli_option *o = cmd->options; o->name; o++)
		if (o->letter == letter)
			return o;
	return NULL;
}

/* Store an option's operands; *i stands at the option in argv. */
static int take(const struct cli_command *cmd, const struct cli_option *o,
		const char *attached, int argc, char **argv, int *i)
{
	size_t need = operands(o), have = attached ? 1 : 0;
	const char *value[2] = { attached, NULL };

	if (attached && !need)
		return cli_wrong_usage(cmd, "--%s takes no value", o->name);
	while (have < need && *i + 1 < argc && !is_option(argv[*i + 1]))
		value[have++] = argv[++*i];
	if (have < need)
		return cli_wrong_usage(cmd, "--%s needs %s: %s", o->name,
				       need == 1 ? "a value" : "two values",
				       o->operand);
	if (!need)
		*(bool *)o->value = true;
	for (size_t n = 0; n < need; n++)
		((const char **)o->value)[n] = value[n];
	return -1;
}

/* All that an abbreviation could mean. */
static int tell_ambiguous(const struct cli_command *cmd, const char *arg,
			  const char *name, size_t len)
{
	char all[512] = "";
	size_t n = 0;
	bool added = true;

	/* The original's own come first, and then alone. */
	for (const struct cli_option *o = cmd->options; o->name; o++)
		added &= o->kind & CLI_ADDED ||
			 strncmp(o->name, name, len) != 0;
	for (const struct cli_option *o = cmd->options; o->name; o++)
		if (!!(o->kind & CLI_ADDED) == added &&
		    !strncmp(o->name, name, len) && n < sizeof(all))
			n += (size_t)snprintf(all + n, sizeof(all) - n,
					      "%s--%s", n ? ", " : "", o->name);
	return cli_wrong_usage(cmd, "%s is ambiguous, it could be %s", arg,
			       all);
}

static int take_long(const struct cli_command *cmd, int argc, char **argv,
		     int *i)
{
	const char *name = argv[*i] + 2;
	const char *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct cli_option *o;
	bool ambiguous;

	o = find_long(cmd, name, len, &ambiguous);
	if (!o && !ambiguous && (cmd->exact ? !strcmp(name, "help") :
					      cli_is_help(argv[*i]))) {
		cli_help(cmd, stdout);
		return cli_close_stdout(CLI_OK);
	}
	if (ambiguous)
		return tell_ambiguous(cmd, argv[*i], name, len);
	if (!o)
		return cli_wrong_usage(cmd, "unknown option %s", argv[*i]);
	return take(cmd, o, equals ? equals + 1 : NULL, argc, argv, i);
}

static int take_letter(const struct cli_command *cmd, int argc, char **argv,
		       int *i)
{
	const char *arg = argv[*i];
	const struct cli_option *o;
	int r;

	for (size_t n = 1; arg[n]; n++) {
		const char *attached = arg[n + 1] ? arg + n + 1 : NULL;

		if (arg[n] == 'h') {
			cli_help(cmd, stdout);
			return cli_close_stdout(CLI_OK);
		}
		o = find_letter(cmd, arg[n]);
		if (!o)
			return cli_wrong_usage(cmd, "unknown option %s", arg);
		if (operands(o))
			return take(cmd, o, attached, argc, argv, i);
		r = take(cmd, o, NULL, argc, argv, i);
		if (r >= 0)
			return r;
	}
	return -1;
}

/* "--option" as a text processor writes it, with a dash of another kind. */
static bool has_long_dash(const char *arg)
{
	static const char *const dashes[] = {
		"\xE2\x80\x90", "\xE2\x80\x91", "\xE2\x80\x92",
		"\xE2\x80\x93", "\xE2\x80\x94", "\xE2\x88\x92"
	};

	for (size_t i = 0; i < sizeof(dashes) / sizeof(*dashes); i++)
		if (!strncmp(arg, dashes[i], 3))
			return true;
	return false;
}

static int too_many(const struct cli_command *cmd, char **found,
		    size_t count, size_t known)
{
	for (size_t n = 0; n < count; n++)
		if (has_long_dash(found[n]))
			return cli_wrong_usage(cmd, "'%s' begins with a dash of "
					       "another kind: options begin "
					       "with '-'", found[n]);
	return cli_wrong_usage(cmd, "unexpected argument '%s'", found[known]);
}

/* The positionals from count on that have to be there. */
static int too_few(const struct cli_command *cmd, size_t count)
{
	bool several = count + 1 < cmd->required;
	char all[256] = "";
	size_t n = 0;

	for (; count < cmd->required && n < sizeof(all); count++)
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s",
				      n ? " " : "",
				      cmd->positionals[count].name);
	return cli_wrong_usage(cmd, "missing argument%s: %s",
			       several ? "s" : "", all);
}

static int place_positionals(const struct cli_command *cmd, char **found,
			     size_t count)
{
	size_t known = 0;

	while (cmd->positionals[known].name)
		known++;
	if (count > known)
		return too_many(cmd, found, count, known);
	for (size_t n = 0; n < count; n++)
		*cmd->positionals[n].value = found[n];
	return -1;
}

/*
 * A standard stream that was closed: what is opened next would take its
 * number, and its place. These refuse what is asked of them instead.
 */
static void keep_streams(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
			exit(CLI_FAILED);
}

int cli_parse(const struct cli_command *cmd, int argc, char **argv,
	      char ***rest, size_t *rest_count)
{
	bool options_end = false;
	size_t count = 0;
	int r = -1;

	keep_streams();
	/* Positionals gather at the front of argv + 1, in their order. */
	for (int i = 1; i < argc && r < 0; i++) {
		if (options_end || !is_option(argv[i]))
			argv[1 + count++] = argv[i];
		else if (!strcmp(argv[i], "--"))
			options_end = true;
		else if (argv[i][1] == '-')
			r = take_long(cmd, argc, argv, &i);
		else
			r = take_letter(cmd, argc, argv, &i);
	}
	if (r >= 0)
		return r;
	if (count < cmd->required)
		return too_few(cmd, count);
	if (rest) {
		*rest = argv + 1;
		*rest_count = count;
		return -1;
	}
	return place_positionals(cmd, argv + 1, count);
}

int cli_number(const struct cli_command *cmd, const char *name,
	       const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	if (text_unsigned(text, out) == TEXT_OK && *out >= min && *out <= max)
		return -1;
	return cli_wrong_usage(cmd, "--%s: '%s' is not a number from %" PRIu64
			       " to %" PRIu64, name, text, min, max);
}

int cli_truth(const struct cli_command *cmd, const char *name,
	      const char *text, bool *value)
{
	*value = text && text_same_word(text, strlen(text), "true");
	if (!text || *value || text_same_word(text, strlen(text), "false"))
		return -1;
	return cli_wrong_usage(cmd, "--%s: '%s' is neither true nor false",
			       name, text);
}

int cli_version(const struct cli_command *cmd, const char *text,
		unsigned *version)
{
	const char *number = text ? text : "2";

	number += *number == 'v' || *number == 'V';
	if (strcmp(number, "1") != 0 && strcmp(number, "2") != 0)
		return cli_wrong_usage(cmd, "--version: '%s' is not 1 or 2",
				       text);
	*version = (unsigned)(*number - '0');
	return -1;
}
