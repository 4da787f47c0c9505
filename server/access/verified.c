/* SPDX-License-Identifier: MIT */
#include "server/access/verified.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>

#include "common/base/log.h"

/* Whoever fills it has that many right passwords; then an old one is verified again. */
#define SETS 256
#define WAYS 4

struct entry {
    struct proof proof;
    const struct user *user; /* null: free */
    int64_t until_ms;
};
struct verified {
    struct entry entries[SETS][WAYS];
};

void proof_key_make(struct proof_key *key)
{
    ENSURE(gnutls_rnd(GNUTLS_RND_KEY, key->bytes, sizeof key->bytes) == 0);
}

struct proof proof_of(const struct proof_key *key, struct view name,
                      struct view password)
{
    struct proof proof;
    gnutls_hmac_hd_t hash;
    ENSURE(gnutls_hmac_init(&hash, GNUTLS_MAC_SHA256, key->bytes, sizeof key->bytes) ==
           0);
    ENSURE(gnutls_hmac(hash, name.data, name.size) == 0);
    ENSURE(gnutls_hmac(hash, "", 1) == 0); /* a NUL: where the name ends */
    if (password.size)
        ENSURE(gnutls_hmac(hash, password.data, password.size) == 0);
    gnutls_hmac_deinit(hash, proof.bytes);
    return proof;
}

bool proof_equal(const struct proof *left, const struct proof *right)
{
    return gnutls_memcmp(left->bytes, right->bytes, sizeof left->bytes) == 0;
}

struct verified *verified_open(void)
{
    return memory_take_zeroed(1, sizeof(struct verified));
}

void verified_close(struct verified *verified)
{
    explicit_bzero(verified, sizeof *verified);
    free(verified);
}

const struct user *verified_find(const struct verified *verified,
                                 const struct proof *proof, int64_t now_ms)
{
    const struct entry *set = verified->entries[proof->bytes[0] % SETS];
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].user && proof_equal(&set[i].proof, proof))
            return now_ms < set[i].until_ms ? set[i].user : NULL;
    return NULL;
}

void verified_add(struct verified *verified, const struct proof *proof,
                  const struct user *user, int64_t now_ms)
{
    struct entry *set = verified->entries[proof->bytes[0] % SETS];
    struct entry *place = set;
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].user && proof_equal(&set[i].proof, proof)) {
            place = &set[i];
            break;
        }
        if (set[i].until_ms < place->until_ms)
            place = &set[i];
    }
    *place = (struct entry){*proof, user, now_ms + VERIFIED_MS};
}

void verified_clear(struct verified *verified)
{
    explicit_bzero(verified, sizeof *verified);
}
