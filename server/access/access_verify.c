/* SPDX-License-Identifier: MIT */
/*
 * Logins that take time: a part of access.h. An attempt is on the list from when it was
 * admitted until it is settled; whoever sends the same meanwhile joins it.
 */
#include <stdlib.h>

#include "server/access/access_internal.h"
#include "server/access/credentials.h"

struct waiter {
    access_done_fn *done;
    void *context;
    struct waiter *next;
};

/* A password that is being verified, and who waits for it. */
struct attempt {
    struct access *access;
    struct proof proof;
    struct credentials credentials;
    struct users *users;     /* held */
    const struct user *user; /* of them; null: there is no such name */
    struct address address;
    struct account *account;
    struct waiter *waiters;
    struct attempt *next;
};

static void unlink_attempt(struct access *access, const struct attempt *attempt)
{
    struct attempt **at = &access->attempts;
    while (*at != attempt)
        at = &(*at)->next;
    *at = attempt->next;
}

/* Takes the attempt off the list, so that nobody joins it any more. */
static void settle(struct attempt *attempt, bool is_right)
{
    struct access *access = attempt->access;
    int64_t now_ms = access_now(access);
    pthread_mutex_lock(&access->mutex);
    unlink_attempt(access, attempt);
    throttle_settle(access->throttle, attempt->account, &attempt->address,
                    attempt->credentials.name, is_right, now_ms);
    if (is_right && attempt->users == access->users)
        verified_add(access->verified, &attempt->proof, attempt->user, now_ms);
    pthread_mutex_unlock(&access->mutex);
}

static void finish(struct attempt *attempt, bool is_right)
{
    for (struct waiter *waiter = attempt->waiters, *next; waiter; waiter = next) {
        struct access_answer answer =
            is_right ? access_grant(attempt->user) : access_deny();
        next = waiter->next;
        waiter->done(waiter->context, &answer);
        free(waiter);
    }
    users_release(attempt->users);
    credentials_free(&attempt->credentials);
    free(attempt);
}

static void verify(void *context)
{
    struct attempt *attempt = context;
    const char *decoy = users_decoy(attempt->users);
    const char *hash = attempt->user ? attempt->user->password : decoy;
    bool is_right = hash && password_is_right(attempt->credentials.password.data, hash);
    is_right = is_right && attempt->user;
    settle(attempt, is_right);
    if (!is_right)
        access_log_refusal(&attempt->address, "password", attempt->credentials.name);
    finish(attempt, is_right);
}

static void add_waiter(struct attempt *attempt, access_done_fn *done, void *context)
{
    struct waiter *waiter = memory_take(sizeof *waiter);
    *waiter = (struct waiter){done, context, attempt->waiters};
    attempt->waiters = waiter;
}

/* Many connections of one client begin with the same password. */
static bool join(struct access *access, const struct attempt *attempt,
                 access_done_fn *done, void *context)
{
    for (struct attempt *other = access->attempts; other; other = other->next) {
        if (proof_equal(&other->proof, &attempt->proof) &&
            address_equal(&other->address, &attempt->address)) {
            add_waiter(other, done, context);
            return true;
        }
    }
    return false;
}

/* OK: the attempt was begun; BUSY: come back in `wait_ms`; EXISTS: another does it. */
static enum status begin(struct attempt *attempt, access_done_fn *done, void *context,
                         int64_t *wait_ms)
{
    struct access *access = attempt->access;
    if (join(access, attempt, done, context))
        return STATUS_EXISTS;
    *wait_ms =
        throttle_admit(access->throttle, &attempt->address, attempt->credentials.name,
                       access_now(access), &attempt->account);
    if (*wait_ms > 0)
        return STATUS_BUSY;
    attempt->users = users_hold(access->users);
    attempt->user = users_find(access->users, attempt->credentials.name);
    attempt->next = access->attempts;
    access->attempts = attempt;
    add_waiter(attempt, done, context);
    return STATUS_OK;
}

static void discard(struct attempt *attempt)
{
    credentials_free(&attempt->credentials);
    free(attempt);
}

void access_verify(struct access *access, struct view field,
                   const struct address *address, access_done_fn *done, void *context)
{
    struct attempt *attempt = memory_take_zeroed(1, sizeof *attempt);
    struct access_answer answer = access_deny();
    int64_t wait_ms = 0;
    attempt->access = access;
    attempt->address = *address;
    if (credentials_parse(field, &attempt->credentials) ||
        attempt->credentials.is_bearer) {
        discard(attempt);
        done(context, &answer);
        return;
    }
    attempt->proof = proof_of(&access->key, attempt->credentials.name,
                              attempt->credentials.password);
    pthread_mutex_lock(&access->mutex);
    enum status status = begin(attempt, done, context, &wait_ms);
    pthread_mutex_unlock(&access->mutex);
    if (status)
        discard(attempt);
    if (status == STATUS_BUSY) {
        answer = access_defer(wait_ms);
        done(context, &answer);
    } else if (status == STATUS_OK &&
               !verifier_ask(access->verifier, verify, attempt)) {
        /* More wait than there are seconds in a minute: as if it had been wrong. */
        settle(attempt, false);
        finish(attempt, false);
    }
}
