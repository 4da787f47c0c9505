/* SPDX-License-Identifier: MIT */
#include "server/dav/places.h"

#include <stdlib.h>

#include "common/base/limits.h"
#include "server/dav/dead.h"
#include "server/dav/locks.h"
#include "server/dav/recent.h"

/* An engine that stops answers within the call, and what is done then asks again. */
static void init_mutex(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

struct dav *dav_open(struct engine *engine, struct clock *clock, const char *store)
{
    struct dav *dav = memory_take_zeroed(1, sizeof *dav);
    dav->engine = engine;
    dav->clock = clock;
    dav->store = memory_text(view_text(store));
    dav->next_expiry_ns = INT64_MAX;
    dav->properties_bytes_max = DEAD_TOTAL_BYTES_USUAL;
    dav->recent = dav_recent_open();
    init_mutex(&dav->mutex);
    dav_locks_load(dav);
    dav_dead_load(dav);
    return dav;
}

static void free_entry(struct dav_entry *entry)
{
    dav_locks_free(entry->locks);
    bytes_free(&entry->path);
    bytes_free(&entry->properties);
    free(entry);
}

void dav_close(struct dav *dav)
{
    if (!dav)
        return;
    for (size_t i = 0; i < dav->count; i++)
        free_entry(dav->entries[i]);
    free(dav->entries);
    free(dav->recent);
    free(dav->store);
    pthread_mutex_destroy(&dav->mutex);
    free(dav);
}

void dav_enter(struct dav *dav)
{
    pthread_mutex_lock(&dav->mutex);
    dav_expire(dav);
}

void dav_leave(struct dav *dav)
{
    pthread_mutex_unlock(&dav->mutex);
}

/* ------------------------------------------------------------------------- order */

/* A slash sorts before all other bytes: `a`, `a/b`, `a-b`. */
static int rank_of(struct view path, size_t at)
{
    if (at == path.size)
        return -1;
    return path.data[at] == '/' ? 0 : (unsigned char)path.data[at] + 1;
}

static int compare_paths(struct view left, struct view right)
{
    for (size_t i = 0;; i++) {
        int difference = rank_of(left, i) - rank_of(right, i);
        if (difference || i == left.size)
            return difference;
    }
}

static int compare(const struct dav_place *place, const struct dav_entry *entry)
{
    if (place->area != entry->area)
        return place->area < entry->area ? -1 : 1;
    return compare_paths(place->path, view_bytes(&entry->path));
}

/* Where the place stands, or would. */
static size_t position_of(const struct dav *dav, const struct dav_place *place,
                          bool *found)
{
    size_t low = 0, high = dav->count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(place, dav->entries[middle]);
        *found |= order == 0;
        if (order <= 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

struct dav_entry *dav_entry_find(struct dav *dav, const struct dav_place *place)
{
    bool found;
    size_t at = position_of(dav, place, &found);
    return found ? dav->entries[at] : NULL;
}

struct dav_entry *dav_entry_make(struct dav *dav, const struct dav_place *place)
{
    bool found;
    size_t at = position_of(dav, place, &found);
    if (found)
        return dav->entries[at];
    if (dav->count == dav->capacity) {
        dav->capacity = dav->capacity ? dav->capacity * 2 : 64;
        dav->entries =
            memory_resize(dav->entries, dav->capacity * sizeof *dav->entries);
    }
    struct dav_entry *entry = memory_take_zeroed(1, sizeof *entry);
    entry->area = place->area;
    bytes_append(&entry->path, place->path);
    memmove(dav->entries + at + 1, dav->entries + at,
            (dav->count - at) * sizeof *dav->entries);
    dav->entries[at] = entry;
    dav->count++;
    return entry;
}

void dav_entry_tidy(struct dav *dav, const struct dav_place *place)
{
    bool found;
    size_t at = position_of(dav, place, &found);
    struct dav_entry *entry = found ? dav->entries[at] : NULL;
    if (!entry || entry->locks || entry->properties.size || entry->mark)
        return;
    dav->count--;
    memmove(dav->entries + at, dav->entries + at + 1,
            (dav->count - at) * sizeof *dav->entries);
    free_entry(entry);
}

static bool is_beneath(const struct dav_place *place, const struct dav_entry *entry)
{
    struct view path = view_bytes(&entry->path);
    size_t size = place->path.size;
    return entry->area == place->area &&
           (size == 0 ||
            (path.size >= size && memcmp(path.data, place->path.data, size) == 0 &&
             (path.size == size || path.data[size] == '/')));
}

size_t dav_entries_beneath(struct dav *dav, const struct dav_place *place,
                           size_t *first)
{
    bool found;
    size_t end = position_of(dav, place, &found);
    *first = end;
    while (end < dav->count && is_beneath(place, dav->entries[end]))
        end++;
    return end;
}

bool dav_place_parent(const struct dav_place *place, struct dav_place *parent)
{
    size_t size = place->path.size;
    const char *slash = size ? memrchr(place->path.data, '/', size) : NULL;
    *parent = *place; /* may be one and the same */
    parent->path.size = slash ? (size_t)(slash - place->path.data) : 0;
    return size > 0;
}

/* -------------------------------------------------------------------------- marks */

static int64_t minute_from_now(struct dav *dav)
{
    int64_t until_ns =
        dav->clock->monotonic_ns(dav->clock) + HIDDEN_NAME_MS * INT64_C(1000000);
    if (until_ns < dav->next_expiry_ns)
        dav->next_expiry_ns = until_ns;
    return until_ns;
}

void dav_entry_unmark(struct dav *dav, struct dav_entry *entry)
{
    dav->mark_count -= entry->mark != MARK_NONE;
    entry->mark = MARK_NONE;
}

static void set_mark(struct dav *dav, const struct dav_place *place, enum dav_mark mark)
{
    dav_enter(dav);
    struct dav_entry *entry = dav_entry_make(dav, place);
    dav_entry_unmark(dav, entry);
    if (dav->mark_count < MARKS_MAX) {
        dav->mark_count++;
        entry->mark = mark;
        entry->marked_until_ns = minute_from_now(dav);
    }
    dav_entry_tidy(dav, place);
    dav_leave(dav);
}

static bool has_mark(struct dav *dav, const struct dav_place *place, enum dav_mark mark)
{
    dav_enter(dav);
    const struct dav_entry *entry = dav_entry_find(dav, place);
    bool has_it = entry && entry->mark == mark;
    dav_leave(dav);
    return has_it;
}

void dav_hide(struct dav *dav, const struct dav_place *place)
{
    set_mark(dav, place, MARK_HIDDEN);
}

void dav_announce(struct dav *dav, const struct dav_place *place)
{
    set_mark(dav, place, MARK_ANNOUNCED);
}

bool dav_is_hidden(struct dav *dav, const struct dav_place *place)
{
    return has_mark(dav, place, MARK_HIDDEN);
}

bool dav_is_announced(struct dav *dav, const struct dav_place *place)
{
    return has_mark(dav, place, MARK_ANNOUNCED);
}

void dav_show(struct dav *dav, const struct dav_place *place)
{
    dav_enter(dav);
    struct dav_entry *entry = dav_entry_find(dav, place);
    if (entry) {
        dav_entry_unmark(dav, entry);
        dav_entry_tidy(dav, place);
    }
    dav_leave(dav);
}
