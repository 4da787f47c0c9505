/* SPDX-License-Identifier: MIT */
/*
 * Each member works on a copy of the meter that was started before the fork, so all
 * share one start and one end; nobody waits for anybody while the clock runs.
 */
#include "scripts/bench.d/crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void work(struct member *member, operate_fn *operate, void *context)
{
    int64_t started;

    source_seed(&member->source);
    do {
        started = now_ns();
        operate(member, context);
    } while (meter_count(&member->meter, started));
}

static void wait_for(unsigned members)
{
    int status;

    for (unsigned i = 0; i < members; i++)
        if (wait(&status) < 0 || status != 0)
            fail("a member of the crew failed");
}

void crew_run(unsigned members, operate_fn *operate, void *context, int argc,
              char **argv)
{
    size_t bytes = members * sizeof(struct member);
    struct member *crew = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    struct meter meter;

    if (crew == MAP_FAILED)
        fail_errno("mmap");
    fflush(stdout);
    meter_start(&meter, argc, argv);
    for (unsigned i = 0; i < members; i++) {
        crew[i].number = i;
        crew[i].meter = meter;
        pid_t pid = fork();
        if (pid < 0)
            fail_errno("fork");
        if (pid == 0) {
            work(&crew[i], operate, context);
            _exit(0);
        }
    }
    wait_for(members);
    for (unsigned i = 0; i < members; i++)
        meter_merge(&meter, &crew[i].meter);
    meter_report(&meter);
    munmap(crew, bytes);
}
