/* SPDX-License-Identifier: MIT */
/*
 * Folders and names (contract, sections 2, 9 and 10): actors are made and retired, the
 * special files are listed and no other, owners and modes are kept, a removed special
 * file is only hidden, and names that are no actor's are refused.
 */
#include "tests/mount/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(tree, .init = fixture_open, .fini = fixture_close);

Test(tree, the_root_is_as_described)
{
    GIVES("ls $M", "README\nactors\nattention\nbehaviors\nstatus\n");
    GIVES("ls -A $A", "");
    make_actor("user_1");
    make_actor("user_2");
    GIVES("ls $A", "user_1\nuser_2\n");
    GIVES("ls -A $A/user_1", SPECIAL_FILES);
    GIVES("find $M -type d | wc -l; find $M -type f | wc -l", "4\n20\n");
}

Test(tree, actors_are_made_once)
{
    make_actor("user_1");
    FAILS("mkdir $A/user_1", 1, "File exists");
    WORKS("mkdir -p $A/user_1 $A/user_2; test -d $A/user_2");
    GIVES("ls $A", "user_1\nuser_2\n");
}

Test(tree, nothing_else_is_made_in_the_root)
{
    FAILS("mkdir $M/folder", 1, "Operation not permitted");
    FAILS("echo x > $M/file", 1, "");
    FAILS("rmdir $A", 1, "Operation not permitted");
    FAILS("mv $A $M/other", 1, "");
    FAILS("rm $M/README", 1, "Operation not permitted");
    GIVES("ls $M", "README\nactors\nattention\nbehaviors\nstatus\n");
}

Test(tree, names_of_actors_are_checked)
{
    const char *const wrong[] = {
        ".dot", "-hyphen",  "' space'",  "'space '",  "'a?b'",         "'a#b'", "a%b",
        "a,b",  "$'a\\tb'", "$'a\\x7f'", "$'a\\xff'", "$'\\xc0\\xaf'", NULL};
    for (const char *const *name = wrong; *name != NULL; name++) {
        const struct command *got = shellf("mkdir -- $A/%s", *name);
        cr_expect_eq(got->status, 1, "%s", *name);
        cr_expect_not_null(strstr(got->err.data, "Invalid argument"), "%s: %s", *name,
                           got->err.data);
    }
    GIVES("ls $A", "");
    const char *const right[] = {"a",   "'two words'", "Ümläut", "日本語", "a.b", "a-b",
                                 "a@b", "'a&b'",       "a~b",    "'a;b'",  NULL};
    for (const char *const *name = right; *name != NULL; name++)
        cr_expect_eq(
            shellf("mkdir $A/%s && echo x > $A/%s/tasks", *name, *name)->status, 0,
            "%s", *name);
    GIVES("ls $A | wc -l", "10\n");
}

Test(tree, names_of_actors_are_limited)
{
    WORKS("mkdir $A/$(printf %0128d 1)");
    FAILS("mkdir $A/$(printf %0129d 1)", 1, "Invalid argument");
    FAILS("mkdir $A/$(printf %0256d 1)", 1, "File name too long");
}

Test(tree, an_actor_is_renamed_with_all_it_has)
{
    make_actor("counter_1");
    make_actor("other");
    WORKS("echo 3 > $A/counter_1/tasks@a; echo note > $A/counter_1/note.txt");
    WORKS("mv $A/counter_1 $A/user_2");
    GIVES("ls $A", "other\nuser_2\n");
    GIVES("cat $A/user_2/tasks@a $A/user_2/state $A/user_2/note.txt", "3\n3\nnote\n");
    GIVES("cat $A/user_2/behavior", "counter\n");
    FAILS("mv -T $A/user_2 $A/other", 1, "File exists");
    FAILS("mv $A/user_2 $M/user_2", 1, "Operation not permitted");
    FAILS("mv $A/user_2 $A/other/", 1, "Operation not permitted");
    FAILS("mv $A/user_2 $A/a%b", 1, "");
    fixture_crash();
    GIVES("ls $A; cat $A/user_2/note.txt", "other\nuser_2\nnote\n");
}

Test(tree, an_idle_actor_is_retired)
{
    make_actor("user_1");
    WORKS("echo x > $A/user_1/execute; rmdir $A/user_1");
    FAILS("test -e $A/user_1", 1, "");
    FAILS("rmdir $A/user_1", 1, "No such file");
    FAILS("echo x > $A/user_1/tasks", 1, "No such file");
}

Test(tree, an_actor_made_anew_remembers_nothing)
{
    make_actor("counter_1");
    WORKS("echo 5 > $A/counter_1/execute@k; rmdir $A/counter_1; mkdir $A/counter_1");
    FAILS("test -e $A/counter_1/tasks@k", 1, "");
    GIVES("cat $A/counter_1/state $A/counter_1/log", "");
    WORKS("echo 6 > $A/counter_1/execute@k");
    GIVES("cat $A/counter_1/tasks@k", "6\n");
}

Test(tree, an_actor_with_unfinished_tasks_stays)
{
    make_suspended("user_1");
    WORKS("echo x >> $A/user_1/tasks");
    FAILS("rmdir $A/user_1", 1, "Directory not empty");
    WORKS("echo clear >> $A/user_1/status; rmdir $A/user_1");
    GIVES("ls $A", "");
}

Test(tree, a_handle_of_a_retired_actor_sends_nothing_to_its_successor)
{
    make_actor("user_1");
    int fd = open(mounted_path(&fixture, "actors/user_1/tasks"), O_WRONLY | O_APPEND);
    cr_assert_geq(fd, 0);
    WORKS("rmdir $A/user_1; mkdir $A/user_1");
    cr_expect_eq(write(fd, "late\n", 5), -1);
    cr_expect_eq(errno, ENOENT);
    close(fd);
    cr_expect_eq(mailbox_count("user_1"), 0);
}

/* ---------------------------------------------------------------------- hiding --- */

Test(tree, a_removed_special_file_is_only_hidden)
{
    make_actor("counter_1");
    WORKS("echo 5 > $A/counter_1/execute; rm $A/counter_1/state");
    FAILS("test -e $A/counter_1/state", 1, "");
    GIVES("ls $A/counter_1 | grep -x state || echo hidden", "hidden\n");
    WORKS("echo 6 > $A/counter_1/execute");
    GIVES("cat $A/counter_1/result", "11\n");
    WORKS("echo 20 > $A/counter_1/state");
    GIVES("cat $A/counter_1/state", "20\n");
    GIVES("ls $A/counter_1", SPECIAL_FILES);
}

Test(tree, exclusive_creation_after_removal_sends_one_message)
{
    make_suspended("user_1");
    FAILS("set -C; echo x > $A/user_1/tasks", 1, "cannot overwrite");
    WORKS("rm $A/user_1/tasks; set -C; echo x > $A/user_1/tasks");
    cr_expect_eq(number_of("user_1", "pending"), 1);
    WORKS("test -e $A/user_1/tasks");
}

Test(tree, a_removed_key_stays_known)
{
    make_suspended("user_1");
    WORKS("echo x > $A/user_1/tasks@k; rm $A/user_1/tasks@k");
    FAILS("test -e $A/user_1/tasks@k", 1, "");
    cr_expect_eq(number_of("user_1", "pending"), 1);
    WORKS("echo x > $A/user_1/tasks@k");
    WORKS("test -e $A/user_1/tasks@k");
    cr_expect_eq(number_of("user_1", "pending"), 1);
}

Test(tree, rm_r_ends_in_rmdir)
{
    make_suspended("user_1");
    make_actor("user_2");
    WORKS("echo x >> $A/user_1/tasks");
    FAILS("rm -r $A/user_1", 1, "Directory not empty");
    cr_expect_eq(number_of("user_1", "pending"), -1, "its status is hidden");
    WORKS("rm -r $A/user_2");
    GIVES("ls $A", "user_1\n");
    WORKS("echo clear >> $A/user_1/status; rm -r $A/user_1");
    GIVES("ls $A", "");
}

/* --------------------------------------------------------------- owners, modes --- */

Test(tree, an_actor_takes_owner_and_mode_from_its_mkdir)
{
    WORKS("umask 027; mkdir $A/user_1");
    GIVES("stat -c '%a %u %g' $A/user_1", "750 0 0\n");
    WORKS("mkdir -m 700 $A/user_2");
    GIVES("stat -c %a $A/user_2", "700\n");
    GIVES("cd $A/user_1; stat -c '%n %a' tasks execute state status mailbox result",
          "tasks 640\nexecute 640\nstate 640\nstatus 640\nmailbox 440\nresult 440\n");
}

Test(tree, chmod_and_chown_are_kept)
{
    make_actor("user_1");
    WORKS("chmod 700 $A/user_1; chown 1234:4321 $A/user_1/tasks;"
          "chmod 622 $A/user_1/tasks; chmod 600 $A/user_1/state");
    WORKS("echo x >> $A/user_1/tasks@k");
    const char *look = "cd $A/user_1; stat -c '%n %a %u %g' . tasks tasks@k state";
    const char *seen = ". 700 0 0\ntasks 622 1234 4321\ntasks@k 622 1234 4321\n"
                       "state 600 0 0\n";
    GIVES(look, seen);
    fixture_crash();
    GIVES(look, seen);
}

TestSuite(tree_for_others, .init = fixture_open_for_others, .fini = fixture_close);

Test(tree_for_others, the_kernel_enforces_owners_and_modes)
{
    WORKS(
        "mkdir -m 755 $A/user_1; chmod 622 $A/user_1/tasks; chmod 600 $A/user_1/state");
    WORKS("$AS 'echo hello > $A/user_1/tasks'");
    FAILS("$AS 'cat $A/user_1/state'", 1, "Permission denied");
    FAILS("$AS 'echo suspend > $A/user_1/status'", 1, "Permission denied");
    FAILS("$AS 'mkdir $A/user_2'", 1, "Permission denied");
    FAILS("$AS 'rmdir $A/user_1'", 1, "Permission denied");
    cr_expect(wait_number("user_1", "done", 1));
}

Test(tree, times_are_accepted_and_mean_nothing)
{
    make_actor("user_1");
    WORKS("touch -d 2001-01-01 $A/user_1/tasks $A/user_1 $A/user_1/state");
    WORKS("cp -a /etc/hostname $A/user_1/tasks");
    cr_expect(wait_number("user_1", "done", 1));
}

Test(tree, links_and_other_kinds_of_files_are_refused)
{
    make_actor("user_1");
    FAILS("mkfifo $A/pipe", 1, "");
    FAILS("ln -s x $A/link", 1, "");
    FAILS("ln $A/user_1/tasks $A/user_1/hard", 1, "");
    FAILS("mv $A/user_1/mailbox $A/user_1/other", 1, "Operation not permitted");
    GIVES("ls -A $A/user_1", SPECIAL_FILES);
}

Test(tree, all_of_it_survives_a_kill)
{
    make_actor("user_1");
    make_suspended("user_2");
    WORKS("echo x >> $A/user_2/tasks@k; rmdir $A/user_1; mkdir $A/user_3;"
          "find $A -type f | sort | xargs cat > $S/before");
    fixture_crash();
    WORKS("find $A -type f | sort | xargs cat > $S/after; cmp $S/before $S/after");
    GIVES("ls $A", "user_2\nuser_3\n");
}
