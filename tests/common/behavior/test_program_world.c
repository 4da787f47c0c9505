/* SPDX-License-Identifier: MIT */
/* What whoever starts the daemon hands down to it, and what the machine denies it for a
   while: no turn may be taken for one that went well because of it, nor fail for good.
 */
#include "common/behavior/program.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/foldertree.h"
#include "tests/common/behavior/program_rig.h"

#define SH "#!/bin/sh\n"

TestSuite(program_world, .init = rig_open, .fini = rig_end, .timeout = 240);

Test(program_world, a_failure_is_seen_although_sigchld_was_ignored)
{
    rig_close();
    signal(SIGCHLD, SIG_IGN);
    rig_reopen();
    assert_verdict(rig_run(SH "echo x > \"$ACTOR_STATE\"; exit 3\n", "x", ""),
                   TURN_FAILED, "exit status 3");
    assert_verdict(rig_run(SH "kill -9 $$\n", "x", ""), TURN_RETRY, "signal 9");
}

/* As root every mode lets the daemon in; the program is somebody else. */
Test(program_world, a_program_gets_its_files_whatever_the_umask)
{
    struct spawn_user nobody = {65534, 65534, NULL, 0};

    if (geteuid() == 0)
        rig_options.executable.user = &nobody;
    struct behavior *behavior = rig_install(SH "set -e\ncat \"$ACTOR_STATE\"\n"
                                               "echo new > \"$ACTOR_STATE\"\n"
                                               "echo a/tasks x > \"$ACTOR_OUTBOX\"\n"
                                               ": > \"$ACTOR_STATE.more\"\n");
    struct turn_input input = rig_input("x", "old\n");
    struct rig_turn turn = {0};
    mode_t before = umask(0777);

    rig_start(behavior, &input, &turn);
    rig_finish(&turn);
    (void)umask(before);
    assert_done(&turn.output, "old\n");
    assert_bytes(&turn.output.state, "new\n");
    turn_output_free(&turn.output);
}

/* As systemd-logind does at a user's last logout, and tmpfiles when they are old. */
Test(program_world, turns_go_on_after_somebody_removed_their_folders)
{
    struct behavior *behavior = rig_install(SH "cat\n");
    struct turn_input input = rig_input("x", "");

    for (int i = 0; i < 3; i++) {
        struct rig_turn turn = {0};

        rig_start(behavior, &input, &turn);
        rig_finish(&turn);
        assert_done(&turn.output, "x");
        turn_output_free(&turn.output);
        int base = open(rig_options.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        cr_assert(foldertree_empty(base));
        close(base);
    }
}

/* Has the program end while the process has no descriptor to spare. */
static void run_without_descriptors(struct rig_turn *turn, const char *script)
{
    struct turn_input input = rig_input("x", "old");
    struct rlimit before, none;
    char *go = scratch_path("go");

    rig_start(rig_install(script), &input, turn);
    (void)scratch_read_number("started");
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    cr_assert_eq(mkdir(go, 0777), 0);
    rig_finish(turn);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    free(go);
}

Test(program_world, what_cannot_be_read_for_want_of_a_descriptor_is_retried)
{
    struct rig_turn turn = {0};
    char script[512];

    snprintf(script, sizeof(script),
             SH "cd %s; echo 1 > started; until test -d go; do sleep 0.01; done\n",
             scratch_folder());
    run_without_descriptors(&turn, script);
    assert_verdict(&turn.output, TURN_RETRY, "Too many open files");
    turn_output_free(&turn.output);
}

/* Whether something is in the log that is captured. */
static bool log_has_more(void *context)
{
    struct stat found;

    (void)context;
    return fstat(STDERR_FILENO, &found) == 0 && found.st_size > 0;
}

/* Starts a turn that waits, as the log says, because there are no descriptors; returns
   how many there may be. */
static struct rlimit start_waiting(struct behavior *behavior, struct rig_turn *turn)
{
    struct turn_input input = rig_input("x", "");
    struct rlimit before, none;

    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    rig_capture_log();
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    rig_start(behavior, &input, turn);
    bool waits = wait_until(log_has_more, NULL);
    if (!waits)
        cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    cr_assert(waits, "nobody is told");
    return before;
}

Test(program_world, a_turn_waits_for_what_it_takes_to_be_started)
{
    struct behavior *behavior = rig_install(SH "cat\n");
    struct rig_turn turn = {0};
    struct rlimit before = start_waiting(behavior, &turn);

    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    rig_finish(&turn);
    assert_done(&turn.output, "x");
    turn_output_free(&turn.output);
    char *log = rig_captured_log();
    cr_assert(strstr(log, "Too many open files"), "%s", log);
    free(log);
}

Test(program_world, a_turn_that_waits_can_be_killed)
{
    struct behavior *behavior = rig_install(SH "cat\n");
    struct rig_turn turn = {0};
    struct rlimit before = start_waiting(behavior, &turn);

    behavior->kill(behavior, turn.id);
    rig_finish(&turn);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_verdict(&turn.output, TURN_RETRY, "Too many open files");
    turn_output_free(&turn.output);
    free(rig_captured_log());
}

Test(program_world, a_turn_that_waits_holds_up_no_stop)
{
    struct behavior *behavior = rig_install(SH "cat\n");
    struct rig_turn turn = {0};
    struct rlimit before = start_waiting(behavior, &turn);

    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    free(rig_captured_log());
    rig_close();
    cr_assert_leq(turn.answers, 1);
    turn_output_free(&turn.output);
}

/* Mounts a small disk where the turns' folders are; skips the test where it may not.
   The host's threads must see it. */
static void make_disk_small(void)
{
    rig_close();
    if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", rig_options.folder, "tmpfs", 0, "size=1m,mode=777") != 0)
        cr_skip_test("only root can mount a small disk");
    rig_reopen();
}

/* What a full /dev/shm does to a script that does not look, as most do not. */
Test(program_world, what_a_script_could_not_write_is_not_done)
{
    char script[512], fill[256];

    make_disk_small();
    snprintf(fill, sizeof(fill), "%s/fill", rig_options.folder);
    snprintf(script, sizeof(script),
             SH "dd if=/dev/zero of=%s bs=4k count=1024 2>/dev/null\n"
                "echo new > \"$ACTOR_STATE\"\nexit 0\n",
             fill);
    assert_verdict(rig_run(script, "x", "old"), TURN_RETRY, "No space left");
    rig_policy.timeout_ms = 200;
    assert_verdict(rig_run(SH "exit 0\n", "x", "old"), TURN_RETRY, "No space left");
    rig_policy.timeout_ms = 60000;
    cr_assert_eq(unlink(fill), 0);
    assert_done(rig_run(SH "echo fine\n", "x", "old"), "fine\n");
    rig_close();
    cr_assert_eq(umount2(rig_options.folder, MNT_DETACH), 0);
}
