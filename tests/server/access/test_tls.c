/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/access/tls.h"

static char folder[] = "/tmp/actorfs-test-tls-XXXXXX";
static char certificate[64], key[64];

static void make(const char *name)
{
    char command[512];
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
             "-days 2 -subj /CN=%s -keyout %s/%s.key -out %s/%s.crt 2>&1",
             name, folder, name, folder, name);
    cr_assert_eq(system(command), 0);
}

static void make_folder(void)
{
    cr_assert(mkdtemp(folder));
    snprintf(certificate, sizeof certificate, "%s/a.crt", folder);
    snprintf(key, sizeof key, "%s/a.key", folder);
    make("a");
}

static void remove_folder(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    cr_expect_eq(system(command), 0);
}

TestSuite(tls, .init = make_folder, .fini = remove_folder);

static struct tls *open_tls(void)
{
    BYTES_AUTO(message);
    struct tls *tls = NULL;
    cr_assert_eq(tls_open(certificate, key, &tls, &message), STATUS_OK, "%.*s",
                 (int)message.size, message.data);
    return tls;
}

static gnutls_pcert_st *retrieve(void)
{
    gnutls_pcert_st *chain = NULL;
    gnutls_privkey_t retrieved_key = NULL;
    unsigned count = 0;
    cr_assert_eq(tls_retrieve(NULL, NULL, 0, NULL, 0, &chain, &count, &retrieved_key),
                 0);
    cr_expect(count == 1 && retrieved_key);
    return chain;
}

Test(tls, the_priorities_are_ones_that_gnutls_knows)
{
    gnutls_priority_t priorities;
    const char *at;
    cr_assert_eq(gnutls_priority_init(&priorities, TLS_PRIORITIES, &at), 0, "%s", at);
    gnutls_priority_deinit(priorities);
}

Test(tls, a_handshake_gets_the_certificate_and_after_a_reload_the_new_one)
{
    char command[256];
    struct tls *tls = open_tls();
    gnutls_pcert_st *before = retrieve();
    make("b");
    snprintf(command, sizeof command, "mv %s/b.crt %s && mv %s/b.key %s", folder,
             certificate, folder, key);
    cr_assert_eq(system(command), 0);
    tls_reload(tls);
    gnutls_pcert_st *after = retrieve();
    cr_expect(after->cert.size != before->cert.size ||
              memcmp(after->cert.data, before->cert.data, after->cert.size) != 0);
    tls_close(tls);
}

Test(tls, what_does_not_belong_together_is_an_error_and_changes_nothing)
{
    char command[256], other[64];
    BYTES_AUTO(message);
    struct tls *tls = open_tls(), *wrong = NULL;
    gnutls_pcert_st *before = retrieve();
    make("b");
    snprintf(other, sizeof other, "%s/b.key", folder);
    cr_expect_eq(tls_open(certificate, other, &wrong, &message), STATUS_INVALID);
    cr_expect(view_starts_with(view_bytes(&message), other));
    snprintf(command, sizeof command, "mv %s %s", other, key);
    cr_assert_eq(system(command), 0);
    tls_reload(tls);
    cr_expect_eq(retrieve(), before);
    tls_close(tls);
}

Test(tls, files_that_cannot_be_read_are_named)
{
    BYTES_AUTO(message);
    struct tls *tls = NULL;
    cr_expect_eq(tls_open("/nonexistent", key, &tls, &message), STATUS_INVALID);
    cr_expect(view_starts_with(view_bytes(&message), "/nonexistent: "));
    cr_expect_eq(tls_open(key, key, &tls, &message), STATUS_INVALID);
    cr_expect_eq(tls_open(certificate, certificate, &tls, &message), STATUS_INVALID);
    cr_expect_null(tls);
}
