/* SPDX-License-Identifier: MIT */
/*
 * The session: mounting, the threads, and the way out. libfuse's own loop serves, with
 * few threads, under one of ours. It does not notice fuse_session_exit() while it
 * sleeps, and a single signal can fall between its look and its sleep, so at the stop
 * the thread is signaled until it has gone. Only then is the mount taken away: closing
 * its descriptor earlier would hand the number to somebody else under the readers'
 * eyes.
 */
#include "fs/fuse_face.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "fs/census.h"
#include "fs/fuse_ops.h"
#include "fs/greeting.h"
#include "fs/handle.h"
#include "fs/ops_ordinary.h"
#include "fs/prune.h"

/* No handler waits, so more threads than cores would only take turns. */
#define THREADS_MIN 2
#define THREADS_MAX 8
#define WAKE_SIGNAL SIGUSR1
#define WAKE_EVERY_MS 20

__attribute__((format(printf, 2, 0))) static void
log_line(enum fuse_log_level level, const char *format, va_list arguments)
{
    char line[512];
    int size = vsnprintf(line, sizeof line, format, arguments);
    while (size > 0 && (size_t)size < sizeof line && line[size - 1] == '\n')
        line[--size] = '\0';
    if (level <= FUSE_LOG_ERR)
        log_error("%s", line);
    else
        log_debug("%s", line);
}

static void drop_inodes(void *context, const uint64_t *inodes, size_t count)
{
    const struct fuse_face *face = context;
    if (!atomic_load(&face->is_over))
        prune_inodes(fuse_session_fd(face->session), inodes, count);
}

/* Something came in over another face. */
static void drop_file(void *context, const struct stat *before)
{
    struct fuse_face *face = context;
    uint64_t number = ordinary_number(face->ordinary, before);
    if (number && face->prunes)
        notifier_post(face->notifier, number);
}

static void watch_files(struct fuse_face *face, files_changed_fn *changed)
{
    if (tree_files(face->tree))
        files_watch(tree_files(face->tree), changed, face);
}

static void add_words(struct fuse_args *args, const struct fuse_face_options *options)
{
    char *words = NULL, *source = NULL;
    ENSURE(asprintf(&source, "fsname=%s", options->store) > 0);
    fuse_opt_add_opt(&words,
                     "default_permissions,subtype=actorfs,nosuid,nodev,noatime");
    fuse_opt_add_opt_escaped(&words, source);
    if (options->allow_other)
        fuse_opt_add_opt(&words, "allow_other");
    if (options->mount_words[0])
        fuse_opt_add_opt(&words, options->mount_words);
    fuse_opt_add_arg(args, "actorfs");
    fuse_opt_add_arg(args, "-o");
    fuse_opt_add_arg(args, words);
    free(source);
    free(words);
}

/* What tells our descriptors from others'. Nobody serves yet: ask for what is cached.
 */
static bool note_device(struct fuse_face *face)
{
    struct statx root;
    if (statx(AT_FDCWD, face->mountpoint, AT_STATX_DONT_SYNC, STATX_INO, &root) != 0)
        return false;
    face->device_major = root.stx_dev_major;
    face->device_minor = root.stx_dev_minor;
    return true;
}

static enum status mount_session(struct fuse_face *face,
                                 const struct fuse_face_options *options,
                                 struct bytes *message)
{
    struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
    add_words(&args, options);
    fuse_set_log_func(log_line);
    face->session = fuse_session_new(&args, &fuse_ops, sizeof fuse_ops, face);
    fuse_opt_free_args(&args);
    if (!face->session) {
        bytes_format(message, "the mount options are not understood");
        return STATUS_INVALID;
    }
    errno = 0;
    if (fuse_session_mount(face->session, face->mountpoint) != 0) {
        bytes_format(message, "cannot mount on %s%s%s", face->mountpoint,
                     errno ? ": " : "", errno ? strerror(errno) : "");
        return STATUS_IO;
    }
    if (note_device(face) && greeting_amend(face->session))
        return STATUS_OK;
    bytes_format(message, "cannot look at %s: %s", face->mountpoint, strerror(errno));
    fuse_session_unmount(face->session);
    return STATUS_IO;
}

static struct fuse_face *new_face(struct tree *tree,
                                  const struct fuse_face_options *options)
{
    struct fuse_face *face = memory_take_zeroed(1, sizeof *face);
    face->tree = tree;
    face->inodes = inodes_open();
    face->hidden = hidden_open(options->clock);
    face->copying = copying_open(options->clock);
    face->ordinary = ordinary_open(folder_open_area, face);
    leftovers_init(&face->leftovers);
    face->openings = openings_open();
    face->census = census_open();
    face->store = memory_text(view_text(options->store));
    face->mountpoint = memory_text(view_text(options->mountpoint));
    face->end_descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ENSURE(face->end_descriptor >= 0);
    pthread_mutex_init(&face->lock, NULL);
    pthread_cond_init(&face->changed, NULL);
    return face;
}

enum status fuse_face_open(struct tree *tree, const struct fuse_face_options *options,
                           struct fuse_face **face_out, struct bytes *message)
{
    struct fuse_face *face = new_face(tree, options);
    enum status status = mount_session(face, options, message);
    if (status)
        fuse_face_close(face);
    else
        *face_out = face;
    return status;
}

static void interrupt_sleep(int number)
{
    (void)number;
}

static unsigned thread_count(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < THREADS_MIN   ? THREADS_MIN
           : cores > THREADS_MAX ? THREADS_MAX
                                 : (unsigned)cores;
}

static void *serve(void *context)
{
    struct fuse_face *face = context;
    sigset_t wake;
    sigemptyset(&wake);
    sigaddset(&wake, WAKE_SIGNAL);
    pthread_sigmask(SIG_UNBLOCK, &wake, NULL);
    struct fuse_loop_config *config = fuse_loop_cfg_create();
    fuse_loop_cfg_set_max_threads(config, thread_count());
    int result = fuse_session_loop_mt(face->session, config);
    fuse_loop_cfg_destroy(config);
    if (result < 0)
        log_error("the mount's session ended: %s", strerror(-result));
    pthread_mutex_lock(&face->lock);
    face->is_ended = true;
    pthread_cond_broadcast(&face->changed);
    pthread_mutex_unlock(&face->lock);
    eventfd_write(face->end_descriptor, 1);
    return NULL;
}

enum status fuse_face_start(struct fuse_face *face)
{
    struct sigaction action = {.sa_handler = interrupt_sleep}; /* without SA_RESTART */
    sigaction(WAKE_SIGNAL, &action, NULL);
    face->notifier = notifier_start(drop_inodes, face);
    ENSURE(pthread_create(&face->loop, NULL, serve, face) == 0);
    face->has_loop = true;
    pthread_mutex_lock(&face->lock);
    while (!face->is_greeted && !face->is_ended)
        pthread_cond_wait(&face->changed, &face->lock);
    bool serves = face->is_greeted;
    pthread_mutex_unlock(&face->lock);
    if (serves)
        watch_files(face, drop_file);
    return serves ? STATUS_OK : STATUS_IO;
}

int fuse_face_end_descriptor(const struct fuse_face *face)
{
    return face->end_descriptor;
}

/* Signals the loop until it has gone, see above. */
static void end_loop(struct fuse_face *face)
{
    struct pollfd end = {.fd = face->end_descriptor, .events = POLLIN};
    do
        pthread_kill(face->loop, WAKE_SIGNAL);
    while (poll(&end, 1, WAKE_EVERY_MS) <= 0);
    pthread_join(face->loop, NULL);
    face->has_loop = false;
}

void fuse_face_stop(struct fuse_face *face)
{
    fuse_session_exit(face->session);
    if (face->has_loop)
        end_loop(face);
    atomic_store(&face->is_over, true);
    fuse_session_unmount(face->session);
}

void fuse_face_close(struct fuse_face *face)
{
    watch_files(face, NULL);
    for (struct opening *left; (left = openings_any(face->openings));)
        handle_abandon(left);
    if (face->notifier)
        notifier_stop(face->notifier);
    if (face->session)
        fuse_session_destroy(face->session);
    census_close(face->census);
    openings_close(face->openings);
    leftovers_drop(&face->leftovers);
    ordinary_close(face->ordinary);
    hidden_close(face->hidden);
    copying_close(face->copying);
    inodes_close(face->inodes);
    close(face->end_descriptor);
    pthread_cond_destroy(&face->changed);
    pthread_mutex_destroy(&face->lock);
    free(face->store);
    free(face->mountpoint);
    free(face);
}
