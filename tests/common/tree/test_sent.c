/* SPDX-License-Identifier: MIT */
/*
 * A file renamed onto a special file is sent once and gone, wherever a crash comes: the
 * note that names it is committed with its message, and the next start removes what is
 * named.
 */
#include "common/tree/tree.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/common/engine/rig.h"

static struct rig rig;
static struct tree *tree;
static uint64_t actor;

static void open_tree(void)
{
    struct engine_owner owner = {.mode = 0755};
    BYTES_AUTO(message);
    tree = tree_open(rig.engine, &owner);
    cr_assert_eq(tree_keep_files(tree, rig.folder, &message), STATUS_OK, "%.*s",
                 (int)message.size, message.data);
    rig_run(&rig);
}

static void setup(void)
{
    rig_init(&rig);
    rig_open(&rig);
    actor = rig_create(&rig, "counter_1");
    cr_assert_eq(rig_control(&rig, actor, "suspend").status, STATUS_OK);
    open_tree();
}

static void teardown(void)
{
    tree_close(tree);
    rig_close(&rig);
}

TestSuite(sent, .init = setup, .fini = teardown);

static void crash(void)
{
    tree_close(tree);
    rig_crash(&rig);
    open_tree();
}

static struct file_place at(const char *path)
{
    return (struct file_place){actor, view_text(path)};
}

static void put(const char *path, const char *content)
{
    struct file_writer *writer;
    struct file_place place = at(path);
    struct file_owner owner = {geteuid(), getegid(), 0600};
    struct stat stat;
    cr_assert_eq(files_write(tree_files(tree), &writer), STATUS_OK);
    cr_assert_eq(file_writer_append(writer, view_text(content)), STATUS_OK);
    cr_assert_eq(file_writer_commit(writer, &place, &owner, false, &stat), STATUS_OK);
}

static bool is_there(const char *path)
{
    struct file_place place = at(path);
    struct stat stat;
    return files_stat(tree_files(tree), &place, &stat) == STATUS_OK;
}

static struct stat look(void)
{
    struct file_place place = at("sub/f");
    struct stat stat;
    cr_assert_eq(files_stat(tree_files(tree), &place, &stat), STATUS_OK);
    return stat;
}

/* As whoever sends `sub/f` begins, who has looked at it before; the note that names it.
 */
static enum status begin(const struct stat *stat, struct bytes *out)
{
    struct file_place folder = at("sub");
    int descriptor;
    cr_assert_eq(files_find(tree_files(tree), &folder, &descriptor), STATUS_OK);
    enum status status =
        files_begin_sending(tree_files(tree), descriptor, "f", stat, out);
    close(descriptor);
    return status;
}

static void name(struct bytes *out)
{
    struct stat stat = look();
    cr_assert_eq(begin(&stat, out), STATUS_OK);
}

static void plant(void)
{
    struct file_place folder = at("sub");
    struct file_owner owner = {geteuid(), getegid(), 0700};
    cr_assert_eq(files_make_folder(tree_files(tree), &folder, &owner), STATUS_OK);
    put("sub/f", "5");
}

static void ask_send(struct bytes *named, struct reply *reply)
{
    struct engine_note note = {view_text(SENT_NOTE_PREFIX "1"), view_bytes(named)};
    struct view content = view_text("5");
    struct node tasks = tree_node(NODE_TASKS, actor);
    struct tree_post post = {
        .messages = &content, .count = 1, .first_line = 1, .note = &note};
    tree_post(tree, &tasks, &post, rig_done, reply);
}

static enum status note_status(void)
{
    BYTES_AUTO(value);
    return engine_note(rig.engine, view_text(SENT_NOTE_PREFIX "1"), &value);
}

Test(sent, a_file_whose_message_is_committed_is_removed_at_the_next_start)
{
    BYTES_AUTO(named);
    struct reply reply = {0};
    plant();
    name(&named);
    ask_send(&named, &reply);
    rig_run(&rig);
    cr_assert_eq(reply.status, STATUS_OK);
    cr_expect(is_there("sub/f"), "nobody has removed it yet");
    crash();
    cr_expect_not(is_there("sub/f"));
    cr_expect_eq(rig_info(&rig, actor).pending, 1);
    cr_expect_eq(note_status(), STATUS_NOT_FOUND, "the note has done its work");
    crash();
    cr_expect_eq(rig_info(&rig, actor).pending, 1);
}

Test(sent, a_file_whose_message_was_lost_stays)
{
    BYTES_AUTO(named);
    struct reply reply = {0};
    plant();
    name(&named);
    ask_send(&named, &reply);
    core_step(rig.engine); /* decided, but not committed */
    tree_close(tree);
    engine_abandon(rig.engine);
    faulty_disk_crash(rig.faulty);
    rig_open(&rig);
    open_tree();
    cr_expect(is_there("sub/f"));
    cr_expect_eq(rig_info(&rig, actor).pending, 0);
}

Test(sent, another_file_in_its_place_stays)
{
    BYTES_AUTO(named);
    struct reply reply = {0};
    plant();
    name(&named);
    ask_send(&named, &reply);
    rig_run(&rig);
    put("sub/f", "another");
    crash();
    cr_expect(is_there("sub/f"));
    cr_expect_eq(rig_info(&rig, actor).pending, 1);
    cr_expect_eq(note_status(), STATUS_NOT_FOUND);
}

Test(sent, a_state_is_replaced_and_its_file_removed)
{
    BYTES_AUTO(named);
    struct reply reply = {0};
    plant();
    name(&named);
    struct engine_note note = {view_text(SENT_NOTE_PREFIX "1"), view_bytes(&named)};
    struct engine_state_write write = {.state = view_text("5"),
                                       .expected_version = STATE_VERSION_ANY,
                                       .note = &note};
    engine_write_state(rig.engine, actor, &write, rig_done, &reply);
    rig_run(&rig);
    cr_assert_eq(reply.status, STATUS_OK);
    crash();
    cr_expect_str_eq(rig_state(&rig, actor), "5");
    cr_expect_not(is_there("sub/f"));
    cr_assert_eq(rig_set_state(&rig, actor, "6", STATE_VERSION_ANY).status, STATUS_OK);
    crash();
    cr_expect_str_eq(rig_state(&rig, actor), "6", "what came later stays");
}

Test(sent, a_file_is_sent_by_one_at_a_time)
{
    BYTES_AUTO(first);
    BYTES_AUTO(second);
    plant();
    struct stat before = look();
    name(&first);
    cr_expect_eq(begin(&before, &second), STATUS_BUSY);
    cr_expect_eq(files_remove_sent(tree_files(tree), view_bytes(&first)), STATUS_OK);
    files_end_sending(tree_files(tree), view_bytes(&first));
    cr_expect_eq(begin(&before, &second), STATUS_STALE, "it was sent meanwhile");
    put("sub/f", "6");
    cr_expect_eq(begin(&before, &second), STATUS_STALE, "it is another one");
    name(&second);
    files_end_sending(tree_files(tree), view_bytes(&second));
}

Test(sent, a_note_leads_nowhere_else)
{
    BYTES_AUTO(named);
    char top[80];
    plant();
    name(&named);
    snprintf(top, sizeof top, "%s/lock", rig.folder);
    cr_assert_eq(access(top, F_OK), 0);
    named.size -= strlen("sub/f") + 2; /* less the actor's digit and slash */
    bytes_append_text(&named, "../lock");
    cr_expect_neq(files_remove_sent(tree_files(tree), view_bytes(&named)), STATUS_OK);
    cr_expect_eq(access(top, F_OK), 0);
    cr_expect_eq(files_remove_sent(tree_files(tree), view_text("short")),
                 STATUS_INVALID);
}
