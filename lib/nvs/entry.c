/* SPDX-License-Identifier: Apache-2.0 */
#include "entry.h"

#include <string.h>
#include <zlib.h>

uint32_t nvs_crc32_more(uint32_t crc, const void *p, size_t n)
{
	/* Given NULL, zlib would start anew. */
	return n ? (uint32_t)crc32_z(crc, p, n) : crc;
}

uint32_t nvs_crc32(const void *p, size_t n)
{
	return nvs_crc32_more(0xFFFFFFFFu, p, n);
}

uint32_t nvs_entry_crc(const uint8_t entry[NVS_ENTRY_SIZE])
{
	uint8_t rest[NVS_ENTRY_SIZE - 4];

	/* In one piece: for so few bytes the calls are what takes time. */
	memcpy(rest, entry, NVS_ENTRY_CRC);
	memcpy(rest + NVS_ENTRY_CRC, entry + NVS_ENTRY_KEY,
	       NVS_ENTRY_SIZE - NVS_ENTRY_KEY);
	return nvs_crc32(rest, sizeof(rest));
}

uint32_t nvs_header_crc(const uint8_t page[NVS_PAGE_BITMAP])
{
	return nvs_crc32(page + NVS_HEADER_SEQNO,
			 NVS_HEADER_CRC - NVS_HEADER_SEQNO);
}

void nvs_entry_start(uint8_t *p, const struct nvs_entry *e)
{
	p[NVS_ENTRY_NS] = e->ns;
	p[NVS_ENTRY_TYPE] = e->type;
	p[NVS_ENTRY_SPAN] = e->span;
	p[NVS_ENTRY_CHUNK] = e->chunk;
	memset(p + NVS_ENTRY_KEY, 0, NVS_KEY_SIZE);
	memcpy(p + NVS_ENTRY_KEY, e->key, strlen(e->key));
	memset(p + NVS_ENTRY_DATA, 0xFF, NVS_ENTRY_SIZE - NVS_ENTRY_DATA);
}

void nvs_entry_seal(uint8_t *p, struct nvs_seal *known)
{
	const size_t header = NVS_ENTRY_CRC, key = NVS_ENTRY_KEY;

	if (memcmp(known->head, p, header) != 0 ||
	    memcmp(known->head + header, p + key, NVS_KEY_SIZE) != 0) {
		memcpy(known->head, p, header);
		memcpy(known->head + header, p + key, NVS_KEY_SIZE);
		known->crc = nvs_crc32(known->head, sizeof(known->head));
	}
	le_put32(p + NVS_ENTRY_CRC,
		 nvs_crc32_more(known->crc, p + NVS_ENTRY_DATA,
				NVS_ENTRY_SIZE - NVS_ENTRY_DATA));
}

void nvs_entry_put_length(uint8_t *p, const uint8_t *data, size_t n)
{
	le_put16(p + NVS_DATA_SIZE, (uint16_t)n);
	le_put16(p + NVS_DATA_RESERVED, 0xFFFF);
	le_put32(p + NVS_DATA_CRC, nvs_crc32(data, n));
}

uint32_t nvs_entry_hash(uint8_t ns, const char *key, uint8_t chunk)
{
	uint8_t looked_up[1 + NVS_KEY_SIZE + 1] = { ns };

	memcpy(looked_up + 1, key, strlen(key));
	looked_up[1 + NVS_KEY_SIZE] = chunk;
	return nvs_crc32(looked_up, sizeof(looked_up)) & 0xFFFFFFu;
}
