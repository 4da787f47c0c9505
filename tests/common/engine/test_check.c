/* SPDX-License-Identifier: MIT */
/* The store's check of itself: silent about a store that is well, and not about one
   that is not. Faults are put into the tables behind the engine's back. */
#include "tests/common/engine/rig.h"

#include <stdlib.h>

#include <criterion/criterion.h>

static struct rig rig;
static uint64_t actor;

static void setup(void)
{
    rig_init(&rig);
    rig_open(&rig);
    actor = rig_create(&rig, "counter_1");
    rig_send(&rig, actor, "tasks@done", "1");
    rig_control(&rig, actor, "suspend");
    rig_send(&rig, actor, "tasks@k", "1");
    rig_send(&rig, actor, "tasks@later,delay=1h", "1");
}

/* Not rig_close, which would check. */
static void teardown(void)
{
    engine_close(rig.engine);
    rig.engine = NULL;
    rig_close(&rig);
}

TestSuite(check, .init = setup, .fini = teardown);

static void expect_fault(const char *what)
{
    BYTES_AUTO(out);
    struct engine *engine = rig.engine;
    index_seal(engine->index, journal_last(engine->journal) + 1);
    index_publish(engine->index, journal_last(engine->journal) + 1);
    cr_assert_gt(engine_check(engine, &out), 0, "%s was not noticed", what);
    bytes_append(&out, view_of("", 1));
    cr_assert_not_null(strstr(out.data, what), "%s\nnot\n%s", out.data, what);
    cr_assert_not_null(strstr(out.data, "counter_1\t"));
}

static uint64_t next(void)
{
    return journal_last(rig.engine->journal) + 1;
}

static void put(enum table table, struct view key, struct view value)
{
    index_put_value(rig.engine->index, table, key, next(), value);
}

/* The packed task, to be changed. */
static char *task_bytes(uint64_t sequence, size_t *size_out)
{
    struct pair_key key;
    struct view packed;
    struct index_snapshot snapshot;
    index_snapshot_begin(rig.engine->index, &snapshot);
    cr_assert(
        index_get(&snapshot, TABLE_LIVE, pair_key(&key, actor, sequence), &packed));
    char *copy = memory_take(packed.size);
    memcpy(copy, packed.data, packed.size);
    *size_out = packed.size;
    index_snapshot_end(&snapshot);
    return copy;
}

Test(check, finds_nothing_where_nothing_is_wrong)
{
    BYTES_AUTO(out);
    cr_assert_eq(engine_check(rig.engine, &out), 0);
    rig_tidy(&rig);
    cr_assert_eq(engine_check(rig.engine, &out), 0);
    cr_assert_eq(out.size, 0);
}

Test(check, finds_a_task_that_is_missing)
{
    struct pair_key key;
    index_delete(rig.engine->index, TABLE_LIVE, pair_key(&key, actor, 2), next());
    expect_fault("pending: the actor's record says 1, there are 0");
}

Test(check, finds_a_delayed_task_that_is_missing)
{
    struct pair_key key;
    index_delete(rig.engine->index, TABLE_LIVE, pair_key(&key, actor, 3), next());
    expect_fault("delayed: the actor's record says 1, there are 0");
}

Test(check, finds_a_message_that_is_not_what_was_sent)
{
    size_t size;
    struct pair_key key;
    char *bytes = task_bytes(2, &size);
    bytes[size - 5] ^= 1; /* the message's only byte: the result's size follows it */
    put(TABLE_LIVE, pair_key(&key, actor, 2), view_of(bytes, size));
    expect_fault("fingerprint");
    free(bytes);
}

Test(check, finds_bytes_that_are_no_task)
{
    struct pair_key key;
    put(TABLE_LIVE, pair_key(&key, actor, 2), view_text("garbage"));
    expect_fault("readable task");
}

Test(check, finds_a_place_that_leads_nowhere)
{
    struct pair_key key;
    char forward[FORWARD_BYTES];
    forward_pack(77, forward);
    put(TABLE_LIVE, pair_key(&key, actor, 2), view_of(forward, sizeof(forward)));
    expect_fault("task of a forward");
}

Test(check, finds_a_receipt_that_is_missing)
{
    struct text_key key;
    index_delete(rig.engine->index, TABLE_KEYS, text_key(&key, actor, view_text("k")),
                 next());
    expect_fault("receipt of task");
}

Test(check, finds_a_log_line_that_is_missing_or_garbage)
{
    struct pair_key key;
    index_delete(rig.engine->index, TABLE_LOG, pair_key(&key, actor, 1), next());
    expect_fault("lines of log");
    put(TABLE_LOG, pair_key(&key, actor, 1), view_text("garbage"));
    expect_fault("readable log line");
}

Test(check, finds_a_name_that_is_missing)
{
    index_delete(rig.engine->index, TABLE_NAMES, view_text("counter_1"), next());
    expect_fault("name");
}

Test(check, finds_a_state_of_another_size)
{
    struct pair_key key;
    put(TABLE_STATES, single_key(&key, actor), view_text("longer than it was"));
    expect_fault("state-bytes");
}

Test(check, finds_a_journal_that_is_gone)
{
    BYTES_AUTO(out);
    rig_tidy(&rig);
    rig_send(&rig, actor, "tasks@last", "1");
    engine_close(rig.engine);
    faulty_disk_close(rig.faulty);
    rig.faulty = faulty_disk_open(2);
    rig.options.journal_disk = faulty_disk_interface(rig.faulty);
    rig_open(&rig);
    cr_assert_eq(engine_check(rig.engine, &out), 1);
    cr_assert(view_starts_with(view_bytes(&out), "journal\t"));
}
