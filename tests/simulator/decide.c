/* SPDX-License-Identifier: MIT */
/*
 * What the contract says to a request. Requests are decided in the order in which they
 * were asked, then come the timers that are due, then turns.
 */
#include <string.h>

#include "common/base/log.h"
#include "tests/simulator/sim.h"

#define STATE_WAIT_NS (60LL * 1000000000)

void decide_with(struct sim *sim, struct post *post, const struct effect *effects,
                 size_t count)
{
    post->status =
        records_next(sim, effects[0].actor, effects[0].kind == EFFECT_REMOVE);
    if (post->status == STATUS_OK)
        sim_event_add(sim, effects, count);
}

static struct actor_model *wanted(struct sim *sim, struct post *post)
{
    struct actor_model *actor = model_actor(&sim->decided, post->actor);
    if (!actor)
        post->status = STATUS_NOT_FOUND;
    return actor;
}

/* -------------------------------------------------------------------------- send ---
 */

/* A message's bytes without one final newline. */
static struct view stripped(struct view message)
{
    if (message.size && message.data[message.size - 1] == '\n') {
        message.size--;
        if (message.size && message.data[message.size - 1] == '\r')
            message.size--;
    }
    return message;
}

static int64_t due_of(const struct sim *sim, const struct parameters *parameters)
{
    if (parameters->delay_ms > 0)
        return sim->wall_ms + parameters->delay_ms;
    return parameters->at_ms > sim->wall_ms ? parameters->at_ms : 0;
}

struct sending {
    struct effect effects[SEND_MESSAGES_MAX + 2];
    size_t count;
    uint64_t added, next, last;
};

static struct effect *add(struct sending *sending, enum effect_kind kind,
                          uint64_t actor)
{
    struct effect *effect = &sending->effects[sending->count++];
    *effect = (struct effect){.kind = kind, .actor = actor};
    return effect;
}

static void add_message(struct sim *sim, struct post *post, struct sending *sending,
                        uint64_t actor, size_t n, const struct key *key)
{
    struct effect *effect = add(sending, EFFECT_ACCEPT, actor);
    effect->text = post->messages[n];
    effect->key = arena_copy(&sim->arena, key_view(key));
    effect->timer = arena_copy(&sim->arena, view_text(post->parameters.timer));
    effect->due_ms = due_of(sim, &post->parameters);
    effect->openings = sim->openings;
    sending->last = effect->sequence = sending->next++;
    sending->added++;
}

/* Known already, new, or refused. */
static enum status send_one(struct sim *sim, struct post *post, struct sending *sending,
                            const struct actor_model *actor, uint64_t id, size_t n)
{
    struct key key = {0};
    if (post->parameters.key.size)
        key_of_line(&post->parameters.key, post->first_line + n, &key);
    const struct task_model *known =
        key.size && actor ? actor_task_of_key(&sim->decided, actor, key_view(&key),
                                              sim->step_clock_ms)
                          : NULL;
    if (!known) {
        add_message(sim, post, sending, id, n, &key);
        return STATUS_OK;
    }
    sending->last = known->sequence;
    return view_equal(stripped(known->message), stripped(post->messages[n]))
               ? STATUS_OK
               : STATUS_CONFLICT;
}

/* A waiting timer of the same name makes room for the new one. */
static uint64_t replace_timer(struct sending *sending, const struct actor_model *actor,
                              const char *name)
{
    uint64_t sequence = *name ? actor->timers[timer_of(view_text(name))] : 0;
    if (!sequence || actor_task(actor, sequence)->state != TASK_DELAYED)
        return 0;
    struct effect *effect = add(sending, EFFECT_FINISH, actor->id);
    effect->sequence = sequence;
    effect->outcome = TASK_CANCELED;
    effect->text = view_of("", 0);
    return 1;
}

/* `.SEQ` names a task that there is; nothing is sent under such a key. */
static bool is_servers_own(struct sim *sim, const struct post *post,
                           const struct actor_model *actor)
{
    const struct key *key = &post->parameters.key;
    if (key->size == 0 || key->text[0] != '.')
        return false;
    return post->count > 1 || post->first_line > 1 || !actor ||
           !actor_task_of_key(&sim->decided, actor, key_view(key), sim->step_clock_ms);
}

static enum status send_all(struct sim *sim, struct post *post, struct sending *sending,
                            const struct actor_model *actor, uint64_t id)
{
    uint64_t unfinished = 0;
    sending->next = actor ? actor->next : 1;
    if (post->parameters.at_ms - sim->wall_ms > DELAY_MS_MAX)
        return STATUS_INVALID;
    if (post->parameters.timer[0] && (post->parameters.key.size || post->count > 1))
        return STATUS_INVALID;
    if (is_servers_own(sim, post, actor))
        return STATUS_NOT_FOUND;
    if (actor) {
        unfinished = actor_count_pending(actor) + actor_count_delayed(actor);
        unfinished -= replace_timer(sending, actor, post->parameters.timer);
    }
    for (size_t n = 0; n < post->count; n++) {
        enum status status = send_one(sim, post, sending, actor, id, n);
        if (status)
            return status;
    }
    if (sending->added && actor &&
        (actor->is_retiring || (post->refuse_suspended && actor->is_suspended)))
        return STATUS_BUSY;
    if (sending->added && unfinished + sending->added > sim->options.mailbox_tasks_max)
        return STATUS_FULL;
    return STATUS_OK;
}

static void decide_post_send(struct sim *sim, struct post *post)
{
    struct sending sending = {0};
    const struct actor_model *actor =
        post->actor       ? model_actor(&sim->decided, post->actor)
        : post->name.size ? model_actor_named(&sim->decided, post->name)
                          : NULL;
    uint64_t id = actor ? actor->id : sim->decided.actor_count + 1;
    for (size_t n = 0; n < post->count; n++)
        if (post->messages[n].size > sim->options.message_bytes_max)
            post->status = STATUS_TOO_LARGE;
    if (!post->status && !actor && (post->actor || !post->parameters.create))
        post->status = STATUS_NOT_FOUND;
    if (!post->status && !actor && name_check_actor(post->name))
        post->status = STATUS_INVALID;
    if (post->status)
        return;
    if (!actor) {
        struct effect *effect = add(&sending, EFFECT_CREATE, id);
        effect->text = post->name;
        effect->owner = post->owner;
    }
    post->status = send_all(sim, post, &sending, actor, id);
    if (!post->status && (sending.added || !actor))
        decide_with(sim, post, sending.effects, sending.count);
    post->answer_actor = id;
    post->sequence = sending.last;
    post->replayed = sending.added == 0;
}

/* ------------------------------------------------------------------------ actors ---
 */

static void decide_post_create(struct sim *sim, struct post *post)
{
    post->status = name_check_actor(post->name);
    if (!post->status && model_actor_named(&sim->decided, post->name))
        post->status = STATUS_EXISTS;
    if (post->status)
        return;
    struct effect effect = {.kind = EFFECT_CREATE,
                            .actor = sim->decided.actor_count + 1,
                            .text = post->name,
                            .owner = post->owner};
    post->answer_actor = effect.actor;
    decide_with(sim, post, &effect, 1);
}

static void decide_post_remove(struct sim *sim, struct post *post)
{
    struct actor_model *actor = wanted(sim, post);
    struct effect effect = {.kind = EFFECT_REMOVE, .actor = post->actor};
    if (actor && (!actor_is_through(actor) || turns_of(sim, actor->id)))
        post->status = STATUS_NOT_EMPTY;
    else if (actor)
        decide_with(sim, post, &effect, 1);
}

static void decide_post_owner(struct sim *sim, struct post *post)
{
    struct effect effect = {.kind = EFFECT_OWNER,
                            .actor = post->actor,
                            .part = post->part,
                            .owner = post->owner};
    if (wanted(sim, post))
        decide_with(sim, post, &effect, 1);
}

static void decide_post_behavior(struct sim *sim, struct post *post)
{
    struct effect effect = {
        .kind = EFFECT_BEHAVIOR, .actor = post->actor, .text = post->name};
    bool is_known = post->name.size == 0;
    if (!wanted(sim, post))
        return;
    for (const char *const *one = sim->rules.behaviors; *one; one++)
        is_known |= view_equal(post->name, view_text(*one));
    if (is_known)
        decide_with(sim, post, &effect, 1);
    else
        post->status = STATUS_INVALID;
}

void decide_set_state(struct sim *sim, struct post *post)
{
    struct actor_model *actor = model_actor(&sim->decided, post->actor);
    struct effect effect = {.kind = EFFECT_STATE,
                            .actor = post->actor,
                            .state = post->state,
                            .text = post->type};
    if (post->expected_version != STATE_VERSION_ANY &&
        post->expected_version != actor->state_version)
        post->status = STATUS_STALE;
    else
        decide_with(sim, post, &effect, 1);
    post->version = actor->state_version;
    post->follows = sim->committed_records + sim->event_count;
    post->is_decided = true;
}

static void decide_post_state(struct sim *sim, struct post *post)
{
    struct actor_model *actor = wanted(sim, post);
    struct turn *turn = actor ? turns_of(sim, actor->id) : NULL;
    if (!actor)
        return;
    if (post->state.size > sim->options.state_bytes_max) {
        post->status = STATUS_TOO_LARGE;
    } else if (turn) {
        post->deadline_ns = sim->now_ns + STATE_WAIT_NS;
        post->is_decided = false;
        post_list_add(&turn->parked, post);
    } else {
        decide_set_state(sim, post);
    }
}

static void decide_post_refusal(struct sim *sim, struct post *post)
{
    if (model_actor(&sim->decided, post->actor))
        sim_loose(sim, post->actor)->refused++;
}

/* --------------------------------------------------------------------- all of it ---
 */

static void decide_one(struct sim *sim, struct post *post)
{
    post->is_decided = true;
    post->status = STATUS_OK;
    switch (post->kind) {
    case POST_SEND:
        decide_post_send(sim, post);
        break;
    case POST_CREATE:
        decide_post_create(sim, post);
        break;
    case POST_REMOVE:
        decide_post_remove(sim, post);
        break;
    case POST_OWNER:
        decide_post_owner(sim, post);
        break;
    case POST_STATE:
        decide_post_state(sim, post);
        break;
    case POST_CONTROL:
        decide_control_words(sim, post);
        break;
    case POST_BEHAVIOR:
        decide_post_behavior(sim, post);
        break;
    case POST_REFUSAL:
        decide_post_refusal(sim, post);
        break;
    case POST_TURN:
        turns_finish(sim, post);
        break;
    }
    post->follows = sim->committed_records + sim->event_count;
    if ((post->kind == POST_CONTROL || post->kind == POST_TURN) && !post->status)
        records_retire(sim, post->actor);
    if (post->is_decided)
        sim_trace(sim, "  decided: %s", status_text(post->status));
    else
        sim_trace(sim, "  waits for the turn");
}

/* The delayed task that is due before all others; by actor and number where two are due
   at once. */
static const struct task_model *next_due(struct sim *sim, uint64_t *actor_out)
{
    const struct task_model *first = NULL;
    for (size_t i = 0; i < sim->decided.actor_count; i++) {
        const struct actor_model *actor = sim->decided.actors[i];
        for (uint64_t n = 1; !actor->is_gone && n < actor->next; n++) {
            const struct task_model *task = &actor->tasks[n];
            if (task->sequence && task->state == TASK_DELAYED &&
                task->due_ms <= sim->wall_ms &&
                (!first || task->due_ms < first->due_ms)) {
                first = task;
                *actor_out = actor->id;
            }
        }
    }
    return first;
}

static void fire_timers(struct sim *sim)
{
    uint64_t actor = 0;
    const struct task_model *task;
    while ((task = next_due(sim, &actor))) {
        struct effect effect = {
            .kind = EFFECT_DUE, .actor = actor, .sequence = task->sequence};
        enum status status = records_next(sim, actor, false);
        sim_trace(sim, "  due: task %llu of actor %llu: %s",
                  (unsigned long long)task->sequence, (unsigned long long)actor,
                  status_text(status));
        if (status)
            return;
        sim_event_add(sim, &effect, 1);
    }
}

void decide_all(struct sim *sim)
{
    if (sim->is_synced)
        return;
    sim->is_synced = true;
    for (size_t i = 0; i < sim->taken.count; i++)
        if (!sim->taken.list[i]->is_decided && !sim->taken.list[i]->deadline_ns)
            decide_one(sim, sim->taken.list[i]);
    turns_expire(sim);
    fire_timers(sim);
}
