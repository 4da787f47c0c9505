/* SPDX-License-Identifier: MIT */
/* The program: reads its command line and does what it says. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/commands.h"
#include "server/daemon.h"
#include "server/options.h"
#include "server/send.h"

#define EXIT_USAGE 2

static int run(const struct options *options)
{
    switch (options->command) {
    case COMMAND_HELP:
        return fputs(options_help, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    case COMMAND_VERSION:
        return puts("actorfs " ACTORFS_VERSION) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    case COMMAND_CHECK:
    case COMMAND_STAT:
    case COMMAND_UNLOCK:
        return command_run(options);
    case COMMAND_SEND:
        return send_run(options->path);
    case COMMAND_MOUNT:
    case COMMAND_SERVE:
        return daemon_run(options);
    }
    return EXIT_USAGE;
}

/* What is opened takes the lowest number that is free: a file of the store must not
   become standard error, which the log is written to. Opened the wrong way round, they
   go on failing as closed ones do. */
static bool fill_standard_descriptors(void)
{
    static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};
    for (int standard = 0; standard <= STDERR_FILENO; standard++)
        if (fcntl(standard, F_GETFD) < 0 &&
            open("/dev/null", modes[standard]) != standard)
            return false;
    return true;
}

int main(int argc, char **argv)
{
    struct options options;
    BYTES_AUTO(message);
    int result = EXIT_USAGE;
    if (!fill_standard_descriptors())
        return EXIT_FAILURE;
    if (options_parse(argc, argv, &options, &message)) {
        bytes_append(&message, view_of("", 1));
        fprintf(stderr, "actorfs: %s\n", message.data);
    } else {
        result = run(&options);
    }
    options_free(&options);
    return result;
}
