/* SPDX-License-Identifier: MIT */
/*
 * The way in: become a daemon while there is but one thread, block the signals so that
 * every later thread has them blocked, open what can fail, and only when the faces
 * answer let the starting process go. Turns begin when the mount and the sockets stand:
 * a behavior may use both, and who comes before they are served waits in the kernel.
 * The way out: the engine stops first, which
 * answers every request that waits, then the faces go, then the store is closed.
 */
#include "server/daemon.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/behavior/behavior.h"
#include "common/behavior/catalog.h"
#include "common/engine/engine.h"
#include "common/tree/tree.h"
#include "fs/fuse_face.h"
#include "server/background.h"
#include "server/commands.h"
#include "server/control.h"
#include "server/dav/places.h"
#include "server/exposure.h"
#include "server/gate.h"
#include "server/http_face.h"
#include "server/listen.h"
#include "server/mountpoint.h"

struct daemon {
    const struct options *options;
    char *store, *mountpoint, *behaviors_folder; /* absolute */
    struct behavior_set *behaviors;              /* null: the built-in ones */
    struct engine *engine;
    struct tree *tree;
    struct dav *dav;
    struct fuse_face *face;           /* null: it is not mounted */
    char *users, *tls_cert, *tls_key; /* absolute; null: not given */
    struct option_words listen;       /* those of `unix:PATH` absolute; owned */
    struct gate *gate;                /* null, as the next: it does not listen */
    struct http_face *http;
    struct command_context about; /* what the control socket's answers are of */
    struct control *control;
    int signals;
    struct bytes message; /* why it could not start */
};

static int say(const char *what)
{
    fprintf(stderr, "actorfs: %s\n", what);
    return EXIT_FAILURE;
}

/* SIGTERM, SIGINT and SIGHUP come by descriptor; a writer that is gone is no reason to
 * die. */
static int take_signals(void)
{
    sigset_t all, stop;
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGABRT);
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGHUP);
    return signalfd(-1, &stop, SFD_CLOEXEC);
}

/* What a turn sends may be longer as it is written down than as it is meant; the engine
   judges that. */
static uint32_t outbox_bytes_max(const struct engine_options *engine)
{
    uint32_t meant = engine->message_bytes_max > OUTBOX_BYTES_DEFAULT
                         ? engine->message_bytes_max
                         : OUTBOX_BYTES_DEFAULT;
    return 2 * meant;
}

static enum status open_behaviors(struct daemon *daemon)
{
    const struct engine_options *engine = &daemon->options->engine;
    struct catalog_options options = {
        .limits = {.result_bytes_max = engine->result_bytes_max,
                   .state_bytes_max = engine->state_bytes_max,
                   .outbox_bytes_max = outbox_bytes_max(engine)}};
    if (!daemon->behaviors_folder)
        return STATUS_OK;
    return catalog_open(daemon->behaviors_folder, &options, &daemon->behaviors,
                        &daemon->message);
}

static enum status open_store(struct daemon *daemon)
{
    struct engine_options options = daemon->options->engine;
    options.behaviors = daemon->behaviors;
    enum status status =
        engine_open(daemon->store, &options, &daemon->engine, &daemon->message);
    if (status)
        return status;
    /* While the engine's notes can be listed. */
    daemon->dav = dav_open(daemon->engine, clock_system(), daemon->store);
    struct engine_owner owner = {.uid = getuid(), .gid = getgid(), .mode = 0755};
    daemon->tree = tree_open(daemon->engine, &owner);
    return tree_keep_files(daemon->tree, daemon->store, &daemon->message);
}

static enum status open_mount(struct daemon *daemon)
{
    BYTES_AUTO(words);
    bytes_append(&words, view_bytes(&daemon->options->mount_words));
    bytes_append(&words, view_of("", 1));
    struct fuse_face_options options = {.store = daemon->store,
                                        .mountpoint = daemon->mountpoint,
                                        .mount_words = words.data,
                                        .allow_other = daemon->options->allow_other,
                                        .clock = clock_system()};
    return fuse_face_open(daemon->tree, &options, &daemon->face, &daemon->message);
}

static struct http_words words_of(const struct option_words *words)
{
    return (struct http_words){(const char *const *)words->list, words->count};
}

static enum status open_gate(struct daemon *daemon)
{
    const struct http_words proxies = words_of(&daemon->options->trusted_proxies);
    struct gate_options options = {.users = daemon->users,
                                   .tls_cert = daemon->tls_cert,
                                   .tls_key = daemon->tls_key,
                                   .public_url = daemon->options->public_url,
                                   .trusted_proxies = proxies.list,
                                   .trusted_proxy_count = proxies.count,
                                   .clock = clock_system()};
    return gate_open(&options, &daemon->gate, &daemon->message);
}

static enum status open_http(struct daemon *daemon)
{
    const struct options *given = daemon->options;
    static const char *const webhook_headers[] = {"Webhook-Id"};
    struct http_face_options options = {.listen = words_of(&daemon->listen),
                                        .key_headers = words_of(&given->key_headers),
                                        .keep_headers = words_of(&given->keep_headers),
                                        .clock = clock_system(),
                                        .dav = daemon->dav,
                                        .gate = daemon->gate};
    if (!options.key_headers.count)
        options.key_headers = (struct http_words){webhook_headers, 1};
    return http_face_open(daemon->tree, &options, &daemon->http, &daemon->message);
}

/* Whoever touches the mount waits until it is served: files are read before. */
static enum status open_faces(struct daemon *daemon)
{
    enum status status = daemon->listen.count ? open_gate(daemon) : STATUS_OK;
    if (!status && daemon->mountpoint)
        status = open_mount(daemon);
    if (!status && daemon->gate)
        status = open_http(daemon);
    return status;
}

static enum status start(struct daemon *daemon)
{
    engine_start(daemon->engine);
    enum status status = daemon->face ? fuse_face_start(daemon->face) : STATUS_OK;
    if (status)
        return status;
    if (daemon->http)
        http_face_start(daemon->http);
    daemon->about = (struct command_context){daemon->tree, daemon->dav};
    return control_start(daemon->store, command_answer, &daemon->about,
                         &daemon->control, &daemon->message);
}

static bool leaves_port_open(const char *listen)
{
    const char *colon = strrchr(listen, ':');
    return !listen_is_unix(listen) && colon && strcmp(colon, ":0") == 0;
}

static void tell(const struct daemon *daemon)
{
    const struct option_words *listen = &daemon->listen;
    if (daemon->mountpoint)
        log_info("%s is mounted on %s", daemon->store, daemon->mountpoint);
    for (size_t i = 0; i < listen->count; i++) {
        char port[32] = "";
        if (leaves_port_open(listen->list[i]))
            snprintf(port, sizeof port, " (port %u)", http_face_port(daemon->http, i));
        log_info("%s is served on %s%s", daemon->store, listen->list[i], port);
    }
}

/* False at the signal to stop. */
static bool go_on_after_signal(struct daemon *daemon)
{
    struct signalfd_siginfo signal;
    if (read(daemon->signals, &signal, sizeof signal) != sizeof signal)
        return true;
    if (signal.ssi_signo == SIGHUP && daemon->gate)
        gate_reload(daemon->gate);
    return signal.ssi_signo == SIGHUP;
}

static void serve(struct daemon *daemon)
{
    struct pollfd descriptors[] = {
        {.fd = daemon->signals, .events = POLLIN},
        {.fd = daemon->face ? fuse_face_end_descriptor(daemon->face) : -1,
         .events = POLLIN}};
    tell(daemon);
    while (poll(descriptors, 2, -1) < 0 ||
           (!descriptors[1].revents && go_on_after_signal(daemon)))
        continue;
    log_info("%s: stopping", daemon->store);
}

static void free_paths(struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->listen.count; i++)
        free(daemon->listen.list[i]);
    free(daemon->listen.list);
    free(daemon->store);
    free(daemon->mountpoint);
    free(daemon->behaviors_folder);
    free(daemon->users);
    free(daemon->tls_cert);
    free(daemon->tls_key);
}

static void close_all(struct daemon *daemon)
{
    if (daemon->control)
        control_stop(daemon->control);
    if (daemon->engine)
        engine_stop(daemon->engine);
    http_face_close(daemon->http);
    gate_close(daemon->gate);
    if (daemon->face) {
        fuse_face_stop(daemon->face);
        fuse_face_close(daemon->face);
    }
    if (daemon->tree)
        tree_close(daemon->tree);
    dav_close(daemon->dav);
    if (daemon->engine)
        engine_close(daemon->engine);
    if (daemon->behaviors)
        catalog_close(daemon->behaviors);
    free_paths(daemon);
    bytes_free(&daemon->message);
}

static int run_daemon(struct daemon *daemon, int parent)
{
    daemon->signals = take_signals();
    enum status status = open_behaviors(daemon);
    if (!status)
        status = open_store(daemon);
    if (!status)
        status = open_faces(daemon);
    if (!status)
        status = start(daemon);
    if (status) {
        if (daemon->message.size == 0)
            bytes_format(&daemon->message, "cannot start: %s", status_text(status));
        bytes_append(&daemon->message, view_of("", 1));
        say(daemon->message.data);
    } else {
        if (parent >= 0) {
            background_finish(parent);
            log_to_syslog();
        }
        serve(daemon);
    }
    close_all(daemon);
    return status ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* A path that was not given stays null. */
static enum status make_absolute(const char *path, char **absolute_out,
                                 struct bytes *message)
{
    if (!path || (*absolute_out = path_make_absolute(path)))
        return STATUS_OK;
    bytes_format(message,
                 "the folder that %s is meant in: %s; give a path that begins with /",
                 path, strerror(errno));
    return STATUS_IO;
}

static enum status find_listen(struct daemon *daemon)
{
    const struct option_words *given = &daemon->options->listen;
    enum status status = STATUS_OK;
    daemon->listen.list = memory_take_zeroed(given->count, sizeof *given->list);
    for (size_t i = 0; i < given->count && !status; i++) {
        const char *word = given->list[i];
        bool is_unix = listen_is_unix(word);
        BYTES_AUTO(text);
        char *path = NULL;
        status = make_absolute(is_unix ? word + strlen("unix:") : NULL, &path,
                               &daemon->message);
        bytes_format(&text, "%s%s", path ? "unix:" : "", path ? path : word);
        daemon->listen.list[daemon->listen.count++] = memory_text(view_bytes(&text));
        free(path);
    }
    return status;
}

/* Where it goes from here, paths mean nothing but from the root. */
static enum status find_paths(struct daemon *daemon)
{
    const struct options *given = daemon->options;
    struct bytes *message = &daemon->message;
    enum status status = make_absolute(given->store, &daemon->store, message);
    if (!status)
        status = make_absolute(given->behaviors, &daemon->behaviors_folder, message);
    if (!status)
        status = make_absolute(given->users, &daemon->users, message);
    if (!status)
        status = make_absolute(given->tls_cert, &daemon->tls_cert, message);
    if (!status)
        status = make_absolute(given->tls_key, &daemon->tls_key, message);
    return status ? status : find_listen(daemon);
}

int daemon_run(const struct options *options)
{
    struct daemon daemon = {.options = options};
    enum status status = exposure_check(options, &daemon.message);
    if (!status && options->mountpoint)
        status = mountpoint_prepare(options->mountpoint, options->nonempty,
                                    &daemon.mountpoint, &daemon.message);
    if (!status)
        status = find_paths(&daemon);
    if (status) {
        bytes_append(&daemon.message, view_of("", 1));
        say(daemon.message.data);
        close_all(&daemon);
        return EXIT_FAILURE;
    }
    int parent = options->foreground ? -1 : background_start();
    if (!options->foreground && parent < 0) {
        close_all(&daemon);
        return say(strerror(errno));
    }
    return run_daemon(&daemon, parent);
}
