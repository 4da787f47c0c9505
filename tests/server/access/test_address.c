/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>

#include "server/access/address.h"

static struct address parse(const char *text)
{
    struct address address;
    cr_assert(address_parse(view_text(text), &address), "%s", text);
    return address;
}

static void expect_shown(const char *text, const char *shown)
{
    BYTES_AUTO(out);
    struct address address = parse(text);
    address_append(&out, &address);
    cr_expect(view_equal(view_bytes(&out), view_text(shown)), "%s: %.*s", text,
              (int)out.size, out.data);
}

Test(address, shows_what_it_read)
{
    expect_shown("192.0.2.7", "192.0.2.7");
    expect_shown("2001:db8::1", "2001:db8::1");
    expect_shown("[2001:db8::1]", "2001:db8::1");
    expect_shown("::ffff:192.0.2.7", "192.0.2.7");
}

Test(address, refuses_what_is_none)
{
    static const char *const bad[] = {"",           "localhost", "192.0.2",   "[::1",
                                      "192.0.2.7 ", "0x7f.1",    "1.2.3.4.5", "::g"};
    struct address address;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(!address_parse(view_text(bad[i]), &address), "%s", bad[i]);
    cr_expect(!address_parse(view_of("1.2.3.4\0x", 9), &address));
}

Test(address, takes_a_socket_address_of_either_family_for_the_same_client)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    inet_pton(AF_INET, "192.0.2.7", &in.sin_addr);
    inet_pton(AF_INET6, "::ffff:192.0.2.7", &in6.sin6_addr);
    struct address left = address_of_socket((struct sockaddr *)&in);
    struct address right = address_of_socket((struct sockaddr *)&in6);
    cr_expect(address_equal(&left, &right));
    struct sockaddr local = {.sa_family = AF_UNIX};
    cr_expect(address_of_socket(&local).is_unix);
}

Test(address, knows_loopback)
{
    struct address here = parse("127.8.8.8"), here6 = parse("::1"),
                   there = parse("128.0.0.1"), any = parse("::"),
                   local = {.is_unix = true};
    cr_expect(address_is_loopback(&here) && address_is_loopback(&here6));
    cr_expect(!address_is_loopback(&there) && !address_is_loopback(&any));
    cr_expect(!address_is_loopback(&local));
}

Test(address, an_ipv6_client_is_its_network)
{
    struct address one = parse("2001:db8:0:7::1"), two = parse("2001:db8:0:7:9::2"),
                   other = parse("2001:db8:0:8::1"), ip4 = parse("192.0.2.7");
    one = address_of_client(&one);
    two = address_of_client(&two);
    other = address_of_client(&other);
    cr_expect(address_equal(&one, &two) && !address_equal(&one, &other));
    struct address same = address_of_client(&ip4);
    cr_expect(address_equal(&same, &ip4));
}

static bool is_in(const char *text, const char *range_text)
{
    struct address_range range;
    struct address address = parse(text);
    cr_assert(address_range_parse(view_text(range_text), &range), "%s", range_text);
    return address_is_in(&address, &range);
}

Test(address, ranges_hold_what_shares_their_bits)
{
    cr_expect(is_in("10.1.2.3", "10.0.0.0/8") && !is_in("11.1.2.3", "10.0.0.0/8"));
    cr_expect(is_in("10.127.0.1", "10.0.0.0/9") && !is_in("10.128.0.1", "10.0.0.0/9"));
    cr_expect(is_in("10.0.0.1", "10.0.0.1") && !is_in("10.0.0.2", "10.0.0.1"));
    cr_expect(is_in("192.0.2.1", "0.0.0.0/0") && !is_in("2001:db8::1", "0.0.0.0/0"));
    cr_expect(is_in("fd00::1", "fc00::/7") && !is_in("2001::1", "fc00::/7"));
    cr_expect(is_in("192.0.2.1", "::/0"));
    cr_expect(!is_in("127.0.0.1", "unix"));
}

Test(address, a_unix_socket_is_in_its_own_range_only)
{
    struct address local = {.is_unix = true};
    struct address_range all, own;
    cr_assert(address_range_parse(view_text("::/0"), &all));
    cr_assert(address_range_parse(view_text("unix"), &own));
    cr_expect(!address_is_in(&local, &all) && address_is_in(&local, &own));
}

Test(address, refuses_ranges_that_make_no_sense)
{
    static const char *const bad[] = {"",           "10.0.0.0/33", "10.0.0.0/",
                                      "fc00::/129", "10.0.0.0/-1", "10.0.0.0/8x",
                                      "/8",         "unix/8",      "10.0.0.0/0008"};
    struct address_range range;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(!address_range_parse(view_text(bad[i]), &range), "%s", bad[i]);
}
