/* SPDX-License-Identifier: MIT */
#include "server/background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVING 'y'
#define FIRST_FREE 3 /* behind standard input, output and error */

__attribute__((noreturn)) static void wait_for(pid_t child, int reader)
{
    char word = 0;
    int state = 0;
    if (TEMP_FAILURE_RETRY(read(reader, &word, 1)) == 1 && word == SERVING)
        _exit(EXIT_SUCCESS);
    TEMP_FAILURE_RETRY(waitpid(child, &state, 0));
    _exit(WIFEXITED(state) && WEXITSTATUS(state) ? WEXITSTATUS(state) : EXIT_FAILURE);
}

/* A lock or a pipe of whoever starts us is not ours to hold for as long as we live. */
static int keep_alone(int descriptor)
{
    int kept =
        descriptor == FIRST_FREE ? descriptor : dup3(descriptor, FIRST_FREE, O_CLOEXEC);
    if (kept < 0 || close_range(FIRST_FREE + 1, ~0u, 0) != 0)
        return -1;
    return kept;
}

int background_start(void)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    pid_t child = fork();
    if (child > 0) {
        close(ends[1]);
        wait_for(child, ends[0]);
    }
    close(ends[0]);
    if (child < 0) {
        close(ends[1]);
        return -1;
    }
    setsid();
    return chdir("/") == 0 ? keep_alone(ends[1]) : -1;
}

void background_finish(int descriptor)
{
    const char word = SERVING;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int standard = 0; null >= 0 && standard <= 2; standard++)
        dup2(null, standard);
    if (null > 2)
        close(null);
    /* A parent that is gone needs no word. */
    if (TEMP_FAILURE_RETRY(write(descriptor, &word, 1)) == 1)
        close(descriptor);
}
