/* SPDX-License-Identifier: MIT */
#include "tests/common/behavior/worker_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/foldertree.h"
#include "common/base/log.h"

/* --------------------------------------------------------------------------- files */

const char *rig_path(struct rig *rig, const char *name)
{
    static char paths[8][128];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", rig->folder, name);
    return path;
}

void rig_write_file(struct rig *rig, const char *name, const char *text, mode_t mode)
{
    int fd = open(rig_path(rig, name), O_WRONLY | O_CREAT | O_CLOEXEC | O_TRUNC, mode);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

char *rig_read_file(struct rig *rig, const char *name)
{
    BYTES_AUTO(text);
    int fd = open(rig_path(rig, name), O_RDONLY | O_CLOEXEC);
    ssize_t size = 0;
    if (fd < 0)
        return NULL;
    do
        text.size += (size_t)size;
    while ((size = read(fd, bytes_reserve(&text, 4096), 4096)) > 0);
    close(fd);
    return memory_text(view_bytes(&text));
}

static void pause_briefly(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

static size_t count_lines(struct rig *rig, const char *name)
{
    char *text = rig_read_file(rig, name);
    size_t count = 0;
    for (char *at = text; at && (at = strchr(at, '\n')); at++)
        count++;
    free(text);
    return count;
}

void rig_await_lines(struct rig *rig, const char *name, size_t count)
{
    int64_t deadline = host_now_ms() + RIG_DEADLINE_MS;
    while (count_lines(rig, name) < count) {
        cr_assert_lt(host_now_ms(), deadline, "%s lacks lines", name);
        pause_briefly();
    }
}

/* ---------------------------------------------------------------------------- life */

void rig_prepare(struct rig *rig)
{
    static const struct behavior_policy defaults = BEHAVIOR_POLICY_DEFAULT;
    memset(rig, 0, sizeof *rig);
    strcpy(rig->folder, "/tmp/actorfs-worker-XXXXXX");
    cr_assert_not_null(mkdtemp(rig->folder));
    rig->policy = defaults;
    rig->options =
        (struct worker_options){.executable = {.name = "trouble",
                                               .path = WORKER_TROUBLE,
                                               .environment = rig->environment,
                                               .processes = 1},
                                .policy = &rig->policy,
                                .limits = {1 << 20, 1 << 20, 1 << 20}};
    pthread_mutex_init(&rig->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&rig->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

void rig_set_environment(struct rig *rig, const char *name, const char *value)
{
    BYTES_AUTO(pair);
    bytes_format(&pair, "%s=%s", name, value);
    rig->environment[rig->environment_count++] = memory_text(view_bytes(&pair));
}

void rig_open(struct rig *rig)
{
    log_set_level(LOG_LEVEL_ERROR); /* deaths are what these tests are about */
    rig->host = host_open();
    rig->behavior = worker_create(rig->host, &rig->options);
}

void rig_close(struct rig *rig)
{
    host_close(rig->host);
    size_t count = rig->answer_count;
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1, "a child is left");
    cr_assert_eq(errno, ECHILD);
    worker_free(rig->behavior);
    cr_assert_eq(rig->answer_count, count);
    for (size_t i = 0; i < RIG_TURNS_MAX; i++)
        turn_output_free(&rig->outputs[i]);
    for (size_t i = 0; i < rig->environment_count; i++)
        free(rig->environment[i]);
    pthread_mutex_destroy(&rig->lock);
    pthread_cond_destroy(&rig->changed);
    cr_expect(foldertree_remove(AT_FDCWD, rig->folder));
}

/* --------------------------------------------------------------------------- turns */

static void take_answer(void *context, uint64_t turn, struct turn_output *output)
{
    struct rig *rig = context;
    pthread_mutex_lock(&rig->lock);
    turn_output_free(&rig->outputs[turn]);
    rig->outputs[turn] = *output;
    memset(output, 0, sizeof *output);
    rig->answers[turn]++;
    rig->order[rig->answer_count++ % RIG_TURNS_MAX] = turn;
    pthread_cond_broadcast(&rig->changed);
    pthread_mutex_unlock(&rig->lock);
}

void rig_start_bytes(struct rig *rig, uint64_t turn, struct view message,
                     struct view state)
{
    char actor[32];
    struct turn_output output = {0};
    snprintf(actor, sizeof actor, "actor_%u", (unsigned)turn);
    struct turn_input input = {.actor = view_text(actor),
                               .sequence = turn,
                               .key = view_text("key"),
                               .attempt = 1,
                               .message = message,
                               .state = state};
    pthread_mutex_lock(&rig->lock);
    rig->answers[turn] = 0;
    pthread_mutex_unlock(&rig->lock);
    cr_assert_eq(
        rig->behavior->start(rig->behavior, &input, turn, &output, take_answer, rig),
        TURN_STARTED);
}

void rig_start(struct rig *rig, uint64_t turn, const char *format, ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    rig_start_bytes(rig, turn, view_text(message), view_text("old"));
}

struct turn_output *rig_await(struct rig *rig, uint64_t turn)
{
    struct timespec deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += RIG_DEADLINE_MS / 1000;
    int error = 0;
    pthread_mutex_lock(&rig->lock);
    while (!rig->answers[turn] && !error)
        error = pthread_cond_timedwait(&rig->changed, &rig->lock, &deadline);
    pthread_mutex_unlock(&rig->lock);
    cr_assert_eq(error, 0, "turn %u was not answered", (unsigned)turn);
    cr_assert_eq(rig->answers[turn], 1, "turn %u was answered twice", (unsigned)turn);
    return &rig->outputs[turn];
}

void rig_expect(struct rig *rig, uint64_t turn, const char *result)
{
    struct turn_output *output = rig_await(rig, turn);
    cr_assert_eq(output->verdict, TURN_DONE, "%u: %.*s", (unsigned)turn,
                 (int)output->error.size, output->error.data);
    cr_assert(view_equal(view_bytes(&output->result), view_text(result)),
              "%u: %.*s, not %s", (unsigned)turn, (int)output->result.size,
              output->result.data, result);
}

void rig_expect_error(struct rig *rig, uint64_t turn, enum turn_verdict verdict,
                      const char *words)
{
    struct turn_output *output = rig_await(rig, turn);
    cr_assert_eq(output->verdict, verdict, "%u", (unsigned)turn);
    cr_assert(memmem(output->error.data, output->error.size, words, strlen(words)),
              "%u: %.*s, not %s", (unsigned)turn, (int)output->error.size,
              output->error.data, words);
}

size_t rig_count(struct rig *rig)
{
    pthread_mutex_lock(&rig->lock);
    size_t count = rig->answer_count;
    pthread_mutex_unlock(&rig->lock);
    return count;
}

void rig_await_death(pid_t pid)
{
    int64_t deadline = host_now_ms() + RIG_DEADLINE_MS;
    while (kill(pid, 0) == 0) {
        cr_assert_lt(host_now_ms(), deadline, "%d lives", (int)pid);
        pause_briefly();
    }
}
