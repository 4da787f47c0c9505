# Without a behavior the tasks wait, for all to see, and go on by themselves once there is
# one.
behaviors
make tea_1
append tea_1/tasks@k
| green
await tea_1 activity no-behavior
value tea_1/status behavior pending
=  1
columns /attention 1 2
= tea_1 no-behavior
kill
value tea_1/status activity
= no-behavior
install tea
| #!/bin/sh
| echo "$(cat) tea"
read tea_1/tasks@k
= green tea
eventually read /attention

# And when it goes away they wait again.
uninstall tea
eventually value tea_1/status activity
= no-behavior
append tea_1/tasks@again
| black
look tea_1/tasks@again
! not yet
install tea
| #!/bin/sh
| echo "more $(cat) tea"
read tea_1/tasks@again
= more black tea
send tea_1/behavior
| coffee
! invalid
