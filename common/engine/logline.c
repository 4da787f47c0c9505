/* SPDX-License-Identifier: MIT */
/*
 * A line of an actor's log, rendered once when the task finishes and stored so, which
 * makes the log's size known without rendering it.
 * TIME SEQ OUTCOME ATTEMPTS MILLISECONDS KEY ERROR, separated by tabs (contract 4).
 */
#include "common/engine/logline.h"

#include "common/engine/core.h"

static void append_number_column(struct bytes *out, uint64_t number)
{
    bytes_append_number(out, number);
    bytes_append_text(out, "\t");
}

static bool is_blank(char byte)
{
    return byte == '\n' || byte == '\r' || byte == ' ' || byte == '\t';
}

struct view error_line(struct view error)
{
    while (error.size && is_blank(error.data[error.size - 1]))
        error.size--;
    const char *before = error.size ? memrchr(error.data, '\n', error.size) : NULL;
    if (before)
        error = view_of(before + 1, (size_t)(error.data + error.size - before - 1));
    if (error.size > ERROR_TEXT_BYTES_MAX)
        error.size = ERROR_TEXT_BYTES_MAX;
    return error;
}

static void render(struct bytes *out, int64_t time_ms, const struct task_head *task,
                   struct view key, struct view error)
{
    struct key held;
    if (task->flags & TASK_KEYED) {
        held.size = (uint8_t)key.size;
        memcpy(held.text, key.data, key.size);
    } else {
        key_of_sequence(task->sequence, &held);
    }
    clock_format(out, time_ms);
    bytes_append_text(out, "\t");
    append_number_column(out, task->sequence);
    bytes_append_text(out, task_state_text((enum task_state)task->state));
    bytes_append_text(out, "\t");
    append_number_column(out, task->attempts);
    append_number_column(out, task->turn_ms);
    key_append_encoded(out, &held);
    bytes_append_text(out, "\t");
    append_column(out, error_line(error));
    bytes_append_text(out, "\n");
}

struct view log_line(struct engine *engine, uint64_t actor, int64_t time_ms,
                     const struct task_record *task)
{
    struct kept_line *line = &engine->line;
    if (engine->replaying || line->actor != actor || line->time_ms != time_ms ||
        line->sequence != task->head.sequence) {
        *line = (struct kept_line){.text = line->text}; /* of nobody */
        bytes_clear(&line->text);
        render(&line->text, time_ms, &task->head, task->key,
               task->head.state == TASK_DONE ? view_of("", 0) : task->result);
    }
    return view_bytes(&line->text);
}

struct trimming {
    uint64_t first, bytes, bytes_max;
};

static bool trim_line(void *context, uint64_t number, struct view packed)
{
    struct trimming *trimming = context;
    struct log_record record;
    if (trimming->bytes <= trimming->bytes_max || !log_record_unpack(packed, &record))
        return false;
    trimming->bytes -= record.line.size;
    trimming->first = number + 1;
    return true;
}

/* Trims an eighth more than it must, so that a full log is not looked at for every
   line. Lines that the record being built has added are not there yet to be trimmed. */
void log_place(struct engine *engine, const struct actor_head *actor,
               const struct task_record *task, struct change *finish)
{
    struct kept_line *line = &engine->line;
    struct task_head head = task->head;
    head.state = finish->outcome;
    head.attempts = finish->attempts;
    head.turn_ms = finish->turn_ms;
    line->actor = actor->id;
    line->sequence = head.sequence;
    line->time_ms = engine->wall_ms;
    bytes_clear(&line->text);
    render(&line->text, engine->wall_ms, &head, task->key,
           finish->outcome == TASK_DONE ? view_of("", 0) : finish->result);
    const struct actor *stored = actor_get(engine, actor->id);
    uint64_t bytes_max = engine->options.log_bytes_max;
    struct trimming trimming = {.first = actor->log_first,
                                .bytes = actor->log_bytes + line->text.size,
                                .bytes_max = bytes_max - bytes_max / 8};
    if (trimming.bytes > bytes_max)
        index_scan(index_decided(engine->index), TABLE_LOG, actor->id, actor->log_first,
                   stored->record.head.log_next, trim_line, &trimming);
    finish->log_first = trimming.first;
    finish->log_bytes = trimming.bytes;
}
