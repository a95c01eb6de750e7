/* SPDX-License-Identifier: Apache-2.0 */
/* page.h - header and entry states of a page, as the writer makes them. */
#ifndef NVS_PAGE_H
#define NVS_PAGE_H

#include <stddef.h>

#include "nvs_format.h"

#pragma GCC visibility push(hidden)

/* Header of an active page; the rest of the page has to be erased. */
void nvs_page_open(uint8_t *page, uint32_t seqno, unsigned version);

/* The page holds all it can. */
void nvs_page_fill(uint8_t *page);

/* Mark count entries from first on as written. */
void nvs_page_mark(uint8_t *page, unsigned first, unsigned count);

#pragma GCC visibility pop

#endif
