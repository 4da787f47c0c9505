/* SPDX-License-Identifier: MIT */
/*
 * A behavior is what a turn runs: a value in, a value out. The engine knows no more of
 * it than this page. A built-in behavior answers within `start`; one that runs in
 * another process answers later, from any thread, through the `finish` it was handed.
 *
 * Exactly one answer per start. The input is valid until `start` returns; a behavior
 * that answers later copies what it needs.
 */
#ifndef ACTORFS_BEHAVIOR_BEHAVIOR_H
#define ACTORFS_BEHAVIOR_BEHAVIOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/bytes.h"
#include "common/base/name.h"

/* What a message is (contract, section 7). */
enum message_kind {
    KIND_MESSAGE,
    KIND_REPLY,  /* to a message that was sent with reply=1 */
    KIND_FAILED, /* a task of a watched actor failed for good */
    KIND_RETIRED /* a watched actor is gone */
};
const char *message_kind_text(enum message_kind kind);

struct turn_input {
    struct view actor;   /* its name */
    uint64_t sequence;   /* of the task */
    struct view key;     /* as held by the engine; `.SEQ` for a task sent without one */
    uint32_t attempt;    /* 1: certainly never tried before */
    struct view message; /* to the byte */
    struct view state;
    enum message_kind kind;
    struct view sender;   /* name of the actor that sent it; empty: an outside client */
    struct view caller;   /* login of the outside client; may be empty */
    struct view reply_to; /* as typed. REPLY: the key it was sent under; FAILED: the key
                             of the task that failed */
    struct view outcome;  /* REPLY: done, failed, canceled, undeliverable */
    struct view headers;  /* `Name: value` lines that were kept with the message */
};

/* What an outbox line asks for. */
enum send_kind {
    SEND_MESSAGE,  /* text: to the target's tasks, with parameters */
    SEND_CREATE,   /* the target is made, unless it is there */
    SEND_BEHAVIOR, /* text: a behavior's name for the target */
    SEND_CONTROL   /* text: one line of the target's `status` */
};

struct turn_send {
    enum send_kind kind;
    char target[ACTOR_NAME_BYTES_MAX + 1]; /* "": the actor itself */
    struct parameters parameters;          /* of SEND_MESSAGE */
    struct bytes text;
};

enum turn_verdict { TURN_DONE, TURN_FAILED, TURN_RETRY };

struct turn_output {
    enum turn_verdict verdict;
    struct bytes result; /* of TURN_DONE */
    struct bytes error;  /* of TURN_FAILED and TURN_RETRY; its last line is shown in log
                            and status, the whole to readers of the outcome */
    bool state_changed;
    struct bytes state;      /* the new one, when state_changed */
    bool result_is_message;  /* the result equals the message; `result` is empty */
    bool defer;              /* of TURN_DONE: the message is set aside; nothing else is
                                asked for */
    int64_t retry_after_ms;  /* of TURN_RETRY: not before; 0: as the policy says */
    struct turn_send *sends; /* of TURN_DONE, in order; owned */
    size_t send_count, send_capacity;
};

/* Adds an empty send at the end. The pointer holds until the next. */
struct turn_send *turn_output_add_send(struct turn_output *output);
void turn_output_free(struct turn_output *output);

/* Hands over the answer of a turn started earlier. Takes the output's content and
   leaves it empty. Any thread. */
typedef void turn_finish_fn(void *context, uint64_t turn, struct turn_output *output);

enum turn_start { TURN_ANSWERED, TURN_STARTED };

#define CONTROL_PATTERN_BYTES_MAX 255

/* What the engine does around a behavior's turns; NAME.conf sets it (contract, section
   6). */
struct behavior_policy {
    int64_t timeout_ms;
    uint32_t attempts; /* at least 1 */
    int64_t backoff_ms, backoff_max_ms;
    bool create;         /* an actor is made with its first message */
    bool key_decides;    /* fingerprint = none */
    uint32_t rate_turns; /* at most so many... */
    int64_t rate_ms;     /* ...in so much time, for all actors together; 0: no limit */
    char type[CONTENT_TYPE_BYTES_MAX + 1];       /* of results; "": by their bytes */
    char control[CONTROL_PATTERN_BYTES_MAX + 1]; /* fnmatch(3) pattern of the actors
                                                     whose status and behavior it may
                                                     write; "": none but itself */
};

/* The contract's defaults, as an initializer. */
#define BEHAVIOR_POLICY_DEFAULT                                                        \
    {                                                                                  \
        .timeout_ms = 60000, .attempts = 5, .backoff_ms = 1000,                        \
        .backoff_max_ms = 5 * 60 * 1000                                                \
    }

struct behavior {
    const char *name;
    struct behavior_policy policy;
    /* Whether its next turn may run on a state that is not yet on disk. */
    bool runs_ahead;
    /* Whether `start` may return TURN_STARTED. Implied where it does not run ahead. */
    bool answers_later;
    /* Either fills `output` and returns TURN_ANSWERED, or returns TURN_STARTED and
       calls finish(context, turn, output) exactly once, later. `turn` is the actor's
       id: an actor runs one turn at a time. */
    enum turn_start (*start)(struct behavior *behavior, const struct turn_input *input,
                             uint64_t turn, struct turn_output *output,
                             turn_finish_fn *finish, void *context);
    /* Ends a started turn as soon as may be; its answer still comes and is dropped.
       Null: there is nothing to end. */
    void (*kill)(struct behavior *behavior, uint64_t turn);
    /* Whether another turn may be started now. Null: always. When it says no, some turn
       is under way whose end will be told. */
    bool (*has_room)(struct behavior *behavior);
    /* New processes for new turns; the old ones end theirs. Null: it has none. */
    void (*restart)(struct behavior *behavior);
};

/* Where behaviors are found by name. A behavior once found stays valid until the set is
   closed, also when another has taken its place. Any thread. */
struct behavior_set {
    /* Null when there is none of that name. */
    struct behavior *(*find)(struct behavior_set *set, struct view name);
    /* The n-th name, null past the last: for /behaviors. */
    const char *(*name)(struct behavior_set *set, size_t n);
    /* What handles an actor whose own entry and `default` are missing; may be null. */
    struct behavior *fallback;
    /* From now on `changed` is called, from any thread, when behaviors came or went.
       Null: they never do. A null `changed` ends it. */
    void (*subscribe)(struct behavior_set *set, void (*changed)(void *context),
                      void *context);
    /* The turn whose process group that is; false when it is none of ours. Null: there
       are no processes. */
    bool (*turn_of_group)(struct behavior_set *set, pid_t group, uint64_t *turn_out);
    /* Ends all that runs; when it returns, no `finish` is called any more. Null: there
       is nothing that runs. */
    void (*stop)(struct behavior_set *set);
};

/* The built-in set: echo (also the fallback), counter, keep. Lives for ever. */
struct behavior_set *behavior_builtin_set(void);

#endif
