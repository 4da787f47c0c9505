/* SPDX-License-Identifier: MIT */
/*
 * What the files of a program share: the behavior (program.c), the life of a turn
 * (program_turn.c) and what its end means (program_verdict.c).
 */
#ifndef ACTORFS_BEHAVIOR_PROGRAM_INTERNAL_H
#define ACTORFS_BEHAVIOR_PROGRAM_INTERNAL_H

#include <pthread.h>

#include "common/behavior/complaints.h"
#include "common/behavior/program.h"
#include "common/behavior/turnfolder.h"

struct program {
    struct behavior behavior;
    struct host *host;
    struct executable executable; /* its environment is what all turns have */
    struct program_limits limits;
    struct turnfolders *folders;
    struct complaint_rate rate; /* the host's thread alone, as is the next */
    struct host_timer tell;     /* runs while lines were dropped and that is not told */

    pthread_mutex_t lock; /* guards what follows */
    uint32_t running;
    uint64_t last_serial;
    struct program_turn *turns;
};

/* Why a turn was ended before its process ended itself. */
enum ending {
    ENDING_NONE,
    ENDING_TIME,
    ENDING_RESULT, /* too large, as are the next two */
    ENDING_STATE,
    ENDING_OUTBOX,
    ENDING_KILLED
};

/* One of the daemon's ends of a process's three pipes. fd -1: closed. */
struct pipe_end {
    struct host_watch watch;
    bool watched;
};

struct program_turn {
    struct program *program;
    uint64_t id;     /* the actor's */
    uint64_t serial; /* no other turn's */
    turn_finish_fn *finish;
    void *context;
    char actor[ACTOR_NAME_BYTES_MAX + 1];
    struct environment environment;
    struct bytes message, state, result;
    size_t message_sent;
    struct turnfolder *folder;
    struct pipe_end in, out, err;
    struct complaints complaints;
    struct host_child child;
    struct host_timer limit, look;
    struct host_timer again; /* runs while it waits to be started */
    int64_t give_up_ms;      /* when it no longer waits; 0: it did not have to yet */
    enum ending ending;
    bool adopted;
    struct turn_output refusal; /* when it could not be started */
    struct program_turn *next, *previous;
};

/* A helper: starts the process, then hands the turn to the host's thread. */
void program_turn_start(void *turn);
/* The host's thread: ends it as soon as may be. */
void program_turn_kill(struct program_turn *turn);
void program_turn_free(struct program_turn *turn);
/* What came of it, given how the process ended. Moves what it can out of the turn. */
void program_turn_judge(struct program_turn *turn, int status,
                        struct turn_output *output);
/* The turn is no longer one of the program's: there is room for another. */
void program_forget(struct program_turn *turn);

#endif
