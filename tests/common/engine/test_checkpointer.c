/* SPDX-License-Identifier: MIT */
/*
 * A checkpoint that is broken off leaves tables that are partly of the future; replay
 * starts over them at the old position. Here everything that can be asked of a store is
 * written down, the checkpoint is broken off at its n-th commit, for every n, and after
 * the next opening the store must read the same.
 */
#include "tests/common/engine/rig.h"

#include <criterion/criterion.h>

#include "common/journal/index_internal.h"

static const char *const keys[] = {"a", "b", "c",  "d",  "e",  "f",
                                   "g", "h", "t1", "t2", "t3", ".1"};

static bool describe_actor(void *context, const struct actor_info *info)
{
    struct bytes *out = context;
    bytes_format(
        out,
        "%s id %llu activity %d pending %llu delayed %llu done %llu failed "
        "%llu canceled %llu bytes %llu state %llu/%llu log %llu\n",
        info->name, (unsigned long long)info->id, (int)info->activity,
        (unsigned long long)info->pending, (unsigned long long)info->delayed,
        (unsigned long long)info->done, (unsigned long long)info->failed,
        (unsigned long long)info->canceled, (unsigned long long)info->mailbox_bytes,
        (unsigned long long)info->state_version, (unsigned long long)info->state_bytes,
        (unsigned long long)info->log_bytes);
    return true;
}

static void describe_key(struct rig *rig, uint64_t actor, const char *key,
                         struct bytes *out)
{
    enum status status;
    struct task_info info = {0};
    struct key held = rig_key(key);
    const char *text = rig_outcome(rig, actor, key, &status);
    bytes_format(out, "  %s %s %s", key, status_text(status), text);
    if (engine_task(rig->engine, actor, &held, &info) == STATUS_OK)
        bytes_format(out, " %llu %s %u", (unsigned long long)info.sequence,
                     task_state_text(info.state), info.attempts);
    bytes_append_text(out, "\n");
}

/* All that can be asked. */
static void describe(struct rig *rig, struct bytes *out)
{
    bytes_clear(out);
    engine_list(rig->engine, 0, describe_actor, out);
    bytes_append_text(out, rig_attention(rig));
    for (uint64_t actor = 1; actor < 5; actor++) {
        struct actor_info info;
        if (engine_actor(rig->engine, actor, &info) != STATUS_OK)
            continue;
        bytes_format(out, "%s\n%s\n%s\n%s\n", info.name, rig_mailbox(rig, actor),
                     rig_log(rig, actor), rig_state(rig, actor));
        for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
            describe_key(rig, actor, keys[i], out);
    }
}

/* What LMDB knows by the time of the checkpoint that is broken off. */
static void live_before(struct rig *rig)
{
    uint64_t one = rig_create(rig, "counter_1"), two = rig_create(rig, "keep_2");
    rig_create(rig, "gone");
    rig_send(rig, one, "tasks@a", "1");
    rig_send(rig, one, "tasks@b", "no number");
    rig_send(rig, one, "tasks@c", "no number");
    rig_control(rig, one, "suspend");
    rig_send(rig, one, "tasks@d", "1");
    rig_send(rig, one, "tasks@e", "2");
    rig_send(rig, one, "tasks@f", "3");
    rig_send(rig, one, "tasks@t1,delay=10s", "4");
    rig_send(rig, one, "tasks@,delay=20s,timer=x", "5");
    rig_send(rig, two, "tasks@a", "kept");
}

/* Everything that moves or ends a task, and what else changes an actor. */
static void live_on(struct rig *rig)
{
    rig_control(rig, 1, "retry b\nforget d\ncancel e\nforget a");
    rig_advance(rig, 15000);
    rig_run(rig);
    rig_send(rig, 1, "tasks@,delay=20s,timer=x", "5");
    rig_control(rig, 1, "forget c\nresume");
    rig_run(rig);
    rig_send(rig, 1, "tasks@g", "6");
    rig_send(rig, 1, "tasks", "7");
    rig_control(rig, 1, "retry b\nretry e");
    rig_send(rig, 1, "tasks@a", "100");
    rig_remove(rig, 3);
    rig_create(rig, "counter_4");
    rig_send(rig, 2, "tasks@h,delay=5s", "later");
    rig_control(rig, 2, "forget h");
    rig_set_state(rig, 2, "from outside", STATE_VERSION_ANY);
    rig_set_behavior(rig, 2, "echo");
    rig_control(rig, 2, "suspend\nforget a");
    rig_run(rig);
}

/* A week later: receipts have expired, and their tables are about to be dropped. */
static void live_on_late(struct rig *rig)
{
    rig_advance(rig, INT64_C(8) * 86400000);
    rig_send(rig, 2, "tasks@g", "kept");
    rig_tidy(rig);
    rig_send(rig, 1, "tasks@a", "other");
    rig_control(rig, 1, "retry b\nforget c\ncancel e");
    rig_control(rig, 1, "resume");
    rig_send(rig, 2, "tasks@a", "again");
    rig_control(rig, 2, "forget a");
}

static void assert_same(const struct bytes *now, const struct bytes *before,
                        const char *when, unsigned nth)
{
    cr_assert(view_equal(view_bytes(now), view_bytes(before)),
              "%s, broken off at commit %u, the store reads\n%.*s\nnot\n%.*s", when,
              nth, (int)now->size, now->data, (int)before->size, before->data);
}

/* Whether the checkpoint was broken off. */
static bool break_off_at(unsigned nth, bool in_process, void (*live)(struct rig *rig))
{
    struct rig rig;
    BYTES_AUTO(before);
    BYTES_AUTO(now);
    rig_init(&rig);
    rig_open(&rig);
    live_before(&rig);
    rig_tidy(&rig);
    live(&rig);
    describe(&rig, &before);
    index_bound_pages(rig.engine->index, 0);
    index_fail_commit(rig.engine->index, nth);
    bool broken = checkpoint_now(rig.engine) != STATUS_OK;
    index_fail_commit(rig.engine->index, 0);
    describe(&rig, &now);
    assert_same(&now, &before, "at once", nth);
    if (in_process) {
        cr_assert_eq(checkpoint_now(rig.engine), STATUS_OK);
        describe(&rig, &now);
        assert_same(&now, &before, "after the next try", nth);
    }
    rig_crash(&rig);
    rig_run(&rig);
    describe(&rig, &now);
    assert_same(&now, &before, "after a crash", nth);
    rig_tidy(&rig);
    rig_reopen(&rig);
    cr_assert_eq(rig.engine->timers.count, rig.engine->totals.delayed,
                 "broken off at commit %u, a timer is left behind", nth);
    rig_run(&rig);
    describe(&rig, &now);
    assert_same(&now, &before, "after the next checkpoint", nth);
    rig_close(&rig);
    return broken;
}

static void break_off_everywhere(bool in_process, void (*live)(struct rig *rig))
{
    unsigned nth = 1;
    while (break_off_at(nth, in_process, live))
        nth++;
    cr_assert_gt(nth, 20);
}

Test(checkpointer, broken_off_anywhere_it_leaves_the_store_as_it_was, .timeout = 120)
{
    break_off_everywhere(false, live_on);
}

Test(checkpointer, broken_off_anywhere_it_can_be_tried_again, .timeout = 120)
{
    break_off_everywhere(true, live_on);
}

Test(checkpointer, broken_off_while_receipts_are_dropped_likewise, .timeout = 120)
{
    break_off_everywhere(false, live_on_late);
    break_off_everywhere(true, live_on_late);
}

static uint64_t stored_tasks(struct rig *rig)
{
    const struct index *index = rig->engine->index;
    struct store_reader *reader = store_read_begin(index->store);
    uint64_t count = 0;
    for (uint32_t i = 0; i < index->generations.count; i++)
        count += store_entries(reader, index->generations.list[i].done);
    store_read_end(reader);
    return count;
}

Test(checkpointer, spares_lmdb_the_tasks_without_a_key_that_are_forgotten_already)
{
    struct rig rig;
    enum status status;
    rig_init(&rig);
    rig_open(&rig);
    uint64_t actor = rig_create(&rig, "echo_1");
    for (unsigned i = 0; i < 3 * RETENTION_KEYLESS_TASKS; i++)
        rig_send(&rig, actor, "tasks", "x");
    rig_tidy(&rig);
    cr_assert_eq(stored_tasks(&rig), RETENTION_KEYLESS_TASKS);
    rig_reopen(&rig);
    cr_assert_str_eq(rig_outcome(&rig, actor, ".201", &status), "x");
    cr_assert_eq(status, STATUS_OK);
    rig_outcome(&rig, actor, ".200", &status);
    cr_assert_eq(status, STATUS_NOT_FOUND);
    rig_close(&rig);
}

/* Else the sequencer would sleep on over requests that may be taken by now. */
Test(checkpointer, holds_nobody_up_when_it_is_over)
{
    struct rig rig;
    rig_init(&rig);
    rig_open(&rig);
    rig_create(&rig, "echo_1");
    cr_assert(checkpoint_begin(rig.engine));
    rig.engine->holding = true;
    cr_assert_eq(checkpoint_now(rig.engine), STATUS_OK);
    cr_assert_not(rig.engine->holding);
    rig_close(&rig);
}
