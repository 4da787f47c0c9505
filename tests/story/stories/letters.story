# What cannot be delivered is a failed task of the actor `dead-letters`.
behaviors
make sh_1
append sh_1/tasks@k
| { echo 'nobody/tasks hello'; echo 'nobody/status suspend'; echo 'nobody/behavior echo'; } >> "$ACTOR_OUTBOX"; echo sent
read sh_1/tasks@k
= sent
columns dead-letters/log 3 7
~ failed *sh_1*nobody/tasks*no such actor*
~ failed *sh_1*nobody/status*no such actor*
~ failed *sh_1*nobody/behavior*no such actor*
eventually columns /attention 1 2
= dead-letters failed

# Neither does a behavior write whose status and behavior it may not.
make echo_1
append sh_1/tasks@not-mine
| { echo 'echo_1/status suspend'; echo 'echo_1/behavior counter'; } >> "$ACTOR_OUTBOX"
read sh_1/tasks@not-mine
value echo_1/status activity behavior
= idle echo
value dead-letters/status failed
= 5
make sh_2
append sh_1/tasks@mine
| echo 'sh_2/status suspend' >> "$ACTOR_OUTBOX"
read sh_1/tasks@mine
await sh_2 activity suspended
