/* SPDX-License-Identifier: MIT */
/* Writing through the tree, and what it can refuse early. */
#include "common/tree/tree.h"

#include <criterion/criterion.h>

#include "tests/common/tree/fixture.h"

static void open_small(void)
{
    rig_init(&rig);
    rig.options.mailbox_tasks_max = 2;
    rig.options.message_bytes_max = 10;
    rig.options.state_bytes_max = 20;
    fixture_open_initialized();
}

TestSuite(post, .init = open_small, .fini = fixture_close);

static struct node named(const char *name)
{
    struct node folder = tree_node(NODE_ACTOR, actor), node;
    (void)!tree_lookup(tree, &folder, view_text(name), &node);
    return node;
}

static enum status may_write(const char *name)
{
    struct node node = named(name);
    return tree_check_write(tree, &node);
}

static enum status may_send(const char *name, const char *message)
{
    struct node node = named(name);
    return tree_check_message(tree, &node, view_text(message));
}

static struct reply post(const char *name, const char *message)
{
    struct node node = named(name);
    struct view bytes = view_text(message);
    struct tree_post post = {.messages = &bytes, .count = 1, .first_line = 1};
    struct reply reply = {0};
    tree_post(tree, &node, &post, rig_done, &reply);
    rig_run(&rig);
    cr_assert_eq(reply.called, 1);
    return reply;
}

static struct reply write(const char *name, const char *bytes)
{
    struct node node = named(name);
    struct reply reply = {0};
    tree_write(tree, &node, view_text(bytes), STATE_VERSION_ANY, rig_done, &reply);
    rig_run(&rig);
    cr_assert_eq(reply.called, 1);
    return reply;
}

Test(post, parameters_that_are_not_for_senders_are_refused_early)
{
    cr_expect_eq(may_write("tasks@a,reply=1"), STATUS_INVALID);
    cr_expect_eq(may_write("execute@a,part=message"), STATUS_INVALID);
    cr_expect_eq(may_write("tasks@a,delay=1s"), STATUS_OK);
}

Test(post, a_message_goes_in_through_both_doors)
{
    cr_assert_eq(post("tasks@a", "1").status, STATUS_OK);
    cr_assert_eq(post("execute@b", "2").status, STATUS_OK);
    cr_assert(post("execute@a", "1").replayed);
    cr_assert_eq(post("tasks", "3").status, STATUS_OK);
    cr_assert_str_eq(rig_state(&rig, actor), "6\n");
}

Test(post, execute_is_refused_while_the_actor_is_suspended)
{
    rig_control(&rig, actor, "suspend");
    cr_assert_eq(may_write("execute@k"), STATUS_BUSY);
    cr_assert_eq(post("execute@k", "1").status, STATUS_BUSY);
    cr_assert_eq(may_write("tasks@k"), STATUS_OK);
    cr_assert_eq(post("tasks@k", "1").status, STATUS_OK);
}

Test(post, what_is_never_written_is_refused_at_once)
{
    static const char *const never[] = {"mailbox", "result", "log"};
    static const char *const written[] = {"tasks",  "execute",  "state",
                                          "status", "behavior", "tasks@,delay=1s"};
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(may_write(never[i]), STATUS_ACCESS, "%s", never[i]);
    for (size_t i = 0; i < 6; i++)
        cr_assert_eq(may_write(written[i]), STATUS_OK, "%s", written[i]);
    for (enum node_kind kind = NODE_ROOT; kind <= NODE_ACTOR; kind++) {
        struct node node = tree_node(kind, kind == NODE_ACTOR ? actor : 0);
        cr_assert_eq(tree_check_write(tree, &node), STATUS_ACCESS);
    }
}

Test(post, a_full_mailbox_is_known_at_once_but_not_to_a_known_key)
{
    rig_control(&rig, actor, "suspend");
    post("tasks@a", "1");
    cr_assert_eq(may_write("tasks"), STATUS_OK);
    post("tasks@b,delay=1h", "1");
    cr_assert_eq(may_write("tasks"), STATUS_FULL);
    cr_assert_eq(may_write("tasks@c"), STATUS_FULL);
    cr_assert_eq(may_write("tasks@a"), STATUS_OK);
    cr_assert_eq(may_write("tasks@b"), STATUS_OK);
    cr_assert_eq(may_write("status"), STATUS_OK);
}

Test(post, an_actor_that_is_gone_takes_nothing)
{
    struct node tasks = tree_node(NODE_TASKS, actor),
                state = tree_node(NODE_STATE, actor);
    rig_remove(&rig, actor);
    cr_assert_eq(tree_check_write(tree, &tasks), STATUS_NOT_FOUND);
    cr_assert_eq(tree_check_write(tree, &state), STATUS_NOT_FOUND);
}

Test(post, too_large_is_known_at_the_byte_that_crosses_the_limit)
{
    cr_assert_eq(may_send("tasks", "1234567890"), STATUS_OK);
    cr_assert_eq(may_send("tasks", "12345678901"), STATUS_TOO_LARGE);
    cr_assert_eq(may_send("execute@k", "12345678901"), STATUS_TOO_LARGE);
    cr_assert_eq(may_send("state", "12345678901234567890"), STATUS_OK);
    cr_assert_eq(may_send("state", "123456789012345678901"), STATUS_TOO_LARGE);
}

Test(post, other_bytes_under_a_known_key_are_known_when_they_cannot_be_the_same)
{
    static const struct {
        const char *known, *message;
        enum status status;
    } rows[] = {
        /* Not yet complete, or complete: it can be the same. */
        {"latte", "", STATUS_OK},
        {"latte", "l", STATUS_OK},
        {"latte", "latte", STATUS_OK},
        {"latte", "latte\n", STATUS_OK},
        {"latte", "latte\r", STATUS_OK},
        {"latte", "latte\r\n", STATUS_OK},
        {"latte\n", "latte", STATUS_OK},
        {"latte\r\n", "latte\n", STATUS_OK},
        {"latte\n", "latte\r\n", STATUS_OK},
        {"a\nb", "a\n", STATUS_OK},
        {"latte\r", "latte\r\n", STATUS_OK},
        /* It cannot. */
        {"latte", "latteX", STATUS_CONFLICT},
        {"latte", "latte\nX", STATUS_CONFLICT},
        {"latte", "latte\n\n", STATUS_CONFLICT},
        {"latte", "Xatte", STATUS_CONFLICT},
        {"latte", "mocha", STATUS_CONFLICT},
        {"latte\n", "latte\n\n", STATUS_CONFLICT},
        {"a\nb", "a\nc", STATUS_CONFLICT},
        {"", "x", STATUS_CONFLICT},
        {"", "\n", STATUS_OK},
        {"latte\n\n", "latte\nX", STATUS_CONFLICT},
        {"latte\r", "latte\n", STATUS_CONFLICT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        rig_send(&rig, actor, "tasks@k", rows[i].known);
        enum status status = may_send("tasks@k", rows[i].message);
        cr_assert_eq(status, rows[i].status, "row %zu: %s", i, status_text(status));
        cr_assert_eq(may_send("execute@k", rows[i].message), rows[i].status);
        /* What is complete and passes is the same to the engine, too, or not yet. */
        if (status == STATUS_CONFLICT)
            cr_assert_eq(post("tasks@k", rows[i].message).status, STATUS_CONFLICT);
        rig_control(&rig, actor, "forget k");
    }
    cr_assert_eq(may_send("tasks@new", "anything"), STATUS_OK);
}

Test(post, status_and_behavior_and_state_are_written_by_their_names)
{
    cr_assert_eq(write("status", "suspend\n").status, STATUS_OK);
    cr_assert_eq(rig_info(&rig, actor).activity, ACTIVITY_SUSPENDED);
    cr_assert_eq(write("status", "frobnicate\n").status, STATUS_INVALID);
    cr_assert_eq(write("state", "17").version, 2);
    cr_assert_str_eq(rig_state(&rig, actor), "17");
    cr_assert_eq(write("behavior", "echo\n").status, STATUS_OK);
    cr_assert_str_eq(rig_info(&rig, actor).behavior, "echo");
    cr_assert_eq(write("behavior", "nobody\n").status, STATUS_INVALID);
    cr_assert_eq(write("behavior", "nobody\nkeep\n").status, STATUS_INVALID);
    cr_assert_str_eq(rig_info(&rig, actor).behavior, "echo");
    cr_assert_eq(write("behavior", "keep\necho\n").status, STATUS_OK);
    cr_assert_str_eq(rig_info(&rig, actor).behavior, "echo");
}

Test(post, behavior_takes_a_line_and_an_empty_one_unsets_it)
{
    cr_assert_eq(write("behavior", "keep").status, STATUS_OK);
    cr_assert_eq(write("behavior", " echo \r\n").status, STATUS_INVALID);
    cr_assert_str_eq(rig_info(&rig, actor).behavior_set, "keep");
    cr_assert_eq(write("behavior", "echo \r\n").status, STATUS_OK);
    cr_assert_str_eq(rig_info(&rig, actor).behavior_set, "echo");
    cr_assert_eq(write("behavior", "\n").status, STATUS_OK);
    cr_assert_str_eq(rig_info(&rig, actor).behavior_set, "");
    cr_assert_str_eq(rig_info(&rig, actor).behavior, "counter");
}

Test(post, folders_are_made_and_removed_in_actors_only)
{
    struct engine_owner owner = {.uid = 9, .gid = 9, .mode = 0750};
    for (enum node_kind kind = NODE_ROOT; kind <= NODE_ACTOR; kind++) {
        struct node parent = tree_node(kind, kind == NODE_ACTOR ? actor : 0);
        struct reply made = {0}, removed = {0};
        tree_make_folder(tree, &parent, view_text("new"), &owner, rig_done, &made);
        rig_run(&rig);
        cr_assert_eq(made.status, kind == NODE_ACTORS ? STATUS_OK : STATUS_PERMISSION);
        tree_remove_folder(tree, &parent, rig_done, &removed);
        rig_run(&rig);
        cr_assert_eq(removed.status,
                     kind == NODE_ACTOR ? STATUS_OK : STATUS_PERMISSION);
    }
}
