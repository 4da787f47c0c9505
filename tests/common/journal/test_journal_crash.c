/* SPDX-License-Identifier: MIT */
/*
 * Random lives of a journal, many crashes each, against the model in diary.h: power
 * failures and killed processes at rest, in the midst of any operation of the disk and
 * in the midst of openings; failed writes and syncs; full disks; checkpoints in
 * between. A fault prints its seed; ACTORFS_SEED=N runs only that one.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/common/journal/diary.h"

#define LIVES 4000
#define STEPS_A_LIFE 120

static uint64_t size_of_body(struct diary *diary)
{
    switch (diary_choose(diary, 8)) {
    case 0:
        return 0;
    case 1:
        return diary->options.record_bytes_max - diary_choose(diary, 16);
    case 2:
        return diary_choose(diary, diary->options.record_bytes_max);
    default:
        return diary_choose(diary, 200);
    }
}

static void append_some(struct diary *diary)
{
    uint64_t count = diary_choose(diary, 12);

    while (count-- > 0 && diary_append(diary, size_of_body(diary)) == STATUS_OK)
        ;
}

/* Anything that was acknowledged may be checkpointed, and often nearly all of it is. */
static uint64_t some_checkpoint(struct diary *diary)
{
    uint64_t span = diary->acknowledged - diary->checkpointed;

    if (diary_choose(diary, 2) == 0)
        span = span < 5 ? span : 5;
    return diary->acknowledged - diary_choose(diary, span + 1);
}

/* Without sync, a power failure may take all that is not checkpointed; what is left
   must still be a prefix, and nothing from before may show again. */
static void die(struct diary *diary)
{
    if (diary_choose(diary, 3) == 0) {
        faulty_disk_kill(diary->faulty);
    } else {
        faulty_disk_crash(diary->faulty);
        if (!diary->options.sync)
            diary->acknowledged = diary->checkpointed;
    }
    diary_close(diary);
}

/* Opens until it works. The machine may stop in the midst of that, several times. */
static void reopen(struct diary *diary)
{
    enum status status;

    while (diary->fault == NULL) {
        if (diary_choose(diary, 2) == 0)
            faulty_disk_stop(diary->faulty, 1 + diary_choose(diary, 60));
        if (diary_choose(diary, 4) == 0 && diary->acknowledged > diary->checkpointed)
            diary->checkpointed = some_checkpoint(diary);
        status = diary_open(diary);
        if (status == STATUS_OK)
            return;
        if (status == STATUS_NO_SPACE)
            diary->fault = "a full disk keeps the journal from being opened";
        die(diary);
    }
}

static void plan_a_fault(struct diary *diary)
{
    static const enum faulty_operation operations[] = {
        FAULTY_CREATE, FAULTY_RENAME, FAULTY_REMOVE,
        FAULTY_WRITE,  FAULTY_SYNC,   FAULTY_SYNC_NAMES};
    enum faulty_operation operation = operations[diary_choose(diary, 6)];
    enum status status = diary_choose(diary, 2) ? STATUS_IO : STATUS_NO_SPACE;

    if (diary_choose(diary, 2) == 0)
        faulty_disk_stop(diary->faulty, 1 + diary_choose(diary, 10));
    else
        faulty_disk_fail(diary->faulty, operation, 1 + diary_choose(diary, 3), status);
}

static void change_capacity(struct diary *diary)
{
    uint64_t segments = 3 + diary_choose(diary, 10);

    faulty_disk_set_capacity(diary->faulty,
                             diary_choose(diary, 3) == 0
                                 ? FAULTY_CAPACITY_NONE
                                 : segments * diary->options.segment_bytes);
}

static void take_step(struct diary *diary)
{
    switch (diary_choose(diary, 16)) {
    case 0:
        die(diary);
        reopen(diary);
        break;
    case 1:
        plan_a_fault(diary);
        break;
    case 2:
        (void)journal_prepare(diary->journal);
        break;
    case 3:
    case 4:
        diary_release(diary, some_checkpoint(diary));
        break;
    case 5:
        change_capacity(diary);
        break;
    default:
        append_some(diary);
        if (diary_choose(diary, 4) != 0)
            (void)diary_commit(diary);
    }
}

static const char *live(uint64_t seed)
{
    struct diary diary;
    const char *fault;

    diary_start(&diary, seed);
    diary.options.sync = seed % 4 != 0;
    reopen(&diary);
    for (int i = 0; i < STEPS_A_LIFE && diary.fault == NULL; i++)
        take_step(&diary);
    fault = diary.fault;
    diary_end(&diary);
    return fault;
}

Test(journal_crash, whatever_happens_a_prefix_with_all_acknowledged_records_is_replayed)
{
    const char *chosen = getenv("ACTORFS_SEED");
    uint64_t first = chosen == NULL ? 1 : strtoull(chosen, NULL, 10);
    uint64_t last = chosen == NULL ? LIVES : first;

    for (uint64_t seed = first; seed <= last; seed++) {
        const char *fault = live(seed);

        cr_assert_null(fault, "%s: ACTORFS_SEED=%llu", fault, (unsigned long long)seed);
    }
}
