/* SPDX-License-Identifier: MIT */
/*
 * A page's form, posted to where curl posts to (`/actors/A/tasks`, `/actors/A/status`)
 * with `?form=page`: that, and not the content type, tells it from a message, because
 * curl sends every `-d` as application/x-www-form-urlencoded. Its fields become the
 * request that they stand for, and what that is answered becomes what a browser can
 * show: 303 back to the actor's page (so that a reload sends nothing again), or a page
 * that says what was refused. The loop's thread.
 *
 *     message   the message; a browser sends its newlines as CRLF, they are LF again
 *     key       its idempotency key; empty: none
 *     words     a control word for `status`
 */
#ifndef ACTORFS_SERVER_PAGE_FORM_H
#define ACTORFS_SERVER_PAGE_FORM_H

#include "server/http_request.h"

struct page_form {
    struct bytes key;
};

/* Makes of a form the request that it stands for; of every other request, nothing.
   False when it was refused: 400. Before the method's handler. */
bool page_form_take(struct http_request *request);
/* Makes of the answer to a form one for a browser; of every other answer, nothing. */
void page_form_answer(struct http_request *request);
void page_form_free(struct page_form *form);

/* Appends the field's value from an application/x-www-form-urlencoded body. False when
   there is none of that name, or a `%` lacks its digits. A pure function. */
bool page_form_field(struct view body, const char *name, struct bytes *out);

#endif
