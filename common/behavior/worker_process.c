/* SPDX-License-Identifier: MIT */
/*
 * The order of what can happen at the end matters. A process may answer and die at
 * once: its output is read to the end after it was reaped and before its turns are
 * given up. It may close a descriptor and live on, of no use to anybody: it is killed.
 * It may write a line without an end: it is killed at the longest that an answer can
 * be. While it is being killed, what it answers still counts.
 */
#include "common/behavior/worker_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"

enum {
    PIPE_BYTES = 256 * 1024,  /* asked for, so that many lines are a system call */
    STDERR_BYTES_KEPT = 4096, /* to explain a death */
    GRACE_MS = 5000,          /* to end after end-of-file */
    TELL_EVERY_MS = 1000,     /* of lines that were not logged */
    BROKEN_MS = 100, /* to end after it closed a pipe: most do so because they end */
};

void worker_process_close(struct worker_process *process, struct host_watch *watch)
{
    if (watch->fd < 0)
        return;
    if (process->is_watched)
        host_watch_remove(process->plan->host, watch);
    close(watch->fd);
    watch->fd = -1;
}

void worker_process_kill(struct worker_process *process, const char *why)
{
    if (process->phase == PROCESS_DOOMED)
        return;
    process->phase = PROCESS_DOOMED;
    process->why = why;
    host_child_kill(&process->child);
}

void worker_process_end_turn(struct worker_turn *turn, enum worker_turn_end end)
{
    struct worker_process *process = turn->process;
    turn->end = end;
    if (process->phase == PROCESS_DOOMED)
        return;
    process->is_killed_for_turn = true;
    worker_process_kill(process, end == TURN_OVERDUE ? "a turn exceeded its time limit"
                                                     : "a turn was canceled");
}

/* --------------------------------------------------------------------- time limits */

void worker_process_start_time(struct worker_process *process)
{
    process->head_since_ms = host_now_ms();
    if (process->plan->timeout_ms > 0 && process->timer.place == 0)
        host_timer_start(process->plan->host, &process->timer,
                         process->plan->timeout_ms);
}

/* The timer is not moved with each answer: it looks when it comes, and comes again. */
static void check_time_limit(struct worker_process *process)
{
    struct worker_turn *oldest = process->turns.first;
    if (!oldest)
        return;
    int64_t left_ms =
        process->head_since_ms + process->plan->timeout_ms - host_now_ms();
    if (left_ms > 0)
        host_timer_start(process->plan->host, &process->timer, left_ms);
    else
        worker_process_end_turn(oldest, TURN_OVERDUE);
}

static void timer_expired(struct host_timer *timer)
{
    struct worker_process *process = WORKER_PROCESS_OF(timer, timer);
    if (process->phase == PROCESS_RUNNING)
        check_time_limit(process);
    else if (process->phase == PROCESS_LEAVING)
        worker_process_kill(process, "it did not end at end-of-file");
    else if (process->phase == PROCESS_BROKEN)
        worker_process_kill(process, process->why);
}

/* ------------------------------------------------------------------------- the log */

static void tell_dropped(struct host_timer *timer)
{
    const struct worker_plan *plan = WORKER_PROCESS_OF(telling, timer)->plan;
    complaint_rate_tell(plan->rate, plan->name);
}

void worker_process_log(struct worker_process *process, struct complaints *complaints,
                        struct view text)
{
    complaints_add(complaints, text, host_now_ms());
    if (process->plan->rate->dropped && process->telling.place == 0)
        host_timer_start(process->plan->host, &process->telling, TELL_EVERY_MS);
}

/* ------------------------------------------------------------------------- leaving */

void worker_process_break(struct worker_process *process, const char *why)
{
    if (process->phase != PROCESS_RUNNING)
        return;
    process->phase = PROCESS_BROKEN;
    process->why = why;
    host_timer_start(process->plan->host, &process->timer, BROKEN_MS);
}

void worker_process_leave_when_idle(struct worker_process *process)
{
    if (!process->is_retired || process->phase != PROCESS_RUNNING ||
        process->turns.count)
        return;
    process->phase = PROCESS_LEAVING;
    worker_process_close(process, &process->input);
    host_timer_start(process->plan->host, &process->timer, GRACE_MS);
}

void worker_process_retire(struct worker_process *process)
{
    process->is_retired = true;
    worker_process_leave_when_idle(process);
}

static void child_exited(struct host_child *child, int status)
{
    struct worker_process *process = WORKER_PROCESS_OF(child, child);
    if (process->phase != PROCESS_DOOMED)
        process->why = NULL; /* nobody killed it: its status says why */
    process->phase = PROCESS_DOOMED;
    process->status = status;
    worker_process_read_rest(process);
    process->plan->ended(process);
}

/* ------------------------------------------------------------------------ starting */

/* Of a pipe that the process calls `number`: our end and its own. */
static int make_pipe(int number, struct host_watch *ours, int *theirs)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return errno;
    bool is_input = number == STDIN_FILENO;
    ours->fd = ends[is_input];
    *theirs = ends[!is_input];
    /* Each end is a file description of its own: the process's stays a blocking one. */
    (void)fcntl(ours->fd, F_SETFL, O_NONBLOCK);
    if (number != STDERR_FILENO) /* beyond the user's share it stays as it is */
        (void)fcntl(ours->fd, F_SETPIPE_SZ, PIPE_BYTES);
    return 0;
}

static int make_pipes(struct worker_process *process, int theirs[3])
{
    struct host_watch *ours[] = {&process->input, &process->output, &process->error};
    int error = 0;
    process->failed_step = SPAWN_DESCRIPTORS;
    for (int i = 0; i < 3 && !error; i++)
        error = make_pipe(i, ours[i], &theirs[i]);
    return error;
}

/* On the host's thread. */
static void finish_start(void *context)
{
    struct worker_process *process = context;
    struct host *host = process->plan->host;
    if (process->start_error == 0) {
        process->phase = PROCESS_RUNNING;
        process->started_ms = host_now_ms();
        snprintf(process->label, sizeof process->label, "pid %d",
                 (int)process->child.pid);
        host_watch_add(host, &process->input, 0); /* to be told when it is closed */
        host_watch_add(host, &process->output, EPOLLIN);
        host_watch_add(host, &process->error, EPOLLIN);
        process->is_watched = true;
        host_child_adopt(&process->child);
        worker_process_leave_when_idle(process);
    }
    process->plan->started(process);
}

/* On a helper thread: execve(2) may have to wait for a disk. */
static void start(void *context)
{
    struct worker_process *process = context;
    struct spawn plan = process->plan->spawn;
    int theirs[3] = {-1, -1, -1};
    process->start_error = make_pipes(process, theirs);
    plan.descriptors = theirs;
    plan.descriptor_count = 3;
    if (process->start_error == 0)
        process->start_error = host_spawn(process->plan->host, &process->child, &plan,
                                          &process->failed_step);
    for (int i = 0; i < 3; i++)
        if (theirs[i] >= 0)
            close(theirs[i]);
    host_call(process->plan->host, finish_start, process);
}

struct worker_process *worker_process_start(const struct worker_plan *plan)
{
    struct worker_process *process = memory_take_zeroed(1, sizeof *process);
    process->plan = plan;
    process->phase = PROCESS_STARTING;
    process->child.exited = child_exited;
    process->input = (struct host_watch){.fd = -1, .ready = worker_process_input_ready};
    process->output =
        (struct host_watch){.fd = -1, .ready = worker_process_output_ready};
    process->error = (struct host_watch){.fd = -1, .ready = worker_process_error_ready};
    process->timer.expired = timer_expired;
    process->telling.expired = tell_dropped;
    process->notes = (struct complaints){
        .behavior = plan->name, .actor = process->label, .rate = plan->rate};
    process->complaints = process->notes;
    process->complaints.tail_bytes_max = STDERR_BYTES_KEPT;
    host_lend(plan->host, start, process);
    return process;
}

void worker_process_explain(const struct worker_process *process, struct bytes *out)
{
    int status = process->status;
    bool is_killed_by_us =
        process->why && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (is_killed_by_us)
        bytes_append_text(out, process->why);
    else if (WIFSIGNALED(status))
        bytes_format(out, "killed by signal %d", WTERMSIG(status));
    else
        bytes_format(out, "it ended with exit status %d", WEXITSTATUS(status));
}

void worker_process_free(struct worker_process *process)
{
    host_timer_cancel(process->plan->host, &process->timer);
    worker_process_close(process, &process->input);
    worker_process_close(process, &process->output);
    worker_process_close(process, &process->error);
    complaints_end(&process->complaints, host_now_ms());
    if (process->telling.place)
        tell_dropped(&process->telling);
    host_timer_cancel(process->plan->host, &process->telling);
    complaints_free(&process->complaints);
    complaints_free(&process->notes);
    bytes_free(&process->answers);
    free(process);
}
