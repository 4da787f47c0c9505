/* SPDX-License-Identifier: MIT */
/* Listing, and going on with a listing while the tree changes. */
#include "common/tree/tree.h"

#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "tests/common/engine/rig.h"

static struct rig rig;
static struct tree *tree;

static void setup(void)
{
    struct engine_owner owner = {.mode = 0755};
    rig_init(&rig);
    rig_open(&rig);
    tree = tree_open(rig.engine, &owner);
}

static void teardown(void)
{
    tree_close(tree);
    rig_close(&rig);
}

TestSuite(list, .init = setup, .fini = teardown);

struct listing {
    struct bytes text;
    size_t count, stop_after;
    uint64_t next;
};

static bool note(void *context, const struct tree_entry *entry)
{
    struct listing *listing = context;
    bytes_format(&listing->text, "%s ", entry->name);
    listing->next = entry->next;
    return ++listing->count < listing->stop_after;
}

/* The names from `after` on, at most so many; good until the next call. */
static const char *names(const struct node *folder, uint64_t after, size_t stop_after,
                         uint64_t *next_out)
{
    static struct listing listing;
    listing.count = 0;
    listing.stop_after = stop_after;
    listing.next = after;
    bytes_clear(&listing.text);
    cr_assert_eq(tree_list(tree, folder, after, note, &listing), STATUS_OK);
    if (next_out)
        *next_out = listing.next;
    bytes_append(&listing.text, view_of("", 1));
    return listing.text.data;
}

Test(list, the_root_and_an_actor_in_the_order_of_the_contract)
{
    struct node root = tree_root();
    struct node actor = tree_node(NODE_ACTOR, rig_create(&rig, "a"));
    cr_assert_str_eq(names(&root, 0, 99, NULL),
                     "README status attention behaviors actors ");
    cr_assert_str_eq(names(&actor, 0, 99, NULL),
                     "tasks execute state status mailbox result log behavior ");
}

Test(list, names_with_keys_are_never_listed)
{
    uint64_t id = rig_create(&rig, "a");
    struct node actor = tree_node(NODE_ACTOR, id);
    rig_send(&rig, id, "tasks@k", "1");
    cr_assert_null(strchr(names(&actor, 0, 99, NULL), '@'));
}

Test(list, any_folder_goes_on_where_it_was_left)
{
    struct node folders[] = {tree_root(), tree_node(NODE_ACTORS, 0),
                             tree_node(NODE_ACTOR, rig_create(&rig, "a0"))};
    for (unsigned i = 1; i < 20; i++) {
        char name[8];
        snprintf(name, sizeof(name), "a%u", i);
        rig_create(&rig, name);
    }
    for (size_t i = 0; i < 3; i++) {
        BYTES_AUTO(pieces);
        char *whole = strdup(names(&folders[i], 0, 1000, NULL));
        uint64_t next = 0;
        const char *piece;
        while (*(piece = names(&folders[i], next, 3, &next)))
            bytes_append_text(&pieces, piece);
        bytes_append(&pieces, view_of("", 1));
        cr_assert_str_eq(pieces.data, whole);
        free(whole);
    }
}

Test(list, whoever_stays_is_listed_once_while_others_come_and_go)
{
    struct node actors = tree_node(NODE_ACTORS, 0);
    uint64_t ids[200], next = 0;
    unsigned seen_stayers = 0;
    char name[32];
    for (unsigned i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), i % 2 ? "stays_%u" : "goes_%u", i);
        ids[i] = rig_create(&rig, name);
    }
    const char *piece;
    unsigned gone = 0, come = 0;
    while (*(piece = names(&actors, next, 5, &next))) {
        for (const char *at = piece; (at = strstr(at, "stays_")); at++)
            seen_stayers++;
        for (unsigned i = 0; i < 6 && gone < 200; i++, gone += 2)
            rig_remove(&rig, ids[gone]);
        if (come < 50) {
            snprintf(name, sizeof(name), "comes_%u", come++);
            rig_create(&rig, name);
        }
        if (come == 10)
            rig_tidy(&rig);
    }
    cr_assert_eq(seen_stayers, 100);
}

static bool check_entry(void *context, const struct tree_entry *entry)
{
    struct attributes attributes;
    cr_assert_eq(tree_attributes(context, &entry->node, &attributes), STATUS_OK);
    cr_assert_eq(attributes.mode, entry->attributes.mode, "%s", entry->name);
    cr_assert_eq(attributes.size, entry->attributes.size, "%s", entry->name);
    cr_assert_eq(attributes.is_folder, entry->attributes.is_folder);
    cr_assert_eq(attributes.modified_ms, entry->attributes.modified_ms);
    cr_assert_eq(attributes.uid, entry->attributes.uid);
    return true;
}

Test(list, entries_carry_the_attributes_that_a_look_at_them_gives)
{
    uint64_t id = rig_create(&rig, "counter_a");
    struct node folders[] = {tree_root(), tree_node(NODE_ACTORS, 0),
                             tree_node(NODE_ACTOR, id)};
    rig_send(&rig, id, "tasks", "1");
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(tree_list(tree, &folders[i], 0, check_entry, tree), STATUS_OK);
}

Test(list, an_actor_that_is_gone_is_not_found)
{
    uint64_t id = rig_create(&rig, "a");
    struct node actor = tree_node(NODE_ACTOR, id);
    struct listing listing = {.stop_after = 99};
    rig_remove(&rig, id);
    cr_assert_eq(tree_list(tree, &actor, 0, note, &listing), STATUS_NOT_FOUND);
    cr_assert_eq(listing.count, 0);
}
