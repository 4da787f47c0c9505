# A bulk load under one key: each line is a message of its own, and running it again
# adds nothing twice, wherever it broke off.
make counter_sales
append counter_sales/tasks@march
| 10
| 20
| 30
await counter_sales done 3
append counter_sales/tasks@march
| 10
| 20
| 30
| 40
|- 50
await counter_sales done 5
append counter_sales/tasks@march
| 10
| 20
| 30
| 40
| 50
value counter_sales/status done pending
= 5 0
read counter_sales/state
= 150
read counter_sales/tasks@march
= 10
read counter_sales/tasks@march~4
= 100
read counter_sales/tasks@march~5,part=message
=- 50
columns counter_sales/log 3 6
= done march
= done march~2
= done march~3
= done march~4
= done march~5

# A load whose third line differs is refused there.
append counter_sales/tasks@march
| 10
| 20
| 31
! key known with other bytes
value counter_sales/status done
= 5
