/* SPDX-License-Identifier: MIT */
/*
 * Threads for what blocks on the disk (ordinary files), so that the loops never do.
 */
#ifndef ACTORFS_SERVER_OFFLOAD_H
#define ACTORFS_SERVER_OFFLOAD_H

struct http_request;
struct offload;

typedef void offload_fn(struct http_request *request);

struct offload *offload_open(void);
/* Suspends the request, calls `work` on a thread of the pool, then `then` on the
   request's own loop. */
void offload_run(struct offload *offload, struct http_request *request,
                 offload_fn *work, offload_fn *then);
/* Ends the threads; nothing may be under way. */
void offload_close(struct offload *offload);

#endif
