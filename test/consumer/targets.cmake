# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The targets of the projects that get the library from a package and from its sources.
crosslane_enable_backends()
crosslane_add_executables(NAME consumer SOURCES ${CMAKE_CURRENT_LIST_DIR}/consumer.cpp)

enable_testing()
foreach(backend IN LISTS CROSSLANE_ENABLED_BACKENDS)
  add_test(NAME consumer.${backend} COMMAND consumer.${backend})
  set_tests_properties(consumer.${backend} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()

if("host" IN_LIST CROSSLANE_ENABLED_BACKENDS)
  add_executable(consumer.checked ${CMAKE_CURRENT_LIST_DIR}/consumer.cpp)
  target_link_libraries(consumer.checked PRIVATE crosslane::checked)
  add_test(NAME consumer.checked COMMAND consumer.checked)
endif()
