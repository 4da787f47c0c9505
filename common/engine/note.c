/* SPDX-License-Identifier: MIT */
/*
 * Notes: what the faces keep in the store beside the actors. They share its journal and
 * its promise, and mean nothing to the engine.
 */
#include "common/engine/engine.h"

#include "common/base/log.h"
#include "common/engine/core.h"

static bool is_refused(struct engine *engine, struct request *request)
{
    for (size_t n = 0; n < request->count; n += 2) {
        size_t key = request->messages[n].size, value = request->messages[n + 1].size;
        if (key == 0 || key > NOTE_KEY_BYTES_MAX) {
            decide_answer(engine, request, STATUS_INVALID, "a note's key is too long");
            return true;
        }
        if (value > NOTE_VALUE_BYTES_MAX) {
            decide_answer(engine, request, STATUS_TOO_LARGE,
                          "what is kept of one kind has at most %u bytes",
                          NOTE_VALUE_BYTES_MAX);
            return true;
        }
    }
    return false;
}

void note_add(struct engine *engine, const struct request *request)
{
    const struct bytes *note = &request->note;
    size_t key = request->note_key_size;
    if (!key)
        return;
    struct change change = {.type = CHANGE_NOTE,
                            .text = view_of(note->data, key),
                            .state = view_of(note->data + key, note->size - key)};
    record_add(engine, &change);
}

void decide_notes(struct engine *engine, struct request *request)
{
    if (is_refused(engine, request))
        return;
    record_begin(engine);
    for (size_t n = 0; n < request->count; n += 2) {
        struct change change = {.type = CHANGE_NOTE,
                                .text = request->messages[n],
                                .state = request->messages[n + 1]};
        record_add(engine, &change);
    }
    decide_committed(engine, request,
                     request->count ? record_commit(engine) : STATUS_OK);
}

enum status engine_note(struct engine *engine, struct view key, struct bytes *value_out)
{
    struct index_snapshot snapshot;
    struct view value;
    index_snapshot_begin(engine->index, &snapshot);
    bool found = index_get(&snapshot, TABLE_NOTES, key, &value);
    if (found)
        bytes_append(value_out, value);
    index_snapshot_end(&snapshot);
    return found ? STATUS_OK : STATUS_NOT_FOUND;
}

struct visit {
    struct engine *engine;
    struct view prefix;
    engine_note_fn *each;
    void *context;
};

static bool has_prefix(struct view key, struct view prefix)
{
    return key.size >= prefix.size && memcmp(key.data, prefix.data, prefix.size) == 0;
}

/* What memory knows better comes from there. */
static bool visit_stored(void *context, struct view key, struct view value)
{
    struct visit *visit = context;
    struct engine_note note = {key, value};
    if (!has_prefix(key, visit->prefix))
        return false;
    if (!index_is_recent(visit->engine->index, TABLE_NOTES, key))
        visit->each(visit->context, &note);
    return true;
}

static void visit_recent(void *context, struct view key, struct view value)
{
    struct visit *visit = context;
    struct engine_note note = {key, value};
    if (has_prefix(key, visit->prefix))
        visit->each(visit->context, &note);
}

void engine_each_note(struct engine *engine, struct view prefix, engine_note_fn *each,
                      void *context)
{
    struct visit visit = {engine, prefix, each, context};
    ENSURE(!engine->started && prefix.size);
    index_scan_stored(index_decided(engine->index), TABLE_NOTES, prefix, visit_stored,
                      &visit);
    index_each_recent(engine->index, TABLE_NOTES, visit_recent, &visit);
    index_decided_end(engine->index);
}
