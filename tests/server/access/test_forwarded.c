/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "server/access/forwarded.h"

static struct address_range proxies[2];

static void trust(void)
{
    cr_assert(address_range_parse(view_text("127.0.0.0/8"), &proxies[0]));
    cr_assert(address_range_parse(view_text("unix"), &proxies[1]));
}

TestSuite(forwarded, .init = trust);

static void expect_client(const char *peer_text, const char *field, const char *client)
{
    BYTES_AUTO(shown);
    struct address peer = {.is_unix = true};
    if (strcmp(peer_text, "unix") != 0)
        cr_assert(address_parse(view_text(peer_text), &peer));
    struct address got = forwarded_client(proxies, 2, &peer, view_text(field));
    address_append(&shown, &got);
    cr_expect(view_equal(view_bytes(&shown), view_text(client)), "%s: %.*s", field,
              (int)shown.size, shown.data);
}

Test(forwarded, a_stranger_s_word_is_worth_nothing)
{
    expect_client("192.0.2.7", "127.0.0.1", "192.0.2.7");
}

Test(forwarded, a_proxy_s_word_is_taken)
{
    expect_client("127.0.0.1", "192.0.2.7", "192.0.2.7");
    expect_client("unix", "2001:db8::1", "2001:db8::1");
    expect_client("127.0.0.1", "192.0.2.7:4711", "192.0.2.7");
    expect_client("127.0.0.1", "[2001:db8::1]:4711", "2001:db8::1");
}

Test(forwarded, only_what_the_nearest_stranger_is_counts)
{
    expect_client("127.0.0.1", "10.9.9.9, 192.0.2.7 , 127.0.0.2", "192.0.2.7");
    expect_client("127.0.0.1", "127.0.0.3,127.0.0.2", "127.0.0.3");
}

Test(forwarded, what_is_malformed_ends_the_chain)
{
    expect_client("127.0.0.1", "", "127.0.0.1");
    expect_client("127.0.0.1", "192.0.2.7,", "127.0.0.1");
    expect_client("127.0.0.1", "192.0.2.7, unknown, 127.0.0.2", "127.0.0.2");
    expect_client("127.0.0.1", "_hidden", "127.0.0.1");
}

Test(forwarded, without_proxies_it_is_the_peer)
{
    struct address peer;
    cr_assert(address_parse(view_text("127.0.0.1"), &peer));
    struct address got = forwarded_client(NULL, 0, &peer, view_text("192.0.2.7"));
    cr_expect(address_equal(&got, &peer));
}
