/* SPDX-License-Identifier: Apache-2.0 */
#include "homekit_label.h"

#include <errno.h>
#include <png.h>
#include <qrencode.h>
#include <setjmp.h>
#include <stdbool.h>
#include <string.h>

/* Units: pixels of the PNG, user units of the SVG. */
#define MODULE 8u        /* side of a module of the QR code */
#define QUIET 4u         /* modules of white around it */
#define DOT 3u           /* side of a dot of the digits */
#define MARGIN (2u * MODULE)  /* below the digits */
#define DOTS_PER_METRE 11811u /* 300 per inch */

#define GLYPH_WIDTH 5u
#define GLYPH_HEIGHT 7u
#define GLYPH_STEP (GLYPH_WIDTH + 1u)
#define SHOWN_MAX 12u

/* The smallest QR code has 21 modules. */
_Static_assert(SHOWN_MAX * GLYPH_STEP * DOT <= (21 + 2 * QUIET) * MODULE,
	       "the digits fit the width of every label");

/* Five dots a row, the leftmost in bit 4. */
static const uint8_t digits[10][GLYPH_HEIGHT] = {
	{ 0x0E, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0E },
	{ 0x04, 0x0C, 0x14, 0x04, 0x04, 0x04, 0x1F },
	{ 0x0E, 0x11, 0x01, 0x06, 0x08, 0x10, 0x1F },
	{ 0x0E, 0x11, 0x01, 0x06, 0x01, 0x11, 0x0E },
	{ 0x02, 0x06, 0x0A, 0x12, 0x1F, 0x02, 0x02 },
	{ 0x1F, 0x10, 0x1E, 0x01, 0x01, 0x11, 0x0E },
	{ 0x06, 0x08, 0x10, 0x1E, 0x11, 0x11, 0x0E },
	{ 0x1F, 0x01, 0x02, 0x02, 0x04, 0x04, 0x04 },
	{ 0x0E, 0x11, 0x11, 0x0E, 0x11, 0x11, 0x0E },
	{ 0x0E, 0x11, 0x11, 0x0F, 0x01, 0x02, 0x0C },
};

static const uint8_t hyphen[GLYPH_HEIGHT] = { 0, 0, 0, 0x0E, 0, 0, 0 };

struct label {
	QRcode *qr;
	const char *shown;
	unsigned width, height;
};

/* Receives the black rectangles of a label. 0 or ERR_NOMEM. */
typedef int rectangle_fn(void *ctx, unsigned x, unsigned y, unsigned w,
			 unsigned h);

static unsigned text_width(const char *shown)
{
	return (unsigned)strlen(shown) * GLYPH_STEP * DOT;
}

static int label_init(struct label *l, const char *payload, const char *shown,
		      struct err *err)
{
	unsigned side;

	if (strspn(shown, "0123456789-") != strlen(shown) ||
	    strlen(shown) > SHOWN_MAX)
		return err_set(err, ERR_INPUT, "a label can show up to %u "
			       "digits and hyphens", SHOWN_MAX);
	l->shown = shown;
	/* Letters are upper case, so the compact alphanumeric mode is used. */
	l->qr = QRcode_encodeString(payload, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
	if (!l->qr)
		return errno == ENOMEM ? err_nomem(err) :
		       err_set(err, ERR_INPUT, "the setup payload does not fit "
			       "a QR code");
	side = ((unsigned)l->qr->width + 2 * QUIET) * MODULE;
	l->width = side;
	l->height = side + GLYPH_HEIGHT * DOT + MARGIN;
	return 0;
}

static void label_release(struct label *l)
{
	if (!l->qr)
		return;
	mem_wipe(l->qr->data, (size_t)l->qr->width * (size_t)l->qr->width);
	QRcode_free(l->qr);
	l->qr = NULL;
}

static bool is_black(const QRcode *qr, unsigned x, unsigned y)
{
	return qr->data[y * (unsigned)qr->width + x] & 1;
}

/* Neighbouring modules of a row become one rectangle. */
static int draw_code(const QRcode *qr, rectangle_fn *put, void *ctx)
{
	unsigned side = (unsigned)qr->width, end;

	for (unsigned y = 0; y < side; y++)
		for (unsigned x = 0; x < side; x = end) {
			bool black = is_black(qr, x, y);

			for (end = x + 1; end < side; end++)
				if (is_black(qr, end, y) != black)
					break;
			if (black && put(ctx, (QUIET + x) * MODULE,
					 (QUIET + y) * MODULE,
					 (end - x) * MODULE, MODULE))
				return ERR_NOMEM;
		}
	return 0;
}

static int draw_glyph(const uint8_t rows[GLYPH_HEIGHT], unsigned x,
		      unsigned y, rectangle_fn *put, void *ctx)
{
	for (unsigned i = 0; i < GLYPH_HEIGHT; i++)
		for (unsigned k = 0; k < GLYPH_WIDTH; k++)
			if (rows[i] >> (GLYPH_WIDTH - 1 - k) & 1 &&
			    put(ctx, x + k * DOT, y + i * DOT, DOT, DOT))
				return ERR_NOMEM;
	return 0;
}

static int draw_label(const struct label *l, rectangle_fn *put, void *ctx)
{
	unsigned x = (l->width - text_width(l->shown) + DOT) / 2;
	unsigned y = l->width;
	int r;

	r = draw_code(l->qr, put, ctx);
	for (const char *c = l->shown; !r && *c; c++) {
		r = draw_glyph(*c == '-' ? hyphen : digits[*c - '0'], x, y, put,
			       ctx);
		x += GLYPH_STEP * DOT;
	}
	return r;
}

/* ---- SVG ---- */

static int put_path(void *ctx, unsigned x, unsigned y, unsigned w, unsigned h)
{
	return buf_printf(ctx, "M%u %uh%uv%uh-%uz\n", x, y, w, h, w);
}

/* Hundredths of a millimetre: no locale writes a comma into a whole number. */
static unsigned hundredths(unsigned units)
{
	return units * 100000u / DOTS_PER_METRE;
}

static int put_svg(const struct label *l, struct buf *out)
{
	unsigned w = hundredths(l->width), h = hundredths(l->height);
	int r;

	r = buf_printf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		       "<svg xmlns=\"http://www.w3.org/2000/svg\" "
		       "width=\"%u.%02umm\" height=\"%u.%02umm\" "
		       "viewBox=\"0 0 %u %u\" "
		       "shape-rendering=\"crispEdges\">\n"
		       "<rect width=\"%u\" height=\"%u\" fill=\"#fff\"/>\n"
		       "<path d=\"", w / 100, w % 100, h / 100, h % 100,
		       l->width, l->height, l->width, l->height);
	if (!r)
		r = draw_label(l, put_path, out);
	if (!r)
		r = buf_puts(out, "\"/>\n</svg>\n");
	return r;
}

int homekit_label_svg(const char *payload, const char *shown, struct buf *out,
		      struct err *err)
{
	struct label l = { 0 };
	size_t start = out->len;
	int r;

	r = label_init(&l, payload, shown, err);
	if (r)
		return r;
	r = put_svg(&l, out);
	label_release(&l);
	if (!r)
		return 0;
	out->len = start;
	return err_nomem(err);
}

/* ---- PNG ---- */

struct bitmap {
	uint8_t *dots; /* owned; a byte a pixel, 0 black, 1 white */
	unsigned width, height;
};

static int put_dots(void *ctx, unsigned x, unsigned y, unsigned w, unsigned h)
{
	const struct bitmap *b = ctx;

	for (unsigned row = y; row < y + h; row++)
		memset(b->dots + (size_t)row * b->width + x, 0, w);
	return 0;
}

/* libpng's door to our memory, and its way out of a failure. */
struct sink {
	struct buf *out;
	jmp_buf failed;
};

static void sink_fail(png_structp png, png_const_charp message)
{
	struct sink *s = png_get_error_ptr(png);

	(void)message;
	longjmp(s->failed, 1);
}

static void sink_warn(png_structp png, png_const_charp message)
{
	(void)png;
	(void)message;
}

static void sink_write(png_structp png, png_bytep p, png_size_t n)
{
	struct sink *s = png_get_io_ptr(png);

	if (buf_append(s->out, p, n))
		png_error(png, "out of memory");
}

static void sink_flush(png_structp png)
{
	(void)png;
}

static png_voidp png_take(png_structp png, png_alloc_size_t n)
{
	(void)png;
	return mem_alloc(n);
}

static void png_give(png_structp png, png_voidp p)
{
	(void)png;
	mem_free(p);
}

/* What may jump: nothing of its caller's changes here. */
static void write_png(png_structp png, png_infop info, const struct bitmap *b)
{
	png_set_IHDR(png, info, b->width, b->height, 1, PNG_COLOR_TYPE_GRAY,
		     PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
		     PNG_FILTER_TYPE_DEFAULT);
	png_set_pHYs(png, info, DOTS_PER_METRE, DOTS_PER_METRE,
		     PNG_RESOLUTION_METER);
	png_write_info(png, info);
	png_set_packing(png);
	for (unsigned y = 0; y < b->height; y++)
		png_write_row(png, b->dots + (size_t)y * b->width);
	png_write_end(png, info);
}

static int encode_png(const struct bitmap *b, struct buf *out)
{
	struct sink s = { .out = out };
	png_structp volatile png = NULL;
	png_infop volatile info = NULL;
	volatile int r = ERR_NOMEM;

	if (!setjmp(s.failed)) {
		png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &s,
						sink_fail, sink_warn, NULL,
						png_take, png_give);
		info = png ? png_create_info_struct(png) : NULL;
		if (info) {
			png_set_write_fn(png, &s, sink_write, sink_flush);
			write_png(png, info, b);
			r = 0;
		}
	}
	if (png) {
		png_structp p = png;
		png_infop i = info;

		png_destroy_write_struct(&p, &i);
	}
	return r;
}

int homekit_label_png(const char *payload, const char *shown, struct buf *out,
		      struct err *err)
{
	struct bitmap b = { 0 };
	struct label l = { 0 };
	size_t start = out->len, dots = 0;
	int r;

	r = label_init(&l, payload, shown, err);
	if (r)
		return r;
	b.width = l.width;
	b.height = l.height;
	dots = (size_t)b.width * b.height;
	b.dots = mem_alloc(dots);
	r = b.dots ? 0 : ERR_NOMEM;
	if (!r) {
		memset(b.dots, 1, dots);
		r = draw_label(&l, put_dots, &b);
	}
	if (!r)
		r = encode_png(&b, out);
	mem_wipe(b.dots, b.dots ? dots : 0);
	mem_free(b.dots);
	label_release(&l);
	if (!r)
		return 0;
	out->len = start;
	return err_nomem(err);
}
