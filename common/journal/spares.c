/* SPDX-License-Identifier: MIT */
/*
 * The mutex guards the list and the numbers, never a call to the disk: making a segment
 * takes a tenth of a second, and the sequencer must not wait for that.
 */
#include "common/journal/spares.h"

void spares_init(struct spares *spares, struct disk *disk, unsigned wanted)
{
    *spares = (struct spares){.disk = disk, .wanted = wanted, .next_number = 1};
    pthread_mutex_init(&spares->mutex, NULL);
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

static enum status make(struct spares *spares)
{
    struct segment *segment;
    enum status status = segment_create(spares->disk, take_number(spares),
                                        spares->segment_bytes, &segment);

    if (status == STATUS_OK)
        push(spares, segment);
    return status;
}

enum status spares_take(struct spares *spares, unsigned held_back,
                        struct segment **segment_out)
{
    struct segment *segment;

    while ((segment = pop(spares, held_back)) == NULL) {
        enum status status = make(spares);

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
    pthread_mutex_destroy(&spares->mutex);
}
