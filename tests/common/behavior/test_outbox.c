/* SPDX-License-Identifier: MIT */
#include "common/behavior/outbox.h"

#include <criterion/criterion.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct turn_output parsed(struct view text)
{
    BYTES_AUTO(error);
    struct turn_output output = {0};
    enum status status = outbox_parse(text, &output, &error);
    cr_assert_eq(status, STATUS_OK, "%.*s: %.*s", (int)text.size, text.data,
                 (int)error.size, error.data);
    cr_assert_eq(error.size, 0);
    return output;
}

static void expect_send(const struct turn_send *send, enum send_kind kind,
                        const char *target, struct view text)
{
    cr_expect_eq(send->kind, kind, "kind %d", send->kind);
    cr_expect_str_eq(send->target, target);
    cr_expect(view_equal(view_bytes(&send->text), text), "text: %.*s",
              (int)send->text.size, send->text.data);
}

static void expect_one(const char *line, enum send_kind kind, const char *target,
                       const char *text)
{
    struct turn_output output = parsed(view_text(line));
    cr_assert_eq(output.send_count, 1, "%s", line);
    expect_send(&output.sends[0], kind, target, view_text(text));
    turn_output_free(&output);
}

static void expect_refused(const char *text, const char *place, const char *why)
{
    BYTES_AUTO(error);
    struct turn_output output = {0};
    cr_expect_eq(outbox_parse(view_text(text), &output, &error), STATUS_INVALID, "%s",
                 text);
    bytes_append(&error, view_of("", 1));
    cr_expect_eq(strncmp(error.data, place, strlen(place)), 0, "%s", error.data);
    cr_expect_not_null(strstr(error.data, why), "%s: %s", text, error.data);
    cr_expect_null(strchr(error.data, '\n'), "one line: %s", error.data);
    turn_output_free(&output);
}

Test(outbox, each_form_of_the_contract_is_understood)
{
    expect_one("user_456/tasks hello", SEND_MESSAGE, "user_456", "hello");
    expect_one("user_9/", SEND_CREATE, "user_9", "");
    expect_one("user_9/behavior barista", SEND_BEHAVIOR, "user_9", "barista");
    expect_one("user_456/status suspend", SEND_CONTROL, "user_456", "suspend");
    expect_one("user_9/status link ME", SEND_CONTROL, "user_9", "link ME");
    expect_one("ME/behavior other", SEND_BEHAVIOR, "", "other");
    expect_one("ME/behavior", SEND_BEHAVIOR, "", "");
}

Test(outbox, sends_come_in_the_order_of_their_lines)
{
    struct turn_output output =
        parsed(view_text("\na/tasks one\n\n\nb/\nME/tasks three"));
    cr_assert_eq(output.send_count, 3);
    expect_send(&output.sends[0], SEND_MESSAGE, "a", view_text("one"));
    expect_send(&output.sends[1], SEND_CREATE, "b", view_text(""));
    expect_send(&output.sends[2], SEND_MESSAGE, "", view_text("three"));
    turn_output_free(&output);
}

Test(outbox, an_empty_outbox_sends_nothing)
{
    struct turn_output output = parsed(view_of(NULL, 0));
    cr_expect_eq(output.send_count, 0);
    cr_expect_not(output.defer);
    turn_output_free(&output);
    output = parsed(view_text("\n\n"));
    cr_expect_eq(output.send_count, 0);
    turn_output_free(&output);
}

Test(outbox, a_message_is_all_after_the_first_space_to_the_byte)
{
    expect_one("a/tasks  two  spaces \r\n", SEND_MESSAGE, "a", " two  spaces \r");
    expect_one("a/tasks \t", SEND_MESSAGE, "a", "\t");
    struct turn_output output = parsed(view_of("a/tasks \0\xff\n", 11));
    expect_send(&output.sends[0], SEND_MESSAGE, "a", view_of("\0\xff", 2));
    turn_output_free(&output);
}

Test(outbox, parameters_are_those_of_a_name)
{
    struct turn_output output =
        parsed(view_text("user_456/tasks@KEY,delay=30s ping\n"
                         "ME/tasks@,delay=30s,timer=idle tick\n"
                         "a/tasks@a%2Fb,create=1,reply=1,at=2026-12-24T18:00:00Z x\n"));
    const struct parameters *first = &output.sends[0].parameters;
    const struct parameters *second = &output.sends[1].parameters;
    const struct parameters *third = &output.sends[2].parameters;
    cr_expect(view_equal(key_view(&first->key), view_text("KEY")));
    cr_expect_eq(first->delay_ms, 30000);
    cr_expect_eq(second->key.size, 0);
    cr_expect_str_eq(second->timer, "idle");
    cr_expect(view_equal(key_view(&third->key), view_text("a/b")));
    cr_expect(third->create && third->reply);
    cr_expect_eq(third->at_ms, 1798135200000);
    turn_output_free(&output);
}

Test(outbox, actor_names_are_percent_encoded)
{
    expect_one("a%20b/tasks x", SEND_MESSAGE, "a b", "x");
    expect_one("caf\xc3\xa9/tasks x", SEND_MESSAGE, "caf\xc3\xa9", "x");
    expect_one("octocat%7Ehello/tasks x", SEND_MESSAGE, "octocat~hello", "x");
    expect_one("octocat~hello/tasks x", SEND_MESSAGE, "octocat~hello", "x");
    expect_one("alice@example.com/tasks@k x", SEND_MESSAGE, "alice@example.com", "x");
    expect_one("%4DE/tasks x", SEND_MESSAGE, "ME", "x");
    expect_one("me/tasks x", SEND_MESSAGE, "me", "x");
    expect_one("{\"to\":\"a b/tasks\",\"message\":\"x\"}", SEND_MESSAGE, "a b", "x");
}

Test(outbox, an_object_carries_any_message)
{
    expect_one("{\"to\":\"a/tasks\",\"message\":\"two\\nlines\"}\n", SEND_MESSAGE, "a",
               "two\nlines");
    expect_one("{\"to\":\"a/\"}", SEND_CREATE, "a", "");
    expect_one("{\"to\":\"a/\",\"message\":\"\"}", SEND_CREATE, "a", "");
    expect_one("{\"to\":\"ME/status\",\"message\":\"suspend\\n\"}", SEND_CONTROL, "",
               "suspend");
    expect_one("{\"to\":\"a/behavior\",\"message\":\"b\\r\\n\"}", SEND_BEHAVIOR, "a",
               "b");
    struct turn_output output =
        parsed(view_text("{\"to\":\"a/tasks\",\"message_base64\":\"AP8=\"}"));
    expect_send(&output.sends[0], SEND_MESSAGE, "a", view_of("\0\xff", 2));
    turn_output_free(&output);
    output = parsed(view_text("{\"to\":\"a/tasks\",\"message\":\"\\u0000b\"}"));
    expect_send(&output.sends[0], SEND_MESSAGE, "a", view_of("\0b", 2));
    turn_output_free(&output);
}

Test(outbox, defer_sets_the_message_aside)
{
    static const char *const texts[] = {"defer", "defer\n", "\ndefer\ndefer\n",
                                        "{\"to\":\"defer\"}"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct turn_output output = parsed(view_text(texts[i]));
        cr_expect(output.defer, "%s", texts[i]);
        cr_expect_eq(output.send_count, 0);
        turn_output_free(&output);
    }
    expect_refused("defer later", "outbox line 1, \"defer later\": ", "no message");
    expect_refused("defer\na/tasks x",
                   "outbox line 2, \"a/tasks x\": ", "sends nothing");
    expect_refused("a/tasks x\ndefer", "outbox line 2, \"defer\": ", "sends nothing");
}

Test(outbox, a_wrong_line_is_named_by_number_and_text)
{
    static const struct {
        const char *line, *why;
    } rows[] = {
        {"hello", "a path is ACTOR/tasks"},
        {"/tasks x", "relative to /actors"},
        {" a/tasks x", "a path is"},
        {"/actors/a/tasks x", "relative to /actors"},
        {"actors/a/tasks x", "a path is ACTOR/tasks"},
        {"a/execute x", "execute is no target"},
        {"a/state x", "a path is ACTOR/tasks"},
        {"a/tasks/ x", "a path is ACTOR/tasks"},
        {"a/tasks", "an empty message cannot be sent"},
        {"a/tasks ", "an empty message cannot be sent"},
        {"a/ x", "takes no message"},
        {"a/status", "a word for status is missing"},
        {"a/status@k suspend", "only tasks takes"},
        {"a/behavior@,delay=1s b", "only tasks takes"},
        {"a/@k", "only tasks takes"},
        {".a/tasks x", "no actor's name"},
        {"a%2Fb/tasks x", "no actor's name"},
        {"a%zz/tasks x", "percent-encoded"},
        {"a,b/tasks x", "percent-encoded"},
        {"\xff/tasks x", "no actor's name"},
        {"a/tasks@ x", "after @ comes"},
        {"a/tasks@k,speed=9 x", "after @ comes"},
        {"a/tasks@k,delay=1s,at=2026-12-24T18:00:00Z x", "after @ comes"},
        {"a/tasks@k,wait=5 x", "does not wait"},
        {"a/tasks@k,part=message x", "for reading only"},
        {"a/tasks@k,PART=result x", "for reading only"},
        {"a/tasks@.7 x", "the server's own"},
        {"{", "is JSON"},
        {"{}", "\"to\" is missing"},
        {"{\"to\":\"a/tasks\"} x", "is JSON"},
        {"{\"to\":7}", "\"to\" must be a string"},
        {"{\"to\":\"a/tasks\",\"messsage\":\"x\"}", "unknown member \"messsage\""},
        {"{\"to\":\"a/tasks\",\"message\":{}}", "\"message\" must be a string"},
        {"{\"to\":\"a/tasks\",\"message\":\"x\",\"message_base64\":\"eA==\"}", "both"},
        {"{\"to\":\"a/tasks\",\"message_base64\":\"?\"}", "not base64"},
        {"{\"to\":\"a/tasks\",\"to\":\"b/tasks\",\"message\":\"x\"}", "duplicate"},
        {"{\"to\":\"a/status\",\"message\":\"clear\\nretire\"}", "one line"},
        {"{\"to\":\"x\"}", "a path is"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        BYTES_AUTO(text);
        BYTES_AUTO(place);
        bytes_format(&text, "good/tasks x\n\n%s", rows[i].line);
        bytes_append(&text, view_of("\ngood/tasks x", 14));
        bytes_format(&place, "outbox line 3, \"%.16s", rows[i].line);
        expect_refused(text.data, place.data, rows[i].why);
    }
}

Test(outbox, a_name_has_128_bytes_at_most)
{
    BYTES_AUTO(line);
    for (int i = 0; i < ACTOR_NAME_BYTES_MAX; i++)
        bytes_append_text(&line, "n");
    BYTES_AUTO(longer);
    bytes_append_text(&longer, "n");
    bytes_append(&longer, view_bytes(&line));
    bytes_append(&line, view_of("/", 2));
    bytes_append(&longer, view_of("/", 2));
    struct turn_output output = parsed(view_text(line.data));
    cr_expect_eq(strlen(output.sends[0].target), ACTOR_NAME_BYTES_MAX);
    turn_output_free(&output);
    expect_refused(longer.data, "outbox line 1, ", "no actor's name");
}

Test(outbox, a_long_line_is_shown_cut_between_characters)
{
    BYTES_AUTO(line);
    bytes_append_text(&line, "x");
    for (int i = 0; i < 200; i++)
        bytes_append_text(&line, "\xc3\xa9");
    BYTES_AUTO(error);
    struct turn_output output = {0};
    cr_expect_eq(outbox_parse(view_bytes(&line), &output, &error), STATUS_INVALID);
    cr_expect(utf8_is_valid(view_bytes(&error)));
    cr_expect_lt(error.size, 255);
    turn_output_free(&output);
}

Test(outbox, an_element_of_a_workers_list_is_the_same_object)
{
    BYTES_AUTO(error);
    struct turn_output output = {0};
    json_t *good = json_pack("{ss ss}", "to", "a/tasks@k", "message", "x");
    json_t *bad = json_pack("{ss ss}", "to", "a/tusks", "message", "x");
    json_t *text = json_string("a/tasks x");
    cr_assert_eq(outbox_send_from_json(good, &output, &error), STATUS_OK);
    expect_send(&output.sends[0], SEND_MESSAGE, "a", view_text("x"));
    cr_assert_eq(outbox_send_from_json(bad, &output, &error), STATUS_INVALID);
    cr_expect(view_starts_with(view_bytes(&error), "to \"a/tusks\": a path is"));
    bytes_clear(&error);
    cr_assert_eq(outbox_send_from_json(text, &output, &error), STATUS_INVALID);
    cr_expect_gt(error.size, 0);
    json_decref(good);
    json_decref(bad);
    json_decref(text);
    turn_output_free(&output);
}

Test(outbox, what_is_framed_is_one_line_and_reads_the_same)
{
    static const struct view messages[] = {
        {"hello", 5}, {"two\nlines\n", 10}, {"\"\\{}", 4}, {"\0", 1},
        {"\xff", 1},  {"caf\xc3\xa9", 5},   {" x\r\n", 4}, {"defer\nME/tasks x\n", 17},
    };
    for (size_t i = 0; i < COUNT(messages); i++) {
        BYTES_AUTO(line);
        outbox_frame(&line, view_text("a b/tasks@k"), messages[i]);
        cr_assert_eq(memchr(line.data, '\n', line.size), line.data + line.size - 1);
        struct turn_output output = parsed(view_bytes(&line));
        cr_assert_eq(output.send_count, 1);
        expect_send(&output.sends[0], SEND_MESSAGE, "a b", messages[i]);
        turn_output_free(&output);
    }
}

Test(outbox, an_empty_message_can_be_framed_for_a_path_that_takes_none)
{
    BYTES_AUTO(line);
    outbox_frame(&line, view_text("a/"), view_of(NULL, 0));
    struct turn_output output = parsed(view_bytes(&line));
    cr_assert_eq(output.send_count, 1);
    expect_send(&output.sends[0], SEND_CREATE, "a", view_text(""));
    turn_output_free(&output);
}

Test(outbox, what_is_framed_does_not_grow_by_more_than_half)
{
    static char controls[10000], newlines[10000], quotes[10000];
    memset(controls, 1, sizeof controls);
    memset(newlines, '\n', sizeof newlines);
    memset(quotes, '"', sizeof quotes);
    static const struct view messages[] = {{controls, sizeof controls},
                                           {newlines, sizeof newlines},
                                           {quotes, sizeof quotes}};
    for (size_t i = 0; i < COUNT(messages); i++) {
        BYTES_AUTO(line);
        outbox_frame(&line, view_text("a/tasks"), messages[i]);
        cr_expect_lt(line.size, 15000);
        struct turn_output output = parsed(view_bytes(&line));
        cr_assert_eq(output.send_count, 1);
        expect_send(&output.sends[0], SEND_MESSAGE, "a", messages[i]);
        turn_output_free(&output);
    }
}

Test(outbox, a_path_and_a_message_are_checked_alone)
{
    BYTES_AUTO(why);
    cr_expect_eq(outbox_check(view_text("a/tasks"), view_text("x"), &why), STATUS_OK);
    cr_expect_eq(outbox_check(view_text("defer"), view_text(""), &why), STATUS_OK);
    cr_expect_eq(why.size, 0);
    cr_expect_eq(outbox_check(view_text("a/tasks"), view_text(""), &why),
                 STATUS_INVALID);
    cr_expect(
        view_equal(view_bytes(&why), view_text("an empty message cannot be sent")));
    cr_expect_eq(outbox_check(view_text("a\xff/tasks"), view_text("x"), &why),
                 STATUS_INVALID);
}
