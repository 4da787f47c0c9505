/* SPDX-License-Identifier: MIT */
/*
 * A handshake borrows certificate and key from when they are retrieved until it ends,
 * and nobody tells when that is. But slow clients are cut off (slow.h), so a pair that
 * was replaced ten minutes ago is nobody's any more. It is freed at the next reload.
 */
#include "server/access/tls.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"

#define CHAIN_MAX 16
#define KEEP_MS (10 * 60 * 1000)

struct pair {
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned chain_size;
    gnutls_privkey_t key;
    int64_t replaced_ms; /* of pairs that were replaced */
    struct pair *older;
};
struct tls {
    char *certificate_file, *key_file;
    struct pair *pair; /* the current one, then older ones; guarded by mutex */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct tls *current; /* guarded by mutex */

static enum status refuse(struct bytes *message, const char *file, int code)
{
    bytes_clear(message);
    bytes_format(message, "%s: %s", file, gnutls_strerror(code));
    return STATUS_INVALID;
}

static void free_pair(struct pair *pair)
{
    for (unsigned i = 0; i < pair->chain_size; i++)
        gnutls_pcert_deinit(&pair->chain[i]);
    if (pair->key)
        gnutls_privkey_deinit(pair->key);
    free(pair);
}

static int read_chain(const char *file, struct pair *pair)
{
    gnutls_datum_t text;
    unsigned size = CHAIN_MAX;
    int code = gnutls_load_file(file, &text);
    if (code < 0)
        return code;
    code = gnutls_pcert_list_import_x509_raw(pair->chain, &size, &text,
                                             GNUTLS_X509_FMT_PEM, 0);
    gnutls_free(text.data);
    if (code >= 0)
        pair->chain_size = size;
    return code < 0 ? code : 0;
}

static int read_key(const char *file, struct pair *pair)
{
    gnutls_datum_t text;
    int code = gnutls_load_file(file, &text);
    if (code < 0)
        return code;
    code = gnutls_privkey_init(&pair->key);
    if (code >= 0)
        code = gnutls_privkey_import_x509_raw(pair->key, &text, GNUTLS_X509_FMT_PEM,
                                              NULL, 0);
    gnutls_memset(text.data, 0, text.size);
    gnutls_free(text.data);
    return code;
}

static bool belong_together(const struct pair *pair)
{
    unsigned char left[64], right[64];
    size_t left_size = sizeof left, right_size = sizeof right;
    gnutls_pubkey_t public_key;
    ENSURE(gnutls_pubkey_init(&public_key) == 0);
    bool same = gnutls_pubkey_import_privkey(public_key, pair->key, 0, 0) == 0 &&
                gnutls_pubkey_get_key_id(public_key, GNUTLS_KEYID_USE_SHA256, left,
                                         &left_size) == 0 &&
                gnutls_pubkey_get_key_id(pair->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256,
                                         right, &right_size) == 0 &&
                left_size == right_size && memcmp(left, right, left_size) == 0;
    gnutls_pubkey_deinit(public_key);
    return same;
}

static enum status read_pair(const struct tls *tls, struct pair **pair_out,
                             struct bytes *message)
{
    struct pair *pair = memory_take_zeroed(1, sizeof *pair);
    enum status status = STATUS_OK;
    int code = read_chain(tls->certificate_file, pair);
    if (code)
        status = refuse(message, tls->certificate_file, code);
    if (!status && (code = read_key(tls->key_file, pair)) < 0)
        status = refuse(message, tls->key_file, code);
    if (!status && !belong_together(pair)) {
        bytes_clear(message);
        bytes_format(message, "%s: is not the key of the certificate in %s",
                     tls->key_file, tls->certificate_file);
        status = STATUS_INVALID;
    }
    if (status)
        free_pair(pair);
    else
        *pair_out = pair;
    return status;
}

static int64_t now_ms(void)
{
    struct clock *clock = clock_system();
    return clock->monotonic_ns(clock) / 1000000;
}

/* Frees what follows the pair and was replaced long ago. */
static void free_older(struct pair *pair, int64_t before_ms)
{
    while (pair && pair->older && pair->older->replaced_ms > before_ms)
        pair = pair->older;
    struct pair *old = pair ? pair->older : NULL;
    if (pair)
        pair->older = NULL;
    while (old) {
        struct pair *next = old->older;
        free_pair(old);
        old = next;
    }
}

enum status tls_open(const char *certificate_file, const char *key_file,
                     struct tls **tls_out, struct bytes *message)
{
    struct tls *tls = memory_take_zeroed(1, sizeof *tls);
    tls->certificate_file = memory_text(view_text(certificate_file));
    tls->key_file = memory_text(view_text(key_file));
    enum status status = read_pair(tls, &tls->pair, message);
    if (status) {
        tls_close(tls);
        return status;
    }
    pthread_mutex_lock(&mutex);
    current = tls;
    pthread_mutex_unlock(&mutex);
    *tls_out = tls;
    return STATUS_OK;
}

void tls_reload(struct tls *tls)
{
    BYTES_AUTO(message);
    struct pair *pair;
    if (read_pair(tls, &pair, &message)) {
        log_error("%.*s; the certificate stays as it was", (int)message.size,
                  message.data);
        return;
    }
    pthread_mutex_lock(&mutex);
    tls->pair->replaced_ms = now_ms();
    pair->older = tls->pair;
    tls->pair = pair;
    free_older(pair, now_ms() - KEEP_MS);
    pthread_mutex_unlock(&mutex);
    log_info("%s: read again", tls->certificate_file);
}

void tls_close(struct tls *tls)
{
    pthread_mutex_lock(&mutex);
    if (current == tls)
        current = NULL;
    pthread_mutex_unlock(&mutex);
    free_older(tls->pair, INT64_MAX);
    if (tls->pair)
        free_pair(tls->pair);
    free(tls->certificate_file);
    free(tls->key_file);
    free(tls);
}

int tls_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities,
                 int authority_count, const gnutls_pk_algorithm_t *algorithms,
                 int algorithm_count, gnutls_pcert_st **certificates,
                 unsigned *certificate_count, gnutls_privkey_t *key)
{
    (void)session, (void)authorities, (void)authority_count;
    (void)algorithms, (void)algorithm_count;
    pthread_mutex_lock(&mutex);
    struct pair *pair = current ? current->pair : NULL;
    pthread_mutex_unlock(&mutex);
    if (!pair)
        return -1;
    *certificates = pair->chain;
    *certificate_count = pair->chain_size;
    *key = pair->key;
    return 0;
}
