/* SPDX-License-Identifier: MIT */
#include "common/engine/envelope.h"

#include "common/base/log.h"

#define WANTS_REPLY 1

static void put_sized(struct bytes *out, struct view text)
{
    uint32_t size = (uint32_t)text.size;
    bytes_append(out, view_of(&size, sizeof size));
    bytes_append(out, text);
}

void envelope_pack(const struct envelope *envelope, struct bytes *out)
{
    char kind = (char)envelope->kind;
    char flags = envelope->wants_reply ? WANTS_REPLY : 0;
    if (envelope->kind == KIND_MESSAGE && !envelope->sender && !envelope->headers.size)
        return;
    bytes_append(out, view_of(&kind, 1));
    bytes_append(out, view_of(&flags, 1));
    bytes_append(out, view_of(&envelope->sender, sizeof envelope->sender));
    put_sized(out, envelope->sender_name);
    put_sized(out, envelope->reply_to);
    put_sized(out, envelope->outcome);
    put_sized(out, envelope->headers);
}

static void take(struct view *rest, void *out, size_t size)
{
    ENSURE(rest->size >= size);
    memcpy(out, rest->data, size);
    *rest = view_of(rest->data + size, rest->size - size);
}

static struct view take_sized(struct view *rest)
{
    uint32_t size;
    take(rest, &size, sizeof size);
    ENSURE(rest->size >= size);
    struct view text = view_of(rest->data, size);
    *rest = view_of(rest->data + size, rest->size - size);
    return text;
}

void envelope_unpack(struct view packed, struct envelope *envelope)
{
    char kind, flags;
    *envelope = (struct envelope){.kind = KIND_MESSAGE};
    if (packed.size == 0)
        return;
    take(&packed, &kind, 1);
    take(&packed, &flags, 1);
    envelope->kind = (enum message_kind)kind;
    envelope->wants_reply = flags & WANTS_REPLY;
    take(&packed, &envelope->sender, sizeof envelope->sender);
    envelope->sender_name = take_sized(&packed);
    envelope->reply_to = take_sized(&packed);
    envelope->outcome = take_sized(&packed);
    envelope->headers = take_sized(&packed);
}
