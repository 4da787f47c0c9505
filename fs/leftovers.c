/* SPDX-License-Identifier: MIT */
#include "fs/leftovers.h"

#include <stddef.h>

void leftovers_init(struct leftovers *leftovers)
{
    pthread_mutex_init(&leftovers->lock, NULL);
    leftovers->first = NULL;
}

void leftovers_add(struct leftovers *leftovers, struct leftover *leftover,
                   void (*drop)(struct leftover *leftover))
{
    leftover->drop = drop;
    pthread_mutex_lock(&leftovers->lock);
    leftover->next = leftovers->first;
    leftover->at = &leftovers->first;
    if (leftover->next)
        leftover->next->at = &leftover->next;
    leftovers->first = leftover;
    pthread_mutex_unlock(&leftovers->lock);
}

void leftovers_remove(struct leftovers *leftovers, struct leftover *leftover)
{
    pthread_mutex_lock(&leftovers->lock);
    *leftover->at = leftover->next;
    if (leftover->next)
        leftover->next->at = leftover->at;
    pthread_mutex_unlock(&leftovers->lock);
}

void leftovers_drop(struct leftovers *leftovers)
{
    while (leftovers->first) {
        struct leftover *leftover = leftovers->first;
        leftovers_remove(leftovers, leftover);
        leftover->drop(leftover);
    }
    pthread_mutex_destroy(&leftovers->lock);
}
