/* SPDX-License-Identifier: MIT */
#include "server/dav.h"

void dav_propfind(struct http_request *request)
{
    answer_problem(request, 501, "PROPFIND");
}

void dav_proppatch(struct http_request *request)
{
    answer_problem(request, 501, "PROPPATCH");
}

void dav_copy(struct http_request *request)
{
    answer_problem(request, 501, "COPY");
}

void dav_move(struct http_request *request)
{
    answer_problem(request, 501, "MOVE");
}

void dav_lock(struct http_request *request)
{
    answer_problem(request, 501, "LOCK");
}

void dav_unlock(struct http_request *request)
{
    answer_problem(request, 501, "UNLOCK");
}
