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

Test(listen, a_word_that_is_refused_is_told_what_would_be_right)
{
    char path[256];
    memset(path, 'x', sizeof path - 1);
    memcpy(path, "unix:", 5);
    path[sizeof path - 1] = '\0';
    const struct {
        const char *word, *told;
    } refused[] = {{"shop.example:80", "in numbers or localhost"},
                   {"127.0.0.1:99999", "a port up to 65535"},
                   {path, "a path of up to 107 bytes"}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        BYTES_AUTO(message);
        cr_expect_eq(listen_check(refused[i].word, &message), STATUS_INVALID);
        bytes_append(&message, view_of("", 1));
        cr_expect(strstr(message.data, refused[i].told), "%s", message.data);
    }
}
