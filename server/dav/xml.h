/* SPDX-License-Identifier: MIT */
/*
 * Reading XML from outside, with guards: no DOCTYPE (and so no entities of the
 * document's own), bounds on depth. Names come with namespace and prefix. The text is
 * as long as an HTTP body may be (methods.c). Pure, any thread; fuzzed.
 */
#ifndef ACTORFS_SERVER_DAV_XML_H
#define ACTORFS_SERVER_DAV_XML_H

#include <stdbool.h>

#include "common/base/bytes.h"
#include "common/base/status.h"

/* Elements nested deeper are refused, within the values of properties too: nobody
   writes such, and each level costs memory. */
#define XML_DEPTH_MAX 128

struct xml_name {
    struct view ns, local, prefix; /* ns empty: in none; prefix empty: without */
};

/* What is read is told to these; what does not return OK ends the reading with that
   status. `depth` of the document's element is 0. Views are good during the call. */
struct xml_handler {
    /* Before the element that declares it; an empty uri takes the prefix away. */
    enum status (*declare)(void *context, struct view prefix, struct view uri);
    /* Attributes: name and value in turn, then null; names as expat has them (see
       xml_name_of). */
    enum status (*start)(void *context, unsigned depth, const struct xml_name *name,
                         const char *const *attributes);
    enum status (*text)(void *context, struct view text);
    enum status (*end)(void *context, unsigned depth, const struct xml_name *name);
};

/* INVALID for what is not well-formed, PERMISSION for a DOCTYPE, TOO_LARGE for depth,
   or what the handler said; `why` in one line. */
MUST_CHECK enum status xml_read(struct view text, const struct xml_handler *handler,
                                void *context, struct bytes *why);
/* Takes a name apart that expat put together. */
struct xml_name xml_name_of(const char *text);
/* Whether it is this name in namespace `DAV:`. */
bool xml_is_dav(const struct xml_name *name, const char *local);

/* Appends text as it stands within an element or an attribute in double quotes. */
void xml_append_escaped(struct bytes *out, struct view text);

#endif
