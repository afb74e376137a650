# The broker cannot open a payload: no sealing symbol is linked into it, and the daemon that does
# seal has them (or this test looks in the wrong place).
# Run as: cmake -DBROKER=... -DAGENT=... -P symbols.cmake
set(sealing "hpke_|chunked_|open_sealed|sealer_|keyring_")
foreach(program BROKER AGENT)
  execute_process(COMMAND nm ${${program}} OUTPUT_VARIABLE ${program}_symbols RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "nm ${${program}}: ${code}")
  endif()
  string(REGEX MATCHALL "[ \n][tTwW] [a-z_]*(${sealing})[a-z_]*" ${program}_found "${${program}_symbols}")
  list(LENGTH ${program}_found ${program}_count)
endforeach()
if(AGENT_count LESS 10)
  message(FATAL_ERROR "control not caught: only ${AGENT_count} sealing symbols in the agent")
endif()
if(NOT BROKER_count EQUAL 0)
  message(FATAL_ERROR "the broker links sealing code: ${BROKER_found}")
endif()
message(STATUS "sealing symbols: agent ${AGENT_count}, broker 0; control_caught=yes")
