/* SPDX-License-Identifier: MIT */
/*
 * A daemon to be killed: runs a shell script in a folder as a child of a host, and
 * waits. A program of its own, because who has threads must not go on after fork(2).
 *
 *     doomed_daemon FOLDER SCRIPT
 */
#include <stdio.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/behavior/host.h"

static struct host_child child;

static void adopt(void *context)
{
    (void)context;
    host_child_adopt(&child);
}

static void ignore(struct host_child *ended, int status)
{
    (void)ended;
    (void)status;
}

int main(int argc, char **argv)
{
    struct host *host = host_open();
    ENSURE(argc == 3);
    char *arguments[] = {(char[]){"sh"}, (char[]){"-c"}, argv[2], NULL};
    char *environment[] = {(char[]){"PATH=/usr/bin:/bin"}, NULL};
    const int descriptors[] = {0, 1, 2};
    struct spawn plan = {.path = "/bin/sh",
                         .argv = arguments,
                         .environment = environment,
                         .directory = argv[1],
                         .descriptors = descriptors,
                         .descriptor_count = 3};
    enum spawn_step step;

    child.exited = ignore;
    ENSURE(host_spawn(host, &child, &plan, &step) == 0);
    host_call(host, adopt, NULL);
    pause();
    return 0;
}
