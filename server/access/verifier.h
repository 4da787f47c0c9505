/* SPDX-License-Identifier: MIT */
/*
 * Threads that verify passwords with libcrypt: one takes a tenth of a second of a
 * processor by intent, and no loop may stand still meanwhile. They run at a lower
 * priority than the rest of the daemon.
 */
#ifndef ACTORFS_SERVER_ACCESS_VERIFIER_H
#define ACTORFS_SERVER_ACCESS_VERIFIER_H

#include <stdbool.h>

#include "common/base/bytes.h"

#define VERIFIER_QUEUE_MAX 1024

/* What is done on a verifier's thread, once for each verifier_ask that said true. */
typedef void verifier_work_fn(void *context);

struct verifier;
struct verifier *verifier_open(unsigned threads);
/* Does what is queued first. */
void verifier_close(struct verifier *verifier);
/* False when too much waits already. Any thread. */
bool verifier_ask(struct verifier *verifier, verifier_work_fn *work, void *context);

/* Whether the password, which ends in a NUL, is the one that was hashed. Slow. */
bool password_is_right(const char *password, const char *hash);

#endif
