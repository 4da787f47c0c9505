# A mailbox has an end, and a message, too. What is refused is not there at all.
options -o mailbox-max=3,message-max=10
make user_1
control user_1 suspend
append user_1/tasks@k
| 1
| 2
append user_1/tasks@two
| 3
| 4
! mailbox full
value user_1/status pending
= 2
exists user_1/tasks@two
= no
append user_1/tasks@three
| 3
send user_1/tasks@four
| 4
! mailbox full
columns /attention 1 2
~ user_1 *

# What is known is no new message.
append user_1/tasks@three
| 3
control user_1 cancel three
append user_1/tasks@four
| 4
control user_1 clear
send user_1/tasks@large
| more than ten
! too large
append user_1/tasks@lines
| short
| more than ten
! too large
value user_1/status pending
= 0
control user_1 resume
send user_1/tasks@fits
| nine byte
read user_1/tasks@fits
= nine byte
