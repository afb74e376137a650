# The examples' handover lies under DC_RISK_SCORE (transfer.proto): it says nothing of a child, of health or of treatment, which
# have categories of their own that an offer may not carry.
#
# Run as: cmake -DROOT=... -P handover_words.cmake
cmake_minimum_required(VERSION 3.25)
set(elsewhere "child|daughter|son |drug|opiate|alcohol|drink|treatment|health|medic|safeguard|victim")
set(seen 0)
file(GLOB_RECURSE files ${ROOT}/docs/examples/*.json)
foreach(file IN LISTS files)
  file(READ ${file} text)
  string(REPLACE ";" "," text "${text}") # or a list would end there
  string(REGEX MATCHALL "\"handover\": *{[^}]*\"text\": *\"[^\"]*\"" handovers "${text}")
  foreach(handover IN LISTS handovers)
    math(EXPR seen "${seen} + 1")
    string(REGEX REPLACE ".*\"text\": *\"" "" words "${handover}")
    string(TOLOWER "${words}" words)
    if(words MATCHES "${elsewhere}")
      message(SEND_ERROR "${file}: handover: `${CMAKE_MATCH_0}' is of another category than DC_RISK_SCORE")
    endif()
  endforeach()
endforeach()
if(seen LESS 4)
  message(FATAL_ERROR "only ${seen} handovers seen: this test looks in the wrong place")
endif()
message(STATUS "${seen} handovers, each of risk")
