# Two actors send a number back and forth until it is 0; somebody pulls the plug meanwhile.
behaviors
make pingpong_a pingpong_b
append pingpong_a/tasks
| 20
eventually read pingpong_b/result
~ [0-9]*
kill
await pingpong_a done 11
await pingpong_b done 10
read pingpong_a/result
= 0
read pingpong_b/result
= 1
