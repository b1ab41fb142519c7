# Packages from npm, in the versions of a lock file. For scripts, which must set NPM.
#
#   fetch_packages(<dir of the lock file> <cache> <variable>)
#
# sets the variable to a directory in the cache that has them in node_modules. Its name is the hash
# of the lock file. It appears by one rename, when it is complete, so an interrupted build leaves
# nothing half done. With a lock, builds that run at the same time ask npm only once.

function(fetch_packages source cache directory)
  file(SHA256 ${source}/package-lock.json hash)
  string(SUBSTRING ${hash} 0 16 hash)
  set(packages ${cache}/${hash})
  file(MAKE_DIRECTORY ${cache})
  file(LOCK ${cache} DIRECTORY GUARD FUNCTION TIMEOUT 600)
  if(NOT EXISTS ${packages})
    install_packages(${source} ${packages})
  endif()
  set(${directory} ${packages} PARENT_SCOPE)
endfunction()

# Scripts of packages never run, because a dependency of Swagger UI reports installations.
function(install_packages source packages)
  if(NOT NPM)
    message(FATAL_ERROR "npm is needed to fetch what ${source}/package.json names: install it, or "
      "set SLUICE_WEB_CACHE to the cache of a build that had it")
  endif()
  set(staging ${packages}.part)
  file(REMOVE_RECURSE ${staging})
  file(COPY ${source}/package.json ${source}/package-lock.json DESTINATION ${staging})
  execute_process(
    COMMAND ${NPM} ci --ignore-scripts --prefer-offline --no-audit --no-fund --loglevel=error
    WORKING_DIRECTORY ${staging}
    OUTPUT_QUIET
    RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "npm could not fetch what ${source}/package.json names (${failed})")
  endif()
  file(RENAME ${staging} ${packages})
endfunction()
