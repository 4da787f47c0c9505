/* SPDX-License-Identifier: MIT */
/*
 * A table of parameters: a name and the function that reads its value. A new one is a
 * field, a reader and a line in the table. Readers leave everything as it was when the
 * value is bad.
 */
#include "common/base/parameters.h"

#include "common/base/clock.h"
#include "common/base/text.h"

static bool set_delay(struct parameters *parameters, struct view value)
{
    int64_t ms;

    if (parameters->at_ms >= 0 || !clock_parse_duration(value, &ms) ||
        ms > DELAY_MS_MAX)
        return false;
    parameters->delay_ms = ms;
    return true;
}

/* Ten years from when is not known here: the engine, which has the clock, bounds it. */
static bool set_at(struct parameters *parameters, struct view value)
{
    int64_t ms;

    if (parameters->delay_ms >= 0 || !clock_parse(value, &ms) || ms < 0)
        return false;
    parameters->at_ms = ms;
    return true;
}

/* `wait=30` is the form of RFC 7240's Prefer header, in seconds. */
static bool set_wait(struct parameters *parameters, struct view value)
{
    BYTES_AUTO(seconds);
    int64_t ms;

    bytes_append(&seconds, value);
    bytes_append_text(&seconds, "s");
    if (!clock_parse_duration(value, &ms) &&
        !clock_parse_duration(view_bytes(&seconds), &ms))
        return false;
    if (ms > WAIT_MS_MAX)
        return false;
    parameters->wait_ms = ms;
    return true;
}

static bool set_timer(struct parameters *parameters, struct view value)
{
    if (value.size == 0 || value.size > TIMER_NAME_BYTES_MAX || !text_is_plain(value))
        return false;
    memset(parameters->timer, 0, sizeof(parameters->timer));
    memcpy(parameters->timer, value.data, value.size);
    return true;
}

static bool set_create(struct parameters *parameters, struct view value)
{
    parameters->create = view_equal(value, view_text("1"));
    return parameters->create;
}

static bool set_reply(struct parameters *parameters, struct view value)
{
    parameters->reply = view_equal(value, view_text("1"));
    return parameters->reply;
}

static bool set_part(struct parameters *parameters, struct view value)
{
    if (view_equal(value, view_text("message")))
        parameters->part = PART_MESSAGE;
    else if (view_equal(value, view_text("result")))
        parameters->part = PART_RESULT;
    else
        return false;
    return true;
}

static const struct {
    const char *name;
    bool (*set)(struct parameters *parameters, struct view value);
} known[] = {
    {"delay", set_delay}, {"at", set_at},         {"wait", set_wait},
    {"timer", set_timer}, {"create", set_create}, {"reply", set_reply},
    {"part", set_part},
};

void parameters_clear(struct parameters *parameters)
{
    /* Not the whole: every look at the tree has several of these, and most of each is
       room for texts. */
    parameters->at = false;
    parameters->key.size = 0;
    parameters->delay_ms = -1;
    parameters->at_ms = -1;
    parameters->wait_ms = -1;
    parameters->create = false;
    parameters->reply = false;
    parameters->part = PART_RESULT;
    parameters->timer[0] = '\0';
    parameters->given = 0;
}

static char to_lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

/* Not strncasecmp(): it asks the locale. */
static bool is_same_word(struct view word, const char *lower)
{
    if (word.size != strlen(lower))
        return false;
    for (size_t i = 0; i < word.size; i++)
        if (to_lower(word.data[i]) != lower[i])
            return false;
    return true;
}

enum status parameters_set(struct parameters *parameters, struct view name,
                           struct view value)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        unsigned bit = 1u << i;

        if (!is_same_word(name, known[i].name))
            continue;
        if ((parameters->given & bit) || !known[i].set(parameters, value))
            return STATUS_INVALID;
        parameters->given |= bit;
        return STATUS_OK;
    }
    return STATUS_INVALID;
}
