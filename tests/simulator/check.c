/* SPDX-License-Identifier: MIT */
/*
 * What readers are shown, held against the model of what is committed. Between a step
 * and its commit nothing of the step may be seen but what needs no disk: that a turn
 * runs, and how many refusals were counted (both are gone after a crash).
 */
#include <inttypes.h>
#include <string.h>

#include "tests/simulator/sim.h"

#define FINISHED_CHECKED 24 /* of an actor's many finished tasks, each time */

struct look {
    struct sim *sim;
    const struct actor_model *actor;
    bool settled;
};

#define EXPECT(look, is, should, what)                                                 \
    expect_number((look), (uint64_t)(is), (uint64_t)(should), (what))

static void expect_number(const struct look *look, uint64_t is, uint64_t should,
                          const char *what)
{
    SIM_CHECK(look->sim, is == should, "%.*s: %s is %" PRIu64 " and should be %" PRIu64,
              (int)look->actor->name.size, look->actor->name.data, what, is, should);
}

static void expect_bytes(const struct look *look, struct view is, struct view should,
                         const char *what)
{
    SIM_CHECK(look->sim, view_equal(is, should), "%.*s: %s is `%.*s`, not `%.*s`",
              (int)look->actor->name.size, look->actor->name.data, what, (int)is.size,
              is.data, (int)should.size, should.data);
}

static void expect_text(const struct look *look, const char *is, struct view should,
                        const char *what)
{
    /* Texts end at a zero byte. */
    const char *end = should.size ? memchr(should.data, '\0', should.size) : NULL;
    if (end)
        should.size = (size_t)(end - should.data);
    expect_bytes(look, view_text(is), should, what);
}

/* ------------------------------------------------------------------------- status ---
 */

static const struct turn *shown_turn(const struct look *look)
{
    struct turn *turn = turns_of(look->sim, look->actor->id);
    return turn && !turn->is_void ? turn : NULL;
}

static enum activity activity(const struct look *look)
{
    const struct actor_model *actor = look->actor;
    if (shown_turn(look))
        return ACTIVITY_RUNNING;
    if (actor->is_suspended)
        return ACTIVITY_SUSPENDED;
    if (actor->retry_sequence)
        return ACTIVITY_RETRYING;
    return model_behavior(&look->sim->committed, actor) ? ACTIVITY_IDLE
                                                        : ACTIVITY_NO_BEHAVIOR;
}

static void check_counts(const struct look *look, const struct actor_info *info)
{
    const struct actor_model *actor = look->actor;
    EXPECT(look, info->pending + info->running,
           actor_count_pending(actor) + actor_count(actor, TASK_DEFERRED), "pending");
    EXPECT(look, info->delayed, actor_count(actor, TASK_DELAYED), "delayed");
    EXPECT(look, info->done, actor->done, "done");
    EXPECT(look, info->failed, actor->failed, "failed");
    EXPECT(look, info->canceled, actor->canceled, "canceled");
    EXPECT(look, info->mailbox_bytes, actor_mailbox_bytes(actor), "mailbox-bytes");
    if (!look->settled)
        return;
    EXPECT(look, info->running, shown_turn(look) != NULL, "running");
    EXPECT(look, info->activity, activity(look), "activity");
    EXPECT(look, info->refused, sim_loose(look->sim, actor->id)->refused, "refused");
}

static void check_owners(const struct look *look, const struct actor_info *info)
{
    for (unsigned part = 0; part < PART_COUNT; part++) {
        const struct engine_owner *owner = &look->actor->owners[part];
        EXPECT(look, info->owners[part].uid, owner->uid, "uid");
        EXPECT(look, info->owners[part].gid, owner->gid, "gid");
        EXPECT(look, info->owners[part].mode, owner->mode, "mode");
    }
}

static void check_info(const struct look *look, const struct actor_info *info)
{
    const struct actor_model *actor = look->actor;
    expect_text(look, info->name, actor->name, "name");
    const struct behavior *behavior = model_behavior(&look->sim->committed, actor);
    expect_text(look, info->behavior, view_text(behavior ? behavior->name : ""),
                "behavior");
    expect_text(look, info->behavior_set, actor->behavior, "behavior set");
    expect_text(look, info->state_type, actor->type, "content type");
    expect_text(look, info->last_error, actor->last_error, "last-error");
    EXPECT(look, info->state_version, actor->state_version, "state-version");
    EXPECT(look, info->state_bytes, actor->state.size, "state-bytes");
    EXPECT(look, info->log_bytes, actor->log_bytes, "bytes of log");
    EXPECT(look, info->created_ms, actor->created_ms, "created");
    EXPECT(look, info->state_ms, actor->state_ms, "time of state");
    EXPECT(look, info->last_turn_ms, actor->last_turn_ms, "last-turn");
    check_counts(look, info);
    check_owners(look, info);
}

/* It grows with every change. */
static void check_changes(const struct look *look, uint64_t changes)
{
    struct loose *loose = sim_loose(look->sim, look->actor->id);
    bool changed = look->actor->touches != loose->touches;
    SIM_CHECK(look->sim,
              changes > loose->changes || (changes == loose->changes && !changed),
              "%.*s changed, and `changes` does not tell", (int)look->actor->name.size,
              look->actor->name.data);
    loose->changes = changes;
    loose->touches = look->actor->touches;
}

static void check_state(const struct look *look)
{
    BYTES_AUTO(state);
    uint64_t version = 0;
    SIM_CHECK(look->sim,
              !engine_state(look->sim->engine, look->actor->id, &state, &version),
              "a state cannot be read");
    expect_bytes(look, view_bytes(&state), look->actor->state, "state");
    EXPECT(look, version, look->actor->state_version, "version of the state");
}

/* -------------------------------------------------------------------------- tasks ---
 */

static enum task_state shown_state(const struct look *look,
                                   const struct task_model *task)
{
    const struct turn *turn = shown_turn(look);
    return turn && turn->sequence == task->sequence ? TASK_RUNNING : task->state;
}

static int64_t shown_due_ms(const struct look *look, const struct task_model *task)
{
    bool is_retrying =
        task->state == TASK_RETRYING && look->actor->retry_sequence == task->sequence;
    return is_retrying ? look->actor->retry_ms : task->due_ms;
}

static void check_task_info(const struct look *look, const struct task_model *task,
                            const struct task_info *info)
{
    struct key key = task_key(task);
    EXPECT(look, info->sequence, task->sequence, "sequence number");
    EXPECT(look, info->attempts, task->attempts, "attempts");
    EXPECT(look, info->accepted_ms, task->accepted_ms, "time of acceptance");
    EXPECT(look, info->due_ms, shown_due_ms(look, task), "due time");
    EXPECT(look, info->finished_ms, task->finished_ms, "time of completion");
    EXPECT(look, info->message_bytes, task->message.size, "bytes of a message");
    expect_bytes(look, key_view(&info->key), key_view(&key), "key");
    if (look->settled || task_state_is_final(task->state))
        EXPECT(look, info->state, shown_state(look, task), "state of a task");
}

static void check_outcome(const struct look *look, const struct task_model *task,
                          const struct key *key)
{
    BYTES_AUTO(message);
    BYTES_AUTO(result);
    struct engine *engine = look->sim->engine;
    enum status status = engine_outcome(engine, look->actor->id, key, &result);
    enum status expected = task->state == TASK_DONE       ? STATUS_OK
                           : task->state == TASK_FAILED   ? STATUS_FAILED
                           : task->state == TASK_CANCELED ? STATUS_CANCELED
                                                          : STATUS_AGAIN;
    EXPECT(look, status, expected, "status of an outcome");
    if (expected != STATUS_AGAIN)
        expect_bytes(look, view_bytes(&result), task->result, "result");
    EXPECT(look, engine_message(engine, look->actor->id, key, &message), STATUS_OK,
           "status of a message");
    expect_bytes(look, view_bytes(&message), task->message, "message");
}

/* What a key says now: its task, or nothing. */
static void check_key(const struct look *look, const struct key *key)
{
    struct sim *sim = look->sim;
    struct task_info info;
    const struct task_model *task = actor_task_of_key(
        &sim->committed, look->actor, key_view(key), sim_store_clock(sim));
    enum status status = engine_task(sim->engine, look->actor->id, key, &info);
    SIM_CHECK(sim, status == (task ? STATUS_OK : STATUS_NOT_FOUND),
              "%.*s: key %.*s is %s", (int)look->actor->name.size,
              look->actor->name.data, key->size, key->text,
              task ? "not known any more" : "still known");
    if (!task)
        return;
    check_task_info(look, task, &info);
    if (dice_odds(&sim->dice, 4))
        check_outcome(look, task, key);
}

static void check_task(const struct look *look, const struct task_model *task)
{
    struct key key = task_key(task), numbered;
    check_key(look, &key);
    key_of_sequence(task->sequence, &numbered);
    if (task->key.size && dice_odds(&look->sim->dice, 8))
        check_key(look, &numbered);
}

/* Those that are unfinished, those that finished last, and some others. */
static void check_tasks(const struct look *look)
{
    const struct actor_model *actor = look->actor;
    unsigned finished = 0;
    for (uint64_t i = actor->next - 1; i > 0; i--) {
        const struct task_model *task = &actor->tasks[i];
        if (!task->sequence)
            continue;
        bool is_final = task_state_is_final(task->state);
        finished += is_final;
        if (!is_final || finished < FINISHED_CHECKED ||
            dice_roll(&look->sim->dice, actor->next) < FINISHED_CHECKED)
            check_task(look, task);
    }
}

static void check_last_result(const struct look *look)
{
    BYTES_AUTO(result);
    const struct actor_model *actor = look->actor;
    const struct task_model *task = actor_task(actor, actor->last_finished);
    struct view should = view_of("", 0);
    EXPECT(look, engine_last_result(look->sim->engine, actor->id, &result), STATUS_OK,
           "status of the last result");
    if (actor->last_finished && !task->forgotten && task_state_is_final(task->state))
        should = task->result;
    /* What is not known any more may be gone or not. */
    if (result.size == 0 && should.size &&
        !task_is_known(&look->sim->committed, actor, task, sim_store_clock(look->sim)))
        return;
    expect_bytes(look, view_bytes(&result), should, "last result");
}

/* ------------------------------------------------------------------------- actors ---
 */

static void check_gone(struct sim *sim, const struct actor_model *actor)
{
    struct actor_info info;
    SIM_CHECK(sim, engine_actor(sim->engine, actor->id, &info) == STATUS_NOT_FOUND,
              "actor %llu is still there", (unsigned long long)actor->id);
}

static void check_name(const struct look *look)
{
    uint64_t id = 0;
    EXPECT(look, engine_find(look->sim->engine, look->actor->name, &id), STATUS_OK,
           "status of its name");
    EXPECT(look, id, look->actor->id, "id");
}

void check_actor(struct sim *sim, const struct actor_model *actor)
{
    struct look look = {sim, actor, !sim->event_count && !sim->read_only};
    struct actor_info info;
    sim->steps++;
    if (actor->is_gone) {
        check_gone(sim, actor);
        return;
    }
    SIM_CHECK(sim, !engine_actor(sim->engine, actor->id, &info), "%.*s is not there",
              (int)actor->name.size, actor->name.data);
    check_info(&look, &info);
    check_changes(&look, info.changes);
    check_name(&look);
    check_state(&look);
    check_tasks(&look);
    check_last_result(&look);
    check_log(sim, actor, info.log_bytes);
    check_mailbox(sim, actor, look.settled);
}

void check_some(struct sim *sim)
{
    if (sim->committed.actor_count == 0)
        return;
    size_t recent = sim->committed.actor_count < 12 ? sim->committed.actor_count : 12;
    size_t at = sim->committed.actor_count - 1 - dice_roll(&sim->dice, recent);
    check_actor(sim, sim->committed.actors[at]);
}

void check_all(struct sim *sim)
{
    for (size_t i = 0; i < sim->committed.actor_count; i++)
        check_actor(sim, sim->committed.actors[i]);
    check_totals(sim);
    check_attention(sim);
    check_list(sim);
}

void check_opened(struct sim *sim)
{
    BYTES_AUTO(faults);
    for (size_t i = 0; i < sim->committed.actor_count; i++) {
        struct actor_info info;
        struct loose *loose = sim_loose(sim, i + 1);
        if (engine_actor(sim->engine, i + 1, &info))
            continue;
        SIM_CHECK(sim, info.refused <= loose->refused, "refusals that never were");
        loose->refused = info.refused;
        loose->changes = info.changes;
        loose->touches = sim->committed.actors[i]->touches;
    }
    for (size_t i = sim->committed.actor_count + 1; i < sim->loose_capacity; i++)
        sim->loose[i] = (struct loose){0};
    SIM_CHECK(sim, engine_check(sim->engine, &faults) == 0,
              "the store disagrees with itself: %.*s", (int)faults.size, faults.data);
    check_all(sim);
}
