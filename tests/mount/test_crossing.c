/* SPDX-License-Identifier: MIT */
/*
 * Ordinary files that are renamed onto special ones, and the state that is renamed away
 * (contract, section 9): what goes onto a special file arrives there once and is gone,
 * wherever the daemon is killed, and editors can save the state in each of their ways.
 */
#include "tests/mount/fixture.h"

#include <stdlib.h>

TestSuite(crossing, .init = fixture_open_with_keep, .fini = fixture_close);

Test(crossing, a_file_renamed_onto_tasks_is_sent_and_gone)
{
    WORKS("echo suspend >> $K/status");
    WORKS("cd $K; printf 'a\\nb' > f; mv f tasks@k; test ! -e f");
    GIVES("cat $K/tasks@k,part=message", "a\nb");
    WORKS(
        "cd $K; echo c > f; mv f tasks; echo d > d; mv d tasks; test ! -e f -a ! -e d");
    cr_expect_eq(number_of("keep_1", "pending"), 3);
    GIVES("cd $K; : > e; mv e tasks; ls -A", SPECIAL_FILES);
    cr_expect_eq(number_of("keep_1", "pending"), 3);
    GIVES("wc -c < $K/tasks; stat -c %s $K/tasks", "0\n0\n");
    WORKS("cd $K; printf 'a\\nb' > f; mv f tasks@k; test ! -e f");
    FAILS("cd $K; echo other > f; mv f tasks@k", 1, "File exists");
    WORKS("test -e $K/f");
    FAILS("cd $K; mkdir d; mv -T d tasks", 1, "");
    FAILS("cd $K; truncate -s 2M big; mv big tasks", 1, "File too large");
    WORKS("test -e $K/big");
    FAILS("cd $K; mv f log", 1, "");
    FAILS("cd $K; mv f status", 1, "");
    cr_expect_eq(number_of("keep_1", "pending"), 3);
}

Test(crossing, a_write_right_after_the_rename_reaches_the_actor)
{
    WORKS("echo suspend >> $K/status; cd $K; echo 0 > f; cat f tasks > $S/f;"
          "mv f tasks; for i in $(seq 9); do echo $i > tasks; done");
    cr_expect_eq(number_of("keep_1", "pending"), 10);
    WORKS("cd $K; for i in $(seq 20); do echo new$i > f; cat f > $S/f; mv f state;"
          "test \"$(cat state)\" = new$i || echo $i; echo old$i > state;"
          "test \"$(cat state)\" = old$i || echo $i; done");
    GIVES("ls -A $K", SPECIAL_FILES);
}

Test(crossing, a_file_renamed_onto_execute_is_handled)
{
    WORKS("cd $K; echo echo > behavior; echo hello > f; mv f execute@k");
    GIVES("cat $K/execute@k", "hello\n");
}

/* In a folder that is immutable nothing can be removed. */
Test(crossing, what_was_sent_and_could_not_be_removed_is_not_sent_again)
{
    WORKS("echo suspend >> $K/status; echo f > $K/f");
    if (shell("D=$(dirname $(find $S/store/files -name f)); ln -s $D $S/area;"
              "chattr +i $D")
            ->status != 0)
        cr_skip_test("needs the right to make a folder immutable");
    cr_expect_neq(shell("mv $K/f $K/tasks")->status, 0);
    cr_expect_eq(number_of("keep_1", "pending"), 1);
    cr_expect_neq(shell("mv $K/f $K/tasks")->status, 0);
    cr_expect_eq(number_of("keep_1", "pending"), 1);
    cr_expect(shell_gives("chattr -i $S/area/", 0, ""));
    WORKS("mv $K/f $K/tasks; test ! -e $K/f");
    cr_expect_eq(number_of("keep_1", "pending"), 1);
    WORKS("echo f > $K/f; mv $K/f $K/tasks");
    cr_expect_eq(number_of("keep_1", "pending"), 2);
}

#define SENT_FILES 300

/* Each file is either there or was sent, whenever the daemon is killed. */
Test(crossing, a_rename_sends_once_across_crashes)
{
    WORKS("echo suspend >> $K/status; cd $K; mkdir out;"
          "for i in $(seq 300); do echo m$i > out/$i; done");
    for (int round = 0; round < 6; round++) {
        struct command sender = {0};
        command_start(&sender, "cd $K/out && for f in *; do mv $f ../tasks; done");
        long long until = now_ms() + 20 + 13 * round;
        while (now_ms() < until)
            poll_pause();
        cr_expect(mounted_kill(&fixture));
        command_finish(&sender, COMMAND_DEADLINE_MS);
        command_free(&sender);
        mounted_start(&fixture);
        GIVES("ls $S/store/files/.new", "");
        long long left = strtoll(shell("ls $K/out | wc -l")->out.data, NULL, 10);
        cr_expect_eq(left + number_of("keep_1", "pending"), SENT_FILES, "%lld left",
                     left);
    }
    WORKS("cd $K/out && for f in *; do mv $f ../tasks || echo $f; done");
    cr_expect_eq(number_of("keep_1", "pending"), SENT_FILES);
    WORKS("echo resume >> $K/status");
    cr_expect(wait_number("keep_1", "done", SENT_FILES));
}

Test(crossing, editors_save_the_state)
{
    static const char *const commands[] = {
        "sed -i s/old/new/ state",
        "sed -i.bak s/old/new/ state",
        "perl -pi -e s/old/new/ state",
        "perl -pi.orig -e s/old/new/ state",
        "printf ',s/old/new/\\nw\\nq\\n' | ed -s state",
        "vim -es -u NONE -c 'set backupcopy=yes' -c %s/old/new/ -c wq state",
        "vim -es -u NONE -c 'set backupcopy=no' -c %s/old/new/ -c wq state",
        "vim -es -u NONE -c 'set backupcopy=auto backup' -c %s/old/new/ -c wq state",
        "vim -es -u NONE -c 'set nowritebackup' -c %s/old/new/ -c wq state",
        "echo new > x && cp x state && rm x",
        "echo new > x && mv x state",
        "echo new > x && cp --remove-destination x state && rm x",
        "echo new > x && install x state && rm x",
        "echo new > x && rsync -aI x state && rm x",
        "echo new > x && rsync -aI --inplace x state && rm x",
        "echo new > $S/x && mv $S/x state",
        "python3 -c \"import os; open('.t', 'w').write('new\\n'); "
        "os.replace('.t', 'state')\"",
        "jq -Rr 'sub(\"old\"; \"new\")' state > t && mv t state",
        "awk '{sub(/old/, \"new\")} 1' state > t && mv -f t state",
        NULL};
    for (const char *const *command = commands; *command != NULL; command++) {
        WORKS("echo old > $K/state");
        const struct command *got = shellf("cd $K && { %s; }", *command);
        cr_expect_eq(got->status, 0, "%s: %s", *command, got->err.data);
        cr_expect(shell_gives("cat $K/state", 0, "new\n"), "%s", *command);
        cr_expect(shell_gives("cd $K; rm -f *.bak *.orig *~ .state*; ls -A", 0,
                              SPECIAL_FILES),
                  "%s", *command);
    }
    cr_expect_eq(mailbox_count("keep_1"), 0);
}

/* The kernel takes the backup for the state until it asks again. */
Test(crossing, a_backup_of_the_state_shows_what_was_saved_before)
{
    WORKS("cd $K; for n in $(seq 40); do echo $n > state; cat state > seen; "
          "mv state backup; echo new > state; test $(cat backup) = $n || echo $n; "
          "test $(cat state) = new || echo new $n; done");
    GIVES("cd $K; echo open > state; exec 3< state; mv state backup; echo new > state; "
          "cat backup; stat -L -c %s /dev/fd/3; cat state",
          "open\n4\nnew\n");
}

Test(crossing, a_state_renamed_away_leaves_a_copy_and_is_hidden)
{
    WORKS("cd $K; echo old > state; mv state backup; test ! -e state");
    GIVES("cd $K; cat backup; ls -A | grep -x state; true", "old\n");
    WORKS("cd $K; echo new > state");
    GIVES("cd $K; cat state backup", "new\nold\n");
    FAILS("cd $K; mv mailbox other", 1, "Operation not permitted");
    FAILS("cd $K; mv tasks other", 1, "Operation not permitted");
}
