/* SPDX-License-Identifier: MIT */
/*
 * Pages for people: what a browser gets of a folder (contract, section 8). A browser is
 * whoever names text/html in Accept and does not ask for JSON. Files are shown as they
 * are, whoever asks.
 *
 * A page works without JavaScript: links, forms, and all of the content are in it. With
 * it, live.js asks for the page again with If-None-Match and `Prefer: wait`, and puts
 * the parts that are marked `data-live` in place: the server has one way to show an
 * actor, and a waiting browser costs it no thread.
 *
 * What must hold: nothing that came from a client ever runs in this origin.
 *  - All that is put into a page is escaped (page_html.h).
 *  - Should that fail, the pages' Content-Security-Policy allows no script but the one
 *    that carries the page's nonce (a state that is called text/javascript has none),
 *    no style but the page's, no plugin, no foreign form target or base, and no frame.
 *  - A state, a result or a file may say that it is text/html. It says so to those who
 *    keep sites in here, but it is served as of an origin of its own: with `CSP:
 *    sandbox`, which a browser obeys for every document type (HTML, SVG, XML with a
 *    style sheet), and as a download. Types in which nothing can run are spared both,
 *    and `nosniff` keeps a browser from seeing another type in them. So no script gets
 *    the visitor's login, and none can register a service worker here.
 *  - Forms are plain POSTs to where curl posts. Their Origin is checked like any
 *    other's; Referrer-Policy is same-origin, because with no-referrer a browser would
 *    send `Origin: null`.
 * The loop's thread.
 */
#ifndef ACTORFS_SERVER_PAGE_H
#define ACTORFS_SERVER_PAGE_H

#include "server/http_request.h"
#include "server/page_place.h"

/* Answers GET and HEAD of a folder if a browser asks, and of what pages are made of
   (/page/style.css, /page/live.js); false otherwise. */
bool page_get(struct http_request *request);

/* Adds to the answer what keeps it from running here; see above. For every answer, just
   before it is sent. */
void page_guard(struct http_request *request);

/* ------------------------------------------------------------- what pages are made of
 */

struct page {
    struct http_request *request;
    struct bytes html;
    struct bytes root; /* the way to `/`: "./", "../", ... */
    char nonce[33];
};

/* Begins a page; `tag` is what it is asked for again with, null for a page that is
   not. */
void page_begin(struct page *page, struct http_request *request, const char *title,
                const struct bytes *tag);
/* Ends it and answers with it. */
void page_answer(struct page *page, unsigned code);
/* An answer that is a refusal, for people. */
void page_answer_error(struct http_request *request, unsigned code, const char *detail);

/* Parts that several pages have. */
void page_add_lines(struct page *page, struct view text);
void page_add_attention(struct page *page, size_t lines_max);
/* A list of the folder's entries. */
void page_add_entries(struct page *page, const struct page_place *place);

/* The pages (page_folder.c, page_actor.c). */
void page_of_folder(struct http_request *request, const struct bytes *tag);
void page_of_actor(struct http_request *request, const struct bytes *tag);

#endif
