/* SPDX-License-Identifier: MIT */
/*
 * WebDAV locks: each client, with a connection and a file of its own, takes an
 * exclusive lock and gives it back. An operation is such a pair.
 *
 *     bench_lock --port N [--prefix /FOLDER/] [--clients N] [--seconds N] [--burst N]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "scripts/bench.d/crew.h"
#include "scripts/bench.d/socket_loop.h"

#define REPLY_BYTES_MAX 8192
#define TOKEN_BYTES_MAX 128

static const char lock_body[] =
    "<?xml version=\"1.0\"?><D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/>"
    "</D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>";

struct work {
    uint16_t port;
    const char *prefix;
    int socket; /* 0: not connected yet */
};

/* The value of a field that was sent; it ends at its line's end. */
static const char *field_of(const char *reply, const char *name)
{
    const char *at = strcasestr(reply, name);
    return at ? at + strlen(name) : NULL;
}

/* Whether the headers and the body they announce are there. */
static bool is_whole(const char *reply, size_t size)
{
    const char *body = strstr(reply, "\r\n\r\n");
    const char *length = field_of(reply, "\r\nContent-Length:");
    size_t announced = length && length < body ? strtoul(length, NULL, 10) : 0;
    return body && size >= (size_t)(body + 4 - reply) + announced;
}

static void ask(int socket, const char *request, size_t size,
                char reply[REPLY_BYTES_MAX])
{
    size_t got = 0;

    if (send(socket, request, size, MSG_NOSIGNAL) != (ssize_t)size)
        fail_errno("send");
    do {
        ssize_t more = recv(socket, reply + got, REPLY_BYTES_MAX - 1 - got, 0);
        if (more <= 0)
            fail("the server closed the connection");
        got += (size_t)more;
        reply[got] = '\0';
    } while (!is_whole(reply, got));
    if (strncmp(reply, "HTTP/1.1 2", 10) != 0)
        fail("unexpected reply: %.200s", reply);
}

/* Sends a request about the member's file; `fields` end in CR LF each. */
static void ask_of_file(const struct work *work, unsigned number, const char *method,
                        const char *fields, const char *body,
                        char reply[REPLY_BYTES_MAX])
{
    char request[REQUEST_BYTES_MAX];
    int size = snprintf(request, sizeof(request),
                        "%s %sf_%u HTTP/1.1\r\nHost: 127.0.0.1\r\n%s"
                        "Content-Length: %zu\r\n\r\n%s",
                        method, work->prefix, number, fields, strlen(body), body);
    ask(work->socket, request, (size_t)size, reply);
}

static void lock_and_unlock(struct member *member, void *context)
{
    struct work *work = context;
    char reply[REPLY_BYTES_MAX], token[TOKEN_BYTES_MAX], fields[256];

    if (!work->socket) {
        work->socket = connect_loopback(work->port);
        ask_of_file(work, member->number, "PUT", "", "coffee", reply);
    }
    ask_of_file(work, member->number, "LOCK", "Depth: 0\r\nTimeout: Second-600\r\n",
                lock_body, reply);
    const char *value = field_of(reply, "\r\nLock-Token:");
    if (!value || sscanf(value, " %127[^\r]", token) != 1)
        fail("no Lock-Token in: %.200s", reply);
    snprintf(fields, sizeof(fields), "Lock-Token: %s\r\n", token);
    ask_of_file(work, member->number, "UNLOCK", fields, "", reply);
}

int main(int argc, char **argv)
{
    struct work work = {.port = (uint16_t)option_number(argc, argv, "--port", 80),
                        .prefix = option_text(argc, argv, "--prefix", "/")};
    crew_run((unsigned)option_number(argc, argv, "--clients", 64), lock_and_unlock,
             &work, argc, argv);
    return 0;
}
