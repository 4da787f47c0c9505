/* SPDX-License-Identifier: MIT */
#include "server/options.h"

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/limits.h"

const char options_help[] =
    "actorfs mount STORE MOUNTPOINT [options]   mount the store\n"
    "actorfs STORE MOUNTPOINT [-o options]      the same, for mount(8) and fstab\n"
    "actorfs serve STORE --listen ADDR:PORT     HTTP and WebDAV only: needs no FUSE\n"
    "actorfs check STORE                        verify the store\n"
    "actorfs stat STORE                         show the daemon's status\n"
    "actorfs unlock STORE [TOKEN|PATH]          show WebDAV's locks, or break some\n"
    "actorfs send PATH                          within a turn: send standard input\n"
    "actorfs --help | --version\n"
    "\n"
    "check and stat also work beside a running daemon. Options, each also as\n"
    "-o name=value:\n"
    "  -f                       stay in the foreground, log to standard error\n"
    "  --behaviors DIR          what is installed; see the README (built-in ones "
    "only)\n"
    "  --listen ADDR:PORT       serve HTTP and WebDAV there, too; or unix:PATH; may "
    "be\n"
    "                           given several times\n"
    "  --key-header NAME        a request header that holds the idempotency key, "
    "where\n"
    "                           senders cannot set Idempotency-Key; several times\n"
    "                           (Webhook-Id)\n"
    "  --keep-header NAME       a request header to keep with a message; several "
    "times\n"
    "  --users FILE             who gets in: NAME:PASSWORD[:UNIX USER[:RULES]], see "
    "the\n"
    "                           README\n"
    "  --tls-cert FILE, --tls-key FILE\n"
    "                           serve HTTPS on the addresses of --listen\n"
    "  --insecure               listen where anybody could connect, all the same\n"
    "  --public-url URL         how clients call the server behind a proxy\n"
    "  --trusted-proxy ADDR     whose X-Forwarded-For is believed; ADDR/BITS, unix; "
    "several\n"
    "                           times\n"
    "  --durability commit|os   acknowledged means on disk (default), or written: it\n"
    "                           survives the daemon's death, not the machine's\n"
    "  --message-max SIZE       of a message, up to 64M (1M)\n"
    "  --result-max SIZE        of a result (1M)\n"
    "  --state-max SIZE         of a state (1M)\n"
    "  --mailbox-max COUNT      unfinished tasks of an actor (100000)\n"
    "  --log-max SIZE           of an actor's log (1M)\n"
    "  --retention TIME         how long the key and result of a done task are kept "
    "(7d)\n"
    "  --retention-failed TIME  of a failed one (30d)\n"
    "  --allow-other            let other users in, as far as modes allow\n"
    "  --nonempty               mount over a folder that is not empty\n"
    "\n"
    "Exit status: 0 success; 1 failure, or a store with faults; 2 a wrong command "
    "line.\n";

enum kind {
    KIND_SIZE,
    KIND_COUNT,
    KIND_TIME,
    KIND_DURABILITY,
    KIND_FOLDER,
    KIND_FILE,
    KIND_URL,
    KIND_WORDS,
    KIND_FLAG
};

struct option {
    const char *name;
    enum kind kind;
    size_t offset; /* in struct options */
    uint64_t max;  /* of sizes and counts */
};

#define ENGINE(field) offsetof(struct options, engine.field)

static const struct option option_table[] = {
    {"behaviors", KIND_FOLDER, offsetof(struct options, behaviors), 0},
    {"listen", KIND_WORDS, offsetof(struct options, listen), 0},
    {"key-header", KIND_WORDS, offsetof(struct options, key_headers), 0},
    {"keep-header", KIND_WORDS, offsetof(struct options, keep_headers), 0},
    {"users", KIND_FILE, offsetof(struct options, users), 0},
    {"tls-cert", KIND_FILE, offsetof(struct options, tls_cert), 0},
    {"tls-key", KIND_FILE, offsetof(struct options, tls_key), 0},
    {"public-url", KIND_URL, offsetof(struct options, public_url), 0},
    {"trusted-proxy", KIND_WORDS, offsetof(struct options, trusted_proxies), 0},
    {"insecure", KIND_FLAG, offsetof(struct options, insecure), 0},
    {"durability", KIND_DURABILITY, ENGINE(durability), 0},
    {"message-max", KIND_SIZE, ENGINE(message_bytes_max), MESSAGE_BYTES_CEILING},
    {"result-max", KIND_SIZE, ENGINE(result_bytes_max), MESSAGE_BYTES_CEILING},
    {"state-max", KIND_SIZE, ENGINE(state_bytes_max), MESSAGE_BYTES_CEILING},
    {"mailbox-max", KIND_COUNT, ENGINE(mailbox_tasks_max), UINT32_MAX},
    {"log-max", KIND_SIZE, ENGINE(log_bytes_max), MESSAGE_BYTES_CEILING},
    {"retention", KIND_TIME, ENGINE(retention_done_ms), 0},
    {"retention-failed", KIND_TIME, ENGINE(retention_failed_ms), 0},
    {"foreground", KIND_FLAG, offsetof(struct options, foreground), 0},
    {"allow-other", KIND_FLAG, offsetof(struct options, allow_other), 0},
    {"nonempty", KIND_FLAG, offsetof(struct options, nonempty), 0},
};

/* mount(8)'s words that are for itself, or say what is so anyway. */
static const char *const ignored_words[] = {
    "rw",       "defaults",  "auto",     "noauto",     "nofail",      "_netdev",
    "user",     "nouser",    "users",    "group",      "owner",       "dev",
    "nodev",    "suid",      "nosuid",   "exec",       "async",       "atime",
    "noatime",  "diratime",  "relatime", "norelatime", "strictatime", "nostrictatime",
    "lazytime", "nolazytime"};
/* Words that the kernel is told. */
static const char *const kernel_words[] = {"ro", "noexec", "sync", "dirsync",
                                           "nodiratime"};

static bool is_listed(struct view word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (view_equal(word, view_text(list[i])))
            return true;
    return false;
}
#define IS_LISTED(word, list) is_listed(word, list, sizeof(list) / sizeof *(list))

static bool is_same_name(struct view typed, const char *name)
{
    if (typed.size != strlen(name))
        return false;
    for (size_t i = 0; i < typed.size; i++)
        if (typed.data[i] != name[i] && !(typed.data[i] == '_' && name[i] == '-'))
            return false;
    return true;
}

static const struct option *find_option(struct view name)
{
    for (size_t i = 0; i < sizeof option_table / sizeof *option_table; i++)
        if (is_same_name(name, option_table[i].name))
            return &option_table[i];
    return NULL;
}

/* Digits, and for sizes one of K M G. At least 1. */
static bool parse_number(struct view text, bool is_size, uint64_t max, uint32_t *out)
{
    static const char units[] = "KMG";
    uint64_t number = 0;
    size_t at = 0;
    for (; at < text.size && isdigit((unsigned char)text.data[at]); at++) {
        number = number * 10 + (uint64_t)(text.data[at] - '0');
        if (number > max)
            return false;
    }
    if (is_size && at > 0 && at + 1 == text.size) {
        const char *unit = memchr(units, toupper((unsigned char)text.data[at]), 3);
        if (!unit)
            return false;
        number <<= 10 * (unit - units + 1);
        at++;
    }
    if (at != text.size || number == 0 || number > max)
        return false;
    *out = (uint32_t)number;
    return true;
}

static bool parse_durability(struct view text, enum durability *out)
{
    if (!view_equal(text, view_text("commit")) && !view_equal(text, view_text("os")))
        return false;
    *out = text.size == 2 ? DURABILITY_OS : DURABILITY_COMMIT;
    return true;
}

/* Given again it is one more. */
static bool take_one_more(struct view text, struct option_words *words)
{
    if (text.size == 0)
        return false;
    words->list = memory_resize(words->list, (words->count + 1) * sizeof *words->list);
    words->list[words->count++] = memory_text(text);
    return true;
}

/* Given again it replaces the one before, as other options do. */
static bool take_text(struct view text, char **out)
{
    if (text.size == 0)
        return false;
    free(*out);
    *out = memory_text(text);
    return true;
}

/* `value` without data: there was none. */
static bool set_option(const struct option *option, struct view value,
                       struct options *options)
{
    void *field = (char *)options + option->offset;
    if ((value.data == NULL) != (option->kind == KIND_FLAG))
        return false;
    switch (option->kind) {
    case KIND_SIZE:
        return parse_number(value, true, option->max, field);
    case KIND_COUNT:
        return parse_number(value, false, option->max, field);
    case KIND_TIME:
        return clock_parse_duration(value, field);
    case KIND_DURABILITY:
        return parse_durability(value, field);
    case KIND_FOLDER:
    case KIND_FILE:
    case KIND_URL:
        return take_text(value, field);
    case KIND_WORDS:
        return take_one_more(value, field);
    case KIND_FLAG:
        *(bool *)field = true;
        return true;
    }
    return false;
}

static enum status refuse(struct bytes *message, const char *what, struct view word)
{
    bytes_clear(message);
    bytes_format(message, "%s: %.*s", what, (int)word.size, word.data);
    return STATUS_INVALID;
}

static enum status refuse_value(struct bytes *message, const struct option *option,
                                struct view value)
{
    static const char *const expected[] = {
        [KIND_SIZE] = "a size such as 512K or 4M, 64M at most",
        [KIND_COUNT] = "a number above 0",
        [KIND_TIME] = "a time such as 30s, 2h or 7d",
        [KIND_DURABILITY] = "commit or os",
        [KIND_FOLDER] = "a folder",
        [KIND_FILE] = "a file",
        [KIND_URL] = "an URL",
        [KIND_WORDS] = "a word",
        [KIND_FLAG] = "no value",
    };
    bytes_clear(message);
    bytes_format(message, "%s takes %s", option->name, expected[option->kind]);
    if (value.data)
        bytes_format(message, ", not %.*s", (int)value.size, value.data);
    return STATUS_INVALID;
}

/* The part before `=` and, if there is one, the part after it. */
static void split_value(struct view word, struct view *name, struct view *value)
{
    const char *equals = memchr(word.data, '=', word.size);
    *name = word;
    *value = view_of(NULL, 0);
    if (equals) {
        name->size = (size_t)(equals - word.data);
        *value = view_of(equals + 1, word.size - name->size - 1);
    }
}

static enum status take_word(struct view word, struct options *options,
                             struct bytes *message)
{
    struct view name, value;
    split_value(word, &name, &value);
    const struct option *option = find_option(name);
    if (option && !IS_LISTED(word, ignored_words)) /* `users` without a value */
        return set_option(option, value, options)
                   ? STATUS_OK
                   : refuse_value(message, option, value);
    if (IS_LISTED(word, kernel_words)) {
        bytes_append_text(&options->mount_words, options->mount_words.size ? "," : "");
        bytes_append(&options->mount_words, word);
        return STATUS_OK;
    }
    bool ignored = word.size == 0 || IS_LISTED(word, ignored_words) ||
                   view_starts_with(word, "x-") || view_starts_with(word, "X-") ||
                   view_equal(name, view_text("comment"));
    return ignored ? STATUS_OK : refuse(message, "unknown option", word);
}

static enum status take_list(const char *list, struct options *options,
                             struct bytes *message)
{
    for (;;) {
        size_t size = strcspn(list, ",");
        enum status status = take_word(view_of(list, size), options, message);
        if (status || list[size] == '\0')
            return status;
        list += size + 1;
    }
}

/* One argument that begins with `-`; some take the next as well. */
static enum status take_dashed(char *const **next, struct options *options,
                               struct bytes *message)
{
    const char *argument = *(*next)++;
    struct view name, value;
    if (strcmp(argument, "-f") == 0) {
        options->foreground = true;
        return STATUS_OK;
    }
    if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
        options->command = COMMAND_HELP;
        return STATUS_OK;
    }
    if (strncmp(argument, "-o", 2) == 0) {
        const char *list = argument[2] ? argument + 2 : **next;
        if (!list)
            return refuse(message, "the option needs a value", view_text(argument));
        *next += argument[2] ? 0 : 1;
        return take_list(list, options, message);
    }
    split_value(view_text(argument), &name, &value);
    const struct option *option = NULL;
    if (view_starts_with(name, "--"))
        option = find_option(view_of(name.data + 2, name.size - 2));
    if (!option)
        return refuse(message, "unknown option", name);
    if (!value.data && option->kind != KIND_FLAG && **next)
        value = view_text(*(*next)++);
    return set_option(option, value, options) ? STATUS_OK
                                              : refuse_value(message, option, value);
}

static enum status take_positional(const char *argument, struct options *options,
                                   struct bytes *message)
{
    if (options->command == COMMAND_SEND && !options->path)
        options->path = argument;
    else if (options->command != COMMAND_SEND && !options->store)
        options->store = argument;
    else if (!options->mountpoint && options->command == COMMAND_MOUNT)
        options->mountpoint = argument;
    else if (!options->path && options->command == COMMAND_UNLOCK)
        options->path = argument;
    else
        return refuse(message, "one argument too many", view_text(argument));
    return STATUS_OK;
}

/* The command that the first argument names. It is skipped, unless it is the store of
   mount(8)'s spelling. */
static enum status take_command(char *const **next, struct options *options,
                                struct bytes *message)
{
    static const struct {
        const char *word;
        enum command command;
    } commands[] = {{"mount", COMMAND_MOUNT},      {"serve", COMMAND_SERVE},
                    {"check", COMMAND_CHECK},      {"stat", COMMAND_STAT},
                    {"send", COMMAND_SEND},        {"unlock", COMMAND_UNLOCK},
                    {"--help", COMMAND_HELP},      {"-h", COMMAND_HELP},
                    {"--version", COMMAND_VERSION}};
    static const char *const later[] = {"export", "backup", "restore", "import",
                                        "resume"};
    const char *word = **next;
    if (!word)
        return refuse(message, "what is to be done? See", view_text("actorfs --help"));
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(word, commands[i].word) == 0) {
            options->command = commands[i].command;
            (*next)++;
            return STATUS_OK;
        }
    }
    if (IS_LISTED(view_text(word), later))
        return refuse(message, "not available in this version", view_text(word));
    options->command = COMMAND_MOUNT;
    return STATUS_OK;
}

/* A lone word that is no command was meant as one more often than as a store. */
static enum status check_complete(const struct options *options, bool is_command_named,
                                  struct bytes *message)
{
    if (options->command == COMMAND_HELP || options->command == COMMAND_VERSION)
        return STATUS_OK;
    if (options->command == COMMAND_SEND)
        return options->path
                   ? STATUS_OK
                   : refuse(message, "an argument is missing", view_text("PATH"));
    if (!options->store)
        return refuse(message, "an argument is missing", view_text("STORE"));
    if (!is_command_named && !options->mountpoint)
        return refuse(message, "unknown command, see actorfs --help",
                      view_text(options->store));
    if (options->command == COMMAND_MOUNT && !options->mountpoint)
        return refuse(message, "an argument is missing", view_text("MOUNTPOINT"));
    if (options->command == COMMAND_SERVE && !options->listen.count)
        return refuse(message, "an option is missing", view_text("--listen ADDR:PORT"));
    return STATUS_OK;
}

enum status options_parse(int argc, char *const *argv, struct options *options_out,
                          struct bytes *message)
{
    *options_out = (struct options){0};
    engine_options_init(&options_out->engine);
    char *const *next = argv + (argc > 0 ? 1 : 0);
    char *const *first = next;
    enum status status = take_command(&next, options_out, message);
    bool is_command_named = next != first;
    bool words_mean_options = true;
    while (!status && *next) {
        if (words_mean_options && strcmp(*next, "--") == 0) {
            words_mean_options = false;
            next++;
        } else if (words_mean_options && (*next)[0] == '-' && (*next)[1]) {
            status = take_dashed(&next, options_out, message);
        } else {
            status = take_positional(*next++, options_out, message);
        }
    }
    return status ? status : check_complete(options_out, is_command_named, message);
}

static void free_words(struct option_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->list[i]);
    free(words->list);
    *words = (struct option_words){0};
}

void options_free(struct options *options)
{
    free_words(&options->listen);
    free_words(&options->key_headers);
    free_words(&options->keep_headers);
    free_words(&options->trusted_proxies);
    bytes_free(&options->mount_words);
    char **texts[] = {&options->behaviors, &options->users, &options->tls_cert,
                      &options->tls_key, &options->public_url};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        free(*texts[i]);
        *texts[i] = NULL;
    }
}
