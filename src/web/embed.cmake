# Writes the table of assets (include/web/web_assets.h) and the assembly that holds their content.
#
#   cmake -DGZIP=<gzip> -DASSETS=<path=file;...> -DCOMPRESSED_ONLY=<path;...>
#     -DSTYLES_INLINE=<path;...> -DTABLE=<.c> -DCONTENT=<.S> -P embed.cmake
cmake_minimum_required(VERSION 3.22)

set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_txt "text/plain; charset=utf-8")
set(type_json "application/json")

set(content "    .section .rodata\n")
set(declarations "")
set(rows "")

# Adds the content of `file` as `symbol`, and sets `body` to its struct asset_body.
macro(add_body symbol file)
  file(SIZE ${file} size)
  file(SHA256 ${file} hash)
  string(SUBSTRING ${hash} 0 32 hash)
  string(APPEND content
    "    .balign 16\n    .globl ${symbol}\n${symbol}:\n    .incbin \"${file}\"\n")
  string(APPEND declarations "extern const char ${symbol}[];\n")
  set(body "{{${symbol}, ${size}}, \"\\\"${hash}\\\"\"}")
endmacro()

get_filename_component(directory ${CONTENT} DIRECTORY)
set(index 0)
foreach(asset IN LISTS ASSETS)
  string(REGEX REPLACE "=.*" "" path "${asset}")
  string(REGEX REPLACE "^[^=]*=" "" file "${asset}")
  get_filename_component(extension ${file} LAST_EXT)
  string(REPLACE "." "type_" type ${extension})
  if(NOT DEFINED ${type})
    message(FATAL_ERROR "${file}: no media type is known for ${extension}")
  endif()

  set(compressed ${directory}/asset_${index}.gz)
  execute_process(
    COMMAND ${GZIP} -9nc ${file} OUTPUT_FILE ${compressed} COMMAND_ERROR_IS_FATAL ANY)
  set(identity "{{0}, 0}")
  if(NOT path IN_LIST COMPRESSED_ONLY)
    add_body(asset_${index} ${file})
    set(identity "${body}")
  endif()
  add_body(asset_${index}_gzip ${compressed})

  set(styles false)
  if(path IN_LIST STYLES_INLINE)
    set(styles true)
  endif()
  string(APPEND rows
    "    {\n        .path = \"${path}\",\n        .content_type = \"${${type}}\",\n"
    "        .styles_inline = ${styles},\n"
    "        .bodies = {\n            [ASSET_IDENTITY] = ${identity},\n"
    "            [ASSET_GZIP] = ${body},\n        },\n    },\n")
  math(EXPR index "${index} + 1")
endforeach()

file(WRITE ${CONTENT} "${content}    .section .note.GNU-stack,\"\",%progbits\n")
file(WRITE ${TABLE}
  "#include \"web/web_assets.h\"\n\n${declarations}\n"
  "const struct asset web_assets[] = {\n${rows}    {.path = NULL},\n};\n")
