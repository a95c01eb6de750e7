/* SPDX-License-Identifier: Apache-2.0 */
#include "page.h"

void nvs_page_open(uint8_t *page, uint32_t seqno, unsigned version)
{
	le_put32(page + NVS_HEADER_STATE, NVS_STATE_ACTIVE);
	le_put32(page + NVS_HEADER_SEQNO, seqno);
	page[NVS_HEADER_VERSION] = NVS_VERSION_BYTE(version);
	le_put32(page + NVS_HEADER_CRC, nvs_header_crc(page));
}

void nvs_page_fill(uint8_t *page)
{
	le_put32(page + NVS_HEADER_STATE, NVS_STATE_FULL);
}

void nvs_page_mark(uint8_t *page, unsigned first, unsigned count)
{
	/* From empty (11) to written (10): the low bit of the two goes. */
	for (unsigned n = first; n < first + count; n++)
		page[NVS_PAGE_BITMAP + n / 4] &= (uint8_t)~(1u << (n % 4 * 2));
}
