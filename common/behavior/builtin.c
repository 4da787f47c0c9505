/* SPDX-License-Identifier: MIT */
/*
 * The behaviors that need no program: echo (the result is the message), counter (the
 * state grows by the message, the result is the sum) and keep (the message becomes the
 * state). They touch nothing outside, so they may run ahead of the disk.
 */
#include <errno.h>
#include <stdlib.h>

#include "common/base/text.h"
#include "common/behavior/behavior.h"

static enum turn_start echo_start(struct behavior *behavior,
                                  const struct turn_input *input, uint64_t turn,
                                  struct turn_output *output, turn_finish_fn *finish,
                                  void *context)
{
    (void)behavior, (void)input, (void)turn, (void)finish, (void)context;
    output->verdict = TURN_DONE;
    output->result_is_message = true;
    return TURN_ANSWERED;
}

static enum turn_start keep_start(struct behavior *behavior,
                                  const struct turn_input *input, uint64_t turn,
                                  struct turn_output *output, turn_finish_fn *finish,
                                  void *context)
{
    (void)behavior, (void)turn, (void)finish, (void)context;
    output->verdict = TURN_DONE;
    output->state_changed = true;
    bytes_append(&output->state, input->message);
    return TURN_ANSWERED;
}

/* A whole decimal number with an optional sign; nothing reads as 0. */
static bool parse_number(struct view text, long long *number_out)
{
    char digits[32];
    text = text_trimmed(text, " \t\r\n");
    if (text.size == 0)
        text = view_text("0");
    if (text.size >= sizeof digits)
        return false;
    memcpy(digits, text.data, text.size);
    digits[text.size] = '\0';
    char *end;
    errno = 0;
    long long number = strtoll(digits, &end, 10);
    /* A NUL byte of the text ends strtoll() early; alone a sign is no number. */
    if (errno || end != digits + text.size)
        return false;
    *number_out = number;
    return true;
}

static enum turn_start counter_start(struct behavior *behavior,
                                     const struct turn_input *input, uint64_t turn,
                                     struct turn_output *output, turn_finish_fn *finish,
                                     void *context)
{
    (void)behavior, (void)turn, (void)finish, (void)context;
    long long sum, more;
    output->verdict = TURN_FAILED;
    if (!parse_number(input->state, &sum)) {
        bytes_append_text(&output->error, "counter: the state is not a whole number");
    } else if (!parse_number(input->message, &more)) {
        bytes_append_text(&output->error, "counter: the message is not a whole number, "
                                          "such as 1 or -5");
    } else if (__builtin_add_overflow(sum, more, &sum)) {
        bytes_append_text(&output->error, "counter: the sum exceeds 64 bits");
    } else {
        output->verdict = TURN_DONE;
        output->state_changed = true;
        bytes_format(&output->state, "%lld\n", sum);
        bytes_append(&output->result, view_bytes(&output->state));
    }
    return TURN_ANSWERED;
}

static struct behavior builtins[] = {
    {.name = "counter",
     .policy = BEHAVIOR_POLICY_DEFAULT,
     .runs_ahead = true,
     .start = counter_start},
    {.name = "echo",
     .policy = BEHAVIOR_POLICY_DEFAULT,
     .runs_ahead = true,
     .start = echo_start},
    {.name = "keep",
     .policy = BEHAVIOR_POLICY_DEFAULT,
     .runs_ahead = true,
     .start = keep_start},
};

static struct behavior *find(struct behavior_set *set, struct view name)
{
    (void)set;
    for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++)
        if (view_equal(name, view_text(builtins[i].name)))
            return &builtins[i];
    return NULL;
}

static const char *name_of(struct behavior_set *set, size_t n)
{
    (void)set;
    return n < sizeof builtins / sizeof *builtins ? builtins[n].name : NULL;
}

struct behavior_set *behavior_builtin_set(void)
{
    static struct behavior_set set = {
        .find = find, .name = name_of, .fallback = &builtins[1]};
    return &set;
}
