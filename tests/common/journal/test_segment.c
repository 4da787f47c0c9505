/* SPDX-License-Identifier: MIT */
/*
 * Names, and where the valid run of a segment ends.
 */
#include "common/journal/segment.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "common/base/crc32c.h"
#include "common/base/log.h"
#include "common/journal/frame.h"
#include "tests/support/faulty_disk.h"

#define SEGMENT_BYTES (1u << 20)
#define FIRST 100
#define INCARNATION 7

static struct faulty_disk *faulty;
static struct disk *disk;
static struct segment *segment;

static const char *name_of_segment(void)
{
    static char name[SEGMENT_NAME_BYTES];

    segment_name(segment, name);
    return name;
}

static void start(void)
{
    faulty = faulty_disk_open(1);
    disk = faulty_disk_interface(faulty);
    cr_assert_eq(segment_create(disk, 1, SEGMENT_BYTES, &segment), STATUS_OK);
    cr_assert_eq(segment_become(disk, segment, SEGMENT_LIVE, FIRST, INCARNATION),
                 STATUS_OK);
}

static void end(void)
{
    segment_close(disk, segment);
    faulty_disk_close(faulty);
}

TestSuite(segment, .init = start, .fini = end);

static void put(uint64_t offset, const void *data, uint64_t bytes)
{
    cr_assert_eq(disk->write(segment->file, offset, data, bytes), STATUS_OK);
}

static uint32_t put_head(uint64_t first, uint32_t incarnation)
{
    struct segment_head head = {.first = first, .incarnation = incarnation};
    char bytes[SEGMENT_HEAD_BYTES];
    uint32_t crc = segment_head_write(bytes, &head);

    put(0, bytes, sizeof(bytes));
    return crc;
}

/* Writes a frame where the last one ended and moves on. */
static uint32_t put_frame(uint64_t *offset, uint32_t crc, uint64_t sequence,
                          uint32_t incarnation, const char *text)
{
    char bytes[256];

    cr_assert_leq(frame_bytes(strlen(text)), sizeof(bytes));
    crc = frame_write(bytes, crc, sequence, incarnation, view_text(text));
    put(*offset, bytes, frame_bytes(strlen(text)));
    *offset += frame_bytes(strlen(text));
    return crc;
}

/* Three records, and where the next would go. */
static uint32_t put_three(uint64_t *offset)
{
    uint32_t crc = put_head(FIRST, INCARNATION);

    *offset = SEGMENT_HEAD_BYTES;
    crc = put_frame(offset, crc, FIRST, INCARNATION, "latte");
    crc = put_frame(offset, crc, FIRST + 1, INCARNATION, "");
    return put_frame(offset, crc, FIRST + 2, INCARNATION, "espresso");
}

/* Reads all there is; the status that ended it. */
static enum status read_run(uint64_t *records_out, bool *is_torn_out)
{
    struct segment_reader reader = {0};
    enum status status = segment_read_start(&reader, disk, segment);
    struct view body;

    for (*records_out = 0; status == STATUS_OK; *records_out += status == STATUS_OK)
        status = segment_read_next(&reader, &body);
    *is_torn_out = reader.is_torn;
    segment_read_end(&reader);
    return status;
}

static void expect_run(uint64_t records, bool is_torn, enum status status)
{
    uint64_t found;
    bool torn;

    cr_assert_eq(read_run(&found, &torn), status);
    cr_assert_eq(found, records, "%llu records", (unsigned long long)found);
    cr_assert_eq(torn, is_torn);
}

/* -------------------------------------------------------------------- name --- */

struct name_case {
    char name[64];
    enum segment_kind kind;
    uint64_t first;
    uint32_t incarnation;
    bool is_ours;
};

ParameterizedTestParameters(segment_name, is_read_exactly_as_it_is_written)
{
    static struct name_case cases[] = {
        {"00000000000000000001-0000000002.segment", SEGMENT_LIVE, 1, 2, true},
        {"18446744073709551615-4294967295.segment", SEGMENT_LIVE, UINT64_MAX,
         UINT32_MAX, true},
        {"00000000000000012345-0000000002.copy", SEGMENT_COPY, 12345, 2, true},
        {"00000000000000000009.spare", SEGMENT_SPARE, 9, 0, true},
        {"", SEGMENT_LIVE, 0, 0, false},
        {".spare", SEGMENT_LIVE, 0, 0, false},
        {"9.spare", SEGMENT_LIVE, 0, 0, false},
        {"00000000000000000009.spares", SEGMENT_LIVE, 0, 0, false},
        {"00000000000000000009-0000000001.spare", SEGMENT_LIVE, 0, 0, false},
        {"00000000000000000001.segment", SEGMENT_LIVE, 0, 0, false},
        {"-0000000000000000001-0000000002.segment", SEGMENT_LIVE, 0, 0, false},
        {"+0000000000000000001-0000000002.segment", SEGMENT_LIVE, 0, 0, false},
        {" 0000000000000000001-0000000002.segment", SEGMENT_LIVE, 0, 0, false},
        {"00000000000000000001-0000000002.segment~", SEGMENT_LIVE, 0, 0, false},
        {"00000000000000000001-4294967296.segment", SEGMENT_LIVE, 0, 0, false},
        {"18446744073709551616-0000000001.segment", SEGMENT_LIVE, 0, 0, false},
        {"00000000000000000001-00000000002.segment", SEGMENT_LIVE, 0, 0, false},
        {"data.mdb", SEGMENT_LIVE, 0, 0, false},
    };

    return cr_make_param_array(struct name_case, cases,
                               sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct name_case *one, segment_name, is_read_exactly_as_it_is_written)
{
    struct segment values;
    char again[SEGMENT_NAME_BYTES];

    cr_assert_eq(segment_parse_name(one->name, &values), one->is_ours, "%s", one->name);
    if (!one->is_ours)
        return;
    cr_assert_eq(values.kind, one->kind);
    cr_assert_eq(values.first, one->first);
    cr_assert_eq(values.incarnation, one->incarnation);
    segment_name(&values, again);
    cr_assert_str_eq(again, one->name);
}

/* --------------------------------------------------------------------- run --- */

Test(segment, an_unwritten_one_holds_nothing)
{
    expect_run(0, false, STATUS_NOT_FOUND);
}

Test(segment, its_run_ends_where_zeros_begin)
{
    uint64_t offset;

    put_three(&offset);
    expect_run(3, false, STATUS_NOT_FOUND);
}

Test(segment, a_head_that_disagrees_with_the_name_holds_nothing)
{
    uint64_t offset;

    put_three(&offset);
    put_head(FIRST + 1, INCARNATION);
    expect_run(0, false, STATUS_NOT_FOUND);
    put_head(FIRST, INCARNATION - 1);
    expect_run(0, false, STATUS_NOT_FOUND);
    put_head(FIRST, INCARNATION);
    expect_run(3, false, STATUS_NOT_FOUND);
}

Test(segment, a_record_that_is_not_next_ends_the_run)
{
    uint64_t offset;
    uint32_t crc = put_three(&offset);

    put_frame(&offset, crc, FIRST + 4, INCARNATION, "one is missing");
    expect_run(3, false, STATUS_NOT_FOUND);
}

Test(segment, a_record_of_an_earlier_life_ends_the_run)
{
    uint64_t offset;
    uint32_t crc = put_three(&offset);

    put_frame(&offset, crc, FIRST + 3, INCARNATION - 1, "old");
    expect_run(3, false, STATUS_NOT_FOUND);
}

Test(segment, a_record_behind_another_record_than_its_own_ends_the_run)
{
    uint64_t offset;
    uint32_t crc = put_three(&offset);

    put_frame(&offset, crc ^ 1, FIRST + 3, INCARNATION, "stray");
    expect_run(3, true, STATUS_NOT_FOUND);
}

Test(segment, a_record_torn_at_any_byte_ends_the_run)
{
    static const char zeros[256];
    char frame[256];
    uint64_t offset, bytes = frame_bytes(strlen("the last one"));
    uint32_t crc = put_three(&offset);

    frame_write(frame, crc, FIRST + 3, INCARNATION, view_text("the last one"));
    /* The padding is zeros anyway: up to there the bytes are all there. */
    for (uint64_t kept = 0; kept < FRAME_HEAD_BYTES + strlen("the last one"); kept++) {
        put(offset, frame, kept);
        put(offset + kept, zeros, bytes - kept);
        /* With less than sequence and incarnation it is not known for a torn record. */
        expect_run(3, kept > 16, STATUS_NOT_FOUND);
    }
    put(offset, frame, bytes);
    expect_run(4, false, STATUS_NOT_FOUND);
}

Test(segment, a_size_beyond_the_file_ends_the_run)
{
    char frame[FRAME_HEAD_BYTES];
    uint64_t offset;
    uint32_t crc = put_three(&offset);

    frame_write(frame, crc, FIRST + 3, INCARNATION, view_of(NULL, 0));
    memset(frame + 4, 0xFF, 4);
    put(offset, frame, sizeof(frame));
    expect_run(3, true, STATUS_NOT_FOUND);
}

Test(segment, another_format_is_refused_and_not_taken_for_an_empty_one)
{
    char head[SEGMENT_HEAD_BYTES];
    struct segment_head values = {.first = FIRST, .incarnation = INCARNATION};
    uint32_t crc, masked;

    log_set_level(LOG_LEVEL_ERROR);
    segment_head_write(head, &values);
    head[8] = 2;
    crc = crc32c(0, head, 28);
    masked = ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
    for (int i = 0; i < 4; i++)
        head[28 + i] = (char)(masked >> 8 * i);
    put(0, head, sizeof(head));
    expect_run(0, false, STATUS_INVALID);
}

Test(segment, another_version_of_a_record_is_refused_and_not_taken_for_the_end)
{
    char frame[FRAME_HEAD_BYTES];
    uint64_t offset;
    uint32_t crc = put_three(&offset);
    uint32_t masked;

    frame_write(frame, crc, FIRST + 3, INCARNATION, view_of(NULL, 0));
    frame[20] = 9;
    crc = crc32c(crc, frame + 4, sizeof(frame) - 4);
    masked = ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
    for (int i = 0; i < 4; i++)
        frame[i] = (char)(masked >> 8 * i);
    put(offset, frame, sizeof(frame));
    expect_run(3, false, STATUS_INVALID);
}

Test(segment, records_larger_than_the_window_are_read_whole)
{
    static char body[300 << 10];
    static char frame[sizeof(body) + 64];
    struct segment_reader reader = {0};
    uint64_t offset = SEGMENT_HEAD_BYTES;
    uint32_t crc = put_head(FIRST, INCARNATION);
    struct view read;

    for (uint64_t i = 0; i < 3; i++) {
        memset(body, (int)i + 1, sizeof(body));
        crc = frame_write(frame, crc, FIRST + i, INCARNATION,
                          view_of(body, sizeof(body) - i));
        put(offset, frame, frame_bytes(sizeof(body) - i));
        offset += frame_bytes(sizeof(body) - i);
    }
    cr_assert_eq(segment_read_start(&reader, disk, segment), STATUS_OK);
    for (uint64_t i = 0; i < 3; i++) {
        memset(body, (int)i + 1, sizeof(body));
        cr_assert_eq(segment_read_next(&reader, &read), STATUS_OK);
        cr_assert(view_equal(read, view_of(body, sizeof(body) - i)));
    }
    cr_assert_eq(segment_read_next(&reader, &read), STATUS_NOT_FOUND);
    segment_read_end(&reader);
}

Test(segment, a_read_that_fails_is_not_the_end_of_the_run)
{
    uint64_t offset;

    put_three(&offset);
    faulty_disk_fail(faulty, FAULTY_READ, 1, STATUS_IO);
    expect_run(0, false, STATUS_IO);
}

Test(segment, what_a_recycled_one_held_is_gone_with_its_name)
{
    uint64_t offset;

    put_three(&offset);
    cr_assert_eq(segment_become(disk, segment, SEGMENT_SPARE, 5, 0), STATUS_OK);
    cr_assert_str_eq(name_of_segment(), "00000000000000000005.spare");
    cr_assert_eq(segment_become(disk, segment, SEGMENT_LIVE, FIRST, INCARNATION + 1),
                 STATUS_OK);
    expect_run(0, false, STATUS_NOT_FOUND);
    put_head(FIRST, INCARNATION + 1);
    expect_run(0, false, STATUS_NOT_FOUND);
}

Test(segment, a_rename_that_fails_changes_nothing)
{
    faulty_disk_fail(faulty, FAULTY_RENAME, 1, STATUS_NO_SPACE);
    cr_assert_eq(segment_become(disk, segment, SEGMENT_SPARE, 5, 0), STATUS_NO_SPACE);
    cr_assert_str_eq(name_of_segment(), "00000000000000000100-0000000007.segment");
    cr_assert_not_null(faulty_disk_look(faulty, name_of_segment()).data);
}
