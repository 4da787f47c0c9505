/* SPDX-License-Identifier: MIT */
/*
 * bank: accounts that pay each other. A program in C; the build puts it, and the other
 * samples, into build/PRESET/behaviors.
 *
 *     mkdir /mnt/actors/bank_ann /mnt/actors/bank_bob
 *     echo deposit 100     >> /mnt/actors/bank_ann/tasks@salary
 *     echo pay bank_bob 30 >> /mnt/actors/bank_ann/tasks@rent
 *     echo pay bank_eve 10 >> /mnt/actors/bank_ann/tasks@bribe     # there is no eve
 *     cat /mnt/actors/bank_ann/state                               # 70
 *     cat /mnt/actors/bank_bob/state                               # 30
 *
 * Paying is two turns of two actors, so there is no moment at which both have the money
 * or neither: it leaves the payer with the message that carries it. `reply=1` asks for
 * the outcome: KIND is then `reply`, OUTCOME says how it went, and REPLY_TO names the
 * payment. Until then the payer's state remembers it, a line each after the balance,
 * and if it could not be delivered or failed the money comes back.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAYMENTS_MAX 64
#define TEXT_MAX 256

struct payment {
    char key[TEXT_MAX];
    long long amount;
};

struct account {
    long long balance;
    struct payment payments[PAYMENTS_MAX]; /* under way */
    size_t count;
};

static void fail(const char *format, ...)
    __attribute__((noreturn, format(printf, 1, 2)));

/* The last line on standard error is what readers of the outcome are told. */
static void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value ? value : "";
}

static FILE *open_file(const char *name, const char *mode)
{
    FILE *file = fopen(variable(name), mode);
    if (!file)
        fail("%s: %s", name, strerror(errno));
    return file;
}

/* A turn that ends well must have written all it says. */
static void close_file(FILE *file)
{
    if (ferror(file) || fclose(file) != 0)
        fail("cannot write: %s", strerror(errno));
}

static void read_account(struct account *account)
{
    FILE *file = open_file("ACTOR_STATE", "r");
    if (fscanf(file, "%lld", &account->balance) == 1)
        while (account->count < PAYMENTS_MAX &&
               fscanf(file, "%255s %lld", account->payments[account->count].key,
                      &account->payments[account->count].amount) == 2)
            account->count++;
    close_file(file);
}

static void write_account(const struct account *account)
{
    FILE *file = open_file("ACTOR_STATE", "w");
    fprintf(file, "%lld\n", account->balance);
    for (size_t i = 0; i < account->count; i++)
        fprintf(file, "%s %lld\n", account->payments[i].key,
                account->payments[i].amount);
    close_file(file);
}

static void deposit(struct account *account, long long amount)
{
    if (amount <= 0 ||
        __builtin_add_overflow(account->balance, amount, &account->balance))
        fail("an amount is a whole number above 0");
}

static void pay(struct account *account, const char *payee, long long amount)
{
    if (amount <= 0)
        fail("an amount is a whole number above 0");
    if (amount > account->balance)
        fail("the balance is %lld", account->balance);
    if (account->count == PAYMENTS_MAX)
        fail("%d payments are under way; try again later", PAYMENTS_MAX);
    account->balance -= amount;
    struct payment *payment = &account->payments[account->count++];
    payment->amount = amount;
    snprintf(payment->key, sizeof payment->key, "pay-%s", variable("TASK"));
    FILE *outbox = open_file("ACTOR_OUTBOX", "a");
    fprintf(outbox, "%s/tasks@%s,reply=1 deposit %lld\n", payee, payment->key, amount);
    close_file(outbox);
}

static void settle(struct account *account, const char *key)
{
    for (size_t i = 0; i < account->count; i++) {
        if (strcmp(account->payments[i].key, key) != 0)
            continue;
        if (strcmp(variable("OUTCOME"), "done") != 0)
            account->balance += account->payments[i].amount;
        account->payments[i] = account->payments[--account->count];
        return;
    }
    fail("there is no payment %s under way", key);
}

static void obey(struct account *account)
{
    char line[TEXT_MAX], payee[TEXT_MAX];
    long long amount;
    if (!fgets(line, sizeof line, stdin))
        fail("deposit AMOUNT or pay ACTOR AMOUNT");
    if (sscanf(line, "deposit %lld", &amount) == 1)
        deposit(account, amount);
    else if (sscanf(line, "pay %255s %lld", payee, &amount) == 2)
        pay(account, payee, amount);
    else
        fail("deposit AMOUNT or pay ACTOR AMOUNT");
}

int main(void)
{
    struct account account = {0};
    read_account(&account);
    if (strcmp(variable("KIND"), "reply") == 0)
        settle(&account, variable("REPLY_TO"));
    else
        obey(&account);
    write_account(&account);
    printf("%lld\n", account.balance);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
