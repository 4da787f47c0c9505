/* SPDX-License-Identifier: MIT */
/* What happens next: requests, time that passes, and trouble. */
#include <stdio.h>
#include <string.h>

#include "tests/simulator/sim.h"

/* Mostly one that is there. */
static uint64_t any_actor(struct sim *sim)
{
    struct actor_model *actor = model_actor_named(&sim->decided, choose_name(sim));
    if (sim->plan.sends && dice_odds(&sim->dice, 8))
        actor = model_actor_named(&sim->decided, view_text(DEAD_LETTERS_NAME));
    if (actor && !dice_odds(&sim->dice, 50))
        return actor->id;
    return dice_roll(&sim->dice, sim->decided.actor_count + 2);
}

/* ----------------------------------------------------------------------- messages ---
 */

static void set_key(struct sim *sim, struct post *post)
{
    unsigned number;
    post->parameters.key = choose_key(sim, &number);
    if (dice_odds(&sim->dice, 40))
        key_of_sequence(1 + dice_roll(&sim->dice, 40), &post->parameters.key);
    if (dice_odds(&sim->dice, 10))
        post->first_line = 1 + dice_roll(&sim->dice, 20);
    if (dice_odds(&sim->dice, 8))
        return; /* other bytes under it */
    for (size_t n = 0; n < post->count; n++)
        post->messages[n] = choose_numbered(sim, number + (post->first_line + n) * 100);
}

static void fill_send(struct sim *sim, struct post *post)
{
    post->kind = POST_SEND;
    post->count =
        dice_odds(&sim->dice, 5) ? 1 + dice_roll(&sim->dice, SEND_MESSAGES_MAX) : 1;
    post->first_line = 1;
    parameters_clear(&post->parameters);
    for (size_t n = 0; n < post->count; n++)
        post->messages[n] = choose_message(sim);
    if (dice_odds(&sim->dice, 2))
        set_key(sim, post);
    if (post->count == 1 && dice_odds(&sim->dice, 5))
        choose_times(sim, &post->parameters);
    if (post->parameters.timer[0] && !dice_odds(&sim->dice, 8))
        post->parameters.key.size = 0;
    post->refuse_suspended = dice_odds(&sim->dice, 4);
    post->caller = view_text(dice_odds(&sim->dice, 4) ? "ann" : "");
    post->headers = view_of("", 0);
    if ((sim->plan.sends || sim->plan.ties) && dice_odds(&sim->dice, 4))
        post->headers = view_text("X-Event: push\n");
    if (dice_odds(&sim->dice, 4)) {
        post->actor = 0;
        post->name = choose_name(sim);
        post->parameters.create = true;
        post->owner = choose_owner(sim);
    }
    sim_trace(
        sim, "send %zu to actor %llu %.*s key %.*s line %llu delay %lld at %lld %s",
        post->count, (unsigned long long)post->actor, (int)post->name.size,
        post->name.data, post->parameters.key.size, post->parameters.key.text,
        (unsigned long long)post->first_line, (long long)post->parameters.delay_ms,
        (long long)post->parameters.at_ms, post->parameters.timer);
}

static void fill_control(struct sim *sim, struct post *post)
{
    const struct actor_model *actor = model_actor(&sim->decided, post->actor);
    post->kind = POST_CONTROL;
    post->word_count =
        dice_odds(&sim->dice, 3) ? 1 + dice_roll(&sim->dice, WORDS_MAX) : 1;
    for (size_t i = 0; i < post->word_count; i++)
        post->words[i] = choose_word(sim, actor);
    sim_trace(sim, "control of actor %llu:", (unsigned long long)post->actor);
}

/* --------------------------------------------------------------------------- rest ---
 */

static void fill_create(struct sim *sim, struct post *post)
{
    post->kind = POST_CREATE;
    post->name = dice_odds(&sim->dice, 20) ? view_text("a/b") : choose_name(sim);
    post->owner = choose_owner(sim);
    sim_trace(sim, "create %.*s", (int)post->name.size, post->name.data);
}

static void fill_state(struct sim *sim, struct post *post)
{
    const struct actor_model *actor = model_actor(&sim->decided, post->actor);
    post->kind = POST_STATE;
    post->state = choose_message(sim);
    post->type = view_text(dice_odds(&sim->dice, 2) ? "text/plain" : "");
    post->expected_version = STATE_VERSION_ANY;
    if (actor && dice_odds(&sim->dice, 2))
        post->expected_version = actor->state_version + dice_odds(&sim->dice, 4);
    if (dice_odds(&sim->dice, 3)) {
        unsigned number;
        post->parameters.key = choose_key(sim, &number);
        if (!dice_odds(&sim->dice, 8))
            post->state = choose_numbered(sim, number);
    }
    sim_trace(sim, "state of actor %llu key %.*s", (unsigned long long)post->actor,
              post->parameters.key.size, post->parameters.key.text);
}

static void fill_behavior(struct sim *sim, struct post *post)
{
    post->kind = POST_BEHAVIOR;
    post->name = view_text(dice_odds(&sim->dice, 3) ? ""
                           : dice_odds(&sim->dice, 8)
                               ? "unknown"
                               : turns_names[dice_roll(&sim->dice, KINDS)]);
    sim_trace(sim, "behavior of actor %llu: %.*s", (unsigned long long)post->actor,
              (int)post->name.size, post->name.data);
}

static void fill_other(struct sim *sim, struct post *post)
{
    switch (dice_roll(&sim->dice, 6)) {
    case 0:
    case 1:
        fill_state(sim, post);
        break;
    case 2:
        fill_behavior(sim, post);
        break;
    case 3:
        post->kind = POST_REFUSAL;
        post->messages[0] = view_text("not told");
        sim_trace(sim, "refusal of actor %llu", (unsigned long long)post->actor);
        break;
    case 4:
        post->kind = POST_OWNER;
        post->part = (enum actor_part)dice_roll(&sim->dice, PART_COUNT);
        post->owner = choose_owner(sim);
        sim_trace(sim, "owner of actor %llu", (unsigned long long)post->actor);
        break;
    default:
        fill_create(sim, post);
        break;
    }
}

static void fill_flood(struct sim *sim, struct post *post)
{
    post->kind = POST_SEND;
    post->count = SEND_MESSAGES_MAX;
    post->first_line = 1;
    parameters_clear(&post->parameters);
    for (size_t n = 0; n < post->count; n++)
        post->messages[n] = choose_numbered(sim, n);
    post->actor = 0;
    post->name = view_text(sim->plan.names[0]);
    post->parameters.create = true;
}

static void post_one(struct sim *sim)
{
    struct post *post = arena_take(&sim->arena, sizeof *post);
    post->actor = any_actor(sim);
    if (sim->plan.flood) {
        sim->plan.flood--;
        fill_flood(sim, post);
    } else if (dice_odds(&sim->dice, sim->plan.remove)) {
        post->kind = POST_REMOVE;
        sim_trace(sim, "remove actor %llu", (unsigned long long)post->actor);
    } else if (dice_odds(&sim->dice, sim->plan.control)) {
        fill_control(sim, post);
    } else if (dice_odds(&sim->dice, 8)) {
        fill_other(sim, post);
    } else {
        fill_send(sim, post);
    }
    sim_post(sim, post);
}

/* --------------------------------------------------------------- time and trouble ---
 */

/* Both clocks go on; now and then both leap ahead (a long rest), or the wall clock
   alone is set, forward or backward. */
static void pass_time(struct sim *sim)
{
    int64_t ms = dice_between(&sim->dice, 1, 40);
    if (dice_odds(&sim->dice, sim->plan.jump)) {
        ms = dice_between(&sim->dice, 1, sim->plan.jump_ms_max);
        if (dice_odds(&sim->dice, 3))
            sim->wall_ms += dice_odds(&sim->dice, 2) ? ms : -ms;
    } else if (dice_odds(&sim->dice, 10)) {
        ms = dice_between(&sim->dice, 1000, 20000);
    }
    sim->wall_ms += ms;
    sim->now_ns += ms * 1000000 + dice_between(&sim->dice, 0, 999999);
}

static void plan_fault(struct sim *sim)
{
    static const enum faulty_operation operations[] = {
        FAULTY_WRITE, FAULTY_SYNC, FAULTY_SYNC_NAMES, FAULTY_CREATE, FAULTY_RENAME};
    uint64_t nth = 1 + dice_roll(&sim->dice, 4);
    if (dice_odds(&sim->dice, 2)) {
        sim_trace(sim, "the disk stops at operation %llu", (unsigned long long)nth);
        faulty_disk_stop(sim->disk, nth);
        return;
    }
    size_t at = dice_roll(&sim->dice, sizeof operations / sizeof *operations);
    sim_trace(sim, "the disk fails at operation %llu of kind %u",
              (unsigned long long)nth, operations[at]);
    faulty_disk_fail(sim->disk, operations[at], nth, STATUS_IO);
}

static void fill_disk(struct sim *sim)
{
    sim->is_full = !sim->is_full;
    faulty_disk_set_capacity(sim->disk, sim->is_full ? faulty_disk_used(sim->disk)
                                                     : FAULTY_CAPACITY_NONE);
    sim_trace(sim, "the disk is %s", sim->is_full ? "full" : "roomy again");
}

static void crash(struct sim *sim)
{
    do {
        drive_crash(sim, !dice_odds(&sim->dice, 4));
        drive_open(sim);
    } while (dice_odds(&sim->dice, 8));
}

/* Between a step and its commit. True when it came to a crash. */
static bool disturb_commit(struct sim *sim)
{
    if (dice_odds(&sim->dice, 4))
        check_some(sim);
    if (dice_odds(&sim->dice, 6))
        waits_begin_one(sim);
    if (!dice_odds(&sim->dice, sim->plan.crash))
        return false;
    if (dice_odds(&sim->dice, 2))
        drive_commit_silently(sim);
    crash(sim);
    return true;
}

static void look_around(struct sim *sim)
{
    if (dice_odds(&sim->dice, 3))
        check_some(sim);
    if (dice_odds(&sim->dice, 4))
        check_totals(sim);
    if (dice_odds(&sim->dice, 8))
        check_attention(sim);
    if (dice_odds(&sim->dice, 16))
        check_list(sim);
    if (dice_odds(&sim->dice, 4))
        waits_begin_one(sim);
    if (dice_odds(&sim->dice, 8))
        waits_end_one(sim);
}

static void disturb_rest(struct sim *sim)
{
    if (dice_odds(&sim->dice, sim->plan.checkpoint))
        drive_checkpoint(
            sim, dice_odds(&sim->dice, 2) ? 1 + (unsigned)dice_roll(&sim->dice, 8) : 0);
    if (dice_odds(&sim->dice, 10))
        (void)!journal_prepare(sim->engine->journal);
    if (dice_odds(&sim->dice, sim->plan.full))
        fill_disk(sim);
    if (dice_odds(&sim->dice, sim->plan.away))
        kinds_change(sim);
    if (dice_odds(&sim->dice, sim->plan.crash * 4)) {
        drive_stop_cleanly(sim);
        drive_open(sim);
    } else if (dice_odds(&sim->dice, sim->plan.crash) ||
               (sim->read_only && dice_odds(&sim->dice, 4))) {
        crash(sim);
    }
}

void schedule_round(struct sim *sim)
{
    bool is_ended = false;
    for (uint64_t n = dice_roll(&sim->dice, sim->plan.posts_max + 1); n > 0; n--) {
        post_one(sim);
        if (dice_odds(&sim->dice, sim->plan.later))
            turns_answer_one(sim);
    }
    if (dice_odds(&sim->dice, sim->plan.later))
        turns_answer_one(sim);
    if (dice_odds(&sim->dice, sim->plan.fault))
        plan_fault(sim);
    pass_time(sim);
    drive_step(sim);
    if (sim->is_sealed || !dice_odds(&sim->dice, sim->plan.batch)) {
        if (dice_odds(&sim->dice, sim->plan.checkpoint * 2))
            drive_checkpoint(sim, 0);
        drive_seal(sim);
        is_ended = true;
    }
    if (disturb_commit(sim) || !is_ended)
        return;
    if (sim->is_sealed && dice_odds(&sim->dice, sim->plan.flight))
        return; /* the next step goes on meanwhile */
    drive_commit(sim);
    look_around(sim);
    disturb_rest(sim);
}

void schedule_rest(struct sim *sim)
{
    if (sim->read_only)
        crash(sim);
    faulty_disk_set_capacity(sim->disk, FAULTY_CAPACITY_NONE);
    for (unsigned n = 0; n < 20 && !sim->read_only; n++) {
        turns_answer_one(sim);
        pass_time(sim);
        drive_step(sim);
        drive_seal(sim);
        drive_commit(sim);
    }
    check_all(sim);
}
