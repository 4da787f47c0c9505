/* SPDX-License-Identifier: MIT */
/*
 * Inside of the store everything happened exactly once:
 *   - each tale that was acknowledged was handled, with all that follows from it, and
 *     nothing else was: no task more, none twice;
 *   - a task that is done has its line in the state, its result and all its sends; one
 *     that failed has none of them;
 *   - lines stand in the order in which the log says that tasks were finished;
 *   - what was sent was sent by that very turn and attempt whose state was kept;
 *   - who asked for a reply got one, with the right outcome;
 *   - between two actors messages were handled in the order in which they were sent.
 * Outside of it at least once:
 *   - each task that is final has run;
 *   - only the first run may have the attempt number 1;
 *   - a number is at least 1 + the openings of the store since the first run; a
 *     program's rises with each run and each opening, and its last is that of the log +
 *     openings.
 */
#include "tests/crash/verdict.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/mounted.h"

static void blame(struct verdict *verdict, int actor, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void blame(struct verdict *verdict, int actor, const char *format, ...)
{
    char name[32] = "";
    va_list arguments;
    if (verdict->faults++ > 20)
        return;
    if (actor >= 0)
        tale_actor_name(actor, name, sizeof name);
    fprintf(stderr, "FAULT %s: ", name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
}

/* ----------------------------------------------------------------------- the tales */

static bool is_message(const struct deed *deed)
{
    return strcmp(deed->kind, "message") == 0;
}

/* The one deed of a token that is a message, or the reply to it; null when there is
   none. */
static const struct deed *find_deed(struct verdict *verdict, const struct token *token,
                                    bool wants_reply)
{
    struct deed *const *deeds;
    const struct deed *found = NULL;
    size_t count = account_deeds(verdict->account, token, &deeds);
    for (size_t i = 0; i < count; i++) {
        if (is_message(deeds[i]) == wants_reply)
            continue;
        if (found != NULL)
            blame(verdict, deeds[i]->actor, "%s %s twice", token->text,
                  wants_reply ? "was answered" : "was handled");
        found = deeds[i];
    }
    return found;
}

static void check_outcome(struct verdict *verdict, int actor, const char *key,
                          const char *outcome)
{
    const struct entry *entry = account_entry(verdict->account, actor, key);
    if (entry == NULL || strcmp(entry->outcome, outcome) != 0)
        blame(verdict, actor, "the task %s is %s, not %s", key,
              entry != NULL ? entry->outcome : "not in the log", outcome);
}

/* Reads what came of a token that is a key. */
static void check_result(struct verdict *verdict, const struct token *token,
                         const struct deed *deed)
{
    char path[512], name[32];
    BYTES_AUTO(result);
    BYTES_AUTO(wanted);
    tale_actor_name(tale_actor(token), name, sizeof name);
    snprintf(path, sizeof path, "%s/%s/tasks@%s", verdict->actors_path, name,
             token->text);
    int error = file_read(path, &result);
    if (error != (deed != NULL ? 0 : EREMOTEIO))
        blame(verdict, tale_actor(token), "reading %s: %s", token->text,
              strerror(error));
    if (deed == NULL)
        return;
    bytes_format(&wanted, "did %s %d", token->text, deed->turn);
    if (!view_equal(view_bytes(&result), view_bytes(&wanted)))
        blame(verdict, deed->actor, "the result of %s is %.*s", token->text,
              (int)result.size, result.data);
}

static void check_sender(struct verdict *verdict, const struct token *token,
                         const struct deed *deed, const struct deed *parent)
{
    char name[32] = "-";
    if (parent != NULL)
        tale_actor_name(parent->actor, name, sizeof name);
    if (deed->actor != tale_actor(token) || strcmp(deed->sender, name) != 0)
        blame(verdict, deed->actor, "%s was handled here, sent by %s", token->text,
              deed->sender);
    if (parent != NULL &&
        (deed->sender_turn != parent->turn || deed->sender_attempt != parent->attempt))
        blame(verdict, deed->actor,
              "%s was sent in turn %d, attempt %u; the state has %d, %u", token->text,
              deed->sender_turn, deed->sender_attempt, parent->turn, parent->attempt);
}

static void check_reply(struct verdict *verdict, const struct token *token,
                        const struct deed *parent, const char *outcome)
{
    const struct deed *reply = find_deed(verdict, token, true);
    verdict->tasks++;
    if (reply == NULL || reply->actor != parent->actor ||
        strcmp(reply->kind, outcome) != 0) {
        blame(verdict, parent->actor, "%s: the reply is %s, not %s", token->text,
              reply != NULL ? reply->kind : "missing", outcome);
        return;
    }
    verdict->done++;
    check_outcome(verdict, reply->actor, reply->key, "done");
}

static void follow(struct verdict *verdict, const struct token *token,
                   const struct deed *parent);

static void follow_done(struct verdict *verdict, const struct token *token,
                        const struct deed *parent)
{
    struct token children[TALE_CHILDREN_MAX];
    const struct deed *deed = find_deed(verdict, token, false);
    if (deed == NULL) {
        blame(verdict, tale_actor(token), "%s was not handled", token->text);
        return;
    }
    verdict->done++;
    check_sender(verdict, token, deed, parent);
    check_outcome(verdict, deed->actor, deed->key, "done");
    if (parent == NULL)
        check_result(verdict, token, deed);
    int count = tale_children(token, children);
    for (int i = 0; i < count; i++)
        follow(verdict, &children[i], deed);
}

static void follow_failed(struct verdict *verdict, const struct token *token,
                          const struct deed *parent)
{
    struct run *const *runs;
    if (find_deed(verdict, token, false) != NULL)
        blame(verdict, tale_actor(token), "%s must fail and did not", token->text);
    if (account_runs(verdict->account, token, &runs) == 0)
        blame(verdict, tale_actor(token), "%s did not run", token->text);
    else
        check_outcome(verdict, tale_actor(token), runs[0]->key, "failed");
    if (parent == NULL)
        check_result(verdict, token, NULL);
}

static void follow(struct verdict *verdict, const struct token *token,
                   const struct deed *parent)
{
    char letter = tale_letter(token);
    if (letter == 'm') {
        verdict->undeliverable++;
        check_reply(verdict, token, parent, "undeliverable");
        return;
    }
    verdict->tasks++;
    if (tale_fails(token))
        follow_failed(verdict, token, parent);
    else
        follow_done(verdict, token, parent);
    if (letter == 'r')
        check_reply(verdict, token, parent, tale_fails(token) ? "failed" : "done");
}

static void follow_all(struct verdict *verdict)
{
    const struct telling *telling = verdict->telling;
    struct token token;
    struct run *const *ignored;
    for (int teller = 0; teller < TELLERS; teller++) {
        for (uint32_t i = 0; i < telling->count[teller]; i++) {
            tale_root(telling->round, teller, (int)i, &token);
            if (telling->is_certain[teller][i] ||
                account_runs(verdict->account, &token, &ignored) > 0)
                follow(verdict, &token, NULL);
        }
    }
    if (verdict->account->entry_count != verdict->tasks ||
        verdict->account->deed_count != verdict->done)
        blame(verdict, -1, "%zu tasks are final and %zu done, not %zu and %zu",
              verdict->account->entry_count, verdict->account->deed_count,
              verdict->tasks, verdict->done);
}

/* --------------------------------------------------------------------------- order */

/* What is done stands in the state as it stands in the log. */
static void check_states_against_logs(struct verdict *verdict)
{
    const struct account *account = verdict->account;
    size_t at = 0;
    for (size_t i = 0; i < account->entry_count; i++) {
        const struct entry *entry = &account->entries[i];
        if (strcmp(entry->outcome, "done") != 0)
            continue;
        if (at >= account->deed_count || account->deeds[at].actor != entry->actor ||
            strcmp(account->deeds[at].key, entry->key) != 0) {
            blame(verdict, entry->actor, "the state has not %s where the log has it",
                  entry->key);
            return;
        }
        at++;
    }
}

/* Whether it was put into the mailbox by the turn that sent it. */
static bool has_order(const struct verdict *verdict, const struct deed *deed)
{
    int round, teller, number;
    char letter = tale_letter(&deed->token);
    if (!is_message(deed))
        return false;
    if (letter != '\0')
        return letter == 'p' || letter == 'r';
    return sscanf(deed->token.text, "%d-%d-%d", &round, &teller, &number) == 3 &&
           verdict->telling->is_acked[teller][number];
}

/* Where it stands among all that its sender sent. */
static int64_t order_of(const struct deed *deed)
{
    if (tale_letter(&deed->token) == '\0')
        return atoi(strrchr(deed->token.text, '-') + 1);
    return (int64_t)deed->sender_turn * TALE_CHILDREN_MAX + tale_place(&deed->token);
}

static bool have_one_sender(const struct deed *left, const struct deed *right)
{
    size_t teller = strcspn(left->token.text, "-") + 2;
    return left->actor == right->actor && strcmp(left->sender, right->sender) == 0 &&
           (*left->sender != '-' ||
            strncmp(left->token.text, right->token.text, teller) == 0);
}

static void check_order(struct verdict *verdict)
{
    const struct account *account = verdict->account;
    for (size_t i = 0; i < account->deed_count; i++) {
        const struct deed *deed = &account->deeds[i];
        if (!has_order(verdict, deed))
            continue;
        for (size_t j = i; j-- > 0 && account->deeds[j].actor == deed->actor;) {
            const struct deed *earlier = &account->deeds[j];
            if (!have_one_sender(earlier, deed) || !has_order(verdict, earlier))
                continue;
            if (order_of(earlier) >= order_of(deed))
                blame(verdict, deed->actor, "%s was handled before %s",
                      earlier->token.text, deed->token.text);
            break;
        }
    }
}

/* ---------------------------------------------------------------------------- runs */

static bool is_program(int actor)
{
    return actor % 3 == 0;
}

/* What a worker took and left behind at its death is counted on, but not recorded: a
   new daemon may give the same number again. */
static void check_next_run(struct verdict *verdict, const struct run *first,
                           const struct run *previous, const struct run *run)
{
    unsigned openings = run->openings - previous->openings;
    unsigned least = 1 + run->openings - first->openings;
    if (is_program(run->actor))
        least = previous->attempt + (openings > 1 ? openings : 1);
    if (strcmp(run->token.text, first->token.text) != 0)
        blame(verdict, run->actor, "%s ran as %s and as %s", run->key,
              first->token.text, run->token.text);
    if (run->attempt < 2 || run->attempt < least)
        blame(verdict, run->actor,
              "%s ran as attempt %u, %u before it and %u at first, %u openings ago",
              run->key, run->attempt, previous->attempt, first->attempt,
              run->openings - first->openings);
}

static void check_last_run(struct verdict *verdict, const struct run *run)
{
    const struct entry *entry = account_entry(verdict->account, run->actor, run->key);
    if (entry == NULL) {
        blame(verdict, run->actor, "%s (%s) ran and has no end", run->key,
              run->token.text);
        return;
    }
    if (run->attempt < entry->attempts ||
        (is_program(run->actor) &&
         run->attempt > entry->attempts + verdict->openings_max))
        blame(verdict, run->actor, "%s ended in run %u, attempt %u by the log",
              run->key, run->attempt, entry->attempts);
}

static void check_runs(struct verdict *verdict)
{
    const struct account *account = verdict->account;
    const struct run *first = NULL, *previous = NULL;
    size_t tasks = 0;
    for (size_t i = 0; i < account->run_count; i++) {
        const struct run *run = &account->runs[i];
        bool is_first = previous == NULL || run->actor != previous->actor ||
                        strcmp(run->key, previous->key) != 0;
        if (is_first && previous != NULL)
            check_last_run(verdict, previous);
        if (is_first)
            first = run;
        else
            check_next_run(verdict, first, previous, run);
        tasks += is_first;
        previous = run;
    }
    if (previous != NULL)
        check_last_run(verdict, previous);
    if (tasks != verdict->tasks)
        blame(verdict, -1, "%zu tasks ran, not %zu", tasks, verdict->tasks);
}

void verdict_reach(struct verdict *verdict)
{
    follow_all(verdict);
    check_states_against_logs(verdict);
    check_order(verdict);
    check_runs(verdict);
}
