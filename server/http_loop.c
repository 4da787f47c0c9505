/* SPDX-License-Identifier: MIT */
#include "server/http_loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "server/access/tls.h"
#include "server/gate.h"
#include "server/http_request.h"

#define IDLE_MS_MAX 1000
#define EVENTS 64
/* Of each connection, kept while it is open and cleared for each request. */
#define CONNECTION_MEMORY_BYTES (16u * 1024)
#define IDLE_SECONDS 120u

static bool is_unix(int socket)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    return getsockname(socket, (struct sockaddr *)&address, &size) == 0 &&
           address.ss_family == AF_UNIX;
}

static struct MHD_Daemon *start_daemon(struct http_loop *loop, int socket)
{
    struct gate *gate = http_face_inside(loop->face)->options.gate;
    bool has_tls = gate_has_tls(gate) && !is_unix(socket);
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)tls_retrieve},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES},
        {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem *none = tls + 2;
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG |
            (has_tls ? MHD_USE_TLS : 0),
        0, gate_accept, gate, http_request_handle, loop, MHD_OPTION_EXTERNAL_LOGGER,
        http_request_log, NULL, MHD_OPTION_LISTEN_SOCKET, socket,
        MHD_OPTION_URI_LOG_CALLBACK, http_request_begin, loop,
        MHD_OPTION_UNESCAPE_CALLBACK, http_request_keep_escapes, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, http_request_completed, loop,
        MHD_OPTION_NOTIFY_CONNECTION, gate_connection, loop,
        MHD_OPTION_CONNECTION_LIMIT, loop->connections_max,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
        MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_ARRAY,
        has_tls ? tls : none, MHD_OPTION_END);
}

static bool watch(const struct http_loop *loop, int descriptor)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

enum status http_loop_open(struct http_loop *loop, struct http_face *face,
                           const int *sockets, size_t socket_count)
{
    loop->face = face;
    slow_init(&loop->slow);
    pthread_mutex_init(&loop->mutex, NULL);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    loop->daemons = memory_take_zeroed(socket_count + 1, sizeof *loop->daemons);
    if (loop->epoll < 0 || loop->event < 0 || !watch(loop, loop->event))
        return STATUS_IO;
    for (size_t i = 0; i < socket_count; i++) {
        struct MHD_Daemon *daemon = start_daemon(loop, sockets[i]);
        if (!daemon)
            return STATUS_IO;
        loop->daemons[loop->daemon_count++] = daemon;
        const union MHD_DaemonInfo *info =
            MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
        if (!info || !watch(loop, info->epoll_fd))
            return STATUS_IO;
    }
    return STATUS_OK;
}

int64_t http_loop_now(const struct http_loop *loop)
{
    struct clock *clock = http_face_inside(loop->face)->options.clock;
    return clock->monotonic_ns(clock) / 1000000;
}

void http_loop_wake(struct http_loop *loop, struct http_request *request)
{
    uint64_t one = 1;
    bool is_awake = pthread_equal(pthread_self(), loop->thread);
    pthread_mutex_lock(&loop->mutex);
    bool first = loop->woken == NULL;
    request->next_woken = loop->woken;
    loop->woken = request;
    pthread_mutex_unlock(&loop->mutex);
    if (first && !is_awake && write(loop->event, &one, sizeof one) < 0)
        ENSURE(errno == EAGAIN); /* it is awake */
}

bool http_loop_take_woken(struct http_loop *loop, const struct http_request *request)
{
    pthread_mutex_lock(&loop->mutex);
    struct http_request **link = &loop->woken;
    while (*link && *link != request)
        link = &(*link)->next_woken;
    bool is_woken = *link != NULL;
    if (is_woken)
        *link = request->next_woken;
    pthread_mutex_unlock(&loop->mutex);
    return is_woken;
}

static void go_on(struct http_loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    struct http_request *request = loop->woken;
    loop->woken = NULL;
    pthread_mutex_unlock(&loop->mutex);
    while (request) {
        struct http_request *next = request->next_woken;
        http_request_go_on(request);
        request = next;
    }
}

/* How long it may sleep, as its daemons say. */
static int idle_ms(const struct http_loop *loop)
{
    MHD_UNSIGNED_LONG_LONG idle = IDLE_MS_MAX, daemon_ms;
    for (size_t i = 0; i < loop->daemon_count; i++)
        if (MHD_get_timeout(loop->daemons[i], &daemon_ms) == MHD_YES &&
            daemon_ms < idle)
            idle = daemon_ms;
    return (int)idle;
}

/* Whether requests were woken, which may be by this thread itself. */
static bool has_woken(struct http_loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    bool has = loop->woken != NULL;
    pthread_mutex_unlock(&loop->mutex);
    return has;
}

static bool is_over(struct http_loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    bool over = loop->stopping && loop->suspended == 0;
    pthread_mutex_unlock(&loop->mutex);
    return over;
}

static void sleep_until_events(struct http_loop *loop)
{
    struct epoll_event events[EVENTS];
    uint64_t wakes;
    int wait_ms = has_woken(loop) ? 0 : idle_ms(loop);
    int count = epoll_wait(loop->epoll, events, EVENTS, wait_ms);
    for (int i = 0; i < count; i++)
        if (events[i].data.fd == loop->event &&
            read(loop->event, &wakes, sizeof wakes) < 0)
            ENSURE(errno == EAGAIN);
}

static void *run(void *argument)
{
    struct http_loop *loop = argument;
    while (!is_over(loop)) {
        sleep_until_events(loop);
        go_on(loop);
        for (size_t i = 0; i < loop->daemon_count; i++)
            MHD_run(loop->daemons[i]);
        slow_reap(&loop->slow, http_loop_now(loop));
    }
    return NULL;
}

void http_loop_start(struct http_loop *loop)
{
    ENSURE(pthread_create(&loop->thread, NULL, run, loop) == 0);
    loop->started = true;
}

void http_loop_stop(struct http_loop *loop)
{
    uint64_t one = 1;
    if (!loop->started)
        return;
    pthread_mutex_lock(&loop->mutex);
    loop->stopping = true;
    pthread_mutex_unlock(&loop->mutex);
    if (write(loop->event, &one, sizeof one) < 0)
        ENSURE(errno == EAGAIN);
    pthread_join(loop->thread, NULL);
    loop->started = false;
}

void http_loop_close(struct http_loop *loop)
{
    for (size_t i = 0; i < loop->daemon_count; i++)
        MHD_stop_daemon(loop->daemons[i]);
    http_request_free_spare(loop);
    kept_free(&loop->kept);
    free(loop->daemons);
    if (loop->epoll >= 0)
        close(loop->epoll);
    if (loop->event >= 0)
        close(loop->event);
    pthread_mutex_destroy(&loop->mutex);
}
