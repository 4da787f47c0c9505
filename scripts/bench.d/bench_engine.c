/* SPDX-License-Identifier: MIT */
/*
 * The engine without a face: clients in this process that each send one message under a
 * fresh key to a random actor, wait until it is on disk, and send the next. One event
 * loop drives them all, as in the peers' drivers. Turns (echo) run beside it, as they
 * do in life.
 *
 *     bench_engine --store PATH [--clients N] [--actors N] [--seconds N] [--burst N]
 *
 * With --seconds 0 it only makes the actors bench_0 ...
 */
#include <stdlib.h>

#include "scripts/bench.d/bench_store.h"
#include "scripts/bench.d/measure.h"

struct work {
    struct bench_store store;
    struct source source;
    struct meter meter;
};

static void send_next(struct work *work, struct ticket *client)
{
    struct parameters parameters;
    char key[FRESH_KEY_BYTES];
    char text[MESSAGE_BYTES];

    source_key(&work->source, key);
    message_fill(text, key);
    parameters_clear(&parameters);
    if (key_from_raw(view_of(key, sizeof(key)), &parameters.key) != STATUS_OK)
        fail("bad key");
    struct view message = view_of(text, sizeof(text));
    struct engine_send send = {
        .actor =
            work->store.actors[source_below(&work->source, work->store.actor_count)],
        .messages = &message,
        .count = 1,
        .parameters = &parameters,
        .first_line = 1};

    client->started_ns = now_ns();
    engine_send(work->store.engine, &send, completions_done, client);
}

/* Returns how many clients are still waiting when the run is over. */
static size_t run_clients(struct work *work, size_t waiting)
{
    bool running = true;

    while (running) {
        struct ticket *next;
        for (struct ticket *client = completions_take(&work->store.completions); client;
             client = next) {
            next = client->next;
            running = running && meter_count(&work->meter, client->started_ns);
            if (running)
                send_next(work, client);
            else
                waiting--;
        }
    }
    return waiting;
}

int main(int argc, char **argv)
{
    size_t count = option_number(argc, argv, "--clients", 64);
    struct ticket *clients = calloc(count, sizeof(*clients));
    static struct work work;

    if (!clients)
        fail("no memory");
    source_seed(&work.source);
    bench_store_open(&work.store, "bench", option_number(argc, argv, "--actors", 1000),
                     argc, argv);
    meter_start(&work.meter, argc, argv);
    if (work.meter.end_ns > work.meter.start_ns) {
        for (size_t i = 0; i < count; i++) {
            clients[i].completions = &work.store.completions;
            send_next(&work, &clients[i]);
        }
        completions_await(&work.store.completions, run_clients(&work, count));
    }
    meter_report(&work.meter);
    bench_store_close(&work.store);
    free(clients);
    return 0;
}
