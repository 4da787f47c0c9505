/* SPDX-License-Identifier: MIT */
/* Who runs when: fairness, what waits for a commit, and tasks from before the opening.
 */
#include "tests/common/engine/rig.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "tests/common/engine/cast.h"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
    rig.options.behaviors = cast_open();
    rig_open(&rig);
}

static void teardown(void)
{
    if (cast.finish)
        cast_finish();
    rig_close(&rig);
}

TestSuite(scheduler, .init = setup, .fini = teardown);

static unsigned steps_until_done(uint64_t actor, uint64_t done)
{
    unsigned steps = 0;
    while (rig_info(&rig, actor).done < done) {
        core_step(rig.engine);
        core_commit(rig.engine);
        cr_assert_lt(++steps, 10000);
    }
    return steps;
}

Test(scheduler, a_hot_actor_starves_nobody, .timeout = 60)
{
    uint64_t hot = rig_create(&rig, "keep_hot"), cold = rig_create(&rig, "keep_cold");
    struct reply reply;
    rig_control(&rig, hot, "suspend");
    for (unsigned i = 0; i < 30; i++)
        rig_send_many(&rig, hot, "tasks", 1000);
    /* One step resumes the hot one; the cold one's message comes after that. */
    struct reply resumed = {0};
    engine_control(rig.engine, hot, view_text("resume"), rig_done, &resumed);
    core_step(rig.engine);
    core_commit(rig.engine);
    rig_ask_send(&rig, cold, "tasks", "x", &reply);
    cr_assert_leq(steps_until_done(cold, 1), 2);
    cr_assert_lt(rig_info(&rig, hot).done, 5000);
}

Test(scheduler, hot_actors_take_turns, .timeout = 60)
{
    uint64_t actors[10];
    for (unsigned i = 0; i < 10; i++) {
        char name[16];
        snprintf(name, sizeof(name), "keep_%u", i);
        actors[i] = rig_create(&rig, name);
        rig_control(&rig, actors[i], "suspend");
        rig_send_many(&rig, actors[i], "tasks", 1000);
    }
    struct reply replies[10] = {0};
    for (unsigned i = 0; i < 10; i++)
        engine_control(rig.engine, actors[i], view_text("resume"), rig_done,
                       &replies[i]);
    for (unsigned step = 0; step < 10; step++) {
        core_step(rig.engine);
        core_commit(rig.engine);
    }
    uint64_t least = UINT64_MAX, most = 0;
    for (unsigned i = 0; i < 10; i++) {
        uint64_t done = rig_info(&rig, actors[i]).done;
        least = done < least ? done : least;
        most = done > most ? done : most;
    }
    cr_assert_gt(least, 0);
    cr_assert_leq(most - least, 64);
}

Test(scheduler, one_turn_at_a_time_of_one_that_touches_the_world)
{
    uint64_t actor = rig_create(&rig, "slow_1");
    struct reply replies[5];
    for (unsigned i = 0; i < 5; i++)
        rig_ask_send(&rig, actor, "tasks", "x", &replies[i]);
    unsigned before = 0;
    for (unsigned i = 0; i < 20 && cast.turns < 5; i++) {
        core_step(rig.engine);
        core_commit(rig.engine);
        cr_assert_leq(cast.turns, before + 1, "its last turn is not on disk yet");
        before = cast.turns;
    }
    cr_assert_eq(cast.turns, 5);
}

Test(scheduler, tasks_from_before_the_opening_run, .timeout = 60)
{
    for (unsigned i = 0; i < 600; i++) {
        char name[32];
        snprintf(name, sizeof(name), "now_%u", i);
        cast_hide("now");
        uint64_t actor = rig_create(&rig, name);
        rig_send(&rig, actor, "tasks", "x");
        if (i == 300)
            rig_tidy(&rig);
    }
    cast_hide(NULL);
    rig_crash(&rig);
    rig_run(&rig);
    cr_assert_eq(cast.turns, 600);
}

Test(scheduler, actors_that_are_forgotten_when_idle_are_found_again, .timeout = 60)
{
    uint64_t first = rig_create(&rig, "counter_first");
    rig.engine->cache.idle_max = 10;
    rig_send(&rig, first, "tasks", "1");
    for (unsigned i = 0; i < 100; i++) {
        char name[32];
        snprintf(name, sizeof(name), "counter_%u", i);
        uint64_t actor = rig_create(&rig, name);
        rig_send(&rig, actor, "tasks", "1");
        cr_assert_leq(rig.engine->cache.count, 11);
    }
    rig_send(&rig, first, "tasks", "1");
    cr_assert_str_eq(rig_state(&rig, first), "2\n");
}
