/* SPDX-License-Identifier: MIT */
/* From names to nodes: every form that a name can have. */
#include "common/tree/tree.h"

#include <criterion/criterion.h>

#include "tests/common/tree/fixture.h"

TestSuite(lookup, .init = fixture_open, .fini = fixture_close);

static struct node at(enum node_kind parent, const char *name, enum status status)
{
    struct node folder = tree_node(parent, parent >= NODE_ACTOR ? actor : 0), node;
    enum status is = tree_lookup(tree, &folder, view_text(name), &node);
    cr_assert_eq(is, status, "%s: %s", name, status_text(is));
    return node;
}

static struct node file(const char *name, enum status status)
{
    return at(NODE_ACTOR, name, status);
}

Test(lookup, the_roots_entries)
{
    static const struct {
        const char *name;
        enum node_kind kind;
    } rows[] = {{"README", NODE_README},
                {"status", NODE_DAEMON_STATUS},
                {"attention", NODE_ATTENTION},
                {"behaviors", NODE_BEHAVIORS},
                {"actors", NODE_ACTORS}};
    static const char *const others[] = {"", "readme", "tasks", "actors@k",
                                         ".DS_Store"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        cr_assert_eq(at(NODE_ROOT, rows[i].name, STATUS_OK).kind, rows[i].kind);
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        at(NODE_ROOT, others[i], STATUS_NOT_FOUND);
    cr_assert_eq(tree_root().kind, NODE_ROOT);
}

Test(lookup, an_actor_by_its_name)
{
    struct node node = at(NODE_ACTORS, "counter_1", STATUS_OK);
    cr_assert_eq(node.kind, NODE_ACTOR);
    cr_assert_eq(node.actor, actor);
    at(NODE_ACTORS, "counter_2", STATUS_NOT_FOUND);
    at(NODE_ACTORS, "Counter_1", STATUS_NOT_FOUND);
    at(NODE_ACTORS, "", STATUS_NOT_FOUND);
    at(NODE_ACTORS, "\xff\xfe", STATUS_NOT_FOUND);
}

Test(lookup, a_name_longer_than_255_bytes_is_too_long_everywhere)
{
    char name[257];
    memset(name, 'a', sizeof(name));
    name[256] = '\0';
    at(NODE_ROOT, name, STATUS_NAME_TOO_LONG);
    at(NODE_ACTORS, name, STATUS_NAME_TOO_LONG);
    file(name, STATUS_NAME_TOO_LONG);
    memcpy(name, "tasks@", 6);
    file(name, STATUS_NAME_TOO_LONG);
    name[255] = '\0';
    at(NODE_ACTORS, name, STATUS_NOT_FOUND);
    file(name, STATUS_INVALID); /* the key is too long */
}

Test(lookup, an_actors_files)
{
    for (enum node_kind kind = NODE_TASKS; kind <= NODE_BEHAVIOR; kind++) {
        struct node node = file(node_base_name(kind), STATUS_OK);
        cr_assert_eq(node.kind, kind);
        cr_assert_eq(node.actor, actor);
        cr_assert_not(node_is_unlisted(&node));
        cr_assert_not(tree_may_create(&node));
    }
    file("notes.txt", STATUS_NOT_FOUND);
    file("notes@home", STATUS_NOT_FOUND);
    file("@", STATUS_NOT_FOUND);
}

Test(lookup, a_key_exists_exactly_when_it_is_known)
{
    struct node node = file("tasks@k", STATUS_NOT_FOUND);
    cr_assert(tree_may_create(&node));
    cr_assert_eq(node.kind, NODE_TASKS);
    cr_assert(view_equal(key_view(&node.parameters.key), view_text("k")));
    rig_send(&rig, actor, "tasks@k", "1");
    node = file("tasks@k", STATUS_OK);
    cr_assert(node_is_unlisted(&node));
    cr_assert_eq(file("execute@k", STATUS_OK).kind, NODE_EXECUTE);
    file("tasks@k,delay=30s", STATUS_OK);
    file("tasks@k,part=message", STATUS_OK);
    file("tasks@%6B", STATUS_OK);
    file("tasks@k~2", STATUS_NOT_FOUND);
    rig_control(&rig, actor, "forget k");
    file("tasks@k", STATUS_NOT_FOUND);
}

Test(lookup, a_task_without_a_key_has_its_number_and_makes_nothing)
{
    rig_send(&rig, actor, "tasks", "1");
    struct node node = file("tasks@.1", STATUS_OK);
    cr_assert_not(tree_may_create(&node));
    node = file("tasks@.2", STATUS_NOT_FOUND);
    cr_assert_not(tree_may_create(&node));
}

Test(lookup, parameters_without_a_key_are_for_writing)
{
    struct node node = file("tasks@,delay=30s", STATUS_NOT_FOUND);
    cr_assert(tree_may_create(&node));
    cr_assert_eq(node.parameters.delay_ms, 30000);
    node = file("execute@,wait=5", STATUS_NOT_FOUND);
    cr_assert(tree_may_create(&node));
    cr_assert_eq(node.parameters.wait_ms, 5000);
}

Test(lookup, malformed_names_are_invalid)
{
    static const char *const names[] = {"tasks@",
                                        "tasks@k,",
                                        "tasks@k,delay",
                                        "tasks@k,delay=",
                                        "tasks@k,delay=x",
                                        "tasks@k,frobnicate=1",
                                        "tasks@k,delay=1s,delay=2s",
                                        "tasks@k,delay=1s,at=2026-01-01T00:00:00Z",
                                        "tasks@a b",
                                        "tasks@a?b",
                                        "tasks@a@b",
                                        "tasks@%zz",
                                        "tasks@%0A",
                                        "tasks@.hidden",
                                        "tasks@.01",
                                        "tasks@k~1",
                                        "execute@k,wait=301s",
                                        "state@k",
                                        "log@k",
                                        "status@,delay=1s"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct node node = file(names[i], STATUS_INVALID);
        cr_assert_not(tree_may_create(&node), "%s", names[i]);
    }
}

Test(lookup, files_are_no_folders)
{
    for (enum node_kind kind = NODE_README; kind <= NODE_BEHAVIOR; kind++)
        if (kind != NODE_ACTORS && kind != NODE_ACTOR)
            at(kind, "tasks", STATUS_NOT_FOUND);
}
