# A call waits for its turn and gives what came of it.
make counter_1
call counter_1/execute
| 2
= 2
call counter_1/execute@k
| 3
= 5
call counter_1/execute@k
| 3
= 5
read counter_1/execute@k
= 5
read counter_1/tasks@k
= 5
call counter_1/execute@k
| 4
! key known with other bytes
call counter_1/execute
| nothing to add
~ counter: the message is not*
! failed

# It takes its place behind what came before.
control counter_1 suspend
append counter_1/tasks
| 10
| 20
control counter_1 resume
call counter_1/execute
| 100
= 135

# Reading the file itself has no effect and gives nothing.
read counter_1/execute
read counter_1/tasks
value counter_1/status done
= 5
