/* SPDX-License-Identifier: Apache-2.0 */
#include "err.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

int err_vat(struct err *e, const struct pos *pos, enum err_code code,
	    const char *fmt, va_list ap)
{
	char raw[2 * sizeof(e->msg)];

	if (!e || e->code != ERR_NONE)
		return code;
	e->code = code;
	e->errnum = 0;
	e->off = -1;
	e->pos = pos ? *pos : (struct pos){ 0 };
	vsnprintf(raw, sizeof(raw), fmt, ap);
	/* Names and paths come from the input, and could fool a terminal. */
	text_show(e->msg, sizeof(e->msg), raw, strlen(raw));
	return code;
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vat(e, NULL, code, fmt, ap);
	va_end(ap);
	return code;
}

int err_at(struct err *e, const struct pos *pos, enum err_code code,
	   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vat(e, pos, code, fmt, ap);
	va_end(ap);
	return code;
}

int err_io(struct err *e, int errnum, const char *what, const char *path)
{
	char reason[128];
	enum err_code code = errnum == EEXIST ? ERR_EXISTS :
			     errnum == ENOMEM ? ERR_NOMEM : ERR_IO;

	if (!e || e->code != ERR_NONE)
		return code;
	err_set(e, code, "%s '%s': %s", what, path,
		strerror_r(errnum, reason, sizeof(reason)));
	e->errnum = errnum;
	return code;
}

int err_nomem(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

int err_place(struct err *e, const struct pos *pos)
{
	if (!e)
		return ERR_NONE;
	if (e->code != ERR_NONE && !e->pos.file && pos)
		e->pos = *pos;
	return e->code;
}

int err_context(struct err *e, const char *fmt, ...)
{
	char context[2 * sizeof(e->msg)], all[3 * sizeof(e->msg) + 2];
	va_list ap;

	if (!e || e->code == ERR_NONE)
		return ERR_NONE;
	va_start(ap, fmt);
	vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
	snprintf(all, sizeof(all), "%s: %s", context, e->msg);
	text_show(e->msg, sizeof(e->msg), all, strlen(all));
	return e->code;
}

int err_more(struct err *e, const char *fmt, ...)
{
	char more[sizeof(e->msg)], all[2 * sizeof(e->msg)];
	va_list ap;

	if (!e || e->code == ERR_NONE)
		return ERR_NONE;
	va_start(ap, fmt);
	vsnprintf(more, sizeof(more), fmt, ap);
	va_end(ap);
	snprintf(all, sizeof(all), "%s%s", e->msg, more);
	text_show(e->msg, sizeof(e->msg), all, strlen(all));
	return e->code;
}

void err_clear(struct err *e)
{
	*e = (struct err)ERR_INIT;
}

void err_report(struct err *e, const struct err_sink *sink, int *first)
{
	if (e->code == ERR_NONE)
		return;
	if (!*first)
		*first = e->code;
	sink->report(sink->ctx, e);
	err_clear(e);
}

char *err_format(const struct err *e, const char *severity, char *out,
		 size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	if (e->pos.file)
		n += (size_t)snprintf(out, size, "%s:", e->pos.file);
	if (n < size && e->pos.file && e->pos.line)
		n += (size_t)snprintf(out + n, size - n, "%u:", e->pos.line);
	if (n < size && e->pos.file && e->pos.line && e->pos.col)
		n += (size_t)snprintf(out + n, size - n, "%u:", e->pos.col);
	if (n < size && e->off >= 0)
		n += (size_t)snprintf(out + n, size - n, "0x%" PRIx64 ":",
				      (uint64_t)e->off);
	if (n < size)
		snprintf(out + n, size - n, "%s%s: %s", n ? " " : "", severity,
			 e->msg);
	return out;
}
