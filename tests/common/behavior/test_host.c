/* SPDX-License-Identifier: MIT */
/* Watches, timers and calls on the host's thread; real processes that try to get away.
 */
#include "common/behavior/host.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/common/behavior/scratch.h"

static struct host *host;

static void open_host(void)
{
    (void)scratch_folder();
    host = host_open();
}

/* For tests whose processes run to the end: they are on the test's stack. */
static void close_host_now(void)
{
    if (host)
        host_close(host);
    host = NULL;
}

static void clean_up(void)
{
    close_host_now();
    scratch_remove();
}

TestSuite(host, .init = open_host, .fini = clean_up, .timeout = 60);

static bool is_set(void *flag)
{
    return atomic_load((atomic_int *)flag) != 0;
}

static void set(void *flag)
{
    atomic_store((atomic_int *)flag, 1);
}

/* Returns when the host has done all that it was asked before. */
static void settle(void)
{
    atomic_int done = 0;

    host_call(host, set, &done);
    cr_assert(wait_until(is_set, &done));
}

/* A child that runs a shell script. */
struct process {
    struct host_child child;
    const char *script;
    atomic_int started, exited;
    int error, status;
};

static void on_exit_of(struct host_child *child, int status)
{
    struct process *process = OWNER_OF(child, struct process, child);

    process->status = status;
    atomic_store(&process->exited, 1);
}

static void adopt(void *context)
{
    struct process *process = context;

    host_child_adopt(&process->child);
    atomic_store(&process->started, 1);
}

static void start(void *context)
{
    struct process *process = context;
    char script[1024];
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, script, NULL};
    char *environment[] = {(char[]){"PATH=/usr/bin:/bin"}, NULL};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    const int descriptors[] = {null, null, null};
    struct spawn plan = {.path = "/bin/sh",
                         .argv = argv,
                         .environment = environment,
                         .directory = scratch_folder(),
                         .descriptors = descriptors,
                         .descriptor_count = 3};
    enum spawn_step step;

    snprintf(script, sizeof(script), "%s", process->script);
    process->child.exited = on_exit_of;
    process->error = host_spawn(host, &process->child, &plan, &step);
    close(null);
    if (process->error)
        atomic_store(&process->started, 1);
    else
        host_call(host, adopt, process);
}

static void run(struct process *process)
{
    host_lend(host, start, process);
    cr_assert(wait_until(is_set, &process->started));
    cr_assert_eq(process->error, 0, "%s", strerror(process->error));
}

static void kill_process(void *context)
{
    struct process *process = context;

    if (!atomic_load(&process->exited))
        host_child_kill(&process->child);
}

static void finish(struct process *process)
{
    cr_assert(wait_until(is_set, &process->exited), "%s", process->script);
}

struct record {
    int seen[100];
    atomic_int count;
};
struct note {
    struct record *record;
    int number;
};

static void record_note(void *context)
{
    struct note *note = context;

    note->record->seen[atomic_fetch_add(&note->record->count, 1)] = note->number;
}

Test(host, calls_are_made_in_their_order)
{
    struct record record = {.count = 0};
    struct note notes[100];

    for (int i = 0; i < 100; i++) {
        notes[i] = (struct note){&record, i};
        host_call(host, record_note, &notes[i]);
    }
    settle();
    for (int i = 0; i < 100; i++)
        cr_assert_eq(record.seen[i], i);
}

static pthread_t called_on;

static void note_thread(void *flag)
{
    called_on = pthread_self();
    set(flag);
}

Test(host, what_is_lent_is_done_by_another_thread)
{
    atomic_int done = 0, done_too = 0;

    host_call(host, note_thread, &done);
    cr_assert(wait_until(is_set, &done));
    pthread_t loop = called_on;
    host_lend(host, note_thread, &done_too);
    cr_assert(wait_until(is_set, &done_too));
    cr_assert_not(pthread_equal(loop, called_on));
    cr_assert_not(pthread_equal(pthread_self(), called_on));
}

/* Two that are ready at once: whichever is told first removes both. */
static struct host_watch pair[2];
static int pair_ends[2][2];
static atomic_int pair_told;

static void remove_both(struct host_watch *watch, uint32_t events)
{
    (void)watch;
    cr_assert(events & EPOLLIN);
    atomic_fetch_add(&pair_told, 1);
    for (int i = 0; i < 2; i++)
        host_watch_remove(host, &pair[i]);
}

static void add_both(void *context)
{
    (void)context;
    for (int i = 0; i < 2; i++) {
        pair[i] = (struct host_watch){.fd = pair_ends[i][0], .ready = remove_both};
        host_watch_add(host, &pair[i], EPOLLIN);
    }
}

Test(host, a_watch_that_was_removed_is_told_nothing_even_of_the_same_round)
{
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(pipe2(pair_ends[i], O_CLOEXEC), 0);
        cr_assert_eq(write(pair_ends[i][1], "x", 1), 1);
    }
    host_call(host, add_both, NULL);
    cr_assert(wait_until(is_set, &pair_told));
    settle();
    settle();
    cr_assert_eq(atomic_load(&pair_told), 1);
}

static struct {
    struct host_timer timer;
    int number;
} timers[40];
static struct record expired;

static void note_expiry(struct host_timer *timer)
{
    for (int i = 0; i < 40; i++)
        if (timer == &timers[i].timer)
            expired.seen[atomic_fetch_add(&expired.count, 1)] = timers[i].number;
}

/* In a scrambled order; each fourth is canceled, and number 1 is put off to the end. */
static void start_timers(void *context)
{
    int64_t base_ms = host_now_ms(); /* however long it takes to start them all */
    (void)context;
    for (int i = 0; i < 40; i++) {
        timers[i].number = (i * 7) % 40;
        timers[i].timer.expired = note_expiry;
        host_timer_start(host, &timers[i].timer,
                         base_ms + 100 + timers[i].number * 3 - host_now_ms());
    }
    for (int i = 0; i < 40; i++) {
        if (timers[i].number % 4 == 0)
            host_timer_cancel(host, &timers[i].timer);
        if (timers[i].number == 1)
            host_timer_start(host, &timers[i].timer, 1000);
    }
}

static bool has_thirty(void *context)
{
    (void)context;
    return atomic_load(&expired.count) >= 30;
}

Test(host, timers_expire_in_the_order_of_their_times_unless_canceled)
{
    host_call(host, start_timers, NULL);
    cr_assert(wait_until(has_thirty, NULL));
    cr_assert_eq(atomic_load(&expired.count), 30);
    for (int i = 1; i < 29; i++) {
        cr_assert_gt(expired.seen[i], expired.seen[i - 1]);
        cr_assert_neq(expired.seen[i] % 4, 0);
    }
    cr_assert_eq(expired.seen[29], 1);
}

Test(host, the_end_of_a_child_is_told_with_its_status)
{
    struct process exit = {.script = "exit 3"}, death = {.script = "kill -9 $$"};

    run(&exit);
    run(&death);
    finish(&exit);
    finish(&death);
    cr_assert(WIFEXITED(exit.status) && WEXITSTATUS(exit.status) == 3);
    cr_assert(WIFSIGNALED(death.status) && WTERMSIG(death.status) == SIGKILL);
}

static void assert_clears(const char *script)
{
    struct process process = {.script = script};

    run(&process);
    finish(&process);
    long pid = scratch_read_number("stray");
    cr_assert_not(exists(pid), "%ld of %s", pid, script);
}

Test(host, what_a_child_leaves_behind_is_gone_when_its_end_is_told)
{
    assert_clears("sleep 1000 & echo $! > stray");
}

Test(host, a_descendant_with_a_session_of_its_own_is_gone_too)
{
    assert_clears("(setsid sh -c 'echo $$ > stray; exec sleep 1000' &);"
                  "until test -s stray; do sleep 0.01; done");
}

Test(host, a_descendant_that_hid_in_a_clean_environment_is_gone_too)
{
    assert_clears("(env -i setsid sh -c 'echo $$ > stray; exec sleep 1000' &);"
                  "until test -s stray; do sleep 0.01; done");
}

Test(host, descendants_of_descendants_are_gone_too)
{
    assert_clears("(setsid sh -c '(setsid sh -c \"trap : TERM; echo \\$\\$ > stray;"
                  " while :; do sleep 1; done\" &); exec sleep 1000' &);"
                  "until test -s stray; do sleep 0.01; done");
}

Test(host, descendants_of_a_child_that_is_killed_are_gone_too)
{
    struct process process = {
        .script = "(setsid sh -c 'echo $$ > stray; exec sleep 1000' &); sleep 1000"};

    run(&process);
    long pid = scratch_read_number("stray");
    host_call(host, kill_process, &process);
    finish(&process);
    cr_assert_not(exists(pid));
}

Test(host, an_orphan_of_a_child_that_runs_is_left_alone_until_that_ends)
{
    struct process one = {
        .script = "(setsid sh -c 'echo $$ > orphan; exec sleep 1000' &);"
                  "sh -c 'set -m; sh -c \"echo \\$\\$ > job; exec sleep 1000\" &';"
                  "sleep 1000"};
    struct process other = {.script = "(setsid sleep 1000 &); exit 0"};

    run(&one);
    long orphan = scratch_read_number("orphan"), job = scratch_read_number("job");
    run(&other);
    finish(&other);
    cr_assert(is_running(orphan));
    cr_assert(is_running(job));
    host_call(host, kill_process, &one);
    finish(&one);
    cr_assert_not(exists(orphan));
    cr_assert_not(exists(job));
}

Test(host, an_orphan_that_cannot_be_looked_at_is_left_alone)
{
    struct process one = {
        .script = "(setsid sh -c 'echo $$ > orphan; exec sleep 1000' &); sleep 1000"};
    struct process other = {.script = "until test -d go; do sleep 0.01; done"};
    struct rlimit before, none;
    char *go = scratch_path("go");

    run(&one);
    run(&other);
    long orphan = scratch_read_number("orphan");
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    cr_assert_eq(mkdir(go, 0777), 0);
    finish(&other);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    cr_assert(is_running(orphan));
    host_call(host, kill_process, &one);
    finish(&one);
    cr_assert_not(exists(orphan));
    free(go);
}

Test(host, an_orphan_that_ends_by_itself_is_no_zombie_for_long)
{
    struct process process = {.script = "(sh -c 'echo $$ > orphan' &); sleep 1000"};

    run(&process);
    long orphan = scratch_read_number("orphan");
    cr_assert(wait_until_gone(orphan));
    cr_assert_not(atomic_load(&process.exited));
    close_host_now();
}

Test(host, processes_that_others_started_are_left_alone)
{
    struct process process = {.script = "exit 0"};
    pid_t pid = fork();

    if (pid == 0) {
        pause();
        _exit(0);
    }
    run(&process);
    finish(&process);
    cr_assert_eq(waitpid(pid, NULL, WNOHANG), 0);
    kill(pid, SIGKILL);
    cr_assert_eq(waitpid(pid, NULL, 0), pid);
}

Test(host, closing_kills_all_and_tells_it)
{
    struct process processes[3] = {
        {.script = "trap '' TERM INT; while :; do :; done"},
        {.script = "(setsid sh -c 'echo $$ > stray; exec sleep 1000' &); sleep 1000"},
        {.script = "exec sleep 1000"}};

    for (int i = 0; i < 3; i++)
        run(&processes[i]);
    long pid = scratch_read_number("stray");
    close_host_now();
    for (int i = 0; i < 3; i++) {
        cr_assert(atomic_load(&processes[i].exited));
        cr_assert(WIFSIGNALED(processes[i].status));
    }
    cr_assert_not(exists(pid));
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1);
    cr_assert_eq(errno, ECHILD);
}

static struct process late = {.script = "exit 0"};

static void start_late(void *context)
{
    (void)context;
    while (!host_is_closing(host))
        sched_yield();
    start(&late);
}

Test(host, nothing_is_started_while_it_closes)
{
    host_lend(host, start_late, NULL);
    close_host_now();
    cr_assert_eq(late.error, ESHUTDOWN);
    cr_assert_not(atomic_load(&late.exited));
}

Test(host, the_turn_of_a_group_is_known_while_it_runs)
{
    struct process turn = {.script = "exec sleep 1000",
                           .child = {.has_turn = true, .turn = 77}};
    struct process worker = {.script = "exec sleep 1000"};
    uint64_t found = 0;

    run(&turn);
    run(&worker);
    cr_assert(host_turn_of_group(host, turn.child.pid, &found));
    cr_assert_eq(found, 77);
    cr_assert_not(host_turn_of_group(host, worker.child.pid, &found));
    cr_assert_not(host_turn_of_group(host, getpgrp(), &found));
    pid_t group = turn.child.pid;
    host_call(host, kill_process, &turn);
    finish(&turn);
    cr_assert_not(host_turn_of_group(host, group, &found));
    close_host_now();
}

Test(host, what_a_killed_daemon_left_running_is_killed_by_the_next, .init = NULL)
{
    char folder[PATH_MAX];
    char script[] =
        "echo $$ > leader; (setsid sh -c 'echo $$ > stray; exec sleep 1000' "
        "&); sleep 1000";
    char *arguments[] = {(char[]){DOOMED_DAEMON}, folder, script, NULL};
    pid_t daemon;

    snprintf(folder, sizeof folder, "%s", scratch_folder());
    cr_assert_eq(posix_spawn(&daemon, DOOMED_DAEMON, NULL, NULL, arguments, environ),
                 0);
    long leader = scratch_read_number("leader"), stray = scratch_read_number("stray");
    kill(daemon, SIGKILL);
    waitpid(daemon, NULL, 0);
    cr_assert(wait_until_ended(leader), "the child does not die with its daemon");
    cr_assert(is_running(stray), "there is nothing to test");
    host = host_open();
    cr_assert(wait_until_ended(stray));
}
