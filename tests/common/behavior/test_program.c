/* SPDX-License-Identifier: MIT */
/* What a program is told and what its end means: contract, section 6, by real scripts.
   How it may misbehave is in test_program_trouble.c. */
#include "common/behavior/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/common/behavior/program_rig.h"

#define SH "#!/bin/sh\n"

TestSuite(program, .init = rig_open, .fini = rig_end, .timeout = 120);

Test(program, the_message_is_standard_input_and_standard_output_the_result)
{
    assert_done(rig_run(SH "cat\n", "latte\nwith oat\n", ""), "latte\nwith oat\n");
    assert_done(rig_run(SH "printf 'no newline'\n", "x", ""), "no newline");
    assert_done(rig_run(SH "exit 0\n", "x", ""), "");
}

Test(program, bytes_are_kept_whatever_they_are)
{
    struct turn_input input = rig_input("", "");
    struct rig_turn turn = {0};

    input.message = view_of("a\0b\n\xff", 5);
    rig_start(rig_install(SH "cat; cat > /dev/null\n"), &input, &turn);
    rig_finish(&turn);
    cr_assert(view_equal(view_bytes(&turn.output.result), input.message));
    turn_output_free(&turn.output);
}

Test(program, a_message_larger_than_a_pipe_arrives_whole)
{
    struct turn_input input = rig_input("", "");
    struct rig_turn turn = {0};
    size_t size = 3u << 20;
    char *message = memory_take(size);

    memset(message, 'x', size);
    input.message = view_of(message, size);
    rig_start(rig_install(SH "sleep 0.1; wc -c\n"), &input, &turn);
    rig_finish(&turn);
    assert_done(&turn.output, "3145728\n");
    turn_output_free(&turn.output);
    free(message);
}

Test(program, a_message_need_not_be_read)
{
    struct turn_input input = rig_input("", "");
    struct rig_turn turns[2] = {{.answers = 0}};
    size_t size = 3u << 20;
    char *message = memory_take_zeroed(1, size);

    input.message = view_of(message, size);
    rig_start(rig_install(SH "echo early\n"), &input, &turns[0]);
    rig_start(rig_install(SH "exec <&-; sleep 0.2; echo closed\n"), &input, &turns[1]);
    rig_finish(&turns[0]);
    rig_finish(&turns[1]);
    assert_done(&turns[0].output, "early\n");
    assert_done(&turns[1].output, "closed\n");
    turn_output_free(&turns[0].output);
    turn_output_free(&turns[1].output);
    free(message);
}

Test(program, the_environment_tells_what_the_turn_is_about)
{
    struct key key;
    struct turn_input input = rig_input("x", "");
    struct rig_turn turn = {0};

    cr_assert_eq(key_from_raw(view_text("a/b c"), &key), STATUS_OK);
    key_of_line(&key, 3, &key);
    input.key = key_view(&key);
    input.attempt = 4;
    input.kind = KIND_REPLY;
    input.sender = view_text("user_9");
    input.caller = view_text("ann");
    input.reply_to = view_text("xyz");
    input.outcome = view_text("done");
    rig_start(rig_install(SH "echo $ACTOR:$TASK:$IDEMPOTENCY_KEY:$ATTEMPT:$KIND:"
                             "$SENDER:$CALLER:$REPLY_TO:$OUTCOME\n"),
              &input, &turn);
    rig_finish(&turn);
    assert_done(&turn.output, "user_123:17:a%2Fb%20c~3:4:reply:user_9:ann:xyz:done\n");
    turn_output_free(&turn.output);
}

Test(program, what_is_not_known_is_set_and_empty)
{
    assert_done(rig_run(SH "set -eu\n"
                           "echo \"$SENDER$CALLER$REPLY_TO$OUTCOME$KIND\"\n",
                        "x", ""),
                "message\n");
}

Test(program, headers_become_variables)
{
    struct turn_input input = rig_input("x", "");
    struct rig_turn turn = {0};

    input.headers = view_text("X-GitHub-Event: push\r\nWeird.Name!: a: b \n"
                              "Twice: one\ntwice: two\nno header\n: nameless\n"
                              "Actor: forged\nEmpty:\n");
    rig_start(rig_install(SH "env | grep ^HEADER | LC_ALL=C sort; echo $ACTOR\n"),
              &input, &turn);
    rig_finish(&turn);
    assert_done(&turn.output, "HEADER_ACTOR=forged\nHEADER_EMPTY=\n"
                              "HEADER_TWICE=one, two\nHEADER_WEIRD_NAME_=a: b\n"
                              "HEADER_X_GITHUB_EVENT=push\nuser_123\n");
    turn_output_free(&turn.output);
}

Test(program, nul_bytes_do_not_cut_the_environment)
{
    struct turn_input input = rig_input("x", "");
    struct rig_turn turn = {0};

    input.caller = view_of("an\0n", 4);
    input.headers = view_of("A: x\0y\nB: z\n", 13);
    rig_start(rig_install(SH "echo $CALLER:$HEADER_A:$HEADER_B:$ACTOR\n"), &input,
              &turn);
    rig_finish(&turn);
    assert_done(&turn.output, "ann:xy:z:user_123\n");
    turn_output_free(&turn.output);
}

Test(program, the_rest_of_the_environment_is_clean_and_the_confs)
{
    char *own[] = {(char[]){"COLOR=blue"}, (char[]){"HOME=/var"},
                   (char[]){"ACTOR=forged"}, NULL};

    setenv("LEAKED", "yes", 1);
    rig_options.executable.environment = own;
    assert_done(
        rig_run(SH "echo $COLOR $HOME $LANG $ACTOR \"${LEAKED-none}\"\n", "x", ""),
        "blue /var C.UTF-8 user_123 none\n");
}

Test(program, the_daemons_own_folder_comes_first_in_the_path)
{
    char self[4096] = "";
    BYTES_AUTO(expected);

    cr_assert(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
    *strrchr(self, '/') = '\0';
    bytes_format(&expected, "%s\n", self);
    char *text = memory_text(view_bytes(&expected));
    assert_done(rig_run(SH "echo \"${PATH%%:*}\"\n", "x", ""), text);
    free(text);
}

Test(program, exit_status_75_and_death_by_signal_are_retried_others_fail)
{
    assert_verdict(rig_run(SH "exit 75\n", "x", ""), TURN_RETRY, "exit status 75");
    assert_verdict(rig_run(SH "kill -9 $$\n", "x", ""), TURN_RETRY,
                   "killed by signal 9 (Killed)");
    assert_verdict(rig_run(SH "kill -SEGV $$\n", "x", ""), TURN_RETRY, "signal 11");
    assert_verdict(rig_run(SH "exit 3\n", "x", ""), TURN_FAILED, "exit status 3");
    assert_verdict(rig_run(SH "exit 1\n", "x", ""), TURN_FAILED, "exit status 1");
}

Test(program, what_it_said_on_standard_error_is_the_error)
{
    const struct turn_output *output =
        rig_run(SH "echo first >&2; echo no beans >&2; exit 1\n", "x", "");

    assert_verdict(output, TURN_FAILED, "");
    assert_bytes(&output->error, "first\nno beans");
    output = rig_run(SH "echo later >&2; exit 75\n", "x", "");
    assert_verdict(output, TURN_RETRY, "");
    assert_bytes(&output->error, "later");
    assert_done(rig_run(SH "echo only a remark >&2; echo ok\n", "x", ""), "ok\n");
}

Test(program, of_standard_error_the_last_4_kib_are_kept)
{
    const struct turn_output *output =
        rig_run(SH "seq 1 100000 >&2; echo the end >&2; exit 1\n", "x", "");

    assert_verdict(output, TURN_FAILED, "99999\n100000\nthe end");
    cr_assert_leq(output->error.size, 4096);
    cr_assert_geq(output->error.size, 4000);
}

Test(program, a_turn_that_failed_has_no_effect)
{
    const struct turn_output *output =
        rig_run(SH "echo new > \"$ACTOR_STATE\"; echo a/tasks x >> \"$ACTOR_OUTBOX\"\n"
                   "echo result; exit 1\n",
                "x", "old");

    assert_verdict(output, TURN_FAILED, "");
    cr_assert_not(output->state_changed);
    cr_assert_eq(output->state.size + output->result.size, 0);
    cr_assert_eq(output->send_count, 0);
}

static void assert_state(const char *script, const char *state)
{
    const struct turn_output *output = rig_run(script, "x", "old\n");

    assert_verdict(output, TURN_DONE, "");
    cr_assert(output->state_changed, "%s", script);
    assert_bytes(&output->state, state);
}

Test(program, the_state_is_read_and_replaced_in_all_the_usual_ways)
{
    assert_done(rig_run(SH "cat \"$ACTOR_STATE\"\n", "x", "old\n"), "old\n");
    assert_state(SH "echo new > \"$ACTOR_STATE\"\n", "new\n");
    assert_state(SH "echo more >> \"$ACTOR_STATE\"\n", "old\nmore\n");
    assert_state(SH ": > \"$ACTOR_STATE\"\n", "");
    assert_state(SH "sed -i s/old/sed/ \"$ACTOR_STATE\"\n", "sed\n");
    assert_state(SH "set -e; t=$(mktemp \"$ACTOR_STATE.XXXXXX\"); echo moved > $t\n"
                    "mv $t \"$ACTOR_STATE\"\n",
                 "moved\n");
    assert_state(SH "set -e; t=$(mktemp -p /dev/shm); echo far > $t\n"
                    "mv $t \"$ACTOR_STATE\"\n",
                 "far\n");
    assert_state("#!/usr/bin/env python3\nimport os\np = os.environ['ACTOR_STATE']\n"
                 "old = open(p).read()\nopen(p, 'w').write(old + 'python')\n",
                 "old\npython");
    assert_state("#!/usr/bin/env python3\nimport os, tempfile\n"
                 "p = os.environ['ACTOR_STATE']\n"
                 "f = tempfile.NamedTemporaryFile('w', dir=os.path.dirname(p),"
                 " delete=False)\nf.write('replaced')\nf.close()\n"
                 "os.replace(f.name, p)\n",
                 "replaced");
}

Test(program, a_state_that_was_not_changed_is_not_new)
{
    cr_assert_not(rig_run(SH "exit 0\n", "x", "old")->state_changed);
    cr_assert_not(
        rig_run(SH "printf old > \"$ACTOR_STATE\"\n", "x", "old")->state_changed);
}

Test(program, the_outbox_is_appended_to_and_sent_in_order)
{
    const struct turn_output *output =
        rig_run(SH "echo user_4/tasks hello >> \"$ACTOR_OUTBOX\"\n"
                   "echo user_9/ >> \"$ACTOR_OUTBOX\"\n"
                   "python3 -c 'import os;"
                   "open(os.environ[\"ACTOR_OUTBOX\"],\"a\").write("
                   "\"ME/status suspend\\n\")'\n",
                "x", "");

    assert_verdict(output, TURN_DONE, "");
    cr_assert_eq(output->send_count, 3);
    cr_assert_eq(output->sends[0].kind, SEND_MESSAGE);
    cr_assert_str_eq(output->sends[0].target, "user_4");
    assert_bytes(&output->sends[0].text, "hello");
    cr_assert_eq(output->sends[1].kind, SEND_CREATE);
    cr_assert_eq(output->sends[2].kind, SEND_CONTROL);
}

Test(program, a_line_that_cannot_be_sent_fails_the_turn_and_is_named)
{
    const struct turn_output *output =
        rig_run(SH "echo user_4/tasks hello >> \"$ACTOR_OUTBOX\"\n"
                   "echo nonsense >> \"$ACTOR_OUTBOX\"; echo a remark >&2\n",
                "x", "");

    assert_verdict(output, TURN_FAILED, "nonsense");
    assert_verdict(output, TURN_FAILED, "a remark\n");
    cr_assert_eq(output->send_count, 0);
}

Test(program, defer_sets_the_message_aside)
{
    const struct turn_output *output =
        rig_run(SH "echo defer >> \"$ACTOR_OUTBOX\"\n", "x", "");

    assert_verdict(output, TURN_DONE, "");
    cr_assert(output->defer);
}

Test(program, nothing_of_a_turn_is_there_in_the_next)
{
    struct behavior *behavior = rig_install(
        SH
        "cd \"$(dirname \"$ACTOR_STATE\")\"; ls -A | tr '\\n' ' '; cat state outbox\n"
        "echo secret >> outbox.old; mkdir -p a/b/c; ln -s / a/b/link; mkfifo f\n"
        "echo x > a/b/c/x; chmod 000 a/b; rm state; mkdir state; chmod 500 .\n"
        "exit 1\n");
    struct behavior *polite = rig_install(SH "ls -A \"$(dirname $ACTOR_STATE)\"\n");

    for (int i = 0; i < 5; i++) {
        struct rig_turn turn = {0};
        struct turn_input input = rig_input("x", "mine ");

        rig_start(behavior, &input, &turn);
        rig_finish(&turn);
        assert_verdict(&turn.output, TURN_FAILED, "");
        turn_output_free(&turn.output);
        turn = (struct rig_turn){0};
        rig_start(polite, &input, &turn);
        rig_finish(&turn);
        assert_done(&turn.output, "outbox\nstate\n");
        turn_output_free(&turn.output);
    }
}

Test(program, a_folder_is_empty_again_whatever_was_left_in_it)
{
    struct behavior *behavior = rig_install(
        SH "cd \"$(dirname \"$ACTOR_STATE\")\"; ls -A; cat state outbox\n"
           "echo secret > old; mkdir -p a/b/c; echo x > a/b/c/x; ln -s / a/b/link\n"
           "mkfifo f; ln state hard; chmod 500 .\n");

    for (int i = 0; i < 20; i++) {
        struct rig_turn turn = {0};
        struct turn_input input = rig_input("x", "mine\n");

        rig_start(behavior, &input, &turn);
        rig_finish(&turn);
        assert_done(&turn.output, "outbox\nstate\nmine\n");
        turn_output_free(&turn.output);
    }
}

Test(program, what_cannot_be_run_fails_and_says_why)
{
    assert_verdict(rig_run("echo no first line\n", "x", ""), TURN_FAILED, "#!/bin/sh");
    assert_verdict(rig_run("#!/no/such\n", "x", ""), TURN_FAILED, "/no/such");
    struct behavior *behavior = rig_install(SH "true\n");
    struct turn_input input = rig_input("x", "");
    struct rig_turn turn = {0};
    char *path = scratch_path("program-2");
    unlink(path);
    free(path);
    rig_start(behavior, &input, &turn);
    rig_finish(&turn);
    assert_verdict(&turn.output, TURN_FAILED, "No such file");
    turn_output_free(&turn.output);
}

Test(program, it_runs_as_the_user_it_is_given)
{
    struct spawn_user nobody = {65534, 65534, NULL, 0};

    if (geteuid() != 0)
        cr_skip_test("only root can run programs as somebody else");
    rig_options.executable.user = &nobody;
    assert_done(rig_run(SH "set -e; id -u; cat \"$ACTOR_STATE\"\n"
                           "echo new > \"$ACTOR_STATE.t\"\n"
                           "mv \"$ACTOR_STATE.t\" \"$ACTOR_STATE\"\n"
                           "echo a/tasks x >> \"$ACTOR_OUTBOX\"\n",
                        "x", "old\n"),
                "65534\nold\n");
    assert_verdict(rig_run(SH "ln -f /etc/hostname \"$ACTOR_STATE\" 2>/dev/null\n"
                              "ls \"$(dirname \"$ACTOR_STATE\")/..\"\n",
                           "x", "old\n"),
                   TURN_FAILED, "Permission denied");
}

Test(program, there_is_room_for_as_many_as_it_may_be)
{
    rig_options.executable.processes = 2;
    struct behavior *behavior = rig_install(SH "sleep 1000\n");
    struct turn_input input = rig_input("x", "");
    struct rig_turn turns[2] = {{.answers = 0}};

    cr_assert(behavior->has_room(behavior));
    rig_start(behavior, &input, &turns[0]);
    cr_assert(behavior->has_room(behavior));
    rig_start(behavior, &input, &turns[1]);
    cr_assert_not(behavior->has_room(behavior));
    behavior->kill(behavior, turns[0].id);
    rig_finish(&turns[0]);
    cr_assert(behavior->has_room(behavior));
    assert_verdict(&turns[0].output, TURN_RETRY, "");
    turn_output_free(&turns[0].output);
    rig_close();
    cr_assert_eq(turns[1].answers, 0, "an answer after the stop");
}
