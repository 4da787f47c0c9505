/* SPDX-License-Identifier: MIT */
/*
 * A generation is entered in the meta table in the transaction that makes its tables,
 * with the checkpoint's clock as its youngest completion; later checkpoints only raise
 * that. A crash thus leaves no table without an entry.
 */
#include "common/journal/receipts.h"

#include <stdio.h>

/* A class has so many generations while it is in steady use, and one more is filled. */
#define GENERATIONS_A_RETENTION 4

#define META_PREFIX "generation."

struct packed_generation {
    uint32_t number, class;
    int64_t first_ms, last_ms;
};

static struct view meta_key(uint32_t number, char buffer[32])
{
    int size = snprintf(buffer, 32, META_PREFIX "%08x", number);
    return view_of(buffer, (size_t)size);
}

static enum status open_tables(struct store_writer *writer,
                               struct generation *generation, bool create)
{
    char name[32];
    snprintf(name, sizeof name, "done.%08x", generation->number);
    enum status status = store_open_table(writer, name, create, &generation->done);
    if (status)
        return status;
    snprintf(name, sizeof name, "keys.%08x", generation->number);
    return store_open_table(writer, name, create, &generation->keys);
}

static enum status load_one(struct store_writer *writer, store_table meta,
                            uint32_t number, struct generations *generations)
{
    char buffer[32];
    struct view value;
    struct packed_generation packed;
    enum status status =
        store_write_get(writer, meta, meta_key(number, buffer), &value);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK; /* dropped */
    if (status || value.size != sizeof packed || generations->count == GENERATIONS_MAX)
        return status ? status : STATUS_INVALID;
    memcpy(&packed, value.data, sizeof packed);
    struct generation *generation = &generations->list[generations->count++];
    *generation = (struct generation){.number = packed.number,
                                      .class = packed.class,
                                      .first_ms = packed.first_ms,
                                      .last_ms = packed.last_ms};
    return open_tables(writer, generation, false);
}

/* `next_number` comes first: the numbers below it are tried one by one, from the
   first that may still be there. */
enum status generations_load(struct store_writer *writer, store_table meta,
                             struct generations *generations)
{
    *generations = (struct generations){.next_number = 1};
    struct view value;
    enum status status =
        store_write_get(writer, meta, view_text("generations"), &value);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    uint32_t bounds[2];
    if (status || value.size != sizeof bounds)
        return status ? status : STATUS_INVALID;
    memcpy(bounds, value.data, sizeof bounds);
    generations->next_number = bounds[1];
    for (uint32_t number = bounds[0]; number < bounds[1] && !status; number++)
        status = load_one(writer, meta, number, generations);
    return status;
}

/* A checkpoint that was cut off may have made more than the try after it has so far:
   those hold what was moved there, and the next opening must find them. */
static enum status save_bounds(struct store_writer *writer, store_table meta,
                               const struct generations *generations)
{
    uint32_t first =
        generations->count ? generations->list[0].number : generations->next_number;
    uint32_t bounds[2] = {first, generations->next_number}, before[2];
    struct view value;
    enum status status =
        store_write_get(writer, meta, view_text("generations"), &value);
    if (status && status != STATUS_NOT_FOUND)
        return status;
    if (!status && value.size == sizeof before) {
        memcpy(before, value.data, sizeof before);
        bounds[1] = before[1] > bounds[1] ? before[1] : bounds[1];
    }
    return store_put(writer, meta, view_text("generations"),
                     view_of(bounds, sizeof bounds));
}

static enum status save(struct store_writer *writer, store_table meta,
                        const struct generation *generation)
{
    char buffer[32];
    struct packed_generation packed = {generation->number, generation->class,
                                       generation->first_ms, generation->last_ms};
    return store_put(writer, meta, meta_key(generation->number, buffer),
                     view_of(&packed, sizeof packed));
}

static struct generation *youngest(struct receipts *receipts, enum receipt_class class)
{
    for (uint32_t i = receipts->now.count; i > 0; i--)
        if (receipts->now.list[i - 1].class == class)
            return &receipts->now.list[i - 1];
    return NULL;
}

static enum status make(struct receipts *receipts, struct store_writer *writer,
                        enum receipt_class class, struct generation **generation_out)
{
    struct generations *now = &receipts->now;
    struct generation fresh = {.number = now->next_number,
                               .class = class,
                               .first_ms = receipts->clock_ms,
                               .last_ms = receipts->clock_ms};
    enum status status = open_tables(writer, &fresh, true);
    if (status)
        return status;
    now->next_number++;
    now->list[now->count] = fresh;
    *generation_out = &now->list[now->count++];
    return save_bounds(writer, receipts->meta, now);
}

enum status receipts_current(struct receipts *receipts, struct store_writer *writer,
                             enum receipt_class class,
                             struct generation **generation_out)
{
    if (receipts->current[class]) {
        *generation_out = receipts->current[class];
        return STATUS_OK;
    }
    struct generation *generation = youngest(receipts, class);
    int64_t span_ms = receipts->retention_ms[class] / GENERATIONS_A_RETENTION;
    bool full = generation && receipts->clock_ms - generation->first_ms > span_ms &&
                receipts->now.count < GENERATIONS_MAX;
    enum status status = STATUS_OK;
    if (!generation || full)
        status = make(receipts, writer, class, &generation);
    if (!status) {
        generation->last_ms = receipts->clock_ms;
        status = save(writer, receipts->meta, generation);
    }
    if (!status)
        *generation_out = receipts->current[class] = generation;
    return status;
}

void receipts_expire(struct receipts *receipts, struct generations *expired)
{
    struct generations *now = &receipts->now;
    uint32_t kept = 0;
    *expired = (struct generations){0};
    for (uint32_t i = 0; i < now->count; i++) {
        struct generation *generation = &now->list[i];
        int64_t end_ms =
            generation->last_ms + receipts->retention_ms[generation->class];
        if (end_ms < receipts->clock_ms)
            expired->list[expired->count++] = *generation;
        else
            now->list[kept++] = *generation;
    }
    now->count = kept;
    memset(receipts->current, 0, sizeof receipts->current);
}

enum status receipts_drop(struct store_writer *writer, store_table meta,
                          struct generations *expired)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < expired->count && !status; i++) {
        char buffer[32];
        struct generation *generation = &expired->list[i];
        /* LMDB closes the table at once, also when the writer is aborted later. */
        status = open_tables(writer, generation, false);
        if (!status)
            status = store_drop_table(writer, generation->done);
        if (!status)
            status = store_drop_table(writer, generation->keys);
        if (!status)
            status = store_delete(writer, meta, meta_key(generation->number, buffer));
    }
    return status;
}
