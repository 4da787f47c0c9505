/* SPDX-License-Identifier: MIT */
/*
 * Makes a behavior of an executable and its .conf, or of a built-in one and its .conf,
 * and says as whom it runs: a daemon that is root runs behaviors as the .conf's `user`,
 * else as nobody; any other daemon as itself. One thread at a time.
 */
#ifndef ACTORFS_BEHAVIOR_INSTALLER_H
#define ACTORFS_BEHAVIOR_INSTALLER_H

#include "common/base/bytes.h"
#include "common/base/status.h"
#include "common/behavior/behavior.h"
#include "common/behavior/conf.h"
#include "common/behavior/host.h"
#include "common/behavior/protocol.h"

struct installer {
    struct host *host;
    int folder;       /* the open folder; -1: it is gone */
    const char *path; /* and its absolute path */
    struct protocol_limits limits;
};

/* What is to be made. */
struct recipe {
    enum conf_kind kind;
    const char *name;
    const char *file;         /* the executable; of CONF_BUILTIN null... */
    struct behavior *builtin; /* ...and this instead */
    const char *conf;         /* a file; null: the defaults */
};

/* INVALID for a wrong .conf and IO for one that cannot be read, with one line in
   `message`. */
MUST_CHECK enum status installer_make(const struct installer *installer,
                                      const struct recipe *recipe,
                                      struct behavior **behavior_out,
                                      struct bytes *message);
/* Another takes its place, or none does. */
void installer_retire(enum conf_kind kind, struct behavior *behavior);
/* After host_close. */
void installer_free(enum conf_kind kind, struct behavior *behavior);

#endif
