/* SPDX-License-Identifier: MIT */
/*
 * The certificate and key of TLS listeners, read again at SIGHUP without a break:
 * connections that are open stay as they are, handshakes from then on get the new one.
 * One at a time in a process: GnuTLS hands the callback nothing by which it could tell
 * several apart.
 */
#ifndef ACTORFS_SERVER_ACCESS_TLS_H
#define ACTORFS_SERVER_ACCESS_TLS_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "common/base/bytes.h"
#include "common/base/status.h"

/* TLS 1.3 and 1.2, forward secrecy, authenticated ciphers, nothing else. */
#define TLS_PRIORITIES                                                                 \
    "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"   \
    "-CIPHER-ALL:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM:%SERVER_PRECEDENCE"

struct tls;

/* PEM files: the certificate with what leads to its root, the key without a password.
   INVALID with a line in `message` where they cannot be read or do not belong
   together. */
MUST_CHECK enum status tls_open(const char *certificate_file, const char *key_file,
                                struct tls **tls_out, struct bytes *message);
/* What is wrong is logged, and the certificate stays. */
void tls_reload(struct tls *tls);
/* After the last connection. */
void tls_close(struct tls *tls);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK: gnutls_certificate_retrieve_function2. */
int tls_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities,
                 int authority_count, const gnutls_pk_algorithm_t *algorithms,
                 int algorithm_count, gnutls_pcert_st **certificates,
                 unsigned *certificate_count, gnutls_privkey_t *key);

#endif
