/* SPDX-License-Identifier: MIT */
/* A folder as JSON, a page of it at a time; see json_get.h. */
#ifndef ACTORFS_SERVER_JSON_FOLDER_H
#define ACTORFS_SERVER_JSON_FOLDER_H

#include <jansson.h>

#include "server/http_request.h"

/* Null when the request was answered: 400 for arguments that are none, 404. */
json_t *json_folder(struct http_request *request);

#endif
