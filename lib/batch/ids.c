/* SPDX-License-Identifier: Apache-2.0 */
#include "ids.h"

#include <string.h>

#define FIRST_SLOTS 1024u

static uint64_t hash_text(const char *s)
{
	uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */

	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * UINT64_C(1099511628211);
	return h ^ h >> 32;
}

static const char *text_of(const struct ids *set, uint32_t slot)
{
	return (const char *)set->texts.data + ((size_t)slot - 1) * 4 +
	       sizeof(uint32_t);
}

static uint32_t line_of(const struct ids *set, uint32_t slot)
{
	uint32_t line;

	memcpy(&line, text_of(set, slot) - sizeof(line), sizeof(line));
	return line;
}

/* The slot that holds the id, or the free one where it would go. */
static uint32_t *find(const struct ids *set, const char *id)
{
	size_t i = hash_text(id) & (set->slot_count - 1);

	while (set->slots[i] && strcmp(text_of(set, set->slots[i]), id) != 0)
		i = (i + 1) & (set->slot_count - 1);
	return &set->slots[i];
}

static int grow(struct ids *set)
{
	size_t count = set->slot_count ? 2 * set->slot_count : FIRST_SLOTS;
	uint32_t *slots = mem_array(count, sizeof(*slots));

	if (!slots)
		return ERR_NOMEM;
	for (size_t n = 0; n < set->slot_count; n++) {
		size_t i;

		if (!set->slots[n])
			continue;
		/* All differ: there is nothing to compare. */
		i = hash_text(text_of(set, set->slots[n])) & (count - 1);
		while (slots[i])
			i = (i + 1) & (count - 1);
		slots[i] = set->slots[n];
	}
	mem_free(set->slots);
	set->slots = slots;
	set->slot_count = count;
	return 0;
}

int ids_add(struct ids *set, const char *id, uint32_t line,
	    uint32_t *line_there)
{
	static const uint8_t pad[4] = { 0 };
	size_t len = strlen(id), start = set->texts.len;
	uint32_t *slot;

	if (2 * set->count >= set->slot_count && grow(set))
		return ERR_NOMEM;
	slot = find(set, id);
	*line_there = *slot ? line_of(set, *slot) : 0;
	if (*slot)
		return 0;
	if (start / 4 >= UINT32_MAX - 1)
		return ERR_RANGE;
	if (buf_reserve(&set->texts, sizeof(line) + len + 4) ||
	    buf_append(&set->texts, &line, sizeof(line)) ||
	    buf_append(&set->texts, id, len) ||
	    buf_append(&set->texts, pad, 4 - len % 4))
		return ERR_NOMEM;
	*slot = (uint32_t)(start / 4 + 1);
	set->count++;
	return 0;
}

uint32_t ids_find(const struct ids *set, const char *id)
{
	const uint32_t *slot = set->slot_count ? find(set, id) : NULL;

	return slot && *slot ? line_of(set, *slot) : 0;
}

const char *ids_next(const struct ids *set, size_t *at, uint32_t *line)
{
	const char *text;

	if (*at >= set->texts.len)
		return NULL;
	text = text_of(set, (uint32_t)(*at / 4 + 1));
	*line = line_of(set, (uint32_t)(*at / 4 + 1));
	*at += sizeof(*line) + (strlen(text) / 4 + 1) * 4;
	return text;
}

void ids_release(struct ids *set)
{
	buf_wipe(&set->texts); /* they may be setup codes */
	mem_free(set->slots);
	*set = (struct ids)IDS_INIT;
}
