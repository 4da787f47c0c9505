/* SPDX-License-Identifier: MIT */
#include "server/dav/locks.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "common/base/log.h"
#include "server/dav/fields.h"

#define NOTE_PREFIX "dav/lock/"
/* Where something ends every moment, all are looked at no more often than that. */
#define EXPIRY_PAUSE_NS INT64_C(1000000000)

static int64_t now_ns(const struct dav *dav)
{
    return dav->clock->monotonic_ns(dav->clock);
}

static struct dav_place place_of(const struct dav_entry *entry)
{
    return (struct dav_place){entry->area, view_bytes(&entry->path)};
}

/* ----------------------------------------------------------------------- one lock */

/* RFC 9562, version 4: random but for the six bits that say so. */
static void make_token(char token[LOCK_TOKEN_SIZE])
{
    unsigned char bits[16];
    ENSURE(getrandom(bits, sizeof bits, 0) == (ssize_t)sizeof bits);
    bits[6] = (unsigned char)((bits[6] & 0x0f) | 0x40);
    bits[8] = (unsigned char)((bits[8] & 0x3f) | 0x80);
    int size = snprintf(token, LOCK_TOKEN_SIZE, "urn:uuid:");
    for (size_t i = 0; i < sizeof bits; i++)
        size += snprintf(token + size, (size_t)(LOCK_TOKEN_SIZE - size), "%s%02x",
                         i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bits[i]);
}

struct dav_lock *dav_lock_new(bool is_shared, bool is_deep, const char *login,
                              struct view owner)
{
    struct dav_lock *lock = memory_take_zeroed(1, sizeof *lock);
    lock->is_shared = is_shared;
    lock->is_deep = is_deep;
    lock->login = memory_text(view_text(login));
    bytes_append(&lock->owner, owner);
    make_token(lock->token);
    return lock;
}

static void free_lock(struct dav_lock *lock)
{
    free(lock->login);
    bytes_free(&lock->owner);
    free(lock);
}

void dav_locks_free(struct dav_lock *locks)
{
    while (locks) {
        struct dav_lock *next = locks->next;
        free_lock(locks);
        locks = next;
    }
}

void dav_lock_refresh(struct dav *dav, struct dav_lock *lock, uint32_t timeout_s)
{
    lock->timeout_s = timeout_s;
    lock->deadline_ns = now_ns(dav) + timeout_s * INT64_C(1000000000);
    if (lock->deadline_ns < dav->next_expiry_ns)
        dav->next_expiry_ns = lock->deadline_ns;
}

void dav_lock_add(struct dav *dav, const struct dav_place *place, struct dav_lock *lock)
{
    struct dav_entry *entry = dav_entry_make(dav, place);
    lock->next = entry->locks;
    entry->locks = lock;
    dav->lock_count++;
}

static void unlink_lock(struct dav *dav, struct dav_entry *entry, struct dav_lock *lock)
{
    struct dav_lock **at = &entry->locks;
    while (*at != lock)
        at = &(*at)->next;
    *at = lock->next;
    free_lock(lock);
    dav->lock_count--;
}

void dav_lock_remove(struct dav *dav, const struct dav_place *place, const char *token)
{
    struct dav_entry *entry = dav_entry_find(dav, place);
    struct dav_lock *lock = entry ? entry->locks : NULL;
    while (lock && strcmp(lock->token, token) != 0)
        lock = lock->next;
    if (lock) {
        unlink_lock(dav, entry, lock);
        dav_entry_tidy(dav, place);
    }
}

/* ------------------------------------------------------------------------- looking */

void dav_locks_covering(struct dav *dav, const struct dav_place *place,
                        dav_lock_fn *each, void *context)
{
    struct dav_place at = *place;
    bool is_above = false, has_parent = true;
    if (!dav->lock_count)
        return;
    for (; has_parent; has_parent = dav_place_parent(&at, &at), is_above = true) {
        struct dav_entry *entry = dav_entry_find(dav, &at);
        for (struct dav_lock *lock = entry ? entry->locks : NULL; lock;
             lock = lock->next)
            if (!is_above || lock->is_deep)
                each(context, entry, lock);
    }
}

struct search {
    struct view token;
    struct dav_entry *entry;
    struct dav_lock *lock;
};

static void search_token(void *context, struct dav_entry *entry, struct dav_lock *lock)
{
    struct search *search = context;
    if (view_equal(view_text(lock->token), search->token)) {
        search->entry = entry;
        search->lock = lock;
    }
}

struct dav_lock *dav_lock_find(struct dav *dav, const struct dav_place *place,
                               struct view token, struct dav_entry **entry_out)
{
    struct search search = {.token = token};
    dav_locks_covering(dav, place, search_token, &search);
    *entry_out = search.entry;
    return search.lock;
}

struct conflict {
    bool is_shared;
    struct dav_entry *entry;
};

static void look_for_conflict(void *context, struct dav_entry *entry,
                              struct dav_lock *lock)
{
    struct conflict *conflict = context;
    if (!conflict->is_shared || !lock->is_shared)
        conflict->entry = entry;
}

struct dav_entry *dav_locks_conflict(struct dav *dav, const struct dav_place *place,
                                     bool is_shared, bool is_deep)
{
    struct conflict conflict = {.is_shared = is_shared};
    dav_locks_covering(dav, place, look_for_conflict, &conflict);
    if (conflict.entry || !is_deep)
        return conflict.entry;
    size_t i, end = dav_entries_beneath(dav, place, &i);
    for (; i < end; i++)
        for (struct dav_lock *lock = dav->entries[i]->locks; lock; lock = lock->next)
            look_for_conflict(&conflict, dav->entries[i], lock);
    return conflict.entry;
}

size_t dav_locks_count(const struct dav *dav)
{
    return dav->lock_count;
}

/* ------------------------------------------------------------------------ writing */

/* Of shared locks any one token will do. */
struct permission {
    const struct dav_holder *holder;
    struct dav_entry *locked; /* null: by nobody */
    bool is_held;
};

static bool holds(const struct dav_holder *holder, const struct dav_lock *lock)
{
    return holder->header && dav_if_submits(holder->header, view_text(lock->token)) &&
           strcmp(lock->login, holder->login) == 0;
}

static void look_for_permission(void *context, struct dav_entry *entry,
                                struct dav_lock *lock)
{
    struct permission *permission = context;
    permission->locked = entry;
    permission->is_held |= holds(permission->holder, lock);
}

static struct dav_entry *forbids(const struct permission *permission)
{
    return permission->is_held ? NULL : permission->locked;
}

static struct dav_entry *forbid_beneath(struct dav *dav, const struct dav_place *place,
                                        const struct dav_holder *holder)
{
    size_t i, end = dav_entries_beneath(dav, place, &i);
    for (; i < end; i++) {
        struct permission permission = {.holder = holder};
        for (struct dav_lock *lock = dav->entries[i]->locks; lock; lock = lock->next)
            look_for_permission(&permission, dav->entries[i], lock);
        if (forbids(&permission))
            return permission.locked;
    }
    return NULL;
}

struct dav_entry *dav_locks_forbid(struct dav *dav, const struct dav_place *place,
                                   enum dav_touch touch,
                                   const struct dav_holder *holder)
{
    struct permission permission = {.holder = holder};
    struct dav_place at = *place;
    if (!dav->lock_count || (touch == TOUCH_MEMBERS && !dav_place_parent(place, &at)))
        return NULL;
    dav_locks_covering(dav, &at, look_for_permission, &permission);
    if (forbids(&permission) || touch != TOUCH_TREE)
        return forbids(&permission);
    return forbid_beneath(dav, place, holder);
}

/* -------------------------------------------------------------------------- notes */

void dav_lock_note_key(struct bytes *out, const char *token)
{
    bytes_format(out, NOTE_PREFIX "%s", token);
}

void dav_lock_note_value(struct bytes *out, const struct dav_entry *entry,
                         const struct dav_lock *lock)
{
    field_append_number(out, entry->area);
    field_append(out, view_bytes(&entry->path));
    field_append_number(out, (lock->is_shared ? 1u : 0u) | (lock->is_deep ? 2u : 0u));
    field_append_number(out, lock->timeout_s);
    field_append_number(out, lock->state_version);
    field_append(out, view_text(lock->login));
    field_append(out, view_bytes(&lock->owner));
}

static bool read_note(struct dav *dav, const struct engine_note *note)
{
    struct dav_place place;
    uint64_t flags, timeout_s, state_version;
    struct view rest = note->value, login, owner;
    const size_t prefix = sizeof NOTE_PREFIX - 1;
    if (note->key.size != prefix + LOCK_TOKEN_SIZE - 1 ||
        !field_next_number(&rest, &place.area) || !field_next(&rest, &place.path) ||
        !field_next_number(&rest, &flags) || !field_next_number(&rest, &timeout_s) ||
        !field_next_number(&rest, &state_version) || !field_next(&rest, &login) ||
        !field_next(&rest, &owner))
        return false;
    struct dav_lock *lock = memory_take_zeroed(1, sizeof *lock);
    memcpy(lock->token, note->key.data + prefix, LOCK_TOKEN_SIZE - 1);
    lock->is_shared = flags & 1;
    lock->is_deep = flags & 2;
    lock->is_kept = true;
    lock->state_version = state_version;
    lock->login = memory_text(login);
    bytes_append(&lock->owner, owner);
    dav_lock_refresh(dav, lock,
                     timeout_s < LOCK_SECONDS_MAX ? (uint32_t)timeout_s
                                                  : LOCK_SECONDS_MAX);
    dav_lock_add(dav, &place, lock);
    return true;
}

static void load_note(void *context, const struct engine_note *note)
{
    if (!read_note(context, note))
        log_warning("a lock that was kept cannot be read and is passed over");
}

void dav_locks_load(struct dav *dav)
{
    engine_each_note(dav->engine, view_text(NOTE_PREFIX), load_note, dav);
}

static void ignore(void *context, const struct engine_answer *answer)
{
    (void)context, (void)answer;
}

static void drop_note(struct dav *dav, const struct dav_lock *lock)
{
    BYTES_AUTO(key);
    dav_lock_note_key(&key, lock->token);
    struct engine_note note = {.key = view_bytes(&key)};
    engine_keep_notes(dav->engine, &note, 1, ignore, NULL);
}

void dav_lock_drop(struct dav *dav, struct dav_entry *entry, struct dav_lock *lock)
{
    drop_note(dav, lock);
    unlink_lock(dav, entry, lock);
}

void dav_locks_drop(struct dav *dav, struct dav_entry *entry)
{
    while (entry->locks)
        dav_lock_drop(dav, entry, entry->locks);
}

/* -------------------------------------------------------------------------- state */

static struct dav_lock *find_held(struct dav *dav, const struct dav_place *place,
                                  const struct dav_holder *holder)
{
    const struct dav_entry *entry = dav_entry_find(dav, place);
    struct dav_lock *lock = entry ? entry->locks : NULL;
    while (lock && !holds(holder, lock))
        lock = lock->next;
    return lock;
}

uint64_t dav_state_version(struct dav *dav, const struct dav_place *place,
                           const struct dav_holder *holder)
{
    dav_enter(dav);
    const struct dav_lock *lock = find_held(dav, place, holder);
    uint64_t version = lock ? lock->state_version : STATE_VERSION_ANY;
    dav_leave(dav);
    return version;
}

void dav_state_written(struct dav *dav, const struct dav_place *place,
                       const struct dav_holder *holder, uint64_t version)
{
    BYTES_AUTO(key);
    BYTES_AUTO(value);
    dav_enter(dav);
    struct dav_lock *lock = find_held(dav, place, holder);
    if (lock) {
        lock->state_version = version;
        dav_lock_note_key(&key, lock->token);
        dav_lock_note_value(&value, dav_entry_find(dav, place), lock);
        struct engine_note note = {view_bytes(&key), view_bytes(&value)};
        engine_keep_notes(dav->engine, &note, 1, ignore, NULL);
    }
    dav_leave(dav);
}

/* ------------------------------------------------------------------------- expiry */

static void expire_entry(struct dav *dav, struct dav_entry *entry, int64_t now)
{
    struct dav_lock *next;
    for (struct dav_lock *lock = entry->locks; lock; lock = next) {
        next = lock->next;
        if (lock->deadline_ns <= now)
            dav_lock_drop(dav, entry, lock);
        else if (lock->deadline_ns < dav->next_expiry_ns)
            dav->next_expiry_ns = lock->deadline_ns;
    }
    if (entry->mark && entry->marked_until_ns <= now)
        dav_entry_unmark(dav, entry);
    else if (entry->mark && entry->marked_until_ns < dav->next_expiry_ns)
        dav->next_expiry_ns = entry->marked_until_ns;
}

void dav_expire(struct dav *dav)
{
    int64_t now = now_ns(dav);
    if (now < dav->next_expiry_ns)
        return;
    dav->next_expiry_ns = INT64_MAX;
    for (size_t i = dav->count; i-- > 0;) {
        struct dav_place place = place_of(dav->entries[i]);
        expire_entry(dav, dav->entries[i], now);
        dav_entry_tidy(dav, &place);
    }
    if (dav->next_expiry_ns < now + EXPIRY_PAUSE_NS)
        dav->next_expiry_ns = now + EXPIRY_PAUSE_NS;
}
