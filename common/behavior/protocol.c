/* SPDX-License-Identifier: MIT */
/*
 * A worker's answer, judged. Whatever the bytes are, one of three things comes of them:
 * a turn's output, a turn's failure with a text that names what was wrong, or garbage
 * that concerns no turn. A worker with a fault must be easy to repair by its author and
 * unable to harm any turn but the one that it answers.
 */
#include "common/behavior/protocol.h"

#include <jansson.h>

#include "common/base/base64.h"
#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/behavior/outbox.h"

#define ENVELOPE_BYTES_MAX (64u << 10) /* names, punctuation, error, blanks */
#define BYTES_SHOWN_MAX 80             /* of a line that was not understood */

size_t protocol_answer_bytes_max(const struct protocol_limits *limits)
{
    const size_t bytes_escaped = 6; /* \u0000 */
    size_t values = (size_t)limits->result_bytes_max + limits->state_bytes_max +
                    limits->outbox_bytes_max;
    return values * bytes_escaped + ENVELOPE_BYTES_MAX;
}

static void fail(struct turn_output *output, enum turn_verdict verdict)
{
    turn_output_free(output);
    *output = (struct turn_output){.verdict = verdict};
    bytes_append_text(&output->error, "the worker's answer: ");
}

/* ---------------------------------------------------------------------- one member */

/* What is being read, member by member. */
struct reading {
    const struct protocol_limits *limits;
    struct turn_output *output;
    const char *name;
    json_t *value;
    bool has_result, has_state, has_error, has_retry, has_send;
};

static bool refuse(struct reading *reading, const char *why)
{
    fail(reading->output, TURN_FAILED);
    bytes_format(&reading->output->error, "\"%s\" %s", reading->name, why);
    return false;
}

static bool refuse_size(struct reading *reading, uint32_t limit)
{
    fail(reading->output, TURN_FAILED);
    bytes_format(&reading->output->error, "\"%s\" exceeds the limit of %u bytes",
                 reading->name, limit);
    return false;
}

static struct view string_of(const json_t *string)
{
    return view_of(json_string_value(string), json_string_length(string));
}

static bool read_text(struct reading *reading, uint32_t limit, struct bytes *out)
{
    if (!json_is_string(reading->value))
        return refuse(reading, "must be a string");
    if (json_string_length(reading->value) > limit)
        return refuse_size(reading, limit);
    bytes_append(out, string_of(reading->value));
    return true;
}

static bool read_base64(struct reading *reading, uint32_t limit, struct bytes *out)
{
    if (!json_is_string(reading->value))
        return refuse(reading, "must be a string");
    if (!base64_decode(out, string_of(reading->value)))
        return refuse(reading, "must be base64, padded and without line breaks");
    return out->size <= limit || refuse_size(reading, limit);
}

typedef bool read_fn(struct reading *reading, uint32_t limit, struct bytes *out);

static bool read_result_by(struct reading *reading, read_fn *read)
{
    if (reading->has_result)
        return refuse(reading, "is given twice, as text and in base64");
    reading->has_result = true;
    return read(reading, reading->limits->result_bytes_max, &reading->output->result);
}

static bool read_state_by(struct reading *reading, read_fn *read)
{
    if (reading->has_state)
        return refuse(reading, "is given twice, as text and in base64");
    reading->has_state = true;
    reading->output->state_changed = true;
    return read(reading, reading->limits->state_bytes_max, &reading->output->state);
}

static bool read_id(struct reading *reading)
{
    (void)reading;
    return true;
}

static bool read_result(struct reading *reading)
{
    return read_result_by(reading, read_text);
}

static bool read_result_base64(struct reading *reading)
{
    return read_result_by(reading, read_base64);
}

static bool read_state(struct reading *reading)
{
    return read_state_by(reading, read_text);
}

static bool read_state_base64(struct reading *reading)
{
    return read_state_by(reading, read_base64);
}

static bool read_error(struct reading *reading)
{
    reading->has_error = true;
    return read_text(reading, reading->limits->result_bytes_max,
                     &reading->output->error);
}

static bool read_retry(struct reading *reading)
{
    int64_t ms = 0;
    bool is_time = json_is_string(reading->value) &&
                   clock_parse_duration(string_of(reading->value), &ms) &&
                   ms <= DELAY_MS_MAX;
    if (!is_time && !json_is_boolean(reading->value))
        return refuse(reading, "must be true, false or a time such as \"17s\"");
    reading->has_retry = !json_is_false(reading->value);
    reading->output->retry_after_ms = ms;
    return true;
}

static bool read_defer(struct reading *reading)
{
    if (!json_is_boolean(reading->value))
        return refuse(reading, "must be true or false");
    reading->output->defer = json_is_true(reading->value);
    return true;
}

/* As much as it would take in a program's outbox. */
static size_t send_bytes(const struct turn_send *send)
{
    return strlen(send->target) + send->text.size + 1;
}

static bool read_send(struct reading *reading)
{
    struct turn_output *output = reading->output;
    size_t total = 0;
    if (!json_is_array(reading->value))
        return refuse(reading, "must be a list of objects such as "
                               "{\"to\":\"audit_log/tasks\",\"message\":\"...\"}");
    reading->has_send = json_array_size(reading->value) > 0;
    for (size_t i = 0; i < json_array_size(reading->value); i++) {
        BYTES_AUTO(why);
        json_t *object = json_array_get(reading->value, i);
        size_t before = output->send_count;
        if (outbox_send_from_json(object, output, &why) != STATUS_OK) {
            bytes_append(&why, view_of("", 1));
            return refuse(reading, why.data);
        }
        if (output->send_count > before)
            total += send_bytes(&output->sends[before]);
        if (total > reading->limits->outbox_bytes_max)
            return refuse_size(reading, reading->limits->outbox_bytes_max);
    }
    return true;
}

static const struct member {
    const char *name;
    bool (*read)(struct reading *reading);
} members[] = {
    {"id", read_id},
    {"result", read_result},
    {"state", read_state},
    {"send", read_send},
    {"error", read_error},
    {"retry", read_retry},
    {"defer", read_defer},
    {"result_base64", read_result_base64},
    {"state_base64", read_state_base64},
};

/* ---------------------------------------------------------------------- the answer */

static bool read_member(struct reading *reading)
{
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (strcmp(reading->name, members[i].name) == 0)
            return members[i].read(reading);
    fail(reading->output, TURN_FAILED);
    bytes_format(&reading->output->error,
                 "\"%.*s\" is not known; known are id, result, state, send, error, "
                 "retry, defer, result_base64 and state_base64",
                 (int)strnlen(reading->name, BYTES_SHOWN_MAX), reading->name);
    return false;
}

static bool is_success(const struct reading *reading)
{
    return reading->has_result || reading->has_state || reading->has_send;
}

/* Members that do not go together. */
static const char *find_contradiction(const struct reading *reading)
{
    if (reading->has_error && (is_success(reading) || reading->output->defer))
        return "with an \"error\" there is no \"result\", \"state\", \"send\" or "
               "\"defer\"";
    if (reading->has_retry && !reading->has_error)
        return "\"retry\" needs an \"error\"";
    if (reading->output->defer && is_success(reading))
        return "with \"defer\" there is no \"result\", \"state\" or \"send\"";
    return NULL;
}

static void judge(struct reading *reading)
{
    struct turn_output *output = reading->output;
    const char *contradiction = find_contradiction(reading);
    if (contradiction) {
        fail(output, TURN_FAILED);
        bytes_append_text(&output->error, contradiction);
    } else if (reading->has_error) {
        output->verdict = reading->has_retry ? TURN_RETRY : TURN_FAILED;
        if (output->error.size == 0)
            bytes_append_text(&output->error, "the worker gave no reason");
    } else {
        output->verdict = TURN_DONE;
    }
}

static void read_members(json_t *object, const struct protocol_limits *limits,
                         struct turn_output *output)
{
    struct reading reading = {.limits = limits, .output = output};
    json_object_foreach(object, reading.name, reading.value)
    {
        if (!read_member(&reading))
            return;
    }
    judge(&reading);
}

/* -------------------------------------------------------------------- what is none */

/* An answer that is spoiled further on still begins like one. */
static bool guess_id(struct view line, uint64_t *id_out)
{
    static const char *const tokens[] = {"{", "\"id\"", ":"};
    const char *at = line.data, *end = line.data + line.size;
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        while (at < end && (*at == ' ' || *at == '\t'))
            at++;
        if (!view_starts_with(view_of(at, (size_t)(end - at)), tokens[i]))
            return false;
        at += strlen(tokens[i]);
    }
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    uint64_t id = 0;
    const char *digits = at;
    for (; at < end && *at >= '0' && *at <= '9' && at - digits < 18; at++)
        id = id * 10 + (uint64_t)(*at - '0');
    if (at == digits || at == end || (*at >= '0' && *at <= '9'))
        return false;
    *id_out = id;
    return true;
}

static void append_shown(struct bytes *out, struct view line)
{
    bool is_cut = line.size > BYTES_SHOWN_MAX;
    size_t size = is_cut ? BYTES_SHOWN_MAX : line.size;
    for (size_t i = 0; i < size; i++) {
        char byte = line.data[i];
        bytes_append(out, view_of(byte >= 0x20 && byte < 0x7F ? &byte : "?", 1));
    }
    if (is_cut)
        bytes_append_text(out, "...");
}

static enum protocol_answer read_spoiled(struct view line, const json_error_t *error,
                                         uint64_t *id_out, struct turn_output *output,
                                         struct bytes *problem)
{
    struct bytes *out = problem;
    enum protocol_answer answer = PROTOCOL_GARBAGE;
    if (guess_id(line, id_out)) {
        answer = PROTOCOL_ANSWER;
        fail(output, TURN_RETRY);
        out = &output->error;
    }
    bytes_format(out, "not JSON at byte %d (", error->position);
    append_shown(out, view_text(error->text));
    bytes_append_text(out, "): ");
    append_shown(out, line);
    return answer;
}

static bool read_number(json_t *value, uint64_t *number_out)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *number_out = (uint64_t)json_integer_value(value);
    return true;
}

enum protocol_answer protocol_read(struct view line,
                                   const struct protocol_limits *limits,
                                   uint64_t *id_out, struct turn_output *output,
                                   struct bytes *problem)
{
    json_error_t error;
    enum protocol_answer answer = PROTOCOL_ANSWER;
    json_t *object = json_loadb(line.size ? line.data : "", line.size,
                                JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    if (!object)
        return read_spoiled(line, &error, id_out, output, problem);
    if (read_number(json_object_get(object, "id"), id_out)) {
        read_members(object, limits, output);
    } else {
        answer = PROTOCOL_GARBAGE;
        bytes_append_text(problem, "no object with an \"id\" that is a number: ");
        append_shown(problem, line);
    }
    json_decref(object);
    return answer;
}
