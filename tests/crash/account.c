/* SPDX-License-Identifier: MIT */
/*
 * States and logs only grow while an actor lives, so a mark in each says what is new;
 * whether what stands before the mark is still the same is the other crash test's
 * business, here only its length is looked at. The file outside is begun anew by every
 * audit.
 */
#include "tests/crash/account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/mounted.h"

static bool complain(int actor, const char *what, const char *line)
{
    char name[32] = "outside";
    if (actor >= 0)
        tale_actor_name(actor, name, sizeof name);
    fprintf(stderr, "FAULT %s: %s: %s\n", name, what, line);
    return false;
}

/* Room for one more in a list that has `count`. */
static void *add(void *list, size_t count, size_t size)
{
    if ((count & (count - 1)) == 0)
        list = memory_resize(list, (count > 0 ? 2 * count : 1) * size);
    memset((char *)list + count * size, 0, size);
    return list;
}

/* ------------------------------------------------------------------------- reading */

static bool read_deed(struct account *account, int actor, struct mark *mark,
                      const char *line)
{
    account->deeds = add(account->deeds, account->deed_count, sizeof *account->deeds);
    struct deed *deed = &account->deeds[account->deed_count++];
    deed->actor = actor;
    deed->turn = ++mark->turns;
    return sscanf(line, "%15s %79s %u %47s %31s %d %u", deed->kind, deed->key,
                  &deed->attempt, deed->token.text, deed->sender, &deed->sender_turn,
                  &deed->sender_attempt) == 7 ||
           complain(actor, "a line of the state that is none", line);
}

static bool read_entry(struct account *account, int actor, struct mark *mark,
                       const char *line)
{
    (void)mark;
    account->entries =
        add(account->entries, account->entry_count, sizeof *account->entries);
    struct entry *entry = &account->entries[account->entry_count++];
    entry->actor = actor;
    return sscanf(line, "%*s %*s %15s %u %*s %79s", entry->outcome, &entry->attempts,
                  entry->key) == 3 ||
           complain(actor, "a line of the log that is none", line);
}

typedef bool line_fn(struct account *account, int actor, struct mark *mark,
                     const char *line);

static bool read_lines(struct account *account, int actor, const char *path,
                       struct mark *mark, size_t *from, line_fn *read_line)
{
    BYTES_AUTO(content);
    int error = file_read(path, &content);
    if (error != 0 || content.size < *from)
        return complain(actor, error != 0 ? strerror(error) : "has lost lines", path);
    char *text = memory_text(view_of(content.data + *from, content.size - *from));
    char *rest = text;
    bool is_good = true;
    for (char *line = strsep(&rest, "\n"); rest != NULL; line = strsep(&rest, "\n"))
        is_good = read_line(account, actor, mark, line) && is_good;
    free(text);
    *from = content.size;
    return is_good;
}

static int find_actor(const char *name)
{
    char other[32];
    for (int actor = 0; actor < TALE_ACTORS; actor++) {
        tale_actor_name(actor, other, sizeof other);
        if (strcmp(name, other) == 0)
            return actor;
    }
    return TALE_ACTOR_NOBODY;
}

static bool read_run(struct account *account, int actor, struct mark *openings,
                     const char *line)
{
    char name[32];
    if (strcmp(line, "open") == 0) {
        openings->turns++;
        return true;
    }
    account->runs = add(account->runs, account->run_count, sizeof *account->runs);
    struct run *run = &account->runs[account->run_count];
    run->place = account->run_count++;
    run->openings = (unsigned)openings->turns;
    if (sscanf(line, "%31s %79s %u %47s", name, run->key, &run->attempt,
               run->token.text) != 4)
        return complain(actor, "a run that is none", line);
    run->actor = find_actor(name);
    return true;
}

/* ------------------------------------------------------------------------- sorting */

static int compare_deeds(const void *left, const void *right)
{
    const struct deed *const *a = left, *const *b = right;
    return strcmp((*a)->token.text, (*b)->token.text);
}

static int compare_runs(const void *left, const void *right)
{
    const struct run *a = left, *b = right;
    int order = a->actor != b->actor ? a->actor - b->actor : strcmp(a->key, b->key);
    return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

static int compare_run_tokens(const void *left, const void *right)
{
    const struct run *const *a = left, *const *b = right;
    int order = strcmp((*a)->token.text, (*b)->token.text);
    return order != 0 ? order : compare_runs(*a, *b);
}

static void sort(struct account *account)
{
    account->by_token = memory_take((account->deed_count + 1) * sizeof(struct deed *));
    for (size_t i = 0; i < account->deed_count; i++)
        account->by_token[i] = &account->deeds[i];
    qsort(account->by_token, account->deed_count, sizeof(struct deed *), compare_deeds);
    if (account->run_count > 0)
        qsort(account->runs, account->run_count, sizeof *account->runs, compare_runs);
    account->runs_by_token =
        memory_take((account->run_count + 1) * sizeof(struct run *));
    for (size_t i = 0; i < account->run_count; i++)
        account->runs_by_token[i] = &account->runs[i];
    qsort(account->runs_by_token, account->run_count, sizeof(struct run *),
          compare_run_tokens);
}

bool account_read(const char *actors_path, const char *runs_path, struct mark *marks,
                  struct account *account)
{
    char path[512], name[32];
    struct mark openings = {0};
    size_t start = 0;
    bool is_good = true;
    *account = (struct account){0};
    for (int i = 0; i < TALE_ACTORS; i++) {
        tale_actor_name(i, name, sizeof name);
        snprintf(path, sizeof path, "%s/%s/state", actors_path, name);
        is_good &=
            read_lines(account, i, path, &marks[i], &marks[i].state_bytes, read_deed);
        snprintf(path, sizeof path, "%s/%s/log", actors_path, name);
        is_good &=
            read_lines(account, i, path, &marks[i], &marks[i].log_bytes, read_entry);
    }
    is_good &= read_lines(account, -1, runs_path, &openings, &start, read_run);
    sort(account);
    return is_good;
}

void account_free(struct account *account)
{
    free(account->deeds);
    free(account->by_token);
    free(account->entries);
    free(account->runs);
    free(account->runs_by_token);
    *account = (struct account){0};
}

/* ------------------------------------------------------------------------- finding */

size_t account_deeds(const struct account *account, const struct token *token,
                     struct deed *const **first_out)
{
    size_t low = 0, high = account->deed_count, end;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(account->by_token[middle]->token.text, token->text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (end = low; end < account->deed_count; end++)
        if (strcmp(account->by_token[end]->token.text, token->text) != 0)
            break;
    *first_out = &account->by_token[low];
    return end - low;
}

size_t account_runs(const struct account *account, const struct token *token,
                    struct run *const **first_out)
{
    size_t low = 0, high = account->run_count, end;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(account->runs_by_token[middle]->token.text, token->text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (end = low; end < account->run_count; end++)
        if (strcmp(account->runs_by_token[end]->token.text, token->text) != 0)
            break;
    *first_out = &account->runs_by_token[low];
    return end - low;
}

const struct entry *account_entry(const struct account *account, int actor,
                                  const char *key)
{
    for (size_t i = 0; i < account->entry_count; i++)
        if (account->entries[i].actor == actor &&
            strcmp(account->entries[i].key, key) == 0)
            return &account->entries[i];
    return NULL;
}
