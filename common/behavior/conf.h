/* SPDX-License-Identifier: MIT */
/*
 * DIR/NAME.conf, what an administrator says of a behavior (contract, section 6):
 *
 *     # A comment stands on a line of its own.
 *     timeout = 30s            of a turn (60s)
 *     attempts = 3             of a task, 1 to 1000 (5)
 *     backoff = 1s             before the second attempt; doubles with each (1s)
 *     backoff-max = 5m         but is never longer (5m)
 *     rate = 10/s              turns, all actors together; also /m /h /d (no limit)
 *     create = yes             actors are made with their first message (no)
 *     fingerprint = none       the key alone decides what is the same message (bytes)
 *     type = application/json  of results (text, if they are, else octet-stream)
 *     control = user_*         whose status and behavior it may write (none)
 *     processes = 4            at once, 1 to 1024 (cores); not of built-in ones, as
 *     memory = 512M            of a process, 1M at least (no limit)
 *     user = www-data          whom it runs as (nobody, where the daemon is root)
 *     env.NAME = value         into its environment
 *     speculative = yes        workers only: may run ahead of the disk (no)
 *
 * Nothing is ignored: an unknown key, a value out of range, a key given twice is an
 * error, because a limit that was misspelled is a limit that is not there.
 * Any thread.
 */
#ifndef ACTORFS_BEHAVIOR_CONF_H
#define ACTORFS_BEHAVIOR_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/bytes.h"
#include "common/base/status.h"
#include "common/behavior/behavior.h"

struct conf {
    struct behavior_policy policy;
    uint32_t processes;    /* 0: not said */
    uint64_t memory_bytes; /* 0: no limit */
    char *user;            /* null: not said; then uid and gid are not set */
    uid_t uid;
    gid_t gid;
    bool speculative;
    char **environment; /* "NAME=value"; null after the last, or null altogether */
};

/* What the file is for decides which keys mean something. */
enum conf_kind { CONF_BUILTIN = 1, CONF_PROGRAM = 2, CONF_WORKER = 4 };

/* Reads the text of the file called `file`. `daemon` is the daemon's effective user,
   who may run behaviors as somebody else only if that is root. INVALID, with one line
   in `message` that names file and line and says what would be right; then nothing is
   set. Free it with conf_free. */
MUST_CHECK enum status conf_parse(struct view text, const char *file,
                                  enum conf_kind kind, uid_t daemon,
                                  struct conf *conf_out, struct bytes *message);
/* Frees what the values hold, not the struct. */
void conf_free(struct conf *conf);

#endif
