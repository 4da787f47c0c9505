/* SPDX-License-Identifier: MIT */
/*
 * Lines are taken one by one and the first wrong one ends it. Every error has a line to
 * name, also one that takes two lines to make.
 */
#include "common/behavior/conf.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/text.h"
#include "common/behavior/conf_key.h"

#define PROCESSES (CONF_PROGRAM | CONF_WORKER)

struct reader {
    const char *file;
    uint64_t line;
    enum conf_kind kind;
    uid_t daemon;
    struct conf conf;
    uint64_t given[CONF_KEYS_MAX]; /* the line of each key; 0: not yet */
    struct bytes *message;
};

static enum status refuse(struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum status refuse(struct reader *reader, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    bytes_format(reader->message, "%s:%llu: %s", reader->file,
                 (unsigned long long)reader->line, text);
    return STATUS_INVALID;
}

static enum status refuse_key(struct reader *reader, struct view key)
{
    BYTES_AUTO(names);
    const struct conf_key *known;
    for (size_t i = 0; (known = conf_key(i)); i++) {
        if (!(known->kinds & reader->kind))
            continue;
        bytes_append_text(&names, known->name);
        bytes_append_text(&names, " ");
    }
    if (reader->kind & PROCESSES)
        bytes_append_text(&names, "env.NAME ");
    return refuse(reader, "unknown key \"%.*s\"; there are %.*s",
                  (int)(key.size < 64 ? key.size : 64), key.data, (int)names.size - 1,
                  names.data);
}

static enum status refuse_value(struct reader *reader, const char *key,
                                const char *expected, struct view value)
{
    const char *hash = value.size ? memchr(value.data, '#', value.size) : NULL;
    return refuse(reader, "%s takes %s, not \"%.*s\"%s", key, expected,
                  (int)(value.size < 64 ? value.size : 64), value.data,
                  hash ? "; a comment stands on a line of its own" : "");
}

/* Judged at the end, because the two may stand in either order. */
static enum status check_backoff(struct reader *reader)
{
    const struct behavior_policy *policy = &reader->conf.policy;
    if (policy->backoff_ms <= policy->backoff_max_ms)
        return STATUS_OK;
    reader->line = 0;
    for (size_t i = 0; conf_key(i); i++)
        if (strncmp(conf_key(i)->name, "backoff", 7) == 0 &&
            reader->given[i] > reader->line)
            reader->line = reader->given[i];
    return refuse(reader, "backoff is longer than backoff-max (%lld ms)",
                  (long long)policy->backoff_max_ms);
}

static enum status take_env(struct reader *reader, struct view key, struct view value)
{
    struct view name = view_of(key.data + 4, key.size - 4);
    if (!(reader->kind & PROCESSES))
        return refuse_key(reader, key);
    if (conf_take_variable(&reader->conf, name, value))
        return STATUS_OK;
    return refuse(reader,
                  "env.NAME takes a name of letters, digits and _ that is given once "
                  "and is not one that turns are told of (ACTOR, KIND, HEADER_...), "
                  "not \"%.*s\"",
                  (int)(name.size < 64 ? name.size : 64), name.data);
}

/* A daemon that is not root cannot become anybody else. */
static bool may_run_as(const struct reader *reader)
{
    return !reader->conf.user || reader->daemon == 0 ||
           reader->daemon == reader->conf.uid;
}

static enum status take_pair(struct reader *reader, struct view key, struct view value)
{
    const struct conf_key *known;
    if (view_starts_with(key, "env."))
        return take_env(reader, key, value);
    for (size_t i = 0; (known = conf_key(i)); i++) {
        if (!view_equal(key, view_text(known->name)) || !(known->kinds & reader->kind))
            continue;
        if (reader->given[i])
            return refuse(reader, "%s was given in line %llu", known->name,
                          (unsigned long long)reader->given[i]);
        reader->given[i] = reader->line;
        if (known->take(&reader->conf, value, (char *)&reader->conf + known->offset) &&
            may_run_as(reader))
            return STATUS_OK;
        return refuse_value(reader, known->name, known->expected, value);
    }
    return refuse_key(reader, key);
}

/* --------------------------------------------------------------------------- lines */

static struct view trim(struct view text)
{
    return text_trimmed(text, " \t\r");
}

static enum status take_line(struct reader *reader, struct view line)
{
    line = trim(line);
    if (line.size == 0 || line.data[0] == '#')
        return STATUS_OK;
    const char *equals = memchr(line.data, '=', line.size);
    if (!equals)
        return refuse(reader, "a line is \"key = value\", not \"%.*s\"",
                      (int)(line.size < 64 ? line.size : 64), line.data);
    size_t size = (size_t)(equals - line.data);
    return take_pair(reader, trim(view_of(line.data, size)),
                     trim(view_of(equals + 1, line.size - size - 1)));
}

static enum status take_text(struct reader *reader, struct view text)
{
    enum status status = STATUS_OK;
    while (text.size && !status) {
        const char *newline = memchr(text.data, '\n', text.size);
        size_t size = newline ? (size_t)(newline - text.data) : text.size;
        reader->line++;
        status = take_line(reader, view_of(text.data, size));
        size += newline != NULL;
        text = view_of(text.data + size, text.size - size);
    }
    return status ? status : check_backoff(reader);
}

enum status conf_parse(struct view text, const char *file, enum conf_kind kind,
                       uid_t daemon, struct conf *conf_out, struct bytes *message)
{
    struct reader reader = {.file = file,
                            .kind = kind,
                            .daemon = daemon,
                            .conf.policy = BEHAVIOR_POLICY_DEFAULT,
                            .message = message};
    enum status status = take_text(&reader, text);
    if (status)
        conf_free(&reader.conf);
    else
        *conf_out = reader.conf;
    return status;
}

void conf_free(struct conf *conf)
{
    for (size_t i = 0; conf->environment && conf->environment[i]; i++)
        free(conf->environment[i]);
    free(conf->environment);
    free(conf->user);
    conf->environment = NULL;
    conf->user = NULL;
}
