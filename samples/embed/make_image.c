/* SPDX-License-Identifier: Apache-2.0 */
/* make_image FILE - an NVS image of 12 KiB with what one device is to know. */
#include <stdio.h>

#include <nvsgen/file.h>
#include <nvsgen/nvs_writer.h>

static const char serial[] = "AQ7-24-0001";

static const struct nvs_item items[] = {
	{ .key = "serial_no", .type = NVS_STRING,
	  .data = (const uint8_t *)serial, .len = sizeof(serial) - 1 },
	{ .key = "hw_rev", .type = NVS_U8, .number = 3 },
	{ .key = "temp_offset", .type = NVS_I32, .number = (uint64_t)-120 },
};

static int fill(uint8_t *image, size_t size, struct err *err)
{
	struct nvs_writer writer;
	int r = nvs_writer_init(&writer, size, 2, err);

	if (r)
		return r;
	nvs_writer_start(&writer, image);
	r = nvs_writer_namespace(&writer, "device", err);
	for (size_t i = 0; !r && i < sizeof(items) / sizeof(*items); i++)
		r = nvs_writer_add(&writer, &items[i], err);
	if (!r)
		r = nvs_writer_finish(&writer, NULL, err);
	nvs_writer_release(&writer);
	return r;
}

int main(int argc, char **argv)
{
	static uint8_t image[0x3000];
	struct err err = ERR_INIT;
	int r;

	if (argc != 2)
		return fprintf(stderr, "usage: make_image FILE\n"), 2;
	r = fill(image, sizeof(image), &err);
	if (!r)
		r = file_write(argv[1], image, sizeof(image), FILE_MODE_PUBLIC,
			       FILE_REPLACE, &err);
	if (r)
		fprintf(stderr, "make_image: %s\n", err.msg);
	return r ? 1 : 0;
}
