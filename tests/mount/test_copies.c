/* SPDX-License-Identifier: MIT */
/*
 * Copies of whole actors (README, "Copying an actor"), within a store and to another
 * one: state, own behavior and ordinary files go along, what happened does not. Tools
 * that try to copy that too are told so, for only then mv leaves the original alone.
 */
#include "tests/mount/fixture.h"

#include <stdlib.h>
#include <unistd.h>

static struct mounted other;

static void open_two_stores(void)
{
    if (access("/dev/fuse", R_OK | W_OK) != 0)
        cr_skip_test("/dev/fuse cannot be opened here");
    mounted_open(&other, "", FIXTURE_GUARD_S);
    setenv("OTHER", mounted_path(&other, "actors"), 1);
    fixture_open();
    make_actor("user_1");
    WORKS(
        "cd $A/user_1; echo counter > behavior; echo 5 >> tasks@paid; cat tasks@paid > "
        "$S/paid; grep -qx 5 $S/paid; echo suspend > status; echo 7 >> tasks@open");
    WORKS("cd $A/user_1; mkdir d; echo x > d/f; ln -s f d/l; chmod 600 d/f; touch -d "
          "2001-01-01 d/f; chmod 640 state; chmod 750 .; chown 12:34 .");
}

static void close_two_stores(void)
{
    fixture_close();
    cr_expect(mounted_close(&other), "the other daemon must end cleanly");
}

TestSuite(copies, .init = open_two_stores, .fini = close_two_stores);

/* What a copy of user_1 looks like. */
static void check_copy(const char *folder)
{
    setenv("C", folder, 1);
    GIVES(
        "cd $C; cat state behavior d/f; readlink d/l; stat -c '%a %Y' d/f; cat mailbox "
        "result log; grep -E '^(pending|done|refused|activity)' status",
        "5\ncounter\nx\nf\n600 978307200\nactivity: idle\npending: 0\ndone: 0\n"
        "refused: 0\n");
    WORKS("cd $C; test ! -e tasks@paid && test ! -e tasks@open");
    WORKS("cd $C; echo 1 >> tasks@more; test $(cat tasks@more) = 6");
}

static void check_original(void)
{
    GIVES("cd $A/user_1; cat state d/f tasks@paid; cut -f 2,6 mailbox",
          "5\nx\n5\npending\topen\ndone\tpaid\n");
}

/* The daemon must see what a process of its own user is about. */
static void need_proc(void)
{
    if (shell("sleep 60 & read -r call rest < /proc/$!/syscall")->status != 0)
        cr_skip_test("/proc/PID/syscall cannot be read here");
}

/* Complains of what nobody can write, and of nothing else. */
static void check_complaints(const char *command)
{
    const struct command *got = shell(command);
    cr_expect_neq(got->status, 0, "%s", command);
    WORKS("cd $S; grep -vwE 'mailbox|result|log|previous errors' err; "
          "test $(grep -cwE 'mailbox|result|log' err) = 3");
}

Test(copies, cp_copies_an_actor)
{
    need_proc();
    check_complaints("cp -a $A/user_1 $A/user_2 2> $S/err");
    check_copy(mounted_path(&fixture, "actors/user_2"));
    GIVES("cd $A/user_2; stat -c '%a %u %g' . state", "750 12 34\n640 0 0\n");
    check_complaints("cp -r $A/user_1 $OTHER/user_1 2> $S/err");
    GIVES("cd $OTHER/user_1; cat state behavior d/f", "5\ncounter\nx\n");
    check_original();
}

Test(copies, cp_copies_into_an_actor_that_is_there)
{
    WORKS("mkdir $A/user_2; echo 999999 > $A/user_2/state");
    check_complaints("cp -a $A/user_1/. $A/user_2 2> $S/err");
    check_copy(mounted_path(&fixture, "actors/user_2"));
    check_original();
}

/* Only who has just made an actor finds it empty, and only once. */
Test(copies, special_files_are_there_for_everybody_else)
{
    FAILS("mkdir $A/user_2; set -C; echo x > $A/user_2/state", 1, "cannot overwrite");
    WORKS("python3 -c 'import os, sys\n"
          "os.chdir(os.environ[\"A\"])\n"
          "os.mkdir(\"user_3\")\n"
          "assert open(\"user_3/status\").read().startswith(\"name: user_3\")\n"
          "assert os.path.exists(\"user_3/state\")\n"
          "anew = os.O_WRONLY | os.O_CREAT | os.O_EXCL\n"
          "os.open(\"user_3/state\", anew)\n"
          "try: os.open(\"user_3/state\", anew)\n"
          "except FileExistsError: pass\n"
          "else: sys.exit(\"made twice\")'");
}

Test(copies, tar_carries_an_actor_to_another_store)
{
    check_complaints(
        "tar -C $A -c user_1 | tar -C $OTHER -x 2> $S/err; test ${PIPESTATUS[1]} "
        "= 0");
    check_copy(mounted_path(&other, "actors/user_1"));
    WORKS("tar -C $A -c --exclude={mailbox,result,log} user_1 | tar -C $OTHER -x "
          "--transform s/user_1/user_2/");
    check_copy(mounted_path(&other, "actors/user_2"));
    check_original();
}

Test(copies, rsync_keeps_a_copy_up_to_date)
{
    for (const char *const *option = (const char *const[]){"-a", "-a --inplace", NULL};
         *option != NULL; option++) {
        setenv("RSYNC", *option, 1);
        WORKS("rsync $RSYNC --exclude={mailbox,result,log} $A/user_1/ $OTHER/user_1/");
        check_copy(mounted_path(&other, "actors/user_1"));
        WORKS(
            "rsync $RSYNC -c --exclude={mailbox,result,log} $A/user_1/ $OTHER/user_1/");
        GIVES("cat $OTHER/user_1/state; echo forget more > $OTHER/user_1/status; rmdir "
              "$OTHER/user_1 2>&1 | grep -c empty; rm -r $OTHER/user_1",
              "5\n1\n");
    }
    check_complaints("rsync -a $A/user_1/ $OTHER/user_2/ 2> $S/err");
    check_original();
}

Test(copies, a_backup_outside_comes_back)
{
    WORKS("rsync -a $A/user_1 $S/backup; cp -a $A/user_1 $S/copy");
    GIVES("cat $S/backup/user_1/state $S/copy/behavior; cut -f 6 $S/copy/mailbox",
          "5\ncounter\nopen\npaid\n");
    WORKS("rsync -a --exclude={mailbox,result,log} $S/backup/user_1/ $OTHER/user_1");
    check_copy(mounted_path(&other, "actors/user_1"));
    WORKS("mkdir $OTHER/user_2; cd $S/copy; rm mailbox result log; cp -a . "
          "$OTHER/user_2");
    check_copy(mounted_path(&other, "actors/user_2"));
}

/* Mailbox and keys would be lost on the way. */
Test(copies, mv_to_another_store_leaves_the_actor_where_it_is)
{
    check_complaints("mv $A/user_1 $OTHER/ 2> $S/err");
    check_original();
}

Test(copies, a_behavior_that_is_not_installed_there_is_refused)
{
    WORKS("mkdir -p $S/from; echo nonsense > $S/from/behavior; mkdir $OTHER/user_1");
    FAILS("cp $S/from/behavior $OTHER/user_1/", 1, "Invalid argument");
    GIVES("cat $OTHER/user_1/behavior", "echo\n");
}
