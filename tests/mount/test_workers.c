/* SPDX-License-Identifier: MIT */
/*
 * Workers as behaviors (contract, section 6), on a real mount: what a worker is told,
 * what its answers do, and what its misdeeds do not.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/mount/staged.h"

TestSuite(workers, .init = staged_open, .fini = staged_close);

#define ECHO_PID "answer['result'] = str(os.getpid())"
#define COLD_TWICE(retry)                                                              \
    "if turn['attempt'] < 3: answer.update(error='cold', retry=" retry ")\n"           \
    "else: answer['result'] = str(turn['attempt'])"

static pid_t pid_of(const char *actor, const char *key)
{
    const char *text = ask(actor, key, ECHO_PID);
    cr_assert_not_null(text);
    return (pid_t)strtol(text, NULL, 10);
}

/* ----------------------------------------------------------------- the protocol --- */

Test(workers, a_turn_is_told_in_json)
{
    make_actor("py_1");
    ask("py_1", "first", "answer['state'] = 'some state'");
    const char *told = ask("py_1", "a%2Fb", "answer['result'] = json.dumps(turn)");
    cr_assert_not_null(told);
    setenv("TOLD", told, 1);
    GIVES("jq -r '.actor, .key, .attempt, .kind, .state, (.id | type)' <<< $TOLD",
          "py_1\na%2Fb\n1\nmessage\nsome state\nnumber\n");
    GIVES("jq -r .message <<< $TOLD", "answer['result'] = json.dumps(turn)\n");
}

Test(workers, bytes_that_are_not_utf8_travel_in_base64)
{
    make_actor("py_1");
    ask("py_1", "k", "answer['state_base64'] = '/wD+'");
    GIVES("od -An -tx1 < $A/py_1/state", " ff 00 fe\n");
    cr_expect_str_eq(ask("py_1", "l", "answer['result'] = turn['state_base64']"),
                     "/wD+");
    WORKS("printf '\\377' > $A/py_1/tasks@m");
    cr_expect_str_eq(result_of("py_1", "m"), "");
    tell("py_1", "n", "answer['result_base64'] = '/wD+'");
    GIVES("od -An -tx1 < $A/py_1/tasks@n", " ff 00 fe\n");
}

Test(workers, what_it_sends_is_sent)
{
    WORKS("mkdir $A/py_1 $A/echo_1");
    ask("py_1", "k",
        "answer['send'] = [{'to': 'echo_1/tasks@a', 'message': 'two\\nlines'},"
        "                  {'to': 'echo_1/tasks@b', 'message_base64': '/wA='},"
        "                  {'to': 'counter_1/'},"
        "                  {'to': 'ME/status', 'message': 'watch counter_1'}]");
    cr_expect_str_eq(result_of("echo_1", "a"), "two\nlines");
    GIVES("od -An -tx1 < $A/echo_1/tasks@b; ls $A",
          " ff 00\ncounter_1\necho_1\npy_1\n");
}

Test(workers, errors_are_final_or_tried_again_when_it_says)
{
    make_actor("py_1");
    tell("py_1", "final", "answer['error'] = 'no\\nbeans'");
    cr_expect(fails_with("py_1", "final", "no\nbeans"));
    cr_expect_str_eq(word_of("py_1", "last-error"), "beans");
    tell("py_1", "both", "answer['error'] = 'no'; answer['state'] = 'new'");
    cr_expect(fails_with("py_1", "both", "with an \"error\" there is no"));
    cr_expect_str_eq(text_of("actors/py_1/state"), "");
    cr_expect_str_eq(ask("py_1", "soon", COLD_TWICE("True")), "3");
    long long start = now_ms();
    cr_expect_str_eq(ask("py_1", "later", COLD_TWICE("'400ms'")), "3");
    cr_expect_geq(now_ms() - start, 800);
}

Test(workers, many_turns_are_in_flight_and_answered_in_any_order)
{
    WORKS("for i in 1 2 3 4 5; do mkdir $A/py_$i; done");
    const char *hold = "kept[turn['actor']] = turn['id']; answer.clear()";
    for (int i = 1; i <= 4; i++) {
        char actor[16];
        snprintf(actor, sizeof actor, "py_%d", i);
        tell(actor, "k", hold);
        cr_expect(wait_word(actor, "activity", "running"));
    }
    ask("py_5", "k",
        "for a in sorted(kept, reverse=True):\n"
        "    say(json.dumps({'id': kept[a], 'result': a}) + '\\n')");
    GIVES("cat $A/py_?/tasks@k", "py_1py_2py_3py_4");
}

Test(workers, processes_are_as_many_as_it_says)
{
    change("py.conf", "processes = 3\n");
    WORKS("for i in 1 2 3 4 5 6; do mkdir $A/py_$i; done");
    const char *burst = "for i in 1 2 3 4 5 6; do echo \"open(outside + '/pid.' + "
                        "str(os.getpid()), 'w'); time.sleep(0.1)\" >> "
                        "$A/py_$i/tasks; done; ls $O/pid.* 2>/dev/null | wc -l";
    long long deadline = now_ms() + FIXTURE_WAIT_MS;
    while (strcmp(shell(burst)->out.data, "3\n") != 0 && now_ms() < deadline)
        poll_pause();
    GIVES("for i in 1 2 3; do for a in $A/py_*; do echo 'time.sleep(0.01)' >> "
          "$a/tasks@$i; done; done; cat $A/py_*/tasks@3; ls $O/pid.* | wc -l",
          "3\n");
}

Test(workers, speculative_ones_run_ahead_and_lose_nothing)
{
    change("py.conf", "speculative = yes\nprocesses = 1\n");
    make_actor("py_1");
    WORKS("for i in $(seq 200); do echo \"n = int(turn['state'] or 0) + 1; "
          "answer['state'] = answer['result'] = str(n)\"; done >> $A/py_1/tasks@k");
    cr_expect_str_eq(result_of("py_1", "k~200"), "200");
    fixture_crash();
    cr_expect_str_eq(text_of("actors/py_1/state"), "200");
    cr_expect_str_eq(result_of("py_1", "k~7"), "7");
}

/* --------------------------------------------------------------------- misdeeds --- */

Test(workers, garbage_and_half_lines_are_survived)
{
    make_actor("py_1");
    cr_expect_str_eq(ask("py_1", "garbage",
                         "say('hello?\\n{\"id\": \\n[]\\n\\n{}\\n{\"id\": 99999}\\n');"
                         "answer['result'] = 'fine'"),
                     "fine");
    cr_expect(wait_log("hello?"));
    cr_expect_str_eq(
        ask("py_1", "halves",
            "text = json.dumps(dict(answer, result='halves')); say(text[:9]);"
            "time.sleep(0.1); say(text[9:]); time.sleep(0.1); say('\\n');"
            "answer.clear()"),
        "halves");
    tell("py_1", "wrong", "answer['result'] = 7");
    cr_expect(fails_with("py_1", "wrong", "result"));
    cr_expect_str_eq(ask("py_1", "after", "answer['result'] = 'after'"), "after");
}

Test(workers, an_answer_holds_once_and_only_for_who_was_asked)
{
    WORKS("mkdir $A/py_1 $A/py_2");
    cr_expect_str_eq(ask("py_1", "twice",
                         "say(json.dumps(dict(answer, result='one')) + '\\n');"
                         "answer['result'] = 'two'"),
                     "one");
    cr_expect_str_eq(ask("py_1", "next", "answer['result'] = 'next'"), "next");
    cr_expect_str_eq(ask("py_2", "others",
                         "[say(json.dumps({'id': i, 'result': 'stolen'}) + '\\n')"
                         "    for i in range(1, 1000) if i != turn['id']];"
                         "answer['result'] = 'mine'"),
                     "mine");
    cr_expect_str_eq(ask("py_1", "then", "answer['result'] = 'then'"), "then");
}

Test(workers, of_several_in_flight_only_the_killer_counts_an_attempt)
{
    WORKS("for i in 1 2 3; do mkdir $A/py_$i; done");
    const char *hold = "open(outside + '/' + turn['actor'], 'a').write("
                       "    str(turn['attempt']) + '\\n')\n"
                       "if os.path.exists(outside + '/go'): answer['result'] = 'well'\n"
                       "else: answer.clear()";
    tell("py_1", "k", hold);
    tell("py_2", "k", hold);
    cr_expect(wait_outside("py_1", "1\n"));
    cr_expect(wait_outside("py_2", "1\n"));
    put_outside("go");
    tell("py_3", "k",
         "open(outside + '/py_3', 'a').write(str(turn['attempt']) + '\\n')\n"
         "os._exit(9)");
    cr_expect_str_eq(result_of("py_1", "k"), "well");
    cr_expect_str_eq(result_of("py_2", "k"), "well");
    cr_expect(fails_with("py_3", "k", "9"));
    GIVES("cut -f3,4 $A/py_1/log $A/py_2/log $A/py_3/log",
          "done\t1\ndone\t1\nfailed\t3\n");
    cr_expect_null(strstr(outside("py_3") + 1, "1"), "1: certainly never tried");
}

/* ---------------------------------------------------------- operators are obeyed ---
 */

Test(workers, restart_replaces_the_process_and_the_old_one_finishes)
{
    WORKS("mkdir $A/py_1 $A/py_2");
    pid_t first = pid_of("py_1", "first");
    cr_expect_eq(pid_of("py_2", "same"), first);
    tell("py_2", "long",
         "open(outside + '/started', 'w')\n"
         "while not os.path.exists(outside + '/go'): time.sleep(0.02)\n" ECHO_PID);
    WORKS("until [ -e $O/started ]; do sleep 0.02; done");
    WORKS("echo restart >> $A/py_1/status");
    pid_t second = pid_of("py_1", "second");
    cr_expect_neq(second, first);
    put_outside("go");
    cr_expect_eq((pid_t)strtol(result_of("py_2", "long"), NULL, 10), first);
    cr_expect(wait_gone(first));
    cr_expect_eq(pid_of("py_2", "third"), second);
}

Test(workers, cancel_ends_a_running_turn_and_no_other_pays)
{
    WORKS("mkdir $A/py_1 $A/py_2");
    tell("py_1", "hold",
         "open(outside + '/' + str(turn['attempt']), 'w')\n"
         "if os.path.exists(outside + '/go'): answer['result'] = 'well'\n"
         "else: answer.clear()");
    WORKS("until [ -e $O/1 ]; do sleep 0.02; done");
    tell("py_2", "long", "open(outside + '/go', 'w'); time.sleep(600)");
    WORKS("until [ -e $O/go ]; do sleep 0.02; done; "
          "echo cancel long >> $A/py_2/status");
    FAILS("cat $A/py_2/tasks@long", 1, "canceled");
    cr_expect_str_eq(result_of("py_1", "hold"), "well");
    GIVES("cut -f3,4 $A/py_1/log; ls $O", "done\t1\n1\n2\ngo\n");
    cr_expect_str_eq(ask("py_2", "next", "answer['result'] = 'next'"), "next");
}

Test(workers, a_turn_beyond_its_time_is_ended_and_tried_again)
{
    change("py.conf", "timeout = 2s\nattempts = 2\nbackoff = 10ms\nprocesses = 1\n");
    make_actor("py_1");
    tell("py_1", "k", "open(outside + '/tried', 'a').write('x'); time.sleep(600)");
    cr_expect(fails_with("py_1", "k", "time limit"));
    cr_expect_str_eq(outside("tried"), "xx");
    cr_expect_str_eq(ask("py_1", "next", "answer['result'] = 'next'"), "next");
}

/* -------------------------------------------------------------- stops and crashes ---
 */

Test(workers, a_kill_of_the_daemon_takes_the_worker_along_and_the_turn_is_told_again)
{
    make_actor("py_1");
    pid_t pid = pid_of("py_1", "pid");
    tell("py_1", "k",
         "open(outside + '/tried', 'a').write(str(turn['attempt']))\n"
         "while not os.path.exists(outside + '/go'): time.sleep(0.02)\n"
         "answer['state'] = answer['result'] = turn['state'] + 'x'");
    cr_expect(wait_outside("tried", "1"));
    fixture_crash();
    cr_expect(wait_gone(pid));
    cr_expect(wait_outside("tried", "12"));
    put_outside("go");
    cr_expect_str_eq(result_of("py_1", "k"), "x");
    cr_expect_str_eq(text_of("actors/py_1/state"), "x");
    GIVES("cut -f3,4,6 $A/py_1/log", "done\t1\tpid\ndone\t1\tk\n");
}

Test(workers, a_clean_stop_gives_running_turns_their_time)
{
    make_actor("py_1");
    tell("py_1", "k",
         "open(outside + '/tried', 'a').write(str(turn['attempt']))\n"
         "while not os.path.exists(outside + '/go'): time.sleep(0.02)\n"
         "answer['result'] = 'well'");
    cr_expect(wait_outside("tried", "1"));
    kill(fixture.daemon, SIGTERM);
    cr_expect(wait_log(": stopping"));
    put_outside("go");
    cr_expect_eq(mounted_reap(&fixture), 0);
    mounted_start(&fixture);
    cr_expect_str_eq(result_of("py_1", "k"), "well");
    cr_expect_str_eq(outside("tried"), "1");
}
