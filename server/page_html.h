/* SPDX-License-Identifier: MIT */
/*
 * HTML is written here and nowhere else: html_format escapes every %s, so that nothing
 * that came from outside can become markup, in text or in a quoted attribute. Links are
 * written by html_link_*: a name may look like a scheme (`javascript:...`), so every
 * link begins with `./` or `../`. Pure functions, any thread.
 */
#ifndef ACTORFS_SERVER_PAGE_HTML_H
#define ACTORFS_SERVER_PAGE_HTML_H

#include <stdbool.h>

#include "common/base/bytes.h"

/* Appends bytes with & < > " ' escaped; control characters that HTML does not allow
   become U+FFFD. */
void html_escape(struct bytes *out, struct view text);
/* Appends the format, which is markup, with arguments, which are not. Takes %s, %.*s,
   %zu, %llu and %%. */
void html_format(struct bytes *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Appends a link's target: `./NAME`, with a slash at its end for a folder. */
void html_link(struct bytes *out, struct view name, bool is_folder);
/* Appends a value as it stands in a query, percent-encoded. */
void html_query(struct bytes *out, struct view value);

#endif
