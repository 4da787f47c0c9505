-- SPDX-License-Identifier: MIT
-- For wrk: PUTs of 100-byte files with fresh names.
local threads = 0
function setup(thread)
    thread:set("id", threads)
    threads = threads + 1
end

local n = 0
local body = string.rep("x", 100)

function request()
    n = n + 1
    return wrk.format("PUT", string.format("/f%d-%d", id, n), nil, body)
end
