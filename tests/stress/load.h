/* SPDX-License-Identifier: MIT */
/*
 * What the engine's stress test works on: a store in a scratch folder, actors that
 * count, what was acknowledged of each key, and threads with a random number each.
 */
#ifndef ACTORFS_TESTS_STRESS_LOAD_H
#define ACTORFS_TESTS_STRESS_LOAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/engine/engine.h"

#define LOAD_ACTORS 12
#define LOAD_KEYS 300

struct load {
    char folder[64];
    unsigned rounds;
    struct engine *engine;
    uint64_t actors[LOAD_ACTORS];
    atomic_bool acknowledged[LOAD_ACTORS][LOAD_KEYS];
    atomic_bool over; /* for threads that go on until they are told */
};

struct load_thread {
    pthread_t thread;
    uint64_t random;
};

void load_init(struct load *load, unsigned rounds);
/* Opens and starts the engine, and makes the actors the first time. */
void load_open(struct load *load);
/* Of a stopped engine. */
void load_close(struct load *load);
/* Returns when so many commits were made since the opening, or the load is over. */
void load_await_commits(struct load *load, uint64_t commits);
/* Opens once more, lets everything run, and holds it against what was acknowledged;
   ends the program if that is not so. */
void load_audit(struct load *load);
/* Removes the folder. */
void load_end(struct load *load);

void load_start(struct load_thread *thread, void *(*run)(void *), uint64_t seed);
void load_join(struct load_thread *thread);
/* A number below `bound`. */
unsigned load_choose(struct load_thread *thread, unsigned bound);

#endif
