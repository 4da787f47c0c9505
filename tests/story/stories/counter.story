# A counter adds up what it is sent, each message once.
make counter_till
read counter_till/state
append counter_till/tasks@monday
| 5
read counter_till/tasks@monday
= 5
append counter_till/tasks@tuesday
| 7
read counter_till/tasks@tuesday
= 12
append counter_till/tasks@monday
| 5
read counter_till/tasks@monday
= 5
read counter_till/state
= 12
read counter_till/result
= 12

# Less than nothing is a number, too.
append counter_till/tasks@refund
| -20
read counter_till/tasks@refund
= -8

# What is no number fails, changes nothing, and is remembered as it was.
append counter_till/tasks@typo
| twelve
read counter_till/tasks@typo
~ counter: the message is not a whole number*
! failed
append counter_till/tasks@typo
| twelve
value counter_till/status done failed
= 3 1
read counter_till/state
= -8
columns counter_till/log 3 6
= done monday
= done tuesday
= done refund
= failed typo
