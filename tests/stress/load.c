/* SPDX-License-Identifier: MIT */
#include "tests/stress/load.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/foldertree.h"
#include "common/base/log.h"

#define CHECKPOINT_BYTES (64u << 10)
#define DEADLINE_S 60

void load_init(struct load *load, unsigned rounds)
{
    memset(load, 0, sizeof(*load));
    strcpy(load->folder, "/tmp/actorfs-stress-XXXXXX");
    ENSURE(mkdtemp(load->folder));
    load->rounds = rounds;
}

struct made {
    atomic_bool answered;
    uint64_t actor;
};

static void note_made(void *context, const struct engine_answer *answer)
{
    struct made *made = context;
    ENSURE(answer->status == STATUS_OK);
    made->actor = answer->actor;
    atomic_store(&made->answered, true);
}

static void make_actors(struct load *load)
{
    struct engine_owner owner = {.mode = 0755};
    for (unsigned i = 0; i < LOAD_ACTORS; i++) {
        struct made made = {0};
        char name[32];
        snprintf(name, sizeof(name), "counter_%u", i);
        if (engine_find(load->engine, view_text(name), &load->actors[i]) == STATUS_OK)
            continue;
        engine_create(load->engine, view_text(name), &owner, note_made, &made);
        while (!atomic_load(&made.answered))
            usleep(100);
        load->actors[i] = made.actor;
    }
}

void load_open(struct load *load)
{
    struct engine_options options;
    BYTES_AUTO(message);
    engine_options_init(&options);
    options.durability = DURABILITY_OS;
    options.segment_bytes = 1u << 20;
    options.checkpoint_bytes = CHECKPOINT_BYTES;
    options.log_bytes_max = 10000;
    enum status status = engine_open(load->folder, &options, &load->engine, &message);
    if (status)
        log_error("%.*s", (int)message.size, message.data);
    ENSURE(status == STATUS_OK);
    atomic_store(&load->over, false);
    engine_start(load->engine);
    make_actors(load);
}

void load_close(struct load *load)
{
    engine_close(load->engine);
    load->engine = NULL;
}

void load_await_commits(struct load *load, uint64_t commits)
{
    struct engine_totals totals;
    int64_t until_ms = clock_system()->wall_ms(clock_system()) + DEADLINE_S * 1000;
    do {
        usleep(200);
        engine_totals(load->engine, &totals);
        ENSURE(clock_system()->wall_ms(clock_system()) < until_ms);
    } while (totals.commits < commits);
}

/* ---------------------------------------------------------------- the audit --- */

static void note_answer(void *context, const struct engine_answer *answer)
{
    (void)answer;
    atomic_store((atomic_bool *)context, true);
}

static void resume(struct load *load, uint64_t actor)
{
    atomic_bool answered = false;
    engine_control(load->engine, actor, view_text("resume"), note_answer, &answered);
    while (!atomic_load(&answered))
        usleep(100);
}

static void await_rest(struct load *load, uint64_t actor)
{
    struct actor_info info;
    int64_t until_ms = clock_system()->wall_ms(clock_system()) + DEADLINE_S * 1000;
    do {
        usleep(100);
        ENSURE(engine_actor(load->engine, actor, &info) == STATUS_OK);
        ENSURE(clock_system()->wall_ms(clock_system()) < until_ms);
    } while (info.pending || info.running || info.delayed);
}

/* Each key that is known and was not canceled counted one. */
static void audit_actor(struct load *load, unsigned n)
{
    BYTES_AUTO(state);
    uint64_t actor = load->actors[n], version, done = 0;
    for (unsigned number = 0; number < LOAD_KEYS; number++) {
        struct task_info info;
        struct key key;
        char name[32];
        snprintf(name, sizeof(name), "key-%u", number);
        ENSURE(key_from_raw(view_text(name), &key) == STATUS_OK);
        bool known = engine_task(load->engine, actor, &key, &info) == STATUS_OK;
        ENSURE(known || !atomic_load(&load->acknowledged[n][number]));
        done += known && info.state == TASK_DONE;
    }
    ENSURE(engine_state(load->engine, actor, &state, &version) == STATUS_OK);
    bytes_append(&state, view_of("", 1));
    if (strtoull(state.data, NULL, 10) != done)
        log_error("counter_%u counted %s of %llu", n, state.data,
                  (unsigned long long)done);
    ENSURE(strtoull(state.data, NULL, 10) == done);
}

void load_audit(struct load *load)
{
    BYTES_AUTO(faults);
    load_open(load);
    for (unsigned n = 0; n < LOAD_ACTORS; n++) {
        resume(load, load->actors[n]);
        await_rest(load, load->actors[n]);
        audit_actor(load, n);
    }
    uint64_t found = engine_check(load->engine, &faults);
    if (found)
        log_error("%.*s", (int)faults.size, faults.data);
    ENSURE(found == 0);
    engine_stop(load->engine);
    load_close(load);
}

void load_end(struct load *load)
{
    ENSURE(foldertree_remove(AT_FDCWD, load->folder));
}

/* ------------------------------------------------------------------ threads --- */

void load_start(struct load_thread *thread, void *(*run)(void *), uint64_t seed)
{
    thread->random = seed * 0x9E3779B97F4A7C15u + 1;
    ENSURE(pthread_create(&thread->thread, NULL, run, thread) == 0);
}

void load_join(struct load_thread *thread)
{
    pthread_join(thread->thread, NULL);
}

unsigned load_choose(struct load_thread *thread, unsigned bound)
{
    thread->random ^= thread->random << 13;
    thread->random ^= thread->random >> 7;
    thread->random ^= thread->random << 17;
    return (unsigned)(thread->random % bound);
}
