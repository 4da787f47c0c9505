/* SPDX-License-Identifier: MIT */
/*
 * The methods of WebDAV (RFC 4918) beyond those of HTTP. See methods.h.
 */
#ifndef ACTORFS_SERVER_DAV_H
#define ACTORFS_SERVER_DAV_H

#include "server/http_request.h"

void dav_propfind(struct http_request *request);
void dav_proppatch(struct http_request *request);
void dav_copy(struct http_request *request);
void dav_move(struct http_request *request);
void dav_lock(struct http_request *request);
void dav_unlock(struct http_request *request);

#endif
