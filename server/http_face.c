/* SPDX-License-Identifier: MIT */
#include "server/http_face.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/exclusion.h"
#include "server/http_loop.h"
#include "server/http_request.h"
#include "server/listen.h"
#include "server/metrics.h"
#include "server/offload.h"

#define THREADS_MAX 2
#define CONNECTIONS_MAX 20000u /* of one address and thread */
#define CONNECTIONS_MIN 16u
#define DESCRIPTORS_KEPT 1024u /* for all else */

struct http_face {
    struct http_face_inside inside; /* first: see http_face_inside */
    struct http_loop loops[THREADS_MAX];
    size_t loop_count;
    unsigned *ports;
};

const struct http_face_inside *http_face_inside(const struct http_face *face)
{
    return &face->inside;
}

/* As many connections as descriptors, but for those that the store, other faces and
   turns need: whoever connects often must not keep turns from starting. */
static unsigned share_descriptors(size_t daemons)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return CONNECTIONS_MIN;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return CONNECTIONS_MIN;
    rlim_t kept =
        limit.rlim_cur / 4 < DESCRIPTORS_KEPT ? limit.rlim_cur / 4 : DESCRIPTORS_KEPT;
    rlim_t each = (limit.rlim_cur - kept) / daemons;
    return each > CONNECTIONS_MAX   ? CONNECTIONS_MAX
           : each < CONNECTIONS_MIN ? CONNECTIONS_MIN
                                    : (unsigned)each;
}

static size_t count_threads(const struct http_face_options *options)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted =
        options->threads ? options->threads : (size_t)(cores > 0 ? cores : 1);
    return wanted < THREADS_MAX ? wanted : THREADS_MAX;
}

/* A socket for each address; a Unix socket is the first loop's alone. */
static enum status open_loop(struct http_face *face, size_t n, unsigned connections_max,
                             struct bytes *message)
{
    const struct http_words *listen = &face->inside.options.listen;
    int *sockets = memory_take_zeroed(listen->count + 1, sizeof *sockets);
    size_t count = 0;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < listen->count && !status; i++) {
        int socket = -1;
        if (n > 0 && listen_is_unix(listen->list[i]))
            continue;
        status = listen_open(listen->list[i], &face->ports[i], &socket, message);
        if (!status)
            sockets[count++] = socket;
    }
    if (!status) {
        face->loops[n].connections_max = connections_max;
        status = http_loop_open(&face->loops[n], face, sockets, count);
        face->loop_count = n + 1;
        if (status)
            bytes_append_text(message, "the HTTP server cannot be started");
    }
    free(sockets);
    return status;
}

enum status http_face_open(struct tree *tree, const struct http_face_options *options,
                           struct http_face **face_out, struct bytes *message)
{
    struct http_face *face = memory_take_zeroed(1, sizeof *face);
    face->inside = (struct http_face_inside){
        .tree = tree,
        .metrics = memory_take_zeroed(1, sizeof *face->inside.metrics),
        .options = *options};
    face->inside.offload = offload_open();
    face->inside.exclusion = exclusion_open();
    face->ports = memory_take_zeroed(options->listen.count + 1, sizeof *face->ports);
    size_t threads = count_threads(options);
    unsigned connections_max = share_descriptors(threads * options->listen.count);
    enum status status = STATUS_OK;
    for (size_t n = 0; n < threads && !status; n++)
        status = open_loop(face, n, connections_max, message);
    if (status)
        http_face_close(face);
    else
        *face_out = face;
    return status;
}

void http_face_start(struct http_face *face)
{
    for (size_t n = 0; n < face->loop_count; n++)
        http_loop_start(&face->loops[n]);
}

unsigned http_face_port(const struct http_face *face, size_t n)
{
    return face->ports[n];
}

void http_face_stop(struct http_face *face)
{
    for (size_t n = 0; n < face->loop_count; n++)
        http_loop_stop(&face->loops[n]);
}

void http_face_close(struct http_face *face)
{
    if (!face)
        return;
    http_face_stop(face);
    for (size_t n = 0; n < face->loop_count; n++)
        http_loop_close(&face->loops[n]);
    offload_close(face->inside.offload);
    exclusion_close(face->inside.exclusion);
    for (size_t i = 0; i < face->inside.options.listen.count; i++)
        listen_remove(face->inside.options.listen.list[i]);
    free(face->ports);
    free(face->inside.metrics);
    free(face);
}
