/* SPDX-License-Identifier: MIT */
#include "server/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4096

union address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    struct sockaddr_un local;
};

bool listen_is_unix(const char *word)
{
    return strncmp(word, "unix:", 5) == 0;
}

/* Its size; 0 when the word is malformed. */
static socklen_t parse_tcp(const char *word, union address *address)
{
    char host[64], *end;
    const char *colon = strrchr(word, ':');
    size_t size = colon ? (size_t)(colon - word) : 0;
    if (size == 0 || size >= sizeof host || !colon[1])
        return 0;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (*end || port > 65535 || colon[1] == '-' || colon[1] == '+')
        return 0;
    bool six = word[0] == '[' && word[size - 1] == ']';
    memcpy(host, word + six, size - 2 * six);
    host[size - 2 * six] = '\0';
    if (six) {
        address->six = (struct sockaddr_in6){.sin6_family = AF_INET6,
                                             .sin6_port = htons((uint16_t)port)};
        return inet_pton(AF_INET6, host, &address->six.sin6_addr) == 1
                   ? sizeof address->six
                   : 0;
    }
    address->four =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const char *name = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    return inet_pton(AF_INET, name, &address->four.sin_addr) == 1 ? sizeof address->four
                                                                  : 0;
}

static socklen_t parse(const char *word, union address *address)
{
    memset(address, 0, sizeof *address);
    if (!listen_is_unix(word))
        return parse_tcp(word, address);
    const char *path = word + 5;
    if (!*path || strlen(path) >= sizeof address->local.sun_path)
        return 0;
    address->local.sun_family = AF_UNIX;
    strcpy(address->local.sun_path, path);
    return sizeof address->local;
}

enum status listen_check(const char *word, struct bytes *message)
{
    union address address;
    if (parse(word, &address))
        return STATUS_OK;
    bytes_format(message,
                 "%s: listen takes ADDR:PORT, [ADDR6]:PORT or unix:PATH, with an "
                 "address in numbers or localhost, a port up to 65535, a path of up to "
                 "%zu bytes",
                 word, sizeof address.local.sun_path - 1);
    return STATUS_INVALID;
}

bool listen_is_local(const char *word)
{
    union address address;
    if (!parse(word, &address))
        return false;
    if (address.any.sa_family == AF_INET)
        return ntohl(address.four.sin_addr.s_addr) >> 24 == 127;
    return address.any.sa_family == AF_UNIX ||
           IN6_IS_ADDR_LOOPBACK(&address.six.sin6_addr);
}

/* A socket that a daemon left which was killed; one that is served stays. */
static void remove_stale(const union address *address)
{
    struct stat found;
    if (lstat(address->local.sun_path, &found) != 0 || !S_ISSOCK(found.st_mode))
        return;
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe >= 0 && connect(probe, &address->any, sizeof address->local) != 0 &&
        errno == ECONNREFUSED)
        unlink(address->local.sun_path);
    if (probe >= 0)
        close(probe);
}

static bool prepare(int socket, const union address *address)
{
    int on = 1;
    if (address->any.sa_family == AF_UNIX) {
        remove_stale(address);
        return fchmod(socket, 0700) == 0; /* its owner's: what is bound gets this */
    }
    if (address->any.sa_family == AF_INET6)
        setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
}

static bool share(int socket)
{
    int on = 1;
    return setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0;
}

/* The kernel lets sockets share a port that all said so before they were bound, of
   whatever process. The first one says so afterward: it is bound only where nobody
   else is. */
static bool bind_to(int socket, const union address *address, socklen_t size,
                    bool is_first)
{
    if (address->any.sa_family == AF_UNIX)
        return bind(socket, &address->any, size) == 0;
    return (is_first || share(socket)) && bind(socket, &address->any, size) == 0 &&
           (!is_first || share(socket));
}

static void set_port(union address *address, unsigned port)
{
    if (address->any.sa_family == AF_INET)
        address->four.sin_port = htons((uint16_t)port);
    else if (address->any.sa_family == AF_INET6)
        address->six.sin6_port = htons((uint16_t)port);
}

static unsigned bound_port(int socket)
{
    union address address;
    socklen_t size = sizeof address;
    if (getsockname(socket, &address.any, &size) != 0)
        return 0;
    return address.any.sa_family == AF_INET    ? ntohs(address.four.sin_port)
           : address.any.sa_family == AF_INET6 ? ntohs(address.six.sin6_port)
                                               : 0;
}

enum status listen_open(const char *word, unsigned *port, int *socket_out,
                        struct bytes *message)
{
    union address address;
    socklen_t size = parse(word, &address);
    bool is_first = *port == 0;
    if (!size)
        return listen_check(word, message);
    if (!is_first)
        set_port(&address, *port);
    int fd =
        socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool bound = fd >= 0 && prepare(fd, &address) &&
                 bind_to(fd, &address, size, is_first) && listen(fd, BACKLOG) == 0;
    if (!bound) {
        bytes_format(message, "%s: %s", word, strerror(errno));
        if (fd >= 0)
            close(fd);
        return STATUS_IO;
    }
    *port = bound_port(fd);
    *socket_out = fd;
    return STATUS_OK;
}

void listen_remove(const char *word)
{
    if (listen_is_unix(word))
        unlink(word + 5);
}
