/* SPDX-License-Identifier: MIT */
/*
 * What comes from clients goes to browsers only in a form in which it cannot run here;
 * page.h says why. Types in which nothing runs are listed, all others are suspected:
 * a list of dangerous ones would be out of date with the next browser.
 */
#include "server/page.h"

#include <stdlib.h>

static const char *const inert_types[] = {"text/plain",
                                          "text/csv",
                                          "application/json",
                                          "application/problem+json",
                                          "application/octet-stream",
                                          "image/png",
                                          "image/jpeg",
                                          "image/gif",
                                          "image/webp"};

static bool is_inert(const char *type)
{
    size_t size = strcspn(type, "; \t");
    for (size_t i = 0; i < sizeof inert_types / sizeof *inert_types; i++)
        if (size == strlen(inert_types[i]) &&
            strncasecmp(type, inert_types[i], size) == 0)
            return true;
    return false;
}

void page_guard(struct http_request *request)
{
    const char *type = answer_find_header(&request->answer, "Content-Type");
    bool is_shown = request->method == METHOD_GET || request->method == METHOD_HEAD ||
                    request->method == METHOD_POST || request->method == METHOD_PUT;
    if (!type || !is_shown) /* browsers show the answers to no other methods */
        return;
    bool is_suspect = !is_inert(type) &&
                      !answer_find_header(&request->answer, "Content-Security-Policy");
    answer_text(request, "X-Content-Type-Options", view_text("nosniff"));
    if (!is_suspect)
        return;
    answer_header(request, "Content-Security-Policy", "default-src 'none'; sandbox");
    answer_header(request, "Content-Disposition", "attachment");
}
