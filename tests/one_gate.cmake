# One gate, read from the sources: a message is queued in one place and handed over in one, each with
# a permit in hand, and no file but agreements/decide.c can make a permit.
#
# Each of the violations planted below must be caught.
# Run as: cmake -DROOT=... -DPLANTED=... -P one_gate.cmake
cmake_minimum_required(VERSION 3.25)

# Every line of the tree that could be about a gate, as "file: line", into `out`.
function(read_tree root out)
  set(found "")
  foreach(layer agreements broker agents lib proto)
    file(GLOB_RECURSE files RELATIVE ${root} ${root}/${layer}/*.c ${root}/${layer}/*.h)
    foreach(file IN LISTS files)
      file(STRINGS ${root}/${file} lines REGEX "permit|queue_put|decide|EFFECT_DELIVER|hand_over")
      foreach(line IN LISTS lines)
        string(STRIP "${line}" line)
        string(REPLACE ";" "." line "${line}") # else a list
        string(REGEX REPLACE "[][]" "|" line "${line}") # else what follows belongs to the same item
        if(NOT line MATCHES "^(/?\\*|//)")
          list(APPEND found "${file}: ${line}")
        endif()
      endforeach()
    endforeach()
  endforeach()
  set(${out} "${found}" PARENT_SCOPE)
endfunction()

# Exactly these files, each as often as it stands here, have a line that matches `pattern` and not
# `except`.
function(expect what pattern except)
  set(files "")
  set(shown "")
  foreach(line IN LISTS tree)
    if(line MATCHES "${pattern}" AND NOT line MATCHES "${except}")
      string(REGEX REPLACE ":.*" "" file "${line}")
      list(APPEND files ${file})
      string(APPEND shown "\n  ${line}")
    endif()
  endforeach()
  list(SORT files)
  if(NOT "${files}" STREQUAL "${ARGN}")
    set(wrong "${wrong}\n${what}: expected in [${ARGN}], is${shown}" PARENT_SCOPE)
  endif()
endfunction()

function(check root out)
  set(wrong "")
  read_tree(${root} tree)
  set(declared "^[a-z/_]*\\.[hc]: (static )?(enum status|struct decision|void|bool|const struct permit) \\*?[a-z_]+\\(")
  # fills the queues at start
  set(at_start broker/exchange.c)
  if(EXISTS ${root}/broker/restore.c)
    set(at_start broker/restore.c)
  endif()
  # what a permit is, and who has one to give
  expect("a permit's insides" "struct permit *($|{)" "^$" agreements/decide.c)
  expect("a pointer made into a permit" "\\((const )?struct permit *\\*+ *\\)|\\(const permit" "^$")
  expect("a permit put into a decision" "[.>]permit *= *[^=]" "^$"
         agreements/decide.c agreements/decide.c)
  expect("a permit from the record" "permit_of_record" "${declared}" ${at_start})
  # the gate in: one for what is new, one for what was accepted before
  expect("queue_put" "queue_put\\(" "${declared}|lib/tls.c" broker/acceptance.c ${at_start})
  expect("queue_put's own check" "assert\\(permit_queues\\(permit\\)" "^$" broker/queue.c)
  expect("the broker's decision" "[^a-z_]decide\\(" "^(agreements|agents)/|${declared}"
         broker/acceptance.c)
  # the gate out
  expect("a message's effect" "EFFECT_DELIVER" "case EFFECT_DELIVER|^broker/stage.h"
         broker/delivery.c)
  expect("hand_over" "[^a-z_]hand_over\\(" "^broker/listener.c|${declared}" broker/delivery.c)
  expect("hand_over's own check" "assert\\(permit_hands_over\\(permit\\)" "^$" broker/delivery.c)
  expect("the decision at hand-over" "decide_handover\\(" "^agreements/considered.c|${declared}" broker/delivery.c)
  # what an agent seals
  expect("an agent's seal" "assert\\(permit_queues\\(decision->permit\\)" "^$" agents/dispatch.c)
  set(${out} "${wrong}" PARENT_SCOPE)
endfunction()

# planted(FILE LINE): with the line at its end, the tree no longer passes.
function(planted file line)
  file(REMOVE_RECURSE ${PLANTED})
  file(COPY ${ROOT}/agreements ${ROOT}/broker ${ROOT}/agents ${ROOT}/lib ${ROOT}/proto
       DESTINATION ${PLANTED} FILES_MATCHING PATTERN "*.[ch]")
  file(APPEND ${PLANTED}/${file} "${line}\n")
  check(${PLANTED} wrong)
  file(REMOVE_RECURSE ${PLANTED})
  if(NOT wrong)
    message(SEND_ERROR "not caught in ${file}: ${line}")
  endif()
endfunction()

check(${ROOT} wrong)
if(wrong)
  message(FATAL_ERROR "${wrong}")
endif()
planted(broker/ladder.c "    queue_put(x->queues, queue, &item, permit)")
planted(broker/acceptance.c "    queue_put(x->queues, queue, &item, permit)")
planted(broker/acceptance.c "    permit = permit_of_record()")
planted(broker/delivery.c "    status = hand_over(x, member, item, record, permit)")
planted(broker/session.c "    put_effect(x, member, EFFECT_DELIVER, item, record)")
planted(broker/recovery.c "    decision = decide_handover(under, false)")
planted(broker/exchange.c "    decision = decide(&question, x->agreements, 0)")
planted(broker/exchange.c "    decision.permit = other.permit")
planted(broker/exchange.c "    permit = (const struct permit *)item")
planted(agents/send.c "struct permit {")
planted(agreements/choose.c "struct permit")
message(STATUS "one gate in, one gate out; 11 planted violations caught")
