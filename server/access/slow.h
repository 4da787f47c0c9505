/* SPDX-License-Identifier: MIT */
/*
 * Deadlines for slow clients. The HTTP library knows idle timeouts only: a client that
 * sends a byte now and then keeps its connection for ever. Here each connection has a
 * time by which its headers, its body or the reading of its answer must have come to
 * an end; when it is past, the socket is shut down, which the library sees as a client
 * that left. While a request is being handled there is none.
 *
 * One for each loop; its thread only. Time is an argument, in milliseconds.
 */
#ifndef ACTORFS_SERVER_ACCESS_SLOW_H
#define ACTORFS_SERVER_ACCESS_SLOW_H

#include <stddef.h>
#include <stdint.h>

#define SLOW_FIRST_HEADERS_MS 10000 /* from connecting, TLS included */
#define SLOW_NEXT_HEADERS_MS                                                           \
    130000                         /* from an answer: two minutes of idleness and ten  \
                                      seconds */
#define SLOW_BYTES_PER_SECOND 1024 /* either way, over the whole of it ... */
#define SLOW_GRACE_MS 30000        /* ... after that much */

struct slow_connection {
    struct slow *slow;
    struct slow_connection *next, *previous;
    int socket;
    int64_t since_ms;    /* when the body or the answer began */
    int64_t deadline_ms; /* INT64_MAX: none */
    void *begun; /* a request whose headers are not complete; its owner's business */
};
struct slow {
    struct slow_connection *first;
    size_t count;
    int64_t earliest_ms; /* no deadline is before it */
};

void slow_init(struct slow *slow);
/* A connection that was just made. The socket stays the library's, which says slow_end
   before it closes it. */
struct slow_connection *slow_begin(struct slow *slow, int socket, int64_t now_ms);
void slow_end(struct slow_connection *connection);

/* The headers came; a body may follow. */
void slow_expect_body(struct slow_connection *connection, int64_t now_ms);
/* So many bytes of it are there. */
void slow_got_body(struct slow_connection *connection, uint64_t bytes);
/* All of the request is there, or the answer is one that waits or streams. */
void slow_be_patient(struct slow_connection *connection);
/* An answer of that size goes out. */
void slow_expect_reading(struct slow_connection *connection, uint64_t bytes,
                         int64_t now_ms);
/* It is out; the next request may come. */
void slow_expect_headers(struct slow_connection *connection, int64_t now_ms);

/* Shuts down what is late; returns how many. Cheap when nothing can be. */
size_t slow_reap(struct slow *slow, int64_t now_ms);

#endif
