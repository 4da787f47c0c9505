/* SPDX-License-Identifier: MIT */
#include "common/base/name.h"

#include <criterion/criterion.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

Test(name, actors_may_be_called_what_people_call_them)
{
    static const char *const names[] = {
        "a",
        "user_123",
        "Codertocat~Hello-World",
        "caf\xc3\xa9",
        "a b",
        "a.b",
        "a@b.c",
        "a-",
        "a.",
        "a&b=c;d",
        "\xf0\x9f\x98\x80",
        "a\\b",
        "~",
        "@",
        "\"",
        "*",
    };

    for (size_t i = 0; i < COUNT(names); i++)
        cr_assert_eq(name_check_actor(view_text(names[i])), STATUS_OK, "%s", names[i]);
}

Test(name, actors_have_no_names_that_urls_shells_or_people_stumble_over)
{
    static const char *const names[] = {
        "",     ".",     "..",   ".a",    "-a",       " a",           "a ",
        " ",    "a/b",   "a?b",  "a#b",   "a%b",      "a,b",          "a\nb",
        "a\tb", "a\x7f", "\xff", "a\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xc2\x85",
    };

    for (size_t i = 0; i < COUNT(names); i++)
        cr_assert_eq(name_check_actor(view_text(names[i])), STATUS_INVALID, "%s",
                     names[i]);
    cr_assert_eq(name_check_actor(view_of("a\0b", 3)), STATUS_INVALID);
    cr_assert_eq(name_check_actor(view_of(NULL, 0)), STATUS_INVALID);
}

Test(name, an_actors_name_has_at_most_128_bytes)
{
    char name[ACTOR_NAME_BYTES_MAX + 1];

    memset(name, 'a', sizeof(name));
    cr_assert_eq(name_check_actor(view_of(name, ACTOR_NAME_BYTES_MAX)), STATUS_OK);
    cr_assert_eq(name_check_actor(view_of(name, sizeof(name))), STATUS_INVALID);
}

static const struct {
    const char *name;
    const char *base;
    const char *key; /* as held */
    bool at;
} good[] = {
    {"tasks", "tasks", "", false},
    {"tasks,delay=1s", "tasks,delay=1s", "", false}, /* no `@`: an ordinary name */
    {"", "", "", false},
    {"tasks@abc123", "tasks", "abc123", true},
    {"execute@abc123", "execute", "abc123", true},
    {"tasks@a%40b%2Cc", "tasks", "a@b,c", true},
    {"tasks@a=b", "tasks", "a=b", true},
    {"tasks@load~7", "tasks", "load\0017", true},
    {"tasks@.12", "tasks", ".12", true},
    {"tasks@abc,delay=30s", "tasks", "abc", true},
    {"tasks@,delay=30s", "tasks", "", true},
    {"tasks@abc,delay=30s,wait=5,create=1", "tasks", "abc", true},
    {"tasks@abc,at=2026-12-24T18:00:00Z", "tasks", "abc", true},
    {"tasks@abc,at=2026-12-24T18:00:00+01:00", "tasks", "abc", true},
    {"tasks@abc,part=message", "tasks", "abc", true},
    {"tasks@abc,timer=tea%20time", "tasks", "abc", true},
    {"@abc", "", "abc", true},
};

Test(name, a_name_is_split_into_base_key_and_parameters)
{
    for (size_t i = 0; i < COUNT(good); i++) {
        struct view name = view_text(good[i].name);
        struct parameters parameters;
        struct view base;

        cr_assert_eq(name_parse(name, &base, &parameters), STATUS_OK, "%s",
                     good[i].name);
        cr_assert(view_equal(base, view_text(good[i].base)), "%s", good[i].name);
        cr_assert_eq(base.data, name.data, "base points into the name");
        cr_assert(view_equal(key_view(&parameters.key), view_text(good[i].key)), "%s",
                  good[i].name);
        cr_assert_eq(parameters.at, good[i].at, "%s", good[i].name);
    }
}

Test(name, parameters_of_a_name_are_read)
{
    struct parameters parameters;
    struct view base;

    cr_assert_eq(name_parse(view_text("tasks@k,Delay=2h,wait=1m,create=1,reply=1,"
                                      "part=message,timer=a%2525%2Cb"),
                            &base, &parameters),
                 STATUS_OK);
    cr_assert_eq(parameters.delay_ms, 7200000);
    cr_assert_eq(parameters.wait_ms, 60000);
    cr_assert(parameters.create);
    cr_assert(parameters.reply);
    cr_assert_eq(parameters.part, PART_MESSAGE);
    cr_assert_str_eq(parameters.timer, "a%25,b", "decoded exactly once");
}

Test(name, a_name_with_a_bad_key_or_parameter_is_refused)
{
    static const char *const names[] = {
        "tasks@",
        "tasks@,",
        "tasks@abc,",
        "tasks@abc,,delay=1s",
        "tasks@abc,delay=1s,",
        "tasks@a@b",
        "tasks@a b",
        "tasks@a%",
        "tasks@.hidden",
        "tasks@~2",
        "tasks@abc,delay",
        "tasks@abc,=1s",
        "tasks@abc,delay=",
        "tasks@abc,delay=1",
        "tasks@abc,delay=11y",
        "tasks@abc, delay=1s",
        "tasks@abc,delay =1s",
        "tasks@abc,del%61y=1s",
        "tasks@abc,color=red",
        "tasks@abc,wait=301",
        "tasks@abc,create=2",
        "tasks@abc,delay=1s,delay=1s",
        "tasks@abc,delay=1s,DELAY=2s",
        "tasks@abc,delay=1s,at=2026-12-24T18:00:00Z",
        "tasks@abc,at=2026-12-24T18:00:00Z,delay=1s",
        "tasks@abc,timer=a@b",
        "tasks@abc,timer=",
        "tasks@abc,timer=a%00",
    };
    struct parameters parameters;
    struct view base = view_text("before");

    for (size_t i = 0; i < COUNT(names); i++)
        cr_assert_eq(name_parse(view_text(names[i]), &base, &parameters),
                     STATUS_INVALID, "%s", names[i]);
    cr_assert(view_equal(base, view_text("before")), "the output is left alone");
}

Test(name, a_name_has_at_most_255_bytes)
{
    char name[FILE_NAME_BYTES_MAX + 1];
    struct parameters parameters;
    struct view base;

    memset(name, 'a', sizeof(name));
    cr_assert_eq(name_parse(view_of(name, FILE_NAME_BYTES_MAX), &base, &parameters),
                 STATUS_OK);
    cr_assert_eq(name_parse(view_of(name, sizeof(name)), &base, &parameters),
                 STATUS_NAME_TOO_LONG);
}

Test(name, the_longest_key_fits_a_name_when_nothing_in_it_is_encoded)
{
    char name[sizeof("execute@") - 1 + KEY_BYTES_MAX];
    struct parameters parameters;
    struct view base;

    memset(name, 'k', sizeof(name));
    memcpy(name, "execute@", sizeof("execute@") - 1);
    cr_assert_eq(name_parse(view_of(name, sizeof(name)), &base, &parameters),
                 STATUS_OK);
    cr_assert_eq(parameters.key.size, KEY_BYTES_MAX);
}
