/* SPDX-License-Identifier: MIT */
#include "server/offload.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "server/http_request.h"

/* They mostly sleep in fsync: more than cores, few enough to spare the disk. */
#define THREADS 4

struct offload {
    pthread_t threads[THREADS];
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct http_request *first, **last; /* guarded by mutex, as is closing */
    bool closing;
};

static struct http_request *take(struct offload *offload)
{
    pthread_mutex_lock(&offload->mutex);
    while (!offload->first && !offload->closing)
        pthread_cond_wait(&offload->changed, &offload->mutex);
    struct http_request *request = offload->first;
    if (request) {
        offload->first = request->next_woken;
        if (!offload->first)
            offload->last = &offload->first;
    }
    pthread_mutex_unlock(&offload->mutex);
    return request;
}

static void *run(void *context)
{
    struct http_request *request;
    while ((request = take(context))) {
        request->work(request);
        http_loop_wake(request->loop, request);
    }
    return NULL;
}

struct offload *offload_open(void)
{
    struct offload *offload = memory_take_zeroed(1, sizeof *offload);
    pthread_mutex_init(&offload->mutex, NULL);
    pthread_cond_init(&offload->changed, NULL);
    offload->last = &offload->first;
    for (unsigned i = 0; i < THREADS; i++)
        ENSURE(pthread_create(&offload->threads[i], NULL, run, offload) == 0);
    return offload;
}

void offload_run(struct offload *offload, struct http_request *request,
                 offload_fn *work, offload_fn *then)
{
    http_request_suspend(request, then);
    request->work = work;
    request->next_woken = NULL;
    pthread_mutex_lock(&offload->mutex);
    *offload->last = request;
    offload->last = &request->next_woken;
    pthread_cond_signal(&offload->changed);
    pthread_mutex_unlock(&offload->mutex);
}

void offload_close(struct offload *offload)
{
    if (!offload)
        return;
    pthread_mutex_lock(&offload->mutex);
    offload->closing = true;
    pthread_cond_broadcast(&offload->changed);
    pthread_mutex_unlock(&offload->mutex);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(offload->threads[i], NULL);
    pthread_cond_destroy(&offload->changed);
    pthread_mutex_destroy(&offload->mutex);
    free(offload);
}
