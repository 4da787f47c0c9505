/* SPDX-License-Identifier: MIT */
#include "common/engine/bond.h"

#include "common/engine/core.h"

#define ENTRY_BYTES 9

static struct view list_of(struct engine *engine, const struct actor *actor)
{
    struct pair_key key;
    struct view list = {0};
    if (actor->record.head.flags & ACTOR_BONDED)
        index_get(index_decided(engine->index), TABLE_BONDS,
                  single_key(&key, actor->id), &list);
    return list;
}

static struct bond entry_at(struct view list, size_t n)
{
    struct bond bond;
    const char *entry = list.data + n * ENTRY_BYTES;
    memcpy(&bond.other, entry, sizeof bond.other);
    bond.flags = (uint8_t)entry[sizeof bond.other];
    return bond;
}

/* Where the other stands, or the list's end. */
static size_t find(struct view list, uint64_t other)
{
    size_t n = 0;
    while (n < list.size / ENTRY_BYTES && entry_at(list, n).other != other)
        n++;
    return n;
}

bool bond_at(struct engine *engine, const struct actor *actor, size_t n,
             struct bond *bond)
{
    struct view list = list_of(engine, actor);
    if (n >= list.size / ENTRY_BYTES)
        return false;
    *bond = entry_at(list, n);
    return true;
}

size_t bond_count(struct engine *engine, const struct actor *actor)
{
    return list_of(engine, actor).size / ENTRY_BYTES;
}

uint32_t bond_flags(struct engine *engine, const struct actor *actor, uint64_t other)
{
    struct view list = list_of(engine, actor);
    size_t n = find(list, other);
    return n < list.size / ENTRY_BYTES ? entry_at(list, n).flags : 0;
}

static void put_entry(struct engine *engine, struct actor *actor, uint64_t other,
                      uint32_t flags)
{
    BYTES_AUTO(changed);
    struct pair_key key;
    actor->record.head.flags |= ACTOR_BONDED;
    struct view list = list_of(engine, actor);
    size_t before = find(list, other) * ENTRY_BYTES;
    size_t after = before < list.size ? before + ENTRY_BYTES : before;
    char flag = (char)flags;
    bytes_append(&changed, view_of(list.data, before));
    if (flags) {
        bytes_append(&changed, view_of(&other, sizeof other));
        bytes_append(&changed, view_of(&flag, 1));
    }
    bytes_append(&changed, view_of(list.data + after, list.size - after));
    struct view id = single_key(&key, actor->id);
    if (changed.size == 0)
        index_delete(engine->index, TABLE_BONDS, id, engine->applying);
    else
        memcpy(
            index_put(engine->index, TABLE_BONDS, id, engine->applying, changed.size),
            changed.data, changed.size);
    actor_touch_shown(engine, actor);
}

/* The same bond from the other side. */
static uint32_t mirrored(uint32_t flags)
{
    return (flags & BOND_WATCHES ? BOND_WATCHED : 0u) |
           (flags & BOND_WATCHED ? BOND_WATCHES : 0u) | (flags & BOND_LINKED);
}

void bond_put(struct engine *engine, struct actor *actor, struct actor *other,
              uint32_t flags)
{
    put_entry(engine, actor, other->id, flags);
    put_entry(engine, other, actor->id, mirrored(flags));
}

void bond_drop_all(struct engine *engine, struct actor *actor)
{
    struct bond bond;
    if (!(actor->record.head.flags & ACTOR_BONDED))
        return;
    while (bond_at(engine, actor, 0, &bond)) {
        struct actor *other = actor_get(engine, bond.other);
        if (other)
            put_entry(engine, other, actor->id, 0);
        put_entry(engine, actor, bond.other, 0);
    }
}
