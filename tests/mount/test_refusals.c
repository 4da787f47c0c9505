/* SPDX-License-Identifier: MIT */
/*
 * What a tool's exit status says when its message is refused (contract, section 3): at
 * open (there is no such actor; its mailbox is full) and at write (the message is too
 * large; its key is known with other bytes). Every tool of the table notices every one
 * of these, and nothing of a refused message is kept. What close() says is not here:
 * the built-in commands of shells drop it, which is why refusals come earlier.
 *
 * The commands write $F, a file, to $T.
 */
#include "tests/mount/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Exit status of a program that ends with errno as perl's die does. */
#define ITS_ERRNO (-2)

struct tool {
    const char *name, *command;
    int at_open;  /* exit status when open() is refused */
    int at_write; /* and when a write() is */
};

static const struct tool tools[] = {
    {"bash echo >", "echo \"$(cat $F)\" > $T", 1, 1},
    {"bash echo >>", "echo \"$(cat $F)\" >> $T", 1, 1},
    {"bash printf >", "printf '%s\\n' \"$(cat $F)\" > $T", 1, 1},
    {"bash printf >>", "printf '%s\\n' \"$(cat $F)\" >> $T", 1, 1},
    {"bash exec", "exec 3>$T || exit; cat $F >&3", 1, 1},
    {"bash here-string", "cat > $T <<< \"$(cat $F)\"", 1, 1},
    {"dash echo >", "dash -c 'echo \"$(cat $F)\" > $T'", 2, 1},
    {"dash echo >>", "dash -c 'echo \"$(cat $F)\" >> $T'", 2, 1},
    {"dash printf >", "dash -c 'printf %s \"$(cat $F)\" > $T'", 2, 1},
    {"zsh echo >", "zsh -fc 'echo \"$(cat $F)\" > $T'", 1, 1},
    {"zsh echo >>", "zsh -fc 'echo \"$(cat $F)\" >> $T'", 1, 1},
    {"zsh printf >", "zsh -fc 'printf %s \"$(cat $F)\" > $T'", 1, 1},
    {"/bin/echo", "/bin/echo \"$(cat $F)\" > $T", 1, 1},
    {"cat >", "cat $F > $T", 1, 1},
    {"cat >>", "cat $F >> $T", 1, 1},
    {"cp", "cp $F $T", 1, 1},
    {"dd", "dd if=$F of=$T status=none", 1, 1},
    {"dd bs=64k", "dd if=$F of=$T bs=64k status=none", 1, 1},
    {"tee", "tee $T < $F > $S/null", 1, 1},
    {"tee -a", "tee -a $T < $F > $S/null", 1, 1},
    {"sed w", "sed -n \"w $T\" $F", 4, 4},
    {"awk", "awk '{ print > t }' t=$T $F", 2, 2},
    {"sort -o", "sort -o $T $F", 2, 2},
    {"grep >", "grep . $F > $T", 1, 2},
    {"jq >", "jq -R . $F > $T", 1, 2},
    {"python",
     "python3 -c 'import os; f = open(os.environ[\"T\"], \"w\");"
     "f.write(open(os.environ[\"F\"]).read()); f.close()'",
     1, 1},
    {"perl",
     "perl -e 'open F, \">$ENV{T}\" or die; open I, $ENV{F}; print F $_ while <I>;"
     "close F or die'",
     ITS_ERRNO, ITS_ERRNO},
    {"curl -o", "curl -s -o $T file://$F", 23, 23},
    {"rsync --inplace", "rsync --inplace $F $T", 23, 11},
    {"install", "install $F $T", 1, 1},
    {"mv", "cp $F $S/moved && mv $S/moved $T", 1, 1},
};
#define TOOLS (sizeof tools / sizeof tools[0])

static void use_file(const char *name)
{
    char path[MOUNTED_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", guard_folder(fixture.guard), name);
    setenv("F", path, 1);
}

static void check_refused(const struct tool *tool, int status, int error)
{
    int wanted = status == ITS_ERRNO ? error : status;
    const struct command *got = shell(tool->command);
    cr_expect_eq(got->status, wanted, "%s: status %d, not %d: %s", tool->name,
                 got->status, wanted, got->err.data);
}

static void open_small(void)
{
    fixture_open_with("-o message-max=1000,mailbox-max=3");
    WORKS("seq 1000 > $S/large; seq 3 > $S/three; echo oth > $S/other");
}

TestSuite(refusals, .init = open_small, .fini = fixture_close);

Test(refusals, without_such_an_actor_open_fails)
{
    use_file("three");
    setenv("T", mounted_path(&fixture, "actors/nobody/tasks"), 1);
    for (size_t i = 0; i < TOOLS; i++)
        if (strncmp(tools[i].name, "rsync", 5) != 0)
            check_refused(&tools[i], tools[i].at_open, ENOENT);
    /* rsync looks at the folder before it opens the file. */
    FAILS("rsync --inplace $F $T", 3, "No such file");
    FAILS("touch $T", 1, "No such file");
    FAILS("truncate -s 0 $T", 1, "No such file");
    FAILS(": > $T", 1, "No such file");
    FAILS("test -e $A/nobody", 1, "");
}

Test(refusals, a_full_mailbox_is_told_at_open)
{
    make_suspended("full");
    WORKS("seq 3 >> $A/full/tasks");
    use_file("three");
    setenv("T", mounted_path(&fixture, "actors/full/tasks"), 1);
    FAILS("echo 4 > $T", 1, "Disk quota exceeded");
    for (size_t i = 0; i < TOOLS; i++)
        check_refused(&tools[i], tools[i].at_open, EDQUOT);
    cr_expect_eq(mailbox_count("full"), 3);
    WORKS("echo clear >> $A/full/status; echo 4 > $T");
    cr_expect_eq(number_of("full", "pending"), 1);
}

Test(refusals, lines_that_overfill_the_mailbox_are_told_at_write)
{
    make_suspended("filling");
    setenv("T", mounted_path(&fixture, "actors/filling/tasks"), 1);
    WORKS("seq 2 >> $T");
    FAILS("seq 2 >> $T", 1, "Disk quota exceeded");
    cr_expect_eq(mailbox_count("filling"), 2);
    WORKS("echo three >> $T");
    cr_expect_eq(mailbox_count("filling"), 3);
}

/* The tools that append make a message of each line, none of which is too large. */
static bool sends_lines(const struct tool *tool)
{
    return strstr(tool->command, ">>") != NULL ||
           strstr(tool->command, "tee -a") != NULL;
}

Test(refusals, a_message_that_is_too_large_is_told_at_write)
{
    make_suspended("large");
    use_file("large");
    setenv("T", mounted_path(&fixture, "actors/large/tasks"), 1);
    for (size_t i = 0; i < TOOLS; i++)
        if (!sends_lines(&tools[i]))
            check_refused(&tools[i], tools[i].at_write, EFBIG);
    FAILS("cat $F > $T", 1, "File too large");
    FAILS("tr '\\n' ' ' < $F >> $T", 1, "File too large");
    cr_expect_eq(mailbox_count("large"), 0);
    WORKS("head -c 1000 $F > $T");
    cr_expect_eq(mailbox_count("large"), 1);
}

Test(refusals, a_known_key_with_other_bytes_is_told_at_write)
{
    make_suspended("known");
    use_file("three");
    setenv("T", mounted_path(&fixture, "actors/known/tasks@k"), 1);
    WORKS("cp $S/other $T");
    for (size_t i = 0; i < TOOLS; i++)
        check_refused(&tools[i], tools[i].at_write, EEXIST);
    FAILS("cat $F > $T", 1, "File exists");
    cr_expect_eq(mailbox_count("known"), 1);
    GIVES("cat $A/known/tasks@k,part=message", "oth\n");
}

Test(refusals, a_shorter_message_under_a_known_key_is_told_at_close)
{
    make_suspended("shorter");
    WORKS("echo a longer message > $A/shorter/tasks@k");
    FAILS("printf 'a longer' | cat > $A/shorter/tasks@k", 1, "File exists");
    cr_expect_eq(mailbox_count("shorter"), 1);
    /* A shell's own echo cannot tell: the refusal is counted and noted. */
    WORKS("printf 'a longer' > $A/shorter/tasks@k");
    cr_expect(wait_number("shorter", "refused", 2));
    cr_expect_neq(strlen(word_of("shorter", "last-refusal")), 0);
}

Test(refusals, a_handle_that_was_refused_goes_on_refusing)
{
    make_suspended("poisoned");
    BYTES_AUTO(large);
    for (int i = 0; i < 1001; i++)
        bytes_append_text(&large, "x");
    int fd = open(mounted_path(&fixture, "actors/poisoned/tasks"), O_WRONLY | O_APPEND);
    cr_assert_geq(fd, 0);
    cr_expect_eq(write(fd, "good\n", 5), 5);
    cr_expect_eq(write(fd, large.data, large.size), -1);
    cr_expect_eq(errno, EFBIG);
    cr_expect_eq(write(fd, "late\n", 5), -1);
    cr_expect_eq(errno, EFBIG);
    close(fd);
    cr_expect_eq(mailbox_count("poisoned"), 1);
}

Test(refusals, names_that_are_wrong_are_told_at_open)
{
    make_suspended("names");
    FAILS("echo x > $A/names/tasks@a?b", 1, "Invalid argument");
    FAILS("echo x > $A/names/tasks@.mine", 1, "Invalid argument");
    FAILS("echo x > $A/names/tasks@k,colour=red", 1, "Invalid argument");
    FAILS("echo x > $A/names/tasks@k,delay=soon", 1, "Invalid argument");
    FAILS("echo x > $A/names/tasks@k,delay=11000000000s", 1, "Invalid argument");
    FAILS("echo x > $A/names/tasks@$(printf %0201d 1)", 1, "Invalid argument");
    FAILS("echo x > $A/names/tasks@$(printf %0255d 1)", 1, "File name too long");
    cr_expect_eq(mailbox_count("names"), 0);
}

Test(refusals, files_that_are_never_written_cannot_be_opened_for_it)
{
    make_actor("fixed");
    FAILS("echo x > $A/fixed/mailbox", 1, "Permission denied");
    FAILS("echo x >> $A/fixed/log", 1, "Permission denied");
    FAILS("echo x > $A/fixed/result", 1, "Permission denied");
    FAILS("echo x > $M/README", 1, "Permission denied");
    FAILS("echo x > $M/status", 1, "Permission denied");
}
