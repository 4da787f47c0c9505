/* SPDX-License-Identifier: MIT */
/* Actors: made, found, listed, owned, refused, removed. */
#include "tests/common/engine/rig.h"

#include <stdio.h>

#include <criterion/criterion.h>

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
    rig_open(&rig);
}

static void teardown(void)
{
    rig_close(&rig);
}

TestSuite(actor, .init = setup, .fini = teardown);

static struct reply create(const char *name)
{
    struct engine_owner owner = {.uid = 1, .gid = 2, .mode = 0755};
    struct reply reply = {0};
    engine_create(rig.engine, view_text(name), &owner, rig_done, &reply);
    rig_run(&rig);
    cr_assert_eq(reply.called, 1);
    return reply;
}

static enum status find(const char *name, uint64_t *actor_out)
{
    return engine_find(rig.engine, view_text(name), actor_out);
}

Test(actor, is_found_by_its_name_once_it_is_made)
{
    uint64_t found;
    cr_assert_eq(find("user_1", &found), STATUS_NOT_FOUND);
    uint64_t actor = rig_create(&rig, "user_1");
    cr_assert_eq(find("user_1", &found), STATUS_OK);
    cr_assert_eq(found, actor);
    cr_assert_eq(find("user_", &found), STATUS_NOT_FOUND);
    cr_assert_eq(find("USER_1", &found), STATUS_NOT_FOUND);
    cr_assert_eq(find("", &found), STATUS_NOT_FOUND);
    rig_tidy(&rig);
    rig_crash(&rig);
    cr_assert_eq(find("user_1", &found), STATUS_OK);
    cr_assert_eq(found, actor);
}

Test(actor, a_name_is_taken_once)
{
    rig_create(&rig, "user_1");
    cr_assert_eq(create("user_1").status, STATUS_EXISTS);
    rig_crash(&rig);
    cr_assert_eq(create("user_1").status, STATUS_EXISTS);
    struct reply both[2] = {0};
    struct engine_owner owner = {.mode = 0700};
    for (unsigned i = 0; i < 2; i++)
        engine_create(rig.engine, view_text("twice"), &owner, rig_done, &both[i]);
    rig_run(&rig);
    cr_assert_eq(both[0].status, STATUS_OK);
    cr_assert_eq(both[1].status, STATUS_EXISTS);
}

Test(actor, a_bad_name_is_refused)
{
    char text[ACTOR_NAME_BYTES_MAX + 2];
    static const char *const bad[] = {"", ".a", "-a", " a", "a ", "a/b", "a,b", "a\nb"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        cr_assert_eq(create(bad[i]).status, STATUS_INVALID, "\"%s\"", bad[i]);
    memset(text, 'a', sizeof(text));
    text[ACTOR_NAME_BYTES_MAX + 1] = '\0';
    cr_assert_eq(create(text).status, STATUS_INVALID);
    text[ACTOR_NAME_BYTES_MAX] = '\0';
    cr_assert_eq(create(text).status, STATUS_OK);
}

Test(actor, starts_with_nothing)
{
    struct actor_info info = rig_info(&rig, rig_create(&rig, "user_1"));
    cr_assert_eq(info.activity, ACTIVITY_IDLE);
    cr_assert_eq(info.pending + info.delayed + info.running + info.done + info.failed +
                     info.canceled + info.refused + info.mailbox_bytes +
                     info.state_bytes + info.log_bytes,
                 0);
    cr_assert_eq(info.created_ms, rig.wall_ms);
    cr_assert_eq(info.last_turn_ms, 0);
    cr_assert_str_eq(info.behavior, "echo");
    cr_assert_str_eq(info.behavior_set, "");
    cr_assert_str_eq(info.last_error, "");
}

Test(actor, removed_it_is_gone_and_its_keys_with_it)
{
    struct actor_info info;
    uint64_t found, actor = rig_create(&rig, "keep_1");
    rig_send(&rig, actor, "tasks@k", "x");
    rig_tidy(&rig);
    cr_assert_eq(rig_remove(&rig, actor).status, STATUS_OK);
    cr_assert_eq(engine_actor(rig.engine, actor, &info), STATUS_NOT_FOUND);
    cr_assert_eq(find("keep_1", &found), STATUS_NOT_FOUND);
    uint64_t again = rig_create(&rig, "keep_1");
    cr_assert_neq(again, actor, "ids are never used again");
    rig_expect(&rig, again, "k", STATUS_NOT_FOUND, "");
    cr_assert_str_eq(rig_state(&rig, again), "");
    cr_assert_str_eq(rig_log(&rig, again), "");
    rig_tidy(&rig);
    rig_crash(&rig);
    cr_assert_eq(engine_actor(rig.engine, actor, &info), STATUS_NOT_FOUND);
    cr_assert_eq(find("keep_1", &found), STATUS_OK);
    cr_assert_eq(found, again);
}

Test(actor, with_unfinished_tasks_is_not_removed)
{
    uint64_t actor = rig_create(&rig, "keep_1");
    rig_control(&rig, actor, "suspend");
    rig_send(&rig, actor, "tasks", "x");
    cr_assert_eq(rig_remove(&rig, actor).status, STATUS_NOT_EMPTY);
    rig_control(&rig, actor, "clear");
    rig_send(&rig, actor, "tasks@,delay=1h", "x");
    cr_assert_eq(rig_remove(&rig, actor).status, STATUS_NOT_EMPTY);
    rig_control(&rig, actor, "clear");
    cr_assert_eq(rig_remove(&rig, actor).status, STATUS_OK);
    cr_assert_eq(rig_remove(&rig, actor).status, STATUS_NOT_FOUND);
}

Test(actor, removed_it_is_told_to_those_who_ask_in_the_same_step)
{
    uint64_t actor = rig_create(&rig, "keep_1");
    struct reply removed = {0}, sent, state = {0};
    engine_remove(rig.engine, actor, rig_done, &removed);
    rig_ask_send(&rig, actor, "tasks", "x", &sent);
    engine_set_state(rig.engine, actor, view_text("x"), view_of("", 0),
                     STATE_VERSION_ANY, rig_done, &state);
    rig_run(&rig);
    cr_assert_eq(removed.status, STATUS_OK);
    cr_assert_eq(sent.status, STATUS_NOT_FOUND);
    cr_assert_eq(state.status, STATUS_NOT_FOUND);
}

Test(actor, each_part_keeps_an_owner_of_its_own)
{
    uint64_t actor = rig_create(&rig, "keep_1");
    for (unsigned part = 0; part < PART_COUNT; part++) {
        struct engine_owner owner = {.uid = 10 + part, .gid = 20 + part, .mode = part};
        struct reply reply = {0};
        engine_set_owner(rig.engine, actor, (enum actor_part)part, &owner, rig_done,
                         &reply);
        rig_run(&rig);
        cr_assert_eq(reply.status, STATUS_OK);
        if (part + 1 < PART_COUNT)
            cr_assert_eq(rig_info(&rig, actor).owners[part + 1].mode, OWNER_INHERITED);
    }
    rig_tidy(&rig);
    rig_crash(&rig);
    for (unsigned part = 0; part < PART_COUNT; part++) {
        cr_assert_eq(rig_info(&rig, actor).owners[part].uid, 10 + part);
        cr_assert_eq(rig_info(&rig, actor).owners[part].gid, 20 + part);
        cr_assert_eq(rig_info(&rig, actor).owners[part].mode, part);
    }
}

Test(actor, counts_refusals_that_nobody_was_told)
{
    uint64_t actor = rig_create(&rig, "keep_1");
    uint64_t changes = rig_info(&rig, actor).changes;
    engine_note_refusal(rig.engine, actor, STATUS_FULL, view_text("at close"));
    engine_note_refusal(rig.engine, actor + 7, STATUS_FULL, view_text("nobody"));
    rig_run(&rig);
    cr_assert_eq(rig_info(&rig, actor).refused, 1);
    cr_assert_not_null(strstr(rig_info(&rig, actor).last_refusal, "at close"));
    cr_assert_gt(rig_info(&rig, actor).changes, changes);
}

Test(actor, every_change_raises_what_changes_counts)
{
    uint64_t actor = rig_create(&rig, "counter_1"), before, after;
    static const char *const words[] = {"suspend", "cancel k", "retry k", "forget k",
                                        "resume"};
    before = rig_info(&rig, actor).changes;
    rig_control(&rig, actor, words[0]);
    rig_send(&rig, actor, "tasks@k", "1");
    for (size_t i = 1; i < 5; i++) {
        rig_control(&rig, actor, words[i]);
        after = rig_info(&rig, actor).changes;
        cr_assert_gt(after, before, "%s", words[i]);
        before = after;
    }
    rig_set_state(&rig, actor, "1", STATE_VERSION_ANY);
    cr_assert_gt(rig_info(&rig, actor).changes, before);
    before = rig_info(&rig, actor).changes;
    rig_set_behavior(&rig, actor, "echo");
    cr_assert_gt(rig_info(&rig, actor).changes, before);
    before = rig_info(&rig, actor).changes;
    rig_crash(&rig);
    cr_assert_geq(rig_info(&rig, actor).changes, before);
}

/* ----------------------------------------------------------------- listing --- */

struct listing {
    uint64_t last;
    size_t count, stop_after;
};

static bool see(void *context, const struct actor_info *info)
{
    struct listing *listing = context;
    cr_assert_gt(info->id, listing->last);
    listing->last = info->id;
    return ++listing->count < listing->stop_after;
}

static size_t count_from(uint64_t after, size_t stop_after, uint64_t *last_out)
{
    struct listing listing = {.last = after, .stop_after = stop_after};
    engine_list(rig.engine, after, see, &listing);
    if (last_out)
        *last_out = listing.last;
    return listing.count;
}

Test(actor, all_are_listed_by_id_wherever_they_are_kept)
{
    char name[16];
    uint64_t ids[1500], last = 0;
    for (unsigned i = 0; i < 1500; i++) {
        snprintf(name, sizeof(name), "a%u", i);
        ids[i] = rig_create(&rig, name);
        if (i == 700)
            rig_tidy(&rig);
    }
    for (unsigned i = 0; i < 1500; i += 3)
        rig_remove(&rig, ids[i]);
    cr_assert_eq(count_from(0, 2000, NULL), 1000);
    size_t count = 0, some;
    while ((some = count_from(last, 7, &last)) > 0)
        count += some;
    cr_assert_eq(count, 1000);
    rig_tidy(&rig);
    rig_crash(&rig);
    cr_assert_eq(count_from(0, 2000, NULL), 1000);
    cr_assert_eq(count_from(ids[1499], 1000, NULL), 0);
}

Test(actor, one_that_is_not_on_disk_is_not_listed)
{
    struct engine_owner owner = {.mode = 0755};
    struct reply reply = {0};
    engine_create(rig.engine, view_text("a"), &owner, rig_done, &reply);
    core_step(rig.engine);
    cr_assert_eq(count_from(0, 10, NULL), 0);
    core_commit(rig.engine);
    cr_assert_eq(count_from(0, 10, NULL), 1);
}
