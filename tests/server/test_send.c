/* SPDX-License-Identifier: MIT */
#include "server/send.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/limits.h"
#include "common/behavior/outbox.h"

static char outbox[] = "/tmp/actorfs-outbox-XXXXXX";

static void make_outbox(void)
{
    int file = mkstemp(outbox);
    cr_assert_geq(file, 0);
    close(file);
}

static void remove_outbox(void)
{
    unlink(outbox);
}

TestSuite(send, .init = make_outbox, .fini = remove_outbox);

/* A descriptor from which the text is read. */
static int input_of(struct view text)
{
    int file = memfd_create("input", MFD_CLOEXEC);
    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, text.data, text.size), (ssize_t)text.size);
    lseek(file, 0, SEEK_SET);
    return file;
}

static enum status append(const char *path, struct view text, struct bytes *message)
{
    int input = input_of(text);
    enum status status = send_append(outbox, path, input, message);
    close(input);
    return status;
}

static struct turn_output sent(void)
{
    BYTES_AUTO(text);
    BYTES_AUTO(error);
    struct turn_output output = {0};
    int file = open(outbox, O_RDONLY | O_CLOEXEC);
    ssize_t got = read(file, bytes_reserve(&text, 1u << 20), 1u << 20);
    cr_assert_geq(got, 0);
    text.size = (size_t)got;
    close(file);
    cr_assert_eq(outbox_parse(view_bytes(&text), &output, &error), STATUS_OK);
    return output;
}

Test(send, each_call_appends_a_message_whatever_is_in_it)
{
    BYTES_AUTO(message);
    cr_assert_eq(append("a/tasks@k,delay=3s", view_text("x\n"), &message), STATUS_OK);
    cr_assert_eq(append("b c/tasks", view_of("two\nlines\0\xff", 11), &message),
                 STATUS_OK);
    cr_assert_eq(append("d/", view_of("", 0), &message), STATUS_OK);
    cr_expect_eq(message.size, 0);
    struct turn_output output = sent();
    cr_assert_eq(output.send_count, 3);
    cr_expect(view_equal(view_bytes(&output.sends[0].text), view_text("x\n")));
    cr_expect_eq(output.sends[0].parameters.delay_ms, 3000);
    cr_expect_str_eq(output.sends[1].target, "b c");
    cr_expect(
        view_equal(view_bytes(&output.sends[1].text), view_of("two\nlines\0\xff", 11)));
    cr_expect_eq(output.sends[2].kind, SEND_CREATE);
    turn_output_free(&output);
}

Test(send, what_the_turn_would_fail_of_is_refused_and_not_appended)
{
    static const struct {
        const char *path, *text, *said;
    } rows[] = {
        {"a/tusks", "x", "a/tusks: a path is ACTOR/tasks"},
        {"a/tasks", "", "a/tasks: an empty message cannot be sent"},
        {"a/execute", "x", "a/execute: "},
        {"\xff/tasks", "x", "\xff/tasks: "},
        {"", "x", ": a path is"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        BYTES_AUTO(message);
        cr_expect_eq(append(rows[i].path, view_text(rows[i].text), &message),
                     STATUS_INVALID);
        cr_expect(view_starts_with(view_bytes(&message), rows[i].said), "%.*s",
                  (int)message.size, message.data);
    }
    struct turn_output output = sent();
    cr_expect_eq(output.send_count, 0);
    turn_output_free(&output);
}

Test(send, a_message_has_a_size)
{
    BYTES_AUTO(message);
    int input = memfd_create("input", MFD_CLOEXEC);
    cr_assert_eq(ftruncate(input, MESSAGE_BYTES_CEILING + 1), 0);
    cr_expect_eq(send_append(outbox, "a/tasks", input, &message), STATUS_TOO_LARGE);
    cr_expect(
        view_equal(view_bytes(&message), view_text("a message has 64 MiB at most")));
    close(input);
}

Test(send, an_outbox_that_is_not_there_is_named)
{
    BYTES_AUTO(message);
    int input = input_of(view_text("x"));
    cr_expect_eq(send_append("/nowhere/outbox", "a/tasks", input, &message), STATUS_IO);
    cr_expect(view_equal(view_bytes(&message),
                         view_text("/nowhere/outbox: No such file or directory")));
    close(input);
}

Test(send, outside_of_a_turn_it_fails)
{
    unsetenv("ACTOR_OUTBOX");
    cr_expect_eq(send_run("a/tasks"), EXIT_FAILURE);
}
