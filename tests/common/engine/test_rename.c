/* SPDX-License-Identifier: MIT */
/* A renamed actor is the same one: what it has and what is on its way go along. */
#include "tests/common/engine/rig.h"

#include <criterion/criterion.h>

#include "tests/common/engine/cast.h"

static struct rig rig;
static uint64_t actor;

static void setup(void)
{
    rig_init(&rig);
    rig.options.behaviors = cast_open();
    rig_open(&rig);
    actor = rig_create(&rig, "do_1");
}

static void teardown(void)
{
    rig_close(&rig);
}

TestSuite(rename, .init = setup, .fini = teardown);

static enum status rename_to(const char *name)
{
    struct reply reply = {0};
    engine_rename(rig.engine, actor, view_text(name), rig_done, &reply);
    rig_run(&rig);
    cr_assert_eq(reply.called, 1);
    return reply.status;
}

static bool exists(const char *name)
{
    uint64_t id;
    return engine_find(rig.engine, view_text(name), &id) == STATUS_OK;
}

Test(rename, the_new_name_is_known_and_the_old_one_is_not)
{
    cr_assert_eq(rename_to("user_2"), STATUS_OK);
    cr_assert(exists("user_2"));
    cr_assert_not(exists("do_1"));
    cr_assert_str_eq(rig_info(&rig, actor).name, "user_2");
    cr_assert_str_eq(rig_info(&rig, actor).behavior, "do");
    rig_crash(&rig);
    cr_assert(exists("user_2"));
    cr_assert_not(exists("do_1"));
    rig_tidy(&rig);
    rig_crash(&rig);
    cr_assert_str_eq(rig_info(&rig, actor).name, "user_2");
    cr_assert_not(exists("do_1"));
}

Test(rename, the_old_name_is_free_for_another)
{
    rename_to("user_2");
    uint64_t other = rig_create(&rig, "do_1");
    rig_crash(&rig);
    uint64_t id;
    cr_assert_eq(engine_find(rig.engine, view_text("do_1"), &id), STATUS_OK);
    cr_assert_eq(id, other);
}

Test(rename, mailbox_keys_timers_watchers_and_replies_go_along)
{
    uint64_t other = rig_create(&rig, "do_2");
    rig_control(&rig, other, "watch do_1\nsuspend");
    rig_send(&rig, actor, "tasks@k", "state x");
    rig_send(&rig, actor, "tasks",
             "do_2/tasks@q,reply=1 hello\nME/tasks@,delay=5s,timer=t tick");
    rename_to("user_2");
    rig_expect(&rig, actor, "k", STATUS_OK, "did it");
    rig_send(&rig, actor, "tasks@bad", "fail x");
    rig_control(&rig, other, "resume");
    rig_run(&rig);
    rig_advance(&rig, 6000);
    rig_run(&rig);
    cr_assert_str_eq(cast.heard, "do_2 message do_1   hello\n"
                                 "do_2 failed user_2 bad failed x\n"
                                 "user_2 reply do_2 q done did it\n"
                                 "user_2 message do_1   tick\n");
}

Test(rename, what_is_refused)
{
    rig_create(&rig, "do_2");
    cr_assert_eq(rename_to("do_2"), STATUS_EXISTS);
    cr_assert_eq(rename_to("a/b"), STATUS_INVALID);
    cr_assert_eq(rename_to("do_1"), STATUS_OK);
    cr_assert(exists("do_1"));
}
