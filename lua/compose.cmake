# cmake -DALGORITHMS=<name>:<numbers>;... -DOUTPUT=<header> -P compose.cmake
#
# Composes the scripts beside the header, and the header: what take_script.c includes.
#
# take_<name>.lua is for a policy with one limit, of that algorithm; take_several.lua for any limits
# whose states are numbers, and take_any.lua also for those with a key of their own. take_charge.lua
# is the same with other functions of the algorithms: those that charge after the fact. What a
# script defines, Redis defines anew for each call: so the others have none of these.
cmake_minimum_required(VERSION 3.22)

get_filename_component(folder ${OUTPUT} DIRECTORY)
set(header "/* Composed from lua/ by lua/compose.cmake. */\n")
set(source_rows "")
set(script_rows "")

# Writes a script, and into the header its bytes, what it is for, and its SHA-1, by which Redis
# knows it.
function(script_write name text algorithm decides_apart charges)
  set(script ${folder}/take_${name}.lua)
  file(WRITE ${script} "${text}")
  file(SHA1 ${script} sha1)
  file(READ ${script} bytes HEX)
  string(REGEX REPLACE "(................................)" "\\1\n    " bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND header "\nstatic const char take_${name}[] = {\n    ${bytes}\n};\n")
  string(APPEND source_rows "    {take_${name}, sizeof(take_${name})},\n")
  string(APPEND script_rows "    {${algorithm}, ${decides_apart}, ${charges}, \"${sha1}\"},\n")
  set(header "${header}" PARENT_SCOPE)
  set(source_rows "${source_rows}" PARENT_SCOPE)
  set(script_rows "${script_rows}" PARENT_SCOPE)
endfunction()

file(READ ${CMAKE_CURRENT_LIST_DIR}/entries.lua entries)
file(READ ${CMAKE_CURRENT_LIST_DIR}/take_one.lua take_one)
file(READ ${CMAKE_CURRENT_LIST_DIR}/take_several.lua take_several)
set(above "")
set(functions "")
foreach(row IN LISTS ALGORITHMS)
  string(REPLACE ":" ";" row ${row})
  list(GET row 0 name)
  list(GET row 1 numbers)
  file(READ ${CMAKE_CURRENT_LIST_DIR}/${name}.lua text_${name})
  file(READ ${CMAKE_CURRENT_LIST_DIR}/${name}_charge.lua text_charge)
  string(APPEND text_${name} "\n")

  # An algorithm may call the function of one above it.
  set(text "${text_${name}}")
  foreach(other IN LISTS above)
    if(text_${name} MATCHES "[^a-z_]${other}\\(")
      string(PREPEND text "${text_${other}}")
    endif()
  endforeach()
  list(APPEND above ${name})
  string(APPEND all "${text_${name}}")
  string(APPEND functions "    ${name},\n")
  if(numbers GREATER 0)
    string(APPEND numeric "${text_${name}}")
    string(APPEND numeric_functions "    ${name},\n")
  else()
    string(APPEND numeric_functions "    false,\n")
  endif()
  string(APPEND charging "${text_charge}\n")
  string(APPEND charging_functions "    ${name}_charge,\n")

  string(TOUPPER ALGORITHM_${name} algorithm)
  if(numbers GREATER 0)
    script_write(${name} "${entries}\n${text}local algorithm = ${name}\n\n${take_one}" ${algorithm}
      false false)
  endif()
endforeach()
string(PREPEND all "${entries}\n")
script_write(several
  "${entries}\n${numeric}local algorithms = {\n${numeric_functions}}\n\n${take_several}"
  ALGORITHM_COUNT false false)
script_write(any "${all}local algorithms = {\n${functions}}\n\n${take_several}" ALGORITHM_COUNT
  true false)
script_write(charge
  "${all}${charging}local algorithms = {\n${charging_functions}}\n\n${take_several}" ALGORITHM_COUNT
  true true)

file(WRITE ${OUTPUT} "${header}
static const struct text sources[] = {
${source_rows}};

static const struct take_script scripts[] = {
${script_rows}};
")
