# Puts the parts of Swagger UI and uPlot that are embedded into OUTPUT.
#
#   cmake -DNPM=<npm> -DCACHE=<dir> -DSOURCE=<dir of the lock file> -DOUTPUT=<dir> -P fetch.cmake
#
# A file whose hash is not in assets.sha256 is not put into OUTPUT.
cmake_minimum_required(VERSION 3.22)

include(${CMAKE_CURRENT_LIST_DIR}/packages.cmake)

# One text with all that the licences require us to pass on.
function(write_swagger_notice package output)
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

function(write_uplot_notice package output)
  file(READ ${package}/package.json json)
  string(JSON version GET "${json}" version)
  file(READ ${package}/LICENSE license)
  string(STRIP "${license}" license)
  file(WRITE ${output} "The dashboard draws charts with uPlot ${version}.\n\n${license}\n")
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

fetch_packages(${SOURCE} ${CACHE} packages)
set(swagger ${packages}/node_modules/swagger-ui-dist)
set(uplot ${packages}/node_modules/uplot)
set(staging ${OUTPUT}.part)
file(REMOVE_RECURSE ${staging} ${OUTPUT})
file(MAKE_DIRECTORY ${staging})
file(COPY_FILE ${swagger}/swagger-ui-bundle.js ${staging}/swagger-ui-bundle.js)
file(COPY_FILE ${swagger}/swagger-ui.css ${staging}/swagger-ui.css)
file(COPY_FILE ${uplot}/dist/uPlot.iife.min.js ${staging}/uPlot.iife.min.js)
file(COPY_FILE ${uplot}/dist/uPlot.min.css ${staging}/uPlot.min.css)
write_swagger_notice(${swagger} ${staging}/NOTICE.txt)
write_uplot_notice(${uplot} ${staging}/uPlot-NOTICE.txt)
check_pins(${staging})
file(RENAME ${staging} ${OUTPUT})
