# Words do what they say, all of a write or none of it.
make user_1
control user_1 suspend
append user_1/tasks@a
| a
append user_1/tasks@b
| b
append user_1/status
| cancel a
| dance
! invalid
append user_1/status
| cancel a
| cancel nobody
! not found
value user_1/status pending canceled
= 2 0
append user_1/status
| cancel a
| cancel b
value user_1/status pending canceled
= 0 2

# What the file shows may be written back to it.
append user_1/status
| name: user_1
| activity: idle
| pending: 17
| resume
value user_1/status activity pending
= idle 0
append user_1/tasks@c
| c
read user_1/tasks@c
= c
