/* SPDX-License-Identifier: MIT */
#include "server/exposure.h"

#include "server/listen.h"

static enum status refuse(struct bytes *message, const char *where, const char *why)
{
    bytes_clear(message);
    bytes_format(message, "%s%s%s", where, *where ? ": " : "", why);
    return STATUS_INVALID;
}

static enum status check_address(const struct options *options, const char *listen,
                                 struct bytes *message)
{
    bool has_tls = options->tls_cert && options->tls_key;
    enum status status = listen_check(listen, message);
    if (status)
        return status;
    if (listen_is_unix(listen) || options->insecure)
        return STATUS_OK;
    if (!listen_is_local(listen) && !(options->users && has_tls))
        return refuse(
            message, listen,
            "other machines could connect: that takes --users, --tls-cert and "
            "--tls-key, or --insecure");
    if (options->allow_other && !options->users)
        return refuse(message, listen,
                      "everybody on this machine could do what the daemon may, and "
                      "allow-other says that there are others: that takes --users, or "
                      "--insecure; or listen on unix:PATH");
    return STATUS_OK;
}

enum status exposure_check(const struct options *options, struct bytes *message)
{
    if (!options->tls_cert != !options->tls_key)
        return refuse(message, "", "tls-cert and tls-key are given together");
    if (options->listen.count == 0 && (options->users || options->tls_cert))
        return refuse(message, "", "users and tls-cert are for what --listen serves");
    for (size_t i = 0; i < options->listen.count; i++) {
        enum status status = check_address(options, options->listen.list[i], message);
        if (status)
            return status;
    }
    return STATUS_OK;
}
