/* SPDX-License-Identifier: MIT */
#include "fs/opening.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/log.h"
#include "fs/hash.h"

#define BUCKETS 256u

struct openings {
    pthread_mutex_t lock; /* guards the lists */
    struct opening *buckets[BUCKETS];
};

struct openings *openings_open(void)
{
    struct openings *openings = memory_take_zeroed(1, sizeof *openings);
    pthread_mutex_init(&openings->lock, NULL);
    return openings;
}

/* By process too: many may have one file open, and each is asked about alone. */
static struct opening **bucket_of(struct openings *openings, uint64_t inode,
                                  pid_t process)
{
    uint64_t hash = hash_number(inode ^ hash_number((uint64_t)process));
    return &openings->buckets[hash % BUCKETS];
}

void openings_add(struct openings *openings, struct opening *opening)
{
    pthread_mutex_lock(&openings->lock);
    struct opening **first = bucket_of(openings, opening->inode, opening->process);
    opening->next = *first;
    opening->at = first;
    if (*first)
        (*first)->at = &opening->next;
    *first = opening;
    pthread_mutex_unlock(&openings->lock);
}

void openings_remove(struct openings *openings, struct opening *opening)
{
    pthread_mutex_lock(&openings->lock);
    *opening->at = opening->next;
    if (opening->next)
        opening->next->at = opening->at;
    pthread_mutex_unlock(&openings->lock);
}

int openings_count_others(struct openings *openings, const struct opening *opening,
                          pid_t process)
{
    int count = 0;
    pthread_mutex_lock(&openings->lock);
    const struct opening *other = *bucket_of(openings, opening->inode, process);
    for (; other; other = other->next)
        count += other != opening && other->inode == opening->inode &&
                 other->readable == opening->readable &&
                 other->writable == opening->writable && other->process == process &&
                 !atomic_load(&other->is_closing);
    pthread_mutex_unlock(&openings->lock);
    return count;
}

struct opening *openings_any(struct openings *openings)
{
    struct opening *found = NULL;
    pthread_mutex_lock(&openings->lock);
    for (unsigned i = 0; i < BUCKETS && !found; i++)
        found = openings->buckets[i];
    pthread_mutex_unlock(&openings->lock);
    return found;
}

void openings_close(struct openings *openings)
{
    ENSURE(!openings_any(openings));
    pthread_mutex_destroy(&openings->lock);
    free(openings);
}
