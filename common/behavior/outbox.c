/* SPDX-License-Identifier: MIT */
/*
 * Every form ends in take_send(path, message): the forms differ only in how a path and
 * a message are written down. What is wrong is said once, there, and the callers put
 * the place in front of it.
 *
 * An outbox is written by a program's author, who debugs it by the error text. So
 * nothing is guessed and nothing ignored: a parameter without meaning, a member that is
 * misspelled or a second line where one is wanted fails the turn.
 */
#include "common/behavior/outbox.h"

#include "common/base/base64.h"
#include "common/base/log.h"
#include "common/base/name.h"

#define SHOWN_BYTES_MAX 80 /* of a line, in an error */

static const char path_forms[] =
    "a path is ACTOR/tasks, ACTOR/, ACTOR/behavior, ACTOR/status or defer";

static enum status refuse(struct bytes *why, const char *text)
{
    bytes_append_text(why, text);
    return STATUS_INVALID;
}

/* --------------------------------------------------------------------------- paths */

/* Encoding asks for more than an actor's place in a path needs: "alice@example.com" or
   "octocat~hello" is as clear there. */
static bool decode_name(struct bytes *name, struct view text)
{
    BYTES_AUTO(encoded);
    for (size_t i = 0; i < text.size; i++)
        if (memchr("@~& ", text.data[i], 4))
            bytes_format(&encoded, "%%%02X", (unsigned char)text.data[i]);
        else
            bytes_append(&encoded, view_of(text.data + i, 1));
    return percent_decode(name, view_bytes(&encoded));
}

static enum status take_target(struct view text, struct turn_send *send,
                               struct bytes *why)
{
    BYTES_AUTO(name);
    if (text.size == 0)
        return refuse(why, "a path begins with an actor's name, relative to /actors");
    if (view_equal(text, view_text("ME")))
        return STATUS_OK;
    if (!decode_name(&name, text))
        return refuse(why, "the actor's name must be percent-encoded");
    if (name_check_actor(view_bytes(&name)))
        return refuse(why, "that is no actor's name: 1 to 128 bytes of UTF-8 without "
                           "control characters and / ? # % , that begin with no dot, "
                           "hyphen or space and end with no space");
    memcpy(send->target, name.data, name.size);
    return STATUS_OK;
}

/* Asked of the parameters' own module, which alone knows their bits. */
static bool is_given(const struct parameters *parameters, const char *name,
                     const char *value)
{
    struct parameters probe;
    parameters_clear(&probe);
    ENSURE(parameters_set(&probe, view_text(name), view_text(value)) == STATUS_OK);
    return parameters->given & probe.given;
}

static enum status check_parameters(const struct parameters *parameters,
                                    struct bytes *why)
{
    if (is_given(parameters, "wait", "0s"))
        return refuse(why, "a send does not wait; reply=1 brings the outcome as a "
                           "message");
    if (is_given(parameters, "part", "result"))
        return refuse(why, "part= is for reading only");
    if (parameters->key.size && parameters->key.text[0] == '.')
        return refuse(why, "keys that begin with a dot are the server's own");
    return STATUS_OK;
}

static enum status take_file(struct view text, struct turn_send *send,
                             struct bytes *why)
{
    struct view base;
    if (name_parse(text, &base, &send->parameters))
        return refuse(why, "after @ comes a key or nothing, percent-encoded, then "
                           ",name=value with delay=30s or at=2026-12-24T18:00:00Z, "
                           "timer=NAME, create=1, reply=1");
    if (view_equal(base, view_text("tasks")))
        return check_parameters(&send->parameters, why);
    if (base.size == 0)
        send->kind = SEND_CREATE;
    else if (view_equal(base, view_text("behavior")))
        send->kind = SEND_BEHAVIOR;
    else if (view_equal(base, view_text("status")))
        send->kind = SEND_CONTROL;
    else if (view_equal(base, view_text("execute")))
        return refuse(why, "a turn does not wait for another, so execute is no "
                           "target; tasks is, with reply=1 for the outcome");
    else
        return refuse(why, path_forms);
    return send->parameters.at ? refuse(why, "only tasks takes a key and parameters")
                               : STATUS_OK;
}

static enum status take_path(struct view path, struct turn_send *send,
                             struct bytes *why)
{
    const char *slash = path.size ? memchr(path.data, '/', path.size) : NULL;
    if (!slash)
        return refuse(why, path_forms);
    size_t size = (size_t)(slash - path.data);
    enum status status = take_target(view_of(path.data, size), send, why);
    if (status)
        return status;
    return take_file(view_of(slash + 1, path.size - size - 1), send, why);
}

/* ------------------------------------------------------------------------ messages */

/* What stands in a line of its own does so without its newline. */
static struct view without_newline(struct view text)
{
    if (text.size && text.data[text.size - 1] == '\n')
        text.size--;
    if (text.size && text.data[text.size - 1] == '\r')
        text.size--;
    return text;
}

static enum status take_line_of(struct view message, struct turn_send *send,
                                struct bytes *why)
{
    struct view line = without_newline(message);
    if (line.size && memchr(line.data, '\n', line.size))
        return refuse(why, "behavior and status take one line");
    if (line.size == 0 && send->kind == SEND_CONTROL)
        return refuse(why, "a word for status is missing, such as suspend");
    bytes_append(&send->text, line);
    return STATUS_OK;
}

static enum status take_message(struct view message, struct turn_send *send,
                                struct bytes *why)
{
    switch (send->kind) {
    case SEND_MESSAGE:
        if (message.size == 0)
            return refuse(why, "an empty message cannot be sent");
        bytes_append(&send->text, message);
        return STATUS_OK;
    case SEND_CREATE:
        return message.size ? refuse(why, "ACTOR/ makes an actor and takes no message; "
                                          "ACTOR/tasks@,create=1 does both")
                            : STATUS_OK;
    case SEND_BEHAVIOR:
    case SEND_CONTROL:
        return take_line_of(message, send, why);
    }
    return STATUS_INVALID;
}

static enum status take_defer(struct view message, struct turn_output *output,
                              struct bytes *why)
{
    if (message.size)
        return refuse(why, "defer takes no message: the one at hand is set aside");
    output->defer = true;
    return STATUS_OK;
}

static enum status take_send(struct view path, struct view message,
                             struct turn_output *output, struct bytes *why)
{
    enum status status;
    if (view_equal(path, view_text("defer"))) {
        status = take_defer(message, output, why);
    } else {
        struct turn_send *send = turn_output_add_send(output);
        status = take_path(path, send, why);
        if (!status)
            status = take_message(message, send, why);
    }
    if (!status && output->defer && output->send_count)
        return refuse(why, "a turn that defers its message sends nothing: it would "
                           "be sent again when the message is offered again");
    return status;
}

/* ------------------------------------------------------------------------- objects */

static struct view string_of(const json_t *string)
{
    return view_of(json_string_value(string), json_string_length(string));
}

static enum status check_members(json_t *object, struct bytes *why)
{
    static const char *const known[] = {"to", "message", "message_base64"};
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        bool is_known = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            is_known |= strcmp(name, known[i]) == 0;
        if (!is_known || !json_is_string(value)) {
            bytes_format(why,
                         is_known ? "\"%.40s\" must be a string"
                                  : "unknown member \"%.40s\"; there are \"to\", "
                                    "\"message\" and \"message_base64\"",
                         name);
            return STATUS_INVALID;
        }
    }
    return STATUS_OK;
}

static enum status take_object(json_t *object, struct turn_output *output,
                               struct bytes *why)
{
    BYTES_AUTO(decoded);
    if (!json_is_object(object))
        return refuse(why, "a send is an object {\"to\":\"PATH\",\"message\":\"...\"}");
    enum status status = check_members(object, why);
    if (status)
        return status;
    const json_t *to = json_object_get(object, "to");
    const json_t *message = json_object_get(object, "message");
    const json_t *base64 = json_object_get(object, "message_base64");
    if (!to)
        return refuse(why, "\"to\" is missing, a path such as \"user_456/tasks\"");
    if (message && base64)
        return refuse(why, "either \"message\" or \"message_base64\", not both");
    if (base64 && !base64_decode(&decoded, string_of(base64)))
        return refuse(why, "\"message_base64\" is not base64");
    return take_send(string_of(to), message ? string_of(message) : view_bytes(&decoded),
                     output, why);
}

/* --------------------------------------------------------------------------- lines */

static enum status take_json_line(struct view line, struct turn_output *output,
                                  struct bytes *why)
{
    json_error_t error;
    json_t *object = json_loadb(line.data, line.size,
                                JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (!object) {
        bytes_format(why, "a line that begins with { is JSON: %s", error.text);
        return STATUS_INVALID;
    }
    enum status status = take_object(object, output, why);
    json_decref(object);
    return status;
}

static enum status take_line(struct view line, struct turn_output *output,
                             struct bytes *why)
{
    if (line.data[0] == '{')
        return take_json_line(line, output, why);
    const char *space = memchr(line.data, ' ', line.size);
    size_t size = space ? (size_t)(space - line.data) : line.size;
    struct view message = view_of(line.data + size, line.size - size);
    if (space)
        message = view_of(space + 1, message.size - 1);
    return take_send(view_of(line.data, size), message, output, why);
}

/* A long text is cut before a character, never within. */
static void append_shown(struct bytes *out, struct view text)
{
    size_t size = text.size;
    if (size > SHOWN_BYTES_MAX) {
        size = SHOWN_BYTES_MAX;
        while (size && ((unsigned char)text.data[size] & 0xC0) == 0x80)
            size--;
    }
    append_column(out, view_of(text.data, size));
    bytes_append_text(out, size < text.size ? "..." : "");
}

enum status outbox_parse(struct view text, struct turn_output *output,
                         struct bytes *error)
{
    for (uint64_t number = 1; text.size; number++) {
        BYTES_AUTO(why);
        const char *newline = memchr(text.data, '\n', text.size);
        size_t size = newline ? (size_t)(newline - text.data) : text.size;
        struct view line = view_of(text.data, size);
        if (size && take_line(line, output, &why)) {
            bytes_append_text(error, "outbox line ");
            bytes_append_number(error, number);
            bytes_append_text(error, ", \"");
            append_shown(error, line);
            bytes_append_text(error, "\": ");
            bytes_append(error, view_bytes(&why));
            return STATUS_INVALID;
        }
        size += newline != NULL;
        text = view_of(text.data + size, text.size - size);
    }
    return STATUS_OK;
}

enum status outbox_send_from_json(json_t *object, struct turn_output *output,
                                  struct bytes *error)
{
    BYTES_AUTO(why);
    enum status status = take_object(object, output, &why);
    if (!status)
        return STATUS_OK;
    const json_t *to = json_object_get(object, "to");
    bytes_append_text(error, "to \"");
    append_shown(error, string_of(to));
    bytes_append_text(error, "\": ");
    bytes_append(error, view_bytes(&why));
    return status;
}

enum status outbox_check(struct view path, struct view message, struct bytes *why)
{
    struct turn_output output = {0};
    enum status status = take_send(path, message, &output, why);
    turn_output_free(&output);
    return status;
}

/* JSON writes a control byte in up to six; base64 bounds what a message grows to. */
static bool is_better_as_text(struct view message)
{
    size_t size = message.size;
    for (size_t i = 0; i < message.size; i++) {
        char byte = message.data[i];
        if (memchr("\"\\\n\t\r", byte, 5))
            size += 1;
        else if ((unsigned char)byte < ' ')
            size += 5;
    }
    return size <= message.size / 3 * 4 + 64 && utf8_is_valid(message);
}

void outbox_frame(struct bytes *out, struct view path, struct view message)
{
    BYTES_AUTO(base64);
    bool is_text = is_better_as_text(message);
    if (!is_text)
        base64_encode(&base64, message);
    struct view shown = is_text ? message : view_bytes(&base64);
    json_t *object = json_pack("{s:s%, s:s%}", "to", path.data, path.size,
                               is_text ? "message" : "message_base64",
                               shown.size ? shown.data : "", shown.size);
    ENSURE(object);
    char *line = json_dumps(object, JSON_COMPACT);
    ENSURE(line);
    bytes_append_text(out, line);
    bytes_append_text(out, "\n");
    free(line);
    json_decref(object);
}
