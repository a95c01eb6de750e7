/* SPDX-License-Identifier: Apache-2.0 */
#include "device.h"

#include <string.h>
#include <sys/stat.h>

#include "digest.h"
#include "file.h"
#include "stage.h"
#include "stage_files.h"

bool device_has_file(const struct batch_options *o, enum name_kind kind)
{
	switch (kind) {
	case NAME_HMAC_KEY:
		return o->keys == BATCH_HMAC_DRAWN;
	case NAME_KEY:
		return o->keys != BATCH_PLAIN && o->keys != BATCH_GIVEN;
	case NAME_LABEL_PNG:
	case NAME_LABEL_SVG:
		return o->label != NULL;
	default:
		return true;
	}
}

static int prepare_making(struct device_maker *m, struct err *err)
{
	const struct batch_options *o = m->o;

	m->image = mem_alloc(o->size);
	if (!m->image)
		return err_nomem(err);
	if (o->keys != BATCH_PLAIN && !(m->cipher = nvs_cipher_new(err)))
		return err->code;
	if ((o->keys == BATCH_DRAWN || o->keys == BATCH_HMAC_DRAWN) &&
	    !(m->random = random_system_new(err)))
		return err->code;
	if (o->keys == BATCH_GIVEN)
		return nvs_cipher_set_keys(m->cipher, o->given, err);
	return 0;
}

static void note_input(struct device_maker *m, const char *path,
		       const struct stat *st)
{
	m->needed[m->needed_count++] = (struct device_input){
		path, st->st_dev, st->st_ino
	};
}

/* What must not be replaced: neither a link nor what it leads to. */
static void note_inputs(struct device_maker *m)
{
	const struct batch_options *o = m->o;
	const char *values = o->tables ? o->tables->source : o->values;
	const char *paths[] = { o->conf, values, o->only, o->key_source,
				o->size_source };
	struct stat st;

	_Static_assert(2 * sizeof(paths) / sizeof(*paths) ==
		       sizeof(m->needed) / sizeof(*m->needed), "room for all");
	for (unsigned i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		if (!paths[i] || !strcmp(paths[i], "-"))
			continue;
		if (lstat(paths[i], &st))
			continue;
		note_input(m, paths[i], &st);
		if (S_ISLNK(st.st_mode) && !stat(paths[i], &st))
			note_input(m, paths[i], &st);
	}
}

int device_maker_init(struct device_maker *m, const struct batch_options *o,
		      const struct name_rule *rule,
		      const struct csv_join *join, const struct stage *stage,
		      const struct manifest *manifest,
		      struct csv_files *files, bool making, struct err *err)
{
	int r;

	*m = (struct device_maker){
		.o = o,
		.rule = rule,
		.join = join,
		.stage = stage,
		.manifest = manifest,
	};
	r = nvs_writer_init(&m->writer, o->size, o->version, err);
	if (r)
		return r;
	csv_decoder_init(&m->decoder, files);
	csv_join_expect(join, &m->decoder);
	if (o->overwrite)
		note_inputs(m);
	r = making ? prepare_making(m, err) : 0;
	if (r)
		device_maker_release(m);
	return r;
}

void device_maker_release(struct device_maker *m)
{
	csv_decoder_release(&m->decoder);
	nvs_writer_release(&m->writer);
	nvs_cipher_free(m->cipher);
	random_system_free(m->random);
	if (m->image)
		mem_wipe(m->image, m->o->size);
	mem_free(m->image);
	buf_wipe(&m->csv);
	buf_wipe(&m->png);
	buf_wipe(&m->svg);
	buf_release(&m->stem);
	buf_release(&m->file);
}

static int report(const struct err_sink *sink, const struct err *err)
{
	sink->report(sink->ctx, err);
	return err->code;
}

/* Set stem and say where the device's id stands. */
static int set_stem(struct device_maker *m, const struct csv_row *row,
		    uint64_t number, struct err *err)
{
	const struct csv_cell *id = csv_join_id(m->join, row);
	struct pos pos = { m->join->file, row->line, 1 };
	int r;

	if (id)
		pos = csv_cell_pos(m->join->file, id);
	r = name_stem(m->rule, number, id ? id->text : NULL, &m->stem, err);
	return r ? err_place(err, &pos) : 0;
}

/*
 * Whether --overwrite may replace a file of that kind. An HMAC key may be in
 * an eFuse already, and a key file with a name of its own may be another
 * device's: losing one of them loses a device.
 */
static bool is_replaceable(const struct device_maker *m, enum name_kind kind)
{
	return kind != NAME_HMAC_KEY &&
	       !(kind == NAME_KEY && m->rule->key_name);
}

static bool may_replace(const struct device_maker *m, enum name_kind kind)
{
	return m->o->overwrite && is_replaceable(m, kind);
}

/* A file that is replaced must not be one that this run reads. */
static int check_replaced(struct device_maker *m, enum name_kind kind,
			  struct err *err)
{
	const char *file = (char *)m->file.data;
	enum name_dir dir = name_dir_of[kind];
	struct stat st;

	if (!stage_target_stat(m->stage, dir, file, &st))
		return 0;
	for (size_t i = 0; i < m->needed_count; i++)
		if (m->needed[i].dev == st.st_dev &&
		    m->needed[i].ino == st.st_ino)
			return err_set(err, ERR_EXISTS, "'%s/%s/%s' would take "
				       "the place of '%s', which this run "
				       "needs: choose another --outdir or "
				       "prefix", m->stage->outdir,
				       name_dirs[dir], file,
				       m->needed[i].path);
	return 0;
}

static int check_targets(struct device_maker *m, const struct csv_row *row,
			 struct err *err)
{
	struct pos pos = { m->join->file, row->line, 1 };

	for (unsigned k = 0; k < NAME_KINDS; k++) {
		enum name_kind kind = (enum name_kind)k;

		if (!device_has_file(m->o, kind))
			continue;
		if (name_file(m->rule, kind, (char *)m->stem.data, &m->file))
			return err_nomem(err);
		if (may_replace(m, kind)) {
			if (check_replaced(m, kind, err))
				return err_place(err, &pos);
			continue;
		}
		if (stage_target_exists(m->stage, name_dir_of[kind],
					(char *)m->file.data))
			return err_at(err, &pos, ERR_EXISTS, "'%s/%s/%s' is there "
				      "already: choose another --outdir or "
				      "prefix, or %s", m->stage->outdir,
				      name_dirs[name_dir_of[kind]],
				      (char *)m->file.data,
				      is_replaceable(m, kind) ?
				      "replace it with --overwrite" :
				      "move that key away");
	}
	return 0;
}

int device_check(struct device_maker *m, const struct csv_row *row,
		 uint64_t number, bool look, struct nvs_usage *usage,
		 const struct err_sink *sink)
{
	struct pos pos = { m->join->file, row->line, 1 };
	struct err err = ERR_INIT;
	int r;

	r = set_stem(m, row, number, &err);
	if (!r && look)
		r = check_targets(m, row, &err);
	if (r)
		return report(sink, &err);
	r = csv_join_encode(m->join, row, &m->decoder, &m->writer, NULL, sink);
	if (r)
		return r;
	if (nvs_writer_finish(&m->writer, usage, &err)) {
		err_place(&err, m->decoder.full.line ? &m->decoder.full : &pos);
		return report(sink, &err);
	}
	return 0;
}

/*
 * Whether what stands in the outdir may be this batch's own: when nothing
 * is overwritten, all of it is, since the check would have refused the rest.
 */
static bool targets_are_ours(const struct device_maker *m)
{
	return m->o->start == BATCH_RESUME &&
	       (!m->o->overwrite || m->stage->publishing);
}

/* The file name of that kind, into m->file. */
static int name_it(struct device_maker *m, enum name_kind kind,
		   struct err *err)
{
	return name_file(m->rule, kind, (char *)m->stem.data, &m->file) ?
	       err_nomem(err) : 0;
}

/* What is as secret as a key is kept like one. */
static mode_t mode_of(const struct device_maker *m, enum name_kind kind)
{
	bool encrypted = m->o->keys != BATCH_PLAIN, secret;

	if (kind == NAME_CSV)
		secret = encrypted || m->o->secret_values;
	else if (kind == NAME_BIN)
		secret = !encrypted && m->o->secret_values;
	else
		secret = true;
	return secret ? FILE_MODE_SECRET : FILE_MODE_PUBLIC;
}

/*
 * Put a file in place unless a resumed run finds it right, staged or already
 * published.
 */
static int put_file(struct device_maker *m, enum name_kind kind,
		    const void *p, size_t n, struct err *err)
{
	enum name_dir dir = name_dir_of[kind];
	enum stage_found found = STAGE_ABSENT;
	const char *file;
	int r = 0;

	if (name_it(m, kind, err))
		return ERR_NOMEM;
	file = (char *)m->file.data;
	if (m->stage->resumed)
		r = stage_compare(m->stage, false, dir, file, p, n, &found,
				  err);
	if (!r && found != STAGE_EQUAL && targets_are_ours(m)) {
		r = stage_compare(m->stage, true, dir, file, p, n, &found,
				  err);
		m->in_place += !r && found == STAGE_EQUAL && kind == NAME_BIN;
		if (!r && found == STAGE_DIFFERENT && !may_replace(m, kind))
			r = err_set(err, ERR_EXISTS, "'%s/%s/%s' is there "
				    "already with other contents: move it "
				    "away", m->stage->outdir, name_dirs[dir],
				    file);
	}
	if (r)
		return r;
	if (found == STAGE_EQUAL) {
		m->kept++;
		return 0;
	}
	return stage_write(m->stage, dir, file, p, n, mode_of(m, kind),
			   m->stage->resumed, err);
}

/*
 * An earlier, interrupted run's file of n bytes, staged or published: 1, 0
 * when there is none, or an error.
 */
static int find_earlier(struct device_maker *m, enum name_kind kind, void *p,
			size_t n, struct err *err)
{
	enum name_dir dir = name_dir_of[kind];
	int r = name_it(m, kind, err);

	if (!r && m->stage->resumed)
		r = stage_read(m->stage, false, dir, (char *)m->file.data, p,
			       n, err);
	if (!r && targets_are_ours(m))
		r = stage_read(m->stage, true, dir, (char *)m->file.data, p,
			       n, err);
	return r;
}

/* The NVS keys that an interrupted run gave the device, the same way. */
static int find_keys(struct device_maker *m, struct nvs_keys *keys,
		     struct err *err)
{
	uint8_t partition[NVS_KEY_PARTITION_SIZE];
	int r = find_earlier(m, NAME_KEY, partition, sizeof(partition), err);

	if (r > 0 && nvs_keys_unpack(keys, partition, sizeof(partition), NULL))
		r = 0;
	mem_wipe(partition, sizeof(partition));
	return r;
}

/*
 * The HMAC key that an interrupted run gave the device. It has no checksum
 * to show whether a power cut has left it whole: the key that was derived
 * from it has.
 */
static int find_hmac_key(struct device_maker *m,
			 uint8_t key[NVS_HMAC_KEY_SIZE], struct err *err)
{
	struct nvs_keys staged, derived;
	int r = find_keys(m, &staged, err);

	if (r > 0)
		r = find_earlier(m, NAME_HMAC_KEY, key, NVS_HMAC_KEY_SIZE,
				 err);
	if (r > 0) {
		r = nvs_keys_derive(&derived, key, err);
		if (!r)
			r = !memcmp(&staged, &derived, sizeof(derived));
	}
	nvs_keys_wipe(&staged);
	nvs_keys_wipe(&derived);
	return r;
}

/* The keys of an interrupted run, or fresh ones. */
static int draw_keys(struct device_maker *m, struct nvs_keys *keys,
		     struct err *err)
{
	struct random_source random = random_system_source(m->random);
	int r = find_keys(m, keys, err);

	return r < 0 ? r : r > 0 ? 0 : nvs_keys_random(keys, &random, err);
}

/* The same by way of an HMAC key, which gets a file of its own. */
static int draw_hmac_key(struct device_maker *m, struct nvs_keys *keys,
			 struct err *err)
{
	struct random_source random = random_system_source(m->random);
	uint8_t key[NVS_HMAC_KEY_SIZE];
	int r = find_hmac_key(m, key, err);

	if (!r)
		r = random.fill(random.ctx, key, sizeof(key), err);
	if (r >= 0)
		r = put_file(m, NAME_HMAC_KEY, key, sizeof(key), err);
	if (!r)
		r = nvs_keys_derive(keys, key, err);
	mem_wipe(key, sizeof(key));
	return r;
}

/* The device's keys, and the files that hold them. */
static int make_keys(struct device_maker *m, struct nvs_keys *keys,
		     struct manifest_device *d, struct err *err)
{
	uint8_t partition[NVS_KEY_PARTITION_SIZE];
	int r;

	if (m->o->keys == BATCH_DRAWN)
		r = draw_keys(m, keys, err);
	else if (m->o->keys == BATCH_DERIVED)
		r = nvs_keys_derive(keys, m->o->hmac_key, err);
	else
		r = draw_hmac_key(m, keys, err);
	if (r)
		return r;
	nvs_keys_pack(keys, partition);
	r = put_file(m, NAME_KEY, partition, sizeof(partition), err);
	if (!r && m->manifest->fd >= 0)
		r = digest_sha256(partition, sizeof(partition),
				  d->keys.sha256, err);
	mem_wipe(partition, sizeof(partition));
	return r;
}

static int encode(struct device_maker *m, const struct csv_row *row,
		  const struct err_sink *sink)
{
	struct pos pos = { m->join->file, row->line, 1 };
	struct err err = ERR_INIT;
	int r;

	r = csv_join_encode(m->join, row, &m->decoder, &m->writer, m->image,
			    sink);
	if (r)
		return r;
	if (nvs_writer_finish(&m->writer, NULL, &err)) {
		err_place(&err, &pos);
		return report(sink, &err);
	}
	return 0;
}

static int encrypt(struct device_maker *m, struct manifest_device *d,
		   struct err *err)
{
	struct nvs_keys keys;
	int r = 0;

	if (m->o->keys == BATCH_PLAIN)
		return 0;
	if (m->o->keys != BATCH_GIVEN) {
		r = make_keys(m, &keys, d, err);
		if (!r)
			r = nvs_cipher_set_keys(m->cipher, &keys, err);
		nvs_keys_wipe(&keys);
	}
	return r ? r : nvs_image_encrypt(m->cipher, m->image, m->o->size, err);
}

/* A file whose contents are made, and its part of the manifest. */
static int finish_file(struct device_maker *m, enum name_kind kind,
		       const void *p, size_t n, struct manifest_file *f,
		       struct err *err)
{
	int r = put_file(m, kind, p, n, err);

	if (!r && m->manifest->fd >= 0)
		r = digest_sha256(p, n, f->sha256, err);
	return r;
}

static int list_device(struct device_maker *m,
		       const struct manifest_device *made,
		       struct buf *lines, struct err *err)
{
	struct buf keys = BUF_INIT, csv = BUF_INIT, bin = BUF_INIT;
	const char *stem = (char *)m->stem.data;
	struct manifest_device d = *made;
	int r;

	if (m->manifest->fd < 0)
		return 0;
	r = name_file(m->rule, NAME_CSV, stem, &csv) ||
	    name_file(m->rule, NAME_BIN, stem, &bin) ||
	    name_file(m->rule, NAME_KEY, stem, &keys);
	d.csv.dir = name_dirs[NAME_DIR_CSV];
	d.bin.dir = name_dirs[NAME_DIR_BIN];
	d.keys.dir = name_dirs[NAME_DIR_KEYS];
	d.csv.name = (char *)csv.data;
	d.bin.name = (char *)bin.data;
	if (device_has_file(m->o, NAME_KEY))
		d.keys.name = (char *)keys.data;
	if (!r)
		r = manifest_line(m->manifest, &d, lines);
	buf_release(&keys);
	buf_release(&csv);
	buf_release(&bin);
	return r ? err_nomem(err) : 0;
}

static int make_label(struct device_maker *m, uint64_t number,
		      struct err *err)
{
	int r;

	if (!m->o->label)
		return 0;
	m->png.len = m->svg.len = 0;
	r = m->o->label(m->o->ctx, number, &m->png, &m->svg, err);
	if (!r)
		r = put_file(m, NAME_LABEL_PNG, m->png.data, m->png.len, err);
	if (!r)
		r = put_file(m, NAME_LABEL_SVG, m->svg.data, m->svg.len, err);
	return r;
}

static int make_files(struct device_maker *m, const struct csv_row *row,
		      uint64_t number, struct buf *lines, struct err *err)
{
	const struct csv_cell *id = csv_join_id(m->join, row);
	struct manifest_device d = { .row = number, .id = id ? id->text : NULL };
	int r;

	m->csv.len = 0;
	r = csv_join_put(m->join, row, &m->csv) ? err_nomem(err) : 0;
	if (!r)
		r = encrypt(m, &d, err);
	if (!r)
		r = finish_file(m, NAME_CSV, m->csv.data, m->csv.len, &d.csv,
				err);
	if (!r)
		r = finish_file(m, NAME_BIN, m->image, m->o->size, &d.bin, err);
	if (!r)
		r = make_label(m, number, err);
	return r ? r : list_device(m, &d, lines, err);
}

int device_make(struct device_maker *m, const struct csv_row *row,
		uint64_t number, struct buf *lines,
		const struct err_sink *sink)
{
	struct err err = ERR_INIT;
	int r;

	r = set_stem(m, row, number, &err);
	if (r)
		return report(sink, &err);
	r = encode(m, row, sink);
	if (r)
		return r;
	r = make_files(m, row, number, lines, &err);
	return r ? report(sink, &err) : 0;
}
