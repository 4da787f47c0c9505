/* SPDX-License-Identifier: MIT */
/*
 * The journal's promises one by one, against the model in diary.h; their mixture is in
 * test_journal_crash.c.
 */
#include "common/journal/journal.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/foldertree.h"
#include "common/journal/frame.h"
#include "tests/common/journal/diary.h"

static struct diary diary;

static void start(void)
{
    diary_start(&diary, 1);
    cr_assert_eq(diary_open(&diary), STATUS_OK);
}

static void end(void)
{
    cr_assert_null(diary.fault, "%s", diary.fault);
    diary_end(&diary);
}

TestSuite(journal, .init = start, .fini = end);

/* -------------------------------------------------------------------- basics --- */

Test(journal, a_new_one_is_empty_and_numbers_from_one)
{
    cr_assert_eq(journal_last(diary.journal), 0);
    cr_assert_eq(journal_bytes_held(diary.journal), 0);
    cr_assert_not(journal_seal(diary.journal));
    diary_write(&diary, 1, 10);
    cr_assert_eq(journal_last(diary.journal), 1);
    cr_assert_eq(journal_bytes_held(diary.journal), frame_bytes(10));
}

Test(journal, what_was_committed_is_replayed_once_it_is_opened_again)
{
    diary_write(&diary, 50, 400);
    diary_reopen(&diary);
    cr_assert_eq(diary.replayed, 50);
    diary_write(&diary, 3, 0);
    diary_reopen(&diary);
    cr_assert_eq(diary.replayed, 53);
}

Test(journal, what_was_not_committed_is_dropped)
{
    diary_write(&diary, 2, 10);
    diary_append_many(&diary, 5, 10);
    diary_reopen(&diary);
    cr_assert_eq(diary.replayed, 2);
}

Test(journal, replay_begins_behind_what_is_kept_elsewhere)
{
    diary_write(&diary, 40, 500);
    diary.checkpointed = 33;
    diary_reopen(&diary);
    cr_assert_eq(diary.replayed, 40);
    diary.checkpointed = 40;
    diary_reopen(&diary);
    diary_write(&diary, 1, 10);
    diary_reopen(&diary);
    cr_assert_eq(diary.replayed, 41);
}

Test(journal, numbers_go_on_from_a_checkpoint_that_is_ahead_of_the_journal)
{
    diary_write(&diary, 5, 10);
    diary.checkpointed = 100;
    diary.acknowledged = diary.appended = 100;
    diary_close(&diary);
    cr_assert_eq(diary_open(&diary), STATUS_OK);
    cr_assert_eq(journal_last(diary.journal), 100);
    cr_assert_eq(journal_bytes_held(diary.journal), 0);
}

Test(journal, a_batch_is_one_write_and_one_sync)
{
    uint64_t writes, syncs, names;

    diary_write(&diary, 1, 10);
    writes = faulty_disk_count(diary.faulty, FAULTY_WRITE);
    syncs = faulty_disk_count(diary.faulty, FAULTY_SYNC);
    names = faulty_disk_count(diary.faulty, FAULTY_SYNC_NAMES);
    diary_write(&diary, 20, 100);
    cr_assert_eq(faulty_disk_count(diary.faulty, FAULTY_WRITE), writes + 1);
    cr_assert_eq(faulty_disk_count(diary.faulty, FAULTY_SYNC), syncs + 1);
    cr_assert_eq(faulty_disk_count(diary.faulty, FAULTY_SYNC_NAMES), names);
}

Test(journal, a_batch_may_span_segments)
{
    diary_write(&diary, 30, 1000);
    cr_assert_geq(diary_files(&diary).live, 4);
    diary_crash(&diary);
    cr_assert_eq(diary.replayed, 30);
}

Test(journal, the_next_batch_is_filled_while_one_waits_for_its_commit)
{
    diary_append_many(&diary, 3, 10);
    cr_assert(journal_seal(diary.journal));
    diary_append_many(&diary, 4, 10);
    cr_assert_eq(journal_commit(diary.journal), STATUS_OK);
    diary.acknowledged = 3;
    cr_assert_eq(diary_commit(&diary), STATUS_OK);
    diary_crash(&diary);
    cr_assert_eq(diary.replayed, 7);
}

Test(journal, without_sync_a_commit_survives_the_process_and_syncs_nothing)
{
    uint64_t syncs;

    diary.options.sync = false;
    diary_reopen(&diary);
    syncs = faulty_disk_count(diary.faulty, FAULTY_SYNC);
    diary_append_many(&diary, 1, 10);
    syncs = faulty_disk_count(diary.faulty, FAULTY_SYNC);
    cr_assert_eq(diary_commit(&diary), STATUS_OK);
    diary_write(&diary, 40, 1000);
    cr_assert_eq(faulty_disk_count(diary.faulty, FAULTY_SYNC), syncs);
    faulty_disk_kill(diary.faulty);
    diary_reopen(&diary);
    cr_assert_eq(diary.replayed, 41);
}

/* ------------------------------------------------------------------- opening --- */

static enum status refuse(void *context, uint64_t sequence, struct view body)
{
    (void)body;
    *(uint64_t *)context = sequence;
    return sequence == 3 ? STATUS_NOT_FOUND : STATUS_OK;
}

Test(journal, what_the_replay_says_ends_the_opening_and_changes_nothing)
{
    struct disk *disk = faulty_disk_interface(diary.faulty);
    struct journal *journal = NULL;
    uint64_t seen = 0;

    diary_write(&diary, 5, 10);
    diary_close(&diary);
    cr_assert_eq(journal_open(disk, &diary.options, 0, ++diary.incarnation, refuse,
                              &seen, &journal),
                 STATUS_NOT_FOUND);
    cr_assert_eq(seen, 3);
    cr_assert_null(journal);
    diary_reopen(&diary);
    cr_assert_eq(diary.replayed, 5);
}

Test(journal, an_incarnation_that_is_not_higher_is_refused)
{
    diary_write(&diary, 5, 10);
    diary_close(&diary);
    diary.incarnation--;
    cr_assert_eq(diary_open(&diary), STATUS_INVALID);
    diary_reopen(&diary);
    cr_assert_eq(diary.replayed, 5);
}

Test(journal, foreign_files_are_left_alone)
{
    faulty_disk_put(diary.faulty, "README", view_text("hello"));
    diary_write(&diary, 5, 10);
    diary_reopen(&diary);
    cr_assert(view_equal(faulty_disk_look(diary.faulty, "README"), view_text("hello")));
}

Test(journal, segments_of_another_size_are_replayed_and_replaced)
{
    diary_write(&diary, 30, 1000);
    diary.options.segment_bytes *= 4;
    diary_reopen(&diary);
    cr_assert_eq(diary.replayed, 30);
    diary_write(&diary, 30, 1000);
    diary.options.segment_bytes /= 4;
    diary_reopen(&diary);
    cr_assert_eq(diary.replayed, 60);
    diary_release(&diary, 60);
    diary_reopen(&diary);
    diary_write(&diary, 30, 1000);
    cr_assert_eq(faulty_disk_look(diary.faulty, diary_files(&diary).last_live).size,
                 diary.options.segment_bytes);
}

/* At every operation of the disk: the machine stops there, and all that happened before
   must be there at the next opening, which is stopped a moment later, and so on. */
Test(journal, an_opening_may_be_cut_off_anywhere)
{
    struct faulty_disk *before = diary.faulty;
    uint64_t operations;

    diary_write(&diary, 40, 900);
    diary_release(&diary, 9);
    diary_append_many(&diary, 2, 10);
    diary_close(&diary);
    for (uint64_t seed = 0; seed < 8; seed++) {
        for (uint64_t stop = 1; diary.fault == NULL; stop++) {
            enum status status;

            diary.faulty = faulty_disk_copy(before, seed);
            operations = faulty_disk_count(diary.faulty, FAULTY_OPERATIONS);
            for (uint64_t more = 0; more < 6; more++) {
                faulty_disk_stop(diary.faulty, stop + more);
                status = diary_open(&diary);
                if (seed % 2 == 0)
                    faulty_disk_crash(diary.faulty);
                else
                    faulty_disk_kill(diary.faulty);
                diary_close(&diary);
            }
            operations =
                faulty_disk_count(diary.faulty, FAULTY_OPERATIONS) - operations;
            diary_reopen(&diary);
            cr_assert_eq(diary.replayed, 40);
            diary_close(&diary);
            faulty_disk_close(diary.faulty);
            if (status == STATUS_OK)
                break;
            cr_assert_lt(stop, 1000);
        }
    }
    diary.faulty = before;
    cr_assert_gt(operations, 100);
}

/* ---------------------------------------------------------------------- faults --- */

Test(journal, a_full_disk_is_refused_with_nothing_in_doubt_until_there_is_room)
{
    unsigned appended = 0;

    faulty_disk_set_capacity(diary.faulty, 5 * 8192);
    while (diary_append(&diary, 1000) == STATUS_OK && diary_commit(&diary) == STATUS_OK)
        appended++;
    /* Five segments, one of which is held back. */
    cr_assert_eq(appended, 4 * 7);
    cr_assert_eq(journal_reserve(diary.journal, 1000), STATUS_NO_SPACE);
    cr_assert_eq(journal_prepare(diary.journal), STATUS_NO_SPACE);
    cr_assert_eq(faulty_disk_used(diary.faulty), 5 * 8192);
    /* A small one still fits where a large one does not. */
    diary_write(&diary, 1, 10);
    faulty_disk_set_capacity(diary.faulty, 6 * 8192);
    diary_write(&diary, 7, 1000);
    cr_assert_eq(journal_reserve(diary.journal, 1000), STATUS_NO_SPACE);
    /* A checkpoint makes room as well. */
    diary_release(&diary, diary.acknowledged);
    diary_write(&diary, 14, 1000);
    diary_crash(&diary);
    cr_assert_eq(diary.replayed, 4 * 7 + 1 + 7 + 14);
}

Test(journal, a_disk_that_is_full_does_not_keep_it_from_being_opened)
{
    faulty_disk_set_capacity(diary.faulty, 5 * 8192);
    while (diary_append(&diary, 1000) == STATUS_OK)
        cr_assert_eq(diary_commit(&diary), STATUS_OK);
    faulty_disk_set_capacity(diary.faulty, 0);
    for (int i = 0; i < 10; i++) {
        diary_crash(&diary);
        cr_assert_eq(diary.replayed, 28);
    }
    cr_assert_eq(faulty_disk_used(diary.faulty), 5 * 8192);
}

struct fault_case {
    enum faulty_operation operation;
    uint64_t nth;
};

Test(journal, after_a_failed_commit_nothing_is_taken_until_it_is_opened_again)
{
    static const struct fault_case cases[] = {{FAULTY_WRITE, 1},
                                              {FAULTY_WRITE, 2},
                                              {FAULTY_SYNC, 1},
                                              {FAULTY_SYNC, 2},
                                              {FAULTY_SYNC_NAMES, 1}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        diary_write(&diary, 2, 1000);
        diary_append_many(&diary, 10, 1000);
        faulty_disk_fail(diary.faulty, cases[i].operation, cases[i].nth, STATUS_IO);
        cr_assert_eq(diary_commit(&diary), STATUS_IO, "case %zu", i);
        cr_assert_eq(journal_reserve(diary.journal, 1), STATUS_IO);
        cr_assert_eq(journal_reserve(diary.journal, 1), STATUS_IO);
        cr_assert_eq(journal_prepare(diary.journal), STATUS_IO);
        if (i % 2 == 0)
            faulty_disk_crash(diary.faulty);
        else
            faulty_disk_kill(diary.faulty);
        diary_reopen(&diary);
    }
}

Test(journal, a_batch_sealed_before_a_failure_fails_with_it)
{
    diary_append_many(&diary, 2, 10);
    cr_assert(journal_seal(diary.journal));
    diary_append_many(&diary, 2, 10);
    faulty_disk_fail(diary.faulty, FAULTY_SYNC, 1, STATUS_IO);
    cr_assert_eq(journal_commit(diary.journal), STATUS_IO);
    cr_assert(journal_seal(diary.journal));
    cr_assert_eq(journal_commit(diary.journal), STATUS_IO);
    diary_crash(&diary);
    cr_assert_leq(diary.replayed, 2);
}

Test(journal, a_segment_that_cannot_be_named_is_taken_the_next_time)
{
    faulty_disk_fail(diary.faulty, FAULTY_RENAME, 1, STATUS_NO_SPACE);
    cr_assert_eq(journal_reserve(diary.journal, 10), STATUS_NO_SPACE);
    cr_assert_eq(faulty_disk_count(diary.faulty, FAULTY_CREATE), 2);
    diary_write(&diary, 1, 10);
    cr_assert_eq(faulty_disk_count(diary.faulty, FAULTY_CREATE), 2);
}

/* ------------------------------------------------------------------ a real disk --- */

static enum status count_record(void *context, uint64_t sequence, struct view body)
{
    cr_assert_eq(sequence, ++*(uint64_t *)context);
    cr_assert_eq(body.size, 100);
    return STATUS_OK;
}

Test(journal, it_works_on_a_real_disk_as_well)
{
    char folder[] = "/tmp/actorfs-journal-XXXXXX";
    struct journal_options options = {.segment_bytes = 1 << 16,
                                      .record_bytes_max = 1000,
                                      .spare_segments = 2,
                                      .sync = true};
    static const char body[100];
    struct journal *journal;
    struct disk *disk;

    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(disk_open_folder(folder, &disk), STATUS_OK);
    for (uint32_t life = 1; life <= 3; life++) {
        uint64_t replayed = 0;

        cr_assert_eq(
            journal_open(disk, &options, 0, life, count_record, &replayed, &journal),
            STATUS_OK);
        cr_assert_eq(replayed, (life - 1) * 1000);
        cr_assert_eq(journal_prepare(journal), STATUS_OK);
        for (int i = 0; i < 1000; i++) {
            cr_assert_eq(journal_reserve(journal, sizeof(body)), STATUS_OK);
            journal_append(journal, view_of(body, sizeof(body)));
            if (i % 100 == 99) {
                cr_assert(journal_seal(journal));
                cr_assert_eq(journal_commit(journal), STATUS_OK);
            }
        }
        journal_close(journal);
    }
    disk->close_disk(disk);
    cr_expect(foldertree_remove(AT_FDCWD, folder));
}
