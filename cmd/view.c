/* SPDX-License-Identifier: Apache-2.0 */
#include "view.h"

#include <stdlib.h>
#include <string.h>

/* ---- Walking ---- */

bool view_next(struct view_walk *w, struct nvs_raw_entry *e)
{
	const struct view *v = w->view;

	for (;;) {
		if (w->in_page && nvs_raw_walk(&w->page, &w->next_entry, e))
			return true;
		w->in_page = nvs_raw_page(&w->page, v->image, v->size,
					  w->next_page);
		if (!w->in_page)
			return false;
		w->next_page++;
		w->next_entry = 0;
	}
}

/* ---- Names ---- */

bool view_is_definition(const struct nvs_raw_entry *e)
{
	return e->state == NVS_ENTRY_WRITTEN && e->ns == 0 &&
	       e->kind == NVS_DATA_INT;
}

static int compare_names(const void *a, const void *b)
{
	const struct view_name *x = a, *y = b;

	if (x->negative != y->negative)
		return x->negative ? -1 : 1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

/* One name per number: the last, at the place of the first. */
static void unite_names(struct view *v)
{
	size_t kept = 0;

	qsort(v->names, v->name_count, sizeof(*v->names), compare_names);
	for (size_t n = 0; n < v->name_count; n++) {
		struct view_name *last = kept ? &v->names[kept - 1] : NULL;
		const struct view_name *name = &v->names[n];

		if (last && last->number == name->number &&
		    last->negative == name->negative) {
			last->key = name->key;
			last->key_len = name->key_len;
		} else {
			v->names[kept++] = *name;
		}
	}
	v->name_count = kept;
	for (size_t n = 0; n < kept; n++)
		if (!v->names[n].negative && v->names[n].number < 256)
			v->by_index[v->names[n].number] = &v->names[n];
}

static void collect_names(struct view *v)
{
	struct view_walk w = { .view = v };
	struct nvs_raw_entry e;

	while (view_next(&w, &e)) {
		if (!view_is_definition(&e))
			continue;
		v->names[v->name_count] = (struct view_name){
			.negative = (e.type & NVS_INT_SIGNED) && e.value >> 63,
			.number = e.value,
			.key = e.key,
			.key_len = e.key_len,
			.place = v->name_count,
		};
		v->name_count++;
	}
}

int view_init(struct view *v, struct err *err)
{
	struct view_walk w = { .view = v };
	struct nvs_raw_entry e;
	size_t count = 0;

	while (view_next(&w, &e))
		count += view_is_definition(&e);
	v->names = mem_array(count ? count : 1, sizeof(*v->names));
	v->name_count = 0;
	memset(v->by_index, 0, sizeof(v->by_index));
	if (!v->names)
		return err_nomem(err);
	collect_names(v);
	unite_names(v);
	return 0;
}

void view_release(struct view *v)
{
	mem_free(v->names);
	v->names = NULL;
	v->name_count = 0;
}
