/* SPDX-License-Identifier: MIT */
/*
 * The floor of worker turns: the same worker, asked with the same lines through bare
 * pipes, with as many turns under way as there are actors (one: ping-pong). Nothing is
 * parsed, kept or put on disk; answers are counted by their newlines.
 *
 *     bench_pipe --program PATH [--actors N] [--seconds N]
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scripts/bench.d/measure.h"

#define LINE_BYTES_MAX 512
#define BUFFER_BYTES (256 << 10)

extern char **environ;

struct driver {
    pid_t worker;
    int to, from;
    size_t actors, under_way, next;
    char text[MESSAGE_BYTES];
    char out[BUFFER_BYTES]; /* lines on their way */
    size_t out_at, out_size;
    struct meter meter;
    bool running;
};

static void start_worker(struct driver *driver, const char *program)
{
    char *copy = (char *)(uintptr_t)program;
    char *arguments[] = {copy, NULL};
    posix_spawn_file_actions_t actions;
    int to[2], from[2];

    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
        fail_errno("pipe");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], 0);
    posix_spawn_file_actions_adddup2(&actions, from[1], 1);
    if (posix_spawn(&driver->worker, program, &actions, NULL, arguments, environ) != 0)
        fail("%s cannot be started", program);
    posix_spawn_file_actions_destroy(&actions);
    close(to[0]);
    close(from[1]);
    driver->to = to[1];
    driver->from = from[0];
    fcntl(driver->to, F_SETFL, O_NONBLOCK);
    fcntl(driver->from, F_SETFL, O_NONBLOCK);
}

static void add_line(struct driver *driver)
{
    size_t n = driver->next++;
    int size = snprintf(driver->out + driver->out_size, LINE_BYTES_MAX,
                        "{\"id\":%zu,\"actor\":\"swift_%zu\",\"task\":%zu,"
                        "\"key\":\".%zu\",\"attempt\":1,\"kind\":\"message\","
                        "\"message\":\"%.*s\",\"state\":\"\"}\n",
                        n, n % driver->actors, n / driver->actors + 1,
                        n / driver->actors + 1, MESSAGE_BYTES, driver->text);
    driver->out_size += (size_t)size;
    driver->under_way++;
}

static void ask(struct driver *driver)
{
    if (driver->out_at == driver->out_size)
        driver->out_at = driver->out_size = 0;
    while (driver->running && driver->under_way < driver->actors &&
           driver->out_size + LINE_BYTES_MAX < BUFFER_BYTES)
        add_line(driver);
    if (driver->out_at == driver->out_size)
        return;
    ssize_t size = write(driver->to, driver->out + driver->out_at,
                         driver->out_size - driver->out_at);
    if (size < 0 && errno != EAGAIN)
        fail_errno("write");
    driver->out_at += size > 0 ? (size_t)size : 0;
}

static void hear(struct driver *driver)
{
    static char answers[BUFFER_BYTES];
    ssize_t size = read(driver->from, answers, sizeof(answers));

    if (size == 0 || (size < 0 && errno != EAGAIN))
        fail("the worker ended");
    for (ssize_t i = 0; i < size; i++) {
        if (answers[i] != '\n')
            continue;
        driver->under_way--;
        /* Latencies are not asked for: each begins and ends now. */
        driver->running = meter_count(&driver->meter, driver->meter.last_ns);
    }
}

static void drive(struct driver *driver)
{
    while (driver->running || driver->under_way) {
        ask(driver);
        short wants = driver->out_at < driver->out_size ? POLLOUT : 0;
        struct pollfd ends[] = {{.fd = driver->from, .events = POLLIN},
                                {.fd = driver->to, .events = wants}};
        poll(ends, 2, -1);
        if (ends[0].revents)
            hear(driver);
    }
}

int main(int argc, char **argv)
{
    static struct driver driver = {.running = true};

    signal(SIGPIPE, SIG_IGN);
    memset(driver.text, 'm', sizeof(driver.text));
    driver.actors = option_number(argc, argv, "--actors", 1000);
    start_worker(&driver, option_text(argc, argv, "--program", ""));
    meter_start(&driver.meter, argc, argv);
    drive(&driver);
    meter_report(&driver.meter);
    close(driver.to);
    waitpid(driver.worker, NULL, 0);
    return 0;
}
