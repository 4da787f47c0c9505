/* SPDX-License-Identifier: MIT */
/* What reading each file gives, and what waiting for one waits for. */
#include "common/tree/tree.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "tests/common/tree/fixture.h"

TestSuite(read, .init = fixture_open, .fini = fixture_close);

/* A look shows the same, and whose it is. */
static void expect_look(const struct node *node, enum status status, const char *text)
{
    struct tree_look look;
    struct attributes known;
    enum status is = tree_look(tree, node, &look);
    BYTES_AUTO(out);
    out = look.text;
    cr_assert_eq(is, status, "%s", status_text(is));
    cr_assert(view_equal(view_bytes(&out), view_text(text)));
    if (status == STATUS_NOT_FOUND || status == STATUS_INVALID || !node->actor)
        return;
    cr_assert_eq(tree_attributes(tree, node, &known), STATUS_OK);
    cr_assert_eq(look.attributes.version, known.version);
    cr_assert_eq(look.attributes.size, known.size);
    cr_assert_eq(look.attributes.size, out.size);
    cr_assert_eq(look.attributes.mode, known.mode);
    cr_assert_eq(look.attributes.modified_ms, known.modified_ms);
    cr_assert_str_eq(look.actor.name, "counter_1");
}

static void expect_node(const struct node *node, enum status status, const char *text)
{
    expect_look(node, status, text);
    BYTES_AUTO(out);
    enum status is = tree_read(tree, node, &out);
    cr_assert_eq(is, status, "%s", status_text(is));
    cr_assert(view_equal(view_bytes(&out), view_text(text)), "%.*s\nnot\n%s",
              (int)out.size, out.data, text);
}

/* What is seen while it is looked up is what a reader gets. */
static void expect_seen(const struct tree_seen *seen, enum status status,
                        const char *text)
{
    cr_assert_eq(seen->status, status, "%s", status_text(seen->status));
    cr_assert(view_equal(view_bytes(&seen->look.text), view_text(text)));
}

static void expect(const char *name, enum status status, const char *text)
{
    struct node folder = tree_node(NODE_ACTOR, actor), node;
    struct tree_seen seen = {0};
    enum status found =
        tree_lookup_to_read(tree, &folder, view_text(name), &node, &seen);
    cr_assert_eq(tree_lookup(tree, &folder, view_text(name), &node), found);
    cr_assert_eq(seen.is_seen,
                 node.parameters.key.size > 0 && status != STATUS_NOT_FOUND);
    if (seen.is_seen)
        expect_seen(&seen, status, text);
    bytes_free(&seen.look.text);
    expect_node(&node, status, text);
}

static void expect_top(enum node_kind kind, const char *text)
{
    struct node node = tree_node(kind, 0);
    expect_node(&node, STATUS_OK, text);
}

Test(read, an_actors_files_to_the_byte)
{
    rig_send(&rig, actor, "tasks@k", "5");
    rig_control(&rig, actor, "suspend");
    rig_send(&rig, actor, "tasks", "6");
    expect("tasks", STATUS_OK, "");
    expect("execute", STATUS_OK, "");
    expect("state", STATUS_OK, "5\n");
    expect("result", STATUS_OK, "5\n");
    expect("behavior", STATUS_OK, "counter\n");
    expect("log", STATUS_OK, "2025-12-25T12:00:00.000Z\t1\tdone\t1\t0\tk\t\n");
    expect("mailbox", STATUS_OK,
           "2\tpending\t0\t2025-12-25T12:00:00.000Z\t\t.2\n"
           "1\tdone\t1\t2025-12-25T12:00:00.000Z\t\tk\n");
    expect("status", STATUS_OK,
           "name: counter_1\nbehavior: counter\nactivity: suspended\npending: 1\n"
           "delayed: 0\nrunning: 0\ndone: 1\nfailed: 0\ncanceled: 0\nrefused: 0\n"
           "mailbox-bytes: 1\nstate-version: 2\nstate-bytes: 2\n"
           "created: 2025-12-25T12:00:00.000Z\nlast-turn: 2025-12-25T12:00:00.000Z\n"
           "last-error:\nlast-refusal:\n");
}

Test(read, the_outcome_of_a_key_by_the_state_of_its_task)
{
    rig_send(&rig, actor, "tasks@done", "5");
    rig_send(&rig, actor, "tasks@failed", "x");
    rig_control(&rig, actor, "suspend");
    rig_send(&rig, actor, "tasks@canceled", "1");
    rig_control(&rig, actor, "cancel canceled");
    rig_send(&rig, actor, "tasks@pending", "1\n");
    static const char *const doors[] = {"tasks", "execute"};
    for (unsigned i = 0; i < 2; i++) {
        char name[64];
        snprintf(name, sizeof(name), "%s@done", doors[i]);
        expect(name, STATUS_OK, "5\n");
        snprintf(name, sizeof(name), "%s@failed", doors[i]);
        expect(name, STATUS_FAILED,
               "counter: the message is not a whole number, such as 1 or -5");
        snprintf(name, sizeof(name), "%s@canceled", doors[i]);
        expect(name, STATUS_CANCELED, "");
        snprintf(name, sizeof(name), "%s@pending", doors[i]);
        expect(name, STATUS_AGAIN, "");
        snprintf(name, sizeof(name), "%s@nobody", doors[i]);
        expect(name, STATUS_NOT_FOUND, "");
        snprintf(name, sizeof(name), "%s@pending,part=message", doors[i]);
        expect(name, STATUS_OK, "1\n");
        snprintf(name, sizeof(name), "%s@done,part=message", doors[i]);
        expect(name, STATUS_OK, "5");
    }
    expect("tasks@.1", STATUS_OK, "5\n");
}

Test(read, what_is_of_all_actors)
{
    BYTES_AUTO(readme);
    struct node node = tree_node(NODE_README, 0);
    cr_assert_eq(tree_read(tree, &node, &readme), STATUS_OK);
    cr_assert_gt(readme.size, 500);
    expect_top(NODE_BEHAVIORS, "counter\necho\nkeep\n");
    expect_top(NODE_ATTENTION, "");
    rig_control(&rig, actor, "suspend");
    expect_top(NODE_ATTENTION, "counter_1\tsuspended\t2025-12-25T12:00:00.000Z\t\t\n");
    rig_advance(&rig, 61000);
    BYTES_AUTO(status);
    node = tree_node(NODE_DAEMON_STATUS, 0);
    cr_assert_eq(tree_read(tree, &node, &status), STATUS_OK);
    bytes_append(&status, view_of("", 1));
    cr_assert_not_null(strstr(status.data, "\nuptime: 61s\nactors: 1\npending: 0\n"),
                       "%s", status.data);
}

Test(read, nothing_of_an_actor_that_is_gone)
{
    rig_remove(&rig, actor);
    for (enum node_kind kind = NODE_TASKS; kind <= NODE_BEHAVIOR; kind++) {
        struct node node = tree_node(kind, actor);
        expect_node(&node, STATUS_NOT_FOUND, "");
    }
}

static void note_wake(void *context, enum status status)
{
    *(enum status *)context = status;
}

Test(read, waiting_is_for_the_task_of_the_key)
{
    struct node folder = tree_node(NODE_ACTOR, actor), node;
    struct engine_wait *wait = NULL;
    enum status woken = STATUS_AGAIN;
    rig_control(&rig, actor, "suspend");
    rig_send(&rig, actor, "tasks@k", "5");
    cr_assert_eq(tree_lookup(tree, &folder, view_text("execute@k"), &node), STATUS_OK);
    cr_assert_eq(tree_wait(tree, &node, 0, note_wake, &woken, &wait), STATUS_OK);
    cr_assert_eq(woken, STATUS_AGAIN);
    rig_control(&rig, actor, "resume");
    cr_assert_eq(woken, STATUS_OK);
    engine_wait_end(wait);
    rig_control(&rig, actor, "forget k");
    cr_assert_eq(tree_wait(tree, &node, 0, note_wake, &woken, &wait), STATUS_NOT_FOUND);
}
