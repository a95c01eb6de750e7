/* SPDX-License-Identifier: Apache-2.0 */
/* test_homekit_label.c - labels, looked at pixel by pixel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <png.h>
#include <qrencode.h>

#include "allocations.h"
#include "homekit_label.h"

#define PAYLOAD "X-HM://003KXDZMLES32"
#define SIDE 21u     /* modules of a QR code with 20 characters, level M */
#define MODULE 8u
#define QUIET 4u
#define DOT 3u
#define WIDTH ((SIDE + 2 * QUIET) * MODULE)
#define TEXT_X ((WIDTH - 59 * DOT) / 2)
#define TEXT_Y WIDTH
#define HEIGHT (WIDTH + 7 * DOT + 2 * MODULE)

/* Grey values, decoded by libpng. */
static uint8_t *decode(const struct buf *file, png_image *image)
{
	uint8_t *pixels;

	memset(image, 0, sizeof(*image));
	image->version = PNG_IMAGE_VERSION;
	assert_true(png_image_begin_read_from_memory(image, file->data,
						     file->len));
	image->format = PNG_FORMAT_GRAY;
	pixels = malloc(PNG_IMAGE_SIZE(*image));
	assert_non_null(pixels);
	assert_true(png_image_finish_read(image, NULL, pixels, 0, NULL));
	return pixels;
}

static void make(const char *shown, struct buf *out)
{
	struct err err = ERR_INIT;

	if (homekit_label_png(PAYLOAD, shown, out, &err))
		fail_msg("%s", err.msg);
}

static void test_modules(void **state)
{
	QRcode *qr = QRcode_encodeString(PAYLOAD, 0, QR_ECLEVEL_M, QR_MODE_8,
					 1);
	struct buf file = BUF_INIT;
	png_image image;
	uint8_t *pixels;

	(void)state;
	make("111-22-333", &file);
	pixels = decode(&file, &image);
	assert_int_equal(image.width, WIDTH);
	assert_int_equal(image.height, HEIGHT);
	assert_non_null(qr);
	assert_int_equal(qr->width, SIDE);
	for (unsigned y = 0; y < WIDTH; y++)
		for (unsigned x = 0; x < WIDTH; x++) {
			unsigned col = x / MODULE - QUIET;
			unsigned row = y / MODULE - QUIET;
			bool black = col < SIDE && row < SIDE &&
				     qr->data[row * SIDE + col] & 1;

			assert_int_equal(pixels[y * WIDTH + x],
					 black ? 0 : 255);
		}
	QRcode_free(qr);
	free(pixels);
	buf_release(&file);
}

/* All that is below the QR code, a character a dot. */
static void expect_text(const char *shown, const char *const picture[7])
{
	struct buf file = BUF_INIT;
	png_image image;
	uint8_t *pixels;

	make(shown, &file);
	pixels = decode(&file, &image);
	for (unsigned y = TEXT_Y; y < HEIGHT; y++)
		for (unsigned x = 0; x < WIDTH; x++) {
			unsigned col = (x - TEXT_X) / DOT;
			unsigned row = (y - TEXT_Y) / DOT;
			bool black = x >= TEXT_X && row < 7 &&
				     col < strlen(picture[row]) &&
				     picture[row][col] == '#';

			if (pixels[y * WIDTH + x] != (black ? 0 : 255))
				fail_msg("%s: pixel %u, %u", shown, x, y);
		}
	free(pixels);
	buf_release(&file);
}

static void test_digits(void **state)
{
	static const char *const low[7] = {
		" ###    #    ###         ###     #        #####   ##  #####",
		"#   #  ##   #   #       #   #   ##        #      #        #",
		"#   # # #       #           #  # #        ####  #        # ",
		"#   #   #     ##   ###    ##  #  #   ###      # ####     # ",
		"#   #   #    #              # #####           # #   #   #  ",
		"#   #   #   #           #   #    #        #   # #   #   #  ",
		" ###  ##### #####        ###     #         ###   ###    #  ",
	};
	static const char *const high[7] = {
		" ###   ###   ###         ###   ###         ###   ###   ### ",
		"#   # #   # #   #       #   # #   #       #   # #   # #   #",
		"#   # #   # #   #       #   # #   #       #   # #   # #   #",
		" ###   ###   ###   ###   ####  ####  ###   ####  #### #   #",
		"#   # #   # #   #           #     #           #     # #   #",
		"#   # #   # #   #          #     #           #     #  #   #",
		" ###   ###   ###         ##    ##          ##    ##    ### ",
	};

	(void)state;
	expect_text("012-34-567", low);
	expect_text("888-99-990", high);
}

/* The SVG draws the same rectangles: paint them and compare. */
static void test_svg(void **state)
{
	static uint8_t painted[HEIGHT][WIDTH];
	struct buf svg = BUF_INIT, file = BUF_INIT;
	struct err err = ERR_INIT;
	unsigned x, y, w, h, count = 0;
	png_image image;
	uint8_t *pixels;
	char head[64];
	char *at;

	(void)state;
	assert_int_equal(homekit_label_svg(PAYLOAD, "111-22-333", &svg, &err),
			 0);
	assert_non_null(buf_str(&svg));
	snprintf(head, sizeof(head), "viewBox=\"0 0 %u %u\"", WIDTH, HEIGHT);
	assert_non_null(strstr((char *)svg.data, head));
	assert_non_null(strstr((char *)svg.data,
			       "width=\"19.64mm\" height=\"22.77mm\""));
	memset(painted, 255, sizeof(painted));
	at = strstr((char *)svg.data, "d=\"M");
	assert_non_null(at);
	for (at += 3; sscanf(at, "M%u %uh%uv%uh-%*uz", &x, &y, &w, &h) == 4;
	     at = strchr(at, '\n') + 1) {
		for (unsigned row = y; row < y + h; row++)
			memset(&painted[row][x], 0, w);
		count++;
	}
	assert_true(count > 100);
	assert_string_equal(at, "\"/>\n</svg>\n");
	make("111-22-333", &file);
	pixels = decode(&file, &image);
	assert_memory_equal(pixels, painted, sizeof(painted));
	free(pixels);
	buf_release(&file);
	buf_release(&svg);
}

/* What is in the buffer stays; the same input gives the same bytes. */
static void test_appends(void **state)
{
	struct buf one = BUF_INIT, two = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	make("111-22-333", &one);
	assert_int_equal(buf_puts(&two, "abc"), 0);
	make("111-22-333", &two);
	assert_int_equal(two.len, one.len + 3);
	assert_memory_equal(two.data, "abc", 3);
	assert_memory_equal(two.data + 3, one.data, one.len);
	assert_int_equal(homekit_label_png(PAYLOAD, "111 22", &two, &err),
			 ERR_INPUT);
	assert_int_equal(homekit_label_svg(PAYLOAD, "1234567890123", &two,
					   NULL), ERR_INPUT);
	assert_int_equal(two.len, one.len + 3);
	buf_release(&one);
	buf_release(&two);
}

/* The longest payload, with product data, and no digits at all. */
static void test_extremes(void **state)
{
	struct buf file = BUF_INIT;
	struct err err = ERR_INIT;
	png_image image;

	(void)state;
	assert_int_equal(homekit_label_png(
			 "X-HM://0E8NKO6YU7OSX0CZ067T6WCYA44AY9S", "", &file,
			 &err), 0);
	free(decode(&file, &image));
	assert_int_equal(image.width, (25 + 2 * QUIET) * MODULE);
	buf_release(&file);
}

static void test_out_of_memory(void **state)
{
	typedef int make_fn(const char *, const char *, struct buf *,
			    struct err *);
	make_fn *const kinds[] = { homekit_label_png, homekit_label_svg };

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct buf out = BUF_INIT;
		struct err err = ERR_INIT;
		unsigned n;
		int r = ERR_NOMEM;

		for (n = 0; r == ERR_NOMEM && n < 1000 && !out.len; n++) {
			fail_allocation(n + 1, false);
			err_clear(&err);
			r = kinds[k](PAYLOAD, "111-22-333", &out, &err);
		}
		assert_false(allocation_failed());
		assert_int_equal(r, 0);
		assert_true(n > 2);
		buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_digits),
		cmocka_unit_test(test_svg),
		cmocka_unit_test(test_appends),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
