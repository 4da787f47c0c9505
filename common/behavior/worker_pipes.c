/* SPDX-License-Identifier: MIT */
/*
 * What goes through a process's pipes: lines in, gathered into few system calls, and
 * answers out, read by the hundred. A pipe that is full is waited for; nothing here
 * ever blocks.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/behavior/worker_process.h"

enum {
    READ_BYTES = 128 * 1024,  /* at least, a call */
    STDERR_BYTES = 16 * 1024, /* a call */
    LINES_A_WRITE = 256,
    LAST_READS_MAX = 32, /* of what a process said before it ended */
};

/* ------------------------------------------------------------------------- writing */

void worker_process_give(struct worker_process *process, struct worker_turn *turn)
{
    if (process->turns.count == 0)
        worker_process_start_time(process);
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
    worker_process_leave_when_idle(process);
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
            worker_process_break(process, "it closed its standard input");
        }
    }
    if (process->input.fd >= 0)
        wait_for_room(process, false);
}

void worker_process_input_ready(struct host_watch *watch, uint32_t events)
{
    struct worker_process *process = WORKER_PROCESS_OF(input, watch);
    if (events & (EPOLLERR | EPOLLHUP)) { /* nobody will ever read */
        worker_process_close(process, watch);
        worker_process_break(process, "it closed its standard input");
    } else {
        worker_process_flush(process);
    }
}

/* ------------------------------------------------------------------------- reading */

/* Ends the line in `text`. */
static void note(struct worker_process *process, struct bytes *text)
{
    bytes_append_text(text, "\n");
    worker_process_log(process, &process->notes, view_bytes(text));
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

void worker_process_output_ready(struct host_watch *watch, uint32_t events)
{
    struct worker_process *process = WORKER_PROCESS_OF(output, watch);
    bool is_at_end;
    (void)events;
    if (read_answers(process, &is_at_end)) {
        take_answers(process);
        worker_process_leave_when_idle(process);
        process->plan->moved(process);
    } else if (is_at_end) {
        worker_process_close(process, watch);
        worker_process_break(process, "it closed its standard output");
    }
}

static void read_stderr(struct worker_process *process)
{
    char buffer[STDERR_BYTES];
    ssize_t size = read(process->error.fd, buffer, sizeof buffer);
    if (size > 0)
        worker_process_log(process, &process->complaints,
                           view_of(buffer, (size_t)size));
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR))
        worker_process_close(process, &process->error);
}

void worker_process_error_ready(struct host_watch *watch, uint32_t events)
{
    (void)events;
    read_stderr(WORKER_PROCESS_OF(error, watch));
}

/* A pipe holds no more than a few reads; who goes on writing is none of ours. */
void worker_process_read_rest(struct worker_process *process)
{
    bool is_at_end = process->output.fd < 0;
    for (int i = 0; i < LAST_READS_MAX && !is_at_end; i++)
        if (read_answers(process, &is_at_end))
            take_answers(process);
    for (int i = 0; i < LAST_READS_MAX && process->error.fd >= 0; i++)
        read_stderr(process);
}
