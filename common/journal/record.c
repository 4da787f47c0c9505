/* SPDX-License-Identifier: MIT */
/*
 * Packing and unpacking. Heads are copied as they lie in memory, which every machine
 * this runs on (little-endian, no padding inside the heads) agrees about; the asserts
 * below hold that still. Values in LMDB lie at any address, so nothing is read in
 * place.
 */
#include "common/journal/record.h"

#include <assert.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "packed forms are little-endian");
static_assert(sizeof(struct actor_head) == 248, "the packed form of an actor changed");
static_assert(sizeof(struct task_head) == 96, "the packed form of a task changed");

void number_to_key(uint64_t number, char out[8])
{
    uint64_t big = __builtin_bswap64(number);
    memcpy(out, &big, 8);
}

uint64_t number_from_key(const char in[8])
{
    uint64_t big;
    memcpy(&big, in, 8);
    return __builtin_bswap64(big);
}

/* What is left of the bytes being unpacked; `failed` stays set. */
struct reader {
    struct view rest;
    bool failed;
};

static struct view take(struct reader *reader, size_t size)
{
    if (reader->failed || reader->rest.size < size) {
        reader->failed = true;
        return view_of("", 0);
    }
    struct view taken = view_of(reader->rest.data, size);
    reader->rest = view_of(reader->rest.data + size, reader->rest.size - size);
    return taken;
}

static void take_into(struct reader *reader, void *out, size_t size)
{
    struct view taken = take(reader, size);
    if (!reader->failed)
        memcpy(out, taken.data, size);
}

static struct view take_sized(struct reader *reader)
{
    uint32_t size = 0;
    take_into(reader, &size, sizeof size);
    return take(reader, size);
}

static void take_text(struct reader *reader, char *out, size_t size_max)
{
    uint16_t size = 0;
    take_into(reader, &size, sizeof size);
    if (size > size_max)
        reader->failed = true;
    take_into(reader, out, size);
    if (!reader->failed)
        out[size] = '\0';
}

static void put(struct bytes *out, const void *data, size_t size)
{
    bytes_append(out, view_of(data, size));
}

static void put_text(struct bytes *out, const char *text)
{
    uint16_t size = (uint16_t)strlen(text);
    put(out, &size, sizeof size);
    put(out, text, size);
}

/* Owners that were never set are the rule, so a bitmap says which are there. */
static void put_owners(struct bytes *out, const struct actor_record *actor)
{
    uint16_t present = 0;
    for (unsigned i = 0; i < ACTOR_PARTS; i++)
        if (actor->owners[i].mode != UINT32_MAX)
            present = (uint16_t)(present | 1u << i);
    put(out, &present, sizeof present);
    for (unsigned i = 0; i < ACTOR_PARTS; i++)
        if (present & 1u << i)
            put(out, &actor->owners[i], sizeof actor->owners[i]);
}

static void take_owners(struct reader *reader, struct actor_record *actor)
{
    uint16_t present = 0;
    take_into(reader, &present, sizeof present);
    for (unsigned i = 0; i < ACTOR_PARTS; i++) {
        actor->owners[i] = (struct record_owner){.mode = UINT32_MAX};
        if (present & 1u << i)
            take_into(reader, &actor->owners[i], sizeof actor->owners[i]);
    }
}

void actor_pack(const struct actor_record *actor, struct bytes *out)
{
    bytes_clear(out);
    uint8_t version = RECORD_VERSION;
    put(out, &version, sizeof version);
    put(out, &actor->head, sizeof actor->head);
    put_owners(out, actor);
    put_text(out, actor->name);
    put_text(out, actor->behavior);
    put_text(out, actor->state_type);
    put_text(out, actor->last_error);
    put_text(out, actor->last_refusal);
    put(out, &actor->failed_key.size, 1);
    put(out, actor->failed_key.text, actor->failed_key.size);
}

bool actor_unpack(struct view packed, struct actor_record *actor)
{
    struct reader reader = {.rest = packed};
    uint8_t version = 0;
    take_into(&reader, &version, sizeof version);
    if (version != RECORD_VERSION)
        return false;
    take_into(&reader, &actor->head, sizeof actor->head);
    take_owners(&reader, actor);
    take_text(&reader, actor->name, ACTOR_NAME_BYTES_MAX);
    take_text(&reader, actor->behavior, BEHAVIOR_NAME_BYTES_MAX);
    take_text(&reader, actor->state_type, CONTENT_TYPE_BYTES_MAX);
    take_text(&reader, actor->last_error, ERROR_TEXT_BYTES_MAX);
    take_text(&reader, actor->last_refusal, ERROR_TEXT_BYTES_MAX);
    actor->failed_key.size = 0;
    take_into(&reader, &actor->failed_key.size, 1);
    if (actor->failed_key.size > FULL_KEY_BYTES_MAX)
        return false;
    take_into(&reader, actor->failed_key.text, actor->failed_key.size);
    return !reader.failed && reader.rest.size == 0;
}

size_t task_packed_size(const struct task_record *task)
{
    return 1 + sizeof task->head + 6 * sizeof(uint32_t) + task->key.size +
           task->timer.size + task->caller.size + task->envelope.size +
           task->message.size + task->result.size;
}

static char *copy(char *out, const void *data, size_t size)
{
    if (size)
        memcpy(out, data, size);
    return out + size;
}

static char *copy_sized(char *out, struct view bytes)
{
    uint32_t size = (uint32_t)bytes.size;
    return copy(copy(out, &size, sizeof size), bytes.data, bytes.size);
}

void task_pack(const struct task_record *task, char *out)
{
    *out++ = RECORD_VERSION;
    out = copy(out, &task->head, sizeof task->head);
    out = copy_sized(out, task->key);
    out = copy_sized(out, task->timer);
    out = copy_sized(out, task->caller);
    out = copy_sized(out, task->envelope);
    out = copy_sized(out, task->message);
    copy_sized(out, task->result);
}

bool task_unpack(struct view packed, struct task_record *task)
{
    struct reader reader = {.rest = packed};
    uint8_t version = 0;
    take_into(&reader, &version, sizeof version);
    if (version != RECORD_VERSION)
        return false;
    take_into(&reader, &task->head, sizeof task->head);
    task->key = take_sized(&reader);
    task->timer = take_sized(&reader);
    task->caller = take_sized(&reader);
    task->envelope = take_sized(&reader);
    task->message = take_sized(&reader);
    task->result = take_sized(&reader);
    return !reader.failed && reader.rest.size == 0 &&
           task->key.size <= FULL_KEY_BYTES_MAX;
}

struct view task_result(const struct task_record *task)
{
    return task->head.flags & TASK_RESULT_IS_MESSAGE ? task->message : task->result;
}

size_t log_record_packed_size(const struct log_record *record)
{
    return 1 + 4 * sizeof record->sequence + sizeof record->attempts + 2 +
           2 * sizeof(uint32_t) + record->key.size + record->line.size;
}

void log_record_pack(const struct log_record *record, char *out)
{
    *out++ = RECORD_VERSION;
    out = copy(out, &record->sequence, sizeof record->sequence);
    out = copy(out, &record->accepted_ms, sizeof record->accepted_ms);
    out = copy(out, &record->due_ms, sizeof record->due_ms);
    out = copy(out, &record->finished_ms, sizeof record->finished_ms);
    out = copy(out, &record->attempts, sizeof record->attempts);
    out = copy(out, &record->state, sizeof record->state);
    out = copy(out, &record->keyed, sizeof record->keyed);
    out = copy_sized(out, record->key);
    copy_sized(out, record->line);
}

bool log_record_unpack(struct view packed, struct log_record *record)
{
    struct reader reader = {.rest = packed};
    uint8_t version = 0;
    take_into(&reader, &version, sizeof version);
    if (version != RECORD_VERSION)
        return false;
    take_into(&reader, &record->sequence, sizeof record->sequence);
    take_into(&reader, &record->accepted_ms, sizeof record->accepted_ms);
    take_into(&reader, &record->due_ms, sizeof record->due_ms);
    take_into(&reader, &record->finished_ms, sizeof record->finished_ms);
    take_into(&reader, &record->attempts, sizeof record->attempts);
    take_into(&reader, &record->state, sizeof record->state);
    take_into(&reader, &record->keyed, sizeof record->keyed);
    record->key = take_sized(&reader);
    record->line = take_sized(&reader);
    return !reader.failed && reader.rest.size == 0 &&
           record->key.size <= FULL_KEY_BYTES_MAX;
}
