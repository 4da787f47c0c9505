/* SPDX-License-Identifier: MIT */
/*
 * A store opened in this process, with actors in it: what all engine benchmarks begin
 * with. With --behaviors DIR what is installed there handles messages. Failures end the
 * program.
 */
#ifndef ACTORFS_BENCH_STORE_H
#define ACTORFS_BENCH_STORE_H

#include "scripts/bench.d/completions.h"

struct bench_store {
    struct engine *engine;
    struct behavior_set *behaviors; /* null: the built-in ones */
    struct completions completions;
    size_t actor_count;
    uint64_t *actors; /* their ids */
};

/* Opens (or makes) the store at --store and makes actors NAME_0 to NAME_(count-1);
   those that are there already are taken as they are. */
void bench_store_open(struct bench_store *store, const char *name, size_t count,
                      int argc, char **argv);
void bench_store_close(struct bench_store *store);
/* Gives the same words to `status` of every actor, and waits. */
void bench_store_control(struct bench_store *store, const char *words);

#endif
