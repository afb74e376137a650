# BankHolidays.cmake - IN: a list of days (agreements/calendar.h, calendar_load), OUT: the same as C.
# As a script: cmake -DIN=... -DOUT=... -P BankHolidays.cmake. Days become days since 1970-01-01.
file(STRINGS ${IN} lines)
set(rows "")
set(before -1)
foreach(line IN LISTS lines)
  if(line MATCHES "^#" OR line STREQUAL "")
    continue()
  endif()
  if(NOT line MATCHES "^([12][0-9][0-9][0-9])-([01][0-9])-([0-3][0-9]) +[^ ]")
    message(FATAL_ERROR "${IN}: not a day and its name: ${line}")
  endif()
  set(year ${CMAKE_MATCH_1})
  set(month ${CMAKE_MATCH_2})
  set(day ${CMAKE_MATCH_3})
  set(text "${year}-${month}-${day}")
  string(REGEX REPLACE "^0" "" month "${month}")
  string(REGEX REPLACE "^0" "" day "${day}")
  # Years that begin in March, so that a leap day is their last.
  if(month LESS 3)
    math(EXPR year "${year} - 1")
    math(EXPR month "${month} + 12")
  endif()
  math(EXPR number "365 * ${year} + ${year} / 4 - ${year} / 100 + ${year} / 400 \
+ (153 * (${month} - 3) + 2) / 5 + ${day} - 1 - 719468")
  if(NOT number GREATER before)
    message(FATAL_ERROR "${IN}: not later than the day before it: ${line}")
  endif()
  set(before ${number})
  string(APPEND rows "    ${number}, /* ${text} */\n")
endforeach()
file(WRITE ${OUT} "/* From bank-holidays-england-and-wales.txt, for calendar.c alone: days since 1970. */
#include <stdint.h>

static const int32_t bank_holidays[] = {
${rows}};
")
