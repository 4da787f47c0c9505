/* SPDX-License-Identifier: MIT */
/*
 * The lines between the daemon and a worker. The first byte chooses: the rest is a
 * worker's answer, which becomes an output within its limits or a problem in words; or
 * it is a message, which must come out of a JSON parser as it went in.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/base64.h"
#include "common/base/log.h"
#include "common/behavior/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(struct view line)
{
    const struct protocol_limits limits = {
        .result_bytes_max = 64, .state_bytes_max = 32, .outbox_bytes_max = 128};
    struct turn_output output = {0};
    BYTES_AUTO(problem);
    uint64_t id = UINT64_MAX;

    if (protocol_read(line, &limits, &id, &output, &problem) == PROTOCOL_GARBAGE) {
        ENSURE(problem.size > 0);
        return;
    }
    ENSURE(id != UINT64_MAX);
    ENSURE((output.verdict == TURN_DONE) == (output.error.size == 0));
    ENSURE(output.result.size <= 64 && output.state.size <= 32);
    ENSURE(!output.defer || !output.send_count);
    ENSURE(output.verdict == TURN_DONE || !output.state_changed);
    turn_output_free(&output);
}

static void check_said(json_t *object, const char *name, const char *name_base64,
                       struct view expected)
{
    json_t *text = json_object_get(object, name);
    json_t *encoded = json_object_get(object, name_base64);
    BYTES_AUTO(decoded);

    ENSURE((text == NULL) == (encoded != NULL));
    if (text)
        bytes_append(&decoded,
                     view_of(json_string_value(text), json_string_length(text)));
    else
        ENSURE(base64_decode(&decoded, view_of(json_string_value(encoded),
                                               json_string_length(encoded))));
    ENSURE(view_equal(view_bytes(&decoded), expected));
}

static void check_turn(struct view bytes)
{
    struct turn_input input = {.actor = view_text("a"),
                               .key = view_text("k"),
                               .attempt = 1,
                               .headers = bytes,
                               .message = bytes,
                               .state = view_of(bytes.data, bytes.size / 2)};
    BYTES_AUTO(line);

    protocol_append_turn(&line, 7, &input);
    protocol_set_attempt(&line, 4294967295);
    ENSURE(memchr(line.data, '\n', line.size) == line.data + line.size - 1);
    json_t *object = json_loadb(line.data, line.size, JSON_ALLOW_NUL, NULL);
    /* jansson refuses member names with a NUL, and a header's may be anything here. */
    if (!object && memchr(bytes.data, 0, bytes.size))
        return;
    ENSURE(object);
    ENSURE(json_integer_value(json_object_get(object, "attempt")) == 4294967295);
    check_said(object, "message", "message_base64", input.message);
    check_said(object, "state", "state_base64", input.state);
    json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] == '{')
        check_answer(view_of(data, size));
    else
        check_turn(view_of(data + 1, size - 1));
    return 0;
}
