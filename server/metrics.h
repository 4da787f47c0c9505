/* SPDX-License-Identifier: MIT */
/*
 * What the HTTP face tells those who watch it: `/metrics` (Prometheus' text format,
 * version 0.0.4) and `/healthz` (200, or 503 when the journal failed and the store is
 * read only). Both are of this face alone: they are no part of the tree, and no listing
 * names them.
 *
 * Counters are counted on every loop's thread, without a lock; what the store counts is
 * asked of the engine when it is asked for. Totals of tasks fall when an actor is
 * retired with what it did, so they are gauges here.
 */
#ifndef ACTORFS_SERVER_METRICS_H
#define ACTORFS_SERVER_METRICS_H

#include <stdatomic.h>

#include "server/http_request.h"

#define METRICS_CLASSES 6 /* 1xx to 5xx, by their first digit */

struct metrics {
    atomic_uint_fast64_t requests[METHOD_COUNT + 1][METRICS_CLASSES];
    atomic_uint_fast64_t connections_opened, connections_closed;
};

/* Answers GET and HEAD of the two; false for all else. */
bool metrics_get(struct http_request *request);
/* A request was answered. */
void metrics_count(struct http_request *request);
/* A connection of that loop was opened or closed. */
void metrics_connection(struct http_loop *loop, bool is_opened);

#endif
