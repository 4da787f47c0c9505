/* SPDX-License-Identifier: MIT */
/*
 * Slows guessing down. After a few wrong passwords an address has to wait before the
 * next one is tried, longer each time up to half a minute, and one at a time; a minute
 * of peace takes one failure back. Nobody is locked out: the wait is short, a token or
 * a password verified a moment ago is not asked for here, and a name that got in from
 * an address within a day has an account of its own there, which the failures of
 * others behind the same proxy do not touch.
 *
 * The tables have a fixed size; a flood of addresses can make it forget other
 * addresses, never the names that got in. A value without locks: its owner sees to that
 * one thread at a time uses it. Time is an argument.
 */
#ifndef ACTORFS_SERVER_ACCESS_THROTTLE_H
#define ACTORFS_SERVER_ACCESS_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "server/access/address.h"

#define THROTTLE_FREE_FAILURES 3
#define THROTTLE_WAIT_MS_MAX 30000
#define THROTTLE_FORGIVE_MS 60000
#define THROTTLE_KNOWN_MS (24LL * 3600 * 1000)

struct throttle;
struct account;

struct throttle *throttle_open(void);
void throttle_close(struct throttle *throttle);

/* 0: the attempt may be made, on the account given, and is settled afterward, always.
   Else how many milliseconds to come back in. */
int64_t throttle_admit(struct throttle *throttle, const struct address *address,
                       struct view name, int64_t now_ms, struct account **account_out);
/* How an attempt that was admitted ended. */
void throttle_settle(struct throttle *throttle, struct account *account,
                     const struct address *address, struct view name, bool was_right,
                     int64_t now_ms);

#endif
