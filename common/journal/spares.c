/* SPDX-License-Identifier: MIT */
/*
 * The mutex guards the list and the numbers, never a call to the disk: making a segment
 * takes a tenth of a second, and the sequencer must not wait for that while there are
 * others. Where there are none, the one that is being made already is the soonest to be
 * had; and while the disk is nearly full it has the room that a second one would find
 * wanting.
 */
#include "common/journal/spares.h"

void spares_init(struct spares *spares, struct disk *disk, unsigned wanted)
{
    *spares = (struct spares){.disk = disk, .wanted = wanted, .next_number = 1};
    pthread_mutex_init(&spares->mutex, NULL);
    pthread_cond_init(&spares->made, NULL);
}

static unsigned target(const struct spares *spares)
{
    return spares->wanted + SPARES_HELD_BACK;
}

static void push(struct spares *spares, struct segment *segment)
{
    pthread_mutex_lock(&spares->mutex);
    segment->next = spares->first;
    spares->first = segment;
    spares->count++;
    pthread_mutex_unlock(&spares->mutex);
}

/* Null when that would leave fewer than `held_back`. */
static struct segment *pop(struct spares *spares, unsigned held_back)
{
    struct segment *segment = NULL;

    pthread_mutex_lock(&spares->mutex);
    if (spares->count > held_back) {
        segment = spares->first;
        spares->first = segment->next;
        segment->next = NULL;
        spares->count--;
    }
    pthread_mutex_unlock(&spares->mutex);
    return segment;
}

static unsigned count(struct spares *spares)
{
    unsigned now;

    pthread_mutex_lock(&spares->mutex);
    now = spares->count;
    pthread_mutex_unlock(&spares->mutex);
    return now;
}

static uint64_t take_number(struct spares *spares)
{
    uint64_t number;

    pthread_mutex_lock(&spares->mutex);
    number = spares->next_number++;
    pthread_mutex_unlock(&spares->mutex);
    return number;
}

static void count_making(struct spares *spares, int change)
{
    pthread_mutex_lock(&spares->mutex);
    spares->making += (unsigned)change;
    pthread_cond_broadcast(&spares->made);
    pthread_mutex_unlock(&spares->mutex);
}

static enum status make(struct spares *spares)
{
    struct segment *segment;
    enum status status;

    count_making(spares, 1);
    status = segment_create(spares->disk, take_number(spares), spares->segment_bytes,
                            &segment);
    if (status == STATUS_OK)
        push(spares, segment);
    count_making(spares, -1);
    return status;
}

/* False when nobody is making one. */
static bool await_one(struct spares *spares)
{
    bool waited;

    pthread_mutex_lock(&spares->mutex);
    waited = spares->making > 0;
    if (waited)
        pthread_cond_wait(&spares->made, &spares->mutex);
    pthread_mutex_unlock(&spares->mutex);
    return waited;
}

enum status spares_take(struct spares *spares, unsigned held_back,
                        struct segment **segment_out)
{
    struct segment *segment;

    while ((segment = pop(spares, held_back)) == NULL) {
        enum status status = await_one(spares) ? STATUS_OK : make(spares);

        if (status != STATUS_OK)
            return status;
    }
    *segment_out = segment;
    return STATUS_OK;
}

/* Releases come in bursts: room for twice the target saves filling files with zeros. */
static bool is_wanted(struct spares *spares, const struct segment *segment)
{
    return segment->bytes == spares->segment_bytes &&
           count(spares) < 2 * target(spares);
}

static bool make_spare(struct spares *spares, struct segment *segment)
{
    return segment->kind == SEGMENT_SPARE ||
           segment_become(spares->disk, segment, SEGMENT_SPARE, take_number(spares),
                          0) == STATUS_OK;
}

enum status spares_put(struct spares *spares, struct segment *segment)
{
    if (!is_wanted(spares, segment) || !make_spare(spares, segment))
        return segment_remove(spares->disk, segment);
    push(spares, segment);
    return STATUS_OK;
}

enum status spares_prepare(struct spares *spares)
{
    enum status status = STATUS_OK;

    while (status == STATUS_OK && count(spares) < target(spares))
        status = make(spares);
    return status;
}

void spares_close(struct spares *spares)
{
    struct segment *segment;

    while ((segment = pop(spares, 0)) != NULL)
        segment_close(spares->disk, segment);
    pthread_cond_destroy(&spares->made);
    pthread_mutex_destroy(&spares->mutex);
}
