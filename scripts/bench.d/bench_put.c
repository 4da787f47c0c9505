/* SPDX-License-Identifier: MIT */
/*
 * The product over HTTP, asked with the very client that Redis is asked with: PUTs of
 * messages under fresh keys, over so many actors that are made with their first one.
 *
 *     bench_put --port N [--clients N] [--actors N] [--seconds N] [--burst N]
 */
#include <stdio.h>

#include "scripts/bench.d/measure.h"
#include "scripts/bench.d/socket_loop.h"

struct work {
    struct source source;
    uint64_t actors;
};

/* The answers have no body: 202 Accepted. */
static size_t compose(void *context, char request_out[REQUEST_BYTES_MAX])
{
    struct work *work = context;
    char key[FRESH_KEY_BYTES];
    char message[MESSAGE_BYTES];

    source_key(&work->source, key);
    message_fill(message, key);
    int size = snprintf(request_out, REQUEST_BYTES_MAX,
                        "PUT /actors/bench_%llu/tasks@%.*s?create=1 HTTP/1.1\r\n"
                        "Host: localhost\r\nContent-Length: %d\r\n\r\n%.*s",
                        (unsigned long long)source_below(&work->source, work->actors),
                        FRESH_KEY_BYTES, key, MESSAGE_BYTES, MESSAGE_BYTES, message);
    return (size_t)size;
}

int main(int argc, char **argv)
{
    uint16_t port = (uint16_t)option_number(argc, argv, "--port", 8080);
    unsigned clients = (unsigned)option_number(argc, argv, "--clients", 64);
    struct work work = {.actors = option_number(argc, argv, "--actors", 1000)};
    struct meter meter;

    source_seed(&work.source);
    meter_start(&meter, argc, argv);
    socket_loop(port, clients, compose, &work, "HTTP/1.1 202", &meter);
    meter_report(&meter);
    return 0;
}
