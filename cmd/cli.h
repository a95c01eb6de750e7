/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli.h - what all commands share: option tables, help, printing of errors,
 * exit codes. The commands print and exit; nothing below cmd/ does.
 */
#ifndef CLI_H
#define CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "err.h"

enum cli_exit {
	CLI_OK = 0,     /* done */
	CLI_FAILED = 1, /* input refused, image unsound, system failure */
	CLI_USAGE = 2   /* wrong usage */
};

enum cli_kind {
	CLI_FLAG = 0, /* value points to a bool that becomes true */
	CLI_TEXT = 1, /* value points to a const char * */
	CLI_PAIR = 2, /* value points to a const char *[2] */
	CLI_ADDED = 8 /* with one of them: not one of the original's, whose
			 abbreviations do not mean it therefore */
};

struct cli_option {
	const char *name;    /* long name without the dashes */
	char letter;         /* short form, or 0 */
	unsigned kind;       /* enum cli_kind */
	void *value;         /* where it goes; of a repeated one the last */
	const char *operand; /* for the help: "F", "START LENGTH" */
	const char *help;    /* one or more lines; NULL = not shown in the help */
};

struct cli_positional {
	const char *name;
	const char **value; /* or NULL when the rest is taken by many */
	const char *help;
};

/*
 * A command line's shape. Both lists end with an element whose name is NULL.
 * --help and -h are always there.
 */
struct cli_command {
	const char *name;     /* as typed: "mfg_gen generate" */
	const char *summary;  /* one sentence for the help */
	const struct cli_option *options;
	const struct cli_positional *positionals;
	size_t required;      /* how many positionals there have to be */
	bool exact;           /* long options may not be abbreviated */
	const char *notes;    /* printed below the help, or NULL */
};

/*
 * Read argv[1..]; options may stand anywhere up to "--". Positionals beyond
 * the table are refused unless rest is given: then *rest and *rest_count get
 * all positionals (pointers into argv, reordered) and the table is for the
 * help only.
 * -1: go on. Else the exit status to leave with: help was printed, or what
 * is wrong was printed with the usage line.
 */
int cli_parse(const struct cli_command *cmd, int argc, char **argv,
	      char ***rest, size_t *rest_count);

/*
 * What every command does first: have no core dump written when it crashes,
 * which would hold the keys, and meet a limit on the size of files as an
 * error, which is told and cleaned up after.
 */
void cli_start(void);

/*
 * Before a command of one image writes its files: from now on neither Ctrl-C
 * nor a closed terminal ends it, or a temporary file with a key or plain
 * values in it would stay. Where there is more to do than to say what was
 * made, the other one lets them through again.
 */
void cli_hold_signals(void);
void cli_let_signals(void);

/* Whether an argument asks for help: -h, --help or a start of that. */
bool cli_is_help(const char *arg);

/* Print the help of a command, or its usage line. */
void cli_help(const struct cli_command *cmd, FILE *to);
void cli_usage(const struct cli_command *cmd, FILE *to);

/*
 * The last line of a program's help: which release it is. An option --version
 * can't tell it, for there it is the NVS format.
 */
void cli_release(FILE *to);

/* Wrong usage: usage line and message on stderr; returns CLI_USAGE. */
__attribute__((format(printf, 2, 3)))
int cli_wrong_usage(const struct cli_command *cmd, const char *fmt, ...);

/*
 * The same for a program of several commands; usage is its usage line, with
 * line end, command what was typed, "" when nothing was.
 */
int cli_unknown_command(const char *program, const char *usage,
			const char *command);

/*
 * Values of options. They return as cli_parse(), and name the option in the
 * message. A number from min to max, decimal or 0x hex; "true" or "false" in
 * any case, false when text is NULL; the version of the format as "1", "2",
 * "v1", "V2", 2 when text is NULL.
 */
int cli_number(const struct cli_command *cmd, const char *name,
	       const char *text, uint64_t min, uint64_t max, uint64_t *out);
int cli_truth(const struct cli_command *cmd, const char *name,
	      const char *text, bool *value);
int cli_version(const struct cli_command *cmd, const char *text,
		unsigned *version);

/*
 * Print a line that may hold parts of an input: characters that a terminal
 * takes as commands, and what is not UTF-8, as \xNN.
 */
void cli_print_line(FILE *to, const char *text);

/* The same as printf() would put it together. */
__attribute__((format(printf, 2, 3)))
void cli_say(FILE *to, const char *fmt, ...);

/*
 * Print an error on stderr as "file:line:col: error: message"; returns the
 * exit status that goes with it.
 */
int cli_error(const struct err *e);

/* The same; an ERR_USAGE comes with the usage line. */
int cli_fail(const struct cli_command *cmd, const struct err *e);

/* Print a warning the same way; and a sink that does so. */
void cli_warning(const struct err *e);
extern const struct err_sink cli_warnings;

/* Flush and close stdout; CLI_FAILED with a message when that fails. */
int cli_close_stdout(int status);

/* Whether output on that stream may be coloured: a terminal, no NO_COLOR. */
bool cli_colour(FILE *f);

#endif
