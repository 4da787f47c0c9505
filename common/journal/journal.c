/* SPDX-License-Identifier: MIT */
/*
 * Appending and group commit. A record goes into the batch being filled; sealing swaps
 * that with the batch being committed, whose memory is used again; a commit is one
 * write and one sync for a batch (two where it spans segments). No lock is taken for a
 * record, nothing is allocated for one.
 *
 * What if power fails
 * - while a batch is written: some of its sectors are there. Replay takes the records
 *   that are whole up to the first that is not; none of them was acknowledged.
 * - while a segment changes its name: it has either name, and its head agrees with
 *   neither before the first record is written, or with the new one only.
 * - while a released segment is recycled: under its old name it holds records from
 * before the checkpoint, or is partly overwritten and not believed.
 * - while the journal is opened: see settle() below and replay.c.
 *
 * What if a write or sync fails: the kernel may say of pages that it lost that they are
 * clean. So the tail is not known any more, not even by reading it, and nothing is
 * appended behind it. The next opening copies what it can read, and syncs the copy.
 */
#include "common/journal/journal.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/journal/batch.h"
#include "common/journal/frame.h"
#include "common/journal/replay.h"
#include "common/journal/segment.h"
#include "common/journal/spares.h"

#define COPY_STEP_BYTES (1u << 20)

struct journal {
    struct disk *disk;
    uint64_t segment_bytes;
    uint32_t record_bytes_max;
    uint32_t incarnation;
    bool sync;

    /* The sequencer's. */
    uint64_t next; /* sequence of the next record */
    struct segment *tail;
    struct journal_batch filling;

    /* The committer's while is_sealed, else the sequencer's. */
    struct journal_batch sealed;
    atomic_bool is_sealed;

    atomic_bool has_failed;          /* set by the committer, for good */
    _Atomic uint64_t committed;      /* sequence; set by the committer */
    _Atomic uint64_t appended_bytes; /* of frames; set by the sequencer */
    _Atomic uint64_t released_bytes; /* set by whoever releases */

    struct spares spares; /* has its own mutex, never taken within this one: */
    pthread_mutex_t mutex;
    struct segment *oldest; /* guarded by mutex, as are the segments' `next` and the
                               arrays (not what is in them) of `ends`; ends with tail */
};

/* --------------------------------------------------------------- appending --- */

static bool has_room(const struct journal *journal, uint64_t body_bytes)
{
    const struct segment *tail = journal->tail;
    uint64_t used;

    if (tail == NULL)
        return false;
    used = tail->used == 0 ? SEGMENT_HEAD_BYTES : tail->used;
    return frame_bytes(body_bytes) <= tail->bytes - used;
}

static void add_tail(struct journal *journal, struct segment *segment)
{
    segment->held_before = atomic_load(&journal->appended_bytes);
    pthread_mutex_lock(&journal->mutex);
    segment->next = NULL;
    if (journal->tail == NULL)
        journal->oldest = segment;
    else
        journal->tail->next = segment;
    pthread_mutex_unlock(&journal->mutex);
    journal->tail = segment;
}

static enum status switch_segment(struct journal *journal)
{
    struct segment *segment;
    enum status status = spares_take(&journal->spares, SPARES_HELD_BACK, &segment);

    if (status != STATUS_OK)
        return status;
    status = segment_become(journal->disk, segment, SEGMENT_LIVE, journal->next,
                            journal->incarnation);
    if (status == STATUS_OK)
        add_tail(journal, segment);
    else
        spares_put(&journal->spares, segment);
    return status;
}

enum status journal_reserve(struct journal *journal, uint64_t body_bytes)
{
    ENSURE(body_bytes <= journal->record_bytes_max);
    if (atomic_load(&journal->has_failed))
        return STATUS_IO;
    if (has_room(journal, body_bytes))
        return STATUS_OK;
    return switch_segment(journal);
}

/* Adds to the batch being filled, at the end of a segment that has room. */
static void add_record(struct journal *journal, struct segment *segment,
                       uint64_t sequence, struct view body)
{
    if (segment->records == segment->ends_capacity) {
        pthread_mutex_lock(&journal->mutex);
        segment_grow_ends(segment);
        pthread_mutex_unlock(&journal->mutex);
    }
    journal_batch_add(&journal->filling, segment, sequence, body);
    atomic_fetch_add(&journal->appended_bytes, frame_bytes(body.size));
}

uint64_t journal_append(struct journal *journal, struct view body)
{
    ENSURE(has_room(journal, body.size));
    add_record(journal, journal->tail, journal->next, body);
    return journal->next++;
}

uint64_t journal_last(const struct journal *journal)
{
    return journal->next - 1;
}

uint64_t journal_bytes_held(const struct journal *journal)
{
    /* In this order, for both only grow and the first is never above the second. */
    uint64_t released = atomic_load(&journal->released_bytes);

    return atomic_load(&journal->appended_bytes) - released;
}

/* -------------------------------------------------------------- committing --- */

bool journal_seal(struct journal *journal)
{
    struct journal_batch filled = journal->filling;

    if (journal_batch_is_empty(&filled))
        return false;
    ENSURE(!atomic_load(&journal->is_sealed));
    journal->filling = journal->sealed;
    journal->sealed = filled;
    atomic_store(&journal->is_sealed, true);
    return true;
}

static enum status commit_batch(const struct journal *journal)
{
    enum status status = journal_batch_write(&journal->sealed, journal->disk);

    if (status == STATUS_OK && journal->sync)
        status = journal_batch_sync(&journal->sealed, journal->disk);
    return status;
}

enum status journal_commit(struct journal *journal)
{
    ENSURE(atomic_load(&journal->is_sealed));
    if (!atomic_load(&journal->has_failed) && commit_batch(journal) != STATUS_OK) {
        log_error(
            "journal: a commit failed: nothing is taken until the store is opened "
            "again");
        atomic_store(&journal->has_failed, true);
    }
    if (!atomic_load(&journal->has_failed))
        atomic_store(&journal->committed, journal->sealed.last);
    journal_batch_clear(&journal->sealed);
    atomic_store(&journal->is_sealed, false);
    return atomic_load(&journal->has_failed) ? STATUS_IO : STATUS_OK;
}

/* --------------------------------------------------------------- releasing --- */

/* Under the mutex. */
static void count_released(struct journal *journal, uint64_t sequence)
{
    const struct segment *holder = NULL;
    uint64_t bytes;

    for (const struct segment *one = journal->oldest;
         one != NULL && one->first <= sequence; one = one->next)
        holder = one;
    if (holder == NULL)
        return;
    bytes = holder->held_before + holder->ends[sequence - holder->first];
    if (bytes > atomic_load(&journal->released_bytes))
        atomic_store(&journal->released_bytes, bytes);
}

/* The oldest segment, if it holds nothing after `sequence` and is not the tail. */
static struct segment *take_released(struct journal *journal, uint64_t sequence)
{
    struct segment *segment;

    pthread_mutex_lock(&journal->mutex);
    segment = journal->oldest;
    if (segment != NULL && segment->next != NULL &&
        segment->next->first <= sequence + 1)
        journal->oldest = segment->next;
    else
        segment = NULL;
    pthread_mutex_unlock(&journal->mutex);
    return segment;
}

void journal_release(struct journal *journal, uint64_t sequence)
{
    uint64_t committed = atomic_load(&journal->committed);
    struct segment *segment;

    if (sequence > committed)
        sequence = committed;
    pthread_mutex_lock(&journal->mutex);
    count_released(journal, sequence);
    pthread_mutex_unlock(&journal->mutex);
    /* A disk that failed is left as it is: it may be all that there is to read. */
    while (!atomic_load(&journal->has_failed) &&
           (segment = take_released(journal, sequence)) != NULL)
        spares_put(&journal->spares, segment);
}

enum status journal_prepare(struct journal *journal)
{
    if (atomic_load(&journal->has_failed))
        return STATUS_IO;
    return spares_prepare(&journal->spares);
}

/* ----------------------------------------------------------------- opening --- */

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
            add_record(journal, copy, old->first + i, body);
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

    while (found->chain_count > 0) {
        struct segment *old = found->chain[found->chain_count - 1];

        if (is_needed(old, after))
            status = copy_segment(journal, old, after);
        if (status != STATUS_OK)
            return status;
        found->chain_count--;
        spares_put(&journal->spares, old);
    }
    return STATUS_OK;
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
        spares_put(&journal->spares, segment);
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

void journal_close(struct journal *journal)
{
    struct segment *segment;

    while ((segment = journal->oldest) != NULL) {
        journal->oldest = segment->next;
        segment_close(journal->disk, segment);
    }
    spares_close(&journal->spares);
    journal_batch_free(&journal->filling);
    journal_batch_free(&journal->sealed);
    pthread_mutex_destroy(&journal->mutex);
    free(journal);
}
