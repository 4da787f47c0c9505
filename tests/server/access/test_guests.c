/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "server/access/guests.h"

static struct address parse(const char *text)
{
    struct address address;
    cr_assert(address_parse(view_text(text), &address));
    return address;
}

Test(guests, an_address_has_so_many_connections_and_no_more)
{
    struct guests *guests = guests_open(2);
    struct address one = parse("192.0.2.7"), other = parse("192.0.2.8");
    guests_enter(guests, &one);
    cr_expect(guests_has_room(guests, &one));
    guests_enter(guests, &one);
    cr_expect(!guests_has_room(guests, &one));
    cr_expect(guests_has_room(guests, &other));
    guests_leave(guests, &one);
    cr_expect(guests_has_room(guests, &one));
    guests_close(guests);
}

Test(guests, an_ipv6_network_is_one_client)
{
    struct guests *guests = guests_open(1);
    struct address one = parse("2001:db8::1"), neighbor = parse("2001:db8::2");
    guests_enter(guests, &one);
    cr_expect(!guests_has_room(guests, &neighbor));
    guests_leave(guests, &one);
    cr_expect(guests_has_room(guests, &neighbor));
    guests_close(guests);
}

Test(guests, more_addresses_than_it_has_places_do_no_harm)
{
    enum { ADDRESSES = 40000 };
    struct guests *guests = guests_open(1);
    struct address address = parse("10.0.0.0");
    for (uint32_t i = 0; i < ADDRESSES; i++) {
        memcpy(address.ip + 12, &i, sizeof i);
        guests_enter(guests, &address);
    }
    for (uint32_t i = 0; i < ADDRESSES; i++) {
        memcpy(address.ip + 12, &i, sizeof i);
        guests_leave(guests, &address);
        cr_assert(guests_has_room(guests, &address));
    }
    guests_close(guests);
}
