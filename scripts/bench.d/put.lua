-- SPDX-License-Identifier: MIT
-- For wrk: PUTs of 100-byte messages with fresh keys, over so many actors that are made
-- with their first one. An answer other than 202 (or 200, when it was quick) counts.
local threads = 0
function setup(thread)
    thread:set("id", threads)
    threads = threads + 1
end

local n = 0
local actors = tonumber(os.getenv("BENCH_ACTORS") or "1000")
local body = string.rep("x", 100)
local wrong = 0

function request()
    n = n + 1
    local path = string.format("/actors/a_%d/tasks?create=1&Idempotency-Key=k%d-%d",
                               (n * 7 + id) % actors, id, n)
    return wrk.format("PUT", path, nil, body)
end

function response(status)
    if status ~= 202 and status ~= 200 then
        wrong = wrong + 1
        if wrong == 1 then
            io.stderr:write("an answer was " .. status .. "\n")
        end
    end
end
