/* SPDX-License-Identifier: MIT */
/* Sizes are true, owners inherited or own, versions change when what is shown does. */
#include "common/tree/tree.h"

#include <criterion/criterion.h>

#include "tests/common/tree/fixture.h"

TestSuite(attributes, .init = fixture_open, .fini = fixture_close);

static struct attributes of(const struct node *node)
{
    struct attributes attributes;
    cr_assert_eq(tree_attributes(tree, node, &attributes), STATUS_OK, "kind %d",
                 (int)node->kind);
    return attributes;
}

static struct attributes of_kind(enum node_kind kind)
{
    struct node node = tree_node(kind, kind >= NODE_ACTOR ? actor : 0);
    return of(&node);
}

static struct node named(const char *name)
{
    struct node folder = tree_node(NODE_ACTOR, actor), node;
    (void)!tree_lookup(tree, &folder, view_text(name), &node);
    return node;
}

static void expect_true_size(const struct node *node)
{
    BYTES_AUTO(content);
    (void)!tree_read(tree, node, &content);
    cr_assert_eq(of(node).size, content.size, "kind %d", (int)node->kind);
}

static void expect_all_sizes_true(void)
{
    static const char *const names[] = {"tasks@done",
                                        "tasks@failed",
                                        "tasks@canceled",
                                        "execute@pending",
                                        "tasks@done,part=message",
                                        "tasks@.5"};
    for (enum node_kind kind = NODE_README; kind <= NODE_BEHAVIOR; kind++) {
        struct node node = tree_node(kind, kind >= NODE_ACTOR ? actor : 0);
        if (!node_is_folder(&node))
            expect_true_size(&node);
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct node node = named(names[i]);
        expect_true_size(&node);
    }
}

Test(attributes, the_size_of_every_file_is_what_a_read_gives)
{
    rig_send(&rig, actor, "tasks@done", "1");
    rig_send(&rig, actor, "tasks@failed", "x");
    rig_control(&rig, actor, "suspend");
    rig_send(&rig, actor, "tasks@canceled", "1");
    rig_control(&rig, actor, "cancel canceled");
    rig_send(&rig, actor, "tasks@pending", "1");
    rig_send(&rig, actor, "tasks@,delay=1h", "1");
    rig_set_state(&rig, actor, "17", STATE_VERSION_ANY);
    rig_set_behavior(&rig, actor, "counter");
    expect_all_sizes_true();
    rig_tidy(&rig);
    expect_all_sizes_true();
    cr_assert_gt(of_kind(NODE_MAILBOX).size, 0);
    cr_assert_gt(of_kind(NODE_LOG).size, 0);
    cr_assert_gt(of_kind(NODE_ATTENTION).size, 0);
    cr_assert_eq(of_kind(NODE_TASKS).size, 0);
    cr_assert_eq(of_kind(NODE_EXECUTE).size, 0);
}

Test(attributes, folders_and_files_are_told_apart)
{
    for (enum node_kind kind = NODE_ROOT; kind <= NODE_BEHAVIOR; kind++) {
        struct node node = tree_node(kind, kind >= NODE_ACTOR ? actor : 0);
        struct attributes attributes = of(&node);
        cr_assert_eq(attributes.is_folder, node_is_folder(&node));
        cr_assert_eq(attributes.links, node_is_folder(&node) ? 2 : 1);
    }
}

Test(attributes, what_belongs_to_no_actor_is_the_trees)
{
    for (enum node_kind kind = NODE_ROOT; kind < NODE_ACTOR; kind++) {
        struct attributes attributes = of_kind(kind);
        cr_assert_eq(attributes.uid, 7);
        cr_assert_eq(attributes.gid, 8);
        cr_assert_eq(attributes.mode, attributes.is_folder ? 0755 : 0444);
    }
}

Test(attributes, files_inherit_from_their_folder_until_they_have_their_own)
{
    for (enum node_kind kind = NODE_TASKS; kind <= NODE_BEHAVIOR; kind++) {
        struct attributes attributes = of_kind(kind);
        bool read_only =
            kind == NODE_MAILBOX || kind == NODE_RESULT || kind == NODE_LOG;
        cr_assert_eq(attributes.uid, 1);
        cr_assert_eq(attributes.gid, 2);
        cr_assert_eq(attributes.mode, read_only ? 0444 : 0644, "kind %d: %o", (int)kind,
                     attributes.mode);
    }
    cr_assert_eq(of_kind(NODE_ACTOR).mode, 0755);
    struct node node = tree_node(NODE_STATE, actor);
    struct engine_owner own = {.uid = 3, .gid = 4, .mode = 0600};
    struct reply reply = {0};
    tree_set_owner(tree, &node, &own, rig_done, &reply);
    rig_run(&rig);
    cr_assert_eq(reply.status, STATUS_OK);
    cr_assert_eq(of_kind(NODE_STATE).uid, 3);
    cr_assert_eq(of_kind(NODE_STATE).mode, 0600);
    cr_assert_eq(of_kind(NODE_STATUS).uid, 1);
    cr_assert_eq(of_kind(NODE_ACTOR).uid, 1);
}

Test(attributes, in_a_sticky_folder_others_send_and_control_nothing)
{
    struct node folder = tree_node(NODE_ACTOR, actor);
    struct engine_owner shared = {.uid = 1, .gid = 2, .mode = 01777};
    struct reply reply = {0};
    tree_set_owner(tree, &folder, &shared, rig_done, &reply);
    rig_run(&rig);
    cr_assert_eq(of_kind(NODE_TASKS).mode, 0666);
    cr_assert_eq(of_kind(NODE_EXECUTE).mode, 0666);
    cr_assert_eq(of_kind(NODE_STATE).mode, 0644);
    cr_assert_eq(of_kind(NODE_STATUS).mode, 0644);
    cr_assert_eq(of_kind(NODE_BEHAVIOR).mode, 0644);
    cr_assert_eq(of_kind(NODE_LOG).mode, 0444);
}

Test(attributes, a_keys_file_has_the_mode_of_its_base)
{
    struct node tasks = tree_node(NODE_TASKS, actor);
    struct engine_owner own = {.uid = 3, .gid = 4, .mode = 0620};
    struct reply reply = {0};
    rig_send(&rig, actor, "tasks@k", "1");
    tree_set_owner(tree, &tasks, &own, rig_done, &reply);
    rig_run(&rig);
    struct node key = named("tasks@k");
    cr_assert_eq(of(&key).mode, 0620);
    cr_assert_eq(of(&key).uid, 3);
}

Test(attributes, owners_outside_actors_cannot_be_set)
{
    struct node root = tree_root();
    struct engine_owner own = {.uid = 3};
    struct reply reply = {0};
    tree_set_owner(tree, &root, &own, rig_done, &reply);
    cr_assert_eq(reply.called, 1);
    cr_assert_eq(reply.status, STATUS_PERMISSION);
}

Test(attributes, the_states_version_and_time_are_its_own)
{
    struct attributes before = of_kind(NODE_STATE);
    rig_advance(&rig, 5000);
    rig_control(&rig, actor, "suspend");
    struct attributes after = of_kind(NODE_STATE);
    cr_assert_eq(after.version, before.version);
    cr_assert_eq(after.modified_ms, before.modified_ms);
    cr_assert_neq(of_kind(NODE_STATUS).version, before.version);
    rig_set_state(&rig, actor, "1", STATE_VERSION_ANY);
    after = of_kind(NODE_STATE);
    cr_assert_eq(after.version, before.version + 1);
    cr_assert_eq(after.modified_ms, before.modified_ms + 5000);
    cr_assert_eq(after.created_ms, before.created_ms);
}

Test(attributes, times_outside_actors_stay_while_nothing_changes)
{
    static const enum node_kind kinds[] = {NODE_ROOT, NODE_README, NODE_BEHAVIORS,
                                           NODE_ACTORS};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct attributes before = of_kind(kinds[i]);
        rig_advance(&rig, 5000);
        cr_assert_eq(of_kind(kinds[i]).modified_ms, before.modified_ms, "kind %d",
                     (int)kinds[i]);
    }
    struct attributes before = of_kind(NODE_ACTORS);
    rig_create(&rig, "counter_2");
    cr_assert_gt(of_kind(NODE_ACTORS).modified_ms, before.modified_ms);
}

Test(attributes, of_what_is_gone_are_not_found)
{
    struct attributes attributes;
    rig_send(&rig, actor, "tasks@k", "1");
    struct node key = named("tasks@k"), file = tree_node(NODE_STATE, actor);
    rig_control(&rig, actor, "forget k");
    cr_assert_eq(tree_attributes(tree, &key, &attributes), STATUS_NOT_FOUND);
    cr_assert_eq(tree_attributes(tree, &file, &attributes), STATUS_OK);
    rig_remove(&rig, actor);
    cr_assert_eq(tree_attributes(tree, &file, &attributes), STATUS_NOT_FOUND);
}
