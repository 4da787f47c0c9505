/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>

#include "fs/inode.h"

static struct node keyed(uint64_t actor, const char *name)
{
    struct node node = {.kind = NODE_TASKS, .actor = actor};
    struct view base;
    cr_assert_eq(name_parse(view_text(name), &base, &node.parameters), STATUS_OK);
    return node;
}

static struct node listed(enum node_kind kind, uint64_t actor)
{
    struct node node = {.kind = kind, .actor = actor};
    parameters_clear(&node.parameters);
    return node;
}

Test(inode, the_root_has_the_number_that_fuse_gives_it)
{
    cr_assert_eq(inode_of_listed(NODE_ROOT, 0), 1);
}

Test(inode, every_listed_node_has_a_number_and_comes_back_from_it)
{
    struct inodes *inodes = inodes_open();
    for (int kind = NODE_ROOT; kind <= NODE_BEHAVIOR; kind++) {
        uint64_t actor = kind < NODE_ACTOR ? 0 : 123456789;
        struct node node = listed((enum node_kind)kind, actor), found;
        uint64_t inode = inodes_look_up(inodes, &node, view_text("any"));
        cr_assert(inodes_find(inodes, inode, &found), "kind %d", kind);
        cr_expect_eq(found.kind, (enum node_kind)kind);
        cr_expect_eq(found.actor, actor);
        cr_expect_not(node_is_unlisted(&found));
    }
    cr_expect_eq(inodes_count(inodes), 0);
    inodes_close(inodes);
}

Test(inode, a_state_that_was_renamed_away_has_another_number)
{
    struct inodes *inodes = inodes_open();
    struct node state = listed(NODE_STATE, 7), other = listed(NODE_STATE, 6), found;
    uint64_t first = inodes_look_up(inodes, &state, view_text("state"));
    uint64_t others = inodes_look_up(inodes, &other, view_text("state"));
    cr_expect_eq(inodes_rename_state(inodes, 7), first);
    uint64_t second = inodes_look_up(inodes, &state, view_text("state"));
    cr_expect_neq(second, first);
    cr_expect_not(inodes_find(inodes, first, &found));
    cr_expect(inodes_find_open(inodes, first, &found) && found.kind == NODE_STATE &&
              found.actor == 7);
    cr_expect(inodes_find(inodes, second, &found) && found.kind == NODE_STATE &&
              found.actor == 7);
    cr_expect(inodes_find(inodes, others, &found));
    cr_expect_eq(inodes_rename_state(inodes, 6), others);
    cr_expect_eq(inodes_rename_state(inodes, 7), second);
    cr_expect_not(inodes_find(inodes, second, &found));
    inodes_close(inodes);
}

Test(inode, numbers_that_no_node_has_are_not_found)
{
    struct inodes *inodes = inodes_open();
    struct node node;
    const uint64_t strangers[] = {0,
                                  31,
                                  32,
                                  (uint64_t)NODE_ACTOR + 1,
                                  5 << 5 | ((uint64_t)NODE_README + 1),
                                  UINT64_C(1) << 63 | 1};
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
        cr_expect_not(inodes_find(inodes, strangers[i], &node), "%zu", i);
    inodes_close(inodes);
}

Test(inode, an_unlisted_name_has_the_same_number_after_it_was_forgotten)
{
    struct inodes *inodes = inodes_open();
    struct node node = keyed(7, "tasks@abc"), found;
    uint64_t inode = inodes_look_up(inodes, &node, view_text("tasks@abc"));
    cr_assert_eq(inodes_look_up(inodes, &node, view_text("tasks@abc")), inode);
    inodes_forget(inodes, inode, 1);
    cr_assert(inodes_find(inodes, inode, &found));
    cr_expect_eq(found.actor, 7);
    cr_expect(view_equal(key_view(&found.parameters.key), view_text("abc")));
    inodes_forget(inodes, inode, 1);
    cr_assert_not(inodes_find(inodes, inode, &found));
    cr_expect_eq(inodes_count(inodes), 0);
    cr_expect_eq(inodes_look_up(inodes, &node, view_text("tasks@abc")), inode);
    inodes_close(inodes);
}

Test(inode, the_same_name_in_another_folder_is_another_inode)
{
    struct inodes *inodes = inodes_open();
    struct node one = keyed(7, "tasks@abc"), two = keyed(8, "tasks@abc");
    cr_assert_neq(inodes_look_up(inodes, &one, view_text("tasks@abc")),
                  inodes_look_up(inodes, &two, view_text("tasks@abc")));
    inodes_close(inodes);
}

Test(inode, closing_the_last_handle_is_told)
{
    struct inodes *inodes = inodes_open();
    struct node node = keyed(7, "tasks@abc,delay=5s");
    uint64_t inode = inodes_look_up(inodes, &node, view_text("tasks@abc,delay=5s"));
    inodes_opened(inodes, inode);
    inodes_opened(inodes, inode);
    cr_expect_not(inodes_closed(inodes, inode));
    cr_expect(inodes_closed(inodes, inode));
    inodes_close(inodes);
}

Test(inode, a_handle_outlives_the_last_lookup)
{
    struct inodes *inodes = inodes_open();
    struct node node = keyed(7, "tasks@abc");
    uint64_t inode = inodes_look_up(inodes, &node, view_text("tasks@abc"));
    inodes_opened(inodes, inode);
    inodes_forget(inodes, inode, 1);
    cr_assert(inodes_find(inodes, inode, &node));
    cr_assert(inodes_closed(inodes, inode));
    cr_expect_eq(inodes_count(inodes), 0);
    inodes_close(inodes);
}

Test(inode, opening_and_closing_a_listed_file_asks_for_nothing)
{
    struct inodes *inodes = inodes_open();
    uint64_t inode = inode_of_listed(NODE_TASKS, 7);
    inodes_opened(inodes, inode);
    cr_expect_not(inodes_closed(inodes, inode));
    inodes_close(inodes);
}

Test(inode, a_kernel_that_never_forgets_does_not_fill_our_memory)
{
    struct inodes *inodes = inodes_open();
    struct node node = keyed(7, "tasks@first"), found;
    uint64_t open = inodes_look_up(inodes, &node, view_text("tasks@first"));
    uint64_t idle = inodes_look_up(inodes, &node, view_text("tasks@second"));
    uint64_t used = inodes_look_up(inodes, &node, view_text("tasks@third"));
    char name[32];
    inodes_opened(inodes, open);
    for (unsigned i = 0; i < INODES_IDLE_MAX - 1; i++) {
        snprintf(name, sizeof name, "tasks@key%u", i);
        inodes_look_up(inodes, &node, view_text(name));
        cr_assert_eq(inodes_look_up(inodes, &node, view_text("tasks@third")), used);
    }
    cr_expect_eq(inodes_count(inodes), INODES_IDLE_MAX + 1);
    cr_expect(inodes_find(inodes, open, &found), "it is open");
    cr_expect(inodes_find(inodes, used, &found), "it was used since");
    cr_expect_not(inodes_find(inodes, idle, &found));
    inodes_forget(inodes, idle, 1);
    cr_expect(inodes_closed(inodes, open));
    cr_expect_eq(inodes_count(inodes), INODES_IDLE_MAX);
    inodes_close(inodes);
}

Test(inode, thousands_of_names_are_all_found)
{
    enum { NAMES = 5000 };
    struct inodes *inodes = inodes_open();
    static uint64_t numbers[NAMES];
    char name[32];
    struct node node;
    for (int i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "tasks@key%d", i);
        node = keyed(7, name);
        numbers[i] = inodes_look_up(inodes, &node, view_text(name));
    }
    cr_assert_eq(inodes_count(inodes), NAMES);
    for (int i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "key%d", i);
        cr_assert(inodes_find(inodes, numbers[i], &node));
        cr_assert(view_equal(key_view(&node.parameters.key), view_text(name)));
        inodes_forget(inodes, numbers[i], 1);
    }
    cr_assert_eq(inodes_count(inodes), 0);
    inodes_close(inodes);
}
