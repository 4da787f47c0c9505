/* SPDX-License-Identifier: MIT */
/*
 * What the end of a program means. The error text is what the program said last on
 * standard error; where it said nothing, how it ended. Where the daemon ended or
 * refused it, the reason stands below what it said: the program could not know.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "common/behavior/outbox.h"
#include "common/behavior/program_internal.h"

__attribute__((format(printf, 2, 3))) static void give_reason(struct bytes *error,
                                                              const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (error->size)
        bytes_append_text(error, "\n");
    bytes_append_text(error, text);
}

static void give_time_limit(struct bytes *error, int64_t timeout_ms)
{
    if (timeout_ms % 1000 == 0)
        give_reason(error, "time limit of %" PRId64 " s exceeded", timeout_ms / 1000);
    else
        give_reason(error, "time limit of %" PRId64 " ms exceeded", timeout_ms);
}

static void judge_signal(struct program_turn *turn, int number,
                         struct turn_output *output)
{
    const char *what = sigdescr_np(number);

    output->verdict = TURN_RETRY;
    if (turn->ending == ENDING_TIME)
        give_time_limit(&output->error, turn->program->behavior.policy.timeout_ms);
    else if (turn->ending == ENDING_KILLED)
        give_reason(&output->error, "ended by the daemon");
    else if (output->error.size == 0)
        give_reason(&output->error, "killed by signal %d (%s)", number,
                    what ? what : "real-time");
}

static void judge_status(int status, struct turn_output *output)
{
    output->verdict = status == EX_TEMPFAIL ? TURN_RETRY : TURN_FAILED;
    if (output->error.size == 0)
        give_reason(&output->error, "exit status %d", status);
}

/* Whether the file grew beyond its limit and that ended the turn. */
static bool judge_size(struct program_turn *turn, struct turn_output *output)
{
    static const char *const names[] = {[ENDING_RESULT] = "result",
                                        [ENDING_STATE] = "state",
                                        [ENDING_OUTBOX] = "outbox"};
    const struct program_limits *limits = &turn->program->limits;
    const size_t most[] = {[ENDING_RESULT] = limits->result_bytes,
                           [ENDING_STATE] = limits->state_bytes,
                           [ENDING_OUTBOX] = limits->outbox_bytes};

    if (turn->ending < ENDING_RESULT || turn->ending > ENDING_OUTBOX)
        return false;
    output->verdict = TURN_FAILED;
    give_reason(&output->error, "%s is larger than the limit of %zu bytes",
                names[turn->ending], most[turn->ending]);
    return true;
}

static enum status read_effects(struct program_turn *turn, struct turn_output *output,
                                struct bytes *error)
{
    const struct program_limits *limits = &turn->program->limits;
    BYTES_AUTO(outbox);

    if (turnfolder_is_full(turn->folder)) {
        bytes_append_text(error, "no room for its state and outbox: No space left on "
                                 "device");
        return STATUS_IO;
    }
    enum status status = turnfolder_read(turn->folder, TURNFILE_STATE,
                                         limits->state_bytes, &output->state, error);
    if (!status)
        status = turnfolder_read(turn->folder, TURNFILE_OUTBOX, limits->outbox_bytes,
                                 &outbox, error);
    if (status)
        return status;
    output->state_changed =
        !view_equal(view_bytes(&output->state), view_bytes(&turn->state));
    return outbox_parse(view_bytes(&outbox), output, error);
}

static void judge_success(struct program_turn *turn, struct turn_output *output)
{
    struct turn_output effects = {.verdict = TURN_DONE};
    BYTES_AUTO(error);

    enum status status = read_effects(turn, &effects, &error);
    if (status) {
        output->verdict = status == STATUS_IO ? TURN_RETRY : TURN_FAILED;
        give_reason(&output->error, "%.*s", (int)error.size, error.data);
        turn_output_free(&effects);
        return;
    }
    if (!effects.state_changed)
        bytes_free(&effects.state);
    effects.result = turn->result;
    turn->result = (struct bytes){0};
    bytes_free(&output->error);
    *output = effects;
}

/* A reason below may have made it longer. */
static void keep_end(struct bytes *error, size_t most)
{
    if (error->size <= most)
        return;
    memmove(error->data, error->data + error->size - most, most);
    error->size = most;
}

void program_turn_judge(struct program_turn *turn, int status,
                        struct turn_output *output)
{
    bytes_append(&output->error, complaints_tail(&turn->complaints));
    if (judge_size(turn, output))
        ;
    else if (WIFSIGNALED(status))
        judge_signal(turn, WTERMSIG(status), output);
    else if (WEXITSTATUS(status) != 0)
        judge_status(WEXITSTATUS(status), output);
    else
        judge_success(turn, output);
    keep_end(&output->error, turn->program->limits.error_bytes);
}
