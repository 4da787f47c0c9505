/* SPDX-License-Identifier: MIT */
#include "server/dav/recent.h"

#define COUNT 256

struct put {
    uint64_t area;
    uint8_t path[16]; /* its hash */
    uint64_t bytes;
    int64_t until_ns;
};

struct dav_recent {
    struct put puts[COUNT]; /* the oldest is written over */
    size_t next;
};

struct dav_recent *dav_recent_open(void)
{
    return memory_take_zeroed(1, sizeof(struct dav_recent));
}

void dav_recent_add(struct dav *dav, const struct dav_place *place, uint64_t bytes)
{
    struct put put = {.area = place->area, .bytes = bytes};
    engine_fingerprint(place->path, put.path);
    put.until_ns = dav->clock->monotonic_ns(dav->clock) + RECENT_MS * INT64_C(1000000);
    dav_enter(dav);
    dav->recent->puts[dav->recent->next++ % COUNT] = put;
    dav_leave(dav);
}

static const struct put *find(const struct dav_recent *recent, uint64_t area,
                              const uint8_t path[16])
{
    for (size_t back = 1; back <= COUNT; back++) { /* the youngest first */
        const struct put *put = &recent->puts[(recent->next - back) % COUNT];
        if (put->until_ns && put->area == area && memcmp(put->path, path, 16) == 0)
            return put;
    }
    return NULL;
}

bool dav_recent_find(struct dav *dav, const struct dav_place *place, uint64_t *bytes)
{
    uint8_t path[16];
    engine_fingerprint(place->path, path);
    dav_enter(dav);
    const struct put *put = find(dav->recent, place->area, path);
    bool is_recent = put && put->until_ns > dav->clock->monotonic_ns(dav->clock);
    if (is_recent)
        *bytes = put->bytes;
    dav_leave(dav);
    return is_recent;
}
