/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "server/access/origin.h"

static struct origins *origins;

static struct origins *open_with(const char *url)
{
    BYTES_AUTO(message);
    struct origins *opened = NULL;
    cr_assert_eq(origins_open(url, "bar.local", &opened, &message), STATUS_OK);
    return opened;
}

static void open_origins(void)
{
    origins = open_with("https://shop.example/coffee/");
}

static void close_origins(void)
{
    origins_close(origins);
}

TestSuite(origin, .init = open_origins, .fini = close_origins);

static enum origin_verdict check(const char *host, const char *origin, const char *site,
                                 bool is_safe)
{
    struct origin_facts facts = {.host = view_text(host), .is_safe = is_safe};
    if (origin)
        facts.origin = view_text(origin);
    if (site)
        facts.fetch_site = view_text(site);
    return origins_check(origins, &facts);
}

Test(origin, our_names_are_addresses_localhost_the_machine_and_the_public_url)
{
    static const char *const ours[] = {
        "127.0.0.1",    "127.0.0.1:8080", "[::1]:8080",     "[2001:db8::1]",
        "192.0.2.7:80", "localhost",      "LocalHost:9000", "localhost.",
        "bar.local:1",  "shop.example",   "SHOP.example"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        cr_expect_eq(check(ours[i], NULL, NULL, false), ORIGIN_FINE, "%s", ours[i]);
}

Test(origin, other_names_are_refused_whatever_they_point_to)
{
    static const char *const others[] = {"evil.example",
                                         "evil.example:8080",
                                         "127.0.0.1.evil.example",
                                         "localhost.evil",
                                         "",
                                         ":8080",
                                         "localhost:80:80",
                                         "localhost:x",
                                         "::1",
                                         "[127.0.0.1]",
                                         "[::1",
                                         "a@localhost",
                                         "shop.example:8443",
                                         "127.1"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_eq(check(others[i], NULL, NULL, true), ORIGIN_WRONG_HOST, "%s",
                     others[i]);
}

Test(origin, over_a_unix_socket_the_host_means_nothing)
{
    struct origin_facts facts = {.host = view_text("whatever"), .is_unix = true};
    cr_expect_eq(origins_check(origins, &facts), ORIGIN_FINE);
    facts.origin = view_text("https://evil.example");
    cr_expect_eq(origins_check(origins, &facts), ORIGIN_FOREIGN);
}

Test(origin, our_own_pages_may_do_all)
{
    cr_expect_eq(check("localhost:8080", "http://localhost:8080", "same-origin", false),
                 ORIGIN_FINE);
    cr_expect_eq(check("127.0.0.1:8080", "https://shop.example", "same-origin", false),
                 ORIGIN_FINE);
}

Test(origin, pages_of_other_origins_may_not)
{
    static const char *const others[] = {"http://evil.example",
                                         "http://localhost:3000",
                                         "http://localhost",
                                         "null",
                                         "https://shop.example.evil",
                                         "http://shop.example",
                                         "",
                                         "localhost:8080",
                                         "http://",
                                         "file://"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_eq(check("localhost:8080", others[i], NULL, i % 2), ORIGIN_FOREIGN,
                     "%s", others[i]);
}

Test(origin, what_a_browser_says_of_the_site_counts_where_there_is_no_origin)
{
    cr_expect_eq(check("localhost", NULL, "cross-site", false), ORIGIN_FOREIGN);
    cr_expect_eq(check("localhost", NULL, "same-site", false), ORIGIN_FOREIGN);
    cr_expect_eq(check("localhost", NULL, "none", false), ORIGIN_FINE);
    cr_expect_eq(check("localhost", NULL, "same-origin", false), ORIGIN_FINE);
    cr_expect_eq(check("localhost", NULL, "cross-site", true), ORIGIN_FINE,
                 "a link on another page may lead here");
}

static void expect_stripped(const char *path, const char *stripped)
{
    struct view got = origins_strip(origins, view_text(path));
    cr_expect(view_equal(got, view_text(stripped)), "%s: %.*s", path, (int)got.size,
              got.data);
}

Test(origin, the_public_prefix_is_stripped_where_it_is)
{
    cr_expect(view_equal(origins_prefix(origins), view_text("/coffee")));
    expect_stripped("/coffee/actors/a", "/actors/a");
    expect_stripped("/coffee", "/");
    expect_stripped("/coffee/", "/");
    expect_stripped("/coffeeshop/a", "/coffeeshop/a");
    expect_stripped("/actors/a", "/actors/a");
    expect_stripped("https://shop.example/coffee/actors/a", "/actors/a");
    expect_stripped("https://shop.example", "/");
    expect_stripped("https://shop.example.evil/a", "https://shop.example.evil/a");
    expect_stripped("http://shop.example/a", "http://shop.example/a");
    expect_stripped("*", "*");
}

static void expect_prefix(const char *target, const char *host, bool is_forwarded,
                          const char *prefix)
{
    struct view got =
        origins_prefix_for(origins, view_text(target), view_text(host), is_forwarded);
    cr_expect(view_equal(got, view_text(prefix)), "%s at %s: %.*s", target, host,
              (int)got.size, got.data);
}

Test(origin, the_prefix_is_for_those_who_came_by_the_public_url)
{
    expect_prefix("/coffee/actors/a", "127.0.0.1:8080", false, "/coffee");
    expect_prefix("/coffee", "127.0.0.1:8080", false, "/coffee");
    expect_prefix("/actors/a", "shop.example", false, "/coffee");
    expect_prefix("/actors/a", "127.0.0.1:8080", true, "/coffee");
    expect_prefix("/actors/a", "127.0.0.1:8080", false, "");
    expect_prefix("/coffeeshop", "localhost", false, "");
}

Test(origin, without_a_public_url_there_is_no_prefix)
{
    struct origins *plain = open_with(NULL);
    cr_expect_eq(origins_prefix(plain).size, 0);
    cr_expect_eq(
        origins_prefix_for(plain, view_text("/a"), view_text("localhost"), true).size,
        0);
    cr_expect(view_equal(origins_strip(plain, view_text("/a")), view_text("/a")));
    cr_expect(!origins_are_ours(plain, view_text("shop.example")));
    origins_close(plain);
}

Test(origin, a_public_url_that_is_none_is_an_error)
{
    static const char *const bad[] = {"",
                                      "shop.example",
                                      "ftp://shop.example",
                                      "https://",
                                      "https:///coffee",
                                      "https://shop.example/?a",
                                      "https://shop.example/#a",
                                      "https://me@shop.example/",
                                      "https://shop.example/a b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        BYTES_AUTO(message);
        struct origins *opened = NULL;
        cr_expect_eq(origins_open(bad[i], NULL, &opened, &message), STATUS_INVALID,
                     "%s", bad[i]);
        cr_expect(opened == NULL && message.size > 0);
    }
}
