/* SPDX-License-Identifier: MIT */
/*
 * A queue server to stand beside the engine: beanstalkd's `put`, with -f0 (an fsync for
 * each). It has no idempotency keys and no actors; the number is printed, not compared.
 *
 *     bench_beanstalk --port N [--clients N] [--seconds N] [--burst N]
 */
#include <stdio.h>

#include "scripts/bench.d/measure.h"
#include "scripts/bench.d/socket_loop.h"

static size_t compose(void *context, char request_out[REQUEST_BYTES_MAX])
{
    char key[FRESH_KEY_BYTES];
    char message[MESSAGE_BYTES];

    source_key(context, key);
    message_fill(message, key);
    return (size_t)snprintf(request_out, REQUEST_BYTES_MAX, "put 0 0 60 %d\r\n%.*s\r\n",
                            MESSAGE_BYTES, MESSAGE_BYTES, message);
}

int main(int argc, char **argv)
{
    uint16_t port = (uint16_t)option_number(argc, argv, "--port", 11300);
    unsigned clients = (unsigned)option_number(argc, argv, "--clients", 64);
    struct source source;
    struct meter meter;

    source_seed(&source);
    meter_start(&meter, argc, argv);
    socket_loop(port, clients, compose, &source, "INSERTED", &meter);
    meter_report(&meter);
    return 0;
}
