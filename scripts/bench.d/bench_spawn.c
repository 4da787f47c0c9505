/* SPDX-License-Identifier: MIT */
/*
 * The floor of program turns: a thread a core that starts a program and waits for its
 * end, over and over.
 *
 *     bench_spawn --program PATH [--seconds N]
 */
#include <pthread.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scripts/bench.d/measure.h"

extern char **environ;

struct loop {
    pthread_t thread;
    const char *program;
    struct meter meter;
};

static void run_once(const char *program)
{
    char *copy = (char *)(uintptr_t)program;
    char *arguments[] = {copy, NULL};
    siginfo_t end;
    pid_t child;

    if (posix_spawn(&child, program, NULL, NULL, arguments, environ) != 0)
        fail("%s cannot be started", program);
    if (waitid(P_PID, (id_t)child, &end, WEXITED) != 0 || end.si_status != 0)
        fail("%s does not end well", program);
}

static void *run(void *context)
{
    struct loop *loop = context;
    int64_t started;

    do {
        started = now_ns();
        run_once(loop->program);
    } while (meter_count(&loop->meter, started));
    return NULL;
}

int main(int argc, char **argv)
{
    size_t count = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
    struct loop *loops = calloc(count, sizeof(*loops));

    if (!loops)
        fail("no memory");
    for (size_t i = 0; i < count; i++) {
        loops[i].program = option_text(argc, argv, "--program", "/bin/true");
        meter_start(&loops[i].meter, argc, argv);
        if (pthread_create(&loops[i].thread, NULL, run, &loops[i]) != 0)
            fail("no thread");
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(loops[i].thread, NULL);
        if (i > 0)
            meter_merge(&loops[0].meter, &loops[i].meter);
    }
    meter_report(&loops[0].meter);
    free(loops);
    return 0;
}
