/* SPDX-License-Identifier: MIT */
/* Places: their order, and the marks that pass. */
#include "tests/server/dav/rig.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "server/dav/dead.h"
#include "server/dav/recent.h"

TestSuite(dav_places, .init = rig_open, .fini = rig_close);

static size_t beneath(const char *path)
{
    struct dav_place at = place(path);
    size_t first;
    return dav_entries_beneath(rig, &at, &first) - first;
}

static void keep(const char *path, const char *value)
{
    struct dav_place at = place(path);
    dav_enter(rig);
    dav_dead_keep(rig, &at, view_text(value), NULL, NULL);
    dav_entry_tidy(rig, &at);
    dav_leave(rig);
}

static bool has(const char *path, const char *value)
{
    struct dav_place at = place(path);
    const struct dav_entry *entry = dav_entry_find(rig, &at);
    return entry && view_equal(view_bytes(&entry->properties), view_text(value));
}

Test(dav_places, a_folder_and_all_beneath_it_stand_together)
{
    static const char *const paths[] = {"a-b", "a", "a/c/d", "b", "a.x/y", "a/b", ""};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        keep(paths[i], "1");
    cr_expect_eq(beneath("a"), 3);
    cr_expect_eq(beneath("a/c"), 1);
    cr_expect_eq(beneath("a.x"), 1);
    cr_expect_eq(beneath(""), 7);
    cr_expect_eq(beneath("c"), 0);
}

Test(dav_places, properties_go_along_with_a_folder)
{
    struct dav_place from = place("a"), to = {2, view_text("x/y")};
    keep("a", "1");
    keep("a/b", "2");
    dav_enter(rig);
    dav_dead_copy(rig, &from, &to, true);
    dav_leave(rig);
    struct dav_place deep = {2, view_text("x/y/b")};
    const struct dav_entry *entry = dav_entry_find(rig, &deep);
    cr_assert(entry);
    cr_expect(view_equal(view_bytes(&entry->properties), view_text("2")));
    dav_forget(rig, &from);
    cr_expect_eq(beneath("a"), 0);
}

Test(dav_places, an_actor_s_properties_go_to_its_copy)
{
    struct dav_place from = place(""), to = {2, view_text("")};
    keep("", "1");
    keep("a", "2");
    dav_enter(rig);
    dav_dead_copy(rig, &from, &to, true);
    dav_leave(rig);
    struct dav_place file = {2, view_text("a")};
    cr_expect(dav_entry_find(rig, &to));
    cr_expect(dav_entry_find(rig, &file));
}

Test(dav_places, properties_survive_a_restart)
{
    keep("a", "1");
    keep("b", "2");
    keep("b", "");
    rig_restart();
    cr_expect(has("a", "1"));
    cr_expect_eq(beneath(""), 1);
}

static enum dead_room room(const char *path, uint64_t bytes)
{
    struct dav_place at = place(path);
    dav_enter(rig);
    enum dead_room room = dav_dead_room(rig, &at, bytes);
    dav_leave(rig);
    return room;
}

static enum dead_room room_for_copy(const char *path, bool deep)
{
    struct dav_place at = place(path);
    dav_enter(rig);
    enum dead_room room = dav_dead_room_for_copy(rig, &at, deep);
    dav_leave(rig);
    return room;
}

#define PLACE_COST (1 + DEAD_PLACE_BYTES) /* and a name of one letter */

/* Nothing is retired here: the engine knows no actor 1, and so all of its are. */
Test(dav_places, properties_are_bounded_for_a_place_and_for_a_store)
{
    cr_expect_eq(room("a", DEAD_BYTES_MAX), DEAD_FITS);
    cr_expect_eq(room("a", DEAD_BYTES_MAX + 1), DEAD_TOO_LARGE);
    rig->next_sweep_ns = INT64_MAX;
    keep("a", "1234");
    keep("b", "1234");
    cr_expect_eq(rig->properties_bytes, 2 * (4 + PLACE_COST));
    rig->properties_bytes_max = 3 * (4 + PLACE_COST);
    cr_expect_eq(room("c", 4), DEAD_FITS);
    cr_expect_eq(room("c", 5), DEAD_STORE_FULL);
    cr_expect_eq(room_for_copy("a", false), DEAD_FITS);
    cr_expect_eq(room_for_copy("", false), DEAD_FITS);
    cr_expect_eq(room_for_copy("", true), DEAD_STORE_FULL);
    cr_expect_eq(room_for_copy("x", true), DEAD_FITS);
    cr_expect_eq(room("a", 8 + PLACE_COST), DEAD_FITS);
    cr_expect_eq(room("a", 9 + PLACE_COST), DEAD_STORE_FULL);
}

Test(dav_places, whoever_keeps_less_than_before_is_always_let)
{
    rig->next_sweep_ns = INT64_MAX;
    keep("a", "1234");
    rig->properties_bytes_max = 0;
    cr_expect_eq(room("a", 4), DEAD_FITS);
    cr_expect_eq(room("a", 0), DEAD_FITS);
    cr_expect_eq(room("a", 5), DEAD_STORE_FULL);
    keep("a", "");
    cr_expect_eq(rig->properties_bytes, 0, "room made is room used");
}

Test(dav_places, properties_count_again_after_a_restart)
{
    keep("a", "1234");
    rig_restart();
    cr_expect_eq(rig->properties_bytes, 4 + PLACE_COST);
}

Test(dav_places, properties_of_retired_actors_make_room)
{
    keep("a", "1234");
    rig->properties_bytes_max = 5 + PLACE_COST;
    struct dav_place root_file = {0, view_text("b")};
    dav_enter(rig);
    dav_dead_keep(rig, &root_file, view_text("1"), NULL, NULL);
    cr_expect_eq(dav_dead_room(rig, &root_file, 4), DEAD_FITS);
    cr_expect(dav_entry_find(rig, &root_file), "what belongs to nobody stays");
    dav_leave(rig);
    cr_expect_eq(beneath(""), 0);
}

Test(dav_places, names_are_hidden_and_announced_for_a_minute)
{
    struct dav_place at = place("state");
    dav_hide(rig, &at);
    cr_expect(dav_is_hidden(rig, &at));
    dav_announce(rig, &at);
    cr_expect(!dav_is_hidden(rig, &at));
    cr_expect(dav_is_announced(rig, &at));
    rig_seconds += 59;
    cr_expect(dav_is_announced(rig, &at));
    rig_seconds += 1;
    cr_expect(!dav_is_announced(rig, &at));
    cr_expect_eq(rig->count, 0, "nothing is left of it");
}

Test(dav_places, no_more_names_are_marked_than_a_client_has_business_with)
{
    char name[16];
    unsigned wrong = 0;
    for (unsigned i = 0; i <= MARKS_MAX; i++) {
        snprintf(name, sizeof name, "tasks@%u", i);
        struct dav_place at = place(name);
        dav_announce(rig, &at);
        wrong += dav_is_announced(rig, &at) != (i < MARKS_MAX);
    }
    cr_expect_eq(wrong, 0);
    cr_expect_eq(rig->count, MARKS_MAX);
    rig_seconds += 60;
    dav_enter(rig);
    dav_leave(rig);
    cr_expect_eq(rig->count, 0);
    cr_expect_eq(rig->mark_count, 0);
}

Test(dav_places, the_size_of_what_was_put_is_told_for_a_moment)
{
    struct dav_place at = place("tasks");
    uint64_t bytes = 0;
    dav_recent_add(rig, &at, 6);
    cr_expect(dav_recent_find(rig, &at, &bytes));
    cr_expect_eq(bytes, 6);
    rig_seconds += 5;
    cr_expect(!dav_recent_find(rig, &at, &bytes));
}
