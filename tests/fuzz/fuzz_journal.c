/* SPDX-License-Identifier: MIT */
/*
 * Opens a journal whose one segment is the input. Whatever that is, opening it either
 * says INVALID or replays records in order; and then the journal works: a record more
 * is committed, and all of them are there when it is opened again.
 *
 * The first byte of the input: bit 0 asks to put the checksums right first, so that the
 * fuzzer gets behind them; the others say what is checkpointed.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/crc32c.h"
#include "common/base/log.h"
#include "common/journal/frame.h"
#include "common/journal/journal.h"
#include "tests/support/faulty_disk.h"

#define NAME "00000000000000000001-0000000001.segment"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A frame's checksum, by writing it anew from a copy of its body. */
static uint32_t repair_frame(char *bytes, const struct frame *frame, uint32_t crc)
{
    char *body = memory_take(frame->body_bytes + 1);

    memcpy(body, bytes + FRAME_HEAD_BYTES, frame->body_bytes);
    crc = frame_write(bytes, crc, frame->sequence, frame->incarnation,
                      view_of(body, frame->body_bytes));
    free(body);
    return crc;
}

static void repair(char *bytes, size_t size)
{
    struct segment_head head = {.first = 1, .incarnation = 1};
    uint64_t at = SEGMENT_HEAD_BYTES;
    struct frame frame;
    uint32_t crc;

    if (size < SEGMENT_HEAD_BYTES)
        return;
    crc = segment_head_write(bytes, &head);
    while (size - at >= FRAME_HEAD_BYTES) {
        frame = frame_parse(bytes + at);
        if (frame_bytes(frame.body_bytes) > size - at)
            return;
        crc = repair_frame(bytes + at, &frame, crc);
        at += frame_bytes(frame.body_bytes);
    }
}

static void put_segment(struct faulty_disk *faulty, const uint8_t *data, size_t size,
                        bool is_repaired)
{
    BYTES_AUTO(content);

    bytes_append(&content, view_of(data, size));
    if (is_repaired)
        repair(content.data, content.size);
    faulty_disk_put(faulty, NAME, view_bytes(&content));
}

static enum status next_record(void *context, uint64_t sequence, struct view body)
{
    uint64_t *last = context;

    ENSURE(sequence == *last + 1);
    *last = sequence;
    /* Touches every byte, for the sanitizer to see a body that reaches too far. */
    return crc32c(0, body.data, body.size) == 0x12345678 ? STATUS_INVALID : STATUS_OK;
}

static enum status open_journal(struct faulty_disk *faulty, uint64_t after,
                                uint32_t incarnation, uint64_t *last_out,
                                struct journal **journal_out)
{
    struct journal_options options = {.segment_bytes = 8192,
                                      .record_bytes_max = 2000,
                                      .spare_segments = 1,
                                      .sync = true};

    *last_out = after;
    return journal_open(faulty_disk_interface(faulty), &options, after, incarnation,
                        next_record, last_out, journal_out);
}

static void use(struct faulty_disk *faulty, uint64_t after)
{
    struct journal *journal;
    uint64_t last, again;
    enum status status = open_journal(faulty, after, 2, &last, &journal);

    ENSURE(status == STATUS_OK || status == STATUS_INVALID);
    if (status == STATUS_INVALID)
        return;
    ENSURE(journal_reserve(journal, 5) == STATUS_OK);
    ENSURE(journal_append(journal, view_text("latte")) == last + 1);
    ENSURE(journal_seal(journal));
    ENSURE(journal_commit(journal) == STATUS_OK);
    faulty_disk_crash(faulty);
    journal_close(journal);
    ENSURE(open_journal(faulty, after, 3, &again, &journal) == STATUS_OK);
    ENSURE(again == last + 1);
    journal_close(journal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct faulty_disk *faulty = faulty_disk_open(1);

    if (size > 0) {
        put_segment(faulty, data + 1, size - 1, data[0] & 1);
        use(faulty, data[0] >> 1);
    }
    faulty_disk_close(faulty);
    return 0;
}
