/* SPDX-License-Identifier: MIT */
#include "server/gate.h"

#include <stdlib.h>
#include <unistd.h>

#include "server/access/forwarded.h"
#include "server/access/guests.h"
#include "server/access/tls.h"
#include "server/http_request.h"
#include "server/metrics.h"

#define MACHINE_NAME_BYTES 256

struct gate {
    struct access *access;
    struct origins *origins;
    struct tls *tls; /* null: plain HTTP */
    struct guests *guests;
    struct address_range *proxies;
    size_t proxy_count;
};

/* ------------------------------------------------------------------------------ life
 */

static enum status take_proxies(struct gate *gate, const struct gate_options *options,
                                struct bytes *message)
{
    gate->proxies =
        memory_take_zeroed(options->trusted_proxy_count + 1, sizeof(*gate->proxies));
    for (size_t i = 0; i < options->trusted_proxy_count; i++) {
        const char *text = options->trusted_proxies[i];
        if (!address_range_parse(view_text(text), &gate->proxies[i])) {
            bytes_format(message, "trusted-proxy takes ADDR, ADDR/BITS or unix, not %s",
                         text);
            return STATUS_INVALID;
        }
        gate->proxy_count++;
    }
    return STATUS_OK;
}

static enum status take_origins(struct gate *gate, const struct gate_options *options,
                                struct bytes *message)
{
    char machine[MACHINE_NAME_BYTES] = "";
    if (gethostname(machine, sizeof machine - 1) < 0)
        machine[0] = '\0';
    return origins_open(options->public_url, *machine ? machine : NULL, &gate->origins,
                        message);
}

enum status gate_open(const struct gate_options *options, struct gate **gate_out,
                      struct bytes *message)
{
    struct gate *gate = memory_take_zeroed(1, sizeof *gate);
    gate->guests = guests_open(GATE_CONNECTIONS_PER_ADDRESS);
    enum status status = take_proxies(gate, options, message);
    if (!status)
        status = take_origins(gate, options, message);
    if (!status && options->tls_cert)
        status = tls_open(options->tls_cert, options->tls_key, &gate->tls, message);
    if (!status)
        status = access_open(options->users, options->clock, &gate->access, message);
    if (status)
        gate_close(gate);
    else
        *gate_out = gate;
    return status;
}

void gate_close(struct gate *gate)
{
    if (!gate)
        return;
    if (gate->access)
        access_close(gate->access);
    if (gate->tls)
        tls_close(gate->tls);
    if (gate->origins)
        origins_close(gate->origins);
    guests_close(gate->guests);
    free(gate->proxies);
    free(gate);
}

void gate_reload(struct gate *gate)
{
    access_reload(gate->access);
    if (gate->tls)
        tls_reload(gate->tls);
}

bool gate_has_tls(const struct gate *gate)
{
    return gate->tls != NULL;
}

const struct origins *gate_origins(const struct gate *gate)
{
    return gate->origins;
}

/* ----------------------------------------------------------------------- connections
 */

/* The machine itself and proxies speak for many. */
static bool is_counted(const struct gate *gate, const struct address *address)
{
    return !address->is_unix && !address_is_loopback(address) &&
           !forwarded_is_trusted(gate->proxies, gate->proxy_count, address);
}

enum MHD_Result gate_accept(void *context, const struct sockaddr *socket,
                            socklen_t size)
{
    struct gate *gate = context;
    struct address address = address_of_socket(socket);
    (void)size;
    bool has_room =
        !is_counted(gate, &address) || guests_has_room(gate->guests, &address);
    return has_room ? MHD_YES : MHD_NO;
}

static struct address peer_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!info || !info->client_addr)
        return (struct address){.is_unix = true};
    return address_of_socket(info->client_addr);
}

void gate_connection(void *context, struct MHD_Connection *connection, void **slow,
                     enum MHD_ConnectionNotificationCode code)
{
    struct http_loop *loop = context;
    struct gate *gate = http_face_inside(loop->face)->options.gate;
    struct address address = peer_of(connection);
    bool counts = is_counted(gate, &address);
    metrics_connection(loop, code == MHD_CONNECTION_NOTIFY_STARTED);
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *slow = slow_begin(&loop->slow, info->connect_fd, http_loop_now(loop));
        if (counts)
            guests_enter(gate->guests, &address);
    } else {
        struct slow_connection *own = *slow;
        if (own && own->begun)
            http_request_drop(own->begun);
        if (own)
            slow_end(own);
        *slow = NULL;
        if (counts)
            guests_leave(gate->guests, &address);
    }
}

static struct slow_connection *slow_of(const struct http_request *request)
{
    return MHD_get_connection_info(request->connection,
                                   MHD_CONNECTION_INFO_SOCKET_CONTEXT)
        ->socket_context;
}

/* Of a request that the library cannot read to its end it forgets that it began. */
void gate_keep_begun(struct http_request *request)
{
    struct slow_connection *slow = slow_of(request);
    if (slow->begun)
        http_request_drop(slow->begun);
    slow->begun = request;
}

void gate_forget_begun(struct http_request *request)
{
    slow_of(request)->begun = NULL;
}

void gate_expect_body(struct http_request *request)
{
    slow_expect_body(slow_of(request), http_loop_now(request->loop));
}

void gate_got_body(struct http_request *request)
{
    slow_got_body(slow_of(request), request->received);
}

void gate_be_patient(struct http_request *request)
{
    slow_be_patient(slow_of(request));
}

void gate_expect_reading(struct http_request *request, uint64_t bytes)
{
    slow_expect_reading(slow_of(request), bytes, http_loop_now(request->loop));
}

void gate_expect_headers(struct http_request *request)
{
    slow_expect_headers(slow_of(request), http_loop_now(request->loop));
}

/* --------------------------------------------------------------------------- requests
 */

static struct view header(const struct http_request *request, const char *name)
{
    const char *value = http_request_header(request, name);
    return value ? view_text(value) : view_of(NULL, 0);
}

static bool is_of_a_good_origin(struct http_request *request, const struct gate *gate,
                                const struct address *peer)
{
    const struct http_target *target = &request->target;
    struct origin_facts facts = {
        .host = target->host.size ? target->host : header(request, "Host"),
        .origin = header(request, "Origin"),
        .fetch_site = header(request, "Sec-Fetch-Site"),
        .is_safe = request->method == METHOD_GET || request->method == METHOD_HEAD,
        .is_unix = peer->is_unix};
    switch (origins_check(gate->origins, &facts)) {
    case ORIGIN_FINE:
        return true;
    case ORIGIN_WRONG_HOST:
        answer_problem(request, 421,
                       "this server does not go by the name in Host; --public-url "
                       "makes it");
        return false;
    case ORIGIN_FOREIGN:
        answer_problem(request, 403, "pages of other origins are not let in");
        return false;
    }
    return false;
}

/* Windows asks for OPTIONS before it knows that it has to log in; a probe of health has
   no password. Neither shows anything. */
static bool needs_no_user(const struct http_request *request)
{
    const struct http_target *target = &request->target;
    return request->method == METHOD_OPTIONS ||
           ((request->method == METHOD_GET || request->method == METHOD_HEAD) &&
            target->segment_count == 1 &&
            view_equal(target->segments[0], view_text("healthz")));
}

static void take_answer(struct http_request *request,
                        const struct access_answer *answer)
{
    switch (answer->verdict) {
    case ACCESS_GRANTED:
        request->user = answer->user;
        break;
    case ACCESS_LATER:
        request->answer.retry_after_s = answer->retry_after_s;
        answer_problem(request, 429, "too many wrong passwords; come back later");
        break;
    case ACCESS_DENIED:
    case ACCESS_PENDING:
        answer_problem(request, 401, "a user's name and password, or a token, please");
        answer_header(request, "WWW-Authenticate", "%s", ACCESS_CHALLENGE_BASIC);
        answer_header(request, "WWW-Authenticate", "%s", ACCESS_CHALLENGE_BEARER);
        break;
    }
}

/* On a verifier's thread, which has the request meanwhile. */
static void verified(void *context, const struct access_answer *answer)
{
    struct http_request *request = context;
    request->admission = *answer;
    http_loop_wake(request->loop, request);
}

static void go_in(struct http_request *request)
{
    take_answer(request, &request->admission);
    request->is_going_in = true;
}

void gate_judge(struct http_request *request)
{
    struct gate *gate = http_face_inside(request->loop->face)->options.gate;
    struct address peer = peer_of(request->connection);
    struct view field = header(request, "Authorization");
    BYTES_AUTO(forwarded);
    http_request_list(request, "X-Forwarded-For", &forwarded);
    request->client = forwarded_client(gate->proxies, gate->proxy_count, &peer,
                                       view_bytes(&forwarded));
    if (!is_of_a_good_origin(request, gate, &peer) || needs_no_user(request))
        return;
    struct access_answer answer = access_look(gate->access, field, &request->client);
    if (answer.verdict != ACCESS_PENDING) {
        take_answer(request, &answer);
        return;
    }
    http_request_suspend(request, go_in);
    access_verify(gate->access, field, &request->client, verified, request);
}
