/* SPDX-License-Identifier: MIT */
/*
 * What goes out when the steps since the last seal are on disk. Owned by the sequencer
 * until it is sealed, by the committer then.
 */
#ifndef ACTORFS_ENGINE_BATCH_H
#define ACTORFS_ENGINE_BATCH_H

#include "common/engine/request.h"
#include "common/journal/index.h"

struct finished_task {
    uint64_t actor, sequence; /* sequence 0: the actor itself is gone */
};

/* What goes out when a step is on disk. */
struct batch {
    uint64_t sequence; /* of its last record */
    bool has_records;
    struct request_list answers;
    unsigned answer_count;
    int64_t grown_ns; /* since when it has been waiting to be sealed; 0: not yet */
    struct finished_task *finished;
    size_t finished_count, finished_capacity;
    uint64_t *changed; /* ids of actors */
    size_t changed_count, changed_capacity;
    struct index_totals totals;
    uint64_t next_actor;
};

void batch_add_answer(struct batch *batch, struct request *request);
void batch_note_changed(struct batch *batch, uint64_t actor);
void batch_note_finished(struct batch *batch, uint64_t actor, uint64_t sequence);
void batch_note_gone(struct batch *batch, uint64_t actor);
void batch_clear(struct batch *batch);
void batch_free(struct batch *batch);

#endif
