# A behavior is replaced while it works: the turn that runs ends on the old one.
behaviors
install greet
| #!/bin/sh
| word=$(cat)
| cd "${0%/*}/../outside"
| echo "$word" >> started
| until [ "$word" != slow ] || [ -e go ]; do sleep 0.02; done
| echo "old $word"
make greet_1 greet_2 sh_1
eventually value greet_2/status activity behavior
= idle greet
append greet_1/tasks@slow
| slow
eventually outside started
= slow
install greet
| #!/bin/sh
| echo "new $(cat)"
eventually call greet_2/execute
| now
= new now
look greet_1/tasks@slow
! not yet
call sh_1/execute
| : > $OUTSIDE/go
read greet_1/tasks@slow
= old slow
append greet_1/tasks@next
| next
read greet_1/tasks@next
= new next

# So is a worker, and the program of that name with it.
install greet.worker
| #!/usr/bin/python3
| import json, os, sys, time
| outside = os.path.dirname(sys.argv[0]) + "/../outside"
| for line in sys.stdin:
|     turn = json.loads(line)
|     if turn["message"] == "slow\n":
|         open(outside + "/worker", "w").write("started\n")
|         while not os.path.exists(outside + "/go-on"):
|             time.sleep(0.02)
|     print(json.dumps({"id": turn["id"], "result": "worker " + turn["message"]}), flush=True)
eventually call greet_2/execute
| now
= worker now
append greet_1/tasks@slow-2
| slow
eventually outside worker
= started
uninstall greet
uninstall greet.worker
eventually value greet_2/status activity
= no-behavior
look greet_1/tasks@slow-2
! not yet
call sh_1/execute
| : > $OUTSIDE/go-on
read greet_1/tasks@slow-2
= worker slow
