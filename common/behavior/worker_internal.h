/* SPDX-License-Identifier: MIT */
/*
 * What the two halves of a worker share: its face to the engine (worker.c), whose
 * functions come from any thread and only leave word, and its slots (worker_slots.c),
 * which live on the host's thread and hold the processes.
 */
#ifndef ACTORFS_BEHAVIOR_WORKER_INTERNAL_H
#define ACTORFS_BEHAVIOR_WORKER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/behavior/worker.h"
#include "common/behavior/worker_process.h"
#include "common/behavior/worker_turn.h"

/* Enough to keep a process busy while answers travel; few enough that little has to be
   repeated after a death. */
#define TURNS_A_PROCESS 256
#define TURNS_A_PROCESS_AT_FIRST 16 /* while more processes can be started */
/* Of lines that are kept until answered; one larger line alone is taken all the same.
 */
#define LINE_BYTES_A_PROCESS (8u << 20)

/* A place for a process. */
struct slot {
    struct worker *worker;
    struct worker_process *process; /* null: none now */
    struct turn_list suspects;      /* a process died with them: one at a time, first */
    struct host_timer pause;        /* runs: none is started before it ends */
    int64_t pause_ms;               /* the last one's; 0: all is well */
};

/* Asks for the end of an engine's turn, if it is one of those begun by then. */
struct turn_kill {
    uint64_t turn, last_id;
};

/* Word left for the host's thread. */
struct word {
    struct turn_list incoming;
    struct turn_kill *kills;
    size_t kill_count, kill_capacity;
    bool restart, retire;
};

struct worker {
    struct behavior behavior; /* first: the engine's pointer is this one's */
    /* Fixed. */
    struct host *host;
    struct executable executable;
    struct worker_plan plan;
    uint32_t slot_count;

    /* Started and not answered. */
    atomic_size_t turns_open, bytes_open;

    pthread_mutex_t lock; /* guards what follows */
    struct word word;
    bool is_called;         /* the host will look */
    struct turn_list spare; /* answered ones, to be used again */
    uint64_t last_id;

    /* On the host's thread alone. */
    struct turn_table table;
    struct turn_list waiting;   /* for any process */
    struct turn_list answered;  /* become spare */
    struct worker_process *old; /* retired ones that have not ended */
    struct complaint_rate complaint_rate;
    bool is_retired;
    struct slot slots[];
};

#define TURNS_SPARE_MAX 1024

/* All that follows is for the host's thread, but for the first. */

/* worker_slots.c */
/* Prepares slots and plan at creation. */
void worker_prepare_slots(struct worker *worker);
/* Reads the word that was left; `context` is the worker. */
void worker_look(void *context);
/* Hands out what waits, and starts what is needed for it. */
void worker_dispatch(struct worker *worker);
/* Turns that the process has seen nothing of wait for another, but for `blamed`. */
void worker_take_unbegun(struct worker *worker, struct worker_process *process,
                         const struct worker_turn *blamed);
void worker_unlink_old(struct worker *worker, struct worker_process *process);
void worker_retire_if_idle(struct worker *worker);

/* worker_ends.c */
/* The turn is in no list any more. */
void worker_answer_with(struct worker *worker, struct worker_turn *turn,
                        enum turn_verdict verdict, struct view error);
void worker_started(struct worker_process *process);
void worker_answered(struct worker_process *process, struct worker_turn *turn,
                     struct turn_output *output);
void worker_ended(struct worker_process *process);

#endif
