# The same receipt gets the same cup: five times the order, one coffee. The machine counts
# outside of the store.
behaviors
make barista_1
append barista_1/tasks@abc123
| latte
append barista_1/tasks@abc123
| latte
send barista_1/tasks@abc123
| latte
call barista_1/execute@abc123
| latte
= cup 1: latte
append barista_1/tasks@abc123
| latte
read barista_1/tasks@abc123
= cup 1: latte
outside brewed
= abc123 latte
value barista_1/status done
= 1

# Somebody pulls the plug; the guest comes back with the receipt.
kill
append barista_1/tasks@abc123
| latte
read barista_1/tasks@abc123
= cup 1: latte
outside brewed
= abc123 latte

# The machine fails four times; the fifth attempt is the coffee.
append barista_1/tasks@def456
| flaky
kill
append barista_1/tasks@def456
| flaky
read barista_1/tasks@def456
= cup 2: flaky
outside brewed
= abc123 latte
= def456 flaky
read barista_1/state
= 2
