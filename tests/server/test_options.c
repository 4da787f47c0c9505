/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/base/limits.h"
#include "server/options.h"

#define WORDS_MAX 32

/* A command line, parsed; its words are kept for as long as the options. */
struct parsed {
    enum status status;
    struct options options;
    struct bytes message;
    char *line;
};

static struct parsed parse(const char *line)
{
    struct parsed parsed = {.line = memory_text(view_text(line))};
    char *words[WORDS_MAX + 1], *rest = parsed.line;
    int count = 0;
    for (char *word; (word = strsep(&rest, " "));)
        words[count++] = word;
    words[count] = NULL;
    parsed.status = options_parse(count, words, &parsed.options, &parsed.message);
    return parsed;
}

static void forget(struct parsed *parsed)
{
    options_free(&parsed->options);
    bytes_free(&parsed->message);
    free(parsed->line);
}

Test(options, without_options_the_defaults_of_the_contract_hold)
{
    struct parsed parsed = parse("actorfs mount store mnt");
    const struct options *options = &parsed.options;
    cr_assert_eq(parsed.status, STATUS_OK);
    cr_expect_eq(options->command, COMMAND_MOUNT);
    cr_expect_str_eq(options->store, "store");
    cr_expect_str_eq(options->mountpoint, "mnt");
    cr_expect_null(options->behaviors);
    cr_expect_not(options->foreground || options->allow_other || options->nonempty);
    cr_expect_eq(options->engine.durability, DURABILITY_COMMIT);
    cr_expect_eq(options->engine.message_bytes_max, MESSAGE_BYTES_DEFAULT);
    cr_expect_eq(options->engine.retention_done_ms, RETENTION_DONE_MS_DEFAULT);
    forget(&parsed);
}

Test(options, commands_are_told_by_their_first_word)
{
    static const struct {
        const char *line;
        enum command command;
    } rows[] = {
        {"actorfs check s", COMMAND_CHECK},     {"actorfs stat s", COMMAND_STAT},
        {"actorfs unlock s", COMMAND_UNLOCK},   {"actorfs unlock s t", COMMAND_UNLOCK},
        {"actorfs --help", COMMAND_HELP},       {"actorfs -h", COMMAND_HELP},
        {"actorfs mount --help", COMMAND_HELP}, {"actorfs send -h", COMMAND_HELP},
        {"actorfs --version", COMMAND_VERSION}, {"actorfs s m", COMMAND_MOUNT},
        {"actorfs send a/tasks", COMMAND_SEND}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parsed parsed = parse(rows[i].line);
        cr_expect_eq(parsed.status, STATUS_OK, "%s", rows[i].line);
        cr_expect_eq(parsed.options.command, rows[i].command, "%s", rows[i].line);
        forget(&parsed);
    }
}

Test(options, every_option_is_understood_in_each_spelling)
{
    static const char *const lines[] = {
        "actorfs mount s m -f --allow-other --nonempty --behaviors x --behaviors bar/b "
        "--durability os --message-max "
        "2M "
        "--result-max=3k --state-max 4096 --mailbox-max=7 --log-max=64K --retention=2h "
        "--retention-failed 3d",
        "actorfs s m -o foreground,allow_other,nonempty,durability=os,message_max=2M "
        "-obehaviors=bar/b,result-max=3k,state-max=4096,mailbox-max=7 -o "
        "log-max=64K,retention=2h,retention_failed=3d"};
    for (size_t i = 0; i < 2; i++) {
        struct parsed parsed = parse(lines[i]);
        const struct options *options = &parsed.options;
        cr_assert_eq(parsed.status, STATUS_OK, "%.*s", (int)parsed.message.size,
                     parsed.message.data);
        cr_expect(options->foreground && options->allow_other && options->nonempty);
        cr_expect_str_eq(options->behaviors, "bar/b");
        cr_expect_eq(options->engine.durability, DURABILITY_OS);
        cr_expect_eq(options->engine.message_bytes_max, 2u << 20);
        cr_expect_eq(options->engine.result_bytes_max, 3072);
        cr_expect_eq(options->engine.state_bytes_max, 4096);
        cr_expect_eq(options->engine.mailbox_tasks_max, 7);
        cr_expect_eq(options->engine.log_bytes_max, 64u << 10);
        cr_expect_eq(options->engine.retention_done_ms, 2 * 3600 * 1000);
        cr_expect_eq(options->engine.retention_failed_ms, 3 * 24 * 3600 * 1000);
        forget(&parsed);
    }
}

Test(options, the_words_of_mount_and_fstab_are_accepted)
{
    struct parsed parsed =
        parse("actorfs s m -o rw,noauto,nofail,_netdev,user,users,nosuid,nodev,noatime,"
              "defaults,dev,suid,x-systemd.automount,comment=x -o ro,noexec");
    cr_assert_eq(parsed.status, STATUS_OK, "%.*s", (int)parsed.message.size,
                 parsed.message.data);
    cr_expect(
        view_equal(view_bytes(&parsed.options.mount_words), view_text("ro,noexec")));
    forget(&parsed);
}

Test(options, a_wrong_command_line_is_refused_with_the_word_that_is_wrong)
{
    static const struct {
        const char *line, *message;
    } rows[] = {
        {"actorfs", "what is to be done? See: actorfs --help"},
        {"actorfs check", "an argument is missing: STORE"},
        {"actorfs mount s", "an argument is missing: MOUNTPOINT"},
        {"actorfs stat s x", "one argument too many: x"},
        {"actorfs mount s m --speed=9", "unknown option: --speed"},
        {"actorfs mount s m -x", "unknown option: -x"},
        {"actorfs s m -o rw,turbo=1", "unknown option: turbo=1"},
        {"actorfs s m -o", "the option needs a value: -o"},
        {"actorfs brew", "unknown command, see actorfs --help: brew"},
        {"actorfs mount s m --message-max 65M",
         "message-max takes a size such as 512K or 4M, 64M at most, not 65M"},
        {"actorfs s m -o retention", "retention takes a time such as 30s, 2h or 7d"},
        {"actorfs mount s m --mailbox-max=0",
         "mailbox-max takes a number above 0, not 0"},
        {"actorfs mount s m --durability disk",
         "durability takes commit or os, not disk"},
        {"actorfs s m -o allow_other=yes", "allow-other takes no value, not yes"},
        {"actorfs s m -o behaviors=", "behaviors takes a folder, not "},
        {"actorfs mount s m --behaviors", "behaviors takes a folder"},
        {"actorfs send", "an argument is missing: PATH"},
        {"actorfs send a/tasks x", "one argument too many: x"},
        {"actorfs serve s", "an option is missing: --listen ADDR:PORT"},
        {"actorfs backup s f", "not available in this version: backup"},
        {"actorfs serve s --listen=", "listen takes a word, not "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parsed parsed = parse(rows[i].line);
        cr_expect_eq(parsed.status, STATUS_INVALID, "%s", rows[i].line);
        cr_expect(view_equal(view_bytes(&parsed.message), view_text(rows[i].message)),
                  "%s: %.*s", rows[i].line, (int)parsed.message.size,
                  parsed.message.data);
        forget(&parsed);
    }
}

Test(options, wrong_values_are_refused)
{
    static const char *const words[] = {"message-max=65M",
                                        "message-max=0",
                                        "message-max=x",
                                        "message-max=1T",
                                        "message-max=1KK",
                                        "message-max=",
                                        "message-max",
                                        "mailbox-max=1K",
                                        "mailbox-max=-1",
                                        "retention=soon",
                                        "durability=disk",
                                        "allow_other=yes",
                                        "message-max=99999999999999999999999999999999"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        BYTES_AUTO(line);
        bytes_format(&line, "actorfs s m -o %s", words[i]);
        bytes_append(&line, view_of("", 1));
        struct parsed parsed = parse(line.data);
        cr_expect_eq(parsed.status, STATUS_INVALID, "%s", words[i]);
        forget(&parsed);
    }
}

Test(options, what_is_sent_goes_to_a_path)
{
    struct parsed parsed = parse("actorfs send user_456/tasks@k,delay=30s");
    cr_assert_eq(parsed.status, STATUS_OK);
    cr_expect_str_eq(parsed.options.path, "user_456/tasks@k,delay=30s");
    forget(&parsed);
}

Test(options, after_two_dashes_nothing_is_an_option)
{
    struct parsed parsed = parse("actorfs mount -- -s -m");
    cr_assert_eq(parsed.status, STATUS_OK);
    cr_expect_str_eq(parsed.options.store, "-s");
    forget(&parsed);
}

Test(options, who_gets_in_is_said_in_files_and_words)
{
    struct parsed parsed =
        parse("actorfs serve s --listen 0.0.0.0:80 --users u --tls-cert c --tls-key=k "
              "--public-url https://shop.example --trusted-proxy 10.0.0.0/8 "
              "--trusted-proxy unix --insecure");
    const struct options *options = &parsed.options;
    cr_assert_eq(parsed.status, STATUS_OK);
    cr_expect_str_eq(options->users, "u");
    cr_expect_str_eq(options->tls_cert, "c");
    cr_expect_str_eq(options->tls_key, "k");
    cr_expect_str_eq(options->public_url, "https://shop.example");
    cr_expect_eq(options->trusted_proxies.count, 2);
    cr_expect_str_eq(options->trusted_proxies.list[1], "unix");
    cr_expect(options->insecure);
    forget(&parsed);
}

Test(options, the_word_users_of_fstab_is_not_the_file)
{
    struct parsed parsed = parse("actorfs s m -o rw,users");
    cr_expect_eq(parsed.status, STATUS_OK);
    cr_expect_null(parsed.options.users);
    forget(&parsed);
    parsed = parse("actorfs s m -o users=/etc/users");
    cr_expect_eq(parsed.status, STATUS_OK);
    cr_expect_str_eq(parsed.options.users, "/etc/users");
    forget(&parsed);
    parsed = parse("actorfs s m --users");
    cr_expect_eq(parsed.status, STATUS_INVALID);
    forget(&parsed);
}
