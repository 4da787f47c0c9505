/* SPDX-License-Identifier: MIT */
/* What a step's commit will tell: answers, finished tasks, changed actors. */
#include "common/engine/batch.h"

#include <stdlib.h>

#include "common/engine/core.h"

void batch_note_changed(struct batch *batch, uint64_t actor)
{
    if (batch->changed_count == batch->changed_capacity) {
        batch->changed_capacity = batch->changed_capacity * 2 + 64;
        batch->changed = memory_resize(batch->changed, batch->changed_capacity *
                                                           sizeof *batch->changed);
    }
    batch->changed[batch->changed_count++] = actor;
}

void batch_note_finished(struct batch *batch, uint64_t actor, uint64_t sequence)
{
    if (batch->finished_count == batch->finished_capacity) {
        batch->finished_capacity = batch->finished_capacity * 2 + 64;
        batch->finished = memory_resize(batch->finished, batch->finished_capacity *
                                                             sizeof *batch->finished);
    }
    batch->finished[batch->finished_count++] = (struct finished_task){actor, sequence};
}

void batch_note_gone(struct batch *batch, uint64_t actor)
{
    batch_note_finished(batch, actor, 0);
}

void batch_add_answer(struct batch *batch, struct request *request)
{
    request_push(&batch->answers, request);
    batch->answer_count++;
}

void batch_clear(struct batch *batch)
{
    batch->finished_count = batch->changed_count = 0;
    batch->answers = (struct request_list){0};
    batch->answer_count = 0;
    batch->grown_ns = 0;
}

void batch_free(struct batch *batch)
{
    free(batch->finished);
    free(batch->changed);
    *batch = (struct batch){0};
}
