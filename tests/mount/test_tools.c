/* SPDX-License-Identifier: MIT */
/*
 * Tools that were never made for this (contract, sections 3 and 9): what they write
 * onto `tasks` arrives once, what they keep beside it stays what it was. Copies of
 * trees, git and holes are in test_plain.c, editors in test_editors.c, copies of whole
 * actors in test_copies.c.
 */
#include "tests/mount/fixture.h"
#include "tests/mount/terminal.h"

#include <stdio.h>
#include <stdlib.h>

TestSuite(tools, .init = fixture_open_for_tools, .fini = fixture_close);

/* ------------------------------------------------------------------- arriving --- */

/* Each puts "new" at $f, where nothing is yet, and leaves nothing else. */
static const char *const writers[] = {
    "echo new | sponge $f",
    "echo new | sponge -a $f",
    "echo new > $S/x; sort -o $f $S/x",
    "echo new > $S/x; sort $S/x > $f",
    "jq -nr '\"new\"' > t && mv t $f",
    "jq -nr '\"new\"' > $S/t && mv $S/t $f",
    "echo new > $S/x; cp $S/x $f",
    "echo new > $S/x; cp -a $S/x $f",
    "echo new > x; cp -a x $f && rm x",
    "echo new > $S/x; install -m 640 $S/x $f",
    "echo new > $S/x; rsync -a $S/x $f",
    "echo new > $S/x; rsync -a --inplace $S/x $f",
    "echo new > $S/x; dd if=$S/x of=$f status=none",
    "echo new | tee $f > $S/x",
    "echo new | tee -a $f > $S/x",
    "echo new > $S/x; curl -s -o $f file://$S/x",
    "echo new > $S/x; cat $S/x > $f",
    "echo new > $S/x; gio copy $S/x $f",
    "echo new > $S/x; perl -MFile::Copy -e 'copy(@ARGV) or die' $S/x $f",
    "echo new > x; python3 -c \"import shutil; shutil.copy2('x', '$f')\"; rm x",
};

static void check_arrival(const char *writer, const char *key)
{
    BYTES_AUTO(message);
    size_t before = mailbox_count("keep_1");
    const struct command *got = shellf("cd $K && f=tasks@%s && { %s; }", key, writer);
    cr_expect_eq(got->status, 0, "%s: %s", writer, got->err.data);
    cr_expect_eq(mailbox_count("keep_1"), before + 1, "%s", writer);
    cr_expect_eq(message_of("keep_1", key, &message), 0, "%s", writer);
    cr_expect(view_equal(view_bytes(&message), view_text("new\n")), "%s", writer);
    got = shellf("cd $K && f=tasks && { %s; }", writer);
    cr_expect_eq(got->status, 0, "%s: %s", writer, got->err.data);
    cr_expect_eq(mailbox_count("keep_1"), before + 2, "%s", writer);
}

static void check_file(const char *writer, const char *file)
{
    const struct command *got = shellf("cd $K && f=%s && { %s; }", file, writer);
    cr_expect_eq(got->status, 0, "%s: %s", writer, got->err.data);
    got = shellf("cat $K/%s", file);
    cr_expect_str_eq(got->out.data, "new\n", "%s of %s", writer, file);
}

Test(tools, what_a_tool_writes_arrives_once)
{
    char key[16];
    need_program("sponge");
    need_program("gio");
    for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++) {
        snprintf(key, sizeof key, "k%zu", i);
        check_arrival(writers[i], key);
        shell("rm -f $K/note; : > $K/state");
        check_file(writers[i], "note");
        check_file(writers[i], "state");
    }
    GIVES("rm $K/note; ls -A $K", SPECIAL_FILES);
}

Test(tools, a_filter_may_write_what_it_reads)
{
    need_program("sponge");
    for (const char *const *file = (const char *const[]){"note", "state", NULL};
         *file != NULL; file++) {
        setenv("F", in_keep(*file), 1);
        WORKS("printf '3\\n1\\n2\\n' > $F; sort -o $F $F");
        GIVES("cat $F", "1\n2\n3\n");
        WORKS("sed 1d $F | sponge $F");
        GIVES("cat $F", "2\n3\n");
        WORKS("tac $F | sponge $F; jq -s 'add' $F > $F.new; mv $F.new $F");
        GIVES("cat $F", "5\n");
    }
    cr_expect_eq(mailbox_count("keep_1"), 0);
}

Test(tools, mv_moves_into_and_out_of_a_folder)
{
    WORKS("cd $K; mkdir d; echo x > f; mv f d; mv d e; mkdir g; mv e g; mv g/e/f .");
    GIVES("cd $K; cat f; ls g/e", "x\n");
    WORKS("mkdir -p $S/tree/sub; echo y > $S/tree/sub/h; mv $S/tree $K; mv -t $K/tree "
          "$K/f; mv $K/tree $S");
    GIVES("cat $S/tree/f $S/tree/sub/h; ls $K/tree 2>&1 | wc -l", "x\ny\n1\n");
    WORKS("mv $S/tree/f $K/tasks@moved; test ! -e $S/tree/f");
    GIVES("cat $K/tasks@moved,part=message", "x\n");
    cr_expect_eq(mailbox_count("keep_1"), 1);
}

/* Its old content was removed; only its name is still known. */
Test(tools, a_state_that_is_removed_and_made_anew_begins_empty)
{
    WORKS("cd $K; echo something long > state; rm state; set -C; echo x > state");
    GIVES("cat $K/state", "x\n");
    WORKS("cd $K; echo something long > state; rm state; echo x >> state");
    GIVES("cat $K/state", "x\n");
    WORKS("cd $K; echo x > $S/x; echo something long > state; cp --remove-destination "
          "$S/x state");
    GIVES("cat $K/state", "x\n");
    WORKS("cd $K; rm state; touch state");
    GIVES("cat $K/state", "");
}

/* ------------------------------------------------------------------- looking --- */

Test(tools, find_grep_du_and_df_see_what_is_there)
{
    WORKS(
        "cd $K; mkdir -p d/e; echo needle > d/e/f; echo needle > state; head -c 100000 "
        "/dev/urandom > d/big");
    GIVES("cd $K; grep -rl needle . | sort", "./d/e/f\n./state\n");
    GIVES("cd $K; find . -type f -newer . -size +50k; find . -name f -o -name status",
          "./d/big\n./status\n./d/e/f\n");
    GIVES("cd $K; find . -xdev -type d | sort; find . -samefile d/big",
          ".\n./d\n./d/e\n./d/big\n");
    WORKS(
        "test $(du -sk $K/d | cut -f1) -ge 98; test $(du -sb $K/d/e/f | cut -f1) = 7");
    WORKS("test $(du -sk --apparent-size $K/d | cut -f1) -ge 98");
    WORKS(
        "df -P $K | tail -n 1 | { read -r source blocks used free rest; test $source = "
        "$STORE -a $blocks -gt 0 -a $free -gt 0 || echo $source $blocks $free; }");
    GIVES("df --output=target $K | tail -n 1 | grep -cx \"$M\"", "1\n");
    cr_expect_eq(mailbox_count("keep_1"), 0);
}

Test(tools, inotify_tells_of_what_is_done_here)
{
    need_program("inotifywait");
    WORKS("inotifywait -m --format '%e %f' -e create,modify,close_write,move,delete $K "
          "> $S/events 2> $S/err & until grep -q established $S/err; do sleep 0.05; "
          "done; cd $K; echo x > note; echo latte > tasks; mv note other; echo new > "
          "state; mv other tasks; mkdir d; rmdir d; touch end; rm end; until grep -q "
          "'DELETE end' $S/events; do sleep 0.05; done; kill $!");
    GIVES("grep -v -e ' end' $S/events | uniq",
          "CREATE note\nMODIFY note\nCLOSE_WRITE,CLOSE note\n"
          "MODIFY tasks\nCLOSE_WRITE,CLOSE tasks\n"
          "MOVED_FROM note\nMOVED_TO other\n"
          "MODIFY state\nCLOSE_WRITE,CLOSE state\n"
          "MOVED_FROM other\nMOVED_TO tasks\n"
          "CREATE,ISDIR d\nDELETE,ISDIR d\n");
}

/* ------------------------------------------------------------------ databases --- */

Test(tools, sqlite_takes_several_writers)
{
    need_program("sqlite3");
    for (const char *const *mode =
             (const char *const[]){"delete", "truncate", "persist", "wal", NULL};
         *mode != NULL; mode++) {
        setenv("MODE", *mode, 1);
        WORKS(
            "cd $K; sqlite3 $MODE.db \"pragma journal_mode=$MODE; create table t(x)\" "
            "> $S/mode; grep -qx $MODE $S/mode");
        WORKS(
            "cd $K; for w in 1 2 3; do (for i in 1 2 3 4 5; do sqlite3 -cmd '.timeout "
            "25000' $MODE.db \"begin immediate; insert into t values($w$i); commit\"; "
            "done) & done; wait");
        GIVES("cd $K; sqlite3 $MODE.db 'select count(*), sum(x) from t; pragma "
              "integrity_check'",
              "15|345\nok\n");
    }
    fixture_crash();
    GIVES(
        "cd $K; for m in delete wal; do sqlite3 $m.db 'select count(*) from t; pragma "
        "integrity_check'; done",
        "15\nok\n15\nok\n");
}

Test(tools, git_commits_in_an_actor_and_finds_nothing_wrong)
{
    need_program("git");
    WORKS(
        "cd $K; git init -q .; git config user.name a; git config user.email a@b; "
        "echo x > note; echo new > state; git add note state; git commit -qm one; git "
        "fsck --strict 2> $S/err");
    GIVES("cd $K; git ls-files; git status --short -uno", "note\nstate\n");
    /* The state is a file like others: git puts an old one back. */
    WORKS("cd $K; echo newer > state; git checkout -q state");
    GIVES("cat $K/state", "new\n");
    cr_expect_eq(mailbox_count("keep_1"), 0);
}

/* ----------------------------------------------------------------- on a screen --- */

/* What is completed is never shown before: only the files say it. */
static void check_completion(const char *command)
{
    struct terminal shell_on_terminal;
    terminal_open(&shell_on_terminal, command);
    cr_expect(terminal_expect(&shell_on_terminal, "ready> "));
    terminal_type(&shell_on_terminal, "cat ke\tno\t\r");
    cr_expect(terminal_expect(&shell_on_terminal, "an ordinary one"), "%s", command);
    cr_expect(terminal_expect(&shell_on_terminal, "ready> "));
    terminal_type(&shell_on_terminal, "cat ke\tbeh\t\r");
    cr_expect(terminal_expect(&shell_on_terminal, "counter"), "%s", command);
    cr_expect(terminal_expect(&shell_on_terminal, "ready> "));
    terminal_type(&shell_on_terminal, "echo sent >> ke\tta\t\r");
    cr_expect(terminal_expect(&shell_on_terminal, "ready> "));
    terminal_type(&shell_on_terminal, "exit\r");
    cr_expect_eq(terminal_close(&shell_on_terminal), 0, "%s", command);
}

Test(tools, shells_complete_names)
{
    need_program("zsh");
    WORKS("cd $K; echo an ordinary one > note; echo counter > behavior");
    GIVES("cd $A; compgen -f keep_1/sta; compgen -d ke",
          "keep_1/state\nkeep_1/status\nkeep_1\n");
    check_completion("cd $A; PS1='ready> ' exec bash --norc --noprofile -i");
    check_completion("cd $A; PS1='ready> ' exec zsh -f -i");
    WORKS("printf 'PS1=\"ready> \"; autoload -U compinit; compinit -u -D' > $S/.zshrc");
    check_completion("cd $A; ZDOTDIR=$S exec zsh -d -i");
    cr_expect_eq(mailbox_count("keep_1"), 3);
    GIVES("cat $K/tasks@.*,part=message 2>/dev/null; cut -f2 $K/mailbox | uniq",
          "pending\n");
}

static bool has_arrived(void *context)
{
    return shellf("test -s $K/%s", (const char *)context)->status == 0;
}

/* Copies what is the only entry of $S/from to $K; `answer`: to what it asks. */
static void copy_in_mc(char *name, const char *question, const char *answer)
{
    struct terminal mc;
    terminal_open(&mc, "exec mc -u -b -a -d $S/from $K");
    cr_expect(terminal_expect(&mc, "Quit"));
    cr_expect(terminal_expect(&mc, "#"));
    terminal_type(&mc, "\033OB"); /* down, from .. */
    terminal_type(&mc, "\0335");  /* F5 */
    cr_expect(terminal_expect(&mc, "source mask"));
    terminal_type(&mc, "\r");
    if (question) {
        cr_expect(terminal_expect(&mc, question));
        terminal_type(&mc, answer);
    }
    cr_expect(poll_until(has_arrived, name, FIXTURE_WAIT_MS), "%s", name);
    do
        terminal_type(&mc, "\0330"); /* F10; the first may be for the end of the copy */
    while (!terminal_ends(&mc, 2000));
    cr_expect_eq(terminal_close(&mc), 0, "%s", name);
}

Test(tools, midnight_commander_copies)
{
    char note[] = "note", state[] = "state";
    need_program("mc");
    WORKS("mkdir $S/from; echo x > $S/from/note");
    copy_in_mc(note, NULL, NULL);
    GIVES("cat $K/note", "x\n");
    WORKS("mv $S/from/note $S/from/state; : > $K/state");
    copy_in_mc(state, "Overwrite", "\r");
    GIVES("cat $K/state", "x\n");
}
