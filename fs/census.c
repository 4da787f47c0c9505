/* SPDX-License-Identifier: MIT */
#include "fs/census.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/bytes.h"

struct known {
    pid_t process;  /* 0: none */
    int folder;     /* its /proc/PID/fd; -1 when that cannot be opened */
    unsigned plain; /* messages in a row */
};

struct census {
    pthread_mutex_t lock;                 /* guards what follows */
    struct known known[CENSUS_PROCESSES]; /* by the process's id */
};

struct census *census_open(void)
{
    struct census *census = memory_take_zeroed(1, sizeof *census);
    pthread_mutex_init(&census->lock, NULL);
    return census;
}

static struct known *place_of(struct census *census, pid_t process)
{
    return &census->known[(unsigned)process % CENSUS_PROCESSES];
}

static void forget(struct known *known)
{
    if (known->process != 0 && known->folder >= 0)
        close(known->folder);
    *known = (struct known){0};
}

static void learn(struct known *known, pid_t process)
{
    char path[64];
    forget(known);
    snprintf(path, sizeof path, "/proc/%d/fd", (int)process);
    known->folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    known->process = process;
}

static int count_in(int folder)
{
    struct stat found;
    bool told = folder >= 0 && fstat(folder, &found) == 0 && found.st_size > 0;
    return told ? (int)found.st_size : -1;
}

int census_count(struct census *census, pid_t process)
{
    int count = -1;
    pthread_mutex_lock(&census->lock);
    struct known *known = place_of(census, process);
    if (process != 0 && known->process == process &&
        known->plain >= CENSUS_PLAIN_ENOUGH) {
        count = count_in(known->folder);
        if (count < 0)
            forget(known);
    }
    pthread_mutex_unlock(&census->lock);
    return count;
}

void census_note(struct census *census, pid_t process, bool plain)
{
    if (process == 0)
        return;
    pthread_mutex_lock(&census->lock);
    struct known *known = place_of(census, process);
    if (known->process != process)
        learn(known, process);
    known->plain = plain ? known->plain + 1 : 0;
    pthread_mutex_unlock(&census->lock);
}

void census_close(struct census *census)
{
    for (size_t i = 0; i < CENSUS_PROCESSES; i++)
        forget(&census->known[i]);
    pthread_mutex_destroy(&census->lock);
    free(census);
}
