/* SPDX-License-Identifier: MIT */
#include "server/http_kept.h"

#include <stdlib.h>
#include <xxhash.h>

/* Fields tell answers apart: among them are ETag and Location. */
static struct kept_answer *place_of(struct kept_answers *kept,
                                    const struct http_answer *answer)
{
    return &kept->places[XXH3_64bits(answer->headers.data, answer->headers.size) %
                         KEPT_ANSWERS];
}

static void empty(struct kept_answer *place)
{
    if (place->response)
        MHD_destroy_response(place->response);
    place->response = NULL;
    bytes_free(&place->headers);
}

struct MHD_Response *kept_find(struct kept_answers *kept,
                               const struct http_answer *answer)
{
    const struct kept_answer *place = place_of(kept, answer);
    bool is_equal =
        place->response &&
        view_equal(view_bytes(&place->headers), view_bytes(&answer->headers)) &&
        view_equal(place->body, view_bytes(&answer->body));
    return is_equal ? place->response : NULL;
}

bool kept_add(struct kept_answers *kept, struct http_answer *answer, struct view body,
              struct MHD_Response *response)
{
    if (body.size > KEPT_BODY_BYTES_MAX)
        return false;
    struct kept_answer *place = place_of(kept, answer);
    empty(place);
    *place = (struct kept_answer){answer->headers, body, response};
    answer->headers = (struct bytes){0};
    return true;
}

void kept_free(struct kept_answers *kept)
{
    for (size_t i = 0; i < KEPT_ANSWERS; i++)
        empty(&kept->places[i]);
}
