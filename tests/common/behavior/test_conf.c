/* SPDX-License-Identifier: MIT */
#include "common/behavior/conf.h"

#include <criterion/criterion.h>
#include <pwd.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct conf parsed(const char *text, enum conf_kind kind)
{
    BYTES_AUTO(message);
    struct conf conf = {0};
    enum status status =
        conf_parse(view_text(text), "x.conf", kind, 0, &conf, &message);
    cr_assert_eq(status, STATUS_OK, "%.*s", (int)message.size, message.data);
    return conf;
}

static void expect_refused(const char *text, enum conf_kind kind, uid_t daemon,
                           const char *said)
{
    BYTES_AUTO(message);
    struct conf conf = {0};
    cr_expect_eq(conf_parse(view_text(text), "d/x.conf", kind, daemon, &conf, &message),
                 STATUS_INVALID, "%s", text);
    bytes_append(&message, view_of("", 1));
    cr_expect_eq(strncmp(message.data, said, strlen(said)), 0, "%s: %s", text,
                 message.data);
    cr_expect_null(conf.environment);
    cr_expect_null(conf.user);
}

Test(conf, an_empty_file_means_the_defaults_of_the_contract)
{
    struct conf conf = parsed("", CONF_WORKER);
    cr_expect_eq(conf.policy.timeout_ms, 60000);
    cr_expect_eq(conf.policy.attempts, 5);
    cr_expect_eq(conf.policy.backoff_ms, 1000);
    cr_expect_eq(conf.policy.backoff_max_ms, 300000);
    cr_expect_eq(conf.policy.rate_ms, 0);
    cr_expect_str_eq(conf.policy.type, "");
    cr_expect_str_eq(conf.policy.control, "");
    cr_expect_not(conf.policy.create || conf.policy.key_decides || conf.speculative);
    cr_expect_eq(conf.processes, 0);
    cr_expect_eq(conf.memory_bytes, 0);
    cr_expect_null(conf.user);
    cr_expect_null(conf.environment);
    conf_free(&conf);
}

Test(conf, every_key_is_understood)
{
    struct conf conf = parsed("# of the bar\n"
                              "timeout = 250ms\n"
                              "\tattempts=3\r\n"
                              "\n"
                              "  # indented\n"
                              "backoff = 2s\n"
                              "backoff-max = 1h\n"
                              "processes = 4\n"
                              "memory = 512M\n"
                              "user = root\n"
                              "rate = 100/m\n"
                              "create = yes\n"
                              "fingerprint = none\n"
                              "type = application/json; charset=utf-8\n"
                              "speculative = yes\n"
                              "control = user_*\n"
                              "env.GREETING =  hello = # world \n"
                              "env.EMPTY =",
                              CONF_WORKER);
    cr_expect_eq(conf.policy.timeout_ms, 250);
    cr_expect_eq(conf.policy.attempts, 3);
    cr_expect_eq(conf.policy.backoff_ms, 2000);
    cr_expect_eq(conf.policy.backoff_max_ms, 3600000);
    cr_expect_eq(conf.processes, 4);
    cr_expect_eq(conf.memory_bytes, 512u << 20);
    cr_expect_str_eq(conf.user, "root");
    cr_expect_eq(conf.uid, 0);
    cr_expect_eq(conf.gid, 0);
    cr_expect_eq(conf.policy.rate_turns, 100);
    cr_expect_eq(conf.policy.rate_ms, 60000);
    cr_expect(conf.policy.create && conf.policy.key_decides && conf.speculative);
    cr_expect_str_eq(conf.policy.type, "application/json; charset=utf-8");
    cr_expect_str_eq(conf.policy.control, "user_*");
    cr_assert_not_null(conf.environment);
    cr_expect_str_eq(conf.environment[0], "GREETING=hello = # world");
    cr_expect_str_eq(conf.environment[1], "EMPTY=");
    cr_expect_null(conf.environment[2]);
    conf_free(&conf);
}

Test(conf, rates_are_turns_in_a_time)
{
    static const struct {
        const char *text;
        uint32_t turns;
        int64_t ms;
    } rows[] = {{"rate = 10/s", 10, 1000},
                {"rate = 1/m", 1, 60000},
                {"rate=5000/h", 5000, 3600000},
                {"rate = 9/d", 9, 86400000}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct conf conf = parsed(rows[i].text, CONF_PROGRAM);
        cr_expect_eq(conf.policy.rate_turns, rows[i].turns);
        cr_expect_eq(conf.policy.rate_ms, rows[i].ms);
        conf_free(&conf);
    }
}

Test(conf, backoff_and_its_maximum_stand_in_either_order)
{
    struct conf conf = parsed("backoff = 10m\nbackoff-max = 20m\n", CONF_PROGRAM);
    cr_expect_eq(conf.policy.backoff_ms, 600000);
    conf_free(&conf);
}

Test(conf, a_wrong_line_is_named_by_file_and_line)
{
    static const struct {
        const char *text, *said;
    } rows[] = {
        {"\n\ntimeout = soon",
         "d/x.conf:3: timeout takes a time above 0 such as 250ms, "
         "30s or 5m, not \"soon\""},
        {"timeout = 30", "d/x.conf:1: timeout takes"},
        {"timeout = 0s", "d/x.conf:1: timeout takes"},
        {"timeout =", "d/x.conf:1: timeout takes"},
        {"backoff = -1s", "d/x.conf:1: backoff takes"},
        {"attempts = 0", "d/x.conf:1: attempts takes a number from 1 to 1000, not "
                         "\"0\""},
        {"attempts = 1001", "d/x.conf:1: attempts takes"},
        {"attempts = 3 # at most",
         "d/x.conf:1: attempts takes a number from 1 to 1000, "
         "not \"3 # at most\"; a comment stands on a line of "
         "its own"},
        {"processes = many", "d/x.conf:1: processes takes"},
        {"memory = 512", "d/x.conf:1: memory takes a size such as 64M"},
        {"memory = 512X", "d/x.conf:1: memory takes"},
        {"memory = 1023K", "d/x.conf:1: memory takes"},
        {"user = nobody-by-that-name", "d/x.conf:1: user takes the name of a user"},
        {"user =", "d/x.conf:1: user takes"},
        {"rate = 10", "d/x.conf:1: rate takes turns in a time"},
        {"rate = 0/s", "d/x.conf:1: rate takes"},
        {"rate = 1/w", "d/x.conf:1: rate takes"},
        {"rate = 1/sec", "d/x.conf:1: rate takes"},
        {"create = true", "d/x.conf:1: create takes yes or no, not \"true\""},
        {"fingerprint = md5", "d/x.conf:1: fingerprint takes bytes or none"},
        {"type = json", "d/x.conf:1: type takes a media type"},
        {"type = a/\xc3\xa9", "d/x.conf:1: type takes"},
        {"control =", "d/x.conf:1: control takes a pattern"},
        {"speed = 9", "d/x.conf:1: unknown key \"speed\"; there are timeout attempts"},
        {"Timeout = 9s", "d/x.conf:1: unknown key \"Timeout\""},
        {"timeout 9s", "d/x.conf:1: a line is \"key = value\", not \"timeout 9s\""},
        {"timeout = 9s\n\ntimeout = 9s", "d/x.conf:3: timeout was given in line 1"},
        {"backoff = 9m\ntimeout = 1s\n", "d/x.conf:1: backoff is longer than "
                                         "backoff-max (300000 ms)"},
        {"backoff-max = 1ms\n\nbackoff = 1s", "d/x.conf:3: backoff is longer"},
        {"env. = x", "d/x.conf:1: env.NAME takes a name"},
        {"env.1 = x", "d/x.conf:1: env.NAME takes"},
        {"env.A-B = x", "d/x.conf:1: env.NAME takes"},
        {"env.A = x\nenv.A = y", "d/x.conf:2: env.NAME takes"},
        {"env.ACTOR = x", "d/x.conf:1: env.NAME takes"},
        {"env.HEADER_X = x", "d/x.conf:1: env.NAME takes"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        expect_refused(rows[i].text, CONF_WORKER, 0, rows[i].said);
}

Test(conf, a_key_without_meaning_for_the_behavior_is_unknown)
{
    expect_refused("speculative = yes", CONF_PROGRAM, 0, "d/x.conf:1: unknown key");
    expect_refused("processes = 2", CONF_BUILTIN, 0, "d/x.conf:1: unknown key");
    expect_refused("env.A = 2", CONF_BUILTIN, 0, "d/x.conf:1: unknown key");
    struct conf conf = parsed("create = yes", CONF_BUILTIN);
    cr_expect(conf.policy.create);
    conf_free(&conf);
}

Test(conf, only_root_runs_behaviors_as_somebody_else)
{
    BYTES_AUTO(message);
    struct conf conf = {0};
    const struct passwd *nobody = getpwnam("nobody");
    cr_assert_not_null(nobody);
    uid_t uid = nobody->pw_uid;
    expect_refused("user = root", CONF_PROGRAM, uid, "d/x.conf:1: user takes");
    cr_assert_eq(
        conf_parse(view_text("user = nobody"), "x", CONF_PROGRAM, uid, &conf, &message),
        STATUS_OK);
    cr_expect_eq(conf.uid, uid);
    conf_free(&conf);
}

Test(conf, a_nul_byte_is_in_no_value)
{
    BYTES_AUTO(message);
    struct conf conf = {0};
    cr_expect_eq(
        conf_parse(view_of("env.A = x\0y", 11), "x", CONF_PROGRAM, 0, &conf, &message),
        STATUS_INVALID);
    cr_expect_eq(
        conf_parse(view_of("user = root\0", 12), "x", CONF_PROGRAM, 0, &conf, &message),
        STATUS_INVALID);
}
