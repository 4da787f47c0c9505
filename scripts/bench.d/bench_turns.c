/* SPDX-License-Identifier: MIT */
/*
 * Turns alone: the mailboxes of suspended actors are filled, then all are resumed, and
 * the clock runs until the last outcome of every actor is on disk. The counts are
 * checked, of `counter` the sums: a benchmark that skipped a turn would fail.
 *
 *     bench_turns --store PATH [--actors N] [--messages N] [--behavior NAME]
 *                 [--behaviors DIR]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scripts/bench.d/bench_store.h"
#include "scripts/bench.d/measure.h"

#define BATCH_MESSAGES 500

/* Sends the message to every actor `each` times; leaves the last task's number in its
   ticket. */
static void fill_mailboxes(struct bench_store *store, struct ticket *tickets,
                           size_t each, struct view message)
{
    struct view messages[BATCH_MESSAGES];
    struct parameters parameters;

    parameters_clear(&parameters);
    for (size_t i = 0; i < BATCH_MESSAGES; i++)
        messages[i] = message;
    for (size_t sent = 0; sent < each; sent += BATCH_MESSAGES) {
        size_t now = each - sent < BATCH_MESSAGES ? each - sent : BATCH_MESSAGES;
        for (size_t i = 0; i < store->actor_count; i++) {
            struct engine_send send = {.actor = store->actors[i],
                                       .messages = messages,
                                       .count = now,
                                       .parameters = &parameters,
                                       .first_line = 1};
            tickets[i].completions = &store->completions;
            engine_send(store->engine, &send, completions_done, &tickets[i]);
        }
        completions_await(&store->completions, store->actor_count);
    }
}

static void run_turns(struct bench_store *store, struct ticket *tickets)
{
    struct engine_wait **waits =
        calloc(store->actor_count, sizeof(struct engine_wait *));
    struct completions finished;

    if (!waits)
        fail("no memory");
    completions_init(&finished);
    for (size_t i = 0; i < store->actor_count; i++) {
        tickets[i].completions = &finished;
        waits[i] =
            engine_wait_task(store->engine, store->actors[i], tickets[i].sequence, 0,
                             completions_wake, &tickets[i]);
    }
    bench_store_control(store, "resume");
    completions_await(&finished, store->actor_count);
    for (size_t i = 0; i < store->actor_count; i++)
        engine_wait_end(waits[i]);
    free(waits);
}

static void check_sum(struct bench_store *store, size_t actor, size_t wanted)
{
    BYTES_AUTO(state);
    uint64_t version;

    if (engine_state(store->engine, store->actors[actor], &state, &version) !=
        STATUS_OK)
        fail("no state");
    bytes_append(&state, view_of("", 1));
    if (strtoull(state.data, NULL, 10) != wanted)
        fail("counter_%zu is %s, not %zu", actor, state.data, wanted);
}

static void check_turns(struct bench_store *store, size_t each, bool sums)
{
    for (size_t i = 0; i < store->actor_count; i++) {
        struct actor_info info;
        if (engine_actor(store->engine, store->actors[i], &info) != STATUS_OK ||
            info.done != each)
            fail("actor %zu has not done %zu tasks: %s", i, each, info.last_error);
        if (sums)
            check_sum(store, i, each);
    }
}

int main(int argc, char **argv)
{
    size_t actors = option_number(argc, argv, "--actors", 1);
    size_t each = option_number(argc, argv, "--messages", 500000) / actors;
    struct ticket *tickets = calloc(actors, sizeof(*tickets));
    const char *behavior = option_text(argc, argv, "--behavior", "counter");
    bool sums = strcmp(behavior, "counter") == 0;
    char text[MESSAGE_BYTES];
    struct bench_store store;

    if (!tickets)
        fail("no memory");
    memset(text, 'm', sizeof(text));
    bench_store_open(&store, behavior, actors, argc, argv);
    bench_store_control(&store, "suspend");
    fill_mailboxes(&store, tickets, each,
                   sums ? view_text("1") : view_of(text, sizeof(text)));
    int64_t started = now_ns();
    run_turns(&store, tickets);
    double seconds = (double)(now_ns() - started) / 1e9;
    check_turns(&store, each, sums);
    printf("{\"operations\": %zu, \"burst_rate\": %.1f}\n", actors * each,
           (double)(actors * each) / seconds);
    bench_store_close(&store);
    free(tickets);
    return 0;
}
