/* SPDX-License-Identifier: MIT */
/*
 * From the files of an earlier life to a journal that can be appended to. Nothing found
 * is appended to, for what its tail looks like on disk is not known: what replay.c
 * finds and the caller still needs is copied, under the new incarnation, and synced.
 *
 * What if power fails, line by line in settle():
 * - before a copy has its name: replay does not look at it.
 * - between one copy and the next: the chain has its old segments, then the new ones,
 *   and replay follows it from the ones to the others (replay.c says why).
 * - while an original is recycled: its copy has its name for certain and is preferred.
 * - after the last copy: its first record is the first one needed, so that replay
 *   begins there and sees no original any more, recycled or not.
 */
#include "common/journal/journal_internal.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/journal/frame.h"
#include "common/journal/journal.h"
#include "common/journal/replay.h"

#define COPY_STEP_BYTES (1u << 20)

/* Whether it holds a record that follows `after`. */
static bool is_needed(const struct segment *segment, uint64_t after)
{
    return segment->first + segment->records > after + 1;
}

/* Appends what `old` holds after `after` to `copy`, and syncs it. */
static enum status copy_records(struct journal *journal, const struct segment *old,
                                uint64_t after, struct segment *copy)
{
    struct segment_reader reader = {0};
    struct journal_batch *batch = &journal->filling;
    enum status status = segment_read_start(&reader, journal->disk, old);
    struct view body;

    for (uint64_t i = 0; i < old->records && status == STATUS_OK; i++) {
        status = segment_read_next(&reader, &body);
        if (status == STATUS_OK && old->first + i > after)
            journal_add_record(journal, copy, old->first + i, body);
        if (status == STATUS_OK && batch->bytes.size >= COPY_STEP_BYTES) {
            status = journal_batch_write(batch, journal->disk);
            journal_batch_clear(batch);
        }
    }
    segment_read_end(&reader);
    if (status == STATUS_OK)
        status = journal_batch_write(batch, journal->disk);
    journal_batch_clear(batch);
    if (status == STATUS_OK)
        status = journal->disk->sync(copy->file);
    /* It was there a moment ago, when it was replayed. */
    return status == STATUS_NOT_FOUND ? STATUS_IO : status;
}

/* Puts a copy of `old` in front of the live segments. It gets its name when it is whole
   and synced, and the name is synced before anything else happens. */
static enum status copy_segment(struct journal *journal, const struct segment *old,
                                uint64_t after)
{
    struct disk *disk = journal->disk;
    uint64_t first = old->first > after ? old->first : after + 1;
    struct segment *copy;
    enum status status = spares_take(&journal->spares, 0, &copy);

    if (status != STATUS_OK)
        return status;
    status = segment_become(disk, copy, SEGMENT_COPY, first, journal->incarnation);
    if (status == STATUS_OK)
        status = copy_records(journal, old, after, copy);
    if (status == STATUS_OK)
        status = segment_go_live(disk, copy);
    if (status == STATUS_OK)
        status = disk->sync_names(disk);
    if (status != STATUS_OK) {
        segment_close(disk, copy);
        return status;
    }
    copy->is_named = true;
    copy->next = journal->oldest;
    journal->oldest = copy;
    if (journal->tail == NULL)
        journal->tail = copy;
    return STATUS_OK;
}

/* Replaces the chain that was found by a copy, from its last segment to its first, so
   that it is whole after every step (replay.c). Each original then is a spare for the
   next copy: all it takes is one segment more than was found. */
static enum status copy_chain(struct journal *journal, struct replay *found,
                              uint64_t after)
{
    enum status status = STATUS_OK;

    while (status == STATUS_OK && found->chain_count > 0) {
        struct segment *old = found->chain[found->chain_count - 1];

        if (is_needed(old, after))
            status = copy_segment(journal, old, after);
        if (status != STATUS_OK)
            return status;
        found->chain_count--;
        status = spares_put(&journal->spares, old);
    }
    return status;
}

/* Sizes and numbers that go on from what was found. A segment larger than what is asked
   for, from a time of larger records, sets the size: its copy must fit. */
static void learn(struct journal *journal, const struct replay *found, uint64_t after)
{
    for (size_t i = 0; i < found->chain_count; i++)
        if (is_needed(found->chain[i], after) &&
            found->chain[i]->bytes > journal->segment_bytes)
            journal->segment_bytes = found->chain[i]->bytes;
    journal->spares.segment_bytes = journal->segment_bytes;
    for (const struct segment *one = found->rest; one != NULL; one = one->next)
        if (one->kind == SEGMENT_SPARE && one->first >= journal->spares.next_number)
            journal->spares.next_number = one->first + 1;
    journal->next = found->last + 1;
    journal->found = found->end;
    atomic_store(&journal->committed, found->last);
}

/* The segments were added from the last to the first: now count from the first. */
static void count_held(struct journal *journal)
{
    uint64_t bytes = 0;

    for (struct segment *one = journal->oldest; one != NULL; one = one->next) {
        one->held_before = bytes;
        bytes += one->used - SEGMENT_HEAD_BYTES;
    }
}

/* From what was found to a journal that can be appended to. First the names are synced:
   one that a killed process left may be seen and yet not be sure, and what is seen
   decides which files hold nothing. Those are recycled next, so that copying finds
   room. When this returns, no file of an earlier incarnation is left under a name that
   replay looks at, and that is sure, too. */
static enum status settle(struct journal *journal, struct replay *found, uint64_t after)
{
    enum status status = journal->disk->sync_names(journal->disk);
    struct segment *segment;

    learn(journal, found, after);
    if (status == STATUS_OK && journal->segment_bytes > UINT32_MAX)
        status = STATUS_INVALID;
    while (status == STATUS_OK && (segment = found->rest) != NULL) {
        found->rest = segment->next;
        status = spares_put(&journal->spares, segment);
    }
    if (status == STATUS_OK)
        status = copy_chain(journal, found, after);
    if (status == STATUS_OK)
        status = journal->disk->sync_names(journal->disk);
    count_held(journal);
    return status;
}

static struct journal *new_journal(struct disk *disk,
                                   const struct journal_options *options,
                                   uint32_t incarnation)
{
    struct journal *journal = memory_take_zeroed(1, sizeof(*journal));

    ENSURE(options->segment_bytes >=
           SEGMENT_HEAD_BYTES + frame_bytes(options->record_bytes_max));
    journal->disk = disk;
    journal->segment_bytes = options->segment_bytes;
    journal->record_bytes_max = options->record_bytes_max;
    journal->incarnation = incarnation;
    journal->sync = options->sync;
    spares_init(&journal->spares, disk, options->spare_segments);
    pthread_mutex_init(&journal->mutex, NULL);
    return journal;
}

struct journal_found journal_found(const struct journal *journal)
{
    return journal->found;
}

enum status journal_open(struct disk *disk, const struct journal_options *options,
                         uint64_t after_sequence, uint32_t incarnation,
                         journal_replay_fn *replay, void *context,
                         struct journal **journal_out)
{
    struct journal *journal = new_journal(disk, options, incarnation);
    struct replay found = {0};
    enum status status = replay_find(&found, disk);

    if (status == STATUS_OK)
        status = replay_run(&found, after_sequence, incarnation, replay, context);
    if (status == STATUS_OK)
        status = settle(journal, &found, after_sequence);
    replay_free(&found);
    if (status == STATUS_OK)
        *journal_out = journal;
    else
        journal_close(journal);
    return status;
}
