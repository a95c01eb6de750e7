/* SPDX-License-Identifier: Apache-2.0 */
/*
 * homekit.h - the setup data of a HomeKit accessory.
 *
 * An accessory's firmware stores its setup id, an SRP salt and an SRP
 * verifier of its setup code; the code itself stands on the label only, in
 * digits and in the setup payload of a QR code. Sources: HomeKit Accessory
 * Protocol specification ("Setup Code", "Setup ID", "Setup Payload"); Apple's
 * HomeKit ADK (HAPAccessorySetup); Espressif's HomeKit SDK (factory_nvs_gen).
 *
 * Setup codes, verifiers and all texts made of them are secrets. Messages
 * show a code only when it is one of those that HomeKit forbids.
 */
#ifndef HOMEKIT_H
#define HOMEKIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "random.h"
#include "srp.h"

#define HOMEKIT_USER "Pair-Setup"     /* the SRP user name */
#define HOMEKIT_NAMESPACE "hap_setup" /* where the firmware looks */

/* Lengths without NUL. */
#define HOMEKIT_CODE_LEN 8u     /* "11122333" */
#define HOMEKIT_SHOWN_LEN 10u   /* "111-22-333" */
#define HOMEKIT_ID_LEN 4u       /* "ES32" */
#define HOMEKIT_PAYLOAD_MAX 38u /* "X-HM://", 9 digits, id, 18 digits */

/*
 * Whether a setup code is possible: 8 ASCII digits (ERR_INPUT otherwise), and
 * none of the twelve that HomeKit forbids (ERR_RANGE): all digits equal,
 * 12345678, 87654321.
 */
__attribute__((warn_unused_result))
int homekit_code_check(const char *code, struct err *err);

/* Whether a setup id is possible: 4 characters 0-9 A-Z. ERR_INPUT. */
__attribute__((warn_unused_result))
int homekit_id_check(const char *id, struct err *err);

/* "111-22-333" as a C string; code is 8 digits. */
void homekit_code_show(const char *code, char shown[HOMEKIT_SHOWN_LEN + 1]);

/*
 * Draw a setup code: eight independent uniform digits, again while the code
 * is forbidden; or a setup id: four uniform characters. 0 or ERR_CRYPTO.
 */
__attribute__((warn_unused_result))
int homekit_code_random(const struct random_source *random,
			char code[HOMEKIT_CODE_LEN + 1], struct err *err);
__attribute__((warn_unused_result))
int homekit_id_random(const struct random_source *random,
		      char id[HOMEKIT_ID_LEN + 1], struct err *err);

/* A salt from exactly 32 hex digits of either case. ERR_INPUT otherwise. */
__attribute__((warn_unused_result))
int homekit_salt_parse(const char *hex, uint8_t salt[SRP_SALT_SIZE],
		       struct err *err);

/* What an accessory stores. */
struct homekit_setup {
	char id[HOMEKIT_ID_LEN + 1];
	uint8_t salt[SRP_SALT_SIZE];
	uint8_t verifier[SRP_VERIFIER_SIZE];
};

/*
 * Check code and id, and compute the verifier. salt: 16 random bytes.
 * Wipe *s after use.
 */
__attribute__((warn_unused_result))
int homekit_setup_make(struct homekit_setup *s, struct srp *srp,
		       const char *code, const char *id,
		       const uint8_t salt[SRP_SALT_SIZE], struct err *err);

void homekit_setup_wipe(struct homekit_setup *s);

/* The maker's own entries, which stand in front of the setup data. */
struct homekit_infile {
	struct buf text; /* its lines ended by LF, the last one too */
	bool declares;   /* the namespace hap_setup is declared, and last */
	size_t columns;  /* of its header: four, or more with others behind */
};

#define HOMEKIT_INFILE_INIT { BUF_INIT, false, 4 }

/*
 * Read a generator CSV. ERR_INPUT with its place when it is not a CSV, lacks
 * the header line "key,type,encoding,value" in this order (the setup lines
 * are appended in it), or declares hap_setup before another namespace: the
 * setup lines would land in that one. Only an entirely spelled declaration,
 * "hap_setup,namespace,,", counts; a lesser one is followed by one of ours.
 * path is borrowed by *err. On failure nothing has to be released.
 */
__attribute__((warn_unused_result))
int homekit_infile_load(struct homekit_infile *in, const char *path,
			struct err *err);

/* Wiped: it may hold secrets of the maker's. */
void homekit_infile_release(struct homekit_infile *in);

/*
 * Append the generator CSV: the maker's entries, in which case in is not
 * NULL, and the setup data. The last line has no line end. 0 or ERR_NOMEM.
 */
__attribute__((warn_unused_result))
int homekit_csv(const struct homekit_setup *s, const struct homekit_infile *in,
		struct buf *out, struct err *err);

/* ---- The setup payload, which the QR code on the label holds ---- */

enum homekit_flag {
	HOMEKIT_IP = 2,  /* HAP over IP */
	HOMEKIT_BLE = 4, /* HAP over BLE */
	HOMEKIT_WAC = 8  /* Wi-Fi accessory configuration; needs IP */
};

/* What the SDK's payload tool always uses. */
#define HOMEKIT_FLAGS_DEFAULT (HOMEKIT_IP | HOMEKIT_WAC)

struct homekit_product {
	unsigned category;        /* 1 to 255 */
	unsigned flags;           /* enum homekit_flag */
	const char *product_data; /* 16 hex digits, or NULL: MFi makers only */
};

/*
 * Whether a payload can be made of it. ERR_RANGE: category or flags,
 * ERR_INPUT: product data.
 */
__attribute__((warn_unused_result))
int homekit_product_check(const struct homekit_product *p, struct err *err);

/*
 * "X-HM://..." as a C string. p has been checked; code is 8 digits (not
 * looked at further), id 4 characters.
 */
void homekit_payload(const struct homekit_product *p, const char *code,
		     const char *id, char out[HOMEKIT_PAYLOAD_MAX + 1]);

/*
 * A category by its number (1 to 255) or name ("lighting", "garage-door", in
 * any case). ERR_INPUT or ERR_RANGE; the message lists the names.
 */
__attribute__((warn_unused_result))
int homekit_category(const char *text, unsigned *category, struct err *err);

/* Its name, NULL for a number without one. */
const char *homekit_category_name(unsigned category);

#endif
