/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "server/access/crowd.h"

static struct address parse(const char *text)
{
    struct address address;
    cr_assert(address_parse(view_text(text), &address));
    return address;
}

Test(crowd, an_address_has_so_many_connections_and_no_more)
{
    struct crowd *crowd = crowd_open(2);
    struct address one = parse("192.0.2.7"), other = parse("192.0.2.8");
    crowd_enter(crowd, &one);
    cr_expect(crowd_has_room(crowd, &one));
    crowd_enter(crowd, &one);
    cr_expect(!crowd_has_room(crowd, &one));
    cr_expect(crowd_has_room(crowd, &other));
    crowd_leave(crowd, &one);
    cr_expect(crowd_has_room(crowd, &one));
    crowd_close(crowd);
}

Test(crowd, an_ipv6_network_is_one_client)
{
    struct crowd *crowd = crowd_open(1);
    struct address one = parse("2001:db8::1"), neighbor = parse("2001:db8::2");
    crowd_enter(crowd, &one);
    cr_expect(!crowd_has_room(crowd, &neighbor));
    crowd_leave(crowd, &one);
    cr_expect(crowd_has_room(crowd, &neighbor));
    crowd_close(crowd);
}

Test(crowd, more_addresses_than_it_has_places_do_no_harm)
{
    enum { ADDRESSES = 40000 };
    struct crowd *crowd = crowd_open(1);
    struct address address = parse("10.0.0.0");
    for (uint32_t i = 0; i < ADDRESSES; i++) {
        memcpy(address.ip + 12, &i, sizeof i);
        crowd_enter(crowd, &address);
    }
    for (uint32_t i = 0; i < ADDRESSES; i++) {
        memcpy(address.ip + 12, &i, sizeof i);
        crowd_leave(crowd, &address);
        cr_assert(crowd_has_room(crowd, &address));
    }
    crowd_close(crowd);
}
