/* SPDX-License-Identifier: MIT */
/*
 * The whole HTTP face, asked by a client that says anything. Whatever it says: the
 * daemon lives on, and what it answers is an answer: a status line (500 for failed
 * tasks only), and as many bytes as were announced. Now and then the store is closed
 * and must agree with itself.
 *
 * The input is requests, one after another, between lines of `====`. Each is its lines,
 * an empty one, and its body; Host, Content-Length and Connection are added. `$LOCK`
 * and `$ETAG` stand for the last lock token and tag that were answered. A request that
 * begins with `!` is what follows, byte by byte.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/foldertree.h"
#include "common/base/log.h"
#include "common/engine/engine.h"
#include "common/tree/tree.h"
#include "server/dav/places.h"
#include "server/gate.h"
#include "server/http_face.h"
#include "tests/support/http.h"

#define INPUTS_A_STORE 2000
#define REQUESTS_MAX 16
#define PATIENCE_MS 100 /* whoever waits for a turn is left alone */
#define REMEMBERED_BYTES_MAX 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct served {
    char folder[64], address[80];
    const char *listen; /* the address */
    struct engine *engine;
    struct dav *dav;
    struct tree *tree;
    struct gate *gate;
    struct http_face *face;
    unsigned inputs;
} served;

/* What the requests to come may name. */
static char last_lock[REMEMBERED_BYTES_MAX], last_tag[REMEMBERED_BYTES_MAX];

/* ------------------------------------------------------------------- the daemon */

static void expect_ok(enum status status, const struct bytes *message)
{
    if (status)
        log_error("%s: %.*s", status_text(status), (int)message->size, message->data);
    ENSURE(status == STATUS_OK);
}

static void open_store(struct bytes *message)
{
    struct engine_options options;
    struct engine_owner owner = {.uid = getuid(), .gid = getgid(), .mode = 0755};
    engine_options_init(&options);
    options.durability = DURABILITY_OS;
    expect_ok(engine_open(served.folder, &options, &served.engine, message), message);
    served.dav = dav_open(served.engine, clock_system(), served.folder);
    served.tree = tree_open(served.engine, &owner);
    expect_ok(tree_keep_files(served.tree, served.folder, message), message);
    engine_start(served.engine);
}

static void open_face(struct bytes *message)
{
    struct gate_options gate = {.clock = clock_system()};
    expect_ok(gate_open(&gate, &served.gate, message), message);
    struct http_face_options options = {.listen = {&served.listen, 1},
                                        .clock = clock_system(),
                                        .dav = served.dav,
                                        .gate = served.gate,
                                        .threads = 1};
    expect_ok(http_face_open(served.tree, &options, &served.face, message), message);
    http_face_start(served.face);
}

static void serve(void)
{
    BYTES_AUTO(message);
    memset(&served, 0, sizeof served);
    strcpy(served.folder, "/dev/shm/actorfs-fuzz-XXXXXX");
    ENSURE(mkdtemp(served.folder));
    snprintf(served.address, sizeof served.address, "unix:%s/socket", served.folder);
    served.listen = served.address;
    open_store(&message);
    open_face(&message);
}

static void stop(void)
{
    BYTES_AUTO(faults);
    engine_stop(served.engine);
    http_face_close(served.face);
    gate_close(served.gate);
    uint64_t found = engine_check(served.engine, &faults);
    if (found)
        log_error("%.*s", (int)faults.size, faults.data);
    ENSURE(found == 0);
    tree_close(served.tree);
    dav_close(served.dav);
    engine_close(served.engine);
    foldertree_remove(AT_FDCWD, served.folder);
}

/* ------------------------------------------------------------------- the client */

static void append_line(struct bytes *out, struct view line)
{
    static const struct {
        const char *name, *value;
    } variables[] = {{"$LOCK", last_lock}, {"$ETAG", last_tag}};
    while (line.size) {
        size_t n = 0;
        while (n < 2 && !view_starts_with(line, variables[n].name))
            n++;
        size_t size = n < 2 ? strlen(variables[n].name) : 1;
        bytes_append(out,
                     n < 2 ? view_text(variables[n].value) : view_of(line.data, 1));
        line = view_of(line.data + size, line.size - size);
    }
    bytes_append_text(out, "\r\n");
}

static struct view take_line(struct view *text)
{
    const char *end = memchr(text->data, '\n', text->size);
    size_t size = end ? (size_t)(end - text->data) : text->size;
    struct view line = view_of(text->data, size);
    size_t taken = end ? size + 1 : size;
    *text = view_of(text->data + taken, text->size - taken);
    return line;
}

static void compose(struct view text, struct bytes *out)
{
    struct view line;
    while (text.size && (line = take_line(&text)).size)
        append_line(out, line);
    bytes_format(out,
                 "Host: localhost\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                 text.size);
    bytes_append(out, text);
}

/* Reads until the other side closes; false when it takes its time. */
static bool read_answer(int socket, struct bytes *out)
{
    struct pollfd readable = {.fd = socket, .events = POLLIN};
    ssize_t got = 1;
    while (got > 0 && poll(&readable, 1, PATIENCE_MS) > 0) {
        got = recv(socket, bytes_reserve(out, 65536), 65536, 0);
        out->size += got > 0 ? (size_t)got : 0;
    }
    bytes_append(out, view_of("", 1));
    out->size--;
    return got <= 0;
}

static void remember(const char *head, const char *name, char *value_out)
{
    const char *at = strcasestr(head, name);
    size_t size = at ? strcspn(at += strlen(name), "\r\n") : 0;
    if (size && size < REMEMBERED_BYTES_MAX)
        snprintf(value_out, REMEMBERED_BYTES_MAX, "%.*s", (int)size, at);
}

/* libmicrohttpd refuses a Content-Length that is no number itself, with the head of the
   answer twice. */
static bool is_the_librarys(const char *body)
{
    return strncmp(body, "HTTP/1.1 400 ", 13) == 0;
}

static bool is_answer(const char *answer, size_t size, bool is_head)
{
    const char *body = strstr(answer, "\r\n\r\n");
    unsigned code = 0;
    if (sscanf(answer, "HTTP/1.%*1[01] %3u", &code) != 1 || !body || code < 100 ||
        code >= 600 || (code == 500 && !strstr(answer, "\r\nTask-State: failed")))
        return false;
    body += 4;
    const char *announced = strcasestr(answer, "\r\nContent-Length: ");
    if (!announced || announced > body || is_head || code == 304 || code < 200)
        return true;
    return strtoull(announced + 18, NULL, 10) == size - (size_t)(body - answer) ||
           is_the_librarys(body);
}

static void check_answer(const struct bytes *answer, bool is_head)
{
    bool is_one = is_answer(answer->data, answer->size, is_head);
    if (!is_one)
        log_error("no answer: %.1000s", answer->data);
    ENSURE(is_one);
    remember(answer->data, "\r\nLock-Token: ", last_lock);
    remember(answer->data, "\r\nETag: ", last_tag);
}

static void ask(struct view text)
{
    BYTES_AUTO(request);
    BYTES_AUTO(answer);
    if (text.data[0] == '!')
        bytes_append(&request, view_of(text.data + 1, text.size - 1));
    else
        compose(text, &request);
    int socket = http_connect(served.listen);
    bool is_sent =
        send(socket, request.data, request.size, MSG_NOSIGNAL) == (ssize_t)request.size;
    shutdown(socket, SHUT_WR);
    bool is_whole = is_sent && read_answer(socket, &answer);
    if (is_whole && answer.size && text.data[0] != '!')
        check_answer(&answer, strncmp(request.data, "HEAD ", 5) == 0);
    close(socket);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char border[] = "\n====\n";
    struct view rest = view_of(size ? data : NULL, size);
    if (served.inputs++ % INPUTS_A_STORE == 0) {
        if (served.engine)
            stop();
        else
            atexit(stop);
        serve();
        served.inputs = 1;
    }
    for (unsigned i = 0; i < REQUESTS_MAX && rest.size; i++) {
        const char *end = memmem(rest.data, rest.size, border, strlen(border));
        size_t length = end ? (size_t)(end - rest.data) : rest.size;
        size_t taken = end ? length + strlen(border) : length;
        if (length)
            ask(view_of(rest.data, length));
        rest = view_of(rest.data + taken, rest.size - taken);
    }
    return 0;
}
