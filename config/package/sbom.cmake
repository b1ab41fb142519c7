# Writes what the binary contains, and what it loads, as SPDX 2.3 in JSON.
#
#   cmake -DBINARY=<binary> -DREADELF=<readelf> -DVERSION=<ours> -DARCHITECTURE=<Debian's name>
#     -DDEPS=<SLUICE_DEPS> -DSTATIC=<its packages that are linked> -DLOCK=<package-lock.json>
#     -DASSETS=<package=file;... from npm that are embedded, may be empty> -DOUTPUT=<file>
#     -P sbom.cmake
#
# The versions of what it loads are those of the machine that builds. With SOURCE_DATE_EPOCH the
# same build writes the same file.
cmake_minimum_required(VERSION 3.22)

set(license_libmicrohttpd LGPL-2.1-or-later)
set(license_hiredis BSD-3-Clause)

set(packages "")
set(files "")
set(relationships "")

# The members are those of SPDX; "license" is what the package declares.
# add_package(<id> <relationship to Sluice> NAME VERSION PURL [LICENSE CHECKSUM COMMENT])
function(add_package id relationship)
  cmake_parse_arguments(package ""
    "NAME;VERSION;PURL;LICENSE;SUPPLIER;CHECKSUM;COMMENT" "" ${ARGN})
  foreach(member LICENSE SUPPLIER)
    if(NOT package_${member})
      set(package_${member} NOASSERTION)
    endif()
  endforeach()
  set(optional "")
  if(package_VERSION)
    string(APPEND optional "      \"versionInfo\": \"${package_VERSION}\",\n")
  endif()
  if(package_CHECKSUM)
    string(REGEX REPLACE ":.*" "" algorithm ${package_CHECKSUM})
    string(REGEX REPLACE ".*:" "" value ${package_CHECKSUM})
    string(APPEND optional "      \"checksums\": [
        {\"algorithm\": \"${algorithm}\", \"checksumValue\": \"${value}\"}
      ],\n")
  endif()
  if(package_COMMENT)
    string(APPEND optional "      \"comment\": \"${package_COMMENT}\",\n")
  endif()
  if(package_PURL)
    # A plus sign would be read as a blank.
    string(REPLACE "+" "%2B" purl "${package_PURL}")
    string(APPEND optional "      \"externalRefs\": [
        {
          \"referenceCategory\": \"PACKAGE-MANAGER\",
          \"referenceType\": \"purl\",
          \"referenceLocator\": \"${purl}\"
        }
      ],\n")
  endif()
  string(APPEND packages ",
    {
      \"SPDXID\": \"SPDXRef-${id}\",
      \"name\": \"${package_NAME}\",
${optional}      \"supplier\": \"${package_SUPPLIER}\",
      \"downloadLocation\": \"NOASSERTION\",
      \"filesAnalyzed\": false,
      \"licenseConcluded\": \"NOASSERTION\",
      \"licenseDeclared\": \"${package_LICENSE}\",
      \"copyrightText\": \"NOASSERTION\"
    }")
  set(packages "${packages}" PARENT_SCOPE)
  if(relationship)
    add_relationship(sluice ${relationship} ${id})
  endif()
  set(relationships "${relationships}" PARENT_SCOPE)
endfunction()

function(add_relationship from type to)
  set(relationships "${relationships},
    {
      \"spdxElementId\": \"SPDXRef-${from}\",
      \"relationshipType\": \"${type}\",
      \"relatedSpdxElement\": \"SPDXRef-${to}\"
    }" PARENT_SCOPE)
endfunction()

# Sets the variable to a command's output, or stops.
function(output_of variable)
  execute_process(COMMAND ${ARGN}
    OUTPUT_VARIABLE output OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(${variable} "${output}" PARENT_SCOPE)
endfunction()

# Sets the variable to the package that has a shared library, or to "" if dpkg knows none.
function(package_of library variable)
  execute_process(COMMAND dpkg-query -S */${library} OUTPUT_VARIABLE owners ERROR_QUIET)
  string(REGEX MATCH "(^|\n)([^:\n]+):${ARCHITECTURE}: " owner "${owners}")
  set(${variable} "${CMAKE_MATCH_2}" PARENT_SCOPE)
endfunction()

# Several libraries may come from one package.
function(add_loaded)
  output_of(distribution sh -c ". /etc/os-release && echo $ID")
  output_of(distribution_release sh -c ". /etc/os-release && echo $ID-$VERSION_ID")
  output_of(dynamic ${READELF} -d ${BINARY})
  # A bracket would keep the items of a list together.
  string(REGEX REPLACE "[][]" "|" dynamic "${dynamic}")
  string(REGEX MATCHALL "Shared library: .[^|]+" libraries "${dynamic}")
  list(TRANSFORM libraries REPLACE ".*\\|" "")
  set(owners "")
  foreach(library IN LISTS libraries)
    package_of(${library} owner)
    if(NOT owner)
      add_package(${library} DYNAMIC_LINK NAME ${library} COMMENT "loaded: ${library}")
      continue()
    endif()
    list(APPEND owners ${owner})
    string(APPEND loaded_${owner} " ${library}")
  endforeach()
  list(SORT owners)
  list(REMOVE_DUPLICATES owners)
  foreach(owner IN LISTS owners)
    output_of(version dpkg-query -W -f "\${Version}" ${owner}:${ARCHITECTURE})
    string(REGEX REPLACE "[^A-Za-z0-9.-]" "-" id ${owner})
    add_package(${id} DYNAMIC_LINK NAME ${owner} VERSION ${version}
      PURL "pkg:deb/${distribution}/${owner}@${version}?arch=${ARCHITECTURE}\
&distro=${distribution_release}"
      COMMENT "loaded:${loaded_${owner}}")
  endforeach()
  set(packages "${packages}" PARENT_SCOPE)
  set(relationships "${relationships}" PARENT_SCOPE)
endfunction()

# Debian's description of a source package names the hash of each of its files.
function(add_static package)
  file(STRINGS ${DEPS}/${package}/version version)
  file(STRINGS ${DEPS}/${package}/source source)
  string(REGEX MATCH "^[0-9a-f]+" hash "${source}")
  add_package(${package} STATIC_LINK NAME ${package} VERSION ${version}
    PURL "pkg:deb/debian/${package}@${version}?arch=source"
    LICENSE "${license_${package}}" SUPPLIER "Organization: Debian" CHECKSUM SHA256:${hash})
  set(packages "${packages}" PARENT_SCOPE)
  set(relationships "${relationships}" PARENT_SCOPE)
endfunction()

# The lock file has a SHA-512 in base64, and SPDX takes hexadecimal digits.
function(add_embedded package)
  file(READ ${LOCK} lock)
  foreach(member version integrity license)
    string(JSON ${member} GET "${lock}" packages node_modules/${package} ${member})
  endforeach()
  string(REGEX REPLACE "^sha512-" "" integrity "${integrity}")
  output_of(hash sh -c "echo ${integrity} | base64 -d | od -An -v -tx1 | tr -d ' \\n'")
  add_package(${package} CONTAINS NAME ${package} VERSION ${version}
    PURL pkg:npm/${package}@${version} LICENSE ${license} CHECKSUM SHA512:${hash})
  set(assets ${ASSETS})
  list(FILTER assets INCLUDE REGEX "^${package}=")
  list(TRANSFORM assets REPLACE "^[^=]*=" "")
  foreach(asset IN LISTS assets)
    get_filename_component(name ${asset} NAME)
    file(SHA1 ${asset} sha1)
    file(SHA256 ${asset} sha256)
    string(APPEND files ",
    {
      \"SPDXID\": \"SPDXRef-${name}\",
      \"fileName\": \"./${name}\",
      \"checksums\": [
        {\"algorithm\": \"SHA1\", \"checksumValue\": \"${sha1}\"},
        {\"algorithm\": \"SHA256\", \"checksumValue\": \"${sha256}\"}
      ],
      \"licenseConcluded\": \"NOASSERTION\",
      \"copyrightText\": \"NOASSERTION\"
    }")
    add_relationship(${name} EXPANDED_FROM_ARCHIVE ${package})
  endforeach()
  set(packages "${packages}" PARENT_SCOPE)
  set(files "${files}" PARENT_SCOPE)
  set(relationships "${relationships}" PARENT_SCOPE)
endfunction()

add_package(sluice "" NAME sluice VERSION ${VERSION} LICENSE MIT
  SUPPLIER "Organization: The Sluice authors")
add_relationship(DOCUMENT DESCRIBES sluice)
add_loaded()
foreach(package IN LISTS STATIC)
  add_static(${package})
endforeach()
list(TRANSFORM ASSETS REPLACE "=.*" "" OUTPUT_VARIABLE embedded)
list(REMOVE_DUPLICATES embedded)
foreach(package IN LISTS embedded)
  add_embedded(${package})
endforeach()

foreach(list packages files relationships)
  string(REGEX REPLACE "^,\n" "" ${list} "${${list}}")
endforeach()
string(UUID unique NAMESPACE 6ba7b811-9dad-11d1-80b4-00c04fd430c8
  NAME "${packages}${files}${relationships}" TYPE SHA1)
string(TIMESTAMP now "%Y-%m-%dT%H:%M:%SZ" UTC)
file(WRITE ${OUTPUT} "{
  \"spdxVersion\": \"SPDX-2.3\",
  \"dataLicense\": \"CC0-1.0\",
  \"SPDXID\": \"SPDXRef-DOCUMENT\",
  \"name\": \"sluice-${VERSION}-${ARCHITECTURE}\",
  \"documentNamespace\": \"https://spdx.org/spdxdocs/sluice-${VERSION}-${unique}\",
  \"creationInfo\": {
    \"created\": \"${now}\",
    \"creators\": [\"Tool: sluice-sbom.cmake\"]
  },
  \"packages\": [\n${packages}\n  ],
  \"files\": [\n${files}\n  ],
  \"relationships\": [\n${relationships}\n  ]
}
")
