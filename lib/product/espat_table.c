/* SPDX-License-Identifier: Apache-2.0 */
/* espat_table.c - where and how large ESP-AT's own partitions are. */
#include "espat_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "text.h"

/* ---- Sizes ---- */

__extension__ typedef unsigned __int128 wide;

/* Enough for all of 64 bits and a good fraction; below 2^80. */
#define DIGITS_MAX 24u

/* A number as digits * 10^exponent. */
struct decimal {
	wide digits;
	unsigned count; /* of digits, without zeros in front */
	int exponent;
};

/* Digits on both sides of a point; returns what is behind them, or NULL. */
static const char *take_digits(const char *s, struct decimal *d)
{
	bool any = false, point = false;

	for (;; s++) {
		if (*s == '.' && !point) {
			point = true;
			continue;
		}
		if (*s < '0' || *s > '9')
			return any ? s : NULL;
		any = true;
		if (d->count == DIGITS_MAX) { /* further ones are cut off */
			d->exponent += !point;
			continue;
		}
		d->digits = 10 * d->digits + (unsigned)(*s - '0');
		d->count += d->digits != 0;
		d->exponent -= point;
	}
}

/* "e3" if it is there; an "e" without digits is left standing. */
static const char *take_exponent(const char *s, struct decimal *d)
{
	const char *p = s;
	bool negative;
	int n = 0;

	if (*p != 'e' && *p != 'E')
		return s;
	p++;
	negative = *p == '-';
	p += *p == '-' || *p == '+';
	if (*p < '0' || *p > '9')
		return s;
	for (; *p >= '0' && *p <= '9'; p++)
		if (n < 1000)
			n = 10 * n + (*p - '0');
	d->exponent += negative ? -n : n;
	return p;
}

static const char *skip_blanks(const char *s)
{
	while (text_is_space(*s))
		s++;
	return s;
}

/* K, M, G, T and B, or nothing. */
static const char *take_unit(const char *s, unsigned *shift)
{
	static const char units[] = "kKmMgGtT";
	const char *u = *s ? strchr(units, *s) : NULL;

	*shift = u ? 10 * ((unsigned)(u - units) / 2 + 1) : 0;
	s += u != NULL;
	return s + (*s == 'b' || *s == 'B');
}

/* digits * 2^shift * 10^exponent, cut; false when it does not fit. */
static bool scale(const struct decimal *d, unsigned shift, uint64_t *out)
{
	wide n = d->digits << shift;
	int exponent = d->exponent;

	for (; exponent < 0 && n; exponent++)
		n /= 10;
	for (; exponent > 0 && n && n <= UINT64_MAX; exponent--)
		n *= 10;
	*out = (uint64_t)n;
	return n <= UINT64_MAX;
}

static int bad_size(const char *text, struct err *err)
{
	char shown[TEXT_SHOWN];

	return err_set(err, ERR_INPUT, "the partition size '%s' is not "
		       "understood; write it like 112K, 1.5M, 0x1c000 or "
		       "114688", text_show(shown, sizeof(shown), text,
					   strlen(text)));
}

static int too_large(const char *text, struct err *err)
{
	return err_set(err, ERR_RANGE, "the partition size '%s' is beyond 64 "
		       "bits", text);
}

int espat_size(const char *text, uint64_t *size, struct err *err)
{
	struct decimal d = { 0, 0, 0 };
	const char *s = skip_blanks(text);
	enum text_status st;
	unsigned shift;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		st = text_unsigned(s, size);
		if (st == TEXT_OVERFLOW)
			return too_large(text, err);
		return st == TEXT_OK ? 0 : bad_size(text, err);
	}
	s = take_digits(s, &d);
	if (!s)
		return bad_size(text, err);
	s = take_unit(skip_blanks(take_exponent(s, &d)), &shift);
	if (*skip_blanks(s))
		return bad_size(text, err);
	return scale(&d, shift, size) ? 0 : too_large(text, err);
}

/* ---- at_customize.csv ---- */

static char *lower_case(const char *s)
{
	char *copy = mem_strndup(s, strlen(s));

	for (char *p = copy; p && *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return copy;
}

/* module_config/<before><name><after>/at_customize.csv */
static const char *config_path(struct espat *e, const char *before,
			       const char *name, const char *after,
			       const char *file, struct err *err)
{
	struct buf below = BUF_INIT;
	char *lower = lower_case(name);
	const char *path = NULL;

	if (!lower || buf_printf(&below, "module_config/%s%s%s", before, lower,
				 after) || !buf_str(&below))
		err_nomem(err);
	else
		path = espat_path(e, (char *)below.data, file, err);
	mem_free(lower);
	buf_release(&below);
	return path;
}

/* That of the module; when it has no directory, that of its platform. */
static int find_table(struct espat *e, struct err *err)
{
	static const char prefix[] = "PLATFORM_";
	const char *platform, *directory;
	struct stat st;
	bool own;
	int r;

	r = espat_load_module(e, err);
	if (r)
		return r;
	directory = config_path(e, "module_", e->module, "", NULL, err);
	if (!directory)
		return ERR_NOMEM;
	own = !stat(directory, &st);
	if (!own && errno != ENOENT)
		return err_io(err, errno, "cannot look at", directory);
	platform = e->platform;
	if (text_same_word(platform, strnlen(platform, sizeof(prefix) - 1),
			   prefix))
		platform += sizeof(prefix) - 1;
	e->table = own ?
		config_path(e, "module_", e->module, "", "at_customize.csv",
			    err) :
		config_path(e, "module_", platform, "_default",
			    "at_customize.csv", err);
	return e->table ? 0 : ERR_NOMEM;
}

/* The row without its blanks, which count nowhere. */
static int squeeze(const char *s, size_t len, struct buf *out)
{
	out->len = 0;
	for (size_t i = 0; i < len; i++)
		if (!text_is_space(s[i]) && buf_putc(out, (uint8_t)s[i]))
			return ERR_NOMEM;
	return buf_str(out) ? 0 : ERR_NOMEM;
}

/* Field n, from 0, of a line; "" when it is not there. NULL: no memory. */
static char *field(const char *line, unsigned n)
{
	size_t len;

	for (; n; n--) {
		line += strcspn(line, ",");
		line += *line == ',';
	}
	len = strcspn(line, ",");
	return mem_strndup(line, len);
}

static int add_partition(struct espat *e, const char *line, unsigned number)
{
	struct espat_partition *p;

	p = mem_grow(e->partitions, e->partition_count + 1, &e->partitions_cap,
		     sizeof(*p));
	if (!p)
		return ERR_NOMEM;
	e->partitions = p;
	p += e->partition_count++;
	*p = (struct espat_partition){
		field(line, 0), field(line, 3), field(line, 4), number
	};
	return p->name && p->offset && p->size ? 0 : ERR_NOMEM;
}

int espat_load_partitions(struct espat *e, const char *path, struct err *err)
{
	struct buf text = BUF_INIT, line = BUF_INIT;
	unsigned number = 1;
	size_t at = 0, n;
	const char *s;
	int r;

	e->table = path;
	r = path ? 0 : find_table(e, err);
	if (!r)
		r = file_read(e->table, ESPAT_FILE_MAX, &text, err);
	for (; !r && espat_next_line(&text, &at, &s, &n); number++) {
		if (squeeze(s, n, &line))
			r = err_nomem(err);
		else if (line.len && line.data[0] != '#' &&
			 add_partition(e, (char *)line.data, number))
			r = err_nomem(err);
	}
	buf_release(&text);
	buf_release(&line);
	return r;
}

/* Offset and size have to be there once the partition is needed. */
static int check_partition(const struct espat *e,
			   const struct espat_partition *p, struct err *err)
{
	struct pos pos = { e->table, p->line, 1 };

	if (*p->offset && *p->size)
		return 0;
	return err_at(err, &pos, ERR_INPUT, "partition '%s': %s is missing; a "
		      "row is 'Name, Type, SubType, Offset, Size'", p->name,
		      *p->offset ? "its size" : "its offset");
}

void espat_place_partition(const struct espat *e,
			   const struct espat_partition *p, struct err *err)
{
	err_place(err, &(struct pos){ e->table, p->line, 1 });
}

static const struct espat_partition *find(const struct espat *e,
					  const char *name)
{
	for (size_t i = 0; i < e->partition_count; i++)
		if (!strcmp(e->partitions[i].name, name))
			return &e->partitions[i];
	return NULL;
}

const struct espat_partition *espat_partition(const struct espat *e,
					      const char *name,
					      struct err *err)
{
	const struct espat_partition *p = find(e, name);
	struct pos pos = { e->table, 0, 0 };
	struct buf names = BUF_INIT;
	int r = 0;

	if (p)
		return check_partition(e, p, err) ? NULL : p;
	for (size_t i = 0; !r && i < e->partition_count; i++)
		r = buf_printf(&names, "%s%s", i ? ", " : "",
			       e->partitions[i].name);
	if (r || !buf_str(&names))
		err_nomem(err);
	else if (!e->partition_count)
		err_at(err, &pos, ERR_INPUT, "no partition '%s': the table has "
		       "no rows", name);
	else
		err_at(err, &pos, ERR_INPUT, "no partition '%s'; the table "
		       "has: %s", name, buf_str(&names));
	buf_release(&names);
	return NULL;
}

static bool is_needed(const struct espat *e, const char *name)
{
	for (size_t i = 0; i < e->feature_count; i++)
		if (!strcmp(e->features[i].directory, name))
			return true;
	return false;
}

int espat_flash_list(const struct espat *e, const char *outdir,
		     struct buf *out, struct err *err)
{
	static const char storage[] = "fs_storage";
	struct pos pos = { e->table, 0, 0 };
	size_t start = out->len;
	int r = 0;

	if (is_needed(e, storage) && !find(e, storage))
		return err_at(err, &pos, ERR_INPUT, "a feature of sdkconfig "
			      "needs the partition '%s', which is not in this "
			      "table", storage);
	for (size_t i = 0; !r && i < e->partition_count; i++) {
		const struct espat_partition *p = &e->partitions[i];

		if (!is_needed(e, p->name))
			continue;
		r = check_partition(e, p, err);
		if (!r && buf_printf(out, "%s %s/%s.bin %s\r\n", p->offset,
				     outdir, p->name, p->size))
			r = err_nomem(err);
	}
	if (r)
		out->len = start;
	return r;
}
