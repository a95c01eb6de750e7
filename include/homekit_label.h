/* SPDX-License-Identifier: Apache-2.0 */
/*
 * homekit_label.h - the label of an accessory: its setup payload as a QR
 * code, and its setup code in digits below it.
 *
 * Both forms show the same, and the same input gives the same bytes: black on
 * white, the quiet zone of four modules that ISO/IEC 18004 asks for included,
 * error correction of level M. A module has 8 units and a unit of the PNG is
 * a pixel of 1/300 inch, so that a label is about 20 mm wide.
 *
 * Labels are secrets like the setup code on them.
 */
#ifndef HOMEKIT_LABEL_H
#define HOMEKIT_LABEL_H

#include "buf.h"
#include "err.h"

/*
 * Append the label as a PNG file, or as SVG text, to out. payload is what
 * homekit_payload() made; shown is printed below: up to 12 digits and
 * hyphens, "111-22-333". 0; ERR_INPUT when shown holds something else;
 * ERR_NOMEM: then out has its old length.
 */
__attribute__((warn_unused_result))
int homekit_label_png(const char *payload, const char *shown, struct buf *out,
		      struct err *err);
__attribute__((warn_unused_result))
int homekit_label_svg(const char *payload, const char *shown, struct buf *out,
		      struct err *err);

#endif
