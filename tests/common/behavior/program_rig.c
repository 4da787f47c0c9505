/* SPDX-License-Identifier: MIT */
#include "tests/common/behavior/program_rig.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"

enum { BEHAVIORS_MAX = 64 };

struct program_options rig_options;
struct behavior_policy rig_policy = BEHAVIOR_POLICY_DEFAULT;

static struct host *host;
static int stderr_fd; /* while the log is captured */
static struct behavior *behaviors[BEHAVIORS_MAX];
static size_t behavior_count;
static struct rig_turn last;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards rig_turns */

void rig_open(void)
{
    char *folders = scratch_path("turns");

    cr_assert_eq(mkdir(folders, 0777), 0);
    cr_assert_eq(chmod(folders, 0777), 0);
    log_set_level(LOG_LEVEL_ERROR);
    rig_options.folder = folders;
    rig_options.executable.processes = 64;
    rig_reopen();
}

void rig_reopen(void)
{
    host = host_open();
}

void rig_capture_log(void)
{
    char *path = scratch_write("log", "", 0600);
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

    log_set_level(LOG_LEVEL_INFO);
    fflush(stderr);
    stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    cr_assert_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
    close(fd);
    free(path);
}

char *rig_captured_log(void)
{
    char *path = scratch_path("log");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    BYTES_AUTO(text);

    cr_assert_eq(dup2(stderr_fd, STDERR_FILENO), STDERR_FILENO);
    for (ssize_t got = 1; got > 0; text.size += got > 0 ? (size_t)got : 0)
        got = read(fd, bytes_reserve(&text, 65536), 65536);
    close(fd);
    free(path);
    return memory_text(view_bytes(&text));
}

static size_t count_entries(const char *path)
{
    DIR *entries = opendir(path);
    size_t count = 0;

    cr_assert_not_null(entries, "%s", path);
    while (readdir(entries))
        count++;
    closedir(entries);
    return count - 2;
}

void rig_close(void)
{
    if (host == NULL)
        return;
    host_close(host);
    host = NULL;
    while (behavior_count > 0)
        program_free(behaviors[--behavior_count]);
    turn_output_free(&last.output);
    cr_assert_eq(count_entries(rig_options.folder), 0, "a turn's folder is left");
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1, "a process is left");
    cr_assert_eq(errno, ECHILD);
}

void rig_end(void)
{
    rig_close();
    scratch_remove();
}

struct host *rig_host(void)
{
    return host;
}

struct behavior *rig_install(const char *script)
{
    char name[32];

    snprintf(name, sizeof(name), "program-%zu", behavior_count);
    char *path = scratch_write(name, script, 0755);
    rig_options.executable.name = name;
    rig_options.executable.path = path;
    rig_options.policy = &rig_policy;
    cr_assert_lt(behavior_count, BEHAVIORS_MAX);
    behaviors[behavior_count] = program_create(host, &rig_options);
    free(path);
    return behaviors[behavior_count++];
}

struct turn_input rig_input(const char *message, const char *state)
{
    return (struct turn_input){.actor = view_text("user_123"),
                               .sequence = 17,
                               .key = view_text("abc"),
                               .attempt = 1,
                               .message = view_text(message),
                               .state = view_text(state)};
}

static void finish(void *context, uint64_t id, struct turn_output *output)
{
    struct rig_turn *turn = context;

    pthread_mutex_lock(&lock);
    cr_assert_eq(turn->id, id);
    turn->answers++;
    turn->output = *output;
    *output = (struct turn_output){0};
    turn->finished = true;
    pthread_mutex_unlock(&lock);
}

void rig_start_as(struct behavior *behavior, const struct turn_input *input,
                  struct rig_turn *turn, uint64_t id)
{
    turn->id = id;
    enum turn_start start =
        behavior->start(behavior, input, id, &turn->output, finish, turn);
    cr_assert_eq(start, TURN_STARTED);
}

void rig_start(struct behavior *behavior, const struct turn_input *input,
               struct rig_turn *turn)
{
    static uint64_t last_id = 100;

    rig_start_as(behavior, input, turn, ++last_id);
}

static bool has_finished(void *context)
{
    struct rig_turn *turn = context;

    pthread_mutex_lock(&lock);
    bool finished = turn->finished;
    pthread_mutex_unlock(&lock);
    return finished;
}

void rig_finish(struct rig_turn *turn)
{
    bool finished = false;

    for (int i = 0; i < 3 && !finished; i++)
        finished = wait_until(has_finished, turn);
    cr_assert(finished, "no answer");
    cr_assert_eq(turn->answers, 1);
}

const struct turn_output *rig_run(const char *script, const char *message,
                                  const char *state)
{
    struct turn_input input = rig_input(message, state);

    turn_output_free(&last.output);
    last = (struct rig_turn){0};
    rig_start(rig_install(script), &input, &last);
    rig_finish(&last);
    return &last.output;
}

void assert_bytes(const struct bytes *bytes, const char *text)
{
    cr_assert(view_equal(view_bytes(bytes), view_text(text)), "\"%.*s\", not \"%s\"",
              (int)bytes->size, bytes->data, text);
}

void assert_verdict(const struct turn_output *output, enum turn_verdict verdict,
                    const char *words)
{
    cr_assert_eq(output->verdict, verdict, "%d: %.*s", (int)output->verdict,
                 (int)output->error.size, output->error.data);
    cr_assert(words[0] == '\0' ||
                  memmem(output->error.data, output->error.size, words, strlen(words)),
              "\"%.*s\" lacks \"%s\"", (int)output->error.size, output->error.data,
              words);
}

void assert_done(const struct turn_output *output, const char *result)
{
    assert_verdict(output, TURN_DONE, "");
    cr_assert_eq(output->error.size, 0);
    assert_bytes(&output->result, result);
}
