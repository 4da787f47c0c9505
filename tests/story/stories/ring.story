# A number goes round a ring of twenty actors, each made by its first message.
behaviors
make ring_0
append ring_0/tasks
| 59
eventually read ring_19/state
= 3
await ring_19 done 3
read ring_0/state
= 3
read ring_7/state
= 3
read ring_19/result
= 0
value /status actors pending done failed
= 20 0 60 0
