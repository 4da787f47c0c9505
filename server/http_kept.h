/* SPDX-License-Identifier: MIT */
/*
 * Answers that were just given, kept to be given again: libmicrohttpd takes longer to
 * make a response of its fields, and to take it apart again, than all else takes that
 * is done for a small file that many read.
 *
 * Nothing here can be out of date: what is asked for is looked up and rendered each
 * time, and only an answer that is equal to a kept one, byte for byte, fields and body,
 * is given as the same response. A loop's own; its thread.
 */
#ifndef ACTORFS_SERVER_HTTP_KEPT_H
#define ACTORFS_SERVER_HTTP_KEPT_H

#include "server/http_answer.h"

#define KEPT_ANSWERS 64u
#define KEPT_BODY_BYTES_MAX 4096u

struct kept_answer {
    struct bytes headers;
    struct view body;              /* is the response's */
    struct MHD_Response *response; /* null: an empty place */
};

struct kept_answers {
    struct kept_answer places[KEPT_ANSWERS];
};

/* The response of an equal answer; it stays ours. Null: there is none. */
struct MHD_Response *kept_find(struct kept_answers *kept,
                               const struct http_answer *answer);
/* Keeps the response, which has taken over the answer's body, and takes over its
   headers; false when it is not worth it, and nothing is taken. */
bool kept_add(struct kept_answers *kept, struct http_answer *answer, struct view body,
              struct MHD_Response *response);
void kept_free(struct kept_answers *kept);

#endif
