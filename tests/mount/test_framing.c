/* SPDX-License-Identifier: MIT */
/*
 * Which writes are one message (contract, section 3), shown by the tools people use.
 * Each row is a shell command that writes to $T. It runs twice: on an ordinary file,
 * which gives the bytes, and on the `tasks` of a suspended actor, whose mailbox must
 * then hold those bytes, cut as the row says: all of them in one message, a message a
 * line, or none. Rows whose messages an ordinary file cannot predict name them.
 */
#include "tests/mount/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum cut { WHOLE, LINES, NOTHING };

struct form {
    const char *name;    /* of the actor, too */
    const char *command; /* a shell's text */
    enum cut cut;
    unsigned count;
};

static const struct form redirections[] = {
    {"bash_echo", "echo latte > $T", WHOLE, 1},
    {"bash_echo_n", "echo -n latte > $T", WHOLE, 1},
    {"bash_printf", "printf 'a\\nb\\nc\\n' > $T", WHOLE, 1},
    {"bash_echo_e", "echo -e '{\\n \"a\": 1\\n}' > $T", WHOLE, 1},
    {"bash_variable", "text=$(cat $S/small); echo \"$text\" > $T", WHOLE, 1},
    {"bash_big", "text=$(cat $S/big); echo \"$text\" > $T", WHOLE, 1},
    {"bash_group", "{ printf '{'; cat $S/small; printf '}'; } > $T", WHOLE, 1},
    {"bash_nested", "{ echo a; { cat $S/small; (echo b; seq 3); }; echo c; } > $T",
     WHOLE, 1},
    {"bash_subshell", "( echo a; seq 3; echo b ) > $T", WHOLE, 1},
    {"bash_background", "{ echo a; { seq 3; echo b; } & wait; echo c; } > $T", WHOLE,
     1},
    {"bash_pipe", "seq 3 | while read n; do echo line $n; done > $T", WHOLE, 1},
    {"bash_xargs", "seq 3 | xargs -n1 echo > $T", WHOLE, 1},
    {"bash_exec", "exec 3>$T; echo one >&3; echo two >&3; exec 3>&-", WHOLE, 1},
    {"bash_exec_end", "exec 3>$T; echo one >&3; seq 3 >&3", WHOLE, 1},
    {"bash_exec_rw", "exec 3<>$T; echo one >&3; echo two >&3; exec 3>&-", WHOLE, 1},
    {"bash_here", "cat > $T <<< 'a here-string'", WHOLE, 1},
    {"bash_here_10k", "bash $S/here10k", WHOLE, 1},
    {"bash_here_500k", "bash $S/here500k", WHOLE, 1},
    {"dash_echo", "dash -c 'echo latte > $T'", WHOLE, 1},
    {"dash_printf", "dash -c 'printf \"a\\nb\\nc\\n\" > $T'", WHOLE, 1},
    {"dash_group", "dash -c '{ echo a; seq 3; echo b; } > $T'", WHOLE, 1},
    {"dash_subshell", "dash -c '( echo a; seq 3; echo b ) > $T'", WHOLE, 1},
    {"dash_exec", "dash -c 'exec 3>$T; echo one >&3; seq 3 >&3; exec 3>&-'", WHOLE, 1},
    {"dash_here_10k", "dash $S/here10k", WHOLE, 1},
    {"dash_here_500k", "dash $S/here500k", WHOLE, 1},
    {"zsh_echo", "zsh -fc 'echo latte > $T'", WHOLE, 1},
    {"zsh_print", "zsh -fc 'print -l a b c > $T'", WHOLE, 1},
    {"zsh_printf", "zsh -fc 'printf \"a\\nb\\nc\\n\" > $T'", WHOLE, 1},
    {"zsh_group", "zsh -fc '{ echo a; seq 3; echo b; } > $T'", WHOLE, 1},
    {"zsh_subshell", "zsh -fc '( echo a; seq 3; echo b ) > $T'", WHOLE, 1},
    {"zsh_here_10k", "zsh -f $S/here10k", WHOLE, 1},
    {"zsh_here_500k", "zsh -f $S/here500k", WHOLE, 1},
    {"bash_empty", "> $T", NOTHING, 0},
    {"bash_colon", ": > $T", NOTHING, 0},
    {"bash_empty_append", ": >> $T", NOTHING, 0},
    {"bash_echo_nothing", "echo -n > $T", NOTHING, 0},
    {"dash_colon", "dash -c ': > $T'", NOTHING, 0},
    {"zsh_colon", "zsh -fc ': > $T'", NOTHING, 0},
};

static const struct form appends[] = {
    {"bash_echo", "echo latte >> $T", LINES, 1},
    {"bash_printf", "printf 'a\\nb\\nc\\n' >> $T", LINES, 3},
    {"bash_unfinished", "printf 'a\\nb' >> $T", LINES, 2},
    {"bash_no_newline", "printf abc >> $T", LINES, 1},
    {"bash_pieces", "{ printf ab; printf c; printf 'd\\nef'; } >> $T", LINES, 2},
    {"bash_empty_lines", "printf '\\n\\na\\n\\nb\\n\\n' >> $T", LINES, 2},
    {"bash_only_newline", "echo >> $T", NOTHING, 0},
    {"bash_group", "{ echo a; seq 3; echo b; } >> $T", LINES, 5},
    {"bash_subshell", "( echo a; seq 3; echo b ) >> $T", LINES, 5},
    {"bash_exec", "exec 3>>$T; echo one >&3; echo two >&3; exec 3>&-", LINES, 2},
    {"bash_loop", "for n in 1 2 3; do echo $n >> $T; done", LINES, 3},
    {"bash_xargs", "seq 3 | xargs -n1 echo >> $T", LINES, 3},
    {"bash_here_10k", "sed 's/ > / >> /' $S/here10k | bash", LINES, 200},
    {"dash_echo", "dash -c 'echo latte >> $T'", LINES, 1},
    {"dash_printf", "dash -c 'printf \"a\\nb\\nc\\n\" >> $T'", LINES, 3},
    {"dash_group", "dash -c '{ echo a; seq 3; echo b; } >> $T'", LINES, 5},
    {"zsh_echo", "zsh -fc 'echo latte >> $T'", LINES, 1},
    {"zsh_print", "zsh -fc 'print -l a b c >> $T'", LINES, 3},
    {"zsh_subshell", "zsh -fc '( echo a; seq 3; echo b ) >> $T'", LINES, 5},
    {"cat", "cat $S/middle >> $T", LINES, 900},
    {"seq", "seq 100000 100899 >> $T", LINES, 900},
    {"tee", "tee -a $T < $S/middle > /dev/null", LINES, 900},
    {"awk", "awk '{ print $1 >> t }' t=$T $S/small", LINES, 3},
    {"jq", "jq -c '.[]' $S/list.json >> $T", LINES, 3},
    {"dd", "dd of=$T if=$S/middle bs=100 oflag=append conv=notrunc status=none", LINES,
     900},
    {"python",
     "python3 -c 'import os; f = open(os.environ[\"T\"], \"a\");"
     "[print(n, file=f) for n in range(50)]; f.close()'",
     LINES, 50},
    {"python_unbuffered", "python3 -uc 'print(1); print(2)' >> $T", LINES, 2},
    {"perl", "perl -e 'open F, \">>$ENV{T}\"; print F \"$_\\n\" for 1..50; close F'",
     LINES, 50},
    {"binary", "head -c 4000 $S/random >> $T", LINES, 0},
    {"crlf", "printf 'a\\r\\nb\\r\\n' >> $T", LINES, 2},
};

static const struct form tools[] = {
    {"bin_echo", "/bin/echo latte > $T", WHOLE, 1},
    {"bin_printf", "/usr/bin/printf 'a\\nb\\n' > $T", WHOLE, 1},
    {"cat_small", "cat $S/small > $T", WHOLE, 1},
    {"cat_big", "cat $S/big > $T", WHOLE, 1},
    {"cat_random", "cat $S/random > $T", WHOLE, 1},
    {"cat_nothing", "cat /dev/null > $T", NOTHING, 0},
    {"cp_small", "cp $S/small $T", WHOLE, 1},
    {"cp_big", "cp $S/big $T", WHOLE, 1},
    {"cp_nothing", "cp /dev/null $T", NOTHING, 0},
    {"cp_force", "cp -f $S/small $T", WHOLE, 1},
    {"cp_removing", "cp --remove-destination $S/big $T", WHOLE, 1},
    {"cp_preserving", "cp -p $S/small $T", WHOLE, 1},
    {"mv", "cp $S/big $S/moved && mv $S/moved $T", WHOLE, 1},
    {"install", "install -m 644 $S/small $T", WHOLE, 1},
    {"dd", "dd of=$T if=$S/big status=none", WHOLE, 1},
    {"dd_bytes", "dd of=$T if=$S/small bs=1 status=none", WHOLE, 1},
    {"dd_64k", "dd of=$T if=$S/big bs=64k status=none", WHOLE, 1},
    {"dd_fsync", "dd of=$T if=$S/big bs=64k conv=fsync status=none", WHOLE, 1},
    {"dd_fdatasync", "dd of=$T if=$S/big bs=64k conv=fdatasync status=none", WHOLE, 1},
    {"dd_notrunc", "dd of=$T if=$S/small conv=notrunc status=none", WHOLE, 1},
    {"dd_sync", "dd of=$T if=$S/big bs=64k oflag=sync status=none", WHOLE, 1},
    {"tee_small", "tee $T < $S/small > /dev/null", WHOLE, 1},
    {"tee_big", "tee $T < $S/big > /dev/null", WHOLE, 1},
    {"sed_w", "sed -n \"w $T\" $S/small", WHOLE, 1},
    {"sed_redirect", "sed 's/a/b/' $S/big > $T", WHOLE, 1},
    {"awk", "awk '{ print > t }' t=$T $S/small", WHOLE, 1},
    {"awk_big", "awk '{ print > t }' t=$T $S/big", WHOLE, 1},
    {"sort_o", "sort -o $T $S/big", WHOLE, 1},
    {"sort_redirect", "sort $S/big > $T", WHOLE, 1},
    {"seq", "seq 20000 > $T", WHOLE, 1},
    {"jq", "jq . $S/list.json > $T", WHOLE, 1},
    {"jq_big", "jq . $S/big.json > $T", WHOLE, 1},
    {"grep", "grep . $S/big > $T", WHOLE, 1},
    {"head", "head -c 300000 $S/random > $T", WHOLE, 1},
    {"gzip", "gzip -nc $S/big > $T", WHOLE, 1},
    {"python",
     "python3 -c 'import os; open(os.environ[\"T\"], \"w\").write(\"a\\nb\\n\" * "
     "90000)'",
     WHOLE, 1},
    {"python_json",
     "python3 -c 'import json, os; f = open(os.environ[\"T\"], \"w\");"
     "json.dump(list(range(30000)), f); f.close()'",
     WHOLE, 1},
    {"python_print", "python3 -uc 'print(\"a\"); print(\"b\")' > $T", WHOLE, 1},
    {"python_dup",
     "python3 -c 'import os; f = os.open(os.environ[\"T\"], os.O_WRONLY|os.O_CREAT);"
     "os.write(f, b\"one\\n\"); os.close(os.dup(f)); p = os.fork();"
     "p or os._exit(0); os.waitpid(p, 0); os.write(f, b\"two\\n\"); os.close(f)'",
     WHOLE, 1},
    {"python_redirect",
     "python3 -c 'import os; f = os.open(os.environ[\"T\"], os.O_WRONLY|os.O_CREAT);"
     "os.write(f, b\"one\\n\"); os.dup2(f, 1); os.close(f);"
     "os.write(1, b\"two\\n\"); os.close(1)'",
     WHOLE, 1},
    {"python_thread",
     "python3 -c 'import os, threading\n"
     "f = os.open(os.environ[\"T\"], os.O_WRONLY|os.O_CREAT)\n"
     "for n in range(3):\n"
     "    t = threading.Thread(target=os.write, args=(f, b\"x\\n\"))\n"
     "    t.start(); t.join()\n"
     "os.close(f)'",
     WHOLE, 1},
    {"python_writev",
     "python3 -c 'import os; f = os.open(os.environ[\"T\"], os.O_WRONLY|os.O_CREAT);"
     "os.writev(f, [b\"a\\n\", b\"b\\n\", b\"c\"])'",
     WHOLE, 1},
    {"perl", "perl -e 'open F, \">$ENV{T}\"; print F \"$_\\n\" for 1..20000; close F'",
     WHOLE, 1},
    {"curl", "curl -s -o $T file://$S/big", WHOLE, 1},
    {"curl_small", "curl -s -o $T file://$S/small", WHOLE, 1},
    {"rsync_small", "rsync --inplace $S/small $T", WHOLE, 1},
    {"rsync_big", "rsync --inplace $S/big $T", WHOLE, 1},
    {"truncate", "truncate -s 0 $T", NOTHING, 0},
    {"touch", "touch $T", NOTHING, 0},
    {"killed", "bash -c 'exec 3>$T; echo half >&3; kill -9 $$' 2>/dev/null; true",
     WHOLE, 1},
};

static void make_inputs(void)
{
    WORKS("printf 'alpha\\nbeta\\ngamma\\n' > $S/small");
    WORKS("seq -f 'line %g of the middle file' 900 > $S/middle");
    WORKS("seq -f 'line %g of a big file' 50000 | head -c 500000 > $S/big");
    WORKS("head -c 500000 /dev/urandom > $S/random");
    WORKS("echo '[{\"a\": 1}, {\"b\": [2, 3]}, {\"c\": \"text\"}]' > $S/list.json");
    WORKS("jq -nc '[range(60000)]' > $S/big.json");
    WORKS("(echo \"cat > \\$T <<'END'\"; seq -f 'here: a line, %035g' 200; echo END)"
          " > $S/here10k");
    WORKS("(echo \"cat > \\$T <<'END'\"; seq -f 'here: a line, %035g' 10000; echo END)"
          " > $S/here500k");
}

static void open_with_inputs(void)
{
    fixture_open();
    make_inputs();
}

/* The length of the first message of what a form wrote; 0 at the end. */
static size_t cut_message(struct view text, enum cut cut)
{
    if (cut != LINES || text.size == 0)
        return text.size;
    const char *end = memchr(text.data, '\n', text.size);
    return end != NULL ? (size_t)(end - text.data) + 1 : text.size;
}

static struct view next_message(struct view *rest, enum cut cut)
{
    struct view message;
    do {
        message = view_of(rest->data, cut_message(*rest, cut));
        *rest = view_of(rest->data + message.size, rest->size - message.size);
    } while (cut == LINES && message.size == 1 && message.data[0] == '\n');
    return message;
}

static bool message_is(const char *actor, const char *key, struct view wanted)
{
    BYTES_AUTO(got);
    int error = message_of(actor, key, &got);
    if (error == 0 && view_equal(view_bytes(&got), wanted))
        return true;
    fprintf(stderr, "  %s: message %s: error %d, %zu bytes: %.200s\n", actor, key,
            error, got.size, got.data != NULL ? got.data : "");
    return false;
}

/* Whether the actor's mailbox holds what was written, cut like this, and no more. */
static bool mailbox_holds(const char *actor, struct view written, enum cut cut,
                          unsigned count)
{
    static struct mailbox_row rows[1000];
    size_t found = mailbox_rows(actor, rows, 1000), used = 0;
    bool right = count == 0 || found == count;
    if (cut == NOTHING)
        return found == 0;
    for (struct view rest = written; rest.size > 0 && used < found; used++) {
        struct view message = next_message(&rest, cut);
        if (message.size == 0)
            break;
        right = message_is(actor, rows[used].key, message) && right;
    }
    if (used != found || !right)
        fprintf(stderr, "  %s: %zu messages, not %u\n", actor, found, count);
    return right && used == found;
}

static void check_form(const struct form *form)
{
    char actor[96], plain[MOUNTED_PATH_MAX];
    BYTES_AUTO(written);
    snprintf(actor, sizeof actor, "f_%s", form->name);
    snprintf(plain, sizeof plain, "%s/plain", guard_folder(fixture.guard));

    unlink(plain);
    setenv("T", plain, 1);
    const struct command *done = shell(form->command);
    cr_assert_eq(done->status, 0, "%s on a file: %s", form->name, done->err.data);
    file_read(plain, &written);

    make_suspended(actor);
    setenv("T", mounted_path(&fixture, "actors/%s/tasks", actor), 1);
    cr_expect(shell_gives(form->command, 0, ""), "%s", form->name);
    /* What a killed writer left is sent a moment after it is gone. */
    if (form->count > 0)
        wait_number(actor, "pending", form->count);
    cr_expect(mailbox_holds(actor, view_bytes(&written), form->cut, form->count), "%s",
              form->name);
}

#define CHECK_FORMS(table)                                                             \
    for (size_t row = 0; row < sizeof(table) / sizeof(table)[0]; row++)                \
    check_form(&(table)[row])

TestSuite(framing, .fini = fixture_close);

Test(framing, a_redirection_is_one_message, .init = open_with_inputs)
{
    CHECK_FORMS(redirections);
}

Test(framing, an_appended_line_is_a_message, .init = open_with_inputs)
{
    CHECK_FORMS(appends);
}

Test(framing, what_a_tool_writes_is_one_message, .init = open_with_inputs)
{
    CHECK_FORMS(tools);
}

/* ------------------------------------------------ messages that are named here --- */

struct named_form {
    const char *name, *command;
    const char *messages[4];
};

static const struct named_form named[] = {
    /* A read ends the message that the handle wrote. */
    {"read_ends",
     "exec 3<>$T; echo one >&3; cat <&3; echo two >&3; cat <&3",
     {"one\n", "two\n"}},
    /* So does fsync. */
    {"fsync_ends",
     "python3 -c 'import os; f = os.open(os.environ[\"T\"], os.O_WRONLY);"
     "os.write(f, b\"one\"); os.fsync(f); os.write(f, b\"two\"); os.close(f)'",
     {"one", "two"}},
    /* The first write may have any offset. */
    {"seek",
     "dd of=$T seek=7 bs=1 if=$S/small conv=notrunc status=none",
     {"alpha\nbeta\ngamma\n"}},
    /* With O_APPEND offsets mean nothing. */
    {"append_pwrite",
     "python3 -c 'import os; f = os.open(os.environ[\"T\"], os.O_WRONLY|os.O_APPEND);"
     "os.pwrite(f, b\"one\\n\", 70); os.pwrite(f, b\"two\\n\", 3); os.close(f)'",
     {"one\n", "two\n"}},
    /* Two handles are two messages, whoever closes first. */
    {"two_handles",
     "exec 3>$T 4>$T; echo a >&3; echo b >&4; exec 3>&-; exec 4>&-",
     {"a\n", "b\n"}},
    /* A child that writes is part of it, even when it ends first. */
    {"child",
     "{ seq 2; bash -c 'echo child'; echo end; } > $T",
     {"1\n2\nchild\nend\n"}},
    /* Bytes in the middle are kept: NUL, CR, and a newline that is not the last. */
    {"bytes", "printf 'a\\0b\\r\\nc' > $T", {NULL}},
};

static void check_named(const struct named_form *form)
{
    struct mailbox_row rows[8];
    size_t wanted = 0;
    make_suspended(form->name);
    setenv("T", mounted_path(&fixture, "actors/%s/tasks", form->name), 1);
    cr_expect(shell_gives(form->command, 0, ""), "%s", form->name);
    while (wanted < 4 && form->messages[wanted] != NULL)
        wanted++;
    if (wanted == 0)
        return;
    wait_number(form->name, "pending", (long long)wanted);
    cr_expect_eq(mailbox_rows(form->name, rows, 8), wanted, "%s", form->name);
    for (size_t i = 0; i < wanted; i++)
        cr_expect(message_is(form->name, rows[i].key, view_text(form->messages[i])),
                  "%s", form->name);
}

Test(framing, messages_end_where_the_contract_says, .init = open_with_inputs)
{
    struct mailbox_row row;
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        check_named(&named[i]);
    cr_assert_eq(mailbox_rows("bytes", &row, 1), 1);
    cr_expect(message_is("bytes", row.key, view_of("a\0b\r\nc", 6)));
}

Test(framing, a_write_that_leaves_a_gap_is_invalid, .init = open_with_inputs)
{
    make_suspended("gap");
    FAILS("python3 -c 'import os; f = os.open(os.environ[\"A\"] + \"/gap/tasks\", 1);"
          "os.pwrite(f, b\"one\", 0); os.pwrite(f, b\"two\", 7)'",
          1, "Invalid argument");
    cr_expect_eq(mailbox_count("gap"), 0);
}

static void open_with_small_messages(void)
{
    fixture_open_with("-o message-max=1000");
}

Test(framing, lines_of_one_write_are_kept_together, .init = open_with_small_messages)
{
    make_suspended("bulk");
    setenv("T", mounted_path(&fixture, "actors/bulk/tasks@load"), 1);
    /* The last line is too large: the write that holds it keeps nothing, and its handle
       refuses what follows. */
    WORKS("python3 -c 'import os; f = os.open(os.environ[\"T\"], "
          "os.O_WRONLY|os.O_APPEND|os.O_CREAT)\n"
          "os.write(f, b\"a\\nb\\n\")\n"
          "for text in b\"c\\n\" + b\"d\" * 1001 + b\"\\n\", b\"e\\n\":\n"
          "    try: os.write(f, text)\n"
          "    except OSError as e: assert e.errno == 27, e\n"
          "    else: assert False\n'");
    cr_expect_eq(mailbox_count("bulk"), 2);
}
