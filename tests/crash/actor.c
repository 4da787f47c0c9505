/* SPDX-License-Identifier: MIT */
/*
 * The behavior that the crash test installs, as a program and, under a name that ends
 * in `.worker`, as a worker. A turn
 *   - leaves a line in the file $RUNS, outside of the store: ACTOR KEY ATTEMPT TOKEN,
 *     with `re:` before the token when it handles the reply to it;
 *   - takes its time, fails, or asks to be tried again, as its token says (tale.h);
 *   - adds a line to the state, KIND KEY ATTEMPT TOKEN SENDER TURN SENT_ATTEMPT: what
 * it handled, and in which turn and attempt of its sender that was sent;
 *   - sends the token's children, each with the number of this turn (the line's in the
 *     state) and this attempt.
 * So the state is the actor's own account of all it ever did.
 */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/crash/tale.h"

#define LINE_BYTES_MAX 512
#define TRY_AGAIN 75 /* EX_TEMPFAIL */

struct turn {
    const char *actor, *key, *kind, *sender, *reply_to, *outcome, *message, *state;
    unsigned attempt;
};

struct answer {
    int verdict; /* 0, 1 or TRY_AGAIN */
    char line[LINE_BYTES_MAX], result[LINE_BYTES_MAX];
    struct token children[TALE_CHILDREN_MAX];
    char to[TALE_CHILDREN_MAX][LINE_BYTES_MAX];
    char message[LINE_BYTES_MAX / 4]; /* what follows the child's token */
    int child_count;
};

static void leave_trace(const struct turn *turn, const char *prefix,
                        const struct token *token)
{
    char line[LINE_BYTES_MAX];
    int fd = open(getenv("RUNS"), O_WRONLY | O_APPEND | O_CLOEXEC);
    int size = snprintf(line, sizeof line, "%s %s %u %s%s\n", turn->actor, turn->key,
                        turn->attempt, prefix, token->text);
    if (fd < 0 || write(fd, line, (size_t)size) != size)
        _exit(TRY_AGAIN);
    close(fd);
}

static void take_time(int ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

static int count_lines(const char *text)
{
    int count = 0;
    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

/* Where a child goes. */
static void address(const struct token *child, char *to, size_t size)
{
    char name[32] = "missing_1", letter = tale_letter(child), key[sizeof child->text];
    memcpy(key, child->text, sizeof key);
    if (letter != 'm')
        tale_actor_name(tale_actor(child), name, sizeof name);
    if (letter == 't')
        snprintf(to, size, "ME/tasks@,delay=%dms,timer=%s", tale_delay_ms(child), key);
    else if (letter == 'd')
        snprintf(to, size, "%s/tasks@,delay=%dms", name, tale_delay_ms(child));
    else if (letter == 'p')
        snprintf(to, size, "%s/tasks", name);
    else
        snprintf(to, size, "%s/tasks@%s,reply=1", name, key);
}

static void handle_reply(const struct turn *turn, struct answer *answer)
{
    struct token token = {""};
    snprintf(token.text, sizeof token.text, "%s", turn->reply_to);
    leave_trace(turn, "re:", &token);
    snprintf(answer->line, sizeof answer->line, "%s %s %u %s - 0 0\n", turn->outcome,
             turn->key, turn->attempt, token.text);
}

static void handle(const struct turn *turn, struct answer *answer)
{
    struct token token = {""};
    int sender_turn = 0;
    unsigned sender_attempt = 0;
    if (strcmp(turn->kind, "reply") == 0) {
        handle_reply(turn, answer);
        return;
    }
    if (sscanf(turn->message, "%47s %d %u", token.text, &sender_turn,
               &sender_attempt) != 3)
        _exit(1);
    leave_trace(turn, "", &token);
    take_time(tale_turn_ms(&token));
    answer->verdict = turn->attempt < tale_attempt(&token) ? TRY_AGAIN
                      : tale_fails(&token)                 ? 1
                                                           : 0;
    int number = count_lines(turn->state) + 1;
    snprintf(answer->line, sizeof answer->line, "%s %s %u %s %s %d %u\n", turn->kind,
             turn->key, turn->attempt, token.text, *turn->sender ? turn->sender : "-",
             sender_turn, sender_attempt);
    snprintf(answer->result, sizeof answer->result, "did %s %d", token.text, number);
    snprintf(answer->message, sizeof answer->message, " %d %u", number, turn->attempt);
    answer->child_count = tale_children(&token, answer->children);
    for (int i = 0; i < answer->child_count; i++)
        address(&answer->children[i], answer->to[i], sizeof answer->to[i]);
    if (tale_leaves_stray(&token) && getenv("ACTOR_STATE") != NULL && fork() == 0) {
        setsid();
        take_time(900);
        _exit(0);
    }
}

/* --------------------------------------------------------------------- as a worker */

static const char *text_of(json_t *line, const char *member)
{
    const char *text = json_string_value(json_object_get(line, member));
    return text != NULL ? text : "";
}

static json_t *answer_to_json(const struct turn *turn, const struct answer *answer,
                              json_t *id)
{
    if (answer->verdict != 0)
        return json_pack("{s:O, s:s, s:b}", "id", id, "error", "as told", "retry",
                         answer->verdict == TRY_AGAIN);
    json_t *sends = json_array();
    for (int i = 0; i < answer->child_count; i++)
        json_array_append_new(sends,
                              json_pack("{s:s, s:s+}", "to", answer->to[i], "message",
                                        answer->children[i].text, answer->message));
    return json_pack("{s:O, s:s, s:s+, s:o}", "id", id, "result", answer->result,
                     "state", turn->state, answer->line, "send", sends);
}

static void work_line(const char *text)
{
    json_t *line = json_loads(text, 0, NULL);
    struct turn turn = {.actor = text_of(line, "actor"),
                        .key = text_of(line, "key"),
                        .kind = text_of(line, "kind"),
                        .sender = text_of(line, "sender"),
                        .reply_to = text_of(line, "reply_to"),
                        .outcome = text_of(line, "outcome"),
                        .message = text_of(line, "message"),
                        .state = text_of(line, "state")};
    struct answer answer = {0};
    turn.attempt = (unsigned)json_integer_value(json_object_get(line, "attempt"));
    handle(&turn, &answer);
    json_t *reply = answer_to_json(&turn, &answer, json_object_get(line, "id"));
    json_dumpf(reply, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(reply);
    json_decref(line);
}

static int work(void)
{
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, stdin) > 0)
        work_line(line);
    free(line);
    return 0;
}

/* -------------------------------------------------------------------- as a program */

static char *read_all(FILE *file)
{
    size_t size = 0, capacity = 1 << 16;
    char *text = malloc(capacity);
    if (file == NULL || text == NULL)
        _exit(TRY_AGAIN);
    for (size_t got = 1; got > 0; size += got) {
        if (size + 1 >= capacity && (text = realloc(text, capacity *= 2)) == NULL)
            _exit(TRY_AGAIN);
        got = fread(text + size, 1, capacity - size - 1, file);
    }
    text[size] = '\0';
    return text;
}

static void write_outbox(const struct answer *answer)
{
    FILE *outbox = fopen(getenv("ACTOR_OUTBOX"), "a");
    if (outbox == NULL)
        _exit(TRY_AGAIN);
    for (int i = 0; i < answer->child_count; i++)
        fprintf(outbox, "%s %s%s\n", answer->to[i], answer->children[i].text,
                answer->message);
    if (fclose(outbox) != 0)
        _exit(TRY_AGAIN);
}

/* Written even by those that fail: then nobody may see it. */
static int give(const struct answer *answer, FILE *state)
{
    write_outbox(answer);
    fseek(state, 0, SEEK_END);
    fputs(answer->line, state);
    if (fclose(state) != 0)
        return TRY_AGAIN;
    fputs(answer->result, stdout);
    return answer->verdict;
}

static int run(void)
{
    FILE *file = fopen(getenv("ACTOR_STATE"), "r+");
    char *message = read_all(stdin), *state = read_all(file);
    struct turn turn = {.actor = getenv("ACTOR"),
                        .key = getenv("IDEMPOTENCY_KEY"),
                        .kind = getenv("KIND"),
                        .sender = getenv("SENDER"),
                        .reply_to = getenv("REPLY_TO"),
                        .outcome = getenv("OUTCOME"),
                        .message = message,
                        .state = state,
                        .attempt = (unsigned)atoi(getenv("ATTEMPT"))};
    struct answer answer = {0};
    handle(&turn, &answer);
    free(message);
    free(state);
    return give(&answer, file);
}

int main(int count, char **words)
{
    (void)count;
    return strstr(words[0], ".worker") != NULL ? work() : run();
}
