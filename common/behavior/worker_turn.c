/* SPDX-License-Identifier: MIT */
/* Lists that give up any element at once, and a table that grows no further: some
   hundred turns are under way in a process. */
#include "common/behavior/worker_turn.h"

#include <stdlib.h>

void turn_list_append(struct turn_list *list, struct worker_turn *turn)
{
    turn->next = NULL;
    turn->previous = list->last;
    if (list->last)
        list->last->next = turn;
    else
        list->first = turn;
    list->last = turn;
    list->count++;
}

void turn_list_remove(struct turn_list *list, struct worker_turn *turn)
{
    if (turn->previous)
        turn->previous->next = turn->next;
    else
        list->first = turn->next;
    if (turn->next)
        turn->next->previous = turn->previous;
    else
        list->last = turn->previous;
    list->count--;
}

struct worker_turn *turn_list_take(struct turn_list *list)
{
    struct worker_turn *turn = list->first;
    if (turn)
        turn_list_remove(list, turn);
    return turn;
}

void turn_list_put_behind(struct turn_list *list, struct turn_list *more)
{
    if (more->count == 0)
        return;
    more->first->previous = list->last;
    if (list->last)
        list->last->next = more->first;
    else
        list->first = more->first;
    list->last = more->last;
    list->count += more->count;
    *more = (struct turn_list){0};
}

void turn_list_put_before(struct turn_list *list, struct turn_list *more)
{
    struct turn_list behind = *list;
    *list = *more;
    *more = (struct turn_list){0};
    turn_list_put_behind(list, &behind);
}

static struct worker_turn **bucket_of(struct turn_table *table, uint64_t id)
{
    return &table->buckets[id % TURN_BUCKETS];
}

void turn_table_put(struct turn_table *table, struct worker_turn *turn)
{
    struct worker_turn **bucket = bucket_of(table, turn->id);
    turn->next_in_bucket = *bucket;
    *bucket = turn;
}

void turn_table_remove(struct turn_table *table, struct worker_turn *turn)
{
    struct worker_turn **at = bucket_of(table, turn->id);
    while (*at != turn)
        at = &(*at)->next_in_bucket;
    *at = turn->next_in_bucket;
}

struct worker_turn *turn_table_find(const struct turn_table *table, uint64_t id)
{
    struct worker_turn *turn = table->buckets[id % TURN_BUCKETS];
    while (turn && turn->id != id)
        turn = turn->next_in_bucket;
    return turn;
}

void worker_turn_free(struct worker_turn *turn)
{
    bytes_free(&turn->line);
    free(turn);
}
