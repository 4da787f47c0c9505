/* SPDX-License-Identifier: MIT */
/*
 * The host's helper threads: a queue of things to do and a few threads that do them.
 * They live as long as the host: a process dies with the thread that started it.
 */
#ifndef ACTORFS_BEHAVIOR_HELPERS_H
#define ACTORFS_BEHAVIOR_HELPERS_H

#include <pthread.h>

#include "common/behavior/host.h"

struct helpers;

struct helpers *helpers_open(size_t count);
/* Any thread. Once the helpers have ended, the caller does it itself. */
void helpers_lend(struct helpers *helpers, host_fn *fn, void *context);
/* Does all that was handed over, then ends the threads. */
void helpers_end(struct helpers *helpers);
void helpers_free(struct helpers *helpers);

/* A thread that takes no signals: they are for the thread that waits for them. */
void helpers_start_thread(pthread_t *thread_out, void *(*main)(void *), void *context);

#endif
