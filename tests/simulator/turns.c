/* SPDX-License-Identifier: MIT */
/*
 * Turns of the simulator. Three behaviors are the product's own, whose outcomes the
 * model works out for itself; the others answer whatever the dice say: at once or
 * later, with the disk behind them or running ahead. Every start is held against the
 * model: it must be the first pending task of an actor that may run, with the bytes
 * that were sent, the state as the turns before left it, and, unless it may run ahead,
 * all of it on disk.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/text.h"
#include "tests/simulator/sim.h"

/* Behaviors are started without a context, so the run is kept here. */
static struct sim *current;

struct turn *turns_of(struct sim *sim, uint64_t actor)
{
    for (size_t i = 0; i < TURNS_MAX; i++)
        if (sim->turns[i].actor == actor)
            return &sim->turns[i];
    return NULL;
}

/* ---------------------------------------------------------------------- outcomes ---
 */

/* A whole number of at most 31 bytes, blanks around it left out; nothing is 0. */
static bool read_number(struct view text, long long *number_out)
{
    char digits[32] = "0";
    text = text_trimmed(text, " \t\r\n");
    if (text.size >= sizeof digits)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        bool is_sign = i == 0 && text.size > 1 && memchr("+-", text.data[i], 2);
        if (!is_sign && (text.data[i] < '0' || text.data[i] > '9'))
            return false;
    }
    if (text.size)
        memcpy(digits, text.data, text.size);
    digits[text.size ? text.size : 1] = '\0';
    errno = 0;
    *number_out = strtoll(digits, NULL, 10);
    return errno == 0;
}

/* Contract, section 6: the state grows by the message; the result is the sum. */
static void count(struct sim *sim, struct view state, struct view message,
                  struct turn_answer *answer)
{
    long long sum, by;
    *answer = (struct turn_answer){.verdict = TURN_FAILED};
    if (!read_number(state, &sum) || !read_number(message, &by) ||
        __builtin_add_overflow(sum, by, &sum))
        return;
    *answer = (struct turn_answer){.verdict = TURN_DONE, .state_changed = true};
    answer->state = answer->result = arena_format(&sim->arena, "%lld\n", sum);
}

/* ------------------------------------------------------------------------- starts ---
 */

/* Tasks behind another one hold up nobody. */
static bool only_adds(const struct effect *effect, uint64_t sequence)
{
    return effect->sequence != sequence &&
           (effect->kind == EFFECT_ACCEPT || effect->kind == EFFECT_DUE ||
            effect->kind == EFFECT_RETRY || effect->kind == EFFECT_FORGET ||
            effect->kind == EFFECT_TIE);
}

bool turns_are_durable(const struct sim *sim, uint64_t actor, uint64_t sequence)
{
    for (size_t i = 0; i < sim->event_count; i++)
        for (size_t n = 0; n < sim->events[i].count; n++) {
            const struct effect *effect = &sim->events[i].effects[n];
            if (effect->actor == actor && !only_adds(effect, sequence))
                return false;
        }
    return true;
}

static void check_letter(struct sim *sim, const struct letter_model *letter,
                         const struct turn_input *input)
{
    SIM_CHECK(sim, input->kind == letter->kind, "a turn got a %s, not a %s",
              message_kind_text(input->kind), message_kind_text(letter->kind));
    SIM_CHECK(sim, view_equal(input->sender, letter->sender_name),
              "a turn got a message of `%.*s`, not of `%.*s`", (int)input->sender.size,
              input->sender.data, (int)letter->sender_name.size,
              letter->sender_name.data);
    SIM_CHECK(sim, view_equal(input->reply_to, letter->reply_to),
              "a turn got an answer to `%.*s`, not to `%.*s`",
              (int)input->reply_to.size, input->reply_to.data,
              (int)letter->reply_to.size, letter->reply_to.data);
    SIM_CHECK(sim, view_equal(input->outcome, letter->outcome),
              "a turn got an answer with another outcome");
    SIM_CHECK(sim,
              view_equal(input->caller, letter->caller) &&
                  view_equal(input->headers, letter->headers),
              "a turn got a message of another caller");
}

static void check_task(struct sim *sim, const struct actor_model *actor,
                       const struct task_model *task, const struct turn_input *input)
{
    struct key key = task_key(task);
    uint32_t attempt = 1 + task->attempts + sim->openings - task->openings;
    SIM_CHECK(sim, input->sequence == task->sequence,
              "task %llu of %.*s ran before task %llu",
              (unsigned long long)input->sequence, (int)actor->name.size,
              actor->name.data, (unsigned long long)task->sequence);
    SIM_CHECK(sim, view_equal(input->key, key_view(&key)), "a turn got another key");
    SIM_CHECK(sim, view_equal(input->message, task->message),
              "a turn got another message");
    SIM_CHECK(sim, view_equal(input->state, actor->state),
              "a turn of %.*s got another state", (int)actor->name.size,
              actor->name.data);
    SIM_CHECK(sim, input->attempt == attempt, "attempt %u where %u was due",
              input->attempt, attempt);
    check_letter(sim, &task->letter, input);
}

/* The actor whose turn may start now; anything else is a fault. */
static struct actor_model *check_start(struct sim *sim, struct behavior *behavior,
                                       const struct turn_input *input, uint64_t turn)
{
    SIM_CHECK(sim, sim->in_step, "a turn was started between steps");
    SIM_CHECK(sim, !sim->read_only, "a turn was started though nothing can be kept");
    decide_all(sim);
    turns_settle(sim);
    records_end(sim);
    struct actor_model *actor = model_actor_named(&sim->decided, input->actor);
    SIM_CHECK(sim, actor, "a turn of an actor that is not there");
    const struct task_model *task = actor_first(actor);
    SIM_CHECK(sim, turn == actor->id, "a turn of another number");
    SIM_CHECK(sim, task, "a turn of %.*s, which has nothing pending: %s %llu of %.*s",
              (int)actor->name.size, actor->name.data, message_kind_text(input->kind),
              (unsigned long long)input->sequence, (int)input->sender.size,
              input->sender.data);
    SIM_CHECK(sim, !turns_of(sim, actor->id), "%.*s runs two turns at once",
              (int)actor->name.size, actor->name.data);
    SIM_CHECK(sim, !actor->is_suspended, "%.*s is suspended and runs",
              (int)actor->name.size, actor->name.data);
    SIM_CHECK(sim, !actor->retry_sequence || actor->retry_ms <= sim->wall_ms,
              "%.*s was retried too early", (int)actor->name.size, actor->name.data);
    SIM_CHECK(sim, model_behavior(&sim->decided, actor) == behavior,
              "%.*s was run by %s", (int)actor->name.size, actor->name.data,
              behavior->name);
    SIM_CHECK(sim,
              behavior->runs_ahead || turns_are_durable(sim, actor->id, task->sequence),
              "%.*s ran ahead of the disk", (int)actor->name.size, actor->name.data);
    check_task(sim, actor, task, input);
    kinds_note_start(sim, behavior);
    sim->steps++;
    sim_loose(sim, actor->id)->stuck = 0;
    sim_trace(sim, "  turn: %s for task %llu of %.*s", behavior->name,
              (unsigned long long)task->sequence, (int)actor->name.size,
              actor->name.data);
    return actor;
}

static void note_answer(struct sim *sim, const struct actor_model *actor,
                        struct behavior *behavior, const struct turn_answer *answer)
{
    sim->answered_actor = actor->id;
    sim->answered_behavior = behavior;
    sim->answered_sequence = actor_first(actor)->sequence;
    sim->answered = *answer;
}

static struct view borrowed(struct sim *sim, const struct bytes *bytes)
{
    return arena_copy(&sim->arena, view_bytes(bytes));
}

/* The product's own behavior answers; the model knows what it must say. */
static void run_builtin(struct sim *sim, struct behavior *behavior,
                        const struct turn_input *input, uint64_t turn,
                        struct turn_output *output, struct turn_answer *answer)
{
    struct behavior_set *set = behavior_builtin_set();
    struct behavior *real = set->find(set, view_text(behavior->name));
    ENSURE(real->start(real, input, turn, output, NULL, NULL) == TURN_ANSWERED);
    *answer = (struct turn_answer){.verdict = TURN_DONE};
    if (behavior == &sim->kinds[ECHO]) {
        answer->result_is_message = true;
    } else if (behavior == &sim->kinds[KEEP]) {
        answer->state_changed = true;
        answer->state = arena_copy(&sim->arena, input->message);
    } else {
        count(sim, input->state, input->message, answer);
        answer->error = borrowed(sim, &output->error);
    }
    SIM_CHECK(sim,
              output->verdict == answer->verdict &&
                  output->state_changed == answer->state_changed &&
                  output->result_is_message == answer->result_is_message &&
                  view_equal(view_bytes(&output->result), answer->result) &&
                  view_equal(view_bytes(&output->state), answer->state),
              "%s came to another outcome", behavior->name);
}

enum turn_start turns_start_now(struct behavior *behavior,
                                const struct turn_input *input, uint64_t turn,
                                struct turn_output *output, turn_finish_fn *finish,
                                void *context)
{
    (void)finish, (void)context;
    struct sim *sim = current;
    struct turn_answer answer;
    struct actor_model *actor = check_start(sim, behavior, input, turn);
    if (behavior < &sim->kinds[WILD]) {
        run_builtin(sim, behavior, input, turn, output, &answer);
    } else {
        answers_choose(sim, actor, actor_first(actor), &answer);
        answers_give(&answer, output);
    }
    note_answer(sim, actor, behavior, &answer);
    return TURN_ANSWERED;
}

enum turn_start turns_start_later(struct behavior *behavior,
                                  const struct turn_input *input, uint64_t id,
                                  struct turn_output *output, turn_finish_fn *finish,
                                  void *context)
{
    struct sim *sim = current;
    if (behavior == &sim->kinds[SOON] && dice_odds(&sim->dice, 2))
        return turns_start_now(behavior, input, id, output, finish, context);
    struct actor_model *actor = check_start(sim, behavior, input, id);
    struct turn *turn = turns_of(sim, 0);
    ENSURE(turn);
    *turn = (struct turn){.actor = actor->id,
                          .sequence = actor_first(actor)->sequence,
                          .behavior = behavior,
                          .started_ns = sim->now_ns,
                          .finish = finish,
                          .context = context};
    sim_trace(sim, "  it will answer later");
    return TURN_STARTED;
}

/* ------------------------------------------------------------------------ answers ---
 */

void turns_kill(struct behavior *behavior, uint64_t actor)
{
    struct turn *turn = turns_of(current, actor);
    SIM_CHECK(current, turn && turn->behavior == behavior,
              "a turn was killed that does not run");
    turn->is_killed = true;
}

void turns_answer_one(struct sim *sim)
{
    struct turn *turn = &sim->turns[dice_roll(&sim->dice, TURNS_MAX)];
    for (size_t i = 0; i < TURNS_MAX && (!turn->actor || turn->is_posted); i++)
        turn = &sim->turns[(size_t)(turn - sim->turns + 1) % TURNS_MAX];
    if (!turn->actor || turn->is_posted)
        return;
    struct post *post = arena_take(&sim->arena, sizeof *post);
    *post = (struct post){.sim = sim, .kind = POST_TURN, .actor = turn->actor};
    const struct actor_model *actor = model_actor(&sim->decided, turn->actor);
    answers_choose(sim, actor, actor_task(actor, turn->sequence), &post->answer);
    struct turn_output output = {0};
    answers_give(&post->answer, &output);
    turn->is_posted = true;
    post_list_add(&sim->posted, post);
    sim->steps++;
    sim_trace(sim, "the turn of actor %llu answers: verdict %d",
              (unsigned long long)turn->actor, (int)post->answer.verdict);
    turn->finish(turn->context, turn->actor, &output);
    turn_output_free(&output);
}

/* ------------------------------------------------------------------------- ends ---
 */

void turns_settle(struct sim *sim)
{
    uint64_t actor = sim->answered_actor;
    sim->answered_actor = 0;
    if (actor)
        outcomes_settle(sim, actor, sim->answered_sequence, sim->answered_behavior,
                        &sim->answered, 0);
}

void turns_finish(struct sim *sim, struct post *post)
{
    struct turn *turn = turns_of(sim, post->actor);
    ENSURE(turn);
    struct turn over = *turn;
    post->is_answered = true;
    SIM_CHECK(sim, turn->is_killed == turn->is_void,
              "a turn of actor %llu was %skilled", (unsigned long long)post->actor,
              turn->is_killed ? "" : "not ");
    if (!turn->is_void)
        outcomes_settle(sim, over.actor, over.sequence, over.behavior, &post->answer,
                        (uint32_t)((sim->now_ns - over.started_ns) / 1000000));
    *turn = (struct turn){0};
    for (size_t i = 0; i < over.parked.count; i++)
        if (!over.parked.list[i]->is_decided)
            decide_set_state(sim, over.parked.list[i]);
    free(over.parked.list);
}

void turns_expire(struct sim *sim)
{
    for (size_t i = 0; i < TURNS_MAX; i++)
        for (size_t n = 0; n < sim->turns[i].parked.count; n++) {
            struct post *post = sim->turns[i].parked.list[n];
            if (post->is_decided || sim->now_ns <= post->deadline_ns)
                continue;
            post->status = STATUS_TIMEOUT;
            post->is_decided = true;
        }
}

void turns_forget(struct sim *sim)
{
    for (size_t i = 0; i < TURNS_MAX; i++)
        free(sim->turns[i].parked.list);
    memset(sim->turns, 0, sizeof sim->turns);
    sim->answered_actor = 0;
}

void turns_open(struct sim *sim)
{
    current = sim;
    kinds_open(sim);
}
