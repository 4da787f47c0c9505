/* SPDX-License-Identifier: MIT */
/*
 * An account counts failures; the wait doubles with each beyond the free ones. What is
 * being verified right now may become a failure, so only so many attempts run at once
 * as the account can afford: a burst of parallel guesses gains no more than one of
 * guesses in a row.
 */
#include "server/access/throttle.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "server/access/verified.h"

#define SETS 1024
#define WAYS 4
#define FAILURES_MAX 16
#define FIRST_WAIT_MS 500
#define CROWD_MS 100 /* to come back in when too many are being verified */
/* At once, of an account without failures (many people behind one address in the
   morning) and of one with a few. */
#define RUNNING_MAX_CLEAN 64
#define RUNNING_MAX_FEW 4

struct account {
    uint64_t id;      /* 0: free */
    int64_t since_ms; /* the last failure, or the last minute of peace after it */
    int64_t next_ms;  /* no attempt before */
    int64_t until_ms; /* of a known name */
    unsigned failures, running;
};
struct table {
    struct account accounts[SETS][WAYS];
};
struct throttle {
    struct proof_key key; /* nobody can choose whose account is thrown out */
    struct table addresses, known;
};

struct throttle *throttle_open(void)
{
    struct throttle *throttle = memory_take_zeroed(1, sizeof *throttle);
    proof_key_make(&throttle->key);
    return throttle;
}

void throttle_close(struct throttle *throttle)
{
    free(throttle);
}

static uint64_t id_of(const struct throttle *throttle, const struct address *address,
                      struct view name)
{
    char where[1 + sizeof address->ip];
    struct address client = address_of_client(address);
    uint64_t id;
    where[0] = client.is_unix ? 'u' : 'i';
    memcpy(where + 1, client.ip, sizeof client.ip);
    struct proof proof = proof_of(&throttle->key, name, view_of(where, sizeof where));
    memcpy(&id, proof.bytes, sizeof id);
    return id ? id : 1;
}

static struct account *find(struct table *table, uint64_t id)
{
    struct account *set = table->accounts[id % SETS];
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].id == id)
            return &set[i];
    return NULL;
}

/* A free place, or that of the account which matters least; null when attempts run on
   all of them. */
static struct account *make(struct table *table, uint64_t id)
{
    struct account *set = table->accounts[id % SETS], *place = NULL;
    for (size_t i = 0; i < WAYS; i++) {
        struct account *other = &set[i];
        if (other->running == 0 &&
            (!place || other->failures < place->failures ||
             (other->failures == place->failures && other->since_ms < place->since_ms)))
            place = other;
    }
    if (place)
        *place = (struct account){.id = id};
    return place;
}

/* The name's own account where it got in lately, else its address's. */
static struct account *account_of(struct throttle *throttle,
                                  const struct address *address, struct view name,
                                  int64_t now_ms)
{
    struct account *known = find(&throttle->known, id_of(throttle, address, name));
    if (known && (now_ms < known->until_ms || known->running))
        return known;
    uint64_t id = id_of(throttle, address, view_of(NULL, 0));
    struct account *account = find(&throttle->addresses, id);
    return account ? account : make(&throttle->addresses, id);
}

static void forgive(struct account *account, int64_t now_ms)
{
    int64_t minutes = (now_ms - account->since_ms) / THROTTLE_FORGIVE_MS;
    if (minutes <= 0)
        return;
    account->failures =
        minutes < account->failures ? account->failures - (unsigned)minutes : 0;
    account->since_ms += minutes * THROTTLE_FORGIVE_MS;
}

static unsigned running_max(const struct account *account)
{
    if (account->failures == 0)
        return RUNNING_MAX_CLEAN;
    return account->failures < THROTTLE_FREE_FAILURES ? RUNNING_MAX_FEW : 1;
}

int64_t throttle_admit(struct throttle *throttle, const struct address *address,
                       struct view name, int64_t now_ms, struct account **account_out)
{
    struct account *account = account_of(throttle, address, name, now_ms);
    if (!account)
        return CROWD_MS;
    forgive(account, now_ms);
    if (now_ms < account->next_ms)
        return account->next_ms - now_ms;
    if (account->running >= running_max(account))
        return CROWD_MS;
    account->running++;
    *account_out = account;
    return 0;
}

static int64_t wait_after(unsigned failures)
{
    int64_t wait_ms = FIRST_WAIT_MS;
    if (failures <= THROTTLE_FREE_FAILURES)
        return 0;
    for (unsigned i = THROTTLE_FREE_FAILURES + 1;
         i < failures && wait_ms < THROTTLE_WAIT_MS_MAX; i++)
        wait_ms *= 2;
    return wait_ms < THROTTLE_WAIT_MS_MAX ? wait_ms : THROTTLE_WAIT_MS_MAX;
}

static void remember(struct throttle *throttle, const struct address *address,
                     struct view name, int64_t now_ms)
{
    uint64_t id = id_of(throttle, address, name);
    struct account *known = find(&throttle->known, id);
    if (!known)
        known = make(&throttle->known, id);
    if (!known)
        return;
    known->failures = 0;
    known->next_ms = 0;
    known->since_ms = now_ms;
    known->until_ms = now_ms + THROTTLE_KNOWN_MS;
}

void throttle_settle(struct throttle *throttle, struct account *account,
                     const struct address *address, struct view name, bool was_right,
                     int64_t now_ms)
{
    ENSURE(account->running > 0); /* so nobody else was given its place */
    account->running--;
    if (was_right) {
        remember(throttle, address, name, now_ms);
    } else {
        account->failures += account->failures < FAILURES_MAX ? 1 : 0;
        account->since_ms = now_ms;
        account->next_ms = now_ms + wait_after(account->failures);
    }
}
