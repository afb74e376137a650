# proto_library(NAME FILE...): C code for .proto files, in the build folder, with the warnings of
# its generator rather than ours.
find_program(PROTOC_C protoc-c REQUIRED)
find_program(PROTOC protoc REQUIRED)
set(GENERATED ${PROJECT_BINARY_DIR}/generated)
find_path(PROTOBUF_INCLUDE google/protobuf/descriptor.proto REQUIRED)

function(proto_library name)
  set(sources)
  foreach(file IN LISTS ARGN)
    string(REGEX REPLACE "\\.proto$" "" stem ${file})
    if(file MATCHES "^google/")
      set(root ${PROTOBUF_INCLUDE})
    else()
      set(root ${PROJECT_SOURCE_DIR})
    endif()
    add_custom_command(
      OUTPUT ${GENERATED}/${stem}.pb-c.c ${GENERATED}/${stem}.pb-c.h
      COMMAND ${CMAKE_COMMAND} -E make_directory ${GENERATED}
      COMMAND ${PROTOC_C} --c_out=${GENERATED} -I${PROTOBUF_INCLUDE} -I${PROJECT_SOURCE_DIR} ${file}
      DEPENDS ${root}/${file} ${PROJECT_SOURCE_DIR}/proto/categories.proto
      WORKING_DIRECTORY ${root}
      VERBATIM)
    list(APPEND sources ${GENERATED}/${stem}.pb-c.c ${GENERATED}/${stem}.pb-c.h)
  endforeach()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} SYSTEM PUBLIC ${GENERATED})
  target_link_libraries(${name} PUBLIC PkgConfig::protobuf_c PRIVATE instrument)
endfunction()
