/* SPDX-License-Identifier: MIT */
#include "fs/framing.h"

#include <stdlib.h>

#include "common/base/log.h"

void framing_open(struct framing *framing, enum framing_rule rule, bool append,
                  size_t bytes_max, pid_t opener)
{
    *framing = (struct framing){
        .rule = rule, .append = append, .bytes_max = bytes_max, .opener = opener};
}

void framing_close(struct framing *framing)
{
    bytes_free(&framing->held);
    free(framing->writers);
}

void framing_start_from(struct framing *framing, struct bytes *current)
{
    framing->held = *current;
    *current = (struct bytes){0};
}

static enum status refuse(struct framing *framing, enum status status)
{
    framing_refuse(framing, status);
    return framing->refused;
}

static void resize(struct bytes *bytes, size_t size)
{
    if (size > bytes->size) {
        size_t more = size - bytes->size;
        memset(bytes_reserve(bytes, more), 0, more);
    }
    bytes->size = size;
}

enum status framing_truncate(struct framing *framing, uint64_t size)
{
    if (framing->refused || framing->rule != FRAMING_IMAGE)
        return framing->refused;
    if (size > framing->bytes_max)
        return refuse(framing, STATUS_TOO_LARGE);
    resize(&framing->held, (size_t)size);
    framing->is_emptied = size == 0;
    framing->is_changed = size != 0;
    return STATUS_OK;
}

static void note_writer(struct framing *framing, pid_t writer)
{
    if (writer == framing->opener)
        return;
    for (size_t i = 0; i < framing->writer_count; i++)
        if (framing->writers[i] == writer)
            return;
    size_t bytes = (framing->writer_count + 1) * sizeof *framing->writers;
    framing->writers = memory_resize(framing->writers, bytes);
    framing->writers[framing->writer_count++] = writer;
}

static enum status write_image(struct framing *framing, uint64_t offset,
                               struct view data)
{
    uint64_t at = framing->append ? framing->held.size : offset;
    if (data.size > framing->bytes_max || at > framing->bytes_max - data.size)
        return refuse(framing, STATUS_TOO_LARGE);
    size_t end = (size_t)at + data.size;
    if (end > framing->held.size)
        resize(&framing->held, end);
    memcpy(framing->held.data + at, data.data, data.size);
    framing->is_changed = true;
    framing->is_emptied = false;
    return STATUS_OK;
}

static enum status write_whole(struct framing *framing, uint64_t offset,
                               struct view data)
{
    if (framing->held.size > 0 && offset != framing->next_offset)
        return refuse(framing, STATUS_INVALID);
    if (data.size > framing->bytes_max - framing->held.size)
        return refuse(framing, STATUS_TOO_LARGE);
    bytes_append(&framing->held, data);
    framing->next_offset = offset + data.size;
    return STATUS_OK;
}

enum status framing_write(struct framing *framing, pid_t writer, uint64_t offset,
                          struct view data)
{
    ENSURE(framing->rule != FRAMING_LINES);
    if (framing->refused || data.size == 0)
        return framing->refused;
    note_writer(framing, writer);
    return framing->rule == FRAMING_IMAGE ? write_image(framing, offset, data)
                                          : write_whole(framing, offset, data);
}

static enum status hold(struct framing *framing, struct view rest)
{
    if (rest.size > framing->bytes_max ||
        framing->held.size > framing->bytes_max - rest.size)
        return refuse(framing, STATUS_TOO_LARGE);
    bytes_append(&framing->held, rest);
    return STATUS_OK;
}

enum status framing_cut(struct framing *framing, pid_t writer, struct view data,
                        struct bytes *joined_out, struct view *run_out)
{
    ENSURE(framing->rule == FRAMING_LINES);
    *run_out = view_of(NULL, 0);
    if (framing->refused || data.size == 0)
        return framing->refused;
    const char *newline = memrchr(data.data, '\n', data.size);
    size_t head_size = newline ? (size_t)(newline - data.data) + 1 : 0;
    struct view head = view_of(data.data, head_size);
    if (newline && framing->held.size > 0) {
        framing_take(framing, joined_out);
        bytes_append(joined_out, head);
        head = view_bytes(joined_out);
    }
    if (newline)
        framing->writer_count = 0;
    note_writer(framing, writer);
    enum status status =
        hold(framing, view_of(data.data + head_size, data.size - head_size));
    if (!status)
        *run_out = head;
    return status;
}

static bool is_empty_line(struct view line)
{
    return line.size == 1 || (line.size == 2 && line.data[0] == '\r');
}

static size_t count_newlines(struct view run)
{
    size_t count = 0;
    const char *end = run.data + run.size;
    for (const char *at = run.data; at < end; at++, count++)
        if (!(at = memchr(at, '\n', (size_t)(end - at))))
            break;
    return count;
}

size_t framing_split(struct view run, struct view **messages_out)
{
    struct view *messages = memory_take((count_newlines(run) + 1) * sizeof *messages);
    size_t count = 0;
    while (run.size > 0) {
        const char *newline = memchr(run.data, '\n', run.size);
        size_t size = newline ? (size_t)(newline - run.data) + 1 : run.size;
        struct view line = view_of(run.data, size);
        if (!newline || !is_empty_line(line))
            messages[count++] = line;
        run = view_of(run.data + size, run.size - size);
    }
    *messages_out = messages;
    return count;
}

uint64_t framing_number(struct framing *framing, size_t count)
{
    uint64_t first = framing->messages + 1;
    framing->messages += count;
    return first;
}

bool framing_is_holding(const struct framing *framing)
{
    return framing->rule == FRAMING_IMAGE ? framing->is_changed
                                          : framing->held.size > 0;
}

bool framing_is_owing(const struct framing *framing)
{
    return framing_is_holding(framing) || framing->is_emptied;
}

bool framing_ends_at_flush(const struct framing *framing, pid_t flusher,
                           framing_holds_fn *holds, void *context)
{
    if (flusher == 0 || framing->opener == 0)
        return false;
    for (size_t i = 0; i < framing->writer_count; i++)
        if (framing->writers[i] == 0 ||
            holds(context, framing->writers[i]) != HOLDING_NONE)
            return false;
    return holds(context, framing->opener) == HOLDING_NONE;
}

void framing_take(struct framing *framing, struct bytes *message_out)
{
    if (framing->rule == FRAMING_IMAGE) {
        bytes_append(message_out, view_bytes(&framing->held));
    } else {
        ENSURE(message_out->size == 0);
        bytes_free(message_out);
        *message_out = framing->held;
        framing->held = (struct bytes){0};
    }
    framing->is_changed = framing->is_emptied = false;
    framing->writer_count = 0;
}

void framing_refuse(struct framing *framing, enum status status)
{
    if (!framing->refused)
        framing->refused = status;
    bytes_free(&framing->held);
    framing->is_changed = framing->is_emptied = false;
    framing->writer_count = 0;
}
