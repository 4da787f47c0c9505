/* SPDX-License-Identifier: MIT */
/*
 * The command line. Two spellings mean the same: `actorfs mount STORE MOUNTPOINT
 * --message-max 4M -f`, and what mount(8) and fstab make of an entry, `actorfs STORE
 * MOUNTPOINT -o rw,message-max=4M`. In names `-` and `_` are one. The words that
 * mount(8) keeps for itself are accepted; any other unknown word is an error that names
 * it.
 */
#ifndef ACTORFS_SERVER_OPTIONS_H
#define ACTORFS_SERVER_OPTIONS_H

#include <stdbool.h>

#include "common/base/bytes.h"
#include "common/base/status.h"
#include "common/engine/engine.h"

enum command {
    COMMAND_HELP,
    COMMAND_VERSION,
    COMMAND_MOUNT,
    COMMAND_SERVE,
    COMMAND_CHECK,
    COMMAND_STAT,
    COMMAND_UNLOCK,
    COMMAND_SEND
};

/* Those of an option that may be given several times; owned. */
struct option_words {
    char **list;
    size_t count;
};

struct options {
    enum command command;
    const char *store;      /* as given */
    const char *mountpoint; /* as given; of COMMAND_MOUNT */
    const char *path;       /* as given; of COMMAND_SEND and COMMAND_UNLOCK */
    char *behaviors;        /* the folder as given; null: the built-in ones */
    struct option_words listen, key_headers, keep_headers;
    char *users, *tls_cert, *tls_key; /* files as given; null: none */
    char *public_url;                 /* null: none */
    struct option_words trusted_proxies;
    bool insecure;
    bool foreground;
    bool allow_other;
    bool nonempty;
    struct bytes mount_words; /* for mount(2): `ro,noexec` */
    struct engine_options engine;
};

/* INVALID with one line in `message`. Pointers into argv are kept. */
MUST_CHECK enum status options_parse(int argc, char *const *argv,
                                     struct options *options_out,
                                     struct bytes *message);
void options_free(struct options *options);
/* What --help prints. */
extern const char options_help[];

#endif
