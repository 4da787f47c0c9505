/* SPDX-License-Identifier: MIT */
/*
 * One epoll set, one outstanding request a connection. Requests and replies are small
 * enough to go whole through a loopback socket; a reply may still arrive in pieces and
 * is gathered until its newline.
 */
#include "scripts/bench.d/socket_loop.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY_BYTES_MAX 256
#define EVENTS_MAX 128

struct connection {
    int socket;
    int64_t started_ns;
    size_t reply_bytes;
    char reply[REPLY_BYTES_MAX];
};

struct loop {
    compose_fn *compose;
    void *context;
    const char *expected;
    struct meter *meter;
};

int connect_loopback(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    int result = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (result < 0 ||
        connect(result, (struct sockaddr *)&address, sizeof(address)) != 0)
        fail_errno("connect");
    setsockopt(result, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return result;
}

static void send_next(const struct loop *loop, struct connection *connection)
{
    char request[REQUEST_BYTES_MAX];
    size_t size = loop->compose(loop->context, request);

    connection->reply_bytes = 0;
    connection->started_ns = now_ns();
    if (send(connection->socket, request, size, MSG_NOSIGNAL) != (ssize_t)size)
        fail_errno("send");
}

/* Gathers more of the reply; true when its line is complete. */
static bool receive_reply(const struct loop *loop, struct connection *connection)
{
    char *end = connection->reply + connection->reply_bytes;
    ssize_t got =
        recv(connection->socket, end, REPLY_BYTES_MAX - 1 - connection->reply_bytes, 0);

    if (got <= 0)
        fail("the peer closed the connection");
    connection->reply_bytes += (size_t)got;
    if (connection->reply[connection->reply_bytes - 1] != '\n')
        return false;
    connection->reply[connection->reply_bytes] = '\0';
    if (strncmp(connection->reply, loop->expected, strlen(loop->expected)) != 0)
        fail("unexpected reply: %s", connection->reply);
    return true;
}

/* False once the run is over. */
static bool serve_events(const struct loop *loop, int poller)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(poller, events, EVENTS_MAX, -1);

    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;
        if (!receive_reply(loop, connection))
            continue;
        if (!meter_count(loop->meter, connection->started_ns))
            return false;
        send_next(loop, connection);
    }
    return true;
}

void socket_loop(uint16_t port, unsigned clients, compose_fn *compose, void *context,
                 const char *expected, struct meter *meter)
{
    struct loop loop = {compose, context, expected, meter};
    struct connection *connections = calloc(clients, sizeof(*connections));
    int poller = epoll_create1(EPOLL_CLOEXEC);

    if (!connections || poller < 0)
        fail("no memory or no epoll");
    for (unsigned i = 0; i < clients; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
        connections[i].socket = connect_loopback(port);
        epoll_ctl(poller, EPOLL_CTL_ADD, connections[i].socket, &event);
    }
    for (unsigned i = 0; i < clients; i++)
        send_next(&loop, &connections[i]);
    while (serve_events(&loop, poller))
        ;
    for (unsigned i = 0; i < clients; i++)
        close(connections[i].socket);
    close(poller);
    free(connections);
}
