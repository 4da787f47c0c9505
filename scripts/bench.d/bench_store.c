/* SPDX-License-Identifier: MIT */
/*
 * All actors are asked for at once, and all answers awaited after: thousands of them
 * take a few commits. The mailbox limit is lifted, because a benchmark may run ahead of
 * its turns; everything else is as shipped.
 */
#include "scripts/bench.d/bench_store.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/behavior/catalog.h"
#include "scripts/bench.d/measure.h"

#define OUTBOX_BYTES_MAX (4u << 20)
#define MAILBOX_TASKS_MAX 100000000

static void create_actors(struct bench_store *store, const char *name)
{
    struct engine_owner owner = {.mode = 0755};
    struct ticket *tickets = calloc(store->actor_count, sizeof(*tickets));
    char text[64];
    size_t asked = 0;

    if (!tickets)
        fail("no memory");
    for (size_t i = 0; i < store->actor_count; i++) {
        snprintf(text, sizeof(text), "%s_%zu", name, i);
        if (engine_find(store->engine, view_text(text), &store->actors[i]) == STATUS_OK)
            continue;
        tickets[i].completions = &store->completions;
        engine_create(store->engine, view_text(text), &owner, completions_done,
                      &tickets[i]);
        asked++;
    }
    completions_await(&store->completions, asked);
    for (size_t i = 0; i < store->actor_count; i++)
        if (tickets[i].completions)
            store->actors[i] = tickets[i].actor;
    free(tickets);
}

static void open_behaviors(struct bench_store *store, struct engine_options *options,
                           const char *folder)
{
    struct catalog_options limits = {
        .limits = {.result_bytes_max = options->result_bytes_max,
                   .state_bytes_max = options->state_bytes_max,
                   .outbox_bytes_max = OUTBOX_BYTES_MAX}};
    BYTES_AUTO(message);

    store->behaviors = NULL;
    if (!*folder)
        return;
    if (catalog_open(folder, &limits, &store->behaviors, &message) != STATUS_OK)
        fail("%.*s", (int)message.size, message.data);
    options->behaviors = store->behaviors;
}

void bench_store_open(struct bench_store *store, const char *name, size_t count,
                      int argc, char **argv)
{
    struct engine_options options;
    BYTES_AUTO(message);

    engine_options_init(&options);
    options.mailbox_tasks_max = MAILBOX_TASKS_MAX;
    open_behaviors(store, &options, option_text(argc, argv, "--behaviors", ""));
    if (engine_open(option_text(argc, argv, "--store", ""), &options, &store->engine,
                    &message) != STATUS_OK)
        fail("%.*s", (int)message.size, message.data);
    engine_start(store->engine);
    completions_init(&store->completions);
    store->actor_count = count;
    store->actors = calloc(count, sizeof(*store->actors));
    if (!store->actors)
        fail("no memory");
    create_actors(store, name);
}

void bench_store_close(struct bench_store *store)
{
    engine_stop(store->engine);
    engine_close(store->engine);
    if (store->behaviors)
        catalog_close(store->behaviors);
    free(store->actors);
}

void bench_store_control(struct bench_store *store, const char *words)
{
    struct ticket *tickets = calloc(store->actor_count, sizeof(*tickets));

    if (!tickets)
        fail("no memory");
    for (size_t i = 0; i < store->actor_count; i++) {
        tickets[i].completions = &store->completions;
        engine_control(store->engine, store->actors[i], view_text(words),
                       completions_done, &tickets[i]);
    }
    completions_await(&store->completions, store->actor_count);
    free(tickets);
}
