# A customer orders a latte. Whoever comes back with the same key gets the same cup.
make user_123
exists user_123/tasks@abc123
= no
append user_123/tasks@abc123
| latte
read user_123/tasks@abc123
= latte
exists user_123/tasks@abc123
= yes

# The barista's phone was out of reach: the order is sent again.
append user_123/tasks@abc123
| latte
send user_123/tasks@abc123
| latte
read user_123/tasks@abc123
= latte
value user_123/status done pending
= 1 0

# Somebody else's order does not slip in under the same key.
append user_123/tasks@abc123
| mocha
! key known with other bytes
read user_123/tasks@abc123,part=message
= latte

# Another customer may well use that key.
make user_456
append user_456/tasks@abc123
| mocha
read user_456/tasks@abc123
= mocha
