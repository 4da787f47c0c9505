# The state can be read and replaced at any time, also while the actor is suspended.
make counter_1
read counter_1/state
send counter_1/state
| 100
read counter_1/state
= 100
call counter_1/execute
| 1
= 101
control counter_1 suspend
append counter_1/tasks@k
| 1
send counter_1/state
| 1000
read counter_1/state
= 1000
kill
read counter_1/state
= 1000
control counter_1 resume
read counter_1/tasks@k
= 1001
