/* SPDX-License-Identifier: MIT */
/*
 * The files of an actor, read and written (contract, sections 2 and 4): sizes are true,
 * reading has no effect, `state` is replaced between turns, and `mailbox`, `log` and
 * `result` show what happened. Control words are in test_control.c, `execute` in
 * test_execute.c, names and folders in test_tree.c.
 */
#include "tests/mount/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(files, .init = fixture_open, .fini = fixture_close);

static bool matches(const char *text, const char *pattern)
{
    regex_t regex;
    cr_assert_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB | REG_NEWLINE), 0);
    bool found = text != NULL && regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    if (!found)
        fprintf(stderr, "  %s\n  does not match\n  %s\n", text ? text : "(none)",
                pattern);
    return found;
}

#define TIME "20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?Z"

/* --------------------------------------------------------------------- reading --- */

Test(files, sizes_are_true)
{
    make_actor("counter_1");
    WORKS("echo 5 > $A/counter_1/execute@k");
    for (const char *const *name =
             (const char *const[]){"state", "status", "mailbox", "result", "log",
                                   "behavior", "tasks", "execute", "tasks@k",
                                   "tasks@k,part=message", NULL};
         *name != NULL; name++) {
        const struct command *got = shellf(
            "f=$A/counter_1/%s; test $(stat -c %%s $f) = $(cat $f | wc -c)", *name);
        cr_expect_eq(got->status, 0, "%s", *name);
    }
    WORKS("for f in README status attention behaviors; do"
          " test $(stat -c %s $M/$f) = $(cat $M/$f | wc -c) || echo $f; done");
    GIVES("stat -c %s $A/counter_1/tasks $A/counter_1/execute", "0\n0\n");
}

Test(files, every_way_of_reading_sees_the_same)
{
    make_actor("keep_1");
    WORKS("seq 20000 > $A/keep_1/state; seq 20000 > $S/same");
    WORKS("cmp $A/keep_1/state $S/same");
    WORKS("cp $A/keep_1/state $S/copy && cmp $S/copy $S/same");
    WORKS("dd if=$A/keep_1/state bs=1000 status=none | cmp - $S/same");
    WORKS("tar -C $A/keep_1 -cf $S/t.tar state && tar -xOf $S/t.tar | cmp - $S/same");
    WORKS("rsync $A/keep_1/state $S/copy2 && cmp $S/copy2 $S/same");
    WORKS("python3 -c 'import shutil, os;"
          "shutil.copyfile(os.environ[\"A\"]+\"/keep_1/state\", "
          "os.environ[\"S\"]+\"/copy3\")'"
          " && cmp $S/copy3 $S/same");
    GIVES(
        "tail -n 1 $A/keep_1/state; head -n 1 $A/keep_1/state; wc -l < $A/keep_1/state",
        "20000\n1\n20000\n");
    GIVES("dd if=$A/keep_1/state skip=2 count=4 bs=1 status=none", "2\n3\n");
}

Test(files, reading_everything_has_no_effect)
{
    make_suspended("user_1");
    WORKS("echo latte >> $A/user_1/tasks@abc");
    WORKS("cat $A/user_1/mailbox $A/user_1/status > $S/before");
    WORKS("grep -r latte $M > $S/found; cp -r $M $S/crawl; find $M -type f -exec cat "
          "{} + "
          "> $S/all; tar -cf $S/all.tar -C $A/user_1 .");
    WORKS("cat $A/user_1/mailbox $A/user_1/status > $S/after; cmp $S/before $S/after");
    WORKS("test ! -s $A/user_1/tasks && cat $A/user_1/tasks $A/user_1/execute");
}

Test(files, times_stay_while_nothing_changes)
{
    make_actor("user_1");
    WORKS(
        "cd $M; stat -c '%n %Y %Z' . README behaviors actors actors/user_1/* > $S/one;"
        "until test $(date +%s) -gt $(stat -c %Y $S/one); do :; done;"
        "stat -c '%n %Y %Z' . README behaviors actors actors/user_1/* | diff $S/one -");
}

Test(files, an_open_handle_reads_one_snapshot)
{
    make_actor("keep_1");
    WORKS("seq 100000 > $A/keep_1/state");
    char first[8] = "", rest[8] = "";
    int fd = open(mounted_path(&fixture, "actors/keep_1/state"), O_RDONLY);
    cr_assert_geq(fd, 0);
    cr_expect_eq(read(fd, first, 4), 4);
    WORKS("echo replaced > $A/keep_1/state");
    cr_expect_eq(read(fd, rest, 4), 4);
    close(fd);
    cr_expect_str_eq(first, "1\n2\n");
    cr_expect_str_eq(rest, "3\n4\n");
    GIVES("cat $A/keep_1/state", "replaced\n");
}

/* --------------------------------------------------------------- what happened --- */

Test(files, status_has_its_keys_in_order)
{
    make_actor("user_1");
    GIVES("cut -d: -f1 $A/user_1/status | tr '\\n' ' '",
          "name behavior activity pending delayed running done failed canceled refused "
          "mailbox-bytes state-version state-bytes created last-turn last-error "
          "last-refusal ");
    cr_expect_str_eq(word_of("user_1", "name"), "user_1");
    cr_expect_str_eq(word_of("user_1", "behavior"), "echo");
    cr_expect_str_eq(word_of("user_1", "activity"), "idle");
    cr_expect(matches(word_of("user_1", "created"), "^" TIME "$"));
    cr_expect_eq(number_of("user_1", "mailbox-bytes"), 0);
}

Test(files, status_counts)
{
    make_suspended("counter_1");
    WORKS("seq 3 >> $A/counter_1/tasks; echo 1 >> $A/counter_1/tasks@,delay=1h");
    cr_expect_str_eq(word_of("counter_1", "activity"), "suspended");
    cr_expect_eq(number_of("counter_1", "pending"), 3);
    cr_expect_eq(number_of("counter_1", "delayed"), 1);
    cr_expect_eq(number_of("counter_1", "mailbox-bytes"), 8);
    WORKS("echo many >> $A/counter_1/tasks@bad; echo resume >> $A/counter_1/status");
    cr_expect(wait_number("counter_1", "failed", 1));
    cr_expect_eq(number_of("counter_1", "done"), 3);
    cr_expect_eq(number_of("counter_1", "pending"), 0);
    cr_expect_eq(number_of("counter_1", "state-bytes"), 2);
    cr_expect(matches(word_of("counter_1", "last-error"), "whole number"));
    cr_expect(matches(word_of("counter_1", "last-turn"), "^" TIME "$"));
}

Test(files, mailbox_shows_a_line_a_task)
{
    make_suspended("user_1");
    WORKS("echo a >> $A/user_1/tasks@one; echo b >> $A/user_1/tasks;"
          "echo c >> $A/user_1/tasks@later,delay=1h");
    const char *mailbox = text_of("actors/user_1/mailbox");
    cr_expect(matches(mailbox, "^[0-9]+\tpending\t0\t" TIME "\t[^\t]*\tone$"));
    cr_expect(matches(mailbox, "^[0-9]+\tpending\t0\t" TIME "\t[^\t]*\t\\.[0-9]+$"));
    cr_expect(matches(mailbox, "^[0-9]+\tdelayed\t0\t" TIME "\t" TIME "\tlater$"));
    WORKS("echo resume >> $A/user_1/status");
    cr_expect(wait_number("user_1", "done", 2));
    /* The unfinished first, then what is finished. */
    struct mailbox_row rows[4];
    cr_assert_eq(mailbox_rows("user_1", rows, 4), 3);
    cr_expect_str_eq(rows[0].key, "later");
    cr_expect_str_eq(rows[1].state, "done");
    cr_expect_eq(rows[1].attempts, 1);
}

Test(files, mailbox_shows_the_oldest_thousand_and_the_last_hundred)
{
    make_suspended("user_1");
    WORKS("seq 1200 >> $A/user_1/tasks@load");
    cr_expect_eq(mailbox_count("user_1"), 1000);
    cr_expect_eq(number_of("user_1", "pending"), 1200);
    WORKS("echo resume >> $A/user_1/status");
    cr_expect(wait_number("user_1", "done", 1200));
    cr_expect_eq(mailbox_count("user_1"), 100);
    GIVES("cut -f2,6 $A/user_1/mailbox | sort -t'~' -k2n | tail -n 1",
          "done\tload~1200\n");
}

Test(files, result_is_that_of_the_last_finished_task)
{
    make_actor("counter_1");
    GIVES("cat $A/counter_1/result", "");
    WORKS("seq 4 >> $A/counter_1/tasks");
    cr_expect(wait_number("counter_1", "done", 4));
    GIVES("cat $A/counter_1/result", "10\n");
}

Test(files, log_has_a_line_a_finished_task_oldest_first)
{
    make_suspended("counter_1");
    WORKS(
        "echo 1 >> $A/counter_1/tasks@one; echo x >> $A/counter_1/tasks@two;"
        "echo 3 >> $A/counter_1/tasks; echo 4 >> $A/counter_1/tasks@four;"
        "echo cancel four >> $A/counter_1/status; echo resume >> $A/counter_1/status");
    cr_expect(wait_number("counter_1", "done", 2));
    const char *log = text_of("actors/counter_1/log");
    cr_expect(matches(log, "^" TIME "\t[0-9]+\tdone\t1\t[0-9]+\tone\t$"));
    cr_expect(
        matches(log, "^" TIME "\t[0-9]+\tfailed\t1\t[0-9]+\ttwo\tcounter: [^\t]+$"));
    cr_expect(matches(log, "^" TIME "\t[0-9]+\tdone\t1\t[0-9]+\t\\.[0-9]+\t$"));
    GIVES("cut -f3 $A/counter_1/log", "canceled\ndone\nfailed\ndone\n");
}

Test(files, daemon_status_attention_and_behaviors)
{
    make_suspended("user_1");
    make_actor("counter_1");
    WORKS("echo x >> $A/user_1/tasks; echo 5 > $A/counter_1/execute;"
          "echo oops >> $A/counter_1/tasks@bad");
    cr_expect(wait_number("counter_1", "failed", 1));
    GIVES("cat $M/behaviors", "counter\necho\nkeep\n");
    GIVES("grep -E '^(actors|pending|done|failed): ' $M/status",
          "actors: 2\npending: 1\ndone: 1\nfailed: 1\n");
    cr_expect(matches(text_of("status"), "^version: [0-9]+\\.[0-9]+"));
    cr_expect(matches(text_of("status"), "^uptime: "));
    cr_expect(matches(text_of("status"), "^commits: [1-9]"));
    cr_expect(
        matches(text_of("attention"), "^user_1\tsuspended\t" TIME "\t[^\t]*\t[^\t]*$"));
    cr_expect(
        matches(text_of("attention"), "^counter_1\tfailed\t" TIME "\tbad\tcounter: "));
    cr_expect(matches(text_of("README"), "mkdir"));
}

Test(files, attention_is_empty_when_all_is_well)
{
    make_actor("user_1");
    WORKS("echo x > $A/user_1/execute");
    GIVES("cat $M/attention", "");
}

/* ----------------------------------------------------------------------- state --- */

Test(files, state_is_what_was_written)
{
    make_actor("counter_1");
    GIVES("cat $A/counter_1/state", "");
    WORKS("echo 100 > $A/counter_1/state");
    GIVES("cat $A/counter_1/state", "100\n");
    WORKS("echo 5 > $A/counter_1/execute");
    GIVES("cat $A/counter_1/state", "105\n");
    WORKS(
        "{ printf 20; printf 0; } > $A/counter_1/state; echo 1 > $A/counter_1/execute");
    GIVES("cat $A/counter_1/state", "201\n");
}

Test(files, state_is_written_ahead_of_the_mailbox_and_while_suspended)
{
    make_suspended("counter_1");
    WORKS("echo 1 >> $A/counter_1/tasks@k; echo 50 > $A/counter_1/state");
    GIVES("cat $A/counter_1/state", "50\n");
    WORKS("echo resume >> $A/counter_1/status");
    GIVES("cat $A/counter_1/tasks@k", "51\n");
}

Test(files, truncating_state_without_a_byte_empties_it)
{
    make_actor("counter_1");
    WORKS("echo 7 > $A/counter_1/state; : > $A/counter_1/state");
    GIVES("cat $A/counter_1/state", "");
    WORKS("echo 7 > $A/counter_1/state; truncate -s 0 $A/counter_1/state");
    GIVES("cat $A/counter_1/state", "");
    WORKS("echo 7 > $A/counter_1/state; touch $A/counter_1/state; : >> "
          "$A/counter_1/state");
    GIVES("cat $A/counter_1/state", "7\n");
}

Test(files, a_handle_that_did_not_truncate_starts_from_the_current_bytes)
{
    make_actor("keep_1");
    WORKS("printf 'hello world' > $A/keep_1/state");
    WORKS("printf HELLO | dd of=$A/keep_1/state conv=notrunc status=none");
    GIVES("cat $A/keep_1/state", "HELLO world");
    WORKS("echo '!' >> $A/keep_1/state");
    GIVES("cat $A/keep_1/state", "HELLO world!\n");
    WORKS("truncate -s 5 $A/keep_1/state");
    GIVES("cat $A/keep_1/state", "HELLO");
}

Test(files, truncating_state_by_name_cuts_or_extends_it)
{
    make_actor("keep_1");
    WORKS("printf 'hello world' > $A/keep_1/state");
    /* Nobody waits for it: there is no close() to wait in. */
    WORKS("perl -e 'truncate($ARGV[0], 5) or die' $A/keep_1/state");
    cr_expect(wait_number("keep_1", "state-bytes", 5));
    GIVES("cat $A/keep_1/state", "hello");
    WORKS("perl -e 'truncate($ARGV[0], 7) or die' $A/keep_1/state");
    cr_expect(wait_number("keep_1", "state-bytes", 7));
    GIVES("tr '\\0' . < $A/keep_1/state", "hello..");
    FAILS("perl -e 'truncate($ARGV[0], 1 << 30) or die $!' $A/keep_1/state", 27,
          "File too large");
}

Test(files, such_a_handle_is_refused_when_the_state_changed_since)
{
    make_actor("keep_1");
    WORKS("echo old > $A/keep_1/state");
    int fd = open(mounted_path(&fixture, "actors/keep_1/state"), O_WRONLY);
    cr_assert_geq(fd, 0);
    cr_expect_eq(write(fd, "mine", 4), 4);
    WORKS("echo theirs > $A/keep_1/state");
    cr_expect_eq(close(fd), -1);
    cr_expect_eq(errno, ESTALE);
    GIVES("cat $A/keep_1/state", "theirs\n");
}

Test(files, state_is_limited)
{
    make_actor("keep_1");
    WORKS("head -c 1048576 /dev/zero > $A/keep_1/state");
    FAILS("head -c 1048577 /dev/zero | dd of=$A/keep_1/state bs=64k iflag=fullblock", 1,
          "File too large");
    GIVES("stat -c %s $A/keep_1/state", "1048576\n");
}

Test(files, state_carries_its_version_and_time)
{
    make_actor("keep_1");
    WORKS("echo a > $A/keep_1/state");
    long long version = number_of("keep_1", "state-version");
    WORKS("echo b > $A/keep_1/execute");
    cr_expect_gt(number_of("keep_1", "state-version"), version);
    WORKS("test $(( $(date +%s) - $(stat -c %Y $A/keep_1/state) )) -lt 100");
}

/* -------------------------------------------------------------------- behavior --- */

Test(files, behavior_names_what_handles_the_messages)
{
    make_actor("user_1");
    make_actor("counter_7");
    GIVES("cat $A/user_1/behavior $A/counter_7/behavior", "echo\ncounter\n");
    WORKS("echo counter >> $A/user_1/behavior");
    GIVES("cat $A/user_1/behavior", "counter\n");
    WORKS("echo 5 > $A/user_1/execute; echo 6 > $A/user_1/execute");
    GIVES("cat $A/user_1/result", "11\n");
    FAILS("echo nonsense > $A/user_1/behavior", 1, "Invalid argument");
    GIVES("cat $A/user_1/behavior", "counter\n");
    WORKS("echo > $A/user_1/behavior");
    GIVES("cat $A/user_1/behavior", "echo\n");
    cr_expect_str_eq(word_of("user_1", "behavior"), "echo");
}

/* ---------------------------------------------------------------- delay, timer --- */

Test(files, a_delayed_task_waits_for_its_time)
{
    make_actor("user_1");
    long long start = now_ms();
    WORKS("echo later >> $A/user_1/tasks@k,delay=700ms; echo now >> $A/user_1/tasks");
    cr_expect_eq(number_of("user_1", "delayed"), 1);
    GIVES("cat $A/user_1/tasks@k", "later\n");
    cr_expect_geq(now_ms() - start, 700);
    GIVES("cut -f3,6 $A/user_1/log | sed 's/\\.[0-9]*/./'", "done\t.\ndone\tk\n");
}

Test(files, a_task_may_name_its_time)
{
    make_actor("user_1");
    WORKS("echo past >> $A/user_1/tasks@past,at=2001-01-01T00:00:00Z");
    GIVES("cat $A/user_1/tasks@past", "past\n");
    WORKS("echo future >> $A/user_1/tasks@future,at=$(date -u -d '+1 hour' +%FT%TZ)");
    cr_expect_eq(number_of("user_1", "delayed"), 1);
    FAILS("echo both >> $A/user_1/tasks@x,delay=1s,at=2001-01-01T00:00:00Z", 1,
          "Invalid argument");
}

Test(files, a_timer_replaces_the_pending_one_of_its_name)
{
    make_suspended("user_1");
    WORKS("echo first >> $A/user_1/tasks@,timer=wake,delay=1h");
    WORKS("echo second >> $A/user_1/tasks@,timer=wake,delay=1h");
    WORKS("echo other >> $A/user_1/tasks@,timer=other,delay=1h");
    cr_expect_eq(number_of("user_1", "delayed"), 2);
    WORKS("echo third >> $A/user_1/tasks@,timer=wake,delay=1ms");
    cr_expect(wait_number("user_1", "delayed", 1));
    WORKS("echo resume >> $A/user_1/status");
    cr_expect(wait_number("user_1", "done", 1));
    GIVES("cat $A/user_1/result", "third\n");
    WORKS("echo canceltimer other >> $A/user_1/status");
    cr_expect_eq(number_of("user_1", "delayed"), 0);
}

Test(files, delays_go_on_after_a_kill)
{
    make_actor("user_1");
    WORKS("echo soon >> $A/user_1/tasks@soon,delay=1s;"
          "echo late >> $A/user_1/tasks@late,delay=1h");
    fixture_crash();
    GIVES("cat $A/user_1/tasks@soon", "soon\n");
    cr_expect_eq(number_of("user_1", "delayed"), 1);
}
