/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nvs_tool - take an NVS partition image apart, show it, look for damage.
 *
 * `nvs_tool FILE` is a drop-in for ESP-IDF's nvs_tool.py; the words check,
 * diff and stat in place of FILE begin commands of its own.
 */
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "dump.h"
#include "image.h"
#include "text.h"

static const char *colour = "auto";
static struct image_keys keys;

#define OPTION_KEYS \
	{ "keys", 0, CLI_TEXT, &keys.keys, "F", \
	  "the image is encrypted: decrypt it in memory with this\n" \
	  "key partition (4096 bytes) or bare key (64 bytes)" }, \
	{ "hmac-key", 0, CLI_TEXT, &keys.hmac_key, "F", \
	  "the same with keys derived from this HMAC key (32 bytes)" }
#define OPTION_COLOUR \
	{ "color", 0, CLI_TEXT, &colour, "WHEN", \
	  "never, auto (default: on a terminal, unless NO_COLOR is\n" \
	  "set) or always" }
#define OPTIONS_END { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
#define POSITIONALS_END { NULL, NULL, NULL }

/* Where to print, and in colour or not. -1, or the exit status. */
static int open_view(struct view *v, const struct cli_command *cmd)
{
	bool always = !strcmp(colour, "always");
	bool automatic = !strcmp(colour, "auto");

	*v = (struct view){
		.out = stdout,
		.err = stderr,
		.terminal = isatty(STDOUT_FILENO),
	};
	if (!always && !automatic && strcmp(colour, "never") != 0)
		return cli_wrong_usage(cmd, "--color: '%s' is not one of "
				       "never, auto, always", colour);
	v->colour_out = always || (automatic && cli_colour(stdout));
	v->colour_err = always || (automatic && cli_colour(stderr));
	return -1;
}

/* Sound entries in use among the children of e. */
static size_t in_use_behind(const struct nvs_raw_page *page,
			    const struct nvs_raw_entry *e)
{
	struct nvs_raw_entry child;
	size_t count = 0;

	for (unsigned n = e->index + 1; n <= e->index + e->children; n++)
		count += nvs_raw_entry(&child, page, n) &&
			 child.state == NVS_ENTRY_WRITTEN &&
			 child.crc_stored == child.crc_computed;
	return count;
}

/*
 * The span of an entry is believed whatever its CRC, as in the original: what
 * a garbage one hides is not lost in silence.
 */
static void tell_hidden(const struct view *v)
{
	struct view_walk w = { .view = v };
	struct nvs_raw_entry e;
	size_t count = 0;

	while (view_next(&w, &e))
		if (e.crc_stored != e.crc_computed)
			count += in_use_behind(&w.page, &e);
	if (count)
		view_warning(v, "%s: %zu entries in use are not shown: an "
			     "erased or damaged one in front claims them as "
			     "its data; nvs_tool check and --csv do see them",
			     v->file, count);
}

/* Show an image in the view. 0 or ERR_NOMEM with a message. */
static int attach(struct view *v, const struct image *im, struct err *err)
{
	v->file = im->file;
	v->image = im->bytes.data;
	v->size = im->bytes.len;
	return view_init(v, err);
}

/* ---- nvs_tool FILE ---- */

static bool integrity, csv, exit_code;
static const char *dump_name, *format, *input, *csv_files;

static const struct cli_option options[] = {
	{ "integrity-check", 'i', CLI_FLAG, &integrity, NULL,
	  "look for damage, as the original does; `nvs_tool check`\n"
	  "is more thorough" },
	{ "dump", 'd', CLI_TEXT, &dump_name, "WHAT",
	  DUMP_NAMES "\n(default all)" },
	{ "format", 'f', CLI_TEXT, &format, "FORMAT",
	  "text (default) or json; json has the dumps all, minimal\n"
	  "and none" },
	OPTION_COLOUR,
	OPTION_KEYS,
	{ "csv", 0, CLI_FLAG, &csv, NULL,
	  "instead of a dump, the input CSV from which\n"
	  "nvs_partition_gen makes the same items" },
	{ "csv-files", 0, CLI_TEXT, &csv_files, "DIR",
	  "with --csv: put strings with carriage returns, which a\n"
	  "CSV cannot hold, into new files in DIR" },
	{ "exit-code", 0, CLI_FLAG, &exit_code, NULL,
	  "exit with 1 when -i finds (or would find) errors" },
	OPTIONS_END
};

static const struct cli_positional positionals[] = {
	{ "FILE", &input, "the image" },
	POSITIONALS_END
};

static const struct cli_command inspect_command = {
	.name = "nvs_tool",
	.summary = "Show what is in an NVS partition image, and whether it is "
		   "sound.",
	.options = options,
	.positionals = positionals,
	.required = 1,
	.exact = true,
	.notes = "Further commands, each with --help of its own:\n"
		 "  nvs_tool check FILE...  every named check\n"
		 "  nvs_tool diff A B       two images, key by key\n"
		 "  nvs_tool stat FILE      entries used and free, and a map\n"
		 "A file of such a name is read as ./check and so on.\n\n"
		 "Exit status: 0 read and shown, 1 not an image or "
		 "--exit-code and damage, 2 wrong usage.",
};

/* The choices of -d and -f. -1, or the exit status. */
static int check_choices(const struct dump **dump)
{
	const struct cli_command *cmd = &inspect_command;

	if (csv && (dump_name || format || integrity))
		return cli_wrong_usage(cmd, "--csv goes with no dump, format "
				       "or integrity check");
	if (csv_files && !csv)
		return cli_wrong_usage(cmd, "--csv-files goes with --csv");
	*dump = dump_named(dump_name ? dump_name : "all");
	if (!*dump)
		return cli_wrong_usage(cmd, "--dump: '%s' is not one of %s",
				       dump_name, DUMP_NAMES);
	if (format && strcmp(format, "text") != 0 &&
	    strcmp(format, "json") != 0)
		return cli_wrong_usage(cmd, "--format: '%s' is not one of "
				       "text, json", format);
	return -1;
}

static int show(struct view *v, const struct image *im,
		const struct dump *dump)
{
	bool json = format && !strcmp(format, "json");
	struct err err = ERR_INIT;
	size_t errors = 0;
	int r;

	if (json && !dump->json) {
		view_error(v, "%s is not implemented for format json",
			   dump->name);
		return CLI_FAILED;
	}
	r = attach(v, im, &err);
	if (!r) {
		tell_hidden(v);
		r = json ? dump->json(v, &err) : dump->text(v, &err);
	}
	if (!r && (integrity || exit_code))
		r = integrity_check(v, !integrity, &errors, &err);
	view_release(v);
	if (r) {
		view_error(v, "%s", err.msg);
		return CLI_FAILED;
	}
	return exit_code && errors ? CLI_FAILED : CLI_OK;
}

/* --csv: an image that cannot be read has no CSV. */
static int write_csv(struct view *v, const struct image *im)
{
	struct err err = ERR_INIT;
	size_t errors = 0;
	int status;

	if (image_is_garbage(im, v))
		return CLI_FAILED;
	status = image_export(im, csv_files, v);
	if (status != CLI_OK || !exit_code)
		return status;
	if (attach(v, im, &err) || integrity_check(v, true, &errors, &err))
		status = cli_error(&err);
	view_release(v);
	return errors ? CLI_FAILED : status;
}

static int inspect(int argc, char **argv)
{
	const struct dump *dump = NULL;
	struct image im;
	struct view v;
	int status;

	status = cli_parse(&inspect_command, argc, argv, NULL, NULL);
	if (status < 0)
		status = open_view(&v, &inspect_command);
	if (status < 0)
		status = check_choices(&dump);
	if (status >= 0)
		return status;
	status = image_open(&im, &inspect_command, input, &keys, &v);
	if (status < 0)
		status = csv ? write_csv(&v, &im) : show(&v, &im, dump);
	image_close(&im);
	return cli_close_stdout(status);
}

/* ---- nvs_tool check ---- */

static bool strict, list;

static const struct cli_option check_options[] = {
	{ "strict", 0, CLI_FLAG, &strict, NULL, "warnings count as errors" },
	{ "list", 0, CLI_FLAG, &list, NULL, "list all checks and exit" },
	OPTION_COLOUR,
	OPTION_KEYS,
	OPTIONS_END
};

static const struct cli_positional check_positionals[] = {
	{ "FILE...", NULL, "the images" },
	POSITIONALS_END
};

static const struct cli_command check_command = {
	.name = "nvs_tool check",
	.summary = "Run all checks over images, as strict as a factory needs "
		   "them.",
	.options = check_options,
	.positionals = check_positionals,
	.exact = true,
	.notes = "Prints IMAGE:OFFSET: SEVERITY (CHECK): NAMESPACE:KEY: what "
		 "is wrong.\nExit status: 0 sound, 1 errors (or warnings, "
		 "with --strict), 2 wrong usage.",
};

static int list_checks(void)
{
	const struct nvs_check *check;

	for (size_t n = 0; (check = nvs_check_at(n)); n++)
		printf("%-20s %-8s %s\n", check->name,
		       nvs_severity_name(check->severity), check->about);
	return cli_close_stdout(CLI_OK);
}

static int check_image(const struct image *im, const struct view *v)
{
	struct nvs_check_result result;
	char file[4 * TEXT_SHOWN];
	size_t errors, warnings, items;

	if (image_is_garbage(im, v))
		return CLI_FAILED;
	result = image_print_findings(im, stdout, NVS_NOTE);
	errors = result.count[NVS_ERROR];
	warnings = result.count[NVS_WARNING];
	nvs_reader_items(im->reader, &items);
	view_print(v, errors ? STYLE_RED : warnings ? STYLE_YELLOW :
		   STYLE_GREEN, "%s: %zu keys, %zu errors, %zu warnings",
		   text_show(file, sizeof(file), im->file, strlen(im->file)),
		   items, errors, warnings);
	putchar('\n');
	return errors || (strict && warnings) ? CLI_FAILED : CLI_OK;
}

static int check(int argc, char **argv)
{
	size_t count = 0;
	char **files;
	struct view v;
	int status, worst = CLI_OK;

	status = cli_parse(&check_command, argc, argv, &files, &count);
	if (status < 0)
		status = open_view(&v, &check_command);
	if (status < 0 && list && !count)
		return list_checks();
	if (status < 0 && (list || !count))
		status = cli_wrong_usage(&check_command, list ? "--list goes "
					 "with no FILE" :
					 "missing argument: FILE");
	if (status >= 0)
		return status;
	for (size_t n = 0; n < count; n++) {
		struct image im;

		status = image_open(&im, &check_command, files[n], &keys, &v);
		if (status < 0)
			status = check_image(&im, &v);
		image_close(&im);
		if (status > worst)
			worst = status;
	}
	return cli_close_stdout(worst);
}

/* ---- nvs_tool diff ---- */

static const char *first_image, *second_image;
static struct image_keys second_keys;

static const struct cli_option diff_options[] = {
	OPTION_COLOUR,
	OPTION_KEYS,
	{ "keys-b", 0, CLI_TEXT, &second_keys.keys, "F",
	  "the key of B, where it is not that of A" },
	{ "hmac-key-b", 0, CLI_TEXT, &second_keys.hmac_key, "F",
	  "the HMAC key of B" },
	OPTIONS_END
};

static const struct cli_positional diff_positionals[] = {
	{ "A", &first_image, "an image" },
	{ "B", &second_image, "the image to compare it with" },
	POSITIONALS_END
};

static const struct cli_command diff_command = {
	.name = "nvs_tool diff",
	.summary = "Compare two images key by key, wherever the keys stand.",
	.options = diff_options,
	.positionals = diff_positionals,
	.required = 2,
	.exact = true,
	.notes = "Lines: - only in A, + only in B, ~ another type or value.\n"
		 "Exit status: 0 no difference, 1 some, or an image is "
		 "damaged, 2 wrong usage.",
};

static int diff(int argc, char **argv)
{
	const struct image_keys *keys_of_b = &keys;
	struct image a, b;
	struct view v;
	int status;

	status = cli_parse(&diff_command, argc, argv, NULL, NULL);
	if (status < 0)
		status = open_view(&v, &diff_command);
	if (status >= 0)
		return status;
	if (second_keys.keys || second_keys.hmac_key)
		keys_of_b = &second_keys;
	status = image_open(&a, &diff_command, first_image, &keys, &v);
	if (status < 0) {
		status = image_open(&b, &diff_command, second_image, keys_of_b,
				    &v);
		if (status < 0)
			status = image_diff(&a, &b, &v);
		image_close(&b);
	}
	image_close(&a);
	return cli_close_stdout(status);
}

/* ---- nvs_tool stat ---- */

static const struct cli_option stat_options[] = {
	OPTION_COLOUR,
	OPTION_KEYS,
	OPTIONS_END
};

static const struct cli_command stat_command = {
	.name = "nvs_tool stat",
	.summary = "How full an image is, page by page, and a map of its "
		   "entries.",
	.options = stat_options,
	.positionals = positionals,
	.required = 1,
	.exact = true,
};

static int show_stat(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct image im;
	struct view v;
	int status;

	status = cli_parse(&stat_command, argc, argv, NULL, NULL);
	if (status < 0)
		status = open_view(&v, &stat_command);
	if (status >= 0)
		return status;
	status = image_open(&im, &stat_command, input, &keys, &v);
	if (status < 0) {
		status = attach(&v, &im, &err) ? cli_error(&err) :
						 image_stat(&im, &v);
		view_release(&v);
	}
	image_close(&im);
	return cli_close_stdout(status);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{ "check", check },
		{ "diff", diff },
		{ "stat", show_stat },
	};

	cli_start();
	for (size_t n = 0; argc > 1 && n < sizeof(commands) / sizeof(*commands);
	     n++)
		if (!strcmp(argv[1], commands[n].name))
			return commands[n].run(argc - 1, argv + 1);
	return inspect(argc, argv);
}
