/* SPDX-License-Identifier: MIT */
/*
 * Reading goes through a window that slides over the file in large steps and grows only
 * for a record that is larger. A frame's head is judged before its body is read: behind
 * the end of a run in a recycled segment lies anything, sizes of megabytes included.
 */
#include "common/journal/segment.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/journal/frame.h"

#define WINDOW_BYTES (256u << 10)
#define ENDS_FIRST 64

/* --------------------------------------------------------------------------- name */

void segment_name(const struct segment *segment, char out[SEGMENT_NAME_BYTES])
{
    const char *ending = segment->kind == SEGMENT_LIVE ? "segment" : "copy";

    if (segment->kind == SEGMENT_SPARE)
        snprintf(out, SEGMENT_NAME_BYTES, "%020" PRIu64 ".spare", segment->first);
    else
        snprintf(out, SEGMENT_NAME_BYTES, "%020" PRIu64 "-%010" PRIu32 ".%s",
                 segment->first, segment->incarnation, ending);
}

bool segment_parse_name(const char *name, struct segment *segment_out)
{
    static const enum segment_kind kinds[] = {SEGMENT_LIVE, SEGMENT_COPY,
                                              SEGMENT_SPARE};
    char again[SEGMENT_NAME_BYTES];
    char *rest;
    struct segment found = {.first = strtoull(name, &rest, 10)};

    if (*rest == '-')
        found.incarnation = (uint32_t)strtoull(rest + 1, &rest, 10);
    /* A name is ours exactly when we would write it so. */
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        found.kind = kinds[i];
        segment_name(&found, again);
        if (strcmp(name, again) == 0) {
            *segment_out = found;
            return true;
        }
    }
    return false;
}

/* --------------------------------------------------------------------------- file */

enum status segment_create(struct disk *disk, uint64_t number, uint64_t bytes,
                           struct segment **segment_out)
{
    struct segment values = {.kind = SEGMENT_SPARE, .first = number, .bytes = bytes};
    char name[SEGMENT_NAME_BYTES];
    enum status status;

    segment_name(&values, name);
    status = disk->create(disk, name, bytes, &values.file);
    if (status != STATUS_OK)
        return status;
    *segment_out = memory_take(sizeof(values));
    **segment_out = values;
    return STATUS_OK;
}

enum status segment_open(struct disk *disk, const struct segment *values,
                         struct segment **segment_out)
{
    struct segment *segment;
    struct disk_file *file;
    char name[SEGMENT_NAME_BYTES];
    enum status status;

    segment_name(values, name);
    status = disk->open(disk, name, &file);
    if (status != STATUS_OK)
        return status;
    segment = memory_take(sizeof(*segment));
    *segment = *values;
    segment->file = file;
    *segment_out = segment;
    return STATUS_OK;
}

static enum status rename_to(struct disk *disk, const struct segment *from,
                             const struct segment *to)
{
    char old_name[SEGMENT_NAME_BYTES];
    char new_name[SEGMENT_NAME_BYTES];

    segment_name(from, old_name);
    segment_name(to, new_name);
    return disk->rename(disk, old_name, new_name);
}

enum status segment_become(struct disk *disk, struct segment *segment,
                           enum segment_kind kind, uint64_t first, uint32_t incarnation)
{
    struct segment fresh = {
        .file = segment->file,
        .bytes = segment->bytes,
        .kind = kind,
        .first = first,
        .incarnation = incarnation,
        .ends = segment->ends,
        .ends_capacity = segment->ends_capacity,
    };
    enum status status = rename_to(disk, segment, &fresh);

    if (status == STATUS_OK)
        *segment = fresh;
    return status;
}

enum status segment_go_live(struct disk *disk, struct segment *segment)
{
    struct segment live = *segment;
    enum status status;

    live.kind = SEGMENT_LIVE;
    status = rename_to(disk, segment, &live);
    if (status == STATUS_OK)
        segment->kind = SEGMENT_LIVE;
    return status;
}

void segment_grow_ends(struct segment *segment)
{
    uint64_t capacity = segment->ends_capacity;

    segment->ends_capacity = capacity == 0 ? ENDS_FIRST : capacity * 2;
    segment->ends =
        memory_resize(segment->ends, segment->ends_capacity * sizeof(segment->ends[0]));
}

void segment_close(struct disk *disk, struct segment *segment)
{
    if (segment == NULL)
        return;
    disk->close(segment->file);
    free(segment->ends);
    free(segment);
}

enum status segment_remove(struct disk *disk, struct segment *segment)
{
    char name[SEGMENT_NAME_BYTES];

    segment_name(segment, name);
    segment_close(disk, segment);
    return disk->remove(disk, name);
}

/* ------------------------------------------------------------------------ reading */

static size_t smaller(uint64_t left, uint64_t right)
{
    return (size_t)(left < right ? left : right);
}

/* Makes the `bytes` that follow what was read part of the window; NOT_FOUND where the
   file ends before them. */
static enum status look_ahead(struct segment_reader *reader, uint64_t bytes)
{
    struct bytes *window = &reader->window;
    uint64_t position = reader->offset + reader->at;
    size_t kept = window->size - reader->at;
    size_t more;
    enum status status;

    if (bytes <= kept)
        return STATUS_OK;
    if (bytes > reader->segment->bytes - position)
        return STATUS_NOT_FOUND;
    more = smaller(bytes > WINDOW_BYTES ? bytes : WINDOW_BYTES,
                   reader->segment->bytes - position) -
           kept;
    if (kept > 0)
        memmove(window->data, window->data + reader->at, kept);
    window->size = kept;
    reader->offset = position;
    reader->at = 0;
    status = reader->disk->read(reader->segment->file, position + kept,
                                bytes_reserve(window, more), more);
    if (status == STATUS_OK)
        window->size += more;
    return status;
}

static const char *here(const struct segment_reader *reader)
{
    return reader->window.data + reader->at;
}

enum status segment_read_start(struct segment_reader *reader, struct disk *disk,
                               const struct segment *segment)
{
    struct segment_head head;
    enum status status;

    bytes_clear(&reader->window);
    *reader = (struct segment_reader){
        .disk = disk, .segment = segment, .window = reader->window};
    status = look_ahead(reader, SEGMENT_HEAD_BYTES);
    if (status != STATUS_OK)
        return status;
    if (!segment_head_read(here(reader), &head, &reader->crc))
        return STATUS_NOT_FOUND;
    if (head.format != FRAME_FORMAT) {
        log_error("journal: a segment is of format %" PRIu32 ", not %u", head.format,
                  FRAME_FORMAT);
        return STATUS_INVALID;
    }
    if (head.first != segment->first || head.incarnation != segment->incarnation)
        return STATUS_NOT_FOUND;
    reader->at = SEGMENT_HEAD_BYTES;
    reader->sequence = segment->first;
    return STATUS_OK;
}

enum status segment_read_next(struct segment_reader *reader, struct view *body_out)
{
    enum status status = look_ahead(reader, FRAME_HEAD_BYTES);
    struct frame frame;

    if (status != STATUS_OK)
        return status;
    frame = frame_parse(here(reader));
    if (frame.sequence != reader->sequence ||
        frame.incarnation != reader->segment->incarnation)
        return STATUS_NOT_FOUND;
    status = look_ahead(reader, frame_bytes(frame.body_bytes));
    if (status == STATUS_OK && !frame_holds(&frame, reader->crc, here(reader)))
        status = STATUS_NOT_FOUND;
    if (status != STATUS_OK) {
        reader->is_torn = true;
        return status;
    }
    if (frame.version != FRAME_VERSION) {
        log_error("journal: record %" PRIu64 " is of version %" PRIu32 ", not %u",
                  frame.sequence, frame.version, FRAME_VERSION);
        return STATUS_INVALID;
    }
    *body_out = view_of(here(reader) + FRAME_HEAD_BYTES, frame.body_bytes);
    reader->at += frame_bytes(frame.body_bytes);
    reader->sequence++;
    reader->crc = frame.crc;
    return STATUS_OK;
}

void segment_read_end(struct segment_reader *reader)
{
    bytes_free(&reader->window);
}
