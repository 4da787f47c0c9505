/* SPDX-License-Identifier: MIT */
#include "server/access/origin.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/text.h"
#include "server/access/address.h"

struct origins {
    char *url; /* what the views point into; null: there is none */
    struct view origin, authority, prefix;
    char *machine; /* null: not known */
};

static bool is_same(struct view left, struct view right)
{
    return left.size == right.size &&
           (left.size == 0 || strncasecmp(left.data, right.data, left.size) == 0);
}

/* -------------------------------------------------------------------------- the URL */

static size_t scheme_size(struct view url)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t size = strlen(schemes[i]);
        if (url.size >= size && strncasecmp(url.data, schemes[i], size) == 0)
            return size;
    }
    return 0;
}

static bool parse_url(struct origins *origins)
{
    struct view url = view_text(origins->url);
    size_t scheme = scheme_size(url);
    size_t end = scheme + strcspn(url.data + scheme, "/");
    bool is_plain = text_is_printable_ascii(url) && !strpbrk(url.data, " ?#@\\\"");
    origins->origin = view_of(url.data, end);
    origins->authority = view_of(url.data + scheme, end - scheme);
    while (url.size > end && url.data[url.size - 1] == '/')
        url.size--;
    origins->prefix = view_of(url.data + end, url.size - end);
    return scheme && is_plain && origins->authority.size;
}

enum status origins_open(const char *public_url, const char *machine,
                         struct origins **origins_out, struct bytes *message)
{
    struct origins *origins = memory_take_zeroed(1, sizeof *origins);
    if (machine)
        origins->machine = memory_text(view_text(machine));
    if (public_url)
        origins->url = memory_text(view_text(public_url));
    if (public_url && !parse_url(origins)) {
        bytes_clear(message);
        bytes_format(message,
                     "public-url takes an URL such as https://shop.example/actors, "
                     "not %s",
                     public_url);
        origins_close(origins);
        return STATUS_INVALID;
    }
    *origins_out = origins;
    return STATUS_OK;
}

void origins_close(struct origins *origins)
{
    free(origins->url);
    free(origins->machine);
    free(origins);
}

/* ----------------------------------------------------------------------- the checks */

/* Cuts `:PORT` off. False where what follows the colon is no port. */
static bool cut_port(struct view *authority)
{
    const char *colon =
        authority->size ? memrchr(authority->data, ':', authority->size) : NULL;
    if (!colon ||
        memchr(colon, ']', authority->size - (size_t)(colon - authority->data)))
        return true;
    size_t host = (size_t)(colon - authority->data);
    for (size_t i = host + 1; i < authority->size; i++)
        if (authority->data[i] < '0' || authority->data[i] > '9')
            return false;
    authority->size = host;
    return true;
}

bool origins_are_ours(const struct origins *origins, struct view authority)
{
    struct view host = authority;
    struct address address;
    if (origins->url && is_same(authority, origins->authority))
        return true;
    if (!cut_port(&host) || host.size == 0)
        return false;
    if (host.size > 1 && host.data[host.size - 1] == '.')
        host.size--; /* a name may be said to be whole */
    if (is_same(host, view_text("localhost")))
        return true;
    if (origins->machine && is_same(host, view_text(origins->machine)))
        return true;
    bool is_bracketed = host.data[0] == '[';
    return address_parse(host, &address) &&
           is_bracketed == (memchr(host.data, ':', host.size) != NULL);
}

/* `SCHEME://AUTHORITY`, where the authority is the one that the request was sent to. */
static bool is_own_page(const struct origins *origins, const struct origin_facts *facts)
{
    size_t scheme = scheme_size(facts->origin);
    struct view authority =
        view_of(facts->origin.data + scheme, facts->origin.size - scheme);
    if (origins->url && is_same(facts->origin, origins->origin))
        return true;
    return scheme && authority.size && is_same(authority, facts->host);
}

static bool is_foreign(const struct origins *origins, const struct origin_facts *facts)
{
    if (facts->origin.data)
        return !is_own_page(origins, facts);
    if (!facts->fetch_site.data || facts->is_safe)
        return false;
    return !is_same(facts->fetch_site, view_text("same-origin")) &&
           !is_same(facts->fetch_site, view_text("none"));
}

enum origin_verdict origins_check(const struct origins *origins,
                                  const struct origin_facts *facts)
{
    if (!facts->is_unix && facts->host.data && !origins_are_ours(origins, facts->host))
        return ORIGIN_WRONG_HOST;
    return is_foreign(origins, facts) ? ORIGIN_FOREIGN : ORIGIN_FINE;
}

/* ----------------------------------------------------------------------- the prefix */

struct view origins_prefix(const struct origins *origins)
{
    return origins->prefix;
}

/* What follows `begin`, which must end where a segment does; else `text`. */
static struct view strip(struct view text, struct view begin)
{
    if (begin.size == 0 || text.size < begin.size ||
        !is_same(view_of(text.data, begin.size), begin))
        return text;
    struct view rest = view_of(text.data + begin.size, text.size - begin.size);
    if (rest.size == 0)
        return view_text("/");
    return rest.data[0] == '/' ? rest : text;
}

struct view origins_strip(const struct origins *origins, struct view target)
{
    return strip(strip(target, origins->origin), origins->prefix);
}

struct view origins_prefix_for(const struct origins *origins, struct view target,
                               struct view host, bool is_forwarded)
{
    struct view path = strip(target, origins->origin);
    bool has_prefix = strip(path, origins->prefix).data != path.data;
    bool is_public = origins->url && is_same(host, origins->authority);
    return has_prefix || is_public || is_forwarded ? origins->prefix : view_of("", 0);
}
