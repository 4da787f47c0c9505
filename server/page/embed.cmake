# SPDX-License-Identifier: MIT
# cmake -DOUT=file.c -P embed.cmake NAME=FILE...: writes each file's bytes as an array
# page_NAME, and their number as page_NAME_size.
set(text "/* Made by server/page/embed.cmake. */\n#include \"server/page_assets.h\"\n")
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(n RANGE 4 ${last})
    string(REGEX MATCH "^([a-z_]+)=(.*)$" pair "${CMAKE_ARGV${n}}")
    set(name ${CMAKE_MATCH_1})
    file(READ ${CMAKE_MATCH_2} digits HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${digits}")
    string(APPEND text "const unsigned char page_${name}[] = {${bytes}};\n"
        "const size_t page_${name}_size = sizeof page_${name};\n")
endforeach()
file(WRITE ${OUT} "${text}")
