# CMake reads what another program prints as it comes, to find the libraries that a program needs.
file(GET_RUNTIME_DEPENDENCIES EXECUTABLES ${PROGRAM} RESOLVED_DEPENDENCIES_VAR found UNRESOLVED_DEPENDENCIES_VAR lost)
if(NOT found MATCHES "libtwice" OR NOT found MATCHES "libc\\.so" OR lost)
  message(FATAL_ERROR "found ${found}, lost ${lost}")
endif()
