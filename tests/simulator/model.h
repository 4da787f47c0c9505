/* SPDX-License-Identifier: MIT */
/*
 * What the store should hold, in plain arrays. The model knows the contract and nothing
 * of the engine's ways: no index, no journal, no places kept in tables.
 *
 * An event is what one decision does, in effects; it happens as a whole or not at all.
 * The simulator keeps two models: what was decided, and what is on disk for sure. Every
 * event is applied to the one when it is decided and to the other when it is committed;
 * after a crash, those events that survived are applied to what was sure, and that is
 * the truth from then on.
 */
#ifndef ACTORFS_TESTS_SIMULATOR_MODEL_H
#define ACTORFS_TESTS_SIMULATOR_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/behavior/behavior.h"
#include "common/engine/engine.h"
#include "tests/simulator/dice.h"

#define TIMER_NAMES 3
#define DEAD_LETTERS_NAME "dead-letters"

/* What comes with a message besides its bytes. */
struct letter_model {
    enum message_kind kind;
    bool wants_reply;
    uint64_t sender; /* the actor's id; 0: somebody outside, or nobody */
    struct view sender_name, reply_to, outcome;
    struct view caller, headers; /* of somebody outside */
};

struct task_model {
    uint64_t sequence; /* 0: nothing has this number */
    uint64_t place;    /* the pending task with the lowest place runs first; 0: none */
    enum task_state state;
    bool forgotten;
    struct view key, timer, message, result; /* key empty: sent without one */
    struct letter_model letter;
    uint32_t attempts, openings;
    int64_t accepted_ms, due_ms, finished_ms, finished_clock_ms;
    uint64_t keyless_number;
};

struct line_model {
    uint64_t sequence;
    enum task_state state;
    uint32_t attempts;
    int64_t accepted_ms, due_ms, finished_ms;
    struct view key, text;
};

/* One side of what ties two actors. */
enum tie_flags { TIE_WATCHES = 1, TIE_WATCHED = 2, TIE_LINKED = 4 };

struct tie_model {
    uint64_t other;
    unsigned flags;
};

struct actor_model {
    uint64_t id;
    bool is_gone;
    struct view name, behavior, state, type, last_error;
    struct engine_owner owners[PART_COUNT];
    bool is_suspended, is_retiring;
    uint64_t retry_sequence; /* its first task waits for retry_ms; 0: it does not */
    int64_t retry_ms;
    uint64_t next; /* sequence number or place */
    uint64_t state_version;
    int64_t state_ms, created_ms, last_turn_ms;
    uint64_t done, failed, canceled, keyless_finished, last_finished;
    const char *why; /* it needs someone; "": it does not */
    int64_t why_ms;
    int64_t failed_until_ms;  /* its last failure is remembered until then */
    uint64_t failed_sequence; /* of the last task that failed; 0: none did */
    struct task_model *tasks; /* by sequence number */
    size_t task_capacity;
    struct line_model *lines;
    size_t line_count, line_capacity;
    size_t old_lines; /* which the event being applied may trim, not its own */
    uint64_t log_bytes;
    uint64_t timers[TIMER_NAMES]; /* sequence number of each name's task; 0: none */
    uint64_t touches;             /* events that concerned it */
    struct tie_model *ties;
    size_t tie_count, tie_capacity;
};

struct rules {
    const struct engine_options *options;
    const struct behavior *kinds;
    const bool *are_away; /* of these: not installed at the moment */
    size_t kind_count;
    const struct behavior *fallback; /* null: none */
};

struct model {
    const struct rules *rules;
    struct arena *arena;
    struct actor_model **actors; /* by id - 1, gone ones too */
    size_t actor_count, actor_capacity;
    uint64_t applying; /* the actor of the effect before; 0: none */
};

enum effect_kind {
    EFFECT_CREATE, /* text: name; owner */
    EFFECT_REMOVE,
    EFFECT_OWNER,    /* part, owner */
    EFFECT_FLAGS,    /* is_suspended, is_retiring */
    EFFECT_BEHAVIOR, /* text */
    EFFECT_STATE,    /* state; text: content type */
    EFFECT_ACCEPT,   /* sequence (0: the next); text: message; key, timer, due_ms,
                        openings, letter */
    EFFECT_DUE,      /* sequence */
    EFFECT_FINISH,   /* sequence, outcome, has_run, turn_ms; text: result or error;
                        state_changed, state */
    EFFECT_ATTEMPT,  /* sequence; due_ms: not before; text: error */
    EFFECT_RETRY,    /* sequence, openings */
    EFFECT_FORGET,   /* sequence */
    EFFECT_DEFER,    /* sequence */
    EFFECT_TIE       /* other, ties: as the actor has them from now on */
};

struct effect {
    enum effect_kind kind;
    uint64_t actor, sequence, other;
    struct view text, state, key, timer;
    struct letter_model letter;
    unsigned ties;
    struct engine_owner owner;
    enum actor_part part;
    enum task_state outcome;
    bool is_suspended, is_retiring, has_run, state_changed;
    int64_t due_ms;
    uint32_t openings, turn_ms;
};

struct event {
    int64_t wall_ms, clock_ms;
    struct effect *effects;
    size_t count;
    bool is_stepwise; /* each effect was decided upon those before it */
};

void model_apply(struct model *model, const struct event *event);
/* The same effect by effect. */
void model_begin(struct model *model, const struct event *event);
void model_apply_one(struct model *model, const struct event *event,
                     const struct effect *effect);
void model_end(struct model *model, const struct event *event);
/* Makes `model` equal to `from`; texts are shared. */
void model_copy(struct model *model, const struct model *from);
void model_free(struct model *model);

/* Null when there is none (any more). */
struct actor_model *model_actor(const struct model *model, uint64_t id);
struct actor_model *model_actor_named(const struct model *model, struct view name);
/* The installed behavior of that name; null: there is none (now). */
const struct behavior *rules_find(const struct rules *rules, struct view name);
/* What handles an actor of that name of which nothing else was said. */
const struct behavior *rules_behavior(const struct rules *rules, struct view name);
/* The behavior that handles the actor; null: none. */
const struct behavior *model_behavior(const struct model *model,
                                      const struct actor_model *actor);

/* The task of that number, whether remembered or not; null when there is none. */
struct task_model *actor_task(const struct actor_model *actor, uint64_t sequence);
/* What a key names for somebody who asks at that time of the store's clock. */
struct task_model *actor_task_of_key(const struct model *model,
                                     const struct actor_model *actor, struct view key,
                                     int64_t clock_ms);
bool task_is_known(const struct model *model, const struct actor_model *actor,
                   const struct task_model *task, int64_t clock_ms);
bool task_is_pending(const struct task_model *task); /* or between two attempts */
/* The next to run; null when nothing is pending. */
struct task_model *actor_first(const struct actor_model *actor);
uint64_t actor_count_pending(const struct actor_model *actor); /* none set aside */
uint64_t actor_count(const struct actor_model *actor, enum task_state state);
uint64_t actor_count_unfinished(const struct actor_model *actor);
uint64_t actor_mailbox_bytes(const struct actor_model *actor);
bool actor_is_through(const struct actor_model *actor); /* nothing is unfinished */
/* The key as shown: `.SEQ` for a task without. */
struct key task_key(const struct task_model *task);
/* The same as it is typed. */
struct view task_key_typed(struct arena *arena, const struct task_model *task);
unsigned actor_ties(const struct actor_model *actor, uint64_t other);
/* What log and status show of an error. */
struct view model_last_line(struct view text);
/* Named timers: `timer-0` to `timer-2`. */
int timer_of(struct view name);

#endif
