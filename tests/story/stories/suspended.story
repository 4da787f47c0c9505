# A suspended actor takes orders and serves none, over a crash as well.
make counter_1
control counter_1 suspend
append counter_1/tasks@a
| 1
append counter_1/tasks@b
| 2
value counter_1/status activity pending done
= suspended 2 0
look counter_1/tasks@a
! not yet
call counter_1/execute
| 3
! busy
kill
value counter_1/status activity pending done
= suspended 2 0
look counter_1/tasks@b
! not yet
columns counter_1/mailbox 2 3 6
= pending 0 a
= pending 0 b

# It shows up where people look for what needs them.
columns /attention 1 2
= counter_1 suspended

control counter_1 resume
read counter_1/tasks@b
= 3
await counter_1 activity idle
read /attention
