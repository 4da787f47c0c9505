/* SPDX-License-Identifier: MIT */
/* Two threads that want segments of a disk with room for one. */
#include "common/journal/spares.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

#define TURNS_TO_GO_WRONG 1000

struct narrow_disk {
    struct disk disk; /* first: it is cast from and to it */
    atomic_int room;  /* segments that may still be made */
    sem_t begun, may_end;
};

struct disk_file {
    int unused;
};

static enum status create(struct disk *disk, const char *name, uint64_t bytes,
                          struct disk_file **file_out)
{
    struct narrow_disk *narrow = (struct narrow_disk *)disk;

    (void)name;
    (void)bytes;
    if (atomic_fetch_sub(&narrow->room, 1) <= 0)
        return STATUS_NO_SPACE;
    sem_post(&narrow->begun);
    sem_wait(&narrow->may_end);
    *file_out = calloc(1, sizeof(**file_out));
    return STATUS_OK;
}

static void close_file(struct disk_file *file)
{
    free(file);
}

static struct narrow_disk narrow;
static struct spares spares;

static void setup(void)
{
    narrow.disk = (struct disk){.create = create, .close = close_file};
    sem_init(&narrow.begun, 0, 0);
    sem_init(&narrow.may_end, 0, 0);
    spares_init(&spares, &narrow.disk, 0);
    spares.segment_bytes = 4096;
}

static void teardown(void)
{
    spares_close(&spares);
    sem_destroy(&narrow.begun);
    sem_destroy(&narrow.may_end);
}

TestSuite(spares, .init = setup, .fini = teardown);

struct taking {
    atomic_bool begun;
    enum status status;
    struct segment *segment;
};

static void *prepare(void *unused)
{
    enum status status = spares_prepare(&spares);

    (void)unused;
    /* It wants another one where the first is taken soon enough. */
    cr_assert(status == STATUS_OK || status == STATUS_NO_SPACE);
    return NULL;
}

static void *take(void *context)
{
    struct taking *taking = context;

    atomic_store(&taking->begun, true);
    taking->status = spares_take(&spares, 0, &taking->segment);
    return NULL;
}

/* The one being made has taken the room for it: no second one could be made. */
Test(spares, who_takes_one_waits_for_the_one_that_is_being_made)
{
    struct taking taking = {.status = STATUS_IO};
    pthread_t maker, taker;

    atomic_store(&narrow.room, 1);
    pthread_create(&maker, NULL, prepare, NULL);
    sem_wait(&narrow.begun);
    pthread_create(&taker, NULL, take, &taking);
    for (int turns = 0; turns < TURNS_TO_GO_WRONG || !atomic_load(&taking.begun);
         turns++)
        sched_yield();
    sem_post(&narrow.may_end);
    pthread_join(maker, NULL);
    pthread_join(taker, NULL);
    cr_assert_eq(taking.status, STATUS_OK);
    segment_close(&narrow.disk, taking.segment);
}

Test(spares, a_full_disk_is_told_at_once_when_none_is_being_made)
{
    struct taking taking = {.status = STATUS_OK};

    take(&taking);
    cr_assert_eq(taking.status, STATUS_NO_SPACE);
    sem_post(&narrow.may_end);
    atomic_store(&narrow.room, 1);
    take(&taking);
    cr_assert_eq(taking.status, STATUS_OK);
    segment_close(&narrow.disk, taking.segment);
}
