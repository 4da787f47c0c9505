/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/listen.h"

Test(listen, a_unix_socket_is_its_owners_alone)
{
    char folder[] = "/tmp/actorfs-test-listen-XXXXXX", word[64];
    unsigned port = 0;
    int socket;
    struct stat found;
    BYTES_AUTO(message);
    cr_assert(mkdtemp(folder));
    snprintf(word, sizeof word, "unix:%s/socket", folder);
    umask(0);
    cr_assert_eq(listen_open(word, &port, &socket, &message), STATUS_OK);
    cr_expect_eq(stat(word + strlen("unix:"), &found), 0);
    cr_expect_eq(found.st_mode, S_IFSOCK | 0700, "%o", found.st_mode);
    close(socket);
    listen_remove(word);
    cr_expect_eq(rmdir(folder), 0);
}
