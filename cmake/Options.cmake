# How our own code is compiled; linked PRIVATE by each of our targets, so that
# generated and foreign code keeps its own flags.
set(SANITIZE "" CACHE STRING "address,undefined or thread; empty for none")
option(FUZZ "build fuzz targets (clang, libFuzzer)" OFF)
option(COVERAGE "count lines and branches" OFF)

add_library(options INTERFACE)
target_compile_features(options INTERFACE c_std_23)
target_include_directories(options INTERFACE ${PROJECT_SOURCE_DIR})
target_include_directories(options SYSTEM INTERFACE ${PROJECT_BINARY_DIR}/generated)
target_compile_definitions(options INTERFACE _GNU_SOURCE)
target_compile_options(options INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
  -Wvla -Wswitch-enum -Wundef -fno-common -fstack-protector-strong -fstack-clash-protection
  $<$<CONFIG:Release,RelWithDebInfo>:-UNDEBUG -D_FORTIFY_SOURCE=3>)
target_link_options(options INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(options INTERFACE -fcf-protection)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported()

# Sanitizers must see generated code too, so these flags go everywhere.
add_library(instrument INTERFACE)
if(SANITIZE)
  target_compile_options(instrument INTERFACE -fsanitize=${SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(instrument INTERFACE -fsanitize=${SANITIZE})
endif()
if(FUZZ)
  target_compile_options(instrument INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(instrument INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(COVERAGE)
  target_compile_options(instrument INTERFACE --coverage -O0)
  target_link_options(instrument INTERFACE --coverage)
endif()
# Some 350 programs of a debug build, each linked with everything: gold takes half the time. What is
# released is linked by the system's own.
include(CheckLinkerFlag)
check_linker_flag(C -fuse-ld=gold HAS_GOLD)
if(HAS_GOLD)
  target_link_options(instrument INTERFACE $<$<CONFIG:Debug>:-fuse-ld=gold>)
endif()
target_link_libraries(options INTERFACE instrument)
