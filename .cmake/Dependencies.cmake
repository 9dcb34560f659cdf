# Every package that ztp is built with, found and given one target name each.
#
# Boundary: the rest of the build names only these targets. Where a distribution ships a package without a
# CMake config (Debian: RE2) or with targets of its own naming (ANTLR), the difference ends here.

find_package(Threads REQUIRED)
find_package(absl REQUIRED)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)
find_package(nlohmann_json REQUIRED)
find_package(simdjson REQUIRED)
find_package(PkgConfig REQUIRED)
if(NOT ZTP_LIBRARIES_ONLY)
  find_package(CLI11 REQUIRED)
  find_package(benchmark REQUIRED)
  find_package(GTest REQUIRED)
  # The server's: Boost's Asio and Beast are headers alone.
  find_package(Boost 1.74 REQUIRED)
  find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto SSL)
  find_library(ZTP_PROMETHEUS_LIBRARY prometheus-cpp-core REQUIRED)
  find_path(ZTP_PROMETHEUS_INCLUDE_DIR prometheus/registry.h REQUIRED)
  add_library(ztp_prometheus INTERFACE)
  target_link_libraries(ztp_prometheus INTERFACE ${ZTP_PROMETHEUS_LIBRARY})
  target_include_directories(ztp_prometheus SYSTEM INTERFACE ${ZTP_PROMETHEUS_INCLUDE_DIR})
  add_library(ztp::prometheus ALIAS ztp_prometheus)
  pkg_check_modules(ztp_grpc REQUIRED IMPORTED_TARGET grpc++ protobuf)
  find_program(ZTP_PROTOC protoc REQUIRED)
  find_program(ZTP_GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
  pkg_check_modules(ztp_yaml REQUIRED IMPORTED_TARGET yaml-0.1)
  pkg_check_modules(ztp_xmlsec REQUIRED IMPORTED_TARGET xmlsec1-openssl)  # XML signatures, for the command alone
  pkg_check_modules(ztp_p11_kit REQUIRED IMPORTED_TARGET p11-kit-1)  # keys in devices, for the command alone
endif()

# flatbuffers: Debian calls the package FlatBuffers; releases since 22 call it flatbuffers.
find_package(FlatBuffers CONFIG QUIET)
if(NOT FlatBuffers_FOUND)
  find_package(flatbuffers CONFIG REQUIRED)
endif()
if(NOT TARGET flatbuffers::flatbuffers AND TARGET flatbuffers::flatbuffers_shared)
  add_library(flatbuffers::flatbuffers ALIAS flatbuffers::flatbuffers_shared)
endif()
if(TARGET flatbuffers::flatc)
  set(ZTP_FLATC flatbuffers::flatc)
else()
  find_program(ZTP_FLATC flatc REQUIRED)
endif()

# RE2: a config where there is one, pkg-config where not.
find_package(re2 CONFIG QUIET)
if(NOT TARGET re2::re2)
  pkg_check_modules(ztp_re2 REQUIRED IMPORTED_TARGET re2)
  add_library(re2::re2 ALIAS PkgConfig::ztp_re2)
endif()

# ANTLR's C++ runtime as ztp::antlr4. The shared library is preferred: distributions' static archives are
# often not position independent.
find_package(antlr4-runtime CONFIG QUIET)
if(TARGET antlr4_shared)
  set(ztp_antlr4_library antlr4_shared)
elseif(TARGET antlr4_static)
  set(ztp_antlr4_library antlr4_static)
else()
  find_library(ztp_antlr4_library antlr4-runtime REQUIRED)
endif()
find_path(ZTP_ANTLR4_INCLUDE_DIR antlr4-runtime.h PATH_SUFFIXES antlr4-runtime REQUIRED)
add_library(ztp_antlr4_runtime INTERFACE)
target_link_libraries(ztp_antlr4_runtime INTERFACE ${ztp_antlr4_library} Threads::Threads)
target_include_directories(ztp_antlr4_runtime SYSTEM INTERFACE ${ZTP_ANTLR4_INCLUDE_DIR})
add_library(ztp::antlr4 ALIAS ztp_antlr4_runtime)

# ANTLR's tool: the distribution's launcher, or a complete jar and a Java.
find_program(ZTP_ANTLR4_PROGRAM NAMES antlr4)
if(ZTP_ANTLR4_PROGRAM)
  set(ZTP_ANTLR4_COMMAND ${ZTP_ANTLR4_PROGRAM})
else()
  file(GLOB ztp_antlr4_jars /usr/share/java/antlr-4*-complete.jar /usr/local/lib/antlr-4*-complete.jar
       /usr/local/share/java/antlr-4*-complete.jar)
  list(APPEND ztp_antlr4_jars $ENV{ANTLR4_JAR})
  if(NOT ztp_antlr4_jars)
    message(FATAL_ERROR "The ANTLR tool was not found: install the package antlr4, or set ANTLR4_JAR.")
  endif()
  list(GET ztp_antlr4_jars -1 ztp_antlr4_jar)
  find_program(ZTP_JAVA java REQUIRED)
  set(ZTP_ANTLR4_COMMAND ${ZTP_JAVA} -Xmx500M -cp ${ztp_antlr4_jar} org.antlr.v4.Tool)
endif()
