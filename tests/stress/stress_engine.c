/* SPDX-License-Identifier: MIT */
/*
 * A started engine under everything at once, for the sanitizers: writers on keys they
 * share, readers of everything, listers, waiters that come and go, control words,
 * actors that are made and removed, small checkpoints, and a stop in the midst of it;
 * then with writers that are mostly alone.
 * Then the store is opened again and must agree with itself and with what was
 * acknowledged: each key of each actor was counted once, whoever sent it.
 *
 * The work is a number of rounds, not a time. With an argument: so many rounds.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/engine/engine.h"
#include "tests/stress/load.h"

#define WRITERS 4
#define ROUNDS 2500
#define OPENINGS 3

static struct load load;

/* What a writer has on its way. */
struct ask {
    atomic_bool answered;
    enum status status;
    uint64_t sequence;
};

static void answer(void *context, const struct engine_answer *given)
{
    struct ask *ask = context;
    ask->status = given->status;
    ask->sequence = given->sequence;
    atomic_store(&ask->answered, true);
}

static enum status await(struct ask *ask)
{
    while (!atomic_load(&ask->answered))
        usleep(20);
    atomic_store(&ask->answered, false);
    return ask->status;
}

/* Every writer sends every key of every actor, so that all but one are duplicates. */
static void send_one(struct load_thread *thread, struct ask *ask, unsigned n)
{
    unsigned actor = load_choose(thread, LOAD_ACTORS);
    unsigned number = load_choose(thread, LOAD_KEYS);
    struct parameters parameters;
    char name[32];
    struct view message = view_text("1\n");
    parameters_clear(&parameters);
    snprintf(name, sizeof(name), "key-%u", number);
    ENSURE(key_from_raw(view_text(name), &parameters.key) == STATUS_OK);
    if (n % 11 == 0)
        parameters.delay_ms = 1 + n % 50;
    struct engine_send send = {.actor = load.actors[actor],
                               .messages = &message,
                               .count = 1,
                               .parameters = &parameters,
                               .first_line = 1,
                               .in_person = n % 4 != 0};
    engine_send(load.engine, &send, answer, ask);
    if (await(ask) == STATUS_OK)
        atomic_store(&load.acknowledged[actor][number], true);
}

static void wake(void *context, enum status status)
{
    (void)status;
    atomic_fetch_add((atomic_uint *)context, 1);
}

/* Some waits are ended at once, some when they are over, some race with their end. */
static void wait_for(struct load_thread *thread, uint64_t actor, uint64_t sequence)
{
    atomic_uint woken = 0;
    struct engine_wait *wait = engine_wait_task(
        load.engine, actor, sequence, 1 + load_choose(thread, 30), wake, &woken);
    if (load_choose(thread, 3) == 0)
        while (!atomic_load(&woken))
            usleep(20);
    bool silent = engine_wait_end(wait);
    ENSURE(atomic_load(&woken) == (silent ? 0u : 1u));
}

static void *write_much(void *argument)
{
    struct load_thread *thread = argument;
    struct ask ask = {0};
    for (unsigned n = 0; n < load.rounds; n++) {
        send_one(thread, &ask, n);
        if (ask.status == STATUS_OK && n % 5 == 0)
            wait_for(thread, load.actors[load_choose(thread, LOAD_ACTORS)],
                     ask.sequence);
        if (ask.status == STATUS_SHUTDOWN)
            break;
    }
    return NULL;
}

/* With rests in between, so that each is often alone and asks in person, and often just
   not. */
static void *write_sparsely(void *argument)
{
    struct load_thread *thread = argument;
    struct ask ask = {0};
    for (unsigned n = 0; n < load.rounds; n++) {
        send_one(thread, &ask, n);
        usleep(load_choose(thread, 200));
    }
    return NULL;
}

static void *control_much(void *argument)
{
    static const char *const words[] = {"suspend",        "resume",       "resume",
                                        "retry failed",   "cancel key-1", "retry key-1",
                                        "suspend\nresume"};
    struct load_thread *thread = argument;
    struct ask ask = {0};
    for (unsigned n = 0; n < load.rounds && ask.status != STATUS_SHUTDOWN; n++) {
        uint64_t actor = load.actors[load_choose(thread, LOAD_ACTORS)];
        unsigned word = load_choose(thread, sizeof(words) / sizeof(*words));
        if (n % 3 == 0)
            engine_note_refusal(load.engine, actor, STATUS_FULL, view_text("stress"));
        engine_control(load.engine, actor, view_text(words[word]), answer, &ask);
        await(&ask);
    }
    return NULL;
}

/* Actors that nobody counts: made, written to, given a state and an owner, removed. */
static void *make_and_remove(void *argument)
{
    struct load_thread *thread = argument;
    struct ask ask = {0};
    for (unsigned n = 0; n < load.rounds / 4 && ask.status != STATUS_SHUTDOWN; n++) {
        char name[32];
        uint64_t actor;
        struct engine_owner owner = {.uid = n, .mode = 0700};
        snprintf(name, sizeof(name), "fleeting_%u", load_choose(thread, 20));
        if (engine_find(load.engine, view_text(name), &actor) != STATUS_OK) {
            engine_create(load.engine, view_text(name), &owner, answer, &ask);
        } else if (n % 2) {
            engine_set_state(load.engine, actor, view_text(name), view_text("x/y"),
                             STATE_VERSION_ANY, answer, &ask);
            await(&ask);
            engine_set_owner(load.engine, actor, PART_STATE, &owner, answer, &ask);
        } else {
            engine_remove(load.engine, actor, answer, &ask);
        }
        await(&ask);
    }
    return NULL;
}

static void see_task(void *context, const struct task_info *info)
{
    *(uint64_t *)context += info->sequence + info->key.size;
}

static void read_one(struct load_thread *thread, struct bytes *out)
{
    uint64_t actor = load.actors[load_choose(thread, LOAD_ACTORS)], version, sum = 0;
    struct actor_info info;
    struct task_info task;
    struct key key;
    bytes_clear(out);
    ENSURE(key_from_raw(view_text("key-1"), &key) == STATUS_OK);
    ENSURE(engine_actor(load.engine, actor, &info) == STATUS_OK);
    ENSURE(engine_state(load.engine, actor, out, &version) == STATUS_OK);
    ENSURE(engine_log(load.engine, actor, out) == STATUS_OK);
    ENSURE(engine_mailbox(load.engine, actor, see_task, &sum) == STATUS_OK);
    ENSURE(engine_last_result(load.engine, actor, out) == STATUS_OK);
    if (engine_task(load.engine, actor, &key, &task) == STATUS_OK) {
        (void)!engine_outcome(load.engine, actor, &key, out);
        ENSURE(engine_message(load.engine, actor, &key, out) == STATUS_OK);
    }
}

static void *read_much(void *argument)
{
    struct load_thread *thread = argument;
    BYTES_AUTO(out);
    while (!atomic_load(&load.over))
        read_one(thread, &out);
    return NULL;
}

static bool see_actor(void *context, const struct actor_info *info)
{
    uint64_t *last = context;
    ENSURE(info->id > *last);
    *last = info->id;
    return !atomic_load(&load.over);
}

static void *list_much(void *argument)
{
    (void)argument;
    BYTES_AUTO(out);
    struct engine_totals totals;
    while (!atomic_load(&load.over)) {
        uint64_t last = 0;
        engine_list(load.engine, 0, see_actor, &last);
        engine_attention(load.engine, &out);
        engine_totals(load.engine, &totals);
        ENSURE(totals.actors >= LOAD_ACTORS);
        bytes_clear(&out);
    }
    return NULL;
}

/* `tail -f`: from one change to the next. */
static void *follow(void *argument)
{
    struct load_thread *thread = argument;
    while (!atomic_load(&load.over)) {
        uint64_t actor = load.actors[load_choose(thread, LOAD_ACTORS)];
        struct actor_info info;
        atomic_uint woken = 0;
        ENSURE(engine_actor(load.engine, actor, &info) == STATUS_OK);
        struct engine_wait *wait =
            engine_wait_change(load.engine, actor, info.changes, wake, &woken);
        for (unsigned i = 0; i < 50 && !atomic_load(&woken); i++)
            usleep(20);
        engine_wait_end(wait);
    }
    return NULL;
}

static void run_opening(unsigned opening)
{
    static void *(*const finite[])(void *) = {
        write_much, write_much, write_much, write_much, control_much, make_and_remove};
    static void *(*const endless[])(void *) = {read_much, read_much, list_much, follow,
                                               follow};
    struct load_thread workers[6] = {0}, watchers[5] = {0};
    load_open(&load);
    for (unsigned i = 0; i < 6; i++)
        load_start(&workers[i], finite[i], opening * 100 + i);
    for (unsigned i = 0; i < 5; i++)
        load_start(&watchers[i], endless[i], opening * 100 + 50 + i);
    if (opening % 2 == 0) /* stopped in the midst of it */
        load_await_commits(&load, load.rounds / 20);
    else
        for (unsigned i = 0; i < 6; i++)
            load_join(&workers[i]);
    atomic_store(&load.over, opening % 2 == 1);
    for (unsigned i = 0; i < 5 && opening % 2 == 1; i++)
        load_join(&watchers[i]);
    engine_stop(load.engine);
    atomic_store(&load.over, true);
    for (unsigned i = 0; i < 6 && opening % 2 == 0; i++)
        load_join(&workers[i]);
    for (unsigned i = 0; i < 5 && opening % 2 == 0; i++)
        load_join(&watchers[i]);
    load_close(&load);
}

static void run_sparsely(void)
{
    static void *(*const runs[])(void *) = {write_sparsely, write_sparsely, read_much,
                                            follow};
    struct load_thread threads[4] = {0};
    load_open(&load);
    for (unsigned i = 0; i < 4; i++)
        load_start(&threads[i], runs[i], 1000 + i);
    load_join(&threads[0]);
    load_join(&threads[1]);
    atomic_store(&load.over, true);
    load_join(&threads[2]);
    load_join(&threads[3]);
    engine_stop(load.engine);
    load_close(&load);
}

int main(int argc, char **argv)
{
    load_init(&load, argc > 1 ? (unsigned)atoi(argv[1]) : ROUNDS);
    for (unsigned opening = 0; opening < OPENINGS; opening++)
        run_opening(opening);
    run_sparsely();
    load_audit(&load);
    load_end(&load);
    return 0;
}
