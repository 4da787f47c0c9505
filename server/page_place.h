/* SPDX-License-Identifier: MIT */
/*
 * Where a listing goes on: `?after=NAME&limit=N`, for JSON and pages. `after=.NUMBER`
 * is how the server itself says it in links: no actor's name begins with a dot, and a
 * place holds even when the actor there is retired before the link is followed.
 */
#ifndef ACTORFS_SERVER_PAGE_PLACE_H
#define ACTORFS_SERVER_PAGE_PLACE_H

#include "server/http_request.h"

struct page_place {
    uint64_t after; /* as tree_list takes it */
    size_t limit;
};

/* The value of the argument, decoded; null data when it is not there. */
struct view page_argument(const struct http_request *request, const char *name);
/* Reads both. False when the request was answered: 400, or 404 for an actor that is not
   there. */
bool page_place_of(struct http_request *request, size_t limit_default, size_t limit_max,
                   struct page_place *place_out);

#endif
