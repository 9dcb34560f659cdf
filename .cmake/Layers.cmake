# The helpers with which each folder declares its one target and its tests.
include(GoogleTest)

# Warnings are for our own code: imported headers come in as system headers.
add_library(ztp_warnings INTERFACE)
target_compile_options(ztp_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow)
# Fields that an initialiser does not name are value-initialised, which is what is meant.
target_compile_options(ztp_warnings INTERFACE -Wno-missing-field-initializers -Wno-restrict)
if(ZTP_WERROR)
  target_compile_options(ztp_warnings INTERFACE -Werror)
endif()

# "base" means our layer ztp_base; a name with "::" or the prefix ztp_ is a target already.
function(ztp_target_names out)
  set(result)
  foreach(dep IN LISTS ARGN)
    if(dep MATCHES "::" OR dep MATCHES "^ztp_" OR NOT EXISTS "${PROJECT_SOURCE_DIR}/engine/${dep}")
      list(APPEND result ${dep})
    else()
      list(APPEND result ztp_${dep})
    endif()
  endforeach()
  set(${out} ${result} PARENT_SCOPE)
endfunction()

# ztp_layer(NAME [SOURCES file...] [DEPS layer-or-target...] [TESTS file...] [TEST_DEPS layer-or-target...])
#
# Declares the static library ztp_NAME (an interface library if there are no sources) and, with TESTS, the
# GoogleTest program ztp_NAME_test, whose tests ctest finds, labelled "unit".
function(ztp_layer name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;TESTS;TEST_DEPS" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "ztp_layer(${name}): what is ${arg_UNPARSED_ARGUMENTS}?")
  endif()
  ztp_target_names(deps ${arg_DEPS})
  if(arg_SOURCES)
    add_library(ztp_${name} STATIC ${arg_SOURCES})
    target_link_libraries(ztp_${name} PUBLIC ${deps} PRIVATE ztp_warnings)
    target_include_directories(ztp_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  else()
    add_library(ztp_${name} INTERFACE)
    target_link_libraries(ztp_${name} INTERFACE ${deps})
    target_include_directories(ztp_${name} INTERFACE ${PROJECT_SOURCE_DIR})
  endif()
  if(arg_TESTS)
    ztp_test(${name}_test LABEL unit SOURCES ${arg_TESTS} DEPS ztp_${name} ${arg_TEST_DEPS})
  endif()
endfunction()

# ztp_test(NAME SOURCES file... [DEPS layer-or-target...] [LABEL unit|golden|...] [TIMEOUT seconds] [SERIAL])
#
# Declares the GoogleTest program ztp_NAME. Its tests run with the repository's root as working directory
# and carry LABEL (without one: "system"). CI builds and runs the labels "unit" and "golden" with
# sanitizers too.
function(ztp_test name)
  cmake_parse_arguments(arg "SERIAL" "LABEL;TIMEOUT" "SOURCES;DEPS" ${ARGN})
  if(ZTP_LIBRARIES_ONLY)
    return()
  endif()
  if(NOT arg_LABEL)
    set(arg_LABEL system)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600)
  endif()
  ztp_target_names(deps ${arg_DEPS})
  add_executable(ztp_${name} ${arg_SOURCES})
  target_include_directories(ztp_${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(ztp_${name} PRIVATE ${deps} ztp_warnings GTest::gmock GTest::gtest GTest::gtest_main)
  gtest_discover_tests(
    ztp_${name}
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT} RUN_SERIAL ${arg_SERIAL})
  set_property(GLOBAL APPEND PROPERTY ZTP_TESTS_${arg_LABEL} ztp_${name})
endfunction()

# The targets unit_tests and golden_tests: every test program with that label.
function(ztp_collect_tests)
  foreach(label IN ITEMS unit golden)
    get_property(programs GLOBAL PROPERTY ZTP_TESTS_${label})
    add_custom_target(${label}_tests DEPENDS ${programs})
  endforeach()
endfunction()
