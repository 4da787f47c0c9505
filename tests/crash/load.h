/* SPDX-License-Identifier: MIT */
/*
 * What the writers of the crash test send. Everything about a message follows from its
 * actor and its key, so that writers need not agree on anything and the auditor can
 * compute what must have come of it:
 *
 *   space  a key such as `k17` is
 *   k      one writer's own, sent once and again at random
 *   r      sent by all writers at about the same time
 *   m      a bulk load: an append of several lines in one write, keyed m17, m17~2, ...
 *   d      delayed by some milliseconds
 *   b      a message that the behavior cannot handle (counter only: else like k)
 *   x      sent to `execute`
 *   c      delayed for an hour, later canceled, later retried (the actor's owner only)
 *   f      later forgotten and sent anew with other bytes (the owner only)
 *
 * Actors are handled by counter, echo or keep. The owner of an actor is the one writer
 * that sends its control words, so that their order is known.
 */
#ifndef ACTORFS_TESTS_CRASH_LOAD_H
#define ACTORFS_TESTS_CRASH_LOAD_H

#include <stdint.h>
#include <stdio.h>

#include "common/base/bytes.h"

#define WRITERS 6
#define ACTORS 12
#define OPS_PER_WRITER 20000
#define PRIVATE_ACTORS 64 /* a writer and round, made and removed on the way */
/* The value of every counter message without a key; larger than a keyed one's. */
#define KEYLESS_VALUE 2000
/* State writes to a counter are multiples of this, so that a sum tells whence it came.
 */
#define LINEAGE 1000000000LL

enum behavior_kind { BEHAVIOR_COUNTER, BEHAVIOR_ECHO, BEHAVIOR_KEEP };

enum op_kind {
    OP_SEND, /* any space, in the way the space asks for */
    OP_KEYLESS,
    OP_CONFLICT, /* a key that was acknowledged, with other bytes */
    OP_STATE,
    OP_READ,
    OP_SUSPEND,
    OP_RESUME,
    OP_CANCEL,
    OP_RETRY,
    OP_FORGET,
    OP_CHMOD,
    OP_MAKE, /* private actors */
    OP_REMOVE
};

enum op_answer {
    ANSWER_NONE, /* unknown: the daemon died, or was dying */
    ANSWER_DONE,
    ANSWER_REFUSED /* in a way that is right */
};

struct op {
    enum op_kind kind;
    enum op_answer answer;
    int actor; /* index; of private ones their number */
    char space;
    uint32_t index; /* of the key; a mode for OP_CHMOD */
    uint32_t epoch;
    int64_t value; /* OP_STATE: the lineage; OP_READ: what was read from a counter */
    int64_t begin_ns, end_ns, begin_wall_ms;
};

/* Shared between the writers and the auditor for one round. */
struct round {
    _Atomic int ending; /* the daemon is about to be stopped: errors mean nothing */
    _Atomic int faulty; /* a writer saw something wrong */
    int writer_of_fault;
    char fault[512];
    _Atomic uint32_t op_count[WRITERS];
    struct op ops[WRITERS][OPS_PER_WRITER];
};

int64_t clock_now_ns(void);
int64_t wall_now_ms(void);

/* A small pseudo-random generator (splitmix64) with its state. */
uint64_t random_next(uint64_t *state);
uint32_t random_below(uint64_t *state, uint32_t bound);

enum behavior_kind actor_behavior(int actor);
/* The actor's name in the generation: `counter_1203`. */
void actor_name(int generation, int actor, char *name_out, size_t size);
/* The number of messages sent under a key. */
uint32_t key_lines(char space, uint32_t index);
int64_t key_delay_ms(char space, uint32_t index);
/* `k17`, or `m17~3` for the third line. */
void key_text(char space, uint32_t index, uint32_t line, char *text_out, size_t size);
/* The inverse; false for a text that is no key of ours. */
bool key_parse(const char *text, char *space_out, uint32_t *index_out,
               uint32_t *line_out);
/* What a counter adds for the message; -1 where it must fail. */
int64_t key_value(int actor, char space, uint32_t index, uint32_t line);
/* Appends the message, which ends in a newline and has no other. */
void key_message(struct bytes *out, int actor, char space, uint32_t index,
                 uint32_t line, uint32_t epoch);

#endif
