/* SPDX-License-Identifier: MIT */
/*
 * A note's key has fewer bytes than a path may have, so it is a hash of the place, and
 * its value names the place in full.
 */
#include "server/dav/dead.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "server/dav/fields.h"
#include "server/dav/locks.h"

#define NOTE_PREFIX "dav/dead/"
#define SWEEP_MS 10000

static void append_key(struct bytes *out, const struct dav_place *place)
{
    uint8_t hash[16];
    BYTES_AUTO(whole);
    field_append_number(&whole, place->area);
    bytes_append(&whole, place->path);
    bytes_append_text(&whole, "/");
    engine_fingerprint(view_bytes(&whole), hash);
    bytes_append_text(out, NOTE_PREFIX);
    for (size_t i = 0; i < sizeof hash; i++)
        bytes_format(out, "%02x", hash[i]);
}

/* ------------------------------------------------------------------------- bounds */

static uint64_t cost_of(const struct dav_entry *entry)
{
    uint64_t bytes = entry->properties.size;
    return bytes ? bytes + entry->path.size + DEAD_PLACE_BYTES : 0;
}

/* Takes `value` over; what was there before is the caller's. */
static struct bytes exchange(struct dav *dav, struct dav_entry *entry,
                             struct bytes value)
{
    struct bytes before = entry->properties;
    dav->properties_bytes -= cost_of(entry);
    entry->properties = value;
    dav->properties_bytes += cost_of(entry);
    return before;
}

/* Of actors that another face has retired. */
static void drop_orphans(struct dav *dav)
{
    struct actor_info info;
    for (size_t end = dav->count; end > 0;) {
        struct dav_place whole = {dav->entries[end - 1]->area, view_of("", 0)};
        if (whole.area && engine_actor(dav->engine, whole.area, &info))
            dav_dead_drop(dav, &whole);
        dav_entries_beneath(dav, &whole, &end);
    }
}

/* Who asks again and again has not the time of all others spent on looking. */
static void make_room(struct dav *dav)
{
    int64_t now_ns = dav->clock->monotonic_ns(dav->clock);
    if (now_ns < dav->next_sweep_ns)
        return;
    dav->next_sweep_ns = now_ns + SWEEP_MS * INT64_C(1000000);
    drop_orphans(dav);
}

static enum dead_room judge(struct dav *dav, uint64_t bytes)
{
    if (dav->properties_bytes + bytes > dav->properties_bytes_max)
        make_room(dav);
    return dav->properties_bytes + bytes <= dav->properties_bytes_max ? DEAD_FITS
                                                                      : DEAD_STORE_FULL;
}

enum dead_room dav_dead_room(struct dav *dav, const struct dav_place *place,
                             uint64_t bytes)
{
    const struct dav_entry *entry = dav_entry_find(dav, place);
    uint64_t before = entry ? entry->properties.size : 0;
    if (bytes <= before)
        return DEAD_FITS;
    if (bytes > DEAD_BYTES_MAX)
        return DEAD_TOO_LARGE;
    return judge(dav,
                 before ? bytes - before : bytes + place->path.size + DEAD_PLACE_BYTES);
}

enum dead_room dav_dead_room_for_copy(struct dav *dav, const struct dav_place *from,
                                      bool deep)
{
    size_t i, end = dav_entries_beneath(dav, from, &i);
    uint64_t bytes = 0;
    for (; i < end; i++)
        if (deep || dav->entries[i]->path.size == from->path.size)
            bytes += cost_of(dav->entries[i]);
    return bytes ? judge(dav, bytes) : DEAD_FITS;
}

/* ------------------------------------------------------------------------ loading */

static void load_note(void *context, const struct engine_note *note)
{
    struct dav_place place;
    struct view rest = note->value, properties;
    if (!field_next_number(&rest, &place.area) || !field_next(&rest, &place.path) ||
        !field_next(&rest, &properties)) {
        log_warning("properties that were kept cannot be read and are passed over");
        return;
    }
    struct bytes value = {0};
    bytes_append(&value, properties);
    value = exchange(context, dav_entry_make(context, &place), value);
    bytes_free(&value);
}

void dav_dead_load(struct dav *dav)
{
    engine_each_note(dav->engine, view_text(NOTE_PREFIX), load_note, dav);
}

/* ------------------------------------------------------------------------ keeping */

struct keeping {
    struct dav *dav;
    uint64_t area;
    struct bytes path, before;
    uint64_t version; /* of what is being kept */
    engine_done_fn *done;
    void *context;
};

/* Unless somebody changed them again meanwhile. */
static void restore(struct keeping *keeping)
{
    struct dav_place place = {keeping->area, view_bytes(&keeping->path)};
    dav_enter(keeping->dav);
    struct dav_entry *entry = dav_entry_make(keeping->dav, &place);
    if (entry->properties_version == keeping->version)
        keeping->before = exchange(keeping->dav, entry, keeping->before);
    dav_entry_tidy(keeping->dav, &place);
    dav_leave(keeping->dav);
}

static void kept(void *context, const struct engine_answer *answer)
{
    struct keeping *keeping = context;
    if (answer->status)
        restore(keeping);
    if (keeping->done)
        keeping->done(keeping->context, answer);
    bytes_free(&keeping->path);
    bytes_free(&keeping->before);
    free(keeping);
}

static void send_note(struct dav *dav, const struct dav_place *place, struct view value,
                      struct keeping *keeping)
{
    BYTES_AUTO(key);
    BYTES_AUTO(whole);
    append_key(&key, place);
    if (value.size) {
        field_append_number(&whole, place->area);
        field_append(&whole, place->path);
        field_append(&whole, value);
    }
    struct engine_note note = {view_bytes(&key), view_bytes(&whole)};
    engine_keep_notes(dav->engine, &note, 1, kept, keeping);
}

void dav_dead_keep(struct dav *dav, const struct dav_place *place, struct view value,
                   engine_done_fn *done, void *context)
{
    struct dav_entry *entry = dav_entry_make(dav, place);
    struct keeping *keeping = memory_take_zeroed(1, sizeof *keeping);
    struct bytes properties = {0};
    keeping->dav = dav;
    keeping->area = place->area;
    keeping->done = done;
    keeping->context = context;
    bytes_append(&keeping->path, place->path);
    keeping->version = entry->properties_version = ++dav->last_version;
    bytes_append(&properties, value);
    keeping->before = exchange(dav, entry, properties);
    send_note(dav, place, value, keeping);
}

void dav_dead_drop(struct dav *dav, const struct dav_place *place)
{
    size_t first, end = dav_entries_beneath(dav, place, &first);
    while (end-- > first) {
        struct dav_entry *entry = dav->entries[end];
        struct dav_place at = {entry->area, view_bytes(&entry->path)};
        if (!entry->properties.size)
            continue;
        dav_dead_keep(dav, &at, view_of("", 0), NULL, NULL);
        dav_entry_tidy(dav, &at);
    }
}

void dav_forget(struct dav *dav, const struct dav_place *place)
{
    size_t first;
    dav_enter(dav);
    dav_dead_drop(dav, place);
    size_t end = dav_entries_beneath(dav, place, &first);
    while (end-- > first) {
        struct dav_entry *entry = dav->entries[end];
        struct dav_place at = {entry->area, view_bytes(&entry->path)};
        dav_locks_drop(dav, entry);
        dav_entry_unmark(dav, entry);
        dav_entry_tidy(dav, &at);
    }
    dav_leave(dav);
}

static void copy_one(struct dav *dav, const struct dav_entry *entry,
                     const struct dav_place *from, const struct dav_place *to)
{
    BYTES_AUTO(path);
    BYTES_AUTO(value);
    size_t skipped = from->path.size;
    if (!to->path.size && skipped && skipped < entry->path.size)
        skipped++; /* the slash */
    bytes_append(&path, to->path);
    if (to->path.size && !from->path.size && entry->path.size)
        bytes_append_text(&path, "/");
    bytes_append(&path,
                 view_of(entry->path.data + skipped, entry->path.size - skipped));
    bytes_append(&value, view_bytes(&entry->properties));
    struct dav_place place = {to->area, view_bytes(&path)};
    dav_dead_keep(dav, &place, view_bytes(&value), NULL, NULL);
}

void dav_dead_copy(struct dav *dav, const struct dav_place *from,
                   const struct dav_place *to, bool deep)
{
    size_t first, end = dav_entries_beneath(dav, from, &first);
    struct dav_entry **found = memory_take((end - first + 1) * sizeof *found);
    size_t count = 0;
    for (size_t i = first; i < end; i++) {
        bool is_itself = dav->entries[i]->path.size == from->path.size;
        if ((deep || is_itself) && dav->entries[i]->properties.size)
            found[count++] = dav->entries[i];
    }
    for (size_t i = 0; i < count; i++) /* these move; entries do not */
        copy_one(dav, found[i], from, to);
    free(found);
}
