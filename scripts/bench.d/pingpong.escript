#!/usr/bin/env escript
%% SPDX-License-Identifier: MIT
%% Erlang's own actors, for honesty: nothing of theirs is on disk.
%%
%%     pingpong.escript pair MESSAGES           two processes, one message at a time
%%     pingpong.escript ring MESSAGES ACTORS    a ring in which everybody passes one on
-mode(compile).

main(["pair", Messages]) ->
    report(list_to_integer(Messages), fun pair/1);
main(["ring", Messages, Actors]) ->
    N = list_to_integer(Actors),
    report(list_to_integer(Messages), fun(M) -> ring(M div N, N) end).

report(Messages, Run) ->
    {Microseconds, ok} = timer:tc(Run, [Messages]),
    io:format("{\"operations\": ~b, \"burst_rate\": ~.1f}~n",
              [Messages, Messages * 1.0e6 / Microseconds]).

pair(Messages) ->
    Pong = spawn_link(fun pong/0),
    ping(Pong, Messages div 2).

ping(_Pong, 0) -> ok;
ping(Pong, N) ->
    Pong ! {self(), N},
    receive N -> ping(Pong, N - 1) end.

pong() ->
    receive {Ping, N} -> Ping ! N, pong() end.

%% Every token goes the same number of hops, and its end is told to us.
ring(Hops, Actors) ->
    Self = self(),
    Pids = [spawn_link(fun() -> receive {next, Pid} -> pass(Pid, Self) end end)
            || _ <- lists:seq(1, Actors)],
    lists:foreach(fun({Pid, Next}) -> Pid ! {next, Next} end,
                  lists:zip(Pids, tl(Pids) ++ [hd(Pids)])),
    lists:foreach(fun(Pid) -> Pid ! Hops end, Pids),
    lists:foreach(fun(_) -> receive done -> ok end end, Pids).

pass(Next, Goal) ->
    receive
        N when N =< 1 -> Goal ! done;
        N -> Next ! N - 1
    end,
    pass(Next, Goal).
