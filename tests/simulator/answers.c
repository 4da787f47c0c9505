/* SPDX-License-Identifier: MIT */
/* What turns answer, by the dice: outcomes, states, errors, and what they send. */
#include <stdio.h>
#include <string.h>

#include "tests/simulator/sim.h"

#define SENDS_A_TURN 4

static struct view any_bytes(struct sim *sim, size_t bytes_max)
{
    char *text = arena_take(&sim->arena, bytes_max + 1);
    size_t size = dice_roll(&sim->dice, bytes_max + 1);
    for (size_t i = 0; i < size; i++)
        text[i] = (char)dice_next(&sim->dice);
    return view_of(text, size);
}

static struct view any_error(struct sim *sim)
{
    static const char *const errors[] = {"out of beans", "no\ttabs, please", "",
                                         "one line\nand another", "caf\xC3\xA9"};
    struct view error = view_text(errors[dice_roll(&sim->dice, 5)]);
    if (!dice_odds(&sim->dice, 20))
        return error;
    char *longer = arena_take(&sim->arena, 400);
    memset(longer, 'x', 400);
    return view_of(longer, 400);
}

/* ------------------------------------------------------------------------- sends ---
 */

static struct view any_target(struct sim *sim)
{
    if (dice_odds(&sim->dice, 6))
        return view_of("", 0);
    if (dice_odds(&sim->dice, 12))
        return view_text(dice_odds(&sim->dice, 4) ? "a/b" : "ghost");
    return dice_odds(&sim->dice, 12) ? view_text(DEAD_LETTERS_NAME) : choose_name(sim);
}

static void fill_message(struct sim *sim, struct send_model *send)
{
    unsigned number = 0;
    send->text = choose_message(sim);
    if (send->text.size > sim->options.message_bytes_max && !dice_odds(&sim->dice, 4))
        send->text = view_text("short");
    if (dice_odds(&sim->dice, 3)) {
        send->parameters.key = choose_key(sim, &number);
        if (!dice_odds(&sim->dice, 8))
            send->text = choose_numbered(sim, number + 100);
    }
    if (dice_odds(&sim->dice, 5))
        choose_times(sim, &send->parameters);
    if (send->parameters.timer[0] && !dice_odds(&sim->dice, 8))
        send->parameters.key.size = 0;
    send->parameters.reply = dice_odds(&sim->dice, 3);
    send->parameters.create = dice_odds(&sim->dice, 6);
}

/* Mailbox limits do not refuse it, but a mailbox should not grow for ever. */
static bool is_overfull(struct sim *sim, const struct send_model *send,
                        const struct actor_model *from)
{
    const struct actor_model *target =
        send->target.size ? model_actor_named(&sim->decided, send->target) : from;
    return target && actor_count_unfinished(target) >
                         (uint64_t)sim->options.mailbox_tasks_max + 10;
}

static void fill_send(struct sim *sim, const struct actor_model *from,
                      struct send_model *send)
{
    uint64_t roll = dice_roll(&sim->dice, 10);
    const struct actor_model *target;
    parameters_clear(&send->parameters);
    send->target = any_target(sim);
    send->text = view_of("", 0);
    send->kind = roll < 6    ? SEND_MESSAGE
                 : roll == 6 ? SEND_CREATE
                 : roll == 7 ? SEND_BEHAVIOR
                             : SEND_CONTROL;
    if (send->kind == SEND_MESSAGE && is_overfull(sim, send, from))
        send->kind = SEND_CREATE;
    target = model_actor_named(&sim->decided, send->target);
    if (send->kind == SEND_MESSAGE) {
        fill_message(sim, send);
    } else if (send->kind == SEND_BEHAVIOR) {
        send->text = view_text(dice_odds(&sim->dice, 8)
                                   ? "unknown"
                                   : turns_names[dice_roll(&sim->dice, KINDS)]);
    } else if (send->kind == SEND_CONTROL) {
        do
            send->word = choose_word(sim, target ? target : from);
        while (send->word.kind == WORD_BAD);
        send->text = word_text(sim, &send->word);
    }
    sim_trace(sim, "  sends %.*s/ kind %u key %.*s reply %d delay %lld timer %s: %.*s",
              (int)send->target.size, send->target.data, (unsigned)send->kind,
              send->parameters.key.size, send->parameters.key.text,
              send->parameters.reply, (long long)send->parameters.delay_ms,
              send->parameters.timer,
              send->kind == SEND_MESSAGE ? 0 : (int)send->text.size, send->text.data);
}

/* What turns say to each other must come to an end. */
static void add_sends(struct sim *sim, const struct actor_model *actor,
                      const struct task_model *task, struct turn_answer *answer)
{
    unsigned odds = task->letter.sender ? sim->plan.sends * 3 : sim->plan.sends;
    if (!dice_odds(&sim->dice, odds))
        return;
    bool is_too_much = dice_odds(&sim->dice, 300);
    answer->send_count =
        is_too_much ? SENDS_MAX + 1 : 1 + dice_roll(&sim->dice, SENDS_A_TURN);
    answer->sends = arena_take(&sim->arena, answer->send_count * sizeof *answer->sends);
    for (size_t i = 0; i < answer->send_count; i++) {
        struct send_model *send = &answer->sends[i];
        if (is_too_much) {
            *send = (struct send_model){.kind = SEND_CREATE, .text = view_of("", 0)};
            parameters_clear(&send->parameters);
        } else {
            fill_send(sim, actor, send);
        }
    }
}

/* ----------------------------------------------------------------------- answers ---
 */

void answers_choose(struct sim *sim, const struct actor_model *actor,
                    const struct task_model *task, struct turn_answer *answer)
{
    uint64_t roll = dice_roll(&sim->dice, 10);
    *answer = (struct turn_answer){0};
    answer->verdict = roll < 6 ? TURN_DONE : roll < 8 ? TURN_FAILED : TURN_RETRY;
    if (answer->verdict == TURN_DONE || dice_odds(&sim->dice, 10))
        add_sends(sim, actor, task, answer);
    answer->defer = dice_odds(&sim->dice, sim->plan.defer);
    if (answer->verdict != TURN_DONE) {
        answer->error = any_error(sim);
        if (dice_odds(&sim->dice, 6))
            answer->retry_after_ms = dice_between(&sim->dice, 1, 20000);
        return;
    }
    answer->result_is_message = dice_odds(&sim->dice, 4);
    if (!answer->result_is_message)
        answer->result = any_bytes(
            sim, dice_odds(&sim->dice, 20) ? sim->options.result_bytes_max + 10 : 20);
    answer->state_changed = dice_odds(&sim->dice, answer->defer ? 20 : 2);
    if (answer->defer && !dice_odds(&sim->dice, 20))
        answer->send_count = 0;
    if (answer->state_changed)
        answer->state = any_bytes(
            sim, dice_odds(&sim->dice, 20) ? sim->options.state_bytes_max + 10 : 20);
}

static void give_sends(const struct turn_answer *answer, struct turn_output *output)
{
    for (size_t i = 0; i < answer->send_count; i++) {
        const struct send_model *from = &answer->sends[i];
        struct turn_send *send = turn_output_add_send(output);
        send->kind = from->kind;
        send->parameters = from->parameters;
        snprintf(send->target, sizeof send->target, "%.*s", (int)from->target.size,
                 from->target.data ? from->target.data : "");
        bytes_append(&send->text, from->text);
    }
}

void answers_give(const struct turn_answer *answer, struct turn_output *output)
{
    output->verdict = answer->verdict;
    output->state_changed = answer->state_changed;
    output->result_is_message = answer->result_is_message;
    output->defer = answer->defer;
    output->retry_after_ms = answer->retry_after_ms;
    bytes_append(&output->result, answer->result);
    bytes_append(&output->error, answer->error);
    bytes_append(&output->state, answer->state);
    give_sends(answer, output);
}
