# While an actor waits for its next attempt it shows that, holds up no other, and obeys.
behaviors
install sh.conf
| attempts = 1000
| backoff = 1h
| backoff-max = 1h
make sh_1 sh_2
eventually call sh_2/execute
| echo ready
= ready
append sh_1/tasks@cold
| [ -e $OUTSIDE/warm ] || { echo 'still cold' >&2; exit 75; }; echo warm
append sh_1/tasks@next
| echo next
await sh_1 activity retrying
columns sh_1/mailbox 2 3 6
= retrying 1 cold
= pending 0 next
columns /attention 1 2 4 5
= sh_1 retrying cold still cold
call sh_2/execute
| echo unharmed
= unharmed
send sh_1/state
| set meanwhile
read sh_1/state
= set meanwhile

# Nothing is lost when the daemon is killed.
kill
value sh_1/status activity pending
= retrying 2
control sh_1 cancel cold
read sh_1/tasks@next
= next
read sh_1/tasks@cold
! canceled

# Tried anew at somebody's word.
call sh_2/execute
| : > $OUTSIDE/warm
control sh_1 retry cold
read sh_1/tasks@cold
= warm
