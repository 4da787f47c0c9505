/* SPDX-License-Identifier: MIT */
/*
 * The folder of a run is named after its process. A run that is killed cannot remove
 * it; the next simulator that starts removes all whose processes are gone.
 */
#include "tests/simulator/sim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/foldertree.h"
#include "common/base/log.h"

#define PREFIX "actorfs-simulator-"

static const char *place_of_stores(void)
{
    return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

static void name_store(long process, char out[FOLDER_BYTES])
{
    snprintf(out, FOLDER_BYTES, "%s/" PREFIX "%ld", place_of_stores(), process);
}

void store_make(char out[FOLDER_BYTES])
{
    store_remove((long)getpid());
    name_store((long)getpid(), out);
    ENSURE(mkdir(out, 0700) == 0);
}

void store_remove(long process)
{
    char folder[FOLDER_BYTES];
    name_store(process, folder);
    foldertree_remove(AT_FDCWD, folder);
}

static bool is_abandoned(const char *name)
{
    if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
        return false;
    long process = strtol(name + strlen(PREFIX), NULL, 10);
    return process > 0 && kill((pid_t)process, 0) != 0 && errno == ESRCH;
}

void store_remove_abandoned(void)
{
    DIR *place = opendir(place_of_stores());
    for (struct dirent *entry; place && (entry = readdir(place));)
        if (is_abandoned(entry->d_name))
            foldertree_remove(dirfd(place), entry->d_name);
    if (place)
        closedir(place);
}
