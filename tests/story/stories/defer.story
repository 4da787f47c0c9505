# Selective receive: what cannot be used yet is set aside, and offered again after a turn
# that changes the state.
behaviors
make turnstile_1
append turnstile_1/tasks@ann
| push
append turnstile_1/tasks@bob
| push
eventually columns turnstile_1/mailbox 2 6
= deferred ann
= deferred bob
look turnstile_1/tasks@ann
! not yet

# A crash forgets nobody who waits.
kill
append turnstile_1/tasks@coin-1
| coin
read turnstile_1/tasks@ann
= through
look turnstile_1/tasks@bob
! not yet
append turnstile_1/tasks@coin-2
| coin
read turnstile_1/tasks@bob
= through
columns turnstile_1/log 3 6
= done coin-1
= done ann
= done coin-2
= done bob
