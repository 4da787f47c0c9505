/* SPDX-License-Identifier: MIT */
/*
 * One description of each type's fields serves both directions: a codec either appends
 * a field to a body or takes it from one, so that writing and reading cannot disagree.
 */
#include "common/journal/change.h"

#include "common/base/log.h"

struct codec {
    char *to;          /* writing: where there is room enough */
    struct view *rest; /* reading, when `to` is null */
    bool failed;
};

static inline void write_bytes(struct codec *codec, const void *data, size_t size)
{
    if (size)
        memcpy(codec->to, data, size);
    codec->to += size;
}

static inline void code(struct codec *codec, void *field, size_t size)
{
    if (codec->to) {
        write_bytes(codec, field, size);
    } else if (codec->failed || codec->rest->size < size) {
        codec->failed = true;
    } else {
        memcpy(field, codec->rest->data, size);
        *codec->rest = view_of(codec->rest->data + size, codec->rest->size - size);
    }
}

static void code_view(struct codec *codec, struct view *view)
{
    uint32_t size = (uint32_t)view->size;
    code(codec, &size, sizeof size);
    if (codec->to) {
        write_bytes(codec, view->data, view->size);
    } else if (codec->failed || codec->rest->size < size) {
        codec->failed = true;
    } else {
        *view = view_of(codec->rest->data, size);
        *codec->rest = view_of(codec->rest->data + size, codec->rest->size - size);
    }
}

#define CODE(field) code(codec, &change->field, sizeof change->field)
#define CODE_VIEW(field) code_view(codec, &change->field)

static void code_accept(struct codec *codec, struct change *change)
{
    CODE(sequence);
    CODE(due_ms);
    CODE(openings);
    CODE_VIEW(key);
    CODE(fingerprint);
    CODE_VIEW(timer);
    CODE_VIEW(caller);
    CODE_VIEW(envelope);
    CODE_VIEW(message);
}

static void code_finish(struct codec *codec, struct change *change)
{
    CODE(sequence);
    CODE(slot);
    CODE(outcome);
    CODE(attempts);
    CODE(turn_ms);
    CODE(flags);
    CODE(log_first);
    CODE(log_bytes);
    CODE_VIEW(result);
    CODE_VIEW(state);
}

static void code_attempt(struct codec *codec, struct change *change)
{
    CODE(sequence);
    CODE(attempts);
    CODE(due_ms);
    CODE_VIEW(text);
}

static void code_fields(struct codec *codec, struct change *change)
{
    CODE(actor);
    switch (change->type) {
    case CHANGE_CREATE:
        CODE(owner);
        CODE_VIEW(text);
        break;
    case CHANGE_OWNER:
        CODE(part);
        CODE(owner);
        break;
    case CHANGE_FLAGS:
        CODE(flags);
        break;
    case CHANGE_BEHAVIOR:
    case CHANGE_RENAME:
        CODE_VIEW(text);
        break;
    case CHANGE_STATE:
        CODE_VIEW(text);
        CODE_VIEW(state);
        break;
    case CHANGE_ACCEPT:
        code_accept(codec, change);
        break;
    case CHANGE_DUE:
        CODE(sequence);
        CODE(slot);
        break;
    case CHANGE_RETRY:
        CODE(sequence);
        CODE(slot);
        CODE(outcome);
        CODE(openings);
        break;
    case CHANGE_FINISH:
        code_finish(codec, change);
        break;
    case CHANGE_ATTEMPT:
        code_attempt(codec, change);
        break;
    case CHANGE_FORGET:
        CODE(sequence);
        CODE(outcome);
        CODE_VIEW(key);
        break;
    case CHANGE_DEFER:
        CODE(sequence);
        CODE(slot);
        break;
    case CHANGE_BOND:
        CODE(other);
        CODE(flags);
        break;
    case CHANGE_NOTE:
        CODE_VIEW(text);
        CODE_VIEW(state);
        break;
    case CHANGE_REMOVE:
    case CHANGE_TYPES:
        break;
    }
}

void change_begin(struct bytes *body, int64_t wall_ms, int64_t clock_ms)
{
    uint8_t version = CHANGE_VERSION;
    bytes_clear(body);
    bytes_append(body, view_of(&version, sizeof version));
    bytes_append(body, view_of(&wall_ms, sizeof wall_ms));
    bytes_append(body, view_of(&clock_ms, sizeof clock_ms));
}

size_t change_size_max(const struct change *change)
{
    return sizeof *change + change->text.size + change->key.size + change->timer.size +
           change->caller.size + change->envelope.size + change->message.size +
           change->result.size + change->state.size;
}

void change_append(struct bytes *body, const struct change *change)
{
    ENSURE(change->type > 0 && change->type < CHANGE_TYPES);
    struct change copy = *change;
    char *from = bytes_reserve(body, change_size_max(change));
    struct codec codec = {.to = from};
    uint8_t type = (uint8_t)change->type;
    code(&codec, &type, sizeof type);
    code_fields(&codec, &copy);
    body->size += (size_t)(codec.to - from);
}

bool change_read_begin(struct change_reader *reader, struct view body)
{
    *reader = (struct change_reader){.rest = body};
    struct codec codec = {.rest = &reader->rest};
    uint8_t version = 0;
    code(&codec, &version, sizeof version);
    code(&codec, &reader->wall_ms, sizeof reader->wall_ms);
    code(&codec, &reader->clock_ms, sizeof reader->clock_ms);
    reader->failed = codec.failed || version != CHANGE_VERSION;
    return !reader->failed;
}

/* Values that applying relies on; the checksum has vouched for the bytes already. */
static bool is_sane(const struct change *change)
{
    return change->part < ACTOR_PARTS && change->key.size <= FULL_KEY_BYTES_MAX &&
           change->timer.size <= TIMER_NAME_BYTES_MAX;
}

bool change_read(struct change_reader *reader, struct change *change)
{
    if (reader->failed || reader->rest.size == 0)
        return false;
    *change = (struct change){0};
    struct codec codec = {.rest = &reader->rest};
    uint8_t type = 0;
    code(&codec, &type, sizeof type);
    if (type == 0 || type >= CHANGE_TYPES) {
        reader->failed = true;
        return false;
    }
    change->type = (enum change_type)type;
    code_fields(&codec, change);
    reader->failed = codec.failed || !is_sane(change);
    return !reader->failed;
}
