/* SPDX-License-Identifier: MIT */
/*
 * Editors (contract, sections 3 and 9), each in the ways it has to save: over the file,
 * beside it and renamed into place, with a backup that is a copy or the old file. On an
 * ordinary file and on `state` the new text is there and nobody was sent anything; on
 * `tasks@KEY` exactly one message was, with that text.
 */
#include "tests/mount/fixture.h"
#include "tests/mount/terminal.h"

#include <stdio.h>

TestSuite(editors, .init = fixture_open_for_tools, .fini = fixture_close);

/* Runs an editor that is to make "new" of "old" in the file. */
static void check_edit(const char *command, const char *file)
{
    char look[64];
    cr_assert_eq(shellf("echo old > $K/%s", file)->status, 0);
    const struct command *got = shellf("cd $K && f=%s && { %s; }", file, command);
    cr_expect_eq(got->status, 0, "%s of %s: %s", command, file, got->err.data);
    snprintf(look, sizeof look, "cat $K/%s", file);
    cr_expect(shell_gives(look, 0, "new\n"), "%s of %s", command, file);
    cr_expect(shell_gives("cd $K; rm -f note; ls -A", 0, SPECIAL_FILES), "%s of %s",
              command, file);
}

/* Runs an editor that is to write "new" to $f, a name with a key that is new. */
static void check_message(const char *command, const char *key)
{
    BYTES_AUTO(message);
    size_t before = mailbox_count("keep_1");
    const struct command *got = shellf("cd $K && f=tasks@%s && { %s; }", key, command);
    cr_expect_eq(got->status, 0, "%s: %s", command, got->err.data);
    cr_expect_eq(message_of("keep_1", key, &message), 0, "%s", command);
    cr_expect(view_equal(view_bytes(&message), view_text("new\n")), "%s", command);
    cr_expect_eq(mailbox_count("keep_1"), before + 1, "%s", command);
    cr_expect(shell_gives("ls -A $K", 0, SPECIAL_FILES), "%s", command);
}

/* ------------------------------------------------------------------------- vim --- */

static const char *const vim_modes[] = {"auto", "yes", "no", "auto,breaksymlink",
                                        "yes,breakhardlink"};
#define VIM_MODES (sizeof vim_modes / sizeof vim_modes[0])
/* It makes no backups in /tmp, where this may be. */
#define VIM "vim -es -u NONE -c 'set backupskip= %s backupcopy=%s' "
#define VIM_EDIT VIM "-c %%s/old/new/ -c wq $f"
#define VIM_WRITE VIM "-c 's/^/new/' -c wq $f"

static void check_vim(const char *settings, const char *mode, unsigned number)
{
    char command[256], key[16];
    snprintf(command, sizeof command, VIM_EDIT, settings, mode);
    check_edit(command, "note");
    check_edit(command, "state");
    snprintf(command, sizeof command, VIM_WRITE, settings, mode);
    snprintf(key, sizeof key, "vim%u", number);
    check_message(command, key);
}

Test(editors, vim_saves_in_every_way_it_has)
{
    unsigned number = 0;
    need_program("vim");
    for (size_t i = 0; i < VIM_MODES; i++) {
        check_vim("writebackup", vim_modes[i], number++);
        check_vim("nowritebackup", vim_modes[i], number++);
    }
    cr_expect_eq(mailbox_count("keep_1"), number);
}

Test(editors, vim_keeps_the_backup_it_is_told_to_keep)
{
    need_program("vim");
    for (size_t i = 0; i < VIM_MODES; i++)
        for (const char *const *file = (const char *const[]){"note", "state", NULL};
             *file != NULL; file++) {
            const struct command *got =
                shellf("cd $K && f=%s && echo old > $f && " VIM_EDIT
                       " && cat $f $f~ && rm $f~",
                       *file, "backup", vim_modes[i]);
            cr_expect_eq(got->status, 0, "%s %s", *file, vim_modes[i]);
            cr_expect_str_eq(got->out.data, "new\nold\n", "%s %s", *file, vim_modes[i]);
        }
    cr_expect_eq(mailbox_count("keep_1"), 0);
}

Test(editors, vim_follows_or_breaks_links_as_it_is_told)
{
    need_program("vim");
    WORKS("cd $K; echo old > a; ln -s a soft; f=soft; vim -es -u NONE -c 'set "
          "backupskip= backupcopy=auto' -c %s/old/new/ -c wq $f; test -L soft");
    GIVES("cat $K/a", "new\n");
    WORKS("cd $K; echo old > a; f=soft; vim -es -u NONE -c 'set backupskip= "
          "backupcopy=no,breaksymlink' -c %s/old/new/ -c wq $f; test ! -L soft");
    GIVES("cat $K/a $K/soft", "old\nnew\n");
    WORKS("cd $K; ln a hard; vim -es -u NONE -c 'set backupskip= backupcopy=auto' -c "
          "%s/old/new/ -c wq hard; test a -ef hard");
    GIVES("cat $K/a", "new\n");
    WORKS("cd $K; vim -es -u NONE -c 'set backupskip= backupcopy=no,breakhardlink' -c "
          "%s/new/old/ -c wq hard; test ! a -ef hard");
    GIVES("cat $K/a $K/hard", "new\nold\n");
}

Test(editors, vim_sends_once_a_save_and_is_told_of_a_known_key)
{
    need_program("vim");
    WORKS("cd $K; vim -es -u NONE -c 's/^/one/' -c w -c 's/one/two/' -c wq tasks");
    cr_expect_eq(mailbox_count("keep_1"), 2);
    WORKS("cd $K; vim -es -u NONE -c 's/^/one/' -c w -c w -c q tasks@k");
    cr_expect_eq(mailbox_count("keep_1"), 3, "the same again is the same message");
    FAILS("cd $K; vim -es -u NONE -c 's/^/one/' -c w -c 's/one/two/' -c wq tasks@l", 1,
          "");
    cr_expect_eq(mailbox_count("keep_1"), 4);
    GIVES("cat $K/tasks@l,part=message", "one\n");
    WORKS("cd $K; vim -es -u NONE -c 'normal icounter' -c 's/counter.*/counter/' -c wq "
          "behavior");
    GIVES("cat $K/behavior", "counter\n");
}

Test(editors, vim_saves_state_on_a_terminal)
{
    struct terminal vim;
    need_program("vim");
    WORKS("echo old > $K/state");
    terminal_open(&vim, "cd $K; exec vim -N -u NONE -c 'set backupskip=' state");
    cr_expect(terminal_expect(&vim, "old"));
    terminal_type(&vim, "ccfirst\033:w\r");
    cr_expect(terminal_expect(&vim, "written"));
    GIVES("cat $K/state", "first\n");
    /* It has seen what it wrote itself, so it asks nobody whether to overwrite it. */
    terminal_type(&vim, "ccsecond\033:wq\r");
    cr_expect_eq(terminal_close(&vim), 0);
    GIVES("cat $K/state; ls -A $K", "second\n" SPECIAL_FILES);
}

/* ----------------------------------------------------------------------- emacs --- */

/* It makes no backups in /tmp either, nor in a script; and it locks with a link that
   leads nowhere. */
#define EMACS                                                                          \
    "emacs -Q --batch $f --eval '(progn (setq backup-enable-predicate (lambda (x) t) " \
    "backup-inhibited nil make-backup-files %s backup-by-copying %s "                  \
    "file-precious-flag %s)"
#define EMACS_EDIT                                                                     \
    EMACS " (while (search-forward \"old\" nil t) (replace-match \"new\")) "           \
          "(save-buffer))'"
#define EMACS_WRITE EMACS " (insert \"new\\n\") (save-buffer))'"

static const struct emacs_mode {
    const char *keep, *by_copying, *precious;
} emacs_modes[] = {
    {"nil", "nil", "nil"}, {"nil", "nil", "t"}, {"t", "nil", "nil"},
    {"t", "t", "nil"},     {"t", "nil", "t"},
};

static void check_emacs(const struct emacs_mode *mode, const char *key)
{
    char edit[512], command[640];
    snprintf(edit, sizeof edit, EMACS_EDIT, mode->keep, mode->by_copying,
             mode->precious);
    snprintf(command, sizeof command, "%s && if [ %s = t ]; then cat $f~ && rm $f~; fi",
             edit, mode->keep);
    check_edit(command, "note");
    check_edit(command, "state");
    snprintf(command, sizeof command, EMACS_WRITE, mode->keep, mode->by_copying,
             mode->precious);
    check_message(command, key);
}

Test(editors, emacs_saves_in_every_way_it_has)
{
    char key[16];
    need_program("emacs");
    for (size_t i = 0; i < sizeof emacs_modes / sizeof emacs_modes[0]; i++) {
        snprintf(key, sizeof key, "emacs%zu", i);
        check_emacs(&emacs_modes[i], key);
    }
}

/* ------------------------------------------------------------------------ nano --- */

static void nano(const char *options, const char *file, const char *typed)
{
    char command[128];
    struct terminal terminal;
    snprintf(command, sizeof command, "cd $K; exec nano -I %s %s", options, file);
    terminal_open(&terminal, command);
    cr_expect(terminal_expect(&terminal, "GNU nano"));
    cr_expect(terminal_expect(&terminal, "Exit"));
    terminal_type(&terminal, typed);
    terminal_type(&terminal, "\017"); /* Ctrl-O */
    cr_expect(terminal_expect(&terminal, "Name to Write"));
    terminal_type(&terminal, "\r");
    cr_expect(terminal_expect(&terminal, "Wrote 1 line"), "%s", file);
    terminal_type(&terminal, "\030"); /* Ctrl-X */
    cr_expect_eq(terminal_close(&terminal), 0);
}

Test(editors, nano_saves)
{
    need_program("nano");
    WORKS("echo old > $K/note; echo old > $K/state");
    nano("", "note", "a ");
    nano("-B", "note", "very ");
    GIVES("cd $K; cat note note~; rm note note~", "very a old\na old\n");
    nano("", "state", "a ");
    nano("-G", "state", "very ");
    GIVES("cat $K/state; ls -A $K", "very a old\n" SPECIAL_FILES);
    nano("", "tasks@nano", "new");
    GIVES("cat $K/tasks@nano,part=message", "new\n");
    cr_expect_eq(mailbox_count("keep_1"), 1);
}

/* ---------------------------------------------------------------- line by line --- */

Test(editors, ed_sed_and_perl_save)
{
    static const char *const commands[] = {
        "printf ',s/old/new/\\nw\\nq\\n' | ed -s $f",
        "sed -i s/old/new/ $f",
        "sed -i.bak s/old/new/ $f && grep -qx old $f.bak && rm $f.bak",
        "sed -n -i 's/old/new/;w t' $f && mv t $f",
        "perl -pi -e s/old/new/ $f",
        "perl -pi.bak -e s/old/new/ $f && grep -qx old $f.bak && rm $f.bak",
    };
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        check_edit(commands[i], "note");
        check_edit(commands[i], "state");
    }
    check_message("printf 'a\\nnew\\n.\\nw\\nq\\n' | ed -s $f", "ed");
    WORKS("cd $K; printf 'a\\nnew\\n.\\nw\\nq\\n' | ed -s tasks; sed -i s/a/b/ tasks");
    cr_expect_eq(mailbox_count("keep_1"), 2);
}

/* What they rename onto these is what one would write there. */
Test(editors, sed_and_perl_write_behavior_and_status)
{
    WORKS("cd $K; sed -i s/keep/counter/ behavior");
    GIVES("cat $K/behavior", "counter\n");
    WORKS("cd $K; perl -pi -e s/counter/echo/ behavior");
    GIVES("cat $K/behavior", "echo\n");
    FAILS("cd $K; sed -i s/echo/nonsense/ behavior", 4, "Bad message");
    GIVES("cat $K/behavior; rm $K/sed*; ls -A $K", "echo\n" SPECIAL_FILES);
    WORKS("cd $K; sed -i '1i resume' status");
    cr_expect_str_eq(word_of("keep_1", "activity"), "idle");
    FAILS("cd $K; echo nonsense > t; mv t status", 1, "Bad message");
    FAILS("cd $K; sed -i s/x/y/ mailbox", 4, "Operation not permitted");
}
