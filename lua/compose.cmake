# cmake -DALGORITHMS=<name>:<numbers>;... -DOUTPUT=<header> -P compose.cmake
#
# Composes take.lua beside the header, and the header: the script's bytes and their SHA-1, by which
# Redis knows it.
cmake_minimum_required(VERSION 3.22)

get_filename_component(folder ${OUTPUT} DIRECTORY)
set(script ${folder}/take.lua)

set(text "")
set(rows "")
foreach(row IN LISTS ALGORITHMS)
  string(REPLACE ":" ";" row ${row})
  list(GET row 0 name)
  list(GET row 1 numbers)
  file(READ ${CMAKE_CURRENT_LIST_DIR}/${name}.lua part)
  string(APPEND text "${part}\n")
  if(numbers EQUAL 0)
    string(APPEND rows "    ${name} = { decide = ${name}, charge_log = ${name}_charge },\n")
    continue()
  endif()
  string(REPEAT "d" ${numbers} doubles)
  math(EXPR bytes "8 * ${numbers}")
  string(APPEND rows
    "    ${name} = { decide = ${name}, format = \"<${doubles}\", bytes = ${bytes} },\n")
endforeach()
file(READ ${CMAKE_CURRENT_LIST_DIR}/driver.lua driver)
string(APPEND text "local algorithms = {\n${rows}}\n\n${driver}")
file(WRITE ${script} "${text}")

file(SHA1 ${script} sha1)
file(READ ${script} bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n    " bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUTPUT} "/* Composed from lua/ by lua/compose.cmake. */
static const char script_sha1[] = \"${sha1}\";

static const char script_bytes[] = {
    ${bytes}
};
")
