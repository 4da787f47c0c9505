/* SPDX-License-Identifier: MIT */
/*
 * One response of a 207 to PROPFIND (RFC 4918, section 9.1): an href and what was asked
 * for of it. Any thread.
 */
#ifndef ACTORFS_SERVER_DAV_PROPSTAT_H
#define ACTORFS_SERVER_DAV_PROPSTAT_H

#include "server/dav/body.h"
#include "server/dav/live.h"

#define DAV_MULTISTATUS_HEAD DAV_XML_HEAD "<D:multistatus xmlns:D=\"DAV:\">\n"
#define DAV_MULTISTATUS_TAIL "</D:multistatus>\n"

/* `is_brief`: says nothing of properties that are not there. */
void dav_append_response(struct bytes *out, struct view href,
                         const struct dav_resource *resource,
                         const struct dav_body *asked, bool is_brief);
/* Appends an empty element of that name. */
void dav_append_name(struct bytes *out, struct view ns, struct view local);

#endif
