/* SPDX-License-Identifier: MIT */
#include "common/base/clock.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <time.h>

Test(clock, the_systems_clock_goes_forward_and_knows_the_year)
{
    struct clock *clock = clock_system();
    int64_t before = clock->monotonic_ns(clock);

    cr_assert_geq(clock->monotonic_ns(clock), before);
    cr_assert_gt(clock->wall_ms(clock), 1700000000000);
    cr_assert_leq(clock->wall_ms(clock), (int64_t)(time(NULL) + 1) * 1000);
}

static const struct {
    int64_t ms;
    const char *text;
} formatted[] = {
    {0, "1970-01-01T00:00:00.000Z"},
    {1, "1970-01-01T00:00:00.001Z"},
    {999, "1970-01-01T00:00:00.999Z"},
    {1000, "1970-01-01T00:00:01.000Z"},
    {-1, "1969-12-31T23:59:59.999Z"},
    {1798135200000, "2026-12-24T18:00:00.000Z"},
    {951782399999, "2000-02-28T23:59:59.999Z"},
    {951825600123, "2000-02-29T12:00:00.123Z"},
    {253402300799999, "9999-12-31T23:59:59.999Z"},
    {-62167219200000, "0000-01-01T00:00:00.000Z"},
};

Test(clock, times_are_written_in_utc_with_milliseconds_and_read_back)
{
    setenv("TZ", "America/New_York", 1);
    tzset();
    for (size_t i = 0; i < sizeof(formatted) / sizeof(formatted[0]); i++) {
        BYTES_AUTO(text);
        int64_t ms = 7;

        clock_format(&text, formatted[i].ms);
        cr_assert(view_equal(view_bytes(&text), view_text(formatted[i].text)),
                  "%.*s is not %s", (int)text.size, text.data, formatted[i].text);
        cr_assert(clock_parse(view_bytes(&text), &ms));
        cr_assert_eq(ms, formatted[i].ms, "%s", formatted[i].text);
    }
}

static const struct {
    const char *text;
    int64_t ms;
} times[] = {
    {"2026-12-24T18:00:00Z", 1798135200000},
    {"2026-12-24t18:00:00z", 1798135200000},
    {"2026-12-24T18:00:00.5Z", 1798135200500},
    {"2026-12-24T18:00:00.123456789Z", 1798135200123},
    {"2026-12-24T18:00:00.000999Z", 1798135200000},
    {"2026-12-24T19:30:00+01:30", 1798135200000},
    {"2026-12-24T13:00:00-05:00", 1798135200000},
    {"2026-12-24T18:00:00-00:00", 1798135200000},
    {"2024-02-29T00:00:00Z", 1709164800000},
    {"2016-12-31T23:59:60Z", 1483228800000},
};

Test(clock, rfc_3339_times_are_read)
{
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        int64_t ms = 7;

        cr_assert(clock_parse(view_text(times[i].text), &ms), "%s", times[i].text);
        cr_assert_eq(ms, times[i].ms, "%s: %lld", times[i].text, (long long)ms);
    }
}

Test(clock, what_is_no_rfc_3339_time_is_refused)
{
    static const char *const texts[] = {
        "",
        "2026",
        "2026-12-24",
        "2026-12-24T18:00:00",
        "2026-12-24T18:00Z",
        "2026-12-24 18:00:00Z",
        " 2026-12-24T18:00:00Z",
        "2026-12-24T18:00:00Z ",
        "2026-12-24T18:00:00.Z",
        "2026-12-24T18:00:00,5Z",
        "2026-12-24T18:00:00+0100",
        "2026-12-24T18:00:00+1:00",
        "2026-12-24T18:00:00+24:00",
        "2026-12-24T18:00:00+01:60",
        "2026-12-24T18:00:00ZZ",
        "2026-00-24T18:00:00Z",
        "2026-13-24T18:00:00Z",
        "2026-12-00T18:00:00Z",
        "2026-12-32T18:00:00Z",
        "2026-02-29T18:00:00Z",
        "2026-04-31T18:00:00Z",
        "2026-12-24T24:00:00Z",
        "2026-12-24T18:60:00Z",
        "2026-12-24T18:00:61Z",
        "+026-12-24T18:00:00Z",
        "2026-1-24T18:00:00Z",
        "20261224T180000Z",
        "tomorrow",
    };
    int64_t ms = 7;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        cr_assert_not(clock_parse(view_text(texts[i]), &ms), "%s", texts[i]);
    cr_assert_not(clock_parse(view_of("2026-12-24T18:00:00\0", 20), &ms));
    cr_assert_eq(ms, 7, "the output is left alone");
}

static const struct {
    const char *text;
    int64_t ms;
} durations[] = {
    {"0s", 0},      {"250ms", 250},  {"30s", 30000},
    {"5m", 300000}, {"2h", 7200000}, {"7d", 604800000},
    {"007s", 7000}, {"1ms", 1},      {"9223372036854775807ms", INT64_MAX},
};

Test(clock, durations_are_read)
{
    for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
        int64_t ms = 7;

        cr_assert(clock_parse_duration(view_text(durations[i].text), &ms), "%s",
                  durations[i].text);
        cr_assert_eq(ms, durations[i].ms, "%s", durations[i].text);
    }
}

Test(clock, what_is_no_duration_is_refused)
{
    static const char *const texts[] = {
        "",
        "s",
        "30",
        "-1s",
        "+1s",
        " 1s",
        "1s ",
        "1 s",
        "1.5s",
        "1S",
        "1sec",
        "1msx",
        "1w",
        "1y",
        "0x1s",
        "1h30m",
        "9223372036854775808ms",
        "99999999999999999d",
        "99999999999999999999s",
    };
    int64_t ms = 7;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        cr_assert_not(clock_parse_duration(view_text(texts[i]), &ms), "%s", texts[i]);
    cr_assert_eq(ms, 7, "the output is left alone");
}
