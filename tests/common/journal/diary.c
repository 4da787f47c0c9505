/* SPDX-License-Identifier: MIT */
/*
 * Bodies are random in size and content, so that no record passes for another, and
 * often full of what looks like a frame, so that one that is taken from the middle of a
 * body would show.
 */
#include "tests/common/journal/diary.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/journal/frame.h"

void diary_start(struct diary *diary, uint64_t seed)
{
    *diary = (struct diary){
        .faulty = faulty_disk_open(seed),
        .random = seed * 2 + 1,
        .options = {.segment_bytes = 8192,
                    .record_bytes_max = 3000,
                    .spare_segments = 1,
                    .sync = true},
    };
    log_set_level(LOG_LEVEL_ERROR);
}

void diary_end(struct diary *diary)
{
    diary_close(diary);
    for (uint64_t i = 0; i < diary->capacity; i++)
        bytes_free(&diary->bodies[i]);
    free(diary->bodies);
    faulty_disk_close(diary->faulty);
}

uint64_t diary_choose(struct diary *diary, uint64_t bound)
{
    diary->random = diary->random * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (diary->random >> 33) % bound;
}

/* ---------------------------------------------------------------- opening --- */

static enum status check_record(void *context, uint64_t sequence, struct view body)
{
    struct diary *diary = context;

    if (sequence != diary->replayed + 1)
        diary->fault = "a record is out of order";
    else if (sequence > diary->appended)
        diary->fault = "a record was never appended";
    else if (!view_equal(body, view_bytes(&diary->bodies[sequence - 1])))
        diary->fault = "a record has another body";
    diary->replayed = sequence;
    return diary->fault == NULL ? STATUS_OK : STATUS_FAILED;
}

/* Bytes of frames of records appended and not checkpointed. */
static uint64_t bytes_held(const struct diary *diary)
{
    uint64_t bytes = 0;

    for (uint64_t i = diary->checkpointed; i < diary->appended; i++)
        bytes += frame_bytes(diary->bodies[i].size);
    return bytes;
}

enum status diary_open(struct diary *diary)
{
    enum status status;

    diary->replayed = diary->checkpointed;
    status = journal_open(faulty_disk_interface(diary->faulty), &diary->options,
                          diary->checkpointed, ++diary->incarnation, check_record,
                          diary, &diary->journal);
    if (status != STATUS_OK || diary->fault != NULL)
        return status;
    if (diary->replayed < diary->acknowledged)
        diary->fault = "an acknowledged record is lost";
    if (journal_last(diary->journal) != diary->replayed)
        diary->fault = "the journal goes on elsewhere";
    diary->appended = diary->replayed;
    /* It was synced before the journal was opened. */
    diary->acknowledged = diary->replayed;
    if (journal_bytes_held(diary->journal) != bytes_held(diary))
        diary->fault = "the bytes held after an opening are wrong";
    return status;
}

/* -------------------------------------------------------------- appending --- */

static struct bytes *next_body(struct diary *diary)
{
    if (diary->appended == diary->capacity) {
        uint64_t capacity = diary->capacity * 2 + 64;

        diary->bodies = memory_resize(diary->bodies, capacity * sizeof(struct bytes));
        memset(diary->bodies + diary->capacity, 0,
               (capacity - diary->capacity) * sizeof(struct bytes));
        diary->capacity = capacity;
    }
    return &diary->bodies[diary->appended];
}

/* Frames that would be next, a few records on. */
static void fill_with_frames(struct diary *diary, char *out, uint64_t bytes)
{
    uint64_t sequence = diary->appended + diary_choose(diary, 40);

    for (; bytes >= FRAME_HEAD_BYTES; bytes -= FRAME_HEAD_BYTES) {
        frame_write(out, 0, sequence, diary->incarnation, view_of(NULL, 0));
        out += FRAME_HEAD_BYTES;
    }
    memset(out, 0, bytes);
}

static void fill(struct diary *diary, char *out, uint64_t bytes)
{
    if (diary_choose(diary, 3) == 0) {
        fill_with_frames(diary, out, bytes);
        return;
    }
    for (uint64_t i = 0; i < bytes; i++)
        out[i] = (char)diary_choose(diary, 256);
}

enum status diary_append(struct diary *diary, uint64_t body_bytes)
{
    enum status status = journal_reserve(diary->journal, body_bytes);
    struct bytes *body;

    if (status != STATUS_OK)
        return status;
    body = next_body(diary);
    bytes_clear(body);
    fill(diary, bytes_reserve(body, body_bytes + 1), body_bytes);
    body->size = body_bytes;
    if (journal_append(diary->journal, view_bytes(body)) != ++diary->appended)
        diary->fault = "a record has another number";
    if (journal_bytes_held(diary->journal) != bytes_held(diary))
        diary->fault = "the bytes held after an append are wrong";
    return STATUS_OK;
}

enum status diary_commit(struct diary *diary)
{
    enum status status;

    if (!journal_seal(diary->journal))
        return STATUS_OK;
    status = journal_commit(diary->journal);
    if (status == STATUS_OK)
        diary->acknowledged = diary->appended;
    return status;
}

void diary_release(struct diary *diary, uint64_t sequence)
{
    diary->checkpointed = sequence;
    journal_release(diary->journal, sequence);
    if (journal_bytes_held(diary->journal) != bytes_held(diary))
        diary->fault = "the bytes held after a release are wrong";
}

void diary_close(struct diary *diary)
{
    if (diary->journal != NULL)
        journal_close(diary->journal);
    diary->journal = NULL;
}

/* ------------------------------------------------------------------ for tests --- */

void diary_append_many(struct diary *diary, unsigned count, uint64_t body_bytes)
{
    while (count-- > 0)
        cr_assert_eq(diary_append(diary, body_bytes), STATUS_OK);
}

void diary_write(struct diary *diary, unsigned count, uint64_t body_bytes)
{
    diary_append_many(diary, count, body_bytes);
    cr_assert_eq(diary_commit(diary), STATUS_OK);
}

void diary_reopen(struct diary *diary)
{
    diary_close(diary);
    cr_assert_eq(diary_open(diary), STATUS_OK);
    cr_assert_null(diary->fault, "%s", diary->fault);
}

void diary_crash(struct diary *diary)
{
    faulty_disk_crash(diary->faulty);
    diary_reopen(diary);
}

static void count_file(void *context, const char *name, uint64_t bytes)
{
    struct diary_files *files = context;
    struct segment segment;

    (void)bytes;
    if (!segment_parse_name(name, &segment))
        return;
    files->spares += segment.kind == SEGMENT_SPARE;
    files->copies += segment.kind == SEGMENT_COPY;
    if (segment.kind != SEGMENT_LIVE)
        return;
    files->live++;
    /* Names of a kind sort as their numbers do. */
    if (strcmp(name, files->last_live) > 0)
        strcpy(files->last_live, name);
}

struct diary_files diary_files(struct diary *diary)
{
    struct disk *disk = faulty_disk_interface(diary->faulty);
    struct diary_files files = {0};

    cr_assert_eq(disk->list(disk, count_file, &files), STATUS_OK);
    return files;
}
