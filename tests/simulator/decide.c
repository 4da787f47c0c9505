/* SPDX-License-Identifier: MIT */
/*
 * What the contract says to a request. Requests are decided in the order in which they
 * were asked, then come the timers that are due, then turns.
 */
#include <string.h>

#include "tests/simulator/sim.h"

#define STATE_WAIT_NS (60LL * 1000000000)

void decide_with(struct sim *sim, struct post *post, struct decision *decision)
{
    const struct event *event = &decision->event;
    const struct effect *last = &event->effects[event->count - 1];
    bool removes = last->kind == EFFECT_REMOVE;
    post->status =
        records_next(sim, removes ? last->actor : event->effects[0].actor, removes);
    if (post->status == STATUS_OK)
        decision_keep(decision);
    decision_drop(decision);
}

static void decide_one_effect(struct sim *sim, struct post *post,
                              const struct effect *effect)
{
    struct decision decision;
    decision_begin(&decision, sim, false);
    decision_put(&decision, effect);
    decide_with(sim, post, &decision);
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

int64_t decide_due(const struct sim *sim, const struct parameters *parameters)
{
    if (parameters->delay_ms > 0)
        return sim->wall_ms + parameters->delay_ms;
    return parameters->at_ms > sim->wall_ms ? parameters->at_ms : 0;
}

bool decide_is_same(struct sim *sim, const struct actor_model *actor,
                    const struct task_model *known, struct view message)
{
    const struct behavior *behavior = model_behavior(&sim->decided, actor);
    return view_equal(stripped(known->message), stripped(message)) ||
           (behavior && behavior->policy.key_decides);
}

bool decide_makes(struct sim *sim, struct view name,
                  const struct parameters *parameters)
{
    const struct behavior *behavior = rules_behavior(&sim->rules, name);
    return parameters->create || (behavior && behavior->policy.create);
}

bool decide_replace_timer(struct decision *decision, const struct actor_model *actor,
                          const char *name)
{
    uint64_t sequence = *name ? actor->timers[timer_of(view_text(name))] : 0;
    if (!sequence || actor_task(actor, sequence)->state != TASK_DELAYED)
        return false;
    struct task_model task = *actor_task(actor, sequence);
    struct effect effect = {.kind = EFFECT_FINISH,
                            .actor = actor->id,
                            .sequence = sequence,
                            .outcome = TASK_CANCELED,
                            .text = view_of("", 0)};
    decision_put(decision, &effect);
    notices_finished(decision, actor->id, &task, TASK_CANCELED, view_of("", 0));
    return true;
}

struct sending {
    struct decision decision;
    uint64_t added, last;
};

static void add_message(struct sim *sim, struct post *post, struct sending *sending,
                        uint64_t actor, size_t n, const struct key *key)
{
    struct effect effect = {
        .kind = EFFECT_ACCEPT,
        .actor = actor,
        .sequence = decision_next(&sending->decision, actor),
        .text = post->messages[n],
        .key = arena_copy(&sim->arena, key_view(key)),
        .timer = arena_copy(&sim->arena, view_text(post->parameters.timer)),
        .due_ms = decide_due(sim, &post->parameters),
        .openings = sim->openings,
        .letter = {.caller = post->caller, .headers = post->headers}};
    sending->last = effect.sequence;
    sending->added++;
    decision_put(&sending->decision, &effect);
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
    return decide_is_same(sim, actor, known, post->messages[n]) ? STATUS_OK
                                                                : STATUS_CONFLICT;
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
    if (post->parameters.at_ms - sim->wall_ms > DELAY_MS_MAX)
        return STATUS_INVALID;
    if (post->parameters.timer[0] && (post->parameters.key.size || post->count > 1))
        return STATUS_INVALID;
    if (is_servers_own(sim, post, actor))
        return STATUS_NOT_FOUND;
    if (actor) {
        unfinished = actor_count_unfinished(actor);
        unfinished -=
            decide_replace_timer(&sending->decision, actor, post->parameters.timer);
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

static enum status find_target(struct sim *sim, const struct post *post,
                               const struct actor_model *actor)
{
    for (size_t n = 0; n < post->count; n++)
        if (post->messages[n].size > sim->options.message_bytes_max)
            return STATUS_TOO_LARGE;
    if (actor)
        return STATUS_OK;
    if (post->actor || !post->name.size ||
        !decide_makes(sim, post->name, &post->parameters))
        return STATUS_NOT_FOUND;
    return name_check_actor(post->name) ? STATUS_INVALID : STATUS_OK;
}

static void decide_post_send(struct sim *sim, struct post *post)
{
    struct sending sending = {0};
    const struct actor_model *actor =
        post->actor       ? model_actor(&sim->decided, post->actor)
        : post->name.size ? model_actor_named(&sim->decided, post->name)
                          : NULL;
    uint64_t id = actor ? actor->id : sim->decided.actor_count + 1;
    post->status = find_target(sim, post, actor);
    if (post->status)
        return;
    decision_begin(&sending.decision, sim, false);
    if (!actor) {
        struct effect effect = {.kind = EFFECT_CREATE,
                                .actor = id,
                                .text = post->name,
                                .owner = post->owner};
        decision_put(&sending.decision, &effect);
    }
    post->status = send_all(sim, post, &sending, actor, id);
    if (!post->status && (sending.added || !actor))
        decide_with(sim, post, &sending.decision);
    decision_drop(&sending.decision);
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
    decide_one_effect(sim, post, &effect);
}

static void decide_post_remove(struct sim *sim, struct post *post)
{
    struct actor_model *actor = wanted(sim, post);
    struct decision decision;
    if (!actor)
        return;
    if (!actor_is_through(actor) || turns_of(sim, actor->id)) {
        post->status = STATUS_NOT_EMPTY;
        return;
    }
    decision_begin(&decision, sim, false);
    notices_gone(&decision, actor->id);
    decide_with(sim, post, &decision);
}

static void decide_post_owner(struct sim *sim, struct post *post)
{
    struct effect effect = {.kind = EFFECT_OWNER,
                            .actor = post->actor,
                            .part = post->part,
                            .owner = post->owner};
    if (wanted(sim, post))
        decide_one_effect(sim, post, &effect);
}

static void decide_post_behavior(struct sim *sim, struct post *post)
{
    struct effect effect = {
        .kind = EFFECT_BEHAVIOR, .actor = post->actor, .text = post->name};
    if (!wanted(sim, post))
        return;
    if (post->name.size == 0 || rules_find(&sim->rules, post->name))
        decide_one_effect(sim, post, &effect);
    else
        post->status = STATUS_INVALID;
}

/* The message of the task that a state under a key leaves behind. */
static struct view receipt_of(struct sim *sim, const struct post *post)
{
    uint8_t fingerprint[16];
    BYTES_AUTO(text);
    engine_fingerprint(post->state, fingerprint);
    bytes_append_text(&text, "PUT state ");
    for (size_t i = 0; i < sizeof fingerprint; i++)
        bytes_format(&text, "%02x", fingerprint[i]);
    return arena_copy(&sim->arena, view_bytes(&text));
}

static uint64_t number_of(struct view digits)
{
    uint64_t number = 0;
    for (size_t i = 0; i < digits.size; i++)
        number = number * 10 + (uint64_t)(digits.data[i] - '0');
    return number;
}

/* False when the key is not known, or there is none. */
static bool is_state_known(struct sim *sim, struct post *post,
                           const struct actor_model *actor)
{
    const struct key *key = &post->parameters.key;
    const struct task_model *known =
        key->size
            ? actor_task_of_key(&sim->decided, actor, key_view(key), sim->step_clock_ms)
            : NULL;
    if (!known)
        return false;
    post->replayed = view_equal(known->message, receipt_of(sim, post));
    post->status = post->replayed ? STATUS_OK : STATUS_CONFLICT;
    if (post->replayed)
        post->version = number_of(known->result);
    return true;
}

static void put_receipt(struct decision *decision, struct post *post,
                        const struct actor_model *actor)
{
    struct sim *sim = decision->sim;
    struct effect accept = {
        .kind = EFFECT_ACCEPT,
        .actor = actor->id,
        .sequence = decision_next(decision, actor->id),
        .text = receipt_of(sim, post),
        .key = arena_copy(&sim->arena, key_view(&post->parameters.key)),
        .openings = sim->openings};
    struct effect finish = {
        .kind = EFFECT_FINISH,
        .actor = actor->id,
        .sequence = accept.sequence,
        .outcome = TASK_DONE,
        .text = arena_format(&sim->arena, "%llu",
                             (unsigned long long)actor->state_version + 1)};
    decision_put(decision, &accept);
    decision_put(decision, &finish);
}

static void write_state(struct sim *sim, struct post *post, struct actor_model *actor)
{
    struct decision decision;
    struct effect effect = {.kind = EFFECT_STATE,
                            .actor = post->actor,
                            .state = post->state,
                            .text = post->type};
    decision_begin(&decision, sim, false);
    decision_put(&decision, &effect);
    if (post->parameters.key.size)
        put_receipt(&decision, post, actor);
    decide_with(sim, post, &decision);
    post->version = actor->state_version;
}

void decide_set_state(struct sim *sim, struct post *post)
{
    struct actor_model *actor = model_actor(&sim->decided, post->actor);
    bool is_stale = post->expected_version != STATE_VERSION_ANY &&
                    post->expected_version != actor->state_version;
    post->version = actor->state_version;
    if (is_state_known(sim, post, actor))
        ;
    else if (is_stale)
        post->status = STATUS_STALE;
    else
        write_state(sim, post, actor);
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
    } else if (turn && !is_state_known(sim, post, actor)) {
        post->deadline_ns = sim->now_ns + STATE_WAIT_NS;
        post->is_decided = false;
        post_list_add(&turn->parked, post);
    } else if (!turn) {
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
        struct decision decision;
        decision_begin(&decision, sim, false);
        decision_put(&decision, &effect);
        decision_keep(&decision);
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
