/* SPDX-License-Identifier: MIT */
/*
 * A worker to test: a host, a folder, the worker's behavior, and its answers by the
 * number of the turn. The worker is trouble.py, which does what its messages say,
 * unless another is asked for. One thread uses the rig.
 */
#ifndef ACTORFS_TESTS_BEHAVIOR_WORKER_RIG_H
#define ACTORFS_TESTS_BEHAVIOR_WORKER_RIG_H

#include <pthread.h>
#include <sys/types.h>

#include "common/behavior/worker.h"

#define RIG_TURNS_MAX 2048
#define RIG_DEADLINE_MS 20000

struct rig {
    struct worker_options options;
    struct behavior_policy policy;
    char folder[64];
    char *environment[8];
    size_t environment_count;
    struct host *host;
    struct behavior *behavior;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct turn_output outputs[RIG_TURNS_MAX];
    unsigned answers[RIG_TURNS_MAX];
    uint64_t order[RIG_TURNS_MAX];
    size_t answer_count;
};

/* Options may be changed before rig_open. */
void rig_prepare(struct rig *rig);
/* FOLDER/NAME; valid until the rig is closed. */
const char *rig_path(struct rig *rig, const char *name);
void rig_set_environment(struct rig *rig, const char *name, const char *value);
void rig_write_file(struct rig *rig, const char *name, const char *text, mode_t mode);
/* Whether the file is there; its text, to free(), or null. */
char *rig_read_file(struct rig *rig, const char *name);
/* Polls until the file has so many lines. */
void rig_await_lines(struct rig *rig, const char *name, size_t count);
void rig_open(struct rig *rig);
/* `turn` is below RIG_TURNS_MAX. */
void rig_start(struct rig *rig, uint64_t turn, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void rig_start_bytes(struct rig *rig, uint64_t turn, struct view message,
                     struct view state);
/* Waits for its answer, whose content stays until the turn is started again. */
struct turn_output *rig_await(struct rig *rig, uint64_t turn);
void rig_expect(struct rig *rig, uint64_t turn, const char *result);
/* The error contains `words`. */
void rig_expect_error(struct rig *rig, uint64_t turn, enum turn_verdict verdict,
                      const char *words);
/* How many answers there are by now. */
size_t rig_count(struct rig *rig);
/* Polls until the process is gone. */
void rig_await_death(pid_t pid);
/* Closes host and worker; fails the test if a child is left. */
void rig_close(struct rig *rig);

#endif
