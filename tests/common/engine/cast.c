/* SPDX-License-Identifier: MIT */
#include "tests/common/engine/cast.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "common/behavior/outbox.h"

struct cast cast;
static const char *hidden;

static void note(char out[256], struct view text)
{
    size_t size = text.size < 255 ? text.size : 255;
    if (size)
        memcpy(out, text.data, size);
    out[size] = '\0';
}

static void note_input(const struct turn_input *input)
{
    cast.turns++;
    cast.attempt = input->attempt;
    cast.sequence = input->sequence;
    note(cast.key, input->key);
    note(cast.message, input->message);
    note(cast.seen_state, input->state);
    note(cast.actor, input->actor);
}

static void fill(struct bytes *out, const char *text, size_t bytes)
{
    if (bytes) {
        memset(bytes_reserve(out, bytes), 'x', bytes);
        out->size += bytes;
    } else if (text) {
        bytes_append_text(out, text);
    }
}

static void give(struct turn_output *output)
{
    output->verdict = cast.verdict;
    output->defer = cast.defer;
    fill(&output->result, cast.result, cast.result_bytes);
    fill(&output->error, cast.error, 0);
    output->state_changed = cast.state || cast.state_bytes;
    fill(&output->state, cast.state, cast.state_bytes);
}

static enum turn_start start_now(struct behavior *behavior,
                                 const struct turn_input *input, uint64_t turn,
                                 struct turn_output *output, turn_finish_fn *finish,
                                 void *context)
{
    (void)behavior, (void)turn, (void)finish, (void)context;
    note_input(input);
    give(output);
    return TURN_ANSWERED;
}

static enum turn_start start_later(struct behavior *behavior,
                                   const struct turn_input *input, uint64_t turn,
                                   struct turn_output *output, turn_finish_fn *finish,
                                   void *context)
{
    if (cast.at_once)
        return start_now(behavior, input, turn, output, finish, context);
    note_input(input);
    cast.finish = finish;
    cast.context = context;
    cast.turn = turn;
    return TURN_STARTED;
}

static void hear(const struct turn_input *input)
{
    size_t size = strlen(cast.heard);
    snprintf(cast.heard + size, sizeof cast.heard - size,
             "%.*s %s %.*s %.*s %.*s %.*s\n", (int)input->actor.size, input->actor.data,
             message_kind_text(input->kind), (int)input->sender.size,
             input->sender.data ? input->sender.data : "", (int)input->reply_to.size,
             input->reply_to.data ? input->reply_to.data : "", (int)input->outcome.size,
             input->outcome.data ? input->outcome.data : "", (int)input->message.size,
             input->message.data ? input->message.data : "");
}

static struct view after(struct view text, const char *word)
{
    return view_of(text.data + strlen(word), text.size - strlen(word));
}

static enum turn_start start_do(struct behavior *behavior,
                                const struct turn_input *input, uint64_t turn,
                                struct turn_output *output, turn_finish_fn *finish,
                                void *context)
{
    (void)behavior, (void)turn, (void)finish, (void)context;
    note_input(input);
    output->verdict = TURN_DONE;
    fill(&output->result, "did it", cast.result_bytes);
    if (input->kind != KIND_MESSAGE || input->sender.size) {
        hear(input);
    } else if (view_starts_with(input->message, "fail ")) {
        output->verdict = TURN_FAILED;
        bytes_append(&output->error, after(input->message, "fail "));
    } else if (view_starts_with(input->message, "state ")) {
        output->state_changed = true;
        bytes_append(&output->state, after(input->message, "state "));
    } else if (outbox_parse(input->message, output, &output->error)) {
        output->verdict = TURN_FAILED;
    }
    return TURN_ANSWERED;
}

static bool has_room(struct behavior *behavior)
{
    (void)behavior;
    return !cast.room || !cast.finish;
}

static void kill_later(struct behavior *behavior, uint64_t turn)
{
    (void)behavior, (void)turn;
    cast.killed++;
}

void cast_finish(void)
{
    struct turn_output output = {0};
    cr_assert_not_null(cast.finish, "no turn is under way");
    give(&output);
    cast.finish(cast.context, cast.turn, &output);
    turn_output_free(&output);
    cast.finish = NULL;
}

static struct behavior players[] = {
    {.name = "now",
     .policy = BEHAVIOR_POLICY_DEFAULT,
     .runs_ahead = true,
     .start = start_now},
    {.name = "slow", .policy = BEHAVIOR_POLICY_DEFAULT, .start = start_now},
    {.name = "later",
     .policy = BEHAVIOR_POLICY_DEFAULT,
     .start = start_later,
     .kill = kill_later,
     .has_room = has_room},
    {.name = "do",
     .policy = BEHAVIOR_POLICY_DEFAULT,
     .runs_ahead = true,
     .start = start_do},
};
#define PLAYERS (sizeof(players) / sizeof(*players))

static struct behavior *find(struct behavior_set *set, struct view name)
{
    struct behavior_set *builtin = behavior_builtin_set();
    (void)set;
    if (hidden && view_equal(name, view_text(hidden)))
        return NULL;
    for (size_t i = 0; i < PLAYERS; i++)
        if (view_equal(name, view_text(players[i].name)))
            return &players[i];
    return builtin->find(builtin, name);
}

static const char *name_of(struct behavior_set *set, size_t n)
{
    struct behavior_set *builtin = behavior_builtin_set();
    (void)set;
    return n < PLAYERS ? players[n].name : builtin->name(builtin, n - PLAYERS);
}

struct behavior_set *cast_open(void)
{
    static struct behavior_set set = {.find = find, .name = name_of};
    cast = (struct cast){0};
    hidden = NULL;
    for (size_t i = 0; i < PLAYERS; i++)
        players[i].policy = (struct behavior_policy)BEHAVIOR_POLICY_DEFAULT;
    return &set;
}

struct behavior_policy *cast_policy(const char *name)
{
    size_t i = 0;
    while (strcmp(players[i].name, name) != 0)
        i++;
    return &players[i].policy;
}

void cast_hide(const char *name)
{
    hidden = name;
}
