/* SPDX-License-Identifier: MIT */
#include "server/access/verifier.h"

#include <crypt.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/log.h"

#define NICE 10

struct work {
    verifier_work_fn *work;
    void *context;
};
struct verifier {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct work queue[VERIFIER_QUEUE_MAX]; /* a ring; guarded by mutex, as all below */
    size_t first, count;
    bool stopping;
    unsigned thread_count;
    pthread_t threads[];
};

/* False when there is nothing more to do, ever. */
static bool take(struct verifier *verifier, struct work *work)
{
    pthread_mutex_lock(&verifier->mutex);
    while (verifier->count == 0 && !verifier->stopping)
        pthread_cond_wait(&verifier->changed, &verifier->mutex);
    bool any = verifier->count > 0;
    if (any) {
        *work = verifier->queue[verifier->first];
        verifier->first = (verifier->first + 1) % VERIFIER_QUEUE_MAX;
        verifier->count--;
    }
    pthread_mutex_unlock(&verifier->mutex);
    return any;
}

static void *run(void *argument)
{
    struct verifier *verifier = argument;
    struct work work;
    /* On Linux this is the thread's own. Without it all still works. */
    if (setpriority(PRIO_PROCESS, (id_t)gettid(), NICE) < 0)
        log_debug("verifier: cannot lower its priority");
    while (take(verifier, &work))
        work.work(work.context);
    return NULL;
}

struct verifier *verifier_open(unsigned threads)
{
    struct verifier *verifier =
        memory_take_zeroed(1, sizeof *verifier + threads * sizeof(pthread_t));
    pthread_mutex_init(&verifier->mutex, NULL);
    pthread_cond_init(&verifier->changed, NULL);
    verifier->thread_count = threads;
    for (unsigned i = 0; i < threads; i++)
        ENSURE(pthread_create(&verifier->threads[i], NULL, run, verifier) == 0);
    return verifier;
}

void verifier_close(struct verifier *verifier)
{
    pthread_mutex_lock(&verifier->mutex);
    verifier->stopping = true;
    pthread_cond_broadcast(&verifier->changed);
    pthread_mutex_unlock(&verifier->mutex);
    for (unsigned i = 0; i < verifier->thread_count; i++)
        pthread_join(verifier->threads[i], NULL);
    pthread_cond_destroy(&verifier->changed);
    pthread_mutex_destroy(&verifier->mutex);
    free(verifier);
}

bool verifier_ask(struct verifier *verifier, verifier_work_fn *work, void *context)
{
    pthread_mutex_lock(&verifier->mutex);
    bool has_room = verifier->count < VERIFIER_QUEUE_MAX && !verifier->stopping;
    if (has_room) {
        size_t last = (verifier->first + verifier->count) % VERIFIER_QUEUE_MAX;
        verifier->queue[last] = (struct work){work, context};
        verifier->count++;
        pthread_cond_signal(&verifier->changed);
    }
    pthread_mutex_unlock(&verifier->mutex);
    return has_room;
}

bool password_is_right(const char *password, const char *hash)
{
    struct crypt_data *data = memory_take_zeroed(1, sizeof *data);
    const char *made = crypt_r(password, hash, data);
    size_t size = strlen(hash);
    bool is_right = made && made[0] != '*' && strlen(made) == size &&
                    gnutls_memcmp(made, hash, size) == 0;
    explicit_bzero(data, sizeof *data);
    free(data);
    return is_right;
}
