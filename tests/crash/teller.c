/* SPDX-License-Identifier: MIT */
/*
 * Messages are appended under the token as their key, so that one whose answer was lost
 * can be sent again.
 */
#include "tests/crash/teller.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/crash/load.h"
#include "tests/support/mounted.h"

int tale_send(const char *actors_path, const struct token *token)
{
    char name[32], path[512];
    BYTES_AUTO(message);
    size_t padding = tale_padding(token);
    tale_actor_name(tale_actor(token), name, sizeof name);
    snprintf(path, sizeof path, "%s/%s/tasks@%s", actors_path, name, token->text);
    bytes_format(&message, "%s 0 0 ", token->text);
    memset(bytes_reserve(&message, padding), '-', padding);
    message.size += padding;
    bytes_append_text(&message, "\n");
    return file_write(path, O_WRONLY | O_CREAT | O_APPEND, view_bytes(&message));
}

static void tell(struct telling *telling, int teller, int number,
                 const char *actors_path)
{
    struct token token;
    tale_root(telling->round, teller, number, &token);
    telling->count[teller]++;
    int error = tale_send(actors_path, &token);
    if (error == ENOTCONN || error == ECONNABORTED || (error != 0 && telling->ending))
        _exit(0);
    if (error != 0) {
        fprintf(stderr, "FAULT %s: %s\n", token.text, strerror(error));
        _exit(1);
    }
    telling->is_acked[teller][number] = telling->is_certain[teller][number] = true;
}

_Noreturn void teller_run(struct telling *telling, int teller, const char *actors_path,
                          uint64_t random)
{
    int tales = 1 + (int)random_below(&random, TALES_MAX);
    for (int number = 0; number < tales && !telling->ending; number++) {
        tell(telling, teller, number, actors_path);
        if (random_below(&random, 2) == 0)
            nanosleep(&(struct timespec){.tv_nsec = random_below(&random, 20000000)},
                      NULL);
    }
    _exit(0);
}
