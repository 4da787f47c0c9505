/* SPDX-License-Identifier: MIT */
/*
 * What the kernel holds open of ordinary files and folders. When the session ends it
 * releases nothing more, so that what is left is dropped from this list. Any thread.
 */
#ifndef ACTORFS_FS_LEFTOVERS_H
#define ACTORFS_FS_LEFTOVERS_H

#include <pthread.h>

/* The first part of what is listed. */
struct leftover {
    struct leftover *next, **at; /* the list's lock */
    void (*drop)(struct leftover *leftover);
};

struct leftovers {
    pthread_mutex_t lock;
    struct leftover *first;
};

void leftovers_init(struct leftovers *leftovers);
void leftovers_add(struct leftovers *leftovers, struct leftover *leftover,
                   void (*drop)(struct leftover *leftover));
void leftovers_remove(struct leftovers *leftovers, struct leftover *leftover);
/* Drops all that is left; nobody else may use it any more. */
void leftovers_drop(struct leftovers *leftovers);

#endif
