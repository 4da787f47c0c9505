/* SPDX-License-Identifier: MIT */
/*
 * Whether a request's user may do what it asks. The rules of the users file are judged
 * by the path alone, before a body is read and before anything is looked up: a refusal
 * does not tell what there is. Owner and mode (contract, section 10) are judged for
 * users mapped to Unix users when it is known what the path leads to, as the kernel
 * does on the mount.
 */
#ifndef ACTORFS_SERVER_PERMISSION_H
#define ACTORFS_SERVER_PERMISSION_H

#include "server/http_request.h"

/* Whether the rules allow it; the request was answered (403) where not. */
void permission_by_rules(struct http_request *request);
/* False when the request was answered. */
bool permission_by_modes(struct http_request *request);

/* Whether owner and mode count for the request's user. */
bool permission_has_modes(const struct http_request *request);
/* Of the actor that a message makes (`create=1`), by modes. False when the request was
   answered. */
bool permission_to_create(struct http_request *request);
/* Of the Destination of COPY and MOVE, both at once. False when the request was
   answered. */
bool permission_for_destination(struct http_request *request,
                                const struct http_target *destination,
                                const struct http_resolved *to);

enum permission_use {
    PERMISSION_READ_ALL,  /* as `cp -r` */
    PERMISSION_REMOVE_ALL /* as `rm -r` */
};
/* By modes, of all that is in an ordinary folder; OK for what is none. ACCESS. May
   block on the disk; any thread. */
MUST_CHECK enum status permission_in_folder(const struct http_request *request,
                                            const struct node *folder,
                                            enum permission_use use);
/* Whether the user may see what is told of all actors together. */
bool permission_sees_all(const struct http_request *request);
/* Whether a listing shows the entry: of /actors it shows those with which the user may
   do anything at all; special files that were removed on this face it does not. */
bool permission_shows(const struct http_request *request,
                      const struct tree_entry *entry);

#endif
