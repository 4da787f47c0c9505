/* SPDX-License-Identifier: MIT */
/*
 * What the bodies of WebDAV's methods say (RFC 4918, section 14), read into values.
 * Elements that are not known are passed over (section 17). INVALID, PERMISSION (a
 * DOCTYPE) and TOO_LARGE as xml_read says, and INVALID for a document that is another
 * one; `why` in one line. Pure, any thread; fuzzed.
 */
#ifndef ACTORFS_SERVER_DAV_BODY_H
#define ACTORFS_SERVER_DAV_BODY_H

#include "common/base/bytes.h"
#include "common/base/status.h"

#define DAV_NAMES_MAX 256 /* properties that one request asks for or changes */
/* Outside the values of properties. */
#define DAV_DEPTH_MAX 16

/* A property's name; owned. */
struct dav_name {
    char *ns, *local;
};

struct dav_change {
    struct dav_name name;
    bool is_removal;
    struct bytes value; /* the property's whole element, an excerpt; not of removals */
};

struct dav_body {
    enum { ASKS_ALL, ASKS_NAMES, ASKS_SOME } asks; /* of propfind */
    struct dav_name names[DAV_NAMES_MAX]; /* asked for, or `include`d with all */
    size_t name_count;
    struct dav_change *changes; /* of propertyupdate, in document order */
    size_t change_count;
    bool is_exclusive, is_shared, is_write; /* of lockinfo */
    struct bytes owner; /* of lockinfo: the whole element, an excerpt; or empty */
};

enum dav_document { DAV_PROPFIND, DAV_PROPERTYUPDATE, DAV_LOCKINFO };

/* An empty text is a propfind of all. Freed by the caller in any case. */
MUST_CHECK enum status dav_body_read(enum dav_document document, struct view text,
                                     struct dav_body *body_out, struct bytes *why);
void dav_body_free(struct dav_body *body);

#endif
