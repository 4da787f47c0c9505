/* SPDX-License-Identifier: MIT */
/*
 * Each trace is what the kernel says when a real program writes; the messages are what
 * must come of it. SHELL opens the file, CHILD and OTHER may write to it.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "fs/framing.h"

enum { SHELL = 10, CHILD, OTHER, HIDDEN };
enum op { END, WRITE, FLUSH, SYNC, READ, RELEASE, TRUNCATE };

struct step {
    enum op op;
    pid_t process;
    uint64_t offset; /* of a write; the size of a truncation */
    const char *text;
    pid_t holders[3]; /* at a flush: who still has a descriptor */
    enum status expected;
};

struct trace {
    const char *name;
    enum framing_rule rule;
    bool append;
    struct step steps[14];
    const char *messages[6];
};

static const struct trace traces[] = {
    {"bash: echo x > f",
     FRAMING_WHOLE,
     false,
     {{.op = FLUSH, .process = SHELL, .holders = {SHELL}},
      {.op = WRITE, .process = SHELL, .text = "x\n"},
      {.op = FLUSH, .process = SHELL},
      {.op = RELEASE}},
     {"x\n"}},
    {"bash: > f",
     FRAMING_WHOLE,
     false,
     {{.op = FLUSH, .process = SHELL, .holders = {SHELL}},
      {.op = FLUSH, .process = SHELL},
      {.op = RELEASE}},
     {NULL}},
    {"bash: { echo '{'; date; echo '}'; } > f",
     FRAMING_WHOLE,
     false,
     {{.op = FLUSH, .process = SHELL, .holders = {SHELL}},
      {.op = WRITE, .process = SHELL, .offset = 0, .text = "{\n"},
      {.op = WRITE, .process = CHILD, .offset = 2, .text = "now\n"},
      {.op = FLUSH, .process = CHILD, .holders = {SHELL}},
      {.op = WRITE, .process = SHELL, .offset = 6, .text = "}\n"},
      {.op = FLUSH, .process = SHELL},
      {.op = RELEASE}},
     {"{\nnow\n}\n"}},
    {"the shell closes first, its child writes on",
     FRAMING_WHOLE,
     false,
     {{.op = WRITE, .process = SHELL, .offset = 0, .text = "a"},
      {.op = WRITE, .process = CHILD, .offset = 1, .text = "b"},
      {.op = FLUSH, .process = SHELL, .holders = {CHILD}},
      {.op = WRITE, .process = CHILD, .offset = 2, .text = "c"},
      {.op = FLUSH, .process = CHILD},
      {.op = RELEASE}},
     {"abc"}},
    {"two writers, the second to close ends it",
     FRAMING_WHOLE,
     false,
     {{.op = WRITE, .process = CHILD, .offset = 0, .text = "a"},
      {.op = WRITE, .process = OTHER, .offset = 1, .text = "b"},
      {.op = FLUSH, .process = SHELL, .holders = {CHILD, OTHER}},
      {.op = FLUSH, .process = CHILD, .holders = {OTHER}},
      {.op = FLUSH, .process = OTHER}},
     {"ab"}},
    {"where /proc cannot tell, the last close ends it",
     FRAMING_WHOLE,
     false,
     {{.op = WRITE, .process = HIDDEN, .offset = 0, .text = "a"},
      {.op = FLUSH, .process = HIDDEN},
      {.op = WRITE, .process = HIDDEN, .offset = 1, .text = "b"},
      {.op = FLUSH, .process = SHELL},
      {.op = RELEASE}},
     {"ab"}},
    {"from another pid namespace (pid 0), the last close ends it",
     FRAMING_WHOLE,
     false,
     {{.op = WRITE, .process = 0, .offset = 0, .text = "a"},
      {.op = FLUSH, .process = 0},
      {.op = FLUSH, .process = SHELL},
      {.op = WRITE, .process = 0, .offset = 1, .text = "b"},
      {.op = RELEASE}},
     {"ab"}},
    {"bash: exec 3<>execute; echo one >&3; cat <&3; echo two >&3; cat <&3",
     FRAMING_WHOLE,
     false,
     {{.op = WRITE, .process = SHELL, .offset = 0, .text = "one\n"},
      {.op = FLUSH, .process = SHELL, .holders = {SHELL}},
      {.op = READ, .process = CHILD},
      {.op = READ, .process = CHILD},
      {.op = FLUSH, .process = CHILD, .holders = {SHELL}},
      {.op = WRITE, .process = SHELL, .offset = 11, .text = "two\n"},
      {.op = FLUSH, .process = SHELL, .holders = {SHELL}},
      {.op = READ, .process = CHILD},
      {.op = FLUSH, .process = SHELL},
      {.op = RELEASE}},
     {"one\n", "two\n"}},
    {"fsync ends a message, and the next goes on where it likes",
     FRAMING_WHOLE,
     false,
     {{.op = WRITE, .process = SHELL, .offset = 4096, .text = "a"},
      {.op = SYNC},
      {.op = SYNC},
      {.op = WRITE, .process = SHELL, .offset = 0, .text = "b"},
      {.op = FLUSH, .process = SHELL}},
     {"a", "b"}},
    {"a gap is refused, and so is all that follows",
     FRAMING_WHOLE,
     false,
     {{.op = WRITE, .process = SHELL, .offset = 0, .text = "ab"},
      {.op = WRITE,
       .process = SHELL,
       .offset = 3,
       .text = "c",
       .expected = STATUS_INVALID},
      {.op = WRITE,
       .process = SHELL,
       .offset = 2,
       .text = "c",
       .expected = STATUS_INVALID},
      {.op = FLUSH, .process = SHELL},
      {.op = RELEASE}},
     {NULL}},
    {"what grows too large is refused whole",
     FRAMING_WHOLE,
     false,
     {{.op = WRITE, .process = SHELL, .offset = 0, .text = "12345678901234567890"},
      {.op = WRITE,
       .process = SHELL,
       .offset = 20,
       .text = "x",
       .expected = STATUS_TOO_LARGE},
      {.op = FLUSH, .process = SHELL},
      {.op = RELEASE}},
     {NULL}},
    {"truncating tasks means nothing",
     FRAMING_WHOLE,
     false,
     {{.op = WRITE, .process = SHELL, .offset = 0, .text = "ab"},
      {.op = TRUNCATE, .offset = 0},
      {.op = WRITE, .process = SHELL, .offset = 2, .text = "c"},
      {.op = FLUSH, .process = SHELL}},
     {"abc"}},
    {"bash: printf 'a\\nb\\n' >> f",
     FRAMING_LINES,
     true,
     {{.op = FLUSH, .process = SHELL, .holders = {SHELL}},
      {.op = WRITE, .process = SHELL, .offset = 0, .text = "a\n"},
      {.op = WRITE, .process = SHELL, .offset = 0, .text = "b\n"},
      {.op = FLUSH, .process = SHELL}},
     {"a\n", "b\n"}},
    {"seq >> f: lines cut anywhere",
     FRAMING_LINES,
     true,
     {{.op = WRITE, .process = SHELL, .text = "1\n2\n3"},
      {.op = WRITE, .process = SHELL, .text = "3"},
      {.op = WRITE, .process = SHELL, .text = "3\n4\n5\n"},
      {.op = FLUSH, .process = SHELL}},
     {"1\n", "2\n", "333\n", "4\n", "5\n"}},
    {"empty lines send nothing",
     FRAMING_LINES,
     true,
     {{.op = WRITE, .process = SHELL, .text = "\n\na\n\r\n"},
      {.op = WRITE, .process = SHELL, .text = "\n"},
      {.op = FLUSH, .process = SHELL}},
     {"a\n"}},
    {"python -u print(): text and newline are two writes",
     FRAMING_LINES,
     true,
     {{.op = WRITE, .process = SHELL, .text = "latte"},
      {.op = WRITE, .process = SHELL, .text = "\n"},
      {.op = FLUSH, .process = SHELL}},
     {"latte\n"}},
    {"printf x >> f: no newline, the end is the end",
     FRAMING_LINES,
     true,
     {{.op = FLUSH, .process = SHELL, .holders = {SHELL}},
      {.op = WRITE, .process = SHELL, .text = "x"},
      {.op = FLUSH, .process = SHELL},
      {.op = RELEASE}},
     {"x"}},
    {"a line begun by the shell and finished by its child",
     FRAMING_LINES,
     true,
     {{.op = WRITE, .process = SHELL, .text = "it is "},
      {.op = WRITE, .process = CHILD, .text = "noon\nlater"},
      {.op = FLUSH, .process = CHILD, .holders = {SHELL}},
      {.op = FLUSH, .process = SHELL}},
     {"it is noon\n", "later"}},
    {"an unfinished line too long is refused, and so is all that follows",
     FRAMING_LINES,
     true,
     {{.op = WRITE, .process = SHELL, .text = "a\n"},
      {.op = WRITE, .process = SHELL, .text = "12345678901234567890"},
      {.op = WRITE, .process = SHELL, .text = "1", .expected = STATUS_TOO_LARGE},
      {.op = WRITE, .process = SHELL, .text = "b\n", .expected = STATUS_TOO_LARGE},
      {.op = RELEASE}},
     {"a\n"}},
    {"bash: echo x > state",
     FRAMING_IMAGE,
     false,
     {{.op = TRUNCATE},
      {.op = FLUSH, .process = SHELL, .holders = {SHELL}},
      {.op = WRITE, .process = SHELL, .offset = 0, .text = "x\n"},
      {.op = FLUSH, .process = SHELL},
      {.op = RELEASE}},
     {"x\n"}},
    {"bash: : > state: empty at the last close, not at a flush",
     FRAMING_IMAGE,
     false,
     {{.op = TRUNCATE},
      {.op = FLUSH, .process = SHELL, .holders = {SHELL}},
      {.op = FLUSH, .process = SHELL},
      {.op = RELEASE}},
     {""}},
    {"touch state",
     FRAMING_IMAGE,
     false,
     {{.op = FLUSH, .process = SHELL}, {.op = RELEASE}},
     {NULL}},
    {"vim: in place, truncated through the handle",
     FRAMING_IMAGE,
     false,
     {{.op = WRITE, .process = SHELL, .offset = 0, .text = "old text"},
      {.op = SYNC},
      {.op = TRUNCATE, .offset = 0},
      {.op = WRITE, .process = SHELL, .offset = 0, .text = "new"},
      {.op = SYNC},
      {.op = FLUSH, .process = SHELL},
      {.op = RELEASE}},
     {"old text", "new"}},
    {"bytes written into the middle",
     FRAMING_IMAGE,
     false,
     {{.op = WRITE, .process = SHELL, .offset = 0, .text = "a cup of tea"},
      {.op = WRITE, .process = SHELL, .offset = 2, .text = "mug"},
      {.op = WRITE, .process = SHELL, .offset = 12, .text = "!"},
      {.op = FLUSH, .process = SHELL}},
     {"a mug of tea!"}},
    {"echo x >> state: at the end, whatever the offset says",
     FRAMING_IMAGE,
     true,
     {{.op = WRITE, .process = SHELL, .offset = 0, .text = "a\n"},
      {.op = WRITE, .process = SHELL, .offset = 0, .text = "b\n"},
      {.op = FLUSH, .process = SHELL}},
     {"a\nb\n"}},
};

static enum holding holds(void *context, pid_t process)
{
    const struct step *step = context;
    if (process == HIDDEN)
        return HOLDING_UNKNOWN;
    for (size_t i = 0; i < sizeof step->holders / sizeof *step->holders; i++)
        if (step->holders[i] == process)
            return HOLDING_SOME;
    return HOLDING_NONE;
}

struct sent {
    const struct trace *trace;
    size_t count;
};

static void send(struct sent *sent, struct view message)
{
    const char *expected = sent->trace->messages[sent->count];
    cr_assert(expected, "%s: too many messages", sent->trace->name);
    cr_expect(view_equal(message, view_text(expected)), "%s: got '%.*s', not '%s'",
              sent->trace->name, (int)message.size, message.data, expected);
    sent->count++;
}

static void end(struct framing *framing, struct sent *sent)
{
    BYTES_AUTO(message);
    framing_take(framing, &message);
    send(sent, view_bytes(&message));
}

static enum status write_step(struct framing *framing, const struct step *step,
                              struct sent *sent)
{
    if (framing->rule != FRAMING_LINES)
        return framing_write(framing, step->process, step->offset,
                             view_text(step->text));
    BYTES_AUTO(joined);
    struct view run, *messages;
    enum status status =
        framing_cut(framing, step->process, view_text(step->text), &joined, &run);
    size_t count = framing_split(run, &messages);
    for (size_t i = 0; i < count; i++)
        send(sent, messages[i]);
    free(messages);
    return status;
}

static void run_step(struct framing *framing, const struct step *step,
                     struct sent *sent)
{
    enum status status = STATUS_OK;
    struct step at = *step;
    if (step->op == WRITE)
        status = write_step(framing, step, sent);
    else if (step->op == TRUNCATE)
        status = framing_truncate(framing, step->offset);
    else if (step->op == FLUSH
                 ? framing_is_holding(framing) &&
                       framing_ends_at_flush(framing, step->process, holds, &at)
             : step->op == RELEASE ? framing_is_owing(framing)
                                   : framing_is_holding(framing))
        end(framing, sent);
    cr_expect_eq(status, step->expected, "%s: %s", sent->trace->name,
                 status_text(status));
}

Test(framing, what_programs_write_becomes_the_messages_they_mean)
{
    for (size_t i = 0; i < sizeof traces / sizeof *traces; i++) {
        const struct trace *trace = &traces[i];
        struct framing framing;
        struct sent sent = {.trace = trace};
        framing_open(&framing, trace->rule, trace->append, 20, SHELL);
        for (const struct step *step = trace->steps; step->op != END; step++)
            run_step(&framing, step, &sent);
        cr_expect_null(trace->messages[sent.count], "%s: '%s' is missing", trace->name,
                       trace->messages[sent.count]);
        framing_close(&framing);
    }
}

Test(framing, a_state_not_truncated_starts_from_the_current_bytes)
{
    struct framing framing;
    struct bytes current = {0};
    BYTES_AUTO(message);
    framing_open(&framing, FRAMING_IMAGE, false, 100, SHELL);
    bytes_append_text(&current, "tea for two");
    framing_start_from(&framing, &current);
    cr_assert_eq(current.size, 0);
    cr_assert_not(framing_is_owing(&framing));
    cr_assert_eq(framing_write(&framing, SHELL, 0, view_text("T")), STATUS_OK);
    framing_take(&framing, &message);
    cr_assert(view_equal(view_bytes(&message), view_text("Tea for two")));
    cr_assert_not(framing_is_owing(&framing));
    framing_close(&framing);
}

Test(framing, extending_a_state_fills_it_with_zeros)
{
    struct framing framing;
    framing_open(&framing, FRAMING_IMAGE, false, 100, SHELL);
    cr_assert_eq(framing_write(&framing, SHELL, 2, view_text("x")), STATUS_OK);
    cr_assert_eq(framing_truncate(&framing, 5), STATUS_OK);
    cr_assert(view_equal(view_bytes(&framing.held), view_of("\0\0x\0\0", 5)));
    cr_assert_eq(framing_truncate(&framing, 101), STATUS_TOO_LARGE);
    framing_close(&framing);
}

Test(framing, an_offset_near_the_end_of_the_numbers_is_too_large)
{
    struct framing framing;
    framing_open(&framing, FRAMING_IMAGE, false, 100, SHELL);
    cr_assert_eq(framing_write(&framing, SHELL, UINT64_MAX, view_text("x")),
                 STATUS_TOO_LARGE);
    framing_close(&framing);
}

Test(framing, messages_are_numbered_over_the_whole_handle)
{
    struct framing framing;
    framing_open(&framing, FRAMING_LINES, true, 100, SHELL);
    cr_assert_eq(framing_number(&framing, 3), 1);
    cr_assert_eq(framing_number(&framing, 1), 4);
    framing_close(&framing);
}

Test(framing, the_first_refusal_stays)
{
    struct framing framing;
    framing_open(&framing, FRAMING_WHOLE, false, 100, SHELL);
    framing_refuse(&framing, STATUS_CONFLICT);
    framing_refuse(&framing, STATUS_FULL);
    cr_assert_eq(framing_write(&framing, SHELL, 0, view_text("x")), STATUS_CONFLICT);
    cr_assert_not(framing_is_owing(&framing));
    framing_close(&framing);
}
