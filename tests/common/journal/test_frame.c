/* SPDX-License-Identifier: MIT */
/*
 * The format, to the byte: what is written today must be read for ever.
 */
#include "common/journal/frame.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "common/base/crc32c.h"

/* Written by hand from the table in frame.h; only the checksums were taken from a run.
 */
static const unsigned char golden[] = {
    /* head */
    'a', 'c', 't', 'o', 'r', 'f', 's', 'J', 1, 0, 0, 0, 7, 0, 0,
    0,                                        /* format, incarnation */
    0x39, 0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* first: 12345 */
    0, 0, 0, 0,
    /* frame 12345: "latte" */
    0, 0, 0, 0, 5, 0, 0, 0, 0x39, 0x30, 0, 0, 0, 0, 0, 0, /* CRC, size, sequence */
    7, 0, 0, 0, 1, 0, 0, 0,                               /* incarnation, version */
    'l', 'a', 't', 't', 'e', 0, 0, 0,
    /* frame 12346: empty */
    0, 0, 0, 0, 0, 0, 0, 0, 0x3a, 0x30, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0};

/* CRC-32C of bytes as the format masks and stores it. */
static void put_masked(unsigned char *out, uint32_t crc)
{
    uint32_t masked = ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;

    for (int i = 0; i < 4; i++)
        out[i] = (unsigned char)(masked >> 8 * i);
}

#define GOLDEN_FIRST 32
#define GOLDEN_SECOND (32 + 32)

static void make_golden(char *out)
{
    unsigned char bytes[sizeof(golden)];
    uint32_t crc;

    memcpy(bytes, golden, sizeof(golden));
    crc = crc32c(0, bytes, 28);
    put_masked(bytes + 28, crc);
    crc = crc32c(crc, bytes + GOLDEN_FIRST + 4, 28);
    put_masked(bytes + GOLDEN_FIRST, crc);
    crc = crc32c(crc, bytes + GOLDEN_SECOND + 4, 20);
    put_masked(bytes + GOLDEN_SECOND, crc);
    memcpy(out, bytes, sizeof(bytes));
}

Test(frame, the_bytes_are_those_of_the_description)
{
    struct segment_head head = {.incarnation = 7, .first = 12345};
    char written[sizeof(golden)];
    char expected[sizeof(golden)];
    uint32_t crc = segment_head_write(written, &head);

    crc = frame_write(written + GOLDEN_FIRST, crc, 12345, 7, view_text("latte"));
    frame_write(written + GOLDEN_SECOND, crc, 12346, 7, view_of(NULL, 0));
    make_golden(expected);
    cr_assert_arr_eq(written, expected, sizeof(expected));
}

Test(frame, what_was_written_is_read_again)
{
    struct segment_head head;
    struct frame frame;
    char bytes[sizeof(golden)];
    uint32_t crc;

    make_golden(bytes);
    cr_assert(segment_head_read(bytes, &head, &crc));
    cr_assert_eq(head.format, FRAME_FORMAT);
    cr_assert_eq(head.first, 12345);
    cr_assert_eq(head.incarnation, 7);
    frame = frame_parse(bytes + GOLDEN_FIRST);
    cr_assert_eq(frame.sequence, 12345);
    cr_assert_eq(frame.body_bytes, 5);
    cr_assert_eq(frame.incarnation, 7);
    cr_assert_eq(frame.version, FRAME_VERSION);
    cr_assert(frame_holds(&frame, crc, bytes + GOLDEN_FIRST));
    crc = frame.crc;
    frame = frame_parse(bytes + GOLDEN_SECOND);
    cr_assert(frame_holds(&frame, crc, bytes + GOLDEN_SECOND));
}

Test(frame, any_flipped_bit_of_a_head_is_found)
{
    struct segment_head head;
    char bytes[sizeof(golden)];
    uint32_t crc;

    make_golden(bytes);
    for (size_t bit = 0; bit < SEGMENT_HEAD_BYTES * 8; bit++) {
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        cr_assert_not(segment_head_read(bytes, &head, &crc), "bit %zu", bit);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
}

/* A size that grew would make frame_holds read beyond the bytes there are. */
static bool holds_within(const char *bytes, size_t size, uint32_t crc)
{
    struct frame frame = frame_parse(bytes);

    return frame_bytes(frame.body_bytes) <= size && frame_holds(&frame, crc, bytes);
}

Test(frame, any_flipped_bit_of_a_frame_is_found_its_padding_included)
{
    struct segment_head head;
    char bytes[sizeof(golden)];
    uint32_t crc;

    make_golden(bytes);
    cr_assert(segment_head_read(bytes, &head, &crc));
    for (size_t bit = GOLDEN_FIRST * 8; bit < GOLDEN_SECOND * 8; bit++) {
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        cr_assert_not(holds_within(bytes + GOLDEN_FIRST, 32, crc), "bit %zu", bit);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
    cr_assert(holds_within(bytes + GOLDEN_FIRST, 32, crc));
}

Test(frame, it_holds_only_behind_the_frame_it_was_written_behind)
{
    char bytes[64];
    uint32_t crc = frame_write(bytes, 1234, 1, 1, view_text("a"));
    struct frame frame = frame_parse(bytes);

    cr_assert_neq(crc, 1234);
    cr_assert(frame_holds(&frame, 1234, bytes));
    cr_assert_not(frame_holds(&frame, 1235, bytes));
}

Test(frame, zeros_are_no_frame_and_no_head)
{
    static const char zeros[64];
    struct segment_head head;
    struct frame frame = frame_parse(zeros);
    uint32_t crc;

    for (uint32_t before = 0; before < 100000; before++)
        cr_assert_not(frame_holds(&frame, before, zeros));
    cr_assert_not(segment_head_read(zeros, &head, &crc));
}

Test(frame, sequence_zero_never_holds_even_with_a_right_checksum)
{
    char bytes[64];
    struct frame frame;

    frame_write(bytes, 5, 0, 1, view_text("x"));
    frame = frame_parse(bytes);
    cr_assert_not(frame_holds(&frame, 5, bytes));
}

/* Sectors of one such message in place of another's: the unmasked CRC would be the
   same. Found by the random lives of test_journal_crash.c. */
Test(frame, a_body_made_of_frames_does_not_blind_the_checksum)
{
    enum { FRAMES = 64, BYTES = FRAMES * FRAME_HEAD_BYTES };
    static char body[BYTES], other[BYTES], bytes[BYTES + FRAME_HEAD_BYTES];
    struct frame frame;

    for (size_t i = 0; i < FRAMES; i++) {
        frame_write(body + i * FRAME_HEAD_BYTES, 0, 9, 5, view_of(NULL, 0));
        frame_write(other + i * FRAME_HEAD_BYTES, 0, 8, 4, view_of(NULL, 0));
    }
    frame_write(bytes, 77, 1, 1, view_of(body, BYTES));
    frame = frame_parse(bytes);
    cr_assert(frame_holds(&frame, 77, bytes));
    for (size_t from = 0; from < BYTES; from += FRAME_HEAD_BYTES) {
        memcpy(bytes + FRAME_HEAD_BYTES, body, BYTES);
        memcpy(bytes + FRAME_HEAD_BYTES + from, other + from, BYTES - from);
        cr_assert_not(frame_holds(&frame, 77, bytes), "from %zu", from);
    }
}

struct size_case {
    uint64_t body, frame;
};

ParameterizedTestParameters(frame, its_size_is_a_multiple_of_eight)
{
    static struct size_case cases[] = {
        {0, 24}, {1, 32}, {8, 32}, {9, 40}, {UINT32_MAX, UINT64_C(0x100000018)}};

    return cr_make_param_array(struct size_case, cases,
                               sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct size_case *one, frame, its_size_is_a_multiple_of_eight)
{
    cr_assert_eq(frame_bytes(one->body), one->frame);
}
