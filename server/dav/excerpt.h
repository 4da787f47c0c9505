/* SPDX-License-Identifier: MIT */
/*
 * An excerpt of an XML document: an element with all that is in it, written so that it
 * means the same anywhere else (RFC 4918, section 4.3: names with their namespaces and
 * prefixes, attributes, the language in scope, mixed content to the byte). Fed from an
 * xml_handler while the element is read.
 */
#ifndef ACTORFS_SERVER_DAV_EXCERPT_H
#define ACTORFS_SERVER_DAV_EXCERPT_H

#include "server/dav/xml.h"

#define EXCERPT_SCOPE_BYTES_MAX 16384 /* of declarations in scope at a time */

struct excerpt {
    struct bytes text;   /* the caller's to take, once it is whole */
    unsigned depth;      /* elements open */
    bool is_tag_open;    /* its `>` is not written yet */
    struct bytes scopes; /* `depth prefix\0uri\0` of what is declared in the text */
};

void excerpt_free(struct excerpt *excerpt);
/* The next element's; comes before its start, and before the first element's. */
MUST_CHECK enum status excerpt_declare(struct excerpt *excerpt, struct view prefix,
                                       struct view uri);
/* `language`: what is in scope where the first element begins; may be empty. */
MUST_CHECK enum status excerpt_start(struct excerpt *excerpt,
                                     const struct xml_name *name,
                                     const char *const *attributes,
                                     struct view language);
void excerpt_text(struct excerpt *excerpt, struct view text);
/* False while elements are open; true when the excerpt is whole. */
bool excerpt_end(struct excerpt *excerpt, const struct xml_name *name);

#endif
