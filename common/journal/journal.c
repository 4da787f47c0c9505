/* SPDX-License-Identifier: MIT */
/*
 * Appending and group commit. A record goes into the batch being filled; sealing swaps
 * that with the batch being committed, whose memory is used again; a commit is one
 * write and one sync for a batch (two where it spans segments). No lock is taken for a
 * record, nothing is allocated for one.
 *
 * What if power fails
 * - while a batch is written: some of its sectors are there. Replay takes the records
 *   that are whole, up to the first that is not; none of them was acknowledged.
 * - while a segment changes its name: it has either name, and its head agrees with
 *   neither before the first record is written, or with the new one only.
 * - while a released segment is recycled: under its old name it holds records that are
 *   checkpointed, or it is partly overwritten and not believed.
 * - while the journal is opened: see opening.c.
 *
 * What if a write or sync fails: the kernel may say of pages that it lost that they are
 * clean. So the tail is not known any more, not even by reading it, and nothing is
 * appended behind it. The next opening copies what it can read, and syncs the copy.
 */
#include "common/journal/journal.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/journal/frame.h"
#include "common/journal/journal_internal.h"

/* ---------------------------------------------------------------------- appending */

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
        (void)spares_put(&journal->spares, segment);
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

void journal_add_record(struct journal *journal, struct segment *segment,
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
    journal_add_record(journal, journal->tail, journal->next, body);
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

/* --------------------------------------------------------------------- committing */

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

/* ---------------------------------------------------------------------- releasing */

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
    /* A disk that failed is left as it is: it may be all that there is to read. A file
       that keeps its name holds records that are not asked for any more. */
    while (!atomic_load(&journal->has_failed) &&
           (segment = take_released(journal, sequence)) != NULL)
        (void)spares_put(&journal->spares, segment);
}

enum status journal_prepare(struct journal *journal)
{
    if (atomic_load(&journal->has_failed))
        return STATUS_IO;
    return spares_prepare(&journal->spares);
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
