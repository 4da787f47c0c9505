/* SPDX-License-Identifier: MIT */
/*
 * Authorization, and the other fields that say where a request comes from. Whatever the
 * bytes are: they are refused, or name and password are what they can be and lie within
 * what was decoded; the address that a chain of proxies leads to can be shown and read
 * again; a name that is ours is no text with a path.
 */
#include <stdbool.h>
#include <stdint.h>

#include "common/base/log.h"
#include "server/access/credentials.h"
#include "server/access/forwarded.h"
#include "server/access/origin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_plain(struct view text)
{
    for (size_t i = 0; i < text.size; i++)
        ENSURE((unsigned char)text.data[i] >= 0x20 && text.data[i] != 0x7f);
}

static void check_credentials(struct view field)
{
    struct credentials credentials;
    if (credentials_parse(field, &credentials) == STATUS_OK) {
        if (credentials.is_bearer) {
            ENSURE(credentials.token.size > 0);
            check_plain(credentials.token);
        } else {
            ENSURE(credentials.name.size > 0);
            ENSURE(!memchr(credentials.name.data, ':', credentials.name.size));
            ENSURE(!memchr(credentials.name.data, '\\', credentials.name.size));
            ENSURE(credentials.password.size == strlen(credentials.password.data));
            check_plain(credentials.name);
            check_plain(credentials.password);
        }
    }
    credentials_free(&credentials);
}

static void check_forwarded(struct view field)
{
    BYTES_AUTO(shown);
    struct address_range proxy;
    struct address peer = {.is_unix = true}, again;
    ENSURE(address_range_parse(view_text("unix"), &proxy));
    struct address client = forwarded_client(&proxy, 1, &peer, field);
    address_append(&shown, &client);
    if (!client.is_unix)
        ENSURE(address_parse(view_bytes(&shown), &again) &&
               address_equal(&client, &again));
}

static void check_origin(struct view text)
{
    BYTES_AUTO(message);
    struct origins *origins;
    ENSURE(
        !origins_open("https://shop.example:8443/coffee", "bar", &origins, &message));
    struct origin_facts facts = {.host = text, .origin = text};
    if (origins_are_ours(origins, text))
        ENSURE(text.size > 0 && !memchr(text.data, '/', text.size));
    if (origins_check(origins, &facts) == ORIGIN_FINE)
        ENSURE(!text.data);
    struct view stripped = origins_strip(origins, text);
    ENSURE(stripped.size <= text.size || view_equal(stripped, view_text("/")));
    origins_close(origins);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = view_of(size ? data : NULL, size);
    check_credentials(text);
    check_forwarded(text);
    check_origin(text);
    return 0;
}
