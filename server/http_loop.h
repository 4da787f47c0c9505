/* SPDX-License-Identifier: MIT */
/*
 * A thread that drives libmicrohttpd, a daemon an address. libmicrohttpd's own epoll
 * thread waits for more when it got 128 events at once, and is woken for each resumed
 * connection; ours sleeps on the daemons' epoll descriptors and an eventfd, so that a
 * commit wakes it once for all requests that it answers.
 */
#ifndef ACTORFS_SERVER_HTTP_LOOP_H
#define ACTORFS_SERVER_HTTP_LOOP_H

#include <microhttpd.h>
#include <pthread.h>

#include "server/access/slow.h"
#include "server/http_face.h"
#include "server/http_kept.h"

struct http_request;

struct http_loop {
    struct http_face *face;
    pthread_t thread;
    unsigned connections_max; /* for each of its daemons; set before it is opened */
    int epoll, event;
    struct MHD_Daemon **daemons; /* one for each address */
    size_t daemon_count;
    unsigned suspended;       /* requests that wait. The loop's thread. */
    struct slow slow;         /* its connections. The loop's thread. */
    struct kept_answers kept; /* The loop's thread. */
    /* Requests' memory, to be used again. The loop's thread. */
    struct http_request *spare;
    unsigned spare_count;
    pthread_mutex_t mutex;
    struct http_request *woken; /* guarded by mutex, as all below */
    bool stopping, started;
};

/* Makes the daemons on the sockets, which it takes over. IO. */
MUST_CHECK enum status http_loop_open(struct http_loop *loop, struct http_face *face,
                                      const int *sockets, size_t socket_count);
void http_loop_start(struct http_loop *loop);
/* Milliseconds of the monotonic clock. */
int64_t http_loop_now(const struct http_loop *loop);
/* The request's `then` is called on the loop's thread, soon. Any thread. */
void http_loop_wake(struct http_loop *loop, struct http_request *request);
/* Whether the request was woken and does not go on yet: its caller then does it. The
   loop's thread. */
bool http_loop_take_woken(struct http_loop *loop, const struct http_request *request);
/* Returns when nothing is suspended any more and the thread has ended. */
void http_loop_stop(struct http_loop *loop);
void http_loop_close(struct http_loop *loop);

#endif
