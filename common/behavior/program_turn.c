/* SPDX-License-Identifier: MIT */
/*
 * The life of a turn:
 *
 *     start    (a helper) folder, pipes, process; a message that fits into its pipe is
 *              in it before the process begins, and the pipe closed. What the machine
 *              has none of now is waited for, as long as the turn might have taken:
 *              that is no attempt
 *     adopt    (the host's thread, as all that follows) its pipes, its process and two
 *              timers are watched
 *     exited   the process has ended and its descendants are gone. The end of a pipe
 *              ends nothing: a program may close its output and go on
 *     answer   what is still in the pipes is read, the verdict found, the folder
 *              emptied, the engine told
 *
 * No program may hold up the others: nothing here waits, each event reads one buffer
 * full, and what grows beyond its limit is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/behavior/program_internal.h"

enum {
    READ_BYTES = 64 * 1024, /* as much as a pipe holds */
    LOOK_MS = 100,          /* how often the sizes of its files are looked at */
    TELL_MS = 1000,         /* how often it is said what the log was spared */
    AGAIN_MS = 100,         /* before it is started again */
    DRAIN_READS_MAX = 64,   /* more is in a pipe only if somebody goes on writing */
};

static void close_end(struct program_turn *turn, struct pipe_end *end)
{
    if (end->watched)
        host_watch_remove(turn->program->host, &end->watch);
    if (end->watch.fd >= 0)
        close(end->watch.fd);
    end->watched = false;
    end->watch.fd = -1;
}

static void watch_end(struct program_turn *turn, struct pipe_end *end, uint32_t events,
                      void (*ready)(struct host_watch *watch, uint32_t events))
{
    if (end->watch.fd < 0)
        return;
    end->watch.ready = ready;
    host_watch_add(turn->program->host, &end->watch, events);
    end->watched = true;
}

static void end_early(struct program_turn *turn, enum ending ending)
{
    if (turn->ending == ENDING_NONE)
        turn->ending = ending;
    if (turn->adopted)
        host_child_kill(&turn->child);
}

void program_turn_kill(struct program_turn *turn)
{
    end_early(turn, ENDING_KILLED);
}

/* What the pipe takes now. A program that reads none of it is fine. */
static void feed(struct program_turn *turn)
{
    size_t rest = turn->message.size - turn->message_sent;
    ssize_t put = 0;

    if (rest > 0)
        put = write(turn->in.watch.fd, turn->message.data + turn->message_sent, rest);
    if (put > 0)
        turn->message_sent += (size_t)put;
    bool must_wait = put < 0 ? errno == EAGAIN || errno == EINTR
                             : turn->message_sent < turn->message.size;
    if (!must_wait)
        close_end(turn, &turn->in);
}

static void input_ready(struct host_watch *watch, uint32_t events)
{
    struct program_turn *turn = OWNER_OF(watch, struct program_turn, in.watch);

    if (events & EPOLLERR)
        close_end(turn, &turn->in);
    else
        feed(turn);
}

/* Whether there may be more. */
static bool read_result(struct program_turn *turn)
{
    char buffer[READ_BYTES];
    ssize_t got = read(turn->out.watch.fd, buffer, sizeof(buffer));

    if (got < 0)
        return errno == EINTR;
    if (got > 0)
        bytes_append(&turn->result, view_of(buffer, (size_t)got));
    if (got > 0 && turn->result.size <= turn->program->limits.result_bytes)
        return true;
    if (got > 0)
        end_early(turn, ENDING_RESULT);
    close_end(turn, &turn->out);
    return false;
}

static void tell_dropped(struct host_timer *timer)
{
    struct program *program = OWNER_OF(timer, struct program, tell);

    complaint_rate_tell(&program->rate, program->behavior.name);
}

static void add_complaint(struct program_turn *turn, struct view text)
{
    struct program *program = turn->program;

    complaints_add(&turn->complaints, text, host_now_ms());
    if (program->rate.dropped > 0 && program->tell.place == 0) {
        program->tell.expired = tell_dropped;
        host_timer_start(program->host, &program->tell, TELL_MS);
    }
}

static bool read_errors(struct program_turn *turn)
{
    char buffer[READ_BYTES];
    ssize_t got = read(turn->err.watch.fd, buffer, sizeof(buffer));

    if (got < 0)
        return errno == EINTR;
    if (got == 0)
        close_end(turn, &turn->err);
    else
        add_complaint(turn, view_of(buffer, (size_t)got));
    return got > 0;
}

static void output_ready(struct host_watch *watch, uint32_t events)
{
    (void)events;
    (void)read_result(OWNER_OF(watch, struct program_turn, out.watch));
}

static void errors_ready(struct host_watch *watch, uint32_t events)
{
    (void)events;
    (void)read_errors(OWNER_OF(watch, struct program_turn, err.watch));
}

/* What was written before the end. */
static void drain(struct program_turn *turn)
{
    for (int i = 0; i < DRAIN_READS_MAX && turn->out.watch.fd >= 0; i++)
        if (!read_result(turn))
            break;
    for (int i = 0; i < DRAIN_READS_MAX && turn->err.watch.fd >= 0; i++)
        if (!read_errors(turn))
            break;
    complaints_end(&turn->complaints, host_now_ms());
}

static void limit_expired(struct host_timer *timer)
{
    end_early(OWNER_OF(timer, struct program_turn, limit), ENDING_TIME);
}

static void look_at_files(struct host_timer *timer)
{
    struct program_turn *turn = OWNER_OF(timer, struct program_turn, look);
    const struct program_limits *limits = &turn->program->limits;

    if (turnfolder_size(turn->folder, TURNFILE_STATE) > limits->state_bytes)
        end_early(turn, ENDING_STATE);
    if (turnfolder_size(turn->folder, TURNFILE_OUTBOX) > limits->outbox_bytes)
        end_early(turn, ENDING_OUTBOX);
    host_timer_start(turn->program->host, timer, LOOK_MS);
}

static void purge(void *folder)
{
    turnfolder_purge(folder);
}

/* The folder is empty before the next turn can ask for one. */
static void give_back_folder(struct program_turn *turn)
{
    if (turn->folder && !turnfolder_give_back(turn->folder))
        host_lend(turn->program->host, purge, turn->folder);
    turn->folder = NULL;
}

void program_turn_free(struct program_turn *turn)
{
    close_end(turn, &turn->in);
    close_end(turn, &turn->out);
    close_end(turn, &turn->err);
    environment_free(&turn->environment);
    complaints_free(&turn->complaints);
    bytes_free(&turn->message);
    bytes_free(&turn->state);
    bytes_free(&turn->result);
    turn_output_free(&turn->refusal);
    free(turn);
}

/* Once the host closes, nobody waits for answers. */
static void answer(struct program_turn *turn, struct turn_output *output)
{
    bool is_wanted = !host_is_closing(turn->program->host);

    give_back_folder(turn);
    program_forget(turn);
    if (is_wanted)
        turn->finish(turn->context, turn->id, output);
    turn_output_free(output);
    program_turn_free(turn);
}

static void exited(struct host_child *child, int status)
{
    struct program_turn *turn = OWNER_OF(child, struct program_turn, child);
    struct turn_output output = {0};

    host_timer_cancel(turn->program->host, &turn->limit);
    host_timer_cancel(turn->program->host, &turn->look);
    drain(turn);
    program_turn_judge(turn, status, &output);
    answer(turn, &output);
}

static void adopt(void *context)
{
    struct program_turn *turn = context;
    struct host *host = turn->program->host;

    watch_end(turn, &turn->in, EPOLLOUT, input_ready);
    watch_end(turn, &turn->out, EPOLLIN, output_ready);
    watch_end(turn, &turn->err, EPOLLIN, errors_ready);
    turn->limit.expired = limit_expired;
    turn->look.expired = look_at_files;
    host_timer_start(host, &turn->limit, turn->program->behavior.policy.timeout_ms);
    host_timer_start(host, &turn->look, LOOK_MS);
    host_child_adopt(&turn->child);
    turn->adopted = true;
    if (turn->ending != ENDING_NONE)
        host_child_kill(&turn->child);
}

static void start_again(struct host_timer *timer)
{
    struct program_turn *turn = OWNER_OF(timer, struct program_turn, again);

    host_lend(turn->program->host, program_turn_start, turn);
}

static bool is_worth_waiting(const struct program_turn *turn)
{
    return turn->refusal.verdict == TURN_RETRY && turn->ending == ENDING_NONE &&
           !host_is_closing(turn->program->host) && host_now_ms() < turn->give_up_ms;
}

static void note_wait(struct program_turn *turn)
{
    struct program *program = turn->program;

    if (turn->give_up_ms)
        return;
    turn->give_up_ms = host_now_ms() + program->behavior.policy.timeout_ms;
    if (turn->refusal.verdict == TURN_RETRY)
        log_warning("%s: %s: %.*s", program->behavior.name, turn->actor,
                    (int)turn->refusal.error.size, turn->refusal.error.data);
}

static void refused(void *context)
{
    struct program_turn *turn = context;

    note_wait(turn);
    if (!is_worth_waiting(turn)) {
        answer(turn, &turn->refusal);
        return;
    }
    close_end(turn, &turn->in);
    close_end(turn, &turn->out);
    close_end(turn, &turn->err);
    give_back_folder(turn);
    turn->message_sent = 0;
    turn_output_free(&turn->refusal);
    turn->again.expired = start_again;
    host_timer_start(turn->program->host, &turn->again, AGAIN_MS);
}

/* Our end does not block and is ours alone. */
static bool open_pipe(struct pipe_end *ours, int *theirs, bool we_read)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    ours->watch.fd = ends[we_read ? 0 : 1];
    *theirs = ends[we_read ? 1 : 0];
    return fcntl(ours->watch.fd, F_SETFL, O_NONBLOCK) == 0;
}

static int refuse(struct program_turn *turn, enum turn_verdict verdict,
                  const char *what, int error)
{
    turn->refusal.verdict = verdict;
    bytes_format(&turn->refusal.error, "%s: %s", what, strerrordesc_np(error));
    return -1;
}

static int take_folder(struct program_turn *turn)
{
    turn->folder = turnfolders_take(turn->program->folders, view_bytes(&turn->state));
    if (turn->folder == NULL)
        return refuse(turn, TURN_RETRY, "no folder for the turn's state and outbox",
                      errno);
    environment_set(&turn->environment, view_text("ACTOR_STATE"),
                    view_text(turnfolder_path(turn->folder, TURNFILE_STATE)));
    environment_set(&turn->environment, view_text("ACTOR_OUTBOX"),
                    view_text(turnfolder_path(turn->folder, TURNFILE_OUTBOX)));
    return 0;
}

static int run(struct program_turn *turn, const int descriptors[3])
{
    struct program *program = turn->program;
    struct spawn plan = executable_spawn(&program->executable);
    enum spawn_step step;

    plan.environment = turn->environment.entries;
    plan.descriptors = descriptors;
    plan.descriptor_count = 3;
    turn->child.exited = exited;
    turn->child.has_turn = true;
    turn->child.turn = turn->id;
    int error = host_spawn(program->host, &turn->child, &plan, &step);
    if (error == 0)
        return 0;
    turn->refusal.verdict = spawn_error_passes(error) ? TURN_RETRY : TURN_FAILED;
    spawn_explain(&turn->refusal.error, &plan, error, step);
    return -1;
}

static int start(struct program_turn *turn)
{
    int theirs[3] = {-1, -1, -1};
    int started;

    if (take_folder(turn) < 0)
        return -1;
    if (open_pipe(&turn->in, &theirs[0], false) &&
        open_pipe(&turn->out, &theirs[1], true) &&
        open_pipe(&turn->err, &theirs[2], true)) {
        feed(turn);
        started = run(turn, theirs);
    } else {
        started = refuse(turn, TURN_RETRY, "no pipes for the turn", errno);
    }
    for (int i = 0; i < 3; i++)
        if (theirs[i] >= 0)
            close(theirs[i]);
    return started;
}

void program_turn_start(void *context)
{
    struct program_turn *turn = context;

    host_call(turn->program->host, start(turn) < 0 ? refused : adopt, turn);
}
