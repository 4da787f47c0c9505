/* SPDX-License-Identifier: MIT */
/* A turn is a value in and a value out, so each row below is a whole turn. */
#include "common/behavior/behavior.h"

#include <criterion/criterion.h>

static struct turn_output run(const char *name, struct view state, struct view message)
{
    struct behavior_set *set = behavior_builtin_set();
    struct behavior *behavior = set->find(set, view_text(name));
    struct turn_input input = {.actor = view_text("a"),
                               .sequence = 1,
                               .key = view_text(".1"),
                               .attempt = 1,
                               .message = message,
                               .state = state};
    struct turn_output output = {0};

    cr_assert_not_null(behavior);
    cr_assert_eq(behavior->start(behavior, &input, 1, &output, NULL, NULL),
                 TURN_ANSWERED);
    return output;
}

static void assert_bytes(const struct bytes *bytes, const char *text)
{
    cr_assert(view_equal(view_bytes(bytes), view_text(text)), "\"%.*s\", not \"%s\"",
              (int)bytes->size, bytes->data, text);
}

static void assert_count(struct view state, struct view message, const char *sum)
{
    struct turn_output output = run("counter", state, message);

    cr_assert_eq(output.verdict, TURN_DONE, "%.*s + %.*s", (int)state.size, state.data,
                 (int)message.size, message.data);
    cr_assert(output.state_changed);
    assert_bytes(&output.state, sum);
    assert_bytes(&output.result, sum);
    turn_output_free(&output);
}

static void assert_no_count(struct view state, struct view message, const char *error)
{
    struct turn_output output = run("counter", state, message);

    cr_assert_eq(output.verdict, TURN_FAILED, "%.*s + %.*s", (int)state.size,
                 state.data, (int)message.size, message.data);
    cr_assert_not(output.state_changed);
    cr_assert_eq(output.state.size, 0);
    cr_assert_eq(output.result.size, 0);
    cr_assert(view_starts_with(view_bytes(&output.error), error), "%.*s",
              (int)output.error.size, output.error.data);
    turn_output_free(&output);
}

Test(builtin, echo_says_that_the_result_is_the_message)
{
    struct turn_output output = run("echo", view_text("state"), view_text("latte\n"));

    cr_assert_eq(output.verdict, TURN_DONE);
    cr_assert(output.result_is_message);
    cr_assert_not(output.state_changed);
    cr_assert_eq(output.result.size, 0);
    turn_output_free(&output);
}

Test(builtin, keep_makes_the_message_the_state_to_the_byte)
{
    struct turn_output output = run("keep", view_text("old"), view_of("a\0b\n", 4));

    cr_assert_eq(output.verdict, TURN_DONE);
    cr_assert(output.state_changed);
    cr_assert(view_equal(view_bytes(&output.state), view_of("a\0b\n", 4)));
    cr_assert_eq(output.result.size, 0);
    cr_assert_not(output.result_is_message);
    turn_output_free(&output);
}

Test(builtin, keep_keeps_an_empty_message)
{
    struct turn_output output = run("keep", view_text("old"), view_of("", 0));

    cr_assert_eq(output.verdict, TURN_DONE);
    cr_assert(output.state_changed);
    cr_assert_eq(output.state.size, 0);
    turn_output_free(&output);
}

Test(builtin, counter_adds_the_message_to_the_state)
{
    assert_count(view_of("", 0), view_text("1"), "1\n");
    assert_count(view_text("1\n"), view_text("41\n"), "42\n");
    assert_count(view_text("10"), view_text("-15"), "-5\n");
    assert_count(view_text("-5\n"), view_text("+5"), "0\n");
    assert_count(view_text(" 7 \r\n"), view_text("\t8\r\n"), "15\n");
    assert_count(view_text("9223372036854775806"), view_text("1"),
                 "9223372036854775807\n");
    assert_count(view_text("-9223372036854775807"), view_text("-1"),
                 "-9223372036854775808\n");
    assert_count(view_text("0000000000000000000000000000007"), view_text("1"), "8\n");
}

Test(builtin, counter_takes_an_empty_message_for_nothing)
{
    assert_count(view_text("3"), view_of("", 0), "3\n");
    assert_count(view_text("3"), view_text("\n"), "3\n");
}

Test(builtin, counter_refuses_what_is_no_whole_number)
{
    static const char *const bad[] = {"x",   "1x", "1 2", "1.5",       "0x10", "1e3",
                                      "--1", "+",  "-",   "\302\2401", "1\n2", "１"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_no_count(view_text("1"), view_text(bad[i]), "counter: the message");
        assert_no_count(view_text(bad[i]), view_text("1"), "counter: the state");
    }
}

Test(builtin, counter_refuses_numbers_and_sums_beyond_64_bits)
{
    assert_no_count(view_text("1"), view_text("9223372036854775808"),
                    "counter: the message");
    assert_no_count(view_text("1"), view_text("-9223372036854775809"),
                    "counter: the message");
    assert_no_count(view_text("1"),
                    view_text("99999999999999999999999999999999999999999999999999"),
                    "counter: the message");
    assert_no_count(view_text("9223372036854775807"), view_text("1"),
                    "counter: the sum");
    assert_no_count(view_text("-9223372036854775808"), view_text("-1"),
                    "counter: the sum");
}

Test(builtin, counter_is_not_fooled_by_nul_bytes)
{
    assert_no_count(view_text("1"), view_of("1\0", 2), "counter: the message");
    assert_no_count(view_text("1"), view_of("\0001", 2), "counter: the message");
    assert_no_count(view_text("1"), view_of("1\0002", 3), "counter: the message");
    assert_no_count(view_text("1"), view_of("\0", 1), "counter: the message");
    assert_no_count(view_of("5\0", 2), view_text("1"), "counter: the state");
}

Test(builtin, the_set_lists_its_names_and_finds_them)
{
    struct behavior_set *set = behavior_builtin_set();
    static const char *const names[] = {"counter", "echo", "keep"};

    for (size_t i = 0; i < 3; i++) {
        cr_assert_str_eq(set->name(set, i), names[i]);
        cr_assert_not_null(set->find(set, view_text(names[i])));
    }
    cr_assert_null(set->name(set, 3));
    cr_assert_null(set->find(set, view_text("echoes")));
    cr_assert_null(set->find(set, view_text("ech")));
    cr_assert_null(set->find(set, view_of("", 0)));
    cr_assert_str_eq(set->fallback->name, "echo");
}

Test(builtin, all_of_them_may_run_ahead_of_the_disk)
{
    struct behavior_set *set = behavior_builtin_set();

    for (size_t i = 0; set->name(set, i); i++)
        cr_assert(set->find(set, view_text(set->name(set, i)))->runs_ahead);
}
