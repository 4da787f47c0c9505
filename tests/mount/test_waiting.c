/* SPDX-License-Identifier: MIT */
/*
 * Reading that waits (contract, section 4): `cat tasks@KEY` gives the result as soon as
 * there is one, `tail -f log` follows, poll, select and epoll wake, signals end a wait
 * at once, and ten thousand waiting readers cost the daemon no threads.
 */
#include "tests/mount/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What "at once" is allowed to take, under a sanitizer on a busy machine. */
#define AT_ONCE_MS 5000

TestSuite(waiting, .init = fixture_open, .fini = fixture_close);

static void make_pending(void)
{
    make_suspended("user_1");
    WORKS("echo latte >> $A/user_1/tasks@k");
}

/* Whether the process sleeps in a place of the kernel whose name contains `place`. */
static bool sleeps_in(pid_t pid, const char *place)
{
    char path[64];
    BYTES_AUTO(text);
    snprintf(path, sizeof path, "/proc/%d/wchan", pid);
    return file_read(path, &text) == 0 && text.size != 0 &&
           memmem(text.data, text.size, place, strlen(place)) != NULL;
}

static bool is_waiting(void *context)
{
    return sleeps_in(((const struct command *)context)->pid, "request_wait_answer");
}

static void start_reader(struct command *reader, const char *text)
{
    command_start(reader, text);
    cr_assert(poll_until(is_waiting, reader, FIXTURE_WAIT_MS), "%s does not wait",
              text);
}

Test(waiting, a_reader_gets_the_result_when_it_is_there)
{
    struct command reader = {0};
    make_pending();
    start_reader(&reader, "exec cat $A/user_1/tasks@k");
    cr_expect(!command_has_ended(&reader));
    WORKS("echo resume >> $A/user_1/status");
    command_finish(&reader, AT_ONCE_MS);
    cr_expect_eq(reader.status, 0);
    cr_expect(view_equal(view_bytes(&reader.out), view_text("latte\n")));
    command_free(&reader);
}

Test(waiting, a_reader_is_told_of_failure_and_cancellation)
{
    struct command failed = {0}, canceled = {0};
    make_suspended("counter_1");
    WORKS("echo words >> $A/counter_1/tasks@bad; echo 1 >> $A/counter_1/tasks@gone");
    start_reader(&failed, "exec cat $A/counter_1/tasks@bad");
    start_reader(&canceled, "exec cat $A/counter_1/tasks@gone");
    WORKS(
        "echo cancel gone >> $A/counter_1/status; echo resume >> $A/counter_1/status");
    command_finish(&failed, AT_ONCE_MS);
    command_finish(&canceled, AT_ONCE_MS);
    cr_expect_eq(failed.status, 1);
    cr_expect_eq(canceled.status, 1);
    cr_expect_not_null(memmem(failed.err.data, failed.err.size, "Remote I/O", 10));
    cr_expect_not_null(memmem(canceled.err.data, canceled.err.size, "canceled", 8));
    command_free(&failed);
    command_free(&canceled);
}

Test(waiting, a_reader_of_a_forgotten_key_is_let_go)
{
    struct command reader = {0};
    make_pending();
    start_reader(&reader, "exec cat $A/user_1/tasks@k");
    WORKS("echo forget k >> $A/user_1/status");
    command_finish(&reader, AT_ONCE_MS);
    cr_expect_eq(reader.status, 1);
    cr_expect_not_null(memmem(reader.err.data, reader.err.size, "No such file", 12));
    command_free(&reader);
}

Test(waiting, a_reader_waits_through_retry)
{
    struct command reader = {0};
    make_suspended("counter_1");
    WORKS("echo words >> $A/counter_1/tasks@k; echo resume >> $A/counter_1/status");
    cr_expect(wait_number("counter_1", "failed", 1));
    WORKS("echo suspend >> $A/counter_1/status; echo retry k >> $A/counter_1/status");
    start_reader(&reader, "exec cat $A/counter_1/tasks@k");
    WORKS("echo resume >> $A/counter_1/status");
    command_finish(&reader, AT_ONCE_MS);
    cr_expect_eq(reader.status, 1);
    command_free(&reader);
}

static void end_reader_with(int signal_number)
{
    struct command reader = {0};
    long long start = 0;
    start_reader(&reader, "exec cat $A/user_1/tasks@k");
    start = now_ms();
    command_signal(&reader, signal_number);
    command_finish(&reader, AT_ONCE_MS);
    cr_expect_eq(reader.status, 128 + signal_number, "status %d", reader.status);
    cr_expect_lt(now_ms() - start, FIXTURE_SANITIZED ? AT_ONCE_MS : 1000);
    command_free(&reader);
}

Test(waiting, signals_end_a_waiting_reader_at_once)
{
    make_pending();
    end_reader_with(SIGINT);
    end_reader_with(SIGTERM);
    end_reader_with(SIGKILL);
    /* The task is none the wiser. */
    cr_expect_eq(number_of("user_1", "pending"), 1);
    WORKS("echo resume >> $A/user_1/status");
    GIVES("cat $A/user_1/tasks@k", "latte\n");
}

Test(waiting, timeout_works)
{
    make_pending();
    FAILS("timeout 0.3 cat $A/user_1/tasks@k", 124, "");
}

Test(waiting, a_waiting_reader_disturbs_nobody)
{
    struct command reader = {0};
    make_pending();
    start_reader(&reader, "exec cat $A/user_1/tasks@k");
    WORKS("ls $A/user_1 > $S/list; stat $A/user_1/tasks@k > $S/stat;"
          "cat $A/user_1/status > $S/status; echo b >> $A/user_1/tasks;"
          "echo latte >> $A/user_1/tasks@k; mkdir $A/user_2");
    command_signal(&reader, SIGKILL);
    command_finish(&reader, AT_ONCE_MS);
    command_free(&reader);
}

/* --------------------------------------------------------- poll, select, epoll --- */

static int open_key(int flags)
{
    int fd = open(mounted_path(&fixture, "actors/user_1/tasks@k"), O_RDONLY | flags);
    cr_assert_geq(fd, 0);
    return fd;
}

static void expect_result(int fd)
{
    char answer[16] = "";
    cr_expect_eq(read(fd, answer, sizeof answer - 1), 6);
    cr_expect_str_eq(answer, "latte\n");
}

Test(waiting, without_blocking_the_answer_is_again)
{
    char byte;
    make_pending();
    int fd = open_key(O_NONBLOCK);
    cr_expect_eq(read(fd, &byte, 1), -1);
    cr_expect_eq(errno, EAGAIN);
    WORKS("echo resume >> $A/user_1/status");
    cr_expect_eq(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, FIXTURE_WAIT_MS),
                 1);
    expect_result(fd);
    close(fd);
}

static bool parent_polls(void *context)
{
    (void)context;
    return sleeps_in(getppid(), "poll");
}

/* A process that resumes the actor once this one waits in poll() or its like. */
static pid_t resume_when_polled(void)
{
    pid_t pid = fixture_fork();
    if (pid == 0) {
        poll_until(parent_polls, NULL, FIXTURE_WAIT_MS);
        _exit(file_write(mounted_path(&fixture, "actors/user_1/status"),
                         O_WRONLY | O_APPEND, view_text("resume\n")));
    }
    return pid;
}

static void reap_resumer(pid_t pid)
{
    int status = 0;
    waitpid(pid, &status, 0);
    cr_expect_eq(status, 0);
}

Test(waiting, poll_wakes)
{
    make_pending();
    int fd = open_key(O_NONBLOCK);
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    cr_expect_eq(poll(&poll_fd, 1, 0), 0);
    pid_t resumer = resume_when_polled();
    cr_expect_eq(poll(&poll_fd, 1, FIXTURE_WAIT_MS), 1);
    cr_expect(poll_fd.revents & POLLIN);
    expect_result(fd);
    close(fd);
    reap_resumer(resumer);
}

Test(waiting, select_wakes)
{
    make_pending();
    int fd = open_key(0);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    pid_t resumer = resume_when_polled();
    struct timeval limit = {.tv_sec = FIXTURE_WAIT_MS / 1000};
    cr_expect_eq(select(fd + 1, &set, NULL, NULL, &limit), 1);
    expect_result(fd);
    close(fd);
    reap_resumer(resumer);
}

Test(waiting, epoll_wakes_for_many_handles)
{
    enum { HANDLES = 50 };
    int fds[HANDLES], woken = 0;
    make_pending();
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < HANDLES; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = i};
        fds[i] = open_key(O_NONBLOCK);
        cr_assert_eq(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fds[i], &event), 0);
    }
    pid_t resumer = resume_when_polled();
    for (struct epoll_event event; woken < HANDLES; woken++) {
        if (epoll_wait(epoll_fd, &event, 1, FIXTURE_WAIT_MS) != 1)
            break;
        expect_result(fds[event.data.fd]);
        epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fds[event.data.fd], NULL);
    }
    cr_expect_eq(woken, HANDLES);
    close(epoll_fd);
    reap_resumer(resumer);
}

/* ------------------------------------------------------------------------- log --- */

static bool has_three_lines(void *context)
{
    const struct command *follower = context;
    char text[4096];
    ssize_t got = pread(follower->out_fd, text, sizeof text, 0);
    int lines = 0;
    for (ssize_t i = 0; i < got; i++)
        lines += text[i] == '\n';
    return lines == 3;
}

Test(waiting, tail_f_follows_the_log)
{
    struct command follower = {0};
    make_actor("user_1");
    WORKS("echo a > $A/user_1/execute@a");
    command_start(&follower, "exec tail -s 0.1 -n +1 -f $A/user_1/log");
    WORKS("echo b > $A/user_1/execute@b; echo c > $A/user_1/execute@c");
    cr_expect(poll_until(has_three_lines, &follower, FIXTURE_WAIT_MS));
    command_signal(&follower, SIGTERM);
    command_finish(&follower, AT_ONCE_MS);
    command_free(&follower);
}

/* -------------------------------------------------------------------- the stop --- */

Test(waiting, readers_are_answered_when_the_daemon_stops)
{
    struct command readers[5] = {0};
    make_pending();
    for (int i = 0; i < 5; i++)
        start_reader(&readers[i], "exec cat $A/user_1/tasks@k");
    cr_expect_eq(mounted_stop(&fixture), 0);
    for (int i = 0; i < 5; i++) {
        const struct bytes *err = &readers[i].err;
        command_finish(&readers[i], AT_ONCE_MS);
        cr_expect_eq(readers[i].status, 1);
        cr_expect_not_null(memmem(err->data, err->size, "shutdown", 8));
        command_free(&readers[i]);
    }
    mounted_start(&fixture);
    cr_expect_eq(number_of("user_1", "pending"), 1);
}

/* ---------------------------------------------------------------- ten thousand --- */

#define CROWD_PROCESSES 4
#define CROWD_THREADS (FIXTURE_SANITIZED ? 250 : 2500)

struct crowd {
    _Atomic int asking, right;
};

static struct crowd *crowd;

static void *read_one(void *context)
{
    char answer[16] = "";
    int fd = open(context, O_RDONLY);
    crowd->asking++;
    if (fd >= 0 && read(fd, answer, sizeof answer - 1) == 6 &&
        strcmp(answer, "latte\n") == 0)
        crowd->right++;
    close(fd);
    return NULL;
}

static _Noreturn void be_crowd(const char *path)
{
    static pthread_t threads[CROWD_THREADS];
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, FIXTURE_SANITIZED ? 1 << 18 : 1 << 16);
    for (int i = 0; i < CROWD_THREADS; i++)
        if (pthread_create(&threads[i], &small, read_one, memory_text(view_text(path))))
            _exit(1);
    for (int i = 0; i < CROWD_THREADS; i++)
        pthread_join(threads[i], NULL);
    _exit(0);
}

static bool all_are_asking(void *context)
{
    return crowd->asking == *(int *)context;
}

static void start_crowd(pid_t *processes)
{
    const char *path = mounted_path(&fixture, "actors/user_1/tasks@k");
    struct rlimit files = {.rlim_cur = 20000, .rlim_max = 20000};
    setrlimit(RLIMIT_NOFILE, &files);
    for (int i = 0; i < CROWD_PROCESSES; i++) {
        processes[i] = fixture_fork();
        if (processes[i] == 0)
            be_crowd(path);
        guard_watch(fixture.guard, processes[i]);
    }
}

Test(waiting, ten_thousand_readers_cost_no_threads)
{
    pid_t processes[CROWD_PROCESSES];
    int status = 0, all = CROWD_PROCESSES * CROWD_THREADS;
    struct stat ignored;
    make_pending();
    crowd = mmap(NULL, sizeof *crowd, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    start_crowd(processes);
    cr_assert(poll_until(all_are_asking, &all, 120000), "%d of %d ask", crowd->asking,
              all);

    long long start = now_ms();
    cr_expect_eq(stat(mounted_path(&fixture, "actors/user_1/tasks@k"), &ignored), 0);
    cr_expect_eq(number_of("user_1", "pending"), 1);
    cr_expect_lt(now_ms() - start, AT_ONCE_MS);
    long long threads = process_number(fixture.daemon, "Threads");
    cr_expect(threads > 0 && threads < 32, "%lld threads", threads);

    WORKS("echo resume >> $A/user_1/status");
    for (int i = 0; i < CROWD_PROCESSES; i++) {
        waitpid(processes[i], &status, 0);
        guard_reaped(fixture.guard, processes[i]);
        cr_expect_eq(status, 0);
    }
    cr_expect_eq(crowd->right, all);
}
