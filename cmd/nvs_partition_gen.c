/* SPDX-License-Identifier: Apache-2.0 */
/* nvs_partition_gen - one image from input CSVs; encryption; keys. */
#include <string.h>

#include "buf.h"
#include "cli.h"
#include "file.h"
#include "keycmd.h"
#include "nvs_check.h"
#include "nvs_crypt.h"
#include "nvs_keys.h"
#include "nvs_reader.h"
#include "partition.h"
#include "single.h"
#include "text.h"

#define DEFAULT_SIZE "0x3000"

/* What is to be made of what, whichever form it was asked for in. */
struct job {
	const char *output, *size, *version, *outdir;
	struct partition_options partition;
	struct single single;
};

/* Whether the last component of a path can be a file's. */
static bool is_file_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/*
 * Where the output goes: below outdir unless its path is absolute; .bin is
 * added where there is no extension.
 */
static int output_path(const char *output, const char *outdir,
		       struct buf *path, struct err *err)
{
	const char *ext = file_extension(output);
	int r = 0;

	if (*ext && !text_same_word(ext, strlen(ext), ".bin"))
		return err_set(err, ERR_INPUT, "the output '%s' can only have "
			       "the extension .bin", output);
	if (!is_file_name(output))
		return err_set(err, ERR_INPUT, "the output '%s' is no name of a "
			       "file", output);
	if (output[0] == '/') {
		if (outdir)
			cli_say(stderr, "note: --outdir is not used, the output "
				"'%s' is an absolute path", output);
	} else if (outdir && *outdir) {
		r = file_expand_home(outdir, path, err);
		if (!r && buf_putc(path, '/'))
			r = err_nomem(err);
	}
	if (r)
		return r;
	if (buf_puts(path, output) || (!*ext && buf_puts(path, ".bin")) ||
	    !buf_str(path))
		return err_nomem(err);
	return 0;
}

/* All that can be wrong before anything is read. */
static int prepare(struct job *job, struct partition_place *place,
		   struct buf *path, struct err *err)
{
	struct single *s = &job->single;
	int r;

	r = partition_find(&job->partition, job->size, s->encrypt, place, err);
	if (!r)
		r = output_path(job->output, job->outdir, path, err);
	s->size = place->size;
	s->size_source = job->partition.table;
	s->image_path = (char *)path->data;
	s->keys_outdir = job->outdir ? job->outdir : ".";
	return r;
}

static int run(const struct cli_command *cmd, struct job *job)
{
	struct buf path = BUF_INIT;
	struct err err = ERR_INIT;
	struct partition_place place;
	int r = cli_version(cmd, job->version, &job->single.version);

	if (r >= 0)
		return r;
	r = prepare(job, &place, &path, &err);
	if (r)
		r = cli_fail(cmd, &err);
	else {
		partition_note_read_only(&place);
		job->single.cmd = cmd;
		r = single_status(single_make(&job->single));
		if (r == CLI_OK) {
			printf("Created NVS binary: ===> %s\n",
			       job->single.image_path);
			partition_print_flash(&place, job->single.image_path);
		}
	}
	buf_release(&path);
	return r;
}

static int check_keys(const struct cli_command *cmd,
		      const struct key_options *k)
{
	if (k->keygen && k->inputkey)
		return cli_wrong_usage(cmd, "--keygen and --inputkey exclude "
				       "each other");
	if (!k->keygen && !k->inputkey)
		return cli_wrong_usage(cmd, "encrypt needs one of --keygen and "
				       "--inputkey");
	return keycmd_check(cmd, k);
}

#define VERSION_OPTION(job) \
	{ "version", 0, CLI_TEXT, &(job)->version, "{1,2}", \
	  "NVS format: 1 without, 2 with multi-page blobs\n(default: 2)" }
#define OUTDIR_OPTION(job) \
	{ "outdir", 0, CLI_TEXT, &(job)->outdir, "DIR", \
	  "directory for the output and keys/ (default: .)" }

static const struct cli_positional image_positionals[] = {
	{ "input...", NULL, "input CSVs: key,type,encoding,value" },
	{ "output", NULL, "image file, .bin" },
	{ "size", NULL, "partition size in bytes, a multiple of 4096, or,\n"
	  "with --partition-table, a partition's name" },
	{ 0 }
};

static void take_positionals(struct job *job, char **all, size_t count)
{
	job->single.inputs = (const char *const *)all;
	job->single.input_count = count - 2;
	job->output = all[count - 2];
	job->size = all[count - 1];
}

static int generate(int argc, char **argv)
{
	struct job job = { 0 };
	const struct cli_option options[] = {
		VERSION_OPTION(&job), OUTDIR_OPTION(&job),
		PARTITION_OPTIONS(&job.partition), { 0 }
	};
	const struct cli_command cmd = {
		.name = "nvs_partition_gen generate",
		.summary = "Make an NVS partition image from input CSVs.",
		.options = options,
		.positionals = image_positionals,
		.required = 3,
	};
	size_t count;
	char **all;
	int r = cli_parse(&cmd, argc, argv, &all, &count);

	if (r >= 0)
		return r;
	take_positionals(&job, all, count);
	return cli_close_stdout(run(&cmd, &job));
}

static int encrypt_command(int argc, char **argv)
{
	struct job job = { .single.encrypt = true };
	struct key_options *k = &job.single.keys;
	const struct cli_option options[] = {
		VERSION_OPTION(&job),
		{ "keygen", 0, CLI_FLAG, &k->keygen, NULL,
		  "draw a key and write it into keys/" },
		{ "keyfile", 0, CLI_TEXT, &k->keyfile, "F",
		  "file name for the drawn key, under keys/" },
		{ "inputkey", 0, CLI_TEXT, &k->inputkey, "F",
		  "key file to encrypt with" },
		OUTDIR_OPTION(&job),
		KEYCMD_HMAC_OPTIONS(k),
		PARTITION_OPTIONS(&job.partition),
		{ 0 }
	};
	const struct cli_command cmd = {
		.name = "nvs_partition_gen encrypt",
		.summary = "Make an encrypted NVS partition image from input "
			   "CSVs.",
		.options = options,
		.positionals = image_positionals,
		.required = 3,
	};
	size_t count;
	char **all;
	int r = cli_parse(&cmd, argc, argv, &all, &count);

	if (r < 0)
		r = check_keys(&cmd, k);
	if (r >= 0)
		return r;
	take_positionals(&job, all, count);
	return cli_close_stdout(run(&cmd, &job));
}

/* Whether it has entries that are right. */
static bool is_plain(const struct nvs_reader *reader)
{
	size_t namespaces;

	nvs_reader_namespaces(reader, &namespaces);
	return namespaces && !nvs_reader_is_garbage(reader);
}

/* The entries of a page that are marked as written, and the right ones. */
static void count_entries(const struct nvs_raw_page *page, size_t *written,
			  size_t *right)
{
	struct nvs_raw_entry e;

	for (unsigned n = 0; nvs_raw_entry(&e, page, n); n++) {
		if (e.state != NVS_ENTRY_WRITTEN)
			continue;
		++*written;
		*right += !e.blank && e.crc_stored == e.crc_computed;
	}
}

/*
 * Whether the decrypted image is one. All entries that were decrypted count,
 * also those of a page that is damaged and that a reader passes over.
 */
static int check_decrypted(const struct buf *image, const char *input,
			   const char *key, struct err *err)
{
	size_t written = 0, right = 0, sound = 0, n = 0;
	struct nvs_raw_page page;

	for (; nvs_raw_page(&page, image->data, image->len, n); n++) {
		sound += page.blank || page.crc_stored == page.crc_computed;
		count_entries(&page, &written, &right);
	}
	if (written && !right)
		return err_set(err, ERR_KEY, "the key '%s' does not fit the "
			       "image '%s': no entry's CRC is right after "
			       "decryption", key, input);
	if (!right && !sound)
		return err_set(err, ERR_DAMAGED, "'%s' is no NVS image: no page "
			       "of it has the header of one", input);
	return 0;
}

/* The key fits, but it is no whole image. */
static int warn_of_damage(struct nvs_reader *reader, const struct buf *image,
			  const char *input, struct err *err)
{
	struct pos pos = { input, 0, 0 };
	struct err warning = ERR_INIT;
	size_t count;
	int r = nvs_reader_load(reader, image->data, image->len, err);

	if (r)
		return r;
	count = nvs_check_all(reader, NULL).count[NVS_ERROR];
	if (!count)
		return 0;
	err_at(&warning, &pos, ERR_DAMAGED, "the image is damaged, %zu "
	       "mistake%s: 'nvs_tool check' on what was decrypted tells where",
	       count, count == 1 ? "" : "s");
	cli_warning(&warning);
	return 0;
}

/* The image in plaintext, in place; ERR_KEY when the key does not fit. */
static int decrypt_image(struct buf *image, const char *input,
			 const char *key, struct err *err)
{
	struct nvs_cipher *cipher = nvs_cipher_new(err);
	struct nvs_reader *reader = nvs_reader_new(err);
	struct nvs_keys keys;
	int r = cipher && reader ? 0 : ERR_NOMEM;

	if (!r)
		r = nvs_keys_load(&keys, key, err);
	if (!r)
		r = nvs_reader_load(reader, image->data, image->len, err);
	if (!r && is_plain(reader))
		r = err_set(err, ERR_INPUT, "the key '%s' does not fit the "
			    "image '%s', which is not encrypted: its entries "
			    "can be read as they are", key, input);
	if (!r)
		r = nvs_cipher_set_keys(cipher, &keys, err);
	if (!r)
		r = nvs_image_decrypt(cipher, image->data, image->len, err);
	if (!r)
		r = check_decrypted(image, input, key, err);
	if (!r)
		r = warn_of_damage(reader, image, input, err);
	nvs_keys_wipe(&keys);
	nvs_reader_free(reader);
	nvs_cipher_free(cipher);
	return r;
}

static int read_image(const char *path, struct buf *image, struct err *err)
{
	int r = file_read(path, NVS_MAX_SIZE, image, err);

	if (!r && (!image->len || image->len % NVS_PAGE_SIZE))
		r = err_set(err, ERR_DAMAGED, "'%s' has %zu bytes, an image is a "
			    "whole number of pages of %u", path, image->len,
			    NVS_PAGE_SIZE);
	return r;
}

static int decrypt(int argc, char **argv)
{
	const char *input, *key, *output, *outdir = NULL;
	const struct cli_option options[] = {
		{ "outdir", 0, CLI_TEXT, &outdir, "DIR",
		  "directory for the output (default: .)" },
		{ 0 }
	};
	const struct cli_positional positionals[] = {
		{ "input", &input, "encrypted image" },
		{ "key", &key, "key file" },
		{ "output", &output, "image file, .bin" },
		{ 0 }
	};
	const struct cli_command cmd = {
		.name = "nvs_partition_gen decrypt",
		.summary = "Decrypt an NVS partition image.",
		.options = options,
		.positionals = positionals,
		.required = 3,
	};
	struct buf image = BUF_INIT, path = BUF_INIT;
	struct err err = ERR_INIT;
	int r = cli_parse(&cmd, argc, argv, NULL, NULL);

	if (r >= 0)
		return r;
	r = output_path(output, outdir, &path, &err);
	if (!r)
		r = single_refuse_same((char *)path.data, input, &err);
	if (!r)
		r = single_refuse_same((char *)path.data, key, &err);
	if (!r)
		r = read_image(input, &image, &err);
	if (!r)
		r = decrypt_image(&image, input, key, &err);
	if (!r)
		r = file_make_parent((char *)path.data, &err);
	if (!r) {
		cli_hold_signals();
		r = file_write((char *)path.data, image.data, image.len,
			       FILE_MODE_SECRET, FILE_REPLACE, &err);
	}
	if (!r)
		printf("Created NVS binary: ===> %s\n", (char *)path.data);
	buf_release(&path);
	buf_wipe(&image);
	return cli_close_stdout(r ? cli_fail(&cmd, &err) : CLI_OK);
}

/* What stands without an option's name, unless the option was given, too. */
static int take_more(const struct cli_command *cmd, const char *name,
		     const char **value, const char *more)
{
	if (*value && more)
		return cli_wrong_usage(cmd, "--%s is '%s', and '%s' stands there "
				       "without an option: give one of them",
				       name, *value, more);
	if (more)
		*value = more;
	return -1;
}

/*
 * The forms of older documents: options instead of positionals, or the bare
 * "in.csv out.bin [size]".
 */
static int legacy(int argc, char **argv)
{
	struct job job = { 0 };
	struct key_words keys = { 0 };
	const char *input = NULL, *more[3] = { NULL };
	const struct cli_option options[] = {
		{ "input", 0, CLI_TEXT, &input, "F", "input CSV" },
		{ "output", 0, CLI_TEXT, &job.output, "F", "image file, .bin" },
		{ "size", 0, CLI_TEXT, &job.size, "N",
		  "partition size (default: " DEFAULT_SIZE ")" },
		{ "version", 0, CLI_TEXT, &job.version, "{v1,v2}",
		  "NVS format (default: v2)" },
		KEYCMD_WORD_OPTIONS(&keys),
		OUTDIR_OPTION(&job),
		{ 0 }
	};
	const struct cli_positional positionals[] = {
		{ "input", &more[0], "input CSV" },
		{ "output", &more[1], "image file, .bin" },
		{ "size", &more[2],
		  "partition size (default: " DEFAULT_SIZE ")" },
		{ 0 }
	};
	const struct cli_command cmd = {
		.name = "nvs_partition_gen",
		.summary = "The command line of older versions; today's is "
			   "nvs_partition_gen {generate,encrypt,...}.",
		.options = options,
		.positionals = positionals,
	};
	int r = cli_parse(&cmd, argc, argv, NULL, NULL);

	if (r < 0)
		r = take_more(&cmd, "input", &input, more[0]);
	if (r < 0)
		r = take_more(&cmd, "output", &job.output, more[1]);
	if (r < 0)
		r = take_more(&cmd, "size", &job.size, more[2]);
	if (r < 0)
		r = keycmd_take_words(&cmd, &keys, &job.single.keys,
				      &job.single.encrypt);
	if (r >= 0)
		return r;
	if (!job.size)
		job.size = DEFAULT_SIZE;
	if (!input || !job.output)
		return cli_wrong_usage(&cmd, "input and output are needed");
	job.single.inputs = &input;
	job.single.input_count = 1;
	return cli_close_stdout(run(&cmd, &job));
}

static const char usage[] =
	"usage: nvs_partition_gen [-h] "
	"{generate,generate-key,encrypt,decrypt} ...\n";

static int help(void)
{
	fputs(usage, stdout);
	fputs("\n"
	      "Make, encrypt and decrypt NVS partition images for ESP32.\n\n"
	      "  generate      an image from input CSVs\n"
	      "  generate-key  encryption keys\n"
	      "  encrypt       an encrypted image from input CSVs\n"
	      "  decrypt       the plaintext of an encrypted image\n\n"
	      "nvs_partition_gen COMMAND -h shows the options of a command.\n"
	      "Command lines of older versions work too:\n"
	      "  nvs_partition_gen --input x.csv --output x.bin --size 0x6000\n"
	      "  nvs_partition_gen x.csv x.bin [size]\n", stdout);
	cli_release(stdout);
	return cli_close_stdout(CLI_OK);
}

/*
 * The first argument is an option or the name of a file; another word is a
 * command misspelt, unless help is asked for.
 */
static bool is_legacy(int argc, char **argv)
{
	const char *first = argc > 1 ? argv[1] : "";

	for (int i = 2; i < argc; i++)
		if (cli_is_help(argv[i]))
			return true;
	return first[0] && (first[0] == '-' || strpbrk(first, "./") ||
			    file_exists(first));
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	cli_start();
	if (!strcmp(command, "generate"))
		return generate(argc - 1, argv + 1);
	if (!strcmp(command, "encrypt"))
		return encrypt_command(argc - 1, argv + 1);
	if (!strcmp(command, "decrypt"))
		return decrypt(argc - 1, argv + 1);
	if (!strcmp(command, "generate-key"))
		return keycmd_generate_key("nvs_partition_gen generate-key",
					   argc - 1, argv + 1);
	if (cli_is_help(command))
		return help();
	if (is_legacy(argc, argv))
		return legacy(argc, argv);
	return cli_unknown_command("nvs_partition_gen", usage, command);
}
