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
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"

enum {
    PIPE_BYTES = 256 * 1024,  /* asked for, so that many lines are a system call */
    READ_BYTES = 128 * 1024,  /* at least, a call */
    STDERR_BYTES = 16 * 1024, /* a call */
    STDERR_BYTES_KEPT = 4096, /* to explain a death */
    LINES_A_WRITE = 256,
    GRACE_MS = 5000, /* to end after end-of-file */
    BROKEN_MS = 100, /* to end after it closed a pipe: most do so because they end */
};

#define OF(member, pointer)                                                            \
    ((struct worker_process *)(void *)((char *)(pointer)-offsetof(                     \
        struct worker_process, member)))

static void close_watch(struct worker_process *process, struct host_watch *watch)
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

/* -------------------------------------------------------------------- time limits */

static void start_timer(struct worker_process *process)
{
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
    if (left_ms > 0) {
        host_timer_start(process->plan->host, &process->timer, left_ms);
    } else {
        oldest->end = TURN_OVERDUE;
        worker_process_kill(process, "a turn exceeded its time limit");
    }
}

static void timer_expired(struct host_timer *timer)
{
    struct worker_process *process = OF(timer, timer);
    if (process->phase == PROCESS_RUNNING)
        check_time_limit(process);
    else if (process->phase == PROCESS_LEAVING)
        worker_process_kill(process, "it did not end at end-of-file");
    else if (process->phase == PROCESS_BROKEN)
        worker_process_kill(process, process->why);
}

/* ------------------------------------------------------------------------ leaving */

static void note_broken(struct worker_process *process, const char *why)
{
    if (process->phase != PROCESS_RUNNING)
        return;
    process->phase = PROCESS_BROKEN;
    process->why = why;
    host_timer_start(process->plan->host, &process->timer, BROKEN_MS);
}

static void leave_when_idle(struct worker_process *process)
{
    if (!process->is_retired || process->phase != PROCESS_RUNNING ||
        process->turns.count)
        return;
    process->phase = PROCESS_LEAVING;
    close_watch(process, &process->input);
    host_timer_start(process->plan->host, &process->timer, GRACE_MS);
}

void worker_process_retire(struct worker_process *process)
{
    process->is_retired = true;
    leave_when_idle(process);
}

/* ------------------------------------------------------------------------ writing */

void worker_process_give(struct worker_process *process, struct worker_turn *turn)
{
    if (process->turns.count == 0) {
        process->head_since_ms = host_now_ms();
        start_timer(process);
    }
    turn->process = process;
    turn->is_written = false;
    turn_list_append(&process->turns, turn);
    if (!process->unwritten)
        process->unwritten = turn;
}

bool worker_process_has_begun(const struct worker_process *process,
                              const struct worker_turn *turn)
{
    return turn->is_written || (turn == process->unwritten && process->written_bytes);
}

static void drop_turn(struct worker_process *process, struct worker_turn *turn)
{
    turn_list_remove(&process->turns, turn);
    turn->process = NULL;
}

void worker_process_take_back(struct worker_process *process, struct worker_turn *turn)
{
    if (process->unwritten == turn)
        process->unwritten = turn->next;
    drop_turn(process, turn);
    leave_when_idle(process);
}

static int gather_lines(struct worker_process *process, struct iovec *lines)
{
    size_t skipped = process->written_bytes;
    int count = 0;
    for (struct worker_turn *turn = process->unwritten; turn && count < LINES_A_WRITE;
         turn = turn->next) {
        lines[count].iov_base = turn->line.data + skipped;
        lines[count++].iov_len = turn->line.size - skipped;
        skipped = 0;
    }
    return count;
}

static void note_written(struct worker_process *process, size_t size)
{
    process->written_bytes += size;
    while (process->unwritten &&
           process->written_bytes >= process->unwritten->line.size) {
        process->written_bytes -= process->unwritten->line.size;
        process->unwritten->is_written = true;
        process->unwritten = process->unwritten->next;
    }
}

static void wait_for_room(struct worker_process *process, bool is_full)
{
    if (process->is_full == is_full)
        return;
    process->is_full = is_full;
    host_watch_modify(process->plan->host, &process->input, is_full ? EPOLLOUT : 0);
}

void worker_process_flush(struct worker_process *process)
{
    struct iovec lines[LINES_A_WRITE];
    while (process->unwritten && process->phase == PROCESS_RUNNING) {
        int count = gather_lines(process, lines);
        ssize_t size = writev(process->input.fd, lines, count);
        if (size >= 0) {
            note_written(process, (size_t)size);
        } else if (errno == EAGAIN) {
            wait_for_room(process, true);
            return;
        } else if (errno != EINTR) {
            note_broken(process, "it closed its standard input");
        }
    }
    if (process->phase == PROCESS_RUNNING)
        wait_for_room(process, false);
}

static void input_ready(struct host_watch *watch, uint32_t events)
{
    struct worker_process *process = OF(input, watch);
    if (events & (EPOLLERR | EPOLLHUP)) { /* nobody will ever read */
        close_watch(process, watch);
        note_broken(process, "it closed its standard input");
    } else {
        worker_process_flush(process);
    }
}

/* ------------------------------------------------------------------------ reading */

/* Ends the line in `text`. */
static void note(struct worker_process *process, struct bytes *text)
{
    bytes_append_text(text, "\n");
    complaints_add(&process->notes, view_bytes(text), host_now_ms());
}

static void take_line(struct worker_process *process, struct view line)
{
    const struct worker_plan *plan = process->plan;
    struct turn_output output = {0};
    BYTES_AUTO(problem);
    uint64_t id = 0;
    if (protocol_read(line, &plan->limits, &id, &output, &problem) ==
        PROTOCOL_GARBAGE) {
        note(process, &problem);
        return;
    }
    struct worker_turn *turn = turn_table_find(plan->table, id);
    if (!turn || turn->process != process || !turn->is_written) {
        bytes_format(&problem, "answer to %ju, which it was not asked", (uintmax_t)id);
        note(process, &problem);
        turn_output_free(&output);
        return;
    }
    process->has_answered = true;
    drop_turn(process, turn);
    plan->answered(process, turn, &output);
}

/* Takes all whole lines and keeps the rest. */
static void take_lines(struct worker_process *process)
{
    struct bytes *answers = &process->answers;
    size_t begin = 0, at = process->searched_bytes;
    const char *newline;
    while (at < answers->size &&
           (newline = memchr(answers->data + at, '\n', answers->size - at))) {
        size_t end = (size_t)(newline - answers->data);
        take_line(process, view_of(answers->data + begin, end - begin));
        begin = at = end + 1;
    }
    if (begin)
        memmove(answers->data, answers->data + begin, answers->size - begin);
    answers->size -= begin;
    process->searched_bytes = answers->size;
    if (answers->size == 0 && answers->capacity > 2 * READ_BYTES)
        bytes_free(answers);
}

/* One call of read(2). False at the end, or when there is nothing now. */
static bool read_answers(struct worker_process *process, bool *is_at_end_out)
{
    struct bytes *answers = &process->answers;
    char *room = bytes_reserve(answers, READ_BYTES);
    ssize_t size = read(process->output.fd, room, answers->capacity - answers->size);
    *is_at_end_out = size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR);
    if (size <= 0)
        return false;
    answers->size += (size_t)size;
    return true;
}

static void take_answers(struct worker_process *process)
{
    struct worker_turn *oldest = process->turns.first;
    take_lines(process);
    if (process->turns.first != oldest)
        process->head_since_ms = host_now_ms();
    if (process->answers.size > protocol_answer_bytes_max(&process->plan->limits))
        worker_process_kill(process, "its answer was longer than any can be");
}

static void output_ready(struct host_watch *watch, uint32_t events)
{
    struct worker_process *process = OF(output, watch);
    bool is_at_end;
    (void)events;
    if (read_answers(process, &is_at_end)) {
        take_answers(process);
        leave_when_idle(process);
        process->plan->moved(process);
    } else if (is_at_end) {
        close_watch(process, watch);
        note_broken(process, "it closed its standard output");
    }
}

static bool read_stderr(struct worker_process *process)
{
    char buffer[STDERR_BYTES];
    ssize_t size = read(process->error.fd, buffer, sizeof buffer);
    if (size > 0)
        complaints_add(&process->complaints, view_of(buffer, (size_t)size),
                       host_now_ms());
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR))
        close_watch(process, &process->error);
    return size > 0;
}

static void error_ready(struct host_watch *watch, uint32_t events)
{
    (void)events;
    read_stderr(OF(error, watch));
}

/* What it said before it ended. A pipe holds only so much, and nobody writes now. */
static void read_rest(struct worker_process *process)
{
    bool is_at_end = process->output.fd < 0;
    while (!is_at_end && read_answers(process, &is_at_end))
        take_answers(process);
    while (process->error.fd >= 0 && read_stderr(process))
        ;
}

static void child_exited(struct host_child *child, int status)
{
    struct worker_process *process = OF(child, child);
    if (process->phase != PROCESS_DOOMED)
        process->why = NULL; /* nobody killed it: its status says why */
    process->phase = PROCESS_DOOMED;
    process->status = status;
    read_rest(process);
    process->plan->ended(process);
}

/* ----------------------------------------------------------------------- starting */

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
        leave_when_idle(process);
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
    process->input = (struct host_watch){.fd = -1, .ready = input_ready};
    process->output = (struct host_watch){.fd = -1, .ready = output_ready};
    process->error = (struct host_watch){.fd = -1, .ready = error_ready};
    process->timer.expired = timer_expired;
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
    close_watch(process, &process->input);
    close_watch(process, &process->output);
    close_watch(process, &process->error);
    complaints_end(&process->complaints, host_now_ms());
    complaints_free(&process->complaints);
    complaints_free(&process->notes);
    bytes_free(&process->answers);
    free(process);
}
