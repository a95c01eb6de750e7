/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nvs_check.h - is this image what a factory should flash? A table of named
 * checks over an image that a struct nvs_reader has taken apart.
 *
 * The checks together see every bit of a used page: in an image as a
 * generator writes it, no bit can flip without a finding, or an item that
 * becomes another or disappears.
 *
 * Sources: ESP-IDF Programming Guide, "Non-Volatile Storage Library", and the
 * behaviour of that library when it mounts an image.
 */
#ifndef NVS_CHECK_H
#define NVS_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "nvs_reader.h"

enum nvs_severity {
	NVS_NOTE,    /* worth knowing; a generator may well write this */
	NVS_WARNING, /* a device copes with it; a factory image has it not */
	NVS_ERROR    /* a device loses or misreads something */
};

/* "note", "warning", "error". */
const char *nvs_severity_name(enum nvs_severity severity);

struct nvs_check;

/* Valid during the call only. */
struct nvs_finding {
	const struct nvs_check *check;
	size_t offset;    /* byte in the image */
	/* Namespace and key of the item it is about, as far as they can be
	 * told, control characters shown as \xNN; else "". With a damaged
	 * entry they may be damaged too. */
	const char *ns;
	const char *key;
	const char *text; /* what is wrong; without place, namespace and key */
};

struct nvs_finding_sink {
	void (*report)(void *ctx, const struct nvs_finding *finding);
	void *ctx;
};

struct nvs_check {
	const char *name;           /* "entry_crc": for tests, lists, scripts */
	enum nvs_severity severity; /* of all its findings */
	const char *about;          /* what it demands, in one line */
	void (*run)(const struct nvs_check *check, const struct nvs_reader *r,
		    const struct nvs_finding_sink *sink);
};

/* Check n of the table, or NULL behind its end; the one of that name. */
const struct nvs_check *nvs_check_at(size_t n);
const struct nvs_check *nvs_check_named(const char *name);

/* How many findings of each severity there were. */
struct nvs_check_result {
	size_t count[NVS_ERROR + 1];
};

/*
 * Run all checks over the image that r has loaded. Findings come check by
 * check, in the order of the table. sink may be NULL to count only.
 */
struct nvs_check_result nvs_check_all(const struct nvs_reader *r,
				      const struct nvs_finding_sink *sink);

/* Run one check. */
struct nvs_check_result nvs_check_one(const struct nvs_check *check,
				      const struct nvs_reader *r,
				      const struct nvs_finding_sink *sink);

/*
 * "image.bin:0x3260: error (entry_crc): cfg:serial: text" into out[size],
 * always NUL-terminated; returns out. NVS_FINDING_TEXT_MAX is enough.
 */
char *nvs_finding_format(const struct nvs_finding *f, const char *file,
			 char *out, size_t size);

#define NVS_FINDING_TEXT_MAX 1024

#endif
