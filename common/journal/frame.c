/* SPDX-License-Identifier: MIT */
/*
 * The format is described in the header; this file only says it in code, once for each
 * direction. A CRC goes on from another as if the bytes behind both were one run.
 */
#include "common/journal/frame.h"

#include <endian.h>
#include <string.h>

#include "common/base/crc32c.h"

static const char magic[8] = {'a', 'c', 't', 'o', 'r', 'f', 's', 'J'};

static void put32(char *out, uint32_t value)
{
    uint32_t little = htole32(value);

    memcpy(out, &little, sizeof(little));
}

static void put64(char *out, uint64_t value)
{
    uint64_t little = htole64(value);

    memcpy(out, &little, sizeof(little));
}

static uint32_t get32(const char *bytes)
{
    uint32_t little;

    memcpy(&little, bytes, sizeof(little));
    return le32toh(little);
}

static uint64_t get64(const char *bytes)
{
    uint64_t little;

    memcpy(&little, bytes, sizeof(little));
    return le64toh(little);
}

static void put_crc(char *out, uint32_t crc)
{
    put32(out, ((crc >> 15) | (crc << 17)) + UINT32_C(0xA282EAD8));
}

static uint32_t get_crc(const char *bytes)
{
    uint32_t turned = get32(bytes) - UINT32_C(0xA282EAD8);

    return (turned << 15) | (turned >> 17);
}

uint32_t segment_head_write(char *out, const struct segment_head *head)
{
    uint32_t crc;

    memcpy(out, magic, sizeof(magic));
    put32(out + 8, FRAME_FORMAT);
    put32(out + 12, head->incarnation);
    put64(out + 16, head->first);
    put32(out + 24, 0);
    crc = crc32c(0, out, 28);
    put_crc(out + 28, crc);
    return crc;
}

bool segment_head_read(const char *bytes, struct segment_head *head_out,
                       uint32_t *crc_out)
{
    uint32_t crc = get_crc(bytes + 28);

    if (memcmp(bytes, magic, sizeof(magic)) != 0 || crc != crc32c(0, bytes, 28))
        return false;
    head_out->format = get32(bytes + 8);
    head_out->incarnation = get32(bytes + 12);
    head_out->first = get64(bytes + 16);
    *crc_out = crc;
    return true;
}

/* Of everything in a frame behind its CRC. */
static uint32_t checksum(uint32_t crc, const char *bytes, uint64_t body_bytes)
{
    return crc32c(crc, bytes + 4, frame_bytes(body_bytes) - 4);
}

uint32_t frame_write(char *out, uint32_t crc, uint64_t sequence, uint32_t incarnation,
                     struct view body)
{
    size_t end = FRAME_HEAD_BYTES + body.size;

    put32(out + 4, (uint32_t)body.size);
    put64(out + 8, sequence);
    put32(out + 16, incarnation);
    put32(out + 20, FRAME_VERSION);
    if (body.size > 0)
        memcpy(out + FRAME_HEAD_BYTES, body.data, body.size);
    memset(out + end, 0, frame_bytes(body.size) - end);
    crc = checksum(crc, out, body.size);
    put_crc(out, crc);
    return crc;
}

struct frame frame_parse(const char *bytes)
{
    return (struct frame){
        .crc = get_crc(bytes),
        .body_bytes = get32(bytes + 4),
        .sequence = get64(bytes + 8),
        .incarnation = get32(bytes + 16),
        .version = get32(bytes + 20),
    };
}

bool frame_holds(const struct frame *frame, uint32_t crc, const char *bytes)
{
    return frame->sequence > 0 && frame->crc == checksum(crc, bytes, frame->body_bytes);
}
