/* SPDX-License-Identifier: MIT */
/* A run's beginning and end, and what all of it needs: requests on their way, events,
   and how a fault is reported. */
#include "tests/simulator/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/log.h"

#define START_WALL_MS 1750000000000LL

/* ---------------------------------------------------------------------- reporting ---
 */

void sim_trace(struct sim *sim, const char *format, ...)
{
    va_list arguments;
    if (!sim->is_verbose)
        return;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

void sim_fail(struct sim *sim, const char *format, ...)
{
    va_list arguments;
    fflush(stdout);
    fprintf(stderr, "seed %llu, step %llu: ", (unsigned long long)sim->seed,
            (unsigned long long)sim->steps);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    store_remove((long)getpid());
    _exit(1);
}

/* --------------------------------------------------------------------------- time ---
 */

static struct sim *sim_of(struct clock *clock)
{
    return (struct sim *)(void *)((char *)clock - offsetof(struct sim, clock));
}

static int64_t wall_ms(struct clock *clock)
{
    return sim_of(clock)->wall_ms;
}

static int64_t monotonic_ns(struct clock *clock)
{
    return sim_of(clock)->now_ns;
}

int64_t sim_store_clock(const struct sim *sim)
{
    return sim->opened_clock_ms + (sim->now_ns - sim->opened_ns) / 1000000;
}

/* ------------------------------------------------------------------------- asking ---
 */

void post_list_add(struct post_list *list, struct post *post)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity * 2 + 8;
        list->list = memory_resize(list->list, list->capacity * sizeof *list->list);
    }
    list->list[list->count++] = post;
}

/* What is said before the commit, after a commit that failed, or twice, is a fault; so
   is anything but what the model says. */
static void answered(void *context, const struct engine_answer *answer)
{
    struct post *post = context;
    struct sim *sim = post->sim;
    SIM_CHECK(sim, sim->in_commit, "an answer came outside a commit");
    SIM_CHECK(sim, !post->is_answered, "an answer came twice");
    SIM_CHECK(sim, post->is_sealed, "an answer came before its batch was sealed");
    post->is_answered = true;
    if (answer->status == STATUS_IO && sim->engine->read_only)
        return;
    SIM_CHECK(sim, !sim->read_only || answer->status,
              "something was accepted though nothing can be kept");
    if (sim->read_only)
        return;
    SIM_CHECK(sim, answer->status == post->status, "answered `%s` (%s), not `%s`",
              status_text(answer->status), answer->detail, status_text(post->status));
    if (answer->status)
        return;
    if (sim->acknowledged < post->follows)
        sim->acknowledged = post->follows;
    SIM_CHECK(sim, answer->actor == post->answer_actor, "answered another actor");
    SIM_CHECK(sim, answer->sequence == post->sequence, "answered task %llu, not %llu",
              (unsigned long long)answer->sequence, (unsigned long long)post->sequence);
    SIM_CHECK(sim, answer->replayed == post->replayed, "answered another `replayed`");
    SIM_CHECK(sim, answer->version == post->version, "answered another version");
}

static void post_send(struct sim *sim, struct post *post)
{
    struct engine_send send = {.actor = post->actor,
                               .messages = post->messages,
                               .count = post->count,
                               .parameters = &post->parameters,
                               .first_line = post->first_line,
                               .caller = post->caller,
                               .headers = post->headers,
                               .refuse_suspended = post->refuse_suspended,
                               .create_name = post->name,
                               .create_owner = post->owner};
    engine_send(sim->engine, &send, answered, post);
}

static void post_words(struct sim *sim, struct post *post)
{
    BYTES_AUTO(lines);
    for (size_t i = 0; i < post->word_count; i++) {
        struct view line = word_text(sim, &post->words[i]);
        bytes_append(&lines, line);
        bytes_append_text(&lines, "\n");
        sim_trace(sim, "  %.*s", (int)line.size, line.data);
    }
    engine_control(sim->engine, post->actor, view_bytes(&lines), answered, post);
}

static void post_state(struct sim *sim, struct post *post)
{
    struct engine_state_write write = {.state = post->state,
                                       .content_type = post->type,
                                       .expected_version = post->expected_version,
                                       .key = &post->parameters.key};
    engine_write_state(sim->engine, post->actor, &write, answered, post);
}

void sim_post(struct sim *sim, struct post *post)
{
    struct engine *engine = sim->engine;
    post->sim = sim;
    sim->steps++;
    post_list_add(&sim->posted, post);
    switch (post->kind) {
    case POST_SEND:
        post_send(sim, post);
        break;
    case POST_CREATE:
        engine_create(engine, post->name, &post->owner, answered, post);
        break;
    case POST_REMOVE:
        engine_remove(engine, post->actor, answered, post);
        break;
    case POST_OWNER:
        engine_set_owner(engine, post->actor, post->part, &post->owner, answered, post);
        break;
    case POST_STATE:
        post_state(sim, post);
        break;
    case POST_CONTROL:
        post_words(sim, post);
        break;
    case POST_BEHAVIOR:
        engine_set_behavior(engine, post->actor, post->name, answered, post);
        break;
    case POST_REFUSAL:
        post->is_answered = true;
        engine_note_refusal(engine, post->actor, STATUS_FULL, post->messages[0]);
        break;
    case POST_TURN:
        break;
    }
}

struct loose *sim_loose(struct sim *sim, uint64_t actor)
{
    if (actor >= sim->loose_capacity) {
        size_t capacity = actor * 2 + 16;
        sim->loose = memory_resize(sim->loose, capacity * sizeof *sim->loose);
        memset(sim->loose + sim->loose_capacity, 0,
               (capacity - sim->loose_capacity) * sizeof *sim->loose);
        sim->loose_capacity = capacity;
    }
    return &sim->loose[actor];
}

/* ---------------------------------------------------------------------------- life ---
 */

void sim_open(struct sim *sim, uint64_t seed, bool is_verbose)
{
    *sim = (struct sim){.seed = seed,
                        .dice = {seed},
                        .is_verbose = is_verbose,
                        .clock = {wall_ms, monotonic_ns},
                        .wall_ms = START_WALL_MS,
                        .now_ns = 1000000000};
    plan_make(sim);
    turns_open(sim);
    store_make(sim->folder);
    sim->disk = faulty_disk_open(dice_next(&sim->dice));
    sim->options.clock = &sim->clock;
    sim->options.behaviors = &sim->behaviors;
    sim->options.journal_disk = faulty_disk_interface(sim->disk);
    sim->rules.options = &sim->options;
    sim->decided.rules = sim->committed.rules = &sim->rules;
    sim->decided.arena = sim->committed.arena = &sim->arena;
    drive_open(sim);
}

void sim_close(struct sim *sim)
{
    waits_end_all(sim);
    engine_abandon(sim->engine);
    faulty_disk_close(sim->disk);
    turns_forget(sim);
    model_free(&sim->decided);
    model_free(&sim->committed);
    free(sim->events);
    free(sim->posted.list);
    free(sim->taken.list);
    free(sim->records);
    free(sim->loose);
    store_remove((long)getpid());
    arena_free(&sim->arena);
}
