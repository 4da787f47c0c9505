/* SPDX-License-Identifier: MIT */
/*
 * The porch: opening, starting, stopping; what a failed journal and a full disk leave;
 * and that the engine's threads sleep when there is nothing to do. Here threads run, so
 * answers are awaited.
 */
#include "tests/common/engine/rig.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#define DEADLINE_S 20

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
    rig_open(&rig);
}

static void teardown(void)
{
    rig_close(&rig);
}

TestSuite(engine, .init = setup, .fini = teardown);

/* Answers that other threads bring. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t came;
    unsigned count;
    enum status last;
    pthread_t giver; /* of the last one */
} answers = {.mutex = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};

static void note(enum status status)
{
    pthread_mutex_lock(&answers.mutex);
    answers.count++;
    answers.last = status;
    answers.giver = pthread_self();
    pthread_cond_broadcast(&answers.came);
    pthread_mutex_unlock(&answers.mutex);
}

static void note_answer(void *context, const struct engine_answer *answer)
{
    if (context)
        *(uint64_t *)context = answer->actor;
    note(answer->status);
}

static void note_wake(void *context, enum status status)
{
    (void)context;
    note(status);
}

static enum status await(unsigned count)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += DEADLINE_S;
    pthread_mutex_lock(&answers.mutex);
    int error = 0;
    while (answers.count < count && !error)
        error = pthread_cond_timedwait(&answers.came, &answers.mutex, &until);
    enum status last = answers.last;
    pthread_mutex_unlock(&answers.mutex);
    cr_assert_eq(error, 0, "no answer");
    return last;
}

/* Threads sleep by the machine's own clock. */
static void start(void)
{
    rig.options.clock = NULL;
    rig_reopen(&rig);
    engine_start(rig.engine);
}

static uint64_t create_started(const char *name)
{
    struct engine_owner owner = {.mode = 0755};
    uint64_t actor = 0;
    unsigned before = answers.count;
    engine_create(rig.engine, view_text(name), &owner, note_answer, &actor);
    cr_assert_eq(await(before + 1), STATUS_OK);
    return actor;
}

static void ask(uint64_t actor, const char *name, const char *message, bool in_person)
{
    struct parameters parameters = rig_parameters(name);
    struct view bytes = view_text(message);
    struct engine_send send = {.actor = actor,
                               .messages = &bytes,
                               .count = 1,
                               .parameters = &parameters,
                               .first_line = 1,
                               .in_person = in_person};
    engine_send(rig.engine, &send, note_answer, NULL);
}

static void send(uint64_t actor, const char *name, const char *message)
{
    ask(actor, name, message, false);
}

static int64_t processor_ns(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return used.tv_sec * INT64_C(1000000000) + used.tv_nsec;
}

/* The threads that have nothing to do use next to no processor in a tenth of a second.
   (The wait is for time to pass, not for something to happen.) */
static void expect_rest(const char *when)
{
    int64_t least = INT64_MAX;
    for (unsigned i = 0; i < 20 && least > 20000000; i++) {
        int64_t before = processor_ns();
        struct timespec tenth = {.tv_nsec = 100000000};
        nanosleep(&tenth, NULL);
        int64_t used = processor_ns() - before;
        least = used < least ? used : least;
    }
    cr_assert_leq(least, 20000000, "%s, %lld ms of 100 are used", when,
                  (long long)least / 1000000);
}

Test(engine, a_store_is_one_daemons_and_the_second_hears_whose)
{
    BYTES_AUTO(message);
    struct engine *second;
    char pid[32];
    snprintf(pid, sizeof(pid), "pid %ld", (long)getpid());
    cr_assert_eq(engine_open(rig.folder, &rig.options, &second, &message), STATUS_BUSY);
    bytes_append(&message, view_of("", 1));
    cr_assert_not_null(strstr(message.data, pid), "%s", message.data);
}

Test(engine, a_store_that_cannot_be_made_says_why)
{
    BYTES_AUTO(message);
    struct engine *none;
    cr_assert_eq(engine_open("/proc/none/store", &rig.options, &none, &message),
                 STATUS_IO);
    cr_assert_gt(message.size, 0);
}

Test(engine, started_it_answers_and_runs_turns)
{
    start();
    uint64_t actor = create_started("counter_1");
    send(actor, "tasks@k", "5");
    cr_assert_eq(await(2), STATUS_OK);
    struct key key = rig_key("k");
    struct task_info info;
    cr_assert_eq(engine_task(rig.engine, actor, &key, &info), STATUS_OK);
    struct engine_wait *wait =
        engine_wait_task(rig.engine, actor, info.sequence, 0, note_wake, NULL);
    cr_assert_eq(await(3), STATUS_OK);
    engine_wait_end(wait);
    rig_expect(&rig, actor, "k", STATUS_OK, "5\n");
    engine_stop(rig.engine);
}

/* Sends until the answer is given within the call, which takes a sequencer that sleeps
   by then. */
static void send_in_person(uint64_t actor, const char *name)
{
    time_t until = time(NULL) + DEADLINE_S;
    bool in_person = false;
    while (!in_person) {
        unsigned before = answers.count;
        answers.giver = (pthread_t){0};
        ask(actor, name, "1", true);
        cr_assert_eq(await(before + 1), STATUS_OK);
        in_person = pthread_equal(answers.giver, pthread_self());
        cr_assert(in_person || time(NULL) < until, "it is never asked in person");
    }
}

Test(engine, who_asks_alone_is_answered_within_the_call)
{
    start();
    uint64_t actor = create_started("counter_1");
    send_in_person(actor, "tasks");
    cr_assert_eq(rig_info(&rig, actor).pending, 0, "the turn is in the same commit");
    engine_stop(rig.engine);
}

Test(engine, who_must_not_wait_for_the_disk_does_not)
{
    start();
    uint64_t actor = create_started("counter_1");
    for (unsigned i = 0; i < 200; i++) {
        send(actor, "tasks", "1");
        cr_assert_eq(await(2 + i), STATUS_OK);
        cr_assert_not(pthread_equal(answers.giver, pthread_self()));
    }
    engine_stop(rig.engine);
}

Test(engine, who_asks_in_person_hears_that_the_journal_failed)
{
    start();
    uint64_t actor = create_started("counter_1");
    send_in_person(actor, "tasks");
    unsigned before = answers.count;
    faulty_disk_fail(rig.faulty, FAULTY_SYNC, 1, STATUS_IO);
    ask(actor, "tasks@lost", "1", true);
    cr_assert_eq(await(before + 1), STATUS_IO);
    rig_expect(&rig, actor, "lost", STATUS_NOT_FOUND, "");
    ask(actor, "tasks@later", "1", true);
    cr_assert_eq(await(before + 2), STATUS_IO);
    engine_stop(rig.engine);
}

/* Were the sequencer not told, each would wait for its next look at the clock. */
Test(engine, what_is_asked_in_person_and_due_soon_wakes_the_sequencer)
{
    start();
    uint64_t actor = create_started("counter_1");
    time_t until = time(NULL) + DEADLINE_S;
    for (unsigned i = 0; i < 40; i++) {
        send_in_person(actor, "tasks@,delay=1ms");
        while (rig_info(&rig, actor).delayed)
            cr_assert_lt(time(NULL), until, "after %u rounds", i);
    }
    engine_stop(rig.engine);
}

Test(engine, at_rest_its_threads_use_no_processor)
{
    start();
    uint64_t actor = create_started("counter_1");
    expect_rest("after a request");
    for (unsigned i = 0; i < 100; i++)
        send(actor, "tasks", "1");
    await(101);
    expect_rest("after a hundred");
    for (unsigned i = 0; i < 50; i++)
        engine_nudge(rig.engine);
    expect_rest("after it was nudged");
    struct engine_wait *wait =
        engine_wait_change(rig.engine, actor, UINT64_MAX - 1, note_wake, NULL);
    expect_rest("while somebody waits");
    engine_wait_end(wait);
    engine_stop(rig.engine);
}

Test(engine, with_a_failed_journal_it_rests)
{
    start();
    uint64_t actor = create_started("counter_1");
    send(actor, "tasks@,delay=300ms", "1");
    cr_assert_eq(await(2), STATUS_OK);
    int64_t due_ms = clock_system()->wall_ms(NULL) + 300;
    faulty_disk_fail(rig.faulty, FAULTY_SYNC, 1, STATUS_IO);
    send(actor, "tasks", "1");
    cr_assert_eq(await(3), STATUS_IO);
    while (clock_system()->wall_ms(NULL) < due_ms)
        sched_yield();
    expect_rest("with a failed journal and a timer due");
    engine_stop(rig.engine);
}

Test(engine, after_a_failed_journal_it_reads_and_takes_nothing)
{
    uint64_t actor = rig_create(&rig, "counter_1");
    struct engine_owner owner = {.mode = 0700};
    struct engine_totals totals;
    struct reply create = {0}, owned = {0};
    rig_send(&rig, actor, "tasks@k", "1");
    faulty_disk_fail(rig.faulty, FAULTY_SYNC, 1, STATUS_IO);
    cr_assert_eq(rig_send(&rig, actor, "tasks@lost", "1").status, STATUS_IO);
    cr_assert_eq(rig_send(&rig, actor, "tasks@lost", "1").status, STATUS_IO,
                 "a duplicate of what may be lost");
    cr_assert_eq(rig_send(&rig, actor, "tasks@new", "1").status, STATUS_IO);
    cr_assert_eq(rig_control(&rig, actor, "clear").status, STATUS_IO);
    cr_assert_eq(rig_set_state(&rig, actor, "9", STATE_VERSION_ANY).status, STATUS_IO);
    cr_assert_eq(rig_set_behavior(&rig, actor, "echo").status, STATUS_IO);
    cr_assert_eq(rig_remove(&rig, actor).status, STATUS_IO);
    engine_create(rig.engine, view_text("new"), &owner, rig_done, &create);
    engine_set_owner(rig.engine, actor, PART_FOLDER, &owner, rig_done, &owned);
    rig_run(&rig);
    cr_assert_eq(create.status, STATUS_IO);
    cr_assert_eq(owned.status, STATUS_IO);
    rig_expect(&rig, actor, "k", STATUS_OK, "1\n");
    rig_expect(&rig, actor, "lost", STATUS_NOT_FOUND, "");
    cr_assert_str_eq(rig_state(&rig, actor), "1\n");
    engine_totals(rig.engine, &totals);
    cr_assert(totals.read_only);
    cr_assert_eq(totals.actors, 1);
    rig_reopen(&rig);
    engine_totals(rig.engine, &totals);
    cr_assert_not(totals.read_only);
    cr_assert_eq(rig_send(&rig, actor, "tasks@new", "1").status, STATUS_OK);
}

Test(engine, a_waiter_on_what_was_lost_is_not_told_that_it_is_done)
{
    uint64_t actor = rig_create(&rig, "counter_1");
    rig_control(&rig, actor, "suspend");
    rig_send(&rig, actor, "tasks@k", "1");
    struct engine_wait *wait =
        engine_wait_task(rig.engine, actor, 1, 0, note_wake, NULL);
    faulty_disk_fail(rig.faulty, FAULTY_SYNC, 1, STATUS_IO);
    cr_assert_eq(rig_control(&rig, actor, "resume").status, STATUS_IO);
    cr_assert_eq(answers.count, 0);
    rig_expect(&rig, actor, "k", STATUS_AGAIN, "");
    engine_wait_end(wait);
}

Test(engine, with_a_full_disk_it_rests_and_goes_on_when_there_is_room)
{
    uint64_t actor = rig_create(&rig, "keep_1");
    char text[20000];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    rig_control(&rig, actor, "suspend");
    faulty_disk_set_capacity(rig.faulty, 0);
    rig_send(&rig, actor, "tasks@due,delay=1s", text);
    while (rig_send(&rig, actor, "tasks", text).status == STATUS_OK)
        ;
    while (rig_control(&rig, actor, "suspend").status == STATUS_OK)
        ; /* not even a small record finds room */
    rig_advance(&rig, 1000);
    rig_run(&rig);
    cr_assert_gt(core_idle_ns(rig.engine), 0);
    rig_expect(&rig, actor, "due", STATUS_AGAIN, "");
    faulty_disk_set_capacity(rig.faulty, FAULTY_CAPACITY_NONE);
    cr_assert_eq(rig_control(&rig, actor, "resume").status, STATUS_OK);
    rig_expect(&rig, actor, "due", STATUS_OK, "");
}

Test(engine, stopped_it_refuses_and_answers_every_waiter)
{
    start();
    uint64_t actor = create_started("counter_1");
    engine_control(rig.engine, actor, view_text("suspend"), note_answer, NULL);
    send(actor, "tasks@k", "1");
    await(3);
    struct engine_wait *task =
        engine_wait_task(rig.engine, actor, 1, 0, note_wake, NULL);
    struct engine_wait *change = engine_wait_change(
        rig.engine, actor, rig_info(&rig, actor).changes, note_wake, NULL);
    engine_stop(rig.engine);
    cr_assert_eq(answers.count, 5);
    cr_assert_eq(answers.last, STATUS_SHUTDOWN);
    cr_assert_not(engine_wait_end(task));
    cr_assert_not(engine_wait_end(change));
    send(actor, "tasks", "1");
    cr_assert_eq(await(6), STATUS_SHUTDOWN);
    struct engine_wait *late =
        engine_wait_task(rig.engine, actor, 1, 0, note_wake, NULL);
    cr_assert_eq(await(7), STATUS_SHUTDOWN);
    cr_assert_not(engine_wait_end(late));
}

Test(engine, stopped_cleanly_it_needs_no_journal_to_open)
{
    start();
    uint64_t actor = create_started("counter_1");
    send(actor, "tasks@k", "5");
    await(2);
    engine_stop(rig.engine);
    uint64_t last = journal_last(rig.engine->journal);
    rig_reopen(&rig);
    cr_assert_eq(index_position(rig.engine->index).sequence, last);
    rig_run(&rig);
    rig_expect(&rig, actor, "k", STATUS_OK, "5\n");
}

Test(engine, totals_and_actors_survive_whatever_ends_it)
{
    struct engine_totals totals;
    for (unsigned i = 0; i < 30; i++) {
        char name[32];
        snprintf(name, sizeof(name), "counter_%u", i);
        uint64_t actor = rig_create(&rig, name);
        rig_send(&rig, actor, "tasks", "1");
        rig_send(&rig, actor, "tasks", "x");
        rig_send(&rig, actor, "tasks@d,delay=1h", "1");
        if (i % 3 == 0)
            rig_control(&rig, actor, "cancel d");
        if (i % 7 == 0)
            rig_tidy(&rig);
        if (i % 5 == 0)
            rig_crash(&rig);
        else if (i % 4 == 0)
            rig_reopen(&rig);
    }
    rig_run(&rig);
    engine_totals(rig.engine, &totals);
    cr_assert_eq(totals.actors, 30);
    cr_assert_eq(totals.done, 30);
    cr_assert_eq(totals.failed, 30);
    cr_assert_eq(totals.canceled, 10);
    cr_assert_eq(totals.delayed, 20);
    cr_assert_eq(totals.pending, 0);
}

Test(engine, torn_at_any_record_boundary_it_opens)
{
    uint64_t actor = rig_create(&rig, "counter_1");
    for (unsigned i = 0; i < 40; i++) {
        struct reply reply;
        rig_ask_send(&rig, actor, "tasks", "1", &reply);
        core_step(rig.engine);
        cr_assert(core_seal(rig.engine));
        faulty_disk_stop(rig.faulty, 1 + i % 3);
        core_commit_sealed(rig.engine);
        bool acknowledged = reply.status == STATUS_OK;
        uint64_t done = rig_info(&rig, actor).done;
        rig_crash(&rig);
        rig_run(&rig);
        cr_assert_geq(rig_info(&rig, actor).done, done);
        cr_assert(!acknowledged || rig_info(&rig, actor).done > 0);
        rig_check(&rig);
    }
}
