/* SPDX-License-Identifier: MIT */
#include "common/tree/node.h"

#include <criterion/criterion.h>

Test(node, the_kinds_of_an_actors_files_have_the_names_of_the_contract)
{
    static const struct {
        const char *name;
        enum node_kind kind;
    } rows[] = {{"tasks", NODE_TASKS},     {"execute", NODE_EXECUTE},
                {"state", NODE_STATE},     {"status", NODE_STATUS},
                {"mailbox", NODE_MAILBOX}, {"result", NODE_RESULT},
                {"log", NODE_LOG},         {"behavior", NODE_BEHAVIOR}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        enum node_kind kind;
        cr_assert(node_kind_of_file(view_text(rows[i].name), &kind));
        cr_assert_eq(kind, rows[i].kind);
        cr_assert_str_eq(node_base_name(kind), rows[i].name);
    }
}

Test(node, other_names_are_no_special_files)
{
    static const char *const names[] = {"",       "Tasks",     "task",
                                        "tasks ", "README",    "actors",
                                        "tasks@", "notes.txt", "attention"};
    enum node_kind kind = NODE_ROOT;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        cr_assert_not(node_kind_of_file(view_text(names[i]), &kind), "%s", names[i]);
    cr_assert_eq(kind, NODE_ROOT);
}

Test(node, folders_are_the_root_the_actors_and_each_actor)
{
    for (enum node_kind kind = NODE_ROOT; kind <= NODE_BEHAVIOR; kind++) {
        struct node node = {.kind = kind};
        cr_assert_eq(node_is_folder(&node),
                     kind == NODE_ROOT || kind == NODE_ACTORS || kind == NODE_ACTOR);
    }
}
