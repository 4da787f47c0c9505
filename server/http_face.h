/* SPDX-License-Identifier: MIT */
/*
 * The HTTP face: the tree for other machines, over plain HTTP and WebDAV. Loops of ours
 * drive libmicrohttpd (http_loop.h); no thread waits for a commit or a turn: the
 * request's connection is suspended, and goes on when the engine calls. (Only where a
 * loop has one connection, which would wait alone, the engine is asked in person.)
 *
 * Life: open (binds) -> start -> ... -> stop -> close. The engine is stopped before the
 * face is: that answers every request that still waits.
 */
#ifndef ACTORFS_SERVER_HTTP_FACE_H
#define ACTORFS_SERVER_HTTP_FACE_H

#include <stdbool.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/tree/tree.h"

struct dav;
struct http_face;
struct gate;

/* A list of words from the command line; borrowed. */
struct http_words {
    const char *const *list;
    size_t count;
};

struct http_face_options {
    struct http_words listen;       /* `ADDR:PORT`, `[ADDR6]:PORT`, `unix:PATH` */
    struct http_words key_headers;  /* further names of Idempotency-Key */
    struct http_words keep_headers; /* kept with the message */
    struct clock *clock;
    struct dav *dav;   /* what WebDAV remembers; borrowed, outlives the face */
    struct gate *gate; /* borrowed; outlives the face */
    unsigned threads;  /* 0: as many as cores, two at most */
};

/* Binds its addresses. `tree` is borrowed. On failure (INVALID, IO) `message` says why
   in one line. */
MUST_CHECK enum status http_face_open(struct tree *tree,
                                      const struct http_face_options *options,
                                      struct http_face **face_out,
                                      struct bytes *message);
void http_face_start(struct http_face *face);
/* The port of the n-th address, as bound; 0 for a Unix socket. */
unsigned http_face_port(const struct http_face *face, size_t n);
/* Answers what still waits, closes all connections, joins the threads. */
void http_face_stop(struct http_face *face);
void http_face_close(struct http_face *face);

#endif
