/* SPDX-License-Identifier: MIT */
/*
 * A segment's head is the first bytes of its first piece, so that it costs no write of
 * its own and is on disk exactly when the first record is.
 */
#include "common/journal/batch.h"

#include <stdlib.h>

#include "common/journal/frame.h"

/* A burst of large messages should not hold its memory for good. */
#define KEPT_BYTES_MAX (16u << 20)

bool journal_batch_is_empty(const struct journal_batch *batch)
{
    return batch->count == 0;
}

static void add_piece(struct journal_batch *batch, struct segment *segment)
{
    if (batch->count == batch->capacity) {
        batch->capacity = batch->capacity * 2 + 4;
        batch->pieces =
            memory_resize(batch->pieces, batch->capacity * sizeof(batch->pieces[0]));
    }
    batch->pieces[batch->count++] = (struct batch_piece){
        .segment = segment, .offset = segment->used, .start = batch->bytes.size};
}

static void add_head(struct journal_batch *batch, struct segment *segment)
{
    struct segment_head head = {.incarnation = segment->incarnation,
                                .first = segment->first};

    segment->crc =
        segment_head_write(bytes_reserve(&batch->bytes, SEGMENT_HEAD_BYTES), &head);
    segment->used = SEGMENT_HEAD_BYTES;
    batch->bytes.size += SEGMENT_HEAD_BYTES;
}

void journal_batch_add(struct journal_batch *batch, struct segment *segment,
                       uint64_t sequence, struct view body)
{
    uint64_t bytes = frame_bytes(body.size);

    if (batch->count == 0 || batch->pieces[batch->count - 1].segment != segment)
        add_piece(batch, segment);
    if (segment->used == 0)
        add_head(batch, segment);
    segment->crc = frame_write(bytes_reserve(&batch->bytes, bytes), segment->crc,
                               sequence, segment->incarnation, body);
    batch->bytes.size += bytes;
    segment->used += bytes;
    segment->ends[segment->records++] = (uint32_t)(segment->used - SEGMENT_HEAD_BYTES);
    batch->last = sequence;
}

enum status journal_batch_write(const struct journal_batch *batch, struct disk *disk)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < batch->count && status == STATUS_OK; i++) {
        const struct batch_piece *piece = &batch->pieces[i];
        size_t end = i + 1 < batch->count ? piece[1].start : batch->bytes.size;

        status = disk->write(piece->segment->file, piece->offset,
                             batch->bytes.data + piece->start, end - piece->start);
    }
    return status;
}

enum status journal_batch_sync(const struct journal_batch *batch, struct disk *disk)
{
    enum status status = STATUS_OK;
    bool is_new = false;

    for (size_t i = 0; i < batch->count && status == STATUS_OK; i++) {
        is_new = is_new || !batch->pieces[i].segment->is_named;
        status = disk->sync(batch->pieces[i].segment->file);
    }
    if (status == STATUS_OK && is_new)
        status = disk->sync_names(disk);
    for (size_t i = 0; i < batch->count && status == STATUS_OK; i++)
        batch->pieces[i].segment->is_named = true;
    return status;
}

void journal_batch_clear(struct journal_batch *batch)
{
    bytes_clear(&batch->bytes);
    if (batch->bytes.capacity > KEPT_BYTES_MAX)
        bytes_free(&batch->bytes);
    batch->count = 0;
}

void journal_batch_free(struct journal_batch *batch)
{
    bytes_free(&batch->bytes);
    free(batch->pieces);
    *batch = (struct journal_batch){0};
}
