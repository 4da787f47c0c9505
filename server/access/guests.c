/* SPDX-License-Identifier: MIT */
/*
 * An open table with probes of a bounded length. An address that has no place when its
 * first connection comes is not counted; when it leaves it is not found, or a
 * later connection of its own has been counted meanwhile: then that one is let go, and
 * the count is low by what was never in it, not below zero.
 */
#include "server/access/guests.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/log.h"

#define PLACES 16384 /* a power of two; above the connections there can be */
#define PROBES 64

struct place {
    struct address address;
    unsigned connections; /* 0: free */
};
struct guests {
    unsigned connections_max;
    uint64_t seed; /* nobody can choose who meets whom */
    pthread_mutex_t mutex;
    struct place places[PLACES]; /* guarded by mutex */
};

struct guests *guests_open(unsigned connections_max)
{
    struct guests *guests = memory_take_zeroed(1, sizeof *guests);
    guests->connections_max = connections_max;
    pthread_mutex_init(&guests->mutex, NULL);
    ENSURE(getrandom(&guests->seed, sizeof guests->seed, 0) == sizeof guests->seed);
    return guests;
}

void guests_close(struct guests *guests)
{
    pthread_mutex_destroy(&guests->mutex);
    free(guests);
}

static size_t place_of(const struct guests *guests, const struct address *client)
{
    uint64_t halves[2], hash = guests->seed;
    memcpy(halves, client->ip, sizeof halves);
    for (size_t i = 0; i < 2; i++) {
        hash = (hash ^ halves[i]) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return (size_t)hash;
}

/* The address's place; else, if wanted, a free one. */
static struct place *find(struct guests *guests, const struct address *client,
                          bool make)
{
    size_t from = place_of(guests, client);
    struct place *free_place = NULL;
    for (size_t i = 0; i < PROBES; i++) {
        struct place *place = &guests->places[(from + i) % PLACES];
        if (place->connections && address_equal(&place->address, client))
            return place;
        if (!place->connections && !free_place)
            free_place = place;
    }
    if (make && free_place)
        free_place->address = *client;
    return make ? free_place : NULL;
}

bool guests_has_room(struct guests *guests, const struct address *address)
{
    struct address client = address_of_client(address);
    pthread_mutex_lock(&guests->mutex);
    const struct place *place = find(guests, &client, false);
    bool has_room = !place || place->connections < guests->connections_max;
    pthread_mutex_unlock(&guests->mutex);
    return has_room;
}

void guests_enter(struct guests *guests, const struct address *address)
{
    struct address client = address_of_client(address);
    pthread_mutex_lock(&guests->mutex);
    struct place *place = find(guests, &client, true);
    if (place)
        place->connections++;
    pthread_mutex_unlock(&guests->mutex);
}

void guests_leave(struct guests *guests, const struct address *address)
{
    struct address client = address_of_client(address);
    pthread_mutex_lock(&guests->mutex);
    struct place *place = find(guests, &client, false);
    if (place)
        place->connections--;
    pthread_mutex_unlock(&guests->mutex);
}
