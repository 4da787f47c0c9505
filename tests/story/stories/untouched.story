# A turn that fails leaves the state as it was and sends nothing.
behaviors
make sh_1 echo_1
send sh_1/state
| as it was
append sh_1/tasks@bad
| echo new > "$ACTOR_STATE"; echo 'echo_1/tasks hello' >> "$ACTOR_OUTBOX"; echo half; exit 1
read sh_1/tasks@bad
=- exit status 1
! failed
read sh_1/state
= as it was
value echo_1/status done pending
= 0 0

# So does one whose outbox cannot be read, and it says why.
append sh_1/tasks@garbage
| echo new > "$ACTOR_STATE"; { echo 'echo_1/tasks hello'; echo 'echo_1/flavor strong'; } >> "$ACTOR_OUTBOX"
read sh_1/tasks@garbage
~ *flavor*
! failed
read sh_1/state
= as it was
value echo_1/status done pending
= 0 0

# Tried again, it sends once.
append sh_1/tasks@again
| echo 'echo_1/tasks hello' >> "$ACTOR_OUTBOX"; [ $ATTEMPT = 3 ] || exit 75
read sh_1/tasks@again
await echo_1 done 1
value echo_1/status pending
= 0
