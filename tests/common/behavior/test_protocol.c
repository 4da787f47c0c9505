/* SPDX-License-Identifier: MIT */
/*
 * A worker's line, both ways: what is asked reads back to the byte with a JSON parser,
 * and every kind of answer becomes an output, a failure that says why, or garbage.
 */
#include "common/behavior/protocol.h"

#include <criterion/criterion.h>
#include <jansson.h>

#include "common/base/base64.h"

static const struct protocol_limits limits = {
    .result_bytes_max = 100, .state_bytes_max = 50, .outbox_bytes_max = 60};

/* -------------------------------------------------------------------------- asking */

static struct turn_input plain_input(void)
{
    return (struct turn_input){.actor = view_text("user_123"),
                               .sequence = 12,
                               .key = view_text("abc123"),
                               .attempt = 1,
                               .message = view_text("latte"),
                               .state = view_text("[]")};
}

static void assert_line(const struct turn_input *input, const char *expected)
{
    BYTES_AUTO(line);
    protocol_append_turn(&line, 7, input);
    cr_assert(view_equal(view_bytes(&line), view_text(expected)), "%.*s",
              (int)line.size, line.data);
}

static json_t *ask(const struct turn_input *input)
{
    BYTES_AUTO(line);
    protocol_append_turn(&line, 7, input);
    cr_assert_eq(memchr(line.data, '\n', line.size), line.data + line.size - 1);
    json_t *object = json_loadb(line.data, line.size, JSON_ALLOW_NUL, NULL);
    cr_assert_not_null(object, "%.*s", (int)line.size, line.data);
    return object;
}

static void assert_text(json_t *object, const char *name, struct view expected)
{
    json_t *value = json_object_get(object, name);
    cr_assert(json_is_string(value), "%s is missing", name);
    cr_assert(view_equal(view_of(json_string_value(value), json_string_length(value)),
                         expected),
              "%s is %s", name, json_string_value(value));
}

Test(protocol, a_turn_is_asked_for_in_one_line)
{
    struct turn_input input = plain_input();
    assert_line(&input, "{\"id\":7,\"actor\":\"user_123\",\"task\":12,\"key\":"
                        "\"abc123\",\"attempt\":1,\"kind\":\"message\",\"message\":"
                        "\"latte\",\"state\":\"[]\"}\n");
}

Test(protocol, what_came_with_a_message_is_told_when_there_is_any)
{
    struct turn_input input = plain_input();
    input.kind = KIND_REPLY;
    input.sender = view_text("shop");
    input.caller = view_text("ann");
    input.reply_to = view_text("k%2F1");
    input.outcome = view_text("done");
    input.headers = view_text("X-GitHub-Event: push\nX-Two: a\r\n");
    assert_line(&input,
                "{\"id\":7,\"actor\":\"user_123\",\"task\":12,\"key\":\"abc123\","
                "\"attempt\":1,\"kind\":\"reply\",\"sender\":\"shop\",\"caller\":"
                "\"ann\",\"reply_to\":\"k%2F1\",\"outcome\":\"done\",\"headers\":"
                "{\"X-GitHub-Event\":\"push\",\"X-Two\":\"a\"},\"message\":"
                "\"latte\",\"state\":\"[]\"}\n");
}

Test(protocol, keys_are_told_as_they_are_typed)
{
    struct turn_input input = plain_input();
    input.key = view_of("a/b\0013", 5);
    json_t *object = ask(&input);
    assert_text(object, "key", view_text("a%2Fb~3"));
    json_decref(object);
    input.key = view_text("quote\"back\\slash");
    object = ask(&input);
    assert_text(object, "key", view_text("quote\"back\\slash"));
    json_decref(object);
}

Test(protocol, every_byte_travels_as_it_is)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        char message[] = {'a', (char)byte, 'z'};
        struct turn_input input = plain_input();
        input.message = view_of(message, 3);
        json_t *object = ask(&input);
        if (byte < 0x80) {
            assert_text(object, "message", input.message);
            cr_assert_null(json_object_get(object, "message_base64"));
        } else {
            BYTES_AUTO(encoded);
            base64_encode(&encoded, input.message);
            assert_text(object, "message_base64", view_bytes(&encoded));
            cr_assert_null(json_object_get(object, "message"));
        }
        json_decref(object);
    }
}

Test(protocol, text_beyond_ascii_stays_text)
{
    struct turn_input input = plain_input();
    input.message = view_text("caf\303\251 \342\202\254 \360\237\230\200 12345678");
    input.state = view_text("12345678\303"); /* cut */
    json_t *object = ask(&input);
    assert_text(object, "message", input.message);
    assert_text(object, "state_base64", view_text("MTIzNDU2NzjD"));
    json_decref(object);
}

Test(protocol, headers_of_one_name_are_joined_and_old_bytes_are_said_in_utf8)
{
    struct turn_input input = plain_input();
    input.headers = view_text("A: 1\nB:\"q\"\na: 2\nC: caf\351\n\nnone\n:x\nA:3");
    json_t *object = ask(&input);
    json_t *headers = json_object_get(object, "headers");
    cr_assert_eq(json_object_size(headers), 4);
    assert_text(headers, "A", view_text("1, 2, 3"));
    assert_text(headers, "B", view_text("\"q\""));
    assert_text(headers, "C", view_text("caf\303\251"));
    assert_text(headers, "none", view_text(""));
    json_decref(object);
}

Test(protocol, the_attempt_of_a_line_can_be_raised)
{
    struct turn_input input = plain_input();
    BYTES_AUTO(line);
    BYTES_AUTO(expected);
    input.actor = view_text(",\"attempt\":9");
    input.attempt = 9;
    protocol_append_turn(&line, 7, &input);
    for (uint32_t attempt = 10; attempt; attempt = attempt == 10 ? 4294967295 : 0) {
        bytes_clear(&expected);
        input.attempt = attempt;
        protocol_append_turn(&expected, 7, &input);
        protocol_set_attempt(&line, attempt);
        cr_assert(view_equal(view_bytes(&line), view_bytes(&expected)), "%.*s",
                  (int)line.size, line.data);
    }
}

/* ----------------------------------------------------------------------- answering */

static struct turn_output answer_sized(const char *line, size_t size)
{
    BYTES_AUTO(problem);
    struct turn_output output = {0};
    uint64_t id = 0;
    cr_assert_eq(protocol_read(view_of(line, size), &limits, &id, &output, &problem),
                 PROTOCOL_ANSWER, "%s: %.*s", line, (int)problem.size, problem.data);
    cr_assert_eq(id, 7);
    return output;
}

static struct turn_output answer(const char *line)
{
    return answer_sized(line, strlen(line));
}

static void assert_bytes(const struct bytes *bytes, struct view expected)
{
    cr_assert(view_equal(view_bytes(bytes), expected), "%.*s", (int)bytes->size,
              bytes->data);
}

static void assert_verdict(const char *line, enum turn_verdict verdict,
                           const char *words)
{
    struct turn_output output = answer(line);
    cr_assert_eq(output.verdict, verdict, "%s", line);
    cr_assert_not(output.state_changed);
    cr_assert_not(output.defer);
    cr_assert_eq(output.result.size, 0);
    cr_assert_eq(output.send_count, 0);
    cr_assert(memmem(output.error.data, output.error.size, words, strlen(words)),
              "%s: %.*s", line, (int)output.error.size, output.error.data);
    turn_output_free(&output);
}

static void assert_garbage(const char *line)
{
    BYTES_AUTO(problem);
    struct turn_output output = {0};
    uint64_t id = 0;
    cr_assert_eq(protocol_read(view_text(line), &limits, &id, &output, &problem),
                 PROTOCOL_GARBAGE, "%s", line);
    cr_assert_gt(problem.size, 0);
}

Test(protocol, a_result_is_a_success)
{
    struct turn_output output = answer(" {\"id\": 7, \"result\": \"a cup\\n\"}\r");
    cr_assert_eq(output.verdict, TURN_DONE);
    cr_assert_not(output.state_changed);
    cr_assert_eq(output.send_count, 0);
    assert_bytes(&output.result, view_text("a cup\n"));
    turn_output_free(&output);
}

Test(protocol, an_answer_without_a_result_has_an_empty_one)
{
    struct turn_output output = answer("{\"id\":7}");
    cr_assert_eq(output.verdict, TURN_DONE);
    cr_assert_eq(output.result.size, 0);
    cr_assert_not(output.result_is_message);
    turn_output_free(&output);
}

Test(protocol, a_state_replaces_the_state_even_an_empty_one)
{
    struct turn_output output = answer("{\"id\":7,\"state\":\"a\\u0000b\"}");
    cr_assert(output.state_changed);
    assert_bytes(&output.state, view_of("a\0b", 3));
    turn_output_free(&output);
    output = answer("{\"id\":7,\"state\":\"\"}");
    cr_assert(output.state_changed);
    cr_assert_eq(output.state.size, 0);
    turn_output_free(&output);
}

Test(protocol, bytes_come_back_in_base64)
{
    struct turn_output output =
        answer("{\"id\":7,\"result_base64\":\"/w==\",\"state_base64\":\"AP8=\"}");
    assert_bytes(&output.result, view_of("\377", 1));
    assert_bytes(&output.state, view_of("\0\377", 2));
    turn_output_free(&output);
}

Test(protocol, sends_keep_their_order)
{
    struct turn_output output =
        answer("{\"id\":7,\"send\":[{\"to\":\"a/tasks\",\"message\":\"1\"},"
               "{\"to\":\"b/tasks@k,delay=30s\",\"message\":\"2\"},{\"to\":\"c/\"}]}");
    cr_assert_eq(output.verdict, TURN_DONE, "%.*s", (int)output.error.size,
                 output.error.data);
    cr_assert_eq(output.send_count, 3);
    cr_assert_str_eq(output.sends[0].target, "a");
    assert_bytes(&output.sends[0].text, view_text("1"));
    cr_assert_str_eq(output.sends[1].target, "b");
    cr_assert_eq(output.sends[1].parameters.delay_ms, 30000);
    cr_assert_eq(output.sends[2].kind, SEND_CREATE);
    turn_output_free(&output);
}

Test(protocol, an_error_fails_for_good_and_with_retry_for_now)
{
    assert_verdict("{\"id\":7,\"error\":\"no beans\"}", TURN_FAILED, "no beans");
    assert_verdict("{\"id\":7,\"error\":\"no beans\",\"retry\":false}", TURN_FAILED,
                   "no beans");
    assert_verdict("{\"id\":7,\"error\":\"no beans\",\"retry\":true}", TURN_RETRY,
                   "no beans");
    assert_verdict("{\"id\":7,\"error\":\"\"}", TURN_FAILED, "no reason");
}

Test(protocol, a_retry_may_say_not_before)
{
    struct turn_output output =
        answer("{\"id\":7,\"error\":\"no beans\",\"retry\":\"17s\"}");
    cr_assert_eq(output.verdict, TURN_RETRY);
    cr_assert_eq(output.retry_after_ms, 17000);
    turn_output_free(&output);
}

Test(protocol, a_message_can_be_set_aside)
{
    struct turn_output output = answer("{\"id\":7,\"defer\":true}");
    cr_assert_eq(output.verdict, TURN_DONE);
    cr_assert(output.defer);
    turn_output_free(&output);
}

Test(protocol, wrong_values_fail_the_turn_and_are_named)
{
    static const char *const wrong[][2] = {
        {"{\"id\":7,\"result\":5}", "\"result\" must be a string"},
        {"{\"id\":7,\"result\":null}", "\"result\" must be a string"},
        {"{\"id\":7,\"state\":{}}", "\"state\" must be a string"},
        {"{\"id\":7,\"result_base64\":\"/w\"}", "\"result_base64\" must be base64"},
        {"{\"id\":7,\"state_base64\":1}", "\"state_base64\" must be a string"},
        {"{\"id\":7,\"result\":\"\",\"result_base64\":\"\"}", "given twice"},
        {"{\"id\":7,\"state\":\"\",\"state_base64\":\"\"}", "given twice"},
        {"{\"id\":7,\"error\":[]}", "\"error\" must be a string"},
        {"{\"id\":7,\"error\":\"x\",\"retry\":1}", "\"retry\" must be true"},
        {"{\"id\":7,\"error\":\"x\",\"retry\":\"soon\"}", "such as \"17s\""},
        {"{\"id\":7,\"error\":\"x\",\"retry\":\"99999d\"}", "such as \"17s\""},
        {"{\"id\":7,\"retry\":true}", "\"retry\" needs an \"error\""},
        {"{\"id\":7,\"defer\":\"yes\"}", "\"defer\" must be true or false"},
        {"{\"id\":7,\"defer\":true,\"state\":\"\"}", "with \"defer\" there is no"},
        {"{\"id\":7,\"defer\":true,\"error\":\"\"}", "with an \"error\" there is no"},
        {"{\"id\":7,\"result\":\"\",\"error\":\"x\"}", "with an \"error\" there is no"},
        {"{\"id\":7,\"send\":{}}", "\"send\" must be a list"},
        {"{\"id\":7,\"send\":[1]}", "\"send\" "},
        {"{\"id\":7,\"send\":[{\"to\":\"a/tasks\",\"message\":\"1\"},{}]}",
         "\"send\" "},
        {"{\"id\":7,\"resutl\":\"x\"}", "\"resutl\" is not known; known are id, res"},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_verdict(wrong[i][0], TURN_FAILED, wrong[i][1]);
}

static void assert_limit(const char *name, size_t size, const char *error)
{
    BYTES_AUTO(line);
    bytes_format(&line, "{\"id\":7,\"%s\":\"", name);
    memset(bytes_reserve(&line, size), 'A', size);
    line.size += size;
    bytes_append_text(&line, "\"}");
    bytes_append(&line, view_of("", 1));
    struct turn_output output = answer(line.data);
    if (error) {
        cr_assert_eq(output.verdict, TURN_FAILED);
        cr_assert(memmem(output.error.data, output.error.size, error, strlen(error)),
                  "%.*s", (int)output.error.size, output.error.data);
    } else {
        cr_assert(output.result.size || output.state.size || output.error.size == size);
    }
    turn_output_free(&output);
}

Test(protocol, what_exceeds_a_limit_fails_the_turn)
{
    assert_limit("result", 100, NULL);
    assert_limit("result", 101, "\"result\" exceeds the limit of 100 bytes");
    assert_limit("error", 100, NULL);
    assert_limit("error", 101, "\"error\" exceeds the limit of 100 bytes");
    assert_limit("state", 50, NULL);
    assert_limit("state", 51, "\"state\" exceeds the limit of 50 bytes");
    assert_limit("state_base64", 64, NULL);
    assert_limit("state_base64", 68, "\"state_base64\" exceeds the limit of 50 bytes");
}

Test(protocol, sends_together_have_a_limit)
{
    assert_verdict("{\"id\":7,\"send\":["
                   "{\"to\":\"a/tasks\",\"message\":\"0123456789012345678901234567\"},"
                   "{\"to\":\"b/tasks\",\"message\":\"01234567890123456789012345678\"}"
                   "]}",
                   TURN_FAILED, "\"send\" exceeds the limit of 60 bytes");
}

Test(protocol, a_spoiled_answer_is_tried_again_and_shown)
{
    assert_verdict("{\"id\":7,\"result\":\"say \"hi\"\"}", TURN_RETRY, "not JSON at");
    assert_verdict(" { \"id\" : 7 , \"result\":", TURN_RETRY, "not JSON at");
    assert_verdict("{\"id\":7,\"result\":\"caf\351\"}", TURN_RETRY, "caf?");
    assert_verdict("{\"id\":7,\"id\":7}", TURN_RETRY, "not JSON at");
}

Test(protocol, what_names_no_turn_is_garbage)
{
    static const char *const lines[] = {"",
                                        "hello",
                                        "{",
                                        "[]",
                                        "7",
                                        "null",
                                        "{}",
                                        "{\"id\":\"7\"}",
                                        "{\"id\":7.0}",
                                        "{\"id\":-7}",
                                        "{\"id\":7",
                                        "{\"id\":,}",
                                        "{\"id\":99999999999999999999999}",
                                        "{\"result\":\"x\"}"};

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_garbage(lines[i]);
}

Test(protocol, two_answers_in_one_line_are_no_answer_to_the_second)
{
    assert_verdict("{\"id\":7}{\"id\":8}", TURN_RETRY, "not JSON at");
}

Test(protocol, the_longest_possible_answer_has_a_bound)
{
    struct protocol_limits large = {1 << 20, 1 << 20, 1 << 20};
    cr_assert_eq(protocol_answer_bytes_max(&large), 6u * 3 * (1 << 20) + 65536);
}
