/* SPDX-License-Identifier: MIT */
/*
 * What requests and turns are about, by the dice. Choices are made so that they meet:
 * few names, few keys, each key mostly with the same bytes and sometimes with others,
 * words about keys that may or may not be there.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "tests/simulator/sim.h"

struct view choose_name(struct sim *sim)
{
    static const char *const children[CHILDREN_MAX] = {"wild_child", "later_child",
                                                       "echo_child", "soon_child",
                                                       "nobody_1",   "plain_child"};
    if (sim->plan.sends && dice_odds(&sim->dice, 6))
        return view_text(children[dice_roll(&sim->dice, CHILDREN_MAX)]);
    return view_text(sim->plan.names[dice_roll(&sim->dice, sim->plan.name_count)]);
}

struct key choose_key(struct sim *sim, unsigned *number_out)
{
    struct key key;
    char text[32];
    *number_out = (unsigned)dice_roll(&sim->dice, sim->plan.keys);
    int size = snprintf(text, sizeof text, *number_out % 5 ? "k%u" : "a key/%u,~@",
                        *number_out);
    ENSURE(key_from_raw(view_of(text, (size_t)size), &key) == STATUS_OK);
    return key;
}

static struct view any_bytes(struct sim *sim, size_t size)
{
    char *bytes = arena_take(&sim->arena, size + 1);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)dice_next(&sim->dice);
    return view_of(bytes, size);
}

struct view choose_numbered(struct sim *sim, uint64_t number)
{
    static const char *const ends[] = {"", "\n", "\r\n", "\n", "\r"};
    const char *end = ends[dice_roll(&sim->dice, dice_odds(&sim->dice, 20) ? 5 : 4)];
    if (number % 7 == 6)
        return arena_format(&sim->arena, "coffee %llu, please%s",
                            (unsigned long long)number, end);
    return arena_format(&sim->arena, "%lld%s", (long long)(number % 200) - 50, end);
}

struct view choose_message(struct sim *sim)
{
    uint64_t roll = dice_roll(&sim->dice, 30);
    size_t bytes_max = sim->options.message_bytes_max;
    if (roll == 0)
        return any_bytes(sim, bytes_max + dice_roll(&sim->dice, 3) - 1);
    if (roll < 4)
        return any_bytes(sim, dice_roll(&sim->dice, bytes_max));
    return choose_numbered(sim, dice_next(&sim->dice));
}

struct engine_owner choose_owner(struct sim *sim)
{
    return (struct engine_owner){.uid = (uint32_t)dice_roll(&sim->dice, 3),
                                 .gid = (uint32_t)dice_roll(&sim->dice, 3),
                                 .mode = dice_odds(&sim->dice, 2) ? 0700 : 0755};
}

void choose_times(struct sim *sim, struct parameters *parameters)
{
    int64_t far_ms = dice_odds(&sim->dice, 4) ? sim->plan.jump_ms_max : 200;
    if (dice_odds(&sim->dice, 50))
        parameters->at_ms = sim->wall_ms + DELAY_MS_MAX + 1;
    else if (dice_odds(&sim->dice, 2))
        parameters->delay_ms = dice_between(&sim->dice, 0, far_ms);
    else
        parameters->at_ms = sim->wall_ms + dice_between(&sim->dice, -far_ms, far_ms);
    if (dice_odds(&sim->dice, 2))
        snprintf(parameters->timer, sizeof parameters->timer, "timer-%u",
                 (unsigned)dice_roll(&sim->dice, TIMER_NAMES));
}

/* -------------------------------------------------------------------------- words ---
 */

static struct key any_known_key(struct sim *sim, const struct actor_model *actor)
{
    struct key key;
    unsigned number;
    if (actor && actor->next > 1 && dice_odds(&sim->dice, 2)) {
        uint64_t recent = actor->next < 30 ? actor->next : 30;
        struct task_model *task =
            actor_task(actor, actor->next - dice_roll(&sim->dice, recent));
        if (task && dice_odds(&sim->dice, 2))
            return task_key(task);
        key_of_sequence(1 + dice_roll(&sim->dice, actor->next), &key);
        return key;
    }
    key = choose_key(sim, &number);
    struct key line = key;
    if (dice_odds(&sim->dice, 4))
        key_of_line(&key, 1 + dice_roll(&sim->dice, SEND_MESSAGES_MAX), &line);
    return line;
}

/* A word about the task that runs: cancel it; once it is canceled, and its turn still
   under way, bring it back; and then cancel it again. */
static void meddle(struct sim *sim, const struct actor_model *actor, struct word *word)
{
    const struct turn *turn = turns_of(sim, actor->id);
    const struct task_model *task = actor_task(actor, turn->sequence);
    word->key = task_key(task);
    if (task_state_is_final(task->state))
        word->kind = dice_odds(&sim->dice, 6) ? WORD_FORGET : WORD_RETRY;
    else
        word->kind = dice_odds(&sim->dice, 3) ? WORD_CLEAR : WORD_CANCEL;
}

struct word choose_word(struct sim *sim, const struct actor_model *actor)
{
    static const enum word_kind kinds[] = {
        WORD_SUSPEND, WORD_RESUME,       WORD_RESUME, WORD_RESTART,     WORD_CLEAR,
        WORD_RETRY,   WORD_RETRY,        WORD_RETRY,  WORD_CANCEL,      WORD_CANCEL,
        WORD_FORGET,  WORD_RETRY_FAILED, WORD_FORGET, WORD_CANCEL_TIMER};
    struct word word = {.kind =
                            kinds[dice_roll(&sim->dice, sizeof kinds / sizeof *kinds)]};
    if (dice_odds(&sim->dice, 30))
        word.kind = dice_odds(&sim->dice, 2) ? WORD_BAD : WORD_SHOWN;
    if (dice_odds(&sim->dice, sim->plan.remove))
        word.kind = WORD_RETIRE;
    word.key = any_known_key(sim, actor);
    if (actor && turns_of(sim, actor->id) && dice_odds(&sim->dice, 3))
        meddle(sim, actor, &word);
    if (dice_odds(&sim->dice, sim->plan.ties))
        word.kind = WORD_WATCH + (enum word_kind)dice_roll(&sim->dice, 4);
    word.name = dice_odds(&sim->dice, 10)   ? view_text("ME")
                : dice_odds(&sim->dice, 10) ? view_text(DEAD_LETTERS_NAME)
                                            : choose_name(sim);
    word.timer = arena_format(&sim->arena, "timer-%u",
                              (unsigned)dice_roll(&sim->dice, TIMER_NAMES));
    return word;
}
