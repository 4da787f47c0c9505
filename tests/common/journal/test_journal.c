/* SPDX-License-Identifier: MIT */
/*
 * The journal's promises one by one, against the model in diary.h; their mixture is in
 * test_journal_crash.c.
 */
#include "common/journal/journal.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/journal/frame.h"
#include "common/journal/segment.h"
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

static void append(unsigned count, uint64_t body_bytes)
{
    while (count-- > 0)
        cr_assert_eq(diary_append(&diary, body_bytes), STATUS_OK);
}

static void append_and_commit(unsigned count, uint64_t body_bytes)
{
    append(count, body_bytes);
    cr_assert_eq(diary_commit(&diary), STATUS_OK);
}

static void reopen(void)
{
    diary_close(&diary);
    cr_assert_eq(diary_open(&diary), STATUS_OK);
    cr_assert_null(diary.fault, "%s", diary.fault);
}

/* Like reopen, after a power failure. */
static void crash(void)
{
    faulty_disk_crash(diary.faulty);
    reopen();
}

/* --------------------------------------------------------------------- files --- */

struct files {
    unsigned live, copies, spares;
    char last_live[SEGMENT_NAME_BYTES]; /* the one that begins last */
};

static void count_file(void *context, const char *name, uint64_t bytes)
{
    struct files *files = context;
    struct segment segment;

    (void)bytes;
    if (!segment_parse_name(name, &segment))
        return;
    files->spares += segment.kind == SEGMENT_SPARE;
    files->copies += segment.kind == SEGMENT_COPY;
    if (segment.kind == SEGMENT_LIVE && files->live++ > 0 &&
        strcmp(name, files->last_live) < 0)
        return;
    if (segment.kind == SEGMENT_LIVE)
        strcpy(files->last_live, name);
}

static struct files count_files(void)
{
    struct disk *disk = faulty_disk_interface(diary.faulty);
    struct files files = {0};

    cr_assert_eq(disk->list(disk, count_file, &files), STATUS_OK);
    return files;
}

/* -------------------------------------------------------------------- basics --- */

Test(journal, a_new_one_is_empty_and_numbers_from_one)
{
    cr_assert_eq(journal_last(diary.journal), 0);
    cr_assert_eq(journal_bytes_held(diary.journal), 0);
    cr_assert_not(journal_seal(diary.journal));
    append_and_commit(1, 10);
    cr_assert_eq(journal_last(diary.journal), 1);
    cr_assert_eq(journal_bytes_held(diary.journal), frame_bytes(10));
}

Test(journal, what_was_committed_is_replayed_once_it_is_opened_again)
{
    append_and_commit(50, 400);
    reopen();
    cr_assert_eq(diary.replayed, 50);
    append_and_commit(3, 0);
    reopen();
    cr_assert_eq(diary.replayed, 53);
}

Test(journal, what_was_not_committed_is_dropped)
{
    append_and_commit(2, 10);
    append(5, 10);
    reopen();
    cr_assert_eq(diary.replayed, 2);
}

Test(journal, replay_begins_behind_what_is_kept_elsewhere)
{
    append_and_commit(40, 500);
    diary.checkpointed = 33;
    reopen();
    cr_assert_eq(diary.replayed, 40);
    diary.checkpointed = 40;
    reopen();
    append_and_commit(1, 10);
    reopen();
    cr_assert_eq(diary.replayed, 41);
}

Test(journal, numbers_go_on_from_a_checkpoint_that_is_ahead_of_the_journal)
{
    append_and_commit(5, 10);
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

    append_and_commit(1, 10);
    writes = faulty_disk_count(diary.faulty, FAULTY_WRITE);
    syncs = faulty_disk_count(diary.faulty, FAULTY_SYNC);
    names = faulty_disk_count(diary.faulty, FAULTY_SYNC_NAMES);
    append_and_commit(20, 100);
    cr_assert_eq(faulty_disk_count(diary.faulty, FAULTY_WRITE), writes + 1);
    cr_assert_eq(faulty_disk_count(diary.faulty, FAULTY_SYNC), syncs + 1);
    cr_assert_eq(faulty_disk_count(diary.faulty, FAULTY_SYNC_NAMES), names);
}

Test(journal, a_batch_may_span_segments)
{
    append_and_commit(30, 1000);
    cr_assert_geq(count_files().live, 4);
    crash();
    cr_assert_eq(diary.replayed, 30);
}

Test(journal, the_next_batch_is_filled_while_one_waits_for_its_commit)
{
    append(3, 10);
    cr_assert(journal_seal(diary.journal));
    append(4, 10);
    cr_assert_eq(journal_commit(diary.journal), STATUS_OK);
    diary.acknowledged = 3;
    cr_assert_eq(diary_commit(&diary), STATUS_OK);
    crash();
    cr_assert_eq(diary.replayed, 7);
}

Test(journal, without_sync_a_commit_survives_the_process_and_syncs_nothing)
{
    uint64_t syncs;

    diary.options.sync = false;
    reopen();
    syncs = faulty_disk_count(diary.faulty, FAULTY_SYNC);
    append(1, 10);
    syncs = faulty_disk_count(diary.faulty, FAULTY_SYNC);
    cr_assert_eq(diary_commit(&diary), STATUS_OK);
    append_and_commit(40, 1000);
    cr_assert_eq(faulty_disk_count(diary.faulty, FAULTY_SYNC), syncs);
    faulty_disk_kill(diary.faulty);
    reopen();
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

    append_and_commit(5, 10);
    diary_close(&diary);
    cr_assert_eq(journal_open(disk, &diary.options, 0, ++diary.incarnation, refuse,
                              &seen, &journal),
                 STATUS_NOT_FOUND);
    cr_assert_eq(seen, 3);
    cr_assert_null(journal);
    reopen();
    cr_assert_eq(diary.replayed, 5);
}

Test(journal, an_incarnation_that_is_not_higher_is_refused)
{
    append_and_commit(5, 10);
    diary_close(&diary);
    diary.incarnation--;
    cr_assert_eq(diary_open(&diary), STATUS_INVALID);
    reopen();
    cr_assert_eq(diary.replayed, 5);
}

Test(journal, foreign_files_are_left_alone)
{
    faulty_disk_put(diary.faulty, "README", view_text("hello"));
    append_and_commit(5, 10);
    reopen();
    cr_assert(view_equal(faulty_disk_look(diary.faulty, "README"), view_text("hello")));
}

Test(journal, segments_of_another_size_are_replayed_and_replaced)
{
    append_and_commit(30, 1000);
    diary.options.segment_bytes *= 4;
    reopen();
    cr_assert_eq(diary.replayed, 30);
    append_and_commit(30, 1000);
    diary.options.segment_bytes /= 4;
    reopen();
    cr_assert_eq(diary.replayed, 60);
    diary_release(&diary, 60);
    reopen();
    append_and_commit(30, 1000);
    cr_assert_eq(faulty_disk_look(diary.faulty, count_files().last_live).size,
                 diary.options.segment_bytes);
}

/* At every operation of the disk: the machine stops there, and all that happened before
   must be there at the next opening, which is stopped a moment later, and so on. */
Test(journal, an_opening_may_be_cut_off_anywhere)
{
    struct faulty_disk *before = diary.faulty;
    uint64_t operations;

    append_and_commit(40, 900);
    diary_release(&diary, 9);
    append(2, 10);
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
            reopen();
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

/* ---------------------------------------------------------------------- tails --- */

/* Bytes of the segment that holds the newest records, up to its last frame's end. */
static uint64_t end_of_tail(const char *name)
{
    struct segment segment;
    uint64_t bytes = SEGMENT_HEAD_BYTES;

    cr_assert(segment_parse_name(name, &segment));
    for (uint64_t i = segment.first; i <= diary.appended; i++)
        bytes += frame_bytes(diary.bodies[i - 1].size);
    return bytes;
}

/* Opens a copy of the disk, damaged by then, and says how many records it has. */
static uint64_t replay_damaged(struct faulty_disk *damaged)
{
    struct diary other = diary;
    uint64_t replayed;

    other.journal = NULL;
    other.faulty = damaged;
    other.acknowledged = 0;
    cr_assert_eq(diary_open(&other), STATUS_OK);
    cr_assert_null(other.fault, "%s", other.fault);
    replayed = other.replayed;
    diary_close(&other);
    faulty_disk_close(damaged);
    return replayed;
}

Test(journal, a_tail_torn_at_any_byte_loses_that_record_and_those_behind_it_only)
{
    char name[SEGMENT_NAME_BYTES], bytes[8192];
    uint64_t end, start;

    append_and_commit(3, 200);
    end = end_of_tail(count_files().last_live);
    start = end - frame_bytes(200);
    strcpy(name, count_files().last_live);
    for (uint64_t cut = start; cut < end; cut++) {
        struct faulty_disk *damaged = faulty_disk_copy(diary.faulty, cut);

        memcpy(bytes, faulty_disk_look(damaged, name).data, sizeof(bytes));
        bytes[cut] = (char)~bytes[cut];
        memset(bytes + cut + 1, 0, sizeof(bytes) - cut - 1);
        faulty_disk_put(damaged, name, view_of(bytes, sizeof(bytes)));
        cr_assert_eq(replay_damaged(damaged), 2, "at byte %llu",
                     (unsigned long long)cut);
    }
}

Test(journal, any_flipped_bit_ends_the_log_before_its_record)
{
    char name[SEGMENT_NAME_BYTES];
    uint64_t end;

    append_and_commit(4, 60);
    strcpy(name, count_files().last_live);
    end = end_of_tail(name);
    for (uint64_t bit = 0; bit < end * 8; bit++) {
        struct faulty_disk *damaged = faulty_disk_copy(diary.faulty, bit);
        uint64_t expected = 0;

        if (bit / 8 >= SEGMENT_HEAD_BYTES)
            expected = (bit / 8 - SEGMENT_HEAD_BYTES) / frame_bytes(60);
        faulty_disk_flip(damaged, name, bit);
        cr_assert_eq(replay_damaged(damaged), expected, "bit %llu",
                     (unsigned long long)bit);
    }
}

Test(journal, a_torn_record_does_not_come_back_once_another_took_its_number)
{
    /* The first of two lost its sectors, the second was whole: record 2 of then must
       not follow record 1 of now. */
    append_and_commit(1, 500);
    append(2, 500);
    faulty_disk_fail(diary.faulty, FAULTY_WRITE, 1, STATUS_IO);
    cr_assert_eq(diary_commit(&diary), STATUS_IO);
    for (int i = 0; i < 20; i++) {
        crash();
        append_and_commit(1 + (unsigned)i % 3, 500);
    }
}

/* ----------------------------------------------------------------- recycling --- */

Test(journal, released_segments_are_recycled_and_only_a_few_are_kept)
{
    struct files files;

    append_and_commit(200, 1000);
    cr_assert_gt(count_files().live, 20);
    diary_release(&diary, 200);
    files = count_files();
    cr_assert_eq(files.live, 1);
    cr_assert_leq(files.spares, 4);
    append_and_commit(16, 1000);
    cr_assert_eq(count_files().spares, files.spares - 2);
}

Test(journal, the_segment_being_written_is_never_recycled)
{
    append_and_commit(3, 10);
    diary_release(&diary, 3);
    append_and_commit(1, 10);
    crash();
    cr_assert_eq(diary.replayed, 4);
}

Test(journal, nothing_is_released_that_is_not_committed)
{
    append_and_commit(10, 1000);
    append(40, 1000);
    journal_release(diary.journal, 50);
    cr_assert_eq(journal_bytes_held(diary.journal), 40 * frame_bytes(1000));
    diary.checkpointed = 10;
    cr_assert_eq(diary_commit(&diary), STATUS_OK);
    crash();
    cr_assert_eq(diary.replayed, 50);
}

Test(journal, recycled_segments_never_bring_records_back)
{
    for (int i = 0; i < 300; i++) {
        append_and_commit(1 + (unsigned)diary_choose(&diary, 20),
                          diary_choose(&diary, 1500));
        diary_release(&diary, diary.acknowledged - diary_choose(&diary, 2));
        append((unsigned)diary_choose(&diary, 4), diary_choose(&diary, 1500));
        if (i % 3 == 0) {
            /* Written in part, never synced. */
            faulty_disk_fail(diary.faulty, FAULTY_SYNC, 1, STATUS_IO);
            (void)diary_commit(&diary);
            crash();
        }
    }
}

Test(journal, prepare_keeps_the_spares_ready_so_that_appending_makes_none)
{
    uint64_t made;

    cr_assert_eq(journal_prepare(diary.journal), STATUS_OK);
    made = faulty_disk_count(diary.faulty, FAULTY_CREATE);
    cr_assert_eq(made, 2);
    append_and_commit(1, 10);
    cr_assert_eq(faulty_disk_count(diary.faulty, FAULTY_CREATE), made);
    cr_assert_eq(journal_prepare(diary.journal), STATUS_OK);
    cr_assert_eq(faulty_disk_count(diary.faulty, FAULTY_CREATE), made + 1);
    cr_assert_eq(journal_prepare(diary.journal), STATUS_OK);
    cr_assert_eq(faulty_disk_count(diary.faulty, FAULTY_CREATE), made + 1);
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
    append_and_commit(1, 10);
    faulty_disk_set_capacity(diary.faulty, 6 * 8192);
    append_and_commit(7, 1000);
    cr_assert_eq(journal_reserve(diary.journal, 1000), STATUS_NO_SPACE);
    /* A checkpoint makes room as well. */
    diary_release(&diary, diary.acknowledged);
    append_and_commit(14, 1000);
    crash();
    cr_assert_eq(diary.replayed, 4 * 7 + 1 + 7 + 14);
}

Test(journal, a_disk_that_is_full_does_not_keep_it_from_being_opened)
{
    faulty_disk_set_capacity(diary.faulty, 5 * 8192);
    while (diary_append(&diary, 1000) == STATUS_OK)
        cr_assert_eq(diary_commit(&diary), STATUS_OK);
    faulty_disk_set_capacity(diary.faulty, 0);
    for (int i = 0; i < 10; i++) {
        crash();
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
        append_and_commit(2, 1000);
        append(10, 1000);
        faulty_disk_fail(diary.faulty, cases[i].operation, cases[i].nth, STATUS_IO);
        cr_assert_eq(diary_commit(&diary), STATUS_IO, "case %zu", i);
        cr_assert_eq(journal_reserve(diary.journal, 1), STATUS_IO);
        cr_assert_eq(journal_reserve(diary.journal, 1), STATUS_IO);
        cr_assert_eq(journal_prepare(diary.journal), STATUS_IO);
        if (i % 2 == 0)
            faulty_disk_crash(diary.faulty);
        else
            faulty_disk_kill(diary.faulty);
        reopen();
    }
}

Test(journal, a_batch_sealed_before_a_failure_fails_with_it)
{
    append(2, 10);
    cr_assert(journal_seal(diary.journal));
    append(2, 10);
    faulty_disk_fail(diary.faulty, FAULTY_SYNC, 1, STATUS_IO);
    cr_assert_eq(journal_commit(diary.journal), STATUS_IO);
    cr_assert(journal_seal(diary.journal));
    cr_assert_eq(journal_commit(diary.journal), STATUS_IO);
    crash();
    cr_assert_leq(diary.replayed, 2);
}

Test(journal, a_segment_that_cannot_be_named_is_taken_the_next_time)
{
    faulty_disk_fail(diary.faulty, FAULTY_RENAME, 1, STATUS_NO_SPACE);
    cr_assert_eq(journal_reserve(diary.journal, 10), STATUS_NO_SPACE);
    cr_assert_eq(faulty_disk_count(diary.faulty, FAULTY_CREATE), 2);
    append_and_commit(1, 10);
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
    char command[64];

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
    snprintf(command, sizeof(command), "rm -r %s", folder);
    cr_assert_eq(system(command), 0);
}
