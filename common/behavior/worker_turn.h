/* SPDX-License-Identifier: MIT */
/*
 * A worker's turn while it is under way: the line that asks for it, kept until the
 * answer is there, because a process may die first. It is in one list at a time. Not
 * locked.
 */
#ifndef ACTORFS_BEHAVIOR_WORKER_TURN_H
#define ACTORFS_BEHAVIOR_WORKER_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/behavior/behavior.h"

struct worker_process;
struct worker_turn;

struct turn_list {
    struct worker_turn *first, *last;
    size_t count;
};

enum worker_turn_end {
    TURN_GOES_ON,
    TURN_CANCELED, /* somebody asked for its end */
    TURN_OVERDUE   /* it exceeded the time limit */
};

struct worker_turn {
    uint64_t id;   /* in its line */
    uint64_t turn; /* as the engine calls it */
    turn_finish_fn *finish;
    void *context;
    struct bytes line;
    size_t bytes_charged; /* to the worker's limit */
    uint32_t attempt;
    bool is_written;          /* to its process, all of it */
    bool is_suspect;          /* it is alone in a process because one died with it */
    enum worker_turn_end end; /* why its process is being killed */
    struct worker_process *process; /* that has it; null: none */
    struct turn_list *queue;        /* that it waits in while no process has it */
    struct worker_turn *next, *previous, *next_in_bucket;
};

void turn_list_append(struct turn_list *list, struct worker_turn *turn);
void turn_list_remove(struct turn_list *list, struct worker_turn *turn);
/* Null when it is empty. */
struct worker_turn *turn_list_take(struct turn_list *list);
/* Puts all of `more` before those of `list`, and leaves `more` empty. */
void turn_list_put_before(struct turn_list *list, struct turn_list *more);
/* Puts all of `more` behind those of `list`, and leaves `more` empty. */
void turn_list_put_behind(struct turn_list *list, struct turn_list *more);

#define TURN_BUCKETS 1024 /* ids are numbered: turns spread evenly */

struct turn_table {
    struct worker_turn *buckets[TURN_BUCKETS];
};

void turn_table_put(struct turn_table *table, struct worker_turn *turn);
void turn_table_remove(struct turn_table *table, struct worker_turn *turn);
/* Null when there is none. */
struct worker_turn *turn_table_find(const struct turn_table *table, uint64_t id);

void worker_turn_free(struct worker_turn *turn);

#endif
