/* SPDX-License-Identifier: MIT */
/*
 * What stands between clients and the tree: TLS, how many connections an address may
 * have and how slow they may be, which names and pages requests may come by, and who
 * the user is. One for the HTTP face; what it decides by is in server/access/.
 */
#ifndef ACTORFS_SERVER_GATE_H
#define ACTORFS_SERVER_GATE_H

#include <microhttpd.h>
#include <stdbool.h>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "server/access/access.h"
#include "server/access/origin.h"
#include "server/access/slow.h"

#define GATE_CONNECTIONS_PER_ADDRESS 256

struct http_request;

struct gate_options {
    const char *users, *tls_cert, *tls_key, *public_url; /* null: none */
    const char *const *trusted_proxies;
    size_t trusted_proxy_count;
    struct clock *clock;
};

struct gate;

/* INVALID, NOT_FOUND or IO with one line in `message`. */
MUST_CHECK enum status gate_open(const struct gate_options *options,
                                 struct gate **gate_out, struct bytes *message);
void gate_close(struct gate *gate);
/* Reads users and certificate again, for SIGHUP. */
void gate_reload(struct gate *gate);
bool gate_has_tls(const struct gate *gate);
const struct origins *gate_origins(const struct gate *gate);

/* libmicrohttpd's callbacks: whether to accept, with the gate as context ... */
enum MHD_Result gate_accept(void *gate, const struct sockaddr *address, socklen_t size);
/* ... and that a connection begins or ends, with the loop. */
void gate_connection(void *loop, struct MHD_Connection *connection, void **context,
                     enum MHD_ConnectionNotificationCode code);

/* The deadlines of a request's connection, as slow.h has them. The loop's thread. */
void gate_expect_body(struct http_request *request);
void gate_got_body(struct http_request *request);
void gate_be_patient(struct http_request *request);
void gate_expect_reading(struct http_request *request, uint64_t bytes);
void gate_expect_headers(struct http_request *request);
/* Keeps a request for the connection's end until its headers are complete. */
void gate_keep_begun(struct http_request *request);
void gate_forget_begun(struct http_request *request);

/* Judges a request whose headers are there and whose target is parsed: sets its client
   and user; or its answer, where it is refused; or suspends it until that is known, and
   says `is_going_in` then. */
void gate_judge(struct http_request *request);

#endif
