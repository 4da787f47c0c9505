/* SPDX-License-Identifier: MIT */
/*
 * Where the log ends: torn and flipped tails, and segments that were recycled, whose
 * old records must never show again.
 */
#include "common/journal/journal.h"

#include <criterion/criterion.h>
#include <string.h>

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

TestSuite(journal_tail, .init = start, .fini = end);

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

Test(journal_tail, a_tail_torn_at_any_byte_loses_that_record_and_those_behind_it_only)
{
    char name[SEGMENT_NAME_BYTES], bytes[8192];
    uint64_t end, start;

    diary_write(&diary, 3, 200);
    end = end_of_tail(diary_files(&diary).last_live);
    start = end - frame_bytes(200);
    strcpy(name, diary_files(&diary).last_live);
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

Test(journal_tail, any_flipped_bit_ends_the_log_before_its_record)
{
    char name[SEGMENT_NAME_BYTES];
    uint64_t end;

    diary_write(&diary, 4, 60);
    strcpy(name, diary_files(&diary).last_live);
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

Test(journal_tail, a_torn_record_does_not_come_back_once_another_took_its_number)
{
    /* The first of two lost its sectors, the second was whole: record 2 of then must
       not follow record 1 of now. */
    diary_write(&diary, 1, 500);
    diary_append_many(&diary, 2, 500);
    faulty_disk_fail(diary.faulty, FAULTY_WRITE, 1, STATUS_IO);
    cr_assert_eq(diary_commit(&diary), STATUS_IO);
    for (int i = 0; i < 20; i++) {
        diary_crash(&diary);
        diary_write(&diary, 1 + (unsigned)i % 3, 500);
    }
}

static struct journal_found found_after_reopening(void)
{
    diary_close(&diary);
    diary_reopen(&diary);
    return journal_found(diary.journal);
}

Test(journal_tail, an_opening_finds_nothing_amiss_in_a_whole_journal)
{
    struct journal_found found = journal_found(diary.journal);

    cr_assert_not(found.is_torn || found.is_cut_off || found.is_missing, "a new one");
    diary_write(&diary, 200, 1000);
    found = found_after_reopening();
    cr_assert_not(found.is_torn || found.is_cut_off || found.is_missing);
    diary_release(&diary, 200);
    found = found_after_reopening();
    cr_assert_not(found.is_torn || found.is_cut_off || found.is_missing);
    found = found_after_reopening();
    cr_assert_not(found.is_missing, "spares alone are left");
}

Test(journal_tail, an_opening_tells_that_the_tail_is_torn)
{
    char name[SEGMENT_NAME_BYTES];

    diary_write(&diary, 3, 200);
    strcpy(name, diary_files(&diary).last_live);
    diary.acknowledged = 2; /* the third is lost on purpose */
    faulty_disk_flip(diary.faulty, name, (end_of_tail(name) - 100) * 8);
    cr_assert(found_after_reopening().is_torn);
    cr_assert_not(found_after_reopening().is_torn, "the copy is whole");
}

static void remove_file(void *context, const char *name, uint64_t bytes)
{
    struct disk *disk = context;

    (void)bytes;
    cr_assert_eq(disk->remove(disk, name), STATUS_OK);
}

Test(journal_tail, an_opening_tells_that_the_journal_is_gone)
{
    struct disk *disk = faulty_disk_interface(diary.faulty);

    diary_write(&diary, 3, 200);
    diary_release(&diary, 3);
    diary_close(&diary);
    cr_assert_eq(disk->list(disk, remove_file, disk), STATUS_OK);
    diary_reopen(&diary);
    cr_assert(journal_found(diary.journal).is_missing);
}

/* ----------------------------------------------------------------- recycling --- */

Test(journal_tail, released_segments_are_recycled_and_only_a_few_are_kept)
{
    struct diary_files files;

    diary_write(&diary, 200, 1000);
    cr_assert_gt(diary_files(&diary).live, 20);
    diary_release(&diary, 200);
    files = diary_files(&diary);
    cr_assert_eq(files.live, 1);
    cr_assert_leq(files.spares, 4);
    diary_write(&diary, 16, 1000);
    cr_assert_eq(diary_files(&diary).spares, files.spares - 2);
}

Test(journal_tail, the_segment_being_written_is_never_recycled)
{
    diary_write(&diary, 3, 10);
    diary_release(&diary, 3);
    diary_write(&diary, 1, 10);
    diary_crash(&diary);
    cr_assert_eq(diary.replayed, 4);
}

Test(journal_tail, nothing_is_released_that_is_not_committed)
{
    diary_write(&diary, 10, 1000);
    diary_append_many(&diary, 40, 1000);
    journal_release(diary.journal, 50);
    cr_assert_eq(journal_bytes_held(diary.journal), 40 * frame_bytes(1000));
    diary.checkpointed = 10;
    cr_assert_eq(diary_commit(&diary), STATUS_OK);
    diary_crash(&diary);
    cr_assert_eq(diary.replayed, 50);
}

Test(journal_tail, recycled_segments_never_bring_records_back)
{
    for (int i = 0; i < 300; i++) {
        diary_write(&diary, 1 + (unsigned)diary_choose(&diary, 20),
                    diary_choose(&diary, 1500));
        diary_release(&diary, diary.acknowledged - diary_choose(&diary, 2));
        diary_append_many(&diary, (unsigned)diary_choose(&diary, 4),
                          diary_choose(&diary, 1500));
        if (i % 3 == 0) {
            /* Written in part, never synced. */
            faulty_disk_fail(diary.faulty, FAULTY_SYNC, 1, STATUS_IO);
            (void)diary_commit(&diary);
            diary_crash(&diary);
        }
    }
}

Test(journal_tail, prepare_keeps_the_spares_ready_so_that_appending_makes_none)
{
    uint64_t made;

    cr_assert_eq(journal_prepare(diary.journal), STATUS_OK);
    made = faulty_disk_count(diary.faulty, FAULTY_CREATE);
    cr_assert_eq(made, 2);
    diary_write(&diary, 1, 10);
    cr_assert_eq(faulty_disk_count(diary.faulty, FAULTY_CREATE), made);
    cr_assert_eq(journal_prepare(diary.journal), STATUS_OK);
    cr_assert_eq(faulty_disk_count(diary.faulty, FAULTY_CREATE), made + 1);
    cr_assert_eq(journal_prepare(diary.journal), STATUS_OK);
    cr_assert_eq(faulty_disk_count(diary.faulty, FAULTY_CREATE), made + 1);
}
