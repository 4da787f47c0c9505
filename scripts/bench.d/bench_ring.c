/* SPDX-License-Identifier: MIT */
/*
 * A ring of actors that pass tokens on, all durable: every actor gets one token, each
 * goes so many hops, and the clock runs until every message was handled.
 *
 *     bench_ring --store PATH --behaviors DIR [--actors N] [--messages N]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "scripts/bench.d/bench_store.h"
#include "scripts/bench.d/measure.h"

static void send_tokens(struct bench_store *store, size_t hops)
{
    struct ticket *tickets = calloc(store->actor_count, sizeof(*tickets));
    struct parameters parameters;
    char text[32];
    struct view message =
        view_of(text, (size_t)snprintf(text, sizeof(text), "%zu", hops));

    if (!tickets)
        fail("no memory");
    parameters_clear(&parameters);
    for (size_t i = 0; i < store->actor_count; i++) {
        struct engine_send send = {.actor = store->actors[i],
                                   .messages = &message,
                                   .count = 1,
                                   .parameters = &parameters,
                                   .first_line = 1};
        tickets[i].completions = &store->completions;
        engine_send(store->engine, &send, completions_done, &tickets[i]);
    }
    completions_await(&store->completions, store->actor_count);
    free(tickets);
}

/* Looks from time to time: no single task is the last. */
static void await_turns(struct bench_store *store, uint64_t turns)
{
    struct engine_totals totals;

    for (;;) {
        engine_totals(store->engine, &totals);
        if (totals.failed)
            fail("%llu turns failed", (unsigned long long)totals.failed);
        if (totals.done == turns)
            return;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

int main(int argc, char **argv)
{
    size_t actors = option_number(argc, argv, "--actors", 1000);
    size_t turns_each = option_number(argc, argv, "--messages", 500000) / actors;
    struct bench_store store;

    if (turns_each == 0)
        fail("at least a message an actor, please");
    bench_store_open(&store, "ring", actors, argc, argv);
    int64_t started = now_ns();
    send_tokens(&store, turns_each - 1);
    await_turns(&store, actors * turns_each);
    double seconds = (double)(now_ns() - started) / 1e9;
    printf("{\"operations\": %zu, \"burst_rate\": %.1f}\n", actors * turns_each,
           (double)(actors * turns_each) / seconds);
    bench_store_close(&store);
    return 0;
}
