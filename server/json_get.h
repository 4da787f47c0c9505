/* SPDX-License-Identifier: MIT */
/*
 * GET and HEAD for a client that asks for `Accept: application/json`: every listed file
 * and folder, and the outcome of a task, as JSON. What is JSON already (a state that
 * was put as such, a result whose behavior names that type) is not wrapped: the client
 * gets its bytes. Refusals are problem+json for everybody.
 *
 *     /status, an actor's status    an object, a member a line
 *     mailbox, log, attention       an array, an object a line
 *     behaviors                     an array of names
 *     state, result, behavior, ...  an object with a member of the file's name
 *     a folder                      {"entries": [...], "next": "?after=..." or null}
 *     tasks@KEY                     the task: state, attempts, times, result or error
 *     tasks@KEY,part=message        {"message": ...}
 *
 * Folders are paged: `?after=NAME&limit=N`, 1,000 entries unless said otherwise and
 * 10,000 at most; `next` goes on even where NAME is retired meanwhile. The loop's
 * thread.
 */
#ifndef ACTORFS_SERVER_JSON_GET_H
#define ACTORFS_SERVER_JSON_GET_H

#include "server/http_request.h"

/* Answers, if the client asks for JSON of what the request names, which is there; false
   when it does not, or when that is its outcome, which is waited for first. */
bool json_get(struct http_request *request);
/* Answers with the task, as far as it has come by now; false when the client does not
   ask for JSON. */
bool json_get_outcome(struct http_request *request);

#endif
