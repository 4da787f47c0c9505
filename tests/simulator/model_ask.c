/* SPDX-License-Identifier: MIT */
/* What can be asked of the model. */
#include "tests/simulator/model.h"

struct actor_model *model_actor(const struct model *model, uint64_t id)
{
    if (id == 0 || id > model->actor_count || model->actors[id - 1]->is_gone)
        return NULL;
    return model->actors[id - 1];
}

struct actor_model *model_actor_named(const struct model *model, struct view name)
{
    for (size_t i = model->actor_count; i > 0; i--) {
        struct actor_model *actor = model->actors[i - 1];
        if (!actor->is_gone && view_equal(actor->name, name))
            return actor;
    }
    return NULL;
}

const struct behavior *rules_find(const struct rules *rules, struct view name)
{
    for (size_t i = 0; i < rules->kind_count; i++)
        if (!rules->are_away[i] && view_equal(name, view_text(rules->kinds[i].name)))
            return &rules->kinds[i];
    return NULL;
}

/* Contract, section 6: by the name up to its last `_`. */
const struct behavior *rules_behavior(const struct rules *rules, struct view name)
{
    struct view own = name;
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] == '_')
            own = view_of(name.data, i);
    const struct behavior *behavior = rules_find(rules, own);
    return behavior ? behavior : rules->fallback;
}

const struct behavior *model_behavior(const struct model *model,
                                      const struct actor_model *actor)
{
    return actor->behavior.size ? rules_find(model->rules, actor->behavior)
                                : rules_behavior(model->rules, actor->name);
}

struct task_model *actor_task(const struct actor_model *actor, uint64_t sequence)
{
    if (!sequence || sequence >= actor->next || !actor->tasks[sequence].sequence)
        return NULL;
    return &actor->tasks[sequence];
}

bool task_is_pending(const struct task_model *task)
{
    return task->sequence &&
           (task->state == TASK_PENDING || task->state == TASK_RETRYING);
}

bool task_is_known(const struct model *model, const struct actor_model *actor,
                   const struct task_model *task, int64_t clock_ms)
{
    const struct engine_options *options = model->rules->options;
    int64_t age_ms = clock_ms - task->finished_clock_ms;
    if (task->forgotten)
        return false;
    if (!task_state_is_final(task->state))
        return true;
    if (!task->key.size)
        return age_ms < options->retention_keyless_ms &&
               actor->keyless_finished - task->keyless_number < RETENTION_KEYLESS_TASKS;
    return age_ms < (task->state == TASK_FAILED ? options->retention_failed_ms
                                                : options->retention_done_ms);
}

/* Of `.SEQ`; 0: the key is another one. */
static uint64_t number_of(struct view key)
{
    uint64_t number = 0;
    if (key.size < 2 || key.data[0] != '.')
        return 0;
    for (size_t i = 1; i < key.size; i++) {
        if (key.data[i] < '0' || key.data[i] > '9')
            return 0;
        number = number * 10 + (uint64_t)(key.data[i] - '0');
    }
    return number;
}

struct task_model *actor_task_of_key(const struct model *model,
                                     const struct actor_model *actor, struct view key,
                                     int64_t clock_ms)
{
    struct task_model *task = NULL;
    uint64_t sequence = number_of(key);
    if (sequence)
        task = actor_task(actor, sequence);
    else
        for (uint64_t i = actor->next; i > 1 && !task; i--)
            if (actor->tasks[i - 1].sequence &&
                view_equal(actor->tasks[i - 1].key, key))
                task = &actor->tasks[i - 1];
    return task && task_is_known(model, actor, task, clock_ms) ? task : NULL;
}

struct task_model *actor_first(const struct actor_model *actor)
{
    struct task_model *first = NULL;
    for (uint64_t i = 1; i < actor->next; i++)
        if (task_is_pending(&actor->tasks[i]) &&
            (!first || actor->tasks[i].place < first->place))
            first = &actor->tasks[i];
    return first;
}

uint64_t actor_count_pending(const struct actor_model *actor)
{
    uint64_t count = 0;
    for (uint64_t i = 1; i < actor->next; i++)
        count += task_is_pending(&actor->tasks[i]);
    return count;
}

uint64_t actor_count(const struct actor_model *actor, enum task_state state)
{
    uint64_t count = 0;
    for (uint64_t i = 1; i < actor->next; i++)
        count += actor->tasks[i].sequence && actor->tasks[i].state == state;
    return count;
}

uint64_t actor_count_unfinished(const struct actor_model *actor)
{
    uint64_t count = 0;
    for (uint64_t i = 1; i < actor->next; i++)
        count +=
            actor->tasks[i].sequence && !task_state_is_final(actor->tasks[i].state);
    return count;
}

uint64_t actor_mailbox_bytes(const struct actor_model *actor)
{
    uint64_t bytes = 0;
    for (uint64_t i = 1; i < actor->next; i++)
        if (actor->tasks[i].sequence && !task_state_is_final(actor->tasks[i].state))
            bytes += actor->tasks[i].message.size;
    return bytes;
}

bool actor_is_through(const struct actor_model *actor)
{
    return actor_count_unfinished(actor) == 0;
}

struct key task_key(const struct task_model *task)
{
    struct key key = {.size = (uint8_t)task->key.size};
    if (task->key.size)
        memcpy(key.text, task->key.data, task->key.size);
    else
        key_of_sequence(task->sequence, &key);
    return key;
}

struct view task_key_typed(struct arena *arena, const struct task_model *task)
{
    BYTES_AUTO(text);
    struct key key = task_key(task);
    key_append_encoded(&text, &key);
    return arena_copy(arena, view_bytes(&text));
}

unsigned actor_ties(const struct actor_model *actor, uint64_t other)
{
    for (size_t i = 0; i < actor->tie_count; i++)
        if (actor->ties[i].other == other)
            return actor->ties[i].flags;
    return 0;
}

int timer_of(struct view name)
{
    return name.size ? name.data[name.size - 1] - '0' : -1;
}
