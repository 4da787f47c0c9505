# Messages for later.
make user_1
append user_1/tasks@soon,delay=300ms
| soon
append user_1/tasks@now
| now
append user_1/tasks@far,delay=7d
| far
append user_1/tasks@past,at=2001-01-01T00:00:00Z
| past
read user_1/tasks@soon
= soon
await user_1 done 3
columns user_1/log 3 6
= done now
= done past
= done soon
value user_1/status delayed
= 1

# A timer has a name; setting it again moves it.
append user_1/tasks@,timer=tea,delay=1h
| green
append user_1/tasks@,timer=tea,delay=2h
| black
append user_1/tasks@,timer=eggs,delay=3h
| four minutes
value user_1/status delayed
= 3
control user_1 canceltimer eggs
append user_1/tasks@,timer=tea,delay=1ms
| white
await user_1 done 4
read user_1/result
= white

# What is far away is still there after a crash, and can be called off.
kill
value user_1/status delayed
= 1
look user_1/tasks@far
! not yet
control user_1 cancel far
value user_1/status delayed
= 0

append user_1/tasks@bad,delay=soon
| never
! invalid
append user_1/tasks@bad,colour=red
| never
! invalid
