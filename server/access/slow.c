/* SPDX-License-Identifier: MIT */
#include "server/access/slow.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "common/base/bytes.h"

void slow_init(struct slow *slow)
{
    *slow = (struct slow){.earliest_ms = INT64_MAX};
}

static void set(struct slow_connection *connection, int64_t deadline_ms)
{
    connection->deadline_ms = deadline_ms;
    if (deadline_ms < connection->slow->earliest_ms)
        connection->slow->earliest_ms = deadline_ms;
}

struct slow_connection *slow_begin(struct slow *slow, int socket, int64_t now_ms)
{
    struct slow_connection *connection = memory_take_zeroed(1, sizeof *connection);
    connection->slow = slow;
    connection->socket = socket;
    connection->next = slow->first;
    if (slow->first)
        slow->first->previous = connection;
    slow->first = connection;
    slow->count++;
    set(connection, now_ms + SLOW_FIRST_HEADERS_MS);
    return connection;
}

void slow_end(struct slow_connection *connection)
{
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        connection->slow->first = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    connection->slow->count--;
    free(connection);
}

static int64_t time_for(uint64_t bytes)
{
    return SLOW_GRACE_MS + (int64_t)(bytes / SLOW_BYTES_PER_SECOND * 1000);
}

void slow_expect_body(struct slow_connection *connection, int64_t now_ms)
{
    connection->since_ms = now_ms;
    set(connection, now_ms + time_for(0));
}

/* Each KiB buys a second, so that a rate below that runs out of grace. */
void slow_got_body(struct slow_connection *connection, uint64_t bytes)
{
    set(connection, connection->since_ms + time_for(bytes));
}

void slow_be_patient(struct slow_connection *connection)
{
    set(connection, INT64_MAX);
}

void slow_expect_reading(struct slow_connection *connection, uint64_t bytes,
                         int64_t now_ms)
{
    connection->since_ms = now_ms;
    set(connection, now_ms + time_for(bytes));
}

void slow_expect_headers(struct slow_connection *connection, int64_t now_ms)
{
    set(connection, now_ms + SLOW_NEXT_HEADERS_MS);
}

/* Deadlines move later all the time, so the earliest is a bound: found anew only when
   it is past. */
size_t slow_reap(struct slow *slow, int64_t now_ms)
{
    size_t late = 0;
    if (now_ms < slow->earliest_ms)
        return 0;
    slow->earliest_ms = INT64_MAX;
    for (struct slow_connection *connection = slow->first; connection;
         connection = connection->next) {
        if (connection->deadline_ms <= now_ms) {
            shutdown(connection->socket, SHUT_RDWR);
            connection->deadline_ms = INT64_MAX; /* once is enough */
            late++;
        }
        if (connection->deadline_ms < slow->earliest_ms)
            slow->earliest_ms = connection->deadline_ms;
    }
    return late;
}
