# Puts the parts of Swagger UI that are embedded into OUTPUT.
#
#   cmake -DNPM=<npm> -DCACHE=<dir> -DSOURCE=<dir of the lock file> -DOUTPUT=<dir> -P fetch.cmake
#
# The packages lie in CACHE under the hash of their lock file. They appear there by one rename, when
# they are complete, so an interrupted build leaves nothing half done; a lock keeps builds that run
# at the same time from each asking npm. What is not as assets.sha256 says is not put into OUTPUT.
cmake_minimum_required(VERSION 3.22)

# Scripts of packages are never run: one of Swagger UI's dependencies reports installations home.
function(install packages)
  if(NOT NPM)
    message(FATAL_ERROR "npm is needed to fetch Swagger UI: install it, or set SLUICE_WEB_CACHE "
      "to the cache of a build that had it")
  endif()
  set(staging ${packages}.part)
  file(REMOVE_RECURSE ${staging})
  file(COPY ${SOURCE}/package.json ${SOURCE}/package-lock.json DESTINATION ${staging})
  execute_process(
    COMMAND ${NPM} ci --ignore-scripts --prefer-offline --no-audit --no-fund --loglevel=error
    WORKING_DIRECTORY ${staging}
    OUTPUT_QUIET
    RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "npm could not fetch Swagger UI (${failed})")
  endif()
  file(RENAME ${staging} ${packages})
endfunction()

# One text with everything that the licences ask us to pass on.
function(write_notice package output)
  file(READ ${package}/package.json json)
  string(JSON version GET "${json}" version)
  file(READ ${package}/NOTICE notice)
  file(READ ${package}/LICENSE license)
  file(READ ${package}/swagger-ui-bundle.js.LICENSE.txt bundled)
  string(STRIP "${notice}" notice)
  string(STRIP "${license}" license)
  file(WRITE ${output}
    "This page is made with Swagger UI ${version}.\n\n${notice}\n\n"
    "Licensed under the Apache License, Version 2.0:\n\n${license}\n\n"
    "swagger-ui-bundle.js also contains:\n\n${bundled}")
endfunction()

# Each line is a hash, two blanks and a name, as sha256sum writes it.
function(check_pins directory)
  file(STRINGS ${SOURCE}/assets.sha256 pins)
  foreach(pin IN LISTS pins)
    string(SUBSTRING ${pin} 0 64 expected)
    string(SUBSTRING ${pin} 66 -1 name)
    file(SHA256 ${directory}/${name} actual)
    if(NOT actual STREQUAL expected)
      message(FATAL_ERROR "${name} is not the one that src/web/assets.sha256 names: its SHA-256 is "
        "${actual}. If the package was to change, write that there.")
    endif()
  endforeach()
endfunction()

file(SHA256 ${SOURCE}/package-lock.json hash)
string(SUBSTRING ${hash} 0 16 hash)
set(packages ${CACHE}/${hash})

file(MAKE_DIRECTORY ${CACHE})
file(LOCK ${CACHE} DIRECTORY GUARD PROCESS TIMEOUT 600)
if(NOT EXISTS ${packages})
  install(${packages})
endif()

set(package ${packages}/node_modules/swagger-ui-dist)
set(staging ${OUTPUT}.part)
file(REMOVE_RECURSE ${staging} ${OUTPUT})
file(MAKE_DIRECTORY ${staging})
file(COPY_FILE ${package}/swagger-ui-bundle.js ${staging}/swagger-ui-bundle.js)
file(COPY_FILE ${package}/swagger-ui.css ${staging}/swagger-ui.css)
write_notice(${package} ${staging}/NOTICE.txt)
check_pins(${staging})
file(RENAME ${staging} ${OUTPUT})
