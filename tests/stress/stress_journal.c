/* SPDX-License-Identifier: MIT */
/*
 * The journal's three threads at full speed on a real disk, for ThreadSanitizer: one
 * appends and seals, one commits, one prepares and releases; then the journal is opened
 * again and everything not released must be there. The faulty disk would not do: its
 * mutex orders what the journal must order itself.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/foldertree.h"
#include "common/base/log.h"
#include "common/journal/frame.h"
#include "common/journal/journal.h"

#define BATCHES 1500

struct stress {
    struct journal *journal;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_sealed, is_over; /* guarded by mutex */
    _Atomic uint64_t committed;
    atomic_bool is_done;
};

/* A record's number says how long it is and what is in it. */
static uint64_t size_of(uint64_t sequence)
{
    return sequence * 7919 % 700;
}

static char byte_of(uint64_t sequence)
{
    return (char)(sequence * 31);
}

static void append(struct journal *journal)
{
    char body[700];
    uint64_t sequence = journal_last(journal) + 1;

    memset(body, byte_of(sequence), size_of(sequence));
    ENSURE(journal_reserve(journal, size_of(sequence)) == STATUS_OK);
    ENSURE(journal_append(journal, view_of(body, size_of(sequence))) == sequence);
}

static void wait_until_committed(struct stress *stress)
{
    pthread_mutex_lock(&stress->mutex);
    while (stress->is_sealed)
        pthread_cond_wait(&stress->changed, &stress->mutex);
    pthread_mutex_unlock(&stress->mutex);
}

static void set_sealed(struct stress *stress, bool is_sealed)
{
    pthread_mutex_lock(&stress->mutex);
    stress->is_sealed = is_sealed;
    pthread_cond_broadcast(&stress->changed);
    pthread_mutex_unlock(&stress->mutex);
}

static void sequence(struct stress *stress)
{
    for (int i = 0; i < BATCHES; i++) {
        for (int n = 0; n <= i % 40; n++)
            append(stress->journal);
        wait_until_committed(stress);
        ENSURE(journal_seal(stress->journal));
        set_sealed(stress, true);
    }
    wait_until_committed(stress);
    pthread_mutex_lock(&stress->mutex);
    stress->is_over = true;
    pthread_cond_broadcast(&stress->changed);
    pthread_mutex_unlock(&stress->mutex);
}

static bool wait_for_batch(struct stress *stress)
{
    bool is_sealed;

    pthread_mutex_lock(&stress->mutex);
    while (!stress->is_sealed && !stress->is_over)
        pthread_cond_wait(&stress->changed, &stress->mutex);
    is_sealed = stress->is_sealed;
    pthread_mutex_unlock(&stress->mutex);
    return is_sealed;
}

static void *commit(void *context)
{
    struct stress *stress = context;

    while (wait_for_batch(stress)) {
        ENSURE(journal_commit(stress->journal) == STATUS_OK);
        atomic_fetch_add(&stress->committed, 1);
        set_sealed(stress, false);
    }
    atomic_store(&stress->is_done, true);
    return NULL;
}

/* Runs on whatever the journal itself knows to be committed. */
static void *tidy(void *context)
{
    struct stress *stress = context;
    uint64_t released = 0;

    while (!atomic_load(&stress->is_done)) {
        ENSURE(journal_prepare(stress->journal) == STATUS_OK);
        journal_release(stress->journal, released += 15);
        (void)journal_bytes_held(stress->journal);
    }
    return NULL;
}

struct check {
    uint64_t first, last;
};

static enum status check_record(void *context, uint64_t sequence, struct view body)
{
    struct check *check = context;

    if (check->first == 0)
        check->first = sequence;
    ENSURE(check->last == 0 || sequence == check->last + 1);
    ENSURE(body.size == size_of(sequence));
    for (size_t i = 0; i < body.size; i++)
        ENSURE(body.data[i] == byte_of(sequence));
    check->last = sequence;
    return STATUS_OK;
}

static void run(struct disk *disk)
{
    struct journal_options options = {.segment_bytes = 1 << 16,
                                      .record_bytes_max = 700,
                                      .spare_segments = 2,
                                      .sync = true};
    struct stress stress = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                            .changed = PTHREAD_COND_INITIALIZER};
    struct check check = {0};
    pthread_t threads[2];
    uint64_t last, held = 0;

    ENSURE(journal_open(disk, &options, 0, 1, check_record, &check, &stress.journal) ==
           STATUS_OK);
    ENSURE(pthread_create(&threads[0], NULL, commit, &stress) == 0);
    ENSURE(pthread_create(&threads[1], NULL, tidy, &stress) == 0);
    sequence(&stress);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    ENSURE(atomic_load(&stress.committed) == BATCHES);
    last = journal_last(stress.journal);
    journal_close(stress.journal);
    ENSURE(journal_open(disk, &options, last - 10, 2, check_record, &check,
                        &stress.journal) == STATUS_OK);
    ENSURE(check.first == last - 9 && check.last == last);
    for (uint64_t i = last - 9; i <= last; i++)
        held += frame_bytes(size_of(i));
    ENSURE(journal_bytes_held(stress.journal) == held);
    journal_close(stress.journal);
}

int main(void)
{
    char folder[] = "/tmp/actorfs-stress-XXXXXX";
    struct disk *disk;

    ENSURE(mkdtemp(folder) != NULL);
    ENSURE(disk_open_folder(folder, &disk) == STATUS_OK);
    run(disk);
    disk->close_disk(disk);
    ENSURE(foldertree_remove(AT_FDCWD, folder));
    return EXIT_SUCCESS;
}
