/* SPDX-License-Identifier: MIT */
/*
 * A hash table whose entries also stand in a queue in the order they were added. All
 * are hidden for the same time, so the queue's head is the first to expire, and every
 * call drops what has. Nearly always the table is empty; that is answered without the
 * lock.
 */
#include "fs/hidden.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/limits.h"
#include "fs/hash.h"

#define BUCKETS 1024u /* `rm -r` of many actors hides eight names in each */

struct hidden_name {
    struct hidden_name *next; /* in its bucket */
    struct hidden_name *newer, *older;
    uint64_t folder;
    int64_t until_ns;
    struct view name;
    char text[];
};

struct hidden {
    struct clock *clock;
    atomic_size_t count;  /* written under the lock */
    pthread_mutex_t lock; /* guards what follows */
    struct hidden_name *buckets[BUCKETS];
    struct hidden_name *oldest, *newest;
};

struct hidden *hidden_open(struct clock *clock)
{
    struct hidden *hidden = memory_take_zeroed(1, sizeof *hidden);
    hidden->clock = clock;
    pthread_mutex_init(&hidden->lock, NULL);
    return hidden;
}

/* Where the pointer to the entry stands, or would stand. */
static struct hidden_name **find(struct hidden *hidden, uint64_t folder,
                                 struct view name)
{
    uint64_t hash = hash_bytes(hash_number(folder), name);
    struct hidden_name **at = &hidden->buckets[hash % BUCKETS];
    while (*at && ((*at)->folder != folder || !view_equal((*at)->name, name)))
        at = &(*at)->next;
    return at;
}

static void drop(struct hidden *hidden, struct hidden_name **at)
{
    struct hidden_name *entry = *at;
    *at = entry->next;
    *(entry->older ? &entry->older->newer : &hidden->oldest) = entry->newer;
    *(entry->newer ? &entry->newer->older : &hidden->newest) = entry->older;
    atomic_fetch_sub(&hidden->count, 1);
    free(entry);
}

static void drop_expired(struct hidden *hidden, int64_t now_ns)
{
    while (hidden->oldest && hidden->oldest->until_ns <= now_ns)
        drop(hidden, find(hidden, hidden->oldest->folder, hidden->oldest->name));
}

static struct hidden_name *new_entry(uint64_t folder, struct view name, int64_t until)
{
    struct hidden_name *entry = memory_take_zeroed(1, sizeof *entry + name.size);
    memcpy(entry->text, name.data, name.size);
    entry->name = view_of(entry->text, name.size);
    entry->folder = folder;
    entry->until_ns = until;
    return entry;
}

void hidden_add(struct hidden *hidden, uint64_t folder, struct view name)
{
    int64_t now_ns = hidden->clock->monotonic_ns(hidden->clock);
    pthread_mutex_lock(&hidden->lock);
    drop_expired(hidden, now_ns);
    struct hidden_name **at = find(hidden, folder, name);
    if (*at)
        drop(hidden, at);
    at = find(hidden, folder, name);
    struct hidden_name *entry =
        new_entry(folder, name, now_ns + HIDDEN_NAME_MS * 1000000LL);
    *at = entry;
    entry->older = hidden->newest;
    *(hidden->newest ? &hidden->newest->newer : &hidden->oldest) = entry;
    hidden->newest = entry;
    atomic_fetch_add(&hidden->count, 1);
    pthread_mutex_unlock(&hidden->lock);
}

static bool look(struct hidden *hidden, uint64_t folder, struct view name, bool remove)
{
    if (atomic_load_explicit(&hidden->count, memory_order_relaxed) == 0)
        return false;
    int64_t now_ns = hidden->clock->monotonic_ns(hidden->clock);
    pthread_mutex_lock(&hidden->lock);
    drop_expired(hidden, now_ns);
    struct hidden_name **at = find(hidden, folder, name);
    bool found = *at != NULL;
    if (found && remove)
        drop(hidden, at);
    pthread_mutex_unlock(&hidden->lock);
    return found;
}

bool hidden_contains(struct hidden *hidden, uint64_t folder, struct view name)
{
    return look(hidden, folder, name, false);
}

bool hidden_remove(struct hidden *hidden, uint64_t folder, struct view name)
{
    return look(hidden, folder, name, true);
}

void hidden_close(struct hidden *hidden)
{
    drop_expired(hidden, INT64_MAX);
    pthread_mutex_destroy(&hidden->lock);
    free(hidden);
}
