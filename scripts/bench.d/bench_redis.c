/* SPDX-License-Identifier: MIT */
/*
 * The peer: the same work done with Redis as people do it, a Lua script that takes an
 * idempotency key with SET NX and appends the message to the actor's stream with XADD.
 *
 *     bench_redis --port N [--clients N] [--actors N] [--seconds N] [--burst N]
 *
 * The server should run with `appendonly yes` and `appendfsync always`.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scripts/bench.d/measure.h"
#include "scripts/bench.d/socket_loop.h"

#define SHA_BYTES 40

static const char script[] =
    "if redis.call('SET', KEYS[1], '', 'NX') then "
    "redis.call('XADD', KEYS[2], '*', 'm', ARGV[1]) return 1 end return 0";

struct work {
    struct source source;
    uint64_t actors;
    char sha[SHA_BYTES + 1];
};

/* Reads exactly `size` bytes. */
static void receive_all(int socket, char *into, size_t size)
{
    if (recv(socket, into, size, MSG_WAITALL) != (ssize_t)size)
        fail("SCRIPT LOAD: no answer");
}

static void load_script(uint16_t port, char sha_out[SHA_BYTES + 1])
{
    char answer[5 + SHA_BYTES + 2]; /* $40 CR LF sha CR LF */
    int socket = connect_loopback(port);

    dprintf(socket, "*3\r\n$6\r\nSCRIPT\r\n$4\r\nLOAD\r\n$%zu\r\n%s\r\n",
            strlen(script), script);
    receive_all(socket, answer, sizeof(answer));
    if (memcmp(answer, "$40\r\n", 5) != 0)
        fail("SCRIPT LOAD: %.40s", answer);
    memcpy(sha_out, answer + 5, SHA_BYTES);
    sha_out[SHA_BYTES] = '\0';
    close(socket);
}

static size_t compose(void *context, char request_out[REQUEST_BYTES_MAX])
{
    struct work *work = context;
    char key[FRESH_KEY_BYTES];
    char message[MESSAGE_BYTES];
    char actor[32];
    int actor_bytes =
        snprintf(actor, sizeof(actor), "bench_%llu",
                 (unsigned long long)source_below(&work->source, work->actors));

    source_key(&work->source, key);
    message_fill(message, key);
    /* The key's scope is the actor: actor:key. */
    int size =
        snprintf(request_out, REQUEST_BYTES_MAX,
                 "*6\r\n$7\r\nEVALSHA\r\n$40\r\n%s\r\n$1\r\n2\r\n"
                 "$%d\r\n%s:%.*s\r\n$%d\r\n%s\r\n$%d\r\n%.*s\r\n",
                 work->sha, actor_bytes + 1 + FRESH_KEY_BYTES, actor, FRESH_KEY_BYTES,
                 key, actor_bytes, actor, MESSAGE_BYTES, MESSAGE_BYTES, message);
    return (size_t)size;
}

int main(int argc, char **argv)
{
    uint16_t port = (uint16_t)option_number(argc, argv, "--port", 6379);
    unsigned clients = (unsigned)option_number(argc, argv, "--clients", 64);
    struct work work = {.actors = option_number(argc, argv, "--actors", 1000)};
    struct meter meter;

    source_seed(&work.source);
    load_script(port, work.sha);
    meter_start(&meter, argc, argv);
    socket_loop(port, clients, compose, &work, ":1", &meter);
    meter_report(&meter);
    return 0;
}
