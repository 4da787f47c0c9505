/* SPDX-License-Identifier: MIT */
/*
 * Whose name a request uses, and whose page it comes from. A browser sends requests for
 * any page to any server it can reach, with its own rights: so a name in Host that is
 * not ours may be a page's that was pointed at us (DNS rebinding), and an Origin that
 * is not ours is another site's page. Clients other than browsers send no Origin.
 *
 * Ours are: addresses as such, `localhost`, this machine's name, and --public-url. The
 * port in Host means nothing, as ports are forwarded. Pure functions, any thread.
 */
#ifndef ACTORFS_SERVER_ACCESS_ORIGIN_H
#define ACTORFS_SERVER_ACCESS_ORIGIN_H

#include <stdbool.h>

#include "common/base/bytes.h"
#include "common/base/status.h"

struct origins;

/* `public_url` null: there is none; `machine` null: neither. INVALID with a line in
   `message` for an URL that is not `http(s)://HOST[:PORT][/PREFIX]`. */
MUST_CHECK enum status origins_open(const char *public_url, const char *machine,
                                    struct origins **origins_out,
                                    struct bytes *message);
void origins_close(struct origins *origins);

/* What a request says of itself; without data where it does not. */
struct origin_facts {
    struct view host;       /* Host, or the authority of an absolute target */
    struct view origin;     /* Origin */
    struct view fetch_site; /* Sec-Fetch-Site */
    bool is_safe;           /* GET, HEAD: a link on any page may lead here */
    bool is_unix;           /* came by a Unix socket: Host means nothing */
};
enum origin_verdict {
    ORIGIN_FINE,
    ORIGIN_WRONG_HOST, /* 421 */
    ORIGIN_FOREIGN     /* 403 */
};
enum origin_verdict origins_check(const struct origins *origins,
                                  const struct origin_facts *facts);

/* Whether an authority (`HOST[:PORT]`) names this server: of Host and Destination. */
bool origins_are_ours(const struct origins *origins, struct view authority);
/* The public URL's path without a slash at its end; empty when there is none. */
struct view origins_prefix(const struct origins *origins);
/* What precedes this server's paths where the asker is: the prefix, if the target came
   with it, or if a proxy took it off: Host is the public URL's then, or the request is
   `forwarded`. Who comes straight, and without it, needs none. */
struct view origins_prefix_for(const struct origins *origins, struct view target,
                               struct view host, bool is_forwarded);
/* A target or Destination without what clients put before the paths of this server: the
   public URL, or its path. Begins with a slash then; else it is as it was. */
struct view origins_strip(const struct origins *origins, struct view target);

#endif
