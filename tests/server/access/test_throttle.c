/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "server/access/throttle.h"

static struct throttle *throttle;
static struct address proxy;

static void open_throttle(void)
{
    throttle = throttle_open();
    cr_assert(address_parse(view_text("192.0.2.7"), &proxy));
}

static void close_throttle(void)
{
    throttle_close(throttle);
}

TestSuite(throttle, .init = open_throttle, .fini = close_throttle);

static int64_t try_from(const struct address *address, const char *name, bool is_right,
                        int64_t now_ms)
{
    struct account *account;
    int64_t wait_ms =
        throttle_admit(throttle, address, view_text(name), now_ms, &account);
    if (wait_ms == 0)
        throttle_settle(throttle, account, address, view_text(name), is_right, now_ms);
    return wait_ms;
}

static int64_t try(const char *name, bool is_right, int64_t now_ms)
{
    return try_from(&proxy, name, is_right, now_ms);
}

/* Fails until the address has to wait that long. */
static int64_t fail_until_waiting(const char *name, int64_t wait_ms)
{
    int64_t now_ms = 0, wait = 0;
    for (int i = 0; i < 100 && wait < wait_ms; i++) {
        now_ms += wait;
        wait = try(name, false, now_ms);
    }
    cr_assert_geq(wait, wait_ms);
    return now_ms;
}

Test(throttle, a_few_mistakes_cost_nothing)
{
    for (int i = 0; i <= THROTTLE_FREE_FAILURES; i++)
        cr_expect_eq(try("anna", false, 0), 0);
    cr_expect_gt(try("anna", true, 0), 0);
}

Test(throttle, each_further_one_costs_twice_as_much)
{
    int64_t now_ms = 0, before = 0;
    for (int i = 0; i <= THROTTLE_FREE_FAILURES; i++)
        try("anna", false, now_ms);
    for (int i = 0; i < 5; i++) {
        int64_t wait_ms = try("anna", false, now_ms);
        cr_expect(before == 0 || wait_ms == 2 * before, "%d: %ld", i, (long)wait_ms);
        before = wait_ms;
        now_ms += wait_ms;
        cr_expect_eq(try("anna", false, now_ms), 0);
    }
}

Test(throttle, the_wait_has_a_bound)
{
    int64_t now_ms = fail_until_waiting("anna", THROTTLE_WAIT_MS_MAX);
    for (int i = 0; i < 50; i++) {
        int64_t wait_ms = try("anna", false, now_ms);
        cr_expect_leq(wait_ms, THROTTLE_WAIT_MS_MAX);
        now_ms += wait_ms;
    }
}

Test(throttle, another_address_does_not_wait)
{
    struct address other;
    cr_assert(address_parse(view_text("192.0.2.8"), &other));
    int64_t now_ms = fail_until_waiting("anna", 4000);
    cr_expect_eq(try_from(&other, "anna", true, now_ms), 0);
}

Test(throttle, names_are_no_way_around_it)
{
    int64_t now_ms = fail_until_waiting("anna", 4000);
    cr_expect_gt(try("bob", false, now_ms), 0);
}

Test(throttle, an_ipv6_network_is_one_address)
{
    struct address one, two;
    cr_assert(address_parse(view_text("2001:db8::1"), &one));
    cr_assert(address_parse(view_text("2001:db8::2"), &two));
    for (int i = 0; i <= THROTTLE_FREE_FAILURES; i++)
        try_from(&one, "anna", false, 0);
    cr_expect_gt(try_from(&two, "anna", true, 0), 0);
}

Test(throttle, who_got_in_lately_does_not_pay_for_others_behind_the_same_proxy)
{
    cr_expect_eq(try("anna", true, 0), 0);
    int64_t now_ms = fail_until_waiting("mallory", THROTTLE_WAIT_MS_MAX);
    cr_expect_eq(try("anna", true, now_ms), 0);
    cr_expect_gt(try("bob", true, now_ms), 0);
}

Test(throttle, a_known_name_has_to_wait_for_its_own_failures)
{
    cr_expect_eq(try("anna", true, 0), 0);
    for (int i = 0; i <= THROTTLE_FREE_FAILURES; i++)
        cr_expect_eq(try("anna", false, 0), 0);
    cr_expect_gt(try("anna", true, 0), 0);
    cr_expect_eq(try("bob", true, 0), 0);
}

Test(throttle, peace_takes_failures_back)
{
    int64_t now_ms = fail_until_waiting("anna", THROTTLE_WAIT_MS_MAX);
    now_ms += 60 * THROTTLE_FORGIVE_MS;
    for (int i = 0; i <= THROTTLE_FREE_FAILURES; i++)
        cr_expect_eq(try("anna", false, now_ms), 0);
}

Test(throttle, guesses_at_once_gain_nothing)
{
    struct account *accounts[4];
    int64_t now_ms = fail_until_waiting("anna", 500) + 500;
    cr_expect_eq(throttle_admit(throttle, &proxy, view_text("a"), now_ms, accounts), 0);
    cr_expect_gt(throttle_admit(throttle, &proxy, view_text("b"), now_ms, accounts + 1),
                 0);
    throttle_settle(throttle, accounts[0], &proxy, view_text("a"), true, now_ms);
    cr_expect_eq(throttle_admit(throttle, &proxy, view_text("b"), now_ms, accounts + 1),
                 0);
    throttle_settle(throttle, accounts[1], &proxy, view_text("b"), true, now_ms);
}

Test(throttle, a_success_meanwhile_does_not_lose_count_of_what_runs)
{
    struct account *first, *second;
    cr_assert_eq(throttle_admit(throttle, &proxy, view_text("anna"), 0, &first), 0);
    cr_assert_eq(throttle_admit(throttle, &proxy, view_text("anna"), 0, &second), 0);
    throttle_settle(throttle, first, &proxy, view_text("anna"), true, 0);
    throttle_settle(throttle, second, &proxy, view_text("anna"), true, 0);
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(try("anna", true, i), 0);
}

Test(throttle, a_flood_of_addresses_does_not_forget_a_known_name)
{
    cr_expect_eq(try("anna", true, 0), 0);
    for (uint32_t i = 0; i < 100000; i++) {
        struct address address = proxy;
        memcpy(address.ip + 12, &i, sizeof i);
        try_from(&address, "anna", false, 1);
    }
    int64_t now_ms = fail_until_waiting("mallory", 4000);
    cr_expect_eq(try("anna", true, now_ms), 0);
}
