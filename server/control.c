/* SPDX-License-Identifier: MIT */
#include "server/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/log.h"

#define SOCKET_NAME "control"
#define WORD_BYTES_MAX 4608 /* a word and a path */
#define PAUSE_MS 100        /* when there is no descriptor for a client */
#define CLIENT_SECONDS 5    /* for its word, and for each part of the answer it reads */

struct control {
    control_answer_fn *answer;
    void *context;
    int folder; /* the store */
    int listener;
    int stop; /* an eventfd */
    pthread_t thread;
};

/* Through /proc, because the path of a store may be longer than a socket's may. */
static struct sockaddr_un address_in(int folder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" SOCKET_NAME,
             folder);
    return address;
}

static int open_folder(const char *store)
{
    return open(store, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int new_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int listen_in(int folder)
{
    struct sockaddr_un address = address_in(folder);
    int listener = new_socket();
    if (listener < 0)
        return -1;
    unlinkat(folder, SOCKET_NAME, 0);
    /* What is bound gets the socket's mode. An umask would be every thread's. */
    if (fchmod(listener, 0600) == 0 &&
        bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
        listen(listener, 16) == 0)
        return listener;
    close(listener);
    return -1;
}

static void limit_time(int client)
{
    struct timeval limit = {.tv_sec = CLIENT_SECONDS};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

/* A line without its newline; empty when there is none. */
static struct view read_word(int client, char buffer[WORD_BYTES_MAX])
{
    size_t size = 0;
    while (size < WORD_BYTES_MAX) {
        ssize_t got = recv(client, buffer + size, WORD_BYTES_MAX - size, 0);
        if (got <= 0)
            break;
        size += (size_t)got;
        const char *newline = memchr(buffer, '\n', size);
        if (newline)
            return view_of(buffer, (size_t)(newline - buffer));
    }
    return view_of(buffer, 0);
}

static bool send_all(int to, struct view text)
{
    while (text.size > 0) {
        ssize_t sent = send(to, text.data, text.size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        text = view_of(text.data + sent, text.size - (size_t)sent);
    }
    return true;
}

static void serve_client(const struct control *control, int client)
{
    char word[WORD_BYTES_MAX];
    BYTES_AUTO(text);
    BYTES_AUTO(answer);
    limit_time(client);
    int exit_status = control->answer(control->context, read_word(client, word), &text);
    bytes_format(&answer, "%d\n", exit_status);
    bytes_append(&answer, view_bytes(&text));
    send_all(client, view_bytes(&answer));
}

/* Until a descriptor may be free again, or it is time to stop: who could not be taken
   in goes on waiting, and would be told of at once. */
static void pause_accepting(const struct control *control)
{
    struct pollfd stop = {.fd = control->stop, .events = POLLIN};
    poll(&stop, 1, PAUSE_MS);
}

static void *serve(void *context)
{
    const struct control *control = context;
    struct pollfd descriptors[] = {{.fd = control->stop, .events = POLLIN},
                                   {.fd = control->listener, .events = POLLIN}};
    while (poll(descriptors, 2, -1) < 0 || !descriptors[0].revents) {
        int client = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC);
        if (client < 0) {
            pause_accepting(control);
            continue;
        }
        serve_client(control, client);
        close(client);
    }
    return NULL;
}

/* errno is kept. */
static void close_all(const struct control *control)
{
    const int all[] = {control->folder, control->listener, control->stop};
    int error = errno;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i] >= 0)
            close(all[i]);
    errno = error;
}

static bool open_all(struct control *control, const char *store)
{
    control->stop = eventfd(0, EFD_CLOEXEC);
    control->folder = open_folder(store);
    control->listener = -1;
    if (control->stop >= 0 && control->folder >= 0)
        control->listener = listen_in(control->folder);
    if (control->listener >= 0)
        return true;
    close_all(control);
    return false;
}

enum status control_start(const char *store, control_answer_fn *answer, void *context,
                          struct control **control_out, struct bytes *message)
{
    struct control *control = memory_take_zeroed(1, sizeof *control);
    control->answer = answer;
    control->context = context;
    if (!open_all(control, store)) {
        bytes_format(message, "%s/" SOCKET_NAME ": %s", store, strerror(errno));
        free(control);
        return STATUS_IO;
    }
    ENSURE(pthread_create(&control->thread, NULL, serve, control) == 0);
    *control_out = control;
    return STATUS_OK;
}

void control_stop(struct control *control)
{
    eventfd_write(control->stop, 1);
    pthread_join(control->thread, NULL);
    unlinkat(control->folder, SOCKET_NAME, 0);
    close_all(control);
    free(control);
}

static int connect_in(const char *store)
{
    int folder = open_folder(store);
    int peer = folder < 0 ? -1 : new_socket();
    if (peer >= 0) {
        struct sockaddr_un address = address_in(folder);
        if (connect(peer, (struct sockaddr *)&address, sizeof address) != 0) {
            close(peer);
            peer = -1;
        }
    }
    if (folder >= 0)
        close(folder);
    return peer;
}

static bool receive_all(int from, struct bytes *out)
{
    for (;;) {
        ssize_t got = recv(from, bytes_reserve(out, 4096), 4096, 0);
        if (got <= 0)
            return got == 0;
        out->size += (size_t)got;
    }
}

enum status control_ask(const char *store, const char *word, int *exit_status_out,
                        struct bytes *out)
{
    int peer = connect_in(store);
    if (peer < 0)
        return STATUS_NOT_FOUND;
    BYTES_AUTO(question);
    BYTES_AUTO(answer);
    bytes_format(&question, "%s\n", word);
    bool done = send_all(peer, view_bytes(&question)) && receive_all(peer, &answer);
    close(peer);
    const char *newline = answer.size ? memchr(answer.data, '\n', answer.size) : NULL;
    if (!done || !newline)
        return STATUS_IO;
    size_t head = (size_t)(newline - answer.data) + 1;
    *exit_status_out = (int)strtol(answer.data, NULL, 10);
    bytes_append(out, view_of(answer.data + head, answer.size - head));
    return STATUS_OK;
}
