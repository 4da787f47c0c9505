/* SPDX-License-Identifier: MIT */
#include "tests/http/nginx.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/mounted.h"

static char address[32];
static struct command nginx;

static int free_port(void)
{
    struct sockaddr_in bound = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof bound;
    int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(probe, (struct sockaddr *)&bound, size), 0);
    cr_assert_eq(getsockname(probe, (struct sockaddr *)&bound, &size), 0);
    close(probe);
    return ntohs(bound.sin_port);
}

const char *nginx_address(void)
{
    struct command found;
    command_run(&found, "command -v nginx");
    if (found.status != 0)
        cr_skip_test("there is no nginx here");
    command_free(&found);
    snprintf(address, sizeof address, "127.0.0.1:%d", free_port());
    return address;
}

static void write_conf(const char *folder, const char *location, const char *path_there)
{
    char path[300];
    BYTES_AUTO(conf);
    bytes_format(&conf,
                 "user root; daemon off; pid %s/pid; error_log %s/nginx.log; "
                 "worker_processes 1;\n"
                 "events { worker_connections 256; }\n"
                 "http { access_log off; client_max_body_size 25m;\n"
                 "  client_body_temp_path %s/body; proxy_temp_path %s/proxy;\n"
                 "  fastcgi_temp_path %s/fastcgi; uwsgi_temp_path %s/uwsgi;\n"
                 "  scgi_temp_path %s/scgi;\n"
                 "  server { listen %s; location %s {\n"
                 "    proxy_set_header Host $http_host;\n"
                 "    proxy_pass http://%s%s; } } }\n",
                 folder, folder, folder, folder, folder, folder, folder, address,
                 location, fixture.port_address, path_there);
    snprintf(path, sizeof path, "%s/nginx.conf", folder);
    cr_assert_eq(file_write(path, O_WRONLY | O_CREAT | O_TRUNC, view_bytes(&conf)), 0);
}

static bool listens(void *context)
{
    (void)context;
    return http_listens(address) || command_has_ended(&nginx);
}

void nginx_start(const char *location, const char *path)
{
    char command[2 * SERVED_PATH_MAX];
    const char *folder = guard_folder(fixture.guard);
    write_conf(folder, location, path);
    snprintf(command, sizeof command, "exec nginx -p %s -c %s/nginx.conf", folder,
             folder);
    command_start(&nginx, command);
    guard_watch(fixture.guard, nginx.pid);
    cr_assert(poll_until(listens, NULL, FIXTURE_WAIT_MS));
}

void nginx_stop(void)
{
    command_signal(&nginx, SIGTERM);
    guard_reaped(fixture.guard, nginx.pid);
    command_finish(&nginx, FIXTURE_WAIT_MS);
    cr_expect_eq(nginx.status, 0, "%.*s", (int)nginx.err.size, nginx.err.data);
    command_free(&nginx);
}
