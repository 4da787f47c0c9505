/* SPDX-License-Identifier: MIT */
/*
 * One process of a worker: its three pipes, the turns it has, and its time limit. It
 * knows how turns get in and answers out, and when it has come to its end; what then
 * becomes of the turns is its owner's decision.
 *
 *     STARTING --> RUNNING --> LEAVING (we closed its stdin) ----> gone
 *         |           |`-----> BROKEN (it closed a pipe) ---------^
 *         |           `------> DOOMED (killed; also from the two) --^
 *         `--> gone (it could not be started)
 *
 * All on the host's thread.
 */
#ifndef ACTORFS_BEHAVIOR_WORKER_PROCESS_H
#define ACTORFS_BEHAVIOR_WORKER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/behavior/complaints.h"
#include "common/behavior/host.h"
#include "common/behavior/protocol.h"
#include "common/behavior/worker_turn.h"

/* What all processes of a worker have in common; the worker's, and fixed. */
struct worker_plan {
    struct host *host;
    const char *name;
    struct spawn spawn; /* without descriptors */
    int64_t timeout_ms; /* 0: none */
    struct protocol_limits limits;
    struct turn_table *table;
    struct complaint_rate *rate;

    /* What is told to the owner, also while the host is closing. One of `started` with
       a start_error, and `ended`, is the last: the owner frees the process in it. */
    void (*started)(struct worker_process *process);
    /* The turn is no longer the process's; takes the output's content. */
    void (*answered)(struct worker_process *process, struct worker_turn *turn,
                     struct turn_output *output);
    /* Some answers came: there is room. */
    void (*moved)(struct worker_process *process);
    /* It is gone; `turns` still has those that it never answered. */
    void (*ended)(struct worker_process *process);
    void *owner;
};

enum process_phase {
    PROCESS_STARTING,
    PROCESS_RUNNING,
    PROCESS_LEAVING,
    PROCESS_BROKEN,
    PROCESS_DOOMED
};

struct worker_process {
    const struct worker_plan *plan;
    enum process_phase phase;
    bool is_retired; /* no new turns; leaves after its last */
    bool has_answered;
    int64_t started_ms;
    int start_error; /* errno of a start that failed, and its step */
    enum spawn_step failed_step;
    struct host_child child;
    struct host_watch input, output, error; /* our ends; fd -1: closed */
    bool is_watched;                        /* they are */
    struct host_timer timer; /* of the oldest turn; to end, when LEAVING or BROKEN */
    int64_t head_since_ms;   /* when the time of the oldest turn began */
    struct turn_list turns;  /* in the order in which they are written */
    struct worker_turn *unwritten; /* the first not wholly written; or null */
    size_t written_bytes;          /* of it */
    bool is_full;                  /* the pipe: waits for EPOLLOUT */
    struct bytes answers;          /* read and not yet whole */
    size_t searched_bytes;         /* of it: has no newline */
    char label[24];                /* "pid 123", for the log */
    struct complaints complaints;  /* its standard error */
    struct complaints notes;       /* on lines that are no answers */
    struct host_timer telling;     /* how many lines were dropped; runs if any were */
    bool is_killed_for_turn;       /* and not for what it did otherwise */
    const char *why; /* it is BROKEN or DOOMED; null: it ended by itself */
    int status;      /* of waitpid(2), in `ended` */

    void *slot; /* the rest is the owner's */
    struct worker_process *next, *previous;
};

/* Starts one; `started` follows. */
struct worker_process *worker_process_start(const struct worker_plan *plan);
/* Of what has started only: takes the turn. It is written by the next flush. */
void worker_process_give(struct worker_process *process, struct worker_turn *turn);
void worker_process_flush(struct worker_process *process);
/* Whether the process may have read of the turn's line. */
bool worker_process_has_begun(const struct worker_process *process,
                              const struct worker_turn *turn);
/* Takes back a turn that was not begun. */
void worker_process_take_back(struct worker_process *process, struct worker_turn *turn);
/* No new turns: stdin is closed after the last answer, and it is killed if it does not
   end within a grace time. */
void worker_process_retire(struct worker_process *process);
/* Kills it and its descendants; `ended` follows. */
void worker_process_kill(struct worker_process *process, const char *why);
/* Kills the process that has the turn; TURN_OVERDUE or TURN_CANCELED. */
void worker_process_end_turn(struct worker_turn *turn, enum worker_turn_end end);
/* Appends what it died of, such as "killed by signal 9"; in `ended`. */
void worker_process_explain(const struct worker_process *process, struct bytes *out);
/* Frees it, not its turns. */
void worker_process_free(struct worker_process *process);

/* What its two files share: its life (worker_process.c) and its pipes
   (worker_pipes.c). */

/* The process that has the member. */
#define WORKER_PROCESS_OF(member, pointer)                                             \
    ((struct worker_process *)(void *)((char *)(pointer)-offsetof(                     \
        struct worker_process, member)))

/* Closes our end of a pipe, once. */
void worker_process_close(struct worker_process *process, struct host_watch *watch);
/* It closed a pipe: it is about to end, or is made to. */
void worker_process_break(struct worker_process *process, const char *why);
void worker_process_leave_when_idle(struct worker_process *process);
/* The oldest turn's time begins now. */
void worker_process_start_time(struct worker_process *process);
/* Takes what it says beside the protocol. */
void worker_process_log(struct worker_process *process, struct complaints *complaints,
                        struct view text);
void worker_process_input_ready(struct host_watch *watch, uint32_t events);
void worker_process_output_ready(struct host_watch *watch, uint32_t events);
void worker_process_error_ready(struct host_watch *watch, uint32_t events);
/* What it said before it ended. */
void worker_process_read_rest(struct worker_process *process);

#endif
