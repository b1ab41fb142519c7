# Prints the directory that has the packages of a folder's lock file.
#
#   cmake -DNPM=<npm> -DCACHE=<dir> -DSOURCE=<folder> -P fetch.cmake
cmake_minimum_required(VERSION 3.22)
include(${CMAKE_CURRENT_LIST_DIR}/../../src/web/packages.cmake)

fetch_packages(${SOURCE} ${CACHE} packages)
execute_process(COMMAND ${CMAKE_COMMAND} -E echo ${packages})
