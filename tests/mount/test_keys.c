/* SPDX-License-Identifier: MIT */
/*
 * Idempotency keys as a shell meets them (contract, sections 2, 3 and 5): the first
 * message under a key is a task, every later one with the same bytes is the same task,
 * other bytes are refused, and names with a key tell the truth about what is known.
 */
#include "tests/mount/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(keys, .init = fixture_open, .fini = fixture_close);

Test(keys, a_pending_task_is_not_sent_again)
{
    make_suspended("user_1");
    WORKS("echo latte >> $A/user_1/tasks@abc");
    WORKS("echo latte >> $A/user_1/tasks@abc");
    WORKS("echo latte > $A/user_1/tasks@abc");
    WORKS("cp /dev/null $A/user_1/tasks@abc");
    cr_expect_eq(number_of("user_1", "pending"), 1);
    WORKS("echo resume >> $A/user_1/status");
    GIVES("cat $A/user_1/tasks@abc", "latte\n");
    cr_expect_eq(number_of("user_1", "done"), 1);
}

Test(keys, a_finished_task_gives_the_same_result_again)
{
    make_actor("counter_1");
    WORKS("echo 5 >> $A/counter_1/tasks@first");
    GIVES("cat $A/counter_1/tasks@first", "5\n");
    WORKS("echo 2 >> $A/counter_1/tasks@second");
    GIVES("cat $A/counter_1/tasks@second", "7\n");
    WORKS("echo 5 >> $A/counter_1/tasks@first; echo 5 > $A/counter_1/tasks@first");
    GIVES("cat $A/counter_1/tasks@first", "5\n");
    GIVES("cat $A/counter_1/execute@first", "5\n");
    GIVES("cat $A/counter_1/state", "7\n");
    cr_expect_eq(number_of("counter_1", "done"), 2);
}

Test(keys, execute_and_tasks_share_a_key)
{
    make_actor("counter_1");
    WORKS("echo 5 > $A/counter_1/execute@k; echo 5 > $A/counter_1/tasks@k");
    GIVES("cat $A/counter_1/tasks@k", "5\n");
    cr_expect_eq(number_of("counter_1", "done"), 1);
}

Test(keys, a_failed_task_is_remembered_too)
{
    make_actor("counter_1");
    WORKS("echo five >> $A/counter_1/tasks@k");
    FAILS("cat $A/counter_1/tasks@k", 1, "Remote I/O error");
    WORKS("echo five >> $A/counter_1/tasks@k");
    FAILS("cat $A/counter_1/tasks@k", 1, "Remote I/O error");
    cr_expect_eq(number_of("counter_1", "failed"), 1);
}

Test(keys, other_bytes_are_refused_before_and_after_the_turn)
{
    make_suspended("user_1");
    WORKS("echo latte >> $A/user_1/tasks@abc");
    FAILS("echo mocha >> $A/user_1/tasks@abc", 1, "File exists");
    FAILS("echo espresso macchiato > $A/user_1/tasks@abc", 1, "File exists");
    WORKS("echo resume >> $A/user_1/status");
    GIVES("cat $A/user_1/tasks@abc", "latte\n");
    FAILS("echo mocha >> $A/user_1/tasks@abc", 1, "File exists");
    FAILS("echo mocha > $A/user_1/execute@abc", 1, "File exists");
    GIVES("cat $A/user_1/tasks@abc", "latte\n");
    GIVES("cat $A/user_1/tasks@abc,part=message", "latte\n");
    cr_expect_eq(number_of("user_1", "done"), 1);
}

Test(keys, one_final_newline_makes_no_difference)
{
    make_suspended("user_1");
    WORKS("printf latte >> $A/user_1/tasks@k");
    WORKS("echo latte >> $A/user_1/tasks@k");
    WORKS("printf 'latte\\r\\n' >> $A/user_1/tasks@k");
    WORKS("printf latte > $A/user_1/tasks@k");
    FAILS("printf 'latte\\n\\n' > $A/user_1/tasks@k", 1, "File exists");
    cr_expect_eq(number_of("user_1", "pending"), 1);
    GIVES("cat $A/user_1/tasks@k,part=message", "latte");
}

Test(keys, the_same_key_of_another_actor_is_another_task)
{
    make_actor("user_1");
    make_actor("user_2");
    WORKS("echo latte >> $A/user_1/tasks@k; echo mocha >> $A/user_2/tasks@k");
    GIVES("cat $A/user_1/tasks@k $A/user_2/tasks@k", "latte\nmocha\n");
}

/* ---------------------------------------------------------------- many at once --- */

#define CLIENTS 100

/* One client: sends, then reads what it gets. */
static _Noreturn void be_client(int go_fd, const char *sends, const char *reads)
{
    char byte = 0, answer[16] = "";
    if (read(go_fd, &byte, 1) < 0)
        _exit(2);
    if (file_write(sends, O_WRONLY | O_CREAT | O_APPEND, view_text("7\n")) != 0)
        _exit(3);
    int fd = open(reads, O_RDONLY);
    if (fd < 0 || read(fd, answer, sizeof answer - 1) < 0)
        _exit(4);
    _exit(strcmp(answer, "7\n") == 0 ? 0 : 5);
}

Test(keys, a_hundred_clients_with_one_key_make_one_turn)
{
    int pipe_fds[2], status = 0;
    pid_t clients[CLIENTS];
    const char *path = mounted_path(&fixture, "actors/counter_1/tasks@same");
    make_actor("counter_1");
    cr_assert_eq(pipe(pipe_fds), 0);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = fixture_fork();
        if (clients[i] == 0) {
            close(pipe_fds[1]);
            be_client(pipe_fds[0], path, path);
        }
    }
    /* The end of the pipe is the start of the race. */
    close(pipe_fds[1]);
    for (int i = 0; i < CLIENTS; i++) {
        waitpid(clients[i], &status, 0);
        cr_expect_eq(status, 0, "client %d: %d", i, WEXITSTATUS(status));
    }
    cr_expect_eq(number_of("counter_1", "done"), 1);
    GIVES("cat $A/counter_1/state", "7\n");
}

/* ------------------------------------------------------------------ bulk loads --- */

Test(keys, the_nth_line_of_an_append_is_keyed_n)
{
    make_suspended("bulk");
    WORKS("printf 'a\\nb\\nc\\n' >> $A/bulk/tasks@load");
    struct mailbox_row rows[4];
    cr_assert_eq(mailbox_rows("bulk", rows, 4), 3);
    cr_expect_str_eq(rows[0].key, "load");
    cr_expect_str_eq(rows[1].key, "load~2");
    cr_expect_str_eq(rows[2].key, "load~3");
    GIVES("cat $A/bulk/tasks@load~2,part=message", "b\n");
}

Test(keys, a_bulk_load_run_again_adds_nothing_twice)
{
    make_actor("counter_1");
    WORKS("seq 1000 > $S/lines");
    /* Broken off in the middle of a line, which the end of the writer completes. */
    WORKS("head -n 437 $S/lines >> $A/counter_1/tasks@load");
    cr_expect(wait_number("counter_1", "done", 437));
    WORKS("cat $S/lines >> $A/counter_1/tasks@load");
    WORKS("cat $S/lines >> $A/counter_1/tasks@load");
    cr_expect(wait_number("counter_1", "done", 1000));
    GIVES("cat $A/counter_1/state", "500500\n");
    cr_expect_eq(number_of("counter_1", "pending"), 0);
}

Test(keys, a_bulk_load_broken_off_by_a_kill_is_run_again)
{
    make_actor("counter_1");
    WORKS("seq 100000 > $S/lines");
    struct command load = {0};
    command_start(&load, "cat $S/lines >> $A/counter_1/tasks@load");
    /* Somewhere in it, the daemon dies. */
    while (number_of("counter_1", "done") <= 0 && !command_has_ended(&load))
        poll_pause();
    cr_expect(mounted_kill(&fixture));
    command_finish(&load, COMMAND_DEADLINE_MS);
    command_free(&load);
    mounted_start(&fixture);
    WORKS("cat $S/lines >> $A/counter_1/tasks@load");
    cr_expect(wait_number("counter_1", "done", 100000));
    GIVES("cat $A/counter_1/state", "5000050000\n");
}

Test(keys, an_append_with_other_lines_is_refused_where_it_differs)
{
    make_suspended("bulk");
    WORKS("printf 'a\\nb\\nc\\n' >> $A/bulk/tasks@load");
    FAILS("printf 'a\\nX\\nc\\n' | cat >> $A/bulk/tasks@load", 1, "File exists");
    cr_expect_eq(number_of("bulk", "pending"), 3);
}

/* -------------------------------------------------------- names tell the truth --- */

Test(keys, a_name_exists_exactly_when_its_key_is_known)
{
    make_suspended("user_1");
    FAILS("test -e $A/user_1/tasks@abc", 1, "");
    FAILS("test -e $A/user_1/execute@abc", 1, "");
    WORKS("echo latte >> $A/user_1/tasks@abc");
    WORKS("test -e $A/user_1/tasks@abc && test -e $A/user_1/execute@abc");
    FAILS("test -e $A/user_1/tasks@ABC", 1, "");
    WORKS("echo forget abc >> $A/user_1/status");
    FAILS("test -e $A/user_1/tasks@abc", 1, "");
    FAILS("cat $A/user_1/tasks@abc", 1, "No such file");
}

Test(keys, looking_at_a_name_makes_nothing)
{
    make_suspended("user_1");
    FAILS("cat $A/user_1/tasks@abc", 1, "No such file");
    WORKS(": >> $A/user_1/tasks@abc; touch $A/user_1/tasks@abc");
    FAILS("test -e $A/user_1/tasks@abc", 1, "");
    cr_expect_eq(mailbox_count("user_1"), 0);
}

Test(keys, noclobber_sends_only_what_is_new)
{
    make_suspended("user_1");
    WORKS("set -C; echo latte > $A/user_1/tasks@abc");
    FAILS("set -C; echo latte > $A/user_1/tasks@abc", 1, "cannot overwrite");
    FAILS("dash -c 'set -C; echo latte > $A/user_1/tasks@abc'", 2, "");
    cr_expect_eq(number_of("user_1", "pending"), 1);
}

Test(keys, exclusive_creation_tells_who_was_first)
{
    make_suspended("user_1");
    const char *path = mounted_path(&fixture, "actors/user_1/tasks@abc");
    int flags = O_WRONLY | O_CREAT | O_EXCL;
    cr_expect_eq(file_write(path, flags, view_text("latte\n")), 0);
    cr_expect_eq(file_write(path, flags, view_text("latte\n")), EEXIST);
    cr_expect_eq(file_write(path, O_WRONLY, view_text("latte\n")), 0);
    cr_expect_eq(number_of("user_1", "pending"), 1);
}

Test(keys, names_with_keys_are_never_listed)
{
    make_suspended("user_1");
    WORKS("echo latte >> $A/user_1/tasks@abc");
    GIVES("ls $A/user_1", SPECIAL_FILES);
}

Test(keys, a_key_is_percent_decoded_exactly_once)
{
    make_suspended("user_1");
    WORKS("echo a >> $A/user_1/tasks@a%2Fb");
    WORKS("echo a >> $A/user_1/tasks@a%2fb");
    WORKS("echo b >> $A/user_1/tasks@a%252Fb");
    WORKS("echo c >> \"$A/user_1/tasks@with%20space%2C%40%7E%3F%26%23\"");
    WORKS("echo d >> $A/user_1/tasks@%61bc; echo d >> $A/user_1/tasks@abc");
    struct mailbox_row rows[8];
    cr_assert_eq(mailbox_rows("user_1", rows, 8), 4);
    cr_expect_str_eq(rows[0].key, "a%2Fb");
    cr_expect_str_eq(rows[1].key, "a%252Fb");
    cr_expect_str_eq(rows[2].key, "with%20space%2C%40%7E%3F%26%23");
    cr_expect_str_eq(rows[3].key, "abc");
    GIVES("cat $A/user_1/tasks@a%252Fb,part=message", "b\n");
    FAILS("echo x >> $A/user_1/tasks@a%zz", 1, "Invalid argument");
    FAILS("echo x >> $A/user_1/tasks@a%2", 1, "Invalid argument");
}

Test(keys, a_task_without_a_key_is_named_by_its_number)
{
    make_actor("user_1");
    WORKS("echo latte >> $A/user_1/tasks");
    struct mailbox_row row;
    cr_expect(wait_number("user_1", "done", 1));
    cr_assert_eq(mailbox_rows("user_1", &row, 1), 1);
    char key[32];
    snprintf(key, sizeof key, ".%llu", row.sequence);
    cr_expect_str_eq(row.key, key);
    cr_expect_str_eq(text_of("actors/user_1/tasks@%s", key), "latte\n");
}

Test(keys, of_any_size_up_to_two_hundred_bytes_are_kept)
{
    make_actor("user_1");
    WORKS("echo x >> $A/user_1/tasks@$(printf %0200d 7)");
    GIVES("cat $A/user_1/tasks@$(printf %0200d 7)", "x\n");
    FAILS("echo x >> $A/user_1/tasks@$(printf %0201d 7)", 1, "Invalid argument");
}

Test(keys, survive_a_kill)
{
    make_actor("counter_1");
    WORKS("echo 5 >> $A/counter_1/tasks@k");
    GIVES("cat $A/counter_1/tasks@k", "5\n");
    fixture_crash();
    WORKS("echo 5 >> $A/counter_1/tasks@k");
    FAILS("echo 6 >> $A/counter_1/tasks@k", 1, "File exists");
    GIVES("cat $A/counter_1/tasks@k", "5\n");
    GIVES("cat $A/counter_1/state", "5\n");
}
