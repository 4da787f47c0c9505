/* SPDX-License-Identifier: MIT */
#include "fs/census.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/bytes.h"

struct kept {
    pid_t process; /* 0: none */
    int folder;    /* its /proc/PID/fd; -1 when that cannot be opened */
};

struct census {
    pthread_mutex_t lock;             /* guards what follows */
    struct kept kept[CENSUS_FOLDERS]; /* by the process's id */
};

struct census *census_open(void)
{
    struct census *census = memory_take_zeroed(1, sizeof *census);
    pthread_mutex_init(&census->lock, NULL);
    return census;
}

static void drop(struct kept *kept)
{
    if (kept->process != 0 && kept->folder >= 0)
        close(kept->folder);
    kept->process = 0;
}

static void keep(struct kept *kept, pid_t process)
{
    char path[64];
    drop(kept);
    snprintf(path, sizeof path, "/proc/%d/fd", (int)process);
    kept->folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    kept->process = process;
}

static int count_in(int folder)
{
    struct stat found;
    bool told = folder >= 0 && fstat(folder, &found) == 0 && found.st_size > 0;
    return told ? (int)found.st_size : -1;
}

int census_count(struct census *census, pid_t process)
{
    if (process <= 0)
        return -1;
    pthread_mutex_lock(&census->lock);
    struct kept *kept = &census->kept[(unsigned)process % CENSUS_FOLDERS];
    int count = kept->process == process ? count_in(kept->folder) : -1;
    if (count < 0) {
        keep(kept, process);
        count = count_in(kept->folder);
    }
    pthread_mutex_unlock(&census->lock);
    return count;
}

void census_close(struct census *census)
{
    for (size_t i = 0; i < CENSUS_FOLDERS; i++)
        drop(&census->kept[i]);
    pthread_mutex_destroy(&census->lock);
    free(census);
}
