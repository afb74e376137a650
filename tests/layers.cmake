# The layers, held: reads every #include "..." of our own files.
#
#   lib  <-  proto  <-  agreements  <-  broker      broker and agents never include each other;
#                                   <-  agents      tests may include anything
#
# Run as: cmake -DROOT=... -P layers.cmake
cmake_minimum_required(VERSION 3.25) # a script has no project to tell it: IN_LIST
set(lib_may lib)
set(proto_may lib proto)
set(agreements_may lib proto agreements)
set(broker_may lib proto agreements broker)
set(agents_may lib proto agreements agents)
set(demo_may lib agents demo)

set(broken 0)
set(lines_seen 0)
foreach(layer lib proto agreements broker agents demo)
  file(GLOB_RECURSE files ${ROOT}/${layer}/*.c ${ROOT}/${layer}/*.h)
  foreach(file IN LISTS files)
    file(STRINGS ${file} includes REGEX "^#include \"")
    foreach(line IN LISTS includes)
      math(EXPR lines_seen "${lines_seen} + 1")
      string(REGEX REPLACE "^#include \"([^/\"]*).*" "\\1" reaches "${line}")
      if(NOT reaches IN_LIST ${layer}_may AND NOT reaches STREQUAL "google")
        message(SEND_ERROR "${file}: ${line}: ${layer} may include ${${layer}_may} only")
        set(broken 1)
      endif()
    endforeach()
  endforeach()
endforeach()
# The reference systems are integrators' examples: they see the client and nothing else.
file(GLOB files ${ROOT}/agents/roles/*.c)
foreach(file IN LISTS files)
  file(STRINGS ${file} includes REGEX "^#include \"")
  foreach(line IN LISTS includes)
    if(NOT line MATCHES "agents/client.h|agents/roles/")
      message(SEND_ERROR "${file}: ${line}: a reference system includes client.h only")
    endif()
  endforeach()
endforeach()
if(lines_seen LESS 100)
  message(FATAL_ERROR "only ${lines_seen} includes seen: this test looks in the wrong place")
endif()
message(STATUS "${lines_seen} includes, layers hold")
