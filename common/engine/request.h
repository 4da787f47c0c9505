/* SPDX-License-Identifier: MIT */
/*
 * What was asked of the engine, on its way in; and its answer, on its way out. Owned by
 * whoever has it in a list. One thread at a time.
 */
#ifndef ACTORFS_ENGINE_REQUEST_H
#define ACTORFS_ENGINE_REQUEST_H

#include "common/behavior/behavior.h"
#include "common/engine/engine.h"

enum request_kind {
    REQUEST_SEND,
    REQUEST_CREATE,
    REQUEST_REMOVE,
    REQUEST_RENAME,
    REQUEST_OWNER,
    REQUEST_STATE,
    REQUEST_CONTROL,
    REQUEST_BEHAVIOR,
    REQUEST_NOTES,        /* `messages`: key, value, key, value... */
    REQUEST_REFUSAL,      /* to be counted; nobody waits */
    REQUEST_TURN_FINISHED /* from a behavior */
};

/* What was asked, copied; and then its answer on the way out. */
struct request {
    struct request *next;
    enum request_kind kind;
    uint64_t actor;
    engine_done_fn *done;
    void *context;

    struct bytes text;     /* name, state, control lines, behavior, or refusal */
    struct bytes extra;    /* content type, or login of the caller */
    struct bytes envelope; /* of messages; packed */
    struct view *messages; /* into `bodies` */
    struct bytes bodies;
    size_t count;
    struct bytes note;    /* of SEND and STATE: key and value, for the same record */
    size_t note_key_size; /* 0: none */
    struct parameters parameters;
    uint64_t first_line;
    uint64_t expected_version;
    enum actor_part part;
    struct engine_owner owner;
    bool refuse_suspended;
    bool in_person; /* whoever asks may do the sequencer's work; see queue.h */
    struct turn_output output; /* of TURN_FINISHED */

    int64_t deadline_ns; /* of a STATE that waits for the running turn */
    struct engine_answer answer;
    struct bytes detail; /* what answer.detail points to */
};

struct request_list {
    struct request *first, *last;
};

void request_push(struct request_list *list, struct request *request);
struct request *request_pop(struct request_list *list);
void request_free(struct request *request);

#endif
