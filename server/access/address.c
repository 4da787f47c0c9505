/* SPDX-License-Identifier: MIT */
#include "server/access/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define IP4_PREFIX_BYTES 12
#define CLIENT_BYTES 8 /* of IPv6: who has one address has its /64 */

static const uint8_t ip4_prefix[IP4_PREFIX_BYTES] = {0, 0, 0, 0, 0,    0,
                                                     0, 0, 0, 0, 0xff, 0xff};

static bool is_ip4(const struct address *address)
{
    return memcmp(address->ip, ip4_prefix, sizeof ip4_prefix) == 0;
}

static struct address of_ip4(const void *four)
{
    struct address address = {0};
    memcpy(address.ip, ip4_prefix, sizeof ip4_prefix);
    memcpy(address.ip + IP4_PREFIX_BYTES, four, 4);
    return address;
}

struct address address_of_socket(const struct sockaddr *socket)
{
    struct address address = {.is_unix = true};
    if (socket->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, socket, sizeof in);
        return of_ip4(&in.sin_addr);
    }
    if (socket->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, socket, sizeof in6);
        address.is_unix = false;
        memcpy(address.ip, &in6.sin6_addr, sizeof address.ip);
    }
    return address;
}

bool address_parse(struct view text, struct address *address_out)
{
    char copy[INET6_ADDRSTRLEN];
    struct address address = {0};
    uint8_t four[4];
    if (text.size >= 2 && text.data[0] == '[' && text.data[text.size - 1] == ']')
        text = view_of(text.data + 1, text.size - 2);
    if (text.size == 0 || text.size >= sizeof copy || memchr(text.data, 0, text.size))
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    if (inet_pton(AF_INET, copy, four) == 1)
        address = of_ip4(four);
    else if (inet_pton(AF_INET6, copy, address.ip) != 1)
        return false;
    *address_out = address;
    return true;
}

void address_append(struct bytes *out, const struct address *address)
{
    char text[INET6_ADDRSTRLEN];
    const char *shown = "unix";
    if (!address->is_unix && is_ip4(address))
        shown = inet_ntop(AF_INET, address->ip + IP4_PREFIX_BYTES, text, sizeof text);
    else if (!address->is_unix)
        shown = inet_ntop(AF_INET6, address->ip, text, sizeof text);
    bytes_append_text(out, shown);
}

bool address_equal(const struct address *left, const struct address *right)
{
    return left->is_unix == right->is_unix &&
           memcmp(left->ip, right->ip, sizeof left->ip) == 0;
}

bool address_is_loopback(const struct address *address)
{
    static const uint8_t one[16] = {[15] = 1};
    if (address->is_unix)
        return false;
    if (is_ip4(address))
        return address->ip[IP4_PREFIX_BYTES] == 127;
    return memcmp(address->ip, one, sizeof one) == 0;
}

struct address address_of_client(const struct address *address)
{
    struct address client = *address;
    if (!is_ip4(address))
        memset(client.ip + CLIENT_BYTES, 0, sizeof client.ip - CLIENT_BYTES);
    return client;
}

/* Digits only, `max` at most. */
static bool parse_bits(struct view text, unsigned max, unsigned *bits)
{
    unsigned number = 0;
    if (text.size == 0 || text.size > 3)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        number = number * 10 + (unsigned)(text.data[i] - '0');
    }
    *bits = number;
    return number <= max;
}

bool address_range_parse(struct view text, struct address_range *range_out)
{
    struct address_range range = {.bits = 128};
    const char *slash = text.size ? memchr(text.data, '/', text.size) : NULL;
    struct view ip = text;
    if (view_equal(text, view_text("unix"))) {
        range.first.is_unix = true;
        *range_out = range;
        return true;
    }
    if (slash)
        ip.size = (size_t)(slash - text.data);
    if (!address_parse(ip, &range.first))
        return false;
    unsigned skipped = is_ip4(&range.first) && !memchr(ip.data, ':', ip.size)
                           ? 8 * IP4_PREFIX_BYTES
                           : 0;
    if (slash) {
        struct view bits = view_of(slash + 1, text.size - ip.size - 1);
        if (!parse_bits(bits, 128 - skipped, &range.bits))
            return false;
        range.bits += skipped;
    }
    *range_out = range;
    return true;
}

bool address_is_in(const struct address *address, const struct address_range *range)
{
    size_t whole = range->bits / 8;
    unsigned rest = range->bits % 8;
    if (address->is_unix || range->first.is_unix)
        return address->is_unix && range->first.is_unix;
    if (memcmp(address->ip, range->first.ip, whole) != 0)
        return false;
    return rest == 0 ||
           (address->ip[whole] ^ range->first.ip[whole]) >> (8 - rest) == 0;
}
