/* SPDX-License-Identifier: MIT */
/*
 * Writing what WebDAV answers: hrefs and error documents (RFC 4918, sections 8.3 and
 * 16).
 */
#ifndef ACTORFS_SERVER_DAV_WRITE_H
#define ACTORFS_SERVER_DAV_WRITE_H

#include "server/http_request.h"

#define DAV_XML_TYPE "application/xml; charset=utf-8"
#define DAV_XML_HEAD "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"

/* What precedes the paths in an answer: the public URL's path, for who came by it. */
struct view dav_prefix(const struct http_request *request);
/* Appends the path of a target, percent-encoded; a folder's ends in a slash. Not yet
   escaped for XML. */
void dav_append_target(struct bytes *out, const struct http_target *target,
                       bool is_folder);
/* The same for a place. */
void dav_append_place(struct bytes *out, struct tree *tree,
                      const struct dav_place *place);
/* Appends `<D:href>...</D:href>`. */
void dav_append_href(struct bytes *out, struct view path);
/* A refusal whose body names the condition (without `D:`); `href` may be empty. */
void dav_answer_error(struct http_request *request, unsigned code,
                      const char *condition, struct view href);

#endif
