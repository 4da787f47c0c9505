/* SPDX-License-Identifier: MIT */
/*
 * The unlisted names stand in two chained hash tables over the same entries, by name
 * (folder and text, so that two spellings of one key are two inodes: harmless) and by
 * number. Both grow together, by doubling, when there are more entries than buckets.
 */
#include "fs/inode.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/base/sorted.h"
#include "fs/hash.h"

#define KIND_BITS 5
#define TIMES_SHIFT 56
#define TIMES_MASK UINT64_C(31)
#define UNLISTED (UINT64_C(1) << 63)
#define BUCKETS_AT_FIRST 256u

struct inode_entry {
    struct inode_entry *next_by_name, *next_by_number;
    struct inode_entry *older, *newer; /* among the idle ones */
    uint64_t number;
    uint64_t lookups, handles;
    struct node node;
    size_t name_size;
    char name[];
};

/* A state that was renamed away since the mount. */
struct renamed {
    uint64_t actor; /* first: they are sorted by it (sorted.h) */
    uint64_t times;
};

struct inodes {
    pthread_mutex_t lock;    /* guards all that follows */
    struct renamed *renamed; /* by actor */
    size_t renamed_count, renamed_capacity;
    size_t count, buckets; /* buckets: a power of two */
    struct inode_entry **by_name, **by_number;
    struct inode_entry *oldest, *newest; /* idle: without a handle */
    size_t idle_count;
};

uint64_t inode_of_listed(enum node_kind kind, uint64_t actor)
{
    return actor << KIND_BITS | ((uint64_t)kind + 1);
}

struct inodes *inodes_open(void)
{
    struct inodes *inodes = memory_take_zeroed(1, sizeof *inodes);
    pthread_mutex_init(&inodes->lock, NULL);
    inodes->buckets = BUCKETS_AT_FIRST;
    inodes->by_name = memory_take_zeroed(inodes->buckets, sizeof(struct inode_entry *));
    inodes->by_number =
        memory_take_zeroed(inodes->buckets, sizeof(struct inode_entry *));
    return inodes;
}

static struct inode_entry **name_bucket(struct inodes *inodes, uint64_t actor,
                                        struct view name)
{
    uint64_t hash = hash_bytes(hash_number(actor), name);
    return &inodes->by_name[hash & (inodes->buckets - 1)];
}

static struct inode_entry **number_bucket(struct inodes *inodes, uint64_t number)
{
    return &inodes->by_number[hash_number(number) & (inodes->buckets - 1)];
}

static void link_entry(struct inodes *inodes, struct inode_entry *entry)
{
    struct view name = view_of(entry->name, entry->name_size);
    struct inode_entry **at = name_bucket(inodes, entry->node.actor, name);
    entry->next_by_name = *at;
    *at = entry;
    at = number_bucket(inodes, entry->number);
    entry->next_by_number = *at;
    *at = entry;
}

static void grow(struct inodes *inodes)
{
    struct inode_entry **old = inodes->by_number;
    size_t old_buckets = inodes->buckets;
    free(inodes->by_name);
    inodes->buckets *= 2;
    inodes->by_name = memory_take_zeroed(inodes->buckets, sizeof(struct inode_entry *));
    inodes->by_number =
        memory_take_zeroed(inodes->buckets, sizeof(struct inode_entry *));
    for (size_t i = 0; i < old_buckets; i++) {
        for (struct inode_entry *entry = old[i], *next; entry; entry = next) {
            next = entry->next_by_number;
            link_entry(inodes, entry);
        }
    }
    free(old);
}

static struct inode_entry *find_number(struct inodes *inodes, uint64_t number)
{
    struct inode_entry *entry = *number_bucket(inodes, number);
    while (entry && entry->number != number)
        entry = entry->next_by_number;
    return entry;
}

static struct inode_entry *find_name(struct inodes *inodes, const struct node *node,
                                     struct view name)
{
    struct inode_entry *entry = *name_bucket(inodes, node->actor, name);
    while (entry && (entry->node.actor != node->actor ||
                     !view_equal(view_of(entry->name, entry->name_size), name)))
        entry = entry->next_by_name;
    return entry;
}

/* The same for the same name, also after it was forgotten, unless another has it. */
static uint64_t take_number(struct inodes *inodes, uint64_t actor, struct view name)
{
    uint64_t number = UNLISTED | hash_bytes(hash_number(actor), name);
    while (find_number(inodes, number))
        number = UNLISTED | (number + 1);
    return number;
}

static struct inode_entry *add(struct inodes *inodes, const struct node *node,
                               struct view name)
{
    struct inode_entry *entry = memory_take_zeroed(1, sizeof *entry + name.size);
    entry->number = take_number(inodes, node->actor, name);
    entry->node = *node;
    entry->name_size = name.size;
    memcpy(entry->name, name.data, name.size);
    if (++inodes->count > inodes->buckets)
        grow(inodes);
    link_entry(inodes, entry);
    return entry;
}

static void leave_idle(struct inodes *inodes, struct inode_entry *entry)
{
    *(entry->older ? &entry->older->newer : &inodes->oldest) = entry->newer;
    *(entry->newer ? &entry->newer->older : &inodes->newest) = entry->older;
    inodes->idle_count--;
}

static void unlink_entry(struct inodes *inodes, struct inode_entry *entry)
{
    struct view name = view_of(entry->name, entry->name_size);
    struct inode_entry **at = name_bucket(inodes, entry->node.actor, name);
    while (*at != entry)
        at = &(*at)->next_by_name;
    *at = entry->next_by_name;
    at = number_bucket(inodes, entry->number);
    while (*at != entry)
        at = &(*at)->next_by_number;
    *at = entry->next_by_number;
    if (entry->handles == 0)
        leave_idle(inodes, entry);
    inodes->count--;
    free(entry);
}

static void become_idle(struct inodes *inodes, struct inode_entry *entry)
{
    entry->newer = NULL;
    entry->older = inodes->newest;
    *(inodes->newest ? &inodes->newest->newer : &inodes->oldest) = entry;
    inodes->newest = entry;
    if (++inodes->idle_count > INODES_IDLE_MAX)
        unlink_entry(inodes, inodes->oldest);
}

/* ---------------------------------------------------------------- renamed states ---
 */

/* Lock held: whether the actor is there, and where it is or belongs. */
static bool find_renamed(const struct inodes *inodes, uint64_t actor, size_t *at_out)
{
    return sorted_find(inodes->renamed, inodes->renamed_count, sizeof *inodes->renamed,
                       actor, at_out);
}

/* Lock held. */
static uint64_t state_number(const struct inodes *inodes, uint64_t actor)
{
    size_t at;
    bool is_there = find_renamed(inodes, actor, &at);
    uint64_t times = is_there ? inodes->renamed[at].times & TIMES_MASK : 0;
    return inode_of_listed(NODE_STATE, actor) | times << TIMES_SHIFT;
}

static uint64_t listed_number(struct inodes *inodes, const struct node *node)
{
    if (node->kind != NODE_STATE)
        return inode_of_listed(node->kind, node->actor);
    pthread_mutex_lock(&inodes->lock);
    uint64_t number = state_number(inodes, node->actor);
    pthread_mutex_unlock(&inodes->lock);
    return number;
}

/* Lock held: room for one more at `at`. */
static struct renamed *insert_renamed(struct inodes *inodes, size_t at)
{
    if (inodes->renamed_count == inodes->renamed_capacity) {
        inodes->renamed_capacity = inodes->renamed_capacity * 2 + 16;
        inodes->renamed = memory_resize(inodes->renamed, inodes->renamed_capacity *
                                                             sizeof *inodes->renamed);
    }
    memmove(inodes->renamed + at + 1, inodes->renamed + at,
            (inodes->renamed_count++ - at) * sizeof *inodes->renamed);
    return &inodes->renamed[at];
}

uint64_t inodes_rename_state(struct inodes *inodes, uint64_t actor)
{
    pthread_mutex_lock(&inodes->lock);
    uint64_t number = state_number(inodes, actor);
    size_t at;
    if (!find_renamed(inodes, actor, &at))
        *insert_renamed(inodes, at) = (struct renamed){.actor = actor};
    inodes->renamed[at].times++;
    pthread_mutex_unlock(&inodes->lock);
    return number;
}

/* ------------------------------------------------------------------------ look-ups */

uint64_t inodes_look_up(struct inodes *inodes, const struct node *node,
                        struct view name)
{
    if (!node_is_unlisted(node))
        return listed_number(inodes, node);
    ENSURE(name.size <= FILE_NAME_BYTES_MAX);
    pthread_mutex_lock(&inodes->lock);
    struct inode_entry *entry = find_name(inodes, node, name);
    if (!entry)
        entry = add(inodes, node, name);
    else if (entry->handles == 0)
        leave_idle(inodes, entry);
    if (entry->handles == 0)
        become_idle(inodes, entry);
    entry->lookups++;
    uint64_t number = entry->number;
    pthread_mutex_unlock(&inodes->lock);
    return number;
}

static bool find_listed(uint64_t inode, struct node *node_out)
{
    uint64_t number = inode & ~(TIMES_MASK << TIMES_SHIFT);
    uint64_t actor = number >> KIND_BITS;
    uint64_t kind = (number & ((1u << KIND_BITS) - 1)) - 1;
    if (kind > NODE_BEHAVIOR || (kind < NODE_ACTOR) != (actor == 0) ||
        (kind != NODE_STATE && number != inode))
        return false;
    node_out->kind = (enum node_kind)kind;
    node_out->actor = actor;
    parameters_clear(&node_out->parameters);
    return true;
}

bool inodes_find(struct inodes *inodes, uint64_t inode, struct node *node_out)
{
    return inodes_find_open(inodes, inode, node_out) &&
           (inode & UNLISTED || listed_number(inodes, node_out) == inode);
}

bool inodes_find_open(struct inodes *inodes, uint64_t inode, struct node *node_out)
{
    if (!(inode & UNLISTED))
        return find_listed(inode, node_out);
    pthread_mutex_lock(&inodes->lock);
    const struct inode_entry *entry = find_number(inodes, inode);
    if (entry)
        *node_out = entry->node;
    pthread_mutex_unlock(&inodes->lock);
    return entry != NULL;
}

/* A reply that the kernel did not want may leave a handle to be closed after the last
   lookup is forgotten, so an entry goes when neither is left. */
static void drop_if_unused(struct inodes *inodes, struct inode_entry *entry)
{
    if (entry->lookups == 0 && entry->handles == 0)
        unlink_entry(inodes, entry);
}

void inodes_forget(struct inodes *inodes, uint64_t inode, uint64_t lookups)
{
    if (!(inode & UNLISTED))
        return;
    pthread_mutex_lock(&inodes->lock);
    struct inode_entry *entry = find_number(inodes, inode);
    if (entry) {
        entry->lookups -= lookups < entry->lookups ? lookups : entry->lookups;
        drop_if_unused(inodes, entry);
    }
    pthread_mutex_unlock(&inodes->lock);
}

void inodes_opened(struct inodes *inodes, uint64_t inode)
{
    if (!(inode & UNLISTED))
        return;
    pthread_mutex_lock(&inodes->lock);
    struct inode_entry *entry = find_number(inodes, inode);
    if (entry && entry->handles++ == 0)
        leave_idle(inodes, entry);
    pthread_mutex_unlock(&inodes->lock);
}

bool inodes_closed(struct inodes *inodes, uint64_t inode)
{
    if (!(inode & UNLISTED))
        return false;
    pthread_mutex_lock(&inodes->lock);
    struct inode_entry *entry = find_number(inodes, inode);
    bool last = entry && --entry->handles == 0;
    if (last) {
        become_idle(inodes, entry);
        drop_if_unused(inodes, entry);
    }
    pthread_mutex_unlock(&inodes->lock);
    return last;
}

size_t inodes_count(struct inodes *inodes)
{
    pthread_mutex_lock(&inodes->lock);
    size_t count = inodes->count;
    pthread_mutex_unlock(&inodes->lock);
    return count;
}

void inodes_close(struct inodes *inodes)
{
    for (size_t i = 0; i < inodes->buckets; i++)
        while (inodes->by_number[i])
            unlink_entry(inodes, inodes->by_number[i]);
    free(inodes->by_name);
    free(inodes->by_number);
    free(inodes->renamed);
    pthread_mutex_destroy(&inodes->lock);
    free(inodes);
}
