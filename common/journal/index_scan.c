/* SPDX-License-Identifier: MIT */
/*
 * Scans over both parts of the index.
 */
#include "common/base/log.h"
#include "common/journal/index_internal.h"
#include "common/journal/record.h"

/* Numbers below `stored_end` are found through LMDB, with memory's word on each; those
   from there on can be in memory only, where they are probed one by one: there are no
   more of them than were given out since the last checkpoint. */
struct scan {
    struct index_snapshot *snapshot;
    enum table table;
    uint64_t actor;
    size_t prefix; /* bytes of key before the number: 8, or 0 */
    uint64_t from, to, stored_end;
    index_scan_fn *each;
    void *context;
    bool stopped;
};

static struct view scan_key(const struct scan *scan, struct pair_key *key,
                            uint64_t number)
{
    return scan->prefix ? pair_key(key, scan->actor, number) : single_key(key, number);
}

static bool visit(struct scan *scan, uint64_t number, struct view value)
{
    scan->stopped = !scan->each(scan->context, number, value);
    return !scan->stopped;
}

static bool visit_stored(void *context, struct view key, struct view value)
{
    struct scan *scan = context;
    if (key.size != scan->prefix + 8 ||
        (scan->prefix && number_from_key(key.data) != scan->actor))
        return false;
    uint64_t number = number_from_key(key.data + scan->prefix);
    if (number >= scan->to || number >= scan->stored_end)
        return false;
    const struct version *version = index_in_memory(scan->snapshot, scan->table, key);
    if (version && version->deleted)
        return true;
    if (version)
        value = view_of(version->data, version->size);
    return visit(scan, number, value);
}

static void run_scan(struct scan *scan)
{
    struct pair_key key;
    if (scan->from < scan->stored_end)
        store_scan(scan->snapshot->reader, scan->snapshot->index->tables[scan->table],
                   scan_key(scan, &key, scan->from), visit_stored, scan);
    uint64_t number = scan->from > scan->stored_end ? scan->from : scan->stored_end;
    for (; number < scan->to && !scan->stopped; number++) {
        const struct version *version =
            index_in_memory(scan->snapshot, scan->table, scan_key(scan, &key, number));
        if (version && !version->deleted)
            visit(scan, number, view_of(version->data, version->size));
    }
}

/* What LMDB's own record of the actor counts up to. */
static uint64_t stored_end_of(struct index_snapshot *snapshot, enum table table,
                              uint64_t actor)
{
    struct pair_key key;
    struct view packed;
    struct actor_record record;
    if (!store_get(snapshot->reader, snapshot->index->tables[TABLE_ACTORS],
                   single_key(&key, actor), &packed))
        return 0;
    ENSURE(actor_unpack(packed, &record));
    return table == TABLE_LOG ? record.head.log_next : record.head.next_slot;
}

void index_scan(struct index_snapshot *snapshot, enum table table, uint64_t actor,
                uint64_t from, uint64_t to, index_scan_fn *each, void *context)
{
    struct scan scan = {.snapshot = snapshot,
                        .table = table,
                        .actor = actor,
                        .prefix = 8,
                        .from = from,
                        .to = to,
                        .stored_end = stored_end_of(snapshot, table, actor),
                        .each = each,
                        .context = context};
    run_scan(&scan);
}

void index_scan_actors(struct index_snapshot *snapshot, uint64_t from, uint64_t to,
                       index_scan_fn *each, void *context)
{
    struct scan scan = {.snapshot = snapshot,
                        .table = TABLE_ACTORS,
                        .from = from,
                        .to = to,
                        .stored_end = snapshot->index->stored_next_actor,
                        .each = each,
                        .context = context};
    run_scan(&scan);
}

void index_scan_stored(struct index_snapshot *snapshot, enum table table,
                       struct view from, store_scan_fn *each, void *context)
{
    ENSURE(table != TABLE_DONE);
    store_scan(snapshot->reader, snapshot->index->tables[table], from, each, context);
}
