/* SPDX-License-Identifier: MIT */
#include "common/behavior/conf_key.h"

#include <pwd.h>
#include <stddef.h>

#include "common/base/clock.h"
#include "common/base/text.h"

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

static bool take_attempts(struct conf *conf, struct view value, void *field)
{
    (void)conf;
    return take_count(value, 1000, field);
}

static bool take_processes(struct conf *conf, struct view value, void *field)
{
    (void)conf;
    return take_count(value, 1024, field);
}

static bool take_time(struct conf *conf, struct view value, void *field)
{
    int64_t ms;
    (void)conf;
    if (!clock_parse_duration(value, &ms) || ms < 1 || ms > DELAY_MS_MAX)
        return false;
    *(int64_t *)field = ms;
    return true;
}

static bool take_memory(struct conf *conf, struct view value, void *field)
{
    static const char units[] = "KMGT";
    uint64_t number;
    (void)conf;
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

static bool take_rate(struct conf *conf, struct view value, void *field)
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
            conf->policy.rate_turns = (uint32_t)number;
            conf->policy.rate_ms = units[i].ms;
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

static bool take_flag(struct conf *conf, struct view value, void *field)
{
    (void)conf;
    return take_word(value, "no", "yes", field);
}

static bool take_fingerprint(struct conf *conf, struct view value, void *field)
{
    (void)conf;
    return take_word(value, "bytes", "none", field);
}

/* It becomes the value of a header. */
static bool take_type(struct conf *conf, struct view value, void *field)
{
    (void)conf;
    const char *slash = value.size ? memchr(value.data, '/', value.size) : NULL;
    if (value.size > CONTENT_TYPE_BYTES_MAX || !text_is_printable_ascii(value) ||
        !slash || slash == value.data || slash + 1 == value.data + value.size)
        return false;
    memcpy(field, value.data, value.size);
    return true;
}

static bool take_control(struct conf *conf, struct view value, void *field)
{
    (void)conf;
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

static bool take_user(struct conf *conf, struct view value, void *field)
{
    (void)field;
    conf->user = memory_text(value);
    return value.size && text_is_plain(value) &&
           find_user(conf->user, &conf->uid, &conf->gid);
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

static bool is_variable_given(const struct conf *conf, struct view name)
{
    for (size_t i = 0; conf->environment && conf->environment[i]; i++) {
        const char *pair = conf->environment[i];
        if (strncmp(pair, name.data, name.size) == 0 && pair[name.size] == '=')
            return true;
    }
    return false;
}

static void add_variable(struct conf *conf, struct view name, struct view value)
{
    BYTES_AUTO(pair);
    size_t count = 0;
    while (conf->environment && conf->environment[count])
        count++;
    bytes_append(&pair, name);
    bytes_append_text(&pair, "=");
    bytes_append(&pair, value);
    conf->environment =
        memory_resize(conf->environment, (count + 2) * sizeof *conf->environment);
    conf->environment[count] = memory_text(view_bytes(&pair));
    conf->environment[count + 1] = NULL;
}

bool conf_take_variable(struct conf *conf, struct view name, struct view value)
{
    if (!is_variable(name) || is_reserved(name) || is_variable_given(conf, name) ||
        (value.size && memchr(value.data, 0, value.size)))
        return false;
    add_variable(conf, name, value);
    return true;
}

/* ---------------------------------------------------------------------------- keys */

#define CONF(field) offsetof(struct conf, field)
#define PROCESSES (CONF_PROGRAM | CONF_WORKER)
#define ALL (PROCESSES | CONF_BUILTIN)
#define A_TIME "a time above 0 such as 250ms, 30s or 5m"
#define A_FLAG "yes or no"

static const struct conf_key table[] = {
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
#define COUNT (sizeof table / sizeof *table)
_Static_assert(COUNT <= CONF_KEYS_MAX, "a line number for each");

const struct conf_key *conf_key(size_t n)
{
    return n < COUNT ? &table[n] : NULL;
}
