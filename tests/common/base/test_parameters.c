/* SPDX-License-Identifier: MIT */
#include "common/base/parameters.h"

#include <criterion/criterion.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static enum status set(struct parameters *parameters, const char *name,
                       const char *value)
{
    return parameters_set(parameters, view_text(name), view_text(value));
}

Test(parameters, cleared_ones_say_nothing)
{
    struct parameters parameters;

    memset(&parameters, 0x55, sizeof(parameters));
    parameters_clear(&parameters);
    cr_assert_not(parameters.at);
    cr_assert_eq(parameters.key.size, 0);
    cr_assert_eq(parameters.delay_ms, -1);
    cr_assert_eq(parameters.at_ms, -1);
    cr_assert_eq(parameters.wait_ms, -1);
    cr_assert_not(parameters.create);
    cr_assert_not(parameters.reply);
    cr_assert_eq(parameters.part, PART_RESULT);
    cr_assert_str_eq(parameters.timer, "");
}

Test(parameters, each_sets_its_value_and_its_name_ignores_case)
{
    struct parameters parameters;

    parameters_clear(&parameters);
    cr_assert_eq(set(&parameters, "DELAY", "30s"), STATUS_OK);
    cr_assert_eq(set(&parameters, "Wait", "20"), STATUS_OK);
    cr_assert_eq(set(&parameters, "timer", "tea time"), STATUS_OK);
    cr_assert_eq(set(&parameters, "cReAtE", "1"), STATUS_OK);
    cr_assert_eq(set(&parameters, "reply", "1"), STATUS_OK);
    cr_assert_eq(set(&parameters, "part", "message"), STATUS_OK);
    cr_assert_eq(parameters.delay_ms, 30000);
    cr_assert_eq(parameters.wait_ms, 20000);
    cr_assert_str_eq(parameters.timer, "tea time");
    cr_assert(parameters.create);
    cr_assert(parameters.reply);
    cr_assert_eq(parameters.part, PART_MESSAGE);
    parameters_clear(&parameters);
    cr_assert_eq(set(&parameters, "at", "2026-12-24T18:00:00Z"), STATUS_OK);
    cr_assert_eq(parameters.at_ms, 1798135200000);
}

static const struct {
    const char *name;
    const char *value;
    bool good;
} values[] = {
    {"delay", "0s", true},
    {"delay", "3653d", true},
    {"delay", "3654d", false},
    {"delay", "30", false},
    {"delay", "-1s", false},
    {"delay", "", false},
    {"at", "1970-01-01T00:00:00Z", true},
    {"at", "1969-12-31T23:59:59Z", false},
    {"at", "tomorrow", false},
    {"at", "", false},
    {"wait", "0", true},
    {"wait", "300", true},
    {"wait", "301", false},
    {"wait", "5m", true},
    {"wait", "250ms", true},
    {"wait", "6m", false},
    {"wait", "1.5", false},
    {"wait", "-1", false},
    {"wait", "", false},
    {"wait", "99999999999999999999", false},
    {"wait", "10m s", false},
    {"timer", "a", true},
    {"timer", "caf\xc3\xa9", true},
    {"timer", "0123456789012345678901234567890123456789012345678901234567890123", true},
    {"timer", "01234567890123456789012345678901234567890123456789012345678901234",
     false},
    {"timer", "a\nb", false},
    {"timer", "\xff", false},
    {"timer", "", false},
    {"create", "1", true},
    {"create", "0", false},
    {"create", "yes", false},
    {"create", "", false},
    {"reply", "1", true},
    {"reply", "2", false},
    {"part", "result", true},
    {"part", "message", true},
    {"part", "Message", false},
    {"part", "", false},
    {"", "", false},
    {"delays", "1s", false},
    {"dela", "1s", false},
    {"key", "abc", false},
};

Test(parameters, values_are_checked_and_a_bad_one_changes_nothing)
{
    for (size_t i = 0; i < COUNT(values); i++) {
        struct parameters parameters, before;

        parameters_clear(&parameters);
        before = parameters;
        cr_assert_eq(set(&parameters, values[i].name, values[i].value),
                     values[i].good ? STATUS_OK : STATUS_INVALID, "%s=%s",
                     values[i].name, values[i].value);
        if (!values[i].good)
            cr_assert_eq(memcmp(&parameters, &before, sizeof(before)), 0, "%s=%s",
                         values[i].name, values[i].value);
    }
}

Test(parameters, none_is_set_twice_not_even_to_the_same)
{
    static const char *const pairs[][2] = {
        {"delay", "1s"},    {"at", "2026-12-24T18:00:00Z"},
        {"wait", "1"},      {"timer", "t"},
        {"create", "1"},    {"reply", "1"},
        {"part", "result"}, {"part", "message"},
    };

    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct parameters parameters;

        parameters_clear(&parameters);
        cr_assert_eq(set(&parameters, pairs[i][0], pairs[i][1]), STATUS_OK);
        cr_assert_eq(set(&parameters, pairs[i][0], pairs[i][1]), STATUS_INVALID, "%s",
                     pairs[i][0]);
    }
}

Test(parameters, a_time_is_given_by_delay_or_at_not_both)
{
    struct parameters parameters;

    parameters_clear(&parameters);
    cr_assert_eq(set(&parameters, "delay", "1s"), STATUS_OK);
    cr_assert_eq(set(&parameters, "at", "2026-12-24T18:00:00Z"), STATUS_INVALID);
    parameters_clear(&parameters);
    cr_assert_eq(set(&parameters, "at", "2026-12-24T18:00:00Z"), STATUS_OK);
    cr_assert_eq(set(&parameters, "delay", "1s"), STATUS_INVALID);
}
