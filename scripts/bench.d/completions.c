/* SPDX-License-Identifier: MIT */
/*
 * A list under a lock. The driver is woken only by the first ticket of a group: those
 * that follow while it wakes are taken together.
 */
#include "scripts/bench.d/completions.h"

#include "scripts/bench.d/measure.h"

void completions_init(struct completions *completions)
{
    pthread_mutex_init(&completions->lock, NULL);
    pthread_cond_init(&completions->arrived, NULL);
    completions->first = NULL;
}

static void drop(struct ticket *ticket)
{
    struct completions *completions = ticket->completions;

    pthread_mutex_lock(&completions->lock);
    bool was_empty = !completions->first;
    ticket->next = completions->first;
    completions->first = ticket;
    pthread_mutex_unlock(&completions->lock);
    if (was_empty)
        pthread_cond_signal(&completions->arrived);
}

void completions_done(void *context, const struct engine_answer *answer)
{
    struct ticket *ticket = context;

    if (answer->status != STATUS_OK)
        fail("refused: %s: %s", status_text(answer->status), answer->detail);
    ticket->actor = answer->actor;
    ticket->sequence = answer->sequence;
    drop(ticket);
}

void completions_wake(void *context, enum status status)
{
    if (status != STATUS_OK)
        fail("woken: %s", status_text(status));
    drop(context);
}

struct ticket *completions_take(struct completions *completions)
{
    pthread_mutex_lock(&completions->lock);
    while (!completions->first)
        pthread_cond_wait(&completions->arrived, &completions->lock);
    struct ticket *all = completions->first;
    completions->first = NULL;
    pthread_mutex_unlock(&completions->lock);
    return all;
}

void completions_await(struct completions *completions, size_t count)
{
    while (count > 0)
        for (struct ticket *ticket = completions_take(completions); ticket;
             ticket = ticket->next)
            count--;
}
