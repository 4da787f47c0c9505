/* SPDX-License-Identifier: MIT */
/*
 * A table of keys: where the value goes, what it is, and what to say when it is not
 * that. Every error has a line to name, also one that takes two lines to make.
 */
#include "common/behavior/conf.h"

#include <errno.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/text.h"

#define KEYS_MAX 16

struct reader {
    const char *file;
    uint64_t line;
    enum conf_kind kind;
    uid_t daemon;
    struct conf conf;
    size_t environment_count;
    uint64_t given[KEYS_MAX]; /* the line of each key; 0: not yet */
    struct bytes *message;
};

struct key_rule {
    const char *name;
    bool (*take)(struct reader *reader, struct view value, void *field);
    size_t offset; /* in struct conf */
    unsigned kinds;
    const char *expected;
};

/* -------------------------------------------------------------------------- values */

/* Decimal digits from the front of `text`; false without one, or above `max`. */
static bool take_number(struct view *text, uint64_t max, uint64_t *number_out)
{
    uint64_t number = 0;
    size_t at = 0;
    for (; at < text->size && text->data[at] >= '0' && text->data[at] <= '9'; at++) {
        number = number * 10 + (uint64_t)(text->data[at] - '0');
        if (number > max)
            return false;
    }
    *text = view_of(text->data + at, text->size - at);
    *number_out = number;
    return at > 0;
}

static bool take_count(struct view text, uint64_t max, uint32_t *count)
{
    uint64_t number;
    if (!take_number(&text, max, &number) || text.size || number == 0)
        return false;
    *count = (uint32_t)number;
    return true;
}

static bool take_attempts(struct reader *reader, struct view value, void *field)
{
    (void)reader;
    return take_count(value, 1000, field);
}

static bool take_processes(struct reader *reader, struct view value, void *field)
{
    (void)reader;
    return take_count(value, 1024, field);
}

static bool take_time(struct reader *reader, struct view value, void *field)
{
    int64_t ms;
    (void)reader;
    if (!clock_parse_duration(value, &ms) || ms < 1 || ms > DELAY_MS_MAX)
        return false;
    *(int64_t *)field = ms;
    return true;
}

static bool take_memory(struct reader *reader, struct view value, void *field)
{
    static const char units[] = "KMGT";
    uint64_t number;
    (void)reader;
    if (!take_number(&value, UINT32_MAX, &number) || value.size > 1)
        return false;
    if (value.size) {
        const char *unit = memchr(units, value.data[0], 4);
        if (!unit)
            return false;
        number <<= 10 * (unit - units + 1);
    }
    *(uint64_t *)field = number;
    return number >= 1u << 20;
}

static bool take_rate(struct reader *reader, struct view value, void *field)
{
    static const struct {
        char name;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    uint64_t number;
    (void)field;
    if (!take_number(&value, 1000000, &number) || number == 0 || value.size != 2 ||
        value.data[0] != '/')
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (value.data[1] == units[i].name) {
            reader->conf.policy.rate_turns = (uint32_t)number;
            reader->conf.policy.rate_ms = units[i].ms;
            return true;
        }
    }
    return false;
}

/* One of two words, the second of which sets the flag. */
static bool take_word(struct view value, const char *no, const char *yes, bool *flag)
{
    *flag = view_equal(value, view_text(yes));
    return *flag || view_equal(value, view_text(no));
}

static bool take_flag(struct reader *reader, struct view value, void *field)
{
    (void)reader;
    return take_word(value, "no", "yes", field);
}

static bool take_fingerprint(struct reader *reader, struct view value, void *field)
{
    (void)reader;
    return take_word(value, "bytes", "none", field);
}

/* It becomes the value of a header. */
static bool take_type(struct reader *reader, struct view value, void *field)
{
    (void)reader;
    const char *slash = value.size ? memchr(value.data, '/', value.size) : NULL;
    if (value.size > CONTENT_TYPE_BYTES_MAX || !text_is_printable_ascii(value) ||
        !slash || slash == value.data || slash + 1 == value.data + value.size)
        return false;
    memcpy(field, value.data, value.size);
    return true;
}

static bool take_control(struct reader *reader, struct view value, void *field)
{
    (void)reader;
    if (value.size == 0 || value.size > CONTROL_PATTERN_BYTES_MAX ||
        !text_is_plain(value))
        return false;
    memcpy(field, value.data, value.size);
    return true;
}

static bool find_user(const char *name, uid_t *uid, gid_t *gid)
{
    char buffer[4096];
    struct passwd entry, *found = NULL;
    if (getpwnam_r(name, &entry, buffer, sizeof buffer, &found) != 0 || !found)
        return false;
    *uid = found->pw_uid;
    *gid = found->pw_gid;
    return true;
}

static bool take_user(struct reader *reader, struct view value, void *field)
{
    (void)field;
    struct conf *conf = &reader->conf;
    conf->user = memory_text(value);
    if (value.size == 0 || !text_is_plain(value) ||
        !find_user(conf->user, &conf->uid, &conf->gid))
        return false;
    return reader->daemon == 0 || reader->daemon == conf->uid;
}

/* -------------------------------------------------------------------- environment */

static bool is_variable(struct view name)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    for (size_t i = 0; i < name.size; i++)
        if (!memchr(letters, name.data[i], sizeof letters - 1))
            return false;
    return name.size && (name.data[0] < '0' || name.data[0] > '9');
}

/* What tells a turn who it is must not be forged by accident. */
static bool is_reserved(struct view name)
{
    static const char *const reserved[] = {
        "ACTOR",  "TASK",     "IDEMPOTENCY_KEY", "ATTEMPT",     "KIND",        "SENDER",
        "CALLER", "REPLY_TO", "OUTCOME",         "ACTOR_STATE", "ACTOR_OUTBOX"};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (view_equal(name, view_text(reserved[i])))
            return true;
    return view_starts_with(name, "HEADER_");
}

static bool is_variable_given(const struct reader *reader, struct view name)
{
    for (size_t i = 0; i < reader->environment_count; i++) {
        const char *pair = reader->conf.environment[i];
        if (strncmp(pair, name.data, name.size) == 0 && pair[name.size] == '=')
            return true;
    }
    return false;
}

static bool take_variable(struct reader *reader, struct view name, struct view value)
{
    BYTES_AUTO(pair);
    struct conf *conf = &reader->conf;
    if (!is_variable(name) || is_reserved(name) || is_variable_given(reader, name) ||
        (value.size && memchr(value.data, 0, value.size)))
        return false;
    bytes_append(&pair, name);
    bytes_append_text(&pair, "=");
    bytes_append(&pair, value);
    size_t count = ++reader->environment_count;
    conf->environment =
        memory_resize(conf->environment, (count + 1) * sizeof *conf->environment);
    conf->environment[count - 1] = memory_text(view_bytes(&pair));
    conf->environment[count] = NULL;
    return true;
}

/* ---------------------------------------------------------------------------- keys */

#define CONF(field) offsetof(struct conf, field)
#define PROCESSES (CONF_PROGRAM | CONF_WORKER)
#define ALL (PROCESSES | CONF_BUILTIN)
#define A_TIME "a time above 0 such as 250ms, 30s or 5m"
#define A_FLAG "yes or no"

static const struct key_rule rules[] = {
    {"timeout", take_time, CONF(policy.timeout_ms), ALL, A_TIME},
    {"attempts", take_attempts, CONF(policy.attempts), ALL, "a number from 1 to 1000"},
    {"backoff", take_time, CONF(policy.backoff_ms), ALL, A_TIME},
    {"backoff-max", take_time, CONF(policy.backoff_max_ms), ALL, A_TIME},
    {"rate", take_rate, 0, ALL, "turns in a time such as 10/s, 100/m, 5000/h or 9/d"},
    {"create", take_flag, CONF(policy.create), ALL, A_FLAG},
    {"fingerprint", take_fingerprint, CONF(policy.key_decides), ALL, "bytes or none"},
    {"type", take_type, CONF(policy.type), ALL, "a media type such as text/html"},
    {"control", take_control, CONF(policy.control), ALL, "a pattern such as user_*"},
    {"processes", take_processes, CONF(processes), PROCESSES,
     "a number from 1 to 1024"},
    {"memory", take_memory, CONF(memory_bytes), PROCESSES,
     "a size such as 64M or 2G, 1M at least"},
    {"user", take_user, 0, PROCESSES,
     "the name of a user of this machine; a daemon that is not root has but its own"},
    {"speculative", take_flag, CONF(speculative), CONF_WORKER, A_FLAG},
};
#define RULE_COUNT (sizeof rules / sizeof *rules)
_Static_assert(RULE_COUNT <= KEYS_MAX, "a line number for each");

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
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (!(rules[i].kinds & reader->kind))
            continue;
        bytes_append_text(&names, rules[i].name);
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
    for (size_t i = 0; i < RULE_COUNT; i++)
        if (strncmp(rules[i].name, "backoff", 7) == 0 &&
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
    if (take_variable(reader, name, value))
        return STATUS_OK;
    return refuse(reader,
                  "env.NAME takes a name of letters, digits and _ that is given once "
                  "and is not one that turns are told of (ACTOR, KIND, HEADER_...), "
                  "not \"%.*s\"",
                  (int)(name.size < 64 ? name.size : 64), name.data);
}

static enum status take_pair(struct reader *reader, struct view key, struct view value)
{
    if (view_starts_with(key, "env."))
        return take_env(reader, key, value);
    for (size_t i = 0; i < RULE_COUNT; i++) {
        const struct key_rule *rule = &rules[i];
        if (!view_equal(key, view_text(rule->name)) || !(rule->kinds & reader->kind))
            continue;
        if (reader->given[i])
            return refuse(reader, "%s was given in line %llu", rule->name,
                          (unsigned long long)reader->given[i]);
        reader->given[i] = reader->line;
        if (!rule->take(reader, value, (char *)&reader->conf + rule->offset))
            return refuse_value(reader, rule->name, rule->expected, value);
        return STATUS_OK;
    }
    return refuse_key(reader, key);
}

/* --------------------------------------------------------------------------- lines */

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static struct view trim(struct view text)
{
    while (text.size && is_blank(text.data[0]))
        text = view_of(text.data + 1, text.size - 1);
    while (text.size && is_blank(text.data[text.size - 1]))
        text.size--;
    return text;
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
