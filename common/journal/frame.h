/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a segment file: a head, then frames back to back, one a record. Pure
 * functions between those bytes and values; nothing here knows of files.
 *
 *   head      0  8  magic "actorfsJ"            frame   0  4  CRC-32C, masked
 *             8  4  format (FRAME_FORMAT)               4  4  size of the body
 *            12  4  incarnation                         8  8  sequence
 *            16  8  sequence of the first frame        16  4  incarnation
 *            24  4  zero                               20  4  version (FRAME_VERSION)
 *            28  4  CRC-32C, masked                    24     body, then zeros up to
 *                                                             a multiple of 8
 *
 * All numbers are little-endian; head and frames begin at multiples of 8. The head's
 * CRC covers the 28 bytes before it. A frame's CRC covers every byte of the frame
 * behind it, padding included, and goes on from the CRC before it: that of the
 * preceding frame, or of the head. A frame therefore holds only behind the very bytes
 * it was written behind. That is one wall against a recycled segment's old bytes,
 * which a torn tail may lay bare, and against a client who sends messages that look
 * like frames; the other is that, within a segment, sequences go up by one and every
 * incarnation is the head's. A sequence is never 0, so zeros are no frame.
 *
 * A CRC is masked (turned by 15 bits, then 0xA282EAD8 added) because a CRC over bytes
 * that end in their own CRC is the same whatever those bytes are: of a torn message
 * that is itself made of frames, a segment for example, it would see nothing.
 *
 * To change what a body means: that is another room's format, with a version of its
 * own. To change the frame:
 *   1. raise FRAME_VERSION, and describe the new bytes above beside the old ones;
 *   2. let frame_parse and frame_holds read both, the writers write only the new one;
 *   3. nothing is migrated: opening the journal copies what it replays, in new frames;
 *   4. add a segment of the old version to tests/fuzz/corpus/journal and a row for it
 *      to tests/common/journal/test_frame.c.
 * To change the head, or what a segment is: the same with FRAME_FORMAT. An older daemon
 * refuses a segment of a format it does not know, and the journal with it.
 */
#ifndef ACTORFS_JOURNAL_FRAME_H
#define ACTORFS_JOURNAL_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"

#define FRAME_FORMAT 1u
#define FRAME_VERSION 1u
#define SEGMENT_HEAD_BYTES 32u
#define FRAME_HEAD_BYTES 24u

struct segment_head {
    uint32_t format;
    uint32_t incarnation;
    uint64_t first; /* sequence of the first frame */
};

struct frame {
    uint32_t crc;
    uint32_t body_bytes;
    uint64_t sequence;
    uint32_t incarnation;
    uint32_t version;
};

/* Writes SEGMENT_HEAD_BYTES at `out` and returns the CRC that the first frame goes on
   from. `head->format` is not looked at: it is FRAME_FORMAT. */
uint32_t segment_head_write(char *out, const struct segment_head *head);
/* False when the bytes are no segment's head. */
bool segment_head_read(const char *bytes, struct segment_head *head_out,
                       uint32_t *crc_out);

/* Bytes of a frame: head, body and padding. */
static inline uint64_t frame_bytes(uint64_t body_bytes)
{
    return (FRAME_HEAD_BYTES + body_bytes + 7) & ~UINT64_C(7);
}
/* Writes frame_bytes(body.size) at `out`, going on from `crc`, and returns the CRC that
   the next frame goes on from. */
uint32_t frame_write(char *out, uint32_t crc, uint64_t sequence, uint32_t incarnation,
                     struct view body);
/* The values of a frame's first FRAME_HEAD_BYTES, whatever they are. */
struct frame frame_parse(const char *bytes);
/* Whether the frame_bytes(frame->body_bytes) at `bytes` are what was written there,
   going on from `crc`. */
bool frame_holds(const struct frame *frame, uint32_t crc, const char *bytes);

#endif
