/* SPDX-License-Identifier: MIT */
#include "common/behavior/calls.h"

#include <stdlib.h>

static void grow(struct calls *calls)
{
    struct calls larger = {.capacity = calls->capacity * 2 + 16};

    larger.ring = memory_take(larger.capacity * sizeof *larger.ring);
    while (calls_take(calls, &larger.ring[larger.count]))
        larger.count++;
    free(calls->ring);
    *calls = larger;
}

void calls_put(struct calls *calls, struct call call)
{
    if (calls->count == calls->capacity)
        grow(calls);
    calls->ring[(calls->first + calls->count++) % calls->capacity] = call;
}

bool calls_take(struct calls *calls, struct call *call_out)
{
    if (calls->count == 0)
        return false;
    *call_out = calls->ring[calls->first];
    calls->first = (calls->first + 1) % calls->capacity;
    calls->count--;
    return true;
}

void calls_free(struct calls *calls)
{
    free(calls->ring);
    *calls = (struct calls){0};
}
