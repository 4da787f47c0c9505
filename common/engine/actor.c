/* SPDX-License-Identifier: MIT */
/*
 * Actors in use, found by id; brought from the index when needed and forgotten, the
 * least recently used first, when idle. A touched actor is put in the index once a
 * step, however many of its tasks the step dealt with.
 */
#include "common/engine/actor.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/engine/core.h"

static uint32_t bucket_of(const struct cache *cache, uint64_t id)
{
    return (uint32_t)(id * 0x9E3779B97F4A7C15u >> 32) & (cache->bucket_count - 1);
}

static void grow(struct cache *cache)
{
    struct cache grown = *cache;
    grown.bucket_count = cache->bucket_count ? cache->bucket_count * 2 : 1024;
    grown.buckets = memory_take_zeroed(grown.bucket_count, sizeof *grown.buckets);
    for (uint32_t i = 0; i < cache->bucket_count; i++)
        for (struct actor *actor = cache->buckets[i], *next; actor; actor = next) {
            next = actor->hash_next;
            struct actor **bucket = &grown.buckets[bucket_of(&grown, actor->id)];
            actor->hash_next = *bucket;
            *bucket = actor;
        }
    free(cache->buckets);
    *cache = grown;
}

static void unlink_use(struct cache *cache, struct actor *actor)
{
    *(actor->older ? &actor->older->younger : &cache->oldest) = actor->younger;
    *(actor->younger ? &actor->younger->older : &cache->youngest) = actor->older;
    actor->older = actor->younger = NULL;
}

static void link_youngest(struct cache *cache, struct actor *actor)
{
    actor->older = cache->youngest;
    *(cache->youngest ? &cache->youngest->younger : &cache->oldest) = actor;
    cache->youngest = actor;
}

static struct actor *find(const struct cache *cache, uint64_t id)
{
    if (!cache->bucket_count)
        return NULL;
    struct actor *actor = cache->buckets[bucket_of(cache, id)];
    while (actor && actor->id != id)
        actor = actor->hash_next;
    return actor;
}

struct actor *actor_add(struct engine *engine, uint64_t id)
{
    struct cache *cache = &engine->cache;
    if (cache->count >= cache->bucket_count)
        grow(cache);
    struct actor *actor = memory_take_zeroed(1, sizeof *actor);
    actor->id = id;
    struct actor **bucket = &cache->buckets[bucket_of(cache, id)];
    actor->hash_next = *bucket;
    *bucket = actor;
    cache->count++;
    link_youngest(cache, actor);
    return actor;
}

static struct actor *load(struct engine *engine, uint64_t id)
{
    struct pair_key key;
    struct view packed;
    if (!index_get(index_decided(engine->index), TABLE_ACTORS, single_key(&key, id),
                   &packed))
        return NULL;
    struct actor *actor = actor_add(engine, id);
    ENSURE(actor_unpack(packed, &actor->record));
    if (actor->record.head.running_incarnation != index_incarnation(engine->index))
        actor->record.head.running = 0;
    actor->window.end = actor->record.head.first_slot;
    return actor;
}

struct actor *actor_get(struct engine *engine, uint64_t id)
{
    struct actor *actor = find(&engine->cache, id);
    if (!actor)
        return load(engine, id);
    if (engine->cache.youngest != actor) {
        unlink_use(&engine->cache, actor);
        link_youngest(&engine->cache, actor);
    }
    return actor;
}

struct actor *actor_get_by_name(struct engine *engine, struct view name)
{
    struct view id;
    if (!index_get(index_decided(engine->index), TABLE_NAMES, name, &id))
        return NULL;
    return actor_get(engine, number_from_key(id.data));
}

static void discard(struct cache *cache, struct actor *actor)
{
    struct actor **link = &cache->buckets[bucket_of(cache, actor->id)];
    while (*link != actor)
        link = &(*link)->hash_next;
    *link = actor->hash_next;
    unlink_use(cache, actor);
    cache->count--;
    free(actor->window.ring);
    free(actor);
}

void actor_drop(struct engine *engine, struct actor *actor)
{
    struct actor **link = &engine->touched;
    while (*link && *link != actor)
        link = &(*link)->touched_next;
    if (*link)
        *link = actor->touched_next;
    ENSURE(actor->schedule == ACTOR_IDLE && !actor->parked.first);
    discard(&engine->cache, actor);
}

void actor_touch(struct engine *engine, struct actor *actor)
{
    actor->last_record = engine->applying;
    actor_touch_shown(engine, actor);
}

void actor_touch_shown(struct engine *engine, struct actor *actor)
{
    actor->record.head.changes++;
    actor->record.head.changed_ms = engine->wall_ms;
    if (actor->touched)
        return;
    actor->touched = true;
    actor->touched_next = engine->touched;
    engine->touched = actor;
}

void actor_flush_touched(struct engine *engine)
{
    for (struct actor *actor = engine->touched; actor; actor = actor->touched_next) {
        struct pair_key key;
        actor_pack(&actor->record, &engine->scratch);
        /* Refusals and the start of a turn have no record: the number may be an old
           one, and published. */
        index_put_value(engine->index, TABLE_ACTORS, single_key(&key, actor->id),
                        engine->applying, view_bytes(&engine->scratch));
        batch_note_changed(&engine->batch, actor->id);
        actor->touched = false;
        engine->dirty_actors += actor->epoch != engine->epoch;
        actor->epoch = engine->epoch;
    }
    engine->touched = NULL;
}

void actor_evict(struct engine *engine)
{
    struct cache *cache = &engine->cache;
    struct actor *actor = cache->oldest;
    uint64_t published = index_published(engine->index); /* `last_record` is needed */
    while (actor && cache->count > cache->idle_max) {
        struct actor *younger = actor->younger;
        if (actor->schedule == ACTOR_IDLE && !actor->touched && !actor->hungry &&
            !actor->parked.first && actor->last_record <= published)
            discard(cache, actor);
        actor = younger;
    }
}

void cache_free(struct cache *cache)
{
    while (cache->oldest)
        discard(cache, cache->oldest);
    free(cache->buckets);
    *cache = (struct cache){0};
}

uint64_t actor_head_unfinished(const struct actor_head *head)
{
    return head->counts.pending + head->counts.delayed + head->counts.deferred;
}

uint64_t actor_unfinished(const struct actor *actor)
{
    return actor_head_unfinished(&actor->record.head);
}
