/* SPDX-License-Identifier: MIT */
#include "server/exclusion.h"

#include <pthread.h>
#include <stdlib.h>

/* Places share them; more than the threads that may be within at once. */
#define STRIPES 64u

struct exclusion {
    pthread_mutex_t stripes[STRIPES]; /* taken in their order */
};

struct exclusion *exclusion_open(void)
{
    struct exclusion *exclusion = memory_take_zeroed(1, sizeof *exclusion);
    for (unsigned i = 0; i < STRIPES; i++)
        pthread_mutex_init(&exclusion->stripes[i], NULL);
    return exclusion;
}

void exclusion_close(struct exclusion *exclusion)
{
    if (!exclusion)
        return;
    for (unsigned i = 0; i < STRIPES; i++)
        pthread_mutex_destroy(&exclusion->stripes[i]);
    free(exclusion);
}

/* FNV-1a. */
static unsigned stripe_of(const struct file_place *place)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ place->area;
    for (size_t i = 0; i < place->path.size; i++)
        hash = (hash ^ (unsigned char)place->path.data[i]) * UINT64_C(0x100000001b3);
    return (unsigned)(hash >> 32) % STRIPES;
}

struct pair {
    unsigned low, high; /* may be one and the same */
};

static struct pair pair_of(const struct file_place *place,
                           const struct file_place *other)
{
    unsigned one = stripe_of(place), two = other ? stripe_of(other) : one;
    return one < two ? (struct pair){one, two} : (struct pair){two, one};
}

void exclusion_enter(struct exclusion *exclusion, const struct file_place *place,
                     const struct file_place *other)
{
    struct pair pair = pair_of(place, other);
    pthread_mutex_lock(&exclusion->stripes[pair.low]);
    if (pair.high != pair.low)
        pthread_mutex_lock(&exclusion->stripes[pair.high]);
}

void exclusion_leave(struct exclusion *exclusion, const struct file_place *place,
                     const struct file_place *other)
{
    struct pair pair = pair_of(place, other);
    if (pair.high != pair.low)
        pthread_mutex_unlock(&exclusion->stripes[pair.high]);
    pthread_mutex_unlock(&exclusion->stripes[pair.low]);
}
