/* SPDX-License-Identifier: Apache-2.0 */
/*
 * homekit_payload.c - the setup payload of a HomeKit label.
 *
 *	X-HM:// | 9 digits of base 36 | setup id | 18 digits of base 36 |
 *
 * The first number, from its highest bit down:
 *
 *	43-45  version, 0
 *	39-42  0; bit 40 is set when product data follows
 *	31-38  category
 *	27-30  flags: 30 WAC, 29 BLE, 28 IP, 27 paired (0 on a label)
 *	 0-26  the setup code as a number
 *
 * The second one, of MFi makers: the low 32 bits of the product data, times
 * 2^56. (HomeKit ADK, HAPAccessorySetup; HAP specification, "Setup Payload".)
 */
#include "homekit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define PREFIX "X-HM://"
#define SETUP_DIGITS 9u
#define PRODUCT_DIGITS 18u
#define PRODUCT_DATA_LEN 16u
#define PRODUCT_BIT ((uint64_t)1 << 40)
#define CATEGORY_SHIFT 31
#define FLAGS_SHIFT 27

_Static_assert(sizeof(PREFIX) - 1 + SETUP_DIGITS + HOMEKIT_ID_LEN +
	       PRODUCT_DIGITS == HOMEKIT_PAYLOAD_MAX, "longest payload");

static const struct category {
	unsigned number;
	const char *name;
} categories[] = {
	{ 1, "other" },
	{ 2, "bridge" },
	{ 3, "fan" },
	{ 4, "garage-door" },
	{ 5, "lighting" },
	{ 6, "lock" },
	{ 7, "outlet" },
	{ 8, "switch" },
	{ 9, "thermostat" },
	{ 10, "sensor" },
	{ 11, "security-system" },
	{ 12, "door" },
	{ 13, "window" },
	{ 14, "window-covering" },
	{ 15, "programmable-switch" },
	{ 16, "range-extender" },
	{ 19, "air-purifier" },
	{ 20, "heater" },
	{ 21, "air-conditioner" },
	{ 22, "humidifier" },
	{ 23, "dehumidifier" },
	{ 28, "sprinkler" },
	{ 29, "faucet" },
	{ 30, "shower" },
};

#define CATEGORIES (sizeof(categories) / sizeof(categories[0]))

const char *homekit_category_name(unsigned category)
{
	for (size_t i = 0; i < CATEGORIES; i++)
		if (categories[i].number == category)
			return categories[i].name;
	return NULL;
}

static int unknown_category(const char *text, struct err *err)
{
	struct buf names = BUF_INIT;
	char shown[TEXT_SHOWN];
	int r = 0;

	for (size_t i = 0; !r && i < CATEGORIES; i++)
		r = buf_printf(&names, "%s%s", i ? ", " : "",
			       categories[i].name);
	if (r || !buf_str(&names))
		r = err_nomem(err);
	else
		r = err_set(err, ERR_INPUT, "no accessory category '%s'; give "
			    "a number from 1 to 255 or one of: %s",
			    text_show(shown, sizeof(shown), text, strlen(text)),
			    buf_str(&names));
	buf_release(&names);
	return r;
}

int homekit_category(const char *text, unsigned *category, struct err *err)
{
	enum text_status st;
	uint64_t n;

	for (size_t i = 0; i < CATEGORIES; i++)
		if (text_same_word(text, strlen(text), categories[i].name)) {
			*category = categories[i].number;
			return 0;
		}
	st = text_unsigned(text, &n);
	if (st == TEXT_EMPTY || st == TEXT_NOT)
		return unknown_category(text, err);
	if (st == TEXT_OVERFLOW || n < 1 || n > UINT8_MAX)
		return err_set(err, ERR_RANGE, "accessory category %s is not "
			       "within 1 to 255", text);
	*category = (unsigned)n;
	return 0;
}

int homekit_product_check(const struct homekit_product *p, struct err *err)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	unsigned known = HOMEKIT_IP | HOMEKIT_BLE | HOMEKIT_WAC;
	const char *data = p->product_data;

	if (p->category < 1 || p->category > UINT8_MAX)
		return err_set(err, ERR_RANGE, "accessory category %u is not "
			       "within 1 to 255", p->category);
	if (p->flags & ~known)
		return err_set(err, ERR_RANGE, "the flags 0x%x of the setup "
			       "payload hold others than IP (2), BLE (4) and "
			       "WAC (8)", p->flags);
	if (!(p->flags & (HOMEKIT_IP | HOMEKIT_BLE)))
		return err_set(err, ERR_RANGE, "the flags 0x%x of the setup "
			       "payload lack both IP (2) and BLE (4); one of "
			       "them is needed", p->flags);
	if ((p->flags & HOMEKIT_WAC) && !(p->flags & HOMEKIT_IP))
		return err_set(err, ERR_RANGE, "the flags 0x%x of the setup "
			       "payload hold WAC (8) without IP (2), which it "
			       "needs", p->flags);
	if (data && (strlen(data) != PRODUCT_DATA_LEN ||
		     strspn(data, hex) != PRODUCT_DATA_LEN))
		return err_set(err, ERR_INPUT, "the product data has to be %u "
			       "hex digits, as the MFi portal gives them",
			       PRODUCT_DATA_LEN);
	return 0;
}

/* high * 2^64 + low in base 36, of exactly that many digits. */
static void put_base36(uint64_t high, uint64_t low, char *out, unsigned digits)
{
	static const char digit[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	uint32_t part[4] = { (uint32_t)(high >> 32), (uint32_t)high,
			     (uint32_t)(low >> 32), (uint32_t)low };

	while (digits--) {
		uint64_t rest = 0;

		for (size_t i = 0; i < 4; i++) {
			rest = rest << 32 | part[i];
			part[i] = (uint32_t)(rest / 36);
			rest %= 36;
		}
		out[digits] = digit[rest];
	}
}

void homekit_payload(const struct homekit_product *p, const char *code,
		     const char *id, char out[HOMEKIT_PAYLOAD_MAX + 1])
{
	uint64_t n = (uint64_t)p->category << CATEGORY_SHIFT |
		     (uint64_t)p->flags << FLAGS_SHIFT |
		     strtoul(code, NULL, 10);
	char *to = out + sizeof(PREFIX) - 1;
	uint64_t product;

	if (p->product_data)
		n |= PRODUCT_BIT;
	memcpy(out, PREFIX, sizeof(PREFIX) - 1);
	put_base36(0, n, to, SETUP_DIGITS);
	to += SETUP_DIGITS;
	memcpy(to, id, HOMEKIT_ID_LEN);
	to += HOMEKIT_ID_LEN;
	if (p->product_data) {
		product = strtoul(p->product_data + PRODUCT_DATA_LEN - 8, NULL,
				  16);
		put_base36(product >> 8, product << 56, to, PRODUCT_DIGITS);
		to += PRODUCT_DIGITS;
	}
	*to = '\0';
}
