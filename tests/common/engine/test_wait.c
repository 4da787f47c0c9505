/* SPDX-License-Identifier: MIT */
/* Waiting costs no thread; ends are the hard part. */
#include "tests/common/engine/rig.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include <criterion/criterion.h>

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

TestSuite(wait, .init = setup, .fini = teardown);

struct waiter {
    struct engine_wait *wait;
    unsigned called;
    enum status status;
    bool end_within; /* the wake ends its own wait */
    bool ended_silently;
};

static void wake(void *context, enum status status)
{
    struct waiter *waiter = context;
    waiter->called++;
    waiter->status = status;
    if (waiter->end_within)
        waiter->ended_silently = engine_wait_end(waiter->wait);
}

static void wait_task(struct waiter *waiter, uint64_t sequence, int64_t timeout_ms)
{
    waiter->wait =
        engine_wait_task(rig.engine, actor, sequence, timeout_ms, wake, waiter);
}

static void hold_one_back(void)
{
    rig_control(&rig, actor, "suspend");
    rig_send(&rig, actor, "tasks@k", "1");
}

Test(wait, a_waiter_is_called_once_when_the_task_is_done)
{
    struct waiter waiter = {0};
    hold_one_back();
    wait_task(&waiter, 1, 0);
    rig_run(&rig);
    cr_assert_eq(waiter.called, 0);
    rig_control(&rig, actor, "resume");
    cr_assert_eq(waiter.called, 1);
    cr_assert_eq(waiter.status, STATUS_OK);
    rig_send(&rig, actor, "tasks", "1");
    cr_assert_eq(waiter.called, 1);
    cr_assert_not(engine_wait_end(waiter.wait));
}

Test(wait, it_is_called_only_when_the_outcome_can_be_read)
{
    struct waiter waiter = {0};
    struct reply reply = {0};
    hold_one_back();
    wait_task(&waiter, 1, 0);
    engine_control(rig.engine, actor, view_text("resume"), rig_done, &reply);
    core_step(rig.engine);
    cr_assert_eq(waiter.called, 0);
    core_commit(rig.engine);
    cr_assert_eq(waiter.called, 1);
    rig_expect(&rig, actor, "k", STATUS_OK, "1\n");
    engine_wait_end(waiter.wait);
}

Test(wait, a_task_that_is_over_calls_within_the_call)
{
    struct waiter waiter = {0};
    rig_send(&rig, actor, "tasks", "1");
    wait_task(&waiter, 1, 0);
    cr_assert_eq(waiter.called, 1);
    cr_assert_eq(waiter.status, STATUS_OK);
    engine_wait_end(waiter.wait);
    rig_tidy(&rig);
    rig_reopen(&rig);
    waiter = (struct waiter){0};
    wait_task(&waiter, 1, 1000);
    cr_assert_eq(waiter.called, 1);
    engine_wait_end(waiter.wait);
}

Test(wait, a_task_or_actor_that_is_not_there_is_not_found)
{
    struct waiter task = {0}, change = {0};
    wait_task(&task, 99, 0);
    cr_assert_eq(task.called, 1);
    cr_assert_eq(task.status, STATUS_NOT_FOUND);
    change.wait = engine_wait_change(rig.engine, actor + 1, 0, wake, &change);
    cr_assert_eq(change.called, 1);
    cr_assert_eq(change.status, STATUS_NOT_FOUND);
    engine_wait_end(task.wait);
    engine_wait_end(change.wait);
}

Test(wait, canceled_failed_and_retired_end_it_too)
{
    struct waiter waiters[4] = {0};
    rig_control(&rig, actor, "suspend");
    rig_send(&rig, actor, "tasks@canceled", "1");
    rig_send(&rig, actor, "tasks@failed", "x");
    rig_send(&rig, actor, "tasks@forgotten", "1");
    for (unsigned i = 0; i < 3; i++)
        wait_task(&waiters[i], i + 1, 0);
    rig_control(&rig, actor, "cancel canceled\nforget forgotten");
    cr_assert_eq(waiters[0].called, 1);
    cr_assert_eq(waiters[2].called, 1);
    rig_control(&rig, actor, "resume");
    cr_assert_eq(waiters[1].called, 1);
    cr_assert_eq(waiters[1].status, STATUS_OK);
    waiters[3].wait = engine_wait_change(
        rig.engine, actor, rig_info(&rig, actor).changes, wake, &waiters[3]);
    cr_assert_eq(waiters[3].called, 0);
    rig_remove(&rig, actor);
    cr_assert_eq(waiters[3].called, 1);
    cr_assert_eq(waiters[3].status, STATUS_NOT_FOUND);
    for (unsigned i = 0; i < 4; i++)
        engine_wait_end(waiters[i].wait);
}

Test(wait, it_times_out_by_the_monotonic_clock)
{
    struct waiter waiter = {0}, longer = {0};
    hold_one_back();
    wait_task(&waiter, 1, 1000);
    wait_task(&longer, 1, 5000);
    rig.wall_ms += 10000;
    rig_run(&rig);
    cr_assert_eq(waiter.called, 0);
    cr_assert_leq(core_idle_ns(rig.engine), 1000000000);
    rig_advance(&rig, 1000);
    rig_run(&rig);
    cr_assert_eq(waiter.called, 1);
    cr_assert_eq(waiter.status, STATUS_TIMEOUT);
    cr_assert_eq(longer.called, 0);
    rig_control(&rig, actor, "resume");
    cr_assert_eq(waiter.called, 1);
    cr_assert_eq(longer.called, 1);
    cr_assert_eq(longer.status, STATUS_OK);
    engine_wait_end(waiter.wait);
    engine_wait_end(longer.wait);
}

Test(wait, ended_it_is_never_called)
{
    struct waiter waiter = {0};
    hold_one_back();
    wait_task(&waiter, 1, 1000);
    cr_assert(engine_wait_end(waiter.wait));
    rig_control(&rig, actor, "resume");
    rig_advance(&rig, 2000);
    rig_run(&rig);
    cr_assert_eq(waiter.called, 0);
    cr_assert_eq(atomic_load(&rig.engine->waiters.count), 0);
}

Test(wait, it_may_be_ended_from_within_its_own_call)
{
    struct waiter done = {.end_within = true}, timed = {.end_within = true};
    hold_one_back();
    wait_task(&done, 1, 0);
    wait_task(&timed, 1, 10);
    rig_advance(&rig, 10);
    rig_run(&rig);
    cr_assert_eq(timed.called, 1);
    cr_assert_not(timed.ended_silently);
    rig_control(&rig, actor, "resume");
    cr_assert_eq(done.called, 1);
    cr_assert_not(done.ended_silently);
}

/* One waiter's call ends another waiter, which is then not called. */
static void end_other(void *context, enum status status)
{
    struct waiter *waiters = context;
    (void)status;
    waiters[0].called++;
    waiters[1].ended_silently = engine_wait_end(waiters[1].wait);
}

Test(wait, one_call_may_end_another_wait)
{
    struct waiter waiters[2] = {0};
    hold_one_back();
    rig_send(&rig, actor, "tasks", "1");
    waiters[0].wait = engine_wait_task(rig.engine, actor, 1, 0, end_other, waiters);
    wait_task(&waiters[1], 2, 0);
    rig_control(&rig, actor, "resume");
    cr_assert_eq(waiters[0].called, 1);
    cr_assert(waiters[1].ended_silently);
    cr_assert_eq(waiters[1].called, 0);
    engine_wait_end(waiters[0].wait);
}

Test(wait, ten_thousand_wait_and_all_are_called, .timeout = 60)
{
    static struct waiter waiters[10000];
    rig_control(&rig, actor, "suspend");
    rig_send_many(&rig, actor, "tasks", 10);
    for (unsigned i = 0; i < 10000; i++)
        wait_task(&waiters[i], 1 + i % 10, i % 2 ? 1000 + i : 0);
    cr_assert_eq(atomic_load(&rig.engine->waiters.count), 10000);
    for (unsigned i = 0; i < 10000; i += 5)
        cr_assert(engine_wait_end(waiters[i].wait));
    rig_advance(&rig, 1000 + 5000);
    rig_run(&rig);
    rig_control(&rig, actor, "resume");
    for (unsigned i = 0; i < 10000; i++) {
        if (i % 5 == 0) {
            cr_assert_eq(waiters[i].called, 0);
            continue;
        }
        cr_assert_eq(waiters[i].called, 1, "%u", i);
        cr_assert_eq(waiters[i].status, i % 2 && i <= 5000 ? STATUS_TIMEOUT : STATUS_OK,
                     "%u", i);
        engine_wait_end(waiters[i].wait);
    }
    cr_assert_eq(atomic_load(&rig.engine->waiters.count), 0);
    cr_assert_eq(rig.engine->waiters.deadline_count, 0);
}

Test(wait, a_change_is_any_that_shows)
{
    static const char *const words[] = {"suspend", "resume"};
    for (unsigned i = 0; i < 2; i++) {
        struct waiter waiter = {0};
        waiter.wait = engine_wait_change(rig.engine, actor,
                                         rig_info(&rig, actor).changes, wake, &waiter);
        rig_run(&rig);
        cr_assert_eq(waiter.called, 0);
        rig_control(&rig, actor, words[i]);
        cr_assert_eq(waiter.called, 1);
        cr_assert_eq(waiter.status, STATUS_OK);
        engine_wait_end(waiter.wait);
    }
    struct waiter past = {0};
    past.wait = engine_wait_change(rig.engine, actor, rig_info(&rig, actor).changes - 1,
                                   wake, &past);
    cr_assert_eq(past.called, 1, "it has changed since");
    engine_wait_end(past.wait);
}

/* As `tail -f` does: from within the call the next change is waited for. */
static struct engine_wait *follower;
static unsigned followed;

static void follow(void *context, enum status status)
{
    uint64_t changes = rig_info(&rig, actor).changes;
    (void)context, (void)status;
    cr_assert_lt(++followed, 100, "it is called for ever");
    engine_wait_end(follower);
    follower = engine_wait_change(rig.engine, actor, changes, follow, NULL);
}

Test(wait, the_next_change_may_be_waited_for_from_within_the_call)
{
    follower = engine_wait_change(rig.engine, actor, rig_info(&rig, actor).changes,
                                  follow, NULL);
    rig_send(&rig, actor, "tasks", "1");
    unsigned before = followed;
    cr_assert_gt(before, 0);
    rig_run(&rig);
    cr_assert_eq(followed, before);
    rig_send(&rig, actor, "tasks", "1");
    cr_assert_gt(followed, before);
    cr_assert(engine_wait_end(follower));
}

Test(wait, another_actors_end_wakes_nobody)
{
    uint64_t other = rig_create(&rig, "counter_2");
    struct waiter task = {0}, change = {0};
    hold_one_back();
    wait_task(&task, 1, 0);
    change.wait = engine_wait_change(rig.engine, actor, rig_info(&rig, actor).changes,
                                     wake, &change);
    rig_send(&rig, other, "tasks", "1");
    rig_remove(&rig, other);
    cr_assert_eq(task.called + change.called, 0);
    cr_assert(engine_wait_end(task.wait));
    cr_assert(engine_wait_end(change.wait));
}

/* ------------------------------------------------- ended while it is called --- */

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool entered, may_leave, left;
} gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false, false};

static void set(bool *flag)
{
    pthread_mutex_lock(&gate.mutex);
    *flag = true;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.mutex);
}

static void await(const bool *flag)
{
    pthread_mutex_lock(&gate.mutex);
    while (!*flag)
        pthread_cond_wait(&gate.changed, &gate.mutex);
    pthread_mutex_unlock(&gate.mutex);
}

static void wake_slowly(void *context, enum status status)
{
    (void)context, (void)status;
    set(&gate.entered);
    await(&gate.may_leave);
    set(&gate.left);
}

static void *resume(void *argument)
{
    (void)argument;
    rig_control(&rig, actor, "resume");
    return NULL;
}

static void *let_go(void *argument)
{
    (void)argument;
    struct timespec moment = {.tv_nsec = 50000000};
    nanosleep(&moment, NULL); /* the end is waiting by now, most likely */
    set(&gate.may_leave);
    return NULL;
}

Test(wait, ended_while_it_is_called_the_end_returns_after_the_call, .timeout = 20)
{
    pthread_t waking, helping;
    hold_one_back();
    struct engine_wait *wait =
        engine_wait_task(rig.engine, actor, 1, 0, wake_slowly, NULL);
    pthread_create(&waking, NULL, resume, NULL);
    await(&gate.entered);
    pthread_create(&helping, NULL, let_go, NULL);
    cr_assert_not(engine_wait_end(wait));
    cr_assert(gate.left);
    pthread_join(waking, NULL);
    pthread_join(helping, NULL);
}

/* Asks for the next change as soon as it is told of the last. */
static void wait_on(void *context, const struct engine_answer *answer)
{
    struct waiter *waiter = context;
    cr_expect_eq(answer->status, STATUS_OK);
    waiter->wait = engine_wait_change(rig.engine, actor, rig_info(&rig, actor).changes,
                                      wake, waiter);
}

Test(wait, a_change_that_was_seen_calls_nobody)
{
    struct waiter waiter = {0};
    struct engine_wait *other = engine_wait_change(
        rig.engine, actor, rig_info(&rig, actor).changes, wake, &(struct waiter){0});
    engine_control(rig.engine, actor, view_text("suspend"), wait_on, &waiter);
    rig_run(&rig);
    cr_expect_eq(waiter.called, 0);
    rig_control(&rig, actor, "resume");
    cr_expect_eq(waiter.called, 1);
    engine_wait_end(waiter.wait);
    engine_wait_end(other);
}
