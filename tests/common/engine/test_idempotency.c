/* SPDX-License-Identifier: MIT */
/*
 * Contract, section 5, as far as it is not HTTP's: what the same key gets, by the state
 * of its task and the door it came through, and how long that is remembered.
 */
#include "tests/common/engine/rig.h"

#include <stdio.h>

#include <criterion/criterion.h>

#define DAY_MS INT64_C(86400000)

static struct rig rig;
static uint64_t actor;

static void setup(void)
{
    rig_init(&rig);
    rig_open(&rig);
    actor = rig_create(&rig, "counter_1");
}

static void teardown(void)
{
    rig_close(&rig);
}

TestSuite(idempotency, .init = setup, .fini = teardown);

static void remake_with(const char *key, const char *message)
{
    char name[64];
    snprintf(name, sizeof(name), "tasks@%s", key);
    cr_assert_eq(rig_send(&rig, actor, name, message).status, STATUS_OK);
}

/* A task of each state, under its name. */
static void make_one_of_each(void)
{
    remake_with("done", "1");
    remake_with("failed", "x");
    rig_control(&rig, actor, "suspend");
    remake_with("canceled", "2");
    rig_control(&rig, actor, "cancel canceled");
    remake_with("pending", "3");
    remake_with("delayed,delay=1h", "4");
}

static const struct {
    const char *key, *message, *other, *outcome;
    enum status status;
} table[] = {
    {"done", "1", "2", "1\n", STATUS_OK},
    {"failed", "x", "y", "counter: the message is not a whole number, such as 1 or -5",
     STATUS_FAILED},
    {"canceled", "2", "3", "", STATUS_CANCELED},
    {"pending", "3", "4", "", STATUS_AGAIN},
    {"delayed", "4", "5", "", STATUS_AGAIN},
};
#define ROWS (sizeof(table) / sizeof(*table))

static void expect_row(size_t i, const char *when)
{
    char name[64];
    struct actor_info before = rig_info(&rig, actor);
    snprintf(name, sizeof(name), "tasks@%s", table[i].key);
    struct reply again = rig_send(&rig, actor, name, table[i].message);
    cr_assert_eq(again.status, STATUS_OK, "%s, %s", when, name);
    cr_assert(again.replayed, "%s, %s", when, name);
    snprintf(name, sizeof(name), "execute@%s,delay=5s", table[i].key);
    struct reply other_door = rig_send(&rig, actor, name, table[i].message);
    cr_assert(other_door.replayed, "%s, %s", when, name);
    cr_assert_eq(other_door.sequence, again.sequence);
    cr_assert_eq(rig_send(&rig, actor, name, table[i].other).status, STATUS_CONFLICT,
                 "%s, %s", when, name);
    rig_expect(&rig, actor, table[i].key, table[i].status, table[i].outcome);
    struct actor_info after = rig_info(&rig, actor);
    cr_assert_eq(before.changes, after.changes, "%s, %s changed something", when, name);
}

Test(idempotency, the_same_key_gets_the_same_whatever_became_of_it)
{
    make_one_of_each();
    for (size_t i = 0; i < ROWS; i++)
        expect_row(i, "at once");
    rig_tidy(&rig);
    for (size_t i = 0; i < ROWS; i++)
        expect_row(i, "from LMDB");
    rig_crash(&rig);
    for (size_t i = 0; i < ROWS; i++)
        expect_row(i, "after a crash");
}

Test(idempotency, the_scope_of_a_key_is_the_actor)
{
    uint64_t other = rig_create(&rig, "counter_2");
    remake_with("k", "1");
    struct reply reply = rig_send(&rig, other, "tasks@k", "2");
    cr_assert_eq(reply.status, STATUS_OK);
    cr_assert_not(reply.replayed);
    rig_expect(&rig, actor, "k", STATUS_OK, "1\n");
    rig_expect(&rig, other, "k", STATUS_OK, "2\n");
}

Test(idempotency, keys_differ_by_every_byte_and_by_case)
{
    static const char *const keys[] = {"k", "K", "kk", "k%20", "%20k", "k~2", "k%7E2"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        char name[64];
        snprintf(name, sizeof(name), "tasks@%s", keys[i]);
        cr_assert_not(rig_send(&rig, actor, name, "1").replayed, "%s", keys[i]);
    }
    cr_assert_str_eq(rig_state(&rig, actor), "7\n");
}

Test(idempotency, one_final_newline_makes_no_other_message)
{
    static const char *const same[] = {"5", "5\n", "5\r\n"};
    static const char *const others[] = {"5\n\n", "5 ", "5\r", "\n5", "5\n\r\n"};
    for (size_t first = 0; first < 3; first++) {
        char name[16];
        snprintf(name, sizeof(name), "tasks@k%d", (int)first);
        rig_send(&rig, actor, name, same[first]);
        for (size_t i = 0; i < 3; i++)
            cr_assert(rig_send(&rig, actor, name, same[i]).replayed);
        for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
            cr_assert_eq(rig_send(&rig, actor, name, others[i]).status, STATUS_CONFLICT,
                         "%d and %d", (int)first, (int)i);
    }
}

Test(idempotency, a_hundred_at_once_are_one_turn)
{
    struct reply replies[100];
    unsigned replayed = 0;
    for (unsigned i = 0; i < 100; i++)
        rig_ask_send(&rig, actor, "tasks@k", "1", &replies[i]);
    rig_run(&rig);
    for (unsigned i = 0; i < 100; i++) {
        cr_assert_eq(replies[i].called, 1);
        cr_assert_eq(replies[i].status, STATUS_OK);
        cr_assert_eq(replies[i].sequence, 1);
        replayed += replies[i].replayed;
    }
    cr_assert_eq(replayed, 99);
    cr_assert_str_eq(rig_state(&rig, actor), "1\n");
}

Test(idempotency, nobody_hears_of_a_duplicate_before_the_first_is_on_disk)
{
    struct reply first, second;
    rig_ask_send(&rig, actor, "tasks@k", "1", &first);
    core_step(rig.engine);
    rig_ask_send(&rig, actor, "tasks@k", "1", &second);
    core_step(rig.engine);
    cr_assert_eq(first.called + second.called, 0);
    core_commit(rig.engine);
    cr_assert_eq(first.called, 1);
    cr_assert_eq(second.called, 1);
}

Test(idempotency, a_bulk_load_broken_off_and_run_again_adds_nothing_twice)
{
    rig_send_many(&rig, actor, "tasks@load", 40);
    rig_crash(&rig);
    struct reply reply = rig_send_many(&rig, actor, "tasks@load", 100);
    cr_assert_eq(reply.status, STATUS_OK);
    cr_assert_not(reply.replayed);
    cr_assert_eq(rig_info(&rig, actor).done, 100);
    cr_assert_str_eq(rig_state(&rig, actor), "4950\n");
    cr_assert(rig_send_many(&rig, actor, "tasks@load", 100).replayed);
}

/* The first lines in LMDB, finished or not, the next ones in the part of memory that a
   checkpoint is writing, the last ones behind that. */
Test(idempotency, a_bulk_load_is_known_again_wherever_its_lines_lie)
{
    for (unsigned suspended = 0; suspended < 2; suspended++) {
        uint64_t loaded = rig_create(&rig, suspended ? "echo_2" : "echo_1");
        if (suspended)
            rig_control(&rig, loaded, "suspend");
        rig_send_many(&rig, loaded, "tasks@load", 10);
        cr_assert(rig_send_many(&rig, loaded, "tasks@load", 10).replayed);
        rig_tidy(&rig);
        cr_assert(rig_send_many(&rig, loaded, "tasks@load", 10).replayed);
        rig_send_many(&rig, loaded, "tasks@load", 20);
        cr_assert(checkpoint_begin(rig.engine));
        rig_send_many(&rig, loaded, "tasks@load", 30);
        struct reply reply = rig_send_many(&rig, loaded, "tasks@load", 30);
        cr_assert(reply.replayed);
        cr_assert_eq(reply.sequence, 30);
        cr_assert_eq(checkpoint_now(rig.engine), STATUS_OK);
        cr_assert(rig_send_many(&rig, loaded, "tasks@load", 30).replayed);
        struct actor_info info = rig_info(&rig, loaded);
        cr_assert_eq(info.pending + info.done, 30);
    }
}

Test(idempotency, a_refusal_is_no_outcome)
{
    rig_control(&rig, actor, "suspend");
    rig.options.mailbox_tasks_max = 1;
    rig_reopen(&rig);
    remake_with("first", "1");
    cr_assert_eq(rig_send(&rig, actor, "tasks@k", "1").status, STATUS_FULL);
    rig_expect(&rig, actor, "k", STATUS_NOT_FOUND, "");
    rig_control(&rig, actor, "resume");
    cr_assert_eq(rig_send(&rig, actor, "tasks@k", "other").status, STATUS_OK);
}

Test(idempotency, tasks_and_execute_without_a_key_are_never_duplicates)
{
    rig_send(&rig, actor, "tasks", "1");
    cr_assert_not(rig_send(&rig, actor, "tasks", "1").replayed);
    cr_assert_not(rig_send(&rig, actor, "execute", "1").replayed);
    cr_assert_str_eq(rig_state(&rig, actor), "3\n");
}

/* --------------------------------------------------------------- retention --- */

static void go_on(int64_t ms)
{
    rig_advance(&rig, ms);
    rig_run(&rig);
}

static bool is_known(const char *name)
{
    struct key key = rig_key(name);
    struct task_info info;
    return engine_task(rig.engine, actor, &key, &info) == STATUS_OK;
}

Test(idempotency, an_outcome_is_remembered_7_days_and_a_failure_30)
{
    make_one_of_each();
    go_on(7 * DAY_MS - 1);
    cr_assert(is_known("done") && is_known("failed") && is_known("canceled"));
    go_on(1);
    cr_assert_not(is_known("done"));
    cr_assert_not(is_known("canceled"));
    cr_assert(is_known("failed"));
    cr_assert(is_known("pending"), "unfinished tasks never expire");
    go_on(23 * DAY_MS - 1);
    cr_assert(is_known("failed"));
    go_on(1);
    cr_assert_not(is_known("failed"));
    go_on(365 * DAY_MS);
    cr_assert(is_known("pending"));
}

Test(idempotency, an_expired_key_is_new_again)
{
    remake_with("k", "1");
    rig_tidy(&rig);
    go_on(7 * DAY_MS);
    struct reply reply = rig_send(&rig, actor, "tasks@k", "5");
    cr_assert_eq(reply.status, STATUS_OK);
    cr_assert_not(reply.replayed);
    rig_expect(&rig, actor, "k", STATUS_OK, "6\n");
    rig_tidy(&rig);
    go_on(DAY_MS);
    rig_tidy(&rig);
    rig_crash(&rig);
    rig_expect(&rig, actor, "k", STATUS_OK, "6\n");
}

Test(idempotency, retention_runs_from_completion)
{
    rig_control(&rig, actor, "suspend");
    remake_with("k", "1");
    go_on(30 * DAY_MS);
    rig_control(&rig, actor, "resume");
    go_on(7 * DAY_MS - 1);
    cr_assert(is_known("k"));
    go_on(1);
    cr_assert_not(is_known("k"));
}

Test(idempotency, a_wall_clock_that_jumps_forgets_nothing_early)
{
    remake_with("k", "1");
    rig.wall_ms += 365 * DAY_MS;
    rig_run(&rig);
    cr_assert(is_known("k"));
    rig_tidy(&rig);
    rig_crash(&rig);
    cr_assert(is_known("k"));
    rig.wall_ms -= 2 * 365 * DAY_MS;
    rig_run(&rig);
    cr_assert(is_known("k"));
}

Test(idempotency, time_without_a_daemon_does_not_count)
{
    remake_with("k", "1");
    go_on(6 * DAY_MS);
    rig_tidy(&rig);
    engine_close(rig.engine);
    rig_advance(&rig, 30 * DAY_MS);
    rig_open(&rig);
    rig_run(&rig);
    cr_assert(is_known("k"));
    go_on(DAY_MS);
    cr_assert_not(is_known("k"));
}

Test(idempotency, tasks_without_a_key_are_remembered_an_hour_and_the_last_hundred)
{
    rig_send(&rig, actor, "tasks", "1");
    rig_send_many(&rig, actor, "tasks", 99);
    cr_assert(is_known(".1"));
    rig_send(&rig, actor, "tasks", "1");
    cr_assert_not(is_known(".1"));
    cr_assert(is_known(".2"));
    remake_with("k", "1");
    cr_assert(is_known(".2"), "tasks with a key do not count");
    go_on(3600 * 1000 - 1);
    cr_assert(is_known(".101"));
    go_on(1);
    cr_assert_not(is_known(".101"));
    cr_assert(is_known("k"));
}

Test(idempotency, receipts_expire_from_lmdb_too_and_their_tables_go, .timeout = 60)
{
    for (unsigned day = 0; day < 60; day++) {
        char key[16];
        snprintf(key, sizeof(key), "done-%u", day);
        remake_with(key, "1");
        snprintf(key, sizeof(key), "failed-%u", day);
        remake_with(key, "x");
        rig_send(&rig, actor, "tasks", "1");
        rig_tidy(&rig);
        if (day % 9 == 0)
            rig_crash(&rig);
        for (unsigned past = 0; past <= day; past++) {
            snprintf(key, sizeof(key), "done-%u", past);
            cr_assert_eq(is_known(key), day - past < 7, "%s on day %u", key, day);
            snprintf(key, sizeof(key), "failed-%u", past);
            cr_assert_eq(is_known(key), day - past < 30, "%s on day %u", key, day);
        }
        go_on(DAY_MS);
    }
}

Test(idempotency, a_retried_task_is_remembered_from_its_last_completion)
{
    remake_with("k", "x");
    go_on(29 * DAY_MS);
    rig_control(&rig, actor, "retry k");
    go_on(29 * DAY_MS);
    cr_assert(is_known("k"));
    go_on(DAY_MS);
    cr_assert_not(is_known("k"));
}

Test(idempotency, retries_do_not_lengthen_what_succeeds_in_the_end)
{
    rig_set_state(&rig, actor, "x", STATE_VERSION_ANY);
    remake_with("k", "1");
    rig_tidy(&rig);
    rig_set_state(&rig, actor, "1", STATE_VERSION_ANY);
    rig_control(&rig, actor, "retry k");
    rig_expect(&rig, actor, "k", STATUS_OK, "2\n");
    rig_tidy(&rig);
    go_on(7 * DAY_MS);
    cr_assert_not(is_known("k"));
    cr_assert_not(rig_send(&rig, actor, "tasks@k", "7").replayed);
    rig_tidy(&rig);
    rig_crash(&rig);
    rig_expect(&rig, actor, "k", STATUS_OK, "9\n");
}
