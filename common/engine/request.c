/* SPDX-License-Identifier: MIT */
/*
 * The porch's asking half: each call copies what it was given into a request and queues
 * it for the sequencer. The copy is one allocation a request and one for its bodies.
 */
#include "common/engine/request.h"

#include <stdlib.h>

#include <xxhash.h>

#include "common/engine/core.h"

void request_push(struct request_list *list, struct request *request)
{
    request->next = NULL;
    *(list->last ? &list->last->next : &list->first) = request;
    list->last = request;
}

struct request *request_pop(struct request_list *list)
{
    struct request *request = list->first;
    if (request) {
        list->first = request->next;
        if (!list->first)
            list->last = NULL;
    }
    return request;
}

void request_free(struct request *request)
{
    bytes_free(&request->text);
    bytes_free(&request->extra);
    bytes_free(&request->envelope);
    bytes_free(&request->bodies);
    bytes_free(&request->note);
    bytes_free(&request->detail);
    turn_output_free(&request->output);
    free(request->messages);
    free(request);
}

static struct request *make(enum request_kind kind, uint64_t actor,
                            engine_done_fn *done, void *context)
{
    struct request *request = memory_take_zeroed(1, sizeof *request);
    request->kind = kind;
    request->actor = actor;
    request->done = done;
    request->context = context;
    return request;
}

static void copy_messages(struct request *request, const struct engine_send *send)
{
    size_t bytes = 0;
    for (size_t n = 0; n < send->count; n++)
        bytes += send->messages[n].size;
    bytes_reserve(&request->bodies, bytes);
    request->messages = memory_take(send->count * sizeof *request->messages);
    request->count = send->count;
    for (size_t n = 0; n < send->count; n++) {
        request->messages[n] = view_of(request->bodies.data + request->bodies.size,
                                       send->messages[n].size);
        bytes_append(&request->bodies, send->messages[n]);
    }
}

static struct request *make_notes(const struct engine_note *notes, size_t count,
                                  engine_done_fn *done, void *context)
{
    struct request *request = make(REQUEST_NOTES, 0, done, context);
    struct view *views = memory_take((2 * count + 1) * sizeof *views);
    for (size_t n = 0; n < count; n++) {
        views[2 * n] = notes[n].key;
        views[2 * n + 1] = notes[n].value;
    }
    struct engine_send both = {.messages = views, .count = 2 * count};
    copy_messages(request, &both);
    free(views);
    return request;
}

void engine_keep_notes(struct engine *engine, const struct engine_note *notes,
                       size_t count, engine_done_fn *done, void *context)
{
    engine_post(engine, make_notes(notes, count, done, context));
}

void engine_keep_note(struct engine *engine, const struct engine_note *note,
                      bool in_person, engine_done_fn *done, void *context)
{
    struct request *request = make_notes(note, 1, done, context);
    request->in_person = in_person;
    engine_post(engine, request);
}

static void copy_note(struct request *request, const struct engine_note *note)
{
    bytes_append(&request->note, note->key);
    bytes_append(&request->note, note->value);
    request->note_key_size = note->key.size;
}

void engine_send(struct engine *engine, const struct engine_send *send,
                 engine_done_fn *done, void *context)
{
    struct request *request = make(REQUEST_SEND, send->actor, done, context);
    copy_messages(request, send);
    request->parameters = *send->parameters;
    request->first_line = send->first_line;
    request->refuse_suspended = send->refuse_suspended;
    request->in_person = send->in_person;
    request->owner = send->create_owner;
    bytes_append(&request->extra, send->caller);
    bytes_append(&request->text, send->create_name);
    if (send->note)
        copy_note(request, send->note);
    struct envelope envelope = {.kind = KIND_MESSAGE, .headers = send->headers};
    envelope_pack(&envelope, &request->envelope);
    engine_post(engine, request);
}

void engine_create(struct engine *engine, struct view name,
                   const struct engine_owner *owner, engine_done_fn *done,
                   void *context)
{
    struct request *request = make(REQUEST_CREATE, 0, done, context);
    request->owner = *owner;
    bytes_append(&request->text, name);
    engine_post(engine, request);
}

void engine_rename(struct engine *engine, uint64_t actor, struct view name,
                   engine_done_fn *done, void *context)
{
    struct request *request = make(REQUEST_RENAME, actor, done, context);
    bytes_append(&request->text, name);
    engine_post(engine, request);
}

void engine_remove(struct engine *engine, uint64_t actor, engine_done_fn *done,
                   void *context)
{
    engine_post(engine, make(REQUEST_REMOVE, actor, done, context));
}

void engine_set_owner(struct engine *engine, uint64_t actor, enum actor_part part,
                      const struct engine_owner *owner, engine_done_fn *done,
                      void *context)
{
    struct request *request = make(REQUEST_OWNER, actor, done, context);
    request->part = part;
    request->owner = *owner;
    engine_post(engine, request);
}

/* The message of a state's receipt: which state it was. */
static void add_receipt(struct request *request, const struct key *key)
{
    uint8_t fingerprint[16];
    BYTES_AUTO(text);
    engine_fingerprint(view_bytes(&request->text), fingerprint);
    bytes_append_text(&text, "PUT state ");
    for (size_t i = 0; i < sizeof fingerprint; i++)
        bytes_format(&text, "%02x", fingerprint[i]);
    struct view message = view_bytes(&text);
    copy_messages(request, &(struct engine_send){.messages = &message, .count = 1});
    request->parameters.key = *key;
}

void engine_write_state(struct engine *engine, uint64_t actor,
                        const struct engine_state_write *write, engine_done_fn *done,
                        void *context)
{
    struct request *request = make(REQUEST_STATE, actor, done, context);
    request->expected_version = write->expected_version;
    bytes_append(&request->text, write->state);
    bytes_append(&request->extra, write->content_type);
    if (write->note)
        copy_note(request, write->note);
    if (write->key && write->key->size)
        add_receipt(request, write->key);
    engine_post(engine, request);
}

void engine_set_state(struct engine *engine, uint64_t actor, struct view state,
                      struct view content_type, uint64_t expected_version,
                      engine_done_fn *done, void *context)
{
    struct engine_state_write write = {.state = state,
                                       .content_type = content_type,
                                       .expected_version = expected_version};
    engine_write_state(engine, actor, &write, done, context);
}

void engine_control(struct engine *engine, uint64_t actor, struct view lines,
                    engine_done_fn *done, void *context)
{
    struct request *request = make(REQUEST_CONTROL, actor, done, context);
    bytes_append(&request->text, lines);
    engine_post(engine, request);
}

void engine_set_behavior(struct engine *engine, uint64_t actor, struct view lines,
                         engine_done_fn *done, void *context)
{
    struct request *request = make(REQUEST_BEHAVIOR, actor, done, context);
    bytes_append(&request->text, lines);
    engine_post(engine, request);
}

void engine_note_refusal(struct engine *engine, uint64_t actor, enum status status,
                         struct view text)
{
    struct request *request = make(REQUEST_REFUSAL, actor, NULL, NULL);
    bytes_format(&request->text, "%s: ", status_text(status));
    bytes_append(&request->text, text);
    engine_post(engine, request);
}

void engine_fingerprint(struct view message, uint8_t fingerprint_out[16])
{
    if (message.size && message.data[message.size - 1] == '\n') {
        message.size--;
        if (message.size && message.data[message.size - 1] == '\r')
            message.size--;
    }
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(message.data, message.size));
    memcpy(fingerprint_out, canonical.digest, 16);
}
