/* SPDX-License-Identifier: MIT */
/*
 * An engine on a test bench: in a scratch folder, with a clock that the test turns, a
 * journal on the faulty disk and no threads. A request is asked, steps are made until
 * nothing is left to do, and the answer is there. What the engine's own check finds
 * wrong at the end of a test fails the test.
 *
 * Life: rig_init -> change options -> rig_open -> ... -> rig_close.
 */
#ifndef ACTORFS_TESTS_ENGINE_RIG_H
#define ACTORFS_TESTS_ENGINE_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/engine/core.h"
#include "tests/support/faulty_disk.h"

struct rig {
    struct clock clock; /* first: the engine hands it back */
    int64_t wall_ms, monotonic_ns;
    struct engine_options options;
    struct faulty_disk *faulty;
    char folder[64];
    struct engine *engine; /* null while it is closed */
};

/* The answer to a request; `called` counts, because it must come exactly once. */
struct reply {
    unsigned called;
    enum status status;
    uint64_t actor, sequence, version;
    bool replayed;
    char detail[256];
};

/* Noon of a day in 2025, small segments, a scratch folder. */
void rig_init(struct rig *rig);
void rig_open(struct rig *rig);
/* Checks the store against itself, closes it, removes the folder. */
void rig_close(struct rig *rig);
/* The process dies and another one opens the store. */
void rig_reopen(struct rig *rig);
/* The same after the power failed. */
void rig_crash(struct rig *rig);
/* Asserts that the store agrees with itself. */
void rig_check(struct rig *rig);

/* Both clocks go on by so much. */
void rig_advance(struct rig *rig, int64_t ms);
/* Step and commit, until there is nothing to do without waiting. */
void rig_run(struct rig *rig);
/* Brings LMDB up to date, so that look-ups go there. */
void rig_tidy(struct rig *rig);

/* An engine_done_fn; context is a struct reply. */
void rig_done(void *context, const struct engine_answer *answer);

/* Asked and answered. Each asserts that it was answered exactly once. */
uint64_t rig_create(struct rig *rig, const char *name);
struct reply rig_remove(struct rig *rig, uint64_t actor);
/* `name` as after `tasks`: "", "@KEY", "@,delay=30s". */
struct reply rig_send(struct rig *rig, uint64_t actor, const char *name,
                      const char *message);
struct reply rig_control(struct rig *rig, uint64_t actor, const char *lines);
struct reply rig_set_state(struct rig *rig, uint64_t actor, const char *state,
                           uint64_t expected_version);
struct reply rig_set_behavior(struct rig *rig, uint64_t actor, const char *name);
/* Asks only; the reply is filled by a later rig_run. */
void rig_ask_send(struct rig *rig, uint64_t actor, const char *name,
                  const char *message, struct reply *reply);
/* `count` messages in one request: `0`, `1`, ... */
struct reply rig_send_many(struct rig *rig, uint64_t actor, const char *name,
                           size_t count);

struct parameters rig_parameters(const char *name);
struct key rig_key(const char *name);
struct actor_info rig_info(struct rig *rig, uint64_t actor);
/* What reads give; the text is good until the next call of the same function. */
const char *rig_outcome(struct rig *rig, uint64_t actor, const char *key,
                        enum status *status_out);
const char *rig_state(struct rig *rig, uint64_t actor);
const char *rig_log(struct rig *rig, uint64_t actor);
const char *rig_result(struct rig *rig, uint64_t actor);
const char *rig_attention(struct rig *rig);
/* "SEQ STATE KEY;" a task, as `mailbox` orders them. */
const char *rig_mailbox(struct rig *rig, uint64_t actor);

/* Asserts what a key's outcome is. */
void rig_expect(struct rig *rig, uint64_t actor, const char *key, enum status status,
                const char *text);

#endif
